"""Tiny random encoders, tokenizers and pairs for tests of the model: nothing is downloaded, every run sees the same."""

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import (
    AutoModel,
    BertConfig,
    BertTokenizer,
    DebertaV2Config,
    ElectraConfig,
    ModernBertConfig,
    MPNetConfig,
    PreTrainedConfig,
    RobertaConfig,
)

from biodir.configuration_biodir import BioDirConfig
from biodir.labels_biodir import CHEMICAL, DISEASE
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.processing_biodir import make_processor
from helpers.marked import marked_document

# Electra represents the encoders whose embeddings are narrower than their hidden states.
FAMILIES = ("bert", "roberta", "modernbert", "electra", "mpnet", "deberta-v2")
POOLINGS = ("max", "mean", "attention")
MAX_TOKENS = 48
PAD_ID, CLS_ID, SEP_ID = 0, 2, 3
BRACKETS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("aspirin", "headache", "causes", "gene", "chemical", "disease", "##entity", "##product", "##src", "##tgt")
ONE_RELATION = {
    "relation_labels": ["None", "CID"],
    "novelty_labels": [],
    "direction_labels": [],
    "generic_relation": None,
    "pair_types": [(CHEMICAL, DISEASE)],
}
# Settings of models over real tokens, and a text of three pairs for them.
ROOM = {"max_tokens": 128, "max_name_tokens": 8, "max_mention_tokens": 8, "window_overlap_tokens": 16}
ROOM |= {"infix_min_tokens": 16, "soft_prompt_tokens": 3}
PAIRS = marked_document("<C:1 aspirin> causes <D:2 headache> . <G:3 gene> causes it .")


@dataclass(frozen=True)
class TinyPair:
    """The rows of a pair, each with the placeholders of its soft prompt at the end."""

    rows: tuple[tuple[int, ...], ...]
    pair_type_id: int = 0
    task_positions: tuple[int, ...] = (1, 2, 3)


def tiny_encoder_config(family: str = "bert", **settings: Any) -> PreTrainedConfig:
    """Return the configuration of a two-layer encoder without dropout."""
    sizes = {"vocab_size": 160, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    sizes |= {"intermediate_size": 48, "pad_token_id": PAD_ID}
    no_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    if family == "bert":
        return BertConfig(**{**sizes, **no_dropout, "max_position_embeddings": MAX_TOKENS, **settings})
    if family == "roberta":  # its first position is the one after the padding's
        return RobertaConfig(**{**sizes, **no_dropout, "max_position_embeddings": MAX_TOKENS + 1, **settings})
    if family == "electra":
        positions = {"max_position_embeddings": MAX_TOKENS, "embedding_size": 16}
        return ElectraConfig(**{**sizes, **no_dropout, **positions, **settings})
    if family == "mpnet":  # its first position is 2
        return MPNetConfig(**{**sizes, **no_dropout, "max_position_embeddings": MAX_TOKENS + 2, **settings})
    if family == "deberta-v2":  # as the released models, whose buckets are wider
        kinds = {"relative_attention": True, "position_buckets": 8, "norm_rel_ebd": "layer_norm", "share_att_key": True}
        kinds |= {"pos_att_type": ["p2c", "c2p"], "position_biased_input": False, "type_vocab_size": 0}
        positions = {"max_position_embeddings": MAX_TOKENS}
        return DebertaV2Config(**{**sizes, **no_dropout, **kinds, **positions, **settings})
    brackets = {"bos_token_id": CLS_ID, "cls_token_id": CLS_ID, "eos_token_id": SEP_ID, "sep_token_id": SEP_ID}
    local = {"max_position_embeddings": MAX_TOKENS, "local_attention": 8, "global_attn_every_n_layers": 2}
    return ModernBertConfig(**{**sizes, **brackets, **local, **settings})


def tiny_config(family: str = "bert", **settings: Any) -> BioDirConfig:
    """Return a configuration over `tiny_encoder_config`, by default with a soft prompt of three vectors."""
    values = {"soft_prompt_tokens": 3, "max_tokens": MAX_TOKENS, "classifier_dropout": 0.0}
    return BioDirConfig(encoder_config=tiny_encoder_config(family), **{**values, **settings})


def tiny_model(family: str = "bert", **settings: Any) -> BioDirForRelationExtraction:
    """Return a random model in evaluation mode; its weights are so wide that a changed input shows in the logits."""
    return widened(BioDirForRelationExtraction(tiny_config(family, **settings))).eval()


@torch.no_grad()
def widened(model: Any) -> Any:
    """Return the model with new random weights of some size, the same in every run; no bias stays zero."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.ndim > 1:
            parameter.copy_(0.3 * noise)
        else:
            parameter.add_(0.1 * noise)
    return model


def tiny_tokenizer() -> BertTokenizer:
    """Return a fast WordPiece tokenizer that can spell every lower-case ASCII text."""
    characters = string.ascii_lowercase + string.digits + "@$/[]_.,?"
    pieces = [*BRACKETS, *characters, *(f"##{character}" for character in characters), *WORDS]
    return BertTokenizer(vocab={piece: index for index, piece in enumerate(pieces)})


def save_encoder(folder: Path, family: str = "bert", model_class: Any = AutoModel, **settings: Any) -> Path:
    """Save a tiny random encoder and its tokenizer, as `model_from_encoder` reads them; return the folder."""
    tokenizer = tiny_tokenizer()
    config = tiny_encoder_config(family, **{"vocab_size": len(tokenizer), **settings})
    build = model_class.from_config if model_class is AutoModel else model_class
    widened(build(config)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def random_row(seed: int, tokens: int, prompt_tokens: int = 3) -> tuple[int, ...]:
    """Return token ids of a row of this length, placeholders included."""
    generator = torch.Generator().manual_seed(seed)
    text = torch.randint(len(BRACKETS), 160, (tokens - prompt_tokens,), generator=generator)
    return (*text.tolist(), *[PAD_ID] * prompt_tokens)


def random_pairs(config: Any) -> list[TinyPair]:
    """Return pairs with one, two and three chunks of different lengths and pair types."""
    shapes = (((20,), 0), ((12, 31), 1), ((25, 9, 14), 2), ((14, 13), 1), ((40,), 4))
    pairs = []
    for number, (lengths, pair_type_id) in enumerate(shapes):
        rows = [random_row(10 * number + place, size, config.soft_prompt_tokens) for place, size in enumerate(lengths)]
        positions = (1 + number % 3, 4, 2)[: len(config.tasks)]
        pairs.append(TinyPair(tuple(rows), pair_type_id % len(config.pair_types), positions))
    return pairs


def batch_of(pairs: Sequence[TinyPair], tokens: int | None = None, chunks: int | None = None) -> dict[str, Tensor]:
    """Return the model's inputs for the pairs, padded to a number of tokens and chunks."""
    tokens = tokens or max(len(row) for pair in pairs for row in pair.rows)
    chunks = chunks or max(len(pair.rows) for pair in pairs)
    input_ids = torch.full((len(pairs), chunks, tokens), PAD_ID)  # (batch, chunks, tokens)
    attention_mask = torch.zeros_like(input_ids)
    for number, pair in enumerate(pairs):
        for place, row in enumerate(pair.rows):
            input_ids[number, place, : len(row)] = torch.tensor(row)
            attention_mask[number, place, : len(row)] = 1
    return {
        "input_ids": input_ids,
        "attention_mask": attention_mask,
        "pair_type_ids": torch.tensor([pair.pair_type_id for pair in pairs]),
        "task_positions": torch.tensor([pair.task_positions for pair in pairs]),
    }


def targets_of(config: Any, labels: Sequence[int]) -> dict[str, Tensor]:
    """Return targets in which the label of this index holds for the pair in every task; 0 is an unrelated pair."""
    targets = {}
    for task in config.tasks:
        classes = len(config.labels[task])
        targets[f"{task}_targets"] = nn.functional.one_hot(torch.tensor(labels) % classes, classes)
    return targets


def all_logits(model: Any, batch: dict[str, Tensor]) -> Tensor:
    """Return (batch, labels of all tasks): the logits of the heads side by side, without gradient."""
    with torch.no_grad():
        output = model(**batch)
    return torch.cat([output[f"{task}_logits"] for task in model.config.tasks], dim=-1)


def assert_close(found: Tensor, expected: Tensor, tolerance: float = 1e-5) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


def logits_of(model: Any, *pairs: TinyPair, **sizes: int) -> Tensor:
    """Return (batch, labels of all tasks)."""
    return all_logits(model, batch_of(pairs, **sizes))


def loss_of(model: Any, pairs: Sequence[TinyPair], labels: Sequence[int]) -> Tensor:
    return model(**batch_of(pairs), **targets_of(model.config, labels)).loss


def gradients_of(model: Any, pairs: Sequence[TinyPair], labels: Sequence[int]) -> dict[str, Tensor]:
    """Return parameter name -> gradient, zeros where it has none."""
    model.zero_grad()
    loss_of(model, pairs, labels).backward()
    return {
        name: torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.clone()
        for name, parameter in model.named_parameters()
    }


def inputs_of_pairs(model: Any, tokenizer: Any) -> dict[str, Any]:
    """Return the model's inputs for the three pairs of `PAIRS`."""
    processor = make_processor(tokenizer, model.config)
    return processor.collate(list(processor.features(processor.tokenize(PAIRS))))


def rewrite_weights(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
