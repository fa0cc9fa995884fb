"""Windows of a document and what is asked in them: exact small ones, laws over random documents, what is refused.

The laws are checked by plain loops over tokens and mentions that share no code with the windows.
"""

import copy
import random

import pytest

from biodir import windows_biodir
from biodir.candidates_biodir import CandidatePair
from biodir.chunking_biodir import closest_spans
from biodir.configuration_biodir import CHEMICAL, DISEASE, GENE, VARIANT, BioDirConfig
from biodir.document_biodir import Document, Mention
from biodir.encoding_biodir import PairEncoder
from biodir.errors_biodir import AnnotationError, CheckpointError, SettingError
from biodir.features_biodir import MarkedMention, WindowFeatures
from biodir.windows_biodir import LevitatedEncoder, PooledEncoder, pair_encoder
from marked import TAGS, byte_level_tokenizer, encoding_settings, marked_document, word_piece_tokenizer

ENCODERS = {"levitated": LevitatedEncoder, "pooled": PooledEncoder}
# What a reader of rows and queries would write for the tags.
SHORT_TAGS = {
    f"@{kind}{role}{slash}$": f"{slash}{letter}{role[0]}"
    for letter, kind in (("C", CHEMICAL), ("G", GENE), ("D", DISEASE))
    for role in ("Src", "Tgt")
    for slash in ("", "/")
}
NO_INFIX = {"chunks": ["prefix"]}
# Windows of 10 tokens beside [CLS] and [SEP], of which neighbours share 3.
SMALL = {"max_tokens": 12, "window_overlap_tokens": 3, "max_mention_tokens": 3, "infix_min_tokens": 0}


def window_encoder(kind, tokenizer=None, **changes):
    return ENCODERS[kind](tokenizer or word_piece_tokenizer(), encoding_settings(pair_encoding=kind, **changes))


def features_of(kind, marked, **changes):
    """The features of a marked text, with all its pairs."""
    encoder = window_encoder(kind, **changes)
    document = marked if isinstance(marked, Document) else marked_document(marked)
    (features,) = encoder.encode_pairs(encoder.encode_document(document))
    return features


def readable(ids):
    """The tokens with spaces between them, tags shortened to `CS` and `/CS`: chemical, source."""
    return " ".join(SHORT_TAGS.get(token, token) for token in word_piece_tokenizer().convert_ids_to_tokens(list(ids)))


def rows_of(kind, marked, **changes):
    return [readable(row) for row in features_of(kind, marked, **changes).rows]


def queries_of(marked, **changes):
    """For each pair its readable queries without task tokens, each with the places of its tags."""
    found = []
    for pair in features_of("levitated", marked, **NO_INFIX | changes).pairs:
        assert all(readable(ids[:3]) == "[REL] [NOV] [DIR]" for ids in pair.query_ids)
        assert all(places[:3] == (0, 0, 0) for places in pair.query_positions)
        queries = zip(pair.query_ids, pair.query_positions, strict=True)
        found.append([(readable(ids[3:]), list(places[3:])) for ids, places in queries])
    return found


def tagged_mentions(marked, **changes):
    """The mentions of the pooled encoding as (identifier, window, place)."""
    features = features_of("pooled", marked, **changes)
    return [(mention.entity[0], mention.window, mention.position) for mention in features.mentions]


# Levitated: exact rows and queries.


def test_levitated_row_is_the_bare_text():
    assert rows_of("levitated", "<C:1 Iron> binds <G:2 it>. <C:1 It> is.") == [
        "[CLS] iron binds it . [SEP] it i ##s . [SEP]"
    ]


def test_query_is_task_tokens_and_a_tag_at_the_place_of_each_mention():
    assert queries_of("<C:1 Iron> binds <G:2 it>. <C:1 It>.") == [
        [("CS /CS CS /CS GT /GT", [1, 1, 6, 6, 3, 3])],
    ]


def test_closing_tag_stands_at_the_last_token_of_its_mention():
    assert queries_of("it <C:1 iron it iron> <G:2 it it>") == [[("CS /CS GT /GT", [2, 4, 5, 6])]]


def test_long_mention_is_marked_by_its_first_tokens():
    assert queries_of("it <C:1 iron it iron> <G:2 it>", max_mention_tokens=2) == [[("CS /CS GT /GT", [2, 3, 5, 5])]]


def test_mention_that_the_tokenizer_drops_has_both_tags_where_it_would_stand():
    assert queries_of("iron <C:1 \u200b> <G:2 it>") == [[("CS /CS GT /GT", [2, 2, 2, 2])]]


def test_dropped_mention_at_the_end_of_the_text_has_its_tags_at_the_last_bracket():
    (features,) = [features_of("levitated", "<G:2 it> <C:1 \u200b>", **NO_INFIX)]
    assert readable(features.rows[0]) == "[CLS] it [SEP]"
    assert queries_of("<G:2 it> <C:1 \u200b>") == [[("CS /CS GT /GT", [2, 2, 1, 1])]]


def test_nested_mentions_have_the_places_of_their_own_borders():
    assert queries_of("<C:1 iron <G:2 it> pain>") == [[("CS /CS GT /GT", [1, 3, 2, 2])]]


def test_mention_of_several_entities_is_marked_for_each():
    assert queries_of("<G:1;2 it> binds <G:1 her2>") == [[("GS /GS GS /GS GT /GT", [1, 1, 3, 3, 1, 1])]]


def test_variant_carries_gene_tags():
    assert queries_of("<D:1 pain> <V:2 it>") == [[("DS /DS GT /GT", [1, 1, 2, 2])]]


@pytest.mark.parametrize(
    ("labels", "tasks"),
    [
        ({}, "[REL] [NOV] [DIR]"),
        ({"novelty_labels": []}, "[REL] [DIR]"),
        ({"novelty_labels": [], "direction_labels": []}, "[REL]"),
    ],
)
def test_query_opens_with_the_task_tokens_in_the_order_of_the_heads(labels, tasks):
    for settings, times in ((NO_INFIX, 1), ({"chunks": ["infix"]}, 2)):
        (pair,) = features_of("levitated", "<C:1 iron> <G:2 it>", **labels, **settings).pairs
        expected = " ".join([tasks] * times)
        assert readable(pair.query_ids[0]) == f"{expected} CS /CS GT /GT"
        assert pair.query_positions[0] == (*[0] * len(expected.split()), 1, 1, 2, 2)


def test_settings_reach_the_features():
    features = features_of("levitated", "<C:1 iron> <G:2 it>", soft_prompt_tokens=5, chunks=["prefix"])
    assert features.prompt_tokens == 5
    assert features.tokens == 4 + 5 + 7


# Levitated: the infix.


def infixes_of(marked, **changes):
    """For each pair the readable part of each window that the second set of task tokens sees."""
    features = features_of("levitated", marked, **{"chunks": ["infix"], "infix_min_tokens": 0} | changes)
    return [
        [readable(features.rows[window][slice(*part)]) for window, part in zip(pair.windows, pair.infix, strict=True)]
        for pair in features.pairs
    ]


def test_infix_is_the_sentences_of_the_closest_mentions():
    text = "It is. <C:1 Iron> binds. It binds <G:2 it>. It is. <C:1 Iron>."
    assert infixes_of(text) == [["iron binds . [SEP] it binds it ."]]


def test_narrow_infix_is_widened():
    assert infixes_of("It is. <C:1 Iron> binds <G:2 it>. It is.", infix_min_tokens=11) == [
        ["[SEP] iron binds it . [SEP] it"]
    ]


def test_infix_is_that_of_each_pair():
    assert infixes_of("<C:1 Iron> binds <G:2 it>. It is. <C:3 It> binds <D:4 pain>.")[-1] == ["it binds pain ."]


def test_pair_has_no_infix_where_none_is_asked_for():
    assert [pair.infix for pair in features_of("levitated", "<C:1 iron> <G:2 it>", **NO_INFIX).pairs] == [()]


def far_apart(first, second):
    """Two mentions with 12 words, of one token each, before, between and behind them."""
    words = " ".join(["it"] * 12)
    return f"{words} {first} {words} {second} {words}"


@pytest.mark.parametrize(
    ("first", "second"), [("<C:1 iron>", "<G:2 her2>"), ("<G:2 her2>", "<C:1 iron>")], ids=["source first", "target"]
)
def test_infix_of_mentions_too_far_apart_reaches_from_one_to_the_other(first, second):
    features = features_of("levitated", far_apart(first, second), **SMALL, chunks=["infix"])
    (pair,) = features.pairs
    assert pair.cross_window
    for window, (start, end) in zip(pair.windows, pair.infix, strict=True):
        row = features.rows[window]
        tokens = word_piece_tokenizer().convert_tokens_to_ids(["iron", "her2"])
        (place,) = [place for place, token in enumerate(row) if token in tokens]
        assert start <= place < end
        assert (start, end) != (0, len(row)), "the infix, not the whole row"


def test_order_of_the_mentions_in_the_text_does_not_matter_to_the_infix():
    one, other = (
        features_of("levitated", far_apart(*mentions), **SMALL, chunks=["infix"]).pairs[0].infix
        for mentions in (("<C:1 iron>", "<G:2 her2>"), ("<G:2 her2>", "<C:1 iron>"))
    )
    assert one == other


# Pooled: exact rows and mentions.


def test_pooled_row_tags_every_mention_with_its_type():
    marked = "<C:1 Iron> binds <G:2 it>, <D:3 pain> and <S:4 her2>. <C:1 It>."
    assert rows_of("pooled", marked) == [
        "[CLS] CS iron /CS binds GS it /GS , DS pain /DS and her2 . [SEP] CS it /CS . [SEP]"
    ]
    assert tagged_mentions(marked) == [("1", 0, 1), ("1", 0, 16), ("2", 0, 5), ("3", 0, 9)]


def test_mentions_of_the_pooled_encoding_name_their_entity_by_identifier_and_type():
    features = features_of("pooled", "<C:1 iron> <V:2 it>")
    assert features.mentions == (MarkedMention(("1", CHEMICAL), 0, 1), MarkedMention(("2", VARIANT), 0, 4))
    assert [pair.query_ids for pair in features.pairs] == [((),)]


def test_mention_of_several_entities_is_tagged_once_and_counts_for_each():
    marked = "<G:1;2 it> binds <G:1 her2>"
    assert rows_of("pooled", marked) == ["[CLS] GS it /GS binds GS her2 /GS [SEP]"]
    assert tagged_mentions(marked) == [("1", 0, 1), ("1", 0, 5), ("2", 0, 1)]


def test_types_that_share_their_tags_share_the_tag_of_one_span():
    twice = Mention(0, 2, "it", GENE, ("1",)), Mention(0, 2, "it", VARIANT, ("2",))
    document = Document("7", "it binds iron", (*twice, Mention(9, 13, "iron", CHEMICAL, ("3",))))
    assert rows_of("pooled", document) == ["[CLS] GS it /GS binds CS iron /CS [SEP]"]
    assert tagged_mentions(document) == [("1", 0, 1), ("2", 0, 1), ("3", 0, 5)]


def test_mentions_of_two_types_in_one_place_are_tagged_twice():
    document = Document("7", "it", (Mention(0, 2, "it", GENE, ("1",)), Mention(0, 2, "it", CHEMICAL, ("2",))))
    assert rows_of("pooled", document) == ["[CLS] CS GS it /GS /CS [SEP]"]
    assert tagged_mentions(document) == [("1", 0, 2), ("2", 0, 1)]


@pytest.mark.parametrize(
    ("marked", "row"),
    [
        ("<C:1 iron <G:2 it> pain>", "CS iron GS it /GS pain /CS"),
        ("<C:1 iron <G:2 it>>", "CS iron GS it /GS /CS"),
        ("<G:2 <C:1 it> iron>", "GS CS it /CS iron /GS"),
        ("<C:1 <C:3 it> <G:2 iron>>", "CS CS it /CS GS iron /GS /CS"),
        ("iron <C:1 \u200b> <G:2 it>", "iron CS /CS GS it /GS"),
    ],
)
def test_nested_and_dropped_mentions_keep_their_tags(marked, row):
    assert rows_of("pooled", marked) == [f"[CLS] {row} [SEP]"]


def test_text_that_looks_like_a_tag_is_no_tag():
    features = features_of("pooled", "@ChemicalEntitySrc$ <C:1 iron> <G:2 it>")
    tags = word_piece_tokenizer().convert_tokens_to_ids(TAGS)
    assert sum(token in tags for token in features.rows[0]) == 4


# Pairs, in both encodings.


@pytest.mark.parametrize("kind", ENCODERS)
def test_pairs_evidence_and_order_are_those_of_the_solid_encoding(kind):
    document = marked_document("<C:1 Iron> binds. It is. <G:2 COX2> raises <C:3 it>. <C:1;4 Iron>.")
    solid = PairEncoder(word_piece_tokenizer(), encoding_settings())
    expected = [(each.pair, each.evidence) for each in solid.encode_pairs(solid.encode_document(document))]
    assert [(each.pair, each.evidence) for each in features_of(kind, document).pairs] == expected
    assert len(expected) == 6


@pytest.mark.parametrize("kind", ENCODERS)
def test_chosen_pairs_are_asked_in_the_order_in_which_they_are_given(kind):
    encoder = window_encoder(kind)
    encoded = encoder.encode_document(marked_document("<C:1 Iron> binds <G:2 it> and <D:3 pain>."))
    (everything,) = encoder.encode_pairs(encoded)
    candidates = list(encoder.candidates(encoded))
    (some,) = encoder.encode_pairs(encoded, [candidates[2], candidates[0]])
    assert some == everything.with_pairs([2, 0])


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize("marked", ["", "It is.", "<C:1 iron> it", "<S:1 iron> <S:2 it>"])
def test_document_without_pairs_has_no_features(kind, marked):
    encoder = window_encoder(kind)
    assert list(encoder.encode_pairs(encoder.encode_document(marked_document(marked)))) == []


@pytest.mark.parametrize("kind", ENCODERS)
def test_document_with_many_pairs_is_split(monkeypatch, kind):
    encoder = window_encoder(kind)
    encoded = encoder.encode_document(marked_document("<C:1 Iron> <C:2 it> <C:3 pain> <G:4 her2> <D:5 it>"))
    (whole,) = encoder.encode_pairs(encoded)
    monkeypatch.setattr(windows_biodir, "PAIRS_PER_PASS", 4)
    parts = list(encoder.encode_pairs(encoded))
    assert [len(part.pairs) for part in parts] == [4, 4, 2]
    assert [part.with_pairs([]) for part in parts] == [whole.with_pairs([])] * 3
    assert tuple(pair for part in parts for pair in part.pairs) == whole.pairs


@pytest.mark.parametrize("kind", ENCODERS)
def test_pairs_are_encoded_as_they_are_asked_for(kind):
    encoder = window_encoder(kind)
    encoded = encoder.encode_document(marked_document("<C:1 Iron> <G:2 it>"))
    asked = []

    def pairs():
        for pair in list(encoder.candidates(encoded)) * 2000:
            asked.append(pair)
            yield pair

    next(encoder.encode_pairs(encoded, pairs()))
    assert len(asked) == windows_biodir.PAIRS_PER_PASS


@pytest.mark.parametrize("kind", ENCODERS)
def test_groups_hold_neighbours_under_the_budget(kind):
    encoder = window_encoder(kind)
    features = [features_of(kind, "<C:1 Iron> <G:2 it>")] * 5
    assert encoder.groups(features, 2 * features[0].tokens) == [[0, 1], [2, 3], [4]]
    assert encoder.passes(features, 2 * features[0].tokens) == [[0, 1], [2, 3], [4]]


# Long documents: exact.


def test_windows_of_a_long_text_overlap_and_end_in_a_suffix():
    words = [str(number) for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4)]
    assert rows_of("levitated", f"<C:1 iron> <G:2 it> {' '.join(words)}", **SMALL) == [
        "[CLS] iron it 1 2 3 4 5 6 7 8 [SEP]",
        "[CLS] 5 6 7 8 9 0 1 2 3 4 [SEP]",
    ]


def test_pair_is_asked_in_every_window_that_shows_both():
    marked = "<C:1 iron> it <G:2 her2> it it it it it <C:1 iron> <G:2 her2> it it it it it it"
    (pair,) = features_of("levitated", marked, **SMALL, **NO_INFIX).pairs
    assert (pair.windows, pair.cross_window) == ((0, 1), False)
    assert queries_of(marked, **SMALL) == [
        [("CS /CS CS /CS GT /GT GT /GT", [1, 1, 9, 9, 3, 3, 10, 10]), ("CS /CS GT /GT", [3, 3, 4, 4])]
    ]


@pytest.mark.parametrize("kind", ENCODERS)
def test_pair_that_shares_no_window_is_asked_in_those_of_its_closest_mentions(kind):
    marked = f"<C:1 iron> {far_apart('<C:1 iron>', '<G:2 her2>')} <G:2 her2>"
    features = features_of(kind, marked, **SMALL)
    (pair,) = features.pairs
    assert pair.cross_window
    shown = [[word for word in ("iron", "her2") if word in readable(features.rows[w]).split()] for w in pair.windows]
    assert shown == [["iron"], ["her2"]]
    assert 0 not in pair.windows
    assert len(features.rows) - 1 not in pair.windows


def test_query_in_a_window_with_one_entity_tags_that_entity_alone():
    assert [tags for tags, _ in queries_of(far_apart("<C:1 iron>", "<G:2 her2>"), **SMALL)[0]] == ["CS /CS", "GT /GT"]


# Long documents: laws.


def random_document(draw, names=("C:1", "C:2", "C:1;3", "G:1", "G:2", "V:1", "D:1", "S:1")):
    """Short sentences with mentions of one to three tokens, some of them nested, some without a token."""
    parts = []
    for _ in range(draw.randint(5, 60)):
        name, words = draw.choice(names), draw.choice(["it", "iron pain", "x-1", "αβ", "\u200b"])
        inner = f"<{draw.choice(names)} her2>" if draw.random() < 0.15 else draw.choice(["her2", "it"])
        parts += [draw.choice(["It is.", "raises", "it, iron", ""]), draw.choice([words, f"<{name} {words}>",
                  f"<{name} {inner}>"])]  # fmt: skip
    return marked_document(" ".join(part for part in parts if part) + " <C:1 iron>")


def random_cases(kind, number=60):
    """Encoders with windows of several sizes, each with a random document."""
    draw = random.Random(1)
    for _ in range(number):
        overlap = draw.randint(3, 9)
        sizes = {"max_mention_tokens": 3, "window_overlap_tokens": overlap, "infix_min_tokens": draw.choice([0, 8]),
                 "max_tokens": 2 + 2 * (overlap + 2) + draw.choice([0, 1, 7, 60]),
                 "chunks": draw.choice([["infix"], ["prefix"]])}  # fmt: skip
        encoder = window_encoder(kind, **sizes)
        encoded = encoder.encode_document(random_document(draw))
        features = list(encoder.encode_pairs(encoded))
        if features:
            yield encoder, encoded, features[0]


def inside(span, window):
    return window[0] <= span[0] and span[1] <= window[1]


def expected_windows(tokens, size, overlap):
    """The windows of a bare text, from the rule in words: full, and the last one at the end of the text."""
    starts = [0]
    while starts[-1] + size < tokens:
        starts.append(min(starts[-1] + size - overlap, tokens - size))
    return [(start, min(tokens, start + size)) for start in starts]


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


def expected_query(encoder, encoded, window, pair):
    """The tags of the pair in the window, with their places, by loops."""
    found = []
    for entity, role in ((pair.entity1, "Src"), (pair.entity2, "Tgt")):
        for span in spans_of(encoded, entity):
            if inside(span, window):
                last = span[1] - 1 if span[1] > span[0] else span[0]
                for tag, place in zip(encoder.tag_ids[entity.entity_type, role], (span[0], last), strict=True):
                    found.append((tag, 1 + place - window[0]))
    return found


def test_levitated_features_of_random_documents_are_those_of_plain_loops():
    crossing, several = 0, 0
    for encoder, encoded, features in random_cases("levitated"):
        settings, ids = encoder.settings, encoded.token_ids
        windows = expected_windows(len(ids), settings.max_tokens - 2, settings.window_overlap_tokens)
        assert features.rows == tuple((encoder.cls_id, *ids[start:end], encoder.sep_id) for start, end in windows)
        for question in features.pairs:
            assert (question.windows, question.cross_window) == asked_windows(encoded, windows, question.pair)
            tasks = len(settings.tasks) * (2 if "infix" in settings.chunks else 1)
            for number, tokens, places in zip(
                question.windows, question.query_ids, question.query_positions, strict=True
            ):
                found = list(zip(tokens[tasks:], places[tasks:], strict=True))
                assert found == expected_query(encoder, encoded, windows[number], question.pair)
                assert max(places) < len(features.rows[number])
            crossing += question.cross_window
            several += len(question.windows) > 1
    assert crossing > 50
    assert several > 50


def test_infix_of_random_documents_holds_the_closest_mentions_in_each_window_that_does():
    seen = 0
    for encoder, encoded, features in random_cases("levitated"):
        if "infix" not in encoder.settings.chunks:
            assert all(question.infix == () for question in features.pairs)
            continue
        size = encoder.settings.max_tokens - 2
        windows = expected_windows(len(encoded.token_ids), size, encoder.settings.window_overlap_tokens)
        for question in features.pairs:
            entities = question.pair.entity1, question.pair.entity2
            closest = closest_spans(*(spans_of(encoded, entity) for entity in entities))
            for number, (start, end) in zip(question.windows, question.infix, strict=True):
                assert 0 <= start < end <= len(features.rows[number])
                part = windows[number][0] + start - 1, windows[number][0] + end - 1
                assert all(inside(span, part) for span in closest if inside(span, windows[number]))
                seen += 1
    assert seen > 500


def test_pooled_windows_of_random_documents_cover_the_text_and_show_every_mention_whole():
    for encoder, encoded, features in random_cases("pooled"):
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


def test_pooled_mentions_of_random_documents_point_at_their_opening_tags():
    for encoder, encoded, features in random_cases("pooled"):
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


def test_pooled_pairs_of_random_documents_are_asked_where_plain_loops_say():
    crossing = 0
    for encoder, encoded, features in random_cases("pooled"):
        windows = windows_of_tagged_rows(encoder, encoded, features)
        for question in features.pairs:
            assert (question.windows, question.cross_window) == asked_windows(encoded, windows, question.pair)
            crossing += question.cross_window
    assert crossing > 50


def windows_of_tagged_rows(encoder, encoded, features):
    """The encoder's windows, once it is seen that they are what the rows show: text is no proof, words stand twice."""
    tags = {tag for both in encoder.tag_ids.values() for tag in both}
    windows = encoder._windows(encoded)[0]
    for row, (start, end) in zip(features.rows, windows, strict=True):
        assert (row[0], row[-1]) == (encoder.cls_id, encoder.sep_id)
        assert tuple(token for token in row[1:-1] if token not in tags) == encoded.token_ids[start:end]
    return windows


def test_mention_whose_inner_tags_leave_room_for_nothing_else_is_shown_whole():
    # With its own tags and those of three others the outer mention of two tokens fills all ten.
    nested = "<C:1 <G:2 <G:3 it> <G:4 pain>>>"
    rows = rows_of("pooled", f"it it iron {nested} binds it it it", **SMALL)
    assert "[CLS] CS GS GS it /GS GS pain /GS /GS /CS [SEP]" in rows
    assert max(len(row.split()) for row in rows) == 12


# What is refused.


@pytest.mark.parametrize("kind", ENCODERS)
def test_smallest_possible_window_is_accepted(kind):
    window_encoder(kind, max_tokens=12, window_overlap_tokens=3, max_mention_tokens=3)


@pytest.mark.parametrize("kind", ENCODERS)
def test_window_that_its_neighbours_would_cover_is_refused(kind):
    with pytest.raises(
        SettingError, match=r"^max_tokens is 11: windows that share window_overlap_tokens, 3, need twice"
    ):
        window_encoder(kind, max_tokens=11, window_overlap_tokens=3, max_mention_tokens=3)


@pytest.mark.parametrize("kind", ENCODERS)
def test_overlap_that_is_shorter_than_a_mention_is_refused(kind):
    with pytest.raises(
        SettingError, match=r"^window_overlap_tokens is 3, less than max_mention_tokens, 4: .* raise it$"
    ):
        window_encoder(kind, max_tokens=50, window_overlap_tokens=3, max_mention_tokens=4)


def deeply_nested(depth):
    """One mention of six tokens in which many others lie, and a chemical behind it."""
    text = "it it it it it it binds iron"
    spans = [(3 * first, 3 * last + 2) for first in range(6) for last in range(first, 6)][: depth - 1]
    genes = [Mention(*span, text[slice(*span)], GENE, ("1",)) for span in {(0, 17), *spans}]
    return Document("7", text, (*genes, Mention(24, 28, "iron", CHEMICAL, ("2",))))


def test_mention_full_of_others_is_refused_by_the_pooled_encoding_with_its_document():
    sizes = {"max_mention_tokens": 6, "window_overlap_tokens": 6, "max_tokens": 18}
    assert max(map(len, features_of("pooled", deeply_nested(4), **sizes).rows)) <= 18
    with pytest.raises(AnnotationError, match=r"^document 7: a mention holds so many others that .* the 16 tokens of"):
        features_of("pooled", deeply_nested(20), **sizes)
    assert len(features_of("levitated", deeply_nested(20), **sizes, **NO_INFIX).pairs) == 1


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize("tokenizer", [word_piece_tokenizer, byte_level_tokenizer])
def test_tokenizer_without_the_tags_is_refused(kind, tokenizer):
    with pytest.raises(CheckpointError, match=r"^the tokenizer lacks '@\w+(Src|Tgt)/?\$'; load the tokenizer that was"):
        window_encoder(kind, tokenizer(with_tags=False))


def test_tokenizer_without_the_task_tokens_is_refused_where_there_are_queries():
    tokenizer = copy.deepcopy(word_piece_tokenizer(with_tags=False))
    tokenizer.add_tokens([tag for tag in TAGS if tag.startswith("@")], special_tokens=True)
    window_encoder("pooled", tokenizer)
    with pytest.raises(CheckpointError, match=r"^the tokenizer lacks '\[REL\]'; load the tokenizer"):
        window_encoder("levitated", tokenizer)


# Which encoder.


@pytest.mark.parametrize(
    ("name", "kind"), [("solid", PairEncoder), ("levitated", LevitatedEncoder), ("pooled", PooledEncoder)]
)
def test_configuration_names_the_encoder_of_pairs(name, kind):
    encoder = pair_encoder(word_piece_tokenizer(), BioDirConfig(pair_encoding=name, max_tokens=300))
    assert type(encoder) is kind
    assert encoder.settings.max_tokens == 300


def test_features_of_both_encodings_are_windows_with_pairs():
    for kind in ENCODERS:
        features = features_of(kind, "<C:1 iron> <G:2 it>")
        assert isinstance(features, WindowFeatures)
        assert [type(question.pair) for question in features.pairs] == [CandidatePair]
