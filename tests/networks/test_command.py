"""The command `biodir network`."""

import json
from dataclasses import replace

import pytest

from biodir import write_pubtator
from biodir.cli import main
from biodir.document_biodir import Relation
from helpers.marked import marked_document

RELATION = Relation("Negative_Correlation", "D007501", "D007251", "Novel", "D007501")
DOCUMENTS = [
    marked_document("A title. <C:D007501 Iron> cures <D:D007251 flu>.", id="1", relations=(RELATION,)),
    marked_document(
        "A title. <C:D007501 Iron> cures <D:D007251 flu>, not <D:text:colds colds>.",
        id="2",
        relations=(RELATION, Relation("Association", "D007501", "text:colds")),
    ),
]


@pytest.fixture
def network(tmp_path, monkeypatch):
    """Run the command on a file of two documents, and return the exit status."""
    monkeypatch.chdir(tmp_path)
    write_pubtator(DOCUMENTS, tmp_path / "in.pubtator")
    return lambda *arguments: main(["network", "in.pubtator", *arguments])


def edges(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_files_of_the_format_of_the_suffix_are_written_and_named(network, tmp_path, capsys):
    assert network("-o", "graph.jsonl") == 0
    output = capsys.readouterr()
    assert output.out.split() == ["graph_nodes.jsonl", "graph_edges.jsonl"]
    assert output.err == "biodir: documents: 2, nodes: 3, edges: 2\n"
    assert [(edge["predicate"], edge["biodir_documents"]) for edge in edges(tmp_path / "graph_edges.jsonl")] == [
        ("biolink:ameliorates_condition", 2),
        ("biolink:associated_with", 1),
    ]


def test_documents_without_id_are_their_own_and_ids_that_come_again_are_noted(network, tmp_path, capsys):
    without_id = json.dumps({key: value for key, value in DOCUMENTS[0].to_dict().items() if key != "id"}) + "\n"
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(2 * without_id, encoding="utf-8")
    assert network("a.jsonl", "b.jsonl", "in.pubtator", "-o", "graph.jsonl") == 0
    note, counts = capsys.readouterr().err.splitlines()
    assert note == "biodir: documents with the id of an earlier one, read as the same document: 2; are ids unique?"
    assert counts == "biodir: documents: 6, nodes: 3, edges: 2"
    (first, _) = edges(tmp_path / "graph_edges.jsonl")
    assert first["publications"] == ["PMID:1", "PMID:2"]
    assert first["biodir_other_documents"] == ["a.jsonl:1", "a.jsonl:2", "b.jsonl:1", "b.jsonl:2"]


def test_what_is_left_out_is_counted(network, tmp_path, capsys):
    assert network("-o", "graph.tsv", "--linked-only", "--min-documents", "3") == 0
    assert capsys.readouterr().err.splitlines() == [
        "biodir: nodes without an identifier, left out: 1",
        "biodir: edges of nodes without an identifier, left out: 1",
        "biodir: edges of fewer than 3 documents, left out: 1",
        "biodir: documents: 2, nodes: 0, edges: 0",
    ]


def test_options_reach_the_edges(network, tmp_path):
    assert network("-o", "graph", "--format", "kgx-jsonl", "--evidence", "1", "--knowledge-source", "infores:x") == 0
    first = edges(tmp_path / "graph_edges.jsonl")[0]
    assert (first["supporting_text"], first["primary_knowledge_source"]) == (["Iron cures flu."], "infores:x")
    assert first["publications"] == ["PMID:1", "PMID:2"]


def test_edges_of_low_scores_are_left_out_and_counted(network, tmp_path, capsys):
    relations = [
        replace(each, relation_score=score, direction_score=1.0)
        for each, score in zip(DOCUMENTS[1].relations, (0.9, 0.4), strict=True)
    ]
    (tmp_path / "scores.jsonl").write_text(
        json.dumps(replace(DOCUMENTS[1], relations=tuple(relations)).to_dict()), encoding="utf-8"
    )
    assert main(["network", "scores.jsonl", "-o", "graph.jsonl", "--min-score", "0.5"]) == 0
    assert "edges with a score below 0.5, left out: 1" in capsys.readouterr().err
    assert [edge["has_confidence_score"] for edge in edges(tmp_path / "graph_edges.jsonl")] == [0.9]


def test_bad_document_is_left_out_and_the_status_says_so(network, tmp_path, capsys):
    with (tmp_path / "in.pubtator").open("a", encoding="utf-8") as file:
        file.write("3|t|Iron\n3|a|\n3\t0\t9\tIron\tChemicalEntity\tD1\n\n")
    assert network("-o", "graph.tsv") == 1
    assert not list(tmp_path.glob("graph*"))
    assert network("-o", "graph.tsv", "--errors", "skip-document") == 3
    assert "left out: 1 document" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "graph.doc"], "graph.doc: unknown suffix '.doc'"),
        (["-o", "graph.tsv", "--vocabulary", "pubtator3"], "--vocabulary pubtator3: kgx-tsv has relations of its own"),
        (["-o", "graph.cx2", "--knowledge-source", "infores:x"], "--knowledge-source infores:x: cx2 names no source"),
        (["-o", "graph.html.gz", "--format", "page"], "graph.html.gz: networks are not packed; leave .gz out"),
        (["-o", "-", "--format", "page"], "-: networks are not written to standard output; name a file with -o"),
        (["-o", "none/graph.tsv"], "none/graph_nodes.tsv: cannot be written (none is no folder)"),
        (["-o", "graph.tsv", "--knowledge-source", "me"], "knowledge_source is 'me'"),
        (["-o", "in.pubtator", "--format", "cx2", "--errors", "skip-document"], "in.pubtator is an input as well"),
        (["absent.pubtator", "-o", "graph.tsv"], "absent.pubtator: there is no such file"),
    ],
)
def test_mistake_in_the_arguments_is_found_before_reading(network, arguments, message, capsys):
    assert network(*arguments) == 1
    assert message in capsys.readouterr().err


def test_documents_without_relations_are_noted(network, tmp_path, capsys):
    write_pubtator([marked_document("<C:D007501 Iron> alone.", id="3")], tmp_path / "in.pubtator")
    assert network("-o", "graph.tsv") == 0
    assert "no document has a relation; `biodir predict` finds them" in capsys.readouterr().err
