"""Rules that name the subject without a model."""

from dataclasses import replace

import pytest

from biodir.document_biodir import Relation
from biodir.evaluation.direction_cases import direction_cases
from biodir.evaluation.direction_report import annotation_rows
from biodir.evaluation.direction_rules import FIRST, SHARES, TYPES, WORDS, best_order, rules_of
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, VARIANT
from helpers.marked import marked_document


def cases(*texts_with_ends):
    documents = [
        marked_document(text, id=str(number), relations=(Relation(kind, *ends, "No", subject),))
        for number, (text, kind, ends, subject) in enumerate(texts_with_ends)
    ]
    return direction_cases(documents)


def chemical_gene(subject, kind="Bind"):
    return "<G:G1 EGFR> in <C:C1 iron>", kind, ("G1", "C1"), subject


def gene_gene(between, subject):
    return f"<G:G1 EGFR> {between} <G:G2 cox2>", "Bind", ("G1", "G2"), subject


TRAINING = cases(
    *[chemical_gene("C1")] * 3,
    chemical_gene("G1"),
    *[chemical_gene(None, "Association")] * 2,
    chemical_gene("C1", "Association"),
    ("<D:D1 Pain> of <G:G1 EGFR>", "Association", ("D1", "G1"), "G1"),
    ("<D:D1 Pain> of <V:V1 T790M>", "Association", ("D1", "V1"), "V1"),
    ("<C:C1 Iron> of <V:V1 T790M>", "Association", ("C1", "V1"), "V1"),
    *[gene_gene("blocks", "G1")] * 30,
    *[gene_gene("falls by", "G2")] * 20,
)


def test_rules_hold_for_documents_with_other_names_of_the_types():
    def renamed(document, names):
        mentions = (replace(each, entity_type=names[each.entity_type]) for each in document.mentions)
        return replace(document, mentions=tuple(mentions))

    relation = Relation("Bind", "C1", "G1", "No", "C1")
    document = marked_document("<C:C1 Iron> in <G:G1 EGFR>", relations=(relation,))
    other = renamed(document, {CHEMICAL: "Drug", GENE: "Protein"})
    for training, asked in ((document, other), (other, document)):
        (case,) = direction_cases([asked])
        assert {rule(case) for rule in rules_of(direction_cases([training])).values()} == {"C1"}
    assert annotation_rows(direction_cases([other])) == annotation_rows(direction_cases([document]))
    genes = marked_document("<G:G1 EGFR> in <C:C1 it>", relations=(relation,))
    (case,) = direction_cases([renamed(genes, {GENE: "Gene", CHEMICAL: "Protein"})])
    assert case.is_of_one_type


def test_order_names_most_subjects():
    assert best_order(TRAINING) == (VARIANT, CHEMICAL, GENE, DISEASE)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (chemical_gene("C1"), {FIRST: "G1", TYPES: "C1", WORDS: "C1", SHARES: "C1"}),
        (chemical_gene("C1", "Association"), {FIRST: "G1", TYPES: "C1", WORDS: "C1", SHARES: None}),
        (gene_gene("blocks", "G1"), {FIRST: "G1", TYPES: "G1", WORDS: "G1", SHARES: "G1"}),
        (gene_gene("is hit by", "G2"), {FIRST: "G1", TYPES: "G1", WORDS: "G2", SHARES: "G1"}),
        (gene_gene("and", None), {FIRST: "G1", TYPES: "G1", WORDS: "G1", SHARES: "G1"}),
        # Groups without training are undirected for the rule of shares.
        (("<C:C1 Iron> <D:D1 ill>", "Bind", ("C1", "D1"), "C1"), {FIRST: "C1", TYPES: "C1", WORDS: "C1", SHARES: None}),
    ],
)  # fmt: skip
def test_subject_by_each_rule(case, expected):
    (asked,) = cases(case)
    assert {name: rule(asked) for name, rule in rules_of(TRAINING).items()} == expected
