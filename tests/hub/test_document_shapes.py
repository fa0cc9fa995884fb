"""Shapes in which other tools keep documents and mentions: read, or refused with the likely meant key."""

import numpy as np
import pandas
import pytest

from biodir import Document
from biodir.document_json_biodir import document_from_json
from biodir.document_shapes_biodir import own_shape
from biodir.errors_biodir import AnnotationError

TEXT = "Zelvorin caused rash. Abrexol cured rash."
SPANS = [(0, 8, "Chemical"), (16, 20, "Disease")]
MENTIONS = [{"start": start, "end": end, "type": kind, "id": f"D{start}"} for start, end, kind in SPANS]
COLUMNS = {key: [mention[key] for mention in MENTIONS] for key in MENTIONS[0]}
LOCAL = [{"id": f"T{start}", "span": {"begin": start, "end": end}, "obj": kind} for start, end, kind in SPANS]
BIGBIO = [
    {"id": f"e{start}", "type": kind, "text": [TEXT[start:end]], "offsets": [[start, end]], "normalized": names}
    for (start, end, kind), names in zip(SPANS, ([{"db_name": "MESH", "db_id": "D0"}], []), strict=True)
]
DOCCANO = [{"id": 9 + start, "label": kind, "start_offset": start, "end_offset": end} for start, end, kind in SPANS]
PRODIGY = [{"start": s, "end": e, "label": kind, "token_start": s, "token_end": s} for s, e, kind in SPANS]
BY_ID = [("D0",), ("D16",)]
BY_TEXT = [("text:zelvorin",), ("text:rash",)]


def read(**keys) -> Document:
    return Document.from_dict({"text": TEXT, **keys})


@pytest.mark.parametrize(
    ("keys", "identifiers"),
    [
        *(
            ({key: MENTIONS}, BY_ID)
            for key in ("entities", "mentions", "annotations", "spans", "ents", "label", "labels")
        ),
        ({"entities": tuple(MENTIONS)}, BY_ID),
        ({"entities": np.array(MENTIONS, dtype=object)}, BY_ID),
        ({"entities": COLUMNS}, BY_ID),
        ({"entities": {key: np.array(column) for key, column in COLUMNS.items()}}, BY_ID),
        ({"entities": None, "spans": MENTIONS}, BY_ID),
        ({"entities": float("nan"), "spans": MENTIONS}, BY_ID),
        ({"label": SPANS}, BY_TEXT),
        ({"entities": SPANS}, BY_TEXT),
        ({"denotations": LOCAL}, BY_TEXT),
        ({"denotations": [{**LOCAL[0], "span": [{"begin": 0, "end": 3}, {"begin": 5, "end": 8}]}]}, BY_TEXT[:1]),
        ({"entities": [{"span": [str(start), float(end)], "type": kind} for start, end, kind in SPANS]}, BY_TEXT),
        ({"entities": [{"offsets": [["0", "3"], ["5", "8"]], "type": "Chemical"}]}, BY_TEXT[:1]),
        ({"denotations": LOCAL, "attributes": [{"subj": "T0", "pred": "id", "obj": "D0"}]}, [BY_ID[0], BY_TEXT[1]]),
        ({"sourcedb": "PubMed", "tracks": [{"project": "a"}, {"project": "b", "denotations": LOCAL}]}, BY_TEXT),
        ({"entities": BIGBIO}, [BY_ID[0], BY_TEXT[1]]),
        ({"entities": DOCCANO}, BY_TEXT),
        ({"spans": PRODIGY, "tokens": [], "meta": {}}, BY_TEXT),
        ({"annotations": [{**entry, "id": ["D0"], "mention": "?", "prob": 0.9} for entry in LOCAL[:0]]}, []),
    ],
)
def test_shape_is_read(keys, identifiers):
    document = read(**keys)
    assert [(each.start_char, each.end_char, each.entity_type) for each in document.mentions] == SPANS[
        : len(identifiers)
    ]
    assert [mention.identifiers for mention in document.mentions] == identifiers


@pytest.mark.parametrize(
    ("ours", "others"),
    [
        ("start", ("begin", "start_char", "start_offset", "from")),
        ("end", ("end_char", "end_offset", "stop", "to")),
        ("type", ("label", "entity_type", "entity_group", "entity", "obj", "category")),
        ("id", ("identifier", "db_id", "cui", "kb_id", "concept_id")),
    ],
)
def test_key_of_a_mention_has_other_names(ours, others):
    for key in others:
        renamed = [{key if name == ours else name: value for name, value in mention.items()} for mention in MENTIONS]
        found = own_shape({"text": TEXT, "spans": renamed}, "here")["entities"]
        assert found == MENTIONS


def test_id_of_doccano_is_that_of_the_mention():
    entry = {"start_offset": 0, "end_offset": 4, "label": "Gene", "id": 7}
    assert Document.from_dict({"text": "EGFR", "entities": [entry]}).mentions[0].identifiers == ("text:egfr",)
    assert own_shape({"text": "EGFR", "entities": [{**entry, "type": "Gene"}]}, "here")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"entities": [], "spans": MENTIONS}, "'entities' is empty but 'spans' is not"),
        ({"text": None, "passages": [{"text": TEXT, "mentions": MENTIONS}]}, r"passages\[0\]: holds 'mentions'"),
        ({"title": "Another title", "entities": MENTIONS}, "'text' does not hold the 'title' 'Another title'"),
    ],
)
def test_entities_and_texts_in_two_places_are_refused(keys, message):
    with pytest.raises(AnnotationError, match=message):
        Document.from_dict({"text": TEXT, **keys})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"entites": MENTIONS}, "the unknown key 'entites'; did you mean 'entities'"),
        ({"Mentions": MENTIONS}, "the unknown key 'Mentions'; did you mean 'mentions'"),
        ({"chemicals": MENTIONS}, "the unknown key 'chemicals'; if it holds the entities, name it \"entities\""),
        (
            {"spans": MENTIONS, "ents": MENTIONS},
            "both 'spans' and 'ents' could hold them",
        ),
        ({"label": 1}, "label: is int 1, not a list"),
        (
            {"tracks": [{"project": name, "denotations": LOCAL} for name in "ab"]},
            "2 projects have denotations: 'a', 'b'; keep one of them",
        ),
        ({"entities": [{**MENTIONS[0], "idd": "D1"}]}, r"entities\[0\]: unknown key 'idd'; did you mean 'id'"),
        ({"entities": [{**MENTIONS[0], "location": [0, 8]}]}, r"entities\[0\]: unknown key 'location'; remove it"),
        ({"entities": [{**MENTIONS[0], "label": "Gene"}]}, "'type' is 'Chemical' but 'label' is 'Gene'; keep one"),
        ({"text": None, "body": TEXT, "entities": MENTIONS}, "has none of 'text', .*; is 'body' the text"),
    ],
)
def test_unknown_key_is_refused_and_the_likely_one_is_named(keys, message):
    with pytest.raises(AnnotationError, match=message):
        read(**keys)


@pytest.mark.parametrize("missing", [{}, {"id": None}, {"id": ""}, {"id": " "}, {"id": float("nan")}])
@pytest.mark.parametrize("key", ["pmid", "document_id", "docid"])
@pytest.mark.parametrize("text", [{"text": TEXT}, {"passages": [{"infons": {}, "offset": 0, "text": TEXT}]}])
def test_document_without_id_has_the_one_under_another_key_in_every_shape(text, key, missing):
    for value in (37026113, "37026113", 37026113.0):
        assert document_from_json({**missing, key: value, **text}).id == "37026113"


def test_number_of_an_article_that_a_table_has_as_float_is_read():
    assert read(entities=[], pmcid=10072964.0).pmcid == "10072964"


@pytest.mark.parametrize("own", [{}, {"denotations": []}])
@pytest.mark.parametrize(("marks", "count"), [(LOCAL, 2), ([], 0)])
def test_empty_denotations_beside_tracks_hide_none_of_theirs(own, marks, count):
    mapping = {"text": TEXT, **own, "tracks": [{"denotations": marks}]}
    assert len(own_shape(mapping, "here", has_ner=True)["entities"]) == count


def test_tracks_are_read_where_entities_would_be_found():
    assert len(own_shape({"text": TEXT, "tracks": [{"denotations": LOCAL}]}, "here", has_ner=True)["entities"]) == 2


def test_document_may_have_no_entities():
    assert read(entities=[]).mentions == read(id="7", pmid=5, relations=[]).mentions == ()
    assert own_shape({"text": TEXT, "source": "x"}, "here", has_ner=True) == {"text": TEXT, "id": None}


def test_missing_value_of_pandas_is_none():
    frame = pandas.DataFrame([MENTIONS[0], {key: value for key, value in MENTIONS[1].items() if key != "id"}])
    found = read(entities=frame.to_dict("records")).mentions
    assert [mention.identifiers for mention in found] == [("D0",), ("text:rash",)]


@pytest.mark.parametrize(
    "keys",
    [
        {"entities": BIGBIO, "relations": [{"type": "Bind", "arg1_id": "e0", "arg2_id": "e16"}]},
        {"denotations": LOCAL, "relations": [{"pred": "Bind", "subj": "T0", "obj": "T16"}]},
        {"tracks": [{"denotations": LOCAL, "relations": [{"pred": "Bind", "subj": "T0", "obj": "T16"}]}]},
        {"entities": DOCCANO, "relations": [{"type": "Bind", "from_id": 9, "to_id": 25}]},
        {"spans": PRODIGY, "relations": [{"label": "Bind", "head": 0, "child": 16}]},
        {"spans": PRODIGY, "relations": [{"label": "Bind", "head_span": PRODIGY[0], "child_span": PRODIGY[1]}]},
    ],
    ids=["bigbio", "PubAnnotation", "track of PubAnnotation", "doccano", "Prodigy tokens", "Prodigy spans"],
)
def test_relation_of_mentions_is_one_of_their_identifiers(keys):
    document = read(**keys)
    (relation,) = document.relations
    ends = tuple(mention.identifiers[0] for mention in document.mentions)
    assert (relation.relation_type, relation.entity1_id, relation.entity2_id) == ("Bind", *ends)


def test_passages_of_bigbio_are_the_text():
    passages = [{"type": "title", "text": [TEXT[:21]], "offsets": [[0, 21]]}]
    passages += [{"type": "abstract", "text": [TEXT[22:]], "offsets": [[22, len(TEXT)]]}]
    document = Document.from_dict({"id": "0", "document_id": "7", "passages": passages, "entities": BIGBIO})
    assert (document.id, document.text, len(document.mentions)) == ("7", TEXT, 2)


def test_concept_goes_before_the_number_of_a_mention():
    entry = {"start": 0, "end": 4, "type": "Gene", "id": "T1", "identifier": "1956"}
    assert own_shape({"text": "EGFR", "entities": [entry]}, "here")["entities"][0]["id"] == "1956"
    with pytest.raises(AnnotationError, match="'identifier' is '1956', 'cui' is 'C1'; keep one of them"):
        Document.from_dict({"text": "EGFR", "entities": [entry | {"cui": "C1"}]})


@pytest.mark.parametrize("identifier", [{"a": 1}, ["7"], True, 1.5])
def test_document_id_is_a_string_or_a_whole_number(identifier):
    with pytest.raises(AnnotationError, match=r"the id is .*, not a string"):
        Document.from_dict({"id": identifier, "text": "EGFR", "entities": []})


def test_offsets_as_strings_and_identifiers_with_semicolons_are_read():
    entity = {"start": "0", "end": "4", "type": "Gene", "id": "1956;1950"}
    (mention,) = Document.from_dict({"text": "EGFR", "entities": [entity]}).mentions
    assert (mention.text, mention.identifiers) == ("EGFR", ("1956", "1950"))
    variant = {"start": 0, "end": 5, "type": "Variant", "id": "tmVar:p|SUB|V|600|E;HGVS:p.V600E;RS#:113488022"}
    assert len(Document.from_dict({"text": "V600E", "entities": [variant]}).mentions[0].identifiers) == 1


def test_spans_of_single_letters_of_words_are_refused():
    entities = [{"start": 0, "end": 1, "type": "Chemical"}, {"start": 4, "end": 5, "type": "Disease"}]
    with pytest.raises(AnnotationError, match="2 of 2 mentions without 'text' cut a word"):
        Document.from_dict({"text": "Tolvexamine caused rash", "entities": entities})


@pytest.mark.parametrize(
    ("given", "found"), [(["rs1"], "rs1"), (["CUI-less"], "p|SUB|V|600|E"), (None, "p|SUB|V|600|E")]
)
def test_mutation_of_bern2_without_identifier_is_named_by_its_normalised_name(given, found):
    mutation = {"mutationType": "ProteinMutation", "normalizedName": "p|SUB|V|600|E", "id": given, "mention": "V600E"}
    entry = {**mutation, "obj": "mutation", "span": {"begin": 0, "end": 5}, "is_neural_normalized": False}
    assert Document.from_dict({"text": "V600E", "annotations": [entry]}).mentions[0].identifiers == (found,)
