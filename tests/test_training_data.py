"""Training pairs, epochs and batches."""

import pytest
import torch

from biodir.configuration_biodir import DIRECTION_LABELS, NOVELTY_LABELS, RELATION_LABELS
from biodir.document_biodir import Relation
from biodir.errors_biodir import AnnotationError
from marked import marked_document, pair_encoder, pair_features
from training.data import TrainingPair, epoch_batches, epoch_pairs, training_batch, training_pairs

LABELS = {"relation": list(RELATION_LABELS), "novelty": list(NOVELTY_LABELS), "direction": list(DIRECTION_LABELS)}
BIND = Relation("Bind", "2", "1", "No", "2")
DOCUMENT = marked_document("<C:1 Iron> binds <G:2 it>. <D:3 Pain> is.", relations=(BIND,))


def pair(length, related, number=0):
    """A training pair with one row of this length, told apart by its first token."""
    targets = {"relation": [0.0, 1.0] if related else [1.0, 0.0]}
    return TrainingPair(pair_features(length, first_token=10 + 100 * number), targets)


def many_pairs(related, unrelated):
    flags = [True] * related + [False] * unrelated
    return [pair(1 + number % 7, flag, number) for number, flag in enumerate(flags)]


def numbers_in(batches):
    """The number of every pair in the batches, in order."""
    return [(row[0].item() - 10) // 100 for batch in batches for chunks in batch["input_ids"] for row in chunks]


# Pairs with targets.


def test_every_candidate_pair_is_a_training_pair():
    found = list(training_pairs([DOCUMENT, DOCUMENT], pair_encoder(), LABELS))
    ids = [(each.features.pair.entity1.identifier, each.features.pair.entity2.identifier) for each in found]
    assert ids == [("1", "2"), ("1", "3"), ("3", "2")] * 2


def test_pair_with_a_gold_relation_is_related():
    assert [each.is_related for each in training_pairs([DOCUMENT], pair_encoder(), LABELS)] == [True, False, False]


def test_targets_of_a_related_pair_are_its_labels():
    assert next(training_pairs([DOCUMENT], pair_encoder(), LABELS)).targets == {
        "relation": [0, 0, 1, 0, 0, 0, 0, 0, 0],
        "novelty": [0, 0, 1],
        "direction": [0, 0, 1, 0],
    }


def test_label_that_the_model_does_not_know_is_refused():
    document = marked_document("<C:1 Iron> binds <G:2 it>.", relations=(Relation("CID", "1", "2", "No"),))
    with pytest.raises(AnnotationError, match="CID"):
        list(training_pairs([document], pair_encoder(), LABELS))


# The pairs of an epoch.


@pytest.mark.parametrize(("share", "unrelated"), [(0, 0), (1, 10), (2.5, 25), (0.25, 2), (100, 50)])
def test_epoch_has_all_related_pairs_and_this_share_of_the_others(share, unrelated):
    drawn = epoch_pairs(many_pairs(10, 50), share, seed=1)
    assert [each.is_related for each in drawn] == [True] * 10 + [False] * unrelated


def test_epoch_holds_every_related_pair():
    pairs = many_pairs(10, 50)
    assert [each for each in epoch_pairs(pairs, 2, seed=1) if each.is_related] == pairs[:10]


def test_no_pair_stands_twice_in_an_epoch():
    drawn = epoch_pairs(many_pairs(10, 50), 3, seed=1)
    assert len({each.features.rows for each in drawn}) == 40


def test_same_seed_draws_the_same_pairs():
    pairs = many_pairs(10, 50)
    assert epoch_pairs(pairs, 2, seed=1) == epoch_pairs(pairs, 2, seed=1)


def test_other_seed_draws_other_unrelated_pairs():
    pairs = many_pairs(10, 50)
    assert epoch_pairs(pairs, 2, seed=1) != epoch_pairs(pairs, 2, seed=2)


def test_epoch_without_related_pairs_is_empty():
    assert epoch_pairs(many_pairs(0, 5), 2, seed=1) == []


# Batches.


def batches(pairs, seed=1, token_budget=20):
    return list(epoch_batches(pairs, token_budget, pad_id=0, seed=seed))


def test_every_pair_is_in_one_batch():
    assert sorted(numbers_in(batches(many_pairs(10, 30)))) == list(range(40))


def test_same_seed_gives_the_same_batches():
    assert numbers_in(batches(many_pairs(10, 30))) == numbers_in(batches(many_pairs(10, 30)))


def test_other_seed_gives_other_batches():
    first, second = (batches(many_pairs(10, 30), seed) for seed in (1, 2))
    neighbours = [{frozenset(numbers_in([batch])) for batch in found} for found in (first, second)]
    assert neighbours[0] != neighbours[1]


def test_order_of_the_batches_is_drawn():
    widths = [batch["input_ids"].shape[-1] for batch in batches(many_pairs(10, 30))]
    assert widths != sorted(widths, reverse=True)


def test_batch_of_pairs_with_one_row_stays_under_the_budget():
    assert max(batch["input_ids"].numel() for batch in batches(many_pairs(10, 30))) <= 20


def test_targets_stand_beside_their_pairs():
    for batch in batches(many_pairs(10, 30)):
        related = [number < 10 for number in numbers_in([batch])]
        assert batch["relation_targets"][:, 1].bool().tolist() == related


def test_batch_holds_inputs_and_the_targets_of_every_task():
    found = training_batch(list(training_pairs([DOCUMENT], pair_encoder(), LABELS)), pad_id=0)
    shapes = {name: tuple(value.shape) for name, value in found.items() if name.endswith("_targets")}
    assert shapes == {"relation_targets": (3, 9), "novelty_targets": (3, 3), "direction_targets": (3, 4)}


def test_targets_are_floating_point():
    assert training_batch([pair(1, True)], pad_id=0)["relation_targets"].dtype == torch.float32
