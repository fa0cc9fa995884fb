"""The document form: windows of the text with every mention tagged, and the pairs that are scored in each window.

The encoder reads the text once for all pairs. Zhou et al. 2021 (ATLOP) score all pairs of a document so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from .document_biodir import Span
from .document_candidates_biodir import CandidatePair
from .errors_biodir import SettingError
from .processing_chunks_biodir import closest_spans
from .processing_tags_biodir import SOURCE, tagged_tokens
from .processing_tokens_biodir import BaseProcessor, ProcessingSettings, TokenizedDocument, neighbour_groups, padded
from .processing_windows_biodir import TAGS_PER_MENTION, WindowRuler, spans_inside, text_windows

# Pairs of one document that are scored in one pass: this bounds the memory, and few documents are read twice.
PAIRS_PER_PASS = 2048
# A long text is read for as many pairs as it has tokens times this, so that the time for it does not run away.
PAIRS_PER_TOKEN = 0.5
# A text of more windows than this is long: its windows share only this part of `window_overlap_tokens`, so that few of
# its tokens are read twice. Training and abstracts know no such texts.
LONG_TEXT_WINDOWS, LONG_TEXT_OVERLAP = 4, 0.375


@dataclass(frozen=True, slots=True)
class WindowPair:
    """A pair and the windows that it is scored in.

    Args:
        pair: the candidate pair.
        windows: indices of windows, ascending; at least one.
        evidence: character spans of the sentences that hold the two closest mentions.
        cross_window: True where no window shows a mention of each entity.

    >>> scored = WindowPair(pair=None, windows=(0, 1), evidence=((0, 16),), cross_window=False)
    >>> ["Iron binds EGFR. It is new."[start:end] for start, end in scored.evidence]
    ['Iron binds EGFR.']
    """

    pair: CandidatePair
    windows: tuple[int, ...]
    evidence: tuple[Span, ...]
    cross_window: bool


@dataclass(frozen=True)
class MentionMarker:
    """The position of a mention's start marker, its opening tag, in a window.

    Args:
        entity: identifier and type of the mention's entity.
        window: index of the window.
        position: index of the tag among the tokens of the window's row.

    >>> rows = [["[CLS]", "@ChemicalEntitySrc$", "iron", "@ChemicalEntitySrc/$", "[SEP]"]]  # of words, not of their ids
    >>> marker = MentionMarker(("D007501", "ChemicalEntity"), window=0, position=1)
    >>> rows[marker.window][marker.position]
    '@ChemicalEntitySrc$'
    """

    entity: tuple[str, str]
    window: int
    position: int


@dataclass(frozen=True)
class DocumentFeatures:
    """The windows of one document with some of its candidate pairs.

    Args:
        rows: token ids of each window, without padding.
        pairs: the pairs to score.
        markers: of all mentions of the document's entities.
        prompt_tokens: tokens of the soft prompt of one pair type in one window.

    >>> features = DocumentFeatures(rows=((2, 7, 8, 3), (2, 8, 3)), pairs=(), markers=(), prompt_tokens=8)
    >>> features.tokens  # a pair adds 8 for each of its windows
    7
    """

    rows: tuple[tuple[int, ...], ...]
    pairs: tuple[WindowPair, ...]
    markers: tuple[MentionMarker, ...]
    prompt_tokens: int

    @property
    def tokens(self) -> int:
        """Tokens that go through the encoder: text and soft prompts."""
        prompts = {(window, scored.pair.pair_type_id) for scored in self.pairs for window in scored.windows}
        return sum(len(row) for row in self.rows) + self.prompt_tokens * len(prompts)

    def select(self, indices: Sequence[int]) -> "DocumentFeatures":
        """Return the same windows with only the pairs of these indices."""
        return replace(self, pairs=tuple(self.pairs[index] for index in indices))


class DocumentProcessor(BaseProcessor):
    """Makes the inputs of the document form: windows in which every mention is tagged with its type, and their pairs.

    The tags are those of the source role.

    Raises:
        CheckpointError: the tokenizer lacks a tag.
        SettingError: `max_tokens` leaves no room for the text, or mentions can be longer than what windows share.

    With a `document`, "Iron binds EGFR.", a `model` and its `tokenizer`:

    >>> processor = DocumentProcessor(tokenizer, ProcessingSettings.from_config(model.config))
    >>> [features] = processor.features(processor.tokenize(document))
    >>> tokenizer.decode(features.rows[0])
    '[CLS] @ChemicalEntitySrc$ iron @ChemicalEntitySrc/$ binds @GeneOrGeneProductSrc$ egfr ...'
    """

    def __init__(self, tokenizer: Any, settings: ProcessingSettings) -> None:
        super().__init__(tokenizer, settings)
        self._window_tokens = settings.max_tokens - 2  # [CLS] and [SEP]
        if settings.window_overlap_tokens < settings.max_mention_tokens:
            raise SettingError(
                f"window_overlap_tokens is {settings.window_overlap_tokens}, less than max_mention_tokens, "
                f"{settings.max_mention_tokens}: a mention could lie in no window; raise it"
            )
        if self._window_tokens < 2 * (settings.window_overlap_tokens + TAGS_PER_MENTION):
            raise SettingError(
                f"max_tokens is {settings.max_tokens}: windows that share window_overlap_tokens, "
                f"{settings.window_overlap_tokens}, need twice as many; raise max_tokens, or lower "
                "window_overlap_tokens and with it max_mention_tokens"
            )

    def features(
        self, tokenized: TokenizedDocument, pairs: Iterable[CandidatePair] | None = None
    ) -> Iterator[DocumentFeatures]:
        """Yield the document's windows with some of the pairs; without `pairs`, with every candidate."""
        windows, rows, markers = self._windows(tokenized)
        shown = {
            key: frozenset(index for index, window in enumerate(windows) if spans_inside(spans, window))
            for key, spans in tokenized.mention_spans.items()
        }
        chosen = self.candidates(tokenized) if pairs is None else pairs
        scored = (_window_pair(tokenized, windows, shown, pair) for pair in chosen)
        most = max(PAIRS_PER_PASS, int(PAIRS_PER_TOKEN * len(tokenized.token_ids)))
        while some := tuple(islice(scored, most)):
            yield DocumentFeatures(rows, some, markers, self.settings.soft_prompt_tokens)

    def collate(self, features: Sequence[DocumentFeatures]) -> dict[str, np.ndarray]:
        """Return the model's inputs for these windows and their pairs, int64: the fields of `DocumentInputs`.

        Documents, entities and windows are numbered through the batch.
        """
        input_ids, attention_mask = padded([row for document in features for row in document.rows], self.pad_id)
        first_windows = np.cumsum([0, *(len(document.rows) for document in features)])
        mentions: list[tuple[int, int, int]] = []
        numbers: dict[tuple[int, tuple[str, str]], int] = {}  # (document, entity) -> number in the batch
        pair_type_ids, pair_entities, windows_of_pairs = [], [], []
        for number, (document, first) in enumerate(zip(features, first_windows, strict=False)):
            for marker in document.markers:
                entity = numbers.setdefault((number, marker.entity), len(numbers))
                mentions.append((first + marker.window, marker.position, entity))
            for scored in document.pairs:
                pair_type_ids.append(scored.pair.pair_type_id)
                sides = scored.pair.entity1, scored.pair.entity2
                pair_entities.append([numbers[number, entity.key] for entity in sides])
                windows_of_pairs.append([first + window for window in scored.windows])
        mention_columns = np.array(mentions, dtype=np.int64).T
        return {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            **dict(zip(("mention_windows", "mention_positions", "mention_entities"), mention_columns, strict=True)),
            "pair_type_ids": np.array(pair_type_ids, dtype=np.int64),
            "pair_entities": np.array(pair_entities, dtype=np.int64),
            "pair_windows": padded(windows_of_pairs, -1)[0],
        }

    def passes(self, features: Sequence[DocumentFeatures], token_budget: int) -> list[list[int]]:
        """Return indices of features that go through the model together; packed rows have no padding."""
        return neighbour_groups(features, token_budget, PAIRS_PER_PASS)

    def _windows(
        self, tokenized: TokenizedDocument
    ) -> tuple[Sequence[Span], tuple[tuple[int, ...], ...], tuple[MentionMarker, ...]]:  # fmt: skip
        """Return the windows, the row of each, and the markers in them.

        Where so many mentions lie inside one that its tags fill more than a window, the document is read without tags,
        and the first token of a mention is its marker.
        """
        tagged = self._tagged_spans(tokenized)
        windows = self._text_windows(tokenized, tagged)
        every_span = [span for spans, _ in tagged for span in spans]
        if not all(any(spans_inside([span], window) for window in windows) for span in every_span):
            windows, tagged = self._text_windows(tokenized, []), []
        parts = [tagged_tokens(tokenized.token_ids, window, tagged) for window in windows]
        tag_numbers = {tag: number for number, (_, tag) in enumerate(tagged)}
        markers = []
        for index, (window, (_, places)) in enumerate(zip(windows, parts, strict=True)):
            for key, spans in tokenized.mention_spans.items():
                tag = self.tag_ids.get((key[1], SOURCE))
                if tag is None:  # a type that takes part in no pair
                    continue
                for span in spans_inside(spans, window):
                    place = places[tag_numbers[tag], span] if tagged else span[0] - window[0]
                    markers.append(MentionMarker(key, index, 1 + place))
        rows = tuple((self.cls_id, *tokens, self.sep_id) for tokens, _ in parts)
        return windows, rows, tuple(markers)

    def _tagged_spans(self, tokenized: TokenizedDocument) -> list[tuple[list[Span], tuple[int, ...]]]:
        """Return the spans that get each tag; types that share a tag share that of one span."""
        spans: dict[tuple[int, ...], set[Span]] = {}
        for (_, kind), found in sorted(tokenized.mention_spans.items(), key=lambda entry: entry[0][1]):
            if (kind, SOURCE) in self.tag_ids:
                spans.setdefault(self.tag_ids[kind, SOURCE], set()).update(found)
        return [(sorted(found), tag) for tag, found in spans.items()]

    def _text_windows(self, tokenized: TokenizedDocument, tagged: Sequence[Any]) -> Sequence[Span]:
        costly = sorted(span for spans, _ in tagged for span in spans)
        ruler = WindowRuler(len(tokenized.token_ids), tokenized.sentences, costly, (), self._window_tokens)
        overlap = self.settings.window_overlap_tokens
        windows = text_windows(ruler, overlap)
        if len(windows) <= LONG_TEXT_WINDOWS:
            return windows
        spans = [span for found in tokenized.mention_spans.values() for span in found]
        longest = max((end - start for start, end in spans), default=0)  # a window shows every mention
        return text_windows(ruler, min(overlap, max(longest, int(LONG_TEXT_OVERLAP * overlap))))


def _window_pair(
    tokenized: TokenizedDocument,
    windows: Sequence[Span],
    shown: Mapping[tuple[str, str], frozenset[int]],
    pair: CandidatePair,
) -> WindowPair:
    """Return the pair in every window that shows both entities or, where none does, in those of the closest mentions.

    Args:
        shown: (identifier, entity type) -> indices of the windows that hold a mention of the entity.
    """
    key1, key2 = pair.entity1.key, pair.entity2.key
    closest = closest_spans(tokenized.mention_spans[key1], tokenized.mention_spans[key2])
    together = shown[key1] & shown[key2]
    scored_in = together or {
        next(index for index, window in enumerate(windows) if spans_inside([span], window)) for span in closest
    }
    return WindowPair(pair, tuple(sorted(scored_in)), tokenized.evidence(*closest), cross_window=not together)
