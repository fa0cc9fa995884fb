"""Parts of all commands: checks of files, model options, a pipeline without library output, progress bars."""

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tqdm import tqdm

from biodir.allocator import keep_freed_memory
from biodir.errors_biodir import SettingError
from biodir.inference import BACKENDS

if TYPE_CHECKING:
    from biodir.pipeline_biodir import BioDirPipeline

T = TypeVar("T")


def check_readable(paths: Iterable[Path]) -> None:
    """Check that all paths are files.

    Raises:
        SettingError: one is not.
    """
    for path in paths:
        if not path.is_file():
            problem = "is a folder; name the files in it" if path.is_dir() else "there is no such file; check the path"
            raise SettingError(f"{path}: {problem}")


def check_outputs(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Check before the model runs that the files can be written.

    Raises:
        SettingError: one is also an input, or a folder, or in a folder that does not exist.
    """
    read = {path.resolve() for path in inputs}
    for path in outputs:
        if path.resolve() in read:
            raise SettingError(f"{path} is an input as well; write to another file")
        if path.is_dir() or not path.parent.is_dir():
            problem = "it is a folder" if path.is_dir() else f"{path.parent} is no folder"
            raise SettingError(f"{path}: cannot be written ({problem}); name another file")


def add_model_options(command: ArgumentParser) -> None:
    """Add the options of `quiet_pipeline` to a command."""
    command.add_argument("--model", help="folder or Hub id; by default $BIODIR_MODEL or the checkpoint of the checkout")
    command.add_argument("--device", help="such as cpu or cuda:0; by default the first accelerator, else the CPU")
    command.add_argument(
        "--backend",
        default="torch",
        choices=BACKENDS,
        help="library and precision of the encoder; all but torch and bf16 need a CPU",
    )


def quiet_pipeline(options: Namespace) -> "BioDirPipeline":
    """Return the pipeline of the options; libraries print nothing, and the command shows what biodir logs."""
    from transformers.utils import logging as transformers_logging  # here, because `--help` should not wait for torch

    from biodir.inference.loading import load_pipeline

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    logging.getLogger("biodir").addHandler(logging.NullHandler())
    keep_freed_memory()
    return load_pipeline(options.model, options.device, options.backend)


def counted(items: Iterable[T], bar: tqdm) -> Iterator[T]:
    """Yield the items and move the bar with each."""
    for item in items:
        yield item
        bar.update()
