"""What a run leaves in its folder: checkpoints, and states to resume from, each written atomically.

A state is a folder `states/step-00000120` that accelerate writes: safetensors, and files that are read without
unpickling objects. Beside them `record.json` has the hash of each file, the progress and the record of the run:
settings, versions, data, commit. It is written last; a state without it, or with other hashes, is passed over.
"""

import json
import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biodir.errors_biodir import CheckpointError
from biodir.files import file_sha256, write_json

if TYPE_CHECKING:
    from accelerate import Accelerator

logger = logging.getLogger(__name__)

SAVED_STATES = 2
RECORD = "record.json"
# What a run, or any checkpoint, leaves in its folder, beside that of `last_folder`.
TRACES = ("training.json", "states", "last", "config.json", "model.safetensors")


def last_folder(folder: Path) -> Path:
    """Return the folder of a run's last checkpoint, named after the run: runs of other names have others.

    transformers with trust_remote_code takes the model class of the first folder for a second one of the same last name
    and equal configuration, even where the code in it differs.

    >>> last_folder(Path("runs/mine")).as_posix()
    'runs/mine/mine-last'
    """
    return folder / f"{folder.resolve().name}-last"


def save_state(accelerator: "Accelerator", folder: Path, step: int, record: Mapping[str, Any]) -> None:
    """Save all that the accelerator has prepared, then remove all but the newest `SAVED_STATES` up to this step.

    Each process calls this. Nothing is registered for checkpointing: accelerate would unpickle it on loading.

    Args:
        record: what describes the run, JSON-ready.
    """
    half_written, target = folder / "half-written", folder / f"step-{step:08d}"
    if accelerator.is_main_process:
        shutil.rmtree(half_written, ignore_errors=True)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(half_written))
    accelerator.wait_for_everyone()
    if not accelerator.is_main_process:
        return
    write_json(half_written / RECORD, {"step": step, "sha256": _hashes(half_written), **record})
    if target.exists():  # the last step of an epoch is saved once more when the epoch has ended
        shutil.rmtree(target)
    os.replace(half_written, target)
    states = sorted(folder.glob("step-*"))
    place = states.index(target) + 1
    # Later ones were damaged and passed over; the run has come here again.
    for old in [*states[: max(0, place - SAVED_STATES)], *states[place:]]:
        shutil.rmtree(old)


def newest_state(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """Return the newest complete state and its record; None where there is none. A warning names half-written ones."""
    for path in sorted(folder.glob("step-*"), reverse=True):
        try:
            record = json.loads((path / RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # of JSON or of UTF-8
            record = None
        if isinstance(record, dict) and record.get("sha256") == _hashes(path):
            return path, record
        logger.warning(
            "%s: half-written or damaged, its files are not those of its record; the state is passed over", path
        )
    return None


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: file_sha256(path) for path in sorted(folder.iterdir()) if path.name != RECORD}


def save_model(folder: Path, model: Any, tokenizer: Any, record: Mapping[str, Any]) -> None:
    """Save model and tokenizer with the record of the run, which is replaced last.

    Each file is the old one or the new one, never a part; a run that is killed between two of them saves all of them
    again when it is resumed.
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
    """Check that a run may have the folder.

    Raises:
        CheckpointError: another run, or a checkpoint, is there, and neither `resume` nor `overwrite` is given; or it is
            one that no run can be resumed from; or this is a file.
    """
    check_no_file(folder, "--output_dir")
    traces = traces_in(folder)
    if not traces or overwrite:
        return
    if not resume:
        raise CheckpointError(
            f"{folder} holds a run or a checkpoint already ({', '.join(traces)}); resume a run by "
            "--resume_from_checkpoint, delete all that by --overwrite_output_dir, or name another --output_dir"
        )
    if "states" not in traces and run_record(folder) is None:
        raise CheckpointError(
            f"{folder} holds a checkpoint ({', '.join(traces)}) but no run to resume; name another --output_dir, or "
            "delete it by --overwrite_output_dir in place of --resume_from_checkpoint"
        )


def check_no_file(folder: Path, option: str) -> None:
    """Check that a folder of this name is there, or can be made.

    Raises:
        CheckpointError: a file has the name, or that of a folder around it; `option` is where to name another.
    """
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            raise CheckpointError(f"{path} is a file, not a folder; name another {option}")


def run_record(folder: Path) -> dict[str, Any] | None:
    """Return what training.json says of the run in the folder; None where none is there, or not that of a run.

    A mean of checkpoints has such a file, too.
    """
    found = record_of(folder / "training.json")
    return found if {"settings", "data", "epochs", "finished"} <= set(found) else None


def record_of(file: Path) -> dict[str, Any]:
    """Return the record of a run, a mean or an export; an empty one where the file is missing or holds none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # of JSON or of UTF-8
        return {}
    return found if isinstance(found, dict) else {}


def start_folder(accelerator: "Accelerator", folder: Path, overwrite: bool) -> None:
    """Have the main process do what `clear_folder` does; all processes wait for it."""
    if accelerator.is_main_process:
        clear_folder(folder, overwrite)
    accelerator.wait_for_everyone()


def clear_folder(folder: Path, overwrite: bool) -> None:
    """Make the folder of a run; where it may overwrite, remove what another run, or a checkpoint, left there."""
    for name in traces_in(folder) if overwrite else ():
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    folder.mkdir(parents=True, exist_ok=True)


def traces_in(folder: Path) -> list[str]:
    """Return the names of what a run, or a checkpoint, left in a folder."""
    names = [path.name for path in sorted(folder.glob("*-last")) if (path / "training.json").is_file()]
    return [name for name in (*TRACES, *names) if (folder / name).exists()]
