"""Predictions get the identifiers and relation types of gold."""

import pytest

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import AnnotationError, ErrorPolicy, SettingError
from biodir.evaluation.gold_names import (
    LEFT_OUT,
    RENAMED_IDENTIFIERS,
    RENAMED_RELATIONS,
    GoldIdentifiers,
    RelationNames,
    parsed_relation_map,
    with_gold_names,
)
from biodir.labels_biodir import RELATION_LABELS
from helpers.marked import marked_document

GOLD = marked_document(
    "<C:D007501 Iron> <D:OMIM:143100 chorea> <G:1956 EGFR> <V:p|SUB|V|600|E V600E> <V:c|SUB|T|34|C T34C> <V:rs5 it>",
    id="7",
    relations=(Relation("CID", "D007501", "1956"),),
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("D007501", "D007501"),
        ("MESH:D007501", "D007501"),
        ("143100", "OMIM:143100"),
        ("MESH:143100", None),
        ("NCBIGene:1956", "1956"),
        ("tmVar:p|SUB|V|600|E;HGVS:p.V600E;VariantGroup:0;CorrespondingGene:673;RS#:113488022", "p|SUB|V|600|E"),
        ("RS#:5;HGVS:p.A1B;CorrespondingGene:673", "rs5"),
        ("HGVS:c.34T>C;CorrespondingGene:673", "c|SUB|T|34|C"),
        ("p.V600E", "p|SUB|V|600|E"),
        ("1956@rs5", "rs5"),  # BioREx: gene@variant
        ("1956@rs6", None),  # another variant of the gene is not the gene
        ("RS#:6", None),
        ("text:iron", None),
    ],
)
def test_identifier_of_gold_is_found_as_others_write_it(written, expected):
    assert GoldIdentifiers(GOLD).same_as(written) == expected


def test_gold_of_pubtator3_is_found_from_short_identifiers():
    long = "tmVar:p|SUB|V|600|E;HGVS:p.V600E;RS#:113488022"
    known = GoldIdentifiers(Document("7", "", relations=(Relation("Bind", "MESH:D1", long),)))
    assert [known.same_as(name) for name in ("D1", "rs113488022", "p|SUB|V|600|E", long)] == [
        "MESH:D1",
        long,
        long,
        long,
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Bind", "Bind"),
        ("negative correlation", "Negative_Correlation"),
        ("treat", "Negative_Correlation"),
        ("drug-interact", "Drug_Interaction"),
        ("Complex", "Bind"),
        ("Dephosphorylation", "Association"),
        ("CID", "CID"),
        ("Is Induced-by", "Positive_Correlation"),
        ("cites", None),
    ],
)
def test_names_of_relation_types_are_those_of_gold_and_biored(name, expected):
    assert RelationNames({"is_induced_by": "Positive_Correlation", "cites": None}, ["CID"]).meant(name) == expected


def test_every_type_of_biored_means_itself():
    names = RelationNames()
    assert [names.meant(name) for name in RELATION_LABELS[1:]] == list(RELATION_LABELS[1:])


def test_unknown_names_and_maps_are_refused():
    with pytest.raises(AnnotationError, match=r"'binds' is unknown; did you mean 'Bind'.*--relation-map 'binds=TYPE'"):
        RelationNames().meant("binds")
    with pytest.raises(SettingError, match=r"'x=bind': TYPE is 'bind'; it must be a .* did you mean 'Bind'"):
        RelationNames({"x": "bind"})
    with pytest.raises(SettingError, match=r"'is caused by=treat': TYPE is 'treat'.*did you mean 'Negative_Corr"):
        RelationNames({"is caused by": "treat"})
    with pytest.raises(SettingError, match="--relation-map 'is_by=Bind': 'is by' is given twice"):
        parsed_relation_map(["is by=Bind", "is_by=Bind"])
    with pytest.raises(SettingError, match="--relation-map 'x': write NAME=TYPE"):
        parsed_relation_map(["x"])
    assert parsed_relation_map(["a=b=Bind", "c="]) == {"a=b": "Bind", "c": None}


def test_renamed_and_left_out_relations_are_counted():
    treats = Relation("treat", "MESH:D007501", "OMIM:143100", None, "MESH:D007501", 0.9)
    predicted = Document(
        "7", "", relations=(treats, Relation("cites", "1956", "rs5"), Relation("binds", "1956", "rs5"))
    )
    policy = ErrorPolicy("skip-mention")
    found = with_gold_names(predicted, GOLD, RelationNames({"cites": None}), policy)
    assert found.relations == (Relation("Negative_Correlation", "D007501", "OMIM:143100", None, "D007501", 0.9),)
    assert policy.notes == {RENAMED_IDENTIFIERS: 1, RENAMED_RELATIONS: 1, LEFT_OUT: 1}
    assert policy.skipped_number("relation") == 1


def test_names_of_the_map_that_never_occur_are_told():
    names = RelationNames({"cites": None, "Is by": "Bind"})
    names.meant("cites")
    assert names.unused == ["Is by"]
