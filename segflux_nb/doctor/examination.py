"""What an examination found: a line for each check, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..markup import Template, count, plain, shorten
from ..notebook import MimeBundle, volatile_bundle
from ..runlog.deviations import CountedDeviation
from ..saving import saving

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["fine", "attention", "broken"]

CHECKS = (
    "Python", "SQLite", "folder", "disk", "log", "store", "proxies", "certificates", "service", "clock", "key",
    "key accepted", "balance", "pictures", "catalogue", "drift", "history", "limits", "answers", "JupyterLab",
    "widgets", "Pillow", "paid picture",
)  # fmt: skip
"""What is examined, in this order. Each has one line in every examination."""

_LONGEST = 2000

_HTML = Template(
    """<style>.segflux-doctor td, .segflux-doctor th { text-align: left; padding: 2px 10px 2px 0 }
.segflux-doctor td, .segflux-doctor th { vertical-align: top }
.segflux-doctor caption { text-align: left; padding: 2px 0 } .segflux-doctor th[scope=row] { white-space: nowrap }
.segflux-doctor .attention { font-weight: 600 } .segflux-doctor .broken { font-weight: 600; color: #e03131 }</style>
<table class="segflux-doctor"><caption>{{ title }}</caption>
<thead><tr><th scope="col">verdict</th><th scope="col">check</th><th scope="col">finding</th></tr></thead><tbody>
{% for line in lines %}
<tr><td class="{{ line.verdict }}">{{ line.verdict }}</td><th scope="row">{{ line.check }}</th>
<td>{{ line.finding }}{% if line.remedy %}<br>→ {{ line.remedy }}{% endif %}</td></tr>
{% endfor %}
</tbody></table>
{% if differences %}
<table class="segflux-doctor"><caption>What answers have otherwise than this version expects</caption>
<thead><tr>{% for name in names %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for row in differences %}
<tr>{% for value in row %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table>
{% endif %}"""
)

_STATIC = Template("<p>Run the cell to examine {{ checks }}.</p>")

_NAMES = ("answer", "kind", "field", "expected", "found", "answers")


@dataclass(frozen=True)
class Line:
    """One check.

    Attributes
    ----------
    check:
        What was examined, one of `CHECKS`.
    verdict:
        ``fine``; ``attention``: it works, or it could not be found out, and there is something to know; ``broken``:
        sweeps on this service will not work before it is mended.
    finding:
        What was found, in words.
    remedy:
        What to do; empty where there is nothing to do.
    """

    check: str
    verdict: Verdict
    finding: str
    remedy: str = ""


def fine(check: str, finding: str) -> Line:
    """A line where there is nothing to do.

    Parameters
    ----------
    check:
        What was examined.
    finding:
        What was found.
    """
    return Line(check, "fine", finding)


def attention(check: str, finding: str, remedy: str = "") -> Line:
    """A line with something to know.

    Parameters
    ----------
    check:
        What was examined.
    finding:
        What was found.
    remedy:
        What to do.
    """
    return Line(check, "attention", finding, remedy)


def broken(check: str, finding: str, remedy: str = "") -> Line:
    """A line with something that must be mended.

    Parameters
    ----------
    check:
        What was examined.
    finding:
        What was found.
    remedy:
        What to do.
    """
    return Line(check, "broken", finding, remedy)


def cleaned(line: Line) -> Line:
    """A line as it may be shown on a console: on one line, and not longer than can be read."""
    return Line(
        line.check, line.verdict, shorten(plain(line.finding), _LONGEST), shorten(plain(line.remedy), _LONGEST)
    )


@dataclass(frozen=True)
class Examination:
    """What `Workspace.doctor` found. `print` it.

    Attributes
    ----------
    lines:
        A line for each check, always the same checks in the same order.
    deviations:
        What answers have otherwise than the contract says, each with the number of answers.
    report:
        What `save` writes.
    """

    lines: Sequence[Line]
    deviations: Sequence[CountedDeviation] = ()
    report: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        return f"Examination({count(len(self.lines), 'check')})"

    def __str__(self) -> str:
        width = max((len(line.check) for line in self.lines), default=0)
        rows = []
        for line in self.lines:
            rows.append(f"{line.verdict:<9}  {line.check:<{width}}  {line.finding}".rstrip())
            rows += [f"{'':<9}  {'':<{width}}  → {line.remedy}"] if line.remedy else []
        if self.deviations:
            rows += ["", "What answers have otherwise than this version expects:"]
            rows += [f"  {found.deviation} ({count(found.answers, 'answer')})" for found in self.deviations]
        return "\n".join([*rows, "", self.summary])

    @property
    def summary(self) -> str:
        """All in one sentence."""
        counts = {verdict: self.of(verdict) for verdict in ("broken", "attention")}
        if counts["broken"]:
            return f"Broken: {', '.join(counts['broken'])}."
        return f"Ready. Worth a look: {', '.join(counts['attention'])}." if counts["attention"] else "Ready."

    def of(self, verdict: str) -> list[str]:
        """The checks with a verdict.

        Parameters
        ----------
        verdict:
            ``fine``, ``attention`` or ``broken``.
        """
        return [line.check for line in self.lines if line.verdict == verdict]

    def __getitem__(self, check: str) -> Line:
        """The line of a check: ``ws.doctor()["balance"]``."""
        return next(line for line in self.lines if line.check == check)

    @property
    def exit_code(self) -> int:
        """What ``segflux doctor`` ends with: 1 if anything is broken, else 0."""
        return 1 if self.of("broken") else 0

    @property
    def df(self) -> pd.DataFrame:
        """A row for each check: check, verdict, finding, remedy."""
        import pandas as pd

        names = ("check", "verdict", "finding", "remedy")
        return pd.DataFrame([[getattr(line, name) for name in names] for line in self.lines], columns=names)

    @property
    def differences(self) -> pd.DataFrame:
        """A row for each thing that answers have otherwise than the contract says."""
        import pandas as pd

        return pd.DataFrame([[*found.deviation, found.answers] for found in self.deviations], columns=_NAMES)

    def save(self, path: str | Path) -> Path:
        """Write the report that you can attach to an issue, as JSON, and give its path.

        It has no key and no account, no prompt, no path of this machine, and of each address only the host.

        Parameters
        ----------
        path:
            The file. One that is there is replaced.

        Raises
        ------
        SegfluxError
            If it cannot be written.
        """
        with saving(path) as target:
            target.write_text(json.dumps(self.report, indent=2, ensure_ascii=True) + "\n", encoding="utf-8")
        return target

    def _repr_mimebundle_(self, **_: object) -> MimeBundle:
        try:
            return volatile_bundle(repr(self), self._html, str(_STATIC.render(checks=", ".join(CHECKS))))
        except Exception:  # noqa: BLE001 - broken widgets are among what is examined
            return {"text/plain": str(self)}

    @property
    def _html(self) -> str:
        rows = [[*found.deviation, found.answers] for found in self.deviations]
        return str(_HTML.render(title=self.summary, lines=self.lines, differences=rows, names=_NAMES))
