"""What is held at once in the document form: passes, pairs and the largest tensor."""

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from biodir import modeling_biodir, processing_document_biodir
from helpers.document_models import (
    DOCUMENTS,
    NARROW,
    TEXT,
    assert_close,
    features_of,
    logits_of,
    model_and_processor,
)
from helpers.marked import marked_document


@pytest.mark.parametrize("token_budget", [1, 60, 200])
def test_windows_are_read_in_passes_of_the_token_budget_without_a_change_of_scores(token_budget):
    model, processor = model_and_processor(closest_mentions=True, **NARROW)
    features = features_of(processor, *DOCUMENTS)
    expected = logits_of(model, processor, features)
    passes = []
    model.encoder.register_forward_pre_hook(
        lambda _, args, inputs: passes.append((len(inputs["layout"].windows), inputs["inputs_embeds"].shape[1])),
        with_kwargs=True,
    )
    model.config.token_budget = token_budget
    assert_close(logits_of(model, processor, features), expected)
    assert sum(windows for windows, _ in passes) == sum(len(found.rows) for found in features)
    assert all(tokens <= token_budget or windows == 1 for windows, tokens in passes)
    assert token_budget == 1 or any(windows > 1 for windows, _ in passes)


@pytest.mark.parametrize("pairs_of_heads", [1, 4])
def test_number_of_pairs_that_heads_compute_at_once_changes_no_score(monkeypatch, pairs_of_heads):
    for prompt_tokens in (0, 3):
        settings = {"soft_prompt_tokens": prompt_tokens, "closest_mentions": prompt_tokens > 0}
        model, processor = model_and_processor(**settings, **NARROW)
        features = features_of(processor, *DOCUMENTS)
        expected = logits_of(model, processor, features)
        with monkeypatch.context() as patched:
            patched.setattr(modeling_biodir, "PAIRS_OF_HEADS", pairs_of_heads)
            assert_close(logits_of(model, processor, features), expected)


def test_long_text_is_read_for_more_pairs_at_once(monkeypatch):
    _, processor = model_and_processor(**NARROW)
    monkeypatch.setattr(processing_document_biodir, "PAIRS_PER_PASS", 2)
    first, *_ = features_of(processor, TEXT)
    assert len(first.pairs) == len(processor.tokenize(TEXT).token_ids) // 2 > 2


def test_largest_tensor_does_not_grow_with_text_and_entities_at_once():
    model, processor = model_and_processor(**NARROW)
    model.config.token_budget = 100
    largest = []
    for copies in (10, 40):
        text = "it binds it . " * 4
        document = marked_document(" ".join(f"<C:C{number} iron> {text}" for number in range(copies)))
        [features] = features_of(processor, document)
        some = features.select(range(0, len(features.pairs), len(features.pairs) // 20))
        with _LargestTensor() as watched:
            logits_of(model, processor, [some])
        largest.append(watched.numbers)
    assert largest[1] <= largest[0]


class _LargestTensor(TorchFunctionMode):
    """Counts the numbers of the largest tensor that torch returns."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        if isinstance(found, Tensor) and not isinstance(found, torch.nn.Parameter) and found.is_floating_point():
            self.numbers = max(self.numbers, found.numel())
        return found
