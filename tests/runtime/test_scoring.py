"""What the run-time computes without torch is what the model computes."""

import numpy as np
import pytest
import torch

from biodir import modeling_document_biodir as in_torch
from biodir.runtime import scoring


def random_windows(seed: int):
    """Windows of a batch of 6 pairs of 5 entities: places of mentions, their entities, and states of the text."""
    draw = np.random.default_rng(seed)
    for tokens in (12, 9, 12, 9):
        places = np.sort(draw.choice(tokens, 7, replace=False))
        yield places, draw.integers(0, 5, 7), draw.standard_normal((tokens, 4)).astype(np.float32)


PAIRS = np.array([[0, 1], [1, 2], [2, 3], [4, 0], [3, 1], [4, 2]])


def shown_in_torch(shown: scoring._WindowPairs, entities: np.ndarray) -> in_torch._WindowPairs:
    parts = shown.places, np.unique(entities), shown.rows, shown.pairs, shown.sides
    return in_torch._WindowPairs(*map(torch.from_numpy, parts))


@pytest.mark.parametrize("seed", range(20))
def test_closest_mentions_of_several_windows_are_those_of_the_model(seed):
    found, expected = scoring._ClosestStates(len(PAIRS), 4), in_torch._ClosestStates(len(PAIRS), 4, torch.device("cpu"))
    added = 0
    for places, entities, text in random_windows(seed):
        shown = scoring._window_pairs(places, entities, 5, PAIRS)
        if len(shown.pairs):
            added += 1
            found.add(shown, text)
            expected.add(shown_in_torch(shown, entities), torch.from_numpy(text))
    assert added > 1
    np.testing.assert_allclose(found.states, expected.states.numpy(), atol=1e-5)
    assert found.states.any()
