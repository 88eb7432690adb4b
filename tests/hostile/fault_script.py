"""A script of faults for a whole sweep: which call fails, and how, is drawn from the cell and the attempt alone.

So two clients on two servers meet the same faults, whatever they do in between, and as often as it is played.
"""

from __future__ import annotations

import math
import random
from asyncio import StreamWriter
from collections.abc import Mapping

from .loopback import head_of
from .server import Answer, Call, Kind, Script, json_answer

SPREAD = 0.15
"""The variation of the times that jobs take."""

Fault = str
FAULTS: Mapping[Kind, tuple[tuple[float, Fault], ...]] = {
    "submit": (
        (0.03, "accepted and reset"),
        (0.02, "reset"),
        (0.01, "accepted and 504"),
        (0.03, "503"),
        (0.03, "429"),
    ),
    "status": ((0.02, "reset"), (0.02, "502"), (0.01, "500")),
    "result": ((0.02, "reset"), (0.02, "502"), (0.01, "500")),
    "picture": ((0.02, "reset"), (0.02, "503"), (0.01, "cut")),
}
"""What goes wrong, as shares of the calls of each kind."""

GATEWAY = b"<html><head><title>Bad Gateway</title></head><body>nginx</body></html>"


def fault_of(take: int, kind: Kind, seed: int, attempt: int) -> Fault:
    """The fault of one call; empty for none."""
    drawn = random.Random(f"{take} {kind} {seed} {attempt}").random()
    for share, fault in FAULTS.get(kind, ()):
        drawn -= share
        if drawn < 0:
            return fault
    return ""


def seconds_of(take: int, seed: int, mean: float) -> float:
    """How long the job of a cell takes."""
    sigma = math.sqrt(math.log(1 + SPREAD**2))
    return mean * random.Random(f"{take} seconds {seed}").lognormvariate(-(sigma**2) / 2, sigma)


def script_of(take: int, mean: float) -> Script:
    """The script of a take."""

    def script(call: Call) -> Answer | None:
        if call.seed is None:
            return None
        fault = fault_of(take, call.kind, call.seed, call.number)
        if call.kind == "submit" and fault in ("", "accepted and reset", "accepted and 504"):
            call.accept(seconds=seconds_of(take, call.seed, mean))
        return reply_of(fault, call)

    return script


def reply_of(fault: Fault, call: Call) -> Answer | None:
    """What the service answers."""
    match fault:
        case "reset" | "accepted and reset":
            return Answer(cut="lost")
        case "cut":
            return cut(call)
        case "500" | "503" | "429":
            texts = {"500": "Internal Server Error", "503": "Service Unavailable", "429": "Too Many Requests"}
            return json_answer(int(fault), {"error": texts[fault]})
        case "502" | "accepted and 504":
            status = int(fault[-3:])
            return Answer(status, {"content-type": "text/html"}, GATEWAY)
    return None


def cut(call: Call) -> Answer:
    """Half of the answer's body comes."""
    answer = call.contract()

    async def wire(writer: StreamWriter) -> None:
        writer.write(head_of(answer, call.service.now()) + answer.body[: len(answer.body) // 2])
        await writer.drain()

    return Answer(cut="lost", wire=wire)  # where there is no socket, the client sees it in the same way
