"""What commands share: options, and a pipeline without library output."""

import logging
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import BadParameter, Option

from biodir.allocator import keep_freed_memory
from biodir.inference import Backend

if TYPE_CHECKING:
    from biodir.pipeline_biodir import BioDirPipeline

ModelOption = Annotated[str | None, Option(help="folder or Hub id; by default $BIODIR_MODEL or that of the checkout")]
DeviceOption = Annotated[str | None, Option(help="such as cpu, cuda:0 or 0; by default an accelerator if there is one")]
BackendOption = Annotated[Backend, Option(help="library and precision; all but torch and bf16 need a CPU")]
ErrorsOption = Annotated[Literal["raise", "skip"], Option(help="stop at a bad document, or leave it out")]


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
