"""Relations as text for people to read in a terminal."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from biodir.document_biodir import Document

WIDTH = 110
HEADINGS = ("score", "subject", "", "object", "relation", "novelty")


def relation_listing(document: Document, relations: Sequence[Mapping[str, Any]]) -> str:
    """A table of the relations under the document's first line, with the evidence of each; ends in a blank line.

    An arrow points from the subject to the object; a dash joins entities without direction.
    """
    start, end = (document.passages[0].start_char, document.passages[0].end_char) if document.passages else (0, None)
    title = textwrap.shorten(document.text[start:end], WIDTH - len(document.id) - 2, placeholder=" ...")
    if not relations:
        return f"{document.id}  {title}\n  no relations found\n\n"
    rows = [HEADINGS, *(_cells(relation) for relation in relations)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [f"{document.id}  {title}", _line(HEADINGS, widths)]
    for relation, row in zip(relations, rows[1:], strict=True):
        lines.append(_line(row, widths))
        lines.extend(_evidence_lines(relation))
    return "\n".join(lines) + "\n\n"


def _cells(relation: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"{relation['score']:.2f}",
        _entity(relation["subject"]),
        "-->" if relation["directed"] else "---",
        _entity(relation["object"]),
        relation["relation"],
        relation["novelty"] or "",
    )


def _entity(entity: Mapping[str, str]) -> str:
    name = textwrap.shorten(entity["text"], 32, placeholder="...") or entity["text"][:32]
    return f"{name} [{textwrap.shorten(entity['id'], 24, placeholder='...') or entity['id'][:24]}]"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  " + "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _evidence_lines(relation: Mapping[str, Any]) -> list[str]:
    texts = [part["text"] for part in relation["evidence"]]
    shown = " ... ".join(textwrap.shorten(text, 400 // len(texts), placeholder=" ...") for text in texts)
    return textwrap.wrap(shown, WIDTH, initial_indent=" " * 9, subsequent_indent=" " * 9)
