"""Draws the packages and their imports into docs/architecture.md, as a Mermaid diagram made from the real imports.

Run with: python tools/draw_architecture.py
"""

import re
import sys
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BLOCK = re.compile(r"```mermaid\n.*?```", re.DOTALL)

FOUNDATION = frozenset(
    {
        "backoff",
        "clock",
        "console",
        "daemon_executor",
        "errors",
        "interrupts",
        "lifecycle",
        "loopthread",
        "markup",
        "values",
        "model",
        "names",
        "saving",
        "version",
    }
)
"""Modules at the bottom that nearly everything imports: arrows to them would hide the others."""

LEFT_OUT = frozenset({"__init__", "__main__", "nesting"})
"""They load other modules by name, or nothing of the package needs them."""


def part_of(module: str) -> str:
    """The package or top module that a module belongs to."""
    return [*module.split("."), "__init__"][1]


def imports() -> dict[str, set[str]]:
    """Which part imports which others."""
    sys.path.insert(0, str(ROOT))
    graph = grimp.build_graph("segflux_nb", cache_dir=None)
    found: dict[str, set[str]] = {part_of(module): set() for module in graph.modules}
    for module in graph.modules:
        for target in graph.find_modules_directly_imported_by(module):
            found[part_of(module)].add(part_of(target))
    hidden = FOUNDATION | LEFT_OUT
    return {part: targets - hidden - {part} for part, targets in found.items() if part not in hidden}


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    """All parts that a part imports, directly or through others."""
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        part = waiting.pop()
        if part not in seen:
            seen.add(part)
            waiting.extend(graph[part])
    return seen


def reduced(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same graph without arrows that a longer way says already."""
    below = {part: reachable(graph, part) for part in graph}
    return {
        part: {target for target in targets if not any(target in below[other] for other in targets - {target})}
        for part, targets in graph.items()
    }


def diagram() -> str:
    """The diagram's text, the same for the same imports."""
    graph = imports()
    lines = ["flowchart TD"]
    lines += [
        f"    {part}[{part}/]" if (ROOT / "segflux_nb" / part).is_dir() else f"    {part}[{part}.py]"
        for part in sorted(graph)
    ]
    lines += [
        f"    {part} --> {target}" for part, targets in sorted(reduced(graph).items()) for target in sorted(targets)
    ]
    text = "\n".join(lines)
    return f"```mermaid\n{text}\n```"


if __name__ == "__main__":
    PAGE.write_text(BLOCK.sub(lambda _: diagram(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
