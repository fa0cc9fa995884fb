"""The loss of the heads: binary cross-entropy, the paper's shares, fixed weights."""

import math

import pytest
import torch

from biodir.configuration_biodir import ADAPTIVE_THRESHOLD, FOCAL, BioDirConfig
from biodir.errors_biodir import SettingError
from biodir.modeling_losses_biodir import HeadLoss, adaptive_threshold_loss, head_loss, joint_loss, shared_loss
from biodir.pipeline_decoding_biodir import UNANNOTATED

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


# Targets that a corpus does not annotate.


def test_pair_without_annotation_has_no_loss_and_no_gradient():
    logits = torch.tensor([[0.5, -1.0], [0.5, -1.0]], requires_grad=True)
    losses = head_loss(logits, torch.tensor([[UNANNOTATED, UNANNOTATED], [0.0, 1.0]]))
    alone = head_loss(logits[1:], torch.tensor([[0.0, 1.0]]))
    assert losses.tolist() == [0.0, alone.item()]
    losses.sum().backward()
    assert logits.grad[0].tolist() == [0.0, 0.0]
    assert logits.grad[1].abs().min() > 0.1


def random_logits():
    """Task -> logits (3, labels), with gradients."""
    generator = torch.Generator().manual_seed(1)
    labels = {"relation": 4, "novelty": 3, "direction": 4}
    return {task: torch.randn(3, size, generator=generator).requires_grad_() for task, size in labels.items()}


def targets_with(novelty):
    """Targets of an unrelated pair and two related ones, with this novelty of the last."""
    return {
        "relation": torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]]),
        "novelty": torch.tensor([[1.0, 0, 0], [0, 1, 0], novelty]),
        "direction": torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0]]),
    }


@pytest.mark.parametrize("weights", [None, {"novelty": 0.5, "direction": 2.0}], ids=["shares", "weights"])
def test_head_learns_nothing_of_the_pair_that_is_not_annotated(weights):
    gradients = {}
    for name, novelty in {"annotated": [0.0, 0, 1], "unannotated": [UNANNOTATED] * 3}.items():
        logits = random_logits()
        joint_loss(logits, targets_with(novelty), weights).backward()
        gradients[name] = {task: values.grad for task, values in logits.items()}
    found, usual = gradients["unannotated"], gradients["annotated"]
    assert found["novelty"][2].tolist() == [0.0] * 3
    assert usual["novelty"][2].abs().max() > 0
    for task in found:
        assert torch.equal(found[task][:2], usual[task][:2]), task
    assert torch.equal(found["relation"], usual["relation"])


@pytest.mark.parametrize("weights", [None, {"novelty": 0.5, "direction": 2.0}], ids=["shares", "weights"])
def test_head_that_no_pair_is_annotated_for_is_as_no_head(weights):
    logits, targets = random_logits(), targets_with([0.0, 0, 1])
    targets["novelty"] = torch.full((3, 3), UNANNOTATED)
    found = joint_loss(logits, targets, weights)
    del logits["novelty"]
    torch.testing.assert_close(found, joint_loss(logits, targets, weights), rtol=0, atol=0)


# Other losses of the relation head.


def test_focal_loss_weighs_each_label_by_how_wrong_its_score_is():
    ln3 = math.log(3)  # a score of 3/4
    logits, targets = torch.tensor([[ln3, -ln3]]), torch.tensor([[1.0, 1.0]])
    expected = -(0.25**2) * math.log(0.75) - 0.75**2 * math.log(0.25)
    assert head_loss(logits, targets, HeadLoss(FOCAL, focal_gamma=2)).item() == pytest.approx(expected)


def test_focal_loss_without_gamma_is_the_binary_one():
    logits, targets = random_logits()["relation"], targets_with([0.0, 0, 1])["relation"]
    assert torch.equal(head_loss(logits, targets, HeadLoss(FOCAL, focal_gamma=0)), head_loss(logits, targets))


def test_weight_of_a_label_counts_where_the_label_holds():
    logits, targets = torch.zeros(2, 2), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    weighted = head_loss(logits, targets, HeadLoss(label_weights=[1.0, 3.0]))
    torch.testing.assert_close(weighted, torch.tensor([LN2 + 3 * LN2, 2 * LN2]))


def test_adaptive_threshold_loss_sets_labels_that_hold_above_the_first_and_the_others_below():
    logits, targets = torch.tensor([[1.0, 2.0, 0.5]]), torch.tensor([[0.0, 1.0, 0.0]])
    above = 2 - math.log(math.exp(1) + math.exp(2))
    below = 1 - math.log(math.exp(1) + math.exp(0.5))
    assert adaptive_threshold_loss(logits, targets).item() == pytest.approx(-above - below)


def test_adaptive_threshold_loss_of_an_unrelated_pair_asks_the_first_label_to_be_the_highest():
    logits, targets = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 0.0]])
    assert adaptive_threshold_loss(logits, targets).item() == pytest.approx(math.log(1 + math.e))


def test_adaptive_threshold_loss_has_a_finite_gradient():
    logits = random_logits()["relation"]
    adaptive_threshold_loss(logits, targets_with([0.0, 0, 1])["relation"]).sum().backward()
    assert logits.grad.isfinite().all()
    assert logits.grad.abs().min() > 0


@pytest.mark.parametrize("kind", [FOCAL, ADAPTIVE_THRESHOLD])
def test_pair_without_annotation_has_no_loss_of_any_kind(kind):
    logits = torch.tensor([[0.5, -1.0]], requires_grad=True)
    loss = head_loss(logits, torch.full((1, 2), UNANNOTATED), HeadLoss(kind))
    loss.sum().backward()
    assert loss.tolist() == [0.0]
    assert logits.grad.tolist() == [[0.0, 0.0]]


def test_loss_of_the_relation_head_is_that_of_the_configuration():
    config = BioDirConfig(relation_loss=FOCAL, focal_gamma=1.5, label_weights={"Bind": 4.0})
    found = HeadLoss.of_relations(config)
    assert (found.kind, found.focal_gamma) == (FOCAL, 1.5)
    assert found.label_weights == [1, 1, 4.0, 1, 1, 1, 1, 1, 1]
    assert HeadLoss.of_relations(BioDirConfig()).label_weights is None


def test_other_loss_is_that_of_the_relation_head_alone():
    logits, targets = random_logits(), targets_with([0.0, 0, 1])
    plain = joint_loss(logits, targets, {"novelty": 1, "direction": 1})
    focal = joint_loss(logits, targets, {"novelty": 1, "direction": 1}, HeadLoss(FOCAL))
    changed = head_loss(logits["relation"], targets["relation"], HeadLoss(FOCAL)) - head_loss(
        logits["relation"], targets["relation"]
    )
    torch.testing.assert_close(focal - plain, changed.mean())


# Without a relation head.


def test_first_task_is_learned_of_every_pair_and_says_which_are_related():
    logits, targets = random_logits(), targets_with([0.0, 0, 1])
    del logits["relation"]
    losses = {task: head_loss(values, targets[task]) for task, values in logits.items()}
    # The first pair is unrelated: its direction teaches nothing.
    expected = (losses["novelty"] + torch.tensor([0.0, 2, 2]) * losses["direction"]).mean()
    torch.testing.assert_close(joint_loss(logits, targets, {"direction": 2}), expected)


def test_pairs_whose_first_task_is_unannotated_are_unrelated():
    logits, targets = random_logits(), targets_with([UNANNOTATED] * 3)
    del logits["relation"]
    joint_loss(logits, targets, {"direction": 1}).backward()
    assert logits["direction"].grad[2].tolist() == [0.0] * 4
