"""Notebooks and cells as pytest collects them: nbval's, which execute and compare text, and here pictures too.

What nbval does stays as it is: its kernels, markers, tags, sanitizers, time-outs and comparison of text. Six things
are added. Pictures are compared. What a cell shows and changes later (`update_display_data`, `clear_output`) is
compared in its last state, as a saved notebook holds it, and what goes into an Output widget is not taken for the
cell's own. A semicolon at the end of a cell hides its value, as it does in Jupyter. Outputs that were saved without
their execution count, as ``nbstripout --keep-output`` leaves them, are compared. What is wrong is said in one line.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import nbval.plugin as nbval
import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr
from _pytest._io import TerminalWriter
from nbformat import ValidationError
from nbformat.reader import NotJSONError

from .outputs import compare_outputs, divided, svg_causes
from .results import CellResult, results_of
from .verdicts import Verdict
from .versions import differing

EXACT = "segflux_exact"

_SHOWN = ("display_data", "execute_result", "stream", "error")
"""The kinds of messages that show something."""

_VERSIONS = "segflux_nb.checking.versions"


_PYTHON = ("python", "python3", "ipython", "")
"""Languages of notebooks that this Python executes, in small letters; many notebooks do not say theirs."""


class CheckedFile(nbval.IPyNbFile):  # type: ignore[misc]  # nbval has no types
    """A notebook. Its kernel is started before its first cell is run, and stopped after the last one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shown: dict[str, list[tuple[list[Any], int]]] = {}
        self.current: CheckedCell | None = None
        self._clears = False
        self._captured_by: dict[str, str] = {}

    @property
    def relative(self) -> str:
        """The path of the notebook, as it is reached from where pytest was started."""
        try:
            return os.path.relpath(str(self.path), self.config.invocation_params.dir)
        except ValueError:  # another drive
            return str(self.path)

    def setup(self) -> None:
        """Start the kernel. It keeps a history of cells, so that a semicolon at the end hides a cell's value."""
        super().setup()
        client = self.kernel.kc

        def execute(code: str, allow_stdin: bool | None = None) -> Any:
            return client.execute(code, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)

        self.kernel.execute_cell_input = execute

    def setup_sanitize_files(self) -> None:
        """Read the sanitizers: first those that come with us, then the user's."""
        text = files(__package__).joinpath("sanitize.cfg").read_text(encoding="utf-8")
        self.sanitize_patterns.update(nbval.get_sanitize_patterns(text))
        super().setup_sanitize_files()

    def collect(self) -> Iterator[CheckedCell]:
        """The code cells of the notebook."""
        try:
            cells = list(super().collect())
        except (NotJSONError, ValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
            what = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise self.CollectError(f"{self.relative} is not a notebook: {what}") from None
        language = _language(self.nb.metadata)
        if self.config.option.nbval_current_env and language.lower() not in _PYTHON:
            raise self.CollectError(
                f"{self.relative} is written in {language}, and would be executed by this Python. "
                "Give the name of its kernel: --kernel of `segflux check`, --nbval-kernel-name of pytest"
            )
        for cell in cells:
            yield CheckedCell.from_parent(
                self, name=cell.name, cell_num=cell.cell_num, cell=cell.cell, options=cell.options
            )

    def get_kernel_message(self, timeout: float | None = None, stream: str = "iopub") -> Any:
        """The next message of the kernel that nbval knows. Later changes of what was shown are made here.

        Parameters
        ----------
        timeout:
            Seconds to wait.
        stream:
            The name of the channel.
        """
        while True:
            message = super().get_kernel_message(timeout, stream)
            kind, content = message["msg_type"], message["content"]
            if self._is_captured(kind, message):
                continue
            outputs = self.current.test_outputs if self.current is not None else None
            if kind == "clear_output":
                self._clears = bool(content.get("wait"))
                if not self._clears and outputs is not None:
                    outputs.clear()
                continue
            if kind in _SHOWN and self._clears:
                self._clears = False
                if outputs is not None:
                    outputs.clear()
            name = (content.get("transient") or {}).get("display_id")
            if kind in ("display_data", "execute_result") and name and outputs is not None:
                self.shown.setdefault(name, []).append((outputs, len(outputs)))  # nbval appends it next
            if kind == "update_display_data":
                for earlier, place in self.shown.get(name or "", ()):
                    if place < len(earlier):
                        earlier[place].update(_node({part: content[part] for part in ("data", "metadata")}))
                continue
            return message

    def _is_captured(self, kind: str, message: Mapping[str, Any]) -> bool:
        """Whether an output goes into an Output widget, and so not below its cell.

        Parameters
        ----------
        kind:
            The kind of the message.
        message:
            The message. Those of the widgets themselves say which cell's outputs they capture.
        """
        content = message["content"]
        if kind in ("comm_open", "comm_msg"):
            name, state = content.get("comm_id"), content.get("data", {}).get("state", {})
            if name in self._captured_by or state.get("_model_name") == "OutputModel":
                self._captured_by[name] = state.get("msg_id", self._captured_by.get(name, ""))
        parent = message["parent_header"].get("msg_id")
        return kind in _SHOWN and bool(parent) and parent in self._captured_by.values()


class CheckedCell(nbval.IPyNbCell):  # type: ignore[misc]  # nbval has no types
    """A code cell: it is executed, and its outputs are compared with those that are saved."""

    def runtest(self) -> None:
        """Execute the cell and compare its outputs."""
        self.parent.current = self
        self.result = CellResult(self.parent.relative, self.cell_num, self.cell.source)
        if self.cell.outputs and self.cell.execution_count is None:
            self.cell.execution_count = 0  # it was stripped; the outputs are there, so they are compared
        try:
            super().runtest()
        finally:
            is_compared = self.options["check"] and self.cell.execution_count is not None
            self.result.is_compared = is_compared or self.options["skip"]
            results_of(self.config).add(self.result)

    def compare_outputs(self, test: Any, ref: Any, skip_compare: Sequence[str] | None = None) -> bool:
        """Whether the outputs are the same: their texts, and what their pictures show.

        Parameters
        ----------
        test:
            The new outputs.
        ref:
            The saved outputs.
        skip_compare:
            Fields that are not compared as text.
        """
        new, saved = divided(test), divided(ref)
        same_text = super().compare_outputs(_nodes(new.texts), _nodes(saved.texts), skip_compare)
        findings = compare_outputs(saved, new, exact=bool(getattr(self.config.option, EXACT, False)))
        changed = [finding for finding in findings if finding.verdict is Verdict.CHANGED]
        self.result.add(findings)
        if not same_text:
            self.result.text_differs = True
            self.comparison_traceback += [line for line in (svg_causes(saved, new),) if line]
        if not changed:
            return bool(same_text)
        self.comparison_traceback += ["", *(finding.line for finding in changed)]
        now = self._kernel_versions() if self._saved_versions else {}
        versions = differing(self._saved_versions, now) if now else ""
        if versions and not any("likely cause" in finding.why for finding in changed):
            self.result.causes = f"the likely cause: since the notebook was saved, {versions}"
            self.comparison_traceback.append(self.result.causes)
        return False

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:
        """What pytest shows of a failed cell, with one line for its summary.

        Parameters
        ----------
        excinfo:
            What was raised.
        """
        text = super().repr_failure(excinfo)
        result = getattr(self, "result", None)
        if not isinstance(text, str) or result is None or not isinstance(excinfo.value, nbval.NbCellError):
            return text
        return _Failure(text, ReprFileLocation(str(self.path), self.cell_num, result.line(str(excinfo.value))))

    @property
    def _saved_versions(self) -> Mapping[str, str]:
        kept = self.parent.nb.metadata.get("segflux", {}).get("versions", {})
        return kept if isinstance(kept, Mapping) else {}

    def _kernel_versions(self) -> dict[str, str]:
        """The versions of the drawing libraries in the kernel; none where it does not say."""
        kernel = self.parent.kernel
        code = f"__import__({_VERSIONS!r}, fromlist=['x']).installed()"
        request = kernel.kc.execute("", silent=True, store_history=False, user_expressions={"versions": code})
        while True:
            try:
                reply = kernel.kc.get_shell_msg(timeout=self.output_timeout)
            except nbval.Empty:
                return {}
            if reply["parent_header"].get("msg_id") == request:
                break
        answer = reply["content"].get("user_expressions", {}).get("versions", {})
        text = answer.get("data", {}).get("text/plain", "{}") if answer.get("status") == "ok" else "{}"
        return _dictionary(text)


@dataclass
class _Failure(TerminalRepr):
    """A failed cell: nbval's text, and the place and the line of pytest's summary."""

    text: str
    reprcrash: ReprFileLocation

    def toterminal(self, tw: TerminalWriter) -> None:
        tw.line(self.text)


def _language(metadata: Mapping[str, Any]) -> str:
    """The language that a notebook says it is written in; empty where it says none."""
    parts = (metadata.get(name) for name in ("kernelspec", "language_info"))
    spec, info = (part if isinstance(part, Mapping) else {} for part in parts)
    return str(spec.get("language") or info.get("name") or "")


def _node(output: Mapping[str, Any]) -> Any:
    return nbval.nbformat.from_dict(output)


def _nodes(outputs: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [_node(output) for output in outputs]


def _dictionary(text: str) -> dict[str, str]:
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
