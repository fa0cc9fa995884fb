"""What a document states about pairs of entities."""

import pytest

from biodir.document_biodir import Document, Mention, Relation
from biodir.errors_biodir import AnnotationError
from biodir.labels_biodir import CHEMICAL, DISEASE, VARIANT
from biodir.networks.statements import node_key, statements_of
from helpers.marked import marked_document

TEXT = marked_document("<C:D1 Iron> harms <D:D2;D3 liver and heart> now.", id="7")


def with_relation(document: Document, relation: Relation) -> Document:
    """Return the document with this relation only."""
    return Document(document.id, document.text, document.mentions, (relation,))


@pytest.mark.parametrize(("subject", "expected"), [("D1", ("D1", "D2")), ("D2", ("D2", "D1"))])
def test_subject_comes_first_in_a_directed_statement(subject, expected):
    (found,) = statements_of(with_relation(TEXT, Relation("Bind", "D1", "D2", subject_id=subject))).statements
    assert found.directed
    assert (found.subject[0], found.object[0]) == expected


@pytest.mark.parametrize("separator", "|;,")
def test_relation_of_several_identifiers_is_one_of_each(separator):
    relation = Relation("Positive_Correlation", "D1", f"D2{separator}D3", subject_id="D1")
    found = statements_of(with_relation(TEXT, relation)).statements
    assert [(each.subject[0], each.object) for each in found] == [("D1", ("D2", DISEASE)), ("D1", ("D3", DISEASE))]


def test_direction_of_a_relation_of_several_identifiers_is_kept_from_the_second_end():
    relation = Relation("Positive_Correlation", "D1", "D2|D3", subject_id="D2|D3")
    found = statements_of(with_relation(TEXT, relation)).statements
    assert [(each.subject[0], each.object[0]) for each in found] == [("D2", "D1"), ("D3", "D1")]


def test_relation_of_several_identifiers_of_which_one_is_missing_is_an_error():
    with pytest.raises(AnnotationError, match=r"'D2\|D4' of a relation Bind has no mention"):
        statements_of(with_relation(TEXT, Relation("Bind", "D1", "D2|D4")))


@pytest.mark.parametrize(
    ("name", "expected"), [("treat", "Negative_Correlation"), ("stimulate", "Positive_Correlation"), ("Own", "Own")]
)
def test_relation_types_of_pubtator3_become_those_of_biored(name, expected):
    assert statements_of(with_relation(TEXT, Relation(name, "D1", "D2"))).statements[0].relation == expected


def test_score_is_that_of_type_and_direction():
    relation = Relation("Bind", "D1", "D2", relation_score=0.8, novelty_score=0.1)
    assert statements_of(with_relation(TEXT, relation)).statements[0].score == 0.8


def test_variant_without_a_number_is_another_one_in_each_document():
    mentions = (Mention(0, 4, "G->A", VARIANT, ("c|SUB|G||A",)), Mention(5, 9, "12A>", VARIANT, ("c|SUB|G|12|A",)))
    names = [statements_of(Document(name, "G->A 12A>", mentions)).names for name in ("1", "2")]
    assert [[key[0] for key in found] for found in names] == [
        ["c|SUB|G||A@1", "c|SUB|G|12|A"],
        ["c|SUB|G||A@2", "c|SUB|G|12|A"],
    ]


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("tmVar:p|SUB|V|600|E;HGVS:p.V600E;VariantGroup:3;CorrespondingGene:673", "p|SUB|V|600|E;HGVS:p.V600E;{}:673"),
        ("p|SUB|V|600|E;VariantGroup:0", "p|SUB|V|600|E"),
        ("tmVar:rs334;VariantGroup:0", "DBSNP:rs334"),
        ("tmVar:c|SUB|G||A;VariantGroup:3;CorrespondingGene:673", "c|SUB|G||A;{}:673@7"),
    ],
)
def test_variant_of_pubtator3_is_one_node_whatever_its_number_in_the_document(identifier, expected):
    assert node_key(identifier, "ProteinMutation", "7")[0] == expected.format("CorrespondingGene")


def test_names_are_counted_without_differences_of_white_space():
    mentions = (Mention(0, 10, "iron\n salt", CHEMICAL, ("D1",)), Mention(11, 20, "iron salt", CHEMICAL, ("D1",)))
    assert statements_of(Document("1", "iron\n salt iron salt", mentions)).names == {("D1", CHEMICAL): {"iron salt": 2}}
