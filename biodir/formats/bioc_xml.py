"""Documents from BioC XML, read one at a time with the library `bioc`, and attributes that it does not know with lxml.

No entity of a file is resolved and nothing that it points to is fetched: a file that declares entities is refused.
"""

import importlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any

from biodir.document_bioc_biodir import to_document
from biodir.document_biodir import Document
from biodir.errors_biodir import STRICT, BioDirError, ErrorPolicy, ParseError, SettingError, located
from biodir.files import input_name, open_input
from biodir.optional import installation

Convert = Callable[[Any, str, ErrorPolicy], Document]


def read_bioc_xml(
    path: str | os.PathLike[str], policy: ErrorPolicy = STRICT, convert: Convert = to_document
) -> Iterator[Document]:
    """Yield the documents of a BioC XML file.

    Args:
        path: the file.
        policy: what becomes of a document, mention or relation with an error.
        convert: makes a document of a `bioc.BioCDocument`, its place and the policy. A corpus that deviates from BioC
            corrects its documents there before it calls `to_document`.

    Raises:
        ParseError: the file cannot be opened, is not well-formed or not BioC.
        AnnotationError: an annotation or relation contradicts its document; names file, document and annotation.
        SettingError: the library `bioc` is not installed.
    """
    with open_input(path) as file:
        yield from parse_bioc_xml(file, input_name(path), policy, convert)


def parse_bioc_xml(
    file: io.BufferedReader, source: str, policy: ErrorPolicy = STRICT, convert: Convert = to_document
) -> Iterator[Document]:
    """Yield the documents of an open file; see `read_bioc_xml`."""
    attempts = (
        (source, partial(_document, convert, parse, source, index, policy))
        for index, parse in enumerate(_documents(file, source))
    )
    yield from policy.documents(attempts, source)


def _document(convert: Convert, parse: Callable[[], Any], source: str, index: int, policy: ErrorPolicy) -> Document:
    """Return the document that `parse` and `convert` make; its place is its id, or its number in the file."""
    with located(f"{source}: document {index}"):
        bioc_document = _parsed(parse)
    return convert(bioc_document, f"{source}: document {bioc_document.id}", policy)


def _parsed(parse: Callable[[], Any]) -> Any:
    try:
        bioc_document = parse()
    except BioDirError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:  # what bioc raises where it misses something
        raise ParseError(f"is not BioC ({type(error).__name__}: {error})") from error
    if bioc_document.id is None or not str(bioc_document.id).strip():
        raise ParseError("has no id; every document of BioC has one", "document without id")
    bioc_document.id = str(bioc_document.id).strip()
    return bioc_document


def _library(name: str) -> ModuleType:
    """Import a module of `bioc`, or of lxml on which it depends; late, because both are optional."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SettingError(
            f"BioC XML is read with the library bioc, and {name} cannot be imported ({error}); "
            f"{installation('formats')}"
        ) from error


def _documents(file: io.BufferedReader, source: str) -> Iterator[Callable[[], Any]]:
    """Yield for each document a call that returns it as a `bioc.BioCDocument`."""
    biocxml, etree = _library("bioc.biocxml"), _library("lxml.etree")
    # Recovering no errors, and keeping no more than one document.
    elements = etree.iterparse(
        file, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    with _parse_errors(etree, source):
        for event, element in elements:
            if event == "start" and element.getparent() is None:
                _check_root(element, source)
            elif event == "end" and element.tag == "document":
                yield partial(_bioc_of_element, biocxml, etree, element)
                _forget(element)


@contextmanager
def _parse_errors(etree: ModuleType, source: str) -> Iterator[None]:
    """Turn all errors of lxml into ours."""
    try:
        yield
    except etree.LxmlError as error:
        raise ParseError(f"{source}: not well-formed XML ({error})", "not well-formed") from error


def _bioc_of_element(biocxml: ModuleType, etree: ModuleType, element: Any) -> Any:
    unresolved = next(element.iter(etree.Entity), None)
    if unresolved is not None:
        raise ParseError(f"{unresolved.text} is an entity of a DTD; biodir resolves none, so write its text instead")
    _name_subjects(etree, element)
    with _parse_errors(etree, "document"):
        content = etree.tostring(element, encoding="unicode", with_tail=False)
        return biocxml.loads(f"<collection>{content}</collection>").documents[0]


def _name_subjects(etree: ModuleType, document: Any) -> None:
    """Give relations whose infons name their roles by an attribute, which `bioc` drops, the infon of the subject.

    BioREDirect writes ``<infon key="role1" role="Subject">``, and an empty role where the relation has no direction.
    """
    for relation in document.iter("relation"):
        subjects = [each for each in relation.findall("infon") if str(each.get("role")).casefold() == "subject"]
        if len(subjects) > 1:
            raise ParseError(
                f"relation {relation.get('id')}: {len(subjects)} infons have the role Subject; a relation has one",
                "relation with several subjects",
            )
        for subject in subjects:
            etree.SubElement(relation, "infon", key="subject").text = subject.text


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
