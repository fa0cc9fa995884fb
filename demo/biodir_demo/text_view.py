"""The text as HTML: mentions in the colour of their type, evidence sentences that the page can highlight."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from biodir.document_biodir import Document, Mention

from .predictions import NumberedRelation, Span
from .styles import entity_style


@dataclass(frozen=True)
class Piece:
    """A part of the text in which no mention or sentence begins or ends."""

    start_char: int
    end_char: int
    mention: Mention | None
    sentence: Span | None


def text_html(document: Document, relations: Sequence[NumberedRelation]) -> str:
    """Return the text of a document; ``data-relations`` of a sentence has the numbers of its relations."""
    numbers: dict[Span, list[int]] = {}
    for relation in relations:
        for span in relation.evidence:
            numbers.setdefault(span, []).append(relation.number)
    passages = [(part.start_char, part.end_char) for part in document.passages] or [(0, len(document.text))]
    paragraphs = []
    for index, (start, end) in enumerate(passages):
        inner = _sentences_html(document, numbers, start, end)
        css_class = "title" if index == 0 and len(passages) > 1 else "passage"
        paragraphs.append(f'<p class="{css_class}">{inner}</p>' if inner.strip() else "")
    return f'<div class="bd-text">{"".join(paragraphs)}</div>'


def type_legend_html(document: Document) -> str:
    """Return the entity types of the text, each in its colour."""
    styles = map(entity_style, dict.fromkeys(mention.entity_type for mention in document.mentions))
    items = (f'<li><mark class="bd-mention {style.css_class}">{escape(style.name)}</mark></li>' for style in styles)
    return f'<ul class="bd-legend">{"".join(items)}</ul>'


def span_html(document: Document, start_char: int, end_char: int) -> str:
    """Return a part of the text, such as a sentence, with its mentions in colour."""
    return "".join(_piece_html(document, piece) for piece in pieces(document, (), start_char, end_char))


def pieces(document: Document, sentences: Iterable[Span], start_char: int, end_char: int) -> Iterator[Piece]:
    """Yield the pieces of a part of the text in order; of nested mentions the shortest counts."""
    mention_at: list[Mention | None] = [None] * len(document.text)
    sentence_at: list[Span | None] = [None] * len(document.text)
    shortest_first = sorted(document.mentions, key=lambda mention: mention.end_char - mention.start_char)
    for mention in shortest_first[::-1]:  # what is painted later covers what was painted before
        mention_at[mention.start_char : mention.end_char] = [mention] * (mention.end_char - mention.start_char)
    for start, end in reversed(list(sentences)):
        sentence_at[start:end] = [(start, end)] * (end - start)
    at, part = start_char, slice(start_char, end_char)
    for (mention_here, sentence_here), characters in groupby(zip(mention_at[part], sentence_at[part], strict=True)):
        end = at + sum(1 for _ in characters)
        yield Piece(at, end, mention_here, sentence_here)
        at = end


def _sentences_html(document: Document, numbers: Mapping[Span, list[int]], start: int, end: int) -> str:
    html = ""
    for sentence, parts in groupby(pieces(document, numbers, start, end), key=lambda piece: piece.sentence):
        inner = "".join(_piece_html(document, piece) for piece in parts)
        relations = " ".join(map(str, numbers[sentence])) if sentence else ""
        html += f'<span class="bd-sentence" data-relations="{relations}">{inner}</span>' if sentence else inner
    return html


def _piece_html(document: Document, piece: Piece) -> str:
    text = escape(document.text[piece.start_char : piece.end_char])
    if piece.mention is None:
        return text
    style = entity_style(piece.mention.entity_type)
    title = escape(f"{style.name} · {', '.join(piece.mention.identifiers) or 'not linked'}")
    return f'<mark class="bd-mention {style.css_class}" title="{title}">{text}</mark>'
