"""Marks that a reader sets: offsets of browsers, edits of the text, the same word everywhere."""

from itertools import combinations

import pytest

from biodir.errors_biodir import AnnotationError
from biodir_demo.marking import Mark, MarkedText, clean_text, selected_span

GENE, DRUG = "GeneOrGeneProduct", "ChemicalEntity"
DNA = "\N{DNA DOUBLE HELIX}"  # beyond U+FFFF: two units in a browser, one character here
TEXT = f"{DNA}{DNA} EGFR binds gefitinib {DNA}. Gefitinib blocks EGFR."


@pytest.mark.parametrize("name", ["EGFR", "gefitinib", "Gefitinib", DNA, f" {DNA}."])
def test_selection_after_emoji_is_the_selected_text(name):
    units = [len(part.encode("utf-16-le")) // 2 for part in (TEXT[: TEXT.index(name)], name)]
    start, end = selected_span(TEXT, f"{units[0]},{sum(units)}")
    assert TEXT[start:end] == name


@pytest.mark.parametrize(("selection", "span"), [("2,2", (1, 2)), ("0,2", (0, 2)), ("2,4", (1, 3)), ("0,4", (0, 3))])
def test_border_inside_an_emoji_widens_the_span(selection, span):
    assert selected_span(f"a{DNA}b", selection) == span


@pytest.mark.parametrize("selection", ["", "5", "a,b", "3,2", "0,99", "-1,2", None])
def test_selection_outside_the_text_is_refused(selection):
    with pytest.raises(AnnotationError, match="select"):
        selected_span("abc", selection)


def marked(text: str, *names: str, entity_type: str = GENE) -> MarkedText:
    result = MarkedText(text)
    for name in names:
        start = text.index(name)
        result = result.with_mark(Mark(start, start + len(name), entity_type))
    return result


def texts(marked_text: MarkedText) -> list[str]:
    return [marked_text.text[mark.start_char : mark.end_char] for mark in marked_text.marks]


def test_same_word_is_marked_everywhere_except_inside_other_marks():
    before = MarkedText("a ab a-b b a a b. a")
    for start, end in ((5, 8), (11, 14)):  # "a-b", "a a"
        before = before.with_mark(Mark(start, end, DRUG))
    found = before.with_mark(Mark(0, 1, GENE), everywhere=True)
    assert [(mark.start_char, mark.end_char) for mark in found.marks] == [(0, 1), (5, 8), (11, 14), (18, 19)]
    for one, other in combinations(found.marks, 2):
        assert one.end_char <= other.start_char


@pytest.mark.parametrize(
    ("text", "mark", "expected"),
    [
        ("Iron, iron; IRON, irons and xiron. (iron)", Mark(6, 10, DRUG, "D1"), ["Iron", "iron", "iron"]),
        ("CD4+ and CD4+, not CD4.", Mark(0, 4, GENE, "D1"), ["CD4+", "CD4+"]),
    ],
)
def test_everywhere_means_complete_words_whose_first_letter_may_differ_in_case(text, mark, expected):
    found = MarkedText(text).with_mark(mark, everywhere=True)
    assert texts(found) == expected
    assert {each.identifier for each in found.marks} == {"D1"}


def test_no_more_marks_are_set_than_the_page_can_handle():
    with pytest.raises(AnnotationError, match="1,001 mentions are marked; this page reads 1,000"):
        MarkedText("a b " * 1_001).with_mark(Mark(0, 1, GENE), everywhere=True)


def test_mark_is_trimmed_of_white_space():
    assert MarkedText(" EGFR binds").with_mark(Mark(0, 6, GENE, " 1956 ")).marks == (Mark(1, 5, GENE, "1956"),)
    with pytest.raises(AnnotationError, match="Nothing is selected"):
        MarkedText("a  b").with_mark(Mark(1, 3, GENE))


def test_new_mark_replaces_those_that_it_overlaps_and_unmarking_removes_them():
    both = marked("EGFR binds BRAF", "EGFR", "BRAF")
    assert both.with_mark(Mark(0, 15, DRUG)).marks == (Mark(0, 15, DRUG),)
    assert texts(both.without_marks(2, 2)) == ["BRAF"]
    assert texts(both.without_marks(4, 4)) == ["EGFR", "BRAF"]
    assert texts(both.without_marks(0, 15)) == []


@pytest.mark.parametrize(
    ("edited", "kept"),
    [
        ("EGFR binds BRAF", ["EGFR", "BRAF"]),
        (f"{DNA} EGFR binds BRAF", ["EGFR", "BRAF"]),
        ("EGFR strongly binds BRAF", ["EGFR", "BRAF"]),
        ("EGFR BRAF", ["EGFR", "BRAF"]),
        ("EGFR binds BRAF.", ["EGFR", "BRAF"]),
        ("EGF binds BRAF", ["BRAF"]),
        ("EGFR binds BRCA1", ["EGFR"]),
        ("", []),
        ("another text", []),
    ],
)
def test_marks_follow_the_edited_text(edited, kept):
    assert texts(marked("EGFR binds BRAF", "EGFR", "BRAF").with_text(edited)) == kept


def test_document_has_the_marks_as_mentions():
    document = marked("EGFR binds BRAF, and egfr rests", "EGFR", "BRAF", "egfr").document()
    assert [entity.identifier for entity in document.entities()] == ["text:egfr", "text:braf"]
    assert [mention.start_char for mention in document.mentions] == [0, 11, 21]


@pytest.mark.parametrize(("text", "message"), [(" \n", "text is empty"), ("EGFR binds BRAF", "No entity is marked")])
def test_text_without_marks_is_refused(text, message):
    with pytest.raises(AnnotationError, match=message):
        MarkedText(text).document()


def test_line_ends_of_browsers_are_one_and_half_surrogates_are_replaced():
    assert clean_text("a\r\nb\rc\ud83d") == "a\nb\nc\N{REPLACEMENT CHARACTER}"


# Marks that were found.


def found(text: str, *names: str) -> list[Mark]:
    return [Mark(text.index(name), text.index(name) + len(name), GENE, score=0.5) for name in names]


def test_found_marks_replace_older_ones_but_not_those_that_the_reader_set():
    text = "EGFR binds BRAF and KRAS"
    both = MarkedText(text).with_found(found(text, "EGFR", "KRAS")).with_mark(Mark(11, 15, DRUG))
    again = both.with_found(found(text, "BRAF", "EGFR"))
    assert [(each.span, each.entity_type) for each in again.marks] == [((0, 4), GENE), ((11, 15), DRUG)]
    assert [mention.score for mention in again.document().mentions] == [0.5, None]


def test_entities_are_looked_for_where_there_are_none_or_the_text_has_changed_since():
    text = "EGFR binds BRAF"
    assert MarkedText(text).lacks_entities
    assert not marked(text, "EGFR").lacks_entities, "the reader marks alone"
    searched = MarkedText(text).with_found(found(text, "EGFR"))
    assert not searched.lacks_entities
    assert searched.with_text(f"{text} and KRAS").lacks_entities


def test_removed_marks_are_not_found_again_and_can_be_set_again():
    text = "EGFR, EGFR and egfr"
    marks = [Mark(start, start + 4, GENE, score=0.5) for start in (0, 6, 15)]
    searched = MarkedText(text).with_found(marks)
    assert texts_of_entities(searched.without_marks(0, 0)) == ["EGFR", "egfr"]
    removed = searched.without_marks(0, 0, everywhere=True)
    assert (removed.entity_marks, removed.with_found(marks).entity_marks) == ((), ())
    assert len(removed.with_mark(Mark(0, 4, DRUG), everywhere=True).entity_marks) == 2


def test_retyping_everywhere_changes_found_marks_but_not_those_that_the_reader_set():
    text = "EGFR, EGFR and EGFR"
    searched = MarkedText(text).with_found([Mark(start, start + 4, GENE, score=0.5) for start in (0, 6, 15)])
    retyped = searched.with_mark(Mark(6, 10, "CellLine")).with_mark(Mark(0, 4, DRUG), everywhere=True)
    assert [each.entity_type for each in retyped.marks] == [DRUG, "CellLine", DRUG]


def texts_of_entities(marked_text: MarkedText) -> list[str]:
    return [marked_text.text[mark.start_char : mark.end_char] for mark in marked_text.entity_marks]
