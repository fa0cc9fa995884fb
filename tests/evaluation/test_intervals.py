"""Intervals over documents and the paired test: exact where the resamples can be counted, else against SciPy."""

import numpy as np
import pytest
from scipy import stats

from biodir.errors_biodir import AnnotationError
from biodir.evaluation.intervals import FIGURES, Resampling, bootstrap_intervals, compared_f1, share_interval
from biodir.evaluation.scores import Counts

FOUND, NOT_FOUND = Counts(tp=1), Counts(fn=1)
# 24 documents, so that the bounds lie close together, drawn once from a fixed seed.
COUNTS = [Counts(*map(int, row)) for row in np.random.default_rng(7).integers(0, 9, (24, 3))]
TABLE = np.array([(each.tp, each.fp, each.fn) for each in COUNTS])


@pytest.mark.parametrize("figure", FIGURES)
def test_bounds_are_those_of_scipy(figure):
    def statistic(tp, fp, fn, axis):
        tp, fp, fn = (values.sum(axis=axis) for values in (tp, fp, fn))
        return {"precision": tp / (tp + fp), "recall": tp / (tp + fn), "f1": 2 * tp / (2 * tp + fp + fn)}[figure]

    settings = {"paired": True, "vectorized": True, "method": "percentile", "n_resamples": 5000}
    expected = stats.bootstrap(tuple(TABLE.T), statistic, rng=np.random.default_rng(3), **settings).confidence_interval
    found = bootstrap_intervals(COUNTS, Resampling(resamples=5000))[figure]
    assert found == pytest.approx([expected.low, expected.high], abs=0.006)
    assert found[1] - found[0] > 0.1, "wide against the tolerance"


@pytest.mark.parametrize("found", [0, 1, 7, 29, 30])
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_bounds_of_a_share_are_those_of_scipy(found, confidence):
    expected = stats.binomtest(found, 30).proportion_ci(confidence, method="wilson")
    assert share_interval(found, 30, confidence) == pytest.approx([expected.low, expected.high], abs=1e-12)


@pytest.mark.parametrize(("found", "total"), [(0, 0), (4, 3), (-1, 3)])
def test_share_of_impossible_counts_is_refused(found, total):
    with pytest.raises(AnnotationError, match="count at least one case, and no more than all"):
        share_interval(found, total)


# Two systems.


def test_swapping_the_systems_turns_the_signs():
    better = [Counts(each.tp + 1, each.fp, each.fn) for each in COUNTS]
    there, back = (compared_f1(*pair, Resampling()) for pair in ((better, COUNTS), (COUNTS, better)))
    assert there["difference"] > 0
    assert there["difference"] == -back["difference"]
    assert there["interval"] == pytest.approx([-back["interval"][1], -back["interval"][0]])
    assert there["p_value"] == back["p_value"]


@pytest.mark.parametrize("documents", [1, 2, 4, 7])
def test_p_value_is_the_share_of_exchanges_with_as_large_a_difference(documents):
    # One system finds everything and the other nothing: only exchanging all documents or none keeps the difference.
    found = compared_f1([FOUND] * documents, [NOT_FOUND] * documents, Resampling(resamples=4000))
    assert (found["difference"], found["interval"]) == (1.0, [1.0, 1.0])
    assert found["p_value"] == pytest.approx(2 ** (1 - documents), abs=0.025)


def test_p_value_counts_differences_in_either_direction():
    # The documents on which the two are alike do not matter; of the other five, one system finds four.
    first = [FOUND] * 4 + [NOT_FOUND] + [FOUND] * 20
    second = [NOT_FOUND] * 4 + [FOUND] + [FOUND] * 20
    found = compared_f1(first, second, Resampling(resamples=4000))
    assert found["p_value"] == pytest.approx(12 / 32, abs=0.03)  # 0, 1, 4 or 5 of five: 1 + 5 + 5 + 1
