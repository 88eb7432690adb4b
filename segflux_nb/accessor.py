"""``df.pictures``: contact sheets of any frame with a column of pictures, ours or not.

pandas has no entry points for accessors, so this one is registered when pandas and this package are both loaded, in
whichever order; `segflux_nb` sees to it, and importing this module does too.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from .sheets.colours import ThemeName
    from .sheets.sheet import ContactSheet
    from .widgets.gallery import Gallery


class Pictures:
    """What a frame with a column of pictures can show: paths, bytes or Pillow images."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def sheet(
        self,
        *,
        cols: str | None = None,
        rows: str | None = None,
        by: str | Sequence[str] | None = None,
        image: str | None = None,
        title: str = "",
        captions: Sequence[str] = (),
        border: str | None = None,
        heat: str | None = None,
        relative_to: Mapping[str, Any] | None = None,
        theme: ThemeName = "light",
    ) -> ContactSheet:
        """The frame's contact sheet.

        The first axis not named becomes the columns, the second the rows, the third the outer axis.

        Parameters
        ----------
        cols, rows:
            Axes or other columns to lay out along.
        by:
            The outer axis; several for a grid of each combination of their values.
        image:
            The column of pictures; found by its name (``image``, ``path``, …), or by what it holds, if left out.
        title:
            Above the sheet.
        captions:
            Columns whose values stand under each picture.
        border:
            A column of numbers, shown as the colour of a border.
        heat:
            A column of numbers, shown in the place of the pictures.
        relative_to:
            Values of axes of the sheet, such as ``{"lora_strength": 0.0}``: below each picture stands its difference
            from the one that has these values and is otherwise its like.
        theme:
            ``light`` or ``dark``.

        Raises
        ------
        SegfluxError
            Where a column does not exist, or there is nothing to show.

        Example
        -------
        ``runs.df.query("lora_strength > 0.7").pictures.sheet(cols="seed", rows="lora_strength")``
        """
        from .sheets.sheet import contact_sheet

        return contact_sheet(
            self._frame,
            cols=cols,
            rows=rows,
            by=by,
            image=image,
            title=title,
            captions=captions,
            border=border,
            heat=heat,
            relative_to=relative_to,
            theme=theme,
        )

    def gallery(
        self,
        *,
        cols: str | None = None,
        rows: str | None = None,
        by: str | None = None,
        image: str | None = None,
        title: str = "",
    ) -> Gallery:
        """The frame as an interactive gallery; its `Gallery.marked` has what you mark in it.

        Example
        -------
        ``gallery = frame.pictures.gallery()``
        """
        from .widgets.gallery import Gallery

        return Gallery(self._frame, cols=cols, rows=rows, by=by, image=image, title=title)

    def compare(self, *rows: Any, image: str | None = None, theme: ThemeName = "light") -> ContactSheet:
        """Rows side by side, by the labels of the index, each with its difference from the first.

        The title says in which columns they differ. Raises as `sheet`.

        Example
        -------
        ``frame.pictures.compare(0, 3)``
        """
        from .sheets.comparison import compare

        return compare(self._frame, rows, image=image, theme=theme)

    def export(
        self, folder: str | Path, *, image: str | None = None, names: str | None = None, parquet: bool = False
    ) -> Path:
        """Write pictures under readable names, tables, the sheet and a report to a folder; see `Runs.export`.

        Example
        -------
        ``runs.df.query("stars >= 4").pictures.export("best", names="{lora_strength}-{seed}")``
        """
        from .exporting.folder import export

        return export(self._frame, Path(folder), image=image, names=names, parquet=parquet)


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
