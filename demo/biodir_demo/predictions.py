"""Runs the model on a document; the views of the page show the result."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from biodir.document_biodir import Document

from .documents import check_size

EntityKey = tuple[str, str]
Span = tuple[int, int]


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


def predict(extract: Callable[..., Any], document: Document) -> Prediction:
    """Return the prediction of a `BioDirPipeline`.

    Raises:
        BioDirError: the document is too large for the page, or the model cannot take it.
    """
    started = time.perf_counter()
    document = extract.check_document(document)
    check_size(document)
    relations = tuple(NumberedRelation(number, result) for number, result in enumerate(extract(document), start=1))
    return Prediction(document, relations, time.perf_counter() - started)
