"""Grouping is measured in pairs of mentions: which count, and what a rule wins."""

import json
import sys

import pytest

from biodir.formats.pubtator_writer import format_pubtator
from helpers.checkout import CHECKOUT
from helpers.marked import marked_document
from helpers.script_module import script

measure = script("measure_grouping")

# Three pairs with equal identifiers of chemicals, one with equal texts and other identifiers, one across types.
DOCUMENT = marked_document(
    "<C:1 iron>, <C:1 Irons>, <C:1 Fe>; <G:2 abc> and <G:3 ABC>, <D:- rash>, <D:- rash>, <D:1 iron>."
)


def test_pairs_of_equal_identifiers_are_found_and_grouped_ones_of_others_wrong():
    found = measure.report([DOCUMENT], ["spelling", "plural", "element"])
    chemical, gene = (found["rules"][kind] for kind in ("ChemicalEntity", "GeneOrGeneProduct"))
    assert chemical == {"pairs": 3, "found": 100.0, "wrong": 0.0, "wrong_pairs": 0}
    assert gene == {"pairs": 0, "found": 0.0, "wrong": 100.0, "wrong_pairs": 1}
    assert found["rules"][measure.ALL] == {"pairs": 3, "found": 100.0, "wrong": 25.0, "wrong_pairs": 1}
    assert found["baseline"][measure.ALL] == {"pairs": 3, "found": 0.0, "wrong": 100.0, "wrong_pairs": 1}


def test_rule_wins_what_is_not_found_without_it():
    wins = measure.report([DOCUMENT], ["spelling", "plural", "element"])["wins"]
    assert wins["plural"] == wins["element"] == {"found": 2, "wrong": 0}


def test_page_has_the_figures_of_results():
    results = json.loads((CHECKOUT / "results" / "grouping.json").read_text(encoding="utf-8"))
    page = (CHECKOUT / "docs" / "entities.md").read_text(encoding="utf-8")
    for split, name in (("development", "dev"), ("test", "test")):
        before, found = (results[f"bioredirect_{name}.pubtator"][each][measure.ALL] for each in ("baseline", "rules"))
        shares = [f"{each['found']:.1f} %" for each in (before, found)]
        shares += [f"{each['wrong']:.2f} %" for each in (before, found)]
        assert f"| BioREDirect, {split} | {found['pairs']:,} | {' | '.join(shares)} |" in page
    for rule, won in results["bioredirect_dev.pubtator"]["wins"].items():
        assert f"| `{rule}` | {won['found']} | {won['wrong']} |" in page


def test_program_prints_tables_and_writes_all_figures(tmp_path, monkeypatch, capsys):
    source, output = tmp_path / "gold.pubtator", tmp_path / "grouping.json"
    source.write_text(format_pubtator(DOCUMENT), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["measure_grouping.py", str(source), "-o", str(output)])
    measure.main()
    assert "| ChemicalEntity | 3 | 0.0 % | 100.0 % | 0.0 % | 0.0 % |" in capsys.readouterr().out
    assert json.loads(output.read_text())["gold.pubtator"]["rules"]["ChemicalEntity"]["pairs"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("absent.pubtator", "absent.pubtator: there is no such file"),
        ("empty.pubtator", "empty.pubtator: no document has two mentions of one type with identifiers"),
        ("a/gold.pubtator -o none/out.json", "none/out.json: cannot be written"),
        ("a/gold.pubtator a/gold.pubtator", "a/gold.pubtator: given twice"),
    ],
)
def test_unfit_arguments_end_in_one_line(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "gold.pubtator").write_text(format_pubtator(DOCUMENT), encoding="utf-8")
    (tmp_path / "empty.pubtator").write_text("")
    monkeypatch.setattr(sys, "argv", ["measure_grouping.py", *arguments.split()])
    with pytest.raises(SystemExit, match=rf"^measure_grouping\.py: error: {message}"):
        measure.main()


def test_files_of_one_name_have_a_report_each(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "gold.pubtator").write_text(format_pubtator(DOCUMENT), encoding="utf-8")
    given = ["measure_grouping.py", "a/gold.pubtator", "b/gold.pubtator", "-o", "out.json"]
    monkeypatch.setattr(sys, "argv", given)
    measure.main()
    assert len(json.loads((tmp_path / "out.json").read_text())) == 2
