"""What holds for the windows of every document: checked on random ones, by plain loops over tokens and mentions.

The loops share no code with the windows.
"""

import random
from dataclasses import replace

from biodir.document_biodir import Document, Mention
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, SPECIES
from biodir.processing_document_biodir import DocumentProcessor
from biodir.processing_windows_biodir import closest_spans
from helpers.marked import encoding_settings, marked_document, word_piece_tokenizer


def window_encoder(**changes):
    return DocumentProcessor(word_piece_tokenizer(), encoding_settings(pair_encoding="document", **changes))


def random_document(draw, names=("C:1", "C:2", "C:1;3", "G:1", "G:2", "V:1", "D:1", "S:1")):
    """Short sentences with mentions of one to three tokens, some of them nested, some without a token."""
    parts = []
    for _ in range(draw.randint(5, 60)):
        name, words = draw.choice(names), draw.choice(["it", "iron pain", "x-1", "αβ", "\u200b"])
        inner = f"<{draw.choice(names)} her2>" if draw.random() < 0.15 else draw.choice(["her2", "it"])
        parts += [draw.choice(["It is.", "raises", "it, iron", ""]), draw.choice([words, f"<{name} {words}>",
                  f"<{name} {inner}>"])]  # fmt: skip
    return marked_document(" ".join(part for part in parts if part) + " <C:1 iron>")


def random_cases(number=60):
    """Encoders with windows of several sizes, each with a random document."""
    draw = random.Random(1)
    for _ in range(number):
        overlap = draw.randint(3, 9)
        sizes = {"max_mention_tokens": 3, "window_overlap_tokens": overlap,
                 "max_tokens": 2 + 2 * (overlap + 2) + draw.choice([0, 1, 7, 60])}  # fmt: skip
        encoder = window_encoder(**sizes)
        encoded = encoder.tokenize(random_document(draw))
        features = list(encoder.features(encoded))
        if features:
            yield encoder, encoded, features[0]


def inside(span, window):
    return window[0] <= span[0] and span[1] <= window[1]


def spans_of(encoded, entity):
    return encoded.mention_spans[entity.identifier, entity.entity_type]


def asked_windows(encoded, windows, pair):
    """Where the pair is to be asked, and whether its entities share no window."""
    spans1, spans2 = spans_of(encoded, pair.entity1), spans_of(encoded, pair.entity2)
    together = [
        number
        for number, window in enumerate(windows)
        if any(inside(span, window) for span in spans1) and any(inside(span, window) for span in spans2)
    ]
    closest = closest_spans(spans1, spans2)
    around = {next(number for number, window in enumerate(windows) if inside(span, window)) for span in closest}
    return tuple(together or sorted(around)), not together


def test_windows_of_random_documents_cover_the_text_and_show_every_mention_whole():
    for encoder, encoded, features in random_cases():
        windows = windows_of_tagged_rows(encoder, encoded, features)
        assert all(len(row) <= encoder.settings.max_tokens for row in features.rows)
        covered = {place for window in windows for place in range(*window)}
        assert covered == set(range(len(encoded.token_ids)))
        paired = {key: spans for key, spans in encoded.mention_spans.items() if (key[1], "Src") in encoder.tag_ids}
        expected = {
            (key, number, span)
            for key, spans in paired.items()
            for number, window in enumerate(windows)
            for span in spans
            if inside(span, window)
        }
        assert len(features.mentions) == len(expected)
        assert {(key, span) for key, _, span in expected} == {(key, span) for key in paired for span in paired[key]}
        found = {(mention.entity, mention.window) for mention in features.mentions}
        assert found == {(key, number) for key, number, _ in expected}


def test_mentions_of_random_documents_point_at_their_opening_tags():
    for encoder, encoded, features in random_cases():
        windows = windows_of_tagged_rows(encoder, encoded, features)
        tags = {tag for both in encoder.tag_ids.values() for tag in both}
        for mention in features.mentions:
            row = features.rows[mention.window]
            opening, closing = encoder.tag_ids[mention.entity[1], "Src"]
            assert row[mention.position] == opening
            assert closing in row[mention.position :]
            before = sum(token not in tags for token in row[1 : mention.position])
            start = windows[mention.window][0] + before
            assert start in {span[0] for span in encoded.mention_spans[mention.entity]}


def test_pairs_of_random_documents_are_asked_where_plain_loops_say():
    crossing, several = 0, 0
    for encoder, encoded, features in random_cases():
        windows = windows_of_tagged_rows(encoder, encoded, features)
        for question in features.pairs:
            assert (question.windows, question.cross_window) == asked_windows(encoded, windows, question.pair)
            crossing += question.cross_window
            several += len(question.windows) > 1 and not question.cross_window
    assert crossing > 50
    assert several > 50


def dense_document(draw):
    """Sentences of which one is full of mentions that lie inside one another, of several types and entities."""
    marked = marked_document(" ".join(draw.choice(["it is.", "<C:8 iron> binds", "raises"]) for _ in range(20)))
    text, mentions = "aspirin iron pain it binds cox2 and her2 " + marked.text, set()
    starts = [place for place in range(40) if place == 0 or text[place - 1] == " "]
    for _ in range(80):
        start, after = draw.choice(starts), draw.randint(1, 6)
        end = [place for place in (*starts, 41) if place > start][:after][-1] - 1
        kind = draw.choice([CHEMICAL, GENE, DISEASE, SPECIES])
        mentions.add(Mention(start, end, text[start:end], kind, (str(draw.randint(1, 5)),)))
    moved = [replace(each, start_char=each.start_char + 41, end_char=each.end_char + 41) for each in marked.mentions]
    in_order = sorted([*mentions, *moved], key=lambda mention: (mention.start_char, -mention.end_char))
    return Document("7", text, tuple(in_order))


def test_dense_documents_are_read_without_tags_and_their_mentions_are_at_their_first_tokens():
    draw = random.Random(2)
    for _ in range(20):
        encoder = window_encoder(max_tokens=30, window_overlap_tokens=8, max_mention_tokens=8)
        encoded = encoder.tokenize(dense_document(draw))
        (features,) = encoder.features(encoded)
        windows = encoder._windows(encoded)[0]
        rows = [(encoder.cls_id, *encoded.token_ids[slice(*window)], encoder.sep_id) for window in windows]
        assert features.rows == tuple(rows)
        assert max(map(len, rows)) <= 30
        found = [(mention.entity, windows[mention.window][0] + mention.position - 1) for mention in features.mentions]
        paired = {key: spans for key, spans in encoded.mention_spans.items() if key[1] != SPECIES}
        assert sorted(found) == sorted(
            (key, span[0])
            for key, spans in paired.items()
            for span in spans
            for window in windows
            if inside(span, window)
        )
        assert all(any(inside(span, window) for window in windows) for spans in paired.values() for span in spans)
        for question in features.pairs:
            assert (question.windows, question.cross_window) == asked_windows(encoded, windows, question.pair)


def windows_of_tagged_rows(encoder, encoded, features):
    """The encoder's windows, once it is seen that they are what the rows show: text is no proof, words stand twice."""
    tags = {tag for both in encoder.tag_ids.values() for tag in both}
    windows = encoder._windows(encoded)[0]
    for row, (start, end) in zip(features.rows, windows, strict=True):
        assert (row[0], row[-1]) == (encoder.cls_id, encoder.sep_id)
        assert tuple(token for token in row[1:-1] if token not in tags) == encoded.token_ids[start:end]
    return windows
