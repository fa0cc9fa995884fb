"""What the Makefile passes on to commands."""

import os
import shutil
import subprocess

import pytest

from helpers.checkout import CHECKOUT

SHOW = 'show:\n\t@printf \'%s|%s\' "$$TEXT" "$$FILE"\n'


pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.mark.parametrize("is_in_environment", [False, True])
def test_texts_and_names_stay_as_they_are(is_in_environment, tmp_path):
    given = {"TEXT": """It's a "$5" dose, $(shell echo cheap) & $$TEXT""", "FILE": "a $b.txt"}
    arguments = [] if is_in_environment else [f"{name}={value}" for name, value in given.items()]
    environment = {**os.environ, **(given if is_in_environment else {})}
    assert shown(SHOW, tmp_path, environment, *arguments) == "|".join(given.values())


@pytest.mark.parametrize(("system", "torch"), [("Linux", "torch==2.13.0+cpu"), ("Darwin", "torch==2.13.0")])
def test_cpu_build_of_torch_is_asked_for_where_there_is_one(system, torch, tmp_path):
    uname = tmp_path / "uname"
    uname.write_text(f"#!/bin/sh\necho {system}\n")
    uname.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("TORCH", None)
    assert shown("show:\n\t@printf '%s' '$(TORCH)'\n", tmp_path, environment) == torch


def test_run_reads_a_text_or_a_file(tmp_path):
    # -o: nothing is installed for it.
    command = ["make", "-s", "-o", ".venv/.biodir-run", "run", "TEXT=A text.", f"FILE={tmp_path}"]
    found = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (2, "")
    assert "give TEXT or FILE, not both" in found.stderr


def shown(target, folder, environment, *arguments):
    """What a target `show` that is added to the Makefile prints."""
    (folder / "show").write_text(target)
    command = ["make", "-s", "-f", "Makefile", "-f", str(folder / "show"), "show", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True).stdout
