"""Places for workspaces, by name: folders, or a database among them."""

import pytest


@pytest.fixture(params=["folders", "both"])
def place(request, tmp_path, monkeypatch):
    """Gives the place of a workspace by its name; the same one each time."""
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SHARED_PICTURES", str(tmp_path / "shared"))
    server = None if request.param == "folders" else request.getfixturevalue("postgres")
    places = {}

    def of(name):
        if name not in places:
            is_folder = request.param == "folders" or (request.param == "both" and name != "b")
            places[name] = str(tmp_path / name) if is_folder else server.new_database()
        return places[name]

    return of
