"""CSV with typed headers, for `neo4j-admin database import` and Memgraph."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from biodir.files import name_without, open_atomic
from biodir.networks.merging import Network, Node
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

# See "CSV header format" in the manual of Neo4j.
_TYPES = {TEXT: "string", INTEGER: "int", NUMBER: "double", TRUTH: "boolean"}
# The label of all nodes, so that one index finds them.
NODE_LABEL = "Entity"
_SEPARATOR, _SEPARATOR_IN_TEXT = ";", ","
# Unless the importer is called with an option, a field ends with the line, also within quotes.
_LINE_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def write_neo4j_csv(network: Network, output: Path, settings: NetworkSettings) -> list[str]:
    """Write ``NAME_nodes.csv`` and ``NAME_edges.csv`` for an output ``NAME.csv``; each appears complete.

    Values of lists end with ``;``, which Neo4j cannot escape, so ``;`` in them becomes ``,``. Line breaks become
    spaces. Offsets stay right.

    Returns:
        No notes: all that the network has is in the files.
    """
    tables = {
        "nodes": ((":LABEL", *_columns(NODE_PROPERTIES)), _nodes(network), "key:ID"),
        "edges": ((":END_ID", ":TYPE", *_columns(EDGE_PROPERTIES)), _edges(network), ":START_ID"),
    }
    for name, (columns, rows, first) in tables.items():
        with open_atomic(output.with_name(f"{name_without(output, '.csv')}_{name}.csv")) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow((first, *columns))
            writer.writerows(rows)
    return []


def relationship_type(relation: str) -> str:
    """Return the relationship type of a relation type, after the habits of Cypher.

    >>> relationship_type("Positive_Correlation")
    'POSITIVE_CORRELATION'
    """
    return re.sub(r"\W+", "_", relation).upper() or "RELATED"


def _columns(properties: Sequence[Property[Any]]) -> list[str]:
    return [f"{each.name}:{_TYPES[each.kind]}" + "[]" * each.is_list for each in properties]


def _nodes(network: Network) -> Iterator[list[str]]:
    for node in network.nodes:
        yield [node_key(node), _labels(node), *_values(node, NODE_PROPERTIES)]


def _labels(node: Node) -> str:
    kind = re.sub(r"\W+", "_", node.entity_type)
    return _SEPARATOR.join([kind, NODE_LABEL] if kind else [NODE_LABEL])


def _edges(network: Network) -> Iterator[list[str]]:
    for edge in network.edges:
        ends = node_key(edge.subject), node_key(edge.object)
        yield [*ends, relationship_type(edge.relation), *_values(edge, EDGE_PROPERTIES)]


def _values(owner: Any, properties: Sequence[Property[Any]]) -> Iterable[str]:
    found = {each.name: _written(value) for each, value in values_of(owner, properties)}
    return (found.get(each.name, "") for each in properties)


def _written(value: Value) -> str:
    if isinstance(value, list):
        return _SEPARATOR.join(_written(text).replace(_SEPARATOR, _SEPARATOR_IN_TEXT) for text in value)
    return str(value).lower() if isinstance(value, bool) else _LINE_BREAK.sub(" ", str(value))
