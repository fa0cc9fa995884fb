"""One pass over the text for all pairs: a document's windows with every mention tagged, and where pairs are asked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from torch import Tensor

from .batching_biodir import collate_windows, packed_groups
from .candidates_biodir import CandidatePair
from .chunking_biodir import TAGS_PER_MENTION, Span, WindowRuler, closest_spans, spans_inside, text_windows
from .encoding_biodir import (
    SOURCE,
    DocumentEncoder,
    EncodedDocument,
    EncodingSettings,
    PairEncoder,
    evidence_chars,
    tagged_tokens,
)
from .errors_biodir import AnnotationError, SettingError
from .features_biodir import MarkedMention, PairQuestion, WindowFeatures

# Pairs of one document that are asked about together: bounds the memory, and lets the text be read again but seldom.
PAIRS_PER_PASS = 512


class PooledEncoder(DocumentEncoder):
    """The pooled encoding: windows in which every mention is tagged with its type, and the pairs asked about in each.

    The tags are those of the source role.

    Raises:
        CheckpointError: the tokenizer lacks a tag.
        SettingError: `max_tokens` leaves no room for the text, or mentions can be longer than what windows share.
    """

    def __init__(self, tokenizer: Any, settings: EncodingSettings) -> None:
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
                f"{settings.window_overlap_tokens}, need twice as many; raise the one or lower the other"
            )

    def encode_pairs(
        self, encoded: EncodedDocument, pairs: Iterable[CandidatePair] | None = None
    ) -> Iterator[WindowFeatures]:
        """The document's windows with the pairs, `PAIRS_PER_PASS` at a time; without `pairs`, with every candidate."""
        windows, rows, mentions = self._windows(encoded)
        shown = {
            key: frozenset(index for index, window in enumerate(windows) if spans_inside(spans, window))
            for key, spans in encoded.mention_spans.items()
        }
        questions = (
            _question(encoded, windows, shown, pair) for pair in (self.candidates(encoded) if pairs is None else pairs)
        )
        while some := tuple(islice(questions, PAIRS_PER_PASS)):
            yield WindowFeatures(rows, some, mentions, self.settings.soft_prompt_tokens)

    def collate(self, features: Sequence[WindowFeatures]) -> dict[str, Tensor]:
        """The model's inputs for these features, see `collate_windows`."""
        return collate_windows(features, self.pad_id)

    def passes(self, features: Sequence[WindowFeatures], token_budget: int) -> list[list[int]]:
        """Indices of features that go through the model together, see `packed_groups`."""
        return self.groups(features, token_budget)

    def groups(self, features: Sequence[WindowFeatures], token_budget: int) -> list[list[int]]:
        """Indices of features that make a batch of training, see `packed_groups`."""
        return packed_groups([document.tokens for document in features], token_budget)

    def _windows(self, encoded: EncodedDocument):
        """The windows, their rows and the tagged mentions."""
        kinds = sorted({kind for _, kind in encoded.mention_spans if (kind, SOURCE) in self.tag_ids})
        tags = list(dict.fromkeys(self.tag_ids[kind, SOURCE] for kind in kinds))
        tag_of = {kind: tags.index(self.tag_ids[kind, SOURCE]) for kind in kinds}
        spans: list[set[Span]] = [set() for _ in tags]  # one tag for a mention of several entities
        for (_, kind), found in encoded.mention_spans.items():
            if kind in tag_of:
                spans[tag_of[kind]].update(found)
        tagged = [(sorted(found), tag) for found, tag in zip(spans, tags, strict=True)]
        everything = sorted(span for found, _ in tagged for span in found)
        ruler = WindowRuler(len(encoded.token_ids), encoded.sentences, everything, (), self._window_tokens)
        windows = text_windows(ruler, self.settings.window_overlap_tokens)
        _check_mentions(encoded, windows, ruler)
        rows, mentions = [], []
        for index, window in enumerate(windows):
            tokens, places = tagged_tokens(encoded.token_ids, window, tagged)
            rows.append((self.cls_id, *tokens, self.sep_id))
            mentions += [
                MarkedMention(key, index, 1 + places[tag_of[key[1]], span])
                for key, found in encoded.mention_spans.items()
                if key[1] in tag_of
                for span in spans_inside(found, window)
            ]
        return windows, tuple(rows), tuple(mentions)


def pair_encoder(tokenizer: Any, config: Any) -> PairEncoder | PooledEncoder:
    """The encoder of pairs that a `BioDirConfig`, from whichever copy of its class, asks for."""
    encoders = {"solid": PairEncoder, "pooled": PooledEncoder}
    return encoders[config.pair_encoding](tokenizer, EncodingSettings.from_config(config))


def _check_mentions(encoded: EncodedDocument, windows: Sequence[Span], ruler: WindowRuler) -> None:
    """Nothing where each mention lies whole in a window; what windows share sees to that, but for the tags of others.

    Raises:
        AnnotationError: the tags of the mentions inside a mention fill more than a window.
    """
    for span in ruler.spans1:
        if not any(spans_inside([span], window) for window in windows):
            raise AnnotationError(
                f"document {encoded.document.id}: a mention holds so many others that their tags fill more than the "
                f"{ruler.max_tokens} tokens of a window; leave some of them out"
            )


def _question(
    encoded: EncodedDocument,
    windows: Sequence[Span],
    shown: Mapping[tuple[str, str], frozenset[int]],
    pair: CandidatePair,
) -> PairQuestion:
    """The pair in every window that shows both entities or, where none does, in those of the closest mentions.

    Args:
        shown: (identifier, entity type) -> indices of the windows that hold a mention of the entity.
    """
    keys = [(entity.identifier, entity.entity_type) for entity in (pair.entity1, pair.entity2)]
    closest = closest_spans(*(encoded.mention_spans[key] for key in keys))
    together = shown[keys[0]] & shown[keys[1]]
    asked = together or {_window_of(windows, span) for span in closest}
    return PairQuestion(pair, tuple(sorted(asked)), evidence_chars(encoded, *closest), cross_window=not together)


def _window_of(windows: Sequence[Span], span: Span) -> int:
    """Index of the first window that holds the whole span."""
    return next(index for index, window in enumerate(windows) if spans_inside([span], window))
