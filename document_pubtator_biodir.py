"""PubTator text to documents. `biodir.formats.pubtator_writer` writes it.

A document is a block of lines: ``PMID|t|title``, ``PMID|a|abstract`` and annotation lines. Blank lines separate blocks.
Annotation lines have columns separated by tabs; brackets mark optional ones. Only biodir writes the scores as columns;
`document_pubtator_relations_biodir` knows other forms:

    PMID  start  end  text  type  [identifier  [names of the parts, ignored]]
    PMID  relation type  id1  id2  [novelty  [relation score  [novelty score  [direction score]]]]
    PMID  id1  id2  Subject:id  [direction score]

The last column of a relation is a direction score that no direction line gives: that of a relation without direction.
Files with Windows line ends, no abstract, annotations before the text or no blank line before the next title are read.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from .document_biodir import Document
from .document_grouping_biodir import with_missing_identifiers
from .document_offsets_biodir import character_index, is_written_as
from .document_parts_biodir import (
    UNLINKED_IDENTIFIERS,
    Mention,
    Passage,
    check_mention,
    is_unlinked,
    note_unlinked,
    split_identifiers,
    text_identifier,
    without_lost,
)
from .document_pubtator_lines_biodir import Line, blocks, check_line
from .document_pubtator_relations_biodir import is_direction_row, is_mention_row, relations_of_rows
from .errors_biodir import STRICT, AnnotationError, ErrorPolicy, ParseError

_SECTIONS = "front|abstract|intro(?:duction)?|methods?|results?|discussion|conclusions?|case|fig|table|ref|suppl"
_ANY_TEXT_LINE = re.compile(rf"^[^|\t\n]+\|(?:t|a|title|paragraph|{_SECTIONS})\|", re.MULTILINE | re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"[-+]?[0-9]{1,18}")


def parse_pubtator(
    lines: str | Iterable[str], source: str = "<string>", policy: ErrorPolicy = STRICT, first_line: int = 1
) -> Iterator[Document]:
    """Yield the documents in PubTator text, or in its lines, one at a time.

    Args:
        lines: the text, or its lines with or without their line breaks. Split these at ``"\\n"`` only:
            `str.splitlines` also splits at characters such as U+2028, which occur inside abstracts.
        source: the name of the place in error messages, such as that of the file.
        policy: whether a document with an error is raised or skipped.
        first_line: the number of the first line in its file, for messages.

    Raises:
        ParseError: a document does not follow the format.
        AnnotationError: a mention contradicts its text.
    """
    found = blocks(_lines(lines) if isinstance(lines, str) else lines, source, first_line)
    attempts = ((block[0].place, partial(_document_from, block, policy)) for block in found)
    yield from policy.documents(attempts, source)


def parse_document(text: str, source: str = "<string>", policy: ErrorPolicy = STRICT, first_line: int = 1) -> Document:
    """Return the one document of a PubTator string; other arguments are those of `parse_pubtator`.

    Raises:
        ParseError: the string holds no document, several, or one that does not follow the format.
        AnnotationError: a mention contradicts its text.

    >>> document = parse_document("7|t|EGFR\\n7|a|binds iron.\\n7\\t0\\t4\\tEGFR\\tGene\\t1956")
    >>> document.text, document.mentions[0].identifiers
    ('EGFR binds iron.', ('1956',))
    """
    found = list(blocks(_lines(text), source, first_line))
    documents = [_document_from(block, policy) for block in found[:2]]
    if not documents:
        raise ParseError(f"{source}: holds no document; give the lines 'PMID|t|title' and 'PMID|a|abstract'")
    if len(documents) > 1:
        raise ParseError(f"{source}: holds {len(found)} documents, not one; use parse_pubtator for several")
    return documents[0]


def _lines(text: str) -> list[str]:
    """Return the lines of a text; only those of old Macs end with a carriage return."""
    return text.split("\n" if "\n" in text else "\r")


def looks_like_pubtator(text: str) -> bool:
    """Return whether a line of the text is the title or abstract line of a PubTator document."""
    return _ANY_TEXT_LINE.search(text) is not None


def column_identifiers(column: str, entity_type: str, text: str) -> tuple[str, ...]:
    """Return the identifiers of a mention with this text; a column that is its text is a name, unless it is ``-``."""
    is_name = is_unlinked(column) and column.strip().casefold() == text.casefold()  # "NA" for noradrenaline
    is_name = is_name and column.strip() not in UNLINKED_IDENTIFIERS
    return (text_identifier(text),) if is_name else split_identifiers(column, entity_type)


def joined_identifiers(identifiers: Iterable[str]) -> str:
    """Return the identifier column that biodir writes."""
    return ";".join(dict.fromkeys(identifiers)) or UNLINKED_IDENTIFIERS[0]


# Blocks -> documents.


def _document_from(block: list[Line], policy: ErrorPolicy) -> Document:
    """Return the document of a block, whose text lines may be anywhere in it."""
    document_id = block[0].document_id
    for line in block:
        check_line(line, document_id)
    rows = [line for line in block if line.text_part is None]
    mention_rows = [row for row in rows if is_mention_row(row.columns) and not is_direction_row(row.columns)]
    text, passages = _text(block, mention_rows, policy)
    index_of = character_index(text, policy.offsets)
    starts = [part.start_char for part in passages]
    parsed = policy.parts("mention", (partial(_parse_mention, row, text, index_of, starts) for row in mention_rows))
    mentions = tuple(with_missing_identifiers(text, list(parsed), keep_source=True))
    note_unlinked(mentions, policy)
    relation_rows = [row for row in rows if not is_mention_row(row.columns) or is_direction_row(row.columns)]
    # Where relations are not needed, an error in one costs nothing.
    of_relations = policy if policy.relations else replace(policy, errors="skip-mention", on_skip=None)
    relations, subject_lines = relations_of_rows(relation_rows, of_relations)
    if len(mentions) < len(mention_rows):
        named = (identifier for row in mention_rows for identifier in _identifiers_of(row))
        relations = list(without_lost(relations, named, mentions, policy))
    is_marked = bool(mention_rows)
    return Document(document_id, text, mentions, tuple(relations), passages, subject_lines, is_marked=is_marked)


# Text lines -> text.


def _text(block: list[Line], mention_rows: Sequence[Line], policy: ErrorPolicy) -> tuple[str, tuple[Passage, ...]]:
    """Return the text and passages in the layout that fits most mentions.

    PubTator joins passages with one space. The bulk files of PubTator Central keep a space at the end of a title
    without counting it, and others do not count the space after an empty title.
    """
    as_written = _passage_texts(block)
    layouts = [as_written, [(kind, text.rstrip()) for kind, text in as_written]]
    layouts.append([(kind, text) for kind, text in as_written if text])
    fewest, best = len(mention_rows) + 1, _joined(as_written)
    for layout in layouts:
        text, passages = _joined(layout)
        index_of = character_index(text, policy.offsets)
        misfits = sum(not _fits(row, text, index_of) for row in mention_rows)
        if misfits < fewest:
            fewest, best = misfits, (text, passages)
        if not misfits:
            break
    if best[0] != _joined(as_written)[0]:
        policy.note("documents whose offsets leave out a space between title and abstract, read so")
    return best


def _passage_texts(block: list[Line]) -> list[tuple[str, str]]:
    """Return kind and text of each passage: title and abstract, or in the long form all in the order of their lines."""
    lines = [line for line in block if line.text_part is not None]
    if not lines:
        raise ParseError(
            f"{block[0].place}: document {block[0].document_id} has neither a '|t|' nor an '|a|' line; "
            "blank lines separate documents and are not allowed inside them",
            "document without text",
        )
    texts: dict[str, str] = {}
    for line in lines:
        if line.kind in ("title", "abstract") and line.kind in texts:
            raise ParseError(
                f"{line.place}: second {line.kind} line of document {line.document_id}; give one of each",
                "second text line of a kind",
            )
        texts.setdefault(line.kind, line.text)
    if set(texts) <= {"title", "abstract"}:
        return [("title", texts.get("title", "")), ("abstract", texts.get("abstract", ""))]
    return [(line.kind, line.text) for line in lines]


def _joined(passages: Sequence[tuple[str, str]]) -> tuple[str, tuple[Passage, ...]]:
    """Return the text of passages with a space between them, and where they are in it."""
    text, placed = "", []
    for index, (kind, part) in enumerate(passages):
        start = len(text) + 1 if index else 0
        text = f"{text} {part}" if index else part
        placed.append(Passage(start, len(text), kind))
    return text, tuple(placed)


def _fits(row: Line, text: str, index_of: Callable[[int], int | None]) -> bool:
    """Return whether the text has a mention where its row says."""
    columns = row.columns
    if len(columns) < 4 or not all(_WHOLE_NUMBER.fullmatch(column.strip()) for column in columns[1:3]):
        return False
    start, end = (index_of(int(column)) for column in columns[1:3])
    return start is not None and end is not None and 0 <= start < end and is_written_as(text[start:end], columns[3])


# Annotation lines.


def _parse_mention(
    line: Line, text: str, index_of: Callable[[int], int | None], passage_starts: Sequence[int]
) -> Mention:
    columns = line.columns
    if not 5 <= len(columns) <= 7:
        raise ParseError(
            f"{line.place}: mention line with {len(columns)} columns; "
            "it has 6: PMID, start, end, text, type and identifier, separated by tabs",
            "mention line with a wrong number of columns",
        )
    offsets, entity_type = [columns[1].strip(), columns[2].strip()], columns[4].strip()
    if not all(map(_WHOLE_NUMBER.fullmatch, offsets)):
        raise ParseError(
            f"{line.place}: offsets {offsets[0]!r} and {offsets[1]!r} are not whole numbers of characters",
            "offsets that are no numbers",
        )
    start, end = (index_of(int(offset)) for offset in offsets)
    if start is None or end is None:
        raise AnnotationError(
            f"{line.place}: an offset of {offsets[0]} to {offsets[1]} is inside a character or after the end of the "
            "text; check what the offsets count",
            "span outside the text",
        )
    column = columns[5] if len(columns) > 5 else ""
    identifiers = _identifiers_of(line)
    source_identifier = None if column == joined_identifiers(identifiers) else column
    found = text[start:end] if 0 <= start <= end else ""
    mention_text = found if is_written_as(found, columns[3]) else columns[3]
    mention = Mention(start, end, mention_text, entity_type, identifiers, source_identifier)
    check_mention(mention, text, line.place, passage_starts)
    return mention


def _identifiers_of(line: Line) -> tuple[str, ...]:
    """Return the identifiers in the line of a mention; none if it lacks columns."""
    columns = line.columns
    if len(columns) < 5:
        return ()
    return column_identifiers(columns[5] if len(columns) > 5 else "", columns[4].strip(), columns[3])
