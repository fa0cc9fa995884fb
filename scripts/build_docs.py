"""Writes the reference of the Python interface as pages, one a module, from the docstrings.

python scripts/build_docs.py FOLDER     # FOLDER/index.html leads to the page of the package

Whatever pdoc warns of is an error, and so is a link that leads nowhere. A name that a docstring sets in backticks, such
as that of a class of another module, becomes a link where one public thing alone has the name.
"""

import argparse
import dataclasses
import importlib
import os
import pkgutil
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import pdoc.doc
import pdoc.render

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGE = "biodir"
SUBPACKAGES = ("formats", "inference", "evaluation", "training", "dataset_script", "publishing")
OF_PACKAGE = ("allocator",)  # the others are the program `biodir` itself
TEMPLATES = Path(__file__).resolve().parent / "docs_pages"
_NAME_IN_BACKTICKS = re.compile(r"(?<!`)`([A-Za-z_]\w*(?:\.\w+)*)(\(\))?`(?!`)")
_LINK = re.compile(r'<a\b[^>]*\bhref="([^"]*)"')
_ANCHOR = re.compile(r'\bid="([^"]*)"')
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)


class DocsError(ValueError):
    """The reference cannot be built as it should be."""


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0, or 1 where a page has a fault."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="where the pages go; made where it is missing")
    folder = parser.parse_args(arguments).folder
    try:
        build(folder)
    except DocsError as error:
        print(f"build_docs: {error}", file=sys.stderr)
        return 1
    print(folder / "index.html")
    return 0


def module_names() -> list[str]:
    """The modules of the reference: the package, the flat modules, and what is in the folders of the package."""
    flat = sorted(path.stem for path in CHECKOUT.glob("*_biodir.py"))
    names = [PACKAGE, *(f"{PACKAGE}.{name}" for name in (*OF_PACKAGE, *flat))]
    for folder in (f"{PACKAGE}.{name}" for name in SUBPACKAGES):
        found = pkgutil.walk_packages(importlib.import_module(folder).__path__, f"{folder}.")
        names += [folder, *sorted(module.name for module in found)]
    return names


def build(folder: Path) -> None:
    """Writes the pages.

    Raises:
        DocsError: pdoc warns of something, or a link leads nowhere.
    """
    sys.path.insert(0, str(CHECKOUT))  # this checkout, whatever is installed
    # pdoc hides, with a warning, a default that reads like a variable of the environment, such as make's FILE; ours all
    # stand in the code.
    os.environ["PDOC_DISPLAY_ENV_VARS"] = "1"
    for name in module_names():
        importlib.import_module(name)  # what libraries warn of when they are loaded is theirs
    pdoc.render.configure(docformat="google", footer_text=PACKAGE, template_directory=TEMPLATES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # transformers writes the constructors of configurations, with names that it has not imported here.
        warnings.filterwarnings("ignore", rf"Error parsing type annotation .* {PACKAGE}\.\w+\.BioDirConfig\.__init__")
        try:
            pages = dict(_pages({name: pdoc.doc.Module.from_name(name) for name in module_names()}))
        except Warning as warning:
            raise DocsError(f"pdoc warns: {warning}") from warning
    faults = list(link_faults(pages))
    if faults:
        raise DocsError("links that lead nowhere: " + "; ".join(faults))
    for path, page in pages.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(page, encoding="utf-8")


def page_of(module: str) -> str:
    """The path of a module's page in the folder."""
    return f"{module.replace('.', '/')}.html"


def link_faults(pages: Mapping[str, str]) -> Iterator[str]:
    """The links between the pages that lead nowhere, each with its page."""
    anchors = {path: set(_ANCHOR.findall(page)) for path, page in pages.items()}
    for path, page in pages.items():
        for link in sorted(set(_LINK.findall(_SCRIPT.sub("", page)))):
            if re.match(r"[a-z]+:", link):
                continue
            target, _, anchor = link.partition("#")
            place = (Path("/", path).parent / target).resolve().relative_to("/").as_posix() if target else path
            if place not in pages or (anchor and anchor not in anchors[place]):
                yield f"{path}: {link}"


def _pages(modules: dict[str, pdoc.doc.Module]) -> Iterator[tuple[str, str]]:
    """Path and text of every page."""
    known = _unique_names(modules)
    for module in modules.values():
        _tell_help(module)
        _link_names(module, module.modulename, known)
    for name, module in modules.items():
        yield page_of(name), pdoc.render.html_module(module, modules)
    yield "index.html", pdoc.render.html_index(modules)
    yield "search.js", pdoc.render.search_index(modules)


def _tell_help(module: pdoc.doc.Module) -> None:
    """Gives the fields of settings, which say what they are in their metadata, a docstring."""
    for found in module.own_members:
        if isinstance(found, pdoc.doc.Class) and dataclasses.is_dataclass(found.obj):
            for each in dataclasses.fields(found.obj):
                if "help" in each.metadata:
                    made = [] if each.default_factory is dataclasses.MISSING else each.default_factory()
                    default = f" (default: `{made}`)" if made else ""
                    found.get(each.name).docstring = each.metadata["help"] + default


def _unique_names(modules: Mapping[str, pdoc.doc.Module]) -> dict[str, tuple[str, str]]:
    """Name -> module and qualified name, of the public things that share their names with no other."""
    found: dict[str, set[tuple[str, str]]] = {}
    for module in modules.values():
        for member in module.own_members:
            for thing in (member, *(member.own_members if isinstance(member, pdoc.doc.Class) else ())):
                origin, qualname = thing.taken_from
                if origin in modules and not any(part.startswith("_") for part in qualname.split(".")):
                    found.setdefault(thing.qualname, set()).add((origin, qualname))
    return {name: places.pop() for name, places in found.items() if len(places) == 1}


def _link_names(thing: pdoc.doc.Doc, page: str, known: Mapping[str, tuple[str, str]]) -> None:
    """Makes the names of other modules' things in a docstring, and in those of what is in the thing, links."""

    def linked(match: re.Match[str]) -> str:
        module, qualname = known.get(match[1], (page, ""))
        if module == page:  # of names of its own page pdoc makes links
            return match[0]
        way = "../" * page.count(".") + page_of(module)
        return f"[{match[0]}]({way}#{qualname})"

    thing.docstring = _NAME_IN_BACKTICKS.sub(linked, thing.docstring)
    if isinstance(thing, pdoc.doc.Namespace):
        for member in thing.own_members:
            _link_names(member, page, known)


if __name__ == "__main__":
    raise SystemExit(main())
