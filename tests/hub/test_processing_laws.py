"""Laws of every row, over random, long and real documents: tags in pairs, no row too long, every pair shown."""

import random
import time
import tracemalloc
from itertools import combinations, islice

import pytest
from transformers import AutoTokenizer

from biodir.configuration_biodir import CHUNK_NAMES, BioDirConfig
from biodir.document_biodir import Document, Mention
from biodir.document_pubtator_biodir import read_pubtator
from biodir.labels_biodir import GENE, PAIR_TYPES, VARIANT
from biodir.processing_pairwise_biodir import PairwiseProcessor
from biodir.processing_tokens_biodir import ProcessingSettings, special_tokens
from helpers.marked import (
    SMALL,
    TAGS,
    TYPES,
    byte_level_tokenizer,
    make_processor,
    marked_document,
    word_piece_tokenizer,
)

TOKENIZERS = {"word pieces": word_piece_tokenizer, "bytes": byte_level_tokenizer}
SUBSETS = [subset for size in (1, 2, 3) for subset in combinations(CHUNK_NAMES, size)]


def tag_ids(tokenizer):
    """The ids of the opening and of the closing tags, in the same order."""
    opening = [tag for tag in TAGS if tag.startswith("@") and not tag.endswith("/$")]
    closing = [tag.removesuffix("$") + "/$" for tag in opening]
    return tokenizer.convert_tokens_to_ids(opening), tokenizer.convert_tokens_to_ids(closing)


class RowReader:
    """Takes rows apart and says what they break of the laws."""

    def __init__(self, encoder):
        self.settings, self.sep = encoder.settings, encoder.tokenizer.sep_token_id
        opening, closing = tag_ids(encoder.tokenizer)
        self.closing_of = dict(zip(opening, closing, strict=True))
        self.tags = {*opening, *closing}

    def chunk(self, row):
        """The chunk with its tags: the tokens behind the first bracket, without the last bracket and the prompt."""
        return row[row.index(self.sep) + 1 : len(row) - 1 - self.settings.soft_prompt_tokens]

    def unbalanced(self, row, nesting):
        """True where a tag has no partner, or (where mentions do not cross) tags do not nest."""
        opened = []
        for token in row:
            if token in self.closing_of:
                opened.append(self.closing_of[token])
            elif token in self.tags:
                if token not in opened or (nesting and opened[-1] != token):
                    return True
                opened.reverse()  # the innermost of equal tags is the one that closes
                opened.remove(token)
                opened.reverse()
        return bool(opened)

    def faults(self, encoded, features, nesting=True):
        """What the rows of a pair break, one phrase each."""
        found, shown, text = [], [], encoded.token_ids
        for row in features.rows:
            chunk = self.chunk(row)
            plain = tuple(token for token in chunk if token not in self.tags)
            shown.append({token for token in chunk if token in self.closing_of})
            if len(row) > self.settings.max_tokens:
                found.append("too long")
            if self.unbalanced(chunk, nesting):
                found.append("tags unbalanced")
            if not any(text[start : start + len(plain)] == plain for start in places(text, plain)):
                found.append("not a part of the text")
        if len(set(features.rows)) < len(features.rows):
            found.append("a row stands twice")
        together = any(len(tags) == 2 for tags in shown)
        if together == features.cross_window:
            found.append("cross_window is wrong")
        if len(set().union(*shown)) < 2:
            found.append("an entity is not shown")
        return found


def places(text, part):
    """Where the part could start in the text."""
    return [index for index, token in enumerate(text) if not part or token == part[0]]


def random_document(draw, crossing):
    """Short sentences with mentions of a few entities, side by side, nested, equal and, where asked, crossing."""
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
        if crossing or not any(crosses(span, other) for other in spans):
            spans.append(span)
    kinds = [draw.choice("CG") for _ in spans]
    identifiers = [tuple({kind + draw.choice("12") for _ in range(draw.choice([1, 1, 2]))}) for kind in kinds]
    mentions = zip(spans, kinds, identifiers, strict=True)
    return Document("7", text, tuple(Mention(*span, text[slice(*span)], TYPES[k], ids) for span, k, ids in mentions))


def crosses(first, second):
    return first[0] < second[0] < first[1] < second[1] or second[0] < first[0] < second[1] < first[1]


def faults_of_random_documents(chunks, crossing, kind, number=60):
    draw = random.Random(1)
    found, pairs, crossing_windows = [], 0, 0
    # No random mention is longer than this, so that none is cut and nested ones stay nested.
    mention_tokens, least_tokens = (30, 97) if kind == "bytes" else (12, 47)
    for _ in range(number):
        max_tokens = least_tokens + draw.choice([0, 1, 5, 20])
        sizes = SMALL | {"max_mention_tokens": mention_tokens, "max_tokens": max_tokens}
        sizes["infix_min_tokens"] = draw.choice([0, 15])
        encoder = make_processor(TOKENIZERS[kind](), **sizes, chunks=list(chunks))
        reader, encoded = RowReader(encoder), encoder.tokenize(random_document(draw, crossing))
        for features in encoder.features(encoded):
            pairs, crossing_windows = pairs + 1, crossing_windows + features.cross_window
            found += reader.faults(encoded, features, nesting=not crossing)
    assert pairs > number
    assert crossing_windows > 0
    return found


@pytest.mark.parametrize("chunks", SUBSETS, ids="+".join)
def test_rows_of_random_documents_keep_the_laws_whatever_chunks_are_chosen(chunks):
    assert faults_of_random_documents(chunks, crossing=False, kind="word pieces") == []


def test_rows_of_random_documents_keep_the_laws_with_a_byte_level_tokenizer():
    assert faults_of_random_documents(CHUNK_NAMES, crossing=False, kind="bytes") == []


def test_rows_with_crossing_mentions_keep_every_tag_with_its_partner():
    assert faults_of_random_documents(CHUNK_NAMES, crossing=True, kind="word pieces") == []


# Long documents.


@pytest.fixture(scope="module")
def long_document():
    """50,000 characters with 250 genes of four mentions each."""
    sentence = "It binds <G:{} her2> and <G:{} cox2> in pain, raises <G:{} it> of iron, and causes what the labels are"
    places = [sentence.format(index % 250, (7 * index) % 250, (11 * index) % 250) for index in range(640)]
    document = marked_document("It is. " + ". ".join(places))
    assert len(document.text) > 50_000
    assert len(document.entities()) == 250
    return document


@pytest.fixture(scope="module")
def long_encoded(long_document):
    return make_processor(max_tokens=512).tokenize(long_document)


def test_pairs_are_encoded_as_they_are_asked_for(long_encoded, monkeypatch):
    encoder, calls = make_processor(max_tokens=512), []
    monkeypatch.setattr(encoder, "pair_features", lambda encoded, pair: calls.append(pair))
    assert len(list(islice(encoder.features(long_encoded), 10))) == len(calls) == 10


def test_pair_of_a_long_document_takes_milliseconds(long_encoded):
    pairs = make_processor(max_tokens=512).features(long_encoded)
    started_s = time.process_time()
    assert len(list(islice(pairs, 200))) == 200
    assert (time.process_time() - started_s) / 200 < 0.005


def test_long_document_is_tokenized_in_moments(long_document):
    encoder = make_processor(max_tokens=512)
    started_s = time.process_time()
    encoder.tokenize(long_document)
    assert time.process_time() - started_s < 2


def test_memory_does_not_grow_with_the_number_of_pairs(long_encoded):
    pairs = islice(make_processor(max_tokens=512).features(long_encoded), 1000)
    tracemalloc.start()
    try:
        assert sum(features.tokens for features in pairs) > 200_000
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 500_000


def test_every_pair_of_a_long_document_is_shown(long_encoded):
    encoder = make_processor(max_tokens=512)
    reader = RowReader(encoder)
    pairs = islice(encoder.features(long_encoded), 0, 1000, 100)
    assert [fault for features in pairs for fault in reader.faults(long_encoded, features)] == []


# Real documents, real vocabulary.


@pytest.fixture(scope="module")
def real_tokenizer(data_dir):
    folder = data_dir / "vocab" / "pubmedbert"
    if not folder.is_dir():
        pytest.skip(f"no tokenizer at {folder}")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(special_tokens(PAIR_TYPES, {VARIANT: GENE}), special_tokens=True)
    return tokenizer


@pytest.mark.corpus
@pytest.mark.parametrize(("chunks", "max_tokens"), [(("infix",), 512), (CHUNK_NAMES, 256)])
def test_rows_of_the_dev_documents_keep_the_laws(data_dir, real_tokenizer, chunks, max_tokens):
    config = BioDirConfig(chunks=list(chunks), max_tokens=max_tokens)
    encoder = PairwiseProcessor(real_tokenizer, ProcessingSettings.from_config(config))
    reader, found, pairs = RowReader(encoder), [], 0
    for document in read_pubtator(data_dir / "bioredirect" / "bioredirect_dev.pubtator"):
        encoded = encoder.tokenize(document)
        for features in encoder.features(encoded):
            pairs += 1
            found += [(document.id, fault) for fault in reader.faults(encoded, features)]
    assert found == []
    assert pairs == 6334


@pytest.mark.corpus
def test_every_mention_of_the_dev_documents_has_a_token(data_dir, real_tokenizer):
    encoder = PairwiseProcessor(real_tokenizer, ProcessingSettings.from_config(BioDirConfig()))
    for document in read_pubtator(data_dir / "bioredirect" / "bioredirect_dev.pubtator"):
        encoded = encoder.tokenize(document)
        spans = [span for found in encoded.mention_spans.values() for span in found]
        assert all(start < end for start, end in spans), document.id
