"""The page of the demo end to end, in a browser without a screen, over a tiny model that relates every pair."""

from collections.abc import Iterator

import pytest

from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from helpers.browser import Browser
from helpers.checkout import CHECKOUT
from helpers.demo_page import load, mark, message, open_correction, preview, run_example, serving, upload, write_text
from helpers.tiny_checkpoint import save_checkpoint

pytest.importorskip("gradio")
pytest.importorskip("networkx")
pytestmark = pytest.mark.slow

DNA = "\N{DNA DOUBLE HELIX}"


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """Where the page is served, by a process of its own."""
    folder = tmp_path_factory.mktemp("page")
    model = save_checkpoint(folder, pair_encoding="document", tagger_labels=bio_labels(ENTITY_TYPES))
    variables = {"PYTHONPATH": str(CHECKOUT), "BIODIR_MODEL": str(model)}
    with serving(CHECKOUT / "demo" / "app.py", folder, variables) as address:
        yield address


def opened(width: int, height: int) -> Iterator[Browser]:
    window = Browser(width, height)
    yield window
    window.driver.quit()


@pytest.fixture(scope="module")
def desktop() -> Iterator[Browser]:
    yield from opened(1280, 900)


@pytest.fixture(scope="module")
def telephone() -> Iterator[Browser]:
    yield from opened(390, 844)


@pytest.fixture
def page(desktop, address) -> Browser:
    """The page as it is opened on a desktop."""
    load(desktop, address)
    return desktop


def test_page_loads_only_from_its_own_address(page, address):
    page.faults()
    page.requested()
    load(page, address)
    run_example(page)
    outside = [url for url in page.requested() if not url.startswith((address, "data:", "blob:"))]
    assert outside == []
    assert page.faults() == []


def test_example_shows_text_network_and_table(page):
    rows = run_example(page)
    assert rows > 20
    assert page.texts("#bd-summary b") == [f"{rows} relations"]
    assert {"BRAF", "melanoma", "V600E"} <= set(page.texts("#bd-text mark"))
    assert {"BRAF", "melanoma"} <= set(page.texts(".bd-network.wide .bd-node text"))
    assert 0 < len(page.all(".bd-network.wide .bd-edge")) <= rows
    assert page.all(".bd-network.wide .head")
    assert not page.all(".bd-network.narrow")[0].is_displayed()


def test_row_highlights_its_evidence_in_text_and_network(page):
    run_example(page)
    page.click(".bd-row", 2)
    number = page.all("tbody.selected")[0].get_attribute("data-relation")
    evidence = page.texts("tbody.selected .bd-evidence li")
    assert len(evidence) > 0
    assert page.texts(".bd-sentence.lit") == evidence
    assert {edge.get_attribute("data-relation") for edge in page.all(".bd-edge.selected")} == {number}
    assert page.all("tbody.selected button")[0].get_attribute("aria-expanded") == "true"
    page.click(".bd-row", 2)
    assert page.all("tbody.selected, .bd-sentence.lit, .bd-edge.selected") == []


def test_edge_unfolds_its_row_by_keyboard(page):
    run_example(page)
    edge = page.all(".bd-network.wide .bd-edge")[0]
    page.script("arguments[0].focus()", edge)
    page.driver.switch_to.active_element.send_keys("\ue007")
    assert page.all("tbody.selected")[0].get_attribute("data-relation") == edge.get_attribute("data-relation")


def column(browser: Browser, name: str) -> list[str]:
    return [cell.get_attribute("data-sort") for cell in browser.all(f".bd-row .{name}")]


def rows_after(browser: Browser, before: int) -> int:
    return len(browser.until(lambda: len(browser.all(".bd-row")) != before and browser.all(".bd-row"), "other rows"))


def test_search_filters_all_views_and_keeps_order_and_selection(page):
    rows = run_example(page)
    page.click(".bd-table th button[data-column='0']")
    page.all(".bd-filters input[data-testid=textbox]")[0].send_keys("melanoma")
    shown = rows_after(page, rows)
    assert page.texts("#bd-summary b") == [f"{shown} of {rows} relations"]
    both = [" ".join(pair) for pair in zip(column(page, "subject"), column(page, "object"), strict=True)]
    assert all("melanoma" in names for names in both)
    subjects = [name.casefold() for name in column(page, "subject")]
    assert subjects == sorted(subjects)
    assert len(page.all(".bd-network.wide .bd-edge")) == shown
    page.click(".bd-row", shown - 1)
    number = page.all("tbody.selected")[0].get_attribute("data-relation")
    page.all(".bd-filters input[data-testid=textbox]")[0].send_keys("\ue003" * len("melanoma"))
    assert rows_after(page, shown) == rows
    assert [body.get_attribute("data-relation") for body in page.all("tbody.selected")] == [number]


def test_bad_file_gets_a_message_that_the_next_prediction_removes(page, tmp_path):
    run_example(page)
    path = tmp_path / "broken.pubtator"
    path.write_text("1|t|EGFR binds.\n1|a|\n1\t0\t6\tEGFR\tGene\t1956\n", encoding="utf-8")
    upload(page, path)
    found = message(page)
    assert "broken.pubtator:3:" in found
    assert str(tmp_path) not in found
    page.until(lambda: not page.all("#bd-results")[:1] or not page.all("#bd-results")[0].is_displayed(), "no results")
    assert "Traceback" not in page.driver.page_source
    run_example(page)
    assert page.all(".bd-message") == []


def test_selections_after_emoji_are_marked_exactly_and_related(page):
    open_correction(page)
    write_text(page, f"{DNA}{DNA} EGFR {DNA} is blocked by gefitinib. Gefitinib spares {DNA} BRAF.")
    mark(page, "EGFR", "gene")
    mark(page, "gefitinib", "chemical")
    assert preview(page) == ["EGFR", "gefitinib", "Gefitinib"]
    mark(page, "BRAF", "gene")
    page.click("#bd-find")
    rows = page.until(lambda: page.all(".bd-row"), "the table")
    assert len(rows) == 3
    assert page.texts("#bd-text .bd-text mark") == ["EGFR", "gefitinib", "Gefitinib", "BRAF"]


def test_pasted_text_is_tagged_corrected_and_related_again(page):
    write_text(page, "Aspirin and drug: what gene, what disease?")
    page.click("#bd-find")
    page.until(lambda: page.all(".bd-row"), "the table")
    open_correction(page)
    found = page.until(lambda: preview(page), "what was found")
    assert page.texts("#bd-text .bd-text mark") == found
    page.click("#bd-preview .bd-text mark", 1)
    page.click("button.bd-type.cell-line")
    page.until(lambda: page.all("#bd-preview .bd-text mark.cell-line"), "the other type")
    page.click("#bd-preview .bd-text mark")
    page.click("#bd-remove")
    page.until(lambda: len(preview(page)) < len(found), "fewer marks")
    corrected = preview(page)
    page.click("#bd-find")
    page.until(lambda: page.texts("#bd-text .bd-text mark") == corrected, "the corrected text")
    assert preview(page) == corrected


def test_telephone_shows_everything_without_scrolling_sideways(telephone, address):
    load(telephone, address)
    run_example(telephone, 4)
    telephone.click(".bd-row", 1)
    assert telephone.all(".bd-network.narrow")[0].is_displayed()
    assert not telephone.all(".bd-network.wide")[0].is_displayed()
    assert telephone.script("return document.documentElement.scrollWidth") <= 390
