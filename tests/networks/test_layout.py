"""Places of nodes."""

import numpy as np
import pytest

from biodir.networks.layout import LEAST_DISTANCE, positions


def distances(places: np.ndarray) -> np.ndarray:
    between = places[:, None] - places[None]
    return np.linalg.norm(between, axis=-1)[np.triu_indices(len(places), 1)]


def ring(size: int) -> list[tuple[int, int]]:
    return [(node, (node + 1) % size) for node in range(size)]


@pytest.mark.parametrize(("count", "edges"), [(0, []), (1, []), (1, [(0, 0)])])
def test_few_nodes_are_at_the_origin(count, edges):
    assert positions(count, edges).tolist() == [[0.0, 0.0]] * count


@pytest.mark.parametrize("edges", [[], ring(40), [(0, node) for node in range(1, 40)], [(3, 3)]])
def test_no_two_nodes_are_too_near(edges):
    places = positions(40, edges)
    assert np.isfinite(places).all()
    assert distances(places).min() > 0.8 * LEAST_DISTANCE


def test_places_are_the_same_each_time_and_several_edges_of_a_pair_pull_as_one():
    once = positions(30, ring(30))
    assert np.array_equal(once, positions(30, ring(30)))
    assert np.array_equal(once, positions(30, [(end, start) for start, end in ring(30)] * 2))


def test_related_nodes_are_nearer_than_others():
    clusters = [(base + first, base + second) for base in (0, 12) for first in range(12) for second in range(first)]
    places = positions(24, clusters)
    centres = [places[:12].mean(axis=0), places[12:].mean(axis=0)]
    own_centre = np.repeat(centres, 12, axis=0)
    radius = np.linalg.norm(places - own_centre, axis=1).max()
    assert np.linalg.norm(centres[0] - centres[1]) > 1.5 * radius
