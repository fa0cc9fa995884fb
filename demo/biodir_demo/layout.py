"""Places the labels of a network around an ellipse and bends its edges towards the middle.

Labels reach outwards from the ellipse and edges stay inside it, so that no edge runs through a label. A point is a
complex number, x + y * 1j.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import networkx

MARGIN = 12
LABEL_HEIGHT, ROW_HEIGHT, LEAST_HEIGHT = 28, 46, 300
# Least half width of the ellipse, for the edges.
LEAST_REACH = 110
# The part of the ellipse's height that has labels; at its ends both sides would meet.
USED_HEIGHT = 0.88
# How far the control point of an edge moves from halfway between its ends to the focus.
BEND_X, BEND_Y = 0.9, 0.25
# Where the focus is to the right of the middle, as a share of the half width, if no labels are there.
FREE_SIDE = 0.6
# Edges keep this distance from the middle of a label's round end.
END_GAP = LABEL_HEIGHT / 2 + 3
ARROW_LENGTH, ARROW_HALF_WIDTH = 10, 4.5
# Where on an edge its sign may be, in order of preference.
SIGN_PLACES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74)


@dataclass(frozen=True)
class Label:
    """A label's rectangle with round ends; its edges meet at `port`, the middle of the end that looks inwards."""

    x: float
    y: float
    width: float
    port: complex


@dataclass(frozen=True)
class Layout:
    """The labels on a canvas, in the order of their names, and the point to which edges bend."""

    width: float
    height: float
    labels: tuple[Label, ...]
    focus: complex


def place(widths: Sequence[float], links: Sequence[tuple[int, int]], least_width: float, sides: int) -> Layout:
    """Return the places of at least two labels; linked ones are near each other where the links allow it.

    Args:
        widths: of the labels.
        links: pairs of indices of labels that an edge joins.
        sides: 2 for labels on both sides of the ellipse, right and then left; 1 for labels on its left side only.
    """
    order = list(networkx.utils.cuthill_mckee_ordering(networkx.Graph(links)))
    half = len(order) - len(order) // sides
    columns = [(1, order[:half]), (-1, order[half:][::-1])]
    room = [max((widths[index] for index in column), default=0) + MARGIN for _, column in columns]
    width = max(least_width, sum(room) + sides * LEAST_REACH)
    height = max(LEAST_HEIGHT, ROW_HEIGHT * max(len(column) for _, column in columns) + 2 * MARGIN)
    reach = (width - sum(room)) / sides
    middle = complex(room[1] + reach, height / 2)
    labels = {}
    for side, column in columns:
        for row, index in enumerate(column):
            share = (2 * row + 1) / len(column) - 1  # of the way from the middle to the top or the bottom
            across = side * reach * (1 - (USED_HEIGHT * share) ** 2) ** 0.5
            port = middle + complex(across, share * (height / 2 - MARGIN))
            x = port.real + side * (widths[index] - LABEL_HEIGHT) / 2
            labels[index] = Label(x, port.imag, widths[index], port)
    focus = middle if sides == 2 else middle + FREE_SIDE * reach
    return Layout(width, height, tuple(labels[index] for index in range(len(widths))), focus)


@dataclass(frozen=True)
class Edge:
    """A quadratic Bézier curve from start to end, which leans towards the control point."""

    start: complex
    control: complex
    end: complex

    def at(self, share: float) -> complex:
        """Return the point at a share 0..1 of the way."""
        rest = 1 - share
        return rest * rest * self.start + 2 * rest * share * self.control + share * share * self.end

    def path(self) -> str:
        """Return the curve as the data of an SVG path."""
        return f"M{_written(self.start)}Q{_written(self.control)} {_written(self.end)}"

    def arrow_head(self) -> str:
        """Return the points of a triangle at the end, as SVG writes them."""
        way = (self.end - self.control) / abs(self.end - self.control)
        side = way * ARROW_HALF_WIDTH * 1j
        return " ".join(map(_written, (self.end + way * ARROW_LENGTH, self.end + side, self.end - side)))

    def sign_point(self, taken: Sequence[complex], radius: float) -> complex:
        """Return a point on the curve for its sign: the middle, or beside it if another sign is there."""
        points = [self.at(share) for share in SIGN_PLACES]
        return next((point for point in points if all(abs(point - other) > 2 * radius for other in taken)), points[0])


def edge_between(source: complex, target: complex, focus: complex, ends_in_arrow: bool) -> Edge:
    """Return the visible course of an edge between two ports, with room for an arrow head at its end."""
    halfway = (source + target) / 2
    inwards = focus - halfway
    control = halfway + complex(BEND_X * inwards.real, BEND_Y * inwards.imag)
    end_gap = END_GAP + ARROW_LENGTH * ends_in_arrow
    return Edge(_towards(source, control, END_GAP), control, _towards(target, control, end_gap))


def _towards(point: complex, other: complex, distance: float) -> complex:
    return point + (other - point) / abs(other - point) * distance


def _written(point: complex) -> str:
    return f"{point.real:.1f},{point.imag:.1f}"
