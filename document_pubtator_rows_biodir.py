"""One annotation line of PubTator to a mention, relation or direction, and back.

Columns are separated by tabs; brackets mark what may be missing. The scores are biodir's own, corpora have none:

    PMID  start  end  text  type  [identifier  [names of the parts, ignored]]
    PMID  relation type  id1  id2  [novelty  [relation score  [novelty score  [direction score]]]]
    PMID  id1  id2  Subject:id  [direction score]

The last column of a relation holds a direction score that no direction line gives: that of an undirected relation.
"""

import re
from dataclasses import dataclass

from .document_biodir import (
    TEXT_IDENTIFIER_PREFIX,
    UNLINKED_IDENTIFIERS,
    Mention,
    Relation,
    check_mention,
    text_identifier,
)
from .errors_biodir import AnnotationError, ParseError

# In lower case, the types whose identifiers contain "|" and "," themselves: BioRED's, then those of PubTator and tmVar.
VARIANT_TYPES = frozenset(
    [
        *("sequencevariant", "variant", "genomicvariant", "copynumbervariant", "mutation", "othermutation", "snp"),
        *("dnamutation", "proteinmutation", "acidchange", "dnaacidchange", "proteinacidchange"),
        *("allele", "dnaallele", "proteinallele"),
    ]
)
# Keys of the one long identifier that PubTator 3 gives a variant: "tmVar:p|SUB|V|600|E;HGVS:p.V600E;RS#:113488022".
_KEY_VALUE_IDENTIFIER = re.compile(
    r"(?:^|;)(?:tmVar|HGVS|VariantGroup|OriginalGene|CorrespondingGene|CorrespondingSpecies|RS#|CA#):"
)
_SUBJECT_PREFIX = "Subject:"
_WHOLE_NUMBER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER_LIKE = re.compile(r"[-+]?[0-9][0-9.,]*")
_COLUMN_OR_LINE_BREAK = re.compile(r"[\t\n\r]")


@dataclass(frozen=True)
class Line:
    """A line without its break; `place` is ``file:number`` for messages."""

    place: str
    content: str

    @property
    def columns(self) -> list[str]:
        """The columns, without empty ones at the end."""
        return self.content.rstrip().split("\t")


@dataclass(frozen=True)
class Direction:
    """Which of two identifiers is the subject of their relations."""

    entity1_id: str
    entity2_id: str
    subject_id: str
    score: float | None


def split_identifiers(column: str, entity_type: str) -> tuple[str, ...]:
    """The identifiers in the identifier column of a mention, each once; none for ``"-"`` and ``"-1"``.

    ``;``, ``,`` and ``|`` separate identifiers. For a variant ``;`` alone does, and the long ``tmVar:...;HGVS:...`` of
    PubTator 3 is one identifier.
    """
    is_variant = entity_type.casefold() in VARIANT_TYPES
    if is_variant and _KEY_VALUE_IDENTIFIER.search(column):
        return (column.strip(),)
    parts: list[str] = []
    for part in column.split(";"):
        is_whole = is_variant or part.strip().startswith(TEXT_IDENTIFIER_PREFIX)
        parts += [part] if is_whole else re.split(r"[,|]", part)
    identifiers = dict.fromkeys(part.strip() for part in parts)
    return tuple(part for part in identifiers if part and part not in UNLINKED_IDENTIFIERS)


def is_mention(columns: list[str]) -> bool:
    """Whether the columns are a mention's, seen by its offset: a relation has its type there."""
    return len(columns) > 1 and _NUMBER_LIKE.fullmatch(columns[1].strip()) is not None


def is_direction(columns: list[str]) -> bool:
    """Whether the columns are a direction's; to be asked first, since its identifiers can look like offsets."""
    if len(columns) < 4 or not columns[3].startswith(_SUBJECT_PREFIX):
        return False
    names_one_of_pair = columns[3].removeprefix(_SUBJECT_PREFIX).strip() in (columns[1].strip(), columns[2].strip())
    return len(columns) == 4 or not is_mention(columns) or (len(columns) == 5 and names_one_of_pair)


def parse_mention(line: Line, text: str) -> Mention:
    """The mention of a line, which agrees with the text.

    Raises:
        ParseError: a wrong number of columns, or offsets that are not whole numbers.
        AnnotationError: the offsets lie outside the text or enclose another text.
    """
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
    identifiers = _identifiers_of(column, entity_type, columns[3])
    source_identifier = None if column == _canonical_column(identifiers) else column
    mention = Mention(int(start), int(end), columns[3], entity_type, identifiers, source_identifier)
    check_mention(mention, text, line.place)
    return mention


def parse_relation(line: Line) -> Relation:
    """The relation of a line, without the direction that another line gives it.

    Raises:
        ParseError: a wrong number of columns, or a score that is not one.
    """
    columns = [column.strip() for column in line.columns[1:]]
    if not 3 <= len(columns) <= 7 or not all(columns[:3]):
        raise ParseError(
            f"{line.place}: relation line with {len(columns) + 1} columns, or with an empty one among the first four; "
            "it has PMID, type, id1, id2 and, where known, novelty and scores, separated by tabs"
        )
    relation_type, entity1_id, entity2_id, novelty, *scores = columns + [""] * (7 - len(columns))
    relation_score, novelty_score, direction_score = (_parse_score(score, line.place) for score in scores)
    return Relation(
        relation_type,
        entity1_id,
        entity2_id,
        novelty=novelty or None,
        relation_score=relation_score,
        novelty_score=novelty_score,
        direction_score=direction_score,
    )


def parse_direction(line: Line) -> Direction:
    """The direction of a line.

    Raises:
        ParseError: too many columns, a subject that is none of the pair, or a score that is not one.
    """
    first, second, subject, *scores = (column.strip() for column in line.columns[1:])
    subject_id = subject.removeprefix(_SUBJECT_PREFIX).strip()
    if len(scores) > 1:
        raise ParseError(
            f"{line.place}: direction line with {len(scores) + 4} columns; "
            "it has PMID, id1, id2, 'Subject:id' and at most a score, separated by tabs"
        )
    if subject_id not in (first, second):
        raise ParseError(
            f"{line.place}: subject {subject_id!r} is neither {first!r} nor {second!r}; name one of the pair"
        )
    return Direction(first, second, subject_id, _parse_score("".join(scores), line.place))


def format_mention(document_id: str, mention: Mention, place: str) -> str:
    """The line of a mention, with tabs and line breaks in its text as spaces.

    Raises:
        AnnotationError: the type or an identifier cannot stand in a column.
    """
    columns = [document_id, str(mention.start_char), str(mention.end_char), without_breaks(mention.text)]
    columns.append(checked_column(mention.entity_type, "entity type", place))
    identifier_column = _identifier_column(mention, place)
    return "\t".join([*columns, identifier_column] if identifier_column else columns)


def format_relation(document_id: str, relation: Relation, direction: Direction | None, place: str) -> str:
    """The line of a relation; `direction` is what the direction line of its pair will say.

    Raises:
        AnnotationError: a value cannot stand in a column.
    """
    is_score_given = direction is not None and direction.score == relation.direction_score
    columns = [
        document_id,
        checked_column(relation.relation_type, "relation type", place),
        checked_column(relation.entity1_id, "entity1_id", place),
        checked_column(relation.entity2_id, "entity2_id", place),
        "" if relation.novelty is None else checked_column(relation.novelty, "novelty", place),
        _format_score(relation.relation_score, place),
        _format_score(relation.novelty_score, place),
        "" if is_score_given else _format_score(relation.direction_score, place),
    ]
    return "\t".join(columns).rstrip("\t")


def format_direction(document_id: str, direction: Direction, place: str) -> str:
    """The line of a direction.

    Raises:
        AnnotationError: the score is none.
    """
    columns = [document_id, direction.entity1_id, direction.entity2_id, _SUBJECT_PREFIX + direction.subject_id]
    return "\t".join([*columns, _format_score(direction.score, place)]).rstrip("\t")


def checked_column(value: str, name: str, place: str) -> str:
    """The value, which can stand in a column and reads back the same.

    Raises:
        AnnotationError: it is empty, has spaces around it, or holds a tab or line break.
    """
    if not value or value != value.strip() or _COLUMN_OR_LINE_BREAK.search(value):
        raise AnnotationError(
            f"{place}: {name} {value!r} cannot be written as PubTator; "
            "give a text without tabs, line breaks and spaces around it"
        )
    return value


def without_breaks(text: str) -> str:
    """The text with a space for every tab and line break, so that it has the same length and fits in a line."""
    return _COLUMN_OR_LINE_BREAK.sub(" ", text)


def _identifiers_of(column: str, entity_type: str, text: str) -> tuple[str, ...]:
    return split_identifiers(column, entity_type) if column.strip(" ;,|") else (text_identifier(text),)


def _canonical_column(identifiers: tuple[str, ...]) -> str:
    return ";".join(dict.fromkeys(identifiers)) or UNLINKED_IDENTIFIERS[0]


def _identifier_column(mention: Mention, place: str) -> str:
    """The identifier column, as the source had it where that still says the same."""
    source = mention.source_identifier
    if source is not None and not _COLUMN_OR_LINE_BREAK.search(source) and _reads_as(source, mention):
        return source
    column = checked_column(_canonical_column(mention.identifiers), "identifier", place)
    if not _reads_as(column, mention):
        raise AnnotationError(
            f"{place}: identifiers {mention.identifiers!r} would not read back from {column!r}; "
            "give several identifiers as several, and none with a separator in it"
        )
    return column


def _reads_as(column: str, mention: Mention) -> bool:
    """Whether the identifier column, when read, gives the identifiers of the mention."""
    read = _identifiers_of(column, mention.entity_type, mention.text)
    return read == tuple(dict.fromkeys(mention.identifiers))


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


def _format_score(score: float | None, place: str) -> str:
    if score is None:
        return ""
    if not 0 <= score <= 1:
        raise AnnotationError(f"{place}: score {score!r} of a relation is not a number from 0 to 1")
    return repr(float(score))
