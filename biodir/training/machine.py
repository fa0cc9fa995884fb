"""What a run computes on, and what accelerate was configured to do of it."""

import os

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedType, GradientAccumulationPlugin, is_tensorboard_available

from biodir.errors_biodir import SettingError
from biodir.training.settings import TrainingSettings

# Each process holds the whole model: its states are written by one of them.
SHARDED = (DistributedType.FSDP, DistributedType.DEEPSPEED, DistributedType.MEGATRON_LM)


def new_accelerator(settings: TrainingSettings) -> Accelerator:
    """The accelerator of the run, which takes its precision from the settings, and makes the passes of a step itself.

    Raises:
        SettingError: what accelerate was configured to do contradicts the settings, or cannot be done here.
    """
    if settings.tracker == "tensorboard" and not is_tensorboard_available():
        raise SettingError("tracker tensorboard is not installed; `pip install tensorboard`, or take --tracker none")
    asked_for = os.environ.get("ACCELERATE_MIXED_PRECISION", "no")
    if asked_for not in ("no", settings.mixed_precision):
        raise SettingError(
            f"accelerate was asked for {asked_for}, mixed_precision is {settings.mixed_precision}; give train.py "
            f"--mixed-precision {asked_for}"
        )
    accelerator = Accelerator(
        mixed_precision=settings.mixed_precision,
        # Said here, or a number in the environment would divide every gradient.
        gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        log_with=None if settings.tracker == "none" else settings.tracker,
        project_dir=settings.output,
    )
    if accelerator.distributed_type in SHARDED:
        raise SettingError(
            f"accelerate was configured for {accelerator.distributed_type.value}, which splits the model; train.py "
            "keeps it whole on each device: run `accelerate config` again, or `accelerate launch --multi_gpu`"
        )
    if settings.mixed_precision == "fp16" and accelerator.device.type == "cpu":
        raise SettingError("mixed_precision is fp16, which needs a GPU; take bf16, or no")
    return accelerator


def machine_text(accelerator: Accelerator) -> str:
    """What the run computes on."""
    processes = f"{accelerator.num_processes} process{'es' * (accelerator.num_processes > 1)}"
    return f"{processes} on {accelerator.device.type}, {torch.get_num_threads()} threads each"
