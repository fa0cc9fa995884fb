"""From BioC to a document: text and offsets, identifiers, and what is refused."""

import json
import logging
from pathlib import Path

import pytest

from biodir import AnnotationError, ErrorPolicy, ParseError, Relation
from biodir.document_json_biodir import document_from_json
from biodir.formats.reading import read_documents
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


@pytest.mark.parametrize(("offset", "space"), [(0, ""), (11, " "), (12, " "), (23, " "), (25, "   ")])
def test_sentence_follows_the_one_before_after_its_gap_or_one_space(offset, space, source):
    sentences = [{"offset": 14, "text": "Aspirin."}, {"offset": offset, "text": "It cures."}]
    if not offset:
        sentences[0]["text"] += "\n"
    source.write_text(json.dumps({"id": "7", "passages": [{"offset": 14, "sentences": sentences}]}))
    assert read_one(source).text.strip() == sentences[0]["text"] + space + "It cures."


@pytest.mark.parametrize(("unit", "length"), [("bytes", len("🧬-β".encode())), ("utf-16", 4)])
@pytest.mark.parametrize("in_sentences", [False, True])
def test_passages_and_sentences_are_placed_in_the_unit_of_offsets(in_sentences, unit, length):
    marked = [annotation(text="pain", offset=length + 1)]
    if in_sentences:
        sentences = [{"offset": 0, "text": "🧬-β"}, {"offset": length + 1, "text": "pain", "annotations": marked}]
        parts = [{"offset": 0, "sentences": sentences}]
    else:
        parts = [passage("🧬-β", 0), passage("pain", length + 1, marked)]
    document = document_from_json({"id": "7", "passages": parts, "relations": []}, policy=ErrorPolicy(offsets=unit))
    assert document.text == "🧬-β pain"
    assert document.mentions[0].start_char == 4


def test_offsets_of_an_article_of_pubtator_count_the_unit_in_its_title():
    mention = {"start": 5, "end": 9, "name": "pain", "type": "Disease", "mesh": "D1"}
    article = {"pmid": 7, "title": "🧬-β", "abstract": "pain", "annotations": [mention]}
    document = document_from_json(article, policy=ErrorPolicy(offsets="utf-16"))
    assert (document.text, document.mentions[0].start_char) == ("🧬-β pain", 4)


def test_byte_offsets_are_read_if_all_fit(source, caplog):
    text = "β-blocker and β-agonist"
    marked = [
        annotation(text="β-blocker", offset=11, length=10),
        annotation(id="2", text="β-agonist", offset=26, length=10),
    ]
    write_json(source, passage("β-titles.", 0), passage(text, 11, marked))
    document = read_one(source)
    assert document.text == "β-titles. " + text
    assert [mention.text for mention in document.mentions] == ["β-blocker", "β-agonist"]
    assert "documents whose offsets count UTF-8 bytes, read so: 1" in caplog.text
    marked[0]["locations"][0] = {"offset": 11, "length": 9}
    with pytest.raises(AnnotationError, match=r"annotation 2: ends at 36 but the text has 34"):
        read_one(write_json(source, passage("β-titles.", 0), passage(text, 11, marked)))


def test_annotation_with_an_error_does_not_cost_the_others_of_byte_offsets(source):
    marked = [annotation("T1", "\u03b2-one", 6, 6), annotation("T2", "two", 13), annotation("T3", "two", 3)]
    write_json(source, passage("alpha \u03b2-one two", 0, marked))
    (document,) = read_documents(source, ErrorPolicy("skip-mention"))
    assert [mention.text for mention in document.mentions] == ["\u03b2-one", "two"]
    with pytest.raises(AnnotationError, match="annotation T3"):
        read_one(source)


def test_empty_infon_leaves_the_identifier_to_another_one(source):
    write_json(source, passage("Aspirin.", 0, [annotation("T1", identifier="", MESH="D1")]))
    assert read_one(source).mentions[0].identifiers == ("D1",)


def test_ascii_spelling_of_pubtator_is_the_text(source):
    write_json(source, passage("TNF-\u03b1 and IL\u20101", 0, [annotation(text="TNF-a"), annotation("2", "IL-1", 10)]))
    assert [mention.text for mention in read_one(source).mentions] == ["TNF-\u03b1", "IL\u20101"]
    write_json(source, passage("TNF-a", 0, [annotation(text="TNF\u2011\u03b1")]))
    assert [mention.text for mention in read_one(source).mentions] == ["TNF-a"]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (annotation("T1", locations=[{"offset": 0.5, "length": 3}]), "offset 0.5 and length 3 are not numbers"),
        (annotation("T1", offset=1), r"says 'Aspirin' but the text at \[1, 8\) is 'spirin\.'"),
        (annotation("T1", offset=4), r"ends at 11 but the text has 8 characters"),
        (annotation("T1", offset=-3), r"starts at -3; offsets count characters from 0"),
        (annotation("T1", length=-2), r"ends at -2 but starts at 0"),
        (annotation("T1", type=None), r"'Aspirin' has no infon 'type'"),
        (annotation("T1", identifier={"a": 1}), r"identifier dict {'a': 1} is not a string"),
        ({"id": "T1", "infons": {"type": "x"}, "locations": [{"offset": 0, "length": 1}], "text": 1}, "text is 1, not"),
    ],
)
def test_bad_annotation_is_named(bad, message, source):
    write_json(source, passage("Aspirin.", 0, [bad]))
    with pytest.raises(AnnotationError, match=rf"in\.json:1: document 7, annotation T1: .*{message}"):
        read_one(source)
    write_json(source, passage("Aspirin."), annotations=[bad])
    with pytest.raises(AnnotationError, match=r"in\.json:1: document 7, annotation T1: "):
        read_one(source)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (passage("a", -1), "passage 0: offset -1 is not a number"),
        (passage("a", 10**12), "passage 0: offset 1000000000000 is not a number"),
        (passage("a", "x"), "passage 0: offset 'x' is not a number"),
        (passage(5), "passage 0: the text is 5, not a string"),
        ({"offset": 0, "annotations": [annotation()]}, "passage 0: has annotations but no text"),
        (passage("a", infons=[1]), r"is not BioC: the infons of a passage are \[1\], not a mapping"),
    ],
)
def test_bad_passage_is_named(bad, message, source):
    write_json(source, bad)
    with pytest.raises(ParseError, match=rf"in\.json:1: (document 7.*)?{message}"):
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
        ({"identifier": 7157.0}, ("7157",)),
        ({"identifier": float("nan")}, ("text:aspirin",)),
        *(({"identifier": none}, ()) for none in ("None", "MESH:-", "CUI-less", [None], ["-", "NA"])),
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
    assert caplog.messages == [f"{source}: annotations that occur twice, read once: 1"]


def test_mention_in_parts_is_the_smallest_span_that_covers_them(source, caplog):
    parts = [{"offset": 6, "length": 5}, {"offset": 21, "length": 6}]
    write_json(source, passage("Acute renal or hepatic damage", 0, [annotation(text="renal damage", locations=parts)]))
    with pytest.raises(AnnotationError, match=r"says 'renal damage' but the text at \[6, 27\)"):
        read_one(source)
    parts[1]["offset"] = 23
    write_json(source, passage("Acute renal or hepatic damage", 0, [annotation(text="renal damage", locations=parts)]))
    assert [mention.text for mention in read_one(source).mentions] == ["renal or hepatic damage"]
    assert "discontinuous mentions, read as the smallest span that covers their parts: 1" in caplog.text
