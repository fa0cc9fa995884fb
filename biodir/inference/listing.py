"""Relations as text for people who read in a terminal."""

import shutil
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from biodir.document_biodir import Document, Span
from biodir.document_parts_biodir import TEXT_IDENTIFIER_PREFIX

HEADINGS = ("score", "relation", "novelty", "subject --> object  <evidence>")
# Columns of the listing: those of the terminal within these limits; without a terminal, the default.
MIN_WIDTH, MAX_WIDTH, DEFAULT_WIDTH = 72, 120, 100
MAX_NAME, MAX_IDENTIFIER, MAX_EVIDENCE = 60, 30, 600
# A space at which no line is broken; texts have none of these, since it counts as not printable.
GLUE = "\N{NO-BREAK SPACE}"


def relation_listing(
    document: Document,
    relations: Sequence[Mapping[str, Any]],
    width: int | None = None,
    with_entities: bool = False,
) -> str:
    """Return the document's title, a table of its relations, each sentence of evidence once, and a blank line.

    Entities that were found in a plain text are listed before the table.

    An arrow points from the subject to the object; a dash joins entities without direction. ``<1>`` at the end of a
    row names a sentence below the table.

    Args:
        width: characters of a line; by default as many as the terminal has.
        with_entities: list the entities of a marked document, too.
    """
    width = width or min(max(shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns, MIN_WIDTH), MAX_WIDTH)
    titles = [document.text[passage.start_char : passage.end_char] for passage in document.passages]
    titles += document.text.split("\n", 1)  # of a plain text the first line is the title
    lines = _hanging(f"{_shortened(document.id, len(document.id))}  ", _shortened(titles[0], 2 * width), width)
    if with_entities or any(mention.score is not None for mention in document.mentions):
        lines += _entity_lines(document, width)
    if not relations:
        return "\n".join([*lines, "  no relations found"]) + "\n\n"
    sentences = {(part["start"], part["end"]): part["text"] for relation in relations for part in relation["evidence"]}
    numbers = {span: number for number, span in enumerate(sorted(sentences), start=1)}
    rows = [HEADINGS, *(_cells(relation, numbers) for relation in relations)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    for *cells, statement in rows:
        start = "  ".join(["", *(cell.ljust(size) for cell, size in zip(cells, widths, strict=True)), ""])
        lines += _hanging(start, statement, width)
    for span, number in numbers.items():
        lines += _hanging(f"  <{number}> ", _shortened(sentences[span], MAX_EVIDENCE), width)
    return "\n".join(lines) + "\n\n"


def _entity_lines(document: Document, width: int) -> list[str]:
    """Return a line for each entity type: its entities in the order of the text."""
    named: dict[str, list[str]] = {}
    for entity in document.entities():
        shown = {"text": entity.name, "id": entity.identifier}
        named.setdefault(entity.entity_type, []).append(_entity(shown))
    return [line for kind, names in named.items() for line in _hanging(f"  {kind}  ", ", ".join(names), width)]


def _cells(relation: Mapping[str, Any], numbers: Mapping[Span, int]) -> tuple[str, ...]:
    arrow = "-->" if relation["directed"] else "---"
    evidence = f",{GLUE}".join(str(numbers[part["start"], part["end"]]) for part in relation["evidence"])
    statement = f"{_entity(relation['subject'])} {arrow}{GLUE}{_entity(relation['object'])}{2 * GLUE}<{evidence}>"
    score = "" if relation["score"] is None else f"{relation['score']:.2f}"
    return score, relation["relation"], relation["novelty"] or "", statement


def _entity(entity: Mapping[str, str]) -> str:
    """Return name and identifier; an identifier that is made of the name is left out."""
    name = _shortened(entity["text"], MAX_NAME)
    if entity["id"].startswith(TEXT_IDENTIFIER_PREFIX):
        return name
    return f"{name}{GLUE}[{_shortened(entity['id'], MAX_IDENTIFIER)}]"


def _shortened(text: str, longest: int) -> str:
    """Return the text with single spaces, cut at a word if it is longer; control characters become spaces."""
    words = "".join(character if character.isprintable() else " " for character in text).split()
    joined = " ".join(words)
    if len(joined) <= longest:
        return joined
    cut = joined[: longest - len(" ...") + 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut[:-1]) + " ..."


def _hanging(start: str, text: str, width: int) -> list[str]:
    """Return the lines of the text after `start`; its width is the indentation of the further lines.

    A start that leaves less than half of the line, such as a long identifier, is a line of its own.
    """
    if len(start) > width // 2 + 10:
        return [start.rstrip(), *_hanging("  ", text, width)]
    indent = " " * len(start)
    lines = textwrap.wrap(text, width, initial_indent=start, subsequent_indent=indent, break_on_hyphens=False)
    return [line.replace(GLUE, " ").rstrip() for line in lines] or [start.rstrip()]
