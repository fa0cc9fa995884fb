"""Draws the relations as a network in SVG, with arrows from subject to object."""

from collections.abc import Mapping, Sequence
from typing import Any

from biodir.document_biodir import Document

from .layout import LABEL_HEIGHT, Edge, edge_between, place
from .predictions import EntityKey, NumberedRelation
from .styles import novelty_name, relation_style
from .templates import rendered

# Least width of the drawings for a desktop and for a telephone, and the sides of the ellipse that have labels; the page
# shows the one that fits.
DRAWINGS = {"wide": (700, 2), "narrow": (360, 1)}
LABEL_PADDING = 13
MAX_LABEL = 24
# More lines cannot be followed; the table has all relations.
MAX_EDGES = 50
SIGN_RADIUS = 8
# Pixels of a character in the labels' font of 13 pixels; wide ones, such as those of Chinese, take about one em.
CHARACTER_WIDTH, CAPITAL_WIDTH, WIDE_WIDTH = 7.5, 9.2, 13.5


def network_html(document: Document, relations: Sequence[NumberedRelation]) -> str:
    """Return the drawings of all sizes and a legend; without relations, a sentence."""
    if not relations:
        return '<p class="bd-none">No relation to draw.</p>'
    drawn = sorted(relations, key=lambda relation: -relation.result["score"])[:MAX_EDGES]
    drawings = {name: network_svg(document, drawn, *shape) for name, shape in DRAWINGS.items()}
    return rendered("network.html", drawings=drawings, drawn=drawn, total=len(relations))


def network_svg(document: Document, relations: Sequence[NumberedRelation], least_width: float, sides: int) -> str:
    """Return a drawing of at least this width: edges first, then labels."""
    entities: dict[EntityKey, Mapping[str, str]] = {}
    for relation in relations:
        entities.setdefault(relation.subject, relation.result["subject"])
        entities.setdefault(relation.object, relation.result["object"])
    index_of = {key: index for index, key in enumerate(entities)}
    links = [(index_of[relation.subject], index_of[relation.object]) for relation in relations]
    layout = place([_label_width(entity["text"]) for entity in entities.values()], links, least_width, sides)
    edges: list[tuple[NumberedRelation, Edge, complex]] = []
    for relation in sorted(relations, key=lambda each: each.result["score"]):  # the highest score is drawn last
        source, target = (layout.labels[index_of[key]].port for key in (relation.subject, relation.object))
        edge = edge_between(source, target, layout.focus, relation.result["directed"])
        edges.append((relation, edge, edge.sign_point([point for _, _, point in edges], SIGN_RADIUS)))
    mentions = {(entity.identifier, entity.entity_type): len(entity.mentions) for entity in document.entities()}
    counts = [mentions.get(key, 0) for key in entities]
    return rendered(
        "network.svg",
        layout=layout,
        edges=edges,
        nodes=zip(entities.values(), layout.labels, counts, strict=True),
        sign_radius=SIGN_RADIUS,
        label_height=LABEL_HEIGHT,
        statement=statement,
        shortened=_shortened,
    )


def statement(result: Mapping[str, Any]) -> str:
    """Return the relation in one line."""
    arrow = "→" if result["directed"] else "—"
    parts = (relation_style(result["relation"]).name, novelty_name(result["novelty"]), f"score {result['score']:.2f}")
    return f"{result['subject']['text']} {arrow} {result['object']['text']}: {', '.join(filter(None, parts))}"


def _label_width(text: str) -> float:
    widths = (
        WIDE_WIDTH if ord(character) > 0x2E80 else CAPITAL_WIDTH if character.isupper() else CHARACTER_WIDTH
        for character in _shortened(text)
    )
    return sum(widths) + 2 * LABEL_PADDING


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1].rstrip() + "…"
