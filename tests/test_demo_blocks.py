"""The events of the demo's page, without a browser."""

import pytest

from biodir_demo.marking import MarkedText
from biodir_demo.opening import samples_folder
from tiny_checkpoint import open_pipeline, save_checkpoint

gradio = pytest.importorskip("gradio")

from biodir_demo.blocks import ANY_NOVELTY, Page, build_page  # noqa: E402
from biodir_demo.theme import page_head, page_theme  # noqa: E402

SAMPLE = samples_folder() / "sample.pubtator"
OPEN_FILTERS = ("", [], ANY_NOVELTY, 0, False)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    extract = open_pipeline(save_checkpoint(tmp_path_factory.mktemp("tiny"), pair_encoding="pooled"))
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
        {finding.result["relation"] for finding in answer.findings},
        key=lambda kind: (-sum(each.result["relation"] == kind for each in answer.findings), kind),
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


def test_head_holds_style_and_script_and_no_address():
    head = page_head()
    assert head.startswith("<style>")
    assert "http" not in head.replace("http://www.w3.org", "")
    assert page_theme()._stylesheets == []


def test_page_has_no_public_endpoints(page):
    described = build_page(page.extract).get_api_info()
    assert described["named_endpoints"] == {}
    assert described["unnamed_endpoints"] == {}
