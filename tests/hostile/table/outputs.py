"""Outputs in every form that is seen in the wild: the picture is found, and all pictures are kept."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_from_bytes

from ..expected import OPEN, SOON, TEN_MINUTES, Expected, Misbehaviour, RunCall, again, rows_of
from ..scripts import Reply, edited, on, says, text, together
from ..server import Answer, Call, Job, Script, picture

DAY = 86_400.0
NOT_FOUND = says(404, {"error": "no such file"})
A_TEXT = text('{"nsfw": false}', content_type="application/json")

Form = Callable[[Call], Any]


def url(call: Call) -> str:
    """The address of the picture."""
    assert call.job is not None
    return call.service.picture_url(call.job)


def picture_of(call: Call) -> bytes:
    """The picture itself."""
    assert call.job is not None
    return call.job.picture


def path(call: Call) -> str:
    """Its path alone."""
    return url(call).removeprefix(call.service.origin)


def data_url(call: Call, kind: str = "image/jpeg", more: str = "") -> str:
    """The picture itself as an address."""
    assert call.job is not None
    return f"data:{kind}{more};base64,{base64.b64encode(call.job.picture).decode()}"


def _unpadded(call: Call) -> str:
    return data_url(call).rstrip("=")


FORMS: dict[str, Form] = {
    "a text": url,
    "a list of texts": lambda c: [url(c)],
    "a list in a list": lambda c: [[url(c)]],
    "an object with url": lambda c: {"url": url(c)},
    "an object with image_url": lambda c: {"image_url": url(c)},
    "an object with image": lambda c: {"image": url(c)},
    "an object with an image object": lambda c: {"image": {"url": url(c), "width": 1024}},
    "an object with images": lambda c: {"images": [{"url": url(c)}]},
    "an object with images of texts": lambda c: {"images": [url(c)]},
    "an object with output": lambda c: {"output": url(c)},
    "an object with data and images": lambda c: {"data": {"images": [{"url": url(c)}]}},
    "an object with an object of images": lambda c: {"images": {"0": {"url": url(c)}}},
    "a list of objects with image_url": lambda c: [{"image_url": {"url": url(c)}}],
    "a list with null first": lambda c: [None, url(c)],
    "a list with an empty object first": lambda c: [{}, {"url": url(c)}],
    "a list with an empty text first": lambda c: ["", url(c)],
    "an object with uri": lambda c: {"uri": url(c)},
    "an object with file_url": lambda c: {"file_url": url(c), "content_type": "image/jpeg"},
    "blanks around": lambda c: f"  {url(c)}\n",
    "a scheme in capitals": lambda c: url(c).replace("http", "HTTP"),
    "a scheme with a capital": lambda c: url(c).replace("http", "Http"),
    "a path": path,
    "a path without a slash": lambda c: path(c).lstrip("/"),
    "an address without a scheme": lambda c: url(c).removeprefix("http:"),
    "an address with a fragment": lambda c: f"{url(c)}#page",
    "an address with a query": lambda c: f"{url(c)}?token=a%20b&x=/",
    "a data URL": data_url,
    "a data URL in capitals": lambda c: data_url(c).replace("data:", "DATA:").replace("base64", "BASE64"),
    "a data URL with a parameter": lambda c: data_url(c, more=";name=a.jpeg"),
    "a data URL of another type": lambda c: data_url(c, "application/octet-stream"),
    "a data URL with line breaks": lambda c: "\n".join(_lines(data_url(c))),
    "a data URL without padding": _unpadded,
    "a data URL in an object": lambda c: {"images": [{"url": data_url(c)}]},
    "base64 in b64_json": lambda c: {"images": [{"b64_json": data_url(c).partition(",")[2]}]},
    "a data URL in percents": lambda c: f"data:image/jpeg,{quote_from_bytes(picture_of(c))}",
    "a data URL with base64 in percents": lambda c: f"data:image/jpeg;base64,{quote(data_url(c)[23:], safe='')}",
    "a data URL with blanks": lambda c: data_url(c).replace(";base64,", "; base64 , "),
    "a data URL with a long head": lambda c: data_url(c, more=f";name={'y' * 300}"),
    "base64 alone": lambda c: data_url(c).partition(",")[2],
    "an object with a path": lambda c: {"path": path(c)},
    "an object with imageUrl": lambda c: {"imageUrl": url(c)},
    "an object with image_urls": lambda c: {"image_urls": [url(c)], "seed": 1},
    "an object with names in capitals": lambda c: {"Images": [{"Url": url(c)}]},
    "an object whose url is a file": lambda c: {"url": "file:///x.jpeg", "image_url": url(c)},
    "an object whose url is a word": lambda c: {"url": "pending", "image_url": url(c)},
    "an object whose url is true": lambda c: {"url": True, "image_url": url(c)},
    "an object with a word and b64_json": lambda c: {"url": "none", "b64_json": data_url(c).partition(",")[2]},
    "a file, and then the picture": lambda c: ["file:///etc/passwd", "ftp://x/y.jpeg", "javascript:x", url(c)],
    "an address with a name and a password": lambda c: url(c).replace("//", "//name:password@", 1),
    "an answer of a chat": lambda c: {"choices": [{"message": {"content": url(c)}}]},
    "Markdown": lambda c: f"![picture]({url(c)})",
    "HTML": lambda c: f'<img src="{url(c)}">',
    "a sentence": lambda c: f"Your picture is at {url(c)}.",
    "an address in quotes": lambda c: f'"{url(c)}"',
    "an address among marks that nobody sees": lambda c: f"\ufeff\u200b{url(c)}\u00a0",
    "a list in a JSON text": lambda c: f'["{url(c)}"]',
}

SERVED_ELSEWHERE: dict[str, Any] = {
    "no output, but images": {"output": None},
    "an empty output, but images": {"output": ""},
    "output is a number, but images": {"output": 1},
    "output is true, but images": {"output": True},
    "output is a sentence, but images": {"output": "Your picture is ready"},
    "no images": {"images": None},
    "images is an object": {"images": {"url": "x"}},
    "images is a text": {"images": "x"},
    "images has a list": {"images": [["x"]]},
}


_row = rows_of("outputs")

LATER = Expected(within=TEN_MINUTES)
ONE_IS_MISSING = r"^1 picture is paid and not served yet; ws.run\(sweep\) asks again until \d+ \w+$"


def row(name: str, script: Script) -> Misbehaviour:
    """A row of this kind. The history has no address: the output must be understood."""
    return _row(name, together(script, on("record history", says(404, {"error": "none"}))))


def several(number: int) -> Any:
    """A result with more pictures."""

    def script(call: Call) -> Answer | None:
        if call.seed != 1 or call.job is None or call.kind not in ("result", "other"):
            return None
        return edited(output=[url(call), *(url(more) for more in more_jobs(call, number - 1))], images=None)(call)

    return script


def more_jobs(call: Call, number: int) -> list[Call]:
    """Jobs that are in no ledger, whose pictures come with the one that was asked for."""
    assert call.job is not None
    found = []
    for n in range(number):
        name = f"{call.job.request_id}-{n}"
        job = Job(name, call.job.body, call.job.accepted_at, call.job.seconds, call.job.account, picture(1, 100 + n))
        call.service.jobs.setdefault(name, job)
        call.service.notes.setdefault("more pictures", {})[name] = job.picture
        found.append(Call(call.service, call.message, "picture", job, 1))
    return found


def others_are(reply: Reply, number: int = 3, *, seconds: float = 1e12) -> Script:
    """A result with more pictures, of which the last one is served badly for a time."""

    def script(call: Call) -> Answer | None:
        name = call.message.path.rpartition("/")[2].partition(".")[0]
        job = call.service.jobs.get(name)
        if call.kind != "picture" or job is None or not name.endswith(f"-{number - 2}"):
            return None
        if call.service.now() - job.accepted_at > seconds:  # even after the seven days that the contract promises
            return Answer(200, {"content-type": "image/jpeg"}, job.picture)
        return reply(call) if callable(reply) else reply

    return together(script, several(number))


def first_is(reply: Reply, *, seconds: float = 1e12) -> Script:
    """A result with two pictures, of which the first is served badly for a time."""

    def script(call: Call) -> Answer | None:
        is_first = call.kind == "picture" and call.job is not None and "-" not in call.job.request_id[-3:]
        if call.seed != 1 or not is_first or call.age > seconds:
            return None
        return reply(call) if callable(reply) else reply

    return together(script, several(2))


def _lines(text: str) -> list[str]:
    return [text[at : at + 76] for at in range(0, len(text), 76)]


TABLE = [
    *(row(f"output is {n}", on("result", edited(output=form, images=None))) for n, form in FORMS.items()),
    *(row(name, on("result", edited(**changes))) for name, changes in SERVED_ELSEWHERE.items()),
    *(row(f"{number} pictures", several(number)) for number in (2, 4)),
    *(
        _row(f"another picture is not there for {name}", others_are(NOT_FOUND, seconds=seconds), LATER, calls=calls)
        for name, seconds, calls in (
            ("a minute", 80.0, again(1)),
            ("five minutes", 320.0, again(1)),
            ("half an hour", 1800.0, again(after=1800.0)),
            ("a day", DAY, again(after=DAY)),
            ("nine days", 9 * DAY, (RunCall(), RunCall(after=9 * DAY, options={"only_collect": True}))),
        )
    ),
    _row(
        "another picture is never there",
        others_are(NOT_FOUND),
        Expected(
            more_missing=1, within=TEN_MINUTES, error="1 of 3 pictures .* not served yet", stopped=ONE_IS_MISSING
        ),
        calls=again(),
    ),
    _row(
        "another picture is a text",
        others_are(A_TEXT),
        Expected(more_missing=1, within=SOON, error="1 of 3 pictures .* not served yet", stopped=ONE_IS_MISSING),
        calls=again(),
    ),
    _row(
        "the first picture is never there, and the other is",
        first_is(NOT_FOUND),
        Expected(kept=3, bad=OPEN, within=TEN_MINUTES, stopped=ONE_IS_MISSING),
    ),
    _row(
        "output is not understood, and the history has the address",
        on("result", edited(output={"artifact": 17}, images=None)),
        Expected(within=TEN_MINUTES),
        calls=again(),
    ),
    row("output is 200 nested lists", on("result", edited(output=lambda c: _nested(url(c), 200), images=None))),
    row(
        "output is a list of 10,000 nulls and an address",
        on("result", edited(output=lambda c: [None] * 10_000 + [url(c)], images=None)),
    ),
]


def _nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value
