"""Input pictures in a workspace: the folder ``inputs/`` keeps their bytes, so that a restart loses none."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import DamagedError, PictureError, SegfluxError, StoreError, SweepError, WorkspaceError
from ..input_pictures import bytes_of, know, media_type, name_of, parts_of_text, what_happened
from ..markup import count, plain, shorten
from ..model import MODEL, Model, Parameter
from ..parameter import ANY, Way
from ..paths import is_path, parts_of
from ..schema_words import way_of
from ..sweep.request import Request
from .decode import decode
from .mounted import tier_of
from .shared_inputs import FOLDER, path_of, read_input
from .store import write_whole

NAMES = "names.jsonl"
"""The file in it that says what people call them."""

_MOST_NAMES = 4 << 20

ModelOf = Callable[[str], Model]


def inputs_of(request: Request) -> list[str]:
    """The input pictures of a request. The own model has no field for one: there such a text is a text."""
    if request.model == MODEL.slug:
        return []
    return [str(value) for value in request.parameters.values() if parts_of_text(value)]


def missing_note(folder: Path, text: str) -> str:
    """What is said of an input picture whose bytes are nowhere.

    Parameters
    ----------
    folder:
        The workspace's folder.
    text:
        The text that stands for it.
    """
    tier = tier_of(folder)
    where = "not in this workspace" if tier is None else f"neither in this workspace's folder nor in {tier.address}"
    if happened := what_happened(text):
        return f"The file of the input picture {name_of(text)!r} {happened}, and its bytes are {where}"
    return (
        f"The bytes of the input picture {name_of(text)!r} ({text}) are {where}, and no file that this notebook has"
        " read holds them now"
    )


def notes_of_inputs(
    folder: Path, requests: Iterable[Request], model_of: ModelOf, is_stored: Callable[[str], bool]
) -> Iterator[str]:
    """What a plan says of the input pictures of what would be submitted: how many, how large, what is uploaded first.

    Parameters
    ----------
    folder:
        The workspace's folder.
    requests:
        What would be submitted.
    model_of:
        Gives what is known of a model.
    is_stored:
        Whether the service has a picture already.
    """
    found: dict[str, bool] = {}
    for request in requests:
        if own := inputs_of(request):
            by_address = set(sent_by_address(request, model_of))
            found |= {text: found.get(text, False) or text in by_address for text in own}
    sizes = {text: size_of(folder, text) for text in found}
    unasked = ""
    if (tier := tier_of(folder)) is not None and (away := [text for text, size in sizes.items() if size is None]):
        try:
            known = tier.inputs.sizes(list(map(path_of, away)))
            sizes |= {text: known.get(path_of(text)) for text in away}
        except StoreError as error:
            unasked = (
                f"{count(len(away), 'input picture')} not in this folder, and the store cannot be asked: {error.why}"
            )
    if found:
        in_all = sum(size or 0 for size in sizes.values())
        to_store = [text for text, is_needed in found.items() if is_needed and not is_stored(text)]
        line = f"{count(len(found), 'input picture')}, {_amount(in_all)}"
        if to_store:
            first = "is uploaded" if len(to_store) == 1 else "are uploaded"
            line += f"; {len(to_store):,} {first} first, free, to a storage where who has the address sees them"
        elif any(found.values()):
            line += "; uploaded already"
        yield line
    if unasked:
        yield unasked
    else:
        yield from (missing_note(folder, text) for text, size in sizes.items() if size is None)


def size_of(folder: Path, text: str) -> int | None:
    """The bytes of an input picture, which a workspace or this process has; None if neither does.

    Parameters
    ----------
    folder:
        The workspace's folder.
    text:
        The text that stands for it.
    """
    data = read_input(folder, path_of(text))
    data = bytes_of(text) if data is None else data
    return None if data is None else len(data)


def _amount(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"


def keep_inputs(folder: Path, requests: Iterable[Request]) -> None:
    """Keep the bytes of all input pictures of some requests in the folder.

    Parameters
    ----------
    folder:
        The workspace's folder.
    requests:
        What will be submitted.

    Raises
    ------
    SweepError
        If the bytes of one are nowhere, or are no whole picture.
    WorkspaceError
        If one cannot be written, or the store that may have it does not answer.
    """
    texts = _inputs_of_all(requests)
    noted = _noted(folder) if texts else {}
    for text in texts:
        _note_name(folder, text, noted)
        if read_input(folder, path_of(text)) is not None:
            continue
        data = bytes_of(text)
        if data is None:
            try:
                fetch_input(folder, text)
            except OSError as error:
                raise not_fetched(folder, text, error) from None
            continue
        try:
            decode(data)
        except PictureError as error:
            raise SweepError(
                f"The input picture {name_of(text)!r} cannot be used: {error.what}",
                money="nothing was billed",
                remedy="Give a whole picture",
            ) from None
        try:
            write_whole(folder / path_of(text), data, durable=True)
        except OSError as error:
            raise _not_written(folder, text, error) from None


def not_kept(folder: Path, requests: Iterable[Request]) -> list[str]:
    """The input pictures of some requests that the folder does not have, or with other bytes.

    Parameters
    ----------
    folder:
        The workspace's folder.
    requests:
        The requests.
    """
    return [text for text in _inputs_of_all(requests) if read_input(folder, path_of(text)) is None]


def fetch_input(folder: Path, text: str) -> None:
    """Bring an input picture from the store to the folder.

    Parameters
    ----------
    folder:
        The workspace's folder.
    text:
        The text that stands for it.

    Raises
    ------
    OSError
        If the store has it not, or other bytes; if the store does not answer; if it cannot be written; if there is no
        store. `not_fetched` says it in words.
    """
    tier = tier_of(folder)
    if tier is None:
        raise FileNotFoundError
    tier.inputs.fetch(path_of(text))


def not_fetched(folder: Path, text: str, error: OSError) -> SegfluxError:
    """The error of an input picture that is not in the folder, and cannot be brought there.

    Parameters
    ----------
    folder:
        The workspace's folder.
    text:
        The text that stands for it.
    error:
        What `fetch_input` raised.
    """
    again = "Make the sweep again with the picture's file or image"
    tier, name = tier_of(folder), name_of(text)
    match error:
        case FileNotFoundError():
            return SweepError(missing_note(folder, text), money="nothing was billed", remedy=again)
        case StoreError():
            return WorkspaceError(
                f"The input picture {name!r} is not in this workspace's folder, and cannot be read: {error.why}",
                money="nothing was billed",
                remedy="Try again when the store answers" if error.is_passing else "Mend that, and try again",
            )
        case DamagedError():
            return SweepError(
                f"The input picture {name!r} is not in this workspace's folder, and {tier and tier.address} has other"
                f" bytes under its name, {path_of(text)}",
                money="nothing was billed",
                remedy=f"{again}, where that is: this brings it to the store again",
            )
        case _:
            return _not_written(folder, text, error)


def share_inputs(folder: Path, requests: Iterable[Request]) -> None:
    """Bring all input pictures of some requests into the store, where there is one: other machines read them there.

    Parameters
    ----------
    folder:
        The workspace's folder, which has them.
    requests:
        What will be submitted.

    Raises
    ------
    WorkspaceError
        If the store does not take one. Then nothing may be entered that needs it.
    """
    tier, texts = tier_of(folder), _inputs_of_all(requests)
    if tier is None or not texts:
        return
    tier.check_open()
    try:
        tier.inputs.share([path_of(text) for text in texts])
    except StoreError as error:
        raise WorkspaceError(
            f"Input pictures cannot be kept in {error.why}. Nothing was entered",
            money="nothing was billed",
            remedy=f"{'Try again when the store answers' if error.is_passing else 'Mend that, and try again'}: other"
            " machines read them from there",
        ) from None


def _inputs_of_all(requests: Iterable[Request]) -> list[str]:
    """The input pictures of some requests, each once."""
    return list(dict.fromkeys(text for request in requests for text in inputs_of(request)))


def _not_written(folder: Path, text: str, error: OSError) -> WorkspaceError:
    """The error of an input picture that the disk does not take.

    Parameters
    ----------
    folder:
        The workspace's folder.
    text:
        The text that stands for the picture.
    error:
        Why.
    """
    return WorkspaceError(
        f"The input picture cannot be written to {(folder / path_of(text)).parent}: {error.strerror or error}",
        money="nothing was billed",
        remedy="Free space or allow writing, then run the sweep again",
    )


def know_names(folder: Path) -> None:
    """Learn what people called the pictures that a workspace keeps."""
    for picture, name in _noted(folder).items():
        know(picture, name)


def _note_name(folder: Path, text: str, noted: Mapping[str, str]) -> None:
    """Note what people call a picture, so that later sessions call it so too.

    Parameters
    ----------
    folder:
        The workspace's folder.
    text:
        The text that stands for the picture.
    noted:
        What is noted.
    """
    name = name_of(text)
    if name.startswith("picture ") or text in noted:
        return
    with contextlib.suppress(OSError):  # it is for the eye alone
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        with open(folder / FOLDER / NAMES, "ab") as file:
            file.write(json.dumps([text, name]).encode() + b"\n")


def _noted(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        lines = (folder / FOLDER / NAMES).read_bytes()[:_MOST_NAMES].splitlines()
    except OSError:
        return {}
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError):
            said = json.loads(line)
            picture, name = said if isinstance(said, list) and len(said) == 2 else ("", "")
            if parts_of_text(picture) and isinstance(name, str):
                found.setdefault(picture, shorten(plain(name), 100))
    return found


def sent_by_address(request: Request, model_of: ModelOf) -> list[str]:
    """The input pictures of a request that its model takes by the address at which they are stored.

    Parameters
    ----------
    request:
        The request.
    model_of:
        Gives what is known of a model.
    """
    if not inputs_of(request):
        return []
    model = model_of(request.model)
    return [
        str(value)
        for path, value in request.parameters.items()
        if parts_of_text(value) and _way(model.parameter(path) or ANY, _last_name(path)) == "url"
    ]


def _last_name(path: str) -> str:
    """The name of the field that a path leads to, or of the list."""
    return next((part for part in reversed(parts_of(path)) if isinstance(part, str)), path) if is_path(path) else path


def _way(parameter: Parameter, name: str) -> Way:
    """How a picture is sent; of a field of which nothing is known, its name tells it.

    Parameters
    ----------
    parameter:
        The field.
    name:
        Its name, or that of the list that it is in.
    """
    return way_of(name, {}) if parameter.kind != "picture" else parameter.sent_as


def bytes_kept(folder: Path, text: str) -> bytes:
    """The bytes of an input picture that a workspace keeps.

    Parameters
    ----------
    folder:
        The workspace's folder.
    text:
        The text that stands for the picture.

    Raises
    ------
    WorkspaceError
        If they are gone, or others by now.
    """
    path = path_of(text)
    data = read_input(folder, path)
    if data is not None:
        return data
    if not (folder / path).exists():
        raise WorkspaceError(
            f"The input picture {path} is not in the workspace's folder on this machine, {folder}",
            money="nothing was billed",
            remedy="Run the sweep, or its worker, with the folder where it was made; or make the sweep here with the"
            " picture's file or image",
        )
    raise WorkspaceError(
        f"The bytes of the input picture {path} have changed",
        money="nothing was billed",
        remedy="Make the sweep again with the picture's file or image, and run it",
    )


def filled(folder: Path, request: Request, model: Model, addresses: Mapping[str, str]) -> dict[str, Any]:
    """The body of a request with its input pictures as the model takes them: base64, a ``data:`` URL, or an address.

    Parameters
    ----------
    folder:
        The workspace's folder.
    request:
        The request.
    model:
        What is known of its model.
    addresses:
        Where those pictures are that the model takes by their address.

    Raises
    ------
    WorkspaceError
        If the bytes of a picture are gone.
    """
    body = request.body
    if not inputs_of(request):
        return body

    def sent(value: Any, parameter: Parameter, name: str) -> Any:
        if isinstance(value, Mapping):
            return {key: sent(one, parameter.fields.get(key, ANY), key) for key, one in value.items()}
        if isinstance(value, list):
            return [sent(one, parameter.items or ANY, name) for one in value]
        found = parts_of_text(value)
        if found is None:
            return value
        way = _way(parameter, name)
        if way == "url" and value in addresses:
            return addresses[value]
        text = base64.b64encode(bytes_kept(folder, value)).decode("ascii")
        return text if way == "base64" else f"data:{media_type(found[1])};base64,{text}"

    return {name: sent(value, model.parameters.get(name, ANY), name) for name, value in body.items()}
