"""The loss of the heads: binary cross-entropy, the paper's shares, fixed weights."""

import math

import pytest
import torch

from biodir.errors_biodir import SettingError
from biodir.losses_biodir import head_loss, joint_loss, shared_loss

LN2 = math.log(2)


def test_head_loss_is_binary_cross_entropy_summed_over_the_labels():
    ln3 = math.log(3)  # a score of 3/4
    logits = torch.tensor([[0.0, 0.0], [ln3, -ln3], [ln3, -ln3]])
    targets = torch.tensor([[1, 0], [1, 0], [0, 1]])
    expected = torch.tensor([2 * LN2, -2 * math.log(0.75), -2 * math.log(0.25)])
    torch.testing.assert_close(head_loss(logits, targets), expected, rtol=0, atol=1e-6)


def test_shared_loss_weighs_the_other_heads_of_related_pairs_by_their_share():
    losses = {
        "relation": torch.tensor([1.0, 1.0]),
        "novelty": torch.tensor([2.0, 2.0]),
        "direction": torch.tensor([1.0, 1.0]),
    }
    # The related pair: 1 + 2 * 2/4 + 1 * 1/4; the unrelated pair: its relation loss alone.
    assert shared_loss(losses, torch.tensor([True, False])).tolist() == [2.25, 1.0]


def test_shares_carry_no_gradient():
    losses = {
        task: torch.tensor([value, value], requires_grad=True)
        for task, value in (("relation", 1.0), ("novelty", 2.0), ("direction", 1.0))
    }
    shared_loss(losses, torch.tensor([True, False])).sum().backward()
    assert {task: loss.grad.tolist() for task, loss in losses.items()} == {
        "relation": [1.0, 1.0],
        "novelty": [0.5, 0.0],
        "direction": [0.25, 0.0],
    }


def test_shared_loss_of_a_perfect_pair_is_zero_and_has_a_finite_gradient():
    losses = {task: torch.zeros(1, requires_grad=True) for task in ("relation", "novelty")}
    loss = shared_loss(losses, torch.tensor([True]))
    loss.sum().backward()
    assert loss.tolist() == [0.0]
    assert losses["novelty"].grad.tolist() == [0.0]


def test_joint_loss_is_the_mean_over_the_pairs():
    logits = {"relation": torch.zeros(2, 2), "novelty": torch.zeros(2, 3), "direction": torch.zeros(2, 4)}
    targets = {
        "relation": torch.tensor([[0, 1], [1, 0]]),
        "novelty": torch.tensor([[0, 1, 0], [1, 0, 0]]),
        "direction": torch.tensor([[0, 0, 1, 0], [1, 0, 0, 0]]),
    }
    # Losses of 2, 3 and 4 ln 2; the related pair: 2 + 3 * 3/9 + 4 * 4/9; the unrelated pair: 2.
    assert joint_loss(logits, targets).item() == pytest.approx((43 / 9 + 2) / 2 * LN2)


def test_fixed_weights_take_the_place_of_the_shares():
    losses = {
        task: torch.tensor([value, value]) for task, value in (("relation", 1.0), ("novelty", 2.0), ("direction", 4.0))
    }
    weights = {"novelty": 0.5, "direction": 2.0}
    assert shared_loss(losses, torch.tensor([True, False]), weights).tolist() == [1 + 0.5 * 2 + 2 * 4, 1.0]


def test_fixed_weight_is_the_gradient_of_a_related_pair():
    losses = {task: torch.ones(2, requires_grad=True) for task in ("relation", "novelty")}
    shared_loss(losses, torch.tensor([True, False]), {"novelty": 0.5}).sum().backward()
    assert losses["novelty"].grad.tolist() == [0.5, 0.0]


def test_head_without_targets_is_refused():
    with pytest.raises(SettingError, match="novelty_targets are missing"):
        joint_loss({"novelty": torch.zeros(1, 3)}, {"novelty": None})
