"""What a workspace knows of its service's models: the catalogue that it keeps, and this version's own table.

The network is asked when the user asks for it, and once a day in the background of a plan or a run on the hosted
service, after its own requests. What is learned then is said from the next plan on.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock

from . import loopthread
from .clock import Clock, day, minute
from .connection import ServiceConnection
from .drift import Difference, differences, in_one_line, with_news
from .errors import SegfluxError, WorkspaceError
from .markup import did_you_mean
from .model import MODEL, Model, is_slug, model_of, unknown_model
from .model_schema import model_from_schema
from .service.addresses import HOSTED
from .service.catalogue import Catalogue, CatalogueEntry
from .service.kept_catalogue import keep, kept
from .values import as_text, shown

A_DAY = 86_400.0
AN_HOUR = 3600.0
"""After a catalogue that could not be read, no other try is made in the background for this long, in seconds."""

LAST_SECONDS = 2.0
"""How long the end of a workspace waits for a catalogue that is being read."""


_NOTHING_KEPT = "The bundle has runs of it, and nothing of what the service's catalogue says of it"


class KnownModels:
    """The models of a workspace's service.

    Parameters
    ----------
    connection:
        The service.
    folder:
        The workspace's folder, as an absolute path, in which the catalogue is kept.
    clock:
        Source of the current time; tests replace it.
    of_runs:
        Gives the slugs of the models that the log has runs of.
    """

    def __init__(
        self,
        connection: ServiceConnection,
        folder: Path,
        clock: Clock,
        of_runs: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._of_runs = of_runs
        self._connection = connection
        self._folder = folder
        self._clock = clock
        self._lock = Lock()
        self._asking: concurrent.futures.Future[Catalogue] | None = None
        self._tried_at = -AN_HOUR
        self._is_closed = False
        self._compared: tuple[Catalogue | None, tuple[Difference, ...]] = None, ()

    def catalogue(self) -> Catalogue | None:
        """The catalogue that is kept, whatever its age, without the network; None if there is none."""
        return kept(self._folder, self._connection.service)

    def read(self) -> Catalogue:
        """Ask the service for its catalogue, and keep it.

        Raises
        ------
        WorkspaceError
            There is no service to ask.
        ServiceError, TransportError
            The catalogue cannot be read.
        """
        service = self._connection.service
        future = self._connection.catalogue()
        try:
            catalogue = loopthread.wait(future)
        except KeyboardInterrupt:
            future.cancel()
            raise
        keep(self._folder, service, catalogue)
        return catalogue

    def known_or_read(self) -> Catalogue | None:
        """The catalogue that is kept, or else the service's; None where there is no service to ask.

        Raises
        ------
        WorkspaceError
            It cannot be read.
        """
        found = self.catalogue()
        return self._read_or_refuse() if found is None and self._connection.submits else found

    def learn(self, slug: str) -> None:
        """Ask the service for its catalogue, if the one that is kept lacks a model.

        Parameters
        ----------
        slug:
            The model.

        Raises
        ------
        WorkspaceError
            It cannot be read.
        """
        found = self.catalogue()
        if self._connection.submits and (found is None or slug not in found.entries):
            self._read_or_refuse()

    def _read_or_refuse(self) -> Catalogue:
        """Ask the service for its catalogue; what it raises says in a sentence what to do."""
        try:
            return self.read()
        except WorkspaceError:
            raise
        except SegfluxError as error:
            raise WorkspaceError(
                f"The catalogue of {self._connection.service} is not kept here, and cannot be read"
                f" ({self._connection.hide_key(error.what).rstrip('.')})",
                money="nothing was billed",
                remedy="Try again later: ws.refresh_models()",
            ) from error

    def model(self, slug: str) -> Model:
        """A model by its slug, with what the catalogue says of it.

        Parameters
        ----------
        slug:
            The model's name in the service's URLs.

        Raises
        ------
        WorkspaceError
            There is no such model, or the catalogue cannot be read.
        """
        given = slug
        try:
            slug = as_text(slug).strip()
        except ValueError:
            slug = ""
        if not is_slug(slug):
            raise WorkspaceError(
                f"{shown(given)} is no slug of a model", remedy='Give its name as text: ws.model("sdxl1.0-txt2img")'
            )
        if slug == MODEL.slug:
            return self.own_model()
        catalogue = self.known_or_read()
        entry = None if catalogue is None else catalogue.entries.get(slug)
        if entry is not None:
            return model_of_entry(entry)
        if not self._connection.submits and slug in self._of_runs():
            return unknown_model(slug, _NOTHING_KEPT)
        known = [MODEL.slug, *([] if catalogue is None else catalogue.entries)]
        if catalogue is None:
            raise WorkspaceError(
                f"No catalogue is kept here, so nothing is known of the model {shown(slug)}",
                remedy="ws.models shows what is known",
            )
        raise WorkspaceError(
            f"The catalogue of {minute(catalogue.read_at)} has no model {shown(slug)}",
            remedy=f"{did_you_mean(slug, known)}ws.models lists them; ws.refresh_models() reads it again",
        )

    def known(self, slug: str) -> Model:
        """A model as it is known here, without the network: of one that the kept catalogue lacks, the slug alone."""
        catalogue = self.catalogue()
        entry = None if catalogue is None else catalogue.entries.get(slug)
        return model_of(slug) if entry is None else model_of_entry(entry)

    def written_otherwise(self, slug: str) -> str:
        """How the kept catalogue writes a slug that it has in other letters; empty if it has it so, or not at all."""
        catalogue = self.catalogue()
        if catalogue is None or slug == MODEL.slug or slug in catalogue.entries:
            return ""
        return next((one for one in catalogue.entries if one.casefold() == slug.casefold()), "")

    def study(self) -> list[str]:
        """In a bundle, the models of its runs of which it holds nothing."""
        if self._connection.submits:
            return []
        catalogue = self.catalogue()
        known = {MODEL.slug} if catalogue is None else set(catalogue.entries)
        return [slug for slug in sorted(self._of_runs()) if slug not in known]

    def priced(self, model: Model) -> Model:
        """The model of a sweep, with what is known of its price by now."""
        return self.own_model() if model is MODEL else model

    def own_model(self) -> Model:
        """The model of this version, with what the catalogue that is kept alone knows of it."""
        entry = self._own_entry()
        return MODEL if entry is None else with_news(MODEL, entry)

    def drift(self) -> tuple[Difference, ...]:
        """How the catalogue that is kept differs from this version."""
        catalogue = self.catalogue()
        if catalogue is not self._compared[0]:
            entry = self._own_entry()
            self._compared = catalogue, () if entry is None else differences(MODEL, entry)
        return self._compared[1]

    def notes(self, slug: str) -> Iterator[str]:
        """What a plan says of its model: how the catalogue differs from this version, or that the model will go."""
        catalogue = self.catalogue()
        entry = None if catalogue is None else catalogue.entries.get(slug)
        if catalogue is None or entry is None:
            if slug != MODEL.slug and (catalogue is not None or self._connection.submits):
                yield self._unlisted(slug, catalogue)
            return
        if slug == MODEL.slug and (line := in_one_line(self.drift(), catalogue.read_at)):
            yield line
        elif slug != MODEL.slug and entry.deprecated:
            yield f"The service's catalogue of {day(catalogue.read_at)} says that {slug} is deprecated"

    def _unlisted(self, slug: str, catalogue: Catalogue | None) -> str:
        """What a plan says of a model of which nothing is known, and which may be written wrong.

        Parameters
        ----------
        slug:
            Its slug.
        catalogue:
            The catalogue that is kept, which does not have it; None if there is none.
        """
        meant = did_you_mean(slug, [MODEL.slug, *(() if catalogue is None else catalogue.entries)]).strip()
        if catalogue is None:
            of_it = f"Nothing is known here of the model {slug}, because no catalogue is kept"
            return f"{of_it}. {meant or 'ws.refresh_models() reads it'}"
        new = "it is new, or gone" if not meant else f"it is new, gone, or written wrong. {meant}"
        return f"The service's catalogue of {day(catalogue.read_at)} has no model {slug}: {new}"

    def check_when_due(self) -> None:
        """Ask the hosted service for its catalogue in the background, if that was not done for a day."""
        if self._connection.service != HOSTED.name or not self._connection.submits:
            return
        with self._lock:
            now, found = self._clock.now(), self.catalogue()
            is_asking = self._asking is not None and not self._asking.done()
            is_known = found is not None and 0 <= now - found.read_at < A_DAY
            if self._is_closed or is_asking or is_known or self._clock.monotonic() - self._tried_at < AN_HOUR:
                return
            self._tried_at = self._clock.monotonic()
            with suppress(SegfluxError):  # nobody asked for it
                self._asking = self._connection.catalogue()
                self._asking.add_done_callback(self._keep)

    async def after(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do some work on the event loop, and ask for the catalogue then if that is due."""
        await work()
        self.check_when_due()

    def close(self) -> None:
        """Wait a little for a catalogue that is being read, and ask for it no longer."""
        with self._lock:
            self._is_closed, asking = True, self._asking
        if asking is not None:
            concurrent.futures.wait([asking], timeout=LAST_SECONDS)
            asking.cancel()

    def _keep(self, asked: concurrent.futures.Future[Catalogue]) -> None:
        if not asked.cancelled() and asked.exception() is None:
            keep(self._folder, HOSTED.name, asked.result())

    def _own_entry(self) -> CatalogueEntry | None:
        catalogue = self.catalogue()
        return None if catalogue is None else catalogue.entries.get(MODEL.slug)


def model_of_entry(entry: CatalogueEntry) -> Model:
    """The model of an entry of the catalogue."""
    if entry.slug == MODEL.slug:
        return with_news(MODEL, entry)
    made = model_from_schema(entry.slug, entry.schema, kind=entry.kind, price=entry.price, seconds=entry.seconds)
    return replace(made, versions=entry.versions)
