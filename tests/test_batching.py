"""Batches: padded tensors of pairs, and groups of rows of like length."""

import random

import pytest
import torch

from biodir.batching_biodir import collate_pairs, length_groups
from marked import pair_features

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
