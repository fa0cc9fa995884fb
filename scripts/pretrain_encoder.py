"""Continue the masked-language-model training of an encoder on text of the domain, with another vocabulary if wanted.

    python scripts/pretrain_encoder.py --text text.txt.xz corpus.jsonl.xz --encoder FOLDER_OR_ID --output runs/encoder

A text file has one paragraph or sentence a line; a `.jsonl` file has one document a line, whose `entities` (mentions
with `start` and `end`) are masked as one word. Spans of complete words are masked, as in SpanBERT. With `--vocabulary`
the encoder gets that tokenizer; the embedding of a new token starts as that of the same token in the old vocabulary, or
as the mean over the old sub-words that spell it. A checkpoint is saved every `--save-steps` steps, from which a stopped
run resumes when it is started again with the same settings, which `OUTPUT/pretraining.json` holds. At the end
`OUTPUT/encoder` holds the model with its masked-language head.
"""

import argparse
import copy
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pretraining_options import last_checkpoint, pretraining_options, record_settings
from pretraining_rows import token_rows
from torch import nn
from torch.utils.data import Dataset
from transformers import (
    MODEL_FOR_MASKED_LM_MAPPING,
    AutoConfig,
    AutoModelForMaskedLM,
    AutoTokenizer,
    Trainer,
    TrainingArguments,
)

from biodir.allocator import keep_freed_memory
from biodir.configuration_biodir import first_position
from biodir.errors_biodir import BioDirError, CheckpointError, SettingError
from biodir.inference.loading import LIBRARY_ERRORS
from biodir.training.checkpoints import check_no_file
from biodir.training.labels import checkpoint_config

IGNORED = -100  # label of a token that is not predicted, as cross_entropy knows it
# Of the masked tokens 80 % become [MASK], 10 % a random token, 10 % stay: BERT (Devlin et al. 2019), section 3.1.
MASK_SHARE, RANDOM_SHARE = 0.8, 0.1
# Lengths of spans, in words: SpanBERT (Joshi et al. 2020), section 3.1.
SPAN_STOP, LONGEST_SPAN = 0.2, 10
MENTION_WEIGHT = 3.0  # how much likelier a span starts at a mention than at another word
# Encoders that can grow: their layers end with a norm.
GROWABLE = ("bert", "roberta", "xlm-roberta", "camembert", "mpnet")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train as the command line says; on bad input the program ends with a line that names it."""
    options = pretraining_options(arguments, __doc__.split("\n", 1)[0])
    try:
        pretrain(options)
    except BioDirError as error:
        raise SystemExit(f"pretrain_encoder.py: error: {error}") from error


def pretrain(options: argparse.Namespace) -> None:
    """Train, from the last complete checkpoint where there is one.

    Raises:
        BioDirError: a file, the encoder or its tokenizer cannot be used so, or the run began with other settings.
    """
    missing = [path for path in [*options.text, *options.exclude] if not path.is_file()]
    if missing:
        raise SettingError(f"{missing[0]}: there is no such file; check --text and --exclude")
    check_no_file(options.output, "--output")
    keep_freed_memory()
    torch.manual_seed(options.seed)
    model, tokenizer, dropouts = loaded(options)
    options.output.mkdir(parents=True, exist_ok=True)
    record_settings(options)
    rows = token_rows(options, tokenizer)
    held_out = max(1, min(len(rows) // 100, options.eval_rows))
    order = np.random.default_rng(0).permutation(len(rows))
    masking = SpanMasking(tokenizer.mask_token_id, tuple(tokenizer.all_special_ids), len(tokenizer), options.mask_share)
    settings = training_arguments(options, len(rows) - held_out)
    trained = training_order(order[held_out:], settings.max_steps * options.rows_per_step, options.seed)
    trainer = SparseTrainer(
        model=model,
        args=settings,
        train_dataset=MaskedRows(rows, trained, masking, options.seed),
        eval_dataset=MaskedRows(rows, order[:held_out], masking, options.seed),
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(options.output))
    trainer.save_metrics("eval", trainer.evaluate())
    model.config.update(dropouts)
    trainer.save_model(str(options.output / "encoder"))
    tokenizer.save_pretrained(options.output / "encoder")


def loaded(options: argparse.Namespace) -> tuple[Any, Any, dict[str, float]]:
    """Return the model at its start, its tokenizer, and the dropouts of its configuration, which it learns without.

    Raises:
        CheckpointError: the encoder or a tokenizer cannot be loaded, or is of a kind that cannot learn here.
        SettingError: the encoder has fewer positions than a row, or cannot grow so.
    """
    name = options.encoder
    if checkpoint_config(name) is not None:
        raise CheckpointError(
            f"--encoder {name}: this is a biodir checkpoint, without the masked-language head of its encoder; name the "
            "encoder that it was trained from"
        )
    with _loading(f"--encoder {name}: its configuration"):
        config = AutoConfig.from_pretrained(name, trust_remote_code=False)
    if type(config) not in MODEL_FOR_MASKED_LM_MAPPING or config.is_encoder_decoder:
        raise _unknown_kind(name, config)
    positions = getattr(config, "max_position_embeddings", None)
    if positions is not None and options.row_tokens > positions - first_position(config):
        positions -= first_position(config)
        raise SettingError(f"--row-tokens {options.row_tokens}: the encoder {name} has {positions} positions; lower it")
    tokenizer = _tokenizer("--vocabulary", options.vocabulary) if options.vocabulary else _tokenizer("--encoder", name)
    # Several passes over a large text do not overfit a small encoder; fine-tuning gets its dropout back at the end.
    dropouts = {key: value for key, value in vars(config).items() if "dropout" in key and isinstance(value, float)}
    attention, no_dropout = options.attention, dict.fromkeys(dropouts, 0.0)
    with _loading(f"--encoder {name}: the model" + (f", with --attention {attention}," if attention else "")):
        model = AutoModelForMaskedLM.from_pretrained(
            name, dtype=torch.float32, attn_implementation=attention, trust_remote_code=False, **no_dropout
        )
    if _head(model) is None:
        raise _unknown_kind(name, config)
    if options.vocabulary:
        use_vocabulary(model, _tokenizer("--encoder", name), tokenizer)
    return (grown(model, options.grow_to) if options.grow_to else model), tokenizer, dropouts


def _tokenizer(option: str, name: str) -> Any:
    """Return the tokenizer of a folder or Hub id.

    Raises:
        CheckpointError: there is none that gives offsets and has the tokens that rows and masks need.
    """
    with _loading(f"{option} {name}: its tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    lacking = [role for role in ("cls_token", "sep_token", "mask_token") if getattr(tokenizer, role) is None]
    if lacking or not tokenizer.is_fast:
        problem = f"has no {' and no '.join(lacking)}" if lacking else "gives no offsets"
        raise CheckpointError(f"{option} {name}: its tokenizer {problem}; take one like that of bert-base-uncased")
    return tokenizer


@contextmanager
def _loading(what: str) -> Iterator[None]:
    """Turn errors of the libraries into a CheckpointError that names what cannot be loaded."""
    try:
        yield
    except (*LIBRARY_ERRORS, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        raise CheckpointError(f"{what} cannot be loaded ({reason}); name another folder or Hub id") from error


def _unknown_kind(name: str, config: Any) -> CheckpointError:
    return CheckpointError(
        f"--encoder {name}: an encoder of type {config.model_type!r} has no masked-language head that is known here; "
        f"take one of {', '.join(GROWABLE)}, modernbert or deberta-v2"
    )


class SparseTrainer(Trainer):
    """`Trainer` that applies the masked-language head to masked tokens only.

    The head multiplies each token with the complete vocabulary; for a small encoder that costs more than the encoder.
    """

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, **_: Any) -> Any:
        """Return the mean loss over the masked tokens."""
        bare: Any = self.accelerator.unwrap_model(model)
        labels = inputs["labels"]  # (rows, tokens)
        masked = labels != IGNORED
        with torch.autocast(labels.device.type, torch.bfloat16, enabled=self.args.bf16):
            # As embeddings: MPNet would take the token with the id of its old padding, 1, for padding.
            embeddings = bare.get_input_embeddings()(inputs["input_ids"])  # (rows, tokens, embedding_size)
            hidden = bare.base_model(inputs_embeds=embeddings).last_hidden_state  # (rows, tokens, hidden)
            logits = _head(bare)(hidden[masked])  # (masked, vocabulary)
        loss = nn.functional.cross_entropy(logits.float(), labels[masked])
        return (loss, {"loss": loss}) if return_outputs else loss


def _head(model: Any) -> Any:
    """Return the masked-language head of a model; None for a kind whose head is not known."""
    if hasattr(model, "decoder"):  # ModernBERT
        return nn.Sequential(model.head, model.decoder)
    return model.cls if hasattr(model, "cls") else getattr(model, "lm_head", None)


@dataclass(frozen=True)
class MaskedRows(Dataset[dict[str, torch.Tensor]]):
    """Rows with masks, in the order in which they are read.

    Seed and place in that order decide a mask, and no generator's state, which a loader that reads ahead would spoil.
    """

    rows: np.ndarray  # (rows, row_tokens) of `TOKEN`
    order: np.ndarray
    masking: "SpanMasking"
    seed: int

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, place: int) -> dict[str, torch.Tensor]:
        return self.masking(self.rows[self.order[place]], np.random.default_rng([self.seed, place]))


def training_order(indices: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return so many of the indices, each as often as the others but for one time, in a random order for each epoch."""
    random = np.random.default_rng(seed)
    return np.concatenate([random.permutation(indices) for _ in range(math.ceil(count / len(indices)))])[:count]


@dataclass(frozen=True)
class SpanMasking:
    """Masks spans of complete words, a mention as one word."""

    mask_token_id: int
    special_ids: tuple[int, ...]
    vocab_size: int
    mask_share: float

    def __call__(self, row: np.ndarray, random: np.random.Generator) -> dict[str, torch.Tensor]:
        """Return masked `input_ids` and `labels`, (tokens,) each."""
        input_ids = row["input_ids"].astype(np.int64)
        masked = self.masked(row, random)
        labels = np.where(masked, input_ids, IGNORED)
        fate = random.random(len(input_ids))
        input_ids = np.where(masked & (fate < MASK_SHARE), self.mask_token_id, input_ids)
        is_random = masked & (fate >= MASK_SHARE) & (fate < MASK_SHARE + RANDOM_SHARE)
        input_ids = np.where(is_random, random.integers(self.vocab_size, size=len(input_ids)), input_ids)
        return {"input_ids": torch.from_numpy(input_ids), "labels": torch.from_numpy(labels)}

    def masked(self, row: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return which tokens of a row are masked, (tokens,)."""
        starts = np.flatnonzero(row["is_start"])  # first token of each word; special tokens start none
        ends = np.append(starts[1:], len(row))
        weights = np.where(row["is_mention"][starts], MENTION_WEIGHT, 1.0)
        # Weighted random order without replacement: Efraimidis and Spirakis (2006).
        order = np.argsort(-np.log(random.random(len(starts))) / weights)
        lengths = np.minimum(random.geometric(SPAN_STOP, len(starts)), LONGEST_SPAN)
        masked = np.zeros(len(row), dtype=bool)
        for place in order:
            last = min(place + lengths[place], len(starts)) - 1
            span = slice(starts[place], ends[last])
            masked[span] |= not masked[span].any()
            if masked.sum() >= self.mask_share * len(masked):
                break
        return masked & ~np.isin(row["input_ids"], self.special_ids)


def use_vocabulary(model: Any, old: Any, new: Any) -> None:
    """Give the model the vocabulary of the tokenizer `new`, its embeddings made of those of `old`."""
    table = model.get_input_embeddings().weight.detach().clone()  # (old vocabulary, hidden)
    old_ids = old.get_vocab()
    roles = ("cls_token", "sep_token", "mask_token", "pad_token", "unk_token")  # MPNet writes <s> where BERT has [CLS]
    same_role = {getattr(new, role): getattr(old, role) for role in roles}
    model.resize_token_embeddings(len(new), mean_resizing=False)
    embeddings = model.get_input_embeddings().weight
    with torch.no_grad():
        for word, index in new.get_vocab().items():
            embeddings[index] = table[_old_pieces(same_role.get(word, word), old_ids, old)].mean(dim=0)
    model.config.pad_token_id = new.pad_token_id


def _old_pieces(word: str, old_ids: dict[str, int], old: Any) -> list[int]:
    """Return the old sub-words that spell a token of the new vocabulary; the unknown token where none does."""
    if word in old_ids:
        return [old_ids[word]]
    inner = word.startswith("##")
    # A continuation is spelled after a letter, so that its pieces are continuations as well.
    pieces = old.convert_tokens_to_ids(old.tokenize("a" + word[2:] if inner else word))
    return (pieces[1:] if inner else pieces) or [old.unk_token_id]


def grown(model: Any, layers: int) -> Any:
    """Return a deeper model that computes the same: each of the upper layers has a copy after it that adds nothing yet.

    A copy begins with the weights of its layer (Gong et al. 2019) but for output projections of zero. Its norms would
    still change the states, whose mean and variance a norm with learned scale and shift does not keep. So the scale and
    shift of the layer's last norm move into the last norm of the copy; the norms between compute what they get. What
    the copy reads is scaled and shifted in its projections instead. The states stay the same but for rounding.

    Raises:
        SettingError: the encoder has no fewer layers, less than half as many, or is no post-norm one of BERT's family.
    """
    config = copy.deepcopy(model.config)
    old = config.num_hidden_layers
    if config.model_type not in GROWABLE or not old < layers <= 2 * old:
        raise SettingError(
            f"--grow-to {layers}: an encoder of type {config.model_type!r} with {old} "
            f"layers cannot grow so; take one of {', '.join(GROWABLE)}, and {old + 1} to {2 * old} layers"
        )
    sources = [layer for layer in range(old) for _ in range(1 + (layer >= 2 * old - layers))]
    config.num_hidden_layers = layers
    deeper = type(model)._from_config(config, attn_implementation=model.config._attn_implementation)
    pattern = re.compile(r"(.*encoder\.layer\.)(\d+)(\..*)")
    weights = model.state_dict()
    for name in deeper.state_dict():
        match = pattern.fullmatch(name)
        source = name if match is None else f"{match[1]}{sources[int(match[2])]}{match[3]}"
        weights[name] = model.state_dict()[source]
    deeper.load_state_dict(weights)
    for number in range(1, layers):
        if sources[number] == sources[number - 1]:
            _silence(*(layer_parts(deeper.base_model.encoder.layer[place]) for place in (number - 1, number)))
    return deeper


def layer_parts(layer: Any) -> dict[str, Any]:
    """Return the parts of a layer by their role."""
    if hasattr(layer.attention, "attn"):  # MPNet
        own = layer.attention.attn
        reading, attended, norm = (own.q, own.k, own.v), own.o, layer.attention.LayerNorm
    else:
        own, attended = layer.attention.self, layer.attention.output.dense
        reading, norm = (own.query, own.key, own.value), layer.attention.output.LayerNorm
    parts = {"reading": reading, "attended": attended, "norm": norm, "inner": layer.intermediate.dense}
    return {**parts, "outer": layer.output.dense, "last_norm": layer.output.LayerNorm}


@torch.no_grad()
def _silence(layer: dict[str, Any], duplicate: dict[str, Any]) -> None:
    """Make the copy of a layer after it add nothing: see `grown`."""
    last = layer["last_norm"]
    for linear in duplicate["reading"]:
        _read_scaled(linear, last.weight, last.bias)
    _read_scaled(duplicate["inner"], duplicate["norm"].weight, duplicate["norm"].bias)
    for norm in (last, duplicate["norm"]):
        norm.weight.fill_(1)
        norm.bias.zero_()
    for linear in (duplicate["attended"], duplicate["outer"]):
        linear.weight.zero_()
        linear.bias.zero_()


def _read_scaled(linear: nn.Linear, scale: torch.Tensor, shift: torch.Tensor) -> None:
    """Make a projection compute from normed values what it computed from scaled and shifted ones."""
    linear.bias += linear.weight @ shift
    linear.weight *= scale


def training_arguments(options: argparse.Namespace, rows: int) -> TrainingArguments:
    """Return the settings of the Trainer: a learning rate that is constant between a short warm-up and a decay."""
    steps = options.max_steps or math.ceil(rows / options.rows_per_step)
    warmup, decay = min(200, steps // 10), round(0.2 * steps)
    return TrainingArguments(
        output_dir=str(options.output),
        max_steps=steps,
        train_sampling_strategy="sequential",  # through an order that is drawn beforehand, of all epochs
        per_device_train_batch_size=options.rows_per_step,
        per_device_eval_batch_size=options.rows_per_step,
        learning_rate=options.learning_rate,
        lr_scheduler_type="warmup_stable_decay",
        warmup_steps=warmup,
        lr_scheduler_kwargs={"num_decay_steps": decay},
        weight_decay=0.01,
        adam_beta2=0.98,
        bf16=options.bf16,
        use_cpu=not torch.cuda.is_available(),
        eval_strategy="steps",
        eval_steps=options.eval_steps,
        save_steps=options.save_steps,
        save_total_limit=2,
        logging_steps=min(100, options.save_steps),
        prediction_loss_only=True,
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to="none",
        seed=options.seed,
    )


if __name__ == "__main__":
    main()
