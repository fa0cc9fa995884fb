"""What the tests of train.py share: a few documents, a tiny encoder, and runs in this process or in others."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from accelerate.state import AcceleratorState

import train
from helpers.checkout import CHECKOUT

# Aspirin acts on pain in every document, pain on iron in none: a model that learns anything learns this.
DOCUMENT = """{id}|t|Aspirin stops pain.
{id}|a|Iron was given.
{id}\t0\t7\tAspirin\tChemicalEntity\tC1
{id}\t14\t18\tpain\tDiseaseOrPhenotypicFeature\tD1
{id}\t20\t24\tIron\tChemicalEntity\tC2
{id}\tNegative_Correlation\tC1\tD1\tNovel
{id}\tC1\tD1\tSubject:C1

"""
NO_DROPOUT = ["attention_probs_dropout_prob=0", "hidden_dropout_prob=0"]


def written(path: Path, numbers: Iterable[int], document: str = DOCUMENT) -> Path:
    """The file, now with documents of these numbers."""
    path.write_text("".join(document.format(id=number) for number in numbers))
    return path


def options(**settings: Any) -> list[str]:
    """Settings as options of the command line; True as a flag."""
    found = []
    for name, value in settings.items():
        values = [] if value is True else value if isinstance(value, list | tuple) else [value]
        found += [f"--{name}", *map(str, values)]
    return found


def run_training(*arguments: Any, **settings: Any) -> int:
    """Run the program in this process, as if it were the first; its exit status."""
    AcceleratorState._reset_state(reset_partial_state=True)  # which else keeps the precision of the run before
    return train.main([*map(str, arguments), *options(**settings)])


def log_of(folder: Path) -> dict[str, Any]:
    """The training.json of a run."""
    return json.loads((folder / "training.json").read_text())


def start_training(*arguments, launcher=(), **variables) -> subprocess.Popen:
    """Start the program in a process of its own, or in those of a launcher."""
    command = [sys.executable, *launcher, str(CHECKOUT / "train.py"), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1", **variables}
    return subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=CHECKOUT
    )
