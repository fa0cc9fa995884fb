"""Rows of pairs: exact small ones, then the laws of every row over random, long and real documents; batches.

A row reads `[CLS] hard prompt [SEP] chunk [SEP] soft prompt`.
"""

import random
import time
import tracemalloc
from itertools import combinations, islice

import numpy as np
import pytest
from transformers import AutoTokenizer

from biodir.configuration_biodir import CHUNK_NAMES, HARD_PROMPT, BioDirConfig
from biodir.errors_biodir import SettingError
from biodir.formats.pubtator_reader import read_pubtator
from biodir.labels_biodir import GENE, PAIR_TYPES, VARIANT
from biodir.processing_pairwise_biodir import PairwiseProcessor
from biodir.processing_tags_biodir import special_tokens
from biodir.processing_tokens_biodir import PASSES_PER_BATCH, ProcessingSettings
from helpers.marked import (
    SMALL,
    byte_level_tokenizer,
    make_processor,
    marked_document,
    pair_features,
    random_document,
    readable,
    word_piece_tokenizer,
)

TOKENIZERS = {"word pieces": word_piece_tokenizer, "bytes": byte_level_tokenizer}
SUBSETS = [subset for size in (1, 2, 3) for subset in combinations(CHUNK_NAMES, size)]


def features_of(marked, tokenizer=None, **changes):
    """Return the features of every pair of a marked text."""
    processor = make_processor(tokenizer, **changes)
    return list(processor.features(processor.tokenize(marked_document(marked))))


def chunks_of(marked, **changes):
    """Return the readable first chunk of every pair: what lies between the first `[SEP]` and the last."""
    rows = [readable(features.rows[0]) for features in features_of(marked, **changes)]
    return [row.split(" [SEP] ", 1)[1].rsplit(" [SEP]", 1)[0] for row in rows]


# Exact rows.


def test_row_reads_prompt_then_chunk_then_place_of_the_soft_prompt():
    (pair,) = features_of("<C:1 Aspirin> inhibits <G:2 COX2>. <C:1 It> binds.", hard_prompt=HARD_PROMPT)
    assert [readable(row) for row in pair.rows] == [
        "[CLS] what are the labels of [REL] , [DIR] , and [NOV] between CS aspirin /CS and GT cox2 /GT ? [SEP] "
        "CS aspirin /CS inhibits GT cox2 /GT . [SEP] CS it /CS binds . [SEP] [PAD] [PAD]"
    ]


def test_row_of_a_byte_level_tokenizer_keeps_spaces_with_the_words_after_them():
    tokenizer = byte_level_tokenizer()
    (pair,) = features_of("<C:1 a> in <G:2 it>. <C:1 In> it.", tokenizer)
    assert [readable(row, tokenizer) for row in pair.rows] == [
        "<s> [REL] Ġ , Ġ [DIR] Ġ , Ġ a n d Ġ [NOV] Ġ CS a /CS Ġ GT Ġit /GT </s> "
        "CS a /CS Ġi n GT Ġit /GT . </s> CS Ġ I n /CS Ġit . </s> <pad> <pad>"
    ]


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize(
    ("novelty", "direction", "prompt", "heads"),
    [
        ([], [], "[REL]", ["[REL]"]),
        (["None", "Novel"], [], "[REL] and [NOV]", ["[REL]", "[NOV]"]),
        ([], ["None", "Left_to_Right"], "[REL] and [DIR]", ["[REL]", "[DIR]"]),
        (["None", "Novel"], ["None", "Left_to_Right"], "[REL] , [DIR] , and [NOV]", ["[REL]", "[NOV]", "[DIR]"]),
    ],
)
def test_hard_prompt_names_the_tasks_and_positions_follow_the_heads(kind, novelty, direction, prompt, heads):
    tokenizer, labels = TOKENIZERS[kind](), {"novelty_labels": novelty, "direction_labels": direction}
    (pair,) = features_of("<C:1 iron> <G:2 it>", tokenizer, **labels)
    assert tokenizer.convert_ids_to_tokens([pair.rows[0][place] for place in pair.task_positions]) == heads
    if kind == "word pieces":
        assert readable(pair.rows[0]).startswith(f"[CLS] {prompt} CS iron /CS")


def test_names_in_the_prompt_are_cut_and_may_be_empty():
    (pair,) = features_of("<C:1 it iron it> <G:2 \u200b>", max_name_tokens=2)
    assert "[NOV] CS it iron /CS GT /GT [SEP] CS it iron it /CS GT /GT [SEP]" in readable(pair.rows[0])


@pytest.mark.parametrize(
    ("marked", "chunk"),
    [
        ("<D:1 pain> <V:2 it>", "DS pain /DS GT it /GT"),  # a variant has gene tags
        ("<C:1 iron> <C:1 iron> <G:2 it> <S:3 pain>", "CS iron /CS CS iron /CS GT it /GT pain"),
        ("<C:2 iron> and <C:1 pain>", "CS iron /CS and CT pain /CT"),  # of one type the first mentioned is the source
        ("<G:1 HER2>pain <C:2 iron>", "GT her2 /GT pain CS iron /CS"),
        ("<C:1 iron <G:2 it> pain>", "CS iron GT it /GT pain /CS"),
        ("<C:1 iron <G:2 it>>", "CS iron GT it /GT /CS"),
        ("<G:2 <C:1 it> iron>", "GT CS it /CS iron /GT"),
        ("<C:1 <G:2 it>>", "CS GT it /GT /CS"),
        ("<G:2 <C:1 it>>", "CS GT it /GT /CS"),
        ("<C:1 iron><G:2 it>", "CS iron /CS GT it /GT"),
        ("<G:1;2 it> binds <G:1 her2>", "GS GT it /GT /GS binds GS her2 /GS"),
        ("it <C:1 \u200b><G:2 \u200b> it", "it CS /CS GT /GT it"),
    ],
)
def test_tags_surround_every_mention_of_both_entities(marked, chunk):
    assert chunks_of(marked) == [chunk]


def test_row_without_room_for_two_mentions_is_refused():
    make_processor(**SMALL)
    message = r"^max_tokens is 30, but prompts, names and two mentions can take 31; raise"
    with pytest.raises(SettingError, match=message):
        make_processor(**SMALL | {"max_tokens": SMALL["max_tokens"] - 1})


# The laws of rows.


class RowReader:
    """Takes rows apart and finds what they break of the laws."""

    def __init__(self, processor):
        self.processor = processor
        self.closing_of = dict(processor.tag_ids.values())
        self.tags = {tag for both in processor.tag_ids.values() for tag in both}

    def unbalanced(self, row, nesting):
        """Return whether a tag has no partner or (where mentions do not cross) tags do not nest."""
        opened = []
        for token in row:
            if token in self.closing_of:
                opened.append(self.closing_of[token])
            elif token in self.tags:
                if token not in opened or (nesting and opened[-1] != token):
                    return True
                del opened[-1 - opened[::-1].index(token)]  # of equal tags the innermost closes
        return bool(opened)

    def faults(self, tokenized, features, nesting=True):
        """Return what the rows of a pair break, one phrase each."""
        found, shown, text = [], [], tokenized.token_ids
        for row in features.rows:
            end = len(row) - 1 - self.processor.settings.soft_prompt_tokens
            chunk = row[row.index(self.processor.sep_id) + 1 : end]
            plain = tuple(token for token in chunk if token not in self.tags)
            shown.append({token for token in chunk if token in self.closing_of})
            if len(row) > self.processor.settings.max_tokens:
                found.append("too long")
            if self.unbalanced(chunk, nesting):
                found.append("tags unbalanced")
            starts = [place for place, token in enumerate(text) if not plain or token == plain[0]]
            if not any(text[start : start + len(plain)] == plain for start in starts):
                found.append("not a part of the text")
        if len(set(features.rows)) < len(features.rows):
            found.append("a row occurs twice")
        if any(len(tags) == 2 for tags in shown) == features.cross_window:
            found.append("cross_window is wrong")
        if len(set().union(*shown)) < 2:
            found.append("an entity is not shown")
        return found


@pytest.mark.parametrize(
    ("chunks", "crossing", "kind"),
    [*((subset, False, "word pieces") for subset in SUBSETS), (CHUNK_NAMES, True, "word pieces"),
     (CHUNK_NAMES, False, "bytes")],
)  # fmt: skip
def test_rows_of_random_documents_keep_the_laws(chunks, crossing, kind):
    draw = random.Random(1)
    found, pairs, crossing_windows = [], 0, 0
    # No random mention is longer than this, so that none is cut and nested ones stay nested.
    mention_tokens, least_tokens = (30, 97) if kind == "bytes" else (12, 47)
    for _ in range(60):
        max_tokens = least_tokens + draw.choice([0, 1, 5, 20])
        sizes = SMALL | {"max_mention_tokens": mention_tokens, "max_tokens": max_tokens}
        sizes["infix_min_tokens"] = draw.choice([0, 15])
        processor = make_processor(TOKENIZERS[kind](), **sizes, chunks=list(chunks))
        reader, tokenized = RowReader(processor), processor.tokenize(random_document(draw, crossing))
        for features in processor.features(tokenized):
            pairs, crossing_windows = pairs + 1, crossing_windows + features.cross_window
            found += reader.faults(tokenized, features, nesting=not crossing)
    assert found == []
    assert pairs > 60
    assert crossing_windows > 0


def test_long_document_takes_moments_and_a_pair_milliseconds_and_no_memory():
    # 50,000 characters with 250 genes of several mentions each.
    sentence = "It binds <G:{} her2> and <G:{} cox2> in pain, raises <G:{} it> of iron, and causes what the labels are"
    places = [sentence.format(index % 250, (7 * index) % 250, (11 * index) % 250) for index in range(640)]
    document, processor = marked_document("It is. " + ". ".join(places)), make_processor(max_tokens=512)
    started_s = time.process_time()
    tokenized = processor.tokenize(document)
    assert time.process_time() - started_s < 2
    candidates, started_s = processor.candidates(tokenized), time.process_time()
    features = processor.features(tokenized, candidates)
    assert len(list(islice(features, 200))) == 200
    assert (time.process_time() - started_s) / 200 < 0.005
    tracemalloc.start()
    try:
        assert sum(each.tokens for each in islice(features, 1000)) > 200_000
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 500_000
    assert next(candidates) == list(islice(processor.candidates(tokenized), 1201))[-1]


@pytest.mark.corpus
@pytest.mark.parametrize(("chunks", "max_tokens"), [(("infix",), 512), (CHUNK_NAMES, 256)])
def test_rows_of_the_dev_documents_keep_the_laws_and_every_mention_has_a_token(data_dir, chunks, max_tokens):
    folder = data_dir / "vocab" / "pubmedbert"
    if not folder.is_dir():
        pytest.skip(f"no tokenizer at {folder}")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(special_tokens(PAIR_TYPES, {VARIANT: GENE}), special_tokens=True)
    config = BioDirConfig(chunks=list(chunks), max_tokens=max_tokens)
    processor = PairwiseProcessor(tokenizer, ProcessingSettings.from_config(config))
    reader, found, pairs = RowReader(processor), [], 0
    for document in read_pubtator(data_dir / "bioredirect" / "bioredirect_dev.pubtator"):
        tokenized = processor.tokenize(document)
        spans = [span for of_entity in tokenized.mention_spans.values() for span in of_entity]
        assert all(start < end for start, end in spans), document.id
        for features in processor.features(tokenized):
            pairs += 1
            found += [(document.id, fault) for fault in reader.faults(tokenized, features)]
    assert found == []
    assert pairs == 6334


# Batches.


def test_passes_hold_as_much_as_a_batch_and_one_more_of_the_features():
    sizes = sorted(((7 * number) % 40 + 1 for number in range(300)), reverse=True)
    passes = make_processor().passes([pair_features(size) for size in sizes], token_budget=20)
    made = [[sizes[index] for index in group] for group in passes]
    assert [size for some in made for size in some] == sizes
    assert len(made) > 10
    assert all(20 * PASSES_PER_BATCH < sum(some) <= 20 * PASSES_PER_BATCH + max(sizes) for some in made[:-1])


def test_batch_of_two_pairs():
    batch = make_processor().collate([pair_features(2, 3, pair_type_id=4), pair_features(1, pair_type_id=5)])
    assert {name: values.tolist() for name, values in batch.items()} == {
        "input_ids": [[[1, 2, 0], [1, 2, 3]], [[1, 0, 0], [0, 0, 0]]],
        "attention_mask": [[[1, 1, 0], [1, 1, 1]], [[1, 0, 0], [0, 0, 0]]],
        "pair_type_ids": [4, 5],
        "task_positions": [[3, 2, 1], [3, 2, 1]],
    }
    assert {values.dtype for values in batch.values()} == {np.dtype("int64")}
