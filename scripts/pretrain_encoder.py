"""Continues the masked-language-model training of an encoder on text of the domain, with another vocabulary if asked.

    python scripts/pretrain_encoder.py --text text.txt.xz --encoder FOLDER_OR_HUB_ID --output runs/encoder

With `--vocabulary` the encoder gets that tokenizer; the embedding of each of its words starts as that of the same
word in the old vocabulary, or as the mean over the old sub-words that spell it. The state is kept every
`--save-steps` steps, and a run that was stopped goes on from there when it is started again with the same options and
data. At the end `OUTPUT/encoder` holds encoder, tokenizer and training.json: options, versions, commit, hashes of the
data, the loss of every step.
"""

import argparse
import lzma
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

from biodir.errors_biodir import BioDirError, CheckpointError, SettingError
from biodir.training.checkpoints import newest_state, save_model, save_state
from biodir.training.provenance import data_fingerprints, provenance

# Of the chosen tokens 80 % become [MASK], 10 % any token, 10 % stay: BERT (Devlin et al. 2019), section 3.1.
MASKED_SHARE, RANDOM_SHARE = 0.8, 0.1
IGNORED = -100  # the target of a token that is not to be predicted, as cross_entropy knows it
# What a run that goes on may change: neither touches a number.
CHANGEABLE = ("output", "save_steps")
# Files of a folder with an encoder or a tokenizer that decide what is learned from it.
DECIDING_FILES = ("config.json", "model.safetensors", "pytorch_model.bin", "tokenizer.json", "vocab.txt")


def main() -> None:
    """Trains as the command line says; on bad input the program ends with a line that names it."""
    try:
        pretrain(_options())
    except BioDirError as error:
        raise SystemExit(f"pretrain_encoder.py: error: {error}") from error


def pretrain(options: argparse.Namespace) -> None:
    """Trains from the first step, or behind the newest kept state, and leaves encoder, tokenizer and record.

    Raises:
        SettingError: the text fills no step, or the state in the output is that of other options or other data.
        CheckpointError: the encoder or the vocabulary cannot be loaded.
    """
    record = {"settings": _settings(options), "provenance": provenance(), "data": fingerprints(options)}
    kept = state_of_this_run(options.output, record)
    torch.manual_seed(options.seed)
    encoder, tokenizer = load_encoder(options.encoder, options.vocabulary, options.attention)
    rows = token_rows(options.text, tokenizer, options.row_tokens)
    batches = TokenBatches(rows, options.rows_per_step, tokenizer.mask_token_id, len(tokenizer), options.mask_share)
    if not batches.steps_an_epoch:
        raise SettingError(
            f"{options.text}: {len(rows)} rows of text, fewer than the {options.rows_per_step} of a step; give more "
            "text, or lower --rows-per-step"
        )
    run = new_run(encoder, batches, options, record)
    if kept is not None:
        run.go_on(kept)
    train(run, options)
    save_model(options.output / "encoder", encoder, tokenizer, run.log(finished=True))


@dataclass
class Run:
    """What learns, and how far it is: a loss for every step that was taken."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: Any
    batches: "TokenBatches"
    steps: int
    record: dict[str, Any]
    losses: list[float] = field(default_factory=list)
    train_s: float = 0.0

    @property
    def stateful(self) -> dict[str, Any]:
        """What a run that goes on puts back, by the names that it is kept under."""
        return {"model": self.model, "optimizer": self.optimizer, "schedule": self.schedule}

    def keep(self, folder: Path) -> None:
        """Keeps all that a run needs to go on."""
        parts = {name: part.state_dict() for name, part in self.stateful.items()}
        save_state(folder, len(self.losses), {**parts, "losses": self.losses, "train_s": self.train_s}, self.record)

    def go_on(self, state: dict[str, Any]) -> None:
        """Puts a kept state back."""
        for name, part in self.stateful.items():
            part.load_state_dict(state[name])  # copies to where the parameters are
        self.losses, self.train_s = state["losses"], state["train_s"]

    def log(self, finished: bool = False) -> dict[str, Any]:
        """The record of the run so far."""
        sizes = {"rows": len(self.batches.rows), "tokens_per_step": self.batches.tokens_per_step, "steps": self.steps}
        return {**self.record, **sizes, "train_s": self.train_s, "step_losses": self.losses, "finished": finished}


def new_run(encoder: nn.Module, batches: "TokenBatches", options: argparse.Namespace, record: dict[str, Any]) -> Run:
    """A run before its first step."""
    model = MaskedLanguageModel(encoder)
    model.eval()  # no dropout: in one pass over the text there is nothing to overfit
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    steps = options.steps or batches.steps_an_epoch
    optimizer = torch.optim.AdamW(_parameter_groups(model, options.weight_decay), lr=options.rate, fused=True)
    schedule = get_linear_schedule_with_warmup(optimizer, round(0.03 * steps), steps)
    return Run(model, optimizer, schedule, batches, steps, record)


def train(run: Run, options: argparse.Namespace) -> None:
    """The steps that are left, with a state every `--save-steps` of them and at the end."""
    device = run.model.bias.device
    started_s = time.perf_counter() - run.train_s
    first_step = len(run.losses)
    for step in tqdm(range(first_step, run.steps), initial=first_step, total=run.steps, mininterval=30):
        tokens, targets = (part.to(device) for part in run.batches.batch(step, options.seed))  # (rows, row_tokens)
        with torch.autocast(device.type, torch.bfloat16, enabled=options.bf16):
            loss = run.model(tokens, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
        run.optimizer.step()
        run.schedule.step()
        run.optimizer.zero_grad()
        run.losses.append(loss.item())
        run.train_s = time.perf_counter() - started_s
        if (step + 1) % options.save_steps == 0 or step + 1 == run.steps:
            run.keep(options.output / "states")
            recent = run.losses[-options.save_steps :]
            print(f"step {step + 1}: loss {sum(recent) / len(recent):.3f}, {run.train_s:.0f} s", flush=True)


def state_of_this_run(output: Path, record: dict[str, Any]) -> dict[str, Any] | None:
    """The newest state that the output holds; None where it holds none.

    Raises:
        SettingError: it is that of a run with other options or other data.
    """
    found = newest_state(output / "states")
    if found is None:
        return None
    state, kept = found
    differences = [
        f"{name} is {value!r}, was {kept['settings'].get(name)!r}"
        for name, value in record["settings"].items()
        if name not in CHANGEABLE and kept["settings"].get(name) != value
    ]
    if kept["data"] != record["data"]:
        differences.append("the content of text, encoder or vocabulary has changed")
    if differences:
        raise SettingError(
            f"{output}: cannot go on with other options ({'; '.join(differences)}); give the old ones, or name another "
            "--output"
        )
    print(f"{output}: goes on behind step {kept['step']}")
    return state


def fingerprints(options: argparse.Namespace) -> dict[str, str]:
    """The hashes of the text, and of the files of encoder and vocabulary where these are folders.

    Raises:
        SettingError: there is no such text.
    """
    if not options.text.is_file():
        raise SettingError(f"{options.text}: there is no such file; name a text with --text")
    folders = [Path(name) for name in (options.encoder, options.vocabulary) if name]
    deciding = [folder / name for folder in folders for name in DECIDING_FILES]
    return data_fingerprints(map(str, [options.text, *(path for path in deciding if path.is_file())]))


def load_encoder(name: str, vocabulary: str | None, attention: str) -> tuple[nn.Module, Any]:
    """The encoder in float32 with its tokenizer, or with that of `vocabulary`.

    Raises:
        CheckpointError: one of them cannot be loaded.
    """
    try:
        encoder = AutoModel.from_pretrained(name, attn_implementation=attention, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(name)
        if vocabulary:
            old, tokenizer = tokenizer, AutoTokenizer.from_pretrained(vocabulary)
            use_vocabulary(encoder, old, tokenizer)
    except OSError as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"encoder or vocabulary cannot be loaded: {reason}; name a folder or Hub id") from error
    return encoder, tokenizer


class MaskedLanguageModel(nn.Module):
    """An encoder under BERT's head for masked tokens, whose last matrix is the table of embeddings."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        hidden = encoder.config.hidden_size
        vocabulary = encoder.get_input_embeddings().num_embeddings
        self.encoder = encoder
        self.transform = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.LayerNorm(hidden, eps=1e-12))
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        nn.init.normal_(self.transform[0].weight, std=0.02)
        nn.init.zeros_(self.transform[0].bias)

    def forward(self, tokens: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The mean loss over the tokens that have a target.

        Args:
            tokens, targets: (rows, row_tokens); a target of -100 asks for nothing.
        """
        hidden = self.encoder(input_ids=tokens).last_hidden_state  # (rows, row_tokens, hidden)
        wanted = targets != IGNORED
        states = self.transform(hidden[wanted])  # (wanted, hidden)
        logits = states @ self.encoder.get_input_embeddings().weight.T + self.bias  # (wanted, vocabulary)
        return nn.functional.cross_entropy(logits.float(), targets[wanted])


@dataclass(frozen=True)
class TokenBatches:
    """Rows of tokens in batches: which rows and which tokens a step asks for is decided by the step and a seed."""

    rows: torch.Tensor  # (rows, row_tokens)
    rows_per_step: int
    mask_id: int
    vocabulary: int
    mask_share: float

    @property
    def steps_an_epoch(self) -> int:
        """Steps in which every row is seen once; the rest of the rows, too few for a step, is left out."""
        return len(self.rows) // self.rows_per_step

    @property
    def tokens_per_step(self) -> int:
        return self.rows_per_step * self.rows.shape[1]

    def batch(self, step: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Masked tokens and their targets, (rows_per_step, row_tokens) each."""
        epoch, place = divmod(step, self.steps_an_epoch)
        order = torch.randperm(len(self.rows), generator=torch.Generator().manual_seed(seed * 1000 + epoch))
        chosen = order[place * self.rows_per_step : (place + 1) * self.rows_per_step]
        return self._masked(self.rows[chosen].long(), torch.Generator().manual_seed(seed * 10_000_000 + step))

    def _masked(self, tokens: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = torch.rand(tokens.shape, generator=generator) < self.mask_share
        fate = torch.rand(tokens.shape, generator=generator)
        any_token = torch.randint(self.vocabulary, tokens.shape, generator=generator)
        targets = torch.where(chosen, tokens, IGNORED)
        masked = torch.where(chosen & (fate < MASKED_SHARE), self.mask_id, tokens)
        replaced = chosen & (fate >= MASKED_SHARE) & (fate < MASKED_SHARE + RANDOM_SHARE)
        return torch.where(replaced, any_token, masked), targets


def use_vocabulary(encoder: nn.Module, old, new) -> None:
    """Gives the encoder the vocabulary of the tokenizer `new`, its embeddings made of those of `old`."""
    table = encoder.get_input_embeddings().weight.detach().clone()  # (old vocabulary, hidden)
    old_ids = old.get_vocab()
    encoder.resize_token_embeddings(len(new), mean_resizing=False)
    embeddings = encoder.get_input_embeddings().weight
    with torch.no_grad():
        for word, index in new.get_vocab().items():
            embeddings[index] = table[_old_pieces(word, old_ids, old)].mean(dim=0)
    encoder.config.pad_token_id = new.pad_token_id


def _old_pieces(word: str, old_ids: dict[str, int], old) -> list[int]:
    """The old sub-words that spell a word of the new vocabulary; the unknown token where none does."""
    if word in old_ids:
        return [old_ids[word]]
    inner = word.startswith("##")
    # A continuation is spelled behind a letter, so that its pieces are continuations as well.
    pieces = old.convert_tokens_to_ids(old.tokenize("a" + word[2:] if inner else word))
    return (pieces[1:] if inner else pieces) or [old.unk_token_id]


def token_rows(path: Path, tokenizer, row_tokens: int) -> torch.Tensor:
    """The text as rows of `row_tokens` token ids, [CLS] first and [SEP] between its lines: (rows, row_tokens).

    Raises:
        SettingError: no line has a word.
    """
    stream: list[torch.Tensor] = []
    for lines in _line_batches(path):
        ids = tokenizer(lines, add_special_tokens=False).input_ids
        stream += [torch.tensor([*line, tokenizer.sep_token_id], dtype=torch.int32) for line in ids]
    if not stream:
        raise SettingError(f"{path}: no line has a word; give text with a paragraph or sentence a line")
    tokens = torch.cat(stream)
    rows = len(tokens) // (row_tokens - 1)
    body = tokens[: rows * (row_tokens - 1)].view(rows, row_tokens - 1)
    return torch.cat([torch.full((rows, 1), tokenizer.cls_token_id, dtype=torch.int32), body], dim=1)


def _line_batches(path: Path, size: int = 2000) -> Iterator[list[str]]:
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as lines:
        batch: list[str] = []
        for line in lines:
            if not re.search(r"\w", line):
                continue
            batch.append(line.strip())
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """The options as JSON keeps them."""
    return {name: str(value) if isinstance(value, Path) else value for name, value in vars(options).items()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--text", type=Path, required=True, help="one paragraph or sentence a line; .xz is unpacked")
    parser.add_argument("--encoder", required=True, help="folder or Hub id of the pretrained encoder")
    parser.add_argument("--vocabulary", help="folder or Hub id of another tokenizer")
    parser.add_argument("--output", type=Path, required=True, help="folder for states/ and, at the end, encoder/")
    parser.add_argument("--steps", type=int, help="default: one pass over the text")
    parser.add_argument("--rows-per-step", type=int, default=32)
    parser.add_argument("--row-tokens", type=int, default=128)
    parser.add_argument("--mask-share", type=float, default=0.15, help="share of the tokens that are asked for")
    parser.add_argument("--rate", type=float, default=5e-4, help="AdamW's highest rate")
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--attention", default="sdpa", help="attention code; eager is the fastest on CPUs in bf16")
    parser.add_argument("--bf16", action="store_true", help="products in bfloat16")
    parser.add_argument("--save-steps", type=int, default=500, help="steps between two states")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
