"""Relations as a graph, and as GraphML for Cytoscape, Gephi and others; needs the library `networkx`."""

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from biodir.document_biodir import Document
from biodir.optional import optional_library

if TYPE_CHECKING:
    import networkx

# Characters that XML 1.0 has no way to write.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BOOLEAN_KEY = re.compile(r'<key [^>]*attr\.type="boolean"[^>]*>')
_EDGE_VALUES = (
    "relation", "directed", "novelty", "evidence", "score", "relation_score", "novelty_score", "direction_score"
)  # fmt: skip


def relation_graph(document: Document, results: Sequence[Mapping[str, Any]]) -> "networkx.MultiDiGraph":
    """Return a graph with the related entities as nodes and each relation as an edge from subject to object.

    Nodes are named ``type:identifier``: an identifier that has several types has several nodes. They have
    ``identifier``, ``type``, ``name`` (text of the first mention) and ``mentions`` (their number). Edges have numbers
    from 0 as keys, and ``relation``, ``novelty``, the scores, ``evidence`` (the sentences, one a line), and
    ``directed``; if it is False, the order of source and target has no meaning. Control characters, which GraphML
    cannot hold, are spaces.

    Args:
        document: the document of the relations.
        results: relations as the pipeline returns them.

    Raises:
        SettingError: networkx is not installed.
    """
    networkx = optional_library("networkx", "formats", "a graph")
    graph = networkx.MultiDiGraph(document=_xml_text(document.id))
    counts = {(entity.identifier, entity.entity_type): len(entity.mentions) for entity in document.entities()}
    for number, result in enumerate(results):
        ends = []
        for entity in (result["subject"], result["object"]):
            identifier, kind, name = (_xml_text(entity[key]) for key in ("id", "type", "text"))
            mentions = counts.get((entity["id"], entity["type"]), 0)
            ends.append(f"{kind}:{identifier}")
            graph.add_node(ends[-1], identifier=identifier, type=kind, name=name, mentions=mentions)
        values = {**result, "evidence": "\n".join(part["text"] for part in result["evidence"])}
        known = {name: values[name] for name in _EDGE_VALUES if values[name] is not None}  # GraphML has no null
        graph.add_edge(*ends, key=number, **{name: _xml_text(value) for name, value in known.items()})
    return graph


def format_graphml(document: Document, results: Sequence[Mapping[str, Any]]) -> str:
    """Return the graph of the relations as GraphML.

    Ids of edges are distinct and booleans in lower case, since other readers than that of networkx refuse or drop what
    is not so.

    Raises:
        SettingError: networkx is not installed.
    """
    graph = relation_graph(document, results)
    buffer = BytesIO()
    optional_library("networkx", "formats", "a graph").write_graphml(graph, buffer, encoding="utf-8", prettyprint=True)
    return _with_xml_booleans(buffer.getvalue().decode())


def _with_xml_booleans(graphml: str) -> str:
    """Return the file of networkx with its booleans as XML has them: ``true`` for ``True``."""
    for key in _BOOLEAN_KEY.findall(graphml):
        name = re.search(r'\bid="([^"]+)"', key)
        assert name is not None  # networkx gives every key an id
        data = rf'(<data key="{re.escape(name[1])}">)(True|False)(?=</data>)'
        graphml = re.sub(data, lambda found: found[1] + found[2].lower(), graphml)
    return graphml


def _xml_text(value: Any) -> Any:
    return _NOT_XML.sub(" ", value) if isinstance(value, str) else value
