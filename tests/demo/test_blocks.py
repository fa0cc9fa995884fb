"""The events of the demo's page, without a browser."""

from re import finditer

import pytest

from biodir_demo.documents import samples_folder
from biodir_demo.marking import Mark, MarkedText
from biodir_demo.predictions import ANY_NOVELTY
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

gradio = pytest.importorskip("gradio")

from biodir_demo.blocks import Page, build_page  # noqa: E402

SAMPLE = samples_folder() / "sample.pubtator"
OPEN_FILTERS = ("", [], ANY_NOVELTY, 0, False)
GENE = "GeneOrGeneProduct"
UNMARKED = "1|t|EGFR binds BRAF.\n1|a|Not KRAS."


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    extract = open_pipeline(save_checkpoint(tmp_path_factory.mktemp("tiny"), pair_encoding="document"))
    with gradio.Blocks(analytics_enabled=False):
        return Page(extract)


@pytest.fixture(scope="module")
def outputs(page):
    """What the page shows after the text of the sample was pasted, in the order of its outputs."""
    return page.on_find(SAMPLE.read_text(encoding="utf-8"), MarkedText())[:-1]


def marks_on(text: str, *names: str) -> MarkedText:
    marked = MarkedText(text)
    for name in names:
        start = text.index(name)
        marked = marked.with_mark(Mark(start, start + len(name), GENE))
    return marked


def test_prediction_fills_message_filters_and_views(page, outputs):
    message, results, prediction, *filters = outputs[:8]
    assert message == ""
    assert results["visible"] is True
    assert prediction.document.id == "sample"
    found = [relation.result["relation"] for relation in prediction.relations]
    assert [choice[1] for choice in filters[1]["choices"]] == sorted(
        set(found), key=lambda kind: (-found.count(kind), kind)
    )
    assert len(outputs[8:]) == 5
    for filters in (OPEN_FILTERS, (None, None, ANY_NOVELTY, None, None)):
        assert page.on_filter(prediction, *filters) == outputs[8:]


def test_filters_reach_every_view(page, outputs):
    summary, text, network, table, downloads = page.on_filter(outputs[2], "no such word", [], ANY_NOVELTY, 0, False)
    assert "<b>0 of " in summary
    assert "bd-sentence" not in text
    assert "No relation" in network
    assert "No relation" in table
    assert downloads != outputs[-1]
    assert page.on_filter(None, *OPEN_FILTERS) == [gradio.skip()] * 5, "without a prediction nothing changes"


def test_refusal_shows_the_message_and_forgets_the_older_prediction(page):
    message, results, prediction, *others, _ = page.on_find("some text", MarkedText())
    assert "No entity is marked" in message
    assert (results["visible"], prediction) == (False, None)
    assert others == [gradio.skip()] * 10


def test_file_shows_its_first_document_and_a_bad_file_offers_no_choice(page, tmp_path):
    documents, choice, message, _, prediction, *_ = page.on_file(str(SAMPLE))
    assert [document.id for document in documents] == ["sample"]
    assert (choice["visible"], message, prediction.document.id) == (False, "", "sample")
    (tmp_path / "a.pdf").write_text("x", encoding="utf-8")
    documents, choice, message, *_ = page.on_file(str(tmp_path / "a.pdf"))
    assert (documents, choice["visible"]) == ((), False)
    assert "a.pdf: unknown suffix" in message


@pytest.mark.parametrize(("number", "documents"), [(2, ()), (1, None), (None, ()), (0, ("x",)), (None, ("x",))])
def test_choice_among_forgotten_documents_gets_a_message(number, documents, page):
    message, results, prediction, *_ = page.on_choice(number, documents)
    assert "The file is no longer on this page. Open it again." in message
    assert (results["visible"], prediction) == (False, None)


def test_too_long_a_text_is_neither_marked_nor_drawn(page):
    marked = marks_on("EGFR and BRAF", "EGFR")
    long = "EGFR " * 4_001
    marking = page.on_mark(GENE, long, "0,4", marked, "1", True)
    for outputs in (page.on_edit(long, marked), page.on_unmark(long, "0,4", marked), marking):
        assert outputs[:2] == (gradio.skip(), "")
        assert "20,005 characters; this page reads 20,000" in outputs[2]
    assert marking[3] == gradio.skip()
    assert "20,005 characters" in page.on_find(long, marked)[0]
    assert page.on_edit(marked.text, marked)[0] == marked
    assert page.on_edit("1|t|x\n1|a|" + "x" * 20_000, MarkedText()) == (gradio.skip(), "", ""), "needs no marks"


def test_annotations_of_pubtator_text_are_used_before_marks(page):
    text = SAMPLE.read_text(encoding="utf-8")
    assert page.on_find(text, MarkedText(text, (Mark(0, 3, GENE),)))[2].document.id == "sample"
    message, _, prediction, *_ = page.on_find(UNMARKED, marks_on(UNMARKED, "EGFR", "BRAF", "KRAS"))
    assert message == ""
    assert {mention.text for mention in prediction.document.mentions} == {"EGFR", "BRAF", "KRAS"}
    assert "no entity is marked" in page.on_find(UNMARKED, MarkedText())[0]


@pytest.fixture(scope="module")
def finding_page(tmp_path_factory):
    """The page over a pipeline that finds two genes."""

    def ner(text):
        return [
            {"start": each.start(), "end": each.end(), "type": "Gene", "score": 0.9} for each in finditer(GENES, text)
        ]

    folder = save_checkpoint(tmp_path_factory.mktemp("finding"), pair_encoding="document")
    with gradio.Blocks(analytics_enabled=False):
        return Page(open_pipeline(folder, ner=ner))


GENES = "EGFR|BRAF|KRAS"
PLAIN = "EGFR binds BRAF, and EGFR rests."


def shown(marked: MarkedText) -> list[tuple[str, str]]:
    return [(marked.text[mark.start_char : mark.end_char], mark.entity_type) for mark in marked.entity_marks]


def test_entities_of_a_pasted_text_are_found_marked_and_related(finding_page):
    message, results, prediction, *_, found = finding_page.on_find(PLAIN, MarkedText())
    assert (message, results["visible"], len(prediction.relations)) == ("", True, 1)
    marked, preview = finding_page.on_found(PLAIN, MarkedText(PLAIN), found)
    assert shown(marked) == [("EGFR", GENE), ("BRAF", GENE), ("EGFR", GENE)]
    assert preview.count("found, score 0.90") == 3
    assert finding_page.on_found(f"{PLAIN} More.", marked, found) == (gradio.skip(), gradio.skip())


def test_corrections_stay_and_what_was_corrected_is_related(finding_page):
    marked = finding_page.on_find(PLAIN, MarkedText())[-1]
    marked, _, message = finding_page.on_unmark(PLAIN, "0,0", marked, True)
    assert (message, shown(marked)) == ("", [("BRAF", GENE)])
    marked, *_ = finding_page.on_mark("ChemicalEntity", PLAIN, "21,25", marked, "D1", False)
    *_, found = outputs = finding_page.on_find(PLAIN, marked)
    assert found is None, "nothing is found again in the same text"
    (relation,) = outputs[2].relations
    assert {relation.subject, relation.object} == {("text:braf", GENE), ("D1", "ChemicalEntity")}
    longer = f"{PLAIN} KRAS rests."
    *_, found = finding_page.on_find(longer, marked)
    assert shown(found) == [("BRAF", GENE), ("EGFR", "ChemicalEntity"), ("KRAS", GENE)], "removed ones do not return"


def test_plain_files_are_read_where_entities_are_found(finding_page, page, tmp_path):
    (tmp_path / "notes.txt").write_text(PLAIN)
    _, _, message, _, prediction, *_ = finding_page.on_file(str(tmp_path / "notes.txt"))
    assert (message, prediction.document.id, len(prediction.relations)) == ("", "notes", 1)
    assert "notes.txt:1: " in page.on_file(str(tmp_path / "notes.txt"))[2]


def test_name_of_a_file_in_place_of_its_text_gets_a_message(finding_page):
    message, results, *_ = finding_page.on_find("notes.txt\n", MarkedText())
    assert "&#x27;notes.txt&#x27; is the name of a file; paste what is in it, or open it above" in message
    assert not results["visible"]


def test_text_in_which_nothing_is_found_gets_a_message(finding_page):
    assert "No entity was found" in finding_page.on_find("Nothing here.", MarkedText())[0]
    message, *_, found = finding_page.on_find("EGFR rests.", MarkedText())
    assert "there is one entity" in message
    assert shown(found) == [("EGFR", GENE)], "what was found is shown"


def test_events_with_the_same_output_wait_for_each_other_and_none_is_public(page):
    blocks, groups = build_page(page.extract), {}
    for event in blocks.fns.values():
        for output in event.outputs:
            groups.setdefault(output.elem_id, set()).add((event.concurrency_id, event.concurrency_limit))
    assert groups["bd-preview"] == {("marks", 1)}
    assert groups["bd-choice"] == {("predictions", 1)}
    assert groups["bd-table"] == {("predictions", 1), ("filters", 1)}
    described = blocks.get_api_info()
    assert described["named_endpoints"] == described["unnamed_endpoints"] == {}
