"""The views of the demo as HTML: text, table, summary, styles."""

import re
from dataclasses import replace

import pytest

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document, Mention
from biodir_demo.styles import ENTITY_STYLES, RELATION_STYLES, entity_style, novelty_name, relation_style
from biodir_demo.table import MAX_ROWS, summary_html, table_html
from biodir_demo.templates import FOLDER
from biodir_demo.text_view import span_html, text_html, type_legend_html
from helpers.demo_predictions import DRUG, FIRST, GENE, SECOND, TEXT, prediction, result

PREDICTION = prediction()
DOCUMENT, RELATIONS = PREDICTION.document, PREDICTION.relations


def visible_text(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def test_text_is_that_of_the_document_and_sentences_name_their_relations():
    html = text_html(DOCUMENT, RELATIONS)
    assert visible_text(html) == TEXT
    assert re.findall(r'data-relations="([^"]*)"', html) == ["2", "1 2"]
    assert html.count("<span") == html.count("</span>") == 2
    assert "bd-sentence" not in text_html(DOCUMENT, ())
    mention = '<mark class="bd-mention chemical" title="Chemical · D000077156">Gefitinib</mark> &lt;blocks&gt;'
    assert mention in span_html(DOCUMENT, *SECOND)


def test_of_nested_mentions_the_shortest_is_marked_and_of_sentences_the_first():
    spans = {"1": (0, 9), "2": (2, 7), "3": (2, 5), "4": (6, 8)}
    mentions = tuple(Mention(start, end, "abcdefghij"[start:end], "Gene", (id,)) for id, (start, end) in spans.items())
    document = Document("1", "abcdefghij", mentions)
    marked = re.findall(r'· (.)">(\w+)<', span_html(document, 1, 10))
    assert marked == [("1", "b"), ("3", "cde"), ("2", "f"), ("4", "gh"), ("1", "i")]
    html = text_html(document, prediction(result(DRUG, GENE, "Bind", 0.5, (0, 6), (4, 8))).relations)
    assert [visible_text(part) for part in re.findall(r"<span[^>]*>(.*?)</span>", html)] == ["abcdef", "gh"]


def test_table_has_a_body_for_each_relation_with_sort_values_and_folded_evidence():
    html = table_html(DOCUMENT, RELATIONS)
    assert re.findall(r'<tbody data-relation="(\d+)">', html) == ["1", "2"]
    assert re.findall(r'class="score" data-sort="([^"]*)"', html) == ["0.9", "0.5"]
    assert re.findall(r'class="relation" data-sort="([^"]*)"', html) == ["Negative correlation", "Association"]
    assert re.findall(r'<span title="[^"]*">([→—])</span>', html) == ["→", "—"]
    assert html.count('<tr class="bd-evidence" hidden>') == 2
    second = html.split('data-relation="2"')[1]
    assert [visible_text(item) for item in re.findall(r"<li>(.*?)</li>", second)] == ["EGFR & T790M.", TEXT[14:]]


def test_table_marks_pairs_that_are_far_apart_and_hides_identifiers_made_from_the_text():
    relation = result({**DRUG, "id": "text:gefitinib"}, GENE, "Bind", 0.5, FIRST, cross_window=True)
    html = table_html(DOCUMENT, prediction(relation).relations)
    assert "too far apart" in html
    assert "text:gefitinib" not in html


def test_long_table_has_the_first_rows_and_says_so():
    many = prediction(*(result(DRUG, GENE, "Bind", 1 - number / 1000, FIRST) for number in range(MAX_ROWS + 7)))
    html = table_html(many.document, many.relations)
    assert re.findall(r'<tbody data-relation="(\d+)">', html) == [str(number) for number in range(1, MAX_ROWS + 1)]
    assert f"The {MAX_ROWS} relations with the highest scores are listed, of {MAX_ROWS + 7}" in html
    assert "highest" not in table_html(many.document, many.relations[:MAX_ROWS])


@pytest.mark.parametrize("value", ['<script>alert("1")</script>', "\"><img src=x onerror='x'>"])
def test_nothing_of_a_document_becomes_markup(value):
    entities = [{"start": 0, "end": len(value), "type": value, "id": value}]
    document = Document.from_dict({"id": value, "text": value, "entities": entities})
    entity = {"id": value, "type": value, "text": value}
    bad = replace(prediction(result(entity, entity, value, 0.5, novelty=value)), document=document)
    html = text_html(document, ()) + table_html(document, bad.relations) + summary_html(bad, bad.relations)
    html += type_legend_html(document)
    assert "<script" not in html
    assert "<img" not in html


def test_summary_counts_what_is_shown():
    assert "<b>2 relations</b> between 3 entities" in summary_html(PREDICTION, RELATIONS)
    assert "<b>1 of 2 relations</b> between 2 entities" in summary_html(PREDICTION, RELATIONS[:1])
    assert "read in 0.2 s" in summary_html(PREDICTION, ())


def luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [":root", ".dark"])
def test_text_has_contrast_to_its_background(theme):
    rules = (FOLDER / "page.css").read_text(encoding="utf-8").partition(f"{theme} {{")[2].partition("\n}")[0]
    lights = {name: luminance(color) for name, color in re.findall(r"--([\w-]+): (#\w{6});", rules)}
    pairs = [("bd-ink", "bd-card"), ("bd-muted", "bd-paper"), ("bd-ink", "bd-evidence")]
    pairs += [(f"{kind}-ink", kind) for kind in ("gene", "variant", "disease", "chemical", "organism", "cell-line")]
    for pair in pairs:
        darker, lighter = sorted(lights[name] for name in pair)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, pair
    assert (lights["bd-paper"] < 0.1) == (theme == ".dark")


def test_labels_of_the_model_have_a_style_and_others_keep_their_names():
    config = BioDirConfig()
    assert set(ENTITY_STYLES) == set(config.entity_types)
    assert {"None", *RELATION_STYLES} == set(config.relation_labels)
    assert entity_style("Anatomical_Part").name == "Anatomical Part"
    assert relation_style("CID").sign == "CI"
    assert (novelty_name("No"), novelty_name(None), novelty_name("Rare")) == ("Known", "", "Rare")
