"""Tokens of a document with the places of its sentences and mentions: what both forms of processing share."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from .document_biodir import Document, Entity, Mention, Span
from .document_candidates_biodir import CandidatePair, candidate_pairs
from .document_sentences_biodir import sentence_spans
from .errors_biodir import CheckpointError
from .processing_tags_biodir import SOURCE, TARGET, closing_tag, opening_tag

# Tokens of a batch, in passes of `token_budget`. On ten abstracts with three chunks, 4096 tokens and 16 passes pad 4 %
# of the tokens; 8192 and 4, 10 %.
PASSES_PER_BATCH = 16
_LONG_SPACE = re.compile(r"\s{100,}")


@dataclass(frozen=True)
class ProcessingSettings:
    """What a processor must know; the fields are those of `BioDirConfig` with the same names.

    >>> from biodir.configuration_biodir import BioDirConfig
    >>> ProcessingSettings.from_config(BioDirConfig(max_tokens=256, novelty_labels=[])).tasks
    ('relation', 'direction')
    """

    pair_types: Sequence[Sequence[str]]
    tag_types: Mapping[str, str]
    tasks: Sequence[str]
    hard_prompt: str
    chunks: Sequence[str]
    chunk_tokens: Mapping[str, int]
    max_tokens: int
    soft_prompt_tokens: int
    infix_min_tokens: int
    max_name_tokens: int
    max_mention_tokens: int
    window_overlap_tokens: int

    @classmethod
    def from_config(cls, config: Any) -> "ProcessingSettings":
        """Return the settings of a `BioDirConfig`, from whichever copy of its class."""
        return cls(**{field.name: getattr(config, field.name) for field in fields(cls)})


@dataclass(frozen=True)
class TokenizedDocument:
    """A document with its tokens; spans count tokens of `token_ids`.

    Args:
        document: the document.
        entities: its linked entities, ordered by first mention.
        token_ids: of the text, with a `[SEP]` between sentences.
        sentences: token spans of the sentences.
        sentence_chars: character spans of the sentences.
        mention_spans: (identifier, entity type) -> sorted token spans of the entity's mentions. A mention longer than
            `max_mention_tokens` is represented by its first tokens, so that every window can show it.

    With a `document`, "Iron binds EGFR.", a `model` and its `tokenizer`:

    >>> processor = BaseProcessor(tokenizer, ProcessingSettings.from_config(model.config))
    >>> tokenized = processor.tokenize(document)
    >>> [(start, end)] = tokenized.mention_spans["1956", "GeneOrGeneProduct"]
    >>> tokenizer.decode(tokenized.token_ids[start:end])
    'egfr'
    """

    document: Document
    entities: tuple[Entity, ...]
    token_ids: tuple[int, ...]
    sentences: tuple[Span, ...]
    sentence_chars: tuple[Span, ...]
    mention_spans: Mapping[tuple[str, str], tuple[Span, ...]]

    def evidence(self, closest1: Span, closest2: Span) -> tuple[Span, ...]:
        """Return character spans of the sentences that hold the closest mentions, in the order of the text."""
        # A mention without a token may be at its sentence's end; a [SEP] separates that place from the next sentence.
        first = bisect_right(self._sentence_starts, closest1[0]) - 1
        second = bisect_right(self._sentence_starts, closest2[0]) - 1
        if first == second:
            return (self.sentence_chars[first],)
        return self.sentence_chars[min(first, second)], self.sentence_chars[max(first, second)]

    @cached_property
    def _sentence_starts(self) -> list[int]:
        return [start for start, _ in self.sentences]


class BaseProcessor:
    """Turns documents into tokens, and knows the ids of the boundary tags.

    Args:
        tokenizer: a fast tokenizer of transformers that holds the tags and task tokens. What is used of it is
            `backend_tokenizer`, a `tokenizers.Tokenizer`, and the ids of its cls, sep, pad and unk tokens.
        settings: see `ProcessingSettings`.

    Raises:
        CheckpointError: the tokenizer is not a fast one, or lacks a token.

    With a `model` and its `tokenizer`:

    >>> processor = BaseProcessor(tokenizer, ProcessingSettings.from_config(model.config))
    >>> tokenizer.convert_ids_to_tokens(processor.tag_ids["SequenceVariant", "Src"])  # the paper: those of genes
    ['@GeneOrGeneProductSrc$', '@GeneOrGeneProductSrc/$']
    """

    def __init__(self, tokenizer: Any, settings: ProcessingSettings) -> None:
        self.settings = settings
        self.cls_id, self.sep_id, self.pad_id = _bracket_ids(tokenizer)
        self._unk_id = tokenizer.unk_token_id
        backend = tokenizer.backend_tokenizer
        self._tokenizer = type(backend).from_str(backend.to_str())  # a copy, whose settings nobody else changes
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()  # windows are cut later
        self.tag_ids: dict[tuple[str, str], tuple[int, ...]] = {}
        for kind in {kind for pair_type in settings.pair_types for kind in pair_type}:
            tag_type = settings.tag_types.get(kind, kind)
            for role in (SOURCE, TARGET):
                tags = opening_tag(tag_type, role), closing_tag(tag_type, role)
                self.tag_ids[kind, role] = tuple(map(self._token_id, tags))

    def tokenize(self, document: Document) -> TokenizedDocument:
        """Return the document's tokens with the places of its sentences and mentions."""
        sentences = sentence_spans(document)
        cuts = _cut_positions(document, sentences)
        token_ids, starts, ends = self._tokenize(document.text, cuts, {cuts[start] for start, _ in sentences})
        entities, most = document.entities(), self.settings.max_mention_tokens

        def span_of(mention: Mention) -> Span:
            start = starts[cuts[mention.start_char]]
            return start, min(ends[cuts[mention.end_char]], start + most)

        return TokenizedDocument(
            document=document,
            entities=entities,
            token_ids=token_ids,
            sentences=tuple((starts[cuts[start]], ends[cuts[end]]) for start, end in sentences),
            sentence_chars=sentences,
            mention_spans={entity.key: tuple(sorted(set(map(span_of, entity.mentions)))) for entity in entities},
        )

    def candidates(self, tokenized: TokenizedDocument) -> Iterator[CandidatePair]:
        """Return the document's candidate pairs, in the order of the text."""
        return candidate_pairs(tokenized.entities, self.settings.pair_types)

    def _tokenize(
        self, text: str, cuts: Mapping[int, int], sentence_starts: set[int]
    ) -> tuple[tuple[int, ...], dict[int, int], dict[int, int]]:
        """Return the token ids of the text, and the token index of a span that starts, or ends, at each cut."""
        positions = sorted({0, len(text), *cuts.values()})
        # Long white space is what is between passages, or not read; byte-level tokenizers make tokens of it.
        pieces = [_LONG_SPACE.sub(" ", text[start:end]) for start, end in pairwise(positions)]
        # Text that looks like a special token ("[SEP]", a tag) is text: it must not steer the model.
        ids_of = self._encode(pieces, special_tokens_are_text=True) if pieces else []
        token_ids: list[int] = []
        starts, ends = {}, {}
        for position, ids in zip(positions, [*ids_of, []], strict=True):
            ends[position] = len(token_ids)
            if position in sentence_starts and token_ids:
                token_ids.append(self.sep_id)
            starts[position] = len(token_ids)
            token_ids.extend(ids)
        return tuple(token_ids), starts, ends

    def _encode(self, texts: Sequence[str], special_tokens_are_text: bool) -> list[list[int]]:
        """Return the token ids of each text, without [CLS] and [SEP]."""
        self._tokenizer.encode_special_tokens = special_tokens_are_text
        return [encoding.ids for encoding in self._tokenizer.encode_batch(texts, add_special_tokens=False)]

    def _token_id(self, token: str) -> int:
        """Return the id of a tag or task token."""
        token_id: int | None = self._tokenizer.token_to_id(token)
        if token_id is None or token_id == self._unk_id:
            raise CheckpointError(
                f"the tokenizer lacks {token!r}; load the tokenizer that was saved beside the model, or add the tokens "
                "of special_tokens() to it"
            )
        return token_id


def padded(rows: Sequence[Sequence[int]], fill: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows, (rows, tokens), filled at their ends, and ones at what is not filled; both int64."""
    values = np.full((len(rows), max(map(len, rows))), fill, dtype=np.int64)
    mask = np.zeros_like(values)
    for number, row in enumerate(rows):
        values[number, : len(row)] = row
        mask[number, : len(row)] = 1
    return values, mask


def neighbour_groups(features: Sequence[Any], max_tokens: int, max_pairs: int | None = None) -> list[list[int]]:
    """Return indices of features in groups of neighbours, each of at most so many tokens and, unless None, pairs.

    Features that are larger than that form a group of their own.
    """
    groups: list[list[int]] = []
    tokens = pairs = 0
    for index, found in enumerate(features):
        own_pairs = len(found.pairs) if max_pairs is not None else 0
        tokens, pairs = tokens + found.tokens, pairs + own_pairs
        if not groups or tokens > max_tokens or pairs > (max_pairs or 0):
            groups.append([])
            tokens, pairs = found.tokens, own_pairs
        groups[-1].append(index)
    return groups


def _bracket_ids(tokenizer: Any) -> tuple[int, ...]:
    """Return the ids that open, separate and pad rows; encoders without `[CLS]` and `[SEP]` have `<s>` and `</s>`."""
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise CheckpointError(f"{type(tokenizer).__name__} is not a fast tokenizer; save one with tokenizer.json")
    names = ("cls_token_id", "sep_token_id", "pad_token_id")
    for name in names:
        if getattr(tokenizer, name) is None:
            raise CheckpointError(f"the tokenizer has no {name[:-3]}; biodir needs an encoder of the BERT family")
    return tuple(getattr(tokenizer, name) for name in names)


def _cut_positions(document: Document, sentences: Sequence[Span]) -> dict[int, int]:
    """Return where the text is cut for tokenization, for each border of a mention or sentence.

    A cut moves left over white space: byte-level tokenizers write a space as part of the word after it.
    """
    borders = {border for span in sentences for border in span}
    for mention in document.mentions:
        borders.update((mention.start_char, mention.end_char))
    cuts = {}
    for border in borders:
        cut = border
        while cut > 0 and document.text[cut - 1].isspace():
            cut -= 1
        cuts[border] = cut
    return cuts
