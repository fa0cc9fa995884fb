"""Parts of a network, and its relation types in other names."""

from dataclasses import replace

from biodir.labels_biodir import CHEMICAL, DISEASE, GENE
from biodir.networks.merging import Edge, Network, Node
from biodir.networks.selection import select, with_vocabulary

IRON, EGFR = Node("MESH:D007501", CHEMICAL, "iron"), Node("NCBIGene:1956", GENE, "EGFR")
FLU, TNF = Node("MESH:D007251", DISEASE, "flu"), Node("text:tnf", GENE, "TNF")
NETWORK = Network(
    (IRON, EGFR, FLU, TNF),
    (
        Edge(IRON, FLU, "Negative_Correlation", True, ("1", "2")),
        Edge(TNF, FLU, "Positive_Correlation", True, ("1", "2")),
        Edge(IRON, EGFR, "Bind", False, ("1",)),
    ),
    documents=2,
)


def test_everything_is_kept_by_default():
    assert select(NETWORK) == (NETWORK, [])


def test_edges_of_few_documents_are_left_out_with_the_nodes_that_have_no_other():
    found, notes = select(NETWORK, min_documents=2)
    assert (found.nodes, found.edges, found.documents) == ((IRON, FLU, TNF), NETWORK.edges[:2], 2)
    assert notes == ["edges of fewer than 2 documents, left out: 1"]


def test_edges_of_a_low_score_are_left_out_but_not_those_without():
    edges = tuple(replace(NETWORK.edges[0], scores=(score,)) for score in (0.4, 0.5, None))
    found, notes = select(replace(NETWORK, edges=edges), min_score=0.5)
    assert found.edges == edges[1:]
    assert notes == ["edges with a score below 0.5, left out: 1"]


def test_nodes_without_identifier_are_left_out_with_their_edges():
    found, notes = select(NETWORK, linked_only=True)
    assert found.nodes == (IRON, EGFR, FLU)
    assert [edge.relation for edge in found.edges] == ["Negative_Correlation", "Bind"]
    assert notes == [
        "nodes without an identifier, left out: 1",
        "edges of nodes without an identifier, left out: 1",
    ]


def test_vocabulary_of_pubtator3_names_relations_by_the_types_of_their_ends():
    assert [edge.relation for edge in with_vocabulary(NETWORK, "pubtator3").edges] == ["treat", "stimulate", "interact"]
    assert with_vocabulary(NETWORK, None) is NETWORK
