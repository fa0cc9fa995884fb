"""Texts, passages and their offsets in mappings."""

import pytest

from biodir.document_biodir import Document, Passage
from biodir.document_json_biodir import document_from_json
from biodir.errors_biodir import AnnotationError, ErrorPolicy

TITLE, ABSTRACT = {"text": "EGFR binds.", "type": "title"}, {"text": "It is new.", "type": "abstract"}


def bioc(part):
    return {**part, "infons": {"type": part["type"]}, "offset": 0 if part is TITLE else 12}


@pytest.mark.parametrize("convert", [dict, bioc])
@pytest.mark.parametrize(("key", "value"), [("title", "Another title"), ("abstract", "It is old.")])
def test_title_or_abstract_that_passages_do_not_hold_is_refused(convert, key, value):
    row = {"id": "7", "passages": [convert(TITLE), convert(ABSTRACT)], key: value}
    with pytest.raises(AnnotationError, match=f"^document 7: 'passages' do not hold the '{key}' '{value}'; make it "):
        document_from_json(row)


@pytest.mark.parametrize("convert", [dict, bioc])
def test_passages_are_the_text_beside_a_title_and_an_abstract_that_they_hold(convert):
    row = {"title": "EGFR binds. ", "abstract": "", "passages": [convert(TITLE), convert(ABSTRACT)]}
    document = document_from_json(row)
    assert document.text == "EGFR binds. It is new."
    assert document.passages == (Passage(0, 11, "title"), Passage(12, 22, "abstract"))


def test_passages_by_offsets_are_those_of_title_and_abstract():
    row = {"title": "EGFR binds.", "abstract": "It is new. So it is.", "passages": []}
    assert Document.from_dict(row).passages == (Passage(0, 11, "title"), Passage(12, 32, "abstract"))
    spans = [{"start": 0, "end": 11, "type": "title"}, {"start": 12, "end": 22, "section": "AIM"}]
    document = Document.from_dict({**row, "passages": spans})
    assert document.text == "EGFR binds. It is new. So it is."
    assert document.passages == (Passage(0, 11, "title"), Passage(12, 22, "", "AIM"))


@pytest.mark.parametrize("own", [{"text": "EGFR binds."}, {"title": "EGFR binds.", "abstract": ""}])
@pytest.mark.parametrize("nothing", [None, ""])
def test_passages_by_offsets_may_have_an_empty_text(own, nothing):
    document = Document.from_dict({**own, "passages": [{"start": 0, "end": 11, "type": "title", "text": nothing}]})
    assert document.passages == (Passage(0, 11, "title"),)


@pytest.mark.parametrize("number", [str, float, int])
@pytest.mark.parametrize("keys", [("offset",), ("start",), ("start", "end")])
def test_offsets_of_passages_may_be_strings_and_floats_as_those_of_mentions(number, keys):
    places = [dict(zip(keys, map(number, span), strict=False)) for span in [(0, 11), (14, 24)]]
    if "end" in keys:
        parts, text = places, {"text": "EGFR binds.   It is new."}
    else:
        parts, text = [TITLE | places[0], ABSTRACT | places[1]], {}
    document = Document.from_dict({**text, "passages": parts, "entities": []})
    assert document.text == "EGFR binds.   It is new."
    assert [(part.start_char, part.end_char) for part in document.passages] == [(0, 11), (14, 24)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"passages": [TITLE, ABSTRACT | {"offset": 12.5}]},
            r"passages\[1\]: offset 12.5 is no number; count bytes from the start of the document, or leave it out",
        ),
        (
            {"passages": [TITLE, ABSTRACT | {"offset": "3"}]},
            r"passages\[1\]: offset 3 lies before the end \(11\) of the passage before it; count bytes from the start",
        ),
        (
            {"text": "EGFR", "passages": [{"start": "0", "end": 2.5}]},
            r"passages\[0\]: dict .* is not a mapping with whole numbers 'start' and 'end'; give the offsets of the ",
        ),
    ],
)
def test_offset_of_a_passage_that_is_none_is_refused_with_the_fix(row, message):
    with pytest.raises(AnnotationError, match=f"^document 7, {message}"):
        Document.from_dict({"id": "7", **row}, policy=ErrorPolicy(offsets="bytes"))
