"""States that a stopped run goes on from: written whole or not at all, and checked before they are read.

A state is one file of tensors and numbers, `step-00000120.pt`, read without unpickling objects, and beside it
`step-00000120.json` with its hash and the record of the run: settings, versions, data, commit. The second is written
last; where it is missing, or the hash differs, the state is half-written and passed over.
"""

import json
import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from biodir.errors_biodir import CheckpointError
from biodir.files import file_sha256, write_json

logger = logging.getLogger(__name__)

KEPT_STATES = 2
# What a run, or any checkpoint, leaves in its folder.
TRACES = ("training.json", "states", "last", "config.json", "model.safetensors")


def save_state(folder: Path, step: int, state: Mapping[str, Any], record: Mapping[str, Any]) -> None:
    """Writes the state of a step, then removes all but the newest `KEPT_STATES` up to it.

    Args:
        state: tensors, numbers, strings, lists and dicts.
        record: what describes the run, JSON-ready.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{step:08d}.pt"
    path.with_suffix(".json").unlink(missing_ok=True)
    half_written = path.with_suffix(".part")
    torch.save(dict(state), half_written)
    os.replace(half_written, path)
    write_json(path.with_suffix(".json"), {"step": step, "sha256": file_sha256(path), **record})
    states = sorted(folder.glob("step-*.pt"))
    place = states.index(path) + 1
    # Later ones were passed over, being damaged: the run was behind them, and came here again.
    for old in [*states[: max(0, place - KEPT_STATES)], *states[place:]]:
        old.with_suffix(".json").unlink(missing_ok=True)
        old.unlink()
    for remnant in folder.glob("step-*.part"):
        remnant.unlink()


def newest_state(folder: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The newest whole state and its record; None where there is none. Half-written ones are named in a warning."""
    for path in sorted(folder.glob("step-*.pt"), reverse=True):
        try:
            record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        except (OSError, ValueError):  # of JSON or of UTF-8
            logger.warning("%s: half-written, its record is missing or damaged; an older state is taken", path)
            continue
        if not isinstance(record, dict) or record.get("sha256") != file_sha256(path):
            logger.warning("%s: half-written or damaged, its hash is another; an older state is taken", path)
            continue
        return torch.load(path, weights_only=True, map_location="cpu"), record
    return None


def save_model(folder: Path, model: Any, tokenizer: Any, record: Mapping[str, Any]) -> None:
    """Saves model and tokenizer with the record of the run, which is replaced last.

    Each file is the old one or the new one, never a part; a run that is killed between two of them saves all of them
    anew when it is resumed.
    """
    inside = folder / ".part"  # the one place that is on the same disk for sure
    shutil.rmtree(inside, ignore_errors=True)
    model.save_pretrained(inside)
    tokenizer.save_pretrained(inside)
    write_json(inside / "training.json", record)
    for path in sorted(inside.iterdir(), key=lambda path: (path.name == "training.json", path.name)):
        os.replace(path, folder / path.name)
    shutil.rmtree(inside)


def check_folder(folder: Path, resume: bool, overwrite: bool) -> None:
    """Nothing where a run may have the folder.

    Raises:
        CheckpointError: another run, or a checkpoint, is there, and neither `resume` nor `overwrite` says what to do;
            or it is one that no run can be resumed from; or this is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise CheckpointError(f"{folder} is a file, not a folder; name another --output")
    traces = _traces(folder)
    if not traces or overwrite:
        return
    if not resume:
        raise CheckpointError(
            f"{folder} holds a run or a checkpoint already ({', '.join(traces)}); go on with a run by --resume, delete "
            "all that by --overwrite, or name another --output"
        )
    if not {"training.json", "states"} & set(traces):
        raise CheckpointError(
            f"{folder} holds a checkpoint ({', '.join(traces)}) but no run to go on with; name another --output, or "
            "delete it by --overwrite in place of --resume"
        )


def clear_folder(folder: Path, overwrite: bool) -> None:
    """Makes the folder of a run; where it may overwrite, removes what another run, or a checkpoint, left there."""
    for name in _traces(folder) if overwrite else ():
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    folder.mkdir(parents=True, exist_ok=True)


def _traces(folder: Path) -> list[str]:
    return [name for name in TRACES if (folder / name).exists()]
