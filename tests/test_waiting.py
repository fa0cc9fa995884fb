"""Threads wait passively where the command line runs, unless the environment chooses."""

import subprocess
import sys

import pytest

from biodir.waiting import PASSIVE, wait_passively

# The command line sets the variables before anything imports torch, which reads them once.
SCRIPT = """
import os, sys
import biodir.cli
assert "torch" not in sys.modules
biodir.cli.main(["--version"])
print(os.environ.get("OMP_WAIT_POLICY"), os.environ.get("KMP_BLOCKTIME"))
"""


def test_variables_are_set():
    variables: dict[str, str] = {}
    wait_passively(variables)
    assert variables == PASSIVE


@pytest.mark.parametrize("chosen", ["OMP_WAIT_POLICY", "KMP_BLOCKTIME", "GOMP_SPINCOUNT"])
def test_choice_of_the_user_stays(chosen):
    variables = {chosen: "1"}
    wait_passively(variables)
    assert variables == {chosen: "1"}


def test_command_line_sets_them_before_torch():
    done = subprocess.run([sys.executable, "-c", SCRIPT], env={}, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-2:] == ["PASSIVE", "0"]
