"""The heads of the document form: a grouped bilinear map of both sides of a pair."""

from dataclasses import replace

import pytest
import torch

from biodir.modeling_heads_biodir import DocumentHead, PairStates
from helpers.document_models import naive_head
from helpers.tiny_models import widened


def random_pairs(hidden_size, has_prompts=True, has_closest=False):
    """Return the states of three pairs of four entities."""
    generator = torch.Generator().manual_seed(1)
    entities, contexts, prompts = (torch.randn(rows, hidden_size, generator=generator) for rows in (4, 3, 3))
    closest = torch.randn(3, 3, hidden_size, generator=generator) if has_closest else None
    pairs = torch.tensor([[0, 1], [3, 1], [2, 0]])
    return PairStates(entities, pairs, contexts, prompts if has_prompts else None, closest=closest)


@pytest.mark.parametrize(("has_prompts", "has_closest"), [(True, False), (False, False), (False, True), (True, True)])
@pytest.mark.parametrize("hidden_size", [8, 128])
def test_head_equals_a_naive_implementation(hidden_size, has_prompts, has_closest):
    head = widened(DocumentHead(hidden_size, 5, has_prompts, dropout=0.0, has_closest=has_closest))
    states = random_pairs(hidden_size, has_prompts, has_closest)
    torch.testing.assert_close(head(states), naive_head(head, states), rtol=1e-5, atol=1e-4)
    assert any("prompt" in name for name in head.state_dict()) == has_prompts
    assert any("between" in name for name in head.state_dict()) == has_closest


def test_prompts_that_pairs_share_give_the_logits_of_a_prompt_for_each_pair():
    head, states = widened(DocumentHead(8, 5, has_prompts=True, dropout=0.0)), random_pairs(8)
    rows = torch.tensor([2, 0, 2])
    shared, apart = replace(states, pair_prompts=rows), replace(states, prompts=states.prompts[rows])
    torch.testing.assert_close(head(shared), head(apart), rtol=0, atol=1e-6)
    for some, others in zip(shared.split(2), apart.split(2), strict=True):
        torch.testing.assert_close(head(some), head(others), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("hidden_size", "group_size"), [(8, 8), (64, 64), (96, 48), (312, 52), (768, 64)])
def test_groups_are_the_widest_of_at_most_64_that_divide_the_hidden_size(hidden_size, group_size):
    head = DocumentHead(hidden_size, 2, has_prompts=False, dropout=0.0)
    assert head.group_size == group_size
    assert head.classifier.weight.shape == (2, hidden_size * group_size)


def test_dropout_comes_before_the_classifier_and_in_training_only():
    head, states = widened(DocumentHead(8, 3, has_prompts=True, dropout=1.0)), random_pairs(8)
    assert torch.equal(head(states), head.classifier.bias.expand(3, 3))
    torch.testing.assert_close(head.eval()(states), naive_head(head, states), rtol=0, atol=1e-5)
