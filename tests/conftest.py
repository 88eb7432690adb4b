"""For all tests."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres_server import place, postgres, study  # noqa: F401 - fixtures

# No test asserts a time: a busy machine is no bug. The examples are the same in each run, so that a change that
# breaks nothing never fails; `HYPOTHESIS_PROFILE=searching` looks for new ones.
settings.register_profile("segflux", deadline=None, print_blob=True, derandomize=True)
settings.register_profile("searching", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "segflux"))

HERE = Path(__file__).parent

# `make test` runs two processes. These start first, because they take longest: no process works alone at the end.
FIRST = ["running/test_kill9.py", "browser", "running/test_engine.py", "running/test_processes.py", "test_kernel.py"]


@pytest.fixture(autouse=True)
def _interrupts_are_left_as_they_were():
    """A test, or what it calls, that keeps the handler of Ctrl-C takes it from all that come after."""
    before = signal.getsignal(signal.SIGINT)
    yield
    after = signal.getsignal(signal.SIGINT)
    if after is not before:
        signal.signal(signal.SIGINT, before)
        pytest.fail(f"the handler of SIGINT was {before} and is {after}")


def pytest_collection_modifyitems(items):
    """Keep the tests of a file in one process, and those with Chromium: their fixtures are made once."""

    def group(item):
        if HERE not in item.path.parents:
            return "doctests"
        path = item.path.relative_to(HERE)
        return "browser" if path.parts[0] == "browser" else path.as_posix()

    for item in items:
        if item.config.pluginmanager.hasplugin("xdist"):  # environments for other people's tools have none
            item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=lambda item: FIRST.index(group(item)) if group(item) in FIRST else len(FIRST))
