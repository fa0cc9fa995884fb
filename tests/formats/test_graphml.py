"""Relations as a graph: what nodes and edges hold, and that GraphML gives it back."""

from io import BytesIO
from xml.etree import ElementTree

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


GRAPHML = "{http://graphml.graphdrawing.org/xmlns}"
# What the type of a key allows as text of its data, in the words of XML Schema.
WRITTEN_AS = {
    "boolean": lambda text: text in ("true", "false"),
    "long": lambda text: text.lstrip("-").isdecimal(),
    "double": lambda text: float(text) is not None,
    "string": lambda text: True,
}


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
    assert graph.edges[T790M, GEFITINIB, 1]["directed"] is False
    assert graph.edges[T790M, GEFITINIB, 1]["evidence"] == "EGFR & T790M.\nGefitinib <blocks> EGFR."


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


@pytest.mark.parametrize(
    "results",
    [(*RESULTS, *RESULTS), (result(GENE, {**GENE, "text": "True"}, "Bind", 0.4, novelty="True", novelty_score=None),)],
    ids=["two relations of a pair", "names that are truth values"],
)
def test_other_readers_find_distinct_edges_known_keys_and_values_of_their_types(results):
    """The rules of graphology, cytoscape.js and rustworkx, which refuse or drop what breaks them."""
    root = ElementTree.fromstring(format_graphml(DOCUMENT, results))
    (graph,) = root.iter(f"{GRAPHML}graph")
    kinds = {key.get("id"): (key.get("for"), key.get("attr.type")) for key in root.iter(f"{GRAPHML}key")}
    nodes, edges = (list(graph.iter(f"{GRAPHML}{name}")) for name in ("node", "edge"))
    ids = [each.get("id") for each in (*nodes, *edges)]
    assert len(edges) == len(results)
    assert None not in ids
    assert len(set(ids)) == len(ids)
    assert {each.get(end) for each in edges for end in ("source", "target")} == {each.get("id") for each in nodes}
    for owner, elements in (("graph", [graph]), ("node", nodes), ("edge", edges)):
        for data in (data for element in elements for data in element.findall(f"{GRAPHML}data")):
            place, kind = kinds[data.get("key")]
            assert place == owner
            assert WRITTEN_AS[kind](data.text)


def test_truth_values_of_texts_stay_as_they_are():
    odd = {"id": "True", "type": "ChemicalEntity", "text": "<data key='d6'>True</data>"}
    back = read_back(format_graphml(DOCUMENT, [result(odd, GENE, "Bind", 0.4, directed=False)]))
    assert back.nodes["ChemicalEntity:True"]["identifier"] == "True"
    assert back.nodes["ChemicalEntity:True"]["name"] == "<data key='d6'>True</data>"
    (edge,) = back.edges(data=True)
    assert edge[2]["directed"] is False
