"""Tokens, cost and counts in lines."""

from biodir.llm.usage import usage_lines

COUNTS = {
    **{"answers": 1200, "answers from the cache": 200},
    **{"prompt tokens": 3_000_000, "answer tokens": 500_000},
    **{"prompt tokens of answers from the cache": 1_000_000, "answer tokens of answers from the cache": 100_000},
    **{"relations left out: unknown entity": 3, "answers repaired by the second question": 0},
}


def test_cost_is_that_of_all_answers_and_of_those_that_were_there():
    assert usage_lines(COUNTS, 2.5, 10.0) == [
        "answers: 1,200, of these from the cache: 200",
        "tokens: 3,000,000 in prompts, 500,000 in answers; cost: 12.5, of this from the cache: 3.5",
        "relations left out: unknown entity: 3",
    ]


def test_without_prices_there_is_no_cost_and_answers_without_numbers_are_named():
    assert usage_lines({"answers": 1, "answers without numbers of tokens": 1}) == [
        "answers: 1",
        "tokens: 0 in prompts, 0 in answers; without 1 answers that have no numbers of tokens",
    ]


def test_counts_are_followed_by_their_first_example():
    name = "relations left out: unknown entity"
    assert usage_lines({name: 2, "other": 1}, first_of={name: "document 7: E9"})[2:] == [
        "other: 1",
        f"{name}: 2",
        "  the first: document 7: E9",
    ]
