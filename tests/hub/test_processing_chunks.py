"""Chunks: exact small cases, then laws over random documents against a slow implementation that shares no code.

The slow one counts token by token. `BUDGETS` keep the promise of the processor: room for two mentions.
"""

import random
import re
from dataclasses import dataclass, replace
from itertools import combinations, product

import pytest

from biodir.document_biodir import Entity, Mention
from biodir.processing_chunks_biodir import closest_sentences, closest_spans, pair_windows
from biodir.processing_windows_biodir import WindowRuler

CHUNKS = ("prefix", "suffix", "infix")
SUBSETS = [subset for size in (1, 2, 3) for subset in combinations(CHUNKS, size)]
MAX_MENTION = 3
BUDGETS = range(2 * (MAX_MENTION + 2), 30)


@dataclass(frozen=True)
class Case:
    """A document of some tokens, with the mentions of one pair and the budget of a window."""

    tokens: int
    sentences: tuple
    spans1: tuple
    spans2: tuple
    max_tokens: int
    min_tokens: int

    @property
    def ruler(self):
        return WindowRuler(self.tokens, self.sentences, self.spans1, self.spans2, self.max_tokens)

    def windows(self, chunks=CHUNKS, chunk_tokens=None):
        return pair_windows(self.ruler, chunks, self.min_tokens, chunk_tokens)


def random_case(draw):
    """Return sentences one token (a [SEP]) apart; short mentions, some nested, crossing or empty, each in one."""
    sentences, start = [], 0
    for _ in range(draw.randint(1, 10)):
        sentences.append((start, start + draw.randint(1, 12)))
        start = sentences[-1][1] + 1

    def spans():
        found = set()
        for _ in range(draw.randint(1, 5)):
            first, last = draw.choice(sentences)
            begin = draw.randint(first, last)
            found.add((begin, min(last, begin + draw.randint(0, MAX_MENTION))))
        return tuple(sorted(found))

    budget = draw.choice(BUDGETS)
    return Case(sentences[-1][1], tuple(sentences), spans(), spans(), budget, draw.choice([0, 5, 12, 100]))


def random_cases(number, seed):
    draw = random.Random(seed)
    return [random_case(draw) for _ in range(number)]


CASES = random_cases(400, seed=1)


# The slow implementation.


def counted_cost(case, window):
    """Return what the window costs: 1 for a token, 2 for a mention none of whose tokens lies outside."""
    inside = [span for span in (*case.spans1, *case.spans2) if window[0] <= span[0] and span[1] <= window[1]]
    return len(range(*window)) + 2 * len(inside)


def holds(window, spans):
    return any(window[0] <= start and end <= window[1] for start, end in spans)


def gap(first, second):
    """Return the tokens between two spans; 0 where they touch or overlap."""
    return max(0, first[0] - second[1], second[0] - first[1])


def core_of(closest1, closest2):
    return min(closest1[0], closest2[0]), max(closest1[1], closest2[1])


def stepwise(case, core, limits, budget):
    """Return `core` grown by a token right, one left, and so on while the budget lasts; past a limit on one side."""
    window, right = core, True
    while window != limits:
        if window[1] == limits[1] or (not right and window[0] > limits[0]):
            wider = window[0] - 1, window[1]
        else:
            wider = window[0], window[1] + 1
        if counted_cost(case, wider) > budget:
            break
        window, right = wider, not right
    return window


def sentences_touching(case, core):
    """Return from the first to the last sentence of the core; a mention without a token may be at a sentence's end."""
    touched = [sentence for sentence in case.sentences if sentence[0] <= core[1] and core[0] <= sentence[1]]
    return touched[0][0], touched[-1][1]


def slow_infix(case, core):
    sentences = sentences_touching(case, core)
    if counted_cost(case, core) > case.max_tokens:
        return stepwise(case, (core[0], core[0]), core, case.max_tokens)
    if counted_cost(case, sentences) > case.max_tokens:
        return stepwise(case, core, sentences, case.max_tokens)
    if counted_cost(case, sentences) >= case.min_tokens:
        return sentences
    return stepwise(case, sentences, (0, case.tokens), min(case.min_tokens, case.max_tokens))


def slow_windows(case, chunks):
    """Return the windows as a list, from the rule in words."""
    first, second = closest_spans(case.spans1, case.spans2)
    windows = []

    def fitting_width(window):
        return window[1] - window[0] if counted_cost(case, window) <= case.max_tokens else -1

    if "prefix" in chunks:
        windows.append(max(((0, end) for end in range(case.tokens + 1)), key=fitting_width))
    if "suffix" in chunks:
        windows.append(max(((start, case.tokens) for start in range(case.tokens + 1)), key=fitting_width))
    shown = any(holds(window, case.spans1) and holds(window, case.spans2) for window in windows)
    if "infix" in chunks or not shown:
        core = core_of(first, second)
        cores = [core] if counted_cost(case, core) <= case.max_tokens else [first, second]
        windows += [slow_infix(case, part) for part in cores]
    return list(dict.fromkeys(windows))


def small_case(**changes):
    """Return three sentences of four tokens; a mention of each entity in the first and in the last."""
    return Case(**{"tokens": 14, "sentences": ((0, 4), (5, 9), (10, 14)), "spans1": ((1, 2),), "spans2": ((11, 12),),
                   "max_tokens": 100, "min_tokens": 0} | changes)  # fmt: skip


# Exact cases.

NEIGHBOURS = {"spans1": ((5, 6),), "spans2": ((6, 7),)}


@pytest.mark.parametrize(
    ("chunks", "changes", "windows"),
    [
        (CHUNKS, {}, ((0, 14),)),  # all fits; equal windows occur once
        (["prefix"], {"max_tokens": 10}, ((0, 8), (0, 4), (10, 14))),
        (["prefix"], {"spans1": ((5, 7),), "max_tokens": 8}, ((0, 6), (5, 9), (10, 14))),  # tags that do not fit
        (["infix"], {**NEIGHBOURS, "min_tokens": 12}, ((3, 11),)),  # widened evenly
        (["infix"], {"spans1": ((0, 1),), "spans2": ((1, 2),), "min_tokens": 14}, ((0, 10),)),
        (["infix"], {"spans1": ((2, 3),), "spans2": ((6, 7),), "max_tokens": 10}, ((2, 8),)),  # sentences do not fit
        (["infix"], {"max_tokens": 10}, ((0, 4), (10, 14))),  # too far apart
        (["prefix"], {"spans1": ((8, 9),), "max_tokens": 9}, ((0, 8), (8, 13))),  # the prefix does not show both
    ],
)
def test_windows_of_small_documents(chunks, changes, windows):
    assert small_case(**changes).windows(chunks).windows == windows


@pytest.mark.parametrize("chunks", SUBSETS, ids="+".join)
def test_windows_are_those_of_the_slow_implementation(chunks):
    assert [case for case in CASES if list(case.windows(chunks).windows) != slow_windows(case, chunks)] == []


@pytest.mark.parametrize("chunks", SUBSETS, ids="+".join)
def test_windows_keep_the_budget_and_cross_window_means_that_none_shows_both(chunks):
    crossing = 0
    for case in CASES:
        found = case.windows(chunks)
        assert all(counted_cost(case, window) <= case.max_tokens for window in found.windows)
        together = any(holds(window, case.spans1) and holds(window, case.spans2) for window in found.windows)
        assert found.cross_window == (not together)
        crossing += not together
    assert crossing > 20


def test_chunk_budgets_bound_their_chunks_and_change_nothing_beyond_that_of_the_row():
    for case in random_cases(100, seed=12):
        assert case.windows(chunk_tokens=dict.fromkeys(CHUNKS, 1000)) == case.windows()
        narrow = case.windows(chunk_tokens=dict.fromkeys(CHUNKS, BUDGETS[0])).windows
        assert all(counted_cost(case, window) <= BUDGETS[0] for window in narrow)


def test_closest_spans_have_the_smallest_gap_of_all_and_of_equals_the_later_one_starts_first():
    for case in random_cases(1500, seed=2):
        found, gaps = closest_spans(case.spans1, case.spans2), {}
        for both in product(case.spans1, case.spans2):
            gaps.setdefault(gap(*both), []).append(both)
        assert gap(*found) == min(gaps)
        assert max(found) == min(map(max, gaps[gap(*found)]))
        assert gap(*closest_spans(case.spans2, case.spans1)) == gap(*found)


# The windows of a text.


def test_closest_sentences_are_those_of_the_closest_mentions():
    text = "Iron is here. EGFR is far. Iron binds EGFR. Then EGFR."
    iron, egfr = (
        Entity(name, "T", tuple(Mention(each.start(), each.end(), name, "T") for each in re.finditer(name, text)))
        for name in ("Iron", "EGFR")
    )
    sentences = [(0, 13), (14, 26), (27, 43), (44, 54)]
    assert closest_sentences(iron, egfr, sentences) == ((27, 43),)
    last = replace(egfr, mentions=egfr.mentions[-1:])
    assert closest_sentences(last, iron, sentences) == ((27, 43), (44, 54))
