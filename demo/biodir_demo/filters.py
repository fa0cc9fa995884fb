"""Which relations of an answer are shown."""

from collections.abc import Iterable
from dataclasses import dataclass

from .answers import Finding
from .looks import novelty_name, relation_look


@dataclass(frozen=True)
class Filter:
    """What a relation must have to be shown; as it is by default, every relation has it.

    Args:
        relation_types: one of these types; empty for any.
        novelty: this novelty label; None for any.
        directed_only: a direction.
        min_score: at least this score.
        words: each of these words, in whatever case, in a name, an identifier or the relation type.
    """

    relation_types: tuple[str, ...] = ()
    novelty: str | None = None
    directed_only: bool = False
    min_score: float = 0.0
    words: str = ""

    def kept(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings that pass, in their order."""
        return tuple(finding for finding in findings if self._keeps(finding))

    def _keeps(self, finding: Finding) -> bool:
        result = finding.result
        if self.relation_types and result["relation"] not in self.relation_types:
            return False
        if self.novelty is not None and result["novelty"] != self.novelty:
            return False
        if self.directed_only and not result["directed"]:
            return False
        text = _searched(finding)
        return result["score"] >= self.min_score and all(word in text for word in self.words.casefold().split())


def _searched(finding: Finding) -> str:
    result = finding.result
    parts = [result[role][key] for role in ("subject", "object") for key in ("text", "id")]
    parts += [result["relation"], relation_look(result["relation"]).name, novelty_name(result["novelty"])]
    return "\n".join(parts).casefold()
