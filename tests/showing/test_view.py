"""A document at the terminal: colours, brackets, arrows, and what a terminal must not obey."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from biodir import write_pubtator
from biodir.cli import main
from biodir.document_biodir import Document, Mention, Passage, Relation
from biodir.showing.view import marked_text, relation_lines, show_document
from helpers.marked import marked_document

ONE = marked_document("<C:D1 Aspirin> cures <D:D2 pain> of <G:- it>.", id="1")
RELATIONS = (
    Relation("Negative_Correlation", "D2", "D1", "Novel", "D1", 0.95, 0.98, 0.98),
    Relation("Positive_Correlation", "D1", "D2", subject_id="D2"),
    Relation("Association", "D1", "D2", subject_id="D1"),
    Relation("Bind", "D1", "D9"),
    *(Relation(name, "D1", "D2", subject_id="D1") for name in ("treat", "inhibit", "stimulate", "interact")),
)
FULL = Passage(0, len(ONE.text), "")


def shown(document: Document, **options) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False, **options)
    show_document(document, console)
    return console.file.getvalue()


def test_relations_go_from_subject_to_object_with_the_arrow_of_their_sign():
    assert [line.plain for line in relation_lines(replace(ONE, relations=RELATIONS))] == [
        "Aspirin [D1] ──Negative_Correlation──⊣ pain [D2]  Novel  0.91",
        "pain [D2] ──Positive_Correlation──→ Aspirin [D1]",
        "Aspirin [D1] ──Association──▷ pain [D2]",
        "Aspirin [D1] ──Bind─── D9",
        "Aspirin [D1] ──treat──⊣ pain [D2]",
        "Aspirin [D1] ──inhibit──⊣ pain [D2]",
        "Aspirin [D1] ──stimulate──→ pain [D2]",
        "Aspirin [D1] ──interact──▷ pain [D2]",
    ]


def test_mentions_have_brackets_in_a_file_and_colours_at_a_terminal():
    plain = shown(replace(ONE, relations=RELATIONS[:1]))
    assert plain.splitlines()[:2] == ["1", "[Aspirin] cures [pain] of [it]."]
    assert "\x1b" not in plain
    coloured = shown(ONE, force_terminal=True, color_system="standard")
    assert "\x1b[30;102mAspirin\x1b[0m cures \x1b[30;101mpain\x1b[0m of \x1b[4;30;104mit\x1b[0m." in coloured
    assert "\x1b[30;102mChemicalEntity\x1b[0m" in coloured, "the legend"
    many = shown(ONE, force_terminal=True, color_system="truecolor")
    assert "\x1b[38;2;0;0;0;48;2;163;217;165mAspirin\x1b[0m cures" in many


def test_inner_mentions_lie_over_outer_ones_and_brackets_nest():
    document = Document("7", "lung cancer", (Mention(5, 11, "cancer", "Disease"), Mention(0, 11, "lung cancer", "X")))
    part = Passage(0, 11, "")
    assert marked_text(document, part).plain == "[lung [cancer]]"
    styles = [str(span.style).split()[0] for span in marked_text(document, part, "256").spans]
    assert styles == ["reverse", "#000000"]


def test_passages_of_a_full_text_have_their_kinds():
    parts = (Passage(0, 7, "title"), Passage(8, 13, "abstract"), Passage(14, len(ONE.text), "methods"))
    lines = shown(replace(ONE, passages=parts)).splitlines()
    assert lines[:7] == ["1", "title", "[Aspirin]", "abstract", "cures", "methods", "[pain] of [it]."]


def test_text_outside_passages_is_shown_and_a_mention_across_two_marked_in_both():
    outside = (Passage(8, 13, "verb"), Passage(16, 17, "noun"))
    lines = shown(replace(ONE, passages=outside)).splitlines()
    assert lines[:6] == ["1", "[Aspirin] ", "cures", " [pa]", "[i]", "[n] of [it]."]
    across = (Passage(0, 5, "title"), Passage(5, len(ONE.text), "abstract"))
    lines = shown(replace(ONE, passages=across)).splitlines()
    assert lines[:3] == ["1", "[Aspir]", "[in] cures [pain] of [it]."]


def test_terminal_obeys_nothing_in_a_document():
    text = "Iron \x1b[2J\x07 [bold]x[/bold] \u202e binds."
    document = Document("\x1b]0;x", text, (Mention(0, 4, "Iron", "Chemical\x1b", ("D\x1b1",)),))
    found = shown(replace(document, relations=(Relation("Bind\x1b", "D\x1b1", "9"),)))
    assert not {"\x1b", "\x07", "\u202e"} & set(found)
    assert "[bold]x[/bold]" in found


# The command.


@pytest.fixture
def file(tmp_path):
    write_pubtator([ONE, replace(ONE, id="2"), replace(ONE, id="3")], tmp_path / "in.pubtator")
    return str(tmp_path / "in.pubtator")


@pytest.mark.parametrize(
    ("options", "ids"), [([], ["1"]), (["--limit", "2"], ["1", "2"]), (["--id", "3", "2"], ["2", "3"])]
)
def test_command_shows_the_first_documents_or_those_with_the_ids(options, ids, file, capsys):
    assert main(["view", file, *options]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if line.isdecimal()] == ids


def test_ids_and_a_number_exclude_each_other(file, capsys):
    assert main(["view", file, "--id", "1", "--limit", "2"]) == 2
    assert "--id and --limit: give one of them" in capsys.readouterr().err


RESULT = {
    "subject": {"id": "D1", "type": "ChemicalEntity", "text": "Aspirin"},
    "object": {"id": "D2", "type": "DiseaseOrPhenotypicFeature", "text": "pain"},
    **{"relation": "Negative_Correlation", "directed": True, "novelty": "Novel", "cross_window": False},
    **{"score": 0.81, "relation_score": 0.913, "novelty_score": 0.95, "direction_score": 0.93},
    "evidence": [{"start": 0, "end": 28, "text": "Aspirin cures pain of it.\x1b[2J", "section": "RESULTS"}],
}


def test_results_of_predict_are_shown_with_and_without_their_text(tmp_path, capsys):
    (tmp_path / "plain.jsonl").write_text(json.dumps({"id": "7", "relations": [RESULT]}) + "\n")
    assert main(["view", str(tmp_path / "plain.jsonl")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "7",
        "  score  relation              novelty  subject --> object  <evidence>",
        "  0.81   Negative_Correlation  Novel    Aspirin [D1] --> pain [D2]  <1>",
        "  <1> Aspirin cures pain of it. [2J",
        "",
    ]
    with_text = {**ONE.to_dict(), "relations": [RESULT]}
    (tmp_path / "full.jsonl").write_text(json.dumps(with_text) + "\n" + json.dumps({**with_text, "id": "2"}) + "\n")
    assert main(["view", str(tmp_path / "full.jsonl"), "--id", "2"]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[:2] == ["2", "[Aspirin] cures [pain] of [it]."]
    assert "Aspirin [D1] ──Negative_Correlation──⊣ pain [D2]  Novel  0.81" in shown


def test_result_that_lacks_a_part_is_an_error(tmp_path, capsys):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"id": "7", "relations": [{**RESULT, "object": {}}]}) + "\n")
    assert main(["view", str(path)]) == 1
    assert "the relations are not those of `biodir predict` (KeyError: " in capsys.readouterr().err


def test_id_that_is_not_there_is_an_error(file, capsys):
    assert main(["view", file, "--id", "2", "9"]) == 1
    assert capsys.readouterr().err == f"biodir: error: {file}: has no document 9; check --id\n"
