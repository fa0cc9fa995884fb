"""Selection: a part of a network, and its relation types in the names of another vocabulary."""

from dataclasses import replace

from biodir.formats.pubtator_names import Vocabulary, pubtator3_relation
from biodir.networks.merging import Network


def select(
    network: Network, min_documents: int = 1, linked_only: bool = False, min_score: float = 0.0
) -> tuple[Network, list[str]]:
    """Return the part of a network that is wanted, and lines that say how much was left out.

    Nodes that have no edge left are left out, too.

    Args:
        network: of merged documents.
        min_documents: edges of fewer documents are left out.
        linked_only: whether nodes are left out that have no identifier of a vocabulary, with their edges.
        min_score: edges whose `Edge.score_noisy_or` is lower are left out; those without scores, as of gold documents,
            stay.

    >>> select(Network((), (), documents=3))
    (Network(nodes=(), edges=(), documents=3), [])
    """
    edges = [edge for edge in network.edges if not linked_only or (edge.subject.is_linked and edge.object.is_linked)]
    notes = []
    if len(edges) < len(network.edges):
        unlinked = sum(not node.is_linked for node in network.nodes)
        notes.append(f"nodes without an identifier, left out: {unlinked}")
        notes.append(f"edges of nodes without an identifier, left out: {len(network.edges) - len(edges)}")
    scored = [edge for edge in edges if edge.score_noisy_or is None or edge.score_noisy_or >= min_score]
    if len(scored) < len(edges):
        notes.append(f"edges with a score below {min_score:g}, left out: {len(edges) - len(scored)}")
    kept = [edge for edge in scored if len(edge.documents) >= min_documents]
    if len(kept) < len(scored):
        notes.append(f"edges of fewer than {min_documents} documents, left out: {len(scored) - len(kept)}")
    related = {end.key for edge in kept for end in (edge.subject, edge.object)}
    nodes = tuple(node for node in network.nodes if node.key in related)
    return replace(network, nodes=nodes, edges=tuple(kept)), notes


def with_vocabulary(network: Network, vocabulary: Vocabulary | None) -> Network:
    """Return the network with the relation types of a vocabulary; None for those that it has."""
    if vocabulary is None:
        return network
    edges = (
        replace(edge, relation=pubtator3_relation(edge.relation, (edge.subject.entity_type, edge.object.entity_type)))
        for edge in network.edges
    )
    return replace(network, edges=tuple(edges))
