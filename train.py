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
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm
from transformers import get_linear_schedule_with_warmup

from biodir.allocator import keep_freed_memory
from biodir.configuration_biodir import CHUNK_NAMES, BioDirConfig
from biodir.decoding_biodir import DecodingRule
from biodir.document_biodir import Document
from biodir.errors_biodir import SettingError
from biodir.evaluation.model_scores import encoded_documents, pair_logits
from biodir.evaluation.thresholds import fingerprints
from biodir.inputs_biodir import with_known_types
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.pubtator_biodir import read_pubtator
from biodir.windows_biodir import pair_encoder
from training.data import epoch_batches, epoch_pairs, labelled_pairs
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
    extra_train: list[str] = field(
        default_factory=list, metadata={"help": "further files, which annotate relations of some pair types alone"}
    )
    exclude: list[str] = field(
        default_factory=list, metadata={"help": "files whose documents, like those of --dev, are not learned from"}
    )
    average: float = field(
        default=0.0, metadata={"help": "decay of a running average of the weights, which is then scored and saved"}
    )
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
    pair_encoding: str = field(default="solid", metadata={"help": "solid or pooled"})
    chunks: list[str] = field(
        default_factory=lambda: list(CHUNK_NAMES), metadata={"help": "solid: any of prefix, suffix, infix"}
    )
    infix_min_tokens: int = field(default=64, metadata={"help": "solid: narrower infixes are widened to this"})
    window_overlap_tokens: int = field(
        default=128, metadata={"help": "pooled: what neighbouring windows of a long document share"}
    )
    max_tokens: int = field(default=512, metadata={"help": "longest row or window; paper: 512"})
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
        default="sdpa", metadata={"help": "solid: attention code; eager is the fastest on CPUs in bf16"}
    )
    select_by: str = field(
        default="relation_type", metadata={"help": "level of the dev F1 that chooses the epoch and the bias"}
    )
    mixed_precision: str = field(default="no", metadata={"help": "no, bf16 or fp16"})
    seed: int = field(default=1, metadata={"help": "of the new parameters, the negatives and the order"})


def main() -> None:
    settings = settings_from_command_line()
    keep_freed_memory()
    output = Path(settings.output)
    output.mkdir(parents=True, exist_ok=True)

    accelerator = Accelerator(mixed_precision=settings.mixed_precision)
    if accelerator.num_processes > 1:
        raise SettingError(f"{accelerator.num_processes} processes: train.py trains in one; start it with python")
    set_seed(settings.seed)

    dev_documents = list(read_pubtator(settings.dev))
    held_out = {document.id for path in [settings.dev, *settings.exclude] for document in read_pubtator(path)}
    corpora = {path: documents_without(path, held_out) for path in settings.train}
    # An abstract of both is learned from once: where all its pairs are annotated.
    held_out |= {document.id for documents in corpora.values() for document in documents}
    extra_corpora = {path: documents_without(path, held_out) for path in settings.extra_train}

    config = BioDirConfig(
        pair_encoding=settings.pair_encoding,
        chunks=settings.chunks,
        max_tokens=settings.max_tokens,
        window_overlap_tokens=settings.window_overlap_tokens,
        infix_min_tokens=settings.infix_min_tokens,
        soft_prompt_tokens=settings.soft_prompt_tokens,
        classifier_dropout=settings.dropout,
        task_weights=named_values(settings.task_weights),
    )
    model, tokenizer = BioDirForRelationExtraction.from_encoder(
        settings.encoder, config=config, encoder_settings=named_values(settings.encoder_settings)
    )
    if settings.pair_encoding == "solid":
        model.set_attn_implementation(settings.attention)
    config = model.config
    encoder = pair_encoder(tokenizer, config)
    labelled = [
        *pairs_of_corpora(corpora, encoder, config, is_partial=False),
        *pairs_of_corpora(extra_corpora, encoder, config, is_partial=True),
    ]
    dev_documents = [with_known_types(document, config.entity_types, config.type_map) for document in dev_documents]
    dev = encoded_documents(dev_documents, encoder)

    optimizer = torch.optim.AdamW(parameter_groups(model, settings), fused=True)
    steps_an_epoch = len(list(batches_of_epoch(labelled, settings, encoder, epoch=0)))
    steps = steps_an_epoch * settings.epochs
    schedule = get_linear_schedule_with_warmup(optimizer, round(settings.warmup_share * steps), steps)

    model, optimizer, schedule = accelerator.prepare(model, optimizer, schedule)
    scored_model = accelerator.unwrap_model(model)
    if settings.average:
        averaged = AveragedModel(scored_model, multi_avg_fn=get_ema_multi_avg_fn(settings.average))
        scored_model = averaged.module

    log = {"settings": asdict(settings), "provenance": provenance(), "steps": steps, "epochs": []}
    best_f1 = -1.0
    for epoch in range(settings.epochs):
        started_s = time.perf_counter()
        model.train()
        losses = []
        batches = batches_of_epoch(labelled, settings, encoder, epoch)
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
            if settings.average:
                averaged.update_parameters(accelerator.unwrap_model(model))
            losses.append(loss.item())
            progress.set_postfix(loss=f"{sum(losses[-50:]) / len(losses[-50:]):.3f}", refresh=False)
        train_s = time.perf_counter() - started_s

        scored_model.eval()
        with accelerator.autocast():
            logits = pair_logits(scored_model, dev, encoder, settings.tokens_per_step * 4)
        bias, counts = best_bias(dev, logits, DecodingRule.from_config(config), settings.select_by)
        record = {"epoch": epoch + 1, "loss": sum(losses) / len(losses), "train_s": train_s, "none_bias": bias}
        record["dev"] = {level: found.to_dict() for level, found in counts.items()}
        log["epochs"].append(record)
        print(f"epoch {epoch + 1}: loss {record['loss']:.3f}, {train_s:.0f} s, bias {bias}", end="; dev F1 ")
        print(", ".join(f"{level} {100 * found.f1:.2f}" for level, found in counts.items()), flush=True)
        if counts[settings.select_by].f1 > best_f1:
            best_f1 = counts[settings.select_by].f1
            scored_model.config.none_bias = bias
            scored_model.config.calibrated_on = fingerprints(dev_documents)
            scored_model.save_pretrained(output)
            tokenizer.save_pretrained(output)
        (output / "training.json").write_text(json.dumps(log, indent=2) + "\n")
    print(f"best dev F1, {settings.select_by}: {100 * best_f1:.2f}; its checkpoint and training.json are in {output}")


def batches_of_epoch(labelled, settings: TrainingSettings, encoder, epoch: int):
    """The batches of one epoch; seed and epoch decide the negatives and the order."""
    seed = settings.seed * 1000 + epoch
    chosen = epoch_pairs(labelled, settings.negatives_per_positive, seed)
    return epoch_batches(chosen, encoder, settings.tokens_per_step, seed)


def pairs_of_corpora(corpora: dict[str, list[Document]], encoder, config, is_partial: bool):
    """The labelled pairs of all documents, whose types get the names that the model knows.

    Raises:
        SettingError: a corpus has no candidate pair.
    """
    for path, documents in corpora.items():
        known = [with_known_types(document, config.entity_types, config.type_map) for document in documents]
        found = list(labelled_pairs(known, encoder, config.labels, is_partial))
        if not found:
            raise SettingError(
                f"{path}: no candidate pair to learn from; pairs are of the types "
                f"{', '.join('-'.join(pair_type) for pair_type in config.pair_types)}"
            )
        yield from found


def documents_without(path: str, held_out: set[str]) -> list[Document]:
    """The documents of a file, without those that are held out or known already; says how many these are."""
    documents = list(read_pubtator(path))
    kept = [document for document in documents if document.id not in held_out]
    if len(kept) < len(documents):
        print(f"{path}: {len(documents) - len(kept)} documents left out, held out for evaluation or in --train")
    if not kept:
        raise SettingError(f"{path}: no document is left to learn from; --dev, --exclude or --train have them all")
    return kept


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
    """The settings; an option's type is that of its field.

    Raises:
        SettingError: a value is outside what is allowed.
    """
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
    settings = TrainingSettings(**vars(parser.parse_args()))
    if not 0 <= settings.average < 1:
        raise SettingError(f"average is {settings.average}; the decay of a running average lies in 0..1, such as 0.98")
    twice = set(settings.train) & set(settings.extra_train)
    if twice:
        raise SettingError(f"{', '.join(sorted(twice))}: both in --train and in --extra-train; name it in one of them")
    return settings


if __name__ == "__main__":
    main()
