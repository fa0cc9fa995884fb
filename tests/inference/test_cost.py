"""The cost of long documents: which are named, what is counted, and when."""

import pytest

from biodir.document_biodir import Passage
from biodir.inference.cost import LONG_WORDS, LongDocuments, duration, middle_of
from biodir.pipeline_biodir import BioDirPipeline
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

# The tiny model knows few words, so the text is made of one that is a token.
SENTENCE = "<C:{} iron> raises <D:{} pain> it it it it it it it it it it it it it it it it it it it it. "


def long_document(sentences: int = LONG_WORDS // 20):
    marked = "".join(SENTENCE.format(f"C{number % 8}", f"D{number % 5}") for number in range(sentences))
    return marked_document(marked, id="long")


@pytest.fixture(scope="module", params=["document", "pairwise"])
def extract(tmp_path_factory, request) -> BioDirPipeline:
    return open_pipeline(save_checkpoint(tmp_path_factory.mktemp("cost"), pair_encoding=request.param))


def stated(extract, document, **parameters) -> list[str]:
    lines: list[str] = []
    LongDocuments(extract, parameters, lines.append).check(document)
    return lines


def test_long_document_is_named_with_what_there_is_to_do(extract):
    (line,) = stated(extract, long_document())
    assert line.startswith("document long is long: 3450 words, 300 mentions, 68 candidate pairs; about ")
    assert line.endswith(("second", "seconds", "minutes"))


def test_only_what_is_read_is_counted(extract):
    document = long_document()
    (line,) = stated(extract, document, entity_ids=["C1"])
    assert "300 mentions, 12 candidate pairs" in line
    half = len(document.text) // 2
    parts = (Passage(0, half, "paragraph", "RESULTS"), Passage(half, len(document.text), "ref", "REF"))
    by_section = marked_document("iron", id="x", text=document.text, mentions=document.mentions, passages=parts)
    assert stated(extract, by_section) == [], "half of the text is short"
    (line,) = stated(extract, by_section, sections=["all"])
    assert "3450 words, 300 mentions" in line


def test_abstract_costs_nothing_to_check(extract, monkeypatch):
    monkeypatch.setattr(BioDirPipeline, "what_is_read", None)
    assert stated(extract, long_document(10)) == []


def test_sample_is_the_middle_with_its_mentions():
    document = marked_document("<C:1 Iron> binds <G:2 it>. It is <D:3 pain>.")
    sample = middle_of(document, 20)
    assert sample.text in document.text
    assert [sample.text[each.start_char : each.end_char] for each in sample.mentions] == ["it"]
    assert middle_of(document, 1000).mentions == document.mentions


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "1 second"), (3.4, "3 seconds"), (86, "90 seconds"), (3000, "50 minutes")]
)
def test_times_are_rounded(seconds, words):
    assert duration(seconds) == words
