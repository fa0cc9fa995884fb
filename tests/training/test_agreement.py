"""Pairs in both orders: what a pass shows of them, and how far their outputs lie apart."""

import pytest
import torch

from biodir.configuration_biodir import PAIR_ENCODINGS
from biodir.document_biodir import Relation
from biodir.labels_biodir import DIRECTION_LABELS
from biodir.training.agreement import agreement, mirrored, pairs_of_pass
from biodir.training.data import labelled_pairs, training_batch
from biodir.training.optimization import divergence
from biodir.training.settings import TrainingSettings
from helpers.document_models import model_and_processor
from helpers.marked import marked_document

DOCUMENTS = [
    marked_document("<C:1 Iron> binds <G:2 it> and <G:4 her2>.", relations=(Relation("Bind", "2", "1", "No", "2"),)),
    marked_document("<C:1 Iron> causes <D:3 pain>.", id="2"),
]


def settings(**changes) -> TrainingSettings:
    return TrainingSettings(train=["a"], encoder="bert", output_dir="run", **changes)


def logits_of(model, processor, labelled):
    output = model(**training_batch(labelled, processor))
    return {task: output[f"{task}_logits"] for task in model.config.tasks}


def test_mirrored_logits_of_groups_lie_in_the_same_places():
    pairs = torch.arange(6.0)[:, None] * 10 + torch.arange(4.0)  # groups of 1 and 2 pairs, each in both orders
    found = mirrored({"direction": pairs}, [1, 2], {"direction": DIRECTION_LABELS})["direction"]
    assert found[:3].tolist() == pairs[[0, 2, 3]].tolist()
    assert found[3:].tolist() == [[10, 12, 11, 13], [40, 42, 41, 43], [50, 52, 51, 53]]


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_both_orders_in_one_pass_are_those_of_two(form):
    model, processor = model_and_processor(pair_encoding=form)
    labelled = list(labelled_pairs(DOCUMENTS, processor, model.config.labels, with_swapped=True))
    chosen = settings(swap_consistency=0.5)
    shown = pairs_of_pass(labelled, chosen)
    together = logits_of(model, processor, shown)
    own, others = (logits_of(model, processor, side) for side in (labelled, [each.swapped for each in labelled]))
    exchanged = {**others, "direction": others["direction"][:, [0, 2, 1, 3]]}
    expected = 0.5 * divergence({task: torch.cat([own[task], exchanged[task]]) for task in own})
    found = agreement(together, labelled, chosen, model.config.labels)
    assert expected > 0
    torch.testing.assert_close(found, expected)
    targets = training_batch(shown, processor)["direction_targets"]
    sides = {"direction": targets}
    first, second = mirrored(sides, [len(each.targets) for each in labelled], model.config.labels)["direction"].chunk(2)
    assert torch.equal(first, second), "the targets of both orders agree"


def test_windows_are_read_once_for_both_orders():
    _, processor = model_and_processor()
    labelled = list(labelled_pairs(DOCUMENTS, processor, {"relation": ["None", "Bind"]}, with_swapped=True))
    shown = pairs_of_pass(labelled, settings(swap_consistency=1.0))
    assert [each.features.rows for each in shown] == [each.features.rows for each in labelled]
    assert [len(each.targets) for each in shown] == [2 * len(each.targets) for each in labelled]


def test_without_a_setting_nothing_is_shown_twice():
    labelled = list(labelled_pairs(DOCUMENTS, model_and_processor()[1], {"relation": ["None", "Bind"]}))
    assert pairs_of_pass(labelled, settings()) == labelled
    assert agreement({}, labelled, settings(), {}) == 0
    assert pairs_of_pass(labelled, settings(r_drop=1.0)) == labelled * 2
    logits = {"relation": torch.tensor([[0.0], [1.0]])}
    assert agreement(logits, labelled, settings(r_drop=2.0), {}) == 2 * divergence(logits)
