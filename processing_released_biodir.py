"""The input of NCBI's released weights, as the authors' code makes it: `pair_encoding="released"`.

Only checkpoints of `biodir import-released` are read this way. Its ways that differ from the paper, each of which moves
scores, are here, and those of the model in `modeling_released_biodir`:

- The hard prompt is in a row twice: the released code cuts nothing but `[CLS]` from what it calls the text.
- A row has no closing `[SEP]`.
- The infix is the repeated prompt, which holds both entities, and the sentences that hold both: so no sentence between
  two others is in it.
- After the text, as many padding tokens are attended to as the soft prompt has vectors: its mask counts from the first
  token, but the prompt is at the end of 512 places. Here they are tokens of the row, and no other padding is made.
- Tags are put around word pieces, found by counting characters. So they slip after a character that the tokenizer
  drops, or a word that it does not know.
- Identifiers without regard to types find the mentions of an entity, and a mention of both is one of the first.
- Text that looks like a special token is one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise
from typing import Any

from .document_biodir import Document, Entity, Mention, Span
from .document_candidates_biodir import CandidatePair, candidate_pairs
from .document_sentences_biodir import sentence_spans
from .errors_biodir import AnnotationError
from .labels_biodir import type_pair
from .processing_chunks_biodir import closest_sentences
from .processing_pairwise_biodir import PairwiseFeatures, PairwiseProcessor
from .processing_tags_biodir import SOURCE, TARGET, TASK_TOKENS, closing_tag, opening_tag
from .processing_tokens_biodir import ProcessingSettings

# A mention, and the first and the last of its tokens, counted in its sentence.
_Place = tuple[Mention, int, int]


@dataclass(frozen=True)
class ReleasedSentence:
    """A sentence with its tokens and its mentions, in the order of the document.

    >>> mention = Mention(0, 4, "EGFR", "GeneOrGeneProduct", ("1956",))
    >>> ReleasedSentence((0, 11), token_ids=(5, 6, 7), mentions=((mention, 0, 0),)).mentions[0][0].text
    'EGFR'
    """

    span: Span
    token_ids: tuple[int, ...]
    mentions: tuple[_Place, ...]


@dataclass(frozen=True)
class ReleasedDocument:
    """A document with the tokens of its sentences.

    >>> ReleasedDocument(Document("7", ""), entities=(), sentences=()).mentions
    []
    """

    document: Document
    entities: tuple[Entity, ...]
    sentences: tuple[ReleasedSentence, ...]

    @property
    def mentions(self) -> list[Mention]:
        """The mentions, by sentences and in these in the order of the document."""
        return [mention for sentence in self.sentences for mention, _, _ in sentence.mentions]


class ReleasedProcessor(PairwiseProcessor):
    """Makes the rows of a pair as the released code does: its prefix, suffix and infix, or one of them.

    Raises:
        CheckpointError: the tokenizer lacks a token.

    >>> from biodir.configuration_biodir import BioDirConfig
    >>> config = BioDirConfig(pair_encoding="released", chunk_pooling="dot_product", max_tokens=500)
    >>> processor = ReleasedProcessor(tokenizer, ProcessingSettings.from_config(config))
    >>> features, = processor.features(processor.tokenize(document))
    >>> tokenizer.decode(features.rows[0]).count("what are the labels"), features.rows[0].count(tokenizer.pad_token_id)
    (2, 8)
    """

    def __init__(self, tokenizer: Any, settings: ProcessingSettings) -> None:
        super().__init__(tokenizer, settings)
        self._task_ids = {task: self._token_id(TASK_TOKENS[task]) for task in settings.tasks}
        # What the released code takes for an opening tag, such as "@/ChemicalEntitySrc$", too.
        self._role_of = {
            token_id: role
            for token, token_id in self._tokenizer.get_vocab().items()
            for role in (SOURCE, TARGET)
            if token.startswith("@") and token.endswith(f"{role}$")
        }

    def tokenize(self, document: Document) -> ReleasedDocument:  # type: ignore[override]
        """Return the document with the tokens of its sentences."""
        spans = sentence_spans(document)
        self._tokenizer.encode_special_tokens = False
        encodings = self._tokenizer.encode_batch(
            [document.text[start:end] for start, end in spans], add_special_tokens=False
        )
        inside: list[list[Mention]] = [[] for _ in spans]
        starts = [start for start, _ in spans]
        for mention in document.mentions:
            number = bisect_right(starts, mention.start_char) - 1
            if number >= 0 and mention.end_char <= spans[number][1]:
                inside[number].append(mention)
        sentences = tuple(
            ReleasedSentence(
                span,
                tuple(encoding.ids) or (self._unk_id,),
                tuple(_places(document.text[slice(*span)], span[0], encoding.tokens, mentions)),
            )
            for span, encoding, mentions in zip(spans, encodings, inside, strict=True)
        )
        return ReleasedDocument(document, document.entities(), sentences)

    def candidates(self, tokenized: ReleasedDocument) -> Iterator[CandidatePair]:  # type: ignore[override]
        """Yield the candidate pairs: of one type, the source is the entity that is mentioned first in `mentions`.

        An identifier with two types makes two entities, which are a pair.
        """
        place_of: dict[str, int] = {}
        for place, mention in enumerate(tokenized.mentions):
            for identifier in mention.identifiers:
                place_of.setdefault(identifier, place)
        ordered = sorted(
            tokenized.entities,
            key=lambda entity: (place_of.get(entity.identifier, len(place_of)), entity.identifier, entity.entity_type),
        )
        yield from candidate_pairs(ordered, self.settings.pair_types)
        row_of = {type_pair(types): row for row, types in enumerate(self.settings.pair_types)}
        for first, second in combinations(ordered, 2):
            types = type_pair((first.entity_type, second.entity_type))
            if first.identifier == second.identifier and types in row_of:
                yield CandidatePair(first, second, row_of[types])

    def features(
        self,
        tokenized: ReleasedDocument,  # type: ignore[override]
        pairs: Iterable[CandidatePair] | None = None,
    ) -> Iterator[PairwiseFeatures]:
        """Yield the features of each pair; equal rows stay, since the model weighs them."""
        for pair in self.candidates(tokenized) if pairs is None else pairs:
            yield self._released_features(tokenized, pair)

    def _released_features(self, tokenized: ReleasedDocument, pair: CandidatePair) -> PairwiseFeatures:
        """Return the features of one pair."""
        settings, roles = self.settings, _Roles.of(pair)
        prompt = self._prompt(tokenized.mentions, roles)
        content = _Tokens([*prompt], [self._role_of.get(token) for token in prompt])
        for sentence in tokenized.sentences:
            content.append(self.sep_id, None)
            self._add_sentence(content, sentence, roles)
        head = prompt[: prompt.index(self.sep_id)] if self.sep_id in prompt else prompt
        text = _Tokens(content.ids[1:], content.roles[1:])  # without [CLS]
        room = settings.max_tokens - (settings.soft_prompt_tokens + len(head) + 1)
        if room < 1:
            raise AnnotationError(
                f"document {tokenized.document.id}: the names {pair.entity1.name[:40]!r} and "
                f"{pair.entity2.name[:40]!r} take {len(head)} tokens of a prompt, but a row has {settings.max_tokens}; "
                "shorten these mentions"
            )
        chunks = self._chunks(text, room)
        tail = [self.pad_id] * settings.soft_prompt_tokens
        rows = tuple((*head, self.sep_id, *text.at(chunk), *tail) for chunk in chunks)
        positions = tuple(len(head) - 1 - head[::-1].index(self._task_ids[task]) for task in settings.tasks)
        of_text = [[(max(start, len(prompt) - 1), end) for start, end in chunk] for chunk in chunks]
        shows_both = any({SOURCE, TARGET} <= text.roles_at(chunk) for chunk in of_text)
        spans = [sentence.span for sentence in tokenized.sentences]
        evidence = closest_sentences(pair.entity1, pair.entity2, spans)
        return PairwiseFeatures(pair, rows, positions, evidence, not shows_both)

    def _chunks(self, text: "_Tokens", room: int) -> list[list[Span]]:
        """Return the spans of text that each chunk shows: prefix, suffix and infix, or one in place of all three."""
        prefix, suffix = [(0, min(room, len(text.ids)))], [(max(0, len(text.ids) - room), len(text.ids))]
        if len(self.settings.chunks) == 1 and len(text.ids) < room:
            return [prefix]
        infix = released_infix(text.ids, text.roles, self.sep_id, room) or suffix
        return [infix] if len(self.settings.chunks) == 1 else [prefix, suffix, infix]

    def _prompt(self, mentions: Sequence[Mention], roles: "_Roles") -> list[int]:
        """Return the tokens of `[CLS]` and the question, whose names are the first mentions of both identifiers."""
        named: dict[str, str] = {}
        for mention in mentions:
            role = roles.role_of(mention)
            if role is not None and role not in named:
                kind = self.settings.tag_types.get(mention.entity_type, mention.entity_type)
                named[role] = f"{opening_tag(kind, role)} {mention.text} {closing_tag(kind, role)}"
        tasks = [TASK_TOKENS[task] for task in TASK_TOKENS if task in self.settings.tasks]
        listed = " , ".join(tasks[:-1]) + " , and " * (len(tasks) > 1) + tasks[-1]
        nobody = "@$  @/$"  # all mentions of the second are of the first, too
        question = self.settings.hard_prompt.replace("{tasks}", listed)
        before, rest = question.split("{entity1}")
        between, after = rest.split("{entity2}")
        text = f"[CLS] {before}{named.get(SOURCE, nobody)}{between}{named.get(TARGET, nobody)}{after}"
        return self._encode([text], special_tokens_are_text=False)[0]

    def _add_sentence(self, tokens: "_Tokens", sentence: ReleasedSentence, roles: "_Roles") -> None:
        """Add the tokens of a sentence with the tags of both entities; of later mentions they are outside."""
        opened: dict[int, list[tuple[int, str]]] = {}
        closed: dict[int, list[int]] = {}
        for mention, first, last in sentence.mentions:
            role = roles.role_of(mention)
            if role is not None:
                kind = self.settings.tag_types.get(mention.entity_type, mention.entity_type)
                opened.setdefault(first, []).insert(0, (self._tag_id(opening_tag(kind, role)), role))
                closed.setdefault(last, []).append(self._tag_id(closing_tag(kind, role)))
        for place, token in enumerate(sentence.token_ids):
            for tag, role in opened.get(place, ()):
                tokens.append(tag, role)
            tokens.append(token, self._role_of.get(token))
            for tag in closed.get(place, ()):
                tokens.append(tag, None)

    def _tag_id(self, tag: str) -> int:
        """Return the id of a tag; that of types that are in no pair is the unknown token's."""
        token_id: int | None = self._tokenizer.token_to_id(tag)
        return self._unk_id if token_id is None else token_id


@dataclass(frozen=True)
class _Roles:
    """Which mentions are tagged as source, and which as target.

    Args:
        first, second: the identifiers in the order in which a mention is compared with them.
        first_role: that of the first.
    """

    first: str
    second: str
    first_role: str

    @classmethod
    def of(cls, pair: CandidatePair) -> "_Roles":
        """Return the roles of a pair; of equal types the released code first looks for the lesser identifier."""
        entity1, entity2 = pair.entity1, pair.entity2
        if entity1.entity_type == entity2.entity_type and entity2.identifier < entity1.identifier:
            return cls(entity2.identifier, entity1.identifier, TARGET)
        return cls(entity1.identifier, entity2.identifier, SOURCE)

    def role_of(self, mention: Mention) -> str | None:
        """Return the role of a mention; None for one of neither entity."""
        if self.first in mention.identifiers:
            return self.first_role
        if self.second in mention.identifiers:
            return TARGET if self.first_role == SOURCE else SOURCE
        return None


@dataclass(frozen=True)
class _Tokens:
    """Tokens, and the role of each that opens a mention."""

    ids: list[int]
    roles: list[str | None]

    def append(self, token: int, role: str | None) -> None:
        self.ids.append(token)
        self.roles.append(role)

    def at(self, spans: Sequence[Span]) -> list[int]:
        return [token for start, end in spans for token in self.ids[start:end]]

    def roles_at(self, spans: Sequence[Span]) -> set[str | None]:
        return {role for start, end in spans for role in self.roles[start:end]}


def released_infix(ids: Sequence[int], roles: Sequence[str | None], sep_id: int, room: int) -> list[Span]:
    """Return spans of tokens: the sentences between the closest mentions, as long as they take less than `room`.

    Args:
        ids: of the text, with the repeated prompt as its first sentence.
        roles: of the tokens that open mentions.
        sep_id: begins every sentence but the first.
        room: tokens of a chunk.

    >>> released_infix([7, 8, 3, 5, 3, 7, 8], ["Src", "Tgt", None, None, None, "Src", "Tgt"], sep_id=3, room=6)
    [(0, 2), (4, 7)]
    """
    borders = [0, *(place for place, token in enumerate(ids) if token == sep_id and place), len(ids)]
    sentences = list(pairwise(borders))
    if sentences[-1][1] - sentences[-1][0] < 2:
        sentences.pop()
    sources, targets = (
        [number for number, (start, end) in enumerate(sentences) if role in roles[start:end]]
        for role in (SOURCE, TARGET)
    )
    nearest = min((abs(source - target) for source in sources for target in targets), default=0)
    chunks: list[list[Span]] = []
    seen: set[frozenset[int]] = set()
    for source in sources:
        for target in targets:
            if abs(source - target) > nearest or frozenset((source, target)) in seen:
                continue
            seen.add(frozenset((source, target)))
            span = sentences[min(source, target)][0], sentences[max(source, target)][1]
            if chunks and _length(chunks[-1]) + _length([span]) < room:
                chunks[-1].append(span)
            elif _length([span]) < room:
                chunks.append([span])
    return chunks[0] if chunks else []


def _length(spans: Sequence[Span]) -> int:
    return sum(end - start for start, end in spans)


def _places(text: str, offset: int, tokens: Sequence[str], mentions: Sequence[Mention]) -> Iterator[_Place]:
    """Yield the mentions of a sentence with their tokens, found by counting characters other than spaces.

    Differs from the released code: where the tokens end before a mention, it stops with an error, and here the mention
    is at the last of them.

    Args:
        text: of the sentence.
        offset: where it starts in the document.
        tokens: as strings.
        mentions: in the sentence.
    """
    ends = list(accumulate(len(token.removeprefix("##")) for token in tokens))
    for mention in mentions if ends else ():
        start = len(text[: mention.start_char - offset].replace(" ", ""))
        end = start + len(mention.text.replace(" ", ""))
        last = len(ends) - 1
        yield mention, min(bisect_right(ends, start), last), min(bisect_left(ends, end), last)
