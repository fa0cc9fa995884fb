"""Properties of nodes and edges, which GraphML, CX2 and the CSV of Neo4j have in common."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import quote

from biodir.networks.kgx import location, sections_of, without_half_characters
from biodir.networks.merging import Edge, Node, is_pmid

TEXT, INTEGER, NUMBER, TRUTH = "text", "integer", "number", "truth"
Value = str | int | float | bool | list[str]
_Owner = TypeVar("_Owner")
# What makes an id differ after a format has cleaned it: characters that XML cannot hold, white space but the space, and
# the sign that begins the escape itself.
_ESCAPED = re.compile("[%\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Property(Generic[_Owner]):
    """What a node or an edge has in a file.

    Args:
        name: of the property.
        kind: `TEXT`, `INTEGER`, `NUMBER` or `TRUTH`.
        value: of a node or edge; None if it has none.
        is_list: whether the value is a list, which is always of texts.

    >>> Property("name", TEXT, lambda node: node.name).value(Node("text:tnf", "GeneOrGeneProduct", "TNF"))
    'TNF'
    """

    name: str
    kind: str
    value: Callable[[_Owner], Value | None]
    is_list: bool = False


def _other_documents(edge: Edge) -> list[str]:
    return [each for each in edge.documents if not is_pmid(each)]


NODE_PROPERTIES: tuple[Property[Node], ...] = (
    Property("identifier", TEXT, lambda node: node.id),
    Property("type", TEXT, lambda node: node.entity_type),
    Property("name", TEXT, lambda node: node.name),
    Property("synonyms", TEXT, lambda node: list(node.synonyms), is_list=True),
    Property("documents", INTEGER, lambda node: node.documents),
)
EDGE_PROPERTIES: tuple[Property[Edge], ...] = (
    Property("relation", TEXT, lambda edge: edge.relation),
    Property("directed", TRUTH, lambda edge: edge.directed),
    Property("documents", INTEGER, lambda edge: len(edge.documents)),
    Property("pmids", TEXT, lambda edge: list(edge.pmids), is_list=True),
    Property("other_documents", TEXT, _other_documents, is_list=True),
    Property("evidence", TEXT, lambda edge: [sentence.text for sentence in edge.evidence], is_list=True),
    Property("evidence_location", TEXT, lambda edge: [location(sentence) for sentence in edge.evidence], is_list=True),
    Property("evidence_section", TEXT, lambda edge: sections_of(edge.evidence), is_list=True),
    Property("score_noisy_or", NUMBER, lambda edge: edge.score_noisy_or),
    Property("score_max", NUMBER, lambda edge: edge.score_max),
    Property("novel", INTEGER, lambda edge: edge.novel),
    Property("known", INTEGER, lambda edge: edge.known),
    Property("opposite_direction", INTEGER, lambda edge: edge.opposite_direction),
    Property("opposite_sign", INTEGER, lambda edge: edge.opposite_sign),
)


def values_of(owner: _Owner, properties: Sequence[Property[_Owner]]) -> Iterator[tuple[Property[_Owner], Value]]:
    """Yield each property that a node or edge has, with its value; empty lists and texts are left out."""
    for each in properties:
        value = each.value(owner)
        if isinstance(value, str):
            value = without_half_characters(value)
        elif isinstance(value, list):
            value = list(map(without_half_characters, value))
        if value is not None and value != "" and value != []:
            yield each, value


def node_key(node: Node) -> str:
    """Return a text that no other node of the network has, from type and identifier.

    >>> node_key(Node("NCBIGene:1956", "GeneOrGeneProduct", "EGFR"))
    'GeneOrGeneProduct:NCBIGene:1956'
    """
    kind, identifier = (_ESCAPED.sub(_escape, part) for part in (node.entity_type, node.id))
    return f"{kind.replace(':', '%3A')}:{identifier}"


def _escape(character: re.Match[str]) -> str:
    return quote(character[0], errors="surrogatepass")
