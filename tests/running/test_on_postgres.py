"""The tests of the engine that play in virtual time, once more with a log in PostgreSQL.

Not `test_bad_days`, whose 20,000 runs would take an hour there: `test_stateful` and `test_kill9` have the same faults
and deaths. Not `tests/hostile`, which is about answers of the service and not about the log.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres_server import skip_without_postgres

HERE = Path(__file__).parent
SHORT = ("test_stopped_processes", "test_reconciling")
LONG = (
    *("test_collecting", "test_engine", "test_far_service", "test_isolation", "test_ownership"),
    *("test_ends", "test_waits", "test_refetching", "test_polling"),
)


@pytest.mark.parametrize("modules", [SHORT, pytest.param(LONG, marks=pytest.mark.long)], ids=["short", "long"])
def test_the_engine_keeps_its_promises_with_a_log_in_a_database(modules):
    skip_without_postgres()
    files = [str(HERE / f"{module}.py") for module in modules]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.bench_on_postgres", "-n0", *files]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parents[1])
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
