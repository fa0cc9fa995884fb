"""GraphML of a network, for networkx, igraph, Gephi and others; needs the library `lxml`."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from biodir.files import open_atomic
from biodir.networks.merging import Edge, Network, Node
from biodir.networks.properties import (
    EDGE_PROPERTIES,
    INTEGER,
    NODE_PROPERTIES,
    NUMBER,
    TEXT,
    TRUTH,
    Property,
    Value,
    node_key,
    values_of,
)
from biodir.networks.settings import NetworkSettings
from biodir.optional import optional_library

NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
_TYPES = {TEXT: "string", INTEGER: "long", NUMBER: "double", TRUTH: "boolean"}
# GraphML has no lists: their values are lines.
_SEPARATOR = "\n"
_LINE_BREAK = re.compile("[\n\r]")
# Characters that XML 1.0 has no way to write.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Gephi shows this one, and weighs edges by the other.
_NODES = (*NODE_PROPERTIES, Property[Node]("label", TEXT, lambda node: node.name))
_EDGES = (
    *EDGE_PROPERTIES,
    Property[Edge]("label", TEXT, lambda edge: edge.relation),
    Property[Edge]("weight", NUMBER, lambda edge: float(len(edge.documents))),
)


def write_graphml(network: Network, output: Path, settings: NetworkSettings) -> list[str]:
    """Write a network as GraphML, node by node and edge by edge; the file appears complete.

    Each edge has its own id. All are directed, since networkx refuses a graph that mixes both kinds; where the property
    ``directed`` is false, source and target have no order. Keys are named by their properties: Gephi takes a key
    ``d3``, as networkx would call the fourth, for the label of nodes.

    Returns:
        No notes: all that the network has is in the file.

    Raises:
        SettingError: lxml is not installed.
    """
    etree = optional_library("lxml.etree", "formats", "GraphML")
    with open_atomic(output) as file, etree.xmlfile(file.buffer, encoding="utf-8") as xml:
        xml.write_declaration()
        with xml.element("graphml", nsmap={None: NAMESPACE}):
            xml.write("\n")
            for owner, properties in (("node", _NODES), ("edge", _EDGES)):
                _write_keys(xml, etree, owner, properties)
            with xml.element("graph", edgedefault="directed"):
                xml.write("\n")
                for node in network.nodes:
                    data = _data(etree, "node", values_of(node, _NODES))
                    _write(xml, etree, "node", {"id": node_key(node)}, data)
                for number, edge in enumerate(network.edges):
                    ends = {"source": node_key(edge.subject), "target": node_key(edge.object)}
                    data = _data(etree, "edge", values_of(edge, _EDGES))
                    _write(xml, etree, "edge", {"id": f"e{number}", **ends}, data)
    return []


def _write_keys(xml: Any, etree: Any, owner: str, properties: Sequence[Property[Any]]) -> None:
    for each in properties:
        names = {"id": f"{owner}_{each.name}", "for": owner, "attr.name": each.name, "attr.type": _TYPES[each.kind]}
        _write(xml, etree, "key", names, [])


def _write(xml: Any, etree: Any, name: str, attributes: dict[str, str], children: Iterable[Any]) -> None:
    element = etree.Element(name, attributes)
    element.extend(children)
    xml.write(element)
    xml.write("\n")


def _data(etree: Any, owner: str, values: Iterable[tuple[Property[Any], Value]]) -> Iterable[Any]:
    for each, value in values:
        element = etree.Element("data", key=f"{owner}_{each.name}")
        element.text = _written(value)
        yield element


def _written(value: Value) -> str:
    if isinstance(value, list):
        return _SEPARATOR.join(_LINE_BREAK.sub(" ", _written(text)) for text in value)
    return str(value).lower() if isinstance(value, bool) else _NOT_XML.sub(" ", str(value))
