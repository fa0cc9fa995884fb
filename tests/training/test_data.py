"""Training pairs, epochs and batches."""

from collections import Counter
from dataclasses import replace
from itertools import product

import pytest

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Relation
from biodir.errors_biodir import AnnotationError, SettingError
from biodir.labels_biodir import DIRECTION_LABELS, NOVELTY_LABELS, RELATION_LABELS
from biodir.pipeline_decoding_biodir import UNANNOTATED
from biodir.processing_document_biodir import DocumentProcessor
from biodir.training.corpora import TrainingCorpus
from biodir.training.data import (
    LabelledPairs,
    epoch_pairs,
    epoch_steps,
    labelled_pairs,
    step_parts,
    training_batch,
)
from biodir.training.preparation import pairs_to_learn
from biodir.training.scopes import Judgement, PairGroup, Scope
from biodir.training.settings import TrainingSettings
from helpers.marked import encoding_settings, make_processor, marked_document, pair_features, word_piece_tokenizer

LABELS = {"relation": list(RELATION_LABELS), "novelty": list(NOVELTY_LABELS), "direction": list(DIRECTION_LABELS)}
BIND = Relation("Bind", "2", "1", "No", "2")
DOCUMENT = marked_document("<C:1 Iron> binds <G:2 it>. <D:3 Pain> is.", relations=(BIND,))


def pair(length, related, number=0):
    """A labelled pair with one row of this length, distinguished by its first token."""
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
def test_partial_corpus_has_the_pairs_of_joined_types_only(make_encoder):
    documents = [ANNOTATED, UNRELATED]
    partial = list(labelled_pairs(documents, make_encoder(), LABELS, is_partial=True))
    assert [identifiers(each) for each in partial] == [[("1", "3")], [("5", "4")]]
    assert [each.related for each in partial] == [(True,), (False,)]
    complete = labelled_pairs(documents, make_encoder(), LABELS)
    assert sum(len(each.features.pairs) for each in complete) == 6


@pytest.mark.parametrize("is_partial", [True, False])
def test_novelty_and_direction_that_no_relation_has_are_unannotated_of_every_pair(is_partial):
    found = list(labelled_pairs([ANNOTATED, UNRELATED], make_processor(), LABELS, is_partial))
    assert len(found) == (2 if is_partial else 6)
    for each in found:
        (targets,) = each.targets
        assert (targets["novelty"], targets["direction"]) == ([UNANNOTATED] * 3, [UNANNOTATED] * 4)
        assert targets["relation"] == ([0, 1, *[0] * 7] if each.related == (True,) else [1, *[0] * 8])


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


def of_group(related, unrelated, **group):
    found = many_pairs(related, unrelated)
    return [replace(each, group=PairGroup(**group), document_id=str(number)) for number, each in enumerate(found)]


def test_negatives_are_drawn_for_each_corpus_by_its_own_related_pairs():
    pairs = [
        *of_group(10, 0, name="a"),
        *of_group(2, 50, name="b"),
        *of_group(4, 9, name="c", negatives_per_positive=1),
    ]
    drawn = epoch_pairs(pairs, 3, seed=1)
    counts = Counter((each.group.name, *each.related) for each in drawn)
    assert counts == {("a", True): 10, ("b", True): 2, ("b", False): 6, ("c", True): 4, ("c", False): 4}


def test_group_of_a_corpus_changes_nothing_where_it_is_the_only_one():
    plain, grouped = many_pairs(10, 50), of_group(10, 50, name="a")
    assert [each.features for each in epoch_pairs(plain, 2, seed=3)] == [
        each.features for each in epoch_pairs(grouped, 2, seed=3)
    ]


def test_share_of_a_corpus_is_drawn_anew_each_epoch_and_is_never_empty():
    pairs = of_group(20, 0, name="a", share=0.25)
    first, second = (epoch_pairs(pairs, 0, seed) for seed in (1, 2))
    assert len(first) == len(second) == 5
    assert [each.features for each in first] != [each.features for each in second]
    assert len(epoch_pairs(of_group(1, 0, name="a", share=0.1), 0, seed=1)) == 1


def test_share_of_a_corpus_is_one_of_documents_in_both_forms():
    texts = [
        "<C:1 Iron> binds <G:2 it>. <D:3 Pain>.",
        "<C:1 Iron> binds <G:2 it>.",
        "<C:1 Iron>, <G:2 it>. <D:3 Pain>.",
    ]
    documents = [marked_document(text, relations=(BIND,), id=str(number)) for number, text in enumerate(texts)]
    group = PairGroup("a", share=0.34)
    for processor in (make_processor(), window_encoder()):
        labelled = [replace(each, group=group) for each in labelled_pairs(documents, processor, LABELS)]
        drawn = [epoch_pairs(labelled, 100, seed) for seed in range(20)]
        shown = [{each.document_id for each in some} for some in drawn]
        assert {len(ids) for ids in shown} == {1}
        assert set.union(*shown) == {"0", "1", "2"}
        assert {sum(len(each.targets) for each in some) for some in drawn} == {1, 3}


def test_scope_decides_which_pairs_have_which_targets():
    judgement = Judgement(unrelated=frozenset([frozenset("23")]), undirected=frozenset([frozenset("12")]))
    scope = Scope({"7": judgement}, known_types=frozenset(["Bind"]), unsure={"Bind": ["Association"]})
    (found,) = labelled_pairs([DOCUMENT], window_encoder(), LABELS, scope=scope)
    assert identifiers(found) == [("1", "2"), ("3", "2")]
    related, unrelated = found.targets
    hidden = UNANNOTATED
    assert related == {"relation": [0, hidden, 1, *[0] * 6], "novelty": [hidden] * 3, "direction": [hidden] * 4}
    assert unrelated["relation"] == [hidden, hidden, 0.0, *[hidden] * 6]
    assert found.related == (True, False)
    directed = Scope({"7": replace(judgement, undirected=frozenset())})
    (found,) = labelled_pairs([DOCUMENT], window_encoder(), LABELS, scope=directed)
    assert found.targets[0]["direction"] == [0, 0, 1, 0]


def test_corpus_without_a_related_pair_is_named_and_so_are_unknown_names():
    corpora = [TrainingCorpus("a", (DOCUMENT,)), TrainingCorpus("b", (replace(DOCUMENT, id="8", relations=()),))]
    given = (window_encoder(), BioDirConfig(), TrainingSettings(train=["a"], encoder="bert", output_dir="run"))
    logged: list[str] = []
    pairs_to_learn(corpora, *given, logged.append)
    assert [line.split(":")[:2] for line in logged] == [["b", " none of its pairs is related"]]
    with pytest.raises(SettingError, match=r"^list of corpora, a: known_types names 'Bnd'"):
        pairs_to_learn([replace(corpora[0], scope=Scope(known_types=frozenset(["Bnd"])))], *given)


# Batches.


@pytest.mark.parametrize(("pairs", "expected"), [((), ["No_Direct"]), (["21"], [])])
def test_direction_without_a_subject_is_learned_where_the_scope_knows_it(pairs, expected):
    document = replace(DOCUMENT, relations=(replace(BIND, subject_id=None, novelty=None),))
    scope = Scope(undirected={document.id: set(map(frozenset, pairs))})
    (found,) = labelled_pairs([document], window_encoder(), LABELS, scope=scope)
    related = found.targets[found.related.index(True)]
    assert [DIRECTION_LABELS[place] for place, value in enumerate(related["direction"]) if value == 1] == expected
    assert set(related["novelty"]) == {UNANNOTATED}


def test_batch_has_the_number_of_each_pairs_corpus_where_the_model_has_vectors():
    plain = windows_of(DOCUMENT)
    assert "corpus_ids" not in training_batch(plain, window_encoder())
    numbered = [replace(plain[0], group=PairGroup(corpus_id=number)) for number in (0, 2)]
    assert training_batch(numbered, window_encoder())["corpus_ids"].tolist() == [0] * 3 + [2] * 3


@pytest.mark.parametrize("make_encoder", [make_processor, window_encoder])
def test_swapped_pairs_stay_in_their_corpus(make_encoder):
    found = next(labelled_pairs([DOCUMENT], make_encoder(), LABELS, with_swapped=True))
    assert replace(found, group=PairGroup("a")).with_swapped([0]).group == PairGroup("a")


def batches(pairs, seed=1, token_budget=20):
    encoder = make_processor()
    return [training_batch(step, encoder) for step in epoch_steps(pairs, encoder, token_budget, seed=seed)]


def test_targets_are_beside_their_pairs():
    for batch in batches(many_pairs(10, 30)):
        related = [number < 10 for number in numbers_in([batch])]
        assert batch["relation_targets"][:, 1].bool().tolist() == related


# Pairs in the other order.

LEFT, RIGHT, UNDIRECTED = [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]
DIRECTED = marked_document(
    "<C:1 Iron> binds <G:2 it>. <D:3 Pain> is. <G:4 Cox2> raises <G:5 her2>.",
    relations=(
        Relation("Bind", "2", "1", "No", "2"),
        Relation("Association", "1", "3", "Novel", "1"),
        Relation("Bind", "5", "4", "No"),
    ),
)


def names_and_targets(labelled):
    """Identifiers and targets of every pair."""
    return [both for found in labelled for both in zip(identifiers(found), found.targets, strict=True)]


def with_other_order(make_encoder, *documents):
    """The features of the documents, with the pairs in the other order beside them."""
    return list(labelled_pairs(documents, make_encoder(), LABELS, with_swapped=True))


@pytest.mark.parametrize("make_encoder", [make_processor, window_encoder])
def test_other_order_flips_the_direction_and_nothing_else(make_encoder):
    found = with_other_order(make_encoder, DIRECTED, UNRELATED)
    pairs, others = names_and_targets(found), names_and_targets([each.swapped for each in found])
    flipped = {tuple(LEFT): RIGHT, tuple(RIGHT): LEFT}
    for (names, targets), (other_names, other_targets) in zip(pairs, others, strict=True):
        direction = flipped.get(tuple(targets["direction"]), targets["direction"])
        assert other_names == names[::-1]
        assert other_targets == {**targets, "direction": direction}
    directions = {names: targets["direction"] for names, targets in pairs if targets["direction"][0] == 0}
    assert directions == {("1", "2"): RIGHT, ("1", "3"): LEFT, ("4", "5"): UNDIRECTED}


@pytest.mark.parametrize("indices", [[], [0], [3, 1], range(6)])
def test_some_pairs_of_windows_are_in_the_other_order(indices):
    (found,) = with_other_order(window_encoder, DIRECTED)
    mixed = found.with_swapped(indices)
    sides = [found.swapped if index in indices else found for index in range(len(found.targets))]
    assert identifiers(mixed) == [identifiers(side)[index] for index, side in enumerate(sides)]
    assert mixed.targets == tuple(side.targets[index] for index, side in enumerate(sides))
    assert replace(mixed.features, pairs=()) == replace(found.features, pairs=())
    assert mixed.swapped is None


@pytest.mark.parametrize("make_encoder", [make_processor, window_encoder])
def test_share_of_an_epoch_in_the_other_order_changes_no_choice_of_pairs(make_encoder):
    labelled = with_other_order(make_encoder, *[DIRECTED] * 40)
    plain, half, all_of_it = ([names for each in epoch_pairs(labelled, 1, 1, share) for names in identifiers(each)]
                              for share in (0.0, 0.5, 1.0))  # fmt: skip
    assert len(plain) == 240
    assert all_of_it == [names[::-1] for names in plain]
    assert [set(names) for names in half] == [set(names) for names in plain]
    assert 80 < sum(names == other for names, other in zip(half, plain, strict=True)) < 160


# Parts of a step.

# Unequal numbers of pairs, as windows have.
UNEVEN = (3, 1, 7, 2, 2, 11, 1, 5)
SPLITS = list(product((1, 2, 3, 8), (1, 2, 3)))


def step_of(*sizes):
    """Features with so many pairs each; the loss of a pair is the number in its targets."""
    features = pair_features(4)
    numbers = iter(range(1, 1000))
    return [LabelledPairs(features, tuple({"loss": [next(numbers) ** 0.5]} for _ in range(size))) for size in sizes]


def mean_loss(labelled):
    losses = [targets["loss"][0] for found in labelled for targets in found.targets]
    return sum(losses) / len(losses)


def all_parts(step, processes, passes):
    return [part for process in range(processes) for part in step_parts(step, process, processes, passes)]


@pytest.mark.parametrize("sizes", [UNEVEN, (4,), (2, 5), (1, 1, 1)])
@pytest.mark.parametrize(("processes", "passes"), SPLITS)
def test_parts_make_up_the_mean_loss_of_the_step(processes, passes, sizes):
    step = step_of(*sizes)
    parts = all_parts(step, processes, passes)
    assert len(parts) == processes * passes
    assert sum(share for _, share in parts) == pytest.approx(processes)
    assert sum(share * mean_loss(labelled) for labelled, share in parts) / processes == pytest.approx(mean_loss(step))
