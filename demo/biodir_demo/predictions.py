"""Predictions of the model for a document, and the relations among them that the views show."""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from biodir.document_biodir import Document, Span
from biodir.pipeline_biodir import BioDirPipeline

from .documents import check_count, check_size
from .styles import novelty_name, relation_style

EntityKey = tuple[str, str]
ANY_NOVELTY = "Any"


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


def passes(
    result: Mapping[str, Any],
    words: str | None,
    relation_types: Collection[str] | None,
    novelty: str,
    min_score: float | None,
    directed_only: bool | None,
) -> bool:
    """Return whether a relation passes the filters of the page; a filter that was emptied may be None.

    Args:
        words: each of them, in any case, is in a name, an identifier or the relation type.
        relation_types: its type is one of these; empty for any.
        novelty: its novelty label, or ANY_NOVELTY.
        min_score: its least score.
        directed_only: whether it must have a direction.
    """
    parts = [result[role][key] for role in ("subject", "object") for key in ("text", "id")]
    parts += [result["relation"], relation_style(result["relation"]).name, novelty_name(result["novelty"])]
    text = "\n".join(parts).casefold()
    return (
        (not relation_types or result["relation"] in relation_types)
        and novelty in (ANY_NOVELTY, result["novelty"])
        and (result["directed"] or not directed_only)
        and result["score"] >= (min_score or 0)
        and all(word in text for word in (words or "").casefold().split())
    )


def options_of(relations: Iterable[NumberedRelation], key: str) -> list[str]:
    """Return the values that the relations have under a key, most frequent first, then by name."""
    values = [relation.result[key] for relation in relations if relation.result[key] is not None]
    return sorted(set(values), key=lambda value: (-values.count(value), value))


def predict(extract: BioDirPipeline, document: Document, started: float | None = None) -> Prediction:
    """Return the prediction of a pipeline; where nothing is marked, it finds the entities.

    Args:
        extract: the pipeline.
        document: what is read.
        started: what `time.perf_counter` gave before that; by default now.
    """
    started = time.perf_counter() if started is None else started
    check_count(document.id, "characters", len(document.text))
    (document,) = extract.with_entities([document])
    check_size(document)
    relations = tuple(NumberedRelation(number, result) for number, result in enumerate(extract(document), start=1))
    return Prediction(document, relations, time.perf_counter() - started)
