"""Trains a biodir model on PubTator files with relations, and keeps the best epoch by its score on the dev file.

    python train.py --train train.pubtator --dev dev.pubtator --encoder FOLDER_OR_HUB_ID --output runs/first

Reads from top to bottom: accelerator, data, model, optimizer, prepare, loop, metric. Every setting is documented
where it is born, in `TrainingSettings`.
"""

import argparse
import json
import subprocess
import time
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from tqdm import tqdm
from transformers import get_linear_schedule_with_warmup

from biodir.configuration_biodir import CHUNK_NAMES, BioDirConfig
from biodir.decoding_biodir import DecodingRule
from biodir.encoding_biodir import EncodingSettings, PairEncoder
from biodir.errors_biodir import SettingError
from biodir.evaluation.model_scores import encoded_documents, pair_logits
from biodir.evaluation.thresholds import fingerprints
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.pubtator_biodir import read_pubtator
from training.data import epoch_batches, epoch_pairs, training_pairs
from training.validation import best_bias

# Parameters that do not come from the encoder; they start from nothing and want larger steps.
NEW_PARAMETERS = ("soft_prompt.", "heads.")


@dataclass
class TrainingSettings:
    """The knobs of a run; each is a command-line option of the same name."""

    train: list[str] = field(metadata={"help": "PubTator files with relations to learn from"})
    dev: str = field(metadata={"help": "PubTator file that chooses the epoch and the decoding bias"})
    encoder: str = field(metadata={"help": "folder or Hub id of the pretrained encoder"})
    output: str = field(metadata={"help": "folder for the best checkpoint and the log"})
    epochs: int = field(default=10, metadata={"help": "paper: 10"})
    encoder_rate: float = field(
        default=1e-4, metadata={"help": "AdamW's rate for the encoder; paper: 1e-5 at 12 layers"}
    )
    new_rate: float = field(default=5e-4, metadata={"help": "rate for soft prompt, poolers and classifiers"})
    weight_decay: float = field(default=0.01, metadata={"help": "on matrices; biases and norms have none"})
    warmup_share: float = field(default=0.1, metadata={"help": "share of the steps in which the rate rises"})
    max_gradient_norm: float = field(default=1.0, metadata={"help": "gradients are clipped to this norm"})
    negatives_per_positive: float = field(
        default=2.0, metadata={"help": "unrelated pairs for each related one, re-drawn each epoch"}
    )
    tokens_per_step: int = field(default=4096, metadata={"help": "tokens of a batch, padding included"})
    chunks: list[str] = field(
        default_factory=lambda: list(CHUNK_NAMES), metadata={"help": "any of prefix, suffix, infix"}
    )
    infix_min_tokens: int = field(default=64, metadata={"help": "narrower infixes are widened to this"})
    max_tokens: int = field(default=512, metadata={"help": "longest row, prompts included; paper: 512"})
    soft_prompt_tokens: int = field(default=8, metadata={"help": "paper: 8"})
    dropout: float = field(default=0.1, metadata={"help": "in front of the classifiers"})
    task_weights: list[str] = field(
        default_factory=list,
        metadata={"help": "TASK=WEIGHT of the losses of novelty and direction; none: the paper's shares"},
    )
    encoder_settings: list[str] = field(
        default_factory=list,
        metadata={"help": "NAME=VALUE of the encoder's configuration, such as attention_probs_dropout_prob=0"},
    )
    attention: str = field(
        default="sdpa", metadata={"help": "attention code while training; eager is the fastest on CPUs in bf16"}
    )
    select_by: str = field(
        default="relation_type", metadata={"help": "level of the dev F1 that chooses the epoch and the bias"}
    )
    mixed_precision: str = field(default="no", metadata={"help": "no, bf16 or fp16"})
    seed: int = field(default=1, metadata={"help": "of the new parameters, the negatives and the order"})


def main() -> None:
    settings = settings_from_command_line()
    output = Path(settings.output)
    output.mkdir(parents=True, exist_ok=True)

    accelerator = Accelerator(mixed_precision=settings.mixed_precision)
    if accelerator.num_processes > 1:
        raise SettingError(f"{accelerator.num_processes} processes: train.py trains in one; start it with python")
    set_seed(settings.seed)

    train_documents = [document for path in settings.train for document in read_pubtator(path)]
    dev_documents = list(read_pubtator(settings.dev))

    config = BioDirConfig(
        chunks=settings.chunks,
        max_tokens=settings.max_tokens,
        infix_min_tokens=settings.infix_min_tokens,
        soft_prompt_tokens=settings.soft_prompt_tokens,
        classifier_dropout=settings.dropout,
        task_weights=named_values(settings.task_weights),
    )
    model, tokenizer = BioDirForRelationExtraction.from_encoder(
        settings.encoder, config=config, encoder_settings=named_values(settings.encoder_settings)
    )
    model.set_attn_implementation(settings.attention)
    config = model.config
    pair_encoder = PairEncoder(tokenizer, EncodingSettings.from_config(config))
    pairs = list(training_pairs(train_documents, pair_encoder, config.labels))
    dev = encoded_documents(dev_documents, pair_encoder)

    optimizer = torch.optim.AdamW(parameter_groups(model, settings), fused=True)
    steps_an_epoch = len(list(batches_of_epoch(pairs, settings, pair_encoder.pad_id, epoch=0)))
    steps = steps_an_epoch * settings.epochs
    schedule = get_linear_schedule_with_warmup(optimizer, round(settings.warmup_share * steps), steps)

    model, optimizer, schedule = accelerator.prepare(model, optimizer, schedule)

    log = {"settings": asdict(settings), "provenance": provenance(), "steps": steps, "epochs": []}
    best_f1 = -1.0
    for epoch in range(settings.epochs):
        started_s = time.perf_counter()
        model.train()
        losses = []
        batches = batches_of_epoch(pairs, settings, pair_encoder.pad_id, epoch)
        progress = tqdm(batches, total=steps_an_epoch, desc=f"epoch {epoch + 1}/{settings.epochs}", mininterval=10)
        for batch in progress:
            batch = {name: value.to(accelerator.device) for name, value in batch.items()}
            with accelerator.autocast():
                loss = model(**batch).loss
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), settings.max_gradient_norm)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            progress.set_postfix(loss=f"{sum(losses[-50:]) / len(losses[-50:]):.3f}", refresh=False)
        train_s = time.perf_counter() - started_s

        model.eval()
        bare_model = accelerator.unwrap_model(model)
        with accelerator.autocast():
            logits = pair_logits(bare_model, dev, pair_encoder.pad_id, settings.tokens_per_step * 4)
        bias, counts = best_bias(dev, logits, DecodingRule.from_config(config), settings.select_by)
        record = {"epoch": epoch + 1, "loss": sum(losses) / len(losses), "train_s": train_s, "none_bias": bias}
        record["dev"] = {level: found.to_dict() for level, found in counts.items()}
        log["epochs"].append(record)
        print(f"epoch {epoch + 1}: loss {record['loss']:.3f}, {train_s:.0f} s, bias {bias}", end="; dev F1 ")
        print(", ".join(f"{level} {100 * found.f1:.2f}" for level, found in counts.items()), flush=True)
        if counts[settings.select_by].f1 > best_f1:
            best_f1 = counts[settings.select_by].f1
            bare_model.config.none_bias = bias
            bare_model.config.calibrated_on = fingerprints(dev_documents)
            bare_model.save_pretrained(output)
            tokenizer.save_pretrained(output)
        (output / "training.json").write_text(json.dumps(log, indent=2) + "\n")


def batches_of_epoch(pairs, settings: TrainingSettings, pad_id: int, epoch: int):
    """The batches of one epoch; seed and epoch decide the negatives and the order."""
    seed = settings.seed * 1000 + epoch
    chosen = epoch_pairs(pairs, settings.negatives_per_positive, seed)
    return epoch_batches(chosen, settings.tokens_per_step, pad_id, seed)


def parameter_groups(model: torch.nn.Module, settings: TrainingSettings) -> list[dict]:
    """Four groups: encoder or new, matrices with weight decay or vectors without."""
    groups: dict[tuple[bool, bool], list] = {}
    for name, parameter in model.named_parameters():
        groups.setdefault((name.startswith(NEW_PARAMETERS), parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": settings.new_rate if is_new else settings.encoder_rate,
            "weight_decay": settings.weight_decay if is_matrix else 0.0,
        }
        for (is_new, is_matrix), parameters in groups.items()
    ]


def named_values(pairs: list[str]) -> dict:
    """NAME=VALUE pairs of the command line, their values read as JSON.

    Raises:
        SettingError: one is no such pair.
    """
    found = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError as error:
            raise SettingError(f"{pair!r}: write NAME=VALUE, the value as in JSON, such as novelty=1") from error
    return found


def provenance() -> dict[str, str]:
    """The git commit, and the versions of the packages that decide the numbers."""
    describe = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40"]
    commit = subprocess.run(describe, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    packages = ("torch", "transformers", "tokenizers", "accelerate")
    return {"commit": commit, **{package: version(package) for package in packages}}


def settings_from_command_line() -> TrainingSettings:
    """The settings; an option's type is that of its field."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for setting in fields(TrainingSettings):
        is_list = setting.type in (list[str],)
        required = setting.name in ("train", "dev", "encoder", "output")
        default = {} if required else {"default": setting.default_factory() if is_list else setting.default}
        parser.add_argument(
            f"--{setting.name.replace('_', '-')}",
            type=str if is_list else setting.type,
            nargs="+" if is_list else None,
            required=required,
            help=setting.metadata["help"] + ("" if required else f" (default: {default['default']})"),
            **default,
        )
    return TrainingSettings(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
