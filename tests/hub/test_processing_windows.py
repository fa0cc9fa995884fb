"""Windows of a text: they cover it, share the overlap and keep their budget."""

import random
from itertools import pairwise, product

from biodir.processing_windows_biodir import TAGS_PER_MENTION, WindowRuler, text_windows


def bare_ruler(tokens, max_tokens):
    """Return a ruler of a text without mentions."""
    return WindowRuler(tokens, ((0, tokens),), (), (), max_tokens)


def test_windows_cover_the_text_and_share_the_overlap():
    for tokens, (max_tokens, overlap) in product(range(60), ((8, 4), (10, 3), (20, 0))):
        windows = text_windows(bare_ruler(tokens, max_tokens), overlap)
        assert (windows[0][0], windows[-1][1]) == (0, tokens)
        assert all(end - start == min(tokens, max_tokens) for start, end in windows)
        shared = [before[1] - after[0] for before, after in pairwise(windows)]
        assert shared[:-1] == [overlap] * (len(shared) - 1)
        assert all(found >= overlap for found in shared[-1:])


def test_windows_of_tagged_texts_keep_their_budget_cover_every_token_and_move_on():
    draw = random.Random(1)
    for _ in range(400):
        tokens, max_tokens = draw.randrange(1, 60), draw.randrange(10, 30)
        starts = sorted(draw.sample(range(tokens), draw.randint(0, min(5, tokens))))
        spans = [(start, min(tokens, start + draw.randint(1, 3))) for start in starts]
        windows = text_windows(WindowRuler(tokens, [(0, tokens)], spans, [], max_tokens), 3)
        for start, end in windows:
            tags = sum(TAGS_PER_MENTION for span in spans if start <= span[0] and span[1] <= end)
            assert end - start + tags <= max_tokens
        assert (windows[0][0], windows[-1][1]) == (0, tokens)
        for before, after in pairwise(windows):
            assert before[0] < after[0] <= before[1] <= after[1]
