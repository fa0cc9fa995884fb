"""The text as HTML: mentions in the colour of their type, evidence sentences that the page can highlight."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby

from biodir.document_biodir import Document, Mention

from .predictions import NumberedRelation, Span
from .styles import entity_style


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
    """Return a part of the text, such as a sentence, with mentions in colour; of nested ones the shortest counts."""
    mention_at: list[Mention | None] = [None] * len(document.text)
    # What is painted later covers what was painted before.
    for mention in sorted(document.mentions, key=lambda mention: mention.start_char - mention.end_char):
        mention_at[mention.start_char : mention.end_char] = [mention] * (mention.end_char - mention.start_char)
    html, start = "", start_char
    for here, characters in groupby(mention_at[start_char:end_char]):
        end = start + len(list(characters))
        html += _mention_html(document.text[start:end], here)
        start = end
    return html


def _mention_html(text: str, mention: Mention | None) -> str:
    if mention is None:
        return escape(text)
    style = entity_style(mention.entity_type)
    parts = [style.name, ", ".join(mention.identifiers) or "not linked"]
    if mention.score is not None:
        parts.append(f"found, score {mention.score:.2f}")
    title = escape(" · ".join(parts))
    return f'<mark class="bd-mention {style.css_class}" title="{title}">{escape(text)}</mark>'


def _sentences_html(document: Document, numbers: Mapping[Span, list[int]], start_char: int, end_char: int) -> str:
    """Return a part of the text in which each sentence names its relations; of overlapping ones the first counts."""
    sentence_at: list[Span | None] = [None] * len(document.text)
    for span in reversed(list(numbers)):
        sentence_at[slice(*span)] = [span] * (span[1] - span[0])
    html, start = "", start_char
    for sentence, characters in groupby(sentence_at[start_char:end_char]):
        end = start + len(list(characters))
        inner = span_html(document, start, end)
        if sentence:
            relations = " ".join(map(str, numbers[sentence]))
            inner = f'<span class="bd-sentence" data-relations="{relations}">{inner}</span>'
        html += inner
        start = end
    return html
