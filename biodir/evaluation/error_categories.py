"""The five categories of errors. An error belongs to one: the first that applies."""

from dataclasses import dataclass

from biodir.document_biodir import Relation


@dataclass(frozen=True)
class ErrorCategory:
    """A kind of error.

    Args:
        name: what the address of the error page calls it.
        title, explanation: what people read.

    >>> category_of(Relation("Bind", "7", "5", "Novel"), None).title
    'Missed relation'
    """

    name: str
    title: str
    explanation: str


MISSED = ErrorCategory("missed", "Missed relation", "gold relates the pair, the predictions do not")
SPURIOUS = ErrorCategory("spurious", "Spurious relation", "the predictions relate the pair, gold does not")
WRONG_TYPE = ErrorCategory("wrong_type", "Wrong type", "the pair is found with another relation type")
WRONG_DIRECTION = ErrorCategory("wrong_direction", "Wrong direction", "the type is right, the subject is not")
WRONG_NOVELTY = ErrorCategory("wrong_novelty", "Wrong novelty", "type and direction are right, the novelty is not")
CATEGORIES = (MISSED, SPURIOUS, WRONG_TYPE, WRONG_DIRECTION, WRONG_NOVELTY)


def category_of(gold: Relation | None, predicted: Relation | None) -> ErrorCategory | None:
    """Return the category of a gold and a predicted relation of one pair, or None where they agree.

    Args:
        gold, predicted: None on the side that has no relation; never both.
    """
    if predicted is None:
        return MISSED
    if gold is None:
        return SPURIOUS
    if gold.relation_type != predicted.relation_type:
        return WRONG_TYPE
    if gold.subject_id != predicted.subject_id:
        return WRONG_DIRECTION
    return WRONG_NOVELTY if gold.novelty != predicted.novelty else None
