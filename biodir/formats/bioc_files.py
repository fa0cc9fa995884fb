"""Documents from BioC XML and BioC JSON, read with the library `bioc`.

XML is read one document at a time, JSON at once. No entity of an XML file is resolved and nothing that it points to
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
from biodir.errors_biodir import STRICT, BioDirError, ErrorPolicy, ParseError, SettingError, located
from biodir.files import open_input
from biodir.formats.bioc_documents import to_document
from biodir.formats.pubtator3_json import bioc_of_article, is_article

XML_SUFFIX = ".xml"
# Keys under which a JSON file holds its documents; the second is that of the PubTator 3 service.
DOCUMENTS_KEYS = ("documents", "PubTator3")


def read_bioc(
    path: str | os.PathLike[str], policy: ErrorPolicy = STRICT, convert: Callable[[Any, str], Document] = to_document
) -> Iterator[Document]:
    """Yield the documents of a BioC file: XML if its suffix is .xml, else JSON.

    Args:
        path: the file; one that is not well-formed is an error under every policy.
        policy: whether a document with an error is raised or skipped.
        convert: makes a document of a `bioc.BioCDocument` and its place. A corpus that deviates from BioC corrects its
            documents there before it calls `to_document`.

    Raises:
        ParseError: the file cannot be opened, is not well-formed or not BioC.
        AnnotationError: an annotation or relation contradicts its document; names file, document and annotation.
        SettingError: the library `bioc` is not installed.
    """
    source = os.fspath(path)
    parsers = _xml_parsers(path) if Path(path).suffix.lower() == XML_SUFFIX else _json_parsers(path)
    attempts = ((source, partial(_document, convert, parse, source, index)) for index, parse in enumerate(parsers))
    yield from policy.documents(attempts, source)


def is_bioc_json(value: Any) -> bool:
    """Return whether a JSON value is BioC, or a list of such values, or an article of PubTator 3."""
    if isinstance(value, list):
        return bool(value) and all(map(is_bioc_json, value))
    if not isinstance(value, dict):
        return False
    passages = value.get("passages")
    has_bioc_passages = isinstance(passages, list) and any(
        isinstance(passage, dict) and ("infons" in passage or "annotations" in passage) for passage in passages
    )
    return has_bioc_passages or is_article(value) or any(isinstance(value.get(key), list) for key in DOCUMENTS_KEYS)


def _document(convert: Callable[[Any, str], Document], parse: Callable[[], Any], source: str, index: int) -> Document:
    """Return the document that `parse` and `convert` make; its place is its id, or its number in the file."""
    with located(f"{source}: document {index}"):
        bioc_document = _parsed(parse)
    place = f"{source}: document {bioc_document.id}"
    try:
        return convert(bioc_document, place)
    except (AttributeError, TypeError) as error:  # an infon, text or list of another kind than BioC has there
        raise ParseError(f"{place}: is not BioC ({type(error).__name__}: {error})") from error


def _parsed(parse: Callable[[], Any]) -> Any:
    try:
        bioc_document = parse()
    except BioDirError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParseError(f"is not BioC ({type(error).__name__}: {error})") from error
    if bioc_document.id is None or not str(bioc_document.id).strip():
        raise ParseError("has no id; every document of BioC has one")
    bioc_document.id = str(bioc_document.id).strip()
    return bioc_document


def _library(name: str) -> ModuleType:
    """Import a module of `bioc`, or of lxml on which it depends; late, because both are optional."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SettingError(
            f"BioC files are read with the library bioc, and {name} cannot be imported ({error}); "
            "install it with: pip install 'biodir[formats]'"
        ) from error


# XML.


def _xml_parsers(path: str | os.PathLike[str]) -> Iterator[Callable[[], Any]]:
    """Yield for each document a call that returns it as a `bioc.BioCDocument`."""
    biocxml, etree = _library("bioc.biocxml"), _library("lxml.etree")
    with open_input(path) as file:
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
    """Free the memory of an element that was read, and of those before it."""
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


def _json_parsers(path: str | os.PathLike[str]) -> Iterator[Callable[[], Any]]:
    biocjson = _library("bioc.biocjson")
    with open_input(path) as file:
        value = _json_value(file.read(), os.fspath(path))
    for mapping in _document_mappings(value, os.fspath(path)):
        yield partial(_bioc_of_mapping, biocjson, mapping)


def _bioc_of_mapping(biocjson: ModuleType, mapping: Any) -> Any:
    bioc_mapping = bioc_of_article(mapping) if is_article(mapping) else mapping
    return biocjson.fromJSON(_completed(bioc_mapping), "BioCDocument")


def _json_value(content: bytes, place: str) -> Any:
    """Return the value of the file; if every line is one, as in older exports of PubTator, the list of them."""
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
    """Yield the documents in a collection, a list of collections or documents, or a single document."""
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
    """Return the JSON value with the keys that the library `bioc` needs in every mapping; null counts as missing.

    BioRED and PubTator leave out lists and infons that are empty.
    """
    if isinstance(value, list):
        return [_completed(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    given = {key: part if key == "infons" else _completed(part) for key, part in value.items() if part is not None}
    empty = {"id": "", "infons": {}, "sentences": [], "annotations": [], "relations": [], "nodes": []}
    return {**empty, **given}
