"""Small things that several test files build on: marked texts, tokenizers, settings, rows."""

from functools import cache
from random import Random

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document, Entity, Mention
from biodir.document_candidates_biodir import CandidatePair
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, PAIR_TYPES, SPECIES, VARIANT
from biodir.processing_pairwise_biodir import PairwiseFeatures, PairwiseProcessor
from biodir.processing_tags_biodir import special_tokens
from biodir.processing_tokens_biodir import ProcessingSettings

TYPES = {"C": CHEMICAL, "D": DISEASE, "G": GENE, "V": VARIANT, "S": SPECIES}
TAGS = special_tokens(PAIR_TYPES, {VARIANT: GENE})
# Words that are one token; everything else falls apart into characters.
WORDS = (
    "what are the labels of between and aspirin warfarin iron inhibits binds raises causes pain cox2 her2 it".split()
)
# Letters of the tests beyond those that can be typed; é loses its accent to the normalizer.
LETTERS = [*map(chr, range(33, 127)), *"αβµ→≥é"]
# Boundary tags as tests write them: `CS` and `/CS` for a chemical as the source.
SHORT_TAGS = {
    f"@{kind}{role}{slash}$": f"{slash}{letter}{role[0]}"
    for letter, kind in TYPES.items()
    for role in ("Src", "Tgt")
    for slash in ("", "/")
}
BERT_TOKENS, ROBERTA_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]"), ("<pad>", "<unk>", "<s>", "</s>")
_ROLES = ("pad_token", "unk_token", "cls_token", "sep_token")


def marked_document(marked: str, **fields) -> Document:
    """Return the document of a text whose mentions are written `<TYPE:ID;ID words>`, nested ones inside others.

    TYPE is a key of `TYPES`; the identifier `-` says that the mention is not linked. `fields` are those of `Document`.
    """
    text, mentions, opened, index = "", [], [], 0
    while index < len(marked):
        if marked[index] == "<":
            label, space, _ = marked[index + 1 :].partition(" ")
            opened.append((len(text), label))
            index += len(label) + len(space)
        elif marked[index] == ">":
            start, label = opened.pop()
            kind, _, identifiers = label.partition(":")
            linked = tuple(identifiers.split(";")) if identifiers != "-" else ()
            mentions.append(Mention(start, len(text), text[start:], TYPES[kind], linked))
        else:
            text += marked[index]
        index += 1
    assert not opened, f"a mention of {marked!r} is not closed"
    ordered = sorted(mentions, key=lambda mention: (mention.start_char, -mention.end_char))
    return Document(**{"id": "7", "text": text, "mentions": tuple(ordered)} | fields)


def random_document(draw: Random, crossing: bool = False, kinds: str = "CG") -> Document:
    """Return short sentences with mentions of few entities: side by side, nested, equal, without a token, crossing."""
    words, text = ["it", "iron", "pain", "αβ", "x-1", "(her2)", "\u200b"], ""
    bounds = []
    for _ in range(draw.randint(3, 30)):
        start = len(text) + bool(text)
        text += " " * bool(text) + draw.choice(words)
        bounds.append((start, len(text)))
        text += draw.choice(["", "", "", ". It"])
    spans = []
    for _ in range(draw.randint(2, 8)):
        first = draw.randrange(len(bounds))
        span = bounds[first][0], bounds[min(first + draw.choice([0, 0, 1, 2]), len(bounds) - 1)][1]
        if crossing or not any(_cross(span, other) for other in spans):
            spans.append(span)
    types = [draw.choice(kinds) for _ in spans]
    identifiers = [tuple({kind + draw.choice("12") for _ in range(draw.choice([1, 1, 2]))}) for kind in types]
    mentions = zip(spans, types, identifiers, strict=True)
    return Document("7", text, tuple(Mention(*span, text[slice(*span)], TYPES[k], ids) for span, k, ids in mentions))


def _cross(first, second):
    return first[0] < second[0] < first[1] < second[1] or second[0] < first[0] < second[1] < first[1]


def entity(identifier: str, kind: str = "C") -> Entity:
    """Return an entity with one mention."""
    return Entity(identifier, TYPES[kind], (Mention(0, 1, "x", TYPES[kind], (identifier,)),))


def pair_features(*row_lengths: int, pair_type_id: int = 0, first_token: int = 1) -> PairwiseFeatures:
    """Return the features of a pair of C1 and G1, with rows of these lengths that count up from `first_token`."""
    rows = tuple(tuple(range(first_token, first_token + length)) for length in row_lengths)
    pair = CandidatePair(entity("C1"), entity("G1", "G"), pair_type_id)
    return PairwiseFeatures(pair, rows, task_positions=(3, 2, 1), evidence=(), cross_window=False)


@cache
def word_piece_tokenizer(with_tags: bool = True) -> PreTrainedTokenizerFast:
    """Return a lower-casing tokenizer of BERT's kind; no text of the tests holds a character that it does not know."""
    pieces = [*BERT_TOKENS, *WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=10_000))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return _wrapped(tokenizer, BERT_TOKENS, with_tags)


@cache
def byte_level_tokenizer(with_tags: bool = True) -> PreTrainedTokenizerFast:
    """Return a tokenizer of RoBERTa's kind, which writes a space as part of the word after it."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("Ġ", "i"), ("Ġi", "t"), ("i", "t"), ("i", "n"), ("t", "h")]
    pieces = [*ROBERTA_TOKENS, *letters, *(left + right for left, right in merges)]
    tokenizer = Tokenizer(models.BPE({piece: index for index, piece in enumerate(pieces)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return _wrapped(tokenizer, ROBERTA_TOKENS, with_tags)


def _wrapped(tokenizer: Tokenizer, specials: tuple[str, ...], with_tags: bool) -> PreTrainedTokenizerFast:
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **dict(zip(_ROLES, specials, strict=True)))
    if with_tags:
        wrapped.add_tokens(TAGS, special_tokens=True)
    return wrapped


def readable(ids, tokenizer: PreTrainedTokenizerFast | None = None) -> str:
    """Return the tokens with spaces between them, boundary tags as in `SHORT_TAGS`."""
    tokens = (tokenizer or word_piece_tokenizer()).convert_ids_to_tokens(list(ids))
    return " ".join(SHORT_TAGS.get(token, token) for token in tokens)


def encoding_settings(**changes) -> ProcessingSettings:
    """Return the settings of a configuration with these changes; short prompts keep small tests small."""
    config = BioDirConfig(**{"soft_prompt_tokens": 2, "hard_prompt": SHORT_PROMPT} | changes)
    return ProcessingSettings.from_config(config)


def make_processor(tokenizer: PreTrainedTokenizerFast | None = None, **changes) -> PairwiseProcessor:
    """Return a processor of the pairwise form over the word piece tokenizer, or over the one that is given."""
    return PairwiseProcessor(tokenizer or word_piece_tokenizer(), encoding_settings(**changes))


SHORT_PROMPT = "{tasks} {entity1} {entity2}"
# With one token fewer the processor refuses: 3 tasks with 2 commas and an "and", 4 tags, 2 names, 3 brackets, 2 of soft
# prompt, and a chunk that can hold two mentions.
SMALL = {"max_name_tokens": 2, "max_mention_tokens": 4, "max_tokens": 31, "infix_min_tokens": 0}
