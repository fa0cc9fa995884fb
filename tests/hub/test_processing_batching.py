"""Batches: padded tensors of pairs and of windows, groups of rows of like length, groups of packed rows."""

import random

import pytest
import torch

from biodir.document_candidates_biodir import CandidatePair
from biodir.modeling_pairwise_biodir import length_groups
from biodir.processing_document_biodir import (
    DocumentFeatures,
    MentionMarker,
    WindowPair,
    collate_documents,
    packed_groups,
)
from biodir.processing_pairwise_biodir import collate_pairs
from helpers.marked import TYPES, entity, pair_features

PAD = 9


def test_batch_holds_this_for_two_pairs():
    batch = collate_pairs([pair_features(2, 3, pair_type_id=4), pair_features(1, pair_type_id=5)], PAD)
    assert {name: values.tolist() for name, values in batch.items()} == {
        "input_ids": [[[1, 2, 9], [1, 2, 3]], [[1, 9, 9], [9, 9, 9]]],
        "attention_mask": [[[1, 1, 0], [1, 1, 1]], [[1, 0, 0], [0, 0, 0]]],
        "pair_type_ids": [4, 5],
        "task_positions": [[3, 2, 1], [3, 2, 1]],
    }


def test_absent_chunk_has_a_mask_of_zeros():
    batch = collate_pairs([pair_features(4), pair_features(2, 2, 2)], PAD)
    assert batch["attention_mask"][0].sum(dim=-1).tolist() == [4, 0, 0]


def test_token_with_the_id_of_the_padding_is_attended_to():
    batch = collate_pairs([pair_features(2, first_token=PAD - 1)], PAD)
    assert batch["attention_mask"].tolist() == [[[1, 1]]]


def test_batch_is_as_wide_as_its_longest_row():
    assert collate_pairs([pair_features(2, 7), pair_features(5)], PAD)["input_ids"].shape == (2, 2, 7)


@pytest.mark.parametrize("name", ["input_ids", "attention_mask", "pair_type_ids", "task_positions"])
def test_inputs_are_whole_numbers(name):
    assert collate_pairs([pair_features(2)], PAD)[name].dtype == torch.long


def test_rows_without_their_padding_are_those_of_the_pairs():
    draw = random.Random(1)
    pairs = [pair_features(*draw.choices(range(1, 9), k=draw.randint(1, 4))) for _ in range(30)]
    batch = collate_pairs(pairs, PAD)
    for index, pair in enumerate(pairs):
        masks, ids = batch["attention_mask"][index].bool(), batch["input_ids"][index]
        rows = tuple(tuple(row[mask].tolist()) for row, mask in zip(ids, masks, strict=True) if mask.any())
        assert rows == pair.rows


def test_groups_hold_rows_of_like_length_longest_first():
    assert length_groups([1, 8, 2, 7, 1], 16) == [[1, 3], [2, 0, 4]]


def test_group_counts_its_padding():
    assert length_groups([4, 1, 1, 1, 1], 8) == [[0, 1], [2, 3, 4]]


def test_row_longer_than_the_budget_forms_a_group_of_its_own():
    assert length_groups([20, 2, 2], 4) == [[0], [1, 2]]


def test_equal_lengths_keep_their_order():
    assert length_groups([3] * 5, 9) == [[0, 1, 2], [3, 4]]


def test_no_rows_form_no_groups():
    assert length_groups([], 8) == []


def random_lengths(number=200):
    draw = random.Random(2)
    for _ in range(number):
        yield [draw.randint(1, 60) for _ in range(draw.randint(1, 40))], draw.randint(1, 200)


def test_every_row_is_in_one_group():
    for lengths, budget in random_lengths():
        assert sorted(index for group in length_groups(lengths, budget) for index in group) == [*range(len(lengths))]


def test_padded_group_of_two_or_more_rows_stays_under_the_budget():
    for lengths, budget in random_lengths():
        for group in length_groups(lengths, budget):
            assert len(group) == 1 or len(group) * max(lengths[index] for index in group) <= budget


def test_group_is_closed_only_where_the_next_row_would_not_fit():
    for lengths, budget in random_lengths():
        groups = length_groups(lengths, budget)
        for group in groups[:-1]:
            assert (len(group) + 1) * lengths[group[0]] > budget


def test_no_row_is_longer_than_one_of_an_earlier_group():
    for lengths, budget in random_lengths():
        in_order = [lengths[index] for group in length_groups(lengths, budget) for index in group]
        assert in_order == sorted(lengths, reverse=True)


# Packed rows.


def sized(tokens, pairs=1):
    """Windows of so many tokens in which so many pairs are asked."""
    return window_features(((1,) * tokens,), (question("C1", "G1", windows=(0,)),) * pairs)


def packed(sizes, token_budget, most_pairs=100):
    """The groups of features of these sizes: tokens, or (tokens, pairs)."""
    features = [sized(*size) if isinstance(size, tuple) else sized(size) for size in sizes]
    return packed_groups(features, token_budget, most_pairs)


def test_packed_groups_are_neighbours_that_fit_together():
    assert packed([3, 4, 2, 9, 1], 9) == [[0, 1, 2], [3], [4]]


def test_packed_group_may_fill_its_budget():
    assert packed([4, 4, 4], 8) == [[0, 1], [2]]


def test_what_is_larger_than_the_budget_forms_a_packed_group_of_its_own():
    assert packed([1, 20, 1, 1], 8) == [[0], [1], [2, 3]]


def test_packed_group_ends_where_its_pairs_would_be_too_many():
    assert packed([(1, 2), (1, 3), (1, 1), (1, 4)], 100, most_pairs=5) == [[0, 1], [2, 3]]


def test_features_of_more_pairs_than_a_group_may_have_form_one_of_their_own():
    assert packed([(1, 1), (1, 9), (1, 1), (1, 1)], 100, most_pairs=5) == [[0], [1], [2, 3]]


def test_nothing_forms_no_packed_groups():
    assert packed([], 8) == []


def test_packed_groups_hold_everything_in_order_and_end_only_where_the_next_would_not_fit():
    draw = random.Random(3)
    for tokens, budget in random_lengths():
        sizes, most = [(length, draw.randint(1, 9)) for length in tokens], draw.randint(1, 30)
        groups = packed(sizes, budget, most)
        assert [index for group in groups for index in group] == [*range(len(sizes))]
        for group, after in zip(groups, [*groups[1:], None], strict=True):
            gathered = [sum(sizes[index][unit] for index in group) for unit in (0, 1)]
            assert (gathered[0] <= budget and gathered[1] <= most) or len(group) == 1
            if after is not None:
                next_tokens, next_pairs = sizes[after[0]]
                assert gathered[0] + next_tokens > budget or gathered[1] + next_pairs > most


# Windows with mentions and pairs.


def question(*names, windows, pair_type_id=0):
    """A pair of these two entities that is asked in these windows."""
    pair = CandidatePair(*(entity(name, name[0]) for name in names), pair_type_id)
    return WindowPair(pair, windows, evidence=(), cross_window=False)


def window_features(rows, questions, mentions=()):
    """The windows of a document; mentions are (entity, window, position)."""
    marked = tuple(MentionMarker((name, TYPES[name[0]]), window, position) for name, window, position in mentions)
    return DocumentFeatures(rows, questions, marked, prompt_tokens=0)


# Two windows; the second pair is asked in both.
FIRST = window_features(
    ((1, 2, 3), (4, 5)),
    (question("C1", "G1", windows=(0,), pair_type_id=2), question("C1", "D1", windows=(0, 1), pair_type_id=1)),
    (("C1", 0, 1), ("G1", 0, 2), ("C1", 1, 1), ("D1", 1, 0)),
)
SECOND = window_features(((6,),), (question("C1", "C2", windows=(0,)),), (("C2", 0, 0), ("C1", 0, 0)))


def test_batch_of_windows_holds_this_for_two_documents():
    batch = collate_documents([FIRST, SECOND], PAD)
    assert {name: values.tolist() for name, values in batch.items()} == {
        "input_ids": [[1, 2, 3], [4, 5, 9], [6, 9, 9]],
        "attention_mask": [[1, 1, 1], [1, 1, 0], [1, 0, 0]],
        "pair_type_ids": [2, 1, 0],
        "window_documents": [0, 0, 1],
        "mention_windows": [0, 0, 1, 1, 2, 2],
        "mention_positions": [1, 2, 1, 0, 0, 0],
        # The first document's C1, G1 and D1, then the second's C2 and its own C1.
        "mention_entities": [0, 1, 0, 2, 3, 4],
        "pair_entities": [[0, 1], [0, 2], [4, 3]],
        "pair_windows": [[0, -1], [0, 1], [2, -1]],
    }


def test_batch_of_some_pairs_keeps_all_mentions():
    batch = collate_documents([FIRST.with_pairs([1])], PAD)
    assert batch["mention_entities"].tolist() == [0, 1, 0, 2]
    assert batch["pair_entities"].tolist() == [[0, 2]]


def test_inputs_of_windows_are_whole_numbers():
    assert {values.dtype for values in collate_documents([FIRST, SECOND], PAD).values()} == {torch.long}


def test_token_of_a_window_with_the_id_of_the_padding_is_attended_to():
    pair = question("C1", "G1", windows=(0,))
    padded = window_features(((PAD, PAD),), (pair,), (("C1", 0, 0), ("G1", 0, 1)))
    assert collate_documents([padded], PAD)["attention_mask"].tolist() == [[1, 1]]
