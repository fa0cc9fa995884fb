"""Where the entities of a network lie: springs first, then boxes are pushed apart until no label covers another."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import networkx

# Labels may be of any kind that a dict can hold.
Key = TypeVar("Key", bound=Hashable)

MARGIN = 12
GAP_X, GAP_Y = 26, 26
SPRING_ROUNDS, PUSH_ROUNDS = 150, 400
# Pixels of canvas for each pixel of label: so many as edges want, unless the canvas gets higher than this share of its
# width; so many as labels need to get apart at all.
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

    def contains(self, x: float, y: float, margin: float = 0) -> bool:
        """Whether the point lies inside, or no further than `margin` outside."""
        return abs(x - self.x) < self.width / 2 + margin and abs(y - self.y) < self.height / 2 + margin

    def overlap(self, other: "Box") -> tuple[float, float]:
        """How far the two must be moved apart in x, or else in y; not positive in one of them where they are apart."""
        return (
            (self.width + other.width) / 2 + GAP_X - abs(self.x - other.x),
            (self.height + other.height) / 2 + GAP_Y - abs(self.y - other.y),
        )


def canvas_size(sizes: Mapping[Key, Size], width: float, least_height: float) -> Size:
    """A canvas of this width, high enough for the labels and for edges between them."""
    area = sum((size.width + GAP_X) * (size.height + GAP_Y) for size in sizes.values())
    widest = max((size.width for size in sizes.values()), default=0)
    width = max(width, widest + 2 * MARGIN)
    wanted = min(area * ROOM_FOR_EDGES / width, width * MAX_ASPECT)
    return Size(width, max(least_height, wanted, area * ROOM_FOR_LABELS / width))


def place(sizes: Mapping[Key, Size], links: Sequence[tuple[Key, Key]], canvas: Size) -> dict[Key, Box]:
    """A box on the canvas for each label; the same for the same input.

    Args:
        sizes: of the labels.
        links: pairs of labels that an edge joins.
    """
    if not sizes:
        return {}
    boxes = _on_canvas(_spring_points(list(sizes), links), sizes, canvas)
    for _ in range(PUSH_ROUNDS):
        if not _push_apart(boxes, canvas):
            break
    return boxes


def _spring_points(names: list[Key], links: Sequence[tuple[Key, Key]]) -> dict[Key, tuple[float, float]]:
    """Points of force-directed placement, from a circle in the order of the names."""
    if len(names) == 1:
        return {names[0]: (0.0, 0.0)}
    graph = networkx.Graph()
    graph.add_nodes_from(names)
    graph.add_edges_from(links)
    turn = 2 * math.pi / len(names)
    # An ellipse that leans a little, since a perfect circle holds the springs in balance.
    circle = {name: (math.cos(turn * i + 0.3), 0.8 * math.sin(turn * i)) for i, name in enumerate(names)}
    reach = 1.6 / math.sqrt(len(names))
    points = networkx.spring_layout(graph, k=reach, pos=circle, iterations=SPRING_ROUNDS, seed=1)
    return {name: (float(x), float(y)) for name, (x, y) in points.items()}


def _on_canvas(points: Mapping[Key, tuple[float, float]], sizes: Mapping[Key, Size], canvas: Size) -> dict[Key, Box]:
    """The points spread over the canvas, each with the box of its label."""
    spread = [_spread({name: point[axis] for name, point in points.items()}) for axis in (0, 1)]
    boxes = {}
    for name, size in sizes.items():
        x = MARGIN + size.width / 2 + spread[0][name] * (canvas.width - 2 * MARGIN - size.width)
        y = MARGIN + size.height / 2 + spread[1][name] * (canvas.height - 2 * MARGIN - size.height)
        boxes[name] = Box(x, y, size.width, size.height)
    return boxes


def _spread(values: Mapping[Key, float]) -> dict[Key, float]:
    """The values as shares 0..1 of the way from the least to the greatest, half way to equal distances.

    Springs crowd what has many edges in the middle, where the labels need most room.
    """
    ordered = sorted(values, key=lambda name: values[name])
    low, length = values[ordered[0]], values[ordered[-1]] - values[ordered[0]]
    if length < 1e-9:
        return dict.fromkeys(values, 0.5)
    last = len(ordered) - 1
    return {name: ((values[name] - low) / length + rank / last) / 2 for rank, name in enumerate(ordered)}


def _push_apart(boxes: dict[Key, Box], canvas: Size) -> bool:
    """Moves boxes that overlap half of the way apart; False where none did."""
    moved = False
    for first, second in _near_pairs(boxes):
        box1, box2 = boxes[first], boxes[second]
        over_x, over_y = box1.overlap(box2)
        if over_x <= 0.5 or over_y <= 0.5:
            continue
        moved = True
        step_x, step_y = (over_x / 2, 0.0) if over_x < over_y else (0.0, over_y / 2)
        sign_x, sign_y = (1 if box1.x <= box2.x else -1), (1 if box1.y <= box2.y else -1)
        boxes[first] = _inside(replace(box1, x=box1.x - sign_x * step_x, y=box1.y - sign_y * step_y), canvas)
        boxes[second] = _inside(replace(box2, x=box2.x + sign_x * step_x, y=box2.y + sign_y * step_y), canvas)
    return moved


def _near_pairs(boxes: Mapping[Key, Box]) -> list[tuple[Key, Key]]:
    """The pairs of boxes that overlap in height, found in one sweep from top to bottom, in the order of the boxes."""
    place = {key: number for number, key in enumerate(boxes)}
    ordered = sorted(boxes, key=lambda key: boxes[key].y - boxes[key].height / 2)
    pairs, opened = [], []
    for key in ordered:
        top = boxes[key].y - boxes[key].height / 2 - GAP_Y
        opened = [other for other in opened if boxes[other].y + boxes[other].height / 2 > top]
        pairs += [(other, key) if place[other] < place[key] else (key, other) for other in opened]
        opened.append(key)
    return sorted(pairs, key=lambda pair: (place[pair[0]], place[pair[1]]))


def _inside(box: Box, canvas: Size) -> Box:
    def clamped(value: float, half: float, length: float) -> float:
        return min(max(value, MARGIN + half), max(length - MARGIN - half, MARGIN + half))

    x = clamped(box.x, box.width / 2, canvas.width)
    return replace(box, x=x, y=clamped(box.y, box.height / 2, canvas.height))
