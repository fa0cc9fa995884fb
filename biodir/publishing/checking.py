"""Checks of what is to be published, in new processes with clean caches, in the libraries' offline mode."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biodir.configuration_biodir import TASK
from biodir.publishing.errors import PublishError

# Accelerators that a process can be kept from seeing: a check computes where every machine can.
HIDDEN = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
# Would show the new process something of this machine.
LEFT_OUT = ("HF_HUB_CACHE", "HF_ASSETS_CACHE", "HF_DATASETS_CACHE", "TRANSFORMERS_CACHE", "BIODIR_MODEL")


@dataclass(frozen=True)
class CheckedModel:
    """What a new process found in a repository."""

    relations: int
    modules: tuple[str, ...]


def check_model(folder: Path) -> CheckedModel:
    """What a new process finds that has nothing but the folder: no installed biodir, no cache, offline mode.

    Raises:
        PublishError: it cannot load the folder, or pipeline and handler do not agree on the sample.
    """
    found = run_fresh("fresh_model.py", folder)
    foreign = [name for name in found["modules"] if not name.startswith("transformers_modules.")]
    if foreign:
        raise PublishError(f"code came from {', '.join(foreign)}, not from the repository; see auto_map in config.json")
    if found["task"] != TASK:
        raise PublishError(f"the pipeline is one for {found['task']!r}, not {TASK!r}; see config.json")
    if not found["pairs"]:
        raise PublishError("the pipeline finds no pair in the sample; give a document that has one")
    if found["answer"] != found["pairs"]:
        raise PublishError("handler.py does not answer what the pipeline finds in the sample; see its EndpointHandler")
    return CheckedModel(len(found["relations"]), tuple(found["modules"]))


def run_fresh(program: str, folder: Path) -> Any:
    """What a program of this package writes as JSON, run in a new process on a folder.

    Raises:
        PublishError: it fails; with the last line that it said.
    """
    with tempfile.TemporaryDirectory(prefix="biodir-check-") as home:
        out = Path(home) / "found.json"
        # -B, for compiled files have no place in the folder.
        command = [sys.executable, "-I", "-B", str(Path(__file__).with_name(program)), str(folder.resolve()), str(out)]
        done = subprocess.run(
            command, cwd=home, env=clean_environment(home), stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
            raise PublishError(f"a new process cannot use the repository: {said[-1]}")
        return json.loads(out.read_text(encoding="utf-8"))


def clean_environment(home: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a process whose caches are new, whose libraries are in offline mode, and that sees no GPU."""
    kept = {name: value for name, value in environment.items() if name not in LEFT_OUT}
    caches = {"HF_HOME": f"{home}/home", "HF_MODULES_CACHE": f"{home}/modules"}
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    return {**kept, **caches, **offline, **dict.fromkeys(HIDDEN, "")}
