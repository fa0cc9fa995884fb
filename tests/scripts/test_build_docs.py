"""The reference of the Python interface: what its program makes of docstrings, and that all of it can be built."""

import html
import re

import pytest

import biodir
from helpers.script_module import script


@pytest.fixture(scope="module")
def build_docs():
    pytest.importorskip("pdoc")
    return script("build_docs")


@pytest.fixture(scope="module")
def pages(build_docs, tmp_path_factory):
    """The folder of the built reference; whatever pdoc warns of, and every dead link, has raised."""
    folder = tmp_path_factory.mktemp("docs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FILE", "samples/sample.pubtator")  # as make sets it
        patch.setenv("PDOC_DISPLAY_ENV_VARS", "")
        build_docs.build(folder)
    return folder


def entry(page: str, name: str) -> tuple[str, str]:
    """The names of a thing on a page and the words of its docstring; empty where it has none."""
    found = re.search(rf'<section id="{name}">(.*?)</section>', page, re.DOTALL)
    assert found, f"{name} has no entry"
    docstring = re.search(r'<div class="docstring">(.*?)</div>', found[1], re.DOTALL)
    words = re.sub(r"<[^>]+>", " ", docstring[1]) if docstring else ""
    return found[1], html.unescape(" ".join(words.split()))


@pytest.mark.slow
def test_every_public_name_has_an_entry_with_a_docstring(pages):
    page = (pages / "biodir.html").read_text(encoding="utf-8")
    without = [name for name in biodir.__all__ if name != "__version__" and not entry(page, name)[1]]
    assert without == []
    assert biodir.__version__ in entry(page, "__version__")[0]


@pytest.mark.slow
def test_every_module_of_the_map_has_a_page_that_the_map_leads_to(pages):
    page = (pages / "biodir.html").read_text(encoding="utf-8")
    named = re.findall(r"^- `(biodir\.[\w.]+)`", biodir.__doc__, re.MULTILINE)
    assert len(named) > 10
    for name in named:
        path = f"{name.replace('.', '/')}.html"
        assert (pages / path).is_file()
        assert f'href="{path}"' in page.replace('href="./', 'href="')


@pytest.mark.slow
def test_first_page_leads_to_the_package(pages):
    assert "url=./biodir.html" in (pages / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_names_of_other_modules_are_links(pages):
    page = (pages / "biodir" / "modeling_biodir.html").read_text(encoding="utf-8")
    assert 'href="../biodir/processing_batching_biodir.html#collate_pairs"' in page


def test_reference_holds_every_module_and_no_program(build_docs):
    names = build_docs.module_names()
    assert {"biodir", "biodir.pipeline_biodir", "biodir.formats", "biodir.formats.reading"} <= set(names)
    assert "biodir.evaluation.biodir_relations.biodir_relations" in names
    assert not {"biodir.setup", "biodir.train", "biodir.handler", "biodir.__main__"} & set(names)
    assert len(names) == len(set(names))


def test_link_to_nowhere_is_named_with_its_page(build_docs):
    pages = {
        "a.html": '<p id="x"><a href="#x"> <a href="b/c.html#y"> <a href="https://example.org"></p>',
        "b/c.html": '<p id="y"><a href="../a.html#z"> <a href="d.html"></p><script><a href="${url}"></script>',
    }
    assert list(build_docs.link_faults(pages)) == ["b/c.html: ../a.html#z", "b/c.html: d.html"]


def test_warning_of_pdoc_is_an_error(build_docs, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(build_docs, "module_names", lambda: ["biodir"])

    def warn(modules):
        build_docs.warnings.warn("odd docstring", stacklevel=1)
        yield "biodir.html", ""

    monkeypatch.setattr(build_docs, "_pages", warn)
    assert build_docs.main([str(tmp_path / "docs")]) == 1
    assert capsys.readouterr().err == "build_docs: pdoc warns: odd docstring\n"
    assert not (tmp_path / "docs").exists()
