"""Which checkpoint is meant: folders, Hub ids with their revisions, and the one that is taken where none is named."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import biodir.errors_biodir
from biodir.errors_biodir import CheckpointError, SettingError

MODEL_VARIABLE = "BIODIR_MODEL"
WEIGHTS = "model.safetensors"
# What shows that a folder is a checkpoint: its weights, or its graphs for the run-time.
CHECKPOINT = (WEIGHTS, "onnx/manifest.json")
CHECKPOINT_FILES = ("config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json")
LFS_POINTER = b"version https://git-lfs"
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


def check_folder(name: str, takes_hub_id: bool = True) -> None:
    """Check that there is a folder of this name.

    Args:
        name: the folder.
        takes_hub_id: whether a Hub id could be given in its place, for the message.

    Raises:
        CheckpointError: there is none.
    """
    if not Path(name).is_dir():
        others = ", or a Hub id" if takes_hub_id else "; a Hub id is not taken here"
        raise CheckpointError(f"{name}: there is no such folder; name the folder of a checkpoint{others}")


def check_revision(name: str, revision: str | None) -> None:
    """Check that a revision belongs to a Hub id.

    Raises:
        SettingError: it belongs to a folder.
    """
    if revision is not None and is_path(name):
        raise SettingError(f"revision {revision}: {name} is a folder, and only Hub ids have revisions; leave it out")


def fetched_files(name: str, patterns: Sequence[str], revision: str | None = None) -> Path:
    """Return the folder of files of a Hub id, which are fetched once.

    Args:
        name: the Hub id.
        patterns: of the files' paths.
        revision: branch, tag or commit; None for main.

    Raises:
        CheckpointError: the Hub does not give them.
    """
    from huggingface_hub import snapshot_download  # here, because it takes longer to import than to load a folder
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(patterns)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = " ".join(str(error).split())[:300]
        version = f" at revision {revision}" if revision else ""
        raise CheckpointError(
            f"{name}: no folder has this name, and the Hub does not give the model{version}: {reason}"
        ) from error


def check_checkpoint(name: str, takes_hub_id: bool = True) -> None:
    """Check that a folder has all files of a checkpoint; its weights may be in several files.

    Args:
        name: the folder.
        takes_hub_id: see `check_folder`.

    Raises:
        CheckpointError: there is no such folder, a file is missing, or it is a pointer of Git LFS.
    """
    folder = Path(name)
    check_folder(name, takes_hub_id)
    parts = sorted(path.name for path in folder.glob("model-*.safetensors"))
    is_divided = not (folder / WEIGHTS).is_file() and (folder / f"{WEIGHTS}.index.json").is_file()
    files = [file for file in CHECKPOINT_FILES if not (is_divided and file == WEIGHTS)]
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        raise CheckpointError(
            f"{name}: lacks {', '.join(missing)}; save model and tokenizer into one folder with save_pretrained"
        )
    for file in [*files, *(parts if is_divided else [])]:
        with open(folder / file, "rb") as opened:
            if opened.read(len(LFS_POINTER)) == LFS_POINTER:
                raise CheckpointError(f"{name}: {file} is a pointer of Git LFS; fetch the file with `git lfs pull`")
