"""The relations that pass the filters of the demo."""

import pytest

from biodir_demo.predictions import Filter
from helpers.demo_predictions import prediction

RELATIONS = prediction().relations


def kept(**settings) -> list[int]:
    return [relation.number for relation in Filter(**settings).kept(RELATIONS)]


def test_open_filter_keeps_all_in_their_order():
    assert kept() == [1, 2]


@pytest.mark.parametrize(
    ("settings", "numbers"),
    [
        ({"relation_types": ("Association",)}, [2]),
        ({"relation_types": ("Association", "Negative_Correlation")}, [1, 2]),
        ({"relation_types": ("Bind",)}, []),
        ({"novelty": "Novel"}, [1]),
        ({"novelty": "No"}, [2]),
        ({"directed_only": True}, [1]),
        ({"min_score": 0.5}, [1, 2]),
        ({"min_score": 0.51}, [1]),
        ({"words": "egfr"}, [1]),
        ({"words": "GEFITINIB assoc"}, [2]),
        ({"words": "790"}, [2]),
        ({"words": "known"}, [2]),
        ({"words": "negative correlation"}, [1]),
        ({"words": "p|sub"}, [2]),
        ({"words": "nothing like it"}, []),
        ({"words": "gefitinib", "novelty": "No", "directed_only": True}, []),
    ],
)
def test_filter_keeps(settings, numbers):
    assert kept(**settings) == numbers
