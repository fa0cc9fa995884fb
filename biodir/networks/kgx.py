"""KGX: a network as a knowledge graph of Biolink, nodes and edges in two files of TSV or JSON Lines."""

import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from biodir.files import name_without, open_atomic
from biodir.networks.biolink import (
    CATEGORIES,
    OBJECT_ASPECT,
    OTHER_CATEGORY,
    QUALIFIED_PREDICATE,
    Rule,
    is_turned,
    rule_of,
)
from biodir.networks.curies import hgvs_forms
from biodir.networks.merging import (
    KNOWN,
    NOVEL,
    Edge,
    Evidence,
    Network,
    Node,
    id_order,
    is_pmid,
    noisy_or,
    score_max,
)
from biodir.networks.settings import NetworkSettings

# Prefix of what has no identifier in a vocabulary: names, variants without a number, and relation types.
LOCAL_PREFIX = "biodir"
KNOWLEDGE_LEVEL, AGENT_TYPE = "not_provided", "text_mining_agent"
NODE_COLUMNS = (
    *("id", "category", "name", "synonym", "provided_by", "hgvs_nomenclature"),
    *("biodir_identifier", "biodir_documents"),
)
EDGE_COLUMNS = (
    *("id", "subject", "predicate", "object", "category"),
    *("qualified_predicate", "object_aspect_qualifier", "object_direction_qualifier"),
    *("knowledge_level", "agent_type", "primary_knowledge_source", "original_predicate"),
    *("publications", "supporting_text", "has_confidence_score"),
    # Those of biodir: Biolink has no place for them.
    *("biodir_score_noisy_or", "biodir_score_max", "biodir_documents", "biodir_novel", "biodir_known"),
    *("biodir_forward", "biodir_backward", "biodir_undirected", "biodir_opposite_sign"),
    *("biodir_supporting_text_location", "biodir_supporting_text_section", "biodir_other_documents"),
)
# KGX separates the values of a list so, also where a column is no list, and has no way to escape it.
_SEPARATOR = "|"
_SEPARATOR_IN_TEXT = "¦"
_TSV_BREAK = re.compile(r"[\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "kgx.biodir")


def write_kgx_tsv(network: Network, output: Path, settings: NetworkSettings) -> list[str]:
    """Write ``NAME_nodes.tsv`` and ``NAME_edges.tsv`` for an output ``NAME.tsv``; each appears complete.

    KGX takes ``|`` for the end of a value, in every column. So ``|`` in texts becomes ``¦``, and tabs and line breaks
    become spaces. Offsets stay right.

    Returns:
        No notes: all that the network has is in the files.
    """

    def line(row: Mapping[str, Any], columns: Sequence[str]) -> str:
        return "\t".join(_tsv_value(row.get(column)) for column in columns) + "\n"

    return _write(network, output, settings, ".tsv", line, has_header=True)


def write_kgx_jsonl(network: Network, output: Path, settings: NetworkSettings) -> list[str]:
    """Write ``NAME_nodes.jsonl`` and ``NAME_edges.jsonl`` for an output ``NAME.jsonl``; each appears complete.

    Returns:
        No notes: all that the network has is in the files.
    """

    def line(row: Mapping[str, Any], columns: Sequence[str]) -> str:
        return json.dumps({column: row[column] for column in columns if column in row}, ensure_ascii=False) + "\n"

    return _write(network, output, settings, ".jsonl", line, has_header=False)


def kgx_nodes(network: Network, settings: NetworkSettings) -> Iterator[dict[str, Any]]:
    """Yield each node as KGX has it. An identifier with several entity types is one node with several categories."""
    by_id: dict[str, list[Node]] = {}
    for node in network.nodes:
        by_id.setdefault(kgx_id(node), []).append(node)
    for identifier, nodes in by_id.items():
        first = nodes[0]
        categories = dict.fromkeys(CATEGORIES.get(node.entity_type, OTHER_CATEGORY) for node in nodes)
        names = dict.fromkeys(name for node in nodes for name in (node.name, *node.synonyms))
        row = {
            "id": identifier,
            "category": list(categories),
            "name": first.name,
            "synonym": [name for name in names if name != first.name],
            "provided_by": [settings.knowledge_source],
            "hgvs_nomenclature": hgvs_forms(first.id, first.entity_type),
            "biodir_identifier": None if first.is_linked else first.id,
            "biodir_documents": max(node.documents for node in nodes),
        }
        yield _given(row)


def kgx_edges(network: Network, settings: NetworkSettings) -> Iterator[dict[str, Any]]:
    """Yield each edge as KGX has it; the edges of a pair that are one in Biolink, since it has no order, are merged."""
    groups: dict[tuple[Any, ...], list[Edge]] = {}
    for edge in network.edges:
        rule = rule_of(edge)
        ends = (edge.object, edge.subject) if is_turned(edge, rule) else (edge.subject, edge.object)
        key = (ends[0].key, ends[1].key, edge.relation, rule)
        groups.setdefault(key, []).append(edge)
    for (subject, object_, relation, rule), edges in groups.items():
        nodes = {end.key: end for end in (edges[0].subject, edges[0].object)}
        yield _edge_row(nodes[subject], nodes[object_], relation, rule, edges, settings)


def kgx_id(node: Node) -> str:
    """Return the CURIE of a node; without one, a CURIE with the prefix of biodir, from its type and identifier.

    >>> kgx_id(Node("text:beta cells", "CellLine", "beta cells"))
    'biodir:CellLine.text%3Abeta%20cells'
    """
    if node.is_linked:
        return node.id
    return f"{LOCAL_PREFIX}:{quote(f'{node.entity_type}.{node.id}', safe='', errors='surrogatepass')}"


def publication(document_id: str) -> str | None:
    """Return the CURIE of a document in PubMed or PubMed Central; None for others, such as files.

    >>> publication("7000001"), publication("PMC123"), publication("notes.txt:3")
    ('PMID:7000001', 'PMCID:PMC123', None)
    """
    if is_pmid(document_id):
        return f"PMID:{document_id}"
    return f"PMCID:{document_id}" if re.fullmatch("PMC[0-9]+", document_id) else None


def without_half_characters(text: str) -> str:
    """Return a text with the replacement character for halves of characters, which no file in UTF-8 can hold."""
    return _HALF_CHARACTER.sub("\ufffd", text)


def _edge_row(
    subject: Node, object_: Node, relation: str, rule: Rule, edges: Sequence[Edge], settings: NetworkSettings
) -> dict[str, Any]:
    is_qualified = rule.object_direction is not None
    identity = repr((subject.key, object_.key, relation, rule.predicate, rule.object_direction))
    row = {
        "id": f"urn:uuid:{uuid.uuid5(_NAMESPACE, identity)}",
        "subject": kgx_id(subject),
        "predicate": rule.predicate,
        "object": kgx_id(object_),
        "category": [rule.association],
        "qualified_predicate": QUALIFIED_PREDICATE if is_qualified else None,
        "object_aspect_qualifier": OBJECT_ASPECT if is_qualified else None,
        "object_direction_qualifier": rule.object_direction,
        "knowledge_level": KNOWLEDGE_LEVEL,
        "agent_type": AGENT_TYPE,
        "primary_knowledge_source": settings.knowledge_source,
        "original_predicate": f"{LOCAL_PREFIX}:{quote(relation, safe='', errors='surrogatepass')}",
    }
    return _given({**row, **_sources(edges), **_counts(subject, rule, edges)})


def _sources(edges: Sequence[Edge]) -> dict[str, Any]:
    """Return the documents of edges and their sentences."""
    documents = sorted({name for edge in edges for name in edge.documents}, key=id_order)
    publications = {name: publication(name) for name in documents}
    evidence = list(dict.fromkeys(sentence for edge in edges for sentence in edge.evidence))
    return {
        "publications": [found for found in publications.values() if found],
        "supporting_text": [sentence.text for sentence in evidence],
        "biodir_documents": len(documents),
        "biodir_supporting_text_location": [location(sentence) for sentence in evidence],
        "biodir_supporting_text_section": sections_of(evidence),
        "biodir_other_documents": [name for name, found in publications.items() if not found],
    }


def location(sentence: Evidence) -> str:
    """Return where a sentence is, with a fragment after RFC 5147, such as ``PMID:7000001#char=0,16``."""
    return f"{publication(sentence.document) or sentence.document}#char={sentence.start},{sentence.end}"


def sections_of(evidence: Sequence[Evidence]) -> list[str]:
    """Return the section of each sentence, "-" for one without; empty if no sentence has one."""
    return [each.section or "-" for each in evidence] if any(each.section for each in evidence) else []


def _counts(subject: Node, rule: Rule, edges: Sequence[Edge]) -> dict[str, Any]:
    """Return the scores of edges that are one in Biolink, and how many documents state what.

    A document may state several of them: its best score counts, and once what it says of novelty.
    """
    scores: dict[str, float] = {}
    documents_of: dict[str | None, set[str]] = {NOVEL: set(), KNOWN: set()}
    for document, score, novelty in (each for edge in edges for each in edge.stated()):
        documents_of.setdefault(novelty, set()).add(document)
        if score is not None:
            scores[document] = max(score, scores.get(document, 0.0))
    forward = [edge for edge in edges if edge.directed and edge.subject.key == subject.key]
    backward = [edge for edge in edges if edge.directed and edge.subject.key != subject.key]
    # The opposite of an edge may be another edge, with a predicate of its own, or one that was left out.
    return {
        "has_confidence_score": noisy_or(scores.values()),
        "biodir_score_noisy_or": noisy_or(scores.values()),
        "biodir_score_max": score_max(scores.values()),
        "biodir_novel": len(documents_of[NOVEL]),
        "biodir_known": len(documents_of[KNOWN]),
        "biodir_forward": sum(len(edge.documents) for edge in forward) or _most_opposite(backward),
        "biodir_backward": sum(len(edge.documents) for edge in backward) or _most_opposite(forward),
        "biodir_undirected": sum(len(edge.documents) for edge in edges if not edge.directed),
        "biodir_opposite_sign": max(
            edge.opposite_sign_either_way if rule.joins_directions else edge.opposite_sign for edge in edges
        ),
    }


def _most_opposite(edges: Sequence[Edge]) -> int:
    return max((edge.opposite_direction for edge in edges), default=0)


def _given(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None and value != []}


def _write(
    network: Network,
    output: Path,
    settings: NetworkSettings,
    suffix: str,
    line: Callable[[Mapping[str, Any], Sequence[str]], str],
    has_header: bool,
) -> list[str]:
    rows: dict[str, tuple[Iterable[dict[str, Any]], Sequence[str]]] = {
        "nodes": (kgx_nodes(network, settings), NODE_COLUMNS),
        "edges": (kgx_edges(network, settings), EDGE_COLUMNS),
    }
    for what, (entries, columns) in rows.items():
        with open_atomic(output.with_name(f"{name_without(output, suffix)}_{what}{suffix}")) as file:
            if has_header:
                file.write("\t".join(columns) + "\n")
            file.writelines(without_half_characters(line(row, columns)) for row in entries)
    return []


def _tsv_value(value: Any) -> str:
    if isinstance(value, list):
        return _SEPARATOR.join(map(_tsv_value, value))
    return "" if value is None else _TSV_BREAK.sub(" ", str(value)).replace(_SEPARATOR, _SEPARATOR_IN_TEXT)
