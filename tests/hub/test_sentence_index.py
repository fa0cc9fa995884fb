"""Sentences between two entities."""

import pytest

from biodir.document_biodir import Passage
from biodir.document_sentences_biodir import SentenceIndex
from helpers.marked import marked_document

THREE = marked_document("<C:1 Iron> binds <G:2 it>. It is. The <D:3 pain> of <C:1 iron> ends. <S:4 Mice> live.")


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


def test_sentences_are_counted_from_nought():
    index = SentenceIndex(THREE)
    assert [index.sentence_of(mention) for mention in THREE.mentions] == [0, 0, 2, 2, 3]


def test_border_of_passages_ends_a_sentence():
    document = marked_document("<C:1 Iron> and <G:2 it>")
    assert distance(document, "1", "2") == 0
    parts = (Passage(0, 8, "title"), Passage(9, 11, "abstract"))
    assert distance(marked_document("<C:1 Iron> and <G:2 it>", passages=parts), "1", "2") == 1


def test_mention_across_a_border_lies_in_the_sentence_it_starts_in():
    document = marked_document("It is. The <C:1 drug No. One> ends. <G:2 It> is.")
    index = SentenceIndex(document)
    assert [index.sentence_of(mention) for mention in document.mentions] == [1, 2]
