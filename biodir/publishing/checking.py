"""Checks of a repository in new processes, which have clean caches and are in the libraries' offline mode."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from biodir.configuration_biodir import TASK
from biodir.publishing.errors import PublishError

# Variables that hide accelerators: a check runs on the CPU, which every machine has.
HIDDEN = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
# Variables that would show the new process something of this machine.
LEFT_OUT = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_ASSETS_CACHE", "HF_DATASETS_CACHE", "TRANSFORMERS_CACHE")
# How those begin that set the checkpoint of biodir and the limits of handler.py.
OWN_PREFIX = "BIODIR_"


def check_model(folder: Path) -> int:
    """Load a repository in a new process that has nothing else, and return how many relations the sample has."""
    found = run_fresh("fresh_model.py", folder)
    foreign = [name for name in found["modules"] if not name.startswith("transformers_modules.")]
    if foreign:
        raise PublishError(f"code came from {', '.join(foreign)}, not from the repository; see auto_map in config.json")
    if found["task"] != TASK:
        raise PublishError(f"the task of the pipeline is {found['task']!r}, not {TASK!r}; see config.json")
    if not found["pairs"]:
        raise PublishError("the pipeline finds no pair in the sample; give a document that has one")
    if found["handler_pairs"] != found["pairs"]:
        raise PublishError("handler.py and the pipeline differ on the sample; see its EndpointHandler")
    if found.get("handler_plain") != found.get("plain"):
        raise PublishError("handler.py and the pipeline differ on the sample's plain text; see its EndpointHandler")
    return len(found["relations"])


def run_fresh(program: str, folder: Path) -> Any:
    """Run a program of this package in a new process on a folder, and return what it writes as JSON."""
    with tempfile.TemporaryDirectory(prefix="biodir-check-") as home:
        out = Path(home) / "found.json"
        # -B: no compiled files in the folder.
        command = [sys.executable, "-I", "-B", str(Path(__file__).with_name(program)), str(folder.resolve()), str(out)]
        done = subprocess.run(
            command, cwd=home, env=clean_environment(home), stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if done.returncode:
            output = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
            raise PublishError(f"a new process cannot use the repository: {output[-1]}")
        return json.loads(out.read_text(encoding="utf-8"))


def clean_environment(home: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of a process with new caches in `home`, in offline mode, and without accelerators."""
    kept = {
        name: value for name, value in environment.items() if name not in LEFT_OUT and not name.startswith(OWN_PREFIX)
    }
    caches = {"HF_HOME": f"{home}/home", "HF_MODULES_CACHE": f"{home}/modules"}
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    return {**kept, **caches, **offline, **dict.fromkeys(HIDDEN, "")}
