"""Cases of direction: the two closest mentions in the order of the text, and the words around them."""

import pytest

from biodir.document_biodir import Relation
from biodir.evaluation.direction_cases import direction_cases, document_cases
from helpers.marked import marked_document


def case_of(marked, subject="C1", ends=("C1", "G1"), **fields):
    (case,) = direction_cases([marked_document(marked, relations=(Relation("Bind", *ends, "No", subject),), **fields)])
    return case


@pytest.mark.parametrize(
    ("text", "before", "between", "is_subject_first"),
    [
        ("It ends. Loss of <G:G1 EGFR> by <C:C1 iron> is new.", "loss of", "by", False),
        ("<C:C1 Iron>-induced 2-year (3 mg) <G:G1 EGFR>", "", "-induced year mg", True),
        ("<C:C1 Iron> and <D:D1 pain-bound> kinase of <G:G1 EGFR>", "", "and kinase of", True),
        ("<C:C1 iron <G:G1 EGFR> ligand>", "", "", True),  # one inside the other
        ("<C:C1 Iron> ends. Then <G:G1 EGFR> fell.", "", None, True),
        # The closest two decide, not the first of each.
        ("<C:C1 Iron> ends in a long sentence. Then <G:G1 EGFR> harms <C:C1 iron>.", "then", "harms", False),
    ],
)
def test_words_are_those_around_the_closest_mentions(text, before, between, is_subject_first):
    case = case_of(text)
    assert " ".join(case.before) == before
    assert (None if case.between is None else " ".join(case.between)) == between
    assert (case.is_subject_first, case.is_directed, case.is_of_one_type) == (is_subject_first, True, False)


def test_case_names_its_document_and_groups():
    case = case_of("<G:G2 One> and <G:G1 two>", subject=None, ends=("G1", "G2"), id="9")
    assert (case.document_id, case.relation_type) == ("9", "Bind")
    assert case.pair_type == "GeneOrGeneProduct-GeneOrGeneProduct"
    assert (case.first.identifier, case.second.identifier) == ("G2", "G1")
    assert (case.is_of_one_type, case.is_directed, case.is_subject_first) == (True, False, False)


def test_relation_without_two_mentioned_entities_is_no_case():
    relations = (Relation("Bind", "C1", "X9", "No", "C1"), Relation("Bind", "C1", "C1"), Relation("Bind", "C1", "G1"))
    document = marked_document("<C:C1 Iron> binds <G:G1 it>", relations=relations)
    assert list(document_cases(document)) == [relations[2]]
