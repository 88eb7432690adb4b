"""``df.pictures``: contact sheets of any frame with a column of pictures, ours or not.

pandas has no entry points for accessors. An ``import segflux_nb`` must not load pandas either, so the accessor is
registered when both are loaded, in either order: at once, or by a finder on ``sys.meta_path`` that waits for pandas.
The finder does not depend on being the one that finds pandas. Somebody may ask `importlib.util.find_spec` whether
pandas is installed, or load it by a finder or loader of their own; so it stays, and looks at each import whether
pandas is there by now.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import pandas as pd

    from .analysis.curves import Curve
    from .analysis.effects import Effects
    from .sheets.colours import ThemeName
    from .sheets.sheet import ContactSheet
    from .sheets.travel import Travel
    from .widgets.gallery import Gallery
    from .widgets.tuner import Tuner


class Pictures:
    """Shows a frame that has a column of pictures: paths, bytes, arrays, Pillow images, or Hugging Face's mappings.

    Parameters
    ----------
    frame:
        The frame.

    Example
    -------
    ``frame.pictures.sheet(cols="seed", rows="steps")``
    """

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
        captions: str | Sequence[str] = (),
        border: str | None = None,
        heat: str | None = None,
        relative_to: Mapping[str, Any] | None = None,
        theme: ThemeName | None = None,
        font: str | Path | None = None,
    ) -> ContactSheet:
        """The frame's contact sheet.

        The first axis not named becomes the columns, the second the rows, the third the outer axis. Every row is
        shown, or the sheet says how many are not: rows that share a cell stand beside each other.

        Parameters
        ----------
        cols:
            The column of the frame whose values are the columns of the sheet.
        rows:
            The column of the frame whose values are its rows.
        by:
            The outer axis; a list makes a grid of each combination of their values, and ``[]`` means none.
        image:
            The column of pictures. Left out, it is found by what it holds.
        title:
            The title of the sheet.
        captions:
            Columns whose values are written under each picture.
        border:
            A column of numbers, shown as the colour of a border; of rows that share a cell, the mean.
        heat:
            A column of numbers, shown instead of the pictures; of rows that share a cell, the mean.
        relative_to:
            Values of axes, such as ``{"lora_strength": 0.0}``. Each picture gets below it the difference from the
            picture that has these values and is the same in all other axes.
        theme:
            ``light`` or ``dark``. Left out, pictures are light (in notebooks as the environment variable
            ``SEGFLUX_THEME`` says), and HTML is as the reader's system prefers.
        font:
            The path of a font in which pictures are written: TrueType or OpenType. Left out, DejaVu Sans.

        Raises
        ------
        SegfluxError
            If a column does not exist, or there is nothing to show.

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
            font=font,
        )

    def travel(
        self,
        axis: str,
        *,
        cols: str | None = None,
        rows: str | None = None,
        image: str | None = None,
        title: str = "",
        crossfade: bool = False,
        theme: ThemeName | None = None,
        font: str | Path | None = None,
    ) -> Travel:
        """A loop along a column: the pictures of one value after the other, there and back; see `Runs.travel`.

        Parameters
        ----------
        axis:
            The column. Each of its values is shown for a moment, the first and the last one for longer.
        cols:
            The column of the frame whose values stand side by side.
        rows:
            The column whose values stand below each other.
        image:
            The column of pictures, as in `sheet`.
        title:
            The title above the pictures.
        crossfade:
            Whether each picture fades into the next one.
        theme:
            ``light`` or ``dark``. Left out, light; in notebooks as the environment variable ``SEGFLUX_THEME`` says.
        font:
            The path of a font: TrueType or OpenType. Left out, DejaVu Sans.

        Raises
        ------
        SegfluxError
            If a column does not exist, or the axis has fewer than two values.

        Example
        -------
        ``frame.pictures.travel("guidance").save("travel.webp")``
        """
        from .sheets.travel import travel

        return travel(
            self._frame,
            axis,
            cols=cols,
            rows=rows,
            image=image,
            title=title,
            crossfade=crossfade,
            theme=theme,
            font=font,
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

        Parameters
        ----------
        cols:
            The column of the frame whose values are the columns at first; it can be changed in the gallery.
        rows:
            The column whose values are the rows at first.
        by:
            The outer axis at first.
        image:
            The column of pictures, as in `sheet`.
        title:
            The title of the gallery.

        Raises
        ------
        SegfluxError
            If a column does not exist, or there is nothing to show.

        Example
        -------
        ``gallery = frame.pictures.gallery()``
        """
        from .widgets.gallery import Gallery

        return Gallery(self._frame, cols=cols, rows=rows, by=by, image=image, title=title)

    def compare(
        self,
        *rows: Any,
        image: str | None = None,
        theme: ThemeName | None = None,
        font: str | Path | None = None,
    ) -> ContactSheet:
        """Rows side by side, each with its difference from the first. The title says in which columns they differ.

        Parameters
        ----------
        rows:
            Labels of the index.
        image:
            The column of pictures, as in `sheet`.
        theme:
            ``light`` or ``dark``. Left out, pictures are light (in notebooks as the environment variable
            ``SEGFLUX_THEME`` says), and HTML is as the reader's system prefers.
        font:
            The path of a font in which pictures are written: TrueType or OpenType. Left out, DejaVu Sans.

        Raises
        ------
        SegfluxError
            If a row does not exist, or there are fewer than two.

        Example
        -------
        ``frame.pictures.compare(0, 3)``
        """
        from .sheets.comparison import compare

        return compare(self._frame, rows, image=image, theme=theme, font=font)

    def effects(self, *, image: str | None = None) -> Effects:
        """What each setting, and each pair of settings, does to the pictures; see `Runs.effects`.

        The settings are the axes of the frame: those that `read_folder` found, or else the columns that vary. Noise
        is what pictures with equal settings differ by, where there are any.

        Parameters
        ----------
        image:
            The column of pictures, as in `sheet`.

        Raises
        ------
        SegfluxError
            If fewer than two rows have a picture that can be read.

        Example
        -------
        ``sf.read_folder("outputs").pictures.effects()``
        """
        from .pictures_verbs.effects import effects

        return effects(self._frame, image=image)

    def curve(
        self,
        axis: str = "lora_strength",
        *,
        by: str | None = None,
        relative_to: Mapping[str, Any] | None = None,
        image: str | None = None,
    ) -> Curve:
        """Drift from a reference, overcooking and spread along a column of numbers; see `Runs.curve`.

        Parameters
        ----------
        axis:
            A column of numbers, such as ``step`` or ``epoch`` of samples of a training.
        by:
            The column whose values are lines; fine-tunes if left out and they vary.
        relative_to:
            The values of the pictures that the others are compared with, such as ``{"step": 250}``; all else is the
            same. Left out, they are those at ``lora_strength`` 0, or at 0 of the axis.
        image:
            The column of pictures, as in `sheet`.

        Raises
        ------
        SegfluxError
            If the column has fewer than two numbers, or there is nothing to compare with.

        Example
        -------
        ``sf.read_folder("output/tok/samples").pictures.curve("step")``
        """
        from .pictures_verbs.curve import curve

        return curve(self._frame, axis, by=by, relative_to=relative_to, image=image)

    def tuner(
        self,
        axis: str | Sequence[str] | None = None,
        *,
        rater: str | None = None,
        votes: str | Path | None = None,
        image: str | None = None,
    ) -> Tuner:
        """Find the best value of a column by looking, with blind votes between pairs; see `Runs.tuner`.

        The pictures are not runs, so `Tuner.next_sweep` cannot propose more of them.

        Parameters
        ----------
        axis:
            What is tuned: a column, or a list of several. Left out, as in `Runs.tuner`.
        rater:
            The name under which votes are kept; your user name on this machine if left out.
        votes:
            The file in which votes are kept, such as ``votes.jsonl``: each at once, and they are there when the
            folder is read again. Left out, they end with the kernel.
        image:
            The column of pictures, as in `sheet`.

        Raises
        ------
        SegfluxError
            If fewer than two values have pictures, or the file of votes cannot be used.

        Example
        -------
        ``tuner = frame.pictures.tuner("cfg_scale", votes="votes.jsonl")``
        """
        from .pictures_verbs.tuner import tuner

        return tuner(self._frame, axis, rater=rater, votes=votes, image=image)

    def bundle(
        self, path: str | Path, *, license: str | None = None, title: str | None = None, image: str | None = None
    ) -> Path:
        """Write the frame and its pictures, byte for byte, to one file, which `read_folder` opens again.

        The pictures are no runs, so there is nothing to replay: for runs use `Runs.bundle`. All that is in the
        columns and in the files of the pictures is in the file. It prints one line about it.

        Parameters
        ----------
        path:
            The file; its name ends in ``.sfx``. One that exists is replaced.
        license:
            The licence of the pictures, for the data card.
        title:
            What the data card calls the study.
        image:
            The column of pictures, as in `sheet`.

        Raises
        ------
        SegfluxError
            If a text holds what looks like an API key, the name has another ending, or the file cannot be written.

        Example
        -------
        ``frame.pictures.bundle("study.sfx"); sf.read_folder("study.sfx").pictures.sheet()``
        """
        from .pictures_verbs.bundle import bundle

        return bundle(self._frame, path, license=license, title=title, image=image)

    def export(
        self,
        folder: str | Path,
        *,
        image: str | None = None,
        names: str | None = None,
        metadata: bool = True,
        parquet: bool = False,
    ) -> Path:
        """Write pictures under readable names, tables, the sheet and a report to a folder; see `Runs.export`.

        Parameters
        ----------
        folder:
            The folder; it is made if it does not exist.
        image:
            The column of pictures, as in `sheet`.
        names:
            How pictures are named: ``"{lora_strength}-{seed}"``, with columns of the frame. Left out, by what varies.
        metadata:
            Whether the copies carry their parameters.
        parquet:
            Also write ``runs.parquet``; needs ``pip install "segflux-nb[parquet]"``.

        Raises
        ------
        SegfluxError
            If a table holds what looks like an API key, a name is not a column, or the folder cannot be written.

        Example
        -------
        ``runs.df.query("stars >= 4").pictures.export("best", names="{lora_strength}-{seed}")``
        """
        from .exporting.folder import export
        from .saving import folder_to_write

        return export(
            self._frame, folder_to_write(folder), image=image, names=names, metadata=metadata, parquet=parquet
        )


def register(pandas: Any) -> None:
    """Give frames the accessor, if they do not have it yet."""
    if not hasattr(pandas.DataFrame, "pictures"):
        pandas.api.extensions.register_dataframe_accessor("pictures")(Pictures)


def register_when_loaded() -> None:
    """Register the accessor now if pandas is loaded, else as soon as it is."""
    _register_if_loaded()
    if not any(isinstance(finder, _WhenPandasLoads) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WhenPandasLoads())


def _register_if_loaded() -> None:
    """Register the accessor if pandas is there, or far enough to take one; nothing is loaded for it."""
    pandas = sys.modules.get("pandas")
    # Not getattr: it would load a module that somebody made lazy.
    known = {} if pandas is None else object.__getattribute__(pandas, "__dict__")
    if "DataFrame" in known and hasattr(known.get("api"), "extensions"):
        register(pandas)


class _WhenPandasLoads(MetaPathFinder):
    """Adds a last step to the loading of pandas, and finds nothing by itself.

    It stays after pandas was loaded: pandas may be removed from `sys.modules` and imported again.
    """

    def __init__(self) -> None:
        self._asking = threading.local()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "pandas":
            _register_if_loaded()
            return None
        if getattr(self._asking, "others", False):
            return None
        self._asking.others = True
        try:
            spec = self._found_by_others(fullname, path, target)
        finally:
            self._asking.others = False
        if spec is not None and spec.loader is not None:
            spec.loader = _ThenRegister(spec.loader)
        return spec

    def _found_by_others(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        """What the finders after this one find."""
        finders = list(sys.meta_path)
        after = finders[finders.index(self) + 1 :] if self in finders else finders
        for finder in after:
            find = getattr(finder, "find_spec", None)
            spec = None if find is None else find(fullname, path, target)
            if spec is not None:
                return cast("ModuleSpec", spec)
        return None


class _ThenRegister(Loader):
    """A loader that does what another one does, and then registers the accessor."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        # Who asks find_spec("pandas") may read its source, its resources or its path with the loader.
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # pandas keeps its own loader: some of its code asks for it.
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        _register_if_loaded()
