"""CX2: a network for Cytoscape and NDEx."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from biodir.files import name_without, open_atomic
from biodir.networks.kgx import without_half_characters
from biodir.networks.merging import Edge, Network, Node
from biodir.networks.properties import (
    EDGE_PROPERTIES,
    INTEGER,
    NODE_PROPERTIES,
    NUMBER,
    TEXT,
    TRUTH,
    Property,
    values_of,
)
from biodir.networks.settings import NetworkSettings

_TYPES = {TEXT: "string", INTEGER: "integer", NUMBER: "double", TRUTH: "boolean"}
# What NDEx links nodes by, and what Cytoscape calls an edge by.
_NODES = (*NODE_PROPERTIES, Property[Node]("represents", TEXT, lambda node: node.id if node.is_linked else None))
_EDGES = (*EDGE_PROPERTIES, Property[Edge]("interaction", TEXT, lambda edge: edge.relation))


def write_cx2(network: Network, output: Path, settings: NetworkSettings) -> list[str]:
    """Write a network as CX2, node by node and edge by edge; the file appears complete.

    Declarations come first and the status last. All edges of CX2 have a source and a target; where the property
    ``directed`` is false, they have no order.

    Returns:
        No notes: all that the network has is in the file.
    """
    about = {"name": without_half_characters(name_without(output, ".cx2")), "documents": network.documents}
    number_of = {node.key: number for number, node in enumerate(network.nodes)}
    aspects: dict[str, tuple[int, Iterable[Any]]] = {
        "attributeDeclarations": (1, [_declarations()]),
        "networkAttributes": (1, [about]),
        "nodes": (len(network.nodes), _nodes(network, number_of)),
        "edges": (len(network.edges), _edges(network, number_of)),
    }
    counts = [{"name": name, "elementCount": count} for name, (count, _) in aspects.items()]
    with open_atomic(output) as file:
        file.write("[" + _json({"CXVersion": "2.0", "hasFragments": False}))
        file.write(",\n" + _json({"metaData": counts}))
        for name, (_, elements) in aspects.items():
            _write_aspect(file, name, elements)
        file.write(",\n" + _json({"status": [{"success": True, "error": ""}]}) + "]\n")
    return []


def _declarations() -> dict[str, Any]:
    return {
        "networkAttributes": {"name": {"d": "string"}, "documents": {"d": "integer"}},
        "nodes": _types(_NODES),
        "edges": _types(_EDGES),
    }


def _types(properties: Sequence[Property[Any]]) -> dict[str, dict[str, str]]:
    return {
        each.name: {"d": f"list_of_{_TYPES[each.kind]}" if each.is_list else _TYPES[each.kind]} for each in properties
    }


def _nodes(network: Network, number_of: dict[tuple[str, str], int]) -> Iterator[dict[str, Any]]:
    for node in network.nodes:
        yield {"id": number_of[node.key], "v": {each.name: value for each, value in values_of(node, _NODES)}}


def _edges(network: Network, number_of: dict[tuple[str, str], int]) -> Iterator[dict[str, Any]]:
    for number, edge in enumerate(network.edges):
        ends = {"s": number_of[edge.subject.key], "t": number_of[edge.object.key]}
        yield {"id": number, **ends, "v": {each.name: value for each, value in values_of(edge, _EDGES)}}


def _write_aspect(file: TextIO, name: str, elements: Iterable[Any]) -> None:
    file.write(f',\n{{"{name}": [')
    for number, element in enumerate(elements):
        file.write(("," if number else "") + "\n" + _json(element))
    file.write("]}")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
