"""The cost of long documents: which are named, what is counted, and when."""

from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import pytest

from biodir.document_biodir import Passage
from biodir.inference import cost
from biodir.inference.cost import LONG_WORDS, LongDocuments, duration, timed_part
from biodir.pipeline_biodir import BioDirPipeline
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

# The tiny model knows few words, so the text is made of one that is a token.
SENTENCE = "<C:{} iron> raises <D:{} pain> it it it it it it it it it it it it it it it it it it it it. "


def long_document(sentences: int = LONG_WORDS // 20, chemicals: int = 8):
    marked = "".join(SENTENCE.format(f"C{number % chemicals}", f"D{number % 5}") for number in range(sentences))
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


@pytest.fixture
def seconds(extract, monkeypatch):
    """Returns the seconds that are stated for documents, one after another; each part that is timed takes 1."""
    monkeypatch.setattr(cost, "time", SimpleNamespace(monotonic=count().__next__))
    monkeypatch.setattr(cost, "duration", str)

    def of(*documents, **parameters) -> list[float]:
        lines: list[str] = []
        costs = LongDocuments(extract, parameters, lines.append)
        for document in documents:
            costs.check(document)
        return [float(line.rpartition(" about ")[2]) for line in lines]

    return of


def test_time_grows_with_pairs(seconds):
    few, more = seconds(long_document(), long_document(chemicals=40))
    assert 0 < few < more


def test_time_is_above_zero_where_the_middle_has_no_pairs(seconds):
    document = long_document()
    third = len(document.text) // 3
    ends = tuple(each for each in document.mentions if not third < each.start_char < 2 * third)
    assert min(seconds(replace(document, mentions=ends))) > 0
    bounds = ((0, third, "TITLE"), (third, 2 * third, "REF"), (2 * third, len(document.text), "RESULTS"))
    parts = tuple(Passage(start, end, "", name) for start, end, name in bounds)
    assert min(seconds(replace(document, passages=parts), document)) > 0


def test_no_time_is_kept_of_a_part_without_pairs(extract):
    lines: list[str] = []
    costs = LongDocuments(extract, {}, lines.append)
    words = "it " * LONG_WORDS
    for document in (marked_document(words), marked_document(f"<C:1 iron> {words}<D:2 pain>"), long_document()):
        costs.check(document)
    assert lines[0].endswith("3000 words, 0 mentions, 0 candidate pairs; about 1 second")
    assert lines[1].endswith("3002 words, 2 mentions, 1 candidate pairs; time unknown")
    assert " about " in lines[2]


def test_model_that_finds_entities_only_scores_no_pair(tmp_path):
    tasks: dict[str, list[str]] = {"relation_labels": [], "novelty_labels": [], "direction_labels": []}
    finder = open_pipeline(save_checkpoint(tmp_path, tagger_labels=["O", "B-CellLine", "I-CellLine"], **tasks))
    (line,) = stated(finder, long_document())
    assert line.endswith("300 mentions, 0 candidate pairs; about 1 second")


def test_document_with_many_identifiers_of_a_mention_is_long(extract, monkeypatch):
    monkeypatch.setattr(cost, "LONG_PAIRS", 100)
    chemicals, diseases = (";".join(f"{kind}{number}" for number in range(20)) for kind in "CD")
    (line,) = stated(extract, marked_document(f"<C:{chemicals} iron> binds <D:{diseases} pain>."))
    assert "2 mentions, 590 candidate pairs" in line, "20 x 20, and 20 x 19 / 2 of chemicals"


def test_part_is_that_around_the_middle_mention():
    document = marked_document("It is it. It is it. <C:1 Iron> binds <G:2 it>. It is <D:3 pain>.")
    part = timed_part(document, 22)
    assert part.text == "Iron binds it. It is p"
    assert [part.text[each.start_char : each.end_char] for each in part.mentions] == ["Iron", "it"]
    assert timed_part(document, 1000).mentions == document.mentions
    assert timed_part(replace(document, mentions=()), 20).text in document.text


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "1 second"), (3.4, "3 seconds"), (86, "90 seconds"), (3000, "50 minutes")]
)
def test_times_are_rounded(seconds, words):
    assert duration(seconds) == words
