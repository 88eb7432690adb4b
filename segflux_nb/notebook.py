"""What a notebook needs: whether there is one, and how an object appears in it.

A notebook is checked by running it again and comparing the outputs (nbval compares ``text/plain`` and ``text/html``).
So every object has the same text on every execution. What changes between executions (counts, money, time) is shown
by a widget, whose content is not saved as text, and pictures go out as ``image/jpeg``, which nbval does not compare.

IPython and ipywidgets are imported when they are first used: `in_kernel` works where neither is installed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ipywidgets

MimeBundle = dict[str, Any]
"""Data by mime type, as Jupyter's display protocol has it."""


def in_kernel() -> bool:
    """Whether this runs in a Jupyter kernel. It does not import IPython to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell" or hasattr(shell, "kernel")


def in_marimo() -> bool:
    """Whether this runs in a cell of marimo. It does not import marimo to find out."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def show_in_marimo(widget: Any) -> None:
    """Show a widget in the output of the current cell of marimo, while the cell runs."""
    sys.modules["marimo"].output.append(widget)


def widget_bundle(widget: ipywidgets.Widget, text: str, static: str = "") -> MimeBundle:
    """The mime bundle of a widget, with a text that is the same on every execution.

    Parameters
    ----------
    widget:
        The widget.
    text:
        The text that the saved notebook holds.
    static:
        HTML for places without widgets, such as a page by nbconvert; it too must be the same on every execution.
    """
    found: Any = widget._repr_mimebundle_()
    data = found[0] if isinstance(found, tuple) else found  # anywidget gives data and metadata, ipywidgets data alone
    return {**data, "text/plain": text, **({"text/html": static} if static else {})}


def volatile_bundle(text: str, html: str, static: str = "") -> MimeBundle:
    """The mime bundle of an object whose content changes between executions: the content is shown by a widget.

    Parameters
    ----------
    text:
        The text that the saved notebook holds.
    html:
        What the widget shows.
    static:
        HTML for places without widgets; it too must be the same on every execution.
    """
    import ipywidgets

    return widget_bundle(ipywidgets.HTML(html), text, static)


def picture_bundle(text: str, jpeg: str, more: Mapping[str, Any] | None = None) -> tuple[MimeBundle, MimeBundle]:
    """Data and metadata of a picture.

    Parameters
    ----------
    text:
        The picture in words; also its alternative text.
    jpeg:
        The picture as a JPEG in base64.
    more:
        More metadata, beside the alternative text.
    """
    return {"text/plain": text, "image/jpeg": jpeg}, {"image/jpeg": {"alt": text}, **(more or {})}


def display_bundle(data: MimeBundle, metadata: MimeBundle | None = None) -> None:
    """Show a mime bundle in the output of the current cell.

    Parameters
    ----------
    data:
        Data by mime type.
    metadata:
        Metadata by mime type, such as an alternative text.
    """
    from IPython.display import display

    display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]  # IPython has no types
