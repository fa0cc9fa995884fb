"""Sentences: what ends one, the law that they cover the text without cutting a mention, and their distances."""

import random
import time
from itertools import pairwise

import pytest

from biodir.document_biodir import Document, Mention, Passage
from biodir.document_sentences_biodir import SentenceIndex, sentence_spans
from biodir.formats.pubtator_reader import read_pubtator
from helpers.marked import marked_document

THREE = marked_document("<C:1 Iron> binds <G:2 it>. It is. The <D:3 pain> of <C:1 iron> ends. <S:4 Mice> live.")


def sentences_of(text, **fields):
    document = Document("7", text, **fields)
    return [text[start:end] for start, end in sentence_spans(document)]


@pytest.mark.parametrize("gap", ["\n\n", "\n \t\n", "\r\n\r\n", "\n\n\n  "])
def test_blank_line_ends_a_title_without_a_full_stop(gap):
    assert sentences_of(f"EGFR mutations in lung cancer{gap}gefitinib inhibits\nEGFR") == [
        "EGFR mutations in lung cancer",
        "gefitinib inhibits\nEGFR",
    ]


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
    inner = [part.start_char for part in document.passages[1:]]
    covered = [part for part in inner if any(m.start_char < part < m.end_char for m in document.mentions)]
    if any(start < border < end for start, end in spans for border in inner if border not in covered):
        found.append("sentence across passages")
    return found


# What ends a sentence.


@pytest.mark.parametrize(
    "sentences",
    [
        ["It works.", "It fails."],
        ["Does it work?", "It does!", "It did."],
        ["Doses fell.", "12 patients died."],
        ["Levels rose.", "β-catenin fell."],
        ["It ended.", "Être is a verb."],
        ["(It works.)", "It fails."],
        ['They say "it works."', "It fails."],
        ["It works.", "(It fails.)"],
        ["It works.", "\u201cIt fails.\u201d"],
        ["Treated with IL-2.", "It works."],
        ["They produce NO.", "The extent rose."],
        ["They have CF.", "Twelve died."],
        ["Given as hepatitis C.", "RESULTS: It works."],
        ["They take vitamin D.", "(The patients died.)"],
        ["It is factor V.", "In mice it fell."],
        ["Made in the U.S.", "These are new."],
        ["no mark at all"],
    ],
)
@pytest.mark.parametrize("space", [" ", "\n\t", "  "])
def test_closing_mark_before_a_capital_digit_or_greek_letter_ends_a_sentence(sentences, space):
    assert sentences_of(space.join(sentences)) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "Shown by Smith et al. The rest is new.",
        "As shown (Fig. 2) it works.",
        "Aspirin vs. Placebo in men.",
        "Given i.v. Doses fell.",
        "Many drugs (e.g. Aspirin) work.",
        "Many drugs, i.e. Aspirin and others, work.",
        "Case no. 7 died.",
        "Written by J. A. Smith today.",
        "Grown (S. Aureus) here.",
        "A dose of 0.5 mg.",
        "It differs (p < .05) much.",
        "It was E. coli. mRNA rose.",
        "J. Smith saw E. coli.",
        "CASE NO. 5 DIED (FIG. S2), DRUG VS. PLACEBO.",
        "Asked by the U.S. Food and Drug Administration.",
        "Made by J.T. Baker, by Drs. Jones and Smith.",
        "Known as E.C. 1.14.11.2 now.",
    ],
    ids=lambda text: text[:12],
)
def test_abbreviation_initial_decimal_point_or_small_letter_does_not_end_a_sentence(text):
    assert sentences_of(text) == [text]


# Mentions.


@pytest.mark.parametrize(
    ("text", "spans", "passage_border"),
    [
        ("Take Dr. No. Then rest.", [(5, 17)], None),
        ("Beta cell", [(0, 9)], 5),
        ("It is A b. Cd e. Fg now.", [(6, 19), (8, 9)], None),
    ],
    ids=["full stop", "passage", "long mention around a short one"],
)
def test_border_inside_a_mention_does_not_end_a_sentence(text, spans, passage_border):
    mentions = tuple(Mention(start, end, text[start:end], "X") for start, end in spans)
    parts = () if passage_border is None else (Passage(0, 4, "title"), Passage(passage_border, len(text), "abstract"))
    assert sentences_of(text, mentions=mentions, passages=parts) == [text]


def test_border_at_the_edge_of_a_mention_stays():
    document = marked_document("It hurts <C:1 Aspirin.> <D:2 Pain> rises.")
    assert [document.text[start:end] for start, end in sentence_spans(document)] == ["It hurts Aspirin.", "Pain rises."]
    parts, mentions = (Passage(0, 4, "title"), Passage(4, 9, "abstract")), (Mention(0, 4, "Pain", "X"),)
    assert sentences_of("PainTwice", passages=parts, mentions=mentions) == ["Pain", "Twice"]


# Laws.


def test_spans_count_characters_without_white_space_around():
    assert sentence_spans(Document("7", "  Café — naïve 😀. It works. ")) == ((2, 17), (18, 27))


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


@pytest.mark.corpus
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_sentences_of_the_corpus_keep_the_laws(data_dir, split):
    documents = read_pubtator(data_dir / "bioredirect" / f"bioredirect_{split}.pubtator")
    assert [fault for document in documents for fault in faults(document)] == []


def test_long_text_takes_a_moment():
    document = Document("7", "Twelve patients took aspirin (5 mg), as Smith et al. Report. " * 850)
    started_s = time.process_time()
    assert len(sentence_spans(document)) == 850
    assert time.process_time() - started_s < 0.5


# Distances.


def distance(document, first, second):
    mentions_of = {entity.identifier: entity.mentions for entity in document.entities()}
    return SentenceIndex(document).distance(mentions_of[first], mentions_of[second])


@pytest.mark.parametrize(
    ("first", "second", "sentences"),
    [("1", "2", 0), ("1", "3", 0), ("2", "3", 2), ("2", "4", 3), ("1", "4", 1), ("3", "4", 1), ("1", "1", 0)],
)
def test_distance_is_that_of_the_closest_mentions(first, second, sentences):
    assert distance(THREE, first, second) == sentences
    assert distance(THREE, second, first) == sentences


@pytest.mark.parametrize(
    ("document", "numbers"),
    [(THREE, [0, 0, 2, 2, 3]), (marked_document("It is. The <C:1 drug No. One> ends. <G:2 It> is."), [1, 2])],
)
def test_mention_is_in_the_sentence_in_which_it_starts(document, numbers):
    index = SentenceIndex(document)
    assert [index.sentence_of(mention) for mention in document.mentions] == numbers


def test_sentences_of_the_caller_are_taken_in_place_of_rules():
    text = "Iron binds. It is new. Zinc"
    spans = ((0, 22), (23, 27))
    assert sentences_of(text, sentences=spans) == ["Iron binds. It is new.", "Zinc"]
    first, second = Mention(0, 4, "Iron", "C"), Mention(12, 14, "It", "C")
    assert SentenceIndex(Document("7", text, sentences=spans)).distance([first], [second]) == 0
    assert SentenceIndex(Document("7", text)).distance([first], [second]) == 1
