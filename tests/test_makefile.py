"""What the Makefile passes on to commands."""

import os
import shutil
import subprocess

import pytest

from helpers.checkout import CHECKOUT

SHOW = 'show:\n\t@printf \'%s|%s\' "$$TEXT" "$$FILE"\n'


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("is_in_environment", [False, True])
def test_texts_and_names_stay_as_they_are(is_in_environment, tmp_path):
    given = {"TEXT": """It's a "$5" dose, $(shell echo cheap) & $$TEXT""", "FILE": "a $b.txt"}
    (tmp_path / "show").write_text(SHOW)
    arguments = [] if is_in_environment else [f"{name}={value}" for name, value in given.items()]
    environment = {**os.environ, **(given if is_in_environment else {})}
    command = ["make", "-s", "-f", "Makefile", "-f", str(tmp_path / "show"), "show", *arguments]
    shown = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True).stdout
    assert shown == "|".join(given.values())
