"""Relations as a graph, and as GraphML for Cytoscape, Gephi and others; needs the library `networkx`."""

import importlib
import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from types import ModuleType
from typing import TYPE_CHECKING, Any

from biodir.document_biodir import Document
from biodir.errors_biodir import SettingError

if TYPE_CHECKING:
    import networkx

# Characters that XML 1.0 has no way to write.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SCORES = ("score", "relation_score", "novelty_score", "direction_score")


def relation_graph(document: Document, results: Sequence[Mapping[str, Any]]) -> "networkx.MultiDiGraph":
    """Return a graph with the related entities as nodes and each relation as an edge from subject to object.

    Nodes are named ``type:identifier`` and have ``identifier``, ``type``, ``name`` (text of the first mention) and
    ``mentions`` (their number). Edges have ``relation``, ``novelty``, the scores, ``evidence`` (the sentences, one a
    line), and ``directed``; if it is False, the order of source and target has no meaning.

    Args:
        document: the document of the relations.
        results: relations as the pipeline returns them.

    Raises:
        SettingError: networkx is not installed.
    """
    graph = _networkx().MultiDiGraph(document=document.id)
    counts = {(entity.identifier, entity.entity_type): len(entity.mentions) for entity in document.entities()}
    for result in results:
        for role in ("subject", "object"):
            entity = result[role]
            graph.add_node(
                node_name(entity),
                identifier=entity["id"],
                type=entity["type"],
                name=entity["text"],
                mentions=counts.get((entity["id"], entity["type"]), 0),
            )
        graph.add_edge(node_name(result["subject"]), node_name(result["object"]), **_edge_values(result))
    return graph


def format_graphml(document: Document, results: Sequence[Mapping[str, Any]]) -> str:
    """Return the graph of the relations as GraphML; control characters, which XML cannot hold, become spaces.

    Raises:
        SettingError: networkx is not installed.
    """
    graph = relation_graph(document, results)
    networkx = _networkx()
    graph = networkx.relabel_nodes(graph, {name: _xml_text(name) for name in graph})
    for values in (graph.graph, *(v for _, v in graph.nodes(data=True)), *(v for _, _, v in graph.edges(data=True))):
        values.update({key: _xml_text(value) for key, value in values.items() if isinstance(value, str)})
    buffer = BytesIO()
    networkx.write_graphml(graph, buffer, encoding="utf-8", prettyprint=True)
    return buffer.getvalue().decode()


def node_name(entity: Mapping[str, str]) -> str:
    """Return the name of an entity's node; an identifier that has several types has several nodes."""
    return f"{entity['type']}:{entity['id']}"


def _edge_values(result: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        "relation": result["relation"],
        "directed": result["directed"],
        "novelty": result["novelty"],
        "evidence": "\n".join(part["text"] for part in result["evidence"]),
        **{name: result[name] for name in _SCORES},
    }
    return {name: value for name, value in values.items() if value is not None}  # GraphML has no null


def _xml_text(value: str) -> str:
    return _NOT_XML.sub(" ", value)


def _networkx() -> ModuleType:
    try:
        return importlib.import_module("networkx")
    except ImportError as error:
        raise SettingError(
            "graphs are made with the library networkx; install it with: pip install 'biodir[formats]'"
        ) from error
