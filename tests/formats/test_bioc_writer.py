"""Documents written as BioC: passages, roles, identifiers, and what other programs read."""

import json
from dataclasses import replace

import pytest

from biodir.document_biodir import Document, Mention, Passage, Relation
from biodir.document_json_biodir import document_from_json
from biodir.errors_biodir import AnnotationError
from biodir.formats.bioc_writer import bioc_document, bioc_object
from helpers.marked import marked_document

PAIR = marked_document("<C:D1 Aspirin> cures <D:D2 pain>.", id="7")
DIRECTED = Relation("Negative_Correlation", "D2", "D1", "Novel", "D1", 0.5, 0.25, 0.125)


def reread(document: Document) -> Document:
    return document_from_json(json.loads(json.dumps(bioc_document(document))))


def test_directed_relation_has_identifiers_roles_and_scores_and_reads_back():
    document = replace(PAIR, relations=(DIRECTED, Relation("Bind", "D1", "D2")), pmcid="PMC5")
    first, second = bioc_document(document)["relations"]
    assert first["infons"] == {
        "type": "Negative_Correlation",
        "entity1": "D2",
        "entity2": "D1",
        "novel": "Novel",
        "score": "0.5",
        "novelty_score": "0.25",
        "direction_score": "0.125",
    }
    assert first["nodes"] == [{"refid": "1", "role": "object"}, {"refid": "0", "role": "subject"}]
    assert [node["role"] for node in second["nodes"]] == ["entity1", "entity2"]
    found = reread(document)
    assert (found.relations, found.mentions, found.pmcid) == (document.relations, document.mentions, "PMC5")


def test_direction_of_a_relation_is_turned_with_its_roles():
    turned = replace(DIRECTED, subject_id="D2")
    assert reread(replace(PAIR, relations=(turned,))).relations == (turned,)


def test_direction_of_an_entity_without_mention_is_kept():
    relation = replace(DIRECTED, entity2_id="D9", subject_id="D9")
    assert bioc_document(replace(PAIR, relations=(relation,)))["relations"][0]["nodes"] == []
    assert reread(replace(PAIR, relations=(relation,))).relations == (relation,)


@pytest.mark.parametrize(
    ("passages", "kept"),
    [
        ((Passage(0, 13, "title"), Passage(14, 19, "abstract")), True),
        ((Passage(0, 13, "title"), Passage(13, 19, "abstract")), True),
        ((Passage(0, 7, "title"), Passage(8, 19, "abstract")), True),
        ((Passage(0, 3, "title"), Passage(4, 19, "abstract")), False),
        ((Passage(0, 13, "title"),), False),
        ((), False),
    ],
    ids=["two", "touching", "at a space", "cuts a mention", "text after", "none"],
)
def test_passages_are_kept_if_they_hold_all_text_and_mentions(passages, kept):
    document = replace(PAIR, passages=passages)
    found = reread(document)
    assert (found.text, found.mentions) == (document.text, document.mentions)
    assert (found.passages == passages) == kept


@pytest.mark.parametrize("identifiers", [(), ("D1",), ("D1", "D2"), ("D1;D2",), ("a|b", "c"), ("text:iron, raw",)])
def test_identifiers_read_back(identifiers):
    document = Document("7", "Iron", (Mention(0, 4, "Iron", "ChemicalEntity", identifiers),))
    assert reread(document).mentions == document.mentions


def test_identifiers_that_xml_cannot_hold_are_refused():
    pytest.importorskip("bioc")
    document = Document("7", "Iron", (Mention(0, 4, "Iron", "ChemicalEntity", ("a|b", "c")),))
    with pytest.raises(
        AnnotationError, match=r"document 7, mention 0: identifiers \['a\|b', 'c'\] would not read back"
    ):
        bioc_object(document)


def test_library_bioc_reads_what_is_written():
    biocjson = pytest.importorskip("bioc.biocjson")
    (found,) = biocjson.loads(
        json.dumps({"source": "", "date": "", "key": "", "infons": {}, "documents": [bioc_document(PAIR)]})
    ).documents
    assert [(each.text, each.total_span.offset) for each in found.passages[0].annotations] == [
        ("Aspirin", 0),
        ("pain", 14),
    ]
