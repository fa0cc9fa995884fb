"""The course of an edge between two boxes: bent where it would run through others, cut where it leaves its own."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .layout import Box, Size

Point = tuple[float, float]

# How far the middle of an edge may swerve, as a share of its length; the least that avoids other boxes is taken.
BENDS = (0.06, -0.06, 0.18, -0.18, 0.32, -0.32, 0.5, -0.5)
STEPS = 40
ARROW_LENGTH, ARROW_HALF_WIDTH = 10.0, 4.5
BORDER = 3.0
# What a curve keeps free along the border of the canvas, for its glyph.
BORDER_ROOM = 11
# What it keeps free around the boxes that it passes.
BOX_ROOM = 4


@dataclass(frozen=True)
class Curve:
    """A quadratic Bézier curve: where it starts, what it leans towards, where it ends."""

    start: Point
    control: Point
    end: Point

    def at(self, share: float) -> Point:
        """The point at a share 0..1 of the way."""
        rest = 1 - share
        return (
            rest * rest * self.start[0] + 2 * rest * share * self.control[0] + share * share * self.end[0],
            rest * rest * self.start[1] + 2 * rest * share * self.control[1] + share * share * self.end[1],
        )

    def between(self, first: float, last: float) -> "Curve":
        """The part of the curve between two shares of the way."""
        start, end = self.at(first), self.at(last)
        x0, x1 = (_mix(self.start, self.control, first), _mix(self.control, self.end, first))
        return Curve(start, _mix(x0, x1, last), end)

    def path(self) -> str:
        """The curve as the data of an SVG path."""
        return "M{:.1f} {:.1f}Q{:.1f} {:.1f} {:.1f} {:.1f}".format(*self.start, *self.control, *self.end)


def edge_curve(source: Box, target: Box, others: Sequence[Box], canvas: Size, ends_in_arrow: bool) -> Curve:
    """The visible course from the border of one box to that of another, with room for an arrow head at its end."""
    whole = _clearest([_bent(source, target, bend) for bend in BENDS], others, canvas)
    first = _last_inside(whole, source, BORDER, range(STEPS + 1))
    last = _last_inside(whole, target, BORDER, range(STEPS, -1, -1))
    if first >= last:  # boxes that touch
        return whole.between(0.4, 0.6)
    visible = whole.between(first, last)
    if not ends_in_arrow:
        return visible
    length = max(math.dist(visible.start, visible.end), 1e-6)
    return visible.between(0, max(1 - ARROW_LENGTH / length, 0.2))


def arrow_head(curve: Curve) -> str:
    """The points of a triangle that goes on where the curve ends, as SVG writes them."""
    dx, dy = curve.end[0] - curve.control[0], curve.end[1] - curve.control[1]
    length = math.hypot(dx, dy) or 1.0
    dx, dy = dx / length, dy / length
    x, y = curve.end
    tip = (x + dx * ARROW_LENGTH, y + dy * ARROW_LENGTH)
    left = (x - dy * ARROW_HALF_WIDTH, y + dx * ARROW_HALF_WIDTH)
    right = (x + dy * ARROW_HALF_WIDTH, y - dx * ARROW_HALF_WIDTH)
    return " ".join(f"{px:.1f},{py:.1f}" for px, py in (tip, left, right))


def glyph_point(curve: Curve, boxes: Iterable[Box], taken: Iterable[Point], radius: float) -> Point:
    """A point on the curve for its glyph: the middle, or beside it where a box or another glyph is in the way."""
    boxes, taken = list(boxes), list(taken)
    for share in (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72):
        point = curve.at(share)
        free = all(math.dist(point, other) >= 2 * radius for other in taken)
        if free and not any(box.contains(*point, margin=radius) for box in boxes):
            return point
    return curve.at(0.5)


def _bent(source: Box, target: Box, bend: float) -> Curve:
    dx, dy = target.x - source.x, target.y - source.y
    control = ((source.x + target.x) / 2 - dy * 2 * bend, (source.y + target.y) / 2 + dx * 2 * bend)
    return Curve((source.x, source.y), control, (target.x, target.y))


def _clearest(curves: Sequence[Curve], others: Sequence[Box], canvas: Size) -> Curve:
    """The first of the curves that nothing stands in the way of, or else of the least."""
    costs = []
    for curve in curves:
        costs.append(_cost(curve, others, canvas))
        if costs[-1] == 0:
            break
    return curves[costs.index(min(costs))]


def _cost(curve: Curve, others: Sequence[Box], canvas: Size) -> int:
    """How many other boxes the curve runs through, and one more where it comes near the border of the canvas."""
    points = [curve.at(step / STEPS) for step in range(STEPS + 1)]
    inside = Box(canvas.width / 2, canvas.height / 2, canvas.width - 2 * BORDER_ROOM, canvas.height - 2 * BORDER_ROOM)
    leaves = not all(inside.contains(*point) for point in points)
    near = (box for box in others if _comes_near(curve, box))
    return leaves + sum(any(box.contains(*point, margin=BOX_ROOM) for point in points) for box in near)


def _comes_near(curve: Curve, box: Box) -> bool:
    """False where the curve cannot touch the box: it never leaves the rectangle around its three points."""
    xs, ys = zip(curve.start, curve.control, curve.end, strict=True)
    reach_x, reach_y = box.width / 2 + BOX_ROOM, box.height / 2 + BOX_ROOM
    return min(xs) - reach_x < box.x < max(xs) + reach_x and min(ys) - reach_y < box.y < max(ys) + reach_y


def _last_inside(curve: Curve, box: Box, margin: float, steps: Iterable[int]) -> float:
    """The share of the way at which the curve leaves the box, walked in this order of steps, to a fraction of one."""
    inside = outside = None
    for step in steps:
        if not box.contains(*curve.at(step / STEPS), margin=margin):
            outside = step / STEPS
            break
        inside = step / STEPS
    if inside is None or outside is None:
        return inside if outside is None else outside
    for _ in range(12):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if box.contains(*curve.at(middle), margin=margin) else (inside, middle)
    return outside


def _mix(first: Point, second: Point, share: float) -> Point:
    return first[0] + (second[0] - first[0]) * share, first[1] + (second[1] - first[1]) * share
