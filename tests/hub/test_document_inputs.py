"""What a caller hands over, as documents: rows of data sets with numbered types, relations that nobody asked for."""

import json
from pathlib import Path

import numpy as np
import pandas
import pytest
from datasets import Dataset

from biodir.document_biodir import Document
from biodir.document_inputs_biodir import document_from_input, each_input, with_known_types
from biodir.errors_biodir import AnnotationError, ErrorPolicy, ParseError
from biodir.labels_biodir import ENTITY_TYPES

TYPES = ["Gene", "Disease"]


def row(kind, **more):
    """A mapping with one mention of this type."""
    return {"text": "Iron", "entities": [{"start": 0, "end": 4, "type": kind, "id": ["5"]}], **more}


@pytest.mark.parametrize(("kind", "name"), [(0, "Gene"), (1, "Disease"), (np.int64(1), "Disease"), ("Drug", "Drug")])
def test_number_of_a_type_is_its_place_among_the_types(kind, name):
    (mention,) = document_from_input(row(kind), 0, TYPES).mentions
    assert (mention.entity_type, mention.identifiers) == (name, ("5",))


@pytest.mark.parametrize("number", [2, -1])
def test_number_without_a_type_is_refused(number):
    with pytest.raises(AnnotationError) as caught:
        document_from_input(row(number), 3, TYPES)
    assert str(caught.value) == (
        f"document 3, entities[0]: 'type' is {number}, but the model numbers its entity types 0 to 1; "
        "give the name of the type"
    )


def test_relations_of_the_input_are_left_alone():
    given = row("Gene", relations=[{"relation": 3, "entity1": "5"}], subject_lines="none")
    assert document_from_input(given, 0, TYPES).relations == ()


# What libraries and services hand over.

IRON = row("Gene", id="7")
PASSAGE = {"offset": 0, "text": "Iron", "infons": {}, "annotations": []}
PASSAGE["annotations"].append(
    {"text": "Iron", "infons": {"type": "Gene", "identifier": "5"}, "locations": [{"offset": 0, "length": 4}]}
)
BIOC = {"id": "7", "passages": [PASSAGE]}
ARTICLE = {
    **{"pmid": 7, "title": "Iron", "abstract": ""},
    "annotations": [{"start": 0, "end": 4, "name": "Iron", "type": "Gene", "mesh": "5"}],
}
FRAME = pandas.DataFrame([IRON, IRON])
SET = Dataset.from_list([IRON, IRON])


def documents(inputs):
    return [document_from_input(value, index, TYPES) for index, value in enumerate(each_input(inputs))]


@pytest.mark.parametrize(
    ("inputs", "count"),
    [
        *((value, 1) for value in (IRON, BIOC, ARTICLE, {"documents": [BIOC]}, [{"PubTator3": [BIOC]}])),
        *((value, 2) for value in ({"documents": [BIOC, IRON]}, [BIOC, ARTICLE], FRAME, FRAME.to_dict("records"))),
        ([each for _, each in FRAME.iterrows()], 2),
        (FRAME.iloc[0], 1),
        (FRAME.iloc[:1], 1),
        ({**IRON, "entities": pandas.DataFrame(IRON["entities"])}, 1),
        *((SET.with_format(kind), 2) for kind in (None, "numpy", "torch", "pandas")),
        *((SET.with_format(kind)[0], 1) for kind in (None, "numpy", "torch", "pandas")),
        (SET.to_iterable_dataset(), 2),
    ],
)
def test_every_kind_of_input_gives_the_document(inputs, count):
    found = documents(inputs)
    assert [(each.id, each.text.strip(), each.mentions[0].identifiers) for each in found] == [
        ("7", "Iron", ("5",))
    ] * count


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([{"documents": [BIOC, BIOC]}], "document 0: is a collection of 2 documents; pass these"),
        (json.dumps(IRON), "is not PubTator text; parse it with json.loads"),
        ("Iron", "is not PubTator text; the model has no tagger"),
        ({"text": "Iron", "entites": []}, "did you mean 'entities'"),
        (SET[:2], "the id is list"),
        ([Path("notes.txt")], "not .*Path.*; if it is the name of a file, pass what is in it"),
    ],
)
def test_input_that_is_no_document_is_refused(inputs, message):
    with pytest.raises((AnnotationError, ParseError), match=message):
        documents(inputs)


@pytest.mark.parametrize("name", ["samples/sample.pubtator", "notes.txt", r"C:\data\a.JSONL.gz", " found.jsonl\n"])
def test_name_of_a_file_is_no_text(name):
    with pytest.raises(ParseError, match=r"is not PubTator text; if it is the name of a file, pass what is in it"):
        document_from_input(name, 0, TYPES, policy=ErrorPolicy(finds_entities=True))


@pytest.mark.parametrize("text", ["Iron.", "Iron", "Data in notes.txt", "p53.Met", "IL-2."])
def test_short_text_is_not_taken_for_the_name_of_a_file(text):
    assert document_from_input(text, 0, TYPES, policy=ErrorPolicy(finds_entities=True)).text == text


def test_document_without_entities_is_noted():
    policy = ErrorPolicy()
    for value in ({"text": "Iron"}, {"text": "Iron", "entities": None}, {"text": "Iron", "entities": []}):
        assert document_from_input(value, 0, TYPES, policy=policy).mentions == ()
    assert list(policy.notes.values()) == [2]


def test_unknown_types_are_named_together_or_left_out_with_their_relations():
    relations = [{"relation": "Bind", "entity1": "D1", "entity2": "D2"}]
    entities = [
        {"start": start, "end": start + 4, "type": kind, "id": f"D{number}"}
        for number, (start, kind) in enumerate([(0, "gene"), (5, "Pill"), (10, "Locus"), (15, "Pill")])
    ]
    document = Document.from_dict({"text": "Iron Iron Iron Iron", "entities": entities, "relations": relations})
    with pytest.raises(AnnotationError, match=r"unknown entity types: 'Pill' \(2\), 'Locus' \(1\)"):
        with_known_types(document, ENTITY_TYPES, {})
    found = with_known_types(document, ENTITY_TYPES, {"pill": "Drug", "LOCUS": None}).mentions
    assert [mention.entity_type for mention in found] == ["GeneOrGeneProduct", "ChemicalEntity", "ChemicalEntity"]
    policy = ErrorPolicy("skip-mention")
    left = with_known_types(document, ENTITY_TYPES, {}, policy)
    assert (len(left.mentions), left.relations, policy.skipped_number("relation")) == (1, (), 1)


@pytest.mark.parametrize("key", ["id", "identifier", "cui", "mesh"])
@pytest.mark.parametrize("unfit", [{"colour": "red"}, {"text": "iron"}])
def test_relations_of_a_mention_that_is_left_out_go_with_it_whatever_the_key_of_its_identifier(unfit, key):
    spans = [{"start": 0, "end": 4, "label": "Gene", key: "1956", **unfit}, {"start": 5, "end": 9, "label": "Chemical"}]
    relations = [{"relation": "Bind", "entity1": "1956", "entity2": "text:iron"}]
    policy = ErrorPolicy("skip-mention")
    found = Document.from_dict({"text": "EGFR iron", "entities": spans, "relations": relations}, policy=policy)
    assert ([each.text for each in found.mentions], found.relations) == (["iron"], ())
    assert (policy.skipped_number("mention"), policy.skipped_number("relation")) == (1, 1)


@pytest.mark.parametrize("name", ["CellLine", "cell line", "Cell_line", "cellline"])
def test_type_map_leaves_a_type_out_under_every_spelling(name):
    entities = [{"start": 0, "end": 4, "type": "CellLine"}, {"start": 5, "end": 9, "type": "GeneOrGeneProduct"}]
    document = Document.from_dict({"text": "HeLa EGFR", "entities": entities})
    assert [each.text for each in with_known_types(document, ENTITY_TYPES, {name: None}).mentions] == ["EGFR"]
