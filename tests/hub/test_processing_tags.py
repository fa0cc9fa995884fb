"""Boundary tags surround mentions, and the special tokens are those of the paper."""

from biodir.labels_biodir import PAIR_TYPES, VARIANT
from biodir.processing_tags_biodir import SOURCE, closing_tag, opening_tag, special_tokens, tagged_tokens


def test_special_tokens_are_the_tags_of_all_tagged_types_and_the_task_tokens():
    tokens = special_tokens(PAIR_TYPES, {VARIANT: "GeneOrGeneProduct"})
    assert len(tokens) == 3 * 2 * 2 + 3  # three tagged types, two roles, opening and closing; three tasks
    assert tokens == sorted(tokens)
    assert {"@ChemicalEntitySrc$", "@ChemicalEntityTgt/$", "[REL]", "[DIR]", "[NOV]"} <= set(tokens)
    assert opening_tag(VARIANT, SOURCE) not in tokens
    assert closing_tag("GeneOrGeneProduct", SOURCE) in tokens


def test_tags_surround_the_mentions_inside_the_window_and_their_places_are_returned():
    spans = [(0, 2), (2, 2), (3, 6), (4, 5)]
    tokens, places = tagged_tokens(range(10, 20), (1, 7), [(spans, (1, 2)), ([(4, 5), (6, 8)], (3, 4))])
    # (0, 2) and (6, 8) are cut by the window, (2, 2) has no token.
    assert tokens == [11, 1, 2, 12, 1, 13, 1, 3, 14, 4, 2, 15, 2, 16]
    assert places == {(0, (2, 2)): 1, (0, (3, 6)): 4, (0, (4, 5)): 6, (1, (4, 5)): 7}
