"""Trains a biodir model on documents with relations, and keeps the best epoch by its score on the dev file.

    python train.py --train train.pubtator --dev dev.pubtator --encoder FOLDER_OR_HUB_ID --output_dir runs/first
    accelerate launch --num_processes 4 train.py --config run.yaml

Reads from top to bottom: accelerator, data, model, optimizer, prepare, loop, metric. Each setting is documented in
`TrainingSettings` of biodir/training/settings.py; ``--help`` lists them.
"""

import math
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from huggingface_hub.errors import StrictDataclassError
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm
from transformers import get_scheduler, set_seed
from transformers.utils.logging import disable_progress_bar

from biodir.allocator import keep_freed_memory
from biodir.configuration_biodir import BioDirConfig
from biodir.errors_biodir import BioDirError, CheckpointError, SettingError
from biodir.files import write_json
from biodir.labels_biodir import MENTIONS
from biodir.processing_biodir import make_processor
from biodir.processing_tagger_biodir import TaggerProcessor
from biodir.processing_tokens_biodir import ProcessingSettings
from biodir.training.agreement import loss_of_pass, pairs_of_pass
from biodir.training.checkpoints import check_folder, last_folder, newest_state, save_model, save_state, start_folder
from biodir.training.corpora import training_corpora
from biodir.training.data import LabelledPairs, step_parts, training_batch
from biodir.training.fast_layers import use_fast_layers
from biodir.training.initialization import model_from_encoder
from biodir.training.labels import lists_of_run
from biodir.training.machine import new_accelerator
from biodir.training.mention_corpora import mention_corpora
from biodir.training.mention_tasks import with_mention_tasks
from biodir.training.mentions import LabelledWords, mention_batch, words_to_learn
from biodir.training.optimization import dropout_seed, parameter_groups
from biodir.training.preparation import data_of, dev_documents, pairs_to_learn, run_config, steps_of_epoch, with_form
from biodir.training.provenance import earlier_provenance, provenance
from biodir.training.reading import reading_policy
from biodir.training.resuming import check_same_run, is_finished
from biodir.training.settings import TrainingSettings, named_values
from biodir.training.stopping import StopRequest
from biodir.training.teaching import taught, unlabelled_pairs
from biodir.training.validation import DevDocuments, dev_scores

try:
    from biodir.training.arguments import training_settings
except ModuleNotFoundError as error:
    sys.exit(f'train.py: error: {error.name} is missing; `pip install ".[train]"`')
if TYPE_CHECKING:
    from accelerate import Accelerator  # which `--help` does not need


@dataclass
class Progress:
    """How far a run is: all that a resumed run needs beside weights and optimizer.

    >>> progress = Progress(epoch=1, step=40)
    >>> Progress(**asdict(progress)) == progress  # as it is written to a state and read again
    True
    """

    epoch: int = 0
    step_of_epoch: int = 0
    step: int = 0
    best_f1: float = -1.0
    best_epoch: int = 0
    epoch_losses: list[float] = field(default_factory=list)
    epoch_s: float = 0.0
    epochs: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class TrainingRun:
    """What the loop works with.

    Args:
        labelled: the pairs to learn from.
        dev: the documents to score on.
        scored_model: the one that is scored and saved: `model` without wrappers, or the average of its weights.
        record: what training.json holds beside the epochs.

    >>> settings = TrainingSettings(train=["train.pubtator"], encoder="bert-base-uncased", output_dir="runs/first")
    >>> run = TrainingRun(settings, *[None] * 12, record={"steps": 40}, progress=Progress(step=20))
    >>> log_of(run)["steps"], log_of(run)["finished"], run.output.name
    (40, False, 'first')
    """

    settings: TrainingSettings
    accelerator: "Accelerator"
    labelled: list[LabelledPairs]
    words: list[LabelledWords]
    dev: DevDocuments | None
    model: Any
    scored_model: Any
    averaged: AveragedModel | None
    tokenizer: Any
    processor: Any
    tagger_processor: TaggerProcessor
    optimizer: Any
    lr_scheduler: Any
    record: dict[str, Any]
    progress: Progress = field(default_factory=Progress)

    @property
    def output(self) -> Path:
        """The folder of the run."""
        return Path(self.settings.output_dir)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train by the command line; return the exit status: 0, or that of the signal that stopped the run, 143 or 130."""
    settings = training_settings(arguments)
    check_folder(Path(settings.output_dir), settings.resume_from_checkpoint, settings.overwrite_output_dir)
    keep_freed_memory()
    disable_progress_bar()  # of transformers, beside our own

    # Accelerator.
    accelerator = new_accelerator(settings)
    processes = f"{accelerator.num_processes} process{'es' * (accelerator.num_processes > 1)}"
    accelerator.print(f"{processes} on {accelerator.device.type}, {torch.get_num_threads()} threads each")
    set_seed(settings.seed)

    # Data, model, optimizer, prepare.
    settings = with_form(settings, accelerator.print)
    if settings.resume_from_checkpoint and is_finished(settings, accelerator.print):
        accelerator.end_training()
        return 0
    run = new_run(settings, accelerator)
    if settings.resume_from_checkpoint:
        resume(run)

    # Loop, metric.
    stop = StopRequest()
    try:
        finished = train(run, stop)
    finally:
        stop.release()
        accelerator.end_training()
    return 0 if finished else stop.exit_status


def new_run(settings: TrainingSettings, accelerator: "Accelerator") -> TrainingRun:
    """Return the run at its start, its folder made."""
    # Data.
    policy = reading_policy(settings, accelerator.print)
    corpora = training_corpora(settings, accelerator.print, policy)
    lists = lists_of_run(settings, corpora, accelerator.print)
    config = run_config(settings, lists, corpora)
    types = len(lists.relation_labels) - 1
    accelerator.print(f"labels of {lists.source}: {types} relation types; heads: {', '.join(config.tasks)}")

    # Model.
    model, tokenizer = new_model(settings, config)
    processor = make_processor(tokenizer, model.config)
    labelled = pairs_to_learn(corpora, processor, model.config, settings, accelerator.print, policy)
    labelled += unlabelled_pairs(labelled, processor, model.config, settings, accelerator.print, policy)
    words: list[LabelledWords] = []
    if MENTIONS in settings.tasks:
        mentions = mention_corpora(settings, corpora, model.config, accelerator.print, policy)
        shows_sentences = settings.sentence_share > 0
        words = words_to_learn(mentions, tokenizer, model.config, accelerator.print, shows_sentences)
    tagger_processor = TaggerProcessor(tokenizer, ProcessingSettings.from_config(model.config))
    dev = dev_documents(settings, processor, model.config, accelerator.print, policy)
    start_folder(accelerator, Path(settings.output_dir), settings.overwrite_output_dir)
    labelled = taught(labelled, settings, accelerator)

    # Optimizer.
    optimizer = torch.optim.AdamW(parameter_groups(model, settings), fused=settings.mixed_precision != "fp16")
    data = (labelled, settings, processor)
    sizes = [len(steps_of_epoch(*data, epoch, words, tagger_processor)) for epoch in range(settings.num_train_epochs)]
    warmup_steps = round(settings.warmup_ratio * sum(sizes))
    lr_scheduler = get_scheduler(settings.lr_scheduler_type, optimizer, warmup_steps, sum(sizes))

    # Prepare.
    model, optimizer, lr_scheduler = accelerator.prepare(model, optimizer, lr_scheduler)
    scored_model, averaged = accelerator.unwrap_model(model), None
    if settings.ema_decay:
        averaged = AveragedModel(scored_model, multi_avg_fn=get_ema_multi_avg_fn(settings.ema_decay))
        averaged = accelerator.prepare_model(averaged, evaluation_mode=True)  # which saves it with the state
        scored_model = averaged.module
    accelerator.init_trackers("training", {name: str(value) for name, value in asdict(settings).items()})
    record = {"settings": asdict(settings), "data": data_of(settings), "steps": sum(sizes[: settings.last_epoch])}
    record["left_out"] = policy.summary()
    record["provenance"] = provenance(accelerator.num_processes, accelerator.device.type)
    return TrainingRun(settings, accelerator, labelled, words, dev, model, scored_model, averaged, tokenizer, processor,
                       tagger_processor, optimizer, lr_scheduler, record)  # fmt: skip


def new_model(settings: TrainingSettings, config: BioDirConfig) -> tuple[Any, Any]:
    """Return the model over its encoder, and the tokenizer.

    Raises:
        CheckpointError: the encoder cannot be loaded, or has no such settings.
    """
    try:
        model, tokenizer = model_from_encoder(
            settings.encoder, config=config, encoder_settings=named_values(settings.encoder_settings)
        )
    except BioDirError:
        raise
    except (OSError, ValueError, StrictDataclassError) as error:  # a folder without a model raises ValueError
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"encoder {settings.encoder!r} cannot be loaded: {reason}; name a folder or Hub id, and check "
            "--encoder_settings"
        ) from error
    if settings.freeze_relations:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith("tagger."))
    if settings.gradient_checkpointing:  # transformers before 5.24 has the old name only
        getattr(model, "activation_checkpointing_enable", model.gradient_checkpointing_enable)()
    if settings.pair_encoding == "pairwise":
        try:
            model.set_attn_implementation(settings.attn_implementation)
        except (ValueError, ImportError) as error:
            reason = " ".join(str(error).split())
            raise SettingError(f"attn_implementation {settings.attn_implementation!r}: {reason}; take sdpa") from error
    return with_mention_tasks(use_fast_layers(model), settings.coreference_weight), tokenizer


def train(run: TrainingRun, stop: StopRequest) -> bool:
    """Train and score epoch after epoch; return False if a signal asked to stop."""
    settings, progress = run.settings, run.progress
    silent = {} if run.accelerator.is_local_main_process else {"disable": True}  # else TQDM_DISABLE decides
    every_s = 5 if sys.stderr.isatty() else 60  # a file keeps every state of the bar
    bar = tqdm(
        total=run.record["steps"], initial=progress.step, desc="training", unit="step", mininterval=every_s, **silent
    )
    patience = settings.early_stopping_patience or math.inf
    with bar:
        while progress.epoch < settings.last_epoch and progress.epoch - progress.best_epoch < patience:
            if not train_epoch(run, stop, bar):
                run.accelerator.print(f"stopped after step {progress.step}; resume with --resume_from_checkpoint")
                return False
            end_epoch(run, bar)
    if run.accelerator.is_main_process:
        write_json(run.output / "training.json", log_of(run, finished=True))
    best = f"epoch {progress.best_epoch}"
    best += f", dev F1 {100 * progress.best_f1:.2f} ({settings.metric_for_best_model})" if run.dev else ""
    run.accelerator.print(f"{settings.output_dir} holds the checkpoint of {best}, and training.json")
    return True


def train_epoch(run: TrainingRun, stop: StopRequest, bar: tqdm) -> bool:
    """Do the remaining steps of an epoch; return False if a signal asked to stop, after the state is saved."""
    progress, settings = run.progress, run.settings
    steps = steps_of_epoch(run.labelled, settings, run.processor, progress.epoch, run.words, run.tagger_processor)
    run.model.train()
    started_s = time.perf_counter() - progress.epoch_s
    for step in steps[progress.step_of_epoch :]:
        progress.epoch_losses.append(train_step(run, step))
        progress.step += 1
        progress.step_of_epoch += 1
        progress.epoch_s = time.perf_counter() - started_s
        recent = progress.epoch_losses[-50:]
        bar.set_postfix_str(bar_text(run, sum(recent) / len(recent)), refresh=False)
        bar.update()
        run.accelerator.log({"loss": progress.epoch_losses[-1]}, step=progress.step)
        must_stop = stop.is_wanted(run.accelerator)
        if must_stop or progress.step % settings.save_steps == 0:
            save_progress(run)
        if must_stop:
            return False
    return True


def train_step(run: TrainingRun, step: Sequence[Any]) -> float:
    """Do one step of the optimizer; return the mean loss of the step's pairs or words, over all processes."""
    accelerator, settings = run.accelerator, run.settings
    torch.manual_seed(dropout_seed(settings.seed, run.progress.step, accelerator.process_index))
    parts = step_parts(step, accelerator.process_index, accelerator.num_processes, settings.gradient_accumulation_steps)
    total = torch.zeros((), device=accelerator.device)
    of_words = isinstance(step[0], LabelledWords)
    for number, (labelled, share) in enumerate(parts):
        if of_words:
            batch, share = mention_batch(labelled, run.tagger_processor), share * settings.mention_weight
        else:
            batch = training_batch(pairs_of_pass(labelled, settings), run.processor)
        # Gradients of several processes are averaged after the last pass.
        with accelerator.no_sync(run.model) if number < len(parts) - 1 else nullcontext():
            with accelerator.autocast():
                output = run.model(**batch)
            part_loss = output.loss if of_words else loss_of_pass(output, labelled, settings, run.scored_model.config)
            accelerator.backward(part_loss * share)
        total += part_loss.detach() * share
    loss = accelerator.reduce(total, "mean").item()
    if not math.isfinite(loss):
        raise SettingError(
            f"step {run.progress.step + 1}: the loss is {loss}; encoder_learning_rate {settings.encoder_learning_rate} "
            f"and head_learning_rate {settings.head_learning_rate} are too high, or a setting of the loss is; lower "
            "them and start again"
        )
    accelerator.clip_grad_norm_(run.model.parameters(), settings.max_grad_norm)
    run.optimizer.step()
    if not run.optimizer.step_was_skipped:  # as fp16 does where numbers overflow
        run.lr_scheduler.step()
    run.optimizer.zero_grad()
    if run.averaged is not None:
        run.averaged.update_parameters(accelerator.unwrap_model(run.model))
    return loss


def end_epoch(run: TrainingRun, bar: tqdm) -> None:
    """Score the epoch, then save the best and the last checkpoint, the log, and a state to resume from."""
    progress, settings = run.progress, run.settings
    progress.epoch += 1
    losses, progress.epoch_losses = progress.epoch_losses, []
    entry = {"epoch": progress.epoch, "loss": sum(losses) / len(losses), "step_losses": losses}
    bias = run.scored_model.config.none_bias if settings.freeze_relations else settings.none_bias
    entry |= {"train_s": progress.epoch_s, "none_bias": bias, "dev": {}}
    entry |= dev_scores(run) if run.dev else {}
    progress.epochs.append(entry)
    f1 = entry["dev"][settings.metric_for_best_model]["f1"] if entry["dev"] else 0.0
    is_best = f1 > progress.best_f1 or run.dev is None
    if is_best:
        progress.best_f1, progress.best_epoch = f1, progress.epoch
    run.scored_model.config.none_bias = entry["none_bias"]
    if run.accelerator.is_main_process:
        for folder in [run.output] * is_best + [last_folder(run.output)]:
            save_model(folder, run.scored_model, run.tokenizer, log_of(run))
        write_json(run.output / "training.json", log_of(run))
    progress.step_of_epoch, progress.epoch_s = 0, 0.0
    save_progress(run)
    bar.set_postfix_str(bar_text(run, entry["loss"]), refresh=False)
    bar.clear()
    log_epoch(run, entry)


def log_epoch(run: TrainingRun, entry: dict[str, Any]) -> None:
    """Print a line on the epoch, and give its scores to the tracker."""
    scores = {f"dev F1 {level}": 100 * found["f1"] for level, found in entry["dev"].items()}
    run.accelerator.log(scores, step=run.progress.step)
    text = f"epoch {entry['epoch']}: loss {entry['loss']:.3f}, {entry['train_s']:.0f} s, bias {entry['none_bias']}"
    found = ", ".join(f"{name.removeprefix('dev F1 ')} {value:.2f}" for name, value in scores.items())
    run.accelerator.print(text + (f"; dev F1 {found}" if found else ""), flush=True)


def save_progress(run: TrainingRun) -> None:
    """Save all that a resumed run needs."""
    record = {**run.record, "progress": asdict(run.progress)}
    save_state(run.accelerator, run.output / "states", run.progress.step, record)
    run.accelerator.wait_for_everyone()


def resume(run: TrainingRun) -> None:
    """Load the newest saved state, where there is one.

    Raises:
        SettingError: the settings or the data are not those of the stopped run, or it has done more epochs than these.
    """
    found = newest_state(run.output / "states")
    if found is None:
        run.accelerator.print(f"{run.output}: no state to resume from; the run starts")
        return
    state, record = found
    check_same_run(run.settings, run.record["data"], record)
    progress = Progress(**record["progress"])
    if progress.epoch > run.settings.last_epoch:
        raise SettingError(
            f"{run.output}: cannot stop after epoch {run.settings.last_epoch}, as epoch {progress.epoch} is done; name "
            "that one or a later one, or start again with --overwrite_output_dir"
        )
    run.record["earlier_provenance"], changes = earlier_provenance(record, run.record["provenance"])
    if changes:
        run.accelerator.print(f"{run.output}: {'; '.join(changes)}: the run may end with other weights")
    run.accelerator.load_state(str(state))
    run.progress = progress
    run.accelerator.print(f"{run.output}: resumes after step {run.progress.step} of {run.record['steps']}")


def log_of(run: TrainingRun, finished: bool = False) -> dict[str, Any]:
    """Return the record of the run so far."""
    return {**run.record, "epochs": run.progress.epochs, "best_epoch": run.progress.best_epoch, "finished": finished}


def bar_text(run: TrainingRun, loss: float) -> str:
    """Return what the progress bar shows beside steps and time left."""
    epoch = min(run.progress.epoch + 1, run.settings.last_epoch)
    text = f"epoch {epoch}/{run.settings.last_epoch}, loss {loss:.3f}"
    if run.progress.best_epoch and run.dev is not None:
        text += f", best dev F1 {100 * run.progress.best_f1:.2f} (epoch {run.progress.best_epoch})"
    return text


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BioDirError as error:
        sys.exit(f"train.py: error: {error}")
