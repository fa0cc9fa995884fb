"""README.md and docs/evaluation.md have the numbers of the measured files of results/."""

import json

import pytest

from biodir.publishing.card import LEVEL_NAMES
from helpers.checkout import CHECKOUT

README, EVALUATION = (
    " ".join((CHECKOUT / name).read_text(encoding="utf-8").split()) for name in ("README.md", "docs/evaluation.md")
)


def report(name: str) -> dict:
    return json.loads((CHECKOUT / "results" / name).read_text(encoding="utf-8"))


def percent(share: float) -> str:
    return f"{100 * share:.2f}"


def figures(found: dict, level: str) -> str:
    """The cells of a table: precision, recall, F1 and its interval."""
    low, high = found["intervals"][level]["f1"]
    scores = [percent(found[level][name]) for name in ("precision", "recall", "f1")]
    return " | ".join([*scores, f"{percent(low)} to {percent(high)}"])


def test_evaluation_page_has_the_bc5cdr_scores_of_results():
    found = report("bc5cdr_dev.json")
    scores = found["relation_type"]
    low, high = found["intervals"]["relation_type"]["f1"]
    assert found["documents"] == 500
    assert (
        f"has F1 {percent(scores['f1'])} on the 500 of dev (95 %: {percent(low)} to {percent(high)}; "
        f"P {percent(scores['precision'])}, R {percent(scores['recall'])})"
    ) in EVALUATION


@pytest.mark.parametrize(("level", "name"), LEVEL_NAMES.items())
def test_readme_has_the_bioredirect_scores_of_results(level, name):
    assert f"| {name} | {figures(report('dev.json'), level)} | {figures(report('test.json'), level)} |" in README
