"""Which files of a workspace are its pictures."""

from __future__ import annotations

import os

import pytest

from segflux_nb.pictures import located
from segflux_nb.pictures.located import LocatedPictures
from segflux_nb.pictures.thumbnails import FOLDER


@pytest.mark.parametrize("place", ["pictures", FOLDER])
def test_a_link_that_comes_after_a_folder_was_listed_is_seen(tmp_path, monkeypatch, place):
    monkeypatch.setattr(located, "MANY", 1)
    names = [f"ab/ab{number:062x}" for number in range(6)]
    for folder, ending in (("pictures", "png"), (FOLDER, "jpg")):
        (tmp_path / folder / "ab").mkdir(parents=True)
        for name in names:
            (tmp_path / folder / f"{name}.{ending}").write_bytes(b"")
    paths = [f"pictures/{name}.png" for name in names]
    pictures = LocatedPictures(tmp_path)
    assert pictures.absent(paths) == set()
    assert pictures.owned(paths[:3]) == paths[:3]
    link = tmp_path / place / f"{names[4]}.{'png' if place == 'pictures' else 'jpg'}"
    link.unlink()
    link.symlink_to(tmp_path / "elsewhere")
    os.utime(link.parent, ns=(1, 1))  # as if the clock of the file system had moved on
    assert pictures.owned(paths[3:]) == [paths[3], None, paths[5]]
