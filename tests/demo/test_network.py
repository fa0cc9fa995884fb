"""The network of the demo: labels apart and on the canvas, edges between them, what the lines mean."""

import math
import re
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest

from biodir_demo.layout import ARROW_LENGTH, MARGIN, Box, Curve, Size, arrow_head, canvas_size, edge_curve, place
from biodir_demo.network import DRAWINGS, network_html, network_svg, statement
from helpers.demo_predictions import DRUG, GENE, RESULTS, prediction, result

PREDICTION = prediction()
WIDE, NARROW = DRAWINGS["wide"], DRAWINGS["narrow"]
SOURCE, TARGET = Box(100, 100, 60, 28), Box(500, 100, 60, 28)
ALONG = np.linspace(0, 1, 51)


def dense(count: int) -> tuple[dict[str, Size], list[tuple[str, str]]]:
    sizes = {f"n{index}": Size(60 + 17 * (index % 7), 28) for index in range(count)}
    return sizes, [pair for number, pair in enumerate(combinations(sizes, 2)) if number % 3 == 0]


@pytest.mark.parametrize("least", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("count", [1, 2, 3, 8, 20, 40])
def test_labels_are_on_the_canvas_and_cover_no_other(count, least):
    sizes, links = dense(count)
    canvas = canvas_size(sizes, least.width, least.height)
    boxes = place(sizes, links, canvas)
    assert boxes == place(sizes, links, canvas), "the same twice"
    assert list(boxes) == list(sizes)
    for box in boxes.values():
        assert MARGIN - 1e-6 <= box.x - box.width / 2 <= box.x + box.width / 2 <= canvas.width - MARGIN + 1e-6
        assert MARGIN - 1e-6 <= box.y - box.height / 2 <= box.y + box.height / 2 <= canvas.height - MARGIN + 1e-6
    for box1, box2 in combinations(boxes.values(), 2):
        apart_x = abs(box1.x - box2.x) - (box1.width + box2.width) / 2
        apart_y = abs(box1.y - box2.y) - (box1.height + box2.height) / 2
        assert max(apart_x, apart_y) > 0


def test_edge_runs_between_the_borders_of_its_labels():
    curve = edge_curve(SOURCE, TARGET, [], WIDE, ends_in_arrow=False)
    assert not SOURCE.contains(*curve.start)
    assert not TARGET.contains(*curve.end)
    assert SOURCE.contains(*curve.start, margin=4)
    assert TARGET.contains(*curve.end, margin=4)


def test_arrow_head_ends_at_the_border_of_the_object():
    curve = edge_curve(SOURCE, TARGET, [], WIDE, ends_in_arrow=True)
    tip = [float(value) for value in arrow_head(curve).split(" ")[0].split(",")]
    assert TARGET.contains(*tip, margin=6)
    assert not TARGET.contains(*tip)
    assert math.dist(tip, curve.end) == pytest.approx(ARROW_LENGTH, abs=0.1)


def test_edge_bends_around_a_label_and_stays_on_the_canvas():
    between = Box(300, 100, 80, 28)
    curve = edge_curve(SOURCE, TARGET, [between], WIDE, ends_in_arrow=True)
    assert not between.contains(*curve.points(ALONG)).any()
    top1, top2 = Box(100, 26, 60, 28), Box(500, 26, 60, 28)
    _, y = edge_curve(top1, top2, [Box(300, 26, 80, 28)], WIDE, ends_in_arrow=False).points(ALONG)
    assert ((y >= 0) & (y <= WIDE.height)).all()


def test_part_of_a_curve_is_on_it():
    curve = Curve((0, 0), (50, 80), (100, 0))
    part = curve.between(0.25, 0.75)
    for share in (0, 0.5, 1):
        assert part.at(share) == pytest.approx(curve.at(0.25 + share / 2))


def groups(svg: str, name: str) -> list[ElementTree.Element]:
    return [group for group in ElementTree.fromstring(svg).iter("g") if name in group.get("class").split()]


def test_drawing_has_a_label_for_each_entity_and_a_line_for_each_relation():
    svg = network_svg(PREDICTION.document, PREDICTION.relations, WIDE)
    assert sorted(group.find("text").text for group in groups(svg, "bd-node")) == ["EGFR", "Gefitinib", "T790M"]
    edges = {edge.get("data-relation"): edge for edge in groups(svg, "bd-edge")}
    assert {number: edge.get("class").split() for number, edge in edges.items()} == {
        "1": ["bd-edge", "negative", "novel"],
        "2": ["bd-edge", "association", "known"],
    }
    assert edges["1"].find("polygon") is not None, "directed"
    assert edges["2"].find("polygon") is None, "not directed"
    assert "Gefitinib → EGFR: Negative correlation, Novel, score 0.90" in svg
    assert "EGFR · Gene · 1956 · 2 mentions" in svg
    assert statement(RESULTS[1]) == "T790M — Gefitinib: Association, Known, score 0.50"


def test_no_more_relations_are_drawn_than_can_be_followed():
    many = [result({**DRUG, "id": f"D{number}"}, GENE, "Bind", number / 100) for number in range(60)]
    html = network_html(PREDICTION.document, prediction(*many).relations)
    numbers = {int(number) for number in re.findall(r'data-relation="(\d+)"', html)}
    assert "The 50 relations with the highest scores are drawn, of 60." in html
    assert numbers == set(range(11, 61))
    assert "highest" not in network_html(PREDICTION.document, PREDICTION.relations)
