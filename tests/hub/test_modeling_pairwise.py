"""Groups of rows of like length, which go through the encoder together."""

import random

from biodir.modeling_pairwise_biodir import length_groups


def test_groups_hold_rows_of_like_length_longest_first():
    assert length_groups([1, 8, 2, 7, 1], 16) == [[1, 3], [2, 0, 4]]
    assert length_groups([20, 2, 2], 4) == [[0], [1, 2]]
    assert length_groups([], 8) == []


def test_random_rows_are_in_one_group_each_and_groups_are_as_large_as_the_budget_allows():
    draw = random.Random(2)
    for _ in range(200):
        lengths, budget = [draw.randint(1, 60) for _ in range(draw.randint(1, 40))], draw.randint(1, 200)
        groups = length_groups(lengths, budget)
        in_order = [index for group in groups for index in group]
        assert sorted(in_order) == [*range(len(lengths))]
        assert [lengths[index] for index in in_order] == sorted(lengths, reverse=True)
        assert all(len(group) == 1 or len(group) * lengths[group[0]] <= budget for group in groups)
        assert all((len(group) + 1) * lengths[group[0]] > budget for group in groups[:-1])
