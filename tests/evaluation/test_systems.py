"""Several systems together: the figures are those of each, the tests those of every two, corrected."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from biodir.document_biodir import Relation
from biodir.errors_biodir import SettingError
from biodir.evaluation.counting import Counting
from biodir.evaluation.intervals import Resampling
from biodir.evaluation.report import comparison_report, evaluation_report
from biodir.evaluation.systems import system_names, systems_report
from biodir.labels_biodir import LEVELS
from helpers.marked import marked_document
from helpers.scored_documents import GOLD, PREDICTED

FEW = Resampling(resamples=20)
NOTHING = [replace(document, relations=()) for document in GOLD]
SYSTEMS = {"gold": GOLD, "pred": PREDICTED, "nothing": NOTHING}


@pytest.fixture(scope="module")
def report():
    return systems_report(GOLD, SYSTEMS, FEW)


def test_figures_of_each_system_are_those_of_its_own_report(report):
    assert list(report["systems"]) == ["gold", "pred", "nothing"]
    for name, predicted in SYSTEMS.items():
        assert report["systems"][name] == evaluation_report(GOLD, predicted, FEW)
    assert (report["documents"], report["pairs"], report["resamples"]) == (4, 7, 20)
    assert "pred: 3 predicted relations" not in " ".join(report["notes"])
    assert any(note.startswith("nothing: the predictions hold no relation") for note in report["notes"])


def test_every_two_systems_are_tested_at_each_level(report):
    assert [(each["first"], each["second"]) for each in report["comparisons"]] == [
        ("gold", "pred"), ("gold", "nothing"), ("pred", "nothing"),
    ]  # fmt: skip
    single = comparison_report(GOLD, GOLD, PREDICTED, FEW)
    for level in LEVELS:
        tests = [each[level] for each in report["comparisons"]]
        assert {name: tests[0][name] for name in single[level]} == single[level]
        lowest = min(test["p_value"] for test in tests)
        assert min(test["p_corrected"] for test in tests) == pytest.approx(min(1, 3 * lowest))
        assert all(test["p_corrected"] >= test["p_value"] for test in tests)


def test_groups_have_intervals_and_tests_of_their_own(report):
    assert list(report["by_distance"]) == ["same sentence", "next sentence", "further", "no mention"]
    assert list(report["by_type"]) == sorted(report["by_type"])
    (same, *_) = report["by_distance"].values()
    f1 = report["systems"]["pred"]["by_distance"]["same sentence"]["f1"]
    assert same["comparisons"][0]["relation_type"]["difference"] == pytest.approx(1 - f1)
    low, high = same["intervals"]["pred"]["relation_type"]["f1"]
    assert low <= f1 <= high
    assert "entity_pair" not in report["by_type"]["Bind"]["intervals"]["gold"], "the pair itself has no type"
    # Cotreatment is predicted only: gold has no such group of its own.
    assert report["by_type"]["Cotreatment"]["comparisons"][0]["relation_type"]["difference"] == 0
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_groups_without_gold_are_no_tests():
    many = [
        [replace(each, id=f"{copy}-{each.id}") for copy in range(8) for each in documents]
        for documents in (GOLD, PREDICTED, NOTHING)
    ]
    found = systems_report(many[0], dict(zip(SYSTEMS, many, strict=True)), Resampling(resamples=200))
    of_groups = [each["relation_type"] for part in found["by_type"].values() for each in part["comparisons"]]
    tests = [test["p_value"] for test in of_groups if test["gold"]]
    assert len(tests) < len(of_groups)
    assert len(tests) * min(tests) < 1
    lowest = min(test["p_corrected"] for test in of_groups)
    assert lowest == pytest.approx(len(tests) * min(tests))
    assert all(test["p_corrected"] == test["p_value"] for test in of_groups if not test["gold"])


def test_counting_holds_for_all_systems():
    found = systems_report(GOLD, SYSTEMS, FEW, Counting("five"))
    assert found["pairs"] == 5
    assert {each["counting"]["pair_types"] for each in (found, *found["systems"].values())} == {"five"}
    assert "ChemicalEntity-SequenceVariant" not in found["by_pair_type"]


def test_levels_that_gold_does_not_annotate_are_none_everywhere():
    gold = marked_document("<C:C1 Iron> hurts <D:D1 it>.", id="1", relations=(Relation("CID", "C1", "D1"),))
    found = systems_report([gold], {"a": [gold], "b": [gold]}, FEW)
    assert found["comparisons"][0]["all"] is None
    assert found["by_type"]["CID"]["intervals"]["a"]["relation_type_direction"] is None


def test_files_are_named_shortly_but_apart():
    assert system_names([Path("x/a.json"), Path("x/b.json")]) == ["a.json", "b.json"]
    assert system_names([Path("x/a.json"), Path("y/a.json")]) == ["x/a.json", "y/a.json"]
    with pytest.raises(SettingError, match=r"x/a\.json: given twice"):
        system_names([Path("x/a.json"), Path("x/a.json")])


def test_one_system_is_refused():
    with pytest.raises(SettingError, match="1 system; give the predictions of at least two"):
        systems_report(GOLD, {"a": GOLD}, FEW)
