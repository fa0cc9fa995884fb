"""The network of the demo: labels apart and on the canvas, edges between them, what the lines say."""

import math
import random
import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from biodir_demo.curves import ARROW_LENGTH, BOX_ROOM, Curve, _comes_near, arrow_head, edge_curve, sign_point
from biodir_demo.layout import MARGIN, Box, Size, _near_pairs, canvas_size, place
from biodir_demo.network import DRAWINGS, network_html, network_svg, statement
from helpers.demo_predictions import DRUG, GENE, RESULTS, VARIANT, answer, result

ANSWER = answer()
WIDE, NARROW = DRAWINGS["wide"], DRAWINGS["narrow"]


def dense(count: int) -> tuple[dict[str, Size], list[tuple[str, str]]]:
    sizes = {f"n{index}": Size(60 + 17 * (index % 7), 28) for index in range(count)}
    return sizes, [pair for number, pair in enumerate(combinations(sizes, 2)) if number % 3 == 0]


@pytest.mark.parametrize("least", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("count", [1, 2, 3, 8, 20, 40])
def test_labels_lie_on_the_canvas_and_cover_no_other(count, least):
    sizes, links = dense(count)
    canvas = canvas_size(sizes, least.width, least.height)
    boxes = place(sizes, links, canvas)
    assert list(boxes) == list(sizes)
    for box in boxes.values():
        assert MARGIN - 1e-6 <= box.x - box.width / 2 <= box.x + box.width / 2 <= canvas.width - MARGIN + 1e-6
        assert MARGIN - 1e-6 <= box.y - box.height / 2 <= box.y + box.height / 2 <= canvas.height - MARGIN + 1e-6
    for box1, box2 in combinations(boxes.values(), 2):
        apart_x = abs(box1.x - box2.x) - (box1.width + box2.width) / 2
        apart_y = abs(box1.y - box2.y) - (box1.height + box2.height) / 2
        assert max(apart_x, apart_y) > 0


def test_few_boxes_are_compared_with_each_other():
    boxes = {number: Box(50 * (number % 7), 100 * number // 7, 60, 28) for number in range(140)}
    found = _near_pairs(boxes)
    overlapping = [pair for pair in combinations(boxes, 2) if boxes[pair[0]].overlap(boxes[pair[1]])[1] > 0]
    assert found == overlapping
    assert len(found) < 7 * len(boxes)


def test_place_gives_the_same_twice_and_nothing_for_nothing():
    sizes, links = dense(9)
    assert place(sizes, links, WIDE) == place(sizes, links, WIDE)
    assert place({}, [], WIDE) == {}


def test_canvas_grows_with_the_labels():
    few, many = dense(3)[0], dense(80)[0]
    assert canvas_size(few, 700, 420) == Size(700, 420)
    assert canvas_size(many, 700, 420).height > 420


def test_canvas_is_as_wide_as_the_widest_label():
    assert canvas_size({"a": Size(500, 28)}, 360, 440).width == 500 + 2 * MARGIN


SOURCE, TARGET = Box(100, 100, 60, 28), Box(500, 100, 60, 28)


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


def test_edge_bends_around_a_label_in_its_way():
    between = Box(300, 100, 80, 28)
    curve = edge_curve(SOURCE, TARGET, [between], WIDE, ends_in_arrow=True)
    assert not any(between.contains(*curve.at(step / 50)) for step in range(51))


def test_box_that_a_curve_runs_through_is_never_passed_over():
    chance = random.Random(5)
    for _ in range(300):
        curve = Curve(*((chance.uniform(0, 400), chance.uniform(0, 400)) for _ in range(3)))
        box = Box(chance.uniform(0, 400), chance.uniform(0, 400), 60, 28)
        runs_through = any(box.contains(*curve.at(step / 40), margin=BOX_ROOM) for step in range(41))
        assert _comes_near(curve, box) or not runs_through


def test_edge_stays_on_the_canvas():
    top1, top2 = Box(100, 26, 60, 28), Box(500, 26, 60, 28)
    curve = edge_curve(top1, top2, [Box(300, 26, 80, 28)], WIDE, ends_in_arrow=False)
    assert all(0 <= curve.at(step / 50)[1] <= WIDE.height for step in range(51))


def test_labels_that_touch_still_have_an_edge():
    curve = edge_curve(Box(100, 100, 60, 28), Box(110, 104, 60, 28), [], WIDE, ends_in_arrow=True)
    assert all(math.isfinite(value) for point in (curve.start, curve.end) for value in point)


def test_part_of_a_curve_lies_on_it():
    curve = Curve((0, 0), (50, 80), (100, 0))
    part = curve.between(0.25, 0.75)
    assert part.at(0.5) == pytest.approx(curve.at(0.5))
    assert part.at(0) == pytest.approx(curve.at(0.25))
    assert part.at(1) == pytest.approx(curve.at(0.75))


def test_glyphs_keep_apart():
    curve = Curve((0, 0), (50, 0), (100, 0))
    assert sign_point(curve, [], [], 8) == (50, 0)
    assert math.dist(sign_point(curve, [], [(50, 0)], 8), (50, 0)) >= 16 - 1e-6


def groups(svg: str, name: str) -> list[ElementTree.Element]:
    return [group for group in ElementTree.fromstring(svg).iter("g") if name in group.get("class").split()]


def test_drawing_has_a_label_for_each_entity_and_a_line_for_each_relation():
    svg = network_svg(ANSWER.document, ANSWER.relations, WIDE)
    assert sorted(group.find("text").text for group in groups(svg, "bd-node")) == ["EGFR", "Gefitinib", "T790M"]
    assert sorted(group.get("data-relation") for group in groups(svg, "bd-edge")) == ["1", "2"]


def test_directed_edge_has_an_arrow_and_undirected_none():
    edges = {
        edge.get("data-relation"): edge
        for edge in groups(network_svg(ANSWER.document, ANSWER.relations, WIDE), "bd-edge")
    }
    assert edges["1"].find("polygon") is not None
    assert edges["2"].find("polygon") is None


def test_known_relation_is_dashed_and_novel_is_not():
    edges = {
        edge.get("data-relation"): edge
        for edge in groups(network_svg(ANSWER.document, ANSWER.relations, WIDE), "bd-edge")
    }
    assert edges["1"].get("class").split() == ["bd-edge", "negative", "novel"]
    assert edges["2"].get("class").split() == ["bd-edge", "association", "known"]


def test_titles_say_the_whole_relation_and_entity():
    svg = network_svg(ANSWER.document, ANSWER.relations, WIDE)
    assert "Gefitinib → EGFR: Negative correlation, Novel, score 0.90" in svg
    assert "EGFR · Gene · 1956 · 2 mentions" in svg
    assert statement(RESULTS[1]) == "T790M — Gefitinib: Association, Known, score 0.50"


def test_one_identifier_with_two_types_is_two_labels():
    other = {**GENE, "type": "ChemicalEntity"}
    findings = answer(result(DRUG, GENE, "Bind", 0.5), result(VARIANT, other, "Bind", 0.5)).relations
    assert len(groups(network_svg(ANSWER.document, findings, WIDE), "bd-node")) == 4


def test_long_names_are_cut_in_the_drawing_and_whole_in_the_title():
    name = "a very long name of a chemical <with> signs"
    findings = answer(result({**DRUG, "text": name}, GENE, "Bind", 0.5)).relations
    svg = network_svg(ANSWER.document, findings, NARROW)
    node = next(group for group in groups(svg, "bd-node") if "chemical" in group.get("class"))
    assert node.find("text").text == "a very long name of a c…"
    assert node.find("title").text.startswith(name)


def test_page_holds_a_drawing_for_each_width_and_a_legend_of_what_occurs():
    html = network_html(ANSWER.document, ANSWER.relations)
    assert re.findall(r'<div class="bd-network (\w+)">', html) == ["wide", "narrow"]
    assert "Negative correlation</li>" in html
    assert "Bind</li>" not in html
    assert "No relation" in network_html(ANSWER.document, ())


def test_no_more_relations_are_drawn_than_can_be_followed():
    many = [result({**DRUG, "id": f"D{number}"}, GENE, "Bind", number / 100) for number in range(60)]
    html = network_html(ANSWER.document, answer(*many).relations)
    numbers = [int(number) for number in re.findall(r'data-relation="(\d+)"', html)]
    assert "The 50 surest of 60 relations are drawn" in html
    assert sorted(set(numbers)) == list(range(11, 61))
    assert "surest" not in network_html(ANSWER.document, ANSWER.relations)
