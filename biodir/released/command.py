"""The command `biodir import-released`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

FOLDER_HELP = "unpacked folder of the released model, with out_bioredirect_model.pth"
OUT_HELP = "folder of the checkpoint to write; it must be new or empty"
CHUNK_HELP = "score a pair by one chunk of the text, as the released code does if its data is read for a single chunk"


def import_released(
    folder: Annotated[Path, Argument(metavar="FOLDER", help=FOLDER_HELP)],
    target: Annotated[Path, Argument(metavar="OUT", help=OUT_HELP)],
    one_chunk: Annotated[bool, Option("--one-chunk", help=CHUNK_HELP)] = False,
) -> None:
    """Turn the model that NCBI releases into a checkpoint of biodir with the same scores.

    The archive is read without running anything of it, and checked before OUT is written.

        biodir import-released bioredirect_biored_pt imported
    """
    from biodir.released.importing import import_released as write_checkpoint  # needs torch

    config = write_checkpoint(folder, target, one_chunk)
    labels = {task: len(config.labels[task]) for task in config.tasks}
    named = ", ".join(f"{count} {task} labels" for task, count in labels.items())
    print(f"{target}: {named}, soft prompts of {config.soft_prompt_tokens}, chunks joined by {config.chunk_pooling}")
