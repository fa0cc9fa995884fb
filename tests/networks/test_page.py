"""The page of a network: what is in the file, and what it does in a browser without a screen."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from biodir.networks.merging import Edge, Evidence, Network, Node
from biodir.networks.page import ASSETS, MAX_EDGES, page_data, page_text, write_page
from biodir.networks.settings import NetworkSettings
from helpers.browser import Browser

HOSTILE = '</script><img src=x onerror="document.title=1"><!--<script>\u2028&amp;'
IRON = Node("MESH:D007501", "ChemicalEntity", "iron", ("Fe",), documents=3)
EGFR = Node("NCBIGene:1956", "GeneOrGeneProduct", "EGFR", ("ErbB1", "Epidermal growth factor receptor"), documents=2)
FLU = Node("MESH:D007251", "DiseaseOrPhenotypicFeature", f"flu {HOSTILE}", documents=1)
ODD = Node("text:x", "Unheard Of", "x", documents=1)
NETWORK = Network(
    (IRON, EGFR, FLU, ODD),
    (
        Edge(
            *(
                IRON,
                EGFR,
                "Negative_Correlation",
                True,
                ("7", "7000001", "notes.txt"),
                (Evidence("7", 0, 16, "Fe, not fe, blocks epidermal growth\n factor receptor (EGFR, not egfr)."),),
            ),
            *((0.6, 0.6, 0.375), ("Novel", "Novel", "No"), 1, 4),
        ),
        Edge(IRON, EGFR, "Bind", False, ("7", "8"), scores=(0.4,), novelties=("No", "No")),
        Edge(
            EGFR,
            FLU,
            "Positive_Correlation",
            True,
            ("8",),
            (Evidence("8", 0, 9, HOSTILE),),
            scores=(0.2,),
        ),
        Edge(IRON, ODD, "Positive_Correlation", False, ("8",)),
    ),
    documents=5,
)


def written(folder: Path, network: Network, name: str = "a & b") -> Path:
    write_page(network, folder / f"{name}.html", NetworkSettings())
    return folder / f"{name}.html"


def chain(edges: int) -> Network:
    nodes = [Node(f"NCBIGene:{number}", "GeneOrGeneProduct", f"G{number}") for number in range(1, edges // 2 + 2)]
    pairs = [(number // 2, (number * 7 + 1) % len(nodes)) for number in range(edges)]
    return Network(tuple(nodes), tuple(Edge(nodes[a], nodes[b], "Association", True, ("1",)) for a, b in pairs), 1)


def test_texts_cannot_end_the_element_of_the_data():
    text = page_text(NETWORK, NETWORK.edges, "</title><script>")
    (data,) = re.findall('<script type="application/json" id="network">(.*?)</script>', text, re.DOTALL)
    assert not set("<>&\u2028") & set(data)
    assert json.loads(data)["nodes"][2]["name"] == FLU.name
    assert text.count("</script") == 3
    assert "<title>&lt;/title&gt;&lt;script&gt;</title>" in text


def test_lone_surrogate_is_written(tmp_path):
    node = Node("text:a", "CellLine", "a\ud800")
    path = written(tmp_path, Network((node,), (Edge(node, node, "Bind", False),), 1))
    assert r"a\ud800" in path.read_text(encoding="utf-8")


def test_page_allows_its_own_scripts_and_nothing_else():
    text = page_text(NETWORK, NETWORK.edges, "graph")
    hashes = [
        base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        for part in re.findall("<script>(.*?)</script>", text, re.DOTALL)
    ]
    assert len(hashes) == 2
    policy = re.search('Content-Security-Policy" content="(.*?)"', text)[1]
    assert policy.startswith("default-src 'none'; script-src " + " ".join(f"'sha256-{each}'" for each in hashes) + ";")


def test_parts_of_the_page_name_nothing_to_load():
    for name in ("page.html", "page.css", "page.js"):
        found = re.findall(r"https?://[^\"'`$\s]*", (ASSETS / name).read_text(encoding="utf-8"))
        assert set(found) <= {
            "http://www.w3.org/2000/svg",
            "https://pubmed.ncbi.nlm.nih.gov/",
            "https://pmc.ncbi.nlm.nih.gov/articles/",
        }
        assert not re.search(
            r"@import|url\(|\bsrc=|<link|fetch\(|innerHTML", (ASSETS / name).read_text(encoding="utf-8")
        )


def test_library_has_its_licence():
    library = (ASSETS / "cytoscape.min.js").read_text(encoding="utf-8")
    assert '"3.35.0"' in library
    assert "</script" not in library
    assert "Permission is hereby granted" in (ASSETS / "cytoscape.LICENSE").read_text(encoding="utf-8")


def test_large_network_keeps_the_edges_of_most_documents_and_says_so(tmp_path):
    network = chain(MAX_EDGES + 3)
    notes = write_page(network, tmp_path / "a.html", NetworkSettings())
    advice = f"it has {MAX_EDGES}, see `biodir network --min-documents`"
    assert notes == [f"edges of fewest documents, not on the page: 3; {advice}"]
    assert page_data(network, list(network.edges[:2]), "a")["edges_left_out"] == MAX_EDGES + 1


@pytest.fixture(scope="module")
def desktop() -> Iterator[Browser]:
    window = Browser(1280, 850)
    yield window
    window.driver.quit()


def opened(browser: Browser, path: Path) -> Browser:
    browser.driver.get(path.as_uri())
    browser.until(lambda: browser.script("return document.documentElement.dataset.drawn"), "the drawing")
    return browser


@pytest.fixture
def page(desktop, tmp_path) -> Browser:
    """The page of the small network, without a connection."""
    desktop.command("Network.enable")
    desktop.command(
        "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
    )
    desktop.faults()
    desktop.requested()
    return opened(desktop, written(tmp_path, NETWORK))


def rows(browser: Browser) -> list[str]:
    return [" ".join(text.split()) for text in browser.texts("#panel .row")]


def drawn(browser: Browser, edges: list[str]) -> None:
    """Check that these edges are drawn, in the next frame at the latest."""
    visible = "return network.edges(':visible').map(edge => edge.id())"
    browser.until(lambda: browser.script(visible) == edges, f"{edges}")


def summary(browser: Browser) -> str:
    return browser.texts("#summary")[0]


def put(browser: Browser, control: str, value: str) -> None:
    code = "const [control, value] = arguments; control.value = value; control.dispatchEvent(new Event('input'))"
    browser.script(code, browser.all(control)[0], value)


@pytest.mark.slow
def test_page_asks_for_nothing_and_has_no_faults(page):
    assert [address for address in page.requested() if not address.startswith("file:")] == []
    page.click("#panel .row", 2)
    assert page.faults() == []
    assert page.requested() == []
    assert page.driver.title == "a & b"
    assert page.all("img") == []


@pytest.mark.slow
def test_arrows_and_signs_are_those_of_biologists(page):
    assert summary(page) == "4 relations · 4 entities · 5 papers"
    read = "return network.elements(arguments[0]).map(each => arguments[1].map(name => each.style(name)))"
    shapes = page.script(read, "edge", ["target-arrow-shape", "label", "line-style"])
    assert shapes == [["tee", "", "solid"], ["none", "", "dashed"], ["triangle", "", "solid"], ["none", "+", "solid"]]
    for name in ("shape", "background-color"):
        assert len({value for (value,) in page.script(read, "node", [name])}) == 4


@pytest.mark.slow
def test_click_on_an_edge_shows_sentences_and_papers(page):
    point = "const point = network.$('#e0').renderedMidpoint(), box = network.container().getBoundingClientRect();"
    where = page.script(point + "return [point.x + box.left, point.y + box.top]")
    for kind in ("mousePressed", "mouseReleased"):
        page.command("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1)
    page.until(lambda: page.all("#panel blockquote"), "the sentence")
    sentence = "Fe, not fe, blocks epidermal growth factor receptor (EGFR, not egfr)."
    assert page.texts("#panel blockquote")[0].splitlines() == [sentence, "PMID 7"]
    assert page.texts("#panel blockquote mark") == ["Fe", "epidermal growth factor receptor", "EGFR"]
    assert page.texts("#panel .ids > *") == ["PMID 7", "PMID 7000001", "notes.txt"]
    assert page.all("#panel .ids a")[1].get_attribute("href") == "https://pubmed.ncbi.nlm.nih.gov/7000001/"
    assert "1 paper with the opposite direction, 4 papers with the opposite sign" in page.texts(".conflict")[0]
    assert page.texts("#panel dd") == [
        "negative correlation",
        "3",
        "new in 2 papers, known in 1 paper",
        "0.900",
        "0.600",
    ]


@pytest.mark.slow
def test_filters_hide_relations_and_their_ends(page):
    put(page, "#score", "0.3")
    drawn(page, ["e0", "e1"])
    assert summary(page) == "2 of 4 relations · 2 of 4 entities · 5 papers"
    put(page, "#papers", "3")
    drawn(page, ["e0"])
    page.click("#clear-filters")
    put(page, "#novelty", "known")
    drawn(page, ["e0", "e1"])
    page.click("#clear-filters")
    page.script("document.querySelectorAll('#relations input')[0].click()")
    drawn(page, ["e0", "e1"])
    page.script("document.querySelectorAll('#types input').forEach(box => box.click())")
    drawn(page, [])
    assert page.texts("#empty") == ["No relation passes the filters."]
    page.click("#clear-filters")
    assert len(rows(page)) == 4


@pytest.mark.slow
def test_search_finds_synonyms_and_keys_choose(page):
    page.driver.find_element("css selector", "body").send_keys("/")
    page.driver.switch_to.active_element.send_keys("erbb")
    assert [text.split()[0] for text in page.texts("#hits li")] == ["EGFR"]
    page.driver.switch_to.active_element.send_keys("\ue007")
    assert page.texts("#panel h2") == ["EGFR"]
    assert len(rows(page)) == 3
    assert page.script("return network.$('.chosen').id()") == "n1"
    put(page, "#papers", "2")
    assert len(rows(page)) == 2
    page.driver.switch_to.active_element.send_keys("\ue00c")
    assert page.texts("#panel h2") == ["Relations"]


@pytest.mark.slow
def test_keys_zoom_and_move_the_drawing(page):
    page.script("document.getElementById('drawing').focus()")
    before = page.script("return [network.zoom(), network.pan().x]")
    page.driver.switch_to.active_element.send_keys("+")
    page.driver.switch_to.active_element.send_keys("\ue014")
    zoom, across = page.script("return [network.zoom(), network.pan().x]")
    assert zoom > before[0]
    assert across != before[1]


@pytest.mark.slow
def test_empty_network_and_one_node_are_drawn(desktop, tmp_path):
    opened(desktop, written(tmp_path, Network((), (), 2)))
    assert desktop.texts("#empty") == ["This network has no relations."]
    assert desktop.faults() == []
    opened(desktop, written(tmp_path, Network((IRON,), (Edge(IRON, IRON, "Bind", False, ("1",)),), 1)))
    assert rows(desktop) == ["iron \N{EN DASH} iron bind 1"]
    assert desktop.faults() == []


@pytest.mark.slow
def test_telephone_shows_everything_without_scrolling_sideways(tmp_path):
    browser = Browser(390, 844)
    opened(browser, written(tmp_path, chain(2000)))
    assert browser.script("return document.documentElement.scrollWidth") <= 390
    assert browser.script("return document.documentElement.scrollHeight") <= 844
    assert not browser.all("#filters")[0].is_displayed()
    browser.click("#filters-button")
    assert browser.all("#filters")[0].is_displayed()
    browser.click("#panel .row", 3)
    assert browser.texts("#panel h3")[-1] == "Papers"
    browser.driver.quit()
