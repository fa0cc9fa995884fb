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
from biodir.training.provenance import file_sha256

logger = logging.getLogger(__name__)

KEPT_STATES = 2


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


def write_json(path: Path, values: Any) -> None:
    """Writes the file whole or not at all."""
    half_written = path.with_name(path.name + ".part")
    half_written.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    os.replace(half_written, path)


def save_model(folder: Path, model: Any, tokenizer: Any, record: Mapping[str, Any]) -> None:
    """Saves model and tokenizer with the record of the run; each file is the old one or the new one, never a part."""
    inside = folder / ".part"  # the one place that is on the same disk for sure
    shutil.rmtree(inside, ignore_errors=True)
    model.save_pretrained(inside)
    tokenizer.save_pretrained(inside)
    write_json(inside / "training.json", record)
    for path in sorted(inside.iterdir()):
        os.replace(path, folder / path.name)
    shutil.rmtree(inside)


def prepare_folder(folder: Path, resume: bool, overwrite: bool) -> None:
    """Makes the folder of a run.

    Raises:
        CheckpointError: another run has left something there, and neither `resume` nor `overwrite` says what to do;
            or this is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise CheckpointError(f"{folder} is a file, not a folder; name another --output")
    traces = [name for name in ("training.json", "states", "last") if (folder / name).exists()]
    if traces and overwrite and not resume:
        for path in (folder / name for name in (*traces, "config.json", "model.safetensors")):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    elif traces and not resume:
        raise CheckpointError(
            f"{folder} holds a run already ({', '.join(traces)}); go on with it by --resume, start anew with "
            "--overwrite, or name another --output"
        )
    folder.mkdir(parents=True, exist_ok=True)
