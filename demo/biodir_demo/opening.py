"""Files that a reader drops into the page, and the examples that come with it, as documents."""

import os
import re
from itertools import islice
from pathlib import Path

from biodir.document_biodir import Document
from biodir.document_pubtator_biodir import looks_like_pubtator, parse_pubtator
from biodir.document_sentences_biodir import sentence_spans
from biodir.errors_biodir import AnnotationError, BioDirError, ParseError
from biodir.formats.bioc_files import XML_SUFFIX
from biodir.formats.reading import JSON_LINES_SUFFIXES, JSON_SUFFIX, PUBTATOR_SUFFIXES, read_documents

SUFFIXES = (*PUBTATOR_SUFFIXES, XML_SUFFIX, JSON_SUFFIX, *JSON_LINES_SUFFIXES)
# What a free CPU answers in seconds, and what a page can show.
MAX_FILE_BYTES = 5_000_000
MAX_DOCUMENTS = 50
MAX_TEXT_CHARACTERS = 20_000
# Of a sentence or mention, which every relation that it is evidence of carries in table and downloads.
MAX_SENTENCE_CHARACTERS = 4_000
MAX_MENTIONS = 1_000
MAX_ENTITIES = 100
# How messages call what was pasted.
PASTED = "pasted text"
# A mention's line in PubTator text, by its first offset.
_MENTION_LINE = re.compile(r"^[^\t\n]+\t *[-+]?[0-9]", re.MULTILINE)

# File in the samples' folder -> (heading, what it is about).
EXAMPLES = {
    "melanoma_resistance.pubtator": ("Cancer variant", "NRAS Q61K and resistance to vemurafenib"),
    "doxorubicin_cardiotoxicity.pubtator": ("Drug toxicity", "Doxorubicin, the heart, and dexrazoxane"),
    "simvastatin_interaction.pubtator": ("Drug interaction", "Clarithromycin added to simvastatin"),
    "tnf_signalling.pubtator": ("Gene signalling", "TNF, IL-6 and SOCS3 in the joint"),
    "warfarin_pharmacogenomics.pubtator": ("Pharmacogenomics", "VKORC1, CYP2C9 and the dose of warfarin"),
}


def samples_folder() -> Path:
    """The folder of the examples: beside app.py, as in a Space, or at the top of the checkout."""
    demo = Path(__file__).resolve().parent.parent
    beside = demo / "samples"
    return beside if beside.is_dir() else demo.parent / "samples"


def example(name: str) -> Document:
    """The one document of an example's file."""
    return open_file(samples_folder() / name)[0]


def open_file(path: str | os.PathLike[str]) -> tuple[Document, ...]:
    """The first documents of a file, at most MAX_DOCUMENTS.

    Raises:
        BioDirError: the suffix is unknown, the file is too large or holds no document, or a document does not follow
            its format. Messages name the file without its folder.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ParseError(
            f"{path.name}: unknown suffix {path.suffix!r}. PubTator ({', '.join(PUBTATOR_SUFFIXES)}), BioC "
            f"({XML_SUFFIX}, {JSON_SUFFIX}) and JSON Lines ({', '.join(JSON_LINES_SUFFIXES)}) can be read."
        )
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise ParseError(
            f"{path.name}: {size / 1e6:.1f} MB are too many for this page, which reads {MAX_FILE_BYTES / 1e6:g} MB; "
            "for larger files use the command `biodir predict`."
        )
    try:
        documents = tuple(islice(read_documents(path), MAX_DOCUMENTS))
    except BioDirError as error:
        raise type(error)(str(error).replace(os.fspath(path), path.name)) from error
    if not documents:
        raise ParseError(f"{path.name}: holds no document.")
    return documents


def holds_annotations(text: str) -> bool:
    """Whether this is PubTator text with mentions of its own."""
    return looks_like_pubtator(text) and _MENTION_LINE.search(text) is not None


def pasted_document(text: str) -> Document:
    """The one document of PubTator text.

    Raises:
        BioDirError: the text is too long, does not follow the format, or holds several documents.
    """
    if len(text) > MAX_FILE_BYTES:
        raise ParseError(
            f"{PASTED}: {len(text) / 1e6:.1f} million characters are too many for this page, which reads "
            f"{MAX_FILE_BYTES / 1e6:g}; for larger texts use the command `biodir predict`."
        )
    documents = tuple(islice(parse_pubtator(text.strip().split("\n"), PASTED), 2))
    if len(documents) > 1:
        raise ParseError(
            f"{PASTED}: holds several documents. Paste one of them, or save them all in a file: “Open a file” then "
            "lets you choose."
        )
    return documents[0]


def check_text(text: str, name: str) -> None:
    """Nothing where the text is no longer than the page answers.

    Raises:
        AnnotationError: with both lengths, after the name of the document.
    """
    if len(text) > MAX_TEXT_CHARACTERS:
        raise AnnotationError(
            f"{name}: the text has {len(text):,} characters; this page reads {MAX_TEXT_CHARACTERS:,}. For long texts "
            "use the command `biodir predict`."
        )


def check_mentions(count: int, name: str) -> None:
    """Nothing where these are no more mentions than the page answers.

    Raises:
        AnnotationError: with both numbers, after the name of the document.
    """
    if count > MAX_MENTIONS:
        raise AnnotationError(
            f"{name}: {count:,} mentions are marked; this page reads {MAX_MENTIONS:,}. Leave out some, or use the "
            "command `biodir predict`."
        )


def check_size(document: Document) -> None:
    """Nothing where the document has entities to relate, and not more text and entities than the page answers.

    Raises:
        AnnotationError: with what is too much or missing.
    """
    check_text(document.text, document.id)
    check_mentions(len(document.mentions), document.id)
    entities = document.entities()
    if not document.mentions:
        raise AnnotationError(
            f"{document.id}: no entity is marked in this document. Relations are found between marked entities, "
            "which can be marked in a text in “Mark a text”."
        )
    if not entities:
        raise AnnotationError(f"{document.id}: no marked entity has an identifier; “-” and “-1” leave a mention out.")
    if len(entities) == 1:
        raise AnnotationError(
            f"{document.id}: one entity is marked; a relation needs two. Mentions with one identifier, or of one type "
            "that read the same, are one entity."
        )
    if len(entities) > MAX_ENTITIES:
        raise AnnotationError(
            f"{document.id}: {len(entities)} entities are marked; this page relates {MAX_ENTITIES}. For such documents "
            "use the command `biodir predict`."
        )
    longest = max(end - start for start, end in sentence_spans(document))
    if longest > MAX_SENTENCE_CHARACTERS:
        raise AnnotationError(
            f"{document.id}: a sentence has {longest:,} characters; this page reads {MAX_SENTENCE_CHARACTERS:,}. Does "
            "the text lack full stops, or does a mention reach across many sentences?"
        )
