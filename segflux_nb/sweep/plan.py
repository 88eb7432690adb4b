"""The plan: what a sweep would do, cost and take. Nothing is sent to make it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from ..lifecycle import Disposition, State, disposition
from ..markup import Template, axes_text, count
from ..model import MODEL, SIMULATOR, Model
from .request import RUN_DIGITS, Request

_HTML = Template("""\
<div><strong>{{ lines[0] }}</strong>
{%- for line in lines[1:] %}<br>{{ line }}{% endfor %}</div>""")


_STATIC = Template("""\
<div style="line-height:1.6"><strong>{{ runs }}</strong>{{ axes }}<br>{{ price }}</div>""")

NAMED = 3
"""The most runs that a plan names."""


@dataclass(frozen=True)
class Rates:
    """Price and time of one network evaluation.

    Attributes
    ----------
    cost:
        US dollars for one evaluation; None if unknown.
    seconds:
        Seconds for one evaluation; None if unknown.
    cost_source:
        Where the cost comes from, in words.
    seconds_source:
        Where the seconds come from, in words.
    slots:
        The most jobs that the service runs at a time; None if that is unknown.
    each:
        Seconds for which each picture keeps the service busy alone, besides: the simulator paints on few threads.
    begin:
        Seconds before the first job begins.
    hardware:
        The time that a ``hardware`` takes, as a share of that of the others.
    """

    cost: float | None
    seconds: float | None
    cost_source: str
    seconds_source: str
    slots: int | None = None
    each: float = 0.0
    begin: float = 0.0
    hardware: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def duration(self, jobs: Sequence[tuple[int, str]], max_in_flight: int) -> float | None:
        """Seconds for some jobs; None if unknown.

        Parameters
        ----------
        jobs:
            Evaluations and ``hardware`` of each.
        max_in_flight:
            How many are at the service at a time.
        """
        if self.seconds is None or not jobs:
            return None if self.seconds is None else 0.0
        times = [evaluations * self.seconds * self.hardware.get(hardware, 1.0) for evaluations, hardware in jobs]
        at_once = max(1, min(max_in_flight, len(jobs), self.slots or len(jobs)))
        service = max(sum(times) / at_once, max(times))
        # Pictures are painted while jobs run: the slower of both decides, and the first or last one of the other.
        return self.begin + max(service + self.each, len(jobs) * self.each + min(times))


SAY_PRICE = "ws.run(sweep, price=0.05) says what one picture costs, in US dollars"
"""The way on where a price is unknown."""


def published(model: Model) -> Rates:
    """What an evaluation of a model costs and takes, as its page or the catalogue says."""
    is_own = model.slug == MODEL.slug and model.price == MODEL.price
    name = "the published average" if is_own else "the catalogue's average"
    unpriced = f"nobody knows the price of {model.slug}; {SAY_PRICE}"
    return Rates(
        cost=None if model.price is None else model.price / model.price_evaluations,
        seconds=None if model.seconds is None else model.seconds / model.price_evaluations,
        cost_source=f"{name} price" if model.price is not None else unpriced,
        seconds_source=f"{name} time" if model.seconds is not None else "no run has been timed yet",
    )


PUBLISHED = published(MODEL)


OF_ANOTHER_KEY = (
    "Of another key: ws.run(sweep) with the key that they were submitted with collects them;"
    " ws.run(sweep, again=True) pays for other takes"
)
"""The two ways on with runs of another key."""

UNKNOWN = (
    "Unknown: ws.run(sweep) looks them up first, without paying; what is not found is paid for again only with"
    " ws.run(sweep, resubmit_unknown=True)"
)
"""What becomes of runs of which it is not known whether they were accepted."""

_HELD = {State.UNKNOWN.status: "looked up first"}
"""What the next call does with runs that wait for the user, by reason; nothing at all with the others."""


@dataclass(frozen=True)
class Plan:
    """What `Workspace.run` would do with a sweep now.

    `print` shows counts, money and time. The representation does not: it is the same on every execution.

    Attributes
    ----------
    service:
        The service that would run it.
    cells:
        The number of different requests in the sweep.
    logged:
        How many pictures are in the log. They are not paid for again.
    in_flight:
        How many runs were submitted earlier and are not complete yet. Their pictures are collected, or waited for
        where another notebook works on them.
    lost_again:
        How many of these were given up as lost, and are asked for again: the service may still have their pictures.
    to_submit:
        How many requests would be sent and paid for.
    held:
        How many runs wait for a decision of the user, by reason: unknown, lost, moderated, invalid. The next call
        looks an unknown run up first, without paying.
    cost:
        US dollars for the requests to submit; None if unknown.
    seconds:
        Seconds for the requests to submit; None if unknown.
    cost_source:
        Where the cost comes from, in words.
    seconds_source:
        Where the seconds come from, in words.
    hosted_cost:
        On the simulator: US dollars for the whole sweep on the hosted service. None elsewhere, or if unknown.
    balance:
        US dollars on the account; None if the service was not asked or did not answer.
    of_another_key:
        How many runs were submitted with another key and are not complete yet. They count neither as in flight nor
        as held: `Workspace.run` with that key collects their pictures.
    missing:
        The short names of logged runs whose picture files are gone. They are fetched again, which costs nothing.
    discarded:
        How many logged pictures were discarded. They are not fetched again.
    replays:
        The bundle that is replayed, which does not have the cells to submit; empty where there is a service.
    notes:
        What to know before it is run, a sentence each.
    whole:
        The cells of the sweep, where the plan is for the first of them only; 0 otherwise.
    until_first:
        Seconds until the first picture; None if that is unknown.
    charged:
        What the account is charged, in US dollars, which may be a simulated one; None if unknown.
    """

    service: str
    cells: int
    logged: int
    in_flight: int
    to_submit: int
    cost: float | None
    seconds: float | None
    cost_source: str
    seconds_source: str
    hosted_cost: float | None = None
    held: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    balance: float | None = None
    of_another_key: int = 0
    missing: tuple[str, ...] = ()
    discarded: int = 0
    lost_again: int = 0
    replays: str = ""
    notes: tuple[str, ...] = ()
    whole: int = 0
    until_first: float | None = None
    charged: float | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "held": dict(self.held)}  # a view of a mapping cannot be pickled

    def __repr__(self) -> str:
        return f"Plan({count(self.cells, 'run')})"

    def __str__(self) -> str:
        return "\n".join(self.lines)

    @property
    def lines(self) -> list[str]:
        """The plan in words: one line each for counts, money and time, and for what needs a word more."""
        parts = [f"{self.logged:,} logged"] if self.logged else []
        again = f" ({self.lost_again:,} lost, asked for again, free)" if self.lost_again else ""
        parts += [f"{self.in_flight:,} in flight{again}"] if self.in_flight else []
        parts += [f"{self.of_another_key:,} of another key"] if self.of_another_key else []
        is_replay = self.replays and self.to_submit
        parts += [
            f"{self.to_submit:,} planned, not in {self.replays}" if is_replay else f"{self.to_submit:,} to submit"
        ]
        parts += [f"{number:,} {reason} ({_HELD.get(reason, 'held')})" for reason, number in self.held.items()]
        of = f", the first of {self.whole:,}" if self.whole else ""
        lines = [
            f"{count(self.cells, 'run')}{of}: {', '.join(parts)}",
            f"Cost: {self._cost}",
            f"Time: {self._time}",
            *self._without_file,
        ]
        lines += [UNKNOWN] if State.UNKNOWN.status in self.held else []
        return [*lines, *([OF_ANOTHER_KEY] if self.of_another_key else []), *self.notes]

    @property
    def _without_file(self) -> list[str]:
        lines = []
        if self.missing:
            names = ", ".join(self.missing[:NAMED])
            more = f" and {len(self.missing) - NAMED:,} more" if len(self.missing) > NAMED else ""
            files = count(len(self.missing), "picture file")
            lines.append(f"Missing: {files} of run {names}{more}, fetched again without paying")
        if self.discarded:
            lines.append(f"Discarded: {count(self.discarded, 'picture')}, not fetched again")
        return lines

    @property
    def _cost(self) -> str:
        if self.replays and self.to_submit:
            return "nothing, because nothing is sent in a replay"
        if self.service == SIMULATOR:
            if self.hosted_cost is None:
                return f"free here, on the simulator; hosted unknown: {self.cost_source}{self._account}"
            hosted = f"about ${self.hosted_cost:,.2f}"
            number = f" {self.cells:,}" if self.cells > 1 else " run"
            which = f"the first{number}" if self.whole else f"all{number}" if self.cells > 1 else "it"
            return f"free here, on the simulator; hosted {hosted} for {which}, by {self.cost_source}{self._account}"
        if not self.to_submit:
            return "nothing"
        if self.cost is None:
            return f"unknown: {self.cost_source}"
        return f"about ${self.cost:,.2f}, by {self.cost_source}{self._account}"

    @property
    def _account(self) -> str:
        """What the account has, in words; empty where that is unknown."""
        if self.balance is None:
            return ""
        whose = "the simulated account" if self.service == SIMULATOR else "the account"
        is_short = self.charged is not None and self.balance < self.charged
        return f"; {whose} has ${self.balance:,.2f}{', which does not cover it' if is_short else ''}"

    @property
    def _time(self) -> str:
        if not self.to_submit or self.replays:
            return "none to wait for" if not self.in_flight else "what is in flight"
        if self.seconds is None:
            return f"unknown: {self.seconds_source}"
        return f"about {duration(self.seconds)}, by {self.seconds_source}"

    def html(self) -> str:
        """The plan as HTML."""
        return str(_HTML.render(lines=self.lines))


def static_html(requests: Iterable[Request], axes: Mapping[str, Sequence[Any]], model: Model = MODEL) -> str:
    """What a sweep decides alone, as HTML for saved notebooks: how many runs, along which axes, and the list price.

    Parameters
    ----------
    requests:
        The cells. Equal ones count once.
    axes:
        Values by axis.
    model:
        The model.
    """
    cells = {request.digest: request for request in requests}
    cost, why = _cost(_evaluations(cells.values(), model), published(model))
    sizes = axes_text(axes, len(cells))
    known = "unknown on" if cost is None else f"about ${cost:,.2f} on"
    return str(
        _STATIC.render(
            runs=count(len(cells), "run"),
            axes=f": {sizes}" if sizes else "",
            price=f"List price: {known} the hosted service, {'for' if cost is None else 'by'} {why}",
        )
    )


def duration(seconds: float) -> str:
    """Seconds as text, in seconds, minutes or hours.

    >>> duration(22.2), duration(150), duration(9000)
    ('22 s', '2.5 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.3g} min" if seconds < 6000 else f"{seconds / 3600:.3g} h"


def make_plan(
    requests: Iterable[Request],
    logged: Mapping[str, tuple[State, str]],
    *,
    service: str,
    rates: Rates,
    max_in_flight: int,
    model: Model = MODEL,
    balance: float | None = None,
    of_another_key: Collection[str] = (),
    missing: Iterable[str] = (),
    discarded: int = 0,
    asked_again: Collection[str] = (),
) -> Plan:
    """The plan for some requests.

    Parameters
    ----------
    requests:
        The sweep's cells. Equal ones count once.
    logged:
        State and kind of error by digest, for the requests that the log of this service has.
    service:
        The service's name.
    rates:
        Price and time of one network evaluation there.
    max_in_flight:
        How many requests run at the same time.
    model:
        The model that is asked.
    balance:
        US dollars on the account; None if unknown.
    of_another_key:
        Digests of runs that were submitted with another key and are not complete yet.
    missing:
        Digests of completed runs whose picture files are gone.
    discarded:
        How many completed runs had their pictures discarded.
    asked_again:
        Digests of the lost runs for which the service is asked again.
    """
    cells = {request.digest: request for request in requests}
    of_another_key = cells.keys() & set(of_another_key)
    dispositions = {
        digest: disposition(*logged.get(digest, (None, "")), asked_again=digest in asked_again)
        for digest in cells
        if digest not in of_another_key
    }
    counts = Counter(dispositions.values())
    submits = [cells[digest] for digest, what in dispositions.items() if what is Disposition.SUBMIT]
    held = Counter(
        (logged[digest][1] if logged[digest][0] in (State.FAILED, State.REFUSED) else logged[digest][0].status)
        for digest, what in dispositions.items()
        if what is Disposition.HELD
    )
    evaluations = _evaluations(submits, model)
    free = service == SIMULATOR
    cost, cost_source = _cost(evaluations, rates)
    on_page = published(model)
    hosted = _cost(_evaluations(cells.values(), model), on_page)
    jobs = [
        (number, str(request.parameters.get("hardware", "")))
        for number, request in zip(evaluations, submits, strict=True)
        if number is not None
    ]
    is_known = len(jobs) == len(evaluations)
    return Plan(
        service=service,
        cells=len(cells),
        logged=counts[Disposition.DONE],
        in_flight=counts[Disposition.IN_FLIGHT],
        to_submit=len(submits),
        held=MappingProxyType(dict(sorted(held.items()))),
        cost=0.0 if free else cost,
        cost_source=hosted[1] if free else cost_source,
        seconds=rates.duration(jobs, max_in_flight) if is_known else None,
        seconds_source=rates.seconds_source if is_known else cost_source,
        until_first=rates.duration(jobs[:1], 1) if jobs else None,
        charged=(hosted if len(submits) == len(cells) else _cost(evaluations, on_page))[0] if free else cost,
        hosted_cost=hosted[0] if free else None,
        balance=balance,
        of_another_key=len(of_another_key),
        missing=tuple(digest[:RUN_DIGITS] for digest in missing),
        discarded=discarded,
        lost_again=sum(
            what is Disposition.IN_FLIGHT and logged[digest][0] is State.LOST for digest, what in dispositions.items()
        ),
    )


def _evaluations(requests: Iterable[Request], model: Model) -> list[int | None]:
    """The network evaluations of each request; None where the sampler decides them."""
    if not model.samplers:
        return [model.evaluations(request.parameters) for request in requests]
    settings = [_settings_of(request.parameters) for request in requests]
    # Of samplers and steps a sweep has few.
    known = {one: model.evaluations(dict(zip(_SETTINGS, one, strict=True))) for one in dict.fromkeys(settings)}
    return [known[one] for one in settings]


_SETTINGS = ("sampler_name", "steps")
_settings_of = itemgetter(*_SETTINGS)


def _cost(evaluations: list[int | None], rates: Rates) -> tuple[float | None, str]:
    known = [number for number in evaluations if number is not None]
    if len(known) < len(evaluations):
        unbounded = len(evaluations) - len(known)
        return None, f"{count(unbounded, 'run')} with a sampler whose number of evaluations is not known before"
    if rates.cost is None:
        return None, rates.cost_source
    return sum(known) * rates.cost, rates.cost_source
