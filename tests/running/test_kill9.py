"""Real SIGKILLs in the middle of sweeps over loopback HTTP; `make soak` kills a thousand times.

The history is declared complete.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres_server import skip_without_postgres

SOAK = Path(__file__).parents[1] / "soak" / "kill9.py"


def kill(number, *options):
    seed = random.SystemRandom().randrange(10**6)
    command = [sys.executable, str(SOAK), "--kills", str(number), "--seed", str(seed), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"seed {seed}\n{done.stdout}\n{done.stderr}"
    assert "0 paid twice, 0 lost, 0 pictures missing, 0 corrupt" in done.stdout
    assert done.stderr == ""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL and fork")
@pytest.mark.parametrize(("number", "options"), [(50, []), (26, ["--with-store"])], ids=["folder", "store"])
def test_kills_lose_and_double_pay_nothing(number, options):
    kill(number, *options)


@pytest.mark.parametrize("number", [12, pytest.param(200, marks=pytest.mark.long)])
def test_kills_lose_and_double_pay_nothing_where_the_log_is_in_a_database(number):
    skip_without_postgres()
    kill(number, "--postgres")
