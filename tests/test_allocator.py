"""Freed memory is kept with the GNU C library, unless the environment chooses."""

import os
import platform
import subprocess
import sys

import pytest

GLIBC = platform.libc_ver()[0] == "glibc"
# Page faults of taking and giving back 64 MB thirty times.
SCRIPT = """
import resource, sys
from biodir.allocator import keep_freed_memory
print(keep_freed_memory() if "keep" in sys.argv else None)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(30):
    block = bytearray(b"x") * 64_000_000
    del block
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def kept_and_faults(*arguments: str, **variables: str) -> tuple[str, int]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "LD_PRELOAD"))}
    command = [sys.executable, "-c", SCRIPT, *arguments]
    done = subprocess.run(command, env=environment | variables, capture_output=True, text=True, check=True)
    kept, faults = done.stdout.split()
    return kept, int(faults)


@pytest.mark.skipif(not GLIBC, reason="mallopt is the GNU C library's")
def test_kept_memory_causes_no_further_page_faults():
    _, without = kept_and_faults()
    kept, faults = kept_and_faults("keep")
    assert kept == "True"
    assert faults < without / 5


@pytest.mark.parametrize("variable", ["MALLOC_ARENA_MAX", "LD_PRELOAD"])
def test_choice_of_the_user_has_priority(variable):
    kept, _ = kept_and_faults("keep", **{variable: "libm.so.6" if variable == "LD_PRELOAD" else "2"})
    assert kept == "False"


# Resident pages of 2,000 small blocks between which others stay, after they are freed, then after the call.
GAPS = """
from biodir.allocator import keep_freed_memory, release_freed_memory
keep_freed_memory()
def resident():
    return int(open("/proc/self/statm").read().split()[1])
blocks = [bytearray(b"x") * 50_000 for _ in range(4_000)]
del blocks[::2]
before = resident()
release_freed_memory()
print(before, resident())
"""


@pytest.mark.skipif(not GLIBC, reason="malloc_trim is the GNU C library's")
def test_gaps_between_blocks_are_returned():
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "LD_PRELOAD"))}
    done = subprocess.run([sys.executable, "-c", GAPS], env=environment, capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert before - after > 2_000 * 50_000 / 4096 / 2
