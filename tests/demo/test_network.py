"""The network of the demo: labels apart and on the canvas, edges between them, what the lines mean."""

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from biodir_demo.layout import ARROW_LENGTH, END_GAP, LABEL_HEIGHT, Edge, Label, edge_between, place
from biodir_demo.network import DRAWINGS, network_html, network_svg, statement
from helpers.demo_predictions import DRUG, GENE, RESULTS, prediction, result

PREDICTION = prediction()


def covers(label: Label, point: complex) -> bool:
    """Return whether a point is inside the label, whose ends are half circles."""
    radius = LABEL_HEIGHT / 2
    beside = max(abs(point.real - label.x) - (label.width / 2 - radius), 0)
    return abs(complex(beside, point.imag - label.y)) < radius


@pytest.mark.parametrize("drawing", DRAWINGS)
@pytest.mark.parametrize("count", [2, 3, 8, 20, 40])
def test_labels_cover_neither_each_other_nor_edges_of_others(count, drawing):
    widths = [60 + 17 * (index % 7) for index in range(count)]
    links = [pair for number, pair in enumerate(combinations(range(count), 2)) if number % 3 == 0 or pair[0] == 0]
    layout = place(widths, links, *DRAWINGS[drawing])
    assert layout == place(widths, links, *DRAWINGS[drawing])
    assert [label.width for label in layout.labels] == widths
    for label in layout.labels:
        assert label.width / 2 <= label.x <= layout.width - label.width / 2
        assert LABEL_HEIGHT / 2 <= label.y <= layout.height - LABEL_HEIGHT / 2
    for one, other in combinations(layout.labels, 2):
        assert abs(one.x - other.x) > (one.width + other.width) / 2 or abs(one.y - other.y) > LABEL_HEIGHT
    for link in links:
        edge = edge_between(*(layout.labels[index].port for index in link), layout.focus, ends_in_arrow=True)
        points = [edge.at(step / 40) for step in range(41)]
        assert all(0 < point.real < layout.width for point in points)
        assert not any(covers(label, point) for label in layout.labels for point in points)


def test_arrow_head_points_at_the_border_of_the_object():
    edge = edge_between(100 + 100j, 500 + 100j, 300 + 160j, ends_in_arrow=True)
    tip, *corners = (complex(*map(float, point.split(","))) for point in edge.arrow_head().split(" "))
    assert abs(tip - (500 + 100j)) == pytest.approx(END_GAP, abs=0.1)
    assert abs(tip - sum(corners) / 2) == pytest.approx(ARROW_LENGTH, abs=0.1)
    assert abs(sum(corners) / 2 - edge.end) < 0.1


def test_sign_is_beside_other_signs():
    edge = Edge(0, 50 + 80j, 100)
    first = edge.sign_point([], 8)
    second = edge.sign_point([first], 8)
    assert first == edge.at(0.5) == 50 + 40j
    assert abs(second - first) > 16


def groups(svg: str, name: str) -> list[ElementTree.Element]:
    return [group for group in ElementTree.fromstring(svg).iter("g") if name in group.get("class").split()]


def test_drawing_has_a_label_for_each_entity_and_a_line_for_each_relation():
    svg = network_svg(PREDICTION.document, PREDICTION.relations, *DRAWINGS["wide"])
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


def test_relation_without_novelty_is_neither_new_nor_known():
    relations = prediction(result(DRUG, GENE, "Bind", 0.9, novelty=None)).relations
    (edge,) = groups(network_svg(PREDICTION.document, relations, *DRAWINGS["wide"]), "bd-edge")
    assert not {"novel", "known"} & set(edge.get("class").split())
    assert "solid: novel" not in network_html(PREDICTION.document, relations)
    assert "solid: novel" in network_html(PREDICTION.document, PREDICTION.relations)


def test_no_more_relations_are_drawn_than_can_be_followed():
    many = [result({**DRUG, "id": f"D{number}"}, GENE, "Bind", number / 100) for number in range(60)]
    html = network_html(PREDICTION.document, prediction(*many).relations)
    numbers = {int(number) for number in re.findall(r'data-relation="(\d+)"', html)}
    assert "The 50 relations with the highest scores are drawn, of 60." in html
    assert numbers == set(range(11, 61))
    assert "highest" not in network_html(PREDICTION.document, PREDICTION.relations)
