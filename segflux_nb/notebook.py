"""What a notebook needs: whether there is one, and how an object appears in it.

A notebook is checked by running it again and comparing the outputs (nbval compares ``text/plain`` and ``text/html``).
So every object has the same text on every execution. What changes between executions (counts, money, time) is shown
by a widget, whose content is not saved as text, and pictures go out as ``image/jpeg``, which nbval does not compare.

IPython and anywidget are imported when they are first used: `in_kernel` works where neither is installed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import anywidget

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


def widget_bundle(widget: anywidget.AnyWidget, text: str, static: str = "") -> MimeBundle:
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
    return bundle_of(widget._repr_mimebundle_(), text, static)


def bundle_of(found: Any, text: str, static: str = "") -> MimeBundle:
    """The mime bundle of a widget that has one of its own, with a text that is the same on every execution.

    Parameters
    ----------
    found:
        The widget's own bundle.
    text:
        The text that the saved notebook holds.
    static:
        HTML for places without widgets; it too must be the same on every execution.
    """
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
    return widget_bundle(_words()(html=html), text, static)


@cache
def _words() -> Any:
    """The class of the widget that shows words; anywidget is imported when the first one is shown."""
    import anywidget
    import traitlets

    class Words(anywidget.AnyWidget):
        """Shows HTML that a template of ours made, which escapes what comes from elsewhere."""

        _esm = "export default { render({ model, el }) { el.innerHTML = model.get('html'); } };"
        html = traitlets.Unicode().tag(sync=True)

    return Words


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
