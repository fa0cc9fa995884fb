"""Results: the relations and mentions of a document as JSON-ready data."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .document_biodir import Document, Entity
from .document_mappings_biodir import mention_to_dict
from .document_offsets_biodir import offset_at
from .document_sections_biodir import Sections
from .pipeline_decoding_biodir import PairDecision
from .processing_biodir import ScoredPair


class ResultWriter:
    """Writes what was found in one document.

    Args:
        document: with the mentions between which relations were looked for.
        offsets: what offsets of results count: "characters", "utf-16" or "bytes".
        labels: task -> its labels, for results with the score of every label; None for results without.

    >>> from biodir import Mention
    >>> mention = Mention(0, 4, "\u03b1-KG", "ChemicalEntity", ("D1",), score=0.9)
    >>> ResultWriter(Document("7", "\u03b1-KG binds.", (mention,)), "bytes").entities()[0]["end"]
    5
    """

    def __init__(
        self, document: Document, offsets: str = "characters", labels: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._document, self._labels = document, labels
        self._offset_at: Callable[[int], int] = offset_at(document.text, offsets)
        self._sections = Sections(document.passages)
        # Each text once, however many relations share it: where no sentence ends, it is the complete text.
        self._evidence: dict[tuple[int, int], dict[str, Any]] = {}

    def entities(self) -> list[dict[str, Any]]:
        """Return the mentions in the order of the text; an input with these as its ``entities`` gives the same."""
        mentions = sorted(self._document.mentions, key=lambda mention: (mention.start_char, mention.end_char))
        found = []
        for mention in mentions:
            entry = mention_to_dict(mention)
            span = {key: self._offset_at(entry[key]) for key in ("start", "end")}
            found.append({**span, **{key: entry[key] for key in ("text", "type", "id")}, "score": mention.score})
        return found

    def relations(self, decided: Iterable[tuple[ScoredPair, PairDecision]]) -> list[dict[str, Any]]:
        """Return the relations, highest score first."""
        results = [self._relation(scored, decision) for scored, decision in decided]
        return sorted(results, key=lambda result: -result["score"])

    def _relation(self, scored: ScoredPair, decision: PairDecision) -> dict[str, Any]:
        result = {
            "subject": _entity_result(decision.subject),
            "object": _entity_result(decision.object),
            "relation": decision.relation_type,
            "directed": decision.directed,
            "novelty": decision.novelty,
            "score": decision.score,
            "relation_score": decision.relation_score,
            "novelty_score": decision.novelty_score,
            "direction_score": decision.direction_score,
            "evidence": [dict(self._sentence(start, end)) for start, end in scored.evidence],
            "cross_window": scored.cross_window,
        }
        if self._labels is not None:
            result["scores"] = {
                task: dict(zip(self._labels[task], values, strict=True)) for task, values in decision.scores.items()
            }
        return result

    def _sentence(self, start: int, end: int) -> dict[str, Any]:
        if (start, end) not in self._evidence:
            span = {"start": self._offset_at(start), "end": self._offset_at(end)}
            section = self._sections.at(start)
            self._evidence[start, end] = {**span, "text": self._document.text[start:end], "section": section}
        return self._evidence[start, end]


def _entity_result(entity: Entity) -> dict[str, str]:
    return {"id": entity.identifier, "type": entity.entity_type, "text": entity.name}
