"""The loss of the heads: binary cross-entropy, focal, adaptive threshold, softmax; shares and weights."""

import math

import pytest
import torch

from biodir.configuration_biodir import RELATION_LOSSES, BioDirConfig
from biodir.modeling_losses_biodir import (
    HeadLoss,
    adaptive_threshold_loss,
    evidence_loss,
    head_loss,
    joint_loss,
    shared_loss,
    softmax_loss,
)
from biodir.pipeline_decoding_biodir import UNANNOTATED

LN2, LN3 = math.log(2), math.log(3)  # a logit of ln 3 is a score of 3/4
UNKNOWN = [UNANNOTATED] * 3
WEIGHTS = {"novelty": 0.5, "direction": 2.0}
shares_and_weights = pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["shares", "weights"])


def random_logits(*left_out):
    """Return task -> logits (3, labels), with gradients."""
    generator = torch.Generator().manual_seed(1)
    labels = {"relation": 4, "novelty": 3, "direction": 4}
    logits = {task: torch.randn(3, size, generator=generator).requires_grad_() for task, size in labels.items()}
    return {task: values for task, values in logits.items() if task not in left_out}


def targets_with(novelty=(0.0, 0, 1)):
    """Return targets of an unrelated pair and two related ones, with this novelty of the last."""
    return {
        "relation": torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]]),
        "novelty": torch.tensor([[1.0, 0, 0], [0, 1, 0], novelty]),
        "direction": torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0]]),
    }


def test_head_loss_is_binary_cross_entropy_summed_over_the_labels():
    logits = torch.tensor([[0.0, 0.0], [LN3, -LN3], [LN3, -LN3]])
    targets = torch.tensor([[1, 0], [1, 0], [0, 1]])
    expected = torch.tensor([2 * LN2, -2 * math.log(0.75), -2 * math.log(0.25)])
    torch.testing.assert_close(head_loss(logits, targets), expected, rtol=0, atol=1e-6)


def test_focal_loss_weighs_each_label_by_how_wrong_its_score_is():
    logits, targets = torch.tensor([[LN3, -LN3]]), torch.tensor([[1.0, 1.0]])
    expected = -(0.25**2) * math.log(0.75) - 0.75**2 * math.log(0.25)
    assert head_loss(logits, targets, HeadLoss("focal", focal_gamma=2)).item() == pytest.approx(expected)
    assert torch.equal(head_loss(logits, targets, HeadLoss("focal", focal_gamma=0)), head_loss(logits, targets))


def test_focal_loss_of_a_soft_target_is_weighed_by_the_distance_of_the_score_from_it():
    logits, settings = torch.tensor([[LN3]]), HeadLoss("focal", focal_gamma=2)
    assert head_loss(logits, torch.tensor([[0.75]]), settings).item() == pytest.approx(0, abs=1e-6)
    expected = -(0.25**2) * (math.log(0.75) + math.log(0.25)) / 2
    assert head_loss(logits, torch.tensor([[0.5]]), settings).item() == pytest.approx(expected)


def test_weight_of_a_label_counts_where_the_label_holds():
    logits, targets = torch.zeros(2, 2), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    weighted = head_loss(logits, targets, HeadLoss(label_weights=[1.0, 3.0]))
    torch.testing.assert_close(weighted, torch.tensor([LN2 + 3 * LN2, 2 * LN2]))


def test_adaptive_threshold_loss_sets_labels_that_hold_above_the_first_and_the_others_below():
    logits, targets = torch.tensor([[1.0, 2.0, 0.5]]), torch.tensor([[0.0, 1.0, 0.0]])
    above = 2 - math.log(math.exp(1) + math.exp(2))
    below = 1 - math.log(math.exp(1) + math.exp(0.5))
    assert adaptive_threshold_loss(logits, targets).item() == pytest.approx(-above - below)
    # Of an unrelated pair the first label must be the highest.
    unrelated = adaptive_threshold_loss(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 0.0]]))
    assert unrelated.item() == pytest.approx(math.log(1 + math.e))


@pytest.mark.parametrize("kind", RELATION_LOSSES)
def test_pair_without_annotation_has_no_loss_and_no_gradient(kind):
    logits = torch.tensor([[0.5, -1.0], [0.5, -1.0]], requires_grad=True)
    losses = head_loss(logits, torch.tensor([[UNANNOTATED, UNANNOTATED], [0.0, 1.0]]), HeadLoss(kind))
    assert losses.tolist() == [0.0, head_loss(logits[1:], torch.tensor([[0.0, 1.0]]), HeadLoss(kind)).item()]
    losses.sum().backward()
    assert logits.grad[0].tolist() == [0.0, 0.0]
    assert logits.grad[1].abs().min() > 0.1


@pytest.mark.parametrize("kind", [kind for kind in RELATION_LOSSES if kind != "softmax"])
def test_label_without_annotation_has_no_gradient_and_changes_no_other(kind):
    logits = torch.tensor([[0.5, -1.0, 2.0]], requires_grad=True)
    loss = head_loss(logits, torch.tensor([[0.0, 1.0, UNANNOTATED]]), HeadLoss(kind))
    loss.sum().backward()
    assert logits.grad[0, 2].item() == 0.0
    assert logits.grad[0, :2].abs().min() > 0.05
    assert loss.item() == pytest.approx(head_loss(logits[:, :2], torch.tensor([[0.0, 1.0]]), HeadLoss(kind)).item())


def test_threshold_lies_above_labels_that_do_not_hold_even_where_it_is_not_annotated():
    logits = torch.tensor([[1.0, 2.0, 9.0]])
    loss = adaptive_threshold_loss(logits, torch.tensor([[UNANNOTATED, 0.0, UNANNOTATED]]))
    assert loss.item() == pytest.approx(math.log(1 + math.e))


def test_loss_of_annotated_labels_is_bit_for_bit_the_plain_sum():
    logits, targets = random_logits()["relation"], targets_with()["relation"]
    plain = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(dim=-1)
    gradients = [torch.autograd.grad(loss.mean(), logits)[0] for loss in (head_loss(logits, targets), plain)]
    assert torch.equal(head_loss(logits, targets), plain)
    assert torch.equal(*gradients)


def test_loss_of_the_relation_head_is_that_of_the_configuration():
    config = BioDirConfig(relation_loss="focal", focal_gamma=1.5, label_weights={"Bind": 4.0})
    assert HeadLoss.of_relations(config) == HeadLoss("focal", 1.5, [1, 1, 4.0, 1, 1, 1, 1, 1, 1])
    assert HeadLoss.of_relations(BioDirConfig()) == HeadLoss()
    config = BioDirConfig(relation_loss="softmax", sign_weight=2)
    assert HeadLoss.of_relations(config) == HeadLoss("softmax", sign_places=[1, 7, 8], sign_weight=2)


@pytest.mark.parametrize(
    ("weights", "loss", "novelty", "direction"),
    [(None, 1 + 2 * 2 / 4 + 1 * 1 / 4, 0.5, 0.25), (WEIGHTS, 1 + 0.5 * 2 + 2 * 1, 0.5, 2.0)],
    ids=["shares", "weights"],
)
def test_shares_or_weights_are_the_gradients_of_the_other_heads_of_related_pairs(weights, loss, novelty, direction):
    losses = {
        task: torch.tensor([value, value], requires_grad=True)
        for task, value in (("relation", 1.0), ("novelty", 2.0), ("direction", 1.0))
    }
    found = shared_loss(losses, torch.tensor([True, False]), weights)
    assert found.tolist() == [loss, 1.0]
    found.sum().backward()
    gradients = {task: values.grad.tolist() for task, values in losses.items()}
    assert gradients == {"relation": [1.0, 1.0], "novelty": [novelty, 0.0], "direction": [direction, 0.0]}


def test_shared_loss_of_a_perfect_pair_is_zero_and_has_a_finite_gradient():
    losses = {task: torch.zeros(1, requires_grad=True) for task in ("relation", "novelty")}
    loss = shared_loss(losses, torch.tensor([True]))
    loss.sum().backward()
    assert loss.tolist() == [0.0]
    assert losses["novelty"].grad.tolist() == [0.0]


@shares_and_weights
def test_head_learns_nothing_from_the_pair_that_is_not_annotated(weights):
    found, usual = random_logits(), random_logits()
    joint_loss(found, targets_with(UNKNOWN), weights).backward()
    joint_loss(usual, targets_with(), weights).backward()
    assert found["novelty"].grad[2].tolist() == [0.0] * 3
    assert usual["novelty"].grad[2].abs().max() > 0
    for task in found:
        assert torch.equal(found[task].grad[:2], usual[task].grad[:2]), task
    assert torch.equal(found["relation"].grad, usual["relation"].grad)


@shares_and_weights
def test_head_that_no_pair_is_annotated_for_is_as_no_head(weights):
    targets = targets_with() | {"novelty": torch.tensor([UNKNOWN] * 3)}
    found = joint_loss(random_logits(), targets, weights)
    torch.testing.assert_close(found, joint_loss(random_logits("novelty"), targets, weights), rtol=0, atol=0)


def test_first_task_is_learned_from_every_pair_and_decides_which_are_related():
    logits, targets = random_logits("relation"), targets_with()
    losses = {task: head_loss(values, targets[task]) for task, values in logits.items()}
    # The first pair is unrelated: its direction teaches nothing.
    expected = (losses["novelty"] + torch.tensor([0.0, 2, 2]) * losses["direction"]).mean()
    torch.testing.assert_close(joint_loss(logits, targets, {"direction": 2}), expected)


def test_pair_is_related_where_a_soft_target_of_the_first_task_is_above_one_half():
    logits = {"relation": torch.zeros(2, 2), "novelty": torch.zeros(2, 3, requires_grad=True)}
    targets = {"relation": torch.tensor([[0.9, 0.5], [0.9, 0.6]]), "novelty": torch.tensor([[0.0, 0.3, 0.7]] * 2)}
    joint_loss(logits, targets).backward()
    assert [row.abs().sum().item() > 0 for row in logits["novelty"].grad] == [False, True]


def test_pairs_whose_first_task_is_unannotated_are_unrelated():
    logits = random_logits("relation")
    joint_loss(logits, targets_with(UNKNOWN), {"direction": 1}).backward()
    assert logits["direction"].grad[2].tolist() == [0.0] * 4


def test_threshold_that_is_not_annotated_is_not_moved():
    logits = torch.tensor([[1.0, 2.0, 0.5, 0.2]], requires_grad=True)
    targets = torch.tensor([[UNANNOTATED, UNANNOTATED, 0.0, 0.0]])
    (gradient,) = torch.autograd.grad(adaptive_threshold_loss(logits, targets).sum(), logits)
    assert gradient[0, :2].tolist() == [0.0, 0.0]
    assert (gradient[0, 2:] > 0).all()


def test_context_of_related_pairs_is_drawn_to_their_evidence():
    shares = torch.tensor([0.5, 0.25, 0.1, 0.0], requires_grad=True)  # the last pair is in no window
    targets = torch.tensor([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    loss = evidence_loss(shares, targets)
    assert loss.item() == pytest.approx((LN2 + 2 * LN2) / 2)
    loss.backward()
    assert shares.grad.tolist() == pytest.approx([-1.0, -2.0, 0.0, 0.0])
    assert evidence_loss(shares, targets[[2, 2, 2, 2]]).item() == 0


# Softmax over five labels with these shares: unrelated, without and with signs, another type.
SHARES = torch.tensor([[0.4, 0.1, 0.2, 0.25, 0.05]])
SIGNS = [1, 2, 3]


@pytest.mark.parametrize(
    ("targets", "share"),
    [
        ([1.0, 0, 0, 0, 0], 0.4),
        ([0.0, 0, 1, 0, 0], 0.2),
        ([0.0, 1, -1, -1, 0], 0.55),  # an Association that may have a sign
        ([-1.0, -1, 0, 0, -1], 0.55),  # of a pair without a relation, in a corpus that knows signs only
        ([0.0, 0, 1, 0, 1], 0.25),  # two types: one of them
        ([-1.0] * 5, 1.0),
    ],
)
def test_softmax_loss_is_that_of_the_labels_that_may_hold(targets, share):
    loss = softmax_loss(SHARES.log() + 3, torch.tensor([targets]))
    assert loss.item() == pytest.approx(-math.log(share), abs=1e-6)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0, 3.0])
def test_sign_has_a_weight_of_its_own(weight):
    def loss(targets):
        return softmax_loss(SHARES.log(), torch.tensor([targets]), SIGNS, weight).item()

    assert loss([0.0, 0, 1, 0, 0]) == pytest.approx(-math.log(0.55) - weight * math.log(0.2 / 0.55))
    assert loss([0.0, 0, -1, -1, 0]) == pytest.approx(-math.log(0.55) - weight * math.log(0.45 / 0.55))
    # Of other pairs no sign is decided.
    assert loss([1.0, 0, 0, 0, 0]) == pytest.approx(-math.log(0.4))
    assert loss([0.0, 1, -1, -1, 0]) == pytest.approx(-math.log(0.55))
    assert loss([-1.0, -1, 0, 0, -1]) == pytest.approx(-math.log(0.55))


def test_softmax_raises_what_may_hold_and_lowers_the_others():
    logits = SHARES.log().requires_grad_()
    (gradient,) = torch.autograd.grad(softmax_loss(logits, torch.tensor([[0.0, 1, -1, -1, 0]])).sum(), logits)
    assert gradient[0].tolist() == pytest.approx([0.4, *(share - share / 0.55 for share in (0.1, 0.2, 0.25)), 0.05])
    # With more weight, a sign is told apart by more; labels outside are as before.
    sign = torch.tensor([[0.0, 0, 1, 0, 0]])
    plain, weighed = (torch.autograd.grad(softmax_loss(logits, sign, SIGNS, w).sum(), logits)[0][0] for w in (1, 3))
    torch.testing.assert_close(weighed[[0, 4]], plain[[0, 4]])
    assert weighed[2] < plain[2] < 0 < plain[3] < weighed[3]
