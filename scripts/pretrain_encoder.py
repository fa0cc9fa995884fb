"""Continues the masked-language-model training of an encoder on text of the domain, with another vocabulary if asked.

    python scripts/pretrain_encoder.py --text text.txt.xz --encoder FOLDER_OR_HUB_ID --output runs/encoder

With `--vocabulary` the encoder gets that tokenizer; the embedding of each of its words starts as that of the same
word in the old vocabulary, or as the mean over the old sub-words that spell it. The state is kept every
`--save-every` steps, and a run that was stopped goes on from there when it is started again.
"""

import argparse
import lzma
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

STATE_FILE = "pretraining.pt"
# Of the chosen tokens 80 % become [MASK], 10 % any token, 10 % stay: BERT (Devlin et al. 2019), section 3.1.
MASKED_SHARE, RANDOM_SHARE = 0.8, 0.1
IGNORED = -100  # the target of a token that is not to be predicted, as cross_entropy knows it


def main() -> None:
    options = _options()
    options.output.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    encoder = AutoModel.from_pretrained(options.encoder, attn_implementation=options.attention, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(options.encoder)
    if options.vocabulary:
        old, tokenizer = tokenizer, AutoTokenizer.from_pretrained(options.vocabulary)
        use_vocabulary(encoder, old, tokenizer)
    model = MaskedLanguageModel(encoder)
    model.eval()  # no dropout: in one pass over the text there is nothing to overfit
    rows = token_rows(options.text, tokenizer, options.row_tokens)
    batches = TokenBatches(rows, options.rows_per_step, tokenizer.mask_token_id, len(tokenizer), options.mask_share)
    if not batches.steps_an_epoch:
        raise SystemExit(f"{options.text}: {len(rows)} rows of text, fewer than the {options.rows_per_step} of a step")
    steps = options.steps or batches.steps_an_epoch
    device_type = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device_type)
    optimizer = torch.optim.AdamW(_parameter_groups(model, options.weight_decay), lr=options.rate, fused=True)
    schedule = get_linear_schedule_with_warmup(optimizer, round(0.03 * steps), steps)
    state_path = options.output / STATE_FILE
    first_step = load_state(state_path, model, optimizer, schedule)

    losses: list[float] = []
    started_s = time.perf_counter()
    for step in tqdm(range(first_step, steps), initial=first_step, total=steps, mininterval=30):
        tokens, targets = (part.to(device_type) for part in batches.batch(step, options.seed))  # (rows, row_tokens)
        with torch.autocast(device_type, torch.bfloat16, enabled=options.bf16):
            loss = model(tokens, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if (step + 1) % options.save_every == 0 or step + 1 == steps:
            save_state(state_path, step + 1, model, optimizer, schedule)
            recent = losses[-options.save_every :]
            elapsed_s = time.perf_counter() - started_s
            print(f"step {step + 1}: loss {sum(recent) / len(recent):.3f}, {elapsed_s:.0f} s", flush=True)
    encoder.save_pretrained(options.output / "encoder")
    tokenizer.save_pretrained(options.output / "encoder")


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
    """The text as rows of `row_tokens` token ids, [CLS] first and [SEP] between its lines: (rows, row_tokens)."""
    stream: list[torch.Tensor] = []
    for lines in _line_batches(path):
        ids = tokenizer(lines, add_special_tokens=False).input_ids
        stream += [torch.tensor([*line, tokenizer.sep_token_id], dtype=torch.int32) for line in ids]
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


def load_state(path: Path, model: nn.Module, optimizer, schedule) -> int:
    """The step to go on with, after a kept state was put back; 0 where none was kept."""
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True, map_location="cpu")  # loading copies to where the parameters are
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    return state["step"]


def save_state(path: Path, step: int, model: nn.Module, optimizer, schedule) -> None:
    """Writes the state of a run, whole or not at all."""
    parts = {"model": model, "optimizer": optimizer, "schedule": schedule}
    half_written = path.with_suffix(".part")
    torch.save({"step": step, **{name: part.state_dict() for name, part in parts.items()}}, half_written)
    os.replace(half_written, path)


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--text", type=Path, required=True, help="one paragraph or sentence a line; .xz is unpacked")
    parser.add_argument("--encoder", required=True, help="folder or Hub id of the pretrained encoder")
    parser.add_argument("--vocabulary", help="folder or Hub id of another tokenizer")
    parser.add_argument("--output", type=Path, required=True, help="folder for the state and, at the end, encoder/")
    parser.add_argument("--steps", type=int, help="default: one pass over the text")
    parser.add_argument("--rows-per-step", type=int, default=32)
    parser.add_argument("--row-tokens", type=int, default=128)
    parser.add_argument("--mask-share", type=float, default=0.15, help="share of the tokens that are asked for")
    parser.add_argument("--rate", type=float, default=5e-4, help="AdamW's highest rate")
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--attention", default="sdpa", help="attention code; eager is the fastest on CPUs in bf16")
    parser.add_argument("--bf16", action="store_true", help="products in bfloat16")
    parser.add_argument("--save-every", type=int, default=500, help="steps between two states")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
