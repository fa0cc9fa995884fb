"""CSV of Neo4j, read by the rules of its manual."""

import csv

import pytest

from biodir.networks.merging import Node
from biodir.networks.neo4j import relationship_type, write_neo4j_csv
from biodir.networks.properties import EDGE_PROPERTIES, NODE_PROPERTIES, values_of
from helpers.networks import BINDS, IRON, NETWORK, SETTINGS, network_of

READ = {"string": str, "int": int, "double": float, "boolean": {"true": True, "false": False}.__getitem__}


def read(path) -> list[dict]:
    """Return the rows as the importer does: a record is a line, lists end with ;, empty fields are no properties."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *records = [next(csv.reader([line])) for line in file]
    assert all(len(record) == len(header) for record in records)
    return [dict(filter(None, map(_field, header, record))) for record in records]


def _field(column: str, text: str):
    name, _, kind = column.partition(":")
    if not text:
        return None
    if kind.endswith("[]"):
        return name, [READ[kind.removesuffix("[]")](each) for each in text.split(";")]
    return (name, READ[kind](text)) if kind in READ else (kind, text)


@pytest.fixture
def rows(tmp_path) -> dict[str, list[dict]]:
    assert write_neo4j_csv(NETWORK, tmp_path / "graph.csv", SETTINGS) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graph_edges.csv", "graph_nodes.csv"]
    return {name: read(tmp_path / f"graph_{name}.csv") for name in ("nodes", "edges")}


def expected(owner, properties) -> dict:
    return {
        each.name: [text.replace(";", ",").replace("\n", " ") for text in value] if each.is_list else value
        for each, value in values_of(owner, properties)
    }


def test_headers_have_the_types_of_the_columns(tmp_path):
    write_neo4j_csv(NETWORK, tmp_path / "graph.csv", SETTINGS)
    headers = [(tmp_path / f"graph_{name}.csv").read_text("utf-8").split("\n")[0] for name in ("nodes", "edges")]
    assert headers == [
        "key:ID,:LABEL,identifier:string,type:string,name:string,synonyms:string[],documents:int",
        ":START_ID,:END_ID,:TYPE,relation:string,directed:boolean,documents:int,pmids:string[],"
        "other_documents:string[],evidence:string[],evidence_location:string[],evidence_section:string[],"
        "score_noisy_or:double,score_max:double,novel:int,known:int,opposite_direction:int,opposite_sign:int",
    ]


def test_rows_give_the_network_back(rows):
    by_key = {}
    for node, row in zip(NETWORK.nodes, rows["nodes"], strict=True):
        by_key[row.pop("ID")] = node
        assert row.pop("LABEL").split(";") == [node.entity_type, "Entity"]
        assert row == expected(node, NODE_PROPERTIES)
    assert len(by_key) == len(NETWORK.nodes)
    for edge, row in zip(NETWORK.edges, rows["edges"], strict=True):
        assert [by_key[row.pop(end)] for end in ("START_ID", "END_ID")] == [edge.subject, edge.object]
        assert row.pop("TYPE") == edge.relation.upper()
        assert row == expected(edge, EDGE_PROPERTIES)


def test_lists_keep_their_length(rows):
    assert rows["nodes"][0]["synonyms"] == ["Fe, ferrum", 'fer|rum, "red"']
    assert rows["edges"][0]["evidence"] == ['Iron, | "raises", EGFR', "Iron"]


@pytest.mark.parametrize(
    ("relation", "expected_type"), [("Drug_Interaction", "DRUG_INTERACTION"), ("a;b c`", "A_B_C_"), ("", "RELATED")]
)
def test_relationship_type_needs_no_quotes(relation, expected_type):
    assert relationship_type(relation) == expected_type


@pytest.mark.parametrize(("kind", "labels"), [("Cell;Type x", "Cell_Type_x;Entity"), ("", "Entity")])
def test_unknown_entity_type_is_a_label(kind, labels, tmp_path):
    write_neo4j_csv(network_of(BINDS.__class__(Node("a", kind, "a"), IRON, "Bind", True)), tmp_path / "g.csv", SETTINGS)
    assert read(tmp_path / "g_nodes.csv")[0]["LABEL"] == labels
