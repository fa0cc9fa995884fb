"""The error page: one file that loads nothing, escapes what corpora hold, and filters in a browser."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from biodir.document_biodir import Document, Mention, Relation
from biodir.evaluation.direction_report import direction_report
from biodir.evaluation.error_analysis import error_analysis
from biodir.evaluation.error_page import error_page
from helpers.browser import Browser
from helpers.marked import marked_document

EVIL = "</script><img src=x onerror=alert(1)>"
FIRST = marked_document("<C:C1 Iron> binds <G:G1 one>. It ends. <D:D1 Pain> goes.", id="11")
SECOND = marked_document("\N{PILL} <C:C1 Iron> harms the <D:D1 liver> of <S:S1 mice>.", id="22")
THIRD = Document("33", f"Iron {EVIL} one", (Mention(0, 4, "Iron", "Chemical", ("C1",)),))
REVERSED = Relation("Bind", "G1", "C1", "No", "G1", relation_score=0.75, novelty_score=0.5, direction_score=0.123456)


def analysed(*triples):
    """Return the analysis of (document, gold relations, predicted relations) for each document."""
    gold = [replace(document, relations=tuple(relations)) for document, relations, _ in triples]
    predicted = [replace(document, relations=tuple(relations)) for document, _, relations in triples]
    return error_analysis(gold, predicted)


GOLD = [Relation("Bind", "C1", "G1", "No", "C1"), Relation("Association", "C1", "D1", "Novel")]
ANALYSIS = analysed(
    (FIRST, GOLD, [REVERSED]),
    (SECOND, [], [Relation("Association", "C1", "D1", "No", "C1", relation_score=0.5)]),
    (THIRD, [Relation("Bind", "C1", "X")], []),
    (replace(FIRST, id="44"), GOLD[:1], GOLD[:1]),
)
HTML = error_page(ANALYSIS, "gold.pubtator", "predicted.pubtator")


def test_figures_of_directions_are_shown_where_they_are_given():
    report = direction_report(ANALYSIS, [replace(FIRST, relations=(GOLD[0],), id=str(number)) for number in range(9)])
    page = error_page(ANALYSIS, "gold", "predicted", report)
    assert 'id="direction"' not in HTML
    rows = [" ".join(re.sub("<[^>]*>", " ", row).split()) for row in re.findall("<tr>.*?</tr>", page, re.DOTALL)]
    assert "all 2 50.0 1 · · 100.0 100.0 100.0 100.0" in rows, "one right, one reversed; each rule gets both"
    assert "chemical-gene Bind 9 100.0 chemical 9" in rows
    assert any(row.startswith("other words 9 0") for row in rows)
    assert Page(page).elements[0][0] == "html"
    assert re.findall("<caption>(.*?)</caption>", page) == ["patterns, two types"], "empty tables are left out"


class Page(HTMLParser):
    """The elements of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_numbers_link_to_their_errors():
    assert "<h1>4 errors in 5 relations</h1>" in HTML
    cells = [("Association", "None", "1"), ("Bind", "None", "1"), ("None", "Association", "1")]
    assert re.findall(r'<a href="#gold=(\w+)&amp;predicted=(\w+)">(\d+)<', HTML) == cells
    assert re.findall(r'href="#category=\w+"><strong>(\d)', HTML) == ["2", "1", "0", "1", "0"]


def test_only_parts_that_gold_annotates_are_marked_as_different():
    predicted = replace(REVERSED, relation_type="Association", novelty="Novel")
    for gold, differing in ((GOLD[0], ["type", "direction", "novelty"]), (Relation("Bind", "C1", "G1"), ["type"])):
        html = error_page(analysed((FIRST, [gold], [predicted])), "gold", "predicted")
        assert re.findall(r'<td class="(\w+)"><span class="differs">', html) == differing


def test_no_text_of_a_corpus_becomes_html():
    text = f"Iron {EVIL} \u2028 \ud800 <b>one</b>"
    mentions = (Mention(0, 4, "Iron", EVIL, (EVIL,)), Mention(0, len(text), text, "Gene", ("G'\"&1",)))
    relation = Relation(EVIL, EVIL, "G'\"&1", EVIL)
    html = error_page(analysed((Document(EVIL, text, mentions), [relation], [])), EVIL, EVIL)
    page = Page(html)
    assert not page.all("img")
    assert all("onerror" not in attributes for _, attributes in page.elements)
    assert html.count("</script>") == 1
    assert json.loads(page.all("article")[0]["data-entities"]) == [EVIL, "G'\"&1"]
    html.encode("utf-8")


def test_page_loads_nothing():
    page = Page(HTML)
    for tag, attributes in page.elements:
        assert "src" not in attributes
        href = attributes.get("href", "#")
        assert href.startswith("#") or (tag, href) == ("link", "data:,")
    assert not re.search(r"https?:|@import|url\(|fetch\(|XMLHttp|innerHTML|insertAdjacent|document\.write", HTML)
    policy = next(attributes for attributes in page.all("meta") if "http-equiv" in attributes)
    assert policy["content"].startswith("default-src 'none';")


# In a browser.


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "page.html").write_text(HTML, encoding="utf-8")
    browser = Browser(1000, 800)
    browser.driver.get((folder / "page.html").as_uri())
    yield browser
    browser.driver.quit()


def shown(browser) -> list[str]:
    """Return the document of each card that is shown, in this order."""
    return browser.script("return [...document.querySelectorAll('.card:not([hidden])')].map(c => c.dataset.document)")


@pytest.mark.slow
def test_browser_shows_all_errors_with_marked_mentions(browser):
    browser.script("location.hash = ''")
    assert shown(browser) == ["11", "11", "22", "33"]
    assert browser.texts(".text mark.entity1") == ["Iron"] * 4
    assert browser.texts(".text mark.entity2") == ["one", "Pain", "liver"]
    assert browser.texts(".text mark.other") == ["one", "mice"]
    texts = browser.texts(".text")
    assert f"{EVIL} one" in texts[3]
    assert "… 1 sentence …" in texts[1]
    assert browser.faults() == []
    assert [address for address in browser.requested() if not address.startswith(("file:", "data:"))] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "documents"),
    [
        ("category=missed", ["11", "33"]),
        ("gold=Bind&predicted=None", ["33"]),
        ("text=IRON+liver", ["22"]),
        ("order=least", ["22", "11", "11", "33"]),
        ("category=wrong_novelty", []),
        ("category=unknown", ["11", "11", "22", "33"]),
    ],
)
def test_address_filters_in_the_browser(browser, address, documents):
    browser.script(f"location.hash = '{address}'")
    title = "4 errors" if len(documents) == 4 else f"{len(documents)} of 4 errors"
    browser.until(lambda: browser.texts("#count") == [title], title)
    assert shown(browser) == documents
    assert browser.texts("#none") == (["No error fits these filters."] if not documents else [""])


@pytest.mark.slow
def test_choosing_changes_the_address_and_the_counts_of_the_other_filters(browser):
    browser.script("location.hash = ''")
    browser.until(lambda: len(shown(browser)) == 4, "all errors")
    browser.click("select[name=category] option[value=missed]")
    assert browser.script("return location.hash") == "#category=missed"
    texts = browser.script("return [...document.querySelectorAll('option')].map(option => option.textContent)")
    assert {"Missed relation (2)", "Spurious relation (1)", "11 (1)", "22 (0)", "33 (1)"} <= set(texts)
    browser.click("button[type=reset]")
    browser.until(lambda: len(shown(browser)) == 4, "all errors")
    browser.script("history.back()")
    browser.until(lambda: len(shown(browser)) == 2, "the earlier view")


@pytest.mark.slow
def test_button_shows_the_document_with_the_same_marks(browser):
    browser.script("location.hash = ''")
    browser.until(lambda: len(shown(browser)) == 4, "all errors")
    browser.click(".card button")
    assert browser.texts(".text")[0] == "Iron binds one. It ends. Pain goes."
    assert browser.texts(".text .evidence") == ["Iron binds one."]
    browser.click(".card button")
    assert browser.texts(".text")[0] == "Iron binds one."
