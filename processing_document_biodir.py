"""One pass over the text for all pairs: a document's windows with every mention tagged, and where pairs are asked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from torch import Tensor

from .document_candidates_biodir import CandidatePair
from .errors_biodir import SettingError
from .processing_batching_biodir import collate_documents, packed_groups
from .processing_features_biodir import DocumentFeatures, MentionMarker, WindowPair
from .processing_tokens_biodir import (
    SOURCE,
    BaseProcessor,
    PairwiseProcessor,
    ProcessingSettings,
    TokenizedDocument,
    evidence_chars,
    tagged_tokens,
)
from .processing_windows_biodir import TAGS_PER_MENTION, Span, WindowRuler, closest_spans, spans_inside, text_windows

# Pairs of one document that are asked about together: bounds the memory, and lets the text be read again but seldom.
PAIRS_PER_PASS = 2048


@dataclass(frozen=True)
class _Rows:
    """Token ids of each window, and the mentions in them."""

    rows: tuple[tuple[int, ...], ...]
    mentions: tuple[MentionMarker, ...]


class DocumentProcessor(BaseProcessor):
    """The document form: windows in which every mention is tagged with its type, and the pairs asked about in each.

    The tags are those of the source role.

    Raises:
        CheckpointError: the tokenizer lacks a tag.
        SettingError: `max_tokens` leaves no room for the text, or mentions can be longer than what windows share.
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
        self, encoded: TokenizedDocument, pairs: Iterable[CandidatePair] | None = None
    ) -> Iterator[DocumentFeatures]:
        """The document's windows with the pairs, `PAIRS_PER_PASS` at a time; without `pairs`, with every candidate."""
        windows, made = self._windows(encoded)
        shown = {
            key: frozenset(index for index, window in enumerate(windows) if spans_inside(spans, window))
            for key, spans in encoded.mention_spans.items()
        }
        questions = (
            _question(encoded, windows, shown, pair) for pair in (self.candidates(encoded) if pairs is None else pairs)
        )
        while some := tuple(islice(questions, PAIRS_PER_PASS)):
            yield DocumentFeatures(made.rows, some, made.mentions, self.settings.soft_prompt_tokens)

    def collate(self, features: Sequence[DocumentFeatures]) -> dict[str, Tensor]:
        """The model's inputs for these features, see `collate_documents`."""
        return collate_documents(features, self.pad_id)

    def passes(self, features: Sequence[DocumentFeatures], token_budget: int) -> list[list[int]]:
        """Indices of features that go through the model together, see `packed_groups`."""
        return self.groups(features, token_budget)

    def groups(self, features: Sequence[DocumentFeatures], token_budget: int) -> list[list[int]]:
        """Indices of features that make a batch of training, see `packed_groups`."""
        return packed_groups(features, token_budget, PAIRS_PER_PASS)

    def _windows(self, encoded: TokenizedDocument) -> tuple[Sequence[Span], _Rows]:
        """The windows and what they are made to rows of.

        Where so many mentions lie inside one that its tags fill more than a window, the document is read without tags,
        and a mention is where its first token is.
        """
        tagged = self._tagged_spans(encoded)
        windows = self._text_windows(encoded, tagged)
        every_span = [span for spans, _ in tagged for span in spans]
        if not all(any(spans_inside([span], window) for window in windows) for span in every_span):
            windows, tagged = self._text_windows(encoded, []), []
        parts = [tagged_tokens(encoded.token_ids, window, tagged) for window in windows]
        tag_numbers = {tag: number for number, (_, tag) in enumerate(tagged)}
        mentions = []
        for index, (window, (_, places)) in enumerate(zip(windows, parts, strict=True)):
            for key, spans in encoded.mention_spans.items():
                tag = self.tag_ids.get((key[1], SOURCE))
                if tag is None:  # a type that takes part in no pair
                    continue
                for span in spans_inside(spans, window):
                    place = places[tag_numbers[tag], span] if tagged else span[0] - window[0]
                    mentions.append(MentionMarker(key, index, 1 + place))
        rows = tuple((self.cls_id, *tokens, self.sep_id) for tokens, _ in parts)
        return windows, _Rows(rows, tuple(mentions))

    def _tagged_spans(self, encoded: TokenizedDocument) -> list[tuple[list[Span], tuple[int, ...]]]:
        """The spans that get each tag; types that share a tag share that of one span."""
        spans: dict[tuple[int, ...], set[Span]] = {}
        for (_, kind), found in sorted(encoded.mention_spans.items(), key=lambda entry: entry[0][1]):
            if (kind, SOURCE) in self.tag_ids:
                spans.setdefault(self.tag_ids[kind, SOURCE], set()).update(found)
        return [(sorted(found), tag) for tag, found in spans.items()]

    def _text_windows(self, encoded: TokenizedDocument, tagged: Sequence[tuple[list[Span], Any]]) -> Sequence[Span]:
        costly = sorted(span for spans, _ in tagged for span in spans)
        ruler = WindowRuler(len(encoded.token_ids), encoded.sentences, costly, (), self._window_tokens)
        return text_windows(ruler, self.settings.window_overlap_tokens)


def make_processor(tokenizer: Any, config: Any) -> PairwiseProcessor | DocumentProcessor:
    """The encoder of pairs that a `BioDirConfig`, from whichever copy of its class, asks for."""
    encoders: dict[str, type[PairwiseProcessor | DocumentProcessor]] = {
        "pairwise": PairwiseProcessor,
        "document": DocumentProcessor,
    }
    return encoders[config.pair_encoding](tokenizer, ProcessingSettings.from_config(config))


def _question(
    encoded: TokenizedDocument,
    windows: Sequence[Span],
    shown: Mapping[tuple[str, str], frozenset[int]],
    pair: CandidatePair,
) -> WindowPair:
    """The pair in every window that shows both entities or, where none does, in those of the closest mentions.

    Args:
        shown: (identifier, entity type) -> indices of the windows that hold a mention of the entity.
    """
    keys = [(entity.identifier, entity.entity_type) for entity in (pair.entity1, pair.entity2)]
    closest = closest_spans(*(encoded.mention_spans[key] for key in keys))
    together = shown[keys[0]] & shown[keys[1]]
    asked = together or {_window_of(windows, span) for span in closest}
    return WindowPair(pair, tuple(sorted(asked)), evidence_chars(encoded, *closest), cross_window=not together)


def _window_of(windows: Sequence[Span], span: Span) -> int:
    """Index of the first window that holds the whole span."""
    return next(index for index, window in enumerate(windows) if spans_inside([span], window))
