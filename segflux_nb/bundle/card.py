"""The data card of a bundle: for people (``README.md``), and for programs (RO-Crate 1.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..clock import utc
from ..markup import count, plain
from ..model import MODEL, SIMULATOR
from ..service.addresses import HOSTED
from .contents import (
    ANNOTATIONS,
    CATALOGUE,
    CRATE,
    ENVIRONMENT,
    HOLDS,
    MANIFEST,
    MARKS,
    METRICS,
    README,
    RUNS,
    SWEEPS,
    VOTES,
)

MODEL_PAGE = "https://www.segmind.com/models/{}"
_OURS = "FLUX.1 dev with fine-tunes of its users"
NO_LICENSE = "No licence was stated. Ask the authors before you use the pictures."

_MEANINGS = {
    RUNS: "Runs: parameters, status, service, times, pictures",
    SWEEPS: "Sweeps with their cells",
    MARKS: "Stars, picks and notes of every rater",
    VOTES: "Votes between two runs, of every rater",
    ANNOTATIONS: "Own columns of runs",
    METRICS: "Numbers that were measured about the pictures",
    CATALOGUE: "What the service's catalogue says of the models",
    ENVIRONMENT: "Versions of Python and of packages",
    README: "The data card",
    MANIFEST: "What the file is, and the size and sha256 of each other entry",
}


@dataclass(frozen=True)
class Card:
    """What a data card says.

    Attributes
    ----------
    title:
        What the study is called.
    license:
        The licence: an SPDX identifier, an address, or a sentence; empty if none was stated.
    service:
        The service that made the pictures.
    version:
        The version of this program.
    began, ended:
        The first and the last time in the log, in seconds since 1970 UTC.
    runs:
        How many runs there are.
    completed:
        How many of them have a picture.
    pictures:
        How many picture files there are.
    picture_bytes:
        What they take.
    sweeps:
        The name, the number of cells and the TOML file of each sweep.
    entries:
        The other entries, with their sizes.
    costs:
        Whether it says what runs cost.
    models:
        The slugs of the models.
    has_inputs:
        Whether runs have input pictures.
    """

    title: str
    license: str
    service: str
    version: str
    began: float
    ended: float
    runs: int
    completed: int
    pictures: int
    picture_bytes: int
    sweeps: Sequence[tuple[str, int, str]]
    entries: Sequence[tuple[str, int]]
    costs: bool
    models: Sequence[str] = (MODEL.slug,)
    has_inputs: bool = False

    @property
    def maker(self) -> str:
        """By which model the pictures were made, in words."""
        if self.service == SIMULATOR:
            return (
                "the simulator of segflux_nb, a toy flow model that paints landscapes."
                f" They are not pictures by {' or '.join(self.models)}"
            )
        where = "Segmind" if self.service == HOSTED.name else self.service
        named = [f"{slug}{f' ({_OURS})' if slug == MODEL.slug else ''}" for slug in self.models]
        return f"the model{'s' if len(named) > 1 else ''} {' and '.join(named)} at {where}"

    @property
    def description(self) -> str:
        """The study in a sentence or two."""
        return (
            f"{count(self.runs, 'run')} of a parameter sweep with {count(self.pictures, 'picture')}."
            f" All pictures are generated: they were made by {self.maker}."
        )

    @property
    def day(self) -> str:
        """The day of the last run."""
        return utc(self.ended).date().isoformat()

    def readme(self) -> str:
        """The card for people, as Markdown."""
        first = utc(self.began).date().isoformat()
        when = first if first == self.day else f"{first} to {self.day}"
        sweeps = [f"- `{file}`: {_in_markdown(name)}, {count(cells, 'cell')}" for name, cells, file in self.sweeps]
        lines = [
            f"# {_in_markdown(self.title)}",
            "",
            self.description,
            "",
            "| | |",
            "|---|---|",
            f"| Made | {when} |",
            f"| By | {self.maker} |",
            f"| Runs | {self.runs:,}, {self.completed:,} of them completed |",
            f"| Pictures | {count(self.pictures, 'file')}, {self.picture_bytes / 1e6:,.1f} MB, as the service gave"
            f" {'it' if self.pictures == 1 else 'them'} |",
            f"| Licence | {_in_markdown(self.license) or NO_LICENSE} |",
            f"| Costs | {'in `runs.jsonl`' if self.costs else 'left out'} |",
            f"| Written by | segflux_nb {self.version} |",
            "",
            "## Private things",
            "",
            HOLDS,
            *(
                ["", "Input pictures of the runs are not in this file: only their sha256 is."]
                if self.has_inputs
                else []
            ),
            "",
            "## Open it",
            "",
            "The file is a zip archive without compression. Install segflux_nb (`pip install segflux-nb`, or"
            " `pip install .` in a clone of its repository), and in Python:",
            "",
            "```python",
            "import segflux_nb as sf",
            "",
            'ws = sf.Workspace("study.sfx")  # the name of this file; read-only, no key, no network',
            "ws.sweeps",
            "ws.runs().sheet()",
            "```",
            "",
            "## Sweeps",
            "",
            *sweeps,
            "",
            "## Files",
            "",
            "- `pictures/`: the pictures, named by the sha256 of their bytes",
            *(f"- `{name}`: {meaning}" for name, meaning in self._described()),
            f"- `{CRATE}`: this card for programs (RO-Crate 1.2)",
            "",
        ]
        return "\n".join(lines)

    def _described(self) -> list[tuple[str, str]]:
        names = [name for name, _ in self.entries] + [MANIFEST]
        return [(name, _MEANINGS[name]) for name in names if name in _MEANINGS and name != README]

    def crate(self) -> dict[str, Any]:
        """The card for programs: an RO-Crate 1.2."""
        files = [
            {
                "@id": name,
                "@type": "File",
                "name": name,
                "description": _MEANINGS.get(name, "A sweep as TOML, for people and for Sweep.from_toml"),
                "encodingFormat": _FORMATS[name.rpartition(".")[2]],
                "contentSize": str(size),
            }
            for name, size in self.entries
        ]
        manifest = {
            "@id": MANIFEST,
            "@type": "File",
            "name": MANIFEST,
            "description": _MEANINGS[MANIFEST],
            "encodingFormat": _FORMATS["json"],
        }
        pictures = {
            "@id": "pictures/",
            "@type": "Dataset",
            "name": "Pictures",
            "description": f"{count(self.pictures, 'generated picture')}, named by the sha256 of their bytes.",
        }
        parts = [*([pictures] if self.pictures else []), *files, manifest]
        makers, license_ = self._makers(), self._license()
        program = {
            "@id": "#segflux_nb",
            "@type": "SoftwareApplication",
            "name": "segflux_nb",
            "url": "https://pypi.org/project/segflux-nb/",
            "version": self.version,
            "softwareVersion": self.version,
        }
        making = {
            "@id": "#generation",
            "@type": "CreateAction",
            "name": "Generation of the pictures",
            "description": f"Each picture was made by {self.maker}, from the parameters in {RUNS}.",
            "startTime": utc(self.began).isoformat(timespec="seconds"),
            "endTime": utc(self.ended).isoformat(timespec="seconds"),
            "instrument": [{"@id": one["@id"]} for one in (*makers, program)],
            **({"result": {"@id": pictures["@id"]}} if self.pictures else {}),
        }
        root = {
            "@id": "./",
            "@type": "Dataset",
            "name": plain(self.title),
            "description": self.description,
            "datePublished": self.day,
            "license": {"@id": license_["@id"]},
            "keywords": ["generated pictures", "text-to-image", "parameter sweep", *self.models],
            "hasPart": [{"@id": entity["@id"]} for entity in parts],
            "mentions": {"@id": making["@id"]},
        }
        descriptor = {
            "@id": CRATE,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
        }
        graph = [descriptor, root, *parts, making, *makers, program, license_]
        return {"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": graph}

    def _makers(self) -> list[dict[str, Any]]:
        if self.service == SIMULATOR:
            return [
                {
                    "@id": "#simulator",
                    "@type": "SoftwareApplication",
                    "name": "the simulator of segflux_nb",
                    "url": "https://pypi.org/project/segflux-nb/",
                    "version": self.version,
                    "description": "A toy flow model that paints landscapes.",
                }
            ]
        return [
            {
                "@id": MODEL_PAGE.format(slug),
                "@type": "SoftwareApplication",
                "name": slug,
                "url": MODEL_PAGE.format(slug),
                "version": "as served",
                "description": f"{_OURS}." if slug == MODEL.slug else "A model of the service's catalogue.",
            }
            for slug in self.models
        ]

    def _license(self) -> dict[str, Any]:
        stated = plain(self.license).strip()
        if "://" in stated and " " not in stated:
            return {"@id": stated, "@type": "CreativeWork", "name": stated, "description": "The licence."}
        if stated and " " not in stated:
            page = f"https://spdx.org/licenses/{stated}"
            return {"@id": page, "@type": "CreativeWork", "name": stated, "description": "The licence."}
        return {
            "@id": "#licence",
            "@type": "CreativeWork",
            "name": "The licence" if stated else "No licence was stated",
            "description": stated or NO_LICENSE,
        }


def _in_markdown(text: str) -> str:
    """A text of the user that begins no markup and ends no cell of a table."""
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", plain(text)).replace("<", "&lt;")


_FORMATS = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "md": "text/markdown",
    "toml": "application/toml",
}
