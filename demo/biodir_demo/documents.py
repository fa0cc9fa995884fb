"""Reads files, pasted PubTator text and examples as documents, and checks that the page can handle their size."""

import os
import re
from itertools import islice
from pathlib import Path

from biodir.document_biodir import Document
from biodir.document_pubtator_biodir import looks_like_pubtator, parse_pubtator
from biodir.document_sentences_biodir import sentence_spans
from biodir.errors_biodir import AnnotationError, BioDirError, ErrorPolicy, ParseError
from biodir.formats.reading import JSON_LINES_SUFFIXES, JSON_SUFFIX, PUBTATOR_SUFFIXES, XML_SUFFIX, read_documents

SUFFIXES = (*PUBTATOR_SUFFIXES, XML_SUFFIX, JSON_SUFFIX, *JSON_LINES_SUFFIXES, ".bioc", ".biocjson")
# Limits: what a free CPU reads in seconds, and what a page can show.
MAX_FILE_BYTES = 5_000_000
MAX_DOCUMENTS = 50
MAX_TEXT_CHARACTERS = 20_000
# What is counted -> (limit, message). Table and downloads repeat a sentence for every relation that it is evidence of.
LIMITS = {
    "characters": (MAX_TEXT_CHARACTERS, "the text has {:,} characters; this page reads {:,}"),
    "mentions": (1_000, "{:,} mentions are marked; this page reads {:,}"),
    "entities": (100, "{} entities are marked; this page relates {}"),
    "sentence": (
        4_000,
        "a sentence has {:,} characters; this page reads {:,}. Are full stops missing, or is a mention too long",
    ),
}
# Name of pasted text in messages.
PASTED = "pasted text"
USE_COMMAND = "for larger input use the command `biodir predict`"
# A mention's line in PubTator text, by its first offset.
_MENTION_LINE = re.compile(r"^[^\t\n]+\t *[-+]?[0-9]", re.MULTILINE)

# File in the samples' folder -> (heading, subject).
EXAMPLES = {
    "melanoma_resistance.pubtator": ("Cancer variant", "NRAS Q61K and resistance to vemurafenib"),
    "doxorubicin_cardiotoxicity.pubtator": ("Drug toxicity", "Doxorubicin, the heart, and dexrazoxane"),
    "simvastatin_interaction.pubtator": ("Drug interaction", "Clarithromycin added to simvastatin"),
    "tnf_signalling.pubtator": ("Gene signalling", "TNF, IL-6 and SOCS3 in the joint"),
    "warfarin_pharmacogenomics.pubtator": ("Pharmacogenomics", "VKORC1, CYP2C9 and the dose of warfarin"),
}


# A text without marks, in the same folder.
PLAIN_EXAMPLE = "plain.txt"


def samples_folder() -> Path:
    """Return the folder of the examples: beside app.py, as in a Space, or at the top of the checkout."""
    demo = Path(__file__).resolve().parent.parent
    beside = demo / "samples"
    return beside if beside.is_dir() else demo.parent / "samples"


def example(name: str) -> Document:
    """Return the one document of an example's file."""
    return open_file(samples_folder() / name)[0]


def example_text() -> str:
    """Return a text without marks."""
    return (samples_folder() / PLAIN_EXAMPLE).read_text(encoding="utf-8").strip()


def open_file(path: str | os.PathLike[str], may_be_text: bool = False) -> tuple[Document, ...]:
    """Return the first documents of a file, at most MAX_DOCUMENTS.

    Args:
        path: the file.
        may_be_text: whether it may be plain text, whose entities will be found.

    Raises:
        BioDirError: the suffix is unknown, the file is too large or has no document, or a document does not follow
            its format. Messages name the file without its folder.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ParseError(f"{path.name}: unknown suffix {path.suffix!r}; this page reads {', '.join(SUFFIXES)}")
    _check_bytes(path.stat().st_size, path.name)
    try:
        documents = tuple(islice(read_documents(path, ErrorPolicy(finds_entities=may_be_text)), MAX_DOCUMENTS))
    except BioDirError as error:
        raise type(error)(str(error).replace(os.fspath(path), path.name)) from error
    if not documents:
        raise ParseError(f"{path.name}: there is no document in this file.")
    return documents


def holds_annotations(text: str) -> bool:
    """Return whether this is PubTator text with mentions."""
    return looks_like_pubtator(text) and _MENTION_LINE.search(text) is not None


def pasted_document(text: str) -> Document:
    """Return the one document of PubTator text."""
    _check_bytes(len(text), PASTED)
    documents = tuple(islice(parse_pubtator(text.strip().split("\n"), PASTED), 2))
    if len(documents) > 1:
        raise ParseError(f"{PASTED}: has several documents. Paste one, or save them as a file and use “Open a file”.")
    return documents[0]


def check_count(name: str, what: str, count: int) -> None:
    """Check that a document has at most so many of what `LIMITS` names; raise AnnotationError if not."""
    limit, message = LIMITS[what]
    if count > limit:
        raise AnnotationError(f"{name}: {message.format(count, limit)}; {USE_COMMAND}.")


def check_size(document: Document) -> None:
    """Check that the document has entities to relate, and that its size is within the limits of the page."""
    check_count(document.id, "characters", len(document.text))
    check_count(document.id, "mentions", len(document.mentions))
    entities = document.entities()
    if len(entities) < 2:
        raise AnnotationError(f"{document.id}: {_reason(document)}")
    check_count(document.id, "entities", len(entities))
    check_count(document.id, "sentence", max(end - start for start, end in sentence_spans(document)))


def _reason(document: Document) -> str:
    """Return why a document has no two entities."""
    if not document.mentions:
        return "no entity is marked or was found. Under “Your text” you can mark entities by hand."
    if not document.entities():
        return "no marked entity has an identifier; “-” and “-1” leave a mention out."
    return "there is one entity; a relation needs two. Mentions with the same identifier or name are one entity."


def _check_bytes(count: int, name: str) -> None:
    if count > MAX_FILE_BYTES:
        size, most = count / 1e6, MAX_FILE_BYTES / 1e6
        raise ParseError(f"{name}: {size:.1f} MB are too many; this page reads {most:g} MB; {USE_COMMAND}.")
