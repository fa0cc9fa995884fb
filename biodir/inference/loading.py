"""Load a checkpoint with the installed code: no code from the checkpoint's folder runs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import AutoTokenizer

import biodir.modeling_biodir
import biodir.modeling_released_biodir
from biodir.checkpoint_names import check_folder, default_model, is_path
from biodir.configuration_biodir import RELEASED, BioDirConfig
from biodir.errors_biodir import BioDirError, CheckpointError, SettingError
from biodir.inference.backends import use_backend
from biodir.pipeline_biodir import BioDirPipeline

CHECKPOINT_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
# Errors of the libraries on files that are cut off, of another kind than their name, or do not fit together.
LIBRARY_ERRORS = (OSError, RuntimeError, TypeError, ValueError, SafetensorError, StrictDataclassError)
LFS_POINTER = b"version https://git-lfs"


def load_pipeline(model: str | None = None, device: str | int | None = None, backend: str = "torch") -> BioDirPipeline:
    """Return the pipeline of a checkpoint.

    Args:
        model: folder or Hub id; None for $BIODIR_MODEL or, in a checkout, the checkpoint in it.
        device: as in transformers, such as "cpu", "cuda:0" or 0; None for the first accelerator, else the CPU.
        backend: the precision of the encoder, see `use_backend`; graphs are loaded by `biodir.runtime.load`.

    Raises:
        CheckpointError: there is no checkpoint, or its files are missing or do not fit together.
        SettingError: the device or the back end cannot be used.
    """
    name = model or default_model()
    if is_path(name):
        check_checkpoint(name)
    _check_device(device)
    config = checked_config(name)
    with naming(name, "tokenizer.json or tokenizer_config.json"):
        tokenizer = AutoTokenizer.from_pretrained(name, config=config)
    with naming(name, "model.safetensors"):
        network = model_class(config).from_pretrained(name, config=config)
    try:
        extract = BioDirPipeline(model=network, tokenizer=tokenizer, device=device)
    except BioDirError as error:
        raise CheckpointError(f"{name}: config.json and tokenizer.json do not belong together: {error}") from error
    use_backend(extract.model, backend)
    extract.backend = backend
    return extract


def model_class(config: BioDirConfig) -> type[biodir.modeling_biodir.BioDirForRelationExtraction]:
    """Return the class that computes the form of a checkpoint."""
    if config.pair_encoding == RELEASED:
        return biodir.modeling_released_biodir.ReleasedForRelationExtraction
    return biodir.modeling_biodir.BioDirForRelationExtraction


def checked_config(name: str) -> BioDirConfig:
    """Return the configuration of a checkpoint.

    Raises:
        CheckpointError: it is that of another model, or cannot be read.
    """
    with naming(name, "config.json"):
        _check_model_type(name)
        return BioDirConfig.from_pretrained(name)


def check_checkpoint(name: str) -> None:
    """Check that a folder has all files of a checkpoint.

    Raises:
        CheckpointError: there is no such folder, a file is missing, or it is a pointer of Git LFS.
    """
    folder = Path(name)
    check_folder(name)
    missing = [file for file in CHECKPOINT_FILES if not (folder / file).is_file()]
    if missing == ["model.safetensors"] and (folder / "model.safetensors.index.json").is_file():
        return
    if missing:
        raise CheckpointError(
            f"{name}: lacks {', '.join(missing)}; save model and tokenizer into one folder with save_pretrained"
        )
    for file in CHECKPOINT_FILES:
        with open(folder / file, "rb") as opened:
            if opened.read(len(LFS_POINTER)) == LFS_POINTER:
                raise CheckpointError(f"{name}: {file} is a pointer of Git LFS; fetch the file with `git lfs pull`")


def _check_device(device: str | int | None) -> None:
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for the device
        reason = str(error).splitlines()[0]
        raise SettingError(f"device {device!r} cannot be used here: {reason}; name another, such as cpu") from error


def _check_model_type(name: str) -> None:
    values, _ = BioDirConfig.get_config_dict(name)
    found = values.get("model_type") if isinstance(values, Mapping) else None
    if found != BioDirConfig.model_type:
        raise CheckpointError(
            f"{name}: config.json is that of a model of type {found!r}, not {BioDirConfig.model_type!r}; an encoder "
            "must first be trained, see train.py"
        )


@contextmanager
def naming(name: str, files: str) -> Iterator[None]:
    """Turn errors of the libraries into a CheckpointError that names the checkpoint and the files at fault."""
    try:
        yield
    except LIBRARY_ERRORS as error:
        if isinstance(error, CheckpointError):
            raise
        reason = " ".join(" ".join(str(error).splitlines()[:2]).split())
        raise CheckpointError(f"{name}: {files} cannot be used: {reason}") from error
