"""Continue the masked-language-model training of an encoder on text of the domain, with another vocabulary if wanted.

    python scripts/pretrain_encoder.py --text text.txt.xz corpus.jsonl.xz --encoder FOLDER_OR_ID --output runs/encoder

A text file has one paragraph or sentence a line; a `.jsonl` file has one document a line, whose `entities` (mentions
with `start` and `end`) are masked as one word. Spans of complete words are masked, as in SpanBERT. With `--vocabulary`
the encoder gets that tokenizer; the embedding of a new token starts as that of the same token in the old vocabulary, or
as the mean over the old sub-words that spell it. A checkpoint is saved every `--save-steps` steps, from which a stopped
run resumes when it is started again. At the end `OUTPUT/encoder` holds the model with its masked-language head.
"""

import argparse
import copy
import hashlib
import json
import lzma
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset
from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer, Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from biodir.allocator import keep_freed_memory
from biodir.training.provenance import data_fingerprints

IGNORED = -100  # label of a token that is not predicted, as cross_entropy knows it
# Of the masked tokens 80 % become [MASK], 10 % a random token, 10 % stay: BERT (Devlin et al. 2019), section 3.1.
MASK_SHARE, RANDOM_SHARE = 0.8, 0.1
# Lengths of spans, in words: SpanBERT (Joshi et al. 2020), section 3.1.
SPAN_STOP, LONGEST_SPAN = 0.2, 10
MENTION_WEIGHT = 3.0  # how much likelier a span starts at a mention than at another word
# Encoders that can grow: their layers end with a norm.
GROWABLE = ("bert", "roberta", "xlm-roberta", "camembert", "mpnet")
# A token of a row: its id, whether a word or a mention starts at it, and whether it is part of a mention.
TOKEN = np.dtype([("input_ids", np.int32), ("is_start", bool), ("is_mention", bool)])


def main(arguments: Sequence[str] | None = None) -> None:
    """Train as the command line says."""
    options = _options(arguments)
    missing = [path for path in [*options.text, *options.exclude] if not path.is_file()]
    if missing:
        raise SystemExit(f"pretrain_encoder.py: error: {missing[0]}: there is no such file; check --text and --exclude")
    options.output.mkdir(parents=True, exist_ok=True)
    keep_freed_memory()
    torch.manual_seed(options.seed)
    tokenizer = AutoTokenizer.from_pretrained(options.vocabulary or options.encoder)
    rows = token_rows(options, tokenizer)
    held_out = max(1, min(len(rows) // 100, options.eval_rows))
    order = np.random.default_rng(0).permutation(len(rows))
    config = AutoConfig.from_pretrained(options.encoder)
    # Several passes over a large text do not overfit a small encoder; fine-tuning gets its dropout back below.
    dropouts = {name: value for name, value in vars(config).items() if "dropout" in name and isinstance(value, float)}
    masking = SpanMasking(tokenizer.mask_token_id, tuple(tokenizer.all_special_ids), len(tokenizer), options.mask_share)
    attention, no_dropout = options.attention, dict.fromkeys(dropouts, 0.0)
    model = AutoModelForMaskedLM.from_pretrained(
        options.encoder, dtype=torch.float32, attn_implementation=attention, **no_dropout
    )
    if options.vocabulary:
        use_vocabulary(model, AutoTokenizer.from_pretrained(options.encoder), tokenizer)
    if options.grow_to:
        model = grown(model, options.grow_to)
    settings = training_arguments(options, len(rows) - held_out)
    trained = training_order(order[held_out:], settings.max_steps * options.rows_per_step, options.seed)
    trainer = SparseTrainer(
        model=model,
        args=settings,
        train_dataset=MaskedRows(rows, trained, masking, options.seed),
        eval_dataset=MaskedRows(rows, order[:held_out], masking, options.seed),
    )
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(options.output)))
    trainer.save_metrics("eval", trainer.evaluate())
    model.config.update(dropouts)
    trainer.save_model(str(options.output / "encoder"))
    tokenizer.save_pretrained(options.output / "encoder")


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
    """Return the masked-language head of a model, of any kind of encoder."""
    if hasattr(model, "decoder"):  # ModernBERT
        return nn.Sequential(model.head, model.decoder)
    return model.cls if hasattr(model, "cls") else model.lm_head


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


def token_rows(options: argparse.Namespace, tokenizer: Any) -> np.ndarray:
    """Return the rows of all texts, from the cache in the output folder where an earlier start left them.

    Each is [CLS], then text with [SEP] after each line or document: (rows, row_tokens) of `TOKEN`.
    """
    files = data_fingerprints([*options.text, *options.exclude])
    source = json.dumps([files, options.row_tokens, sorted(tokenizer.get_vocab().items())])
    cache = options.output / f"rows-{hashlib.sha256(source.encode()).hexdigest()[:16]}.npy"
    if not cache.is_file():
        texts = (path.read_text("utf-8") for path in options.exclude)  # PubTator
        excluded = {match[1] for text in texts for match in re.finditer(r"^(\d+)\|t\|", text, re.MULTILINE)}
        stream = np.concatenate([part for path in options.text for part in _tokens(path, tokenizer, excluded)])
        width = options.row_tokens - 1
        rows = np.zeros((len(stream) // width, options.row_tokens), TOKEN)
        rows["input_ids"][:, 0] = tokenizer.cls_token_id
        rows[:, 1:] = stream[: len(rows) * width].reshape(-1, width)
        half_written = cache.with_suffix(".part.npy")
        np.save(half_written, rows)
        half_written.replace(cache)
        share = stream["is_mention"].mean()
        print(f"{len(rows)} rows of {options.row_tokens} tokens, {share:.1%} of them in mentions", flush=True)
    return np.load(cache)


def _tokens(path: Path, tokenizer: Any, excluded: set[str]) -> Iterator[np.ndarray]:
    """Yield the tokens of each line or document, [SEP] last: (tokens,) of `TOKEN`."""
    documents = list(_documents(path, excluded))
    for first in range(0, len(documents), 1000):
        batch = documents[first : first + 1000]
        encoded = tokenizer([text for text, _ in batch], add_special_tokens=False)
        for (_, spans), encoding in zip(batch, encoded.encodings, strict=True):
            words = np.array([-1 if word is None else word for word in encoding.word_ids], dtype=np.int64)
            tokens = np.zeros(len(words) + 1, TOKEN)
            tokens["input_ids"] = [*encoding.ids, tokenizer.sep_token_id]
            tokens["is_start"][:-1] = np.diff(words, prepend=-1) != 0
            start_chars = np.array([start for start, _ in encoding.offsets], dtype=np.int64)
            for start, end in spans:
                inside = np.flatnonzero((start_chars >= start) & (start_chars < end))
                tokens["is_mention"][inside] = True
                tokens["is_start"][inside[1:]] = False
            yield tokens


def _documents(path: Path, excluded: set[str]) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Yield the text and the mentions of each line or document that is not excluded."""
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            if ".jsonl" not in path.name:
                if re.search(r"\w", line):
                    yield line.strip(), []
                continue
            document = json.loads(line)
            if not {str(document.get("pmid")), str(document.get("id"))} & excluded:
                yield document["text"], [(each["start"], each["end"]) for each in document.get("entities", ())]


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
        SystemExit: the encoder has no fewer layers, less than half as many, or is no post-norm one of the BERT family.
    """
    config = copy.deepcopy(model.config)
    old = config.num_hidden_layers
    if config.model_type not in GROWABLE or not old < layers <= 2 * old:
        raise SystemExit(
            f"pretrain_encoder.py: error: --grow-to {layers}: an encoder of type {config.model_type!r} with {old} "
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


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--text", type=Path, nargs="+", required=True, help="text or .jsonl files; .xz is unpacked")
    parser.add_argument("--exclude", type=Path, nargs="*", default=[], help="PubTator files of documents to leave out")
    parser.add_argument("--encoder", required=True, help="folder or Hub id of the pretrained encoder")
    parser.add_argument("--vocabulary", help="folder or Hub id of another tokenizer")
    parser.add_argument("--grow-to", type=int, help="so many layers, up to twice as many; the function is kept")
    parser.add_argument("--output", type=Path, required=True, help="folder of checkpoints and, at the end, encoder/")
    parser.add_argument("--max-steps", type=int, help="default: one pass over the text")
    parser.add_argument("--rows-per-step", type=int, default=32)
    parser.add_argument("--row-tokens", type=int, default=256)
    parser.add_argument("--mask-share", type=float, default=0.2, help="share of the tokens that are masked")
    parser.add_argument("--learning-rate", type=float, default=5e-4, help="highest learning rate of AdamW")
    parser.add_argument("--attention", help="attention code; eager is the fastest on CPUs in bf16")
    parser.add_argument("--bf16", action="store_true", help="matrix products in bfloat16")
    parser.add_argument("--save-steps", type=int, default=500)
    parser.add_argument("--eval-steps", type=int, default=500)
    parser.add_argument("--eval-rows", type=int, default=1000, help="rows held out for the loss of evaluation")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
