"""Documents from BioC XML and BioC JSON, read with the library `bioc`.

XML is read one document at a time, JSON as a whole. No entity of an XML file is resolved and nothing that it points to
is fetched: a file that declares entities is refused.
"""

import importlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from biodir.document_biodir import Document
from biodir.document_pubtator_biodir import check_errors_setting
from biodir.errors_biodir import BioDirError, ParseError, SettingError
from biodir.formats.bioc_documents import to_document
from biodir.formats.lenient import kept, opened
from biodir.formats.pubtator_articles import bioc_of_article, is_article

XML_SUFFIX = ".xml"
# Keys under which a JSON file holds its documents; the second is that of the PubTator 3 service.
DOCUMENTS_KEYS = ("documents", "PubTator3")


def read_bioc(
    path: str | os.PathLike[str],
    errors: str = "raise",
    on_skip: Callable[[BioDirError], None] | None = None,
    check: Callable[[Document], Any] | None = None,
) -> Iterator[Document]:
    """The documents of a BioC file: XML where its suffix is .xml, else JSON.

    Args:
        errors: "raise", or "skip" to leave out documents with an error; a file that is not well-formed is an error in
            either case.
        on_skip: called with the error of each document that is left out.
        check: called with each document; an error that it raises counts as one of the document.

    Raises:
        ParseError: the file cannot be opened, is not well-formed or not BioC.
        AnnotationError: an annotation or relation contradicts its document; names file, document and annotation.
        SettingError: the library `bioc` is not installed.
    """
    return read_bioc_with(to_document, path, errors, on_skip, check)


def read_bioc_with(
    convert: Callable[[Any, str], Document],
    path: str | os.PathLike[str],
    errors: str = "raise",
    on_skip: Callable[[BioDirError], None] | None = None,
    check: Callable[[Document], Any] | None = None,
) -> Iterator[Document]:
    """As `read_bioc`, with another way from a `bioc.BioCDocument` and its place to a document.

    A corpus that bends BioC mends its documents there before it calls `to_document`.
    """
    check_errors_setting(errors)
    sources = _xml_sources(path) if Path(path).suffix.lower() == XML_SUFFIX else _json_sources(path)
    attempts = (
        partial(_checked, convert, source, os.fspath(path), index, check) for index, source in enumerate(sources)
    )
    yield from kept(attempts, path, errors, on_skip)


def is_bioc_json(value: Any) -> bool:
    """Whether a JSON value is BioC, or a list of such values, or an article of PubTator 3."""
    if isinstance(value, list):
        return bool(value) and all(map(is_bioc_json, value))
    if not isinstance(value, dict):
        return False
    passages = value.get("passages")
    has_bioc_passages = isinstance(passages, list) and any(
        isinstance(passage, dict) and ("infons" in passage or "annotations" in passage) for passage in passages
    )
    return has_bioc_passages or is_article(value) or any(isinstance(value.get(key), list) for key in DOCUMENTS_KEYS)


def _checked(
    convert: Callable[[Any, str], Document],
    source: Callable[[], Any],
    path: str,
    index: int,
    check: Callable[[Document], Any] | None,
) -> Document:
    document = _document(convert, source, f"{path}: document", index)
    _run_check(check, document, path)
    return document


def _document(convert: Callable[[Any, str], Document], source: Callable[[], Any], place: str, index: int) -> Document:
    """The document that `source` parses; `place` is completed by its id, or its number in the file."""
    try:
        bioc_document = source()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, BioDirError):
            raise type(error)(f"{place} {index}: {error}") from error
        raise ParseError(f"{place} {index}: is not BioC ({type(error).__name__}: {error})") from error
    if bioc_document.id is None or not str(bioc_document.id).strip():
        raise ParseError(f"{place} {index}: has no id; every document of BioC has one")
    bioc_document.id = str(bioc_document.id).strip()
    try:
        return convert(bioc_document, f"{place} {bioc_document.id}")
    except (AttributeError, TypeError) as error:  # an infon, text or list of another kind than BioC has there
        raise ParseError(f"{place} {bioc_document.id}: is not BioC ({type(error).__name__}: {error})") from error


def _run_check(check: Callable[[Document], Any] | None, document: Document, place: str) -> None:
    if check is not None:
        try:
            check(document)
        except BioDirError as error:
            raise type(error)(f"{place}: {error}") from error


def _library(name: str) -> ModuleType:
    """A module of `bioc`, or of lxml on which it stands; imported late, for both are optional."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SettingError(
            f"BioC files are read with the library bioc, and {name} cannot be imported ({error}); "
            "install it with: pip install 'biodir[formats]'"
        ) from error


# XML.


def _xml_sources(path: str | os.PathLike[str]) -> Iterator[Callable[[], Any]]:
    """For each document a call that gives it as a `bioc.BioCDocument`."""
    biocxml, etree = _library("bioc.biocxml"), _library("lxml.etree")
    with opened(path) as file:
        elements = etree.iterparse(
            file, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        try:
            for event, element in elements:
                if event == "start" and element.getparent() is None:
                    _check_root(element, os.fspath(path))
                elif event == "end" and element.tag == "document":
                    yield partial(_bioc_of_element, biocxml, etree, element)
                    _forget(element)
        except etree.XMLSyntaxError as error:
            raise ParseError(f"{os.fspath(path)}: not well-formed XML ({error.msg})") from error


def _bioc_of_element(biocxml: ModuleType, etree: ModuleType, element: Any) -> Any:
    unresolved = next(element.iter(etree.Entity), None)
    if unresolved is not None:
        raise ParseError(f"{unresolved.text} is an entity of a DTD; biodir resolves none, so write its text instead")
    content = etree.tostring(element, encoding="unicode", with_tail=False)
    return biocxml.loads(f"<collection>{content}</collection>").documents[0]


def _forget(element: Any) -> None:
    """Frees the memory of an element that was read, and of those before it."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _check_root(root: Any, place: str) -> None:
    declared = root.getroottree().docinfo.internalDTD
    names = [] if declared is None else [str(entity.name) for entity in declared.iterentities()]
    if names:
        raise ParseError(
            f"{place}: declares the entities {', '.join(names[:5])}; biodir resolves none, so write their text instead"
        )
    if root.tag != "collection":
        raise ParseError(f"{place}: the outermost element is <{root.tag}>; that of BioC is <collection>")


# JSON.


def _json_sources(path: str | os.PathLike[str]) -> Iterator[Callable[[], Any]]:
    biocjson = _library("bioc.biocjson")
    with opened(path) as file:
        value = _json_value(file.read(), os.fspath(path))
    for mapping in _document_mappings(value, os.fspath(path)):
        yield partial(_bioc_of_mapping, biocjson, mapping)


def _bioc_of_mapping(biocjson: ModuleType, mapping: Any) -> Any:
    bioc_mapping = bioc_of_article(mapping) if is_article(mapping) else mapping
    return biocjson.fromJSON(_completed(bioc_mapping), "BioCDocument")


def _json_value(content: bytes, place: str) -> Any:
    """The value of the file; where every line is one, as in older exports of PubTator, the list of them."""
    try:
        return json.loads(content)
    except UnicodeDecodeError as error:
        raise ParseError(f"{place}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        if error.msg.startswith("Extra data") and error.lineno > 1:
            numbered = enumerate(content.splitlines(), start=1)
            return [_json_value(line, f"{place}:{number}") for number, line in numbered if line.strip()]
        raise ParseError(
            f"{place}: not well-formed JSON ({error.msg} at line {error.lineno}, column {error.colno})"
        ) from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, thousands of nested lists
        raise ParseError(f"{place}: not a document ({error})") from error


def _document_mappings(value: Any, place: str) -> Iterator[Mapping[str, Any]]:
    """The documents in a collection, a list of collections or documents, or a single document."""
    if isinstance(value, list):
        for entry in value:
            yield from _document_mappings(entry, place)
        return
    if not isinstance(value, dict):
        raise ParseError(f"{place}: {repr(value)[:40]} is no collection of BioC; it is a mapping with 'documents'")
    documents = next((value[key] for key in DOCUMENTS_KEYS if isinstance(value.get(key), list)), None)
    if documents is not None:
        yield from documents
    elif "passages" in value or is_article(value):
        yield value
    else:
        raise ParseError(f"{place}: has none of 'documents', 'PubTator3' and 'passages'; is it BioC JSON?")


def _completed(value: Any) -> Any:
    """The JSON value with what the library `bioc` wants in every mapping; null counts as missing.

    BioRED and PubTator leave out lists and infons that are empty.
    """
    if isinstance(value, list):
        return [_completed(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    given = {key: part if key == "infons" else _completed(part) for key, part in value.items() if part is not None}
    empty = {"id": "", "infons": {}, "sentences": [], "annotations": [], "relations": [], "nodes": []}
    return {**empty, **given}
