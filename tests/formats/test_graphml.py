"""Relations as a graph: what nodes and edges hold, and that GraphML gives it back."""

from io import BytesIO

import pytest

from biodir.formats.graphml import format_graphml, relation_graph
from helpers.demo_predictions import GENE, RESULTS, prediction, result

networkx = pytest.importorskip("networkx")
DOCUMENT = prediction().document
EGFR, T790M, GEFITINIB = (
    "GeneOrGeneProduct:1956",
    "SequenceVariant:p|SUB|T|790|M",
    "ChemicalEntity:D000077156",
)


def read_back(text: str):
    return networkx.read_graphml(BytesIO(text.encode()), force_multigraph=True)


def test_nodes_are_the_related_entities():
    graph = relation_graph(DOCUMENT, RESULTS)
    assert set(graph) == {EGFR, T790M, GEFITINIB}
    assert graph.nodes[EGFR] == {"identifier": "1956", "type": "GeneOrGeneProduct", "name": "EGFR", "mentions": 2}


def test_edges_run_from_subject_to_object_and_say_whether_that_means_something():
    graph = relation_graph(DOCUMENT, RESULTS)
    assert set(graph.edges()) == {(GEFITINIB, EGFR), (T790M, GEFITINIB)}
    assert graph.is_directed()
    assert graph.edges[GEFITINIB, EGFR, 0] == {
        "relation": "Negative_Correlation",
        "directed": True,
        "novelty": "Novel",
        "evidence": "Gefitinib <blocks> EGFR.",
        "score": 0.9,
        "relation_score": 0.9,
        "novelty_score": 1.0,
        "direction_score": 1.0,
    }
    assert graph.edges[T790M, GEFITINIB, 0]["directed"] is False
    assert graph.edges[T790M, GEFITINIB, 0]["evidence"] == "EGFR & T790M.\nGefitinib <blocks> EGFR."


def test_file_gives_the_graph_back():
    graph, back = relation_graph(DOCUMENT, RESULTS), read_back(format_graphml(DOCUMENT, RESULTS))
    assert back.is_directed()
    assert dict(back.nodes(data=True)) == dict(graph.nodes(data=True))
    assert sorted(back.edges(data=True), key=str) == sorted(graph.edges(data=True), key=str)


def test_what_xml_cannot_hold_is_a_space_and_missing_values_are_left_out():
    odd = {"id": "a\x0bb", "type": "ChemicalEntity", "text": "x\ufffey \N{DNA DOUBLE HELIX}"}
    results = [result(odd, GENE, "Bind", 0.4, novelty=None, novelty_score=None)]
    back = read_back(format_graphml(DOCUMENT, results))
    assert back.nodes["ChemicalEntity:a b"]["name"] == "x y \N{DNA DOUBLE HELIX}"
    assert "novelty" not in back.edges["ChemicalEntity:a b", EGFR, next(iter(back["ChemicalEntity:a b"][EGFR]))]
