"""The network of a published corpus."""

from collections import Counter

import pytest

from biodir.cli import main
from biodir.formats.reading import read_documents
from biodir.networks.formats import FORMATS, network_format
from biodir.networks.indra import indra_statement
from biodir.networks.inputs import read_statements
from biodir.networks.kgx import kgx_id
from biodir.networks.merging import merge
from helpers.networks import parsed_files

pytestmark = pytest.mark.corpus


@pytest.fixture
def path(data_dir):
    return data_dir / "bioredirect" / "bioredirect_test.pubtator"


def test_every_statement_is_in_one_edge(path):
    found = list(read_statements(path))
    stated = {
        (each.subject, each.object, each.relation, each.directed, document.id)
        for document in found
        for each in document.statements
    }
    network = merge(found)
    merged = Counter(
        (edge.subject.key, edge.object.key, edge.relation, edge.directed, name)
        for edge in network.edges
        for name in edge.documents
    )
    assert merged == Counter(stated)
    assert len(network.edges) > 1000


def test_evidence_is_the_text_at_its_offsets_and_novelty_is_counted_once(path):
    texts = {document.id: document.text for document in read_documents(path)}
    for edge in merge(read_documents(path)).edges:
        assert edge.evidence
        for sentence in edge.evidence:
            assert texts[sentence.document][sentence.start : sentence.end] == sentence.text
        assert edge.novel + edge.known == len(edge.documents)


def values(element, key: str) -> list[str]:
    """The lines of a property of GraphML, of all its nodes or edges."""
    return [line for data in element.findall(f".//{{*}}data[@key='{key}']") for line in data.text.split("\n")]


def column(rows, name: str, separator: str) -> list[str]:
    """The values of a column of a table with a header."""
    place = rows[0].index(name)
    return [value for row in rows[1:] for value in row[place].split(separator)]


# Format -> identifiers of the nodes, and PMIDs of each edge, in its parsed files.
CONTENT = {
    "kgx-tsv": lambda nodes, edges: (column(nodes, "id", "|"), column(edges, "publications", "|")),
    "kgx-jsonl": lambda nodes, edges: (
        [row["id"] for row in nodes],
        [each for row in edges for each in row["publications"]],
    ),
    "neo4j": lambda nodes, edges: (column(nodes, "identifier:string", "\n"), column(edges, "pmids:string[]", ";")),
    "cx2": lambda parts: (
        [node["v"]["identifier"] for part in parts for node in part.get("nodes", ())],
        [each for part in parts for edge in part.get("edges", ()) for each in edge["v"]["pmids"]],
    ),
    "graphml": lambda root: (values(root, "node_identifier"), values(root, "edge_pmids")),
    "page": lambda page: (
        [node["id"] for node in page["nodes"]],
        [each for edge in page["edges"] for each in edge["documents"]],
    ),
    "indra": lambda found: (
        [f"{name}:{local}".replace("EGID", "NCBIGene") for each in found for end in ("subj", "obj")
         for name, local in each[end]["db_refs"].items() if name != "TEXT"],
        [pmid for each in found for pmid in {part["pmid"] for part in each["evidence"]}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("each", FORMATS, ids=lambda each: each.name)
def test_every_format_has_all_nodes_and_the_documents_of_each_edge(each, path, tmp_path):
    assert main(["network", str(path), "-o", str(tmp_path / "graph"), "--format", each.name]) == 0
    network = merge(read_documents(path))
    nodes, documents = CONTENT[each.name](*parsed_files(each, tmp_path / "graph"))
    edges = [edge for edge in network.edges if each.name != "indra" or indra_statement(edge)]
    expected = {end for edge in edges for end in (edge.subject, edge.object)}
    if each.name == "indra":  # its agents have no identifiers of other vocabularies
        expected = {end for end in expected if end.id.startswith(("MESH:", "NCBIGene:"))}
    assert set(nodes) == {kgx_id(end) if each.name.startswith("kgx") else end.id for end in expected}
    assert Counter(name.removeprefix("PMID:") for name in documents) == Counter(
        name for edge in edges for name in edge.documents
    )
    assert len(documents) > 100


def test_ends_of_the_edges_of_kgx_are_its_nodes(path, tmp_path):
    assert main(["network", str(path), "-o", str(tmp_path / "graph.jsonl")]) == 0
    nodes, edges = parsed_files(network_format(tmp_path / "graph.jsonl"), tmp_path / "graph.jsonl")
    assert {row[end] for row in edges for end in ("subject", "object")} == {row["id"] for row in nodes}
