"""PubTator text to documents. `biodir.formats.pubtator_writer` writes it.

A document is a block of lines: ``PMID|t|title``, ``PMID|a|abstract`` and annotation lines. Blank lines separate blocks.
Annotation lines have columns separated by tabs; brackets mark optional ones. Only biodir writes the scores:

    PMID  start  end  text  type  [identifier  [names of the parts, ignored]]
    PMID  relation type  id1  id2  [novelty  [relation score  [novelty score  [direction score]]]]
    PMID  id1  id2  Subject:id  [direction score]

The last column of a relation is a direction score that no direction line gives: that of a relation without direction.
Files with Windows line ends, no abstract, annotations before the text or no blank line before the next title are read.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from .document_biodir import (
    SURROGATE,
    TEXT_IDENTIFIER_PREFIX,
    UNLINKED_IDENTIFIERS,
    Document,
    Mention,
    Relation,
    check_mention,
    text_identifier,
    title_and_abstract,
)
from .errors_biodir import STRICT, ErrorPolicy, ParseError

# In lower case, the types whose identifiers contain "|" and "," themselves: BioRED's, then those of PubTator and tmVar.
VARIANT_TYPES = frozenset(
    "sequencevariant variant genomicvariant copynumbervariant mutation othermutation snp dnamutation proteinmutation "
    "acidchange dnaacidchange proteinacidchange allele dnaallele proteinallele".split()
)
SUBJECT_PREFIX = "Subject:"
# Keys of the one long identifier that PubTator 3 gives a variant: "tmVar:p|SUB|V|600|E;HGVS:p.V600E;RS#:113488022".
_KEY_VALUE_IDENTIFIER = re.compile(
    r"(?:^|;)(?:tmVar|HGVS|VariantGroup|OriginalGene|CorrespondingGene|CorrespondingSpecies|RS#|CA#):"
)
_TEXT_LINE = re.compile(r"([^|\t\n]+)\|([ta])\|(.*)", re.DOTALL)
_ANY_TEXT_LINE = re.compile(r"^[^|\t\n]+\|[ta]\|", re.MULTILINE)
_WHOLE_NUMBER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER_LIKE = re.compile(r"[-+]?[0-9][0-9.,]*")


def read_pubtator(path: str | os.PathLike[str], policy: ErrorPolicy = STRICT) -> Iterator[Document]:
    """Yield the documents of a UTF-8 file one at a time; an empty file has none.

    Raises:
        ParseError: the file cannot be opened, or a document does not follow the format.
        AnnotationError: a mention contradicts its text.
    """
    try:
        # Bytes that are not UTF-8 become surrogates, so that only their block is bad.
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            yield from parse_pubtator(file, os.fspath(path), policy)
    except OSError as error:
        raise ParseError(f"{os.fspath(path)}: cannot be read ({error.strerror}); check the path") from error


def parse_pubtator(lines: Iterable[str], source: str = "<string>", policy: ErrorPolicy = STRICT) -> Iterator[Document]:
    """Yield the documents in lines of PubTator text one at a time.

    Args:
        lines: with or without their line breaks. Split a text at ``"\\n"`` only: `str.splitlines` also splits at
            characters such as U+2028, which occur inside abstracts.
        source: the name of the place in error messages, such as that of the file.
        policy: whether a document with an error is raised or skipped.

    Raises:
        ParseError: a document does not follow the format.
        AnnotationError: a mention contradicts its text.
    """
    attempts = ((block[0].place, partial(_document_from, block)) for block in _blocks(lines, source))
    yield from policy.documents(attempts, source)


def parse_document(text: str, source: str = "<string>") -> Document:
    """Return the one document of a PubTator string.

    Raises:
        ParseError: the string holds no document, several, or one that does not follow the format.
        AnnotationError: a mention contradicts its text.

    >>> document = parse_document("7|t|EGFR\\n7|a|binds iron.\\n7\\t0\\t4\\tEGFR\\tGene\\t1956")
    >>> document.text, document.mentions[0].identifiers
    ('EGFR binds iron.', ('1956',))
    """
    documents = list(parse_pubtator(text.split("\n"), source))
    if not documents:
        raise ParseError(f"{source}: holds no document; give the lines 'PMID|t|title' and 'PMID|a|abstract'")
    if len(documents) > 1:
        raise ParseError(f"{source}: holds {len(documents)} documents, not one; use parse_pubtator for several")
    return documents[0]


def looks_like_pubtator(text: str) -> bool:
    """Return whether a line of the text is the title or abstract line of a PubTator document."""
    return _ANY_TEXT_LINE.search(text) is not None


def split_identifiers(column: str, entity_type: str) -> tuple[str, ...]:
    """Return the identifiers in the identifier column of a mention, each once; none for ``"-"`` and ``"-1"``.

    ``;``, ``,`` and ``|`` separate identifiers. For a variant only ``;`` does, and the long ``tmVar:...;HGVS:...`` of
    PubTator 3 is one identifier.
    """
    is_variant = entity_type.casefold() in VARIANT_TYPES
    if is_variant and _KEY_VALUE_IDENTIFIER.search(column):
        return (column.strip(),)
    parts: list[str] = []
    for part in column.split(";"):
        is_one = is_variant or part.strip().startswith(TEXT_IDENTIFIER_PREFIX)
        parts += [part] if is_one else re.split(r"[,|]", part)
    identifiers = dict.fromkeys(part.strip() for part in parts)
    return tuple(part for part in identifiers if part and part not in UNLINKED_IDENTIFIERS)


def column_identifiers(column: str, entity_type: str, text: str) -> tuple[str, ...]:
    """Return the identifiers of a mention with this text; where its column is empty, the identifier of the text."""
    return split_identifiers(column, entity_type) if column.strip(" ;,|") else (text_identifier(text),)


def joined_identifiers(identifiers: Iterable[str]) -> str:
    """Return the identifier column that biodir writes."""
    return ";".join(dict.fromkeys(identifiers)) or UNLINKED_IDENTIFIERS[0]


# Lines -> blocks -> documents.


@dataclass(frozen=True)
class _Line:
    """A line without its line break; `place` is ``file:number`` for messages."""

    place: str
    content: str

    @property
    def columns(self) -> list[str]:
        """The columns, without empty ones at the end."""
        return self.content.rstrip().split("\t")

    @property
    def document_id(self) -> str:
        """The identifier of the document at the start of the line."""
        return re.split(r"[|\t]", self.content, maxsplit=1)[0].strip()

    @property
    def text_part(self) -> re.Match[str] | None:
        """The match of a title or abstract line: identifier, "t" or "a", and text."""
        return _TEXT_LINE.fullmatch(self.content)


def _blocks(lines: Iterable[str], source: str) -> Iterator[list[_Line]]:
    block: list[_Line] = []
    for number, raw in enumerate(lines, start=1):
        content = raw.removesuffix("\n").removesuffix("\r")
        line = _Line(f"{source}:{number}", content.removeprefix("\ufeff") if number == 1 else content)
        is_blank = not line.content.strip()
        if block and (is_blank or _opens_document(line, block)):
            yield block
            block = []
        if not is_blank:
            block.append(line)
    if block:
        yield block


def _opens_document(line: _Line, block: list[_Line]) -> bool:
    """Return whether a line begins another document although no blank line separates it from the block.

    A title line with another id does; an abstract line with another id does if the block has an abstract.
    """
    match = line.text_part
    if match is None or line.document_id == block[0].document_id:
        return False
    earlier = (line.text_part for line in block)
    return match[2] == "t" or any(other is not None and other[2] == "a" for other in earlier)


def _document_from(block: list[_Line]) -> Document:
    """Return the document of a block, whose text lines may be anywhere in it."""
    document_id = block[0].document_id
    texts: dict[str, str] = {}
    rows: list[_Line] = []
    for line in block:
        _check_line(line, document_id)
        match = line.text_part
        if match is None:
            rows.append(line)
        elif match[2] in texts:
            raise ParseError(f"{line.place}: second '|{match[2]}|' line of document {document_id}; give one of each")
        else:
            texts[match[2]] = match[3]
    if not texts:
        raise ParseError(
            f"{block[0].place}: document {document_id} has neither a '|t|' nor an '|a|' line; "
            "blank lines separate documents and are not allowed inside them"
        )
    text, passages = title_and_abstract(texts.get("t", ""), texts.get("a", ""))
    directions = [(row.place, _parse_direction(row)) for row in rows if _is_direction(row.columns)]
    rows = [row for row in rows if not _is_direction(row.columns)]
    mentions = tuple(_parse_mention(row, text) for row in rows if _is_mention(row.columns))
    relations = [_parse_relation(row) for row in rows if not _is_mention(row.columns)]
    subject_lines = tuple((direction.entity1_id, direction.entity2_id) for _, direction in directions)
    return Document(document_id, text, mentions, _with_subjects(relations, directions), passages, subject_lines)


def _check_line(line: _Line, document_id: str) -> None:
    bad = SURROGATE.search(line.content)
    if bad is not None:
        value = f"byte 0x{ord(bad[0]) - 0xDC00:02x}" if "\udc80" <= bad[0] <= "\udcff" else f"surrogate {bad[0]!r}"
        raise ParseError(f"{line.place}: {value} at character {bad.start()} is not UTF-8; save the file as UTF-8")
    if "\t" not in line.content and line.text_part is None:
        raise ParseError(
            f"{line.place}: {line.content[:60]!r} is neither 'PMID|t|title' nor 'PMID|a|abstract' nor columns "
            "separated by tabs; does the text hold a line break, or were tabs made spaces?"
        )
    if not document_id or line.document_id != document_id:
        raise ParseError(
            f"{line.place}: line of document {line.document_id!r} in the block of document {document_id!r}; "
            "begin each line with the id of its document, and put a blank line between documents"
        )


# Annotation lines.


def _with_subjects(relations: list[Relation], directions: list[tuple[str, Relation]]) -> tuple[Relation, ...]:
    """Return the relations with the subjects and scores that the direction lines at these places give their pairs."""
    related = {relation.pair for relation in relations}
    direction_of: dict[frozenset[str], Relation] = {}
    for place, direction in directions:
        line = f"{place}: 'Subject:{direction.subject_id}'"
        names = f"{direction.entity1_id} and {direction.entity2_id}"
        if direction.pair not in related:
            raise ParseError(f"{line} but no relation of {names}; add the line of the relation")
        known = direction_of.setdefault(direction.pair, direction)
        if (known.subject_id, known.direction_score) != (direction.subject_id, direction.direction_score):
            raise ParseError(
                f"{line} of {names} contradicts an earlier line, 'Subject:{known.subject_id}'; "
                "keep one direction line for a pair"
            )
    for number, relation in enumerate(relations):
        if relation.pair in direction_of:
            found = direction_of[relation.pair]
            score = found.direction_score if relation.direction_score is None else relation.direction_score
            relations[number] = replace(relation, subject_id=found.subject_id, direction_score=score)
    return tuple(relations)


def _is_mention(columns: list[str]) -> bool:
    """Return whether the columns are those of a mention: an offset where a relation has its type."""
    return len(columns) > 1 and _NUMBER_LIKE.fullmatch(columns[1].strip()) is not None


def _is_direction(columns: list[str]) -> bool:
    """Return whether the columns are those of a direction. Ask this first: its identifiers can look like offsets."""
    if len(columns) < 4 or not columns[3].startswith(SUBJECT_PREFIX):
        return False
    names_one_of_pair = columns[3].removeprefix(SUBJECT_PREFIX).strip() in (columns[1].strip(), columns[2].strip())
    return len(columns) == 4 or not _is_mention(columns) or (len(columns) == 5 and names_one_of_pair)


def _parse_mention(line: _Line, text: str) -> Mention:
    columns = line.columns
    if not 5 <= len(columns) <= 7:
        raise ParseError(
            f"{line.place}: mention line with {len(columns)} columns; "
            "it has 6: PMID, start, end, text, type and identifier, separated by tabs"
        )
    start, end, entity_type = columns[1].strip(), columns[2].strip(), columns[4].strip()
    if not (_WHOLE_NUMBER.fullmatch(start) and _WHOLE_NUMBER.fullmatch(end)):
        raise ParseError(f"{line.place}: offsets {start!r} and {end!r} are not whole numbers of characters")
    column = columns[5] if len(columns) > 5 else ""
    identifiers = column_identifiers(column, entity_type, columns[3])
    source_identifier = None if column == joined_identifiers(identifiers) else column
    mention = Mention(int(start), int(end), columns[3], entity_type, identifiers, source_identifier)
    check_mention(mention, text, line.place)
    return mention


def _parse_relation(line: _Line) -> Relation:
    """Return the relation of a line, without the direction that another line gives it."""
    columns = [column.strip() for column in line.columns[1:]]
    if not 3 <= len(columns) <= 7 or not all(columns[:3]):
        raise ParseError(
            f"{line.place}: relation line with {len(columns) + 1} columns, or with an empty one among the first four; "
            "it has PMID, type, id1, id2 and, where known, novelty and scores, separated by tabs"
        )
    relation_type, entity1_id, entity2_id, novelty, *scores = columns + [""] * (7 - len(columns))
    parsed = (_parse_score(score, line.place) for score in scores)  # of relation type, novelty and direction
    return Relation(relation_type, entity1_id, entity2_id, novelty or None, None, *parsed)


def _parse_direction(line: _Line) -> Relation:
    """Return the subject and score of a direction line, as a relation without type."""
    first, second, subject, *scores = (column.strip() for column in line.columns[1:])
    subject_id = subject.removeprefix(SUBJECT_PREFIX).strip()
    if len(scores) > 1:
        raise ParseError(
            f"{line.place}: direction line with {len(scores) + 4} columns; "
            "it has PMID, id1, id2, 'Subject:id' and at most a score, separated by tabs"
        )
    if subject_id not in (first, second):
        raise ParseError(f"{line.place}: subject {subject_id!r} is neither {first!r} nor {second!r}; name one of them")
    score = _parse_score("".join(scores), line.place)
    return Relation("", first, second, subject_id=subject_id, direction_score=score)


def _parse_score(column: str, place: str) -> float | None:
    if not column:
        return None
    try:
        score = float(column)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        raise ParseError(
            f"{place}: score {column!r} of a relation is not a number from 0 to 1; "
            "if the line is a mention, its offsets are not whole numbers"
        )
    return score
