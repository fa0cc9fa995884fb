"""Opens a checkpoint with the installed code: no code from the checkpoint's folder runs."""

import os
from pathlib import Path

from transformers import AutoTokenizer

import biodir.modeling_biodir
from biodir.configuration_biodir import BioDirConfig
from biodir.errors_biodir import CheckpointError
from biodir.pipeline_biodir import BioDirPipeline

MODEL_VARIABLE = "BIODIR_MODEL"
CHECKPOINT_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def load_pipeline(model: str | None = None, device: str | None = None) -> BioDirPipeline:
    """The pipeline over a checkpoint.

    Args:
        model: folder or Hub id; None for $BIODIR_MODEL or, in a checkout, the checkpoint that lies there.
        device: as in transformers, such as "cpu" or "cuda:0"; None for the first accelerator, else the CPU.

    Raises:
        CheckpointError: there is no checkpoint, or its files are missing or do not fit together.
    """
    name = model or default_model()
    _check_files(name)
    try:
        config = BioDirConfig.from_pretrained(name)
        tokenizer = AutoTokenizer.from_pretrained(name, config=config)
        network = biodir.modeling_biodir.BioDirForRelationExtraction.from_pretrained(name, config=config)
    except OSError as error:
        raise CheckpointError(f"{name}: cannot be loaded; {str(error).splitlines()[0]}") from error
    return BioDirPipeline(model=network, tokenizer=tokenizer, device=device)


def default_model() -> str:
    """$BIODIR_MODEL, or the folder of the flat modules where a checkpoint lies beside them.

    Raises:
        CheckpointError: there is neither.
    """
    named = os.environ.get(MODEL_VARIABLE)
    if named:
        return named
    folder = Path(biodir.modeling_biodir.__file__).resolve().parent
    if not (folder / "model.safetensors").is_file():
        raise CheckpointError(f"no model given: name one with --model, or in the variable {MODEL_VARIABLE}")
    return str(folder)


def _check_files(name: str) -> None:
    if not Path(name).is_dir():
        return
    missing = [file for file in CHECKPOINT_FILES if not (Path(name) / file).is_file()]
    if missing == ["model.safetensors"] and (Path(name) / "model.safetensors.index.json").is_file():
        return
    if missing:
        raise CheckpointError(
            f"{name}: lacks {', '.join(missing)}; save model and tokenizer into one folder with save_pretrained"
        )
