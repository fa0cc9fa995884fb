"""The text as HTML: mentions coloured by type, evidence sentences that the page can light up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from html import escape
from itertools import pairwise
from typing import Generic, TypeVar

from biodir.document_biodir import Document, Mention

from .answers import Finding, Span
from .looks import entity_look

Value = TypeVar("Value")


@dataclass(frozen=True)
class Cover(Generic[Value]):
    """A span that covers pieces; of several over one piece the least `rank` wins, then the first."""

    start_char: int
    end_char: int
    rank: int
    value: Value


@dataclass(frozen=True)
class Piece:
    """A part of the text with no border of a mention or sentence inside."""

    start_char: int
    end_char: int
    mention: Mention | None
    sentence: Span | None


def text_html(document: Document, findings: Sequence[Finding]) -> str:
    """The text of the document; a sentence names the findings that it is evidence of in ``data-relations``."""
    numbers = relations_of_sentences(findings)
    passages = [(part.start_char, part.end_char) for part in document.passages] or [(0, len(document.text))]
    paragraphs = []
    for index, (start, end) in enumerate(passages):
        inner = "".join(_sentences_html(document, numbers, start, end))
        has_title = index == 0 and len(passages) > 1
        paragraphs.append(f'<p class="{"title" if has_title else "passage"}">{inner}</p>' if inner.strip() else "")
    return f'<div class="bd-text">{"".join(paragraphs)}</div>'


def span_html(document: Document, start_char: int, end_char: int) -> str:
    """A part of the text, such as a sentence, with its mentions coloured."""
    return "".join(_piece_html(document, piece) for piece in pieces(document, (), start_char, end_char))


def relations_of_sentences(findings: Iterable[Finding]) -> dict[Span, list[int]]:
    """The numbers of the findings that each sentence is evidence of."""
    numbers: dict[Span, list[int]] = {}
    for finding in findings:
        for span in finding.evidence:
            numbers.setdefault(span, []).append(finding.number)
    return numbers


def pieces(document: Document, sentences: Iterable[Span], start_char: int, end_char: int) -> Iterator[Piece]:
    """The pieces of the part [start_char, end_char) of the text, in order; the shortest of nested mentions wins."""
    mentions = [
        Cover(m.start_char, m.end_char, m.end_char - m.start_char, m)
        for m in document.mentions
        if m.start_char < end_char and start_char < m.end_char
    ]
    around = [Cover(*span, 0, span) for span in sentences]
    borders = {start_char, end_char}
    for cover in (*mentions, *around):
        borders.update(at for at in (cover.start_char, cover.end_char) if start_char < at < end_char)
    ordered = sorted(borders)
    found = zip(_winners(mentions, ordered[:-1]), _winners(around, ordered[:-1]), strict=True)
    for (start, end), (mention, sentence) in zip(pairwise(ordered), found, strict=True):
        yield Piece(start, end, mention, sentence)


def _winners(covers: Iterable[Cover[Value]], starts: Iterable[int]) -> Iterator[Value | None]:
    """What covers the piece at each of these ascending starts, in one sweep; borders lie between pieces alone."""
    waiting = sorted(enumerate(covers), key=lambda numbered: numbered[1].start_char, reverse=True)
    opened: list[tuple[int, int, Cover[Value]]] = []
    for start in starts:
        while waiting and waiting[-1][1].start_char <= start:
            number, cover = waiting.pop()
            heappush(opened, (cover.rank, number, cover))
        while opened and opened[0][2].end_char <= start:
            heappop(opened)
        yield opened[0][2].value if opened else None


def _sentences_html(document: Document, numbers: Mapping[Span, list[int]], start: int, end: int) -> Iterator[str]:
    open_sentence: Span | None = None
    for piece in pieces(document, numbers, start, end):
        if piece.sentence != open_sentence:
            if open_sentence is not None:
                yield "</span>"
            if piece.sentence is not None:
                relations = " ".join(map(str, numbers[piece.sentence]))
                yield f'<span class="bd-sentence" data-relations="{relations}">'
            open_sentence = piece.sentence
        yield _piece_html(document, piece)
    if open_sentence is not None:
        yield "</span>"


def _piece_html(document: Document, piece: Piece) -> str:
    text = escape(document.text[piece.start_char : piece.end_char])
    if piece.mention is None:
        return text
    look = entity_look(piece.mention.entity_type)
    identifiers = ", ".join(piece.mention.identifiers) or "not linked"
    title = escape(f"{look.name} · {identifiers}")
    return f'<mark class="bd-mention {look.css_class}" title="{title}">{text}</mark>'
