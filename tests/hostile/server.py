"""A service that follows the contract of the hosted one, and may be told to misbehave. Without input or output.

It is written from the service's documentation alone: it imports nothing of the product, and nothing of the product's
simulator, so that it does not share our reading of the contract. A message goes in, an answer comes out; who carries
them (a call in virtual time, or a socket) is not its business. It declares nothing about its history.

The ledger is the list of accepted jobs. A job that did not fail is paid for.

A script is called with each `Call`, before the contract is. It returns an `Answer`, or None where the contract holds.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import quote, unquote

from PIL import Image

MODEL = "flux-dev-finetuned"
RECORD_SECONDS = 3600.0
PICTURE_SECONDS = 7 * 86_400.0
PRICE = 0.034

Kind = Literal["submit", "status", "result", "record", "history", "picture", "credits", "other"]


@dataclass(frozen=True)
class Message:
    """A request as it arrives: the path without the query, header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """What goes back.

    Attributes
    ----------
    status, headers, body:
        The HTTP answer. A header whose value is None is left out.
    delay:
        Seconds before it is sent.
    cut:
        "unsent": the connection was refused, and nothing of the request left. "lost": no answer comes.
    raises:
        Raised in the client instead of an answer: a programming error in the client's own code.
    wire:
        Writes the answer byte by byte; only where there is a socket.
    """

    status: int = 200
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    cut: Literal["", "unsent", "lost"] = ""
    raises: Exception | None = None
    wire: Callable[[Any], Awaitable[None]] | None = None


@dataclass
class Job:
    """An accepted submit."""

    request_id: str
    body: Mapping[str, Any]
    accepted_at: float
    seconds: float
    account: str
    picture: bytes
    error: str = ""

    @property
    def seed(self) -> int:
        return int(self.body.get("seed", 0))


@dataclass
class Call:
    """One call of the service.

    Attributes
    ----------
    kind:
        Which of the contract's calls it is.
    job:
        The job it asks about, or None.
    seed:
        The seed of the cell it is about, or None for a call that is about no single cell.
    number:
        How many calls of this kind about this cell there were, this one included.
    """

    service: ScriptedService
    message: Message
    kind: Kind
    job: Job | None
    seed: int | None
    number: int = 1

    @property
    def age(self) -> float:
        """Seconds since the job was accepted."""
        return self.service.now() - self.job.accepted_at if self.job is not None else 0.0

    def accept(self, request_id: str | None = None, **changes: Any) -> Job:
        """Accept the submit, once: from here on it is paid for."""
        if self.job is None:
            self.job = self.service.accept(self.message, request_id, **changes)
        return self.job

    def contract(self) -> Answer:
        """What the contract says."""
        return self.service.contract(self)


Script = Callable[[Call], Answer | None]


class ScriptedService:
    """The service.

    Parameters
    ----------
    now:
        Gives the time in seconds since 1970 UTC.
    script:
        Changes answers.
    seconds:
        How long a job takes.
    history_delay:
        Seconds after its submit when a job is listed in the history.
    accounts:
        The account of each key: a job is known to the account that submitted it. Without any, all keys are taken.
    """

    def __init__(
        self,
        now: Callable[[], float],
        script: Script | None = None,
        *,
        seconds: float = 20.0,
        history_delay: float = 0.0,
        accounts: Mapping[str, str] | None = None,
    ) -> None:
        self.now = now
        self.script = script
        self.seconds = seconds
        self.history_delay = history_delay
        self.accounts = dict(accounts or {})
        self.origin = "http://127.0.0.1:1"
        self.ledger: list[Job] = []
        self.jobs: dict[str, Job] = {}
        self.calls: Counter[tuple[Kind, int | None]] = Counter()
        self.notes: dict[str, Any] = {}

    # ------------------------------------------------------------------ messages

    def answer(self, message: Message) -> Answer:
        """The answer to a message."""
        call = self._call(message)
        self.calls[call.kind, call.seed] += 1
        call.number = self.calls[call.kind, call.seed]
        changed = self.script(call) if self.script is not None else None
        return self.contract(call) if changed is None else changed

    def _call(self, message: Message) -> Call:
        parts = [unquote(part) for part in message.path.strip("/").split("/")]
        match parts:
            case ["v2", slug] if message.method == "POST" and slug == MODEL:
                return Call(self, message, "submit", None, _seed(message.body))
            case ["v2", "requests", request_id, "status"]:
                kind: Kind = "status"
            case ["v2", "requests", request_id]:
                kind = "result"
            case ["inference-request", "request-history", request_id]:
                kind = "record"
            case ["pictures", name]:
                kind, request_id = "picture", name.rpartition(".")[0]
            case ["inference-request", "request-history"]:
                return Call(self, message, "history", None, None)
            case ["v1", "get-user-credits"]:
                return Call(self, message, "credits", None, None)
            case _:
                return Call(self, message, "other", None, None)
        job = self.jobs.get(request_id)
        return Call(self, message, kind, job, job.seed if job is not None else None)

    # ------------------------------------------------------------------ the contract

    def contract(self, call: Call) -> Answer:
        """What the contract says to a call."""
        key = call.message.headers.get("x-api-key", "")
        if self.accounts and call.kind != "picture" and key not in self.accounts:
            return json_answer(401, {"error": "Unauthorized. API key is invalid or may have expired..."})
        job = call.job
        if job is not None and call.kind not in ("submit", "picture") and job.account != self.account(key):
            job = None
        match call.kind:
            case "submit":
                return self._submit(call)
            case "status" | "result":
                if job is None or self.now() > job.accepted_at + RECORD_SECONDS:
                    asked = unquote(call.message.path.split("/")[3])
                    return json_answer(404, {"error": f"Request {asked} not found"})
                return self._record(call.kind, job)
            case "record":
                return json_answer(404, {"error": "Not found"}) if job is None else json_answer(200, self.row(job))
            case "history":
                return self._history(call.message, key)
            case "credits":
                return json_answer(200, {"credits": 10.0, "free-credits": 0.0184921035})
            case "picture":
                if job is None or self.now() > job.accepted_at + PICTURE_SECONDS:
                    return Answer(404, {"content-type": "application/xml"}, b"<Error><Code>NoSuchKey</Code></Error>")
                return Answer(200, {"content-type": "image/jpeg"}, job.picture)
        return Answer(404, {"content-type": "text/html"}, b"<html><title>404 Not Found</title></html>")

    def accept(self, message: Message, request_id: str | None = None, **changes: Any) -> Job:
        """Enter a job into the ledger. `changes` are fields of the job."""
        body = json.loads(message.body)
        number = len(self.ledger) + 1
        request_id = request_id or hashlib.md5(f"job {number}".encode()).hexdigest()
        given = {"seconds": self.seconds, "picture": picture(int(body.get("seed", 0)), number)} | changes
        job = Job(request_id, body, self.now(), account=self.account(message.headers.get("x-api-key", "")), **given)
        self.ledger.append(job)
        self.jobs.setdefault(request_id, job)
        return job

    def submitted(self, job: Job) -> dict[str, Any]:
        """The body of an accepted submit."""
        return {"request_id": job.request_id, "status": "QUEUED", **self.addresses(job)}

    def addresses(self, job: Job) -> dict[str, str]:
        """Where to ask for a job."""
        name = quote(job.request_id, safe="")
        base = f"{self.origin}/v2/requests/{name}"
        return {
            "poll_url": f"{self.origin}/v1/requests/{name}",
            "status_url": f"{base}/status",
            "response_url": base,
        }

    def picture_url(self, job: Job) -> str:
        """Where the picture of a job is."""
        return f"{self.origin}/pictures/{quote(job.request_id, safe='')}.jpeg"

    def metrics(self, job: Job) -> dict[str, float]:
        """What the service measured of a job that is done."""
        times = {"inference_time": job.seconds - 0.5, "queue_time": 0.5, "total_time": job.seconds}
        return times if job.error else {**times, "cost": PRICE, "remaining_credits": 9.966}

    def result(self, job: Job) -> dict[str, Any]:
        """The body of a result."""
        url, name = self.picture_url(job), f"{job.request_id}.jpeg"
        image = {"url": url, "content_type": "image/jpeg", "file_name": name, "file_size": str(len(job.picture))}
        return {
            "status": "COMPLETED",
            "error": None,
            "output": url,
            "images": [image],
            "seed": str(job.seed),
            "prompt": job.body.get("prompt"),
            "timings": {"inference": job.seconds - 0.5},
            "metrics": self.metrics(job),
        }

    def row(self, job: Job) -> dict[str, Any]:
        """A job in the history."""
        done = self.is_done(job)
        paid = done and not job.error
        return {
            "request_id": job.request_id,
            "model_name": MODEL,
            "model_status": "PENDING" if not done else "FAILED" if job.error else "COMPLETED",
            "model_created": datetime.fromtimestamp(job.accepted_at, UTC).isoformat(),
            "request_body": dict(job.body),
            "credits_deduction": PRICE if paid else None,
            "latency_ms": job.seconds * 1000 if done else None,
            "generation_url": self.picture_url(job) if paid else None,
            "error": job.error or None,
        }

    def account(self, key: str) -> str:
        """The account of a key."""
        return self.accounts.get(key, "")

    def rows(self, key: str) -> list[dict[str, Any]]:
        """The history of an account, the newest first."""
        ours = [job for job in self.ledger if job.account == self.account(key)]
        listed = [job for job in ours if self.now() - job.accepted_at >= self.history_delay]
        return [self.row(job) for job in reversed(listed)]

    def is_done(self, job: Job) -> bool:
        """Whether a job has come to its end."""
        return self.now() >= job.accepted_at + job.seconds

    def _submit(self, call: Call) -> Answer:
        if not call.message.headers.get("content-type", "").startswith("application/json"):
            return json_answer(406, {"error": "Invalid content type"})
        if call.seed is None:
            return json_answer(400, {"error": "The body is not a JSON object"})
        return json_answer(200, self.submitted(call.accept()))

    def _record(self, kind: Kind, job: Job) -> Answer:
        if not self.is_done(job):
            body = {"status": "PROCESSING", "request_id": job.request_id, **self.addresses(job), "metrics": {}}
            return json_answer(200, body)
        if job.error:
            return json_answer(422, {"status": "FAILED", "error": job.error, "metrics": self.metrics(job)})
        if kind == "status":
            return json_answer(
                200, {"status": "COMPLETED", "request_id": job.request_id, "metrics": self.metrics(job)}
            )
        return json_answer(200, self.result(job))

    def _history(self, message: Message, key: str) -> Answer:
        rows = [row for row in self.rows(key) if row["model_created"][:10] >= message.query.get("from_date", "")]
        size, page = int(message.query.get("per_page", 20)), int(message.query.get("page", 1))
        size = min(100, size)
        return json_answer(200, {"data": rows[(page - 1) * size : page * size], "page": page, "total": len(rows)})


def json_answer(status: int, content: object, **headers: str) -> Answer:
    """An answer with a JSON body; names of headers have _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"content-type": "application/json", **named}, json.dumps(content).encode())


@lru_cache(maxsize=256)
def picture(seed: int, number: int) -> bytes:
    """A small JPEG, another one for each job."""
    image = Image.new("RGB", (16, 16), (seed * 37 % 256, number * 53 % 256, 128))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", comment=f"seed {seed}, job {number}".encode())
    return buffer.getvalue()


def _seed(body: bytes) -> int | None:
    try:
        return int(json.loads(body)["seed"])
    except (ValueError, KeyError, TypeError):
        return None
