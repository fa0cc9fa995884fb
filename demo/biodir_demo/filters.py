"""Selects the relations that the views show."""

from collections.abc import Iterable
from dataclasses import dataclass

from .predictions import NumberedRelation
from .styles import novelty_name, relation_style


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
