"""Builds wheel and sdist, checks both, and installs them into empty environments of every Python that is at hand.

Of a version that is not, only that all dependencies have wheels is checked.
In each environment, the package is used with all of Jupyter removed: a sweep on the simulator, a sheet, an export;
what asks for a widget must say what is missing. Every extra must have versions that go together.

Run with: make packaging
"""

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / ".matrix" / "dist"
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
JUPYTER = (
    "ipython",
    "ipykernel",
    "jupyterlab",
    "ipywidgets",
    "anywidget",
    "jupyterlab_widgets",
    "widgetsnbextension",
    "comm",
)

SMOKE = """
import importlib.util
import segflux_nb as sf

for name in ("IPython", "ipykernel", "jupyterlab", "ipywidgets", "anywidget"):
    assert importlib.util.find_spec(name) is None, name
with sf.Simulator() as simulator, sf.Workspace("tok", service=simulator) as ws:
    runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=7, lora_strength=[0.4, 1.0], steps=4))
    assert runs.counts == {"completed": 2}
    assert runs.sheet().save("sheet.png").stat().st_size > 10_000
    assert (runs.export("out") / "report.html").exists()
    assert sf.read_metadata(next((runs.export_imagefolder("dataset") / "train").glob("*.jpg"))).source == "segflux"
    for ask in (runs.gallery, runs.tuner, ws.builder):
        try:
            ask()
        except sf.SegfluxError as error:
            assert "pip install anywidget ipywidgets" in str(error)
        else:
            raise AssertionError(f"{ask} does not say what is missing")
"""


def run(*command: object, **options: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def interpreter(version: str) -> str | None:
    """A Python of a version, on the path or of pyenv; None if there is none."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for place in (*map(str, pyenv), shutil.which(f"python{version}"), sys.executable):
        if place is None:
            continue
        said = subprocess.run(
            [place, "-c", "import sys; print(sys.version)"], capture_output=True, text=True, check=False
        )
        if said.returncode == 0 and said.stdout.startswith(f"{version}."):
            return place
    return None


def check_contents(wheel: Path) -> None:
    """The wheel has all files of the package that git keeps, and nothing else of ours."""
    names = set(zipfile.ZipFile(wheel).namelist())
    kept = run("git", "ls-files", "segflux_nb", "pytest_segflux.py", cwd=ROOT).splitlines()
    missing = [name for name in kept if name not in names and (ROOT / name).exists()]
    if missing:
        sys.exit(f"{wheel.name} lacks {', '.join(missing[:5])}")


def check_wheels(wheel: Path, version: str, extras: Sequence[str]) -> None:
    """All that the package and its extras need has wheels for a version of Python that is not on this machine.

    Parameters
    ----------
    wheel:
        The package's wheel.
    version:
        The version.
    extras:
        The names of the extras.
    """
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--dry-run")
    with tempfile.TemporaryDirectory() as folder:
        other = ("--python-version", version, "--only-binary=:all:", "--target", folder)
        run(*pip, *other, f"segflux-nb[{','.join(extras)}] @ {wheel.as_uri()}")


def main() -> None:
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", DIST, ROOT)
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist)
    run(Path(sys.executable).parent / "check-wheel-contents", wheel, cwd=ROOT)
    check_contents(wheel)
    print(f"{wheel.name}, {sdist.name}: built, and their contents and metadata are in order")
    extras = sorted(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    used = []
    for version in VERSIONS:
        python = interpreter(version)
        if python is None:
            check_wheels(wheel, version, extras)
            print(f"Python {version}: not on this machine, so not run; there are wheels of all that is needed")
            continue
        with tempfile.TemporaryDirectory() as folder:
            run(python, "-m", "venv", f"{folder}/env")
            own, pip = (
                f"{folder}/env/bin/python",
                (f"{folder}/env/bin/python", "-m", "pip", "--disable-pip-version-check"),
            )
            run(*pip, "install", "--quiet", sdist if not used else wheel)  # the sdist once
            run(*pip, "check")
            for extra in extras:
                run(*pip, "install", "--quiet", "--dry-run", f"segflux-nb[{extra}] @ {wheel.as_uri()}")
            run(*pip, "uninstall", "--quiet", "--yes", *JUPYTER)
            run(own, "-W", "error::SyntaxWarning", "-c", SMOKE, cwd=folder)
            said = run(f"{folder}/env/bin/segflux", "--version", cwd=folder)
            if not re.search(r"\d+\.\d+\.\d+", said):
                sys.exit(f"segflux --version says {said}")
        used.append(version)
        what = "sdist" if len(used) == 1 else "wheel"
        print(f"Python {version}: {what} installed; used without Jupyter; extras go together: {', '.join(extras)}")
    if not used:
        sys.exit("No Python was found")


if __name__ == "__main__":
    main()
