"""The error page: one file that loads nothing, escapes what corpora hold, and filters in a browser."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from biodir.document_biodir import Document, Mention, Relation
from biodir.errors_biodir import SettingError
from biodir.evaluation.error_analysis import error_analysis
from biodir.evaluation.error_page import error_page, write_error_page
from helpers.marked import marked_document

EVIL = "</script><img src=x onerror=alert(1)>"
FIRST = marked_document("<C:C1 Iron> binds <G:G1 one>. It ends. <D:D1 Pain> goes.", id="11")
SECOND = marked_document("\N{PILL} <C:C1 Iron> harms the <D:D1 liver> of <S:S1 mice>.", id="22")


def analysed(*documents_and_relations):
    """The analysis of (document, gold relations, predicted relations), given one after the other."""
    triples = [documents_and_relations[index : index + 3] for index in range(0, len(documents_and_relations), 3)]
    gold = [replace(document, relations=tuple(relations)) for document, relations, _ in triples]
    predicted = [replace(document, relations=tuple(relations)) for document, _, relations in triples]
    return error_analysis(gold, predicted)


REVERSED = Relation("Bind", "G1", "C1", "No", "G1", relation_score=0.75, novelty_score=0.5, direction_score=0.123456)
ANALYSIS = analysed(
    FIRST,
    [Relation("Bind", "C1", "G1", "No", "C1"), Relation("Association", "C1", "D1", "Novel")],
    [REVERSED],
    SECOND,
    [],
    [Relation("Association", "C1", "D1", "No", "C1", relation_score=0.5)],
)


class Page(HTMLParser):
    """The elements of a page, and the text inside them by element name."""

    VOID = ("meta", "link", "input", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements, self.open, self.texts = [], [], {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        self.texts.setdefault(self.open[-1] if self.open else None, []).append(data)

    def data(self) -> dict:
        """What the page's script reads."""
        (found,) = (text for text in self.texts["script"] if text.startswith("{"))
        return json.loads(found)


def page_of(analysis, gold_name="gold.pubtator", predicted_name="predicted.pubtator") -> Page:
    return Page(error_page(analysis, gold_name, predicted_name))


def test_page_is_well_formed_and_says_what_it_is():
    page = page_of(ANALYSIS)
    assert page.open == []
    assert page.texts["title"] == ["Errors of predicted.pubtator"]
    assert page.texts["h1"] == ["3 errors in 3 pairs"]
    assert ("html", {"lang": "en"}) in page.elements


def test_data_hold_each_error_with_both_answers():
    data = page_of(ANALYSIS).data()
    assert data["errors"][0] == {
        "document": "11",
        "entities": [{"id": "C1", "name": "Iron", "type": "chemical"}, {"id": "G1", "name": "one", "type": "gene"}],
        "evidence": [0],
        "what": ["wrong_direction", "reversed_direction"],
        "where": ["rare_type", "ambiguous_direction", "chemical_gene_direction"],
        "pair_type": ["chemical - gene"],
        "distance": ["0"],
        "statements": [
            {
                "gold": {"type": "Bind", "direction": "Left_to_Right", "novelty": "No", "scores": [None, None, None]},
                "predicted": {
                    "type": "Bind",
                    "direction": "Right_to_Left",
                    "novelty": "No",
                    "scores": [0.75, 0.1235, 0.5],
                },
            }
        ],
    }
    assert data["errors"][1]["statements"][0]["predicted"] is None
    assert data["errors"][2]["statements"][0]["gold"] is None


def test_data_hold_the_documents_with_their_spans():
    documents = page_of(ANALYSIS).data()["documents"]
    assert documents["11"] == {
        "text": "Iron binds one. It ends. Pain goes.",
        "sentences": [[0, 15], [16, 24], [25, 35]],
        "passages": [],
        "mentions": [[0, 4, ["C1"]], [11, 14, ["G1"]], [25, 29, ["D1"]]],
    }
    assert documents["22"]["mentions"][0] == [2, 6, ["C1"]], "a letter beyond U+FFFF is one character"


def test_document_without_an_error_is_left_out():
    same = Relation("Bind", "C1", "G1", "No")
    data = page_of(analysed(FIRST, [same], [same])).data()
    assert data == {"documents": {}, "errors": []}


def test_no_text_of_a_corpus_becomes_html():
    text = f"Iron {EVIL} \u2028 \ud800 <b>one</b>"
    mentions = (Mention(0, 4, "Iron", EVIL, (EVIL,)), Mention(0, len(text), text, "Gene", ("G'\"&1",)))
    evil = Document(EVIL, text, mentions, passages=())
    relation = Relation(EVIL, EVIL, "G'\"&1", EVIL)
    html = error_page(analysed(evil, [relation], []), EVIL, EVIL)
    page = Page(html)
    tags = [tag for tag, _ in page.elements]
    assert (tags.count("img"), tags.count("b")) == (0, 2), "the two file names are bold, nothing else"
    assert all("onerror" not in attributes for _, attributes in page.elements)
    assert html.count("</script>") == 2
    assert page.data()["documents"][EVIL]["text"] == text
    assert page.data()["errors"][0]["entities"][0] == {"id": EVIL, "name": "Iron", "type": EVIL}
    options = [attributes for tag, attributes in page.elements if tag == "input"]
    assert {"type": "checkbox", "name": "gold", "value": EVIL, "data-part-of": ""} in options


def test_page_loads_nothing():
    html = error_page(ANALYSIS, "gold", "predicted")
    for tag, attributes in Page(html).elements:
        assert "src" not in attributes
        href = attributes.get("href", "#")
        assert href.startswith("#") or (tag, href) == ("link", "data:,")
    assert not re.search(
        r"https?:|//[a-z]+\.|@import|url\(|fetch\(|XMLHttp|innerHTML|insertAdjacent|document\.write", html
    )
    policy = next(attributes for _, attributes in Page(html).elements if "http-equiv" in attributes)
    assert policy["content"].startswith("default-src 'none';")


def test_every_input_has_a_label_and_ids_stand_once():
    page = page_of(ANALYSIS)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = [
        attributes[key] for _, attributes in page.elements for key in ("for", "aria-labelledby") if key in attributes
    ]
    assert set(named) <= set(ids)
    html = error_page(ANALYSIS, "gold", "predicted")
    assert len(re.findall(r"<label[^>]*>\s*<input|<input id=\"text\"", html)) == html.count("<input")
    assert len(re.findall(r"<label>[^<]*<select", html)) == html.count("<select")


def test_cell_of_a_confusion_links_to_its_errors():
    links = [attributes for tag, attributes in page_of(ANALYSIS).elements if tag == "a"]
    titles = {attributes["href"]: attributes["title"] for attributes in links if "title" in attributes}
    assert titles["#gold=Association&predicted=None"] == "gold Association, predicted no relation: 1 of 1"
    assert titles["#gold=None&predicted=Association"] == "gold no relation, predicted Association: 1 of 1"
    reversed_cell = "#gold_direction=Left_to_Right&predicted_direction=Right_to_Left"
    assert titles[reversed_cell] == "gold 1 \N{RIGHTWARDS ARROW} 2, predicted 2 \N{RIGHTWARDS ARROW} 1: 1 of 1"
    assert any(attributes["href"] == "#pair_type=chemical+-+gene" for attributes in links)


def test_distances_from_four_on_stand_together():
    far = marked_document(
        "<C:C1 Iron> is. " + "It is. " * 6 + "<G:G1 One> is. <D:D1 Pain> is. It is. It was. <V:V1 A2T> is."
    )
    gold = [Relation("Bind", *pair, "No") for pair in (("C1", "G1"), ("C1", "V1"), ("D1", "V1"), ("C1", "gone"))]
    data = page_of(analysed(far, gold, [])).data()
    assert [error["distance"] for error in data["errors"]] == [["4+"], ["4+"], ["3"], ["no mention"]]
    assert [error["pair_type"] for error in data["errors"]][2:] == [["disease - variant"], ["chemical - no mention"]]
    names = page_of(analysed(far, gold, [])).texts["span"]
    assert {"3 sentences apart", "4 or more apart", "no mention"} <= set(names)


def test_page_is_written_as_utf_8(tmp_path):
    write_error_page(ANALYSIS, tmp_path / "page.html", "gäld", "predicted")
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert html == error_page(ANALYSIS, "gäld", "predicted")
    assert "<b>gäld</b>" in html


@pytest.mark.parametrize("name", ["missing/page.html", "."])
def test_file_that_cannot_be_written_is_named(tmp_path, name):
    with pytest.raises(SettingError, match=re.escape(f"{tmp_path / name}: cannot be written (")):
        write_error_page(ANALYSIS, tmp_path / name)


def test_missing_jinja2_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(SettingError, match=re.escape("pip install 'biodir[data]'")):
        write_error_page(ANALYSIS, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


# In a browser.


@pytest.fixture(scope="module")
def browse(tmp_path_factory):
    """Address behind the page's path -> the page as headless Chromium draws it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium in the path; the filters are tried in one")
    folder = tmp_path_factory.mktemp("browser")
    evil = Document("33", f"Iron {EVIL} one", (Mention(0, 4, "Iron", "Chemical", ("C1",)),))
    more = analysed(evil, [Relation("Bind", "C1", "X", "No")], [])
    documents, pairs = (*ANALYSIS.documents, *more.documents), (*ANALYSIS.pairs, *more.pairs)
    write_error_page(replace(ANALYSIS, documents=documents, pairs=pairs), folder / "page.html")

    def dumped(address: str = "") -> str:
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
        page = (folder / "page.html").as_uri() + address
        done = subprocess.run([*command, "--dump-dom", page], capture_output=True, text=True, timeout=120, check=True)
        return done.stdout

    return dumped


def shown(html: str) -> tuple[str, list[str]]:
    """The heading of the list, and the document of each card."""
    (count,) = re.findall(r'<span id="results-count" role="status">([^<]*)</span>', html)
    return count, re.findall(r'title="all errors of this document">([^<]*)</a>', html)


def count_of(html: str, key: str, value: str) -> int:
    """The number beside an option."""
    box = re.search(rf'name="{key}" value="{re.escape(value)}".*?class="count">(\d+)<', html, re.DOTALL)
    return int(box[1])


@pytest.mark.slow
def test_browser_shows_all_errors_with_marked_mentions(browse):
    html = browse()
    assert shown(html) == ("4 errors", ["11", "11", "22", "33"])
    assert '<mark class="entity1" title="C1">Iron</mark> binds <mark class="entity2" title="G1">one</mark>.' in html
    assert (
        '\N{PILL} <mark class="entity1" title="C1">Iron</mark> harms the <mark class="entity2" title="D1">liver' in html
    )
    assert '<mark class="other" title="S1">mice</mark>' in html
    assert "1 sentence …" in html
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; one" in html
    assert "<img" not in html


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "documents"),
    [
        ("#what=missed", ["11", "33"]),
        ("#what=missed&what=spurious", ["11", "22", "33"]),
        ("#what=missed&where=cross_sentence", ["11"]),
        ("#gold=Bind&predicted=None", ["33"]),
        ("#gold=None", ["22"]),
        ("#predicted_direction=Right_to_Left", ["11"]),
        ("#pair_type=chemical+-+disease&distance=0", ["22"]),
        ("#text=IRON+liver", ["22"]),
        ("#text=33", ["33"]),
        ("#text=11&order=surest", ["11", "11"]),
        ("#order=surest", ["11", "22", "11", "33"]),
        ("#order=least", ["22", "11", "11", "33"]),
        ("#what=wrong_novelty", []),
        ("#errors", ["11", "11", "22", "33"]),
    ],
)
def test_address_filters_in_the_browser(browse, address, documents):
    html = browse(address)
    title = "4 errors" if len(documents) == 4 else f"{len(documents)} of 4 errors"
    assert shown(html) == (title, documents)
    assert ("No error fits these filters." in html.split("page-data")[0]) == (not documents)


@pytest.mark.slow
def test_counts_follow_the_other_filters(browse):
    html = browse("#what=missed")
    assert [count_of(html, "what", name) for name in ("missed", "spurious", "wrong_direction")] == [2, 1, 1]
    assert [count_of(html, "gold", name) for name in ("Association", "Bind", "None")] == [1, 1, 0]
    assert [count_of(html, "distance", name) for name in ("0", "2", "no mention")] == [0, 1, 1]
    html = browse("#gold=Bind")
    assert [count_of(html, "gold", name) for name in ("Association", "Bind", "None")] == [1, 2, 1]
    assert [count_of(html, "predicted", name) for name in ("Association", "Bind", "None")] == [0, 1, 1]
