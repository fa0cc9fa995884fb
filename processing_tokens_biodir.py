"""One pair -> token ids: the one encoder of pairs for training, evaluation and the pipeline.

A document is tokenized once, whatever the number of its pairs; a pair only cuts windows out of the document's tokens
and puts boundary tags and the hard prompt in. A row of one chunk is

    [CLS] hard prompt [SEP] chunk [SEP] soft prompt

where the soft prompt is held open by padding ids that are attended to; the model puts its learned vectors there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from torch import Tensor

from .configuration_biodir import CHUNK_NAMES
from .document_biodir import Document, Entity
from .document_candidates_biodir import CandidatePair, candidate_pairs
from .document_sentences_biodir import sentence_spans
from .errors_biodir import CheckpointError, SettingError
from .processing_batching_biodir import collate_pairs, length_groups
from .processing_features_biodir import PairwiseFeatures
from .processing_windows_biodir import TAGS_PER_MENTION, Span, WindowRuler, pair_windows, spans_inside

SOURCE, TARGET = "Src", "Tgt"
# The word of the hard prompt for each task, in the order in which the paper's prompt names them.
TASK_TOKENS = {"relation": "[REL]", "direction": "[DIR]", "novelty": "[NOV]"}


def opening_tag(tag_type: str, role: str) -> str:
    """The boundary tag in front of a mention, such as ``@ChemicalEntitySrc$``."""
    return f"@{tag_type}{role}$"


def closing_tag(tag_type: str, role: str) -> str:
    """The boundary tag behind a mention, such as ``@ChemicalEntitySrc/$``."""
    return f"@{tag_type}{role}/$"


def special_tokens(pair_types: Sequence[Sequence[str]], tag_types: Mapping[str, str]) -> list[str]:
    """The boundary tags of all types that occur in pairs, and the task tokens, sorted."""
    types = {tag_types.get(kind, kind) for pair_type in pair_types for kind in pair_type}
    tags = [make(kind, role) for kind in types for role in (SOURCE, TARGET) for make in (opening_tag, closing_tag)]
    return sorted([*tags, *TASK_TOKENS.values()])


@dataclass(frozen=True)
class ProcessingSettings:
    """What the encoder of pairs must know; the fields are those of the configuration with the same names."""

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
        """The settings of a `BioDirConfig`, from whichever copy of its class."""
        return cls(**{field.name: getattr(config, field.name) for field in fields(cls)})


@dataclass(frozen=True)
class TokenizedDocument:
    """A document with its tokens; spans count tokens of `token_ids`.

    `mention_spans` holds the sorted token spans of the mentions of each entity, by (identifier, entity type). A
    mention longer than `max_mention_tokens` is represented by its first tokens, so that every window can show it.
    """

    document: Document
    entities: tuple[Entity, ...]
    token_ids: tuple[int, ...]
    sentences: tuple[Span, ...]
    sentence_chars: tuple[Span, ...]
    mention_spans: Mapping[tuple[str, str], tuple[Span, ...]]


class BaseProcessor:
    """Turns documents into tokens, and knows the ids of the tags; what both pair encodings share.

    Args:
        tokenizer: a fast tokenizer of transformers that holds the tags and task tokens.
        settings: see `ProcessingSettings`.

    Raises:
        CheckpointError: the tokenizer lacks a tag.
    """

    def __init__(self, tokenizer: Any, settings: ProcessingSettings) -> None:
        self.tokenizer = tokenizer
        self.settings = settings
        self.cls_id, self.sep_id, self.pad_id = _bracket_ids(tokenizer)
        self.tag_ids = {
            (kind, role): tuple(self._token_id(make(tag_type, role)) for make in (opening_tag, closing_tag))
            for kind, tag_type in self._tag_type_of_each().items()
            for role in (SOURCE, TARGET)
        }

    def tokenize(self, document: Document) -> TokenizedDocument:
        """The document's tokens, with a `[SEP]` between sentences, and where its sentences and mentions lie in them."""
        sentences = sentence_spans(document)
        cuts = _cut_positions(document, sentences)
        token_ids, starts, ends = self._tokenize(document.text, cuts, {cuts[start] for start, _ in sentences})
        entities = document.entities()
        return TokenizedDocument(
            document=document,
            entities=entities,
            token_ids=token_ids,
            sentences=tuple((starts[cuts[start]], ends[cuts[end]]) for start, end in sentences),
            sentence_chars=sentences,
            mention_spans={
                (entity.identifier, entity.entity_type): _clipped(
                    {(starts[cuts[m.start_char]], ends[cuts[m.end_char]]) for m in entity.mentions},
                    self.settings.max_mention_tokens,
                )
                for entity in entities
            },
        )

    def candidates(self, encoded: TokenizedDocument) -> Iterator[CandidatePair]:
        """The document's candidate pairs, in the order of the text."""
        return candidate_pairs(encoded.entities, self.settings.pair_types)

    def _tokenize(
        self, text: str, cuts: Mapping[int, int], sentence_starts: set[int]
    ) -> tuple[tuple[int, ...], dict[int, int], dict[int, int]]:
        """Token ids of the text, and the token index that a span starting, or ending, at each cut has."""
        positions = sorted({0, len(text), *cuts.values()})
        pieces = [text[start:end] for start, end in pairwise(positions)]
        ids_of = self._piece_ids(pieces) if pieces else []
        token_ids: list[int] = []
        starts, ends = {}, {}
        for position, ids in zip(positions, [*ids_of, []], strict=True):
            ends[position] = len(token_ids)
            if position in sentence_starts and token_ids:
                token_ids.append(self.sep_id)
            starts[position] = len(token_ids)
            token_ids.extend(ids)
        return tuple(token_ids), starts, ends

    def _piece_ids(self, pieces: list[str]) -> list[list[int]]:
        # Text that looks like a special token ("[SEP]", a tag) is text: it must not steer the model. The tokenizer's
        # own warning about length does not apply: windows are cut later.
        encoded = self.tokenizer(pieces, add_special_tokens=False, split_special_tokens=True, verbose=False)
        return encoded["input_ids"]

    def _tag_type_of_each(self) -> dict[str, str]:
        types = {kind for pair_type in self.settings.pair_types for kind in pair_type}
        return {kind: self.settings.tag_types.get(kind, kind) for kind in types}

    def _token_id(self, token: str) -> int:
        """The id of a tag or task token."""
        token_id = self.tokenizer.convert_tokens_to_ids(token)
        if token_id is None or token_id == self.tokenizer.unk_token_id:
            raise CheckpointError(
                f"the tokenizer lacks {token!r}; load the tokenizer that was saved beside the model, or add the tokens "
                "of special_tokens() to it"
            )
        return token_id


class PairwiseProcessor(BaseProcessor):
    """The pairwise form: rows of its own for every pair. Paper, section 2.

    Raises:
        CheckpointError: the tokenizer lacks a token.
        SettingError: a chunk name is unknown, or `max_tokens` leaves no room for the text.
    """

    def __init__(self, tokenizer: Any, settings: ProcessingSettings) -> None:
        super().__init__(tokenizer, settings)
        self._prompt_parts, self._task_positions = self._hard_prompt_parts()
        _check_room(self._fixed_tokens(), settings)

    def features(
        self, encoded: TokenizedDocument, pairs: Iterable[CandidatePair] | None = None
    ) -> Iterator[PairwiseFeatures]:
        """The features of the pairs, one at a time; without `pairs`, of every candidate in the order of the text."""
        for pair in self.candidates(encoded) if pairs is None else pairs:
            yield self.pair_features(encoded, pair)

    def collate(self, features: Sequence[PairwiseFeatures]) -> dict[str, Tensor]:
        """The model's inputs for these features, see `collate_pairs`."""
        return collate_pairs(features, self.pad_id)

    def passes(self, features: Sequence[PairwiseFeatures], token_budget: int) -> list[list[int]]:
        """All indices at once: the model itself groups rows of like length, of any pairs, under its token budget."""
        return [list(range(len(features)))] if features else []

    def groups(self, features: Sequence[PairwiseFeatures], token_budget: int) -> list[list[int]]:
        """Indices of features that make a batch of training, see `length_groups`."""
        return length_groups([pair.tokens for pair in features], token_budget)

    def pair_features(self, encoded: TokenizedDocument, pair: CandidatePair) -> PairwiseFeatures:
        """The features of one pair of the document."""
        spans1, spans2 = (
            encoded.mention_spans[entity.identifier, entity.entity_type] for entity in (pair.entity1, pair.entity2)
        )
        head = self._row_head(encoded, pair, spans1[0], spans2[0])
        chunk_tokens = self.settings.max_tokens - len(head) - 1 - self.settings.soft_prompt_tokens
        ruler = WindowRuler(len(encoded.token_ids), encoded.sentences, spans1, spans2, chunk_tokens)
        windows = pair_windows(ruler, self.settings.chunks, self.settings.infix_min_tokens, self.settings.chunk_tokens)
        tail = (self.sep_id, *[self.pad_id] * self.settings.soft_prompt_tokens)
        tags1 = self.tag_ids[pair.entity1.entity_type, SOURCE]
        tags2 = self.tag_ids[pair.entity2.entity_type, TARGET]
        rows = tuple(
            (*head, *tagged_tokens(encoded.token_ids, window, ((spans1, tags1), (spans2, tags2)))[0], *tail)
            for window in windows.windows
        )
        return PairwiseFeatures(
            pair,
            rows,
            self._task_positions,
            evidence_chars(encoded, windows.closest1, windows.closest2),
            windows.cross_window,
        )

    def _row_head(self, encoded: TokenizedDocument, pair: CandidatePair, first1: Span, first2: Span) -> list[int]:
        """`[CLS]`, the hard prompt with both names, `[SEP]`."""
        before, between, after = self._prompt_parts
        head = [self.cls_id, *before]
        for entity, role, (start, end), text in (
            (pair.entity1, SOURCE, first1, between),
            (pair.entity2, TARGET, first2, after),
        ):
            opening, closing = self.tag_ids[entity.entity_type, role]
            name = encoded.token_ids[start : min(end, start + self.settings.max_name_tokens)]
            head += [opening, *name, closing, *text]
        return [*head, self.sep_id]

    def _hard_prompt_parts(self) -> tuple[list[list[int]], tuple[int, ...]]:
        tasks = [task for task in TASK_TOKENS if task in self.settings.tasks]
        named = [TASK_TOKENS[task] for task in tasks]
        listed = " , ".join(named[:-1]) + " , and " * (len(named) > 2) + " and " * (len(named) == 2) + named[-1]
        before, rest = self.settings.hard_prompt.split("{entity1}")
        between, after = rest.split("{entity2}")
        parts = [before.replace("{tasks}", listed), between, after]
        ids = [self.tokenizer(part, add_special_tokens=False)["input_ids"] for part in parts]
        positions = tuple(1 + ids[0].index(self._token_id(TASK_TOKENS[task])) for task in self.settings.tasks)
        return ids, positions

    def _fixed_tokens(self) -> int:
        """Tokens of a row beside the chunk and the two names."""
        prompt = sum(len(part) for part in self._prompt_parts) + 2 * TAGS_PER_MENTION
        return prompt + 3 + self.settings.soft_prompt_tokens  # [CLS] and two [SEP]


def _bracket_ids(tokenizer: Any) -> tuple[int, ...]:
    """The ids that open, separate and pad rows; encoders without `[CLS]` and `[SEP]` have `<s>` and `</s>`."""
    if not getattr(tokenizer, "is_fast", False):
        raise CheckpointError(f"{type(tokenizer).__name__} is not a fast tokenizer; save one with tokenizer.json")
    names = ("cls_token_id", "sep_token_id", "pad_token_id")
    for name in names:
        if getattr(tokenizer, name) is None:
            raise CheckpointError(f"the tokenizer has no {name[:-3]}; biodir needs an encoder of the BERT family")
    return tuple(getattr(tokenizer, name) for name in names)


def _check_room(fixed_tokens: int, settings: ProcessingSettings) -> None:
    unknown = [name for name in settings.chunks if name not in CHUNK_NAMES]
    if unknown or not settings.chunks:
        raise SettingError(f"chunks {list(settings.chunks)!r}: choose from {', '.join(CHUNK_NAMES)}")
    needed = fixed_tokens + 2 * settings.max_name_tokens + 2 * (settings.max_mention_tokens + TAGS_PER_MENTION)
    if settings.max_tokens < needed:
        raise SettingError(
            f"max_tokens is {settings.max_tokens}, but prompts, names and two mentions can take {needed}; raise "
            "max_tokens or lower max_name_tokens, max_mention_tokens or soft_prompt_tokens"
        )


def _cut_positions(document: Document, sentences: Sequence[Span]) -> dict[int, int]:
    """Where the text is cut for tokenization, for each border of a mention or sentence.

    A cut moves left over white space: byte-level tokenizers write a space as part of the word behind it.
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


def _clipped(spans: set[Span], max_tokens: int) -> tuple[Span, ...]:
    """The spans in order, the long ones cut to their first tokens."""
    return tuple(sorted({(start, min(end, start + max_tokens)) for start, end in spans}))


def tagged_tokens(
    token_ids: Sequence[int], window: Span, tagged: Sequence[tuple[Sequence[Span], Sequence[int]]]
) -> tuple[list[int], dict[tuple[int, Span], int]]:
    """The window's tokens with the tags of the mentions inside it; tags of nested mentions nest.

    Args:
        tagged: sorted spans, with the opening and the closing tag that each of them gets.

    Returns:
        The tokens, and (index of `tagged`, span) -> the place of its opening tag among them.
    """
    # Position, then an order among tags at one position: closing, around nothing, opening.
    insertions: list[tuple[int, int, int, int, Span | None, tuple[int, ...]]] = []
    for role, (spans, (opening, closing)) in enumerate(tagged):
        for start, end in spans_inside(spans, window):
            if start == end:
                insertions.append((start, 1, 0, role, (start, end), (opening, closing)))
            else:
                insertions.append((start, 2, -end, role, (start, end), (opening,)))
                insertions.append((end, 0, -start, -role, None, (closing,)))
    tokens: list[int] = []
    places: dict[tuple[int, Span], int] = {}
    done = window[0]
    for position, _, _, role, opened, tags in sorted(insertions, key=lambda insertion: insertion[:4]):
        tokens += token_ids[done:position]
        if opened is not None:
            places[role, opened] = len(tokens)
        tokens += tags
        done = position
    return [*tokens, *token_ids[done : window[1]]], places


def evidence_chars(encoded: TokenizedDocument, closest1: Span, closest2: Span) -> tuple[Span, ...]:
    """Character spans of the sentences that hold the closest mentions, in the order of the text."""
    first, second = closest1[0], closest2[0]
    # A mention without a token may stand at its sentence's end; a [SEP] keeps that place from the next sentence.
    return tuple(
        chars
        for (start, end), chars in zip(encoded.sentences, encoded.sentence_chars, strict=True)
        if start <= first <= end or start <= second <= end
    )
