"""Relations between spans of text, as tools without identifiers give them, to relations between entities of gold."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

from biodir.document_biodir import Document, Mention, Relation
from biodir.document_parts_biodir import text_identifier
from biodir.errors_biodir import AnnotationError, ErrorPolicy
from biodir.evaluation.gold_names import GoldIdentifiers

UNLINKED = "ends of predicted relations that agree with no entity of gold: their relations are wrong"


@dataclass(frozen=True)
class SpanEnd:
    """An end of a relation: a text, where known its span in the document, and identifiers that the tool gave it.

    >>> SpanEnd("EGFR", 10, 14).overlap(Mention(10, 19, "EGFR gene", "Gene"))
    4
    """

    text: str
    start_char: int | None = None
    end_char: int | None = None
    identifiers: tuple[str, ...] = ()

    def overlap(self, mention: Mention) -> int:
        """Return the number of characters that the end shares with a mention."""
        if self.start_char is None or self.end_char is None:
            return 0
        return max(0, min(self.end_char, mention.end_char) - max(self.start_char, mention.start_char))


@dataclass(frozen=True)
class SpanRelation:
    """A relation of a tool between two spans; if it is directed, the first one is its subject.

    >>> SpanRelation("treats", SpanEnd("iron"), SpanEnd("anaemia"), directed=True).score is None
    True
    """

    relation_type: str
    first: SpanEnd
    second: SpanEnd
    directed: bool
    score: float | None = None
    place: str = "relation"


def score_of(value: Any, place: str) -> float | None:
    """Return a score in 0..1; None where there is none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise AnnotationError(f"{place}: the score is {value!r}, not a number from 0 to 1")
    return float(value)


def linked_document(gold: Document, relations: Iterable[SpanRelation], policy: ErrorPolicy) -> Document:
    """Return a document without text whose relations are between the entities of gold.

    An end is the entity whose identifier the tool gave; else that of the gold mention with the same span; else of the
    mention with which it shares most characters, if these are half of the shorter one; else the entity that gold
    mentions most often with this text. An end that agrees with none gets an identifier of its own, so that its
    relation counts as wrong. A mention with several identifiers gives a relation for each. A relation that is found in
    several places counts once, with its highest score.

    Args:
        gold: the document with the same text.
        relations: of a tool.
        policy: counts ends without entity, and whether a relation whose span contradicts the text is left out.
    """
    linker = _Linker(gold)
    attempts = (partial(_linked, relation, linker, policy) for relation in relations)
    best: dict[Relation, Relation] = {}
    for found in policy.parts("relation", attempts):
        for relation in found:
            key = replace(relation, relation_score=None)
            if key not in best or (best[key].relation_score or 0.0) < (relation.relation_score or 0.0):
                best[key] = relation
    return Document(gold.id, "", relations=tuple(best.values()))


def _linked(relation: SpanRelation, linker: "_Linker", policy: ErrorPolicy) -> list[Relation]:
    if not isinstance(relation.relation_type, str) or not relation.relation_type.strip():
        raise AnnotationError(f"{relation.place}: the type is {relation.relation_type!r}, not a name")
    ends = []
    for end in (relation.first, relation.second):
        linker.check(end, relation.place)
        names = linker.identifiers(end)
        policy.note(UNLINKED, not names)
        ends.append(names or (text_identifier(end.text),))
    return [
        Relation(relation.relation_type, one, two, None, one if relation.directed else None, relation.score)
        for one, two in product(*ends)
    ]


class _Linker:
    """The entities of a gold document, by span and by text."""

    def __init__(self, gold: Document) -> None:
        self._gold = gold
        self._known = GoldIdentifiers(gold)
        self._mentions = [mention for mention in gold.mentions if mention.identifiers]
        self._named: dict[str, Counter[tuple[str, ...]]] = {}
        for mention in self._mentions:
            self._named.setdefault(_name(mention.text), Counter())[mention.identifiers] += 1

    def check(self, end: SpanEnd, place: str) -> None:
        """Check that the text of gold, where gold has one, has the end where it says; else AnnotationError."""
        if end.start_char is None or not self._gold.text:
            return
        found = self._gold.text[end.start_char : end.end_char]
        if found != end.text:
            raise AnnotationError(
                f"{place}: says {end.text!r}, but gold's text at [{end.start_char}, {end.end_char}) is {found[:60]!r}; "
                "give the tool the text of gold, title and abstract with a space between them",
                "span that differs from the text of gold",
            )

    def identifiers(self, end: SpanEnd) -> tuple[str, ...]:
        """Return the identifiers of the entity that the end is; none if it agrees with none."""
        given = [self._known.same_as(identifier) for identifier in end.identifiers]
        known = [identifier for identifier in given if identifier is not None]
        if known:
            return (known[0],)
        best = max(self._near(end), default=None, key=lambda found: found[0])
        if best is not None:
            return best[1]
        named = self._named.get(_name(end.text))
        return named.most_common(1)[0][0] if named else ()

    def _near(self, end: SpanEnd) -> Iterator[tuple[tuple[bool, int], tuple[str, ...]]]:
        """Yield how well each mention at the place of the end agrees with it, and its identifiers."""
        for mention in self._mentions:
            shared = end.overlap(mention)
            if 2 * shared >= min(mention.end_char - mention.start_char, len(end.text)) and shared:
                is_same = (mention.start_char, mention.end_char) == (end.start_char, end.end_char)
                yield (is_same, shared), mention.identifiers


def _name(text: str) -> str:
    return " ".join(text.casefold().split())
