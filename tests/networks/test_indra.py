"""Statements of INDRA."""

import json
import uuid

import pytest

from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, VARIANT
from biodir.networks.indra import indra_statement, write_indra
from biodir.networks.merging import Edge, Node
from helpers.networks import EGFR, IRON, LOWERS, NETWORK, RAISES, SETTINGS, TNF, network_of


def statement(edge: Edge) -> dict:
    found = indra_statement(edge)
    assert found is not None
    return found


def test_statement_has_agents_evidence_and_belief():
    found = statement(RAISES)
    assert uuid.UUID(found.pop("id")).version == 5
    assert found == {
        "type": "Activation",
        "subj": {"name": "iron", "db_refs": {"TEXT": "iron", "MESH": "D007501"}},
        "obj": {"name": "EGFR", "db_refs": {"TEXT": "EGFR", "EGID": "1956"}},
        "obj_activity": "activity",
        "evidence": [
            {
                "source_api": "biodir",
                "annotations": {"document": "7000001", "start": 0, "end": 17},
                "text": 'Iron; | "raises",\nEGFR',
                "text_refs": {"PMID": "7000001"},
                "pmid": "7000001",
            },
            {
                "source_api": "biodir",
                "annotations": {"document": "notes.txt:3", "start": 5, "end": 9},
                "text": "Iron",
            },
            {"source_api": "biodir", "annotations": {"document": "PMC12"}, "text_refs": {"PMCID": "PMC12"}},
        ],
        "belief": 0.75,
    }


def test_negative_correlation_is_an_inhibition():
    found = statement(LOWERS)
    assert (found["type"], found["subj"]["db_refs"]) == ("Inhibition", {"TEXT": TNF.name})
    assert [each["pmid"] for each in found["evidence"]] == ["1", "2"]


def test_edge_without_score_has_no_belief():
    assert "belief" not in statement(Edge(IRON, EGFR, "Positive_Correlation", True, ("1",)))


@pytest.mark.parametrize(
    ("identifier", "kind", "references"),
    [
        ("CHEBI:18248", CHEMICAL, {"CHEBI": "CHEBI:18248"}),
        ("NCBIGene:1", GENE, {"EGID": "1"}),
        ("MESH:C046498", CHEMICAL, {"MESH": "C046498"}),
        ("UMLS:C0000001", GENE, {}),
        ("text:a", GENE, {}),
    ],
)
def test_references_are_in_the_namespaces_of_indra(identifier, kind, references):
    found = statement(Edge(Node(identifier, kind, "a"), EGFR, "Negative_Correlation", True))
    assert found["subj"]["db_refs"] == {"TEXT": "a", **references}


@pytest.mark.parametrize(
    ("subject", "object_kind", "relation", "directed"),
    [
        (GENE, GENE, "Positive_Correlation", False),
        (GENE, GENE, "Bind", True),
        (GENE, CHEMICAL, "Positive_Correlation", True),
        (CHEMICAL, DISEASE, "Negative_Correlation", True),
        (VARIANT, GENE, "Negative_Correlation", True),
    ],
)
def test_other_edges_are_no_statements(subject, object_kind, relation, directed):
    assert indra_statement(Edge(Node("a", subject, "a"), Node("b", object_kind, "b"), relation, directed)) is None


def test_agents_that_indra_compares_by_name_have_different_names(tmp_path):
    genes = [Node(f"NCBIGene:{number}", GENE, "caspase-3 and -9") for number in (12367, 12371)]
    chemicals = [Node(identifier, CHEMICAL, "iron") for identifier in ("MESH:D007501", "CHEBI:18248", "text:iron")]
    edges = [Edge(chemical, gene, "Positive_Correlation", True) for chemical in chemicals for gene in genes]
    write_indra(network_of(*edges), tmp_path / "graph.json", SETTINGS)
    found = json.loads((tmp_path / "graph.json").read_text(encoding="utf-8"))
    assert [each["subj"]["name"] for each in found] == ["iron"] * 6
    assert [each["obj"]["name"] for each in found[:2]] == [f"caspase-3 and -9 [{gene.id}]" for gene in genes]
    assert {each["obj"]["db_refs"]["TEXT"] for each in found} == {"caspase-3 and -9"}


def test_ids_are_those_of_the_meaning():
    again = Edge(IRON, EGFR, "Positive_Correlation", True, ("9",))
    others = [Edge(IRON, EGFR, "Negative_Correlation", True), Edge(IRON, TNF, "Positive_Correlation", True)]
    assert statement(RAISES)["id"] == statement(again)["id"]
    assert len({statement(edge)["id"] for edge in (RAISES, *others)}) == 3


def test_file_is_a_list_and_what_is_left_out_is_counted(tmp_path):
    path = tmp_path / "graph.json"
    assert write_indra(NETWORK, path, SETTINGS) == ["edges that are no statement of INDRA, left out: 3"]
    assert json.loads(path.read_text(encoding="utf-8")) == [statement(RAISES), statement(LOWERS)]
    assert list(tmp_path.iterdir()) == [path]


def test_network_without_statements_is_an_empty_list(tmp_path):
    path = tmp_path / "graph.json"
    assert write_indra(NETWORK.__class__((), ()), path, SETTINGS) == []
    assert json.loads(path.read_text(encoding="utf-8")) == []
