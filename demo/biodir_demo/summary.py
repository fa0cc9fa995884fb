"""Summary, legend, message and filter choices of the page."""

from collections.abc import Iterable, Sequence
from html import escape

from biodir.document_biodir import Document

from .predictions import NumberedRelation, Prediction
from .styles import entity_style


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


def type_legend_html(document: Document) -> str:
    """Return the entity types of the text, each in its colour."""
    styles = map(entity_style, dict.fromkeys(mention.entity_type for mention in document.mentions))
    items = (f'<li><mark class="bd-mention {style.css_class}">{escape(style.name)}</mark></li>' for style in styles)
    return f'<ul class="bd-legend">{"".join(items)}</ul>'


def message_html(message: object) -> str:
    """Return a message that screen readers read out at once; an empty message gives an empty string."""
    text = str(message)
    return f'<div class="bd-message" role="alert">{escape(text)}</div>' if text else ""


def options_of(relations: Iterable[NumberedRelation], key: str) -> list[str]:
    """Return the values that the relations have under a key, most frequent first, then by name."""
    values = [relation.result[key] for relation in relations if relation.result[key] is not None]
    return sorted(set(values), key=lambda value: (-values.count(value), value))
