"""Lines of PubTator with relations and their directions, to Relations.

Besides the columns that biodir writes, these forms are read:

- BioREDirect writes scores into the fields, and after each relation the line of its own direction:
  ``Positive_Correlation|0.98``, ``Novel|0.9``, ``Subject:c|SUB|T|34|C|0.97``. Identifiers of variants have bars, too.
- BioREx writes the score of a relation where BioRED has its novelty.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

from .document_parts_biodir import Relation
from .document_pubtator_lines_biodir import Line
from .errors_biodir import ErrorPolicy, ParseError

SUBJECT_PREFIX = "Subject:"
_NUMBER_LIKE = re.compile(r"[-+]?[0-9][0-9.,]*")
_SCORE = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|nan|[-+]?inf", re.IGNORECASE)


@dataclass(frozen=True)
class _PlacedRelation:
    """The relation of the line at `place`; `is_scored` if a field holds its score."""

    place: str
    relation: Relation
    is_scored: bool


@dataclass(frozen=True)
class _Direction:
    """Which of two identifiers is the subject of their relations, as the line at `place` gives it.

    `is_scored` if the field holds the score, so that it may be that of one relation of several.
    """

    place: str
    entity1_id: str
    entity2_id: str
    subject_id: str
    score: float | None
    is_scored: bool

    @property
    def pair(self) -> frozenset[str]:
        """The two identifiers without order."""
        return frozenset((self.entity1_id, self.entity2_id))


def is_mention_row(columns: Sequence[str]) -> bool:
    """Return whether the columns are those of a mention: an offset where a relation has its type."""
    return len(columns) > 1 and _NUMBER_LIKE.fullmatch(columns[1].strip()) is not None


def is_direction_row(columns: Sequence[str]) -> bool:
    """Return whether the columns are those of a direction. Ask this first: its identifiers can look like offsets."""
    if len(columns) < 4 or not columns[3].startswith(SUBJECT_PREFIX):
        return False
    names_one_of_pair = columns[3].removeprefix(SUBJECT_PREFIX).strip() in (columns[1].strip(), columns[2].strip())
    return len(columns) == 4 or not is_mention_row(columns) or (len(columns) == 5 and names_one_of_pair)


def relations_of_rows(rows: Sequence[Line], policy: ErrorPolicy) -> tuple[list[Relation], tuple[tuple[str, str], ...]]:
    """Return the relations of a document with their subjects, and the pairs of its direction lines in order.

    A direction line is that of all relations of its pair. One that holds its score in the field, after a relation of
    its pair that does, too, is that of this relation only: BioREDirect can give a pair of identifiers two relations.

    Args:
        rows: the lines of relations and directions in the order of the file.
        policy: whether a line with an error is left out.

    >>> rows = "7\\tBind|0.9\\tC1\\tG1\\tNovel|0.8", "7\\tC1\\tG1\\tSubject:G1|0.7"
    >>> relations_of_rows([Line(f"a:{number}", row) for number, row in enumerate(rows)], ErrorPolicy())[0]
    [Relation(relation_type='Bind', entity1_id='C1', entity2_id='G1', novelty='Novel', subject_id='G1', ...
    """
    direction_rows = [row for row in rows if is_direction_row(row.columns)]
    relation_rows = [row for row in rows if not is_direction_row(row.columns)]
    placed = list(policy.parts("relation", (partial(_parse_relation, row) for row in relation_rows)))
    owners = _scored_owners(rows, placed)
    related = {each.relation.pair for each in placed}
    of_pair: dict[frozenset[str], _Direction] = {}
    of_row: dict[str, _Direction] = {}
    attempts = (partial(_direction_of_related, row, related, owners, of_pair, of_row) for row in direction_rows)
    lines = tuple((each.entity1_id, each.entity2_id) for each in policy.parts("relation", attempts))
    found = [_with_subject(each.relation, of_row.get(each.place, of_pair.get(each.relation.pair))) for each in placed]
    return found, lines


def _scored_owners(rows: Sequence[Line], placed: Sequence[_PlacedRelation]) -> dict[str, _PlacedRelation]:
    """Return place of a direction line -> the relation with its score in the field that is the line before it."""
    scored = {each.place: each for each in placed if each.is_scored}
    return {row.place: scored[before.place] for before, row in pairwise(rows) if before.place in scored}


def _direction_of_related(
    row: Line,
    related: Container[frozenset[str]],
    owners: Mapping[str, _PlacedRelation],
    of_pair: dict[frozenset[str], _Direction],
    of_row: dict[str, _Direction],
) -> _Direction:
    """Return the direction of a line and enter it for its relation or pair."""
    direction = _parse_direction(row)
    line = f"{direction.place}: 'Subject:{direction.subject_id}'"
    names = f"{direction.entity1_id} and {direction.entity2_id}"
    if direction.pair not in related:
        raise ParseError(
            f"{line} but no relation of {names}; add the line of the relation", "direction without a relation"
        )
    owner = owners.get(direction.place)
    if owner is not None and direction.is_scored and owner.relation.pair == direction.pair:
        of_row[owner.place] = direction
        return direction
    known = of_pair.setdefault(direction.pair, direction)
    if (known.subject_id, known.score) != (direction.subject_id, direction.score):
        raise ParseError(
            f"{line} of {names} contradicts an earlier line, 'Subject:{known.subject_id}'; "
            "keep one direction line for a pair",
            "directions that contradict",
        )
    return direction


def _with_subject(relation: Relation, direction: _Direction | None) -> Relation:
    if direction is None:
        return relation
    score = direction.score if relation.direction_score is None else relation.direction_score
    return replace(relation, subject_id=direction.subject_id, direction_score=score)


def _parse_relation(line: Line) -> _PlacedRelation:
    """Return the relation of a line, without the direction that another line gives it."""
    columns = [column.strip() for column in line.columns[1:]]
    if not 3 <= len(columns) <= 7 or not all(columns[:3]):
        raise ParseError(
            f"{line.place}: relation line with {len(columns) + 1} columns, or with an empty one among the first four; "
            "it has PMID, type, id1, id2 and, where known, novelty and scores, separated by tabs"
        )
    relation_type, entity1_id, entity2_id, novelty, *scores = columns + [""] * (7 - len(columns))
    relation_score, novelty_score, direction_score = (_parse_score(score, line.place) for score in scores)
    relation_type, type_score = _split_score(relation_type, line.place)
    if _SCORE.fullmatch(novelty) and not novelty.isdecimal():  # BioREx
        novelty, field_score = "", _parse_score(novelty, line.place)
        type_score = field_score if type_score is None else type_score
    novelty, field_novelty_score = _split_score(novelty, line.place)
    relation = Relation(
        relation_type,
        entity1_id,
        entity2_id,
        novelty=novelty or None,
        relation_score=type_score if relation_score is None else relation_score,
        novelty_score=field_novelty_score if novelty_score is None else novelty_score,
        direction_score=direction_score,
    )
    return _PlacedRelation(line.place, relation, type_score is not None)


def _parse_direction(line: Line) -> _Direction:
    first, second, subject, *scores = (column.strip() for column in line.columns[1:])
    subject_id = subject.removeprefix(SUBJECT_PREFIX).strip()
    if len(scores) > 1:
        raise ParseError(
            f"{line.place}: direction line with {len(scores) + 4} columns; "
            "it has PMID, id1, id2, 'Subject:id' and at most a score, separated by tabs"
        )
    score = _parse_score("".join(scores), line.place)
    field_score = None
    if subject_id not in (first, second):
        subject_id, field_score = _split_score(subject_id, line.place)
    if subject_id not in (first, second):
        raise ParseError(
            f"{line.place}: subject {subject_id!r} is neither {first!r} nor {second!r}; name one of the pair"
        )
    score = field_score if score is None else score
    return _Direction(line.place, first, second, subject_id, score, field_score is not None)


def _split_score(field: str, place: str) -> tuple[str, float | None]:
    """Return the name and the score of a field such as ``Novel|0.9``; without a number at its end it is a name."""
    name, _, score = field.rpartition("|")
    if not name or not _SCORE.fullmatch(score):
        return field, None
    return name, _parse_score(score, place)


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
