"""An error analysis as one HTML page that needs no other file and no network."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document
from biodir.document_sentences_biodir import sentence_spans
from biodir.evaluation.counting import short_names
from biodir.evaluation.error_analysis import CATEGORIES, ErrorAnalysis
from biodir.labels_biodir import UNRELATED
from biodir.optional import optional_library

# A piece of a sentence; the identifiers are those of the mentions that cover it, None where no mention does.
Piece = tuple[str, list[str] | None]


def error_page(
    analysis: ErrorAnalysis, gold_name: str, predicted_name: str, direction: Mapping[str, Any] | None = None
) -> str:
    """Return the HTML of the page, with names for the two sides; it can be written as UTF-8, whatever texts hold.

    Args:
        direction: the report of `direction_report`; without it the page has no figures of directions.
    """
    jinja2 = optional_library("jinja2", "data", "the error page")
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"title_of": _title_of, "passages": _passages, "short_names": short_names}
    errors, type_counts = analysis.errors, analysis.type_counts()
    types = [*sorted({name for types in type_counts for name in types} - {UNRELATED}), UNRELATED]
    with_errors = {error.document_id for error in errors}
    documents = [document for document in analysis.documents if document.id in with_errors]
    type_titles = {name: _title_of(name) for name in types}
    page: str = environment.get_template("error_page.html.j2").render(
        gold_name=gold_name,
        predicted_name=predicted_name,
        analysis=analysis,
        errors=errors,
        documents=documents,
        types=types,
        type_counts=type_counts,
        direction=direction or {},
        filters=[
            ("category", "Category", {category.name: category.title for category in CATEGORIES}),
            ("gold", "Gold type", type_titles),
            ("predicted", "Predicted type", type_titles),
            ("document", "Document", {document.id: document.id for document in documents}),
        ],
    )
    return page.encode("utf-8", errors="xmlcharrefreplace").decode()  # a half of a surrogate pair has no UTF-8 form


def _title_of(label: str | None) -> str:
    """Return a label as the page shows it."""
    titles = {UNRELATED: "no relation", None: "novelty not given", "No": "not novel", "Novel": "novel"}
    return titles.get(label) or str(label).replace("_", " ")


def _passages(document: Document) -> list[list[tuple[int, list[Piece]]]]:
    """Return the sentences of each passage, each with its number in the document and its pieces."""
    starts = [passage.start_char for passage in document.passages]
    found: dict[int, list[tuple[int, list[Piece]]]] = {}
    for number, (start, end) in enumerate(sentence_spans(document)):
        passage = sum(place <= start for place in starts)
        found.setdefault(passage, []).append((number, list(_pieces(document, start, end))))
    return list(found.values())


def _pieces(document: Document, start: int, end: int) -> Iterator[Piece]:
    """Yield the text of ``[start, end)``, cut wherever a mention begins or ends."""
    mentions = [mention for mention in document.mentions if mention.start_char < end and mention.end_char > start]
    borders = {place for mention in mentions for place in (mention.start_char, mention.end_char)}
    for left, right in pairwise(sorted({start, end, *(place for place in borders if start < place < end)})):
        around = [mention for mention in mentions if mention.start_char <= left and mention.end_char >= right]
        identifiers = [identifier for mention in around for identifier in mention.identifiers]
        yield document.text[left:right], identifiers if around else None
