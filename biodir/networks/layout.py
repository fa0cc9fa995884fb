"""Layout: places for the nodes of a network, by forces, the same for the same network."""

from collections.abc import Iterator
from math import ceil

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # (points, 2), in pixels

# Two nodes that only have each other are about so far apart.
EDGE_LENGTH = 110.0
# No two nodes one above the other are nearer than this; side by side, where their names are, they need more room.
LEAST_DISTANCE = 84.0
WIDE = np.array([1.5, 1.0])
ROUNDS, SPREADING_ROUNDS = 260, 60
# Nodes are at most so far from the centre, on average, in least distances and square roots of their number.
ROOM = 0.45
# Screens are wider than high.
STRETCH = np.array([1.2, 1 / 1.2])
# Cells of the grid on which repulsion is computed, along each side.
CELLS = 128
GRAVITY = 0.06
# The longest step of a node in the first and the last round, in lengths of edges.
FIRST_STEP, LAST_STEP = 6.0, 0.02


def positions(node_count: int, edges: list[tuple[int, int]]) -> Points:
    """Return a place for each node: (nodes, 2), in pixels, around the origin.

    Nodes repel each other, the more the more edges they have, and edges pull, as in ForceAtlas2 (Jacomy et al. 2014,
    doi:10.1371/journal.pone.0098679). Repulsion is computed on a grid, so time grows with the nodes and not with their
    pairs. In the end nodes that are too near to each other are pushed apart.

    Args:
        node_count: how many nodes there are.
        edges: the numbers of the nodes at the two ends of each; several edges of a pair pull as one.

    >>> positions(2, [(0, 1)]).shape
    (2, 2)
    """
    if node_count < 2:
        return np.zeros((node_count, 2))
    pairs = np.array(sorted({(min(pair), max(pair)) for pair in edges if pair[0] != pair[1]}), int).reshape(-1, 2)
    mass = np.ones(node_count) + np.bincount(pairs.ravel(), minlength=node_count)
    places = np.random.default_rng(0).normal(size=(node_count, 2)) * EDGE_LENGTH * np.sqrt(node_count) / 2
    kernel = _kernel()
    for step in np.geomspace(FIRST_STEP, LAST_STEP, ROUNDS) * EDGE_LENGTH:
        pull = places[pairs[:, 1]] - places[pairs[:, 0]]  # (pairs, 2)
        force = _sums(pairs[:, 0], pull, node_count) - _sums(pairs[:, 1], pull, node_count)
        force /= mass[:, None]
        force += EDGE_LENGTH**2 / 4 * _repulsion(places, mass, kernel) - GRAVITY * places
        length = np.linalg.norm(force, axis=1, keepdims=True)
        places = places + force * np.minimum(0.5, step / np.maximum(length, 1e-9))
    places -= places.mean(axis=0)
    radius = float(np.sqrt((places**2).sum(axis=1).mean()))
    room = LEAST_DISTANCE * np.sqrt(WIDE.prod() * node_count) * ROOM
    return _spread(places * STRETCH / WIDE * min(1.0, room / radius)) * WIDE


def _sums(index: NDArray[np.int64], values: Points, count: int) -> Points:
    """Return the sum of the values of each index: (count, 2)."""
    return np.stack([np.bincount(index, values[:, axis], count) for axis in (0, 1)], axis=1).astype(float)


def _kernel() -> NDArray[np.complex128]:
    """Return the transform of the force of a mass on a cell at a distance, both axes: (2, 2 * cells, cells + 1)."""
    offset = np.fft.fftfreq(2 * CELLS, 1 / (2 * CELLS))
    across, down = np.meshgrid(offset, offset, indexing="ij")
    square = across**2 + down**2 + 0.25  # a quarter of a cell keeps the force of neighbours finite
    return np.fft.rfft2(np.stack([across / square, down / square]))


def _repulsion(places: Points, mass: NDArray[np.float64], kernel: NDArray[np.complex128]) -> Points:
    """Return the sum of mass / distance over all other nodes, as vectors: (nodes, 2)."""
    low = places.min(axis=0)
    cell = max(float((places.max(axis=0) - low).max()) / (CELLS - 2), 1e-6)
    scaled = (places - low) / cell
    corner = scaled.astype(int)
    part = scaled - corner
    # A node lies between four cells, and has a share of each.
    corners = [
        (
            (corner[:, 0] + right) * 2 * CELLS + corner[:, 1] + below,
            (part[:, 0] if right else 1 - part[:, 0]) * (part[:, 1] if below else 1 - part[:, 1]),
        )
        for right in (0, 1)
        for below in (0, 1)
    ]
    grid = np.zeros(4 * CELLS**2)
    for index, share in corners:
        grid += np.bincount(index, share * mass, len(grid))
    transform = np.fft.rfft2(grid.reshape(2 * CELLS, 2 * CELLS))
    field = np.fft.irfft2(transform * kernel, s=(2 * CELLS, 2 * CELLS)).reshape(2, -1)  # (2, cells of the padded grid)
    found: Points = sum(field[:, index] * share for index, share in corners).T / cell
    return found


def _spread(places: Points) -> Points:
    """Return the places with those that are nearer than the least distance pushed apart."""
    for _ in range(SPREADING_ROUNDS):
        first, second = (np.concatenate(part) for part in zip(*_near(places), strict=True))
        between = places[second] - places[first]
        distance = np.linalg.norm(between, axis=1)
        is_near = distance < LEAST_DISTANCE
        if not is_near.any():
            break
        first, second, between, distance = first[is_near], second[is_near], between[is_near], distance[is_near]
        # Nodes in one place go apart to the side that their numbers give them.
        between[distance == 0] = np.stack([np.cos(first), np.sin(first)], axis=1)[distance == 0]
        unit = between / np.maximum(distance, 1.0)[:, None]
        push = unit * ((LEAST_DISTANCE - distance) / 2)[:, None]
        count = len(places)
        places = places + _sums(second, push, count) - _sums(first, push, count)
    return places


def _near(places: Points) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the numbers of all pairs that are in one cell of the least distance, or in neighbouring ones."""
    column, row = ((places - places.min(axis=0)) // LEAST_DISTANCE).astype(int).T
    rows = ceil(row.max()) + 3
    key = column * rows + row + 1
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    for other in (0, 1, rows - 1, rows, rows + 1):
        start = np.searchsorted(ordered, ordered + other, "left") if other else np.arange(1, len(order) + 1)
        length = np.searchsorted(ordered, ordered + other, "right") - start
        first = np.repeat(np.arange(len(order)), length)
        second = np.arange(len(first)) - np.repeat(np.cumsum(length) - length, length) + np.repeat(start, length)
        yield order[first], order[second]
