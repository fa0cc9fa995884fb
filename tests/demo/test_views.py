"""The views of the demo as HTML: text, table, summary, looks."""

import random
import re
import time
from dataclasses import replace

import pytest

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document
from biodir_demo import table
from biodir_demo.styles import ENTITY_STYLES, RELATION_STYLES, entity_style, novelty_name, relation_style
from biodir_demo.summary import message_html, options_of, summary_html, type_legend_html
from biodir_demo.table import MAX_ROWS, table_html
from biodir_demo.text_view import pieces, span_html, text_html
from helpers.demo_predictions import DRUG, FIRST, GENE, SECOND, TEXT, answer, result

ANSWER = answer()


def visible_text(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def test_text_reads_as_the_document_does():
    assert visible_text(text_html(ANSWER.document, ANSWER.relations)) == TEXT


def test_mentions_carry_the_class_of_their_type_and_their_identifier():
    html = span_html(ANSWER.document, *SECOND)
    assert '<mark class="bd-mention chemical" title="Chemical · D000077156">Gefitinib</mark> &lt;blocks&gt;' in html


def test_sentences_name_the_relations_that_they_are_evidence_of():
    html = text_html(ANSWER.document, ANSWER.relations)
    assert re.findall(r'data-relations="([^"]*)"', html) == ["2", "1 2"]
    assert html.count("<span") == html.count("</span>") == 2


def test_text_without_findings_has_no_sentences():
    assert "bd-sentence" not in text_html(ANSWER.document, ())


def test_title_and_abstract_are_paragraphs():
    document = Document.from_dict({"id": "1", "title": "EGFR.", "abstract": "It binds."})
    html = '<div class="bd-text"><p class="title">EGFR.</p><p class="passage">It binds.</p></div>'
    assert text_html(document, ()) == html


def test_inner_mention_wins_over_the_one_around_it():
    entities = [{"start": 0, "end": 10, "type": "SequenceVariant"}, {"start": 0, "end": 4, "type": "GeneOrGeneProduct"}]
    document = Document.from_dict({"id": "1", "text": "EGFR T790M.", "entities": entities})
    found = [(p.start_char, p.end_char, p.mention and p.mention.text) for p in pieces(document, (), 0, 11)]
    assert found == [(0, 4, "EGFR"), (4, 10, "EGFR T790M"), (10, 11, None)]


def test_pieces_are_those_of_the_shortest_mention_and_the_first_sentence():
    chance = random.Random(3)
    spans = [sorted(chance.sample(range(61), 2)) for _ in range(40)]
    entities = [
        {"start": start, "end": end, "type": "Gene", "id": str(number)} for number, (start, end) in enumerate(spans)
    ]
    document = Document.from_dict({"id": "1", "text": "x" * 60, "entities": entities})
    sentences = [(0, 20), (15, 33), (40, 55)]
    for piece in pieces(document, sentences, 4, 58):
        around = [m for m in document.mentions if m.start_char <= piece.start_char and piece.end_char <= m.end_char]
        assert piece.mention == min(around, key=lambda m: m.end_char - m.start_char, default=None)
        reading = [s for s in sentences if s[0] <= piece.start_char and piece.end_char <= s[1]]
        assert piece.sentence == (reading[0] if reading else None)


def test_pieces_of_many_mentions_take_no_square_of_their_number():
    entities = [{"start": 2 * index, "end": 2 * index + 1, "type": "Gene", "id": "1"} for index in range(10_000)]
    document = Document.from_dict({"id": "1", "text": "x " * 10_000, "entities": entities})
    started = time.process_time()
    assert len(list(pieces(document, (), 0, 20_000))) == 20_000
    assert time.process_time() - started < 2


def test_pieces_follow_each_other_without_gaps():
    found = list(pieces(ANSWER.document, (FIRST, SECOND), 0, len(TEXT)))
    assert [p.start_char for p in found[1:]] == [p.end_char for p in found[:-1]]
    assert (found[0].start_char, found[-1].end_char) == (0, len(TEXT))


def test_table_has_a_body_for_each_relation_with_what_it_is_sorted_by():
    html = table_html(ANSWER.document, ANSWER.relations)
    assert re.findall(r'<tbody data-relation="(\d+)">', html) == ["1", "2"]
    assert re.findall(r'class="score" data-sort="([^"]*)"', html) == ["0.9", "0.5"]
    assert re.findall(r'class="relation" data-sort="([^"]*)"', html) == ["Negative correlation", "Association"]
    assert re.findall(r'<span title="[^"]*">([→—])</span>', html) == ["→", "—"]


def test_row_holds_its_evidence_sentences_folded():
    html = table_html(ANSWER.document, ANSWER.relations)
    assert html.count('<tr class="bd-evidence" hidden>') == 2
    second = html.split('data-relation="2"')[1]
    assert [visible_text(item) for item in re.findall(r"<li>(.*?)</li>", second)] == ["EGFR & T790M.", TEXT[14:]]


def test_table_says_where_mentions_are_too_far_apart():
    far = answer(result(DRUG, GENE, "Bind", 0.5, FIRST, cross_window=True))
    assert "too far apart" in table_html(far.document, far.relations)


def test_identifier_that_was_made_from_the_text_is_not_shown():
    made = answer(result({**DRUG, "id": "text:gefitinib"}, GENE, "Bind", 0.5, FIRST))
    assert "text:gefitinib" not in table_html(made.document, made.relations)


def test_long_table_lists_the_surest_and_says_so():
    many = answer(*(result(DRUG, GENE, "Bind", 1 - number / 1000, FIRST) for number in range(MAX_ROWS + 7)))
    html = table_html(many.document, many.relations)
    assert re.findall(r'<tbody data-relation="(\d+)">', html) == [str(number) for number in range(1, MAX_ROWS + 1)]
    assert f"The {MAX_ROWS} surest of {MAX_ROWS + 7} relations are listed" in html
    assert "surest" not in table_html(many.document, many.relations[:MAX_ROWS])


def test_sentence_of_many_relations_is_written_once(monkeypatch):
    asked = []
    monkeypatch.setattr(table, "span_html", lambda document, *span: asked.append(span) or "sentence")
    assert table_html(ANSWER.document, ANSWER.relations).count("<li>sentence</li>") == 3
    assert sorted(asked) == [FIRST, SECOND]


def test_empty_table_says_so():
    assert "No relation to show: " in table_html(ANSWER.document, ())


@pytest.mark.parametrize("value", ['<script>alert("1")</script>', "\"><img src=x onerror='x'>"])
def test_nothing_of_a_document_becomes_markup(value):
    entities = [{"start": 0, "end": len(value), "type": value, "id": value}]
    document = Document.from_dict({"id": value, "text": value, "entities": entities})
    entity = {"id": value, "type": value, "text": value}
    bad = answer(result(entity, entity, value, 0.5, novelty=value))
    bad = replace(bad, document=document)
    html = text_html(document, ()) + table_html(document, bad.relations) + summary_html(bad, bad.relations)
    html += type_legend_html(document) + message_html(value)
    assert "<script" not in html
    assert "<img" not in html


def test_summary_counts_what_is_shown():
    assert "<b>2 relations</b> between 3 entities" in summary_html(ANSWER, ANSWER.relations)
    assert "<b>1 of 2 relations</b> between 2 entities" in summary_html(ANSWER, ANSWER.relations[:1])
    assert "read in 0.2 s" in summary_html(ANSWER, ())


def test_message_is_read_out_and_an_empty_one_is_nothing():
    assert message_html("a < b") == '<div class="bd-message" role="alert">a &lt; b</div>'
    assert message_html("") == ""


def test_options_are_ordered_by_frequency_and_name():
    three = answer(*(result(DRUG, GENE, kind, 0.5) for kind in ("Bind", "Association", "Comparison", "Comparison")))
    assert options_of(three.relations, "relation") == ["Comparison", "Association", "Bind"]


def test_every_label_of_the_model_has_a_look():
    config = BioDirConfig()
    assert set(ENTITY_STYLES) == set(config.entity_types)
    assert {"None", *RELATION_STYLES} == set(config.relation_labels)


def test_labels_of_another_model_keep_their_names():
    assert entity_style("Anatomical_Part").name == "Anatomical Part"
    assert relation_style("CID").glyph == "CI"
    assert (novelty_name("No"), novelty_name(None), novelty_name("Rare")) == ("Known", "", "Rare")
