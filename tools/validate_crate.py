"""Validates the RO-Crate metadata of bundles with roc-validator, without a network.

The validator asks for the context of RO-Crate 1.2, which says what each word of the metadata means. Here it gets the
words that bundles use, from below; a word that is not among them fails. With ``--context FILE`` it gets a copy of the
published context instead.

Run with: make packaging; or python tools/validate_crate.py [--context FILE] BUNDLE ...
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.utils.http import HttpRequester

CONTEXT = "https://w3id.org/ro/crate/1.2/context"

OF_SCHEMA_ORG = (
    *("Dataset", "CreativeWork", "SoftwareApplication", "CreateAction"),
    *("about", "contentSize", "datePublished", "description", "encodingFormat", "endTime", "hasPart", "instrument"),
    *("keywords", "license", "mentions", "name", "result", "softwareVersion", "startTime", "url", "version"),
)

WORDS = {
    "File": "http://schema.org/MediaObject",
    "conformsTo": "http://purl.org/dc/terms/conformsTo",
    **{word: f"http://schema.org/{word}" for word in OF_SCHEMA_ORG},
}


LEFT_TO_THE_AUTHORS = (
    "`publisher`",  # the one who deposits it
    "A License entity SHOULD have an absolute",  # where none was stated
    "SHOULD list their contents via `hasPart`",  # the manifest has every picture, in a tenth of the space
    "`contentSize`",  # the manifest is written last, and cannot know its own size before
)
"""Recommendations that a bundle does not follow, and why."""


class Answer:
    """What a server would answer."""

    headers = {"Content-Type": "application/ld+json"}  # noqa: RUF012 - it is never changed

    def __init__(self, status: int, document: object) -> None:
        self.status_code = status
        self.ok = status == 200
        self.document = document
        self.text = json.dumps(document)

    def json(self) -> object:
        return self.document


def problems(bundle: Path) -> list[str]:
    """What is wrong with the metadata of a bundle: requirements and recommendations, a line each."""
    with tempfile.TemporaryDirectory() as folder:
        archive = shutil.copy(bundle, Path(folder, "bundle.zip"))  # the validator knows zip files by their names
        result = services.validate(
            ValidationSettings(
                rocrate_uri=str(archive), profile_identifier="ro-crate-1.2", requirement_severity=Severity.RECOMMENDED
            )
        )
    return [
        f"{issue.severity.name}: {issue.message}"
        for issue in result.get_issues()
        if issue.severity is Severity.REQUIRED or not any(text in issue.message for text in LEFT_TO_THE_AUTHORS)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Validate the RO-Crate metadata of bundles.")
    parser.add_argument("--context", type=Path, help="a copy of the published context")
    parser.add_argument("bundles", nargs="+", type=Path)
    given = parser.parse_args()
    context = {"@context": WORDS} if given.context is None else json.loads(given.context.read_text())
    # All that the validator asks of the network goes through here.
    HttpRequester.get = HttpRequester.head = lambda self, url, **options: (
        Answer(200, context) if url == CONTEXT else Answer(404, {})
    )
    found = {bundle: problems(bundle) for bundle in given.bundles}
    for bundle, lines in found.items():
        print(f"{bundle}: {'a valid RO-Crate 1.2' if not lines else 'not valid'}", *lines, sep="\n  ")
    sys.exit(any(found.values()))


if __name__ == "__main__":
    main()
