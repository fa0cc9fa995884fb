"""The events of the demo's page, without a browser."""

import pytest

from biodir_demo.marking import Mark, MarkedText
from biodir_demo.documents import samples_folder
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

gradio = pytest.importorskip("gradio")

from biodir_demo.blocks import ANY_NOVELTY, Page, build_page  # noqa: E402
from biodir_demo.theme import page_head, page_theme  # noqa: E402

SAMPLE = samples_folder() / "sample.pubtator"
OPEN_FILTERS = ("", [], ANY_NOVELTY, 0, False)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    extract = open_pipeline(save_checkpoint(tmp_path_factory.mktemp("tiny"), pair_encoding="document"))
    with gradio.Blocks(analytics_enabled=False):
        return Page(extract)


@pytest.fixture(scope="module")
def answered(page):
    """What happens after the text of the sample was pasted, in the order of the page's outputs."""
    return page.on_find(SAMPLE.read_text(encoding="utf-8"), MarkedText())


def test_answer_fills_message_filters_and_views(answered):
    message, results, answer, *filters = answered[:8]
    assert message == ""
    assert results["visible"] is True
    assert answer.document.id == "sample"
    assert filters[0] == ""
    assert [choice[1] for choice in filters[1]["choices"]] == sorted(
        {finding.result["relation"] for finding in answer.relations},
        key=lambda kind: (-sum(each.result["relation"] == kind for each in answer.relations), kind),
    )
    assert len(answered[8:]) == 5


def test_open_filters_change_nothing(page, answered):
    assert page.on_filter(answered[2], *OPEN_FILTERS) == answered[8:]


def test_filters_reach_every_view(page, answered):
    summary, text, network, table, downloads = page.on_filter(answered[2], "no such word", [], ANY_NOVELTY, 0, False)
    assert "<b>0 of " in summary
    assert "bd-sentence" not in text
    assert "No relation" in network
    assert "No relation" in table
    assert downloads != answered[-1]


def test_emptied_filters_count_as_open(page, answered):
    assert page.on_filter(answered[2], None, None, ANY_NOVELTY, None, None) == answered[8:]


def test_filters_without_an_answer_change_nothing(page):
    assert page.on_filter(None, *OPEN_FILTERS) == [gradio.skip()] * 5


def test_refusal_gives_the_message_and_forgets_the_older_answer(page):
    message, results, answer, *others = page.on_find("some text", MarkedText())
    assert "No entity is marked" in message
    assert (results["visible"], answer) == (False, None)
    assert others == [gradio.skip()] * 10


def test_refused_file_offers_no_choice(page, tmp_path):
    (tmp_path / "a.pdf").write_text("x", encoding="utf-8")
    documents, choice, message, *_ = page.on_file(str(tmp_path / "a.pdf"))
    assert (documents, choice["visible"]) == ((), False)
    assert "a.pdf: unknown suffix" in message


def test_file_is_answered_with_its_first_document(page):
    documents, choice, message, _, answer, *_ = page.on_file(str(SAMPLE))
    assert [document.id for document in documents] == ["sample"]
    assert (choice["visible"], message, answer.document.id) == (False, "", "sample")


def test_second_document_of_a_file_is_answered_by_its_number(page):
    first, second = (page.on_file(str(path))[0][0] for path in (SAMPLE, SAMPLE.with_name("tnf_signalling.pubtator")))
    assert page.on_choice(2, (first, second))[2].document.id == "tnf_signalling"


@pytest.mark.parametrize(("number", "documents"), [(2, ()), (1, None), (None, ()), (0, ("x",)), (None, ("x",))])
def test_choice_among_documents_that_are_forgotten_gets_a_message(number, documents, page):
    message, results, answer, *_ = page.on_choice(number, documents)
    assert "The file is gone from this page. Open it again." in message
    assert (results["visible"], answer) == (False, None)


GENE = "GeneOrGeneProduct"


def marks_on(text: str, *names: str) -> MarkedText:
    marked = MarkedText(text)
    for name in names:
        start = text.index(name)
        marked = marked.with_mark(Mark(start, start + len(name), GENE))
    return marked


def test_identifier_goes_with_its_mark_and_stays_where_none_was_set(page):
    on_mark = page._mark_handler(GENE)
    text = "EGFR and BRAF"
    marked, _, message, identifier = on_mark(text, "0,4", MarkedText(), "1956", True)
    assert (marked.marks[0].identifier, message, identifier) == ("1956", "", "")
    *_, message, identifier = on_mark(text, "4,5", marked, "673", True)
    assert "Nothing is selected" in message
    assert identifier == gradio.skip()


def test_too_long_a_text_is_neither_marked_nor_drawn(page):
    marked = marks_on("EGFR and BRAF", "EGFR")
    long = "EGFR " * 4_001
    for outputs in (page.on_edit(long, marked), page.on_unmark(long, "0,4", marked)):
        assert outputs[:2] == (gradio.skip(), "")
        assert "20,005 characters; this page reads 20,000" in outputs[2]
    assert page._mark_handler(GENE)(long, "0,4", marked, "1", True)[3] == gradio.skip()
    assert "20,005 characters" in page.on_find(long, marked)[0]
    assert page.on_edit(marked.text, marked)[0] == marked


def test_long_pubtator_text_is_no_fault_of_an_edit(page):
    assert page.on_edit("1|t|x\n1|a|" + "x" * 20_000, MarkedText()) == (gradio.skip(), "", "")


def test_too_many_marks_get_a_message_and_stay_as_they_were(page):
    marked, _, message, _ = page._mark_handler(GENE)("a b " * 1_001, "0,1", MarkedText(), "", True)
    assert marked.marks == ()
    assert "1,001 mentions are marked" in message


UNMARKED = "1|t|EGFR binds BRAF.\n1|a|Not KRAS."


def test_marks_on_pubtator_text_without_annotations_are_the_readers(page):
    message, _, answer, *_ = page.on_find(UNMARKED, marks_on(UNMARKED, "EGFR", "BRAF", "KRAS"))
    assert message == ""
    assert {mention.text for mention in answer.document.mentions} == {"EGFR", "BRAF", "KRAS"}


def test_annotations_of_pubtator_text_win_over_marks(page):
    text = SAMPLE.read_text(encoding="utf-8")
    assert page.on_find(text, MarkedText(text, (Mark(0, 3, GENE),)))[2].document.id == "sample"


def test_unmarked_pubtator_text_is_told_how_to_mark(page):
    message = page.on_find(UNMARKED, MarkedText())[0]
    assert "no entity is marked" in message
    assert "paste" not in message


def test_several_pasted_documents_get_a_way_to_choose(page):
    text = SAMPLE.read_text(encoding="utf-8")
    message = page.on_find(text + "\n" + text.replace("sample", "second"), MarkedText())[0]
    assert "holds several documents" in message
    assert "Open a file" in message
    assert "parse_pubtator" not in message


def test_events_that_write_the_same_wait_for_each_other(page):
    groups = {}
    for event in build_page(page.extract).fns.values():
        for output in event.outputs:
            groups.setdefault(output.elem_id, set()).add((event.concurrency_id, event.concurrency_limit))
    assert groups["bd-preview"] == {("marks", 1)}
    assert groups["bd-choice"] == {("answers", 1)}
    assert groups["bd-table"] == {("answers", 1), ("filters", 1)}


def test_head_holds_style_and_script_and_no_address():
    head = page_head()
    assert head.startswith("<style>")
    assert "http" not in head.replace("http://www.w3.org", "")
    assert page_theme()._stylesheets == []


def test_page_has_no_public_endpoints(page):
    described = build_page(page.extract).get_api_info()
    assert described["named_endpoints"] == {}
    assert described["unnamed_endpoints"] == {}
