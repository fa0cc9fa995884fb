"""The files that the demo offers: each reads back as what is shown."""

import json
import re
from base64 import b64decode
from dataclasses import replace
from io import BytesIO

import networkx
import pytest

from biodir.document_pubtator_biodir import parse_document
from biodir_demo.downloads import downloads_html
from helpers.demo_predictions import DRUG, GENE, TEXT, prediction, result

PREDICTION = prediction()
LINK = re.compile(r'download="([^"]+)" href="data:[\w/]+;charset=utf-8;base64,([^"]*)"')


def files(given=PREDICTION, relations=PREDICTION.relations) -> dict[str, str]:
    return {name: b64decode(content).decode() for name, content in LINK.findall(downloads_html(given, relations))}


def test_json_has_text_and_relations_as_the_pipeline_returns_them():
    assert list(files()) == ["demo_1.json", "demo_1.pubtator", "demo_1.graphml"]
    content = json.loads(files()["demo_1.json"])
    assert content["text"] == TEXT
    assert content["relations"] == [relation.result for relation in PREDICTION.relations]


def test_pubtator_and_graphml_read_back_with_the_relations():
    document = parse_document(files()["demo_1.pubtator"])
    first, second = document.relations
    assert document.mentions == PREDICTION.document.mentions
    assert (first.relation_type, first.subject_id, first.relation_score) == ("Negative_Correlation", "D000077156", 0.9)
    assert (second.novelty, second.subject_id) == ("No", None)
    graph = networkx.read_graphml(BytesIO(files()["demo_1.graphml"].encode()))
    assert graph.number_of_edges() == 2


def test_format_that_cannot_hold_a_value_is_disabled_with_the_reason():
    odd = prediction(result({**DRUG, "id": "a\tb"}, GENE, "Bind", 0.4))
    html = downloads_html(odd, odd.relations)
    assert set(files(odd, odd.relations)) == {"demo_1.json", "demo_1.graphml"}
    assert re.search(r'aria-disabled="true" title="[^"]+">PubTator</a>', html)


@pytest.mark.parametrize(
    ("document_id", "stem"),
    [("123", "123"), ("../../etc/passwd", "etc_passwd"), ('a"b', "a_b"), ("", "relations"), ("..", "relations")],
)
def test_file_names_have_no_path(document_id, stem):
    given = replace(PREDICTION, document=replace(PREDICTION.document, id=document_id))
    assert f"{stem}.json" in re.findall(r'download="([^"]*)"', downloads_html(given, ()))
