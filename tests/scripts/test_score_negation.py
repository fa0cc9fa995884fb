"""The program that counts false positives of a checkpoint."""

import json

import pytest

from helpers.script_module import script
from helpers.tiny_checkpoint import save_checkpoint

score = script("score_negation")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A checkpoint that relates every pair; with a high bias none."""
    return save_checkpoint(tmp_path_factory.mktemp("scored"), relation_threshold=1.0)


def test_report_has_all_errors_and_the_settings_that_were_tried(folder, tmp_path, capsys):
    given = ["--model", str(folder), "--json", str(tmp_path / "a.json"), "--none-bias", "1000", "--min-score", "0", "1"]
    score.main(given)
    report = json.loads((tmp_path / "a.json").read_text())
    assert (report["false_positives"]["found"], report["control"]["found"], len(report["errors"])) == (60, 20, 60)
    assert [(each["none_bias"], each["min_score"]) for each in report["tried"]] == [
        *[(-1000, 0), (1000, 0), (-1000, 0), (-1000, 1)]
    ]
    assert [each["false_positives"]["found"] for each in report["tried"]] == [60, 0, 60, 0]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["false", "positives", "60", "of", "60", "100.0", "%", "94.0", "to", "100.0"]
    assert sum(line.startswith(("negation-", "co-occurrence-")) for line in lines) == 60
    assert lines[-3].split()[:5] == ["1000.00", "0.00", "0", "of", "60"]


def test_pairs_that_a_model_does_not_know_are_left_out_and_counted(tmp_path, capsys):
    pair = [["ChemicalEntity", "GeneOrGeneProduct"]]
    score.main(["--model", str(save_checkpoint(tmp_path, pair_types=pair))])
    lines = capsys.readouterr().out.splitlines()
    assert "10 of 10" in lines[0]
    assert "pairs of types that the model does not know: 67" in lines


def test_unfit_file_ends_in_one_line(folder, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": "1", "text": "Iron.", "entities": []}')
    with pytest.raises(SystemExit, match=r"^score_negation\.py: error: .*document 1: the id does not begin with"):
        score.main([str(tmp_path / "a.jsonl"), "--model", str(folder)])
