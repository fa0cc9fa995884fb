"""Which checkpoint is meant: folders, Hub ids, and the one that is taken where none is named."""

import os
import re
from pathlib import Path

import biodir.errors_biodir
from biodir.errors_biodir import CheckpointError

MODEL_VARIABLE = "BIODIR_MODEL"
# What shows that a folder is a checkpoint: its weights, or its graphs for the run-time.
CHECKPOINT = ("model.safetensors", "onnx/manifest.json")
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")


def default_model() -> str:
    """Return $BIODIR_MODEL, or the folder of the flat modules if there is a checkpoint in it.

    Raises:
        CheckpointError: there is neither.
    """
    named = os.environ.get(MODEL_VARIABLE)
    if named:
        return named
    folder = Path(biodir.errors_biodir.__file__).resolve().parent
    if not any((folder / name).is_file() for name in CHECKPOINT):
        raise CheckpointError(f"no model given: name one with --model, or in the variable {MODEL_VARIABLE}")
    return str(folder)


def is_path(name: str) -> bool:
    """Return whether a name is that of a folder rather than a Hub id.

    A name of two parts may be either: it is a folder where its first part is one.
    """
    first, separator, _ = name.partition("/")
    return Path(name).exists() or not HUB_ID.fullmatch(name) or not separator or Path(first).is_dir()


def check_folder(name: str) -> None:
    """Check that there is a folder of this name.

    Raises:
        CheckpointError: there is none.
    """
    if not Path(name).is_dir():
        raise CheckpointError(f"{name}: there is no such folder; name the folder of a checkpoint, or a Hub id")
