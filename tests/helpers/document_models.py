"""Tiny models of the document form, texts for them, and their logits, losses and gradients."""

import pytest
import torch
from torch import Tensor
from transformers import AutoConfig, DistilBertConfig

from biodir.configuration_biodir import BioDirConfig
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.processing_biodir import make_processor
from biodir.processing_document_biodir import DocumentFeatures
from helpers.marked import marked_document, word_piece_tokenizer
from helpers.tiny_models import targets_of, tiny_encoder_config, widened

TOLERANCE = 1e-5
SMALL_MODEL = {"pair_encoding": "document", "soft_prompt_tokens": 3, "classifier_dropout": 0.0}
WIDE = {"max_tokens": 120, "window_overlap_tokens": 20, "max_mention_tokens": 8}
# Small enough for the first text to fill several windows.
NARROW = {"max_tokens": 30, "window_overlap_tokens": 12, "max_mention_tokens": 8}
# Encoders whose first token takes the position after the padding's.
OFFSET_FAMILIES = ("roberta", "camembert", "xlm-roberta")
# Encoders whose attention depends on more than the products of queries and keys.
OTHER_KINDS = ("mpnet", "modernbert", "deberta-v2")
TEXT = marked_document(
    "<C:C1 aspirin> raises <D:D1 pain>. It binds <G:G1 cox2> and <G:G2 her2>; <C:C1 aspirin> inhibits <V:V1 it>. "
    "What are the labels of it and of it? It raises, it binds. <C:C2 iron <G:G3 it> in pain> causes <D:D1 \u200b> the "
    "end of <C:C1;C3 warfarin> it binds."
)
OTHER = marked_document("<C:C9 iron> inhibits <G:G9 her2> in <D:D9 pain>.", id="8")
ONE_PAIR = marked_document("It causes <D:D1 pain>. <C:C1 iron>", id="9")
DOCUMENTS = (TEXT, OTHER, ONE_PAIR)
_WORDS = "it binds " * 12
APART = marked_document(f"<C:C1 iron> {_WORDS}<D:D1 pain> and <C:C1 iron> {_WORDS}{_WORDS}<D:D1 pain> <G:G1 it>")
# In narrow windows its second one shows the pair closer than its first.
CLOSER = marked_document(f"<C:C1 iron> {'it binds ' * 9}<D:D1 pain> it it <C:C1 iron>.")

each_width = pytest.mark.parametrize("sizes", [WIDE, NARROW], ids=["one window", "several windows"])


def encoder_config(family: str = "bert", **settings):
    """Return the configuration of a tiny encoder, of any kind that can read packed rows."""
    settings = {"vocab_size": len(word_piece_tokenizer()), "max_position_embeddings": 130, **settings}
    if family == "distilbert":
        sizes = {"dim": 32, "hidden_dim": 48, "n_layers": 2, "n_heads": 4, "pad_token_id": 0}
        return DistilBertConfig(**sizes, dropout=0.0, attention_dropout=0.0, **settings)
    if family in OFFSET_FAMILIES:
        values = tiny_encoder_config("roberta", **settings).to_dict()
        return AutoConfig.for_model(family, **{name: value for name, value in values.items() if name != "model_type"})
    return tiny_encoder_config(family, **settings)


def model_and_processor(family: str = "bert", encoder_settings=(), **settings):
    """Return a random model in evaluation mode, and its processor."""
    values = {**SMALL_MODEL, **WIDE, **settings}
    config = BioDirConfig(encoder_config=encoder_config(family, **dict(encoder_settings)), **values)
    model = widened(BioDirForRelationExtraction(config)).eval()
    return model, make_processor(word_piece_tokenizer(), config)


def features_of(processor, *documents) -> list[DocumentFeatures]:
    return [features for document in documents for features in processor.features(processor.tokenize(document))]


def logits_with_gradient(model, processor, features) -> Tensor:
    """Return (batch, labels of all tasks)."""
    output = model(**processor.collate(features))
    return torch.cat([output[f"{task}_logits"] for task in model.config.tasks], dim=-1)


@torch.no_grad()
def logits_of(model, processor, features) -> Tensor:
    """Return (batch, labels of all tasks)."""
    return logits_with_gradient(model, processor, features)


def loss_of(model, processor, features, labels) -> Tensor:
    return model(**processor.collate(features), **targets_of(model.config, labels)).loss


def assert_close(found: Tensor, expected: Tensor, scale: float = 1.0) -> None:
    """Check that both are equal but for rounding, which grows with the largest number or, if larger, with `scale`."""
    scale = max(scale, expected.abs().max().item())
    torch.testing.assert_close(found, expected, rtol=0, atol=TOLERANCE * scale)


def some_labels(features) -> list[int]:
    """Return a label for each pair: the first is related, the second not, and so on."""
    return [(1 + number) % 2 * (1 + number % 3) for number in range(sum(len(found.pairs) for found in features))]


def gradients_of(model, logits: Tensor) -> dict[str, Tensor]:
    """Return parameter name -> gradient of a weighted sum of the logits in which no two weigh alike."""
    model.zero_grad()
    (logits * torch.linspace(-1, 1, logits.numel()).view_as(logits)).sum().backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def naive_head(head, states) -> Tensor:
    """Return (batch, labels) by plain loops over pairs, sides and groups."""
    logits = []
    for number, entities in enumerate(states.pair_entities.tolist()):
        sides = []
        for side, entity in zip(head.sides, entities, strict=True):
            mapped = side.entity.weight @ states.entities[entity] + side.entity.bias
            mapped = mapped + side.context.weight @ states.contexts[number]
            if states.prompts is not None:
                mapped = mapped + side.prompt.weight @ states.prompts[number]
            if states.closest is not None:
                mapped = mapped + side.mention.weight @ states.closest[number, len(sides)]
                mapped = mapped + side.between.weight @ states.closest[number, 2]
            sides.append(torch.tanh(mapped).split(head.group_size))
        products = [torch.outer(one, other).flatten() for one, other in zip(*sides, strict=True)]
        logits.append(head.classifier.weight @ torch.cat(products) + head.classifier.bias)
    return torch.stack(logits)
