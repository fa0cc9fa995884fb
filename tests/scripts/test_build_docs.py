"""scripts/build_docs.py: all pages can be built, and faults are found."""

import html
import re

import pytest

import biodir
from helpers.script_module import script


@pytest.fixture(scope="module")
def build_docs():
    return script("build_docs")


@pytest.fixture(scope="module")
def pages(build_docs, tmp_path_factory):
    """The folder of the pages; a warning of pdoc or a link without a target has raised."""
    folder = tmp_path_factory.mktemp("docs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FILE", "samples/sample.pubtator")  # as make sets it
        patch.setenv("PDOC_DISPLAY_ENV_VARS", "")
        build_docs.build(folder)
    return folder


@pytest.mark.slow
def test_every_public_name_has_an_entry_with_a_docstring(pages):
    page = (pages / "biodir.html").read_text(encoding="utf-8")
    for name in set(biodir.__all__) - {"__version__"}:
        entry = re.search(rf'<section id="{name}">(.*?)</section>', page, re.DOTALL)
        words = re.search(r'<div class="docstring">(.*?)</div>', entry[1], re.DOTALL)
        assert html.unescape(re.sub(r"<[^>]+>", "", words[1])).strip(), name


@pytest.mark.slow
def test_pages_hold_the_guides_and_every_module(pages, build_docs):
    found = {path.relative_to(pages).as_posix() for path in pages.rglob("*.html")}
    modules = {f"{name.replace('.', '/')}.html" for name in build_docs.module_names()}
    assert found == modules | {f"{name}.html" for name in build_docs.guides()}
    assert {"index.html", "training.html", "architecture.html", "biodir/modeling_biodir.html"} <= found
    assert 'href="training.html"' in (pages / "index.html").read_text(encoding="utf-8")
    page = (pages / "biodir" / "inference" / "predict.html").read_text(encoding="utf-8")
    assert re.search(r'href="[./]+(biodir/)?\w+_biodir\.html#\w+', page), "names of other modules are links"


def test_link_without_a_target_is_named_with_its_page(build_docs):
    pages = {
        "a.html": '<p id="x"><a href="#x"> <a href="b/c.html#y"> <a href="https://example.org"></p>',
        "b/c.html": '<p id="y"><a href="../a.html#z"> <a href="d.html"></p><script><a href="${url}"></script>',
    }
    assert list(build_docs.link_faults(pages)) == ["b/c.html: ../a.html#z", "b/c.html: d.html"]
