"""Sentence boundaries of biomedical text, never inside a mention: given, or found by rules."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from .document_biodir import Document, Mention, Span

# A closing mark, optional closing brackets or quotes, white space, then something that can open a sentence.
_BOUNDARY = re.compile(r"""[.!?]["'\u2019\u201d)\]]*\s+(?=["'\u2018\u201c(\[]*[A-Z0-9\u00c0-\u00de\u0370-\u03ff])""")
# The end of a title or paragraph, which may have no closing mark.
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
# Words that end in a full stop without ending a sentence, as biomedical abstracts write them.
_ABBREVIATIONS = frozenset(
    "al approx assoc biol ca cf chem ch clin co corp dept dr drs e.g ed eds eq eqs etc exp fig figs i.e i.m i.p i.v "
    "inc int j jr ltd med mol mr mrs ms nat no nos p.o pp prof proc ref refs resp rev s.c sci sp spp st subsp suppl "
    "tab univ v var viz vol vs".split()
)
# Words that open a sentence and no name: an initial before them, as in "hepatitis C. The", ends a sentence.
_OPENERS = frozenset(
    "the this these they there in it we our here thus however although furthermore moreover therefore patients "
    "background objective objectives purpose method methods result results conclusion conclusions".split()
)
_INITIALS = re.compile(r"(?:[A-Z]\.)*[A-Z]")
_CAPITALIZED = re.compile("[A-Z][a-z]+")
_NEXT_WORD = re.compile(r"""["'\u2018\u201c(\[]*(\w*)""")
_WORD_BREAK = re.compile(r"[\s(\[,;/]")


def sentence_spans(document: Document) -> tuple[Span, ...]:
    """Return the sentences as ``[start, end)`` characters, in order; together they cover all text but white space.

    Sentences that the document has are taken as they are. Else they are found by rules: the end of a passage and a
    blank line end a sentence, and a boundary inside a mention is dropped.
    """
    if document.sentences:
        return document.sentences
    text = document.text
    borders = {part.start_char for part in document.passages}
    borders.update(match.end() for match in _BLANK_LINE.finditer(text))
    for match in _BOUNDARY.finditer(text):
        before = text[max(0, match.start() - 40) : match.start()]
        if text[match.start()] != "." or not _is_abbreviation(before, _word_at(text, match.end())):
            borders.add(match.end())
    mention_spans = [(mention.start_char, mention.end_char) for mention in document.mentions]
    cuts = [0, *_outside_spans(sorted(borders), mention_spans), len(text)]
    spans = []
    for start, end in pairwise(cuts):
        sentence = text[start:end]
        start += len(sentence) - len(sentence.lstrip())
        end = start + len(sentence.strip())
        if end > start:
            spans.append((start, end))
    return tuple(spans)


class SentenceIndex:
    """The sentences of a document, by the mentions that start in them.

    >>> document = Document("7", "EGFR binds. It is new. Iron is old.")
    >>> first, second = Mention(0, 4, "EGFR", "Gene"), Mention(23, 27, "Iron", "Chemical")
    >>> SentenceIndex(document).distance([first], [second])
    2
    """

    def __init__(self, document: Document) -> None:
        self._starts = [start for start, _ in sentence_spans(document)]

    def sentence_of(self, mention: Mention) -> int:
        """Return the number of the mention's sentence, from 0."""
        return max(bisect_right(self._starts, mention.start_char) - 1, 0)

    def distance(self, mentions1: Iterable[Mention], mentions2: Iterable[Mention]) -> int:
        """Return the distance in sentences of the closest mentions of two entities; 0 means one sentence.

        Args:
            mentions1, mentions2: all mentions of each entity, not empty.
        """
        sentences1 = {self.sentence_of(mention) for mention in mentions1}
        sentences2 = {self.sentence_of(mention) for mention in mentions2}
        return min(abs(first - second) for first in sentences1 for second in sentences2)


def _word_at(text: str, start: int) -> str:
    """Return the word at a place, without the brackets and quotes before it."""
    found = _NEXT_WORD.match(text, start)
    return found[1] if found else ""


def _is_abbreviation(before: str, following: str) -> bool:
    """Return whether the word before a full stop is an abbreviation, or an initial such as the E of "E. coli".

    Args:
        before: the text before the full stop.
        following: the word after it.
    """
    word = _WORD_BREAK.split(before)[-1]
    opens_sentence = following.lower() in _OPENERS
    if _INITIALS.fullmatch(word):
        return not opens_sentence
    # An acronym such as NO, CF or MS; but an abbreviation in "CASE NO. 5" and in a text in capitals.
    if word.isupper() and "." not in word and (opens_sentence or _CAPITALIZED.fullmatch(following)):
        return False
    return word.lower() in _ABBREVIATIONS


def _outside_spans(borders: Sequence[int], spans: Sequence[Span]) -> list[int]:
    """Return the borders that lie in no span, in one pass over both sequences, because these may be long."""
    outside, reach, next_span = [], 0, 0
    ordered = sorted(spans)
    for border in borders:
        while next_span < len(ordered) and ordered[next_span][0] < border:
            reach = max(reach, ordered[next_span][1])
            next_span += 1
        if reach <= border:
            outside.append(border)
    return outside
