"""Write the documentation as HTML: the Markdown pages and the reference of the Python interface.

python scripts/build_docs.py FOLDER     # FOLDER/index.html is the first page

The reference is made from the docstrings by pdoc. A warning of pdoc is an error, and so is a link without a target. A
name in backticks becomes a link if only one public object has it.
"""

import dataclasses
import importlib
import os
import pkgutil
import re
import sys
import types
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pdoc.doc
import pdoc.render

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGE = "biodir"
TEMPLATES = Path(__file__).resolve().parent / "docs_pages"
_MARKDOWN_LINK = re.compile(r"\]\((?:\.\./|docs/)?([\w-]+)\.md(#[\w-]*)?\)")


def module_names() -> list[str]:
    """Return the names of the package and of all its modules but the program."""
    found = pkgutil.walk_packages(importlib.import_module(PACKAGE).__path__, f"{PACKAGE}.")
    return [PACKAGE, *sorted(module.name for module in found if not module.name.endswith("__main__"))]


def guides() -> dict[str, Path]:
    """Return the Markdown files by the names of their pages; README.md is the first page."""
    top = (CHECKOUT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY", "CHANGELOG"))
    return {_guide(path.stem): path for path in (*top, *(CHECKOUT / "docs").glob("*.md"))}


def _guide(stem: str) -> str:
    return "index" if stem == "README" else stem.lower()


def build(folder: Path) -> None:
    """Write the pages; raise SystemExit if pdoc warns or a link has no target."""
    sys.path.insert(0, str(CHECKOUT))  # this checkout, whatever is installed
    os.environ["PDOC_DISPLAY_ENV_VARS"] = "1"  # else pdoc warns of defaults that equal a variable, such as make's FILE
    for name in module_names():
        importlib.import_module(name)  # warnings of libraries while they are loaded are not ours
    pdoc.render.configure(docformat="google", footer_text=PACKAGE, template_directory=TEMPLATES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # transformers writes the constructors of configurations, with names that it has not imported here.
        warnings.filterwarnings("ignore", rf"Error parsing type annotation .* {PACKAGE}\.\w+\.BioDirConfig\.__init__")
        # mypy wants this class with a type argument, which it does not take when the program runs.
        warnings.filterwarnings("ignore", r"Error parsing type annotation .*_SubParsersAction\[")
        try:
            pages = dict(_pages())
        except Warning as warning:
            raise SystemExit(f"build_docs: pdoc warns: {warning}") from warning
    if faults := list(link_faults(pages)):
        raise SystemExit(f"build_docs: links without a target: {'; '.join(faults)}")
    for path, page in pages.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(page, "utf-8")


def link_faults(pages: Mapping[str, str]) -> Iterator[str]:
    """Return the links between the pages that have no target, each with its page."""
    anchors = {path: set(re.findall(r'\bid="([^"]*)"', page)) for path, page in pages.items()}
    for path, page in pages.items():
        without_scripts = re.sub(r"(?s)<script\b.*?</script>", "", page)
        for link in sorted(set(re.findall(r'<a\b[^>]*\bhref="([^"]*)"', without_scripts))):
            if re.match(r"[a-z]+:", link):
                continue
            target, _, anchor = link.partition("#")
            place = (Path("/", path).parent / target).resolve().relative_to("/").as_posix() if target else path
            if place not in pages or (anchor and anchor not in anchors[place]):
                yield f"{path}: {link}"


def _pages() -> Iterator[tuple[str, str]]:
    """Return path and text of every page."""
    modules = {name: pdoc.doc.Module.from_name(name) for name in module_names()}
    known = _unique_names(modules)
    for module in modules.values():
        _document_fields(module)
    for name, path in guides().items():
        text = _MARKDOWN_LINK.sub(lambda link: f"]({_guide(link[1])}.html{link[2] or ''})", path.read_text("utf-8"))
        if name == "index":
            text += f"\nReference of the Python interface: [`{PACKAGE}`]({PACKAGE}.html)\n"
        yield f"{name}.html", pdoc.render.html_module(pdoc.doc.Module(types.ModuleType(name, text)), modules)
    for name, module in modules.items():
        yield _page_of(name), _with_links(pdoc.render.html_module(module, modules), _page_of(name), known)
    yield "search.js", pdoc.render.search_index(modules)


def _page_of(module: str) -> str:
    return f"{module.replace('.', '/')}.html"


def _document_fields(module: pdoc.doc.Module) -> None:
    """Give the fields of settings, whose metadata hold a help text, this text as docstring."""
    for found in module.own_members:
        if isinstance(found, pdoc.doc.Class) and dataclasses.is_dataclass(found.obj):
            for each in dataclasses.fields(found.obj):
                member = found.get(each.name)
                if member is not None and "help" in each.metadata:
                    member.docstring = each.metadata["help"]


def _unique_names(modules: Mapping[str, pdoc.doc.Module]) -> dict[str, str]:
    """Return name -> page and anchor, of the public objects whose name no other has."""
    members = {member.taken_from for module in modules.values() for member in module.own_members}
    counts = Counter(name for _, name in members)
    return {name: f"{_page_of(origin)}#{name}" for origin, name in members if origin in modules and counts[name] == 1}


def _with_links(page: str, path: str, known: Mapping[str, str]) -> str:
    """Return the page with links from names in backticks to other pages; pdoc itself links those of the same page."""

    def linked(match: re.Match[str]) -> str:
        target = known.get(match[1], path)
        return match[0] if target.startswith(path) else f'<a href="{"../" * path.count("/")}{target}">{match[0]}</a>'

    return re.sub(r"(?<!>)<code>(\w+)(?:\(\))?</code>(?!</a>)", linked, page)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
    print(Path(sys.argv[1], "index.html"))
