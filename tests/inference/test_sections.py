"""`biodir predict` on articles with sections: what is read, what is written, what is stated before."""

import csv
import json
from dataclasses import replace

import pytest

from biodir import Passage
from biodir.cli import main
from biodir.inference import cost
from helpers.marked import marked_document
from helpers.tiny_checkpoint import save_checkpoint

TEXTS = ("<C:D1 Aspirin> and <D:D2 pain>.", "<G:3 COX2> raises <D:D2 pain>.", "<C:D9 Zinc> cures <D:D8 fever>.")
SECTIONS = ("TITLE", "RESULTS", "REF")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return str(save_checkpoint(tmp_path_factory.mktemp("command")))


@pytest.fixture
def article(tmp_path):
    document = marked_document(" ".join(TEXTS), id="a")
    ends = [len(marked_document(" ".join(TEXTS[: number + 1])).text) for number in range(3)]
    starts = [0, *(end + 1 for end in ends[:-1])]
    parts = zip(starts, ends, SECTIONS, strict=True)
    document = replace(document, passages=tuple(Passage(start, end, "paragraph", name) for start, end, name in parts))
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps(document.to_dict()) + "\n")
    return path


def sections_of(path) -> set[str]:
    with path.open(newline="") as file:
        return {name for row in csv.DictReader(file) for name in row["sections"].split("; ")}


def test_sections_are_chosen_written_and_counted(checkpoint, article, tmp_path, capsys):
    command = ["predict", "--model", checkpoint, str(article), "-o", str(tmp_path / "out.csv")]
    assert main([*command, "--top-k", "99"]) == 0
    assert sections_of(tmp_path / "out.csv") == {"TITLE", "RESULTS"}
    assert "biodir: mentions in the section REF, which is not read: 2\n" in capsys.readouterr().err
    assert main([*command, "--section", "results", "ref"]) == 0
    assert sections_of(tmp_path / "out.csv") == {"RESULTS", "REF"}
    assert main([*command, "--no-section", "Results", "--section", "all", "--entity", "D1"]) == 0
    assert sections_of(tmp_path / "out.csv") == {"TITLE", "REF"}
    assert main([*command, "--section", "CONCL"]) == 0
    assert "sections that no document has: CONCL" in capsys.readouterr().err


def test_unknown_section_leaves_the_document_out_or_stops(checkpoint, article, tmp_path, capsys):
    command = ["predict", "--model", checkpoint, str(article), "-o", str(tmp_path / "out.jsonl"), "--section"]
    assert main([*command, "Box"]) == 3
    message = "document a: has no section 'Box'; its sections are TITLE, RESULTS, REF"
    assert message in capsys.readouterr().err
    assert message in json.loads((tmp_path / "out.jsonl.rejected.jsonl").read_text())["message"]
    assert main([*command, "RESLTS"]) == 1
    assert "unknown section 'RESLTS'; did you mean 'RESULTS'?" in capsys.readouterr().err


def test_mention_across_an_unread_section_ends_no_run(checkpoint, tmp_path, capsys):
    parts = (Passage(0, 7, "abstract"), Passage(8, 11, "ref"), Passage(12, 24, "paragraph", "RESULTS"))
    across = marked_document("<C:D1 Aspirin [1] raises> <D:D2 pain>.", id="across", passages=parts)
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(each.to_dict()) + "\n" for each in (across, marked_document(TEXTS[0], id="b"))))
    assert main(["predict", "--model", checkpoint, str(path), "-o", str(tmp_path / "out.jsonl")]) == 0
    results = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(each["id"], len(each["relations"])) for each in results] == [("across", 0), ("b", 1)]
    assert "mentions in the section REF, which is not read: 1\n" in capsys.readouterr().err


def test_cost_of_a_long_document_is_stated(checkpoint, article, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cost, "LONG_WORDS", 5)
    assert main(["predict", "--model", checkpoint, str(article), "-o", str(tmp_path / "out.jsonl")]) == 0
    assert "biodir: document a is long: 6 words, 4 mentions, 3 candidate pairs; about " in capsys.readouterr().err


def test_network_of_results_has_the_sections(checkpoint, article, tmp_path):
    assert main(["predict", "--model", checkpoint, str(article), "-o", str(tmp_path / "out.jsonl")]) == 0
    assert main(["network", str(tmp_path / "out.jsonl"), "-o", str(tmp_path / "graph.jsonl")]) == 0
    edges = [json.loads(line) for line in (tmp_path / "graph_edges.jsonl").read_text().splitlines()]
    found = {section for edge in edges for section in edge["biodir_supporting_text_section"]}
    assert found == {"TITLE", "RESULTS"}
