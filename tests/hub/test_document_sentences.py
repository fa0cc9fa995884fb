"""Sentences: what ends one and what does not, and the law that they cover the text without cutting a mention."""

import random
import time
from itertools import pairwise

import pytest

from biodir.document_biodir import Document, Mention, Passage
from biodir.document_pubtator_biodir import read_pubtator
from biodir.document_sentences_biodir import sentence_spans
from helpers.marked import marked_document


def sentences_of(text, **fields):
    document = Document("7", text, **fields)
    return [text[start:end] for start, end in sentence_spans(document)]


def faults(document):
    """What the spans break of the laws that hold for every document, one phrase each."""
    text, spans, found = document.text, sentence_spans(document), []
    if any(left[1] > right[0] for left, right in pairwise(spans)):
        found.append("out of order")
    if any(text[start:end] != text[start:end].strip() or start >= end for start, end in spans):
        found.append("white space at an end")
    gaps = zip([0, *(end for _, end in spans)], [*(start for start, _ in spans), len(text)], strict=True)
    if any(text[start:end].strip() for start, end in gaps):
        found.append("text left out")
    borders = [start for start, _ in spans[1:]]
    if any(m.start_char < border < m.end_char for border in borders for m in document.mentions):
        found.append("border inside a mention")
    return found


# What ends a sentence.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It works. It fails.", ["It works.", "It fails."]),
        ("Does it work? It does! It did.", ["Does it work?", "It does!", "It did."]),
        ("One half.\n\tOther half.", ["One half.", "Other half."]),
        ("Doses fell. 12 patients died.", ["Doses fell.", "12 patients died."]),
        ("Levels rose. β-catenin fell.", ["Levels rose.", "β-catenin fell."]),
        ("(It works.) It fails.", ["(It works.)", "It fails."]),
        ('They say "it works." It fails.', ['They say "it works."', "It fails."]),
        ("It works. (It fails.)", ["It works.", "(It fails.)"]),
        ("It works. \u201cIt fails.\u201d", ["It works.", "\u201cIt fails.\u201d"]),
        ("Treated with IL-2. It works.", ["Treated with IL-2.", "It works."]),
    ],
)
def test_closing_mark_before_a_capital_digit_or_greek_letter_ends_a_sentence(text, expected):
    assert sentences_of(text) == expected


def test_text_without_a_closing_mark_is_one_sentence():
    assert sentences_of("no mark at all") == ["no mark at all"]


def test_passage_border_ends_a_sentence():
    parts = (Passage(0, 10, "title"), Passage(11, 20, "abstract"))
    assert sentences_of("Of aspirin It works.", passages=parts) == ["Of aspirin", "It works."]


def test_passage_border_needs_no_space():
    parts = (Passage(0, 10, "title"), Passage(10, 19, "abstract"))
    assert sentences_of("of aspirinit works.", passages=parts) == ["of aspirin", "it works."]


# What does not.


@pytest.mark.parametrize(
    "text",
    [
        "Shown by Smith et al. The rest is new.",
        "As shown (Fig. 2) it works.",
        "Aspirin vs. Placebo in men.",
        "Given i.v. Doses fell.",
        "Many drugs (e.g. Aspirin) work.",
        "Many drugs, i.e. Aspirin and others, work.",
        "About approx. 5 mg.",
        "Case no. 7 died.",
        "See refs. and Tab. 3 for more.",
    ],
)
def test_abbreviation_does_not_end_a_sentence(text):
    assert sentences_of(text) == [text]


@pytest.mark.parametrize(
    "text", ["Written by J. A. Smith today.", "The strain E. Coli grew.", "Grown (S. Aureus) here."]
)
def test_initial_does_not_end_a_sentence(text):
    assert sentences_of(text) == [text]


@pytest.mark.parametrize("text", ["A dose of 0.5 mg.", "It differs (p < .05) much.", "Version 1.2.3 of it."])
def test_decimal_point_does_not_end_a_sentence(text):
    assert sentences_of(text) == [text]


def test_small_letter_after_a_full_stop_continues_the_sentence():
    assert sentences_of("It was E. coli. mRNA rose.") == ["It was E. coli. mRNA rose."]


def test_full_stop_inside_a_mention_does_not_end_a_sentence():
    assert sentences_of("Take Dr. No. Then rest.", mentions=(Mention(5, 17, "Dr. No. Then", "X"),)) == [
        "Take Dr. No. Then rest."
    ]


def test_passage_border_inside_a_mention_does_not_end_a_sentence():
    parts = (Passage(0, 4, "title"), Passage(5, 9, "abstract"))
    assert sentences_of("Beta cell", passages=parts, mentions=(Mention(0, 9, "Beta cell", "X"),)) == ["Beta cell"]


def test_border_at_the_edge_of_a_mention_stays():
    document = marked_document("It hurts <C:1 Aspirin.> <D:2 Pain> rises.")
    assert [document.text[start:end] for start, end in sentence_spans(document)] == ["It hurts Aspirin.", "Pain rises."]


def test_border_right_behind_a_mention_stays():
    parts, mentions = (Passage(0, 4, "title"), Passage(4, 9, "abstract")), (Mention(0, 4, "Pain", "X"),)
    assert sentences_of("PainTwice", passages=parts, mentions=mentions) == ["Pain", "Twice"]


def test_long_mention_hides_borders_that_a_shorter_one_inside_it_does_not_reach():
    text = "It is A b. Cd e. Fg now."
    long, short = Mention(6, 19, text[6:19], "X"), Mention(8, 9, "b", "X")
    assert sentences_of(text, mentions=(long, short)) == [text]


# Laws.


@pytest.mark.parametrize("text", ["", " ", "\n\t \u00a0"])
def test_text_without_a_letter_has_no_sentence(text):
    assert sentences_of(text) == []


def test_white_space_around_the_text_belongs_to_no_sentence():
    assert sentence_spans(Document("7", "  It works.  It fails. ")) == ((2, 11), (13, 22))


def test_spans_count_characters_not_bytes():
    assert sentence_spans(Document("7", "Café — naïve 😀. It works.")) == ((0, 15), (16, 25))


def test_sentences_of_random_texts_keep_the_laws():
    draw = random.Random(1)
    found = []
    for _ in range(300):
        text = "".join(draw.choices('aB. \n1é?)("', k=draw.randrange(40)))
        starts = [draw.randrange(len(text)) for _ in range(draw.randrange(4) if text else 0)]
        spans = [(start, draw.randint(start + 1, len(text))) for start in starts]
        mentions = tuple(Mention(*span, text[slice(*span)], "X") for span in spans if text[slice(*span)].strip())
        border = draw.randint(0, len(text))
        parts = (Passage(0, border, "title"), Passage(border, len(text), "abstract"))
        found += faults(Document("7", text, mentions, passages=parts))
    assert found == []


def test_long_text_takes_a_moment():
    document = Document("7", "Twelve patients took aspirin (5 mg), as Smith et al. Report. " * 850)
    started_s = time.process_time()
    assert len(sentence_spans(document)) == 850
    assert time.process_time() - started_s < 0.5


@pytest.mark.corpus
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_sentences_of_the_corpus_keep_the_laws(data_dir, split):
    documents = read_pubtator(data_dir / "bioredirect" / f"bioredirect_{split}.pubtator")
    assert [fault for document in documents for fault in faults(document)] == []


@pytest.mark.corpus
def test_no_sentence_of_the_corpus_crosses_a_passage_border(data_dir):
    for document in read_pubtator(data_dir / "bioredirect" / "bioredirect_dev.pubtator"):
        abstract_start = document.passages[1].start_char
        assert not any(start < abstract_start < end for start, end in sentence_spans(document)), document.id


def test_capital_with_an_accent_opens_a_sentence():
    text = "It ended. Être is a verb."
    assert sentence_spans(Document("1", text)) == ((0, 9), (10, 25))
