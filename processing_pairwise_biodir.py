"""The pairwise form, the paper's: one input of three chunks for every pair. Paper, section 2.

A document is tokenized once, whatever the number of its pairs; a pair only cuts windows out of the document's tokens
and inserts boundary tags and the hard prompt. The row of one chunk is

    [CLS] hard prompt [SEP] chunk [SEP] soft prompt

where padding ids, which are attended to, hold the place of the soft prompt; the model puts its learned vectors there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .document_biodir import Span
from .document_candidates_biodir import CandidatePair
from .errors_biodir import SettingError
from .processing_chunks_biodir import pair_windows
from .processing_tags_biodir import SOURCE, TARGET, TASK_TOKENS, tagged_tokens
from .processing_tokens_biodir import (
    PASSES_PER_BATCH,
    BaseProcessor,
    ProcessingSettings,
    TokenizedDocument,
    neighbour_groups,
    padded,
)
from .processing_windows_biodir import TAGS_PER_MENTION, WindowRuler


@dataclass(frozen=True)
class PairwiseFeatures:
    """The rows of one pair.

    Args:
        pair: the candidate pair.
        rows: token ids of each chunk, without padding; equal chunks occur once.
        task_positions: index of each task token in every row, in the order of `ProcessingSettings.tasks`.
        evidence: character spans of the sentences that hold the two closest mentions.
        cross_window: True where no single chunk shows a mention of each entity.

    With a `document`, "Iron binds EGFR.", a `model` and its `tokenizer`:

    >>> processor = PairwiseProcessor(tokenizer, ProcessingSettings.from_config(model.config))
    >>> [features] = processor.features(processor.tokenize(document))
    >>> features.evidence, len(features.rows)  # prefix, suffix and infix of a short text are the same
    (((0, 16),), 1)
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

    def select(self, indices: Sequence[int]) -> "PairwiseFeatures":
        """Return these features; there is no other pair to select."""
        assert list(indices) == [0], "one pair"
        return self


class PairwiseProcessor(BaseProcessor):
    """Makes the inputs of the pairwise form: rows of its own for every pair. Paper, section 2.

    Raises:
        CheckpointError: the tokenizer lacks a token.
        SettingError: `max_tokens` leaves no room for the text.

    With a `document`, "Iron binds EGFR.", a `model` and its `tokenizer`:

    >>> processor = PairwiseProcessor(tokenizer, ProcessingSettings.from_config(model.config))
    >>> [features] = processor.features(processor.tokenize(document))
    >>> tokenizer.decode(features.rows[0])
    '[CLS] what are the labels of [REL], [DIR], and [NOV] between @ChemicalEntitySrc$ iron @ChemicalEntitySrc/$ and ...
    [SEP] @ChemicalEntitySrc$ iron @ChemicalEntitySrc/$ binds @GeneOrGeneProductTgt$ egfr ...'
    """

    def __init__(self, tokenizer: Any, settings: ProcessingSettings) -> None:
        super().__init__(tokenizer, settings)
        self._prompt_parts, self._task_positions = self._hard_prompt_parts()
        self._check_room()

    def features(
        self, tokenized: TokenizedDocument, pairs: Iterable[CandidatePair] | None = None
    ) -> Iterator[PairwiseFeatures]:
        """Yield the features of each pair; without `pairs`, of every candidate in the order of the text."""
        for pair in self.candidates(tokenized) if pairs is None else pairs:
            yield self._pair_features(tokenized, pair)

    def collate(self, features: Sequence[PairwiseFeatures]) -> dict[str, np.ndarray]:
        """Return the model's inputs for these pairs, int64: the fields of `PairwiseInputs`."""
        chunks = max(len(pair.rows) for pair in features)
        rows = [row for pair in features for row in (*pair.rows, *[()] * (chunks - len(pair.rows)))]
        input_ids, attention_mask = padded(rows, self.pad_id)  # (batch * chunks, tokens)
        return {
            "input_ids": input_ids.reshape(len(features), chunks, -1),
            "attention_mask": attention_mask.reshape(len(features), chunks, -1),
            "pair_type_ids": np.array([pair.pair.pair_type_id for pair in features], dtype=np.int64),
            "task_positions": np.array([pair.task_positions for pair in features], dtype=np.int64),
        }

    def passes(self, features: Sequence[PairwiseFeatures], token_budget: int) -> list[list[int]]:
        """Return indices of features, the largest first, that go through the model together.

        A pass holds many times the budget, under which the model itself groups rows of like length.
        """
        # One more than the largest: what the pipeline gathers, which ends beyond the budget, is not divided.
        most = PASSES_PER_BATCH * token_budget + max((found.tokens for found in features), default=0)
        return neighbour_groups(features, most, max_pairs=len(features))

    def _pair_features(self, tokenized: TokenizedDocument, pair: CandidatePair) -> PairwiseFeatures:
        """Return the features of one pair of the document."""
        spans1, spans2 = tokenized.mention_spans[pair.entity1.key], tokenized.mention_spans[pair.entity2.key]
        head = self._row_head(tokenized, pair, spans1[0], spans2[0])
        chunk_tokens = self.settings.max_tokens - len(head) - 1 - self.settings.soft_prompt_tokens
        ruler = WindowRuler(len(tokenized.token_ids), tokenized.sentences, spans1, spans2, chunk_tokens)
        windows = pair_windows(ruler, self.settings.chunks, self.settings.infix_min_tokens, self.settings.chunk_tokens)
        tail = (self.sep_id, *[self.pad_id] * self.settings.soft_prompt_tokens)
        tags1 = self.tag_ids[pair.entity1.entity_type, SOURCE]
        tags2 = self.tag_ids[pair.entity2.entity_type, TARGET]
        rows = tuple(
            (*head, *tagged_tokens(tokenized.token_ids, window, ((spans1, tags1), (spans2, tags2)))[0], *tail)
            for window in windows.windows
        )
        evidence = tokenized.evidence(windows.closest1, windows.closest2)
        return PairwiseFeatures(pair, rows, self._task_positions, evidence, windows.cross_window)

    def _row_head(self, tokenized: TokenizedDocument, pair: CandidatePair, first1: Span, first2: Span) -> list[int]:
        """Return `[CLS]`, the hard prompt with both names, `[SEP]`."""
        before, between, after = self._prompt_parts
        head = [self.cls_id, *before]
        for entity, role, (start, end), text in (
            (pair.entity1, SOURCE, first1, between),
            (pair.entity2, TARGET, first2, after),
        ):
            opening, closing = self.tag_ids[entity.entity_type, role]
            name = tokenized.token_ids[start : min(end, start + self.settings.max_name_tokens)]
            head += [opening, *name, closing, *text]
        return [*head, self.sep_id]

    def _hard_prompt_parts(self) -> tuple[list[list[int]], tuple[int, ...]]:
        """Return the token ids before, between and after the names, and the place of each task token in a row."""
        tasks = [task for task in TASK_TOKENS if task in self.settings.tasks]
        named = [TASK_TOKENS[task] for task in tasks]
        listed = " , ".join(named[:-1]) + " , and " * (len(named) > 2) + " and " * (len(named) == 2) + named[-1]
        before, rest = self.settings.hard_prompt.split("{entity1}")
        between, after = rest.split("{entity2}")
        parts = [before.replace("{tasks}", listed), between, after]
        ids = self._encode(parts, special_tokens_are_text=False)
        positions = tuple(1 + ids[0].index(self._token_id(TASK_TOKENS[task])) for task in self.settings.tasks)
        return ids, positions

    def _check_room(self) -> None:
        """Check that every chunk has room for two mentions."""
        settings = self.settings
        prompt = sum(map(len, self._prompt_parts)) + 2 * (settings.max_name_tokens + TAGS_PER_MENTION)
        mentions = 2 * (settings.max_mention_tokens + TAGS_PER_MENTION)
        needed = prompt + 3 + settings.soft_prompt_tokens + mentions  # 3: [CLS] and two [SEP]
        if settings.max_tokens < needed:
            raise SettingError(
                f"max_tokens is {settings.max_tokens}, but prompts, names and two mentions can take {needed}; raise "
                "max_tokens or lower max_name_tokens, max_mention_tokens or soft_prompt_tokens"
            )
