"""INDRA: what regulates genes, as statements with their evidence."""

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from biodir.files import open_atomic
from biodir.labels_biodir import CHEMICAL, GENE
from biodir.networks.biolink import NEGATIVE, POSITIVE
from biodir.networks.kgx import publication, without_half_characters
from biodir.networks.merging import Edge, Evidence, Network, Node
from biodir.networks.settings import NetworkSettings
from biodir.networks.statements import NodeKey

SOURCE = "biodir"
# Relation type -> statement: what other readers of texts give to INDRA for "stimulates" and "inhibits".
STATEMENTS = {POSITIVE: "Activation", NEGATIVE: "Inhibition"}
# Prefix of CURIEs -> namespace of INDRA, and whether the identifier keeps the prefix there.
_NAMESPACES = {"NCBIGene": ("EGID", False), "MESH": ("MESH", False), "CHEBI": ("CHEBI", True)}
# Of them, those by which INDRA compares agents.
_COMPARED = frozenset(("MESH", "CHEBI"))
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "indra.biodir")


def write_indra(network: Network, output: Path, settings: NetworkSettings) -> list[str]:
    """Write a network as statements of INDRA, one a line in a list of JSON; the file appears complete.

    Statements are positive and negative correlations from a gene or chemical to a gene; other edges have none.

    Returns:
        A note that counts the edges without statement, if there are any.
    """
    left_out = 0
    names = _distinct_names(network)
    with open_atomic(output) as file:
        file.write("[")
        is_first = True
        for edge in network.edges:
            statement = indra_statement(edge, names)
            if statement is None:
                left_out += 1
                continue
            file.write(("" if is_first else ",") + "\n" + json.dumps(statement, ensure_ascii=False, allow_nan=False))
            is_first = False
        file.write("\n]\n")
    return [f"edges that are no statement of INDRA, left out: {left_out}"] if left_out else []


def indra_statement(edge: Edge, names: Mapping[NodeKey, str] = MappingProxyType({})) -> dict[str, Any] | None:
    """Return the statement of an edge; None if it is no directed correlation from a gene or chemical to a gene.

    The belief is `Edge.score_noisy_or`. Each sentence is an evidence, and each document of which the edge has none.

    Args:
        edge: of a network.
        names: of agents that cannot have the names of their nodes.

    >>> tnf, jun = (Node(f"NCBIGene:{number}", "GeneOrGeneProduct", "") for number in (7124, 3725))
    >>> indra_statement(Edge(tnf, jun, "Positive_Correlation", directed=True))["type"]
    'Activation'
    >>> indra_statement(Edge(tnf, jun, "Positive_Correlation", directed=False))
    """
    kind = STATEMENTS.get(edge.relation)
    is_regulation = edge.subject.entity_type in (GENE, CHEMICAL) and edge.object.entity_type == GENE
    if kind is None or not edge.directed or not is_regulation:
        return None
    identity = repr((edge.subject.key, edge.object.key, kind))
    statement = {
        "type": kind,
        "subj": _agent(edge.subject, names),
        "obj": _agent(edge.object, names),
        "obj_activity": "activity",
        "evidence": list(_evidence(edge)),
        "id": str(uuid.uuid5(_NAMESPACE, identity)),
    }
    return statement if edge.score_noisy_or is None else {**statement, "belief": edge.score_noisy_or}


def _agent(node: Node, names: Mapping[NodeKey, str]) -> dict[str, Any]:
    references = {"TEXT": without_half_characters(node.name), **_grounding(node)}
    return {"name": names.get(node.key, references["TEXT"]), "db_refs": references}


def _grounding(node: Node) -> dict[str, str]:
    prefix, _, local = node.id.partition(":")
    if not node.is_linked or prefix not in _NAMESPACES:
        return {}
    namespace, keeps_prefix = _NAMESPACES[prefix]
    return {namespace: without_half_characters(node.id if keeps_prefix else local)}


def _distinct_names(network: Network) -> dict[NodeKey, str]:
    """Return a name with identifier for each node whose name another one has, where INDRA compares agents by name.

    It does so for genes with ``EGID``, until its grounding has found another identifier.
    """
    named = [node for node in network.nodes if not _COMPARED & _grounding(node).keys()]
    counts = Counter(node.name for node in named)
    return {node.key: without_half_characters(f"{node.name} [{node.id}]") for node in named if counts[node.name] > 1}


def _evidence(edge: Edge) -> Iterator[dict[str, Any]]:
    quoted = {sentence.document for sentence in edge.evidence}
    for sentence in edge.evidence:
        yield _one_evidence(sentence.document, sentence)
    for document in edge.documents:
        if document not in quoted:
            yield _one_evidence(document)


def _one_evidence(document: str, sentence: Evidence | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"source_api": SOURCE, "annotations": {"document": without_half_characters(document)}}
    if sentence:
        found["text"] = without_half_characters(sentence.text)
        section = {"section": without_half_characters(sentence.section)} if sentence.section else {}
        found["annotations"].update(start=sentence.start, end=sentence.end, **section)
    source, _, local = (publication(document) or "").partition(":")
    if source:
        found["text_refs"] = {source: local}
    if source == "PMID":
        found["pmid"] = local
    return found
