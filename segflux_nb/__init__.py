"""segflux_nb: explore Segmind's flux-dev-finetuned from a notebook.

Sweep (what to run) → Plan (what it will cost) → Runs (what happened) → ContactSheet (what it looks like). A
Workspace holds the folder and the connection.

The public names are in ``__init__.pyi``. They are loaded when they are first used, so that an import is fast.
"""

from lazy_loader import attach_stub

from .accessor import register_when_loaded

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)

register_when_loaded()
