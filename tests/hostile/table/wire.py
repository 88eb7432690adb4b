"""What a server may do with bytes: slow, endless, packed, broken off, or no HTTP at all. On a real socket."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from asyncio import StreamWriter
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

from ..expected import OPEN, TEN_MINUTES, Expected, RunCall, again, rows_of
from ..loopback import head_of, reset
from ..scripts import edited, lost_submit, on, together
from ..server import Answer, Call
from .isolation import NO_URLS

LATER = Expected(within=TEN_MINUTES)
EITHER = Expected(kept=3, bad=("completed", *OPEN), within=TEN_MINUTES)
LEFT = Expected(kept=3, bad=OPEN, within=TEN_MINUTES)
OTHERS = Expected(kept=3, bad=("completed", "unknown", "lost", *OPEN), within=TEN_MINUTES)


def writes(write: Callable[[StreamWriter, bytes, Answer, float], Awaitable[None]]) -> Callable[[Call], Answer]:
    """The contract holds, but the answer is written so. `write` gets the head, the answer and the time."""

    def reply(call: Call) -> Answer:
        answer, now = call.contract(), call.service.now()

        async def wire(writer: StreamWriter) -> None:
            await write(writer, head_of(answer, now), answer, now)

        return Answer(wire=wire)

    return reply


def raw(data: bytes) -> Callable[[Call], Answer]:
    """These bytes come, and the connection is closed."""

    async def write(writer: StreamWriter, head: bytes, answer: Answer, now: float) -> None:
        writer.write(data)
        await writer.drain()

    return writes(write)


def endless(first: bytes, piece: bytes, seconds: float) -> Callable[[Call], Answer]:
    """After the first bytes a piece comes at this interval, without end."""

    async def write(writer: StreamWriter, head: bytes, answer: Answer, now: float) -> None:
        writer.write(first)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(seconds)

    return writes(write)


def cut_after(size: int | None, *, by_reset: bool) -> Callable[[Call], Answer]:
    """This number of bytes of the answer come. None is half of the body."""

    async def write(writer: StreamWriter, head: bytes, answer: Answer, now: float) -> None:
        whole = head + answer.body
        writer.write(whole[: len(head) + len(answer.body) // 2 if size is None else size])
        await writer.drain()
        await asyncio.sleep(0.01)
        if by_reset:
            reset(writer)

    return writes(write)


def with_headers(**headers: str | None) -> Callable[[Call], Answer]:
    """The contract's answer with other headers."""

    async def write(writer: StreamWriter, head: bytes, answer: Answer, now: float) -> None:
        writer.write(head_of(answer, now, **headers) + answer.body)
        await writer.drain()

    return writes(write)


def with_body(change: Callable[[bytes], bytes], **headers: str | None) -> Callable[[Call], Answer]:
    """The contract's answer with a body that is packed or chunked."""

    async def write(writer: StreamWriter, head: bytes, answer: Answer, now: float) -> None:
        body = change(answer.body)
        length = {} if "transfer_encoding" in headers else {"content_length": str(len(body))}
        writer.write(head_of(answer, now, **{**length, **headers}) + body)
        await writer.drain()

    return writes(write)


@lru_cache(maxsize=1)
def bomb() -> bytes:
    """64 MiB of zeros, packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([packer.compress(bytes(1 << 20)) for _ in range(64)] + [packer.flush()])


def chunked(body: bytes) -> bytes:
    """A body in chunks of seven bytes."""
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def redirect(location: str | Callable[[Call], str], status: int = 302) -> Callable[[Call], Answer]:
    """An answer that points elsewhere."""
    return lambda call: Answer(status, {"location": location(call) if callable(location) else location})


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
ENDLESS = {
    "drips": endless(HEAD, b" ", 10.0),
    "drips in chunks": endless(CHUNKED, b"1\r\n \r\n", 10.0),
    "has headers that drip": endless(b"HTTP/1.1 200 OK\r\n", b"x-more: y\r\n", 10.0),
    "is a flood of 102": endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 20, 5.0),
}
BROKEN: dict[str, Any] = {
    "is reset before its first byte": cut_after(0, by_reset=True),
    "is reset in its headers": cut_after(40, by_reset=True),
    "is reset in its body": cut_after(None, by_reset=True),
    "is closed before its first byte": cut_after(0, by_reset=False),
    "is closed in its body": cut_after(None, by_reset=False),
    "is no HTTP": raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10),
    "is of a radio": raw(b"ICY 200 OK\r\n\r\nnoise"),
    "has a status that is a word": raw(b"HTTP/1.1 abc OK\r\n\r\n"),
    "has a length that is a word": with_headers(content_length="many"),
    "has a negative length": with_headers(content_length="-1"),
    "is longer than its length": with_headers(content_length="20"),
    "has chunks of no size": with_body(
        lambda body: b"zz\r\n" + body + b"\r\n0\r\n\r\n", transfer_encoding="chunked", content_length=None
    ),
    "has 10,000 headers": raw(b"HTTP/1.1 200 OK\r\n" + b"x-more: y\r\n" * 10_000 + b"content-length: 2\r\n\r\n{}"),
    "has a header of a megabyte": raw(
        b"HTTP/1.1 200 OK\r\nx-long: " + b"y" * (1 << 20) + b"\r\ncontent-length: 2\r\n\r\n{}"
    ),
    "says gzip and is plain": with_headers(content_encoding="gzip"),
    "is broken gzip": with_body(lambda body: gzip.compress(body)[:-12], content_encoding="gzip"),
    "says br and is noise": with_body(lambda body: b"\x8b\xff" * 50, content_encoding="br"),
}
PLAIN = ("aws-chunked", "br", "zstd", "deflate", "utf-8", "none", "gzip, aws-chunked")
READABLE: dict[str, Any] = {
    "is packed with gzip": with_body(gzip.compress, content_encoding="gzip"),
    "is packed with x-gzip": with_body(gzip.compress, content_encoding="x-gzip"),
    "is packed with deflate": with_body(zlib.compress, content_encoding="deflate"),
    **{f"says {name} and is plain": with_headers(content_encoding=name) for name in PLAIN},
    "is in chunks": with_body(chunked, transfer_encoding="chunked", content_length=None),
    "has a content type of nobody": with_headers(content_type="x/y; charset=klingon"),
}

ELSEWHERE = {
    "itself": lambda call: call.message.path,
    "a host that ends in a bracket": "http://[::1/x",
    "a file": "file:///etc/passwd",
    "a private address": "https://10.0.0.1/x.jpeg",
    "the metadata of a cloud": "http://169.254.169.254/latest/meta-data",
    "a host that IDNA refuses": f"https://{'a' * 64}.example/x.jpeg",
    "a port out of range": "http://127.0.0.1:99999/x",
    "a line of script": "javascript:alert(1)",
}


def accepted_and(reply: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
    """The submit is accepted, and answered so."""

    def answer(call: Call) -> Answer:
        call.accept()
        return reply(call)

    return answer


def moved(call: Call) -> Answer | None:
    """The picture is at another path of the service."""
    if call.kind != "picture" or call.seed != 1 or "moved" in call.message.query:
        return None
    return Answer(302, {"location": f"{call.message.path}?moved=1"})


row = rows_of("wire", LATER, on_the_wire=True)

TABLE = [
    row("nothing is wrong", None, Expected()),
    *(row(f"status {name}, once", on("status", reply, times=1)) for name, reply in ENDLESS.items()),
    *(
        row(f"status {name}, for ever", on("status", ENDLESS[name]), EITHER)
        for name in ("drips", "is a flood of 102")
    ),
    *(row(f"submit {name}", on("submit", reply, times=1), calls=again()) for name, reply in ENDLESS.items()),
    *(row(f"result {name}, once", on("result", ENDLESS[name], times=1)) for name in ("drips", "is a flood of 102")),
    *(
        row(f"picture {name}, once", on("picture", ENDLESS[name], times=1))
        for name in ("drips", "has headers that drip", "is a flood of 102")
    ),
    *(
        row(
            f"history {name}",
            together(
                on("submit", lost_submit, times=1),
                on("history", ENDLESS[name], times=1),
            ),
            OTHERS,
        )
        for name in ("drips", "is a flood of 102")
    ),
    *(
        row(f"record {name}", together(on("status", Answer(404)), on("record", ENDLESS[name], times=1)), EITHER)
        for name in ("drips", "is a flood of 102")
    ),
    *(row(f"credits {name}", on("credits", reply)) for name, reply in ENDLESS.items() if "chunks" not in name),
    *(
        row(
            f"a submit {name} when the user interrupts",
            on("submit", reply, times=1),
            Expected(within=TEN_MINUTES, others_after=2, others_within=None),
            calls=(RunCall(interrupted=15), RunCall(after=5)),
        )
        for name, reply in ENDLESS.items()
        if "chunks" not in name
    ),
    *(row(f"status {name}, once", on("status", reply, times=1)) for name, reply in BROKEN.items()),
    *(
        row(f"submit {name}", on("submit", BROKEN[name], times=1), calls=again())
        for name in (
            *("is reset before its first byte", "is reset in its body"),
            *("is no HTTP", "has a length that is a word", "has a header of a megabyte", "is broken gzip"),
        )
    ),
    *(
        row(f"picture {name}, twice", on("picture", BROKEN[name], times=2))
        for name in (
            "is reset in its body",
            "is closed in its body",
            "is no HTTP",
            "has a negative length",
            "has chunks of no size",
            "says gzip and is plain",
        )
    ),
    *(
        row(f"each answer {name}", on("submit status result record history picture", reply, cell=None), Expected())
        for name, reply in READABLE.items()
    ),
    row(
        "status is a bomb in gzip",
        on("status", with_body(lambda body: bomb(), content_encoding="gzip"), times=1),
        Expected(within=TEN_MINUTES, MiB=32),
    ),
    row(
        "status is a bomb in gzip in gzip",
        on("status", with_body(lambda body: gzip.compress(bomb()), content_encoding="gzip, gzip"), times=1),
        Expected(within=TEN_MINUTES, MiB=32),
    ),
    row(
        "status is packed twice",
        on(
            "status",
            with_body(lambda body: gzip.compress(gzip.compress(body)), content_encoding="gzip, gzip"),
            times=1,
        ),
    ),
    row("status answers nine megabytes", on("status", with_body(lambda body: b" " * (9 << 20)), times=1)),
    row(
        "picture is a bomb in gzip",
        on("picture", with_body(lambda body: bomb(), content_encoding="gzip")),
        Expected(kept=3, bad=("lost", *OPEN), within=TEN_MINUTES),
    ),
    row("picture moves to another path", moved),
    *(row(f"picture leads to {name}, twice", on("picture", redirect(to), times=2)) for name, to in ELSEWHERE.items()),
    *(
        row(f"status leads to {name}, twice", on("status", redirect(ELSEWHERE[name]), times=2))
        for name in ("itself", "a host that ends in a bracket", "a file", "a line of script")
    ),
    *(
        row(
            f"a submit that arrived leads to {name}",
            on("submit", accepted_and(redirect(to, 307)), times=1),
            calls=again(),
        )
        for name, to in list(ELSEWHERE.items())[-4:]
    ),
    *(row(f"output: {name}", on("result", edited(output=u, images=[]))) for name, u in list(NO_URLS.items())[:8]),
]
