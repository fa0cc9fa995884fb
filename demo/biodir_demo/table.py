"""The relations as a table in HTML, each row with its evidence sentences folded beneath it."""

from collections.abc import Callable, Sequence
from functools import cache
from html import escape

from biodir.document_biodir import Document

from .answers import Finding, Span
from .looks import entity_look, novelty_name, relation_look
from .text_view import span_html

# Headings, and how the page sorts their columns.
COLUMNS = (
    ("Subject", "text"),
    ("", ""),
    ("Object", "text"),
    ("Relation", "text"),
    ("Novelty", "text"),
    ("Score", "number"),
)
# A browser shows so many rows without delay; filters bring the others, and the downloads hold them all.
MAX_ROWS = 300
SpanWriter = Callable[[Span], str]


def table_html(document: Document, findings: Sequence[Finding]) -> str:
    """The table of the first findings; a body for each, so that sorting moves a row and its evidence together."""
    if not findings:
        return '<p class="bd-none">No relation to show: the model finds none, or none passes the filters.</p>'
    head = "".join(_heading(index, name, kind) for index, (name, kind) in enumerate(COLUMNS))
    sentence_html = cache(lambda span: span_html(document, *span))  # many relations share a sentence
    bodies = "".join(_body(sentence_html, finding) for finding in findings[:MAX_ROWS])
    listed = f"The {MAX_ROWS} surest of {len(findings)} relations are listed; filters bring others."
    note = f'<p class="bd-hint">{listed}</p>' if len(findings) > MAX_ROWS else ""
    return (
        f'{note}<table class="bd-table"><caption class="bd-hidden">Relations</caption>'
        f'<thead><tr>{head}<th scope="col"><span class="bd-hidden">Evidence</span></th></tr></thead>{bodies}</table>'
    )


def entity_html(entity: dict[str, str]) -> str:
    """The name of an entity with the colour of its type, and its identifier."""
    look = entity_look(entity["type"])
    identifier = "" if entity["id"].startswith("text:") else f"<small>{escape(entity['id'])}</small>"
    return (
        f'<span class="bd-entity"><i class="bd-dot {look.css_class}" title="{escape(look.name)}"></i>'
        f"<b>{escape(entity['text'])}</b> {identifier}</span>"
    )


def _heading(index: int, name: str, kind: str) -> str:
    if not kind:
        return '<th scope="col" class="direction"><span class="bd-hidden">Direction</span></th>'
    sorted_now = ' aria-sort="descending"' if name == "Score" else ""
    return f'<th scope="col"{sorted_now}><button type="button" data-column="{index}">{name}</button></th>'


def _body(sentence_html: SpanWriter, finding: Finding) -> str:
    result, number = finding.result, finding.number
    look = relation_look(result["relation"])
    glyph = f'<i class="bd-glyph {look.css_class}">{escape(look.glyph)}</i>'
    arrow = ("→", "acts on") if result["directed"] else ("—", "no direction")
    novelty = novelty_name(result["novelty"])
    cells = (
        _cell("subject", result["subject"]["text"], entity_html(result["subject"])),
        _cell("direction", "", f'<span title="{arrow[1]}">{arrow[0]}</span>'),
        _cell("object", result["object"]["text"], entity_html(result["object"])),
        _cell("relation", look.name, f"{glyph}{escape(look.name)}"),
        _cell("novelty", novelty, f'<span class="bd-novelty {escape(novelty.lower())}">{escape(novelty)}</span>'),
        _cell("score", str(result["score"]), _score_html(result)),
    )
    evidence = _evidence_html(sentence_html, finding)
    return (
        f'<tbody data-relation="{number}"><tr class="bd-row">{"".join(cells)}<td class="unfold">'
        f'<button type="button" aria-expanded="false" aria-label="Evidence of relation {number}"></button></td></tr>'
        f'<tr class="bd-evidence" hidden><td colspan="{len(COLUMNS) + 1}">{evidence}</td></tr>'
        "</tbody>"
    )


def _cell(css_class: str, sort_value: str, inner: str) -> str:
    return f'<td class="{css_class}" data-sort="{escape(sort_value)}">{inner}</td>'


def _score_html(result: dict) -> str:
    names = ("relation", "novelty", "direction")
    parts = [f"{name} {result[f'{name}_score']:.2f}" for name in names if result[f"{name}_score"] is not None]
    score = result["score"]
    return (
        f'<span class="bd-score" title="{", ".join(parts)}">{score:.2f}'
        f'<i class="bd-bar"><i style="width:{100 * score:.0f}%"></i></i></span>'
    )


def _evidence_html(sentence_html: SpanWriter, finding: Finding) -> str:
    sentences = "".join(f"<li>{sentence_html(span)}</li>" for span in finding.evidence)
    far = "<p>The mentions lie too far apart to be read together.</p>" if finding.result["cross_window"] else ""
    return f"<h4>Evidence</h4><ul>{sentences}</ul>{far}"
