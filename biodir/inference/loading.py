"""Load a checkpoint with the installed code: no code from the checkpoint's folder runs."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import AutoTokenizer

import biodir.modeling_biodir
import biodir.modeling_released_biodir
from biodir.checkpoint_names import check_checkpoint, check_revision, default_model, is_path
from biodir.configuration_biodir import RELEASED, BioDirConfig
from biodir.errors_biodir import BioDirError, CheckpointError, SettingError
from biodir.inference.backends import use_backend
from biodir.pipeline_biodir import BioDirPipeline

# Errors of the libraries on files that are cut off, of another kind than their name, or do not fit together.
LIBRARY_ERRORS = (OSError, RuntimeError, TypeError, ValueError, SafetensorError, StrictDataclassError)


def load_pipeline(
    model: str | os.PathLike[str] | None = None,
    device: str | int | None = None,
    backend: str = "torch",
    revision: str | None = None,
) -> BioDirPipeline:
    """Return the pipeline of a checkpoint.

    Args:
        model: folder or Hub id; None for $BIODIR_MODEL or, in a checkout, the checkpoint in it.
        device: as in transformers, such as "cpu", "cuda:0" or 0; None for the first accelerator, else the CPU.
        backend: the precision of the encoder, see `use_backend`; graphs are loaded by `biodir.runtime.load`.
        revision: branch, tag or commit of a Hub id, for all its files; None for main.

    Raises:
        CheckpointError: there is no checkpoint, or its files are missing or do not fit together.
        SettingError: the device or the back end cannot be used, or a folder has a revision.
    """
    name = os.fspath(model) if model else default_model()
    check_revision(name, revision)
    if is_path(name):
        check_checkpoint(name)
    _check_device(device)
    config, version = checked_config(name, revision), revision or "main"
    with naming(name, "tokenizer.json or tokenizer_config.json"):
        tokenizer = AutoTokenizer.from_pretrained(name, config=config, revision=version)
    with naming(name, "model.safetensors"):
        network = model_class(config).from_pretrained(name, config=config, revision=version)
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


def checked_config(name: str, revision: str | None = None) -> BioDirConfig:
    """Return the configuration of a checkpoint, of a Hub id at a revision.

    Raises:
        CheckpointError: it is that of another model, or cannot be read.
    """
    with naming(name, "config.json"):
        version = revision or "main"
        _check_model_type(name, version)
        return BioDirConfig.from_pretrained(name, revision=version)


def _check_device(device: str | int | None) -> None:
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for the device
        reason = str(error).splitlines()[0]
        raise SettingError(f"device {device!r} cannot be used here: {reason}; name another, such as cpu") from error


def _check_model_type(name: str, revision: str) -> None:
    values, _ = BioDirConfig.get_config_dict(name, revision=revision)
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
        no_folder = "" if is_path(name) else "; if a folder is meant, there is none of this name"
        raise CheckpointError(f"{name}: {files} cannot be used: {reason}{no_folder}") from error
