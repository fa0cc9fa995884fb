"""Tables and the picture of several systems."""

import re
from dataclasses import replace

from matplotlib.axes import Axes

from biodir.evaluation.evaluations import with_thresholds
from biodir.evaluation.intervals import Resampling
from biodir.evaluation.systems import systems_report
from biodir.evaluation.systems_plot import write_systems_plot
from biodir.evaluation.systems_tables import comparisons_table, groups_table, levels_table, systems_table
from helpers.scored_documents import GOLD, PREDICTED

LONG = "predictions_of_a_system_with_a_very_long_name.pubtator"
# One document, whose intervals are points: right a b, wrong c e, missed c d.
REPORT = systems_report(GOLD[:1], {"pred": PREDICTED[:1], LONG: GOLD[:1]}, Resampling(resamples=20))


def test_table_of_levels_has_a_row_for_each_system():
    lines = levels_table(REPORT).splitlines()
    assert len(lines) == 1 + 5 * 3
    assert lines[4:7] == [
        "+ type",
        "  pred                                        50.00  50.00  50.00      2      2      2  50.00 to 50.00",
        "  ...a_system_with_a_very_long_name.pubtator 100.00 100.00 100.00      4      0      0  100.00 to 100.00",
    ]


def test_table_of_tests_has_a_row_for_every_two_systems():
    lines = comparisons_table(REPORT).splitlines()
    assert len(lines) == 1 + 5 * 2
    assert lines[3].strip() == "+ type"
    assert lines[4].split()[:2] == ["pred", "-"]
    assert lines[4].split()[3:8] == ["-50.00", "-50.00", "to", "-50.00", "1.0000"]


def test_table_of_groups_shows_f1_with_type_and_direction_of_each_system():
    lines = groups_table(REPORT, "by_distance", "sentence distance").splitlines()
    assert lines[0].split() == ["sentence", "distance", "gold", "pred", "...a_very_long_name.pubtator"]
    assert lines[2].split() == ["same", "sentence", "2", "100.00", "50.00", "100.00", "100.00"]
    assert {len(line) for line in lines[:2]} == {17 + 6 + 2 * 30}
    three = systems_report(GOLD[:1], dict.fromkeys([LONG, f"2{LONG}", "3"], GOLD[:1]), Resampling(resamples=20))
    lines = groups_table(three, "by_pair_type", "pair type").splitlines()
    assert lines[2].split()[0] == "chemical-disease"
    assert max(map(len, lines)) <= 100


def test_significant_differences_are_marked():
    documents = [replace(GOLD[0], id=str(number)) for number in range(12)]
    nothing = [replace(document, relations=()) for document in documents]
    report = systems_report(documents, {"gold": documents, "nothing": nothing}, Resampling(resamples=200))
    text = systems_table(report)
    assert text.startswith("12 documents, 48 related pairs, 2 systems\ncounted: relations of all pair types in")
    (row,) = re.findall(r"^same sentence +24 +100\.00 +100\.00 +(\S+) +0\.00$", text, re.MULTILINE)
    assert row == "0.00*"
    assert "\n\n* F1 differs from that of gold, p < 0.05" in text


def test_rows_without_gold_relations_have_dashes():
    found = systems_report([GOLD[2]], {"a": [PREDICTED[2]], "b": [GOLD[2]]}, Resampling(resamples=2))
    lines = levels_table(found).splitlines()
    assert lines[2].split() == ["a", *"---010", "none", "in", "gold"]
    assert groups_table(found, "by_type", "type").splitlines()[2].split() == ["Cotreatment", "0", "-", "-", "-", "-"]
    lines = comparisons_table(found).splitlines()
    assert [line.split() for line in lines[1:3]] == [["entity", "pair"], ["a", "-", "b", "-", "-", "-", "-"]]
    assert "\nthresholds: directions with a score below 0.5 " in systems_table(with_thresholds(found, 0.5))


def test_picture_names_systems_and_groups(tmp_path):
    write_systems_plot(tmp_path / "out.svg", REPORT)
    texts = re.findall(r"<!-- (.*?) -->", (tmp_path / "out.svg").read_text())
    assert {"pred", "F1 by level", "chemical-disease (1)", "same sentence (2)", "Negative Correlation (1)"} <= {*texts}
    assert "1 document, 4 related pairs; pair types: all, protocol: complete; lines are 95 % intervals" in texts


def test_picture_has_no_point_of_a_group_without_gold(monkeypatch, tmp_path):
    drawn = []
    monkeypatch.setattr(Axes, "errorbar", lambda self, values, places, **_: drawn.append(list(values)))
    found = systems_report([GOLD[2]], {"a": [PREDICTED[2]], "b": [GOLD[2]]}, Resampling(resamples=2))
    write_systems_plot(tmp_path / "out.svg", found)
    assert drawn == [[]] * 8, "of two systems in four panels"


def test_picture_without_any_counted_relation_has_empty_panels(tmp_path):
    nothing = [replace(GOLD[3], relations=())]
    report = systems_report(nothing, {"a": nothing, "b": nothing}, Resampling(resamples=2))
    write_systems_plot(tmp_path / "out.svg", report)
    assert "<!-- F1 with type, by pair type -->" in (tmp_path / "out.svg").read_text()
