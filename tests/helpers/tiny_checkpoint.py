"""A tiny checkpoint with random weights: what tests of the pipeline and the commands share."""

import string
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, BertConfig, BertModel, BertTokenizer

from biodir.configuration_biodir import BioDirConfig
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.pipeline_biodir import BioDirPipeline
from biodir.training.initialization import model_from_encoder

# Small sizes, so that a few sentences fill a window and a few pairs fill a batch; every pair is related, whatever the
# random weights are.
SETTINGS = {
    "max_tokens": 96,
    "max_name_tokens": 6,
    "max_mention_tokens": 8,
    "window_overlap_tokens": 16,
    "infix_min_tokens": 16,
    "soft_prompt_tokens": 2,
    "token_budget": 512,
    "initializer_range": 0.5,
    "none_bias": -1000.0,
}
WORDS = ["what", "are", "the", "labels", "of", "and", "between", "gene", "drug", "disease", "filler", "aspirin"]


def save_encoder(folder: Path, positions: int = 128) -> None:
    """Save a BERT of two layers, whose tokenizer knows the characters of ASCII and a few words."""
    characters = [*string.digits, *string.ascii_lowercase, *string.punctuation]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = [*special, *characters, *(f"##{character}" for character in characters), *WORDS]
    BertTokenizer(vocab={token: index for index, token in enumerate(tokens)}).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(tokens),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=positions,
        initializer_range=0.5,
    )
    torch.manual_seed(0)
    BertModel(config).save_pretrained(folder)


def save_checkpoint(folder: Path, **settings: Any) -> Path:
    """Save a model and its tokenizer, with their `save_pretrained`; return their folder, inside the one given.

    Args:
        settings: of the configuration, in place of `SETTINGS`.
    """
    save_encoder(folder / "encoder")
    torch.manual_seed(1)
    model, tokenizer = model_from_encoder(folder / "encoder", **{**SETTINGS, **settings})
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    return folder / "model"


def open_pipeline(folder: Path, relates_all: bool = True, **parameters: Any) -> BioDirPipeline:
    """Return a pipeline over the checkpoint, with the installed code; it relates every pair, or none."""
    config = BioDirConfig.from_pretrained(folder)
    if not relates_all:
        config.none_bias, config.relation_threshold = 1000.0, 1.0
    model = BioDirForRelationExtraction.from_pretrained(folder, config=config)
    return BioDirPipeline(model, AutoTokenizer.from_pretrained(folder, config=config), device="cpu", **parameters)
