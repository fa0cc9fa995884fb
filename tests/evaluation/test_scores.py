"""Scores: counts by hand at every level, against scikit-learn, and documents that cannot be compared."""

import random

import pytest
from sklearn.metrics import precision_recall_fscore_support

from biodir.document_biodir import Document, Relation
from biodir.evaluation.breakdown import counts_by
from biodir.evaluation.checks import ComparedDocument, compared_documents
from biodir.evaluation.scores import FIGURES, Counts, macro_average, relation_scores, unannotated_levels


def document(*relations, id="7"):
    return Document(id, "", relations=relations)


def counts_of(gold, predicted):
    """Level -> (tp, fp, fn) for one document."""
    found = relation_scores([document(*gold)], [document(*predicted)])
    return {level: (counts.tp, counts.fp, counts.fn) for level, counts in found.items()}


GOLD = Relation("Bind", "a", "b", "Novel", "a")
RIGHT, WRONG = (1, 0, 0), (0, 1, 1)


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        (Relation("Bind", "a", "b", "Novel", "a"), [RIGHT, RIGHT, RIGHT, RIGHT, RIGHT]),
        (Relation("Bind", "b", "a", "Novel", "a"), [RIGHT, RIGHT, RIGHT, RIGHT, RIGHT]),
        (Relation("Bind", "a", "b", "No", "a"), [RIGHT, RIGHT, WRONG, RIGHT, WRONG]),
        (Relation("Bind", "a", "b", "Novel", "b"), [RIGHT, RIGHT, RIGHT, WRONG, WRONG]),
        (Relation("Bind", "a", "b", "Novel", None), [RIGHT, RIGHT, RIGHT, WRONG, WRONG]),
        (Relation("Conversion", "a", "b", "Novel", "a"), [RIGHT, WRONG, WRONG, WRONG, WRONG]),
        (Relation("Bind", "a", "c", "Novel", "a"), [WRONG, WRONG, WRONG, WRONG, WRONG]),
    ],
)
def test_statement_counts_where_it_agrees_in_all_that_the_level_needs(predicted, expected):
    assert list(counts_of([GOLD], [predicted]).values()) == expected
    assert list(counts_of([predicted], [GOLD]).values()) == expected


def test_pair_with_two_types_counts_once_as_a_pair():
    both = [GOLD, Relation("Conversion", "a", "b", "Novel", "a")]
    assert list(counts_of(both, both).values())[:2] == [(1, 0, 0), (2, 0, 0)]


# Against scikit-learn: what every pair of a document is labelled with on either side, "nothing" among it.

TYPES = ["Association", "Bind", "Comparison", "Conversion"]
NOTHING = "nothing"


def labelled_documents(seed):
    """Documents of both sides, and the label of each pair on both, where the predictions are right about half."""
    generator = random.Random(seed)
    sides, labels = ([], []), ([], [])
    for number in range(8):
        pairs = [(f"e{first}", f"e{second}") for first in range(5) for second in range(first)]
        gold = [generator.choice([*TYPES[:3], NOTHING]) for _ in pairs]
        guesses = [kind if generator.random() < 0.5 else generator.choice([*TYPES, NOTHING]) for kind in gold]
        for side, found, values in zip(sides, labels, (gold, guesses), strict=True):
            directed = [(pair, kind, generator.choice([None, *pair])) for pair, kind in zip(pairs, values, strict=True)]
            found.extend(NOTHING if kind == NOTHING else (kind, subject or "") for _, kind, subject in directed)
            relations = [Relation(kind, *pair, "No", subject) for pair, kind, subject in directed if kind != NOTHING]
            side.append(document(*relations, id=str(number)))
    return sides, labels


def scikit_learn(gold, predicted, labels, average):
    precision, recall, f1, _ = precision_recall_fscore_support(
        gold, predicted, labels=labels, average=average, zero_division=0
    )
    return pytest.approx({"precision": precision, "recall": recall, "f1": f1})


def shares(counts):
    return {name: getattr(counts, name) for name in FIGURES}


@pytest.mark.parametrize("seed", range(3))
def test_scores_with_direction_are_the_micro_averages_of_scikit_learn(seed):
    sides, labels = labelled_documents(seed)
    gold, predicted = ([":".join(label) if label != NOTHING else label for label in side] for side in labels)
    statements = sorted({*gold, *predicted} - {NOTHING})
    found = relation_scores(*sides)["relation_type_direction"]
    assert shares(found) == scikit_learn(gold, predicted, statements, "micro")


@pytest.mark.parametrize("seed", range(3))
def test_means_over_types_are_the_macro_averages_of_scikit_learn(seed):
    sides, labels = labelled_documents(seed)
    gold, predicted = ([label if label == NOTHING else label[0] for label in side] for side in labels)
    by_type = counts_by("by_type", compared_documents(*sides))
    assert list(by_type) == TYPES, "one of them only in predictions"
    found = macro_average([counts["relation_type"] for counts in by_type.values()])
    assert found == scikit_learn(gold, predicted, TYPES, "macro")


# Figures.


@pytest.mark.parametrize("counts", [Counts(), Counts(fp=2), Counts(fn=2), Counts(fp=1, fn=1)])
def test_without_a_right_statement_all_figures_are_zero(counts):
    assert (counts.precision, counts.recall, counts.f1) == (0, 0, 0)


# What gold does not annotate.


def test_levels_that_ask_for_a_part_that_is_not_annotated_are_named():
    half = document(Relation("CID", "a", "b", subject_id="a"))
    assert unannotated_levels([ComparedDocument(half, half)]) == ("relation_type_novelty", "all")
