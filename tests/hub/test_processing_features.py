"""Features of pairs: what they count, and how some of their pairs are taken out."""

import pytest

from biodir.document_candidates_biodir import CandidatePair
from biodir.processing_document_biodir import DocumentFeatures, WindowPair
from helpers.marked import entity, pair_features


def question(windows, pair_type_id=0):
    """A pair that is asked in these windows."""
    pair = CandidatePair(entity("C1"), entity("G1", "G"), pair_type_id)
    return WindowPair(pair, windows, evidence=(), cross_window=False)


def window_features(*questions, prompt_tokens=0):
    """Two windows of 5 and 3 tokens with these pairs."""
    return DocumentFeatures(((1,) * 5, (2,) * 3), questions, (), prompt_tokens)


# Rows of one pair.


def test_features_of_one_pair_hold_that_pair():
    features = pair_features(2, 3)
    assert features.pairs == (features,)
    assert features.with_pairs([0]) is features


def test_tokens_of_a_pair_are_those_of_all_its_rows():
    assert pair_features(2, 3, 4).tokens == 9


# Windows with pairs.


def test_tokens_of_windows_without_soft_prompts_are_those_of_the_text():
    assert window_features(question((0,)), question((0, 1))).tokens == 8


@pytest.mark.parametrize(
    ("questions", "prompts"),
    [
        ([question((0,))], 1),
        ([question((0,)), question((0,))], 1),
        ([question((0,)), question((1,))], 2),
        ([question((0,)), question((0,), pair_type_id=1)], 2),
        ([question((0, 1)), question((1,), pair_type_id=1)], 3),
    ],
)
def test_soft_prompt_is_paid_once_for_each_window_and_pair_type(questions, prompts):
    assert window_features(*questions, prompt_tokens=10).tokens == 8 + 10 * prompts


def test_some_pairs_come_with_all_windows_in_the_order_of_the_indices():
    first, second, third = question((0,)), question((1,)), question((0, 1))
    chosen = window_features(first, second, third).with_pairs([2, 0])
    assert chosen == window_features(third, first)
    assert chosen.rows == window_features().rows
