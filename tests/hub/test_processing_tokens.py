"""Tokens of documents: sentences, mentions, hostile text, and tokenizers that are refused."""

import copy
from types import SimpleNamespace

import pytest

from biodir.errors_biodir import CheckpointError
from biodir.labels_biodir import CHEMICAL, GENE
from biodir.processing_document_biodir import DocumentProcessor
from biodir.processing_pairwise_biodir import PairwiseProcessor
from helpers.marked import (
    TAGS,
    byte_level_tokenizer,
    encoding_settings,
    make_processor,
    marked_document,
    readable,
    word_piece_tokenizer,
)

each_tokenizer = pytest.mark.parametrize("make_tokenizer", [word_piece_tokenizer, byte_level_tokenizer])


def tokenized(marked, tokenizer=None, **changes):
    return make_processor(tokenizer, **changes).tokenize(marked_document(marked))


def test_sentences_are_set_apart_by_a_bracket_and_mentions_keep_their_places():
    found = tokenized("<C:1 Iron> binds. <G:2 It>, <G:2 HER2> raises <C:1 iron>.")
    assert readable(found.token_ids) == "iron binds . [SEP] it , her2 raises iron ."
    assert found.sentences == ((0, 3), (4, 10))
    assert found.sentence_chars == ((0, 11), (12, 33))
    assert found.mention_spans == {("1", CHEMICAL): ((0, 1), (8, 9)), ("2", GENE): ((4, 5), (6, 7))}
    assert [entity.identifier for entity in found.entities] == ["1", "2"]


@pytest.mark.parametrize(
    ("marked", "span"),
    [
        ("It <C:1  iron >it.", (1, 2)),  # space inside the offsets
        ("HER2<C:1 iron>it", (1, 2)),  # inside a word
        ("it <C:1 iron it iron it> it", (1, 4)),  # longer than max_mention_tokens, 3
        ("it <C:1 \u200b> it", (1, 1)),  # the tokenizer drops it
    ],
)
def test_spans_of_mentions_of_unusual_shape(marked, span):
    assert tokenized(marked, max_mention_tokens=3).mention_spans["1", CHEMICAL] == (span,)


@each_tokenizer
def test_tokens_of_non_ascii_text_are_those_of_their_mention(make_tokenizer):
    tokenizer = make_tokenizer()
    found = tokenized("é→<C:1 αβ>≥é <C:1 µ> é.", tokenizer)
    words = [tokenizer.decode(found.token_ids[slice(*span)]) for span in found.mention_spans["1", CHEMICAL]]
    assert [word.replace(" ", "") for word in words] == ["αβ", "µ"]


@pytest.mark.parametrize("word", ["[SEP]", "[PAD]", "[REL]", "@ChemicalEntitySrc$", "@ChemicalEntitySrc/$"])
def test_text_that_looks_like_a_special_token_is_text(word):
    special = {*word_piece_tokenizer().all_special_ids, *word_piece_tokenizer().convert_tokens_to_ids(TAGS)}
    assert special.isdisjoint(tokenized(f"{word} <C:1 {word}> it").token_ids)


@pytest.mark.parametrize("entities", [0, 2, 30])
def test_document_is_tokenized_once_however_many_pairs_it_has(monkeypatch, entities):
    processor = make_processor()
    encode, calls = processor._encode, []
    monkeypatch.setattr(processor, "_encode", lambda *args, **kwargs: calls.append(args) or encode(*args, **kwargs))
    document = marked_document("It is. " + " ".join(f"<C:{index} iron>" for index in range(entities)))
    pairs = list(processor.features(processor.tokenize(document)))
    assert (len(calls), len(pairs)) == (1, entities * (entities - 1) // 2)


def test_padding_and_truncation_of_the_tokenizer_neither_matter_nor_change():
    tokenizer = copy.deepcopy(word_piece_tokenizer())
    tokenizer.backend_tokenizer.enable_truncation(2)
    tokenizer.backend_tokenizer.enable_padding(length=9)
    marked = "<C:1 Iron [SEP]> binds <G:2 it>. It causes pain."
    assert tokenized(marked, tokenizer) == tokenized(marked)
    assert tokenizer.backend_tokenizer.truncation["max_length"] == 2
    assert tokenizer.backend_tokenizer.padding["length"] == 9
    assert not tokenizer.backend_tokenizer.encode_special_tokens


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("<C:1 Iron> binds. It is. <G:2 COX2> raises it.", ["<C:1 Iron> binds.", "COX2 raises it."]),
        ("<C:1 Iron> binds. <G:2 COX2> raises <C:1 it>.", ["COX2 raises it."]),
        ("<G:2 It> is. It is. It: <C:1 \u200b>", ["It is.", "It: \u200b"]),  # a mention without a token
    ],
)
def test_evidence_is_the_sentences_of_the_closest_mentions(marked, expected):
    processor, document = make_processor(), marked_document(marked)
    (pair,) = processor.features(processor.tokenize(document))
    assert [document.text[slice(*span)] for span in pair.evidence] == [marked_document(e).text for e in expected]
    assert pair.evidence[-1][1] == len(document.text)


@each_tokenizer
@pytest.mark.parametrize("kind", [PairwiseProcessor, DocumentProcessor])
def test_tokenizer_without_the_tags_is_refused(make_tokenizer, kind):
    with pytest.raises(CheckpointError, match=r"^the tokenizer lacks '@\w+(Src|Tgt)/?\$'; load the tokenizer that was"):
        kind(make_tokenizer(with_tags=False), encoding_settings())


def test_slow_tokenizer_is_refused():
    with pytest.raises(CheckpointError, match=r"^object is not a fast tokenizer; save one with tokenizer\.json$"):
        PairwiseProcessor(object(), encoding_settings())


@pytest.mark.parametrize("missing", ["cls_token", "sep_token", "pad_token"])
def test_tokenizer_without_brackets_or_padding_is_refused(missing):
    ids = {"cls_token_id": 2, "sep_token_id": 3, "pad_token_id": 0, "unk_token_id": 1, f"{missing}_id": None}
    tokenizer = SimpleNamespace(backend_tokenizer=word_piece_tokenizer().backend_tokenizer, **ids)
    with pytest.raises(CheckpointError, match=f"^the tokenizer has no {missing}; biodir needs an encoder of the BERT"):
        PairwiseProcessor(tokenizer, encoding_settings())
