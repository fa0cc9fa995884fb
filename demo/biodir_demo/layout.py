"""Places the labels of a network: springs first, then overlapping labels are pushed apart."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import networkx
import numpy as np

Key = TypeVar("Key", bound=Hashable)

MARGIN = 12
GAP = 26
SPRING_ROUNDS, PUSH_ROUNDS = 150, 400
# Pixels of canvas for a pixel of label: wanted by edges, up to this height of the canvas for its width; needed at all.
ROOM_FOR_EDGES, ROOM_FOR_LABELS = 4.5, 2.2
MAX_ASPECT = 2.6


@dataclass(frozen=True)
class Size:
    """Width and height in pixels of the drawing."""

    width: float
    height: float


@dataclass(frozen=True)
class Box:
    """A label's rectangle around its centre."""

    x: float
    y: float
    width: float
    height: float

    def contains(self, x: np.ndarray, y: np.ndarray, margin: float = 0) -> np.ndarray:
        """Return for each point whether it is inside, or at most `margin` outside."""
        return (abs(x - self.x) < self.width / 2 + margin) & (abs(y - self.y) < self.height / 2 + margin)


def canvas_size(sizes: Mapping[Key, Size], width: float, least_height: float) -> Size:
    """Return a canvas of this width that is high enough for the labels and for edges between them."""
    area = sum((size.width + GAP) * (size.height + GAP) for size in sizes.values())
    width = max(width, max((size.width for size in sizes.values()), default=0) + 2 * MARGIN)
    wanted = min(area * ROOM_FOR_EDGES / width, width * MAX_ASPECT)
    return Size(width, max(least_height, wanted, area * ROOM_FOR_LABELS / width))


def place(sizes: Mapping[Key, Size], links: Sequence[tuple[Key, Key]], canvas: Size) -> dict[Key, Box]:
    """Return a box on the canvas for each label; the same for the same input.

    Args:
        sizes: sizes of the labels.
        links: pairs of labels that an edge joins.
    """
    if not sizes:
        return {}
    halves = np.array([(size.width, size.height) for size in sizes.values()]) / 2  # (labels, 2)
    low = MARGIN + halves
    high = np.maximum((canvas.width, canvas.height) - low, low)
    centres = low + _spread(_spring_points(list(sizes), links)) * (high - low)
    for _ in range(PUSH_ROUNDS):
        if not _push_apart(centres, halves, low, high):
            break
    return {key: Box(*centre, *(2 * half)) for key, centre, half in zip(sizes, centres.tolist(), halves, strict=True)}


def _spring_points(names: list[Key], links: Sequence[tuple[Key, Key]]) -> np.ndarray:
    """Return points (labels, 2) of force-directed placement, which starts from a circle in the order of the names."""
    graph = networkx.Graph()
    graph.add_nodes_from(names)
    graph.add_edges_from(links)
    turn = 2 * math.pi / len(names)
    # A leaning ellipse, since a perfect circle keeps the springs in balance.
    circle = {name: (math.cos(turn * i + 0.3), 0.8 * math.sin(turn * i)) for i, name in enumerate(names)}
    reach = 1.6 / math.sqrt(len(names))
    points = networkx.spring_layout(graph, k=reach, pos=circle, iterations=SPRING_ROUNDS, seed=1)
    return np.array([points[name] for name in names])


def _spread(points: np.ndarray) -> np.ndarray:
    """Return the points as shares 0..1 of the way from the least to the greatest, half way to equal distances.

    Springs crowd labels with many edges in the middle, where they need most room.
    """
    length = np.ptp(points, axis=0)
    if len(points) == 1 or (length < 1e-9).any():
        return np.full_like(points, 0.5)
    ranks = points.argsort(axis=0).argsort(axis=0) / (len(points) - 1)
    return ((points - points.min(axis=0)) / length + ranks) / 2


def _push_apart(centres: np.ndarray, halves: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    """Move the centres of overlapping labels apart, half of the way each; return whether any moved."""
    distances = abs(centres[:, None] - centres[None])  # (labels, labels, 2)
    overlaps = halves[:, None] + halves[None] + GAP - distances
    pairs = np.argwhere(np.triu((overlaps > 0.5).all(axis=-1), k=1))
    for first, second in pairs:
        overlap = halves[first] + halves[second] + GAP - abs(centres[first] - centres[second])
        axis = overlap.argmin()
        if overlap[axis] > 0.5:  # an earlier push may have parted the two
            step = overlap[axis] / 2 * (1 if centres[first, axis] <= centres[second, axis] else -1)
            centres[first, axis] -= step
            centres[second, axis] += step
            np.clip(centres, low, high, out=centres)
    return len(pairs) > 0
