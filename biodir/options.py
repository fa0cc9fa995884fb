"""What commands share: options, checks of their values, a pipeline without library output."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import BadParameter, Option

from biodir.allocator import keep_freed_memory
from biodir.errors_biodir import SettingError
from biodir.inference import Backend

if TYPE_CHECKING:
    from biodir.pipeline_biodir import BioDirPipeline

ModelOption = Annotated[str | None, Option(help="folder or Hub id; by default $BIODIR_MODEL or that of the checkout")]
DeviceOption = Annotated[str | None, Option(help="such as cpu, cuda:0 or 0; by default an accelerator if there is one")]
BackendOption = Annotated[Backend, Option(help="library and precision; all but torch and bf16 need a CPU")]
ErrorsOption = Annotated[Literal["raise", "skip"], Option(help="stop at a bad document, or leave it out")]


def check_files(inputs: Iterable[Path], outputs: Iterable[Path] = ()) -> None:
    """Check before anything is computed that the inputs can be read and the outputs written.

    Raises:
        SettingError: an input is no file; an output is also an input, or a folder, or in a folder that does not exist.
    """
    read = set()
    for path in inputs:
        if not path.is_file():
            problem = "is a folder; name the files in it" if path.is_dir() else "there is no such file; check the path"
            raise SettingError(f"{path}: {problem}")
        read.add(path.resolve())
    for path in outputs:
        if path.resolve() in read:
            raise SettingError(f"{path} is an input as well; write to another file")
        if path.is_dir() or not path.parent.is_dir():
            problem = "it is a folder" if path.is_dir() else f"{path.parent} is no folder"
            raise SettingError(f"{path}: cannot be written ({problem}); name another file")


def check_exclusive(**given: Any) -> None:
    """Check that at most one of the options has a value; else a usage error."""
    names = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if len(names) > 1:
        raise BadParameter(f"{' and '.join(names)}: give one of them")


def quiet_pipeline(model: str | None, device: str | None, backend: Backend) -> "BioDirPipeline":
    """Return the pipeline of the model options; libraries print nothing, and the command shows what biodir logs."""
    from transformers.utils import logging as transformers_logging  # here, because `--help` should not wait for torch

    from biodir.inference.loading import load_pipeline

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    logging.getLogger("biodir").addHandler(logging.NullHandler())
    keep_freed_memory()
    return load_pipeline(model, int(device) if device and device.isdecimal() else device, backend)
