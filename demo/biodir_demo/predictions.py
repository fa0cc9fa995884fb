"""Predictions of the model for a document, and the relations among them that the views show."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from biodir.document_biodir import Document, Span

from .documents import check_size
from .styles import novelty_name, relation_style

EntityKey = tuple[str, str]


@dataclass(frozen=True)
class NumberedRelation:
    """A relation as the pipeline returns it, with its number on the page, from 1."""

    number: int
    result: Mapping[str, Any]

    @property
    def subject(self) -> EntityKey:
        """Identifier and type of the subject; of one of the two entities where there is no direction."""
        return self.result["subject"]["id"], self.result["subject"]["type"]

    @property
    def object(self) -> EntityKey:
        """Identifier and type of the other entity."""
        return self.result["object"]["id"], self.result["object"]["type"]

    @property
    def evidence(self) -> tuple[Span, ...]:
        """The evidence sentences as spans of the text."""
        return tuple((part["start"], part["end"]) for part in self.result["evidence"])


@dataclass(frozen=True)
class Prediction:
    """A document with the model's names of entity types, its relations, best first, and the time of the model."""

    document: Document
    relations: tuple[NumberedRelation, ...]
    elapsed_s: float


@dataclass(frozen=True)
class Filter:
    """What a relation must have to be shown; the default lets every relation through.

    Args:
        relation_types: one of these types; empty for any.
        novelty: this novelty label; None for any.
        directed_only: a direction.
        min_score: at least this score.
        words: each of these words, in any case, in a name, an identifier or the relation type.
    """

    relation_types: tuple[str, ...] = ()
    novelty: str | None = None
    directed_only: bool = False
    min_score: float = 0.0
    words: str = ""

    def kept(self, relations: Iterable[NumberedRelation]) -> tuple[NumberedRelation, ...]:
        """Return the relations that pass, in their order."""
        return tuple(relation for relation in relations if self._keeps(relation))

    def _keeps(self, relation: NumberedRelation) -> bool:
        result = relation.result
        parts = [result[role][key] for role in ("subject", "object") for key in ("text", "id")]
        parts += [result["relation"], relation_style(result["relation"]).name, novelty_name(result["novelty"])]
        text = "\n".join(parts).casefold()
        return (
            (not self.relation_types or result["relation"] in self.relation_types)
            and self.novelty in (None, result["novelty"])
            and (result["directed"] or not self.directed_only)
            and result["score"] >= self.min_score
            and all(word in text for word in self.words.casefold().split())
        )


def options_of(relations: Iterable[NumberedRelation], key: str) -> list[str]:
    """Return the values that the relations have under a key, most frequent first, then by name."""
    values = [relation.result[key] for relation in relations if relation.result[key] is not None]
    return sorted(set(values), key=lambda value: (-values.count(value), value))


def predict(extract: Callable[..., Any], document: Document) -> Prediction:
    """Return the prediction of a `BioDirPipeline`."""
    started = time.perf_counter()
    document = extract.check_document(document)
    check_size(document)
    relations = tuple(NumberedRelation(number, result) for number, result in enumerate(extract(document), start=1))
    return Prediction(document, relations, time.perf_counter() - started)
