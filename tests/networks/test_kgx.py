"""KGX files: nodes and edges of Biolink."""

import csv
import json
from dataclasses import replace

import pytest

from biodir.document_biodir import Relation
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, VARIANT
from biodir.networks.kgx import EDGE_COLUMNS, kgx_edges, kgx_id, kgx_nodes, write_kgx_jsonl, write_kgx_tsv
from biodir.networks.merging import Edge, Evidence, Node, merge
from biodir.networks.settings import NetworkSettings
from helpers import networks
from helpers.marked import marked_document
from helpers.networks import network_of as network

SETTINGS = NetworkSettings("infores:mine")
IRON = Node("MESH:D007501", CHEMICAL, "iron", ("Fe", "fer|rum"), documents=3)
EGFR = Node("NCBIGene:1956", GENE, "EGFR", documents=2)
TNF = Node("text:tnf alpha", GENE, "TNF\talpha", documents=1)
V600E = Node("p|SUB|V|600|E", VARIANT, "V600E", documents=1)
SENTENCES = (Evidence("7000001", 0, 16, 'Iron | "raises"\nEGFR', "RESULTS"), Evidence("notes.txt:3", 5, 9, "Iron"))
RAISES = replace(networks.RAISES, subject=IRON, object=EGFR, evidence=SENTENCES)


def edge_rows(*edges: Edge) -> list[dict]:
    """Return the edges as KGX has them, without their ids."""
    return [{**row, "id": ""} for row in kgx_edges(network(*edges), SETTINGS)]


def test_edge_has_all_that_biolink_requires_and_what_the_network_knows():
    (row,) = edge_rows(RAISES)
    assert row == {
        "id": "",
        "subject": "MESH:D007501",
        "predicate": "biolink:affects",
        "object": "NCBIGene:1956",
        "category": ["biolink:ChemicalAffectsGeneAssociation"],
        "qualified_predicate": "biolink:causes",
        "object_aspect_qualifier": "activity_or_abundance",
        "object_direction_qualifier": "increased",
        "knowledge_level": "not_provided",
        "agent_type": "text_mining_agent",
        "primary_knowledge_source": "infores:mine",
        "original_predicate": "biodir:Positive_Correlation",
        "publications": ["PMCID:PMC12", "PMID:7000001"],
        "supporting_text": ['Iron | "raises"\nEGFR', "Iron"],
        "has_confidence_score": 0.75,
        "biodir_score_noisy_or": 0.75,
        "biodir_score_max": 0.5,
        "biodir_documents": 3,
        "biodir_novel": 2,
        "biodir_known": 1,
        "biodir_forward": 3,
        "biodir_backward": 4,
        "biodir_undirected": 0,
        "biodir_opposite_sign": 5,
        "biodir_supporting_text_location": ["PMID:7000001#char=0,16", "notes.txt:3#char=5,9"],
        "biodir_supporting_text_section": ["RESULTS", "-"],
        "biodir_other_documents": ["notes.txt:3"],
    }
    assert set(row) == set(EDGE_COLUMNS)


def test_what_is_unknown_is_left_out():
    (row,) = edge_rows(Edge(IRON, EGFR, "Bind", False, ("7",)))
    absent = {"has_confidence_score", "supporting_text", "qualified_predicate", "biodir_score_max"}
    assert not absent & row.keys()


def test_edges_of_a_pair_without_order_are_one():
    rows = edge_rows(
        Edge(IRON, EGFR, "Bind", True, ("1", "2"), (), (0.5,), ("Novel",)),
        Edge(EGFR, IRON, "Bind", True, ("3",), (), (0.5,), ("No",)),
        Edge(IRON, EGFR, "Bind", False, ("2", "4")),
    )
    (row,) = rows
    assert (row["subject"], row["object"]) == ("MESH:D007501", "NCBIGene:1956")
    assert row["publications"] == ["PMID:1", "PMID:2", "PMID:3", "PMID:4"]
    assert (row["has_confidence_score"], row["biodir_score_max"]) == (0.75, 0.5)
    numbers = ("documents", "forward", "backward", "undirected", "novel", "known")
    assert [row[f"biodir_{name}"] for name in numbers] == [4, 2, 1, 2, 1, 1]


def test_document_that_states_both_directions_counts_once_with_its_best_score():
    directions = (
        Edge(IRON, EGFR, "Bind", True, ("1", "2"), (), (0.5, 0.2), ("Novel", "No")),
        Edge(EGFR, IRON, "Bind", True, ("1", "3"), (), (0.5, None), ("Novel", "No")),
        Edge(IRON, EGFR, "Bind", False, ("1",), (), (0.4,), ("No",)),
    )
    (row,) = edge_rows(*directions)
    assert (row["has_confidence_score"], row["biodir_score_max"]) == (0.6, 0.5)
    assert (row["biodir_documents"], row["biodir_novel"], row["biodir_known"]) == (3, 1, 3)


@pytest.mark.parametrize(("subject", "object_"), [(IRON, EGFR), (EGFR, IRON)])
def test_documents_of_a_direction_that_was_left_out_are_counted(subject, object_):
    (row,) = edge_rows(Edge(subject, object_, "Bind", True, ("1", "2", "3"), opposite_direction=1))
    assert {row["biodir_forward"], row["biodir_backward"]} == {3, 1}


def test_opposite_sign_of_an_edge_without_order_counts_documents_of_both_directions():
    signs = {"1": ("Positive", "D1"), "2": ("Positive", "D2"), "3": ("Negative", "D1"), "4": ("Negative", "D2")}
    documents = [
        marked_document(
            "<D:D1 Flu> and <D:D2 cough>.",
            id=name,
            relations=(Relation(f"{sign}_Correlation", "D1", "D2", subject_id=subject),),
        )
        for name, (sign, subject) in signs.items()
    ]
    rows = list(kgx_edges(merge(documents), SETTINGS))
    assert [(row["predicate"], row["biodir_opposite_sign"]) for row in rows] == [("biolink:associated_with", 2)] * 2
    (one_way, _) = kgx_edges(merge(documents[::3]), SETTINGS)
    assert one_way["biodir_opposite_sign"] == 1


def test_edge_of_a_node_with_itself_goes_forward_only():
    (row,) = edge_rows(Edge(EGFR, EGFR, "Bind", True, ("1", "2")))
    assert (row["biodir_forward"], row["biodir_backward"]) == (2, 0)


def test_other_relations_of_a_pair_stay_other_edges():
    kinds = ("Cotreatment", "Comparison", "Conversion")
    rows = list(kgx_edges(network(*(Edge(IRON, EGFR, kind, False, ("1",)) for kind in kinds)), SETTINGS))
    assert [row["original_predicate"] for row in rows] == [f"biodir:{kind}" for kind in kinds]
    assert {row["predicate"] for row in rows} == {"biolink:related_to"}
    assert len({row["id"] for row in rows}) == 3


def test_id_of_an_edge_is_that_of_its_meaning():
    first, again, turned = (
        next(kgx_edges(network(edge), SETTINGS))["id"]
        for edge in (RAISES, Edge(IRON, EGFR, "Positive_Correlation", True), Edge(EGFR, IRON, RAISES.relation, True))
    )
    assert first == again != turned


def test_variant_is_the_subject_of_a_response():
    (row,) = edge_rows(Edge(IRON, V600E, "Association", True, ("1",)))
    assert (row["subject"], row["object"]) == ("biodir:SequenceVariant.p%7CSUB%7CV%7C600%7CE", "MESH:D007501")
    assert (row["biodir_forward"], row["biodir_backward"]) == (0, 1)


def test_nodes_have_class_names_and_source():
    assert list(kgx_nodes(network(Edge(IRON, V600E, "Association", False)), SETTINGS)) == [
        {
            "id": "MESH:D007501",
            "category": ["biolink:ChemicalEntity"],
            "name": "iron",
            "synonym": ["Fe", "fer|rum"],
            "provided_by": ["infores:mine"],
            "biodir_documents": 3,
        },
        {
            "id": "biodir:SequenceVariant.p%7CSUB%7CV%7C600%7CE",
            "category": ["biolink:SequenceVariant"],
            "name": "V600E",
            "provided_by": ["infores:mine"],
            "hgvs_nomenclature": ["p.V600E"],
            "biodir_identifier": "p|SUB|V|600|E",
            "biodir_documents": 1,
        },
    ]


def test_identifier_with_two_types_is_one_node_with_two_classes():
    other = Node(IRON.id, DISEASE, "iron overload", ("Fe",), documents=1)
    row, _ = kgx_nodes(network(Edge(IRON, EGFR, "Bind", False), Edge(other, EGFR, "Bind", False)), SETTINGS)
    assert row["category"] == ["biolink:ChemicalEntity", "biolink:DiseaseOrPhenotypicFeature"]
    assert (row["name"], row["synonym"]) == ("iron", ["Fe", "fer|rum", "iron overload"])


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (TNF, "biodir:GeneOrGeneProduct.text%3Atnf%20alpha"),
        (Node("a/b<c>", "Tissue", "x"), "biodir:Tissue.a%2Fb%3Cc%3E"),
    ],
)
def test_node_without_identifier_has_a_curie_without_what_curies_cannot_hold(node, expected):
    assert kgx_id(node) == expected


def test_tsv_has_one_line_for_each_row_and_no_separator_in_texts(tmp_path):
    merged = network(RAISES, Edge(TNF, V600E, "Bind", False, ("1",)))
    assert write_kgx_tsv(merged, tmp_path / "graph.tsv", SETTINGS) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graph_edges.tsv", "graph_nodes.tsv"]
    tables = {}
    for what in ("nodes", "edges"):
        with (tmp_path / f"graph_{what}.tsv").open(encoding="utf-8", newline="") as file:
            tables[what] = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert tables["edges"][0]["supporting_text"] == 'Iron ¦ "raises" EGFR|Iron'
    assert tables["edges"][0]["publications"] == "PMCID:PMC12|PMID:7000001"
    assert tables["edges"][1]["has_confidence_score"] == ""
    assert [row["name"] for row in tables["nodes"]] == ["iron", "EGFR", "TNF alpha", "V600E"]
    assert tables["nodes"][0]["synonym"] == "Fe|fer¦rum"
    assert tables["nodes"][3]["biodir_identifier"] == "p¦SUB¦V¦600¦E"


def test_json_lines_keep_texts_as_they_are(tmp_path):
    merged = network(RAISES)
    write_kgx_jsonl(merged, tmp_path / "graph.jsonl", SETTINGS)
    for what, rows in (("nodes", kgx_nodes(merged, SETTINGS)), ("edges", kgx_edges(merged, SETTINGS))):
        lines = (tmp_path / f"graph_{what}.jsonl").read_text(encoding="utf-8").splitlines()
        assert list(map(json.loads, lines)) == list(rows)
