"""Documents to PubTator text, the inverse of `biodir.document_pubtator_biodir`."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from biodir.document_biodir import SURROGATE, Document, Mention, Relation
from biodir.document_pubtator_biodir import SUBJECT_PREFIX, column_identifiers, joined_identifiers
from biodir.errors_biodir import AnnotationError

_COLUMN_OR_LINE_BREAK = re.compile(r"[\t\n\r]")
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")
# As an offset, by which the reader knows the line of a mention.
_NUMBER = re.compile(r"[-+]?[0-9][0-9.,]*")


def format_pubtator(document: Document) -> str:
    """Return the block of a document, with the blank line that ends it.

    Tabs and line breaks in texts become spaces, so that offsets are kept. The title ends with the first passage, if a
    space or line break follows it; else with the first sentence; else with the first word. A text without any space is
    all title, and reads back with a space after it. Apart from that, and from passages and `subject_lines`, which read
    back as a PubTator file has them, a document reads back equal.

    Raises:
        AnnotationError: PubTator cannot hold a value, such as an identifier with a separator in it, or two relations
            of one pair with different subjects.

    >>> document = Document("7", "EGFR binds.", (Mention(0, 4, "EGFR", "Gene", ("1956",)),))
    >>> format_pubtator(document)
    '7|t|EGFR\\n7|a|binds.\\n7\\t0\\t4\\tEGFR\\tGene\\t1956\\n\\n'
    """
    place = f"document {document.id}"
    document_id = _checked_column(document.id, "id", place)
    if "|" in document_id:
        raise AnnotationError(f"{place}: an id that holds '|' cannot be written as PubTator; give another id")
    directed = _directed_pairs(document, place)
    text = _without_breaks(document.text)
    title_end = _title_end(document, text)
    rows = [_mention_columns(mention, f"{place}, mention {index}") for index, mention in enumerate(document.mentions)]
    rows += [_relation_columns(relation, directed, place) for relation in document.relations]
    rows += _direction_rows(document, directed)
    lines = [f"{document_id}|t|{text[:title_end]}", f"{document_id}|a|{text[title_end + 1 :]}"]
    lines += ["\t".join([document_id, *row]).rstrip("\t") for row in rows]
    return "\n".join(lines) + "\n\n"


def write_pubtator(documents: Iterable[Document], path: str | os.PathLike[str]) -> int:
    """Write the documents to a new UTF-8 file and return their number.

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


def _title_end(document: Document, text: str) -> int:
    """Return the index of the space between title and abstract, or the length of a text without spaces."""
    if len(document.passages) > 1 and text.startswith(" ", document.passages[0].end_char):
        return document.passages[0].end_char
    sentence_end = _SENTENCE_END.search(text)
    if sentence_end is not None:
        return sentence_end.start()
    return text.index(" ") if " " in text else len(text)


def _mention_columns(mention: Mention, place: str) -> list[str]:
    start, end, text = str(mention.start_char), str(mention.end_char), _without_breaks(mention.text)
    return [start, end, text, _checked_column(mention.entity_type, "entity type", place), _id_column(mention, place)]


def _id_column(mention: Mention, place: str) -> str:
    """Return the identifier column, as the source had it if that still means the same."""
    source = mention.source_identifier
    if source is not None and not _COLUMN_OR_LINE_BREAK.search(source) and _reads_as(source, mention):
        return source
    column = _checked_column(joined_identifiers(mention.identifiers), "identifier", place)
    if not _reads_as(column, mention):
        raise AnnotationError(
            f"{place}: identifiers {mention.identifiers!r} would not read back from {column!r}; "
            "give several identifiers as several, and none with a separator in it"
        )
    return column


def _reads_as(column: str, mention: Mention) -> bool:
    """Return whether the identifier column, when read, gives the identifiers of the mention."""
    read = column_identifiers(column, mention.entity_type, mention.text)
    return read == tuple(dict.fromkeys(mention.identifiers))


def _directed_pairs(document: Document, place: str) -> dict[frozenset[str], Relation]:
    """Return a relation of each directed pair; its direction score is that of all of them, or None if they differ."""
    relations_of: dict[frozenset[str], list[Relation]] = {}
    for relation in document.relations:
        relations_of.setdefault(relation.pair, []).append(relation)
    directed = {}
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
            directed[pair] = first if len(scores) == 1 else replace(first, direction_score=None)
    return directed


def _relation_columns(relation: Relation, directed: Mapping[frozenset[str], Relation], place: str) -> list[str]:
    direction = directed.get(relation.pair)
    is_score_given = direction is not None and direction.direction_score == relation.direction_score
    return [
        _checked_column(relation.relation_type, "relation type", place),
        _checked_column(relation.entity1_id, "entity1_id", place),
        _checked_column(relation.entity2_id, "entity2_id", place),
        "" if relation.novelty is None else _checked_column(relation.novelty, "novelty", place),
        _score_column(relation.relation_score),
        _score_column(relation.novelty_score),
        "" if is_score_given else _score_column(relation.direction_score),
    ]


def _direction_rows(document: Document, directed: Mapping[frozenset[str], Relation]) -> list[list[str]]:
    """Return the columns of the direction lines: those of the source first, in its order and spelling."""
    lines = [line for line in document.subject_lines if frozenset(line) in directed]
    known = set(map(frozenset, lines))
    lines += [(each.entity1_id, each.entity2_id) for pair, each in directed.items() if pair not in known]
    rows = []
    for line in lines:
        relation = directed[frozenset(line)]
        rows.append([*line, f"{SUBJECT_PREFIX}{relation.subject_id}", _score_column(relation.direction_score)])
    return rows


def _checked_column(value: str, name: str, place: str) -> str:
    """Return the value if a column can hold it, so that it reads back the same.

    Raises:
        AnnotationError: it is empty, has spaces around it, holds a tab or line break, or makes another line of its own.
    """
    if not value or value != value.strip() or _COLUMN_OR_LINE_BREAK.search(value):
        raise AnnotationError(
            f"{place}: {name} {value!r} cannot be written as PubTator; "
            "give a text without tabs, line breaks and spaces around it"
        )
    is_offset = name == "relation type" and _NUMBER.fullmatch(value)
    if is_offset or (name == "entity2_id" and value.startswith(SUBJECT_PREFIX)):
        raise AnnotationError(
            f"{place}: {name} {value!r} cannot be written as PubTator, where its line is one of a mention or a "
            "direction; give another name"
        )
    return value


def _without_breaks(text: str) -> str:
    """Return the text with a space for every tab and line break, so that it has the same length and fits in a line."""
    return _COLUMN_OR_LINE_BREAK.sub(" ", text)


def _score_column(score: float | None) -> str:
    return "" if score is None else repr(float(score))
