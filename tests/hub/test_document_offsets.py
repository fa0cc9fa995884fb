"""What offsets count: conversion, spans that cut words, and the cause that a message names."""

import unicodedata

import pytest

from biodir import AnnotationError, Document, ErrorPolicy
from biodir.document_offsets_biodir import character_index, cuts_word, likely_cause

TEXT = "\U0001f9ec \u03b2-Zelvorin caused de\u0301rmite in two patients."
WORDS = {"Zelvorin": "Chemical", "de\u0301rmite": "Disease"}
UNITS = {
    "characters": len,
    "utf-16": lambda text: len(text.encode("utf-16-le")) // 2,
    "bytes": lambda text: len(text.encode()),
}


def entities(count, with_text):
    """The mentions of the text, with offsets that `count` gives for what is before them."""
    for word, kind in WORDS.items():
        start = TEXT.index(word)
        span = {"start": count(TEXT[:start]), "end": count(TEXT[: start + len(word)]), "type": kind}
        yield {**span, "text": word} if with_text else span


@pytest.mark.parametrize("with_text", [True, False], ids=["text", "no text"])
@pytest.mark.parametrize("unit", UNITS)
def test_offsets_of_every_unit_are_read_on_request_and_named_without(unit, with_text):
    mapping = {"text": TEXT, "entities": list(entities(UNITS[unit], with_text))}
    document = Document.from_dict(mapping, policy=ErrorPolicy(offsets=unit))
    assert {mention.text: mention.entity_type for mention in document.mentions} == WORDS
    if unit != "characters":
        with pytest.raises(AnnotationError, match=f'offsets="{unit}"'):
            Document.from_dict(mapping)


@pytest.mark.parametrize("unit", UNITS)
def test_offsets_of_passages_count_the_same(unit):
    count, first, second = UNITS[unit], "\u03b1-KG binds \U0001f9ec.", "EGFR falls."
    passages = [{"text": first, "offset": 0}, {"text": second, "offset": count(first) + 2}]
    mention = {"start": count(first) + 2, "end": count(first) + 6, "type": "Gene", "text": "EGFR"}
    mapping = {"passages": passages, "entities": [mention]}
    document = Document.from_dict(mapping, policy=ErrorPolicy(offsets=unit))
    assert document.text == f"{first}  {second}"
    assert [part.start_char for part in document.passages] == [0, 15]
    assert document.mentions[0].start_char == 15


def test_offsets_of_a_normalised_text_are_named():
    mapping = {"text": TEXT, "entities": list(entities(lambda text: len(unicodedata.normalize("NFC", text)), False))}
    mapping["entities"] = mapping["entities"][1:]
    with pytest.raises(AnnotationError, match=r"cut a word"):
        Document.from_dict(mapping)
    mapping["entities"][0]["text"] = "d\u00e9rmite"
    with pytest.raises(AnnotationError, match="the offsets count the characters of the text in NFC"):
        Document.from_dict(mapping)


@pytest.mark.parametrize("unit", UNITS)
def test_index_is_none_inside_a_character(unit):
    index = character_index("a\U0001f9ecb", unit)
    assert [index(UNITS[unit](text)) for text in ("", "a", "a\U0001f9ec", "a\U0001f9ecb")] == [0, 1, 2, 3]
    assert unit == "characters" or index(2) is None


@pytest.mark.parametrize(
    ("span", "cuts"),
    [("iron", False), ("iro", True), (" iron", True), ("IL", False), ("2", False), ("ERK", False), ("e", True)],
)
def test_border_between_letters_of_one_kind_cuts_a_word(span, cuts):
    text = "the iron, pERK and IL2."
    assert cuts_word(text, text.index(span), text.index(span) + len(span)) is cuts


@pytest.mark.parametrize(
    ("start", "written", "cause"),
    [
        (4, "Iron", "differ in upper and lower case"),
        (5, "iron", "the mention is at [4, 8): its offsets are 1 too high; do they count from 1"),
        (3, "iron", "its offsets are 1 too low; do they count from another start"),
        (0, "IL2", "they seem to count from the start of their passage"),
        (4, "zinc", "the text does not hold it anywhere"),
        (90, "zinc", "the text does not hold it anywhere"),
    ],
)
def test_cause_of_a_misfit_is_named(start, written, cause):
    found = likely_cause("the iron. IL2 binds.", start, start + len(written), written, (0, 10))
    assert cause in found


def test_few_spans_that_cut_words_are_read():
    spans = [(0, 3), (4, 8), (5, 8)]
    mentions = [{"start": start, "end": end, "type": "Gene"} for start, end in spans]
    assert len(Document.from_dict({"text": "the iron.", "entities": mentions}).mentions) == 3
    cut = [{"start": 5, "end": 8, "type": "Gene", "text": "ron"}]
    assert len(Document.from_dict({"text": "the iron.", "entities": cut}).mentions) == 1
