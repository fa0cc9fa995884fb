"""What the model says of a document, as the views of the page take it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from biodir.document_biodir import Document

from .opening import check_size

EntityKey = tuple[str, str]
Span = tuple[int, int]


@dataclass(frozen=True)
class Finding:
    """A relation as the pipeline gives it, with its number on the page, from 1."""

    number: int
    result: Mapping[str, Any]

    @property
    def subject(self) -> EntityKey:
        """Identifier and type of the subject; of one of the two where there is no direction."""
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
class Answer:
    """A document with the names of types that the model knows, its relations, best first, and the time they took."""

    document: Document
    findings: tuple[Finding, ...]
    elapsed_s: float


def ask(extract: Callable[..., Any], document: Document) -> Answer:
    """The answer of a `BioDirPipeline`.

    Raises:
        BioDirError: the page or the model cannot answer for this document; the message is for its reader.
    """
    started = time.perf_counter()
    document = extract.check_document(document)
    check_size(document)
    results = extract(document)
    findings = tuple(Finding(number, result) for number, result in enumerate(results, start=1))
    return Answer(document, findings, time.perf_counter() - started)
