"""PubTator text to documents and back.

A document is a block of lines, ``PMID|t|title`` and ``PMID|a|abstract`` with the annotation lines that
`document_pubtator_rows_biodir` describes; blank lines separate blocks. What real files bend is read as well: Windows line ends,
no abstract, annotations before the text, no blank line before the next title.
"""

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from .document_biodir import SURROGATE, Document, Relation, title_and_abstract
from .document_pubtator_rows_biodir import (
    Direction,
    Line,
    checked_column,
    format_direction,
    format_mention,
    format_relation,
    is_direction,
    is_mention,
    parse_direction,
    parse_mention,
    parse_relation,
    split_identifiers,
    without_breaks,
)
from .errors_biodir import AnnotationError, BioDirError, ParseError, SettingError

__all__ = [
    "format_pubtator",
    "looks_like_pubtator",
    "parse_document",
    "parse_pubtator",
    "read_pubtator",
    "split_identifiers",
    "write_pubtator",
]

logger = logging.getLogger(__name__)

SkipCallback = Callable[[BioDirError], None]
# Called with each document that was read; raises a BioDirError where it refuses one.
DocumentCheck = Callable[[Document], object]

_TEXT_LINE = re.compile(r"([^|\t\n]+)\|([ta])\|(.*)", re.DOTALL)
_ANY_TEXT_LINE = re.compile(r"^[^|\t\n]+\|[ta]\|", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")


def read_pubtator(
    path: str | os.PathLike[str],
    errors: str = "raise",
    on_skip: SkipCallback | None = None,
    check: DocumentCheck | None = None,
) -> Iterator[Document]:
    """The documents of a UTF-8 file, one held at a time; an empty file has none.

    Args:
        errors, on_skip, check: as for `parse_pubtator`; a file that cannot be opened is an error in either case.

    Raises:
        ParseError: the file cannot be opened, or a document does not follow the format.
        AnnotationError: a mention contradicts its text.
    """
    check_errors_setting(errors)
    return _documents(_lines_of_file(path), os.fspath(path), errors, on_skip, check)


def parse_pubtator(
    lines: Iterable[str],
    source: str = "<string>",
    errors: str = "raise",
    on_skip: SkipCallback | None = None,
    check: DocumentCheck | None = None,
) -> Iterator[Document]:
    """The documents in lines of PubTator text, one held at a time.

    Args:
        lines: with or without their line breaks. Break a text at ``"\\n"`` alone: `str.splitlines` also breaks it at
            characters such as U+2028, which stand inside abstracts.
        source: what error messages call the place, such as the name of the file.
        errors: "raise", or "skip" to leave out each document that has an error; these are logged and counted.
        on_skip: called with the error of each document that is left out.
        check: called with each document; a BioDirError that it raises is one of the document's first line.

    Raises:
        SettingError: `errors` is neither "raise" nor "skip".
        ParseError: a document does not follow the format.
        AnnotationError: a mention contradicts its text.
    """
    check_errors_setting(errors)
    return _documents(lines, source, errors, on_skip, check)


def parse_document(text: str, source: str = "<string>") -> Document:
    """The one document of a PubTator string.

    Raises:
        ParseError: the string holds no document, several, or one that does not follow the format.
        AnnotationError: a mention contradicts its text.
    """
    documents = list(parse_pubtator(text.split("\n"), source))
    if not documents:
        raise ParseError(f"{source}: holds no document; give the lines 'PMID|t|title' and 'PMID|a|abstract'")
    if len(documents) > 1:
        raise ParseError(f"{source}: holds {len(documents)} documents, not one; use parse_pubtator for several")
    return documents[0]


def looks_like_pubtator(text: str) -> bool:
    """Whether a line of the text is the title or abstract line of a PubTator document."""
    return _ANY_TEXT_LINE.search(text) is not None


def format_pubtator(document: Document) -> str:
    """The block of a document, with the blank line that ends it.

    Tabs and line breaks in texts become spaces, so that offsets hold. The title ends where the first passage does, if
    a space or line break follows there; else with the first sentence; else with the first word. A text without any
    space is all title, and reads back with a space behind it. Apart from that, and from passages and `subject_lines`,
    which read back as a PubTator file has them, a document reads back equal.

    Raises:
        AnnotationError: PubTator cannot hold a value, such as an identifier with a separator in it, or two relations
            of one pair with different subjects.
    """
    place = f"document {document.id}"
    document_id = checked_column(document.id, "id", place)
    if "|" in document_id:
        raise AnnotationError(f"{place}: an id that holds '|' cannot be written as PubTator; give another id")
    direction_of = _direction_of_pairs(document, place)
    title_end = _title_end(document)
    text = without_breaks(document.text)
    lines = [f"{document_id}|t|{text[:title_end]}", f"{document_id}|a|{text[title_end + 1 :]}"]
    for index, mention in enumerate(document.mentions):
        lines.append(format_mention(document_id, mention, f"{place}, mention {index}"))
    for relation in document.relations:
        lines.append(format_relation(document_id, relation, direction_of.get(_pair_of(relation)), place))
    for entity1_id, entity2_id in _direction_line_pairs(document, direction_of):
        direction = direction_of[frozenset((entity1_id, entity2_id))]
        direction = replace(direction, entity1_id=entity1_id, entity2_id=entity2_id)
        lines.append(format_direction(document_id, direction, place))
    return "\n".join(lines) + "\n\n"


def write_pubtator(documents: Iterable[Document], path: str | os.PathLike[str]) -> int:
    """The number of documents written to a UTF-8 file, which is made anew.

    Raises:
        AnnotationError: PubTator cannot hold a value of a document; the documents before it are in the file.
    """
    count = 0
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for document in documents:
            block = format_pubtator(document)
            bad = SURROGATE.search(block)
            if bad is not None:
                raise AnnotationError(
                    f"document {document.id}: holds the surrogate {bad[0]!r}, which UTF-8 cannot write; "
                    "decode the text with its true encoding"
                )
            file.write(block)
            count += 1
    return count


# Reading: lines -> blocks -> documents.


def check_errors_setting(errors: str) -> None:
    """Nothing where `errors` is "raise" or "skip"; else SettingError."""
    if errors not in ("raise", "skip"):
        raise SettingError(f"errors is {errors!r}; it is 'raise' or 'skip'")


def _lines_of_file(path: str | os.PathLike[str]) -> Iterator[str]:
    """The lines of a file; bytes that are not UTF-8 become surrogates, so that only their block is bad."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            yield from file
    except OSError as error:
        raise ParseError(f"{os.fspath(path)}: cannot be read ({error.strerror}); check the path") from error


def _documents(
    lines: Iterable[str], source: str, errors: str, on_skip: SkipCallback | None, check: DocumentCheck | None
) -> Iterator[Document]:
    skipped = 0
    for block in _blocks(lines, source):
        try:
            document = _checked(_document_from(block), check, block[0].place)
        except BioDirError as error:
            if errors == "raise":
                raise
            skipped += 1
            logger.warning("left out a document: %s", error)
            if on_skip is not None:
                on_skip(error)
            continue
        yield document
    if skipped:
        logger.warning("%s: documents left out because of errors: %d", source, skipped)


def _checked(document: Document, check: DocumentCheck | None, place: str) -> Document:
    if check is not None:
        try:
            check(document)
        except BioDirError as error:
            raise type(error)(f"{place}: {error}") from error
    return document


def _blocks(lines: Iterable[str], source: str) -> Iterator[list[Line]]:
    block: list[Line] = []
    for number, raw in enumerate(lines, start=1):
        content = raw.removesuffix("\n").removesuffix("\r")
        if number == 1:
            content = content.removeprefix("\ufeff")
        is_blank = not content.strip()
        if block and (is_blank or _opens_document(content, block)):
            yield block
            block = []
        if not is_blank:
            block.append(Line(f"{source}:{number}", content))
    if block:
        yield block


def _opens_document(content: str, block: list[Line]) -> bool:
    """Whether a line begins another document although no blank line stands between it and the block.

    A title line with another id does; an abstract line with another id does where the block has an abstract.
    """
    match = _TEXT_LINE.fullmatch(content)
    if match is None or match[1].strip() == _id_of(block[0]):
        return False
    earlier = (_TEXT_LINE.fullmatch(line.content) for line in block)
    return match[2] == "t" or any(other is not None and other[2] == "a" for other in earlier)


def _id_of(line: Line) -> str:
    return re.split(r"[|\t]", line.content, maxsplit=1)[0].strip()


def _document_from(block: list[Line]) -> Document:
    """The document of a block, whose text lines may stand anywhere in it."""
    document_id = _id_of(block[0])
    parts: dict[str, str] = {}
    rows: list[Line] = []
    for line in block:
        _check_line(line, document_id)
        match = _TEXT_LINE.fullmatch(line.content)
        if match is None:
            rows.append(line)
        elif match[2] in parts:
            raise ParseError(f"{line.place}: second '|{match[2]}|' line of document {document_id}; give one of each")
        else:
            parts[match[2]] = match[3]
    if not parts:
        raise ParseError(
            f"{block[0].place}: document {document_id} has neither a '|t|' nor an '|a|' line; "
            "blank lines stand between documents, not inside them"
        )
    text, passages = title_and_abstract(parts.get("t", ""), parts.get("a", ""))
    directions = [(row.place, parse_direction(row)) for row in rows if is_direction(row.columns)]
    rows = [row for row in rows if not is_direction(row.columns)]
    mentions = tuple(parse_mention(row, text) for row in rows if is_mention(row.columns))
    relations = [parse_relation(row) for row in rows if not is_mention(row.columns)]
    subject_lines = tuple((direction.entity1_id, direction.entity2_id) for _, direction in directions)
    return Document(document_id, text, mentions, _with_subjects(relations, directions), passages, subject_lines)


def _check_line(line: Line, document_id: str) -> None:
    bad = SURROGATE.search(line.content)
    if bad is not None:
        value = f"byte 0x{ord(bad[0]) - 0xDC00:02x}" if "\udc80" <= bad[0] <= "\udcff" else f"surrogate {bad[0]!r}"
        raise ParseError(f"{line.place}: {value} at character {bad.start()} is not UTF-8; save the file as UTF-8")
    if "\t" not in line.content and _TEXT_LINE.fullmatch(line.content) is None:
        raise ParseError(
            f"{line.place}: {line.content[:60]!r} is neither 'PMID|t|title' nor 'PMID|a|abstract' nor columns "
            "separated by tabs; does the text hold a line break, or were tabs made spaces?"
        )
    if not document_id or _id_of(line) != document_id:
        raise ParseError(
            f"{line.place}: line of document {_id_of(line)!r} in the block of document {document_id!r}; "
            "begin each line with the id of its document, and put a blank line between documents"
        )


def _with_subjects(relations: list[Relation], directions: list[tuple[str, Direction]]) -> tuple[Relation, ...]:
    """The relations with the subjects and scores that direction lines, each with its place, give their pairs."""
    related = {_pair_of(relation) for relation in relations}
    direction_of: dict[frozenset[str], Direction] = {}
    for place, direction in directions:
        pair = _pair_of(direction)
        names = f"{direction.entity1_id} and {direction.entity2_id}"
        if pair not in related:
            raise ParseError(
                f"{place}: 'Subject:{direction.subject_id}' but no relation of {names}; add the line of the relation"
            )
        known = direction_of.setdefault(pair, direction)
        if (known.subject_id, known.score) != (direction.subject_id, direction.score):
            raise ParseError(
                f"{place}: 'Subject:{direction.subject_id}' of {names} contradicts an earlier line, "
                f"'Subject:{known.subject_id}'; keep one direction line for a pair"
            )
    return tuple(_with_subject(relation, direction_of.get(_pair_of(relation))) for relation in relations)


def _with_subject(relation: Relation, direction: Direction | None) -> Relation:
    if direction is None:
        return relation
    score = direction.score if relation.direction_score is None else relation.direction_score
    return replace(relation, subject_id=direction.subject_id, direction_score=score)


def _pair_of(related: Relation | Direction) -> frozenset[str]:
    return frozenset((related.entity1_id, related.entity2_id))


# Writing.


def _title_end(document: Document) -> int:
    """The index of the space between title and abstract, or the length of the text where there is none."""
    text = without_breaks(document.text)
    if len(document.passages) > 1 and text.startswith(" ", document.passages[0].end_char):
        return document.passages[0].end_char
    sentence_end = _SENTENCE_END.search(text)
    if sentence_end is not None:
        return sentence_end.start()
    return text.index(" ") if " " in text else len(text)


def _direction_of_pairs(document: Document, place: str) -> dict[frozenset[str], Direction]:
    """The direction of each directed pair; its score is that of all its relations, or None where they differ."""
    relations_of: dict[frozenset[str], list[Relation]] = {}
    for relation in document.relations:
        relations_of.setdefault(_pair_of(relation), []).append(relation)
    direction_of = {}
    for pair, relations in relations_of.items():
        first = relations[0]
        subjects = {relation.subject_id for relation in relations}
        if len(subjects) > 1:
            raise AnnotationError(
                f"{place}: the relations of {first.entity1_id} and {first.entity2_id} have different subjects, "
                f"{sorted(map(str, subjects))}; PubTator holds one for a pair, so keep one relation"
            )
        if first.subject_id is not None:
            scores = {relation.direction_score for relation in relations}
            score = first.direction_score if len(scores) == 1 else None
            direction_of[pair] = Direction(first.entity1_id, first.entity2_id, first.subject_id, score)
    return direction_of


def _direction_line_pairs(
    document: Document, direction_of: dict[frozenset[str], Direction]
) -> Iterator[tuple[str, str]]:
    """The pairs of the direction lines: those of the source first, in its order and spelling, then the others."""
    written = set()
    for line in document.subject_lines:
        if frozenset(line) in direction_of:
            written.add(frozenset(line))
            yield line
    for pair, direction in direction_of.items():
        if pair not in written:
            yield direction.entity1_id, direction.entity2_id
