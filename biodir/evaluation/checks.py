"""Which documents can be compared: those of gold, each relation once, with labels that are known."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import STRICT, AnnotationError, ErrorPolicy, plural, suggestion
from biodir.labels_biodir import NOVELTY_LABELS, RELATION_LABELS, UNRELATED

T = TypeVar("T")

STRANGERS = "entities that the gold document does not mention"  # in a note that tables of zeros need
UNPREDICTED = "no predicted relation has a"  # how notes on levels that say nothing of the predictions begin
MAX_NAMED = 5  # how many ids a message names
# Of BioREDirect's relations nine in ten have a subject: this many without one were never annotated with direction.
MIN_UNDIRECTED = 20


@dataclass(frozen=True)
class ComparedDocument:
    """The gold and the predicted form of one document, each relation once.

    Args:
        gold, predicted: the predicted form has no relations where the predictions lack the document.
        is_predicted: whether the predictions hold the document.
        repeated: predicted relations that were given again, in either order of the pair.
        contradictory: predicted relations that were left out since another of the same pair and type has another
            novelty or direction, and a higher score or the earlier place.

    >>> compared_documents([Document("1", "Iron")], [Document("1", "")])[0].gold.text
    'Iron'
    """

    gold: Document
    predicted: Document
    is_predicted: bool = True
    repeated: tuple[Relation, ...] = ()
    contradictory: tuple[Relation, ...] = ()

    def relations_by(self, key: Callable[[Relation], T]) -> dict[T, tuple[list[Relation], list[Relation]]]:
        """Return key -> the gold and the predicted relations that have it."""
        found: dict[T, tuple[list[Relation], list[Relation]]] = defaultdict(lambda: ([], []))
        for side, document in enumerate((self.gold, self.predicted)):
            for relation in document.relations:
                found[key(relation)][side].append(relation)
        return found


def compared_documents(
    gold: Iterable[Document], predicted: Iterable[Document], labels: Mapping[str, Sequence[str]] | None = None
) -> list[ComparedDocument]:
    """Return the documents of both sides, joined by their ids, in the order of the gold ones.

    Args:
        labels: task -> a model's labels, as its configuration has them. Predictions may have the relation types and
            novelties of these, of BioRED and of the gold documents.

    Returns:
        A predicted document without relations where the predictions lack one; `comparison_notes` names these.

    Raises:
        AnnotationError: there is no gold document, the predictions hold documents that gold lacks, a document occurs
            twice, a gold relation is given in contradictory ways, or a label is unknown.
    """
    gold_documents, predicted_documents = _by_id(gold, "gold"), _by_id(predicted, "predictions")
    if not gold_documents:
        raise AnnotationError("gold: no documents; give documents with relations to score against")
    strangers = sorted(predicted_documents.keys() - gold_documents.keys())
    if strangers:
        raise AnnotationError(
            f"documents differ: {len(strangers)} only in the predictions ({shortened(strangers)}); leave these out, "
            "of files with --errors skip-document"
        )
    known = known_labels(gold_documents.values(), labels or {})
    for side, documents in (("gold", gold_documents), ("predictions", predicted_documents)):
        for document in documents.values():
            with_known_labels(document, side, known)
    return [
        _compared(with_unique_relations(document), predicted_documents.get(name))
        for name, document in gold_documents.items()
    ]


def with_unique_relations(document: Document, policy: ErrorPolicy = STRICT) -> Document:
    """Return the gold document with each relation once.

    Args:
        policy: whether the later one of two that contradict each other is left out; it counts those given again.

    Raises:
        AnnotationError: a pair has a relation type twice, with different novelty or direction.
    """
    first, repeated, contradictory = _distinct(document.relations)
    if not repeated and not contradictory:
        return document
    policy.note("gold relations that are given again, counted once", len(repeated))
    for _ in policy.parts("relation", (partial(_refuse, document, first, each) for each in contradictory)):
        pass
    return replace(document, relations=tuple(first.values()))


def _refuse(document: Document, first: Mapping[Any, Relation], relation: Relation) -> None:
    earlier = first[_statement(relation)]
    differing = [name for name in ("novelty", "subject_id") if getattr(earlier, name) != getattr(relation, name)]
    values = " and ".join(f"{name} {getattr(earlier, name)} or {getattr(relation, name)}" for name in differing)
    raise AnnotationError(
        f"gold: document {document.id} has {relation.relation_type} between {relation.entity1_id} and "
        f"{relation.entity2_id} in contradictory ways ({values}); keep one",
        "gold relations that contradict",
    )


def _compared(gold: Document, predicted: Document | None) -> ComparedDocument:
    if predicted is None:
        return ComparedDocument(gold, Document(gold.id, ""), is_predicted=False)
    by_score = sorted(predicted.relations, key=lambda each: -(each.relation_score or 0.0))
    first, repeated, contradictory = _distinct(by_score)
    if repeated or contradictory:
        predicted = replace(predicted, relations=tuple(first.values()))
    return ComparedDocument(gold, predicted, repeated=tuple(repeated), contradictory=tuple(contradictory))


def _distinct(relations: Iterable[Relation]) -> tuple[dict[Any, Relation], list[Relation], list[Relation]]:
    """Return the first relation of each statement, those that repeat one, and those that contradict one."""
    first: dict[Any, Relation] = {}
    repeated: list[Relation] = []
    contradictory: list[Relation] = []
    for relation in relations:
        earlier = first.get(_statement(relation))
        if earlier is None:
            first[_statement(relation)] = relation
        else:
            is_same = (earlier.novelty, earlier.subject_id) == (relation.novelty, relation.subject_id)
            (repeated if is_same else contradictory).append(relation)
    return first, repeated, contradictory


def _statement(relation: Relation) -> tuple[Any, ...]:
    """Return the pair and the type. BioREDirect gives a pair one direction; of other label lists both may hold."""
    subject = None if relation.relation_type in RELATION_LABELS else relation.subject_id
    return relation.pair, relation.relation_type, subject


def comparison_notes(pairs: Sequence[ComparedDocument]) -> list[str]:
    """Return what is allowed but worth a look: sentences for people, with ids."""
    gold = [relation for pair in pairs for relation in pair.gold.relations]
    predicted = [relation for pair in pairs for relation in pair.predicted.relations]
    notes = prediction_notes(pairs)
    strangers = [
        f"{pair.gold.id}: {' and '.join(sorted(unknown))}" for pair in pairs for unknown in _unknown_entities(pair)
    ]
    if strangers:
        notes.append(
            f"{plural(len(strangers), 'predicted relation')} with {STRANGERS} "
            f"({shortened(strangers)}); are these the same annotations?"
        )
    notes += [*unpredicted_notes(pairs), *_novelty_notes(gold, predicted)]
    types = [sorted({relation.relation_type for relation in side}) for side in (gold, predicted)]
    known = sorted({*RELATION_LABELS, *types[0], *types[1]})
    for name in sorted({*types[0], *types[1]} - {*RELATION_LABELS}):
        others = [each for each in known if each != name and each.casefold() == name.casefold()]
        if others:
            notes.append(
                f"{name} and {' and '.join(others)} are counted as different relation types; give them one name"
            )
    if all(types) and set(types[0]).isdisjoint(types[1]) and not set(types[0] + types[1]) <= set(RELATION_LABELS):
        notes.append(
            f"gold and predictions share no relation type: gold has {', '.join(types[0])}, the predictions "
            f"{', '.join(types[1])}; give both the same labels, for corpora such as BC5CDR with `biodir dataset import`"
        )
    return notes


def _novelty_notes(gold: Sequence[Relation], predicted: Sequence[Relation]) -> list[str]:
    """Return how many gold relations lack a novelty that others have, or have one that is none of BioRED's."""
    counts = Counter(relation.novelty for relation in gold)
    lacking, known, notes = counts.pop(None, 0), {*NOVELTY_LABELS[1:]}, []
    if lacking and counts:
        notes.append(f"{lacking} of {len(gold)} gold relations have no novelty: a predicted one counts as wrong there")
    odd = [f"{name} ({count})" for name, count in counts.items() if name not in known]
    if odd and known & {*counts, *(relation.novelty for relation in predicted)}:
        notes.append(
            f"novelties of gold beside {' and '.join(sorted(known))} are counted as labels of their own: "
            f"{shortened(odd)}; are they misspelt?"
        )
    return notes


def unpredicted_notes(pairs: Sequence[ComparedDocument]) -> list[str]:
    """Return which part of relations no prediction has, or that there are none: sentences for people."""
    gold, predicted = (
        [each for pair in pairs for each in getattr(pair, side).relations] for side in ("gold", "predicted")
    )
    if not predicted:
        return ["the predictions hold no relation at all: every recall is 0 because nothing was predicted"]
    unknown = unannotated_parts(gold)
    lacking = [part for part in unannotated_parts(predicted) if part not in unknown]
    return [f"{UNPREDICTED} {part}: scores that need it do not describe the predictions" for part in lacking]


def prediction_notes(pairs: Sequence[ComparedDocument]) -> list[str]:
    """Return what the predictions lack or give in several ways, and how it is counted: sentences with ids."""
    lacking = [pair.gold.id for pair in pairs if not pair.is_predicted]
    repeated = [_example(pair.gold, each) for pair in pairs for each in pair.repeated]
    contradictory = [_example(pair.gold, each) for pair in pairs for each in pair.contradictory]
    several_gold = several_types(pair.gold for pair in pairs)
    several = several_types(pair.predicted for pair in pairs)
    notes = []
    if lacking:
        notes.append(
            f"the predictions lack {len(lacking)} of {plural(len(pairs), 'document')} ({shortened(lacking)}): counted "
            "as documents without relations"
        )
    if repeated:
        notes.append(
            f"{plural(len(repeated), 'predicted relation')} given again, in either order of the pair "
            f"({shortened(repeated)}): counted once"
        )
    if contradictory:
        notes.append(
            f"{plural(len(contradictory), 'predicted relation')} against another one of the same pair and type in "
            f"novelty or direction ({shortened(contradictory)}): left out, as the other one has a higher "
            "score or comes before"
        )
    if several_gold:
        notes.append(
            f"{plural(len(several_gold), 'gold pair')} with several relation types ({several_gold[0]}): a model that "
            "gives a pair one type finds one of them"
        )
    elif several:
        notes.append(
            f"{plural(len(several), 'pair')} with several predicted relation types, where no gold pair has "
            f"({several[0]}): each type counts"
        )
    return notes


def several_types(documents: Iterable[Document]) -> list[str]:
    """Return the pairs that have several relation types, with these, such as "7: Association and Bind of a and b"."""
    found = []
    for document in documents:
        types: dict[frozenset[str], dict[str, Relation]] = defaultdict(dict)
        for relation in document.relations:
            types[relation.pair].setdefault(relation.relation_type, relation)
        for of_pair in types.values():
            if len(of_pair) > 1:
                first = next(iter(of_pair.values()))
                found.append(f"{document.id}: {' and '.join(of_pair)} of {first.entity1_id} and {first.entity2_id}")
    return found


def _example(document: Document, relation: Relation) -> str:
    return f"{document.id}: {relation.relation_type} of {relation.entity1_id} and {relation.entity2_id}"


def unannotated_parts(relations: Sequence[Relation]) -> tuple[str, ...]:
    """Return which of novelty and direction no relation has; those of BC5CDR have neither.

    A few relations without a subject are undirected, not unannotated, unless they have no novelty either.
    """
    if not relations:
        return ()
    lacks_novelty = all(relation.novelty is None for relation in relations)
    lacks_subject = all(relation.subject_id is None for relation in relations)
    lacks_direction = lacks_subject and (lacks_novelty or len(relations) >= MIN_UNDIRECTED)
    return ("novelty",) * lacks_novelty + ("direction",) * lacks_direction


def _by_id(documents: Iterable[Document], side: str) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for index, document in enumerate(documents):
        if not hasattr(document, "relations"):
            raise AnnotationError(
                f"{side}: document {index} is a {type(document).__name__}, not a Document; make one with "
                "Document.from_dict, or read a file with read_documents"
            )
        if document.id in found:
            raise AnnotationError(f"{side}: document {document.id} occurs twice; keep one")
        found[document.id] = document
    return found


def known_labels(
    gold: Iterable[Document], labels: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> dict[str, set[str | None]]:
    """Return field of a relation -> its known labels: of gold, BioRED and a model, without that of unrelated pairs."""
    relations = [relation for document in gold for relation in document.relations]
    types: set[str | None] = {
        *RELATION_LABELS,
        *labels.get("relation", ())[1:],
        *(each.relation_type for each in relations),
    }
    novelties = {*NOVELTY_LABELS[1:], *labels.get("novelty", ())[1:], *(each.novelty for each in relations), None}
    return {"relation_type": types - {UNRELATED}, "novelty": novelties}


def with_known_labels(
    document: Document, side: str, known: Mapping[str, set[str | None]], policy: ErrorPolicy = STRICT
) -> Document:
    """Return the document without the relations with an unknown label that the policy leaves out.

    Args:
        document: gold or predictions.
        side: which of these, for messages.
        known: what `known_labels` returns.
        policy: what becomes of such relations.

    Raises:
        AnnotationError: a label is unknown.
    """
    attempts = (partial(_labelled, each, f"{side}: document {document.id}", known) for each in document.relations)
    relations = tuple(policy.parts("relation", attempts))
    return document if relations == document.relations else replace(document, relations=relations)


def _labelled(relation: Relation, place: str, known: Mapping[str, set[str | None]]) -> Relation:
    for field, labels in known.items():
        label, name = getattr(relation, field), field.replace("_", " ")
        if label not in labels:
            raise AnnotationError(
                f"{place} has the {name} {label!r} between {relation.entity1_id} and {relation.entity2_id}; "
                f"{suggestion(label, sorted(filter(None, labels)))}",
                f"unknown {name}",
            )
    return relation


def _unknown_entities(pair: ComparedDocument) -> Iterator[frozenset[str]]:
    known = {identifier for mention in pair.gold.mentions for identifier in mention.identifiers}
    known = known.union(*(relation.pair for relation in pair.gold.relations))
    return filter(None, (relation.pair - known for relation in pair.predicted.relations))


def shortened(names: Sequence[str]) -> str:
    """Return the first names, and dots where there are more."""
    return ", ".join(names[:MAX_NAMED]) + (", ..." if len(names) > MAX_NAMED else "")
