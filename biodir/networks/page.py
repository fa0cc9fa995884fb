"""Page: a network as one HTML file that shows it in a browser and loads nothing."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from biodir.files import name_without, write_atomic
from biodir.formats.pubtator_names import relation_sign
from biodir.networks.layout import positions
from biodir.networks.merging import Edge, Network, Node
from biodir.networks.settings import NetworkSettings

ASSETS = Path(__file__).parent / "assets"
# Browsers are slow with more; the page says how many are left out.
MAX_EDGES = 5000
# What ends a script element, or a line of JavaScript; JSON has another way to write it.
_UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def write_page(network: Network, output: Path, settings: NetworkSettings) -> list[str]:
    """Write one HTML file that holds the network, the program that draws it, and all that they need.

    Returns:
        A note if the network has more than 5,000 edges: the page has those of most documents.
    """
    edges = network.edges[:MAX_EDGES]
    write_atomic(output, page_text(network, edges, name_without(output, ".html")))
    left_out = len(network.edges) - len(edges)
    if not left_out:
        return []
    advice = f"it has {MAX_EDGES}, see `biodir network --min-documents`"
    return [f"edges of fewest documents, not on the page: {left_out}; {advice}"]


def page_text(network: Network, edges: Iterable[Edge], title: str) -> str:
    """Return the page with some of the edges of a network, which is laid out here.

    The page forbids itself, by a policy of content, all requests and all scripts but its own two.

    Args:
        network: for the number of documents and of edges.
        edges: those that are drawn.
        title: in plain text.
    """
    scripts = {"LIBRARY": _asset("cytoscape.min.js"), "PROGRAM": _asset("page.js")}
    parts = {
        "TITLE": html.escape(title),
        "STYLE": _asset("page.css"),
        "NETWORK": _script_json(page_data(network, list(edges), title)),
        "HASHES": " ".join(f"'sha256-{_hash(text)}'" for text in scripts.values()),
        **scripts,
    }
    return re.sub("@@([A-Z]+)@@", lambda match: parts[match[1]], _asset("page.html"))


def page_data(network: Network, edges: list[Edge], title: str) -> dict[str, Any]:
    """Return what the page knows of a network, with a place for each node."""
    keys = {end.key: end for edge in edges for end in (edge.subject, edge.object)}
    nodes = [node for node in network.nodes if node.key in keys] or list(keys.values())
    number = {node.key: index for index, node in enumerate(nodes)}
    places = positions(len(nodes), [(number[edge.subject.key], number[edge.object.key]) for edge in edges])
    return {
        "title": title,
        "documents": network.documents,
        "edges_left_out": len(network.edges) - len(edges),
        "nodes": [_node_data(node, place) for node, place in zip(nodes, places.tolist(), strict=True)],
        "edges": [_edge_data(edge, number[edge.subject.key], number[edge.object.key]) for edge in edges],
    }


def _node_data(node: Node, place: list[float]) -> dict[str, Any]:
    return {
        "id": node.id,
        "type": node.entity_type,
        "name": node.name,
        "synonyms": node.synonyms,
        "documents": node.documents,
        "x": round(place[0], 1),
        "y": round(place[1], 1),
    }


def _edge_data(edge: Edge, subject: int, object_: int) -> dict[str, Any]:
    return {
        "subject": subject,
        "object": object_,
        "relation": edge.relation,
        "directed": edge.directed,
        "sign": relation_sign(edge.relation),
        "documents": edge.documents,
        "evidence": [[each.document, each.text, each.section] for each in edge.evidence],
        "score": edge.score_noisy_or,
        "score_max": edge.score_max,
        "novel": edge.novel,
        "known": edge.known,
        "opposite_direction": edge.opposite_direction,
        "opposite_sign": edge.opposite_sign,
    }


def _script_json(value: Any) -> str:
    """Return JSON that no HTML parser takes for the end of its element, whatever the texts are."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
