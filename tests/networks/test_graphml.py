"""GraphML of a network, read by other readers than the writer."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from biodir.networks.graphml import NAMESPACE, write_graphml
from biodir.networks.merging import Node
from biodir.networks.properties import EDGE_PROPERTIES, NODE_PROPERTIES, node_key, values_of
from helpers.networks import BINDS, IRON, NETWORK, RAISES, SETTINGS, network_of

pytest.importorskip("lxml")
networkx = pytest.importorskip("networkx")
# How a value is written, by the type that its key names, as XML Schema has it.
READ = {"string": str, "long": int, "double": float, "boolean": {"true": True, "false": False}.__getitem__}


@pytest.fixture
def written(tmp_path) -> Path:
    path = tmp_path / "graph.graphml"
    assert write_graphml(NETWORK, path, SETTINGS) == []
    assert list(tmp_path.iterdir()) == [path]
    return path


def expected(owner, properties) -> dict:
    """Return the properties as the file has them: lists are lines."""
    return {
        each.name: "\n".join(text.replace("\n", " ") for text in value) if each.is_list else value
        for each, value in values_of(owner, properties)
    }


def elements(path: Path, name: str) -> list[ElementTree.Element]:
    return list(ElementTree.parse(path).iter(f"{{{NAMESPACE}}}{name}"))


def test_file_has_all_properties_in_the_types_of_their_keys(written):
    keys = {key.get("id"): key for key in elements(written, "key")}
    for name, owners, properties in (
        ("node", NETWORK.nodes, NODE_PROPERTIES),
        ("edge", NETWORK.edges, EDGE_PROPERTIES),
    ):
        found = elements(written, name)
        assert len({each.get("id") for each in found}) == len(owners)
        for element, owner in zip(found, owners, strict=True):
            data = {keys[each.get("key")].get("attr.name"): each for each in element}
            values = {name: READ[keys[each.get("key")].get("attr.type")](each.text) for name, each in data.items()}
            assert {keys[each.get("key")].get("for") for each in element} == {name}
            assert {"label"} <= values.keys() - expected(owner, properties).keys() <= {"label", "weight"}
            assert expected(owner, properties).items() <= values.items()


def test_networkx_gives_the_network_back(written):
    graph = networkx.read_graphml(written, force_multigraph=True)
    assert set(graph) == {node_key(node) for node in NETWORK.nodes}
    for node in NETWORK.nodes:
        assert expected(node, NODE_PROPERTIES).items() <= graph.nodes[node_key(node)].items()
    assert graph.number_of_edges() == len(NETWORK.edges)
    for number, edge in enumerate(NETWORK.edges):
        found = graph.edges[node_key(edge.subject), node_key(edge.object), f"e{number}"]
        assert expected(edge, EDGE_PROPERTIES).items() <= found.items()


def test_label_and_weight_are_those_of_gephi(written):
    graph = networkx.read_graphml(written, force_multigraph=True)
    assert graph.nodes["ChemicalEntity:MESH:D007501"]["label"] == "iron"
    first = graph.edges["ChemicalEntity:MESH:D007501", "GeneOrGeneProduct:NCBIGene:1956", "e0"]
    assert (first["label"], first["weight"]) == ("Positive_Correlation", 3.0)


def test_no_key_has_an_id_that_gephi_takes_for_something_else(written):
    """Gephi matches ids and names of keys to what it draws: `d3` is the label of a node, `d7` of an edge."""
    drawn = {"label", "weight", "id", "edgeid", "size", "x", "y", "z", "r", "g", "b", "d3", "d7", "edgelabel"}
    for key in elements(written, "key"):
        assert key.get("id") not in drawn
        assert key.get("attr.name") not in drawn - {"label", "weight"}


def test_what_xml_cannot_hold_is_a_space(tmp_path):
    odd = Node("text:a\vb", "GeneOrGeneProduct", "x\ufffey\r")
    path = tmp_path / "graph.graphml"
    write_graphml(network_of(BINDS.__class__(odd, IRON, "Bind", False)), path, SETTINGS)
    graph = networkx.read_graphml(path)
    assert graph.nodes["GeneOrGeneProduct:text:a%0Bb"]["name"] == "x y\r"


def test_file_of_before_stays_if_writing_fails(tmp_path):
    path = tmp_path / "graph.graphml"
    path.write_text("before")
    broken = network_of(RAISES.__class__(IRON, IRON, None, True, documents=(None,)))
    with pytest.raises(TypeError):
        write_graphml(broken, path, SETTINGS)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
