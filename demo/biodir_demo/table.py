"""The relations as a table in HTML, with a summary; the evidence sentences of a row unfold below it."""

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from typing import Any

from biodir.document_biodir import Document

from .predictions import NumberedRelation, Prediction
from .templates import rendered
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
    sentence_html = cache(lambda span: span_html(document, *span))  # many relations share a sentence
    return rendered(
        "table.html",
        columns=COLUMNS,
        relations=relations[:MAX_ROWS],
        total=len(relations),
        sentence=sentence_html,
        parts=_parts_of_score,
    )


def _parts_of_score(result: Mapping[str, Any]) -> str:
    names = ("relation", "novelty", "direction")
    return ", ".join(f"{name} {result[f'{name}_score']:.2f}" for name in names if result[f"{name}_score"] is not None)
