"""Plants bugs, one at a time, and prints the test that finds each.

Each file of tests/mutants is a patch of the product. Its first line names the tests that should fail. The command
fails if a patch does not apply, if no test finds it, or if these tests fail without a patch.

Run with: make mutants; or, for some of them, python tools/mutants.py NAME ..., without ".patch".
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATCHES = sorted((ROOT / "tests" / "mutants").glob("*.patch"))
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def copy_to(folder: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def test(folder: Path, tests: list[str], processes: int = 0) -> tuple[bool, str]:
    together = ["-n", str(processes), "--dist", "loadgroup", "--no-loadscope-reorder"] if processes else []
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *together, *tests],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    return done.returncode == 0, done.stdout + done.stderr


def tests_of(patch: Path) -> list[str]:
    return patch.read_text().splitlines()[0].removeprefix("tests:").split()


def judge(patch: Path) -> tuple[bool, str]:
    """Whether the planted bug was found, and a line about it."""
    with tempfile.TemporaryDirectory() as name:
        copy_to(Path(name))
        applied = subprocess.run(
            ["git", "apply", "--recount", "-"],
            cwd=name,
            input=patch.read_text().split("\n", 2)[2],
            capture_output=True,
            text=True,
        )
        if applied.returncode:
            return False, f"{patch.stem}: DOES NOT APPLY: {applied.stderr.strip()}"
        passed, output = test(Path(name), tests_of(patch))
        found = FAILED.search(output)
        if passed or found is None:
            return (
                False,
                f"{patch.stem}: NOT FOUND by {' '.join(tests_of(patch))}\n{output[-800:] if not passed else ''}",
            )
        return True, f"{patch.stem}: {found[1]}"


def main() -> None:
    if unknown := set(sys.argv[1:]) - {patch.stem for patch in PATCHES}:
        sys.exit(f"there is no patch {', '.join(sorted(unknown))}")
    patches = [patch for patch in PATCHES if not sys.argv[1:] or patch.stem in sys.argv[1:]]
    good = True
    if not sys.argv[1:]:
        files = {name for patch in patches for name in tests_of(patch) if name.startswith("tests/")}
        passed, output = test(ROOT, sorted(files), os.cpu_count() or 1)
        print("unpatched: " + ("passes" if passed else f"FAILS\n{output[-3000:]}"), flush=True)
        good = passed
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found, line in pool.map(judge, patches):
            print(line, flush=True)
            good = good and found
    print(f"{len(patches)} planted bugs: {'all found' if good else 'NOT ALL FOUND'}")
    sys.exit(not good)


if __name__ == "__main__":
    main()
