"""One pass over the text for all pairs: the windows of a document, and what is asked about its pairs.

The levitated encoding reads the bare text; a pair is a query of task tokens and of tags that take the places of the
mentions' tokens. The pooled encoding reads the text with all mentions tagged; a pair is nothing but its two entities.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from torch import Tensor

from .batching_biodir import collate_mentions, collate_queries, packed_groups
from .candidates_biodir import CandidatePair
from .chunking_biodir import TAGS_PER_MENTION, Span, WindowRuler, closest_spans, spans_inside, text_windows
from .encoding_biodir import (
    SOURCE,
    TARGET,
    TASK_TOKENS,
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


class WindowEncoder(DocumentEncoder):
    """What the levitated and the pooled encoding share: windows, and the pairs that are asked about in each.

    Raises:
        CheckpointError: the tokenizer lacks a token.
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
            self._question(encoded, windows, shown, pair)
            for pair in (self.candidates(encoded) if pairs is None else pairs)
        )
        while some := tuple(islice(questions, PAIRS_PER_PASS)):
            yield WindowFeatures(rows, some, mentions, self.settings.soft_prompt_tokens)

    def passes(self, features: Sequence[WindowFeatures], token_budget: int) -> list[list[int]]:
        """Indices of features that go through the model together, see `packed_groups`."""
        return self.groups(features, token_budget)

    def groups(self, features: Sequence[WindowFeatures], token_budget: int) -> list[list[int]]:
        """Indices of features that make a batch of training, see `packed_groups`."""
        return packed_groups([document.tokens for document in features], token_budget)

    def collate(self, features: Sequence[WindowFeatures]) -> dict[str, Tensor]:
        """The model's inputs for these features."""
        raise NotImplementedError

    def _windows(self, encoded: EncodedDocument):
        """The windows, their rows and the tagged mentions."""
        raise NotImplementedError

    def _query(self, encoded: EncodedDocument, window: Span, pair: CandidatePair):
        """Token ids and places in the window's row of what is asked of the pair."""
        return (), ()

    def _infix(self, encoded: EncodedDocument, pair: CandidatePair, closest: tuple[Span, Span]) -> Span | None:
        """The tokens that the second set of task tokens sees; None without such a set."""
        return None

    def _question(
        self,
        encoded: EncodedDocument,
        windows: Sequence[Span],
        shown: Mapping[tuple[str, str], frozenset[int]],
        pair: CandidatePair,
    ) -> PairQuestion:
        keys = [(entity.identifier, entity.entity_type) for entity in (pair.entity1, pair.entity2)]
        closest = closest_spans(*(encoded.mention_spans[key] for key in keys))
        together = shown[keys[0]] & shown[keys[1]]
        chosen = sorted(together or {_window_of(windows, span) for span in closest})
        queries = [self._query(encoded, windows[index], pair) for index in chosen]
        infix = self._infix(encoded, pair, closest)
        return PairQuestion(
            pair=pair,
            windows=tuple(chosen),
            query_ids=tuple(ids for ids, _ in queries),
            query_positions=tuple(positions for _, positions in queries),
            infix=tuple(_part_of_row(infix, windows[index]) for index in chosen) if infix else (),
            evidence=evidence_chars(encoded, *closest),
            cross_window=not together,
        )


class LevitatedEncoder(WindowEncoder):
    """Bare windows, and a query for every pair: task tokens, then a tag at the place of each token that it marks.

    Task tokens take the place of the window's first token. With the infix among the chunks a second set of task
    tokens sees no text but that.
    """

    def __init__(self, tokenizer: Any, settings: EncodingSettings) -> None:
        super().__init__(tokenizer, settings)
        task_ids = tuple(self.token_id(TASK_TOKENS[task]) for task in settings.tasks)
        self._task_ids = task_ids * (2 if "infix" in settings.chunks else 1)

    def collate(self, features: Sequence[WindowFeatures]) -> dict[str, Tensor]:
        """The model's inputs for these features, see `collate_queries`."""
        return collate_queries(features, self.pad_id)

    def _windows(self, encoded: EncodedDocument):
        ruler = WindowRuler(len(encoded.token_ids), encoded.sentences, (), (), self._window_tokens)
        windows = text_windows(ruler, self.settings.window_overlap_tokens)
        rows = tuple((self.cls_id, *encoded.token_ids[start:end], self.sep_id) for start, end in windows)
        return windows, rows, ()

    def _query(self, encoded: EncodedDocument, window: Span, pair: CandidatePair):
        ids, positions = list(self._task_ids), [0] * len(self._task_ids)
        for entity, role in ((pair.entity1, SOURCE), (pair.entity2, TARGET)):
            spans = encoded.mention_spans[entity.identifier, entity.entity_type]
            for start, end in spans_inside(spans, window):
                ids += self.tag_ids[entity.entity_type, role]
                positions += [1 + start - window[0], 1 + max(start, end - 1) - window[0]]
        return tuple(ids), tuple(positions)

    def _infix(self, encoded: EncodedDocument, pair: CandidatePair, closest: tuple[Span, Span]) -> Span | None:
        if "infix" not in self.settings.chunks:
            return None
        ruler = WindowRuler(len(encoded.token_ids), encoded.sentences, closest[:1], closest[1:], self._window_tokens)
        parts = ruler.infix(*closest, self.settings.infix_min_tokens)
        return min(start for start, _ in parts), max(end for _, end in parts)


class PooledEncoder(WindowEncoder):
    """Windows in which every mention is tagged with its type; the tags are those of the source role."""

    def collate(self, features: Sequence[WindowFeatures]) -> dict[str, Tensor]:
        """The model's inputs for these features, see `collate_mentions`."""
        return collate_mentions(features, self.pad_id)

    def _windows(self, encoded: EncodedDocument):
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


def pair_encoder(tokenizer: Any, config: Any) -> PairEncoder | WindowEncoder:
    """The encoder of pairs that a `BioDirConfig`, from whichever copy of its class, asks for."""
    encoders = {"solid": PairEncoder, "levitated": LevitatedEncoder, "pooled": PooledEncoder}
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


def _window_of(windows: Sequence[Span], span: Span) -> int:
    """Index of the first window that holds the whole span."""
    return next(index for index, window in enumerate(windows) if spans_inside([span], window))


def _part_of_row(part: Span, window: Span) -> Span:
    """Places in the window's row of the part of the document; the whole row where the window has nothing of it."""
    start, end = max(part[0], window[0]), min(part[1], window[1])
    if start >= end:
        return 0, window[1] - window[0] + 2
    return 1 + start - window[0], 1 + end - window[0]
