"""The network of a published corpus."""

import json
import re
from collections import Counter

import pytest

from biodir.cli import main
from biodir.formats.reading import read_documents
from biodir.networks.formats import FORMATS
from biodir.networks.indra import indra_statement
from biodir.networks.inputs import read_statements
from biodir.networks.merging import merge

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


@pytest.mark.parametrize("each", FORMATS, ids=lambda each: each.name)
def test_every_format_names_all_nodes_and_as_many_documents_as_there_are(each, path, tmp_path):
    assert main(["network", str(path), "-o", str(tmp_path / "graph"), "--format", each.name]) == 0
    network = merge(read_documents(path))
    texts = [file.read_text(encoding="utf-8") for file in each.paths(tmp_path / "graph")]
    stated = sum(len(edge.documents) for edge in network.edges if each.name != "indra" or indra_statement(edge))
    publications = re.findall(r"\b[1-9][0-9]{6,7}\b", texts[-1])
    assert len(publications) >= stated > 100
    for edge in network.edges:
        for end in (edge.subject, edge.object):
            if end.is_linked and (each.name != "indra" or indra_statement(edge)):
                assert end.id.rpartition(":")[2] in texts[0]


def test_kgx_has_every_publication_of_every_edge(path, tmp_path):
    assert main(["network", str(path), "-o", str(tmp_path / "graph.jsonl")]) == 0
    lines = (tmp_path / "graph_edges.jsonl").read_text(encoding="utf-8").splitlines()
    rows = list(map(json.loads, lines))
    network = merge(read_documents(path))
    assert sum(len(row["publications"]) for row in rows) == sum(len(edge.documents) for edge in network.edges)
    nodes = {json.loads(line)["id"] for line in (tmp_path / "graph_nodes.jsonl").read_text("utf-8").splitlines()}
    assert {row[end] for row in rows for end in ("subject", "object")} == nodes
