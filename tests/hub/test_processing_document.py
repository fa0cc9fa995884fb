"""Windows of a document and the pairs scored in them: exact small ones, laws over random ones, batches.

The laws are checked by plain loops over tokens and mentions that share no code with the windows.
"""

import random
from collections import Counter

import numpy as np
import pytest

from biodir import processing_document_biodir
from biodir.document_biodir import Document, Mention
from biodir.document_candidates_biodir import CandidatePair
from biodir.errors_biodir import SettingError
from biodir.labels_biodir import CHEMICAL, GENE, VARIANT
from biodir.processing_chunks_biodir import closest_spans
from biodir.processing_document_biodir import (
    DocumentFeatures,
    DocumentProcessor,
    MentionMarker,
    WindowPair,
)
from biodir.processing_pairwise_biodir import PairwiseProcessor
from helpers.marked import (
    TYPES,
    encoding_settings,
    entity,
    marked_document,
    random_document,
    readable,
    word_piece_tokenizer,
)

# Windows of 10 tokens beside [CLS] and [SEP], of which neighbours share 3.
SMALL = {"max_tokens": 12, "window_overlap_tokens": 3, "max_mention_tokens": 3}


def document_processor(**changes):
    return DocumentProcessor(word_piece_tokenizer(), encoding_settings(pair_encoding="document", **changes))


def features_of(marked, **changes):
    """Return the features of a marked text, with all its pairs."""
    processor = document_processor(**changes)
    document = marked if isinstance(marked, Document) else marked_document(marked)
    (features,) = processor.features(processor.tokenize(document))
    return features


SHARED_TAGS = Document(
    "7",
    "it binds iron",
    (Mention(0, 2, "it", GENE, ("1",)), Mention(0, 2, "it", VARIANT, ("2",)), Mention(9, 13, "iron", CHEMICAL, ("3",))),
)
TWO_TYPES = Document("7", "it", (Mention(0, 2, "it", GENE, ("1",)), Mention(0, 2, "it", CHEMICAL, ("2",))))


@pytest.mark.parametrize(
    ("marked", "row", "markers"),
    [
        (
            "<C:1 Iron> binds <G:2 it>, <D:3 pain> and <S:4 her2>. <C:1 It>.",
            "CS iron /CS binds GS it /GS , DS pain /DS and her2 . [SEP] CS it /CS .",
            [("1", 0, 1), ("1", 0, 16), ("2", 0, 5), ("3", 0, 9)],
        ),
        ("<G:1;2 it> binds <G:1 her2>", "GS it /GS binds GS her2 /GS", [("1", 0, 1), ("1", 0, 5), ("2", 0, 1)]),
        (SHARED_TAGS, "GS it /GS binds CS iron /CS", [("1", 0, 1), ("2", 0, 1), ("3", 0, 5)]),
        (TWO_TYPES, "CS GS it /GS /CS", [("1", 0, 2), ("2", 0, 1)]),
        ("<C:1 iron <G:2 it> pain>", "CS iron GS it /GS pain /CS", [("1", 0, 1), ("2", 0, 3)]),
        ("<C:1 <C:3 it> <G:2 it>>", "CS CS it /CS GS it /GS /CS", [("3", 0, 2), ("1", 0, 1), ("2", 0, 5)]),
        ("<G:2 it> <C:1 \u200b>", "GS it /GS CS /CS", [("2", 0, 1), ("1", 0, 4)]),
    ],
)
def test_row_tags_every_mention_with_its_type_and_markers_are_the_opening_tags(marked, row, markers):
    features = features_of(marked)
    assert [readable(row) for row in features.rows] == [f"[CLS] {row} [SEP]"]
    assert [(marker.entity[0], marker.window, marker.position) for marker in features.markers] == markers


def test_pairs_evidence_and_order_are_those_of_the_pairwise_form():
    document = marked_document("<C:1 Iron> binds. It is. <G:2 COX2> raises <C:3 it>. <C:1;4 Iron>.")
    pairwise = PairwiseProcessor(word_piece_tokenizer(), encoding_settings())
    expected = [(each.pair, each.evidence) for each in pairwise.features(pairwise.tokenize(document))]
    assert [(each.pair, each.evidence) for each in features_of(document).pairs] == expected
    assert len(expected) == 6


@pytest.mark.parametrize("marked", ["", "It is.", "<C:1 iron> it", "<S:1 iron> <S:2 it>"])
def test_document_without_pairs_has_no_features(marked):
    processor = document_processor()
    assert list(processor.features(processor.tokenize(marked_document(marked)))) == []


def test_document_with_many_pairs_is_split_and_its_pairs_are_read_as_they_are_needed(monkeypatch):
    processor = document_processor()
    tokenized = processor.tokenize(marked_document("<C:1 Iron> <C:2 it> <C:3 pain> <G:4 her2> <D:5 it>"))
    (complete,) = processor.features(tokenized)
    monkeypatch.setattr(processing_document_biodir, "PAIRS_PER_PASS", 4)
    monkeypatch.setattr(processing_document_biodir, "PAIRS_PER_TOKEN", 0)
    candidates = iter(list(processor.candidates(tokenized)))
    parts = processor.features(tokenized, candidates)
    first = next(parts)
    assert next(candidates) == complete.pairs[4].pair
    parts = [first, *processor.features(tokenized, [each.pair for each in complete.pairs[4:]])]
    assert [len(part.pairs) for part in parts] == [4, 4, 2]
    assert [part.select([]) for part in parts] == [complete.select([])] * 3
    assert tuple(pair for part in parts for pair in part.pairs) == complete.pairs


def test_windows_of_a_long_text_overlap_and_end_in_a_suffix():
    features = features_of("<C:1 iron> <G:2 it> 1 2 3 4 5 6 7 8 9 0 1 2 3 4", **SMALL)
    assert [readable(row) for row in features.rows] == [
        "[CLS] CS iron /CS GS it /GS 1 2 3 4 [SEP]",
        "[CLS] 2 3 4 5 6 7 8 9 0 1 [SEP]",
        "[CLS] 5 6 7 8 9 0 1 2 3 4 [SEP]",
    ]


@pytest.mark.parametrize(("words", "most"), [(2000, 0.3), (8000, 0.15)])
def test_few_tokens_of_a_long_text_are_read_twice(words, most):
    text = " ".join(("iron", "binds", "it")[number % 3] for number in range(words))
    document = Document("1", text, (Mention(0, 4, "iron", CHEMICAL, ("C1",)),))
    processor = document_processor(max_tokens=512, window_overlap_tokens=128, max_mention_tokens=64)
    tokenized = processor.tokenize(document)
    windows, _, _ = processor._windows(tokenized)
    read, tokens = sum(end - start for start, end in windows), len(tokenized.token_ids)
    assert tokens >= words
    assert 0 < read - tokens <= most * tokens


def test_windows_of_a_long_text_show_mentions_that_are_longer_than_what_they_share_else():
    words, name = ["it"] * 300, " ".join(["it"] * 16)
    mentions = [Mention(30 * n, 30 * n + len(name), name, GENE, (f"G{n}",)) for n in range(28)]
    processor = document_processor(max_tokens=70, window_overlap_tokens=30, max_mention_tokens=16)
    tokenized = processor.tokenize(Document("1", " ".join(words), tuple(mentions)))
    windows, _, _ = processor._windows(tokenized)
    assert len(windows) > processing_document_biodir.LONG_TEXT_WINDOWS
    for [span] in tokenized.mention_spans.values():
        assert any(inside(span, window) for window in windows)


def test_windows_that_are_too_small_are_refused():
    document_processor(**SMALL)
    with pytest.raises(
        SettingError, match=r"^max_tokens is 11: windows that share window_overlap_tokens, 3, need twice"
    ):
        document_processor(**{**SMALL, "max_tokens": 11})
    with pytest.raises(
        SettingError, match=r"^window_overlap_tokens is 3, less than max_mention_tokens, 4: .* raise it$"
    ):
        document_processor(**{**SMALL, "max_mention_tokens": 4})


# Laws over random documents.


def nested_text(draw, depth):
    """Return a marked text of 2 ** `depth` words in which each is a mention, as are all in which it lies."""
    name = f"{draw.choice('CGVD')}:{draw.choice('12')}"
    return f"<{name} {' '.join(nested_text(draw, depth - 1) for _ in range(2))}>" if depth else f"<{name} it>"


def random_cases():
    """Yield processors, documents and features; the last twenty documents have more tags than a window holds."""
    draw = random.Random(1)
    for number in range(80):
        overlap = draw.randint(3, 9)
        sizes = {"max_mention_tokens": 3, "window_overlap_tokens": overlap,
                 "max_tokens": 2 + 2 * (overlap + 2) + draw.choice([0, 1, 7, 60])}  # fmt: skip
        document = random_document(draw, kinds="CGVDS")
        if number >= 60:
            sizes = {"max_mention_tokens": 8, "window_overlap_tokens": 8, "max_tokens": 30}
            document = marked_document(f"{nested_text(draw, 3)} binds it. <C:3 Iron> raises it. <S:1 It> is pain.")
        processor = document_processor(**sizes)
        tokenized = processor.tokenize(document)
        for features in processor.features(tokenized):
            yield processor, tokenized, features


def inside(span, window):
    return window[0] <= span[0] and span[1] <= window[1]


def windows_of(processor, tokenized, features):
    """Return the windows, after a check that rows show them; the text is no proof, since words occur twice."""
    tags = {tag for both in processor.tag_ids.values() for tag in both}
    windows = processor._windows(tokenized)[0]
    for row, (start, end) in zip(features.rows, windows, strict=True):
        assert (row[0], row[-1]) == (processor.cls_id, processor.sep_id)
        assert tuple(token for token in row[1:-1] if token not in tags) == tokenized.token_ids[start:end]
    return windows


def test_windows_of_random_documents_cover_the_text_and_show_every_mention_completely():
    for processor, tokenized, features in random_cases():
        windows = windows_of(processor, tokenized, features)
        assert all(len(row) <= processor.settings.max_tokens for row in features.rows)
        assert {place for window in windows for place in range(*window)} == set(range(len(tokenized.token_ids)))
        paired = {key: spans for key, spans in tokenized.mention_spans.items() if (key[1], "Src") in processor.tag_ids}
        assert all(any(inside(span, window) for window in windows) for spans in paired.values() for span in spans)
        found = Counter((marker.entity, marker.window) for marker in features.markers)
        assert found == Counter(
            (key, number)
            for key, spans in paired.items()
            for number, window in enumerate(windows)
            for span in spans
            if inside(span, window)
        )


def test_markers_of_random_documents_are_opening_tags_or_without_tags_first_tokens():
    untagged = 0
    for processor, tokenized, features in random_cases():
        windows = windows_of(processor, tokenized, features)
        tags = {tag for both in processor.tag_ids.values() for tag in both}
        has_tags = not all(tags.isdisjoint(row) for row in features.rows)
        untagged += not has_tags
        for marker in features.markers:
            row = features.rows[marker.window]
            opening, closing = processor.tag_ids[marker.entity[1], "Src"]
            assert not has_tags or (row[marker.position] == opening and closing in row[marker.position :])
            before = sum(token not in tags for token in row[1 : marker.position])
            starts = {span[0] for span in tokenized.mention_spans[marker.entity]}
            assert windows[marker.window][0] + before in starts
    assert 20 <= untagged < 40


def test_pairs_of_random_documents_are_scored_where_plain_loops_find_them():
    crossing, several = 0, 0
    for processor, tokenized, features in random_cases():
        windows = windows_of(processor, tokenized, features)
        for scored in features.pairs:
            sides = scored.pair.entity1, scored.pair.entity2
            spans = [tokenized.mention_spans[side.identifier, side.entity_type] for side in sides]
            together = [
                number
                for number, window in enumerate(windows)
                if all(any(inside(span, window) for span in of_side) for of_side in spans)
            ]
            closest = closest_spans(*spans)
            around = {next(n for n, window in enumerate(windows) if inside(span, window)) for span in closest}
            assert scored.windows == tuple(together or sorted(around))
            assert scored.cross_window == (not together)
            crossing += scored.cross_window
            several += len(together) > 1
    assert crossing > 50
    assert several > 30


PAD = 0


def window_pair(*names, windows=(0,), pair_type_id=0):
    """Return a pair of two entities that is scored in these windows."""
    pair = CandidatePair(*(entity(name, name[0]) for name in names or ("C1", "G1")), pair_type_id)
    return WindowPair(pair, windows, evidence=(), cross_window=False)


def window_features(rows, pairs, markers=(), prompt_tokens=0):
    """Return the windows of a document; markers are (entity, window, position)."""
    named = tuple(MentionMarker((name, TYPES[name[0]]), window, position) for name, window, position in markers)
    return DocumentFeatures(rows, tuple(pairs), named, prompt_tokens)


def test_soft_prompt_counts_once_for_each_window_and_pair_type():
    pairs = [window_pair(), window_pair(), window_pair(windows=(0, 1)), window_pair(windows=(1,), pair_type_id=1)]
    rows = (1,) * 5, (2,) * 3
    assert window_features(rows, pairs, prompt_tokens=10).tokens == 8 + 10 * 3
    assert window_features(rows, pairs).tokens == 8


def test_passes_hold_everything_in_order_and_end_only_where_the_next_would_not_fit(monkeypatch):
    draw, processor = random.Random(3), document_processor()
    for _ in range(100):
        sizes = [(draw.randint(1, 60), draw.randint(1, 9)) for _ in range(draw.randint(1, 40))]
        budget, most = draw.randint(1, 200), draw.randint(1, 30)
        features = [window_features(((1,) * size,), [window_pair()] * pairs) for size, pairs in sizes]
        monkeypatch.setattr(processing_document_biodir, "PAIRS_PER_PASS", most)
        monkeypatch.setattr(processing_document_biodir, "PAIRS_PER_TOKEN", 0)
        groups = processor.passes(features, budget)
        assert [index for group in groups for index in group] == [*range(len(sizes))]
        for group, after in zip(groups, [*groups[1:], None], strict=True):
            tokens, pairs = (sum(sizes[index][unit] for index in group) for unit in (0, 1))
            assert (tokens <= budget and pairs <= most) or len(group) == 1
            if after is not None:
                assert tokens + sizes[after[0]][0] > budget or pairs + sizes[after[0]][1] > most


# Two windows; the second pair is scored in both.
FIRST = window_features(
    ((1, 2, 3), (4, PAD)),
    (window_pair(pair_type_id=2), window_pair("C1", "D1", windows=(0, 1), pair_type_id=1)),
    (("C1", 0, 1), ("G1", 0, 2), ("C1", 1, 1), ("D1", 1, 0)),
)
SECOND = window_features(((6,),), (window_pair("C1", "C2"),), (("C2", 0, 0), ("C1", 0, 0)))


def test_batch_of_two_documents():
    batch = document_processor().collate([FIRST, SECOND])
    assert {name: values.tolist() for name, values in batch.items()} == {
        "input_ids": [[1, 2, 3], [4, PAD, PAD], [6, PAD, PAD]],
        "attention_mask": [[1, 1, 1], [1, 1, 0], [1, 0, 0]],
        "pair_type_ids": [2, 1, 0],
        "mention_windows": [0, 0, 1, 1, 2, 2],
        "mention_positions": [1, 2, 1, 0, 0, 0],
        # The first document's C1, G1 and D1, then the second's C2 and its own C1.
        "mention_entities": [0, 1, 0, 2, 3, 4],
        "pair_entities": [[0, 1], [0, 2], [4, 3]],
        "pair_windows": [[0, -1], [0, 1], [2, -1]],
    }
    assert {values.dtype for values in batch.values()} == {np.dtype("int64")}
