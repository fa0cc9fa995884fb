"""Windows: exact small cases, then laws over random documents against a slow implementation that shares no code.

The slow one counts token by token. `BUDGETS` keep the promise that the encoder of pairs makes: room for two mentions.
"""

import random
from dataclasses import dataclass
from itertools import combinations, pairwise, product

import pytest

from biodir.processing_windows_biodir import WindowRuler, closest_spans, pair_windows, spans_inside, text_windows

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

    def windows(self, chunks=CHUNKS):
        return pair_windows(self.ruler, chunks, self.min_tokens)


def random_case(draw):
    """Sentences one token (a [SEP]) apart; short mentions, some nested, crossing or empty, each in one."""
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
    """What the window costs: 1 for a token, 2 for a mention none of whose tokens lies outside."""
    inside = [span for span in (*case.spans1, *case.spans2) if window[0] <= span[0] and span[1] <= window[1]]
    return len(range(*window)) + 2 * len(inside)


def holds(window, spans):
    return any(window[0] <= start and end <= window[1] for start, end in spans)


def gap(first, second):
    """Tokens between two spans; 0 where they touch or overlap."""
    return max(0, first[0] - second[1], second[0] - first[1])


def stepwise(case, core, limits, budget):
    """`core` grown by a token right, a token left and so on while the budget lasts; after a limit on one side alone."""
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
    """From the first to the last sentence of the core; a mention without a token may stand at a sentence's end."""
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
    """The windows as a list, from the rule in words."""
    first, second = closest_spans(case.spans1, case.spans2)
    whole, windows = (0, case.tokens), []
    if "prefix" in chunks:
        windows.append(max(((0, end) for end in range(case.tokens + 1)), key=fitting_width(case)))
    if "suffix" in chunks:
        windows.append(max(((start, case.tokens) for start in range(case.tokens + 1)), key=fitting_width(case)))
    shown = any(holds(window, case.spans1) and holds(window, case.spans2) for window in windows)
    if "infix" in chunks or not shown:
        core = min(first[0], second[0]), max(first[1], second[1])
        cores = [core] if counted_cost(case, core) <= case.max_tokens else [first, second]
        windows += [slow_infix(case, part) for part in cores]
    assert all(whole[0] <= start <= end <= whole[1] for start, end in windows)
    return list(dict.fromkeys(windows))


def fitting_width(case):
    return lambda window: window[1] - window[0] if counted_cost(case, window) <= case.max_tokens else -1


def small_case(**changes):
    """Three sentences of four tokens; a mention of each entity in the first and in the last."""
    return Case(**{"tokens": 14, "sentences": ((0, 4), (5, 9), (10, 14)), "spans1": ((1, 2),), "spans2": ((11, 12),),
                   "max_tokens": 100, "min_tokens": 0} | changes)  # fmt: skip


# Exact cases.


def test_document_that_fits_has_one_window():
    assert small_case().windows().windows == ((0, 14),)


def test_prefix_holds_the_first_tokens_that_fit():
    assert small_case(max_tokens=10).windows(["prefix"]).windows[0] == (0, 8)


def test_suffix_holds_the_last_tokens_that_fit():
    assert small_case(max_tokens=10).windows(["suffix"]).windows[0] == (6, 14)


def test_mention_whose_tags_would_not_fit_is_left_out_whole():
    assert small_case(spans1=((5, 7),), max_tokens=8).windows(["prefix"]).windows[0] == (0, 6)


def test_infix_is_the_sentence_of_two_mentions_that_share_it():
    assert small_case(spans2=((3, 4), (11, 12))).windows(["infix"]).windows == ((0, 4),)


def test_infix_runs_from_the_sentence_of_one_mention_to_that_of_the_other():
    assert small_case(spans2=((6, 7),)).windows(["infix"]).windows == ((0, 9),)


def test_narrow_infix_is_widened_evenly():
    case = small_case(spans1=((5, 6),), spans2=((6, 7),), min_tokens=12)
    assert case.windows(["infix"]).windows == ((3, 11),)


def test_infix_at_a_border_is_widened_on_the_other_side():
    case = small_case(spans1=((0, 1),), spans2=((1, 2),), min_tokens=14)
    assert case.windows(["infix"]).windows == ((0, 10),)


def test_minimum_width_is_no_reason_to_exceed_the_budget():
    case = small_case(spans1=((5, 6),), spans2=((6, 7),), min_tokens=50, max_tokens=11)
    assert case.windows(["infix"]).windows == ((4, 11),)


def test_sentences_that_do_not_fit_are_cut_around_the_mentions():
    case = small_case(spans1=((2, 3),), spans2=((6, 7),), max_tokens=10)
    assert case.windows(["infix"]).windows == ((2, 8),)


def test_mentions_too_far_apart_get_a_window_each():
    assert small_case(max_tokens=10).windows(["infix"]).windows == ((0, 4), (10, 14))


def test_mentions_too_far_apart_are_a_cross_window_pair():
    assert small_case(max_tokens=10).windows(["infix"]).cross_window


def test_pair_is_no_cross_window_pair_where_another_chunk_shows_both():
    case = small_case(spans1=((0, 1), (5, 8)), spans2=((3, 4), (8, 11)), sentences=((0, 14),), max_tokens=8)
    assert case.windows(["infix"]).cross_window
    assert not case.windows(["prefix", "infix"]).cross_window


def test_infix_is_added_where_the_chosen_chunks_do_not_show_both():
    assert small_case(spans1=((8, 9),), max_tokens=9).windows(["prefix"]).windows == ((0, 8), (8, 13))


def test_infix_is_not_added_where_a_chosen_chunk_shows_both():
    assert small_case(spans2=((3, 4),), max_tokens=9).windows(["prefix"]).windows == ((0, 5),)


def test_equal_windows_stand_once():
    assert small_case().windows(["prefix", "suffix"]).windows == ((0, 14),)


def test_shared_mention_costs_the_tags_of_both():
    assert small_case(spans1=((1, 2),), spans2=((1, 2),)).ruler.cost((0, 4)) == 8


def test_mention_cut_by_the_border_of_a_window_costs_its_tokens_alone():
    assert small_case(spans1=((1, 3),)).ruler.cost((0, 2)) == 2


def test_spans_inside_counts_empty_spans_at_both_borders():
    assert spans_inside([(0, 0), (2, 2), (2, 5), (4, 4), (4, 5)], (2, 4)) == [(2, 2), (4, 4)]


# Laws over random documents.


@pytest.mark.parametrize("chunks", SUBSETS, ids="+".join)
def test_windows_are_those_of_the_slow_implementation(chunks):
    differing = [case for case in CASES if list(case.windows(chunks).windows) != slow_windows(case, chunks)]
    assert differing == []


@pytest.mark.parametrize("chunks", SUBSETS, ids="+".join)
def test_cost_never_exceeds_the_budget(chunks):
    over = [case for case in CASES for w in case.windows(chunks).windows if counted_cost(case, w) > case.max_tokens]
    assert over == []


def test_cost_counts_tokens_and_tags():
    for case in CASES[:100]:
        for window in combinations(range(case.tokens + 1), 2):
            assert case.ruler.cost(window) == counted_cost(case, window)


def test_one_more_token_would_not_fit_into_the_prefix():
    for case in CASES:
        _, end = case.ruler.prefix()
        assert end == case.tokens or counted_cost(case, (0, end + 1)) > case.max_tokens


def test_one_more_token_would_not_fit_into_the_suffix():
    for case in CASES:
        start, _ = case.ruler.suffix()
        assert start == 0 or counted_cost(case, (start - 1, case.tokens)) > case.max_tokens


@pytest.mark.parametrize("chunks", SUBSETS, ids="+".join)
def test_pair_whose_closest_mentions_fit_has_a_window_with_both(chunks):
    for case in CASES:
        found = case.windows(chunks)
        core = min(found.closest1[0], found.closest2[0]), max(found.closest1[1], found.closest2[1])
        if counted_cost(case, core) <= case.max_tokens:
            assert any(holds(window, case.spans1) and holds(window, case.spans2) for window in found.windows)


@pytest.mark.parametrize("chunks", SUBSETS, ids="+".join)
def test_cross_window_says_that_no_window_shows_both(chunks):
    for case in CASES:
        found = case.windows(chunks)
        together = any(holds(window, case.spans1) and holds(window, case.spans2) for window in found.windows)
        assert found.cross_window == (not together)


@pytest.mark.parametrize("chunks", SUBSETS, ids="+".join)
def test_cross_window_pair_has_a_window_around_each_closest_mention(chunks):
    crossing = [(case, case.windows(chunks)) for case in CASES if case.windows(chunks).cross_window]
    assert len(crossing) > 20
    for case, found in crossing:
        for closest in (found.closest1, found.closest2):
            fits = counted_cost(case, closest) <= case.max_tokens
            assert not fits or any(holds(window, [closest]) for window in found.windows)


def test_infix_is_widened_by_as_many_tokens_left_as_right_unless_it_meets_a_border():
    widened = 0
    for case in CASES:
        found = case.windows(["infix"])
        core = min(found.closest1[0], found.closest2[0]), max(found.closest1[1], found.closest2[1])
        sentences = sentences_touching(case, core)
        start, end = found.windows[0]
        inner = len(found.windows) == 1 and start > 0 and end < case.tokens
        if inner and (start, end) != sentences and counted_cost(case, sentences) <= case.max_tokens:
            widened += 1
            assert 0 <= (end - sentences[1]) - (sentences[0] - start) <= 1
    assert widened > 10


def test_windows_of_swapped_entities_are_the_same_where_the_closest_mentions_are():
    for case in CASES:
        swapped = Case(case.tokens, case.sentences, case.spans2, case.spans1, case.max_tokens, case.min_tokens)
        found, other = case.windows(), swapped.windows()
        if (found.closest1, found.closest2) == (other.closest2, other.closest1):
            assert set(found.windows) == set(other.windows)


def test_mentions_nested_in_one_place_never_exceed_the_budget():
    nested = tuple((start, end) for start in range(4) for end in range(start + 1, 5))
    case = small_case(tokens=60, sentences=((0, 60),), spans1=nested, spans2=((50, 51),), max_tokens=12)
    assert [w for w in case.windows().windows if counted_cost(case, w) > case.max_tokens] == []


# The closest mentions.


def test_closest_spans_have_the_fewest_tokens_between_them():
    assert closest_spans([(0, 1), (20, 21)], [(5, 6), (17, 18)]) == ((20, 21), (17, 18))


def test_of_equally_close_spans_the_first_in_the_text_are_taken():
    assert closest_spans([(2, 3), (12, 13)], [(5, 6), (15, 16)]) == ((2, 3), (5, 6))


def test_spans_that_overlap_are_no_further_apart_than_spans_that_touch():
    assert closest_spans([(0, 4), (10, 12)], [(4, 6), (11, 13)]) == ((0, 4), (4, 6))


def test_shared_span_is_closest_to_itself():
    assert closest_spans([(5, 6)], [(0, 1), (5, 6)]) == ((5, 6), (5, 6))


def test_chunk_shows_no_more_than_its_own_budget():
    ruler = WindowRuler(40, ((0, 40),), ((0, 1),), ((30, 31),), 40)
    found = pair_windows(ruler, CHUNKS, 0, {"prefix": 10, "suffix": 12})
    # A mention costs two tags; the infix keeps the whole budget.
    assert found.windows == ((0, 8), (30, 40), (0, 36))


def test_budget_beyond_that_of_the_row_changes_nothing():
    for case in random_cases(50, seed=11):
        plain = pair_windows(case.ruler, CHUNKS, case.min_tokens)
        assert pair_windows(case.ruler, CHUNKS, case.min_tokens, dict.fromkeys(CHUNKS, 1000)) == plain


def test_narrow_chunks_keep_their_own_budgets():
    for case in random_cases(100, seed=12):
        narrow = BUDGETS[0]
        found = pair_windows(case.ruler, CHUNKS, case.min_tokens, dict.fromkeys(CHUNKS, narrow))
        assert all(case.ruler.cost(window) <= narrow for window in found.windows)


def test_closest_spans_have_the_smallest_gap_of_all():
    for case in random_cases(1500, seed=2):
        found = closest_spans(case.spans1, case.spans2)
        assert gap(*found) == min(gap(*both) for both in product(case.spans1, case.spans2))


def test_closest_spans_stand_where_the_later_one_starts_first_among_the_closest():
    for case in random_cases(1500, seed=3):
        found = closest_spans(case.spans1, case.spans2)
        equals = [both for both in product(case.spans1, case.spans2) if gap(*both) == gap(*found)]
        assert max(found) == min(map(max, equals))


def test_closest_spans_do_not_depend_on_which_entity_is_the_source():
    for case in random_cases(500, seed=4):
        found, other = closest_spans(case.spans1, case.spans2), closest_spans(case.spans2, case.spans1)
        assert gap(*found) == gap(*other)


# The windows of a whole text.


def bare_ruler(tokens, max_tokens):
    """A ruler of a text without mentions."""
    return WindowRuler(tokens, ((0, tokens),), (), (), max_tokens)


def test_text_that_fits_has_one_window():
    assert text_windows(bare_ruler(10, 10), 4) == ((0, 10),)


def test_text_without_tokens_has_one_empty_window():
    assert text_windows(bare_ruler(0, 10), 4) == ((0, 0),)


def test_windows_of_a_text_share_what_was_asked_for_and_the_last_one_is_full():
    assert text_windows(bare_ruler(27, 10), 4) == ((0, 10), (6, 16), (12, 22), (17, 27))


def test_last_window_is_a_suffix_however_little_is_left():
    assert text_windows(bare_ruler(11, 10), 4) == ((0, 10), (1, 11))


def test_windows_without_overlap_stand_side_by_side():
    assert text_windows(bare_ruler(20, 10), 0) == ((0, 10), (10, 20))


def test_window_with_mentions_is_narrower_by_their_tags():
    ruler = WindowRuler(20, ((0, 20),), ((1, 3), (4, 5)), (), 10)
    assert text_windows(ruler, 2) == ((0, 6), (4, 12), (10, 20))


def test_windows_cover_the_text_and_overlap_as_asked():
    for tokens in range(60):
        for max_tokens, overlap in ((8, 4), (10, 3), (20, 0)):
            windows = text_windows(bare_ruler(tokens, max_tokens), overlap)
            assert (windows[0][0], windows[-1][1]) == (0, tokens)
            assert all(end - start == min(tokens, max_tokens) for start, end in windows)
            shared = [before[1] - after[0] for before, after in pairwise(windows)]
            assert shared[:-1] == [overlap] * (len(shared) - 1)
            assert all(found >= overlap for found in shared[-1:])


def test_windows_of_tagged_texts_keep_their_budget_cover_every_token_and_move_on():
    for case in CASES:
        windows = text_windows(case.ruler, MAX_MENTION)
        assert all(counted_cost(case, window) <= case.max_tokens for window in windows)
        assert (windows[0][0], windows[-1][1]) == (0, case.tokens)
        for before, after in pairwise(windows):
            assert before[0] < after[0] <= before[1] <= after[1]


def test_every_mention_no_longer_than_the_overlap_lies_whole_in_a_window_of_a_bare_text():
    for case in CASES:
        windows = text_windows(bare_ruler(case.tokens, case.max_tokens), MAX_MENTION)
        assert all(holds_all(windows, spans) for spans in (case.spans1, case.spans2))


def holds_all(windows, spans):
    return all(any(holds(window, [span]) for window in windows) for span in spans)
