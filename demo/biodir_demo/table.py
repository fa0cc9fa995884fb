"""The relations as a table in HTML, with a summary; the evidence sentences of a row unfold below it."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from typing import Any

from biodir.document_biodir import Document

from .predictions import NumberedRelation, Prediction, Span
from .styles import entity_style, novelty_name, relation_style
from .text_view import span_html

# Headings of the columns; the one without a heading holds the arrow.
COLUMNS = ("Subject", "", "Object", "Relation", "Novelty", "Score")
# A browser shows so many rows without delay; filters show others, and the downloads have all.
MAX_ROWS = 300


def summary_html(prediction: Prediction, relations: Sequence[NumberedRelation]) -> str:
    """Return how many relations of how many are shown, between how many entities, and the time of the model."""
    total, shown = len(prediction.relations), len(relations)
    entities = len({key for relation in relations for key in (relation.subject, relation.object)})
    counted = f"{total} relation{'s' * (total != 1)}"
    between = f" between {entities} entities" if entities else ""
    name, time = escape(prediction.document.id), prediction.elapsed_s
    # The page's script compares `data-prediction`: a new prediction, or other filters on the same one.
    return (
        f'<div class="bd-summary" data-prediction="{name} {time}"><p>'
        f"<b>{counted if shown == total else f'{shown} of {counted}'}</b>{between} "
        f"<span>{name} · read in {time:.1f} s</span></p></div>"
    )


def table_html(document: Document, relations: Sequence[NumberedRelation]) -> str:
    """Return the table of the first relations, with a body for each: sorting moves a row and its evidence together."""
    if not relations:
        return '<p class="bd-none">No relation to show: the model finds none, or none passes the filters.</p>'
    head = "".join(map(_heading, range(len(COLUMNS)), COLUMNS))
    sentence_html = cache(lambda span: span_html(document, *span))  # many relations share a sentence
    bodies = "".join(_body(sentence_html, relation) for relation in relations[:MAX_ROWS])
    listed = f"The {MAX_ROWS} relations with the highest scores are listed, of {len(relations)}; filters show others."
    note = f'<p class="bd-hint">{listed}</p>' if len(relations) > MAX_ROWS else ""
    return (
        f'{note}<table class="bd-table"><caption class="bd-hidden">Relations</caption>'
        f'<thead><tr>{head}<th scope="col"><span class="bd-hidden">Evidence</span></th></tr></thead>{bodies}</table>'
    )


def _heading(index: int, name: str) -> str:
    if not name:
        return '<th scope="col" class="direction"><span class="bd-hidden">Direction</span></th>'
    sorted_now = ' aria-sort="descending"' if name == "Score" else ""
    return f'<th scope="col"{sorted_now}><button type="button" data-column="{index}">{name}</button></th>'


def _body(sentence_html: Callable[[Span], str], relation: NumberedRelation) -> str:
    result, number = relation.result, relation.number
    style, novelty = relation_style(result["relation"]), novelty_name(result["novelty"])
    arrow, meaning = ("→", "acts on") if result["directed"] else ("—", "no direction")
    sign = f'<i class="bd-glyph {style.css_class}">{escape(style.sign)}</i>'
    cells = (
        _cell("subject", result["subject"]["text"], _entity_html(result["subject"])),
        _cell("direction", "", f'<span title="{meaning}">{arrow}</span>'),
        _cell("object", result["object"]["text"], _entity_html(result["object"])),
        _cell("relation", style.name, f"{sign}{escape(style.name)}"),
        _cell("novelty", novelty, f'<span class="bd-novelty {escape(novelty.lower())}">{escape(novelty)}</span>'),
        _cell("score", str(result["score"]), _score_html(result)),
    )
    sentences = "".join(f"<li>{sentence_html(span)}</li>" for span in relation.evidence)
    far = "<p>The mentions are too far apart to be read together.</p>" if result["cross_window"] else ""
    return (
        f'<tbody data-relation="{number}"><tr class="bd-row">{"".join(cells)}<td class="unfold">'
        f'<button type="button" aria-expanded="false" aria-label="Evidence of relation {number}"></button></td></tr>'
        f'<tr class="bd-evidence" hidden><td colspan="{len(COLUMNS) + 1}"><h4>Evidence</h4><ul>{sentences}</ul>{far}'
        "</td></tr></tbody>"
    )


def _entity_html(entity: Mapping[str, str]) -> str:
    """Return the name of an entity with the colour of its type, and its identifier unless it was made from the text."""
    style = entity_style(entity["type"])
    identifier = "" if entity["id"].startswith("text:") else f"<small>{escape(entity['id'])}</small>"
    return (
        f'<span class="bd-entity"><i class="bd-dot {style.css_class}" title="{escape(style.name)}"></i>'
        f"<b>{escape(entity['text'])}</b> {identifier}</span>"
    )


def _cell(css_class: str, sort_value: str, inner: str) -> str:
    return f'<td class="{css_class}" data-sort="{escape(sort_value)}">{inner}</td>'


def _score_html(result: Mapping[str, Any]) -> str:
    names = ("relation", "novelty", "direction")
    parts = [f"{name} {result[f'{name}_score']:.2f}" for name in names if result[f"{name}_score"] is not None]
    score = result["score"]
    return (
        f'<span class="bd-score" title="{", ".join(parts)}">{score:.2f}'
        f'<i class="bd-bar"><i style="width:{100 * score:.0f}%"></i></i></span>'
    )
