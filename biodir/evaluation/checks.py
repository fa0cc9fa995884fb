"""Which documents can be compared: the same ones on both sides, each relation once, with labels that are known."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import AnnotationError
from biodir.labels_biodir import NOVELTY_LABELS, RELATION_LABELS, UNRELATED

T = TypeVar("T")

MAX_NAMED = 5  # how many ids a message names
# Of BioREDirect's relations nine in ten have a subject: this many without one were never annotated with direction.
MIN_UNDIRECTED = 20


@dataclass(frozen=True)
class ComparedDocument:
    """The gold and the predicted form of one document.

    >>> compared_documents([Document("1", "Iron")], [Document("1", "")])[0].gold.text
    'Iron'
    """

    gold: Document
    predicted: Document

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

    Raises:
        AnnotationError: there is no gold document, the sides hold different documents, a document occurs twice, a
            relation is given twice or in contradictory ways, or a label is unknown.
    """
    gold_documents, predicted_documents = _by_id(gold, "gold"), _by_id(predicted, "predictions")
    if not gold_documents:
        raise AnnotationError("gold: no documents; give documents with relations to score against")
    _check_same_ids(gold_documents, predicted_documents)
    known = _known_labels(gold_documents.values(), labels or {})
    for side, documents in (("gold", gold_documents), ("predictions", predicted_documents)):
        for document in documents.values():
            _check_unique(document, side)
            _check_labels(document, side, known)
    return [ComparedDocument(document, predicted_documents[name]) for name, document in gold_documents.items()]


def comparison_notes(pairs: Sequence[ComparedDocument]) -> list[str]:
    """Return what is allowed but worth a look: sentences for people, with ids."""
    gold = [relation for pair in pairs for relation in pair.gold.relations]
    predicted = [relation for pair in pairs for relation in pair.predicted.relations]
    notes = []
    if not predicted:
        notes.append("the predictions hold no relation at all: every recall is 0 because nothing was predicted")
    strangers = [
        f"{pair.gold.id}: {' and '.join(sorted(unknown))}" for pair in pairs for unknown in _unknown_entities(pair)
    ]
    if strangers:
        notes.append(
            f"{len(strangers)} predicted relations name entities that the gold document does not mention "
            f"({_named(strangers)}); are these the same annotations?"
        )
    for part in unannotated_parts(predicted):
        if part not in unannotated_parts(gold):
            notes.append(f"no predicted relation has a {part}: scores that need it do not describe the predictions")
    types = [sorted({relation.relation_type for relation in side}) for side in (gold, predicted)]
    if all(types) and set(types[0]).isdisjoint(types[1]) and not set(types[0] + types[1]) <= set(RELATION_LABELS):
        notes.append(
            f"gold and predictions share no relation type: gold has {', '.join(types[0])}, the predictions "
            f"{', '.join(types[1])}; give both the same labels, for corpora such as BC5CDR with `biodir dataset import`"
        )
    return notes


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


def _check_same_ids(gold: dict[str, Document], predicted: dict[str, Document]) -> None:
    sides = {"gold": gold.keys() - predicted.keys(), "the predictions": predicted.keys() - gold.keys()}
    parts = [f"{len(ids)} only in {side} ({_named(sorted(ids))})" for side, ids in sides.items() if ids]
    if parts:
        raise AnnotationError(f"documents differ: {', '.join(parts)}; score the same documents")


def _check_unique(document: Document, side: str) -> None:
    seen: dict[tuple[Any, ...], Relation] = {}
    for relation in document.relations:
        # BioREDirect gives a pair one direction; relations of other label lists may hold in both.
        subject = None if relation.relation_type in RELATION_LABELS else relation.subject_id
        key = relation.pair, relation.relation_type, subject
        if key not in seen:
            seen[key] = relation
            continue
        earlier = seen[key]
        differing = [name for name in ("novelty", "subject_id") if getattr(earlier, name) != getattr(relation, name)]
        values = " and ".join(f"{name} {getattr(earlier, name)} or {getattr(relation, name)}" for name in differing)
        problem = f"in contradictory ways ({values})" if differing else "twice"
        raise AnnotationError(
            f"{side}: document {document.id} has {relation.relation_type} between {relation.entity1_id} and "
            f"{relation.entity2_id} {problem}; keep one"
        )


def _known_labels(gold: Iterable[Document], labels: Mapping[str, Sequence[str]]) -> dict[str, set[str | None]]:
    """Return field -> its known labels; the label of an unrelated pair is none of them, on either side."""
    relations = [relation for document in gold for relation in document.relations]
    types: set[str | None] = {
        *RELATION_LABELS,
        *labels.get("relation", ())[1:],
        *(each.relation_type for each in relations),
    }
    novelties = {*NOVELTY_LABELS[1:], *labels.get("novelty", ())[1:], *(each.novelty for each in relations), None}
    return {"relation_type": types - {UNRELATED}, "novelty": novelties}


def _check_labels(document: Document, side: str, known: Mapping[str, set[str | None]]) -> None:
    for relation in document.relations:
        for field, labels in known.items():
            if getattr(relation, field) not in labels:
                raise AnnotationError(
                    f"{side}: document {document.id} has the {field.replace('_', ' ')} {getattr(relation, field)!r} "
                    f"between {relation.entity1_id} and {relation.entity2_id}; known are "
                    f"{', '.join(sorted(filter(None, labels)))}"
                )


def _unknown_entities(pair: ComparedDocument) -> Iterator[frozenset[str]]:
    known = {identifier for mention in pair.gold.mentions for identifier in mention.identifiers}
    known = known.union(*(relation.pair for relation in pair.gold.relations))
    return filter(None, (relation.pair - known for relation in pair.predicted.relations))


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:MAX_NAMED]) + (", ..." if len(names) > MAX_NAMED else "")
