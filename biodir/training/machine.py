"""The accelerator of a run: what the run computes on, and what accelerate was configured to do."""

import os
from typing import TYPE_CHECKING, Any

from biodir.errors_biodir import SettingError
from biodir.labels_biodir import MENTIONS
from biodir.training.settings import TrainingSettings

if TYPE_CHECKING:
    from accelerate import Accelerator

# They split the model over the processes, while the loop needs all of it in each.
SHARDED = ("FSDP", "DEEPSPEED", "MEGATRON_LM")


def new_accelerator(settings: TrainingSettings) -> "Accelerator":
    """Return the accelerator of the run, with the precision of the settings.

    Raises:
        SettingError: accelerate is missing, or what it was configured to do contradicts the settings or cannot be done.
    """
    try:
        from accelerate import Accelerator
        from accelerate.utils import (
            DistributedDataParallelKwargs,
            GradientAccumulationPlugin,
            is_tensorboard_available,
        )
    except ModuleNotFoundError as error:
        raise SettingError(f'{error.name} is missing; `pip install ".[train]"`') from error
    if settings.report_to == "tensorboard" and not is_tensorboard_available():
        raise SettingError(
            "report_to tensorboard is not installed; `pip install tensorboard`, or take --report_to none"
        )
    asked_for = os.environ.get("ACCELERATE_MIXED_PRECISION", "no")
    if asked_for not in ("no", settings.mixed_precision):
        raise SettingError(
            f"accelerate was asked for {asked_for}, mixed_precision is {settings.mixed_precision}; give train.py "
            f"--mixed_precision {asked_for}"
        )
    accelerator = Accelerator(
        mixed_precision=settings.mixed_precision,
        # The loop makes the passes of a step itself; a number in the environment would divide every gradient.
        gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        # The schedule counts the steps of the run, whatever the number of processes.
        step_scheduler_with_optimizer=False,
        log_with=None if settings.report_to == "none" else settings.report_to,
        project_dir=settings.output_dir,
        # A step of words uses no head, and no layer in whose place the tagger has its own; a step of pairs no tagger.
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=MENTIONS in settings.tasks)],
    )
    if accelerator.distributed_type.value in SHARDED:
        raise SettingError(
            f"accelerate was configured for {accelerator.distributed_type.value}, which splits the model; train.py "
            "needs all of it on each device: run `accelerate config` again, or `accelerate launch --multi_gpu`"
        )
    if settings.mixed_precision == "fp16" and accelerator.device.type == "cpu":
        raise SettingError("mixed_precision is fp16, which needs a GPU; take bf16, or no")

    # States hold bare models, so that a run may be resumed by another number of processes.
    def save_bare(models: list[Any], weights: list[Any], _folder: str) -> None:
        weights[:] = [accelerator.unwrap_model(model).state_dict() for model in models]

    def load_bare(models: list[Any], _folder: str) -> None:
        models[:] = [accelerator.unwrap_model(model) for model in models]

    accelerator.register_save_state_pre_hook(save_bare)
    accelerator.register_load_state_pre_hook(load_bare)
    return accelerator
