"""From relations of BioC, which name identifiers or annotations, to relations of a document."""

from pathlib import Path

import pytest

from biodir import AnnotationError, ErrorPolicy, Relation
from biodir.formats.reading import read_documents
from helpers.bioc_json import annotation, passage, read_one, relation, write_json


@pytest.fixture
def source(tmp_path) -> Path:
    return tmp_path / "in.json"


@pytest.fixture
def cure(source):
    """Writes the text with a chemical, a disease of two identifiers and an unlinked one; gives its relations."""
    marked = [
        annotation("T1", identifier="D1"),
        annotation("T2", "pain", 14, type="Disease", identifier="D2,D3"),
        annotation("T3", "fever", 20, type="Disease", identifier="-"),
    ]

    def relations(*found):
        return read_one(write_json(source, passage("Aspirin cures pain, fever", 0, marked), relations=found)).relations

    return relations


def test_relation_of_pubtator_3(cure):
    json_roles = {"role1": {"identifier": "D1", "type": "Chemical"}, "role2": {"identifier": "D2"}}
    xml_roles = {"role1": "Chemical|D1", "role2": "Disease|D2"}
    nodes = [("0", "30,26")]
    expected = Relation("Association", "D1", "D2", relation_score=0.9992)
    assert cure(relation(nodes=nodes, score="0.9992", **json_roles)) == (expected,)
    assert cure(relation(nodes=nodes, score="0.9992", **xml_roles)) == (expected,)


@pytest.mark.parametrize(
    ("infons", "expected"),
    [
        ({"type": "Bind", "entity1": "D2", "entity2": "D1", "novel": "No"}, Relation("Bind", "D2", "D1", "No")),
        ({"type": "Bind", "entity1": "p|SUB|V|600|E", "entity2": "D1"}, Relation("Bind", "p|SUB|V|600|E", "D1")),
        ({"relation": "CID", "Chemical": "D1", "Disease": "D2"}, Relation("CID", "D1", "D2")),
    ],
    ids=["BioRED", "bars", "BC5CDR"],
)
def test_relation_of_identifiers(infons, expected, cure):
    assert cure({"id": "R0", "infons": infons}) == (expected,)


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([("T1", "head"), ("T2", "tail")], [("D1", "D2", "D1"), ("D1", "D3", "D1")]),
        ([("T2", "tail"), ("T1", "head")], [("D2", "D1", "D1"), ("D3", "D1", "D1")]),
        ([("T1", "Arg1"), ("T2", "Arg2")], [("D1", "D2", None), ("D1", "D3", None)]),
    ],
)
def test_relation_of_annotations(nodes, expected, cure):
    found = cure(relation(nodes=nodes))
    assert [(each.entity1_id, each.entity2_id, each.subject_id) for each in found] == expected


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (relation("R1", nodes=[("T1", "head")]), "relation R1: has 1 nodes and none of the infon pairs entity1/ent"),
        (relation("R1", nodes=[("T1", "head"), ("T9", "tail")]), "annotation 'T9', but no annotation has this id"),
        (relation("R1", nodes=[("T1", "head"), ("T3", "tail")]), r"annotation 'T3' \('fever'\), which is linked to"),
        (relation("R1", entity1="D1", entity2=" "), "argument ' ' is not an identifier"),
        (relation("R1", entity1="D1", entity2="D2", type=""), "the type is ''; name it"),
        (relation("R1", entity1="D1", entity2="D2", novel=True), "the novelty is True, not a string"),
        (relation("R1", entity1="D1", entity2="D2", score="high"), "score 'high' is not a number"),
        (relation("R1", entity1="D1", entity2="D2", score="2"), "scores lie in 0..1"),
    ],
)
def test_bad_relation_is_named(bad, message, cure):
    with pytest.raises(AnnotationError, match=rf"document 7.*{message}"):
        cure(bad)


def test_node_with_an_ambiguous_id_is_refused(source):
    marked = [annotation("T1", identifier="D1"), annotation("T1", "pain", 8, identifier="D2")]
    write_json(source, passage("Aspirin pain", 0, marked), relations=[relation(nodes=[("T1", "head"), ("T1", "tail")])])
    with pytest.raises(AnnotationError, match="'T1', but several annotations that differ have this id"):
        read_one(source)


def test_relation_of_three_entities_is_refused_or_split(source):
    marked = [annotation(f"T{number}", "abc"[number], 2 * number, identifier=f"D{number}") for number in range(3)]
    three = relation("R1", nodes=[("T0", ""), ("T1", ""), ("T2", "")])
    write_json(source, passage("a b c", 0, marked), relations=[three])
    with pytest.raises(AnnotationError, match=r"relation R1: has 3 nodes, .*--split-relations"):
        read_one(source)
    (document,) = read_documents(source, ErrorPolicy(split_relations=True))
    pairs = [(each.entity1_id, each.entity2_id) for each in document.relations]
    assert pairs == [("D0", "D1"), ("D0", "D2"), ("D1", "D2")]
    policy = ErrorPolicy("skip-mention")
    (document,) = read_documents(source, policy)
    assert (document.relations, policy.skipped_number("relation")) == ((), 1)


def test_roles_that_became_text_are_understood_or_refused(cure):
    """The library bioc writes PubTator 3's mapping into XML as the text of a Python dict."""
    role = "{'identifier': 'D2', 'type': 'Disease', 'normalized_id': None}"
    assert cure(relation(role1=role, role2="Chemical|D1")) == (Relation("Association", "D2", "D1"),)
    with pytest.raises(AnnotationError, match=r"argument .*is not an identifier"):
        cure(relation(role1="{'identifier': D2", role2="D1"))
