"""Execute the notebooks and save their outputs, the same bytes for the same outputs."""

from pathlib import Path

from segflux_nb.checking.notebooks import execute
from segflux_nb.checking.start import clear

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def main() -> None:
    clear(NOTEBOOKS)
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        execute(path, timeout=300, kernel="python3")
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
