"""From BioC to a document: text and offsets, identifiers, relations, and what is refused."""

import json
import logging
from pathlib import Path

import pytest

from biodir import AnnotationError, ParseError, Relation
from helpers.bioc_json import annotation, passage, read_one, relation, write_json


@pytest.fixture
def source(tmp_path) -> Path:
    return tmp_path / "in.json"


# Text and offsets.


@pytest.mark.parametrize(
    ("first", "second", "text", "start_char"),
    [
        (("One.", 2), ("Two.", 10), "  One.    Two.", 10),
        (("One.\n", 0), ("Two.", 5), "One.\nTwo.", 5),
        (("One.", 0), ("Two.", 2), "One. Two.", 5),
    ],
    ids=["gap", "no gap", "overlap"],
)
def test_passages_are_placed_at_their_offsets_or_after_the_one_before(first, second, text, start_char, source):
    marked = [annotation(text="Two", offset=second[1])]
    document = read_one(write_json(source, passage(*first), passage(*second, marked)))
    assert document.text == text
    assert document.mentions[0].start_char == start_char


def test_text_in_sentences_only(source):
    sentences = [
        {"offset": 3, "text": "Aspirin.", "annotations": [annotation(offset=3)]},
        {"offset": 12, "text": "It cures pain.", "annotations": [annotation(id="2", text="pain", offset=21)]},
    ]
    source.write_text(json.dumps({"id": "7", "passages": [{"offset": 3, "sentences": sentences}]}))
    document = read_one(source)
    assert document.text == "   Aspirin. It cures pain."
    assert [mention.start_char for mention in document.mentions] == [3, 21]


def test_byte_offsets_are_read_if_all_fit(source, caplog):
    text = "β-blocker and β-agonist"
    marked = [
        annotation(text="β-blocker", offset=11, length=10),
        annotation(id="2", text="β-agonist", offset=26, length=10),
    ]
    write_json(source, passage("β-titles.", 0), passage(text, 11, marked))
    document = read_one(source)
    assert document.text == "β-titles.  " + text
    assert [mention.text for mention in document.mentions] == ["β-blocker", "β-agonist"]
    assert "the offsets count UTF-8 bytes" in caplog.text
    marked[0]["locations"][0] = {"offset": 11, "length": 9}
    with pytest.raises(AnnotationError, match=r"annotation 2: ends at 36 but the text has 34"):
        read_one(write_json(source, passage("β-titles.", 0), passage(text, 11, marked)))


def test_ascii_spelling_of_pubtator_is_the_text(source):
    write_json(source, passage("TNF-\u03b1 and IL\u20101", 0, [annotation(text="TNF-a"), annotation("2", "IL-1", 10)]))
    assert [mention.text for mention in read_one(source).mentions] == ["TNF-\u03b1", "IL\u20101"]
    write_json(source, passage("TNF-a", 0, [annotation(text="TNF-\u03b1")]))
    with pytest.raises(AnnotationError, match="says 'TNF-\u03b1' but the text at"):
        read_one(source)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (annotation("T1", locations=[{"offset": 0, "length": 3}, {"offset": 5, "length": 2}]), "has 2 locations"),
        (annotation("T1", locations=[{"offset": 0.5, "length": 3}]), "offset 0.5 and length 3 are not numbers"),
        (annotation("T1", offset=1), r"says 'Aspirin' but the text at \[1, 8\) is 'spirin\.'"),
        (annotation("T1", offset=4), r"ends at 11 but the text has 8 characters"),
        (annotation("T1", offset=-3), r"starts at -3; offsets count characters from 0"),
        (annotation("T1", length=-2), r"ends at -2 but starts at 0"),
        (annotation("T1", type=None), r"'Aspirin' has no infon 'type'"),
        ({"id": "T1", "infons": {"type": "x"}, "locations": [{"offset": 0, "length": 1}], "text": 1}, "text is 1, not"),
    ],
)
def test_bad_annotation_is_named(bad, message, source):
    write_json(source, passage("Aspirin.", 0, [bad]))
    with pytest.raises(AnnotationError, match=rf"in\.json: document 7, annotation T1: .*{message}"):
        read_one(source)
    write_json(source, passage("Aspirin."), annotations=[bad])
    with pytest.raises(AnnotationError, match=r"in\.json: document 7, annotation T1: "):
        read_one(source)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (passage("a", -1), "passage 0: offset -1 is not a number of characters"),
        (passage("a", 10**12), "passage 0: offset 1000000000000 is not a number of characters"),
        (passage("a", "x"), "passage 0: offset 'x' is not a number of characters"),
        (passage(5), "passage 0: the text is 5, not a string"),
        ({"offset": 0, "annotations": [annotation()]}, "passage 0: has annotations but no text"),
        (passage("a", infons=[]), r"is not BioC \(AttributeError"),
    ],
)
def test_bad_passage_is_named(bad, message, source):
    write_json(source, bad)
    with pytest.raises(ParseError, match=rf"in\.json: document 7.*{message}"):
        read_one(source)


# Identifiers.


@pytest.mark.parametrize(
    ("infons", "identifiers"),
    [
        ({"identifier": "D1,D2"}, ("D1", "D2")),
        ({"identifier": "p|SUB|V|600|E", "type": "SequenceVariant"}, ("p|SUB|V|600|E",)),
        ({"Identifier": "D1|D2"}, ("D1", "D2")),
        ({"NCBI Gene": "7157;7158"}, ("7157", "7158")),
        ({"MESH": "D9", "identifier": "D1"}, ("D1",)),
        ({"identifier": 7157}, ("7157",)),
        ({"identifier": ["D1", "D2", "D1", "-"]}, ("D1", "D2")),
        ({"identifier": "-"}, ()),
        ({"identifier": ""}, ("text:aspirin",)),
        ({}, ("text:aspirin",)),
    ],
)
def test_identifiers_of_an_annotation(infons, identifiers, source):
    write_json(source, passage("Aspirin.", 0, [annotation(**infons)]))
    assert read_one(source).mentions[0].identifiers == identifiers


def test_name_as_identifier_is_not_split(source):
    write_json(source, passage("1,2-Diol", 0, [annotation(text="1,2-Diol", identifier="1,2-diol")]))
    assert read_one(source).mentions[0].identifiers == ("text:1,2-diol",)
    write_json(source, passage("rs6265", 0, [annotation(text="rs6265", identifier="rs6265", type="SNP")]))
    assert read_one(source).mentions[0].identifiers == ("rs6265",)


def test_annotation_twice_is_one_mention(source, caplog):
    twice = [annotation("1", identifier="D1"), annotation("2", identifier="D1"), annotation("3", identifier="D2")]
    caplog.set_level(logging.WARNING)
    nodes = relation(nodes=[("2", "head"), ("3", "tail")])
    document = read_one(write_json(source, passage("Aspirin.", 0, twice), relations=[nodes]))
    assert [mention.identifiers for mention in document.mentions] == [("D1",), ("D2",)]
    assert document.relations == (Relation("Association", "D1", "D2", subject_id="D1"),)
    assert caplog.messages == [f"{source}: document 7: duplicate annotations, read once: 1"]


# Relations.


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
