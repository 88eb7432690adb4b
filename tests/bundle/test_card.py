"""The data card of a bundle, for people and for programs."""

import json

import pytest

import segflux_nb as sf

from .support import entries_of


def card_of(made, **given):
    with sf.Workspace(made / "study.sfx") as ws:
        ws.runs("first look").bundle(made / "card.sfx", **given)
    entries = entries_of(made / "card.sfx")
    crate = json.loads(entries["ro-crate-metadata.json"])
    return entries["README.md"].decode(), {entity["@id"]: entity for entity in crate["@graph"]}, entries


def test_the_card_says_what_when_and_by_what(made):
    readme, crate, entries = card_of(made, title="Strengths of <TOK>")
    root = crate["./"]
    assert readme.startswith("# Strengths of &lt;TOK>\n")
    for text in (readme, root["description"]):
        assert "All pictures are generated" in text
        assert "a toy flow model" in text
        assert "not pictures by flux-dev-finetuned" in text
    assert root["datePublished"] in readme
    assert "| Licence | No licence was stated" in readme
    assert crate["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.2"}
    parts = {part["@id"] for part in root["hasPart"]}
    assert parts - {"pictures/"} == {
        name for name in entries if not name.startswith("pictures/") and name != "ro-crate-metadata.json"
    }
    for name in parts - {"pictures/", "manifest.json"}:
        assert crate[name]["contentSize"] == str(len(entries[name]))
    referred = {one["@id"] for entity in crate.values() for one in references(entity)}
    assert {name for name in referred if not name.startswith("https://w3id.org/ro/")} <= set(crate)


def references(entity):
    for value in entity.values():
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict))


@pytest.mark.parametrize(
    ("license", "identifier", "name"),
    [
        ("CC-BY-4.0", "https://spdx.org/licenses/CC-BY-4.0", "CC-BY-4.0"),
        ("https://example.org/terms", "https://example.org/terms", "https://example.org/terms"),
        ("Free for research. Ask first.", "#licence", "The licence"),
        (None, "#licence", "No licence was stated"),
    ],
)
def test_licences(made, license, identifier, name):
    readme, crate, _ = card_of(made, license=license)
    assert crate["./"]["license"] == {"@id": identifier}
    assert crate[identifier]["name"] == name
    assert (license or "No licence was stated") in readme


def test_the_title_is_that_of_the_runs_unless_another_is_given(made):
    assert card_of(made)[0].startswith("# first look\n")
