"""``df.pictures``: contact sheets of any frame with a column of pictures, ours or not.

pandas has no entry points for accessors, so this one is registered when pandas and this package are both loaded, in
whichever order; `segflux_nb` sees to it, and importing this module does too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from .viewing.sheet import ContactSheet, ThemeName


class Pictures:
    """What a frame with a column of pictures can show: paths, bytes or Pillow images."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def sheet(
        self,
        *,
        cols: str | None = None,
        rows: str | None = None,
        by: str | None = None,
        image: str | None = None,
        title: str = "",
        theme: ThemeName = "light",
    ) -> ContactSheet:
        """The frame's contact sheet.

        Parameters
        ----------
        cols, rows, by:
            Columns of the frame to lay out along; left out, the first, second and third that vary.
        image:
            The column of pictures; found by its name (``image``, ``path``, …) if left out.
        title:
            Above the sheet.
        theme:
            ``light`` or ``dark``.

        Example
        -------
        ``runs.df.query("lora_strength > 0.7").pictures.sheet(cols="seed", rows="lora_strength")``
        """
        from .viewing.sheet import contact_sheet

        return contact_sheet(self._frame, cols=cols, rows=rows, by=by, image=image, title=title, theme=theme)


def register(pandas: Any) -> None:
    """Give frames the accessor; once."""
    if not hasattr(pandas.DataFrame, "pictures"):
        pandas.api.extensions.register_dataframe_accessor("pictures")(Pictures)


def register_when_loaded() -> None:
    """Register now if pandas is loaded, else as soon as it is."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and hasattr(pandas, "DataFrame"):
        register(pandas)
    elif not any(isinstance(finder, _WhenPandasLoads) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WhenPandasLoads())


class _WhenPandasLoads(MetaPathFinder):
    """Stands aside for every module but pandas, and for that one adds a last step to its loading."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "pandas":
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _ThenRegister(spec.loader)
        return spec


class _ThenRegister(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # pandas sees its own loader from here on, as if this one had never been.
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        register(module)
