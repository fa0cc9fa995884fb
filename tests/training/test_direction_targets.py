"""Direction targets that are smoothed by relation type."""

import pytest

from biodir.labels_biodir import DIRECTION_LABELS
from biodir.training.data import LabelledPairs
from biodir.training.direction_targets import smoothed, undirected_shares, with_smoothed_directions

LABELS = {"relation": ["None", "Association", "Cause"], "direction": list(DIRECTION_LABELS)}
UNRELATED, ASSOCIATION, CAUSE = [1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]
LEFT, RIGHT, OPEN, UNKNOWN = [0, 1.0, 0, 0], [0, 0, 1.0, 0], [0, 0, 0, 1.0], [-1.0] * 4


def target(relation, direction):
    return {"relation": relation, "direction": direction}


PAIRS = (
    *(target(ASSOCIATION, direction) for direction in (LEFT, LEFT, RIGHT, OPEN, UNKNOWN)),
    *(target(CAUSE, LEFT), target(UNRELATED, [1.0, 0, 0, 0])),
)


def test_share_is_that_of_annotated_pairs_of_the_type():
    assert undirected_shares(PAIRS, LABELS) == {"Association": 0.25, "Cause": 0.0}


@pytest.mark.parametrize(
    ("relation", "direction", "expected"),
    [
        (ASSOCIATION, LEFT, [0, 0.9, 0, 0.1]),  # 0.4 times the quarter that is undirected
        (ASSOCIATION, RIGHT, [0, 0, 0.9, 0.1]),
        (ASSOCIATION, OPEN, [0, 0.15, 0.15, 0.7]),  # 0.4 times the three quarters that are directed
        (CAUSE, LEFT, LEFT),  # always directed
        (ASSOCIATION, UNKNOWN, UNKNOWN),
        (UNRELATED, [1.0, 0, 0, 0], [1.0, 0, 0, 0]),
        ([0, 1.0, 1.0], LEFT, LEFT),  # of two types
        (ASSOCIATION, [0, 1.0, 1.0, 0], [0, 1.0, 1.0, 0]),
    ],
)
def test_doubt_of_the_type_is_shared_out(relation, direction, expected):
    found = smoothed(target(relation, direction), LABELS, {"Association": 0.25, "Cause": 0.0}, 0.4)
    assert found["direction"] == pytest.approx(expected)
    assert found["relation"] == relation


def test_pairs_in_the_other_order_get_mirrored_targets():
    swapped = LabelledPairs(None, tuple({**each, "direction": _flipped(each["direction"])} for each in PAIRS))
    (found,) = with_smoothed_directions([LabelledPairs(None, PAIRS, swapped)], LABELS, 1.0)
    assert found.targets[0]["direction"] == pytest.approx([0, 0.75, 0, 0.25])
    for own, other in zip(found.targets, found.swapped.targets, strict=True):
        assert other["direction"] == _flipped(own["direction"])


@pytest.mark.parametrize(
    ("labels", "smoothing"),
    [(LABELS, 0.0), ({**LABELS, "relation": []}, 0.5), ({**LABELS, "direction": ["None", "Forward"]}, 0.5)],
)
def test_nothing_changes_without_smoothing_or_labels(labels, smoothing):
    pairs = [LabelledPairs(None, PAIRS)]
    assert with_smoothed_directions(pairs, labels, smoothing) == pairs


def _flipped(values):
    return [values[0], values[2], values[1], values[3]]
