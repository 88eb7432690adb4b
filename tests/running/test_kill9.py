"""Fifty real SIGKILLs in the middle of sweeps over loopback HTTP; `make soak` kills a thousand times.

The history is declared complete.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[1] / "soak" / "kill9.py"


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL and fork")
@pytest.mark.parametrize("options", [["--kills", "50"], ["--kills", "26", "--with-store"]], ids=["folder", "store"])
def test_kills_lose_and_double_pay_nothing(options):
    seed = random.SystemRandom().randrange(10**6)
    done = subprocess.run([sys.executable, str(SOAK), "--seed", str(seed), *options], capture_output=True, text=True)
    assert done.returncode == 0, f"seed {seed}\n{done.stdout}\n{done.stderr}"
    assert "0 paid twice, 0 lost, 0 pictures missing, 0 corrupt" in done.stdout
    assert done.stderr == ""
