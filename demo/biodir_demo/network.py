"""Draws the relations as a network in SVG, with arrows from subject to object."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from biodir.document_biodir import Document

from .layout import LABEL_HEIGHT, Edge, Label, edge_between, place
from .predictions import EntityKey, NumberedRelation
from .styles import entity_style, novelty_name, relation_style

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
    drawings = "".join(
        f'<div class="bd-network {name}">{network_svg(document, drawn, *shape)}</div>'
        for name, shape in DRAWINGS.items()
    )
    note = f"The {MAX_EDGES} relations with the highest scores are drawn, of {len(relations)}."
    hint = f'<p class="bd-hint">{note}</p>' if len(relations) > len(drawn) else ""
    return f"{drawings}{hint}{_legend(drawn)}"


def network_svg(document: Document, relations: Sequence[NumberedRelation], least_width: float, sides: int) -> str:
    """Return a drawing of at least this width: edges first, then labels."""
    entities: dict[EntityKey, Mapping[str, str]] = {}
    for relation in relations:
        entities.setdefault(relation.subject, relation.result["subject"])
        entities.setdefault(relation.object, relation.result["object"])
    index_of = {key: index for index, key in enumerate(entities)}
    links = [(index_of[relation.subject], index_of[relation.object]) for relation in relations]
    layout = place([_label_width(entity["text"]) for entity in entities.values()], links, least_width, sides)
    edges: list[str] = []
    taken: list[complex] = []
    for relation in sorted(relations, key=lambda each: each.result["score"]):  # the highest score is drawn last
        source, target = (layout.labels[index_of[key]].port for key in (relation.subject, relation.object))
        edge = edge_between(source, target, layout.focus, relation.result["directed"])
        taken.append(edge.sign_point(taken, SIGN_RADIUS))
        edges.append(_edge_svg(relation, edge, taken[-1]))
    mentions = {(entity.identifier, entity.entity_type): len(entity.mentions) for entity in document.entities()}
    nodes = "".join(
        _node_svg(entity, label, mentions.get(key, 0))
        for (key, entity), label in zip(entities.items(), layout.labels, strict=True)
    )
    return (
        f'<svg viewBox="0 0 {layout.width:.0f} {layout.height:.0f}" role="group" aria-label="Network of relations">'
        f"{''.join(edges)}{nodes}</svg>"
    )


def statement(result: Mapping[str, Any]) -> str:
    """Return the relation in one line."""
    arrow = "→" if result["directed"] else "—"
    parts = (relation_style(result["relation"]).name, novelty_name(result["novelty"]), f"score {result['score']:.2f}")
    return f"{result['subject']['text']} {arrow} {result['object']['text']}: {', '.join(filter(None, parts))}"


def _edge_svg(relation: NumberedRelation, edge: Edge, point: complex) -> str:
    result = relation.result
    style, title, path = relation_style(result["relation"]), escape(statement(result)), edge.path()
    line = "known" if result["novelty"] == "No" else "novel"
    head = f'<polygon class="head" points="{edge.arrow_head()}"/>' if result["directed"] else ""
    x, y = f"{point.real:.1f}", f"{point.imag:.1f}"
    sign = (
        f'<circle class="glyph" cx="{x}" cy="{y}" r="{SIGN_RADIUS}"/>'
        f'<text class="glyph-text" x="{x}" y="{y}" dy=".35em">{escape(style.sign)}</text>'
    )
    return (
        f'<g class="bd-edge {style.css_class} {line}" data-relation="{relation.number}" tabindex="0" role="button" '
        f'aria-label="{title}" style="--strength:{0.45 + 0.55 * result["score"]:.2f}"><title>{title}</title>'
        f'<path class="hit" d="{path}"/><path class="line" d="{path}"/>{head}{sign if style.sign else ""}</g>'
    )


def _node_svg(entity: Mapping[str, str], label: Label, mentions: int) -> str:
    style = entity_style(entity["type"])
    title = escape(f"{entity['text']} · {style.name} · {entity['id']} · {mentions} mention{'s' * (mentions != 1)}")
    return (
        f'<g class="bd-node {style.css_class}"><title>{title}</title>'
        f'<rect x="{label.x - label.width / 2:.1f}" y="{label.y - LABEL_HEIGHT / 2:.1f}" width="{label.width:.1f}" '
        f'height="{LABEL_HEIGHT}" rx="{LABEL_HEIGHT / 2}"/>'
        f'<text x="{label.x:.1f}" y="{label.y:.1f}" dy=".35em">{escape(_shortened(entity["text"]))}</text></g>'
    )


def _legend(relations: Sequence[NumberedRelation]) -> str:
    styles = map(relation_style, sorted({relation.result["relation"] for relation in relations}))
    items = "".join(
        f'<li><i class="bd-glyph {style.css_class}">{escape(style.sign)}</i>{escape(style.name)}</li>'
        for style in styles
    )
    lines = (
        ("M1 6H24", '<polygon points="33,6 24,2 24,10"/>', "", "subject to object"),
        ("M1 6H33", "", "", "no direction"),
        ("M1 6H33", "", "known", "dashed: known"),
        ("M1 6H33", "", "", "solid: novel"),
    )
    for path, head, css_class, name in lines:
        drawn = f'<svg viewBox="0 0 34 12" class="bd-sample {css_class}"><path d="{path}"/>{head}</svg>'
        items += f"<li>{drawn}{name}</li>"
    return f'<ul class="bd-legend">{items}</ul>'


def _label_width(text: str) -> float:
    widths = (
        WIDE_WIDTH if ord(character) > 0x2E80 else CAPITAL_WIDTH if character.isupper() else CHARACTER_WIDTH
        for character in _shortened(text)
    )
    return sum(widths) + 2 * LABEL_PADDING


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1].rstrip() + "…"
