"""The limit of requests: between processes, and with what was left in its file."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from biodir.fetching.pace import Pace
from helpers.checkout import CHECKOUT
from helpers.pubtator_service import running_service

PROGRAM = """
import sys
from pathlib import Path
from biodir.fetching.pace import Pace
from biodir.fetching.service import Service
for _ in range(4):
    Service(Pace(Path(sys.argv[1])), sys.argv[2]).export(["5"])
"""


def test_two_programs_keep_the_limit_together(tmp_path):
    with running_service() as server:
        server.add(5)
        command = [sys.executable, "-c", PROGRAM, str(tmp_path / "requests.json"), server.url]
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        programs = [subprocess.Popen(command, env=environment) for _ in range(2)]
        assert [program.wait() for program in programs] == [0, 0]
    assert len(server.times) == 8
    assert server.most_in_a_second() == 3


@pytest.mark.parametrize("content", ["", "[1, ", "{}", '["x"]', "[9999999999, 9999999999, 9999999999]"])
def test_damaged_times_and_those_of_a_wrong_clock_stop_nothing(content, tmp_path):
    file = Path(tmp_path / "requests.json")
    file.write_text(content, encoding="utf-8")
    start = time.monotonic()
    with Pace(file).request():
        pass
    assert time.monotonic() - start < 2
