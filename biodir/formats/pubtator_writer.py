"""Documents to PubTator text, the inverse of `biodir.document_pubtator_biodir`."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from biodir.document_biodir import Document, Mention, Relation
from biodir.document_inputs_biodir import check_encodable
from biodir.document_parts_biodir import TEXT_IDENTIFIER_PREFIX
from biodir.document_pubtator_biodir import column_identifiers, joined_identifiers
from biodir.document_pubtator_relations_biodir import SUBJECT_PREFIX
from biodir.errors_biodir import AnnotationError, SettingError
from biodir.formats.pubtator_names import with_names_of_pubtator3

BIOREDIRECT = "bioredirect"
DIALECTS = ("pubtator", BIOREDIRECT, "pubtator3")
_COLUMN_OR_LINE_BREAK = re.compile(r"[\t\n\r]")
# What `str.splitlines` and so the library bioc take for a line break, too.
_ANY_LINE_BREAK = re.compile(r"[\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")
# As an offset, by which the reader knows the line of a mention.
_NUMBER = re.compile(r"[-+]?[0-9][0-9.,]*")


def format_pubtator(document: Document, dialect: str = BIOREDIRECT) -> str:
    """Return the block of a document, with the blank line that ends it.

    There are three dialects. By default a document of a BioREDirect file is written back the same; `biodir predict`
    writes "pubtator" by default, which all programs read.

    - "pubtator": mentions have six columns, relations four (PMID, type, id1, id2). Directions, novelty and scores have
      no place in it.
    - "bioredirect": relations also have novelty, and pairs a line ``Subject:``; biodir adds its scores. Other programs
      refuse such lines or take them for mentions.
    - "pubtator3": the columns of "pubtator", with types and identifiers as the service PubTator 3 writes them, see
      `with_names_of_pubtator3`.

    Tabs and line breaks in texts become spaces, so that offsets are kept. The title ends with the first passage, if a
    space or line break follows it; else with the first sentence; else with the first word. A text without any space is
    all title, and reads back with a space after it. Apart from that, and from passages and `subject_lines`, which read
    back as a PubTator file has them, a document reads back equal from "bioredirect". In the other dialects every
    mention has an identifier column, and no title ends in a space.

    Args:
        document: what is written.
        dialect: one of `DIALECTS`.

    Raises:
        AnnotationError: PubTator cannot hold a value, such as an identifier with a separator in it, or two relations
            of one pair with different subjects in "bioredirect".
        SettingError: there is no such dialect.

    >>> document = Document("7", "EGFR binds.", (Mention(0, 4, "EGFR", "Gene", ("1956",)),))
    >>> format_pubtator(document)
    '7|t|EGFR\\n7|a|binds.\\n7\\t0\\t4\\tEGFR\\tGene\\t1956\\n\\n'
    """
    check_dialect(dialect)
    is_strict = dialect != BIOREDIRECT
    place = f"document {document.id}"
    document_id = _checked_column(document.id, "id", place)
    if "|" in document_id:
        raise AnnotationError(f"{place}: an id that holds '|' cannot be written as PubTator; give another id")
    if dialect == "pubtator3":
        document = with_names_of_pubtator3(document)
    text = (_ANY_LINE_BREAK if is_strict else _COLUMN_OR_LINE_BREAK).sub(" ", document.text)
    title_end = _title_end(document, text)
    if is_strict:  # programs that strip lines lose the spaces at the end of a title, and all offsets after it are wrong
        stripped = len(text[:title_end].rstrip())
        text = text[:stripped].ljust(title_end) + text[title_end:]
        title_end = stripped
    lines = [f"{document_id}|t|{text[:title_end]}", f"{document_id}|a|{text[title_end + 1 :]}"]
    for index, mention in enumerate(document.mentions):
        lines.append(_line(document_id, _mention_columns(mention, text, f"{place}, mention {index}", is_strict)))
    rows = _relation_rows(document, place) if is_strict else _directed_relation_rows(document, place)
    lines += [_line(document_id, row) for row in rows]
    return "\n".join(lines) + "\n\n"


def check_dialect(dialect: str) -> None:
    """Check that there is this dialect of PubTator."""
    if dialect not in DIALECTS:
        raise SettingError(f"dialect is {dialect!r}; it is one of {', '.join(map(repr, DIALECTS))}")


def beyond_pubtator(relation: Relation) -> bool:
    """Return whether a relation has what only the dialect "bioredirect" writes: a direction, novelty or a score."""
    values = (relation.subject_id, relation.novelty)
    scores = (relation.relation_score, relation.novelty_score, relation.direction_score)
    return any(value is not None for value in (*values, *scores))


def write_pubtator(documents: Iterable[Document], path: str | os.PathLike[str], dialect: str = BIOREDIRECT) -> int:
    """Write the documents to a new UTF-8 file and return their number.

    Args:
        documents: what is written.
        path: the file.
        dialect: see `format_pubtator`; by default the documents of a BioREDirect file are written back the same.

    Raises:
        AnnotationError: PubTator cannot hold a value of a document; the documents before it are in the file.
    """
    check_dialect(dialect)
    count = 0
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for document in documents:
            check_encodable(document)
            file.write(format_pubtator(document, dialect))
            count += 1
    return count


def _line(document_id: str, columns: Iterable[str]) -> str:
    return "\t".join([document_id, *columns]).rstrip("\t")


def _title_end(document: Document, text: str) -> int:
    """Return the index of the space between title and abstract, or the length of a text without spaces."""
    if len(document.passages) > 1 and text.startswith(" ", document.passages[0].end_char):
        return document.passages[0].end_char
    sentence_end = _SENTENCE_END.search(text)
    if sentence_end is not None:
        return sentence_end.start()
    return text.index(" ") if " " in text else len(text)


def _mention_columns(mention: Mention, text: str, place: str, is_strict: bool) -> list[str]:
    return [
        str(mention.start_char),
        str(mention.end_char),
        text[mention.start_char : mention.end_char],
        _checked_column(mention.entity_type, "entity type", place),
        _id_column(mention, place, is_strict),
    ]


def _id_column(mention: Mention, place: str, is_strict: bool) -> str:
    """Return the identifier column, as the source had it if that still means the same."""
    source = mention.source_identifier
    is_taken = source is not None and (not is_strict or (mention.identifiers and source.strip() == source != ""))
    if source is not None and is_taken and not _COLUMN_OR_LINE_BREAK.search(source) and _reads_as(source, mention):
        return source
    column = _checked_column(joined_identifiers(mention.identifiers), "identifier", place)
    if not _reads_as(column, mention):
        raise AnnotationError(
            f"{place}: identifiers {mention.identifiers!r} would not read back from {column!r}; "
            "give several identifiers as several, and none with a separator in it"
        )
    return column


def _reads_as(column: str, mention: Mention) -> bool:
    """Return whether the identifier column, when read, gives the identifiers of the mention.

    A mention with an empty column is named by the texts of all such mentions.
    """
    if not column.strip(" ;,|"):
        return len(mention.identifiers) == 1 and mention.identifiers[0].startswith(TEXT_IDENTIFIER_PREFIX)
    read = column_identifiers(column, mention.entity_type, mention.text)
    return read == tuple(dict.fromkeys(mention.identifiers))


def _relation_rows(document: Document, place: str) -> list[list[str]]:
    """Return the columns of the relations that every program reads."""
    return [_pair_columns(relation, place) for relation in document.relations]


def _directed_relation_rows(document: Document, place: str) -> list[list[str]]:
    """Return the columns of the relations with novelty and scores, and those of the direction lines."""
    directed = _directed_pairs(document, place)
    rows = [_relation_columns(relation, directed, place) for relation in document.relations]
    return rows + _direction_rows(document, directed)


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
        *_pair_columns(relation, place),
        "" if relation.novelty is None else _checked_column(relation.novelty, "novelty", place),
        _score_column(relation.relation_score),
        _score_column(relation.novelty_score),
        "" if is_score_given else _score_column(relation.direction_score),
    ]


def _pair_columns(relation: Relation, place: str) -> list[str]:
    return [
        _checked_column(relation.relation_type, "relation type", place),
        _checked_column(relation.entity1_id, "entity1_id", place),
        _checked_column(relation.entity2_id, "entity2_id", place),
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


def _score_column(score: float | None) -> str:
    return "" if score is None else repr(float(score))
