"""Documents to rows of the data sets: one row a document, or one row a candidate pair.

Labels are names here; `datasets` turns them into the numbers of its `ClassLabel`, and `biodir.formats.rows` back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from biodir.document_biodir import Document, Entity, Mention, Relation
from biodir.document_candidates_biodir import CandidatePair, candidate_pairs
from biodir.document_sentences_biodir import SentenceIndex
from biodir.errors_biodir import AnnotationError
from biodir.labels_biodir import ENTITY_TYPES, PAIR_TYPES, TYPE_MAP
from biodir.pipeline_decoding_biodir import pair_targets, relations_of_pairs

Labels = Mapping[str, Sequence[str]]  # task -> its labels, that of an unrelated pair first
# A PubTator document has these two; all corpora here are such files.
PASSAGE_TYPES = ("title", "abstract")


def with_model_types(document: Document) -> Document:
    """The document with the entity types that models know, whatever its corpus calls them.

    Raises:
        AnnotationError: a type is unknown.
    """
    return replace(document, mentions=tuple(_with_model_type(mention, document.id) for mention in document.mentions))


def document_row(document: Document, labels: Labels) -> dict[str, Any]:
    """The row of a document, with keys as in `Document.to_dict`; the identifiers of a mention are always a list.

    Scores, `subject_lines` and `source_identifier` have no place in a row.

    Raises:
        AnnotationError: an entity type, a passage type or a label is unknown.
    """
    document = with_model_types(document)
    for part in document.passages:
        _check_label("passage type", part.kind, PASSAGE_TYPES, document.id)
    for relation in document.relations:
        _check_label("relation", relation.relation_type, labels["relation"], document.id)
        if relation.novelty is not None:
            _check_label("novelty", relation.novelty, labels.get("novelty", ()), document.id)
    return {
        "id": document.id,
        "text": document.text,
        "passages": [{"start": part.start_char, "end": part.end_char, "type": part.kind} for part in document.passages],
        "entities": [
            {**_span(mention), "type": mention.entity_type, "id": list(mention.identifiers)}
            for mention in document.mentions
        ],
        "relations": [
            {
                "relation": relation.relation_type,
                "entity1": relation.entity1_id,
                "entity2": relation.entity2_id,
                "novelty": relation.novelty,
                "subject": relation.subject_id,
            }
            for relation in document.relations
        ],
    }


def pair_rows(document: Document, labels: Labels, split: str) -> Iterator[dict[str, Any]]:
    """The row of every candidate pair, in the order of the text.

    A row has a column for each task in `labels`. The first gold relation of a pair, in the order of the file, gives
    their values, and the others, if there are any, stand in `further_relations`: no pair of the published train,
    validation and test splits has several.

    Raises:
        AnnotationError: an entity type or a label is unknown.
    """
    document = with_model_types(document)
    relations_of, sentences = relations_of_pairs(document), SentenceIndex(document)
    for pair in candidate_pairs(document.entities(), PAIR_TYPES):
        first, *further = relations_of.get(pair.identifiers, ()) or [None]
        yield {
            "document_id": document.id,
            "split": split,
            **_entity_columns("entity1", pair.entity1),
            **_entity_columns("entity2", pair.entity2),
            "sentence_distance": sentences.distance(pair.entity1.mentions, pair.entity2.mentions),
            **_pair_labels(pair, first, labels, document.id),
            "further_relations": [_pair_labels(pair, relation, labels, document.id) for relation in further],
        }


def relations_outside_pairs(document: Document) -> tuple[Relation, ...]:
    """The gold relations that no row of `pair_rows` holds, because their entities are no candidate pair.

    An argument has no mention, both arguments are one entity, or their types form no pair type.
    """
    entities = with_model_types(document).entities()
    pairs = {pair.identifiers for pair in candidate_pairs(entities, PAIR_TYPES)}
    return tuple(each for each in document.relations if each.pair not in pairs)


def _with_model_type(mention: Mention, document_id: str) -> Mention:
    entity_type = TYPE_MAP.get(mention.entity_type, mention.entity_type)
    if entity_type not in ENTITY_TYPES:
        raise AnnotationError(
            f"document {document_id}, mention {mention.text!r}: unknown entity type {mention.entity_type!r}; known are "
            f"{', '.join((*ENTITY_TYPES, *TYPE_MAP))}"
        )
    return replace(mention, entity_type=entity_type)


def _check_label(task: str, label: str, labels: Sequence[str], document_id: str) -> None:
    if label not in labels:
        known = ", ".join(labels) or "none, for the corpus does not annotate it"
        raise AnnotationError(f"document {document_id}: unknown {task} {label!r}; known are {known}")


def _span(mention: Mention) -> dict[str, Any]:
    return {"start": mention.start_char, "end": mention.end_char, "text": mention.text}


def _entity_columns(prefix: str, entity: Entity) -> dict[str, Any]:
    return {
        f"{prefix}_id": entity.identifier,
        f"{prefix}_type": entity.entity_type,
        f"{prefix}_name": entity.name,
        f"{prefix}_mentions": [_span(mention) for mention in entity.mentions],
    }


def _pair_labels(pair: CandidatePair, relation: Relation | None, labels: Labels, document_id: str) -> dict[str, str]:
    """Task -> the label that one relation, or none, gives the pair."""
    try:
        targets = pair_targets(pair, [] if relation is None else [relation], labels)
    except AnnotationError as error:
        raise AnnotationError(f"document {document_id}: {error}") from error
    return {task: labels[task][values.index(1.0)] for task, values in targets.items()}
