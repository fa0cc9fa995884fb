"""The relations as a drawn network: SVG made on the server, with arrows from subject to object."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from biodir.document_biodir import Document

from .answers import EntityKey, Finding
from .curves import Curve, arrow_head, edge_curve, glyph_point
from .layout import Box, Size, canvas_size, place
from .looks import entity_look, novelty_name, relation_look

# Widths of the drawings for a desktop and for a telephone, of which the page shows the one that fits.
DRAWINGS = {"wide": Size(700, 420), "narrow": Size(360, 440)}
LABEL_HEIGHT = 28
LABEL_PADDING = 13
MAX_LABEL = 24
# More lines than these nobody can follow; the table has them all.
MAX_EDGES = 50
GLYPH_RADIUS = 8
# Pixels of a character of the labels' 13 pixel font; wide ones, such as those of Chinese, take about a whole em.
CHARACTER_WIDTH, CAPITAL_WIDTH, WIDE_WIDTH = 7.5, 9.2, 13.5


def network_html(document: Document, findings: Sequence[Finding]) -> str:
    """The drawings of all sizes, and what their lines mean; a sentence where nothing is to be drawn."""
    if not findings:
        return '<p class="bd-none">No relation to draw.</p>'
    drawn = sorted(findings, key=lambda finding: -finding.result["score"])[:MAX_EDGES]
    drawings = "".join(
        f'<div class="bd-network {name}">{network_svg(document, drawn, least)}</div>'
        for name, least in DRAWINGS.items()
    )
    left_out = len(findings) - len(drawn)
    note = f'<p class="bd-hint">The {MAX_EDGES} surest of {len(findings)} relations are drawn.</p>' if left_out else ""
    return f"{drawings}{note}{_legend(drawn)}"


def network_svg(document: Document, findings: Sequence[Finding], least: Size) -> str:
    """One drawing, at least of this size: edges beneath, then glyphs, then labels."""
    entities = _entities(findings)
    sizes = {key: Size(_label_width(entity["text"]), LABEL_HEIGHT) for key, entity in entities.items()}
    canvas = canvas_size(sizes, least.width, least.height)
    boxes = place(sizes, [(finding.subject, finding.object) for finding in findings], canvas)
    mentions = {(entity.identifier, entity.entity_type): len(entity.mentions) for entity in document.entities()}
    edges: list[str] = []
    taken: list[tuple[float, float]] = []
    for finding in sorted(findings, key=lambda each: each.result["score"]):  # the surest on top
        curve = _curve(finding, boxes, canvas)
        point = glyph_point(curve, boxes.values(), taken, GLYPH_RADIUS)
        taken.append(point)
        edges.append(_edge_svg(finding, curve, point))
    nodes = "".join(_node_svg(entity, boxes[key], mentions.get(key, 0)) for key, entity in entities.items())
    return (
        f'<svg viewBox="0 0 {canvas.width:.0f} {canvas.height:.0f}" role="group" aria-label="Network of relations">'
        f"{''.join(edges)}{nodes}</svg>"
    )


def statement(result: Mapping[str, Any]) -> str:
    """The relation in one line, as people read it."""
    arrow = "→" if result["directed"] else "—"
    parts = (relation_look(result["relation"]).name, novelty_name(result["novelty"]), f"score {result['score']:.2f}")
    return f"{result['subject']['text']} {arrow} {result['object']['text']}: {', '.join(filter(None, parts))}"


def _entities(findings: Sequence[Finding]) -> dict[EntityKey, Mapping[str, str]]:
    """The related entities by their keys, in the order of the findings."""
    entities: dict[EntityKey, Mapping[str, str]] = {}
    for finding in findings:
        entities.setdefault(finding.subject, finding.result["subject"])
        entities.setdefault(finding.object, finding.result["object"])
    return entities


def _curve(finding: Finding, boxes: Mapping[EntityKey, Box], canvas: Size) -> Curve:
    others = [box for key, box in boxes.items() if key not in (finding.subject, finding.object)]
    return edge_curve(boxes[finding.subject], boxes[finding.object], others, canvas, finding.result["directed"])


def _edge_svg(finding: Finding, curve: Curve, point: tuple[float, float]) -> str:
    result = finding.result
    look = relation_look(result["relation"])
    title = escape(statement(result))
    line = "known" if result["novelty"] == "No" else "novel"
    head = f'<polygon class="head" points="{arrow_head(curve)}"/>' if result["directed"] else ""
    glyph = (
        f'<circle class="glyph" cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="{GLYPH_RADIUS}"/>'
        f'<text class="glyph-text" x="{point[0]:.1f}" y="{point[1]:.1f}" dy=".35em">{escape(look.glyph)}</text>'
        if look.glyph
        else ""
    )
    strength = 0.45 + 0.55 * result["score"]
    return (
        f'<g class="bd-edge {look.css_class} {line}" data-relation="{finding.number}" tabindex="0" role="button" '
        f'aria-label="{title}" style="--strength:{strength:.2f}"><title>{title}</title>'
        f'<path class="hit" d="{curve.path()}"/><path class="line" d="{curve.path()}"/>{head}{glyph}</g>'
    )


def _node_svg(entity: Mapping[str, str], box: Box, mentions: int) -> str:
    look = entity_look(entity["type"])
    times = "1 mention" if mentions == 1 else f"{mentions} mentions"
    title = escape(f"{entity['text']} · {look.name} · {entity['id']} · {times}")
    return (
        f'<g class="bd-node {look.css_class}"><title>{title}</title>'
        f'<rect x="{box.x - box.width / 2:.1f}" y="{box.y - box.height / 2:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="{box.height / 2:.1f}"/>'
        f'<text x="{box.x:.1f}" y="{box.y:.1f}" dy=".35em">{escape(_shortened(entity["text"]))}</text></g>'
    )


def _legend(findings: Sequence[Finding]) -> str:
    types = sorted({finding.result["relation"] for finding in findings})
    looks = [relation_look(relation_type) for relation_type in types]
    entries = "".join(
        f'<li><i class="bd-glyph {look.css_class}">{escape(look.glyph)}</i>{escape(look.name)}</li>' for look in looks
    )
    lines = (
        ("M1 6H24", '<polygon points="33,6 24,2 24,10"/>', "", "subject to object"),
        ("M1 6H33", "", "", "no direction"),
        ("M1 6H33", "", "known", "dashed: known"),
        ("M1 6H33", "", "", "pairwise: novel"),
    )
    for path, head, css_class, name in lines:
        drawn = f'<svg viewBox="0 0 34 12" class="bd-sample {css_class}"><path d="{path}"/>{head}</svg>'
        entries += f"<li>{drawn}{name}</li>"
    return f'<ul class="bd-legend">{entries}</ul>'


def _label_width(text: str) -> float:
    def width(character: str) -> float:
        if ord(character) > 0x2E80:
            return WIDE_WIDTH
        return CAPITAL_WIDTH if character.isupper() else CHARACTER_WIDTH

    return sum(map(width, _shortened(text))) + 2 * LABEL_PADDING


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1].rstrip() + "…"
