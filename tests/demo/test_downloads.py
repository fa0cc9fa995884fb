"""The files that the demo hands over: each reads back as what is shown."""

import json
import re
from base64 import b64decode
from io import BytesIO

import networkx
import pytest

from biodir.document_pubtator_biodir import parse_document
from biodir_demo.downloads import downloads_html, file_stem
from helpers.demo_answers import DRUG, GENE, TEXT, answer, result

ANSWER = answer()
LINK = re.compile(r'download="([^"]+)" href="data:[\w/]+;charset=utf-8;base64,([^"]*)"')


def files(given=ANSWER, findings=ANSWER.findings) -> dict[str, str]:
    return {name: b64decode(content).decode() for name, content in LINK.findall(downloads_html(given, findings))}


def test_files_are_named_after_the_document():
    assert list(files()) == ["demo_1.json", "demo_1.pubtator", "demo_1.graphml"]


def test_json_holds_text_and_relations_as_the_pipeline_gives_them():
    content = json.loads(files()["demo_1.json"])
    assert content["text"] == TEXT
    assert content["relations"] == [finding.result for finding in ANSWER.findings]


def test_pubtator_reads_back_with_relations_directions_and_scores():
    document = parse_document(files()["demo_1.pubtator"])
    first, second = document.relations
    assert document.mentions == ANSWER.document.mentions
    assert (first.relation_type, first.subject_id, first.relation_score) == ("Negative_Correlation", "D000077156", 0.9)
    assert (second.novelty, second.subject_id) == ("No", None)


def test_graphml_has_an_edge_for_each_relation():
    graph = networkx.read_graphml(BytesIO(files()["demo_1.graphml"].encode()))
    assert graph.number_of_edges() == 2


def test_files_hold_the_shown_relations_alone():
    shown = files(findings=ANSWER.findings[1:])
    assert [relation["relation"] for relation in json.loads(shown["demo_1.json"])["relations"]] == ["Association"]
    assert len(parse_document(shown["demo_1.pubtator"]).relations) == 1


def test_format_that_cannot_hold_a_value_is_offered_no_more_and_says_why():
    odd = answer(result({**DRUG, "id": "a\tb"}, GENE, "Bind", 0.4))
    html = downloads_html(odd, odd.findings)
    assert set(files(odd, odd.findings)) == {"demo_1.json", "demo_1.graphml"}
    assert re.search(r'aria-disabled="true" title="[^"]+">PubTator</a>', html)


@pytest.mark.parametrize(
    ("document_id", "stem"),
    [("123", "123"), ("../../etc/passwd", "etc_passwd"), ('a"b', "a_b"), ("", "relations"), ("..", "relations")],
)
def test_file_names_hold_no_path(document_id, stem):
    assert file_stem(document_id) == stem
