"""The parts of the document form: log-sum-exp of mentions, attention, localized context, bilinear heads."""

import math

import pytest
import torch

from biodir import modeling_pooled_biodir
from biodir.modeling_document_biodir import entity_states, mention_attention, pair_contexts
from biodir.modeling_heads_biodir import DocumentHead, PairStates
from helpers.tiny_models import widened

LN2 = math.log(2)


def assert_close(found, expected, tolerance=1e-6):
    torch.testing.assert_close(found, torch.as_tensor(expected), rtol=0, atol=tolerance)


# Entities.


def test_entity_with_one_mention_has_its_state():
    states = torch.tensor([[1.0, -2.0], [3.0, 0.5]])
    assert_close(entity_states(states, torch.tensor([1, 0]), 2), [[3.0, 0.5], [1.0, -2.0]])


def test_entity_has_the_log_sum_exp_of_its_mentions():
    states = torch.tensor([[1.0, 0.0], [5.0, 5.0], [1.0, math.log(3)]])
    assert_close(entity_states(states, torch.tensor([0, 1, 0]), 2), [[1 + LN2, math.log(4)], [5.0, 5.0]])


def test_large_states_do_not_overflow():
    states = torch.tensor([[1000.0], [1000.0], [-1000.0], [-1000.0]])
    assert_close(entity_states(states, torch.tensor([0, 0, 1, 1]), 2), [[1000 + LN2], [LN2 - 1000]], 1e-3)


def test_order_of_the_mentions_changes_nothing():
    states, numbers = torch.randn(6, 3, generator=torch.Generator().manual_seed(1)), torch.tensor([0, 1, 0, 2, 1, 0])
    order = torch.tensor([5, 3, 1, 0, 2, 4])
    assert_close(entity_states(states[order], numbers[order], 3), entity_states(states, numbers, 3))


def test_states_and_gradients_of_entities_are_those_of_torch():
    states = torch.randn(5, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
    found = entity_states(states, torch.tensor([0, 1, 0, 0, 1]), 2)
    expected = torch.stack([states[[0, 2, 3]].logsumexp(dim=0), states[[1, 4]].logsumexp(dim=0)])
    assert_close(found, expected)
    weights = torch.arange(6.0).view(2, 3)
    gradients = [torch.autograd.grad((part * weights).sum(), states)[0] for part in (found, expected)]
    assert_close(*gradients)


def test_entities_of_half_precision_are_summed_in_float32():
    found = entity_states(torch.zeros(300, 1, dtype=torch.bfloat16), torch.zeros(300, dtype=torch.long), 1)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(math.log(300))


# Attention and context.


def test_mention_attends_to_its_window_by_the_softmax_of_query_and_key():
    query = torch.tensor([[[1.0], [0.0]], [[0.0], [2.0]]])  # (heads, mentions, head_size)
    key = torch.tensor([[[LN2], [0.0], [LN2]], [[LN2], [0.0], [0.0]]])  # (heads, tokens, head_size)
    third = 1 / 3
    assert_close(
        mention_attention(query, key),
        [[[0.4, 0.2, 0.4], [third, third, third]], [[third, third, third], [4 / 6, 1 / 6, 1 / 6]]],
    )


def test_window_without_mentions_has_no_attention():
    assert mention_attention(torch.zeros(2, 0, 3), torch.ones(2, 5, 3)).shape == (2, 0, 5)


def test_attention_of_half_precision_is_computed_in_float32():
    half = torch.zeros(1, 1, 3, dtype=torch.bfloat16)
    assert mention_attention(half, half).dtype == torch.float32


def test_context_weighs_the_text_by_the_attention_of_both_summed_over_heads():
    # Products of the heads: 0.06 and 0.28 on the first token, 0.56 and 0.18 on the second.
    attention = torch.tensor([[[0.2, 0.8], [0.3, 0.7]], [[0.7, 0.3], [0.4, 0.6]]])  # (heads, entities, tokens)
    states = torch.tensor([[1.0, 0.0], [0.0, 10.0]])
    first = 0.34 / 1.08
    assert_close(pair_contexts(attention, torch.tensor([[0, 1]]), states), [[first, 10 * (1 - first)]])


def test_context_does_not_depend_on_the_order_of_the_pair():
    attention = torch.rand(2, 3, 7, generator=torch.Generator().manual_seed(1)).softmax(dim=-1)
    states = torch.randn(7, 4, generator=torch.Generator().manual_seed(2))
    pairs = torch.tensor([[0, 1], [2, 1]])
    assert_close(pair_contexts(attention, pairs, states), pair_contexts(attention, pairs.flip(1), states))


def test_entities_that_share_no_window_have_no_context():
    attention = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    found = pair_contexts(attention, torch.tensor([[0, 1], [0, 0]]), torch.tensor([[3.0], [4.0]]))
    assert found.tolist() == [[0.0], [3.0]]


def test_pairs_without_context_have_finite_gradients():
    attention = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]]).requires_grad_()
    pair_contexts(attention, torch.tensor([[0, 1]]), torch.tensor([[3.0], [4.0]])).sum().backward()
    assert attention.grad.isfinite().all()


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_number_of_pairs_at_once_changes_no_context(monkeypatch, at_once):
    attention = torch.rand(2, 4, 9, generator=torch.Generator().manual_seed(1)).softmax(dim=-1)
    states = torch.randn(9, 5, generator=torch.Generator().manual_seed(2))
    pairs = torch.tensor([[one, other] for one in range(4) for other in range(4)])
    expected = pair_contexts(attention, pairs, states)
    monkeypatch.setattr(modeling_pooled_biodir, "PAIRS_AT_ONCE", at_once)
    assert_close(pair_contexts(attention, pairs, states), expected)


# Heads.


def random_pairs(hidden_size, has_prompts=True):
    """The states of three pairs of four entities."""
    generator = torch.Generator().manual_seed(1)
    entities, contexts, prompts = (torch.randn(rows, hidden_size, generator=generator) for rows in (4, 3, 3))
    return PairStates(entities, torch.tensor([[0, 1], [3, 1], [2, 0]]), contexts, prompts if has_prompts else None)


def naive_head(head, states):
    """(batch, labels) by plain loops over pairs, sides, groups and labels."""
    logits = []
    for number, entities in enumerate(states.pair_entities.tolist()):
        sides = []
        for side, entity in zip(head.sides, entities, strict=True):
            mapped = side.entity.weight @ states.entities[entity] + side.entity.bias
            mapped = mapped + side.context.weight @ states.contexts[number]
            if states.prompts is not None:
                mapped = mapped + side.prompt.weight @ states.prompts[number]
            sides.append(torch.tanh(mapped))
        size = head.group_size
        products = [
            torch.outer(*(side[start : start + size] for side in sides)).flatten()
            for start in range(0, len(sides[0]), size)
        ]
        logits.append(head.classifier.weight @ torch.cat(products) + head.classifier.bias)
    return torch.stack(logits)


@pytest.mark.parametrize("has_prompts", [True, False])
@pytest.mark.parametrize("hidden_size", [8, 128])
def test_head_equals_a_naive_implementation(hidden_size, has_prompts):
    head = widened(DocumentHead(hidden_size, 5, has_prompts, dropout=0.0))
    states = random_pairs(hidden_size, has_prompts)
    found = head(states)
    assert found.shape == (3, 5)
    assert_close(found, naive_head(head, states), 1e-4)


@pytest.mark.parametrize(
    ("hidden_size", "group_size"), [(8, 8), (64, 64), (96, 48), (128, 64), (312, 52), (768, 64), (1024, 64)]
)
def test_groups_are_the_widest_of_at_most_64_that_divide_the_hidden_size(hidden_size, group_size):
    head = DocumentHead(hidden_size, 2, has_prompts=False, dropout=0.0)
    assert head.group_size == group_size
    assert head.classifier.weight.shape == (2, hidden_size * group_size)


def test_sides_of_a_pair_have_weights_of_their_own():
    head, states = widened(DocumentHead(8, 3, has_prompts=True, dropout=0.0)), random_pairs(8)
    swapped = PairStates(states.entities, states.pair_entities.flip(1), states.contexts, states.prompts)
    assert (head(states) - head(swapped)).abs().max() > 0.1


def test_head_without_soft_prompts_has_no_weights_for_them():
    names = {name for name, _ in DocumentHead(8, 3, has_prompts=False, dropout=0.0).named_parameters()}
    assert not [name for name in names if "prompt" in name]
    assert len(names) == 2 * 3 + 2


def test_dropout_stands_before_the_classifier_and_in_training_only():
    head, states = widened(DocumentHead(8, 3, has_prompts=True, dropout=1.0)), random_pairs(8)
    assert torch.equal(head(states), head.classifier.bias.expand(3, 3))
    assert_close(head.eval()(states), naive_head(head, states), 1e-5)
