"""CX2: what its specification wants, and that the file gives the network back."""

import json

import pytest

from biodir.networks.cx2 import write_cx2
from biodir.networks.properties import EDGE_PROPERTIES, NODE_PROPERTIES, values_of
from helpers.networks import NETWORK, SETTINGS, network_of

PYTHON_TYPES = {"string": str, "integer": int, "double": float, "boolean": bool, "list_of_string": list}


def read(network, folder) -> list[dict]:
    path = folder / "graph.cx2"
    assert write_cx2(network, path, SETTINGS) == []
    assert list(folder.iterdir()) == [path]
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def parts(tmp_path) -> list[dict]:
    return read(NETWORK, tmp_path)


def test_declarations_come_first_and_the_status_last(parts):
    assert parts[0] == {"CXVersion": "2.0", "hasFragments": False}
    assert [next(iter(part)) for part in parts[1:]] == [
        *("metaData", "attributeDeclarations", "networkAttributes", "nodes", "edges", "status"),
    ]
    assert parts[-1] == {"status": [{"success": True, "error": ""}]}


def test_metadata_counts_the_elements_of_each_aspect(parts):
    counts = {each["name"]: each["elementCount"] for each in parts[1]["metaData"]}
    assert counts == {name: len(part[name]) for part in parts[2:-1] for name in part}


def test_every_value_is_declared_and_of_its_type(parts):
    aspects = {name: part[name] for part in parts[1:] for name in part}
    (declared,) = aspects["attributeDeclarations"]
    rows = [("networkAttributes", each) for each in aspects["networkAttributes"]]
    rows += [(name, each["v"]) for name in ("nodes", "edges") for each in aspects[name]]
    for aspect, values in rows:
        for name, value in values.items():
            assert type(value) is PYTHON_TYPES[declared[aspect][name]["d"]]


def test_file_gives_the_network_back(parts):
    aspects = {name: part[name] for part in parts[1:] for name in part}
    assert aspects["networkAttributes"] == [{"name": "graph", "documents": 4}]
    nodes = {each["id"]: each["v"] for each in aspects["nodes"]}
    assert len(nodes) == len(NETWORK.nodes)
    for node, found in zip(NETWORK.nodes, nodes.values(), strict=True):
        extra = {"represents": node.id} if node.is_linked else {}
        assert found == {each.name: value for each, value in values_of(node, NODE_PROPERTIES)} | extra
    for edge, found in zip(NETWORK.edges, aspects["edges"], strict=True):
        values = {each.name: value for each, value in values_of(edge, EDGE_PROPERTIES)}
        assert found["v"] == {**values, "interaction": edge.relation}
        ends = [nodes[found[end]]["identifier"] for end in ("s", "t")]
        assert ends == [edge.subject.id, edge.object.id]
    assert len({each["id"] for each in aspects["edges"]}) == len(NETWORK.edges)


def test_network_without_edges_is_complete(tmp_path):
    aspects = {name: part[name] for part in read(network_of(), tmp_path)[1:] for name in part}
    assert (aspects["nodes"], aspects["edges"]) == ([], [])
