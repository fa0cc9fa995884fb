"""Training pairs, epochs and batches."""

import pytest

from biodir.document_biodir import Relation
from biodir.errors_biodir import AnnotationError
from biodir.labels_biodir import DIRECTION_LABELS, NOVELTY_LABELS, RELATION_LABELS
from biodir.pipeline_decoding_biodir import UNANNOTATED
from biodir.processing_document_biodir import DocumentProcessor
from biodir.training.data import LabelledPairs, epoch_pairs, epoch_steps, labelled_pairs, training_batch
from helpers.marked import encoding_settings, make_processor, marked_document, pair_features, word_piece_tokenizer

LABELS = {"relation": list(RELATION_LABELS), "novelty": list(NOVELTY_LABELS), "direction": list(DIRECTION_LABELS)}
BIND = Relation("Bind", "2", "1", "No", "2")
DOCUMENT = marked_document("<C:1 Iron> binds <G:2 it>. <D:3 Pain> is.", relations=(BIND,))


def pair(length, related, number=0):
    """A labelled pair with one row of this length, told apart by its first token."""
    targets = {"relation": [0.0, 1.0] if related else [1.0, 0.0]}
    return LabelledPairs(pair_features(length, first_token=10 + 100 * number), (targets,))


def many_pairs(related, unrelated):
    flags = [True] * related + [False] * unrelated
    return [pair(1 + number % 7, flag, number) for number, flag in enumerate(flags)]


def numbers_in(batches):
    """The number of every pair in the batches, in order."""
    return [(row[0].item() - 10) // 100 for batch in batches for chunks in batch["input_ids"] for row in chunks]


def window_encoder():
    """An encoder whose features hold all pairs of a document."""
    return DocumentProcessor(word_piece_tokenizer(), encoding_settings(pair_encoding="document"))


def windows_of(*documents):
    return list(labelled_pairs(documents, window_encoder(), LABELS))


def identifiers(labelled):
    """The identifiers of the pairs of labelled features."""
    return [(each.pair.entity1.identifier, each.pair.entity2.identifier) for each in labelled.features.pairs]


# Pairs with targets.


def test_targets_do_not_depend_on_the_encoding():
    by_pair = [targets for each in labelled_pairs([DOCUMENT], make_processor(), LABELS) for targets in each.targets]
    assert list(next(labelled_pairs([DOCUMENT], window_encoder(), LABELS)).targets) == by_pair


def test_label_that_the_model_does_not_know_is_refused():
    document = marked_document("<C:1 Iron> binds <G:2 it>.", relations=(Relation("CID", "1", "2", "No"),))
    with pytest.raises(AnnotationError, match=r"^document 7: .*CID"):
        list(labelled_pairs([document], make_processor(), LABELS))


# Corpora that annotate a part.

# Chemicals with diseases are annotated, and nothing else is: neither other types nor novelty nor direction.
CID = Relation("Association", "1", "3")
ANNOTATED = marked_document("<C:1 Iron> binds <G:2 it>. <D:3 Pain> is.", relations=(CID,))
UNRELATED = marked_document("<D:4 Pain> is. <C:5 Iron> binds <G:6 it>.", id="8")


@pytest.mark.parametrize("make_encoder", [make_processor, window_encoder])
def test_partial_corpus_has_the_pairs_of_joined_types_alone(make_encoder):
    documents = [ANNOTATED, UNRELATED]
    partial = list(labelled_pairs(documents, make_encoder(), LABELS, is_partial=True))
    assert [identifiers(each) for each in partial] == [[("1", "3")], [("5", "4")]]
    assert [each.related for each in partial] == [(True,), (False,)]
    whole = labelled_pairs(documents, make_encoder(), LABELS)
    assert sum(len(each.features.pairs) for each in whole) == 6


@pytest.mark.parametrize("is_partial", [True, False])
def test_novelty_and_direction_that_no_relation_has_are_unannotated_of_every_pair(is_partial):
    found = list(labelled_pairs([ANNOTATED, UNRELATED], make_processor(), LABELS, is_partial))
    assert len(found) == (2 if is_partial else 6)
    for each in found:
        (targets,) = each.targets
        assert (targets["novelty"], targets["direction"]) == ([UNANNOTATED] * 3, [UNANNOTATED] * 4)
        assert targets["relation"] == ([0, 1, *[0] * 7] if each.related == (True,) else [1, *[0] * 8])


def test_relation_that_lacks_what_others_have_is_refused():
    with pytest.raises(AnnotationError, match=r"^document 7: relation 1 - 3: novelty None is none of"):
        list(labelled_pairs([ANNOTATED, DOCUMENT], make_processor(), LABELS))


# The pairs of an epoch.


@pytest.mark.parametrize(("share", "unrelated"), [(0, 0), (1, 10), (2.5, 25), (0.25, 2), (100, 50)])
def test_epoch_has_all_related_pairs_and_this_share_of_the_others(share, unrelated):
    drawn = epoch_pairs(many_pairs(10, 50), share, seed=1)
    assert [each.related for each in drawn] == [(True,)] * 10 + [(False,)] * unrelated


LONELY = marked_document("<C:1 Iron> binds <G:2 it>.", id="8")


def test_epoch_takes_pairs_out_of_windows_and_leaves_out_documents_without_any():
    drawn = epoch_pairs(windows_of(LONELY, DOCUMENT), 0, seed=1)
    assert [identifiers(each) for each in drawn] == [[("1", "2")]]
    assert [each.related for each in drawn] == [(True,)]


# Batches.


def batches(pairs, seed=1, token_budget=20):
    encoder = make_processor()
    return [training_batch(step, encoder) for step in epoch_steps(pairs, encoder, token_budget, seed=seed)]


def test_targets_stand_beside_their_pairs():
    for batch in batches(many_pairs(10, 30)):
        related = [number < 10 for number in numbers_in([batch])]
        assert batch["relation_targets"][:, 1].bool().tolist() == related


def test_windows_of_a_batch_stay_under_the_budget():
    labelled = windows_of(*[DOCUMENT] * 3, *[LONELY] * 5)
    budget = 2 * labelled[0].features.tokens
    steps = epoch_steps(labelled, window_encoder(), budget, seed=1)
    sizes = [sum(len(found.targets) for found in step) for step in steps]
    assert sum(sizes) == 14
    assert len(sizes) > 2
