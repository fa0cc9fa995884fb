"""Places the labels and edges of a network.

Labels: springs first, then those that overlap are pushed apart. Edges: bent around other labels, and cut at the borders
of their own two.
"""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import networkx
import numpy as np

Key = TypeVar("Key", bound=Hashable)
Point = tuple[float, float]

MARGIN = 12
GAP = 26
SPRING_ROUNDS, PUSH_ROUNDS = 150, 400
# Pixels of canvas for a pixel of label: wanted by edges, up to this height of the canvas for its width; needed at all.
ROOM_FOR_EDGES, ROOM_FOR_LABELS = 4.5, 2.2
MAX_ASPECT = 2.6
# How far the middle of an edge may swerve, as a share of its length, in order of preference.
BENDS = (0.06, -0.06, 0.18, -0.18, 0.32, -0.32, 0.5, -0.5)
# Points of an edge that are compared with labels.
STEPS = np.linspace(0, 1, 41)
FINE_STEPS = np.linspace(0, 1, 801)
ARROW_LENGTH, ARROW_HALF_WIDTH = 10.0, 4.5
# Free space at the ends of an edge, along the border of the canvas, and around labels that it passes.
END_GAP, BORDER_GAP, LABEL_GAP = 3, 11, 4
# A label covers the line below it, but a line outside the canvas is lost.
LEAVING_COST = 3
# Where on an edge its sign may be, in order of preference.
SIGN_PLACES = (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72)


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


@dataclass(frozen=True)
class Curve:
    """A quadratic Bézier curve from start to end, which leans towards the control point."""

    start: Point
    control: Point
    end: Point

    def at(self, share: float) -> Point:
        """Return the point at a share 0..1 of the way."""
        x, y = self.points(np.array([share]))
        return float(x[0]), float(y[0])

    def points(self, shares: np.ndarray) -> np.ndarray:
        """Return x and y of the points at these shares 0..1 of the way: (2, shares)."""
        rest = 1 - shares
        weights = np.array([rest * rest, 2 * rest * shares, shares * shares])
        return np.array([self.start, self.control, self.end]).T @ weights

    def between(self, first: float, last: float) -> "Curve":
        """Return the part of the curve between two shares of the way."""
        start, control, end = np.array([self.start, self.control, self.end])
        lean = (1 - last) * ((1 - first) * start + first * control) + last * ((1 - first) * control + first * end)
        return Curve(self.at(first), (float(lean[0]), float(lean[1])), self.at(last))

    def path(self) -> str:
        """Return the curve as the data of an SVG path."""
        return "M{:.1f} {:.1f}Q{:.1f} {:.1f} {:.1f} {:.1f}".format(*self.start, *self.control, *self.end)


def edge_curve(source: Box, target: Box, others: Sequence[Box], canvas: Size, ends_in_arrow: bool) -> Curve:
    """Return the visible course from the border of one box to that of another, with room for an arrow head."""
    curve = min((_bent(source, target, bend) for bend in BENDS), key=lambda curve: _cost(curve, others, canvas))
    x, y = curve.points(FINE_STEPS)
    outside = FINE_STEPS[~(source.contains(x, y, END_GAP) | target.contains(x, y, END_GAP))]
    if len(outside) < 2:  # boxes that touch
        return curve.between(0.4, 0.6)
    visible = curve.between(outside[0], outside[-1])
    if not ends_in_arrow:
        return visible
    length = max(np.hypot(*np.subtract(visible.end, visible.start)), 1e-6)
    return visible.between(0, max(1 - ARROW_LENGTH / length, 0.2))


def arrow_head(curve: Curve) -> str:
    """Return the points of a triangle at the end of the curve, as SVG writes them."""
    end = np.array(curve.end)
    way = end - curve.control
    way = way / (np.hypot(*way) or 1.0)
    side = np.array([-way[1], way[0]]) * ARROW_HALF_WIDTH
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in (end + way * ARROW_LENGTH, end + side, end - side))


def sign_point(curve: Curve, boxes: Iterable[Box], taken: Iterable[Point], radius: float) -> Point:
    """Return a point on the curve for its sign: the middle, or beside it if a box or another sign is there."""
    x, y = curve.points(np.array(SIGN_PLACES))
    free = np.ones(len(SIGN_PLACES), dtype=bool)
    for box in boxes:
        free &= ~box.contains(x, y, radius)
    for point in taken:
        free &= np.hypot(x - point[0], y - point[1]) >= 2 * radius
    return curve.at(SIGN_PLACES[int(free.argmax())])


def _bent(source: Box, target: Box, bend: float) -> Curve:
    dx, dy = target.x - source.x, target.y - source.y
    control = ((source.x + target.x) / 2 - dy * 2 * bend, (source.y + target.y) / 2 + dx * 2 * bend)
    return Curve((source.x, source.y), control, (target.x, target.y))


def _cost(curve: Curve, others: Sequence[Box], canvas: Size) -> int:
    """Return how many other boxes the curve runs through; coming near the border of the canvas counts more."""
    x, y = curve.points(STEPS)
    inner = Box(canvas.width / 2, canvas.height / 2, canvas.width - 2 * BORDER_GAP, canvas.height - 2 * BORDER_GAP)
    crossed = sum(bool(box.contains(x, y, LABEL_GAP).any()) for box in others)
    return crossed + LEAVING_COST * (not inner.contains(x, y).all())
