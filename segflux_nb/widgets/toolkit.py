"""The packages that widgets are made of. Without Jupyter they may be missing, and all else works.

Every module with a widget imports them from here, so that what is missing is said in a sentence.
"""

from ..errors import SegfluxError

try:
    import anywidget
    import traitlets
except ImportError as missing:
    raise SegfluxError(
        f"Widgets need Jupyter's packages, and {missing.name} is not installed",
        remedy='Run: pip install anywidget ipywidgets. Without them: runs.sheet(), runs.export("folder")',
    ) from None

__all__ = ["anywidget", "traitlets"]
