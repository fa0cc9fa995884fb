"""Documents to rows of the data sets: one row for a document, or one row for a candidate pair.

Labels are names here; `datasets` turns them into the numbers of its `ClassLabel`, and `biodir.formats.rows` back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from biodir.document_biodir import Document, Entity, Relation
from biodir.document_candidates_biodir import CandidatePair, candidate_pairs
from biodir.document_sentences_biodir import SentenceIndex
from biodir.errors_biodir import AnnotationError, located
from biodir.labels_biodir import ENTITY_TYPES, PAIR_TYPES, UNKNOWN_TYPE, known_type
from biodir.pipeline_decoding_biodir import pair_targets, relations_of_pairs

Labels = Mapping[str, Sequence[str]]  # task -> its labels, that of an unrelated pair first
# A PubTator document has these two; all corpora here are such files.
PASSAGE_TYPES = ("title", "abstract")


def with_model_types(document: Document) -> Document:
    """Return the document with the entity types that models know in place of those of its corpus."""
    mentions = []
    for mention in document.mentions:
        entity_type = known_type(mention.entity_type)
        if entity_type == UNKNOWN_TYPE:
            place = f"document {document.id}, mention {mention.text!r}"
            _check_label("entity type", mention.entity_type, ENTITY_TYPES, place)
        if entity_type is not None:
            mentions.append(replace(mention, entity_type=entity_type))
    return replace(document, mentions=tuple(mentions))


def document_row(document: Document, labels: Labels) -> dict[str, Any]:
    """Return the row of a document, with keys as in `Document.to_dict`; it has neither `subject_lines` nor `pmcid`.

    The entities of a plain document are None, as rows of a table have the same columns.

    Raises:
        AnnotationError: an entity type, a passage type or a label is unknown.
    """
    document, place = with_model_types(document), f"document {document.id}"
    for part in document.passages:
        _check_label("passage type", part.kind, PASSAGE_TYPES, place)
    for relation in document.relations:
        _check_label("relation", relation.relation_type, labels["relation"], place)
        if relation.novelty is not None:
            _check_label("novelty", relation.novelty, labels.get("novelty", ()), place)
    row = {"entities": None, **document.to_dict()}
    for key in ("subject_lines", "pmcid"):
        row.pop(key, None)
    return row


def pair_rows(document: Document, labels: Labels, split: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of the candidate pairs, in the order of the text.

    A row has a column for each task in `labels`. The first gold relation of a pair, in the order of the file, gives
    their values; the others are in `further_relations`. No pair of the published train, validation and test splits has
    several.
    """
    document = with_model_types(document)
    relations_of, sentences = relations_of_pairs(document), SentenceIndex(document)
    for pair in candidate_pairs(document.entities(), PAIR_TYPES):
        relations = relations_of.get(pair.identifiers, ())
        yield {
            "document_id": document.id,
            "split": split,
            **_entity_columns("entity1", pair.entity1),
            **_entity_columns("entity2", pair.entity2),
            "sentence_distance": sentences.distance(pair.entity1.mentions, pair.entity2.mentions),
            **_pair_labels(pair, relations[:1], labels, document.id),
            "further_relations": [_pair_labels(pair, [each], labels, document.id) for each in relations[1:]],
        }


def relations_outside_pairs(document: Document) -> tuple[Relation, ...]:
    """Return the gold relations without a row in `pair_rows`, because their entities are no candidate pair.

    Either an argument has no mention, or both arguments are one entity, or their types form no pair type.
    """
    entities = with_model_types(document).entities()
    pairs = {pair.identifiers for pair in candidate_pairs(entities, PAIR_TYPES)}
    outside = (relations for pair, relations in relations_of_pairs(document).items() if pair not in pairs)
    return tuple(relation for relations in outside for relation in relations)


def _check_label(task: str, label: str, labels: Sequence[str], place: str) -> None:
    if label not in labels:
        known = ", ".join(labels) or "none, for the corpus does not annotate it"
        raise AnnotationError(f"{place}: unknown {task} {label!r}; known are {known}")


def _entity_columns(prefix: str, entity: Entity) -> dict[str, Any]:
    return {
        f"{prefix}_id": entity.identifier,
        f"{prefix}_type": entity.entity_type,
        f"{prefix}_name": entity.name,
        f"{prefix}_mentions": [
            {"start": mention.start_char, "end": mention.end_char, "text": mention.text} for mention in entity.mentions
        ],
    }


def _pair_labels(
    pair: CandidatePair, relations: Sequence[Relation], labels: Labels, document_id: str
) -> dict[str, str]:
    """Return task -> the label that at most one relation gives the pair."""
    with located(f"document {document_id}"):
        targets = pair_targets(pair, relations, labels)
    return {task: labels[task][values.index(1.0)] for task, values in targets.items()}
