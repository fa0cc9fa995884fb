"""What the model is given of candidate pairs: rows for each pair, or windows of text and which pairs are asked there.

Both kinds of features hold candidate pairs in an order, and count their tokens; the model answers in that order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .document_candidates_biodir import CandidatePair
from .processing_windows_biodir import Span


@dataclass(frozen=True)
class PairwiseFeatures:
    """The rows of one pair, for the pairwise form.

    Args:
        rows: token ids of each chunk, without padding; equal chunks stand once.
        task_positions: index of each task token in every row, in the order of `ProcessingSettings.tasks`.
        evidence: character spans of the sentences that hold the two closest mentions.
        cross_window: True where no single chunk shows a mention of each entity.
    """

    pair: CandidatePair
    rows: tuple[tuple[int, ...], ...]
    task_positions: tuple[int, ...]
    evidence: tuple[Span, ...]
    cross_window: bool

    @property
    def pairs(self) -> tuple["PairwiseFeatures"]:
        """The one pair."""
        return (self,)

    @property
    def tokens(self) -> int:
        """Tokens of all rows together."""
        return sum(len(row) for row in self.rows)

    def with_pairs(self, indices: Sequence[int]) -> "PairwiseFeatures":
        """These features; there is no other pair to choose."""
        assert list(indices) == [0], "one pair"
        return self


@dataclass(frozen=True)
class WindowPair:
    """One pair that is asked about in windows of a text.

    Args:
        windows: indices of the windows in which it is asked; at least one.
        evidence, cross_window: as in `PairwiseFeatures`.
    """

    pair: CandidatePair
    windows: tuple[int, ...]
    evidence: tuple[Span, ...]
    cross_window: bool


@dataclass(frozen=True)
class MentionMarker:
    """The opening tag of a mention of an entity in a window."""

    entity: tuple[str, str]
    window: int
    position: int


@dataclass(frozen=True)
class DocumentFeatures:
    """The windows of one document with some of its candidate pairs, for the document form.

    Args:
        rows: token ids of each window, without padding.
        pairs: the pairs that are asked about.
        mentions: the opening tags of all mentions of the document's entities.
        prompt_tokens: tokens of the soft prompt of one pair type in one window.
    """

    rows: tuple[tuple[int, ...], ...]
    pairs: tuple[WindowPair, ...]
    mentions: tuple[MentionMarker, ...]
    prompt_tokens: int

    @property
    def tokens(self) -> int:
        """Tokens that go through the encoder: text and soft prompts."""
        prompts = {(window, question.pair.pair_type_id) for question in self.pairs for window in question.windows}
        return sum(len(row) for row in self.rows) + self.prompt_tokens * len(prompts)

    def with_pairs(self, indices: Sequence[int]) -> "DocumentFeatures":
        """The same windows with the pairs of these indices alone."""
        return replace(self, pairs=tuple(self.pairs[index] for index in indices))
