"""Windows of a document and what is asked in them: exact small ones, and what is refused."""

import copy

import pytest

from biodir import processing_document_biodir
from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document, Mention
from biodir.document_candidates_biodir import CandidatePair
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, SPECIES, VARIANT
from biodir.processing_biodir import make_processor
from biodir.processing_document_biodir import DocumentFeatures, DocumentProcessor, MentionMarker
from biodir.processing_pairwise_biodir import PairwiseProcessor
from helpers.marked import TAGS, byte_level_tokenizer, encoding_settings, marked_document, word_piece_tokenizer

# What a reader of rows would write for the tags.
SHORT_TAGS = {
    f"@{kind}{role}{slash}$": f"{slash}{letter}{role[0]}"
    for letter, kind in (("C", CHEMICAL), ("G", GENE), ("D", DISEASE))
    for role in ("Src", "Tgt")
    for slash in ("", "/")
}
# Windows of 10 tokens beside [CLS] and [SEP], of which neighbours share 3.
SMALL = {"max_tokens": 12, "window_overlap_tokens": 3, "max_mention_tokens": 3}


def window_encoder(tokenizer=None, **changes):
    return DocumentProcessor(
        tokenizer or word_piece_tokenizer(), encoding_settings(pair_encoding="document", **changes)
    )


def features_of(marked, **changes):
    """The features of a marked text, with all its pairs."""
    encoder = window_encoder(**changes)
    document = marked if isinstance(marked, Document) else marked_document(marked)
    (features,) = encoder.features(encoder.tokenize(document))
    return features


def readable(ids):
    """The tokens with spaces between them, tags shortened to `CS` and `/CS`: chemical, source."""
    return " ".join(SHORT_TAGS.get(token, token) for token in word_piece_tokenizer().convert_ids_to_tokens(list(ids)))


def rows_of(marked, **changes):
    return [readable(row) for row in features_of(marked, **changes).rows]


def tagged_mentions(marked, **changes):
    """The tagged mentions as (identifier, window, place)."""
    features = features_of(marked, **changes)
    return [(mention.entity[0], mention.window, mention.position) for mention in features.mentions]


# Exact rows and mentions.


def test_row_tags_every_mention_with_its_type():
    marked = "<C:1 Iron> binds <G:2 it>, <D:3 pain> and <S:4 her2>. <C:1 It>."
    assert rows_of(marked) == ["[CLS] CS iron /CS binds GS it /GS , DS pain /DS and her2 . [SEP] CS it /CS . [SEP]"]
    assert tagged_mentions(marked) == [("1", 0, 1), ("1", 0, 16), ("2", 0, 5), ("3", 0, 9)]


def test_mentions_name_their_entity_by_identifier_and_type():
    features = features_of("<C:1 iron> <V:2 it>")
    assert features.mentions == (MentionMarker(("1", CHEMICAL), 0, 1), MentionMarker(("2", VARIANT), 0, 4))


def test_mention_of_several_entities_is_tagged_once_and_counts_for_each():
    marked = "<G:1;2 it> binds <G:1 her2>"
    assert rows_of(marked) == ["[CLS] GS it /GS binds GS her2 /GS [SEP]"]
    assert tagged_mentions(marked) == [("1", 0, 1), ("1", 0, 5), ("2", 0, 1)]


def test_types_that_share_their_tags_share_the_tag_of_one_span():
    twice = Mention(0, 2, "it", GENE, ("1",)), Mention(0, 2, "it", VARIANT, ("2",))
    document = Document("7", "it binds iron", (*twice, Mention(9, 13, "iron", CHEMICAL, ("3",))))
    assert rows_of(document) == ["[CLS] GS it /GS binds CS iron /CS [SEP]"]
    assert tagged_mentions(document) == [("1", 0, 1), ("2", 0, 1), ("3", 0, 5)]


def test_mentions_of_two_types_in_one_place_are_tagged_twice():
    document = Document("7", "it", (Mention(0, 2, "it", GENE, ("1",)), Mention(0, 2, "it", CHEMICAL, ("2",))))
    assert rows_of(document) == ["[CLS] CS GS it /GS /CS [SEP]"]
    assert tagged_mentions(document) == [("1", 0, 2), ("2", 0, 1)]


@pytest.mark.parametrize(
    ("marked", "row"),
    [
        ("<C:1 iron <G:2 it> pain>", "CS iron GS it /GS pain /CS"),
        ("<C:1 iron <G:2 it>>", "CS iron GS it /GS /CS"),
        ("<G:2 <C:1 it> iron>", "GS CS it /CS iron /GS"),
        ("<C:1 <C:3 it> <G:2 iron>>", "CS CS it /CS GS iron /GS /CS"),
        ("iron <C:1 \u200b> <G:2 it>", "iron CS /CS GS it /GS"),
        ("<G:2 it> <C:1 \u200b>", "GS it /GS CS /CS"),
    ],
)
def test_nested_and_dropped_mentions_keep_their_tags(marked, row):
    assert rows_of(marked) == [f"[CLS] {row} [SEP]"]


def test_long_mention_is_tagged_around_its_first_tokens():
    marked = "it <C:1 iron it iron> <G:2 it>"
    assert rows_of(marked) == ["[CLS] it CS iron it iron /CS GS it /GS [SEP]"]
    assert rows_of(marked, max_mention_tokens=2) == ["[CLS] it CS iron it /CS iron GS it /GS [SEP]"]


def test_variant_carries_gene_tags():
    assert rows_of("<D:1 pain> <V:2 it>") == ["[CLS] DS pain /DS GS it /GS [SEP]"]


def test_settings_reach_the_features():
    features = features_of("<C:1 iron> <G:2 it>", soft_prompt_tokens=5)
    assert features.prompt_tokens == 5
    assert features.tokens == 8 + 5


def test_text_that_looks_like_a_tag_is_no_tag():
    features = features_of("@ChemicalEntitySrc$ <C:1 iron> <G:2 it>")
    tags = word_piece_tokenizer().convert_tokens_to_ids(TAGS)
    assert sum(token in tags for token in features.rows[0]) == 4


# Pairs.


def test_pairs_evidence_and_order_are_those_of_the_solid_encoding():
    document = marked_document("<C:1 Iron> binds. It is. <G:2 COX2> raises <C:3 it>. <C:1;4 Iron>.")
    solid = PairwiseProcessor(word_piece_tokenizer(), encoding_settings())
    expected = [(each.pair, each.evidence) for each in solid.features(solid.tokenize(document))]
    assert [(each.pair, each.evidence) for each in features_of(document).pairs] == expected
    assert len(expected) == 6


def test_chosen_pairs_are_asked_in_the_order_in_which_they_are_given():
    encoder = window_encoder()
    encoded = encoder.tokenize(marked_document("<C:1 Iron> binds <G:2 it> and <D:3 pain>."))
    (everything,) = encoder.features(encoded)
    candidates = list(encoder.candidates(encoded))
    (some,) = encoder.features(encoded, [candidates[2], candidates[0]])
    assert some == everything.with_pairs([2, 0])


@pytest.mark.parametrize("marked", ["", "It is.", "<C:1 iron> it", "<S:1 iron> <S:2 it>"])
def test_document_without_pairs_has_no_features(marked):
    encoder = window_encoder()
    assert list(encoder.features(encoder.tokenize(marked_document(marked)))) == []


def test_document_with_many_pairs_is_split(monkeypatch):
    encoder = window_encoder()
    encoded = encoder.tokenize(marked_document("<C:1 Iron> <C:2 it> <C:3 pain> <G:4 her2> <D:5 it>"))
    (whole,) = encoder.features(encoded)
    monkeypatch.setattr(processing_document_biodir, "PAIRS_PER_PASS", 4)
    parts = list(encoder.features(encoded))
    assert [len(part.pairs) for part in parts] == [4, 4, 2]
    assert [part.with_pairs([]) for part in parts] == [whole.with_pairs([])] * 3
    assert tuple(pair for part in parts for pair in part.pairs) == whole.pairs


def test_pairs_are_encoded_as_they_are_asked_for():
    encoder = window_encoder()
    encoded = encoder.tokenize(marked_document("<C:1 Iron> <G:2 it>"))
    asked = []

    def pairs():
        for pair in list(encoder.candidates(encoded)) * (2 * processing_document_biodir.PAIRS_PER_PASS):
            asked.append(pair)
            yield pair

    next(encoder.features(encoded, pairs()))
    assert len(asked) == processing_document_biodir.PAIRS_PER_PASS


def test_groups_hold_neighbours_under_the_budget():
    encoder = window_encoder()
    features = [features_of("<C:1 Iron> <G:2 it>")] * 5
    assert encoder.groups(features, 2 * features[0].tokens) == [[0, 1], [2, 3], [4]]
    assert encoder.passes(features, 2 * features[0].tokens) == [[0, 1], [2, 3], [4]]


# Long documents: exact.


def far_apart(first, second):
    """Two mentions with 12 words, of one token each, before, between and behind them."""
    words = " ".join(["it"] * 12)
    return f"{words} {first} {words} {second} {words}"


def test_windows_of_a_long_text_overlap_and_end_in_a_suffix():
    words = [str(number) for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4)]
    assert rows_of(f"<C:1 iron> <G:2 it> {' '.join(words)}", **SMALL) == [
        "[CLS] CS iron /CS GS it /GS 1 2 3 4 [SEP]",
        "[CLS] 2 3 4 5 6 7 8 9 0 1 [SEP]",
        "[CLS] 5 6 7 8 9 0 1 2 3 4 [SEP]",
    ]


def test_pair_is_asked_in_every_window_that_shows_both():
    marked = "<C:1 iron> it <G:2 her2> it it it it it <C:1 iron> <G:2 her2> it it it it it it"
    features = features_of(marked, **SMALL)
    (pair,) = features.pairs
    assert (pair.windows, pair.cross_window) == ((0, 2), False)
    shown = [[word for word in ("iron", "her2") if word in readable(row).split()] for row in features.rows]
    assert shown == [["iron", "her2"], ["iron"], ["iron", "her2"], ["her2"]]


def test_pair_that_shares_no_window_is_asked_in_those_of_its_closest_mentions():
    marked = f"<C:1 iron> {far_apart('<C:1 iron>', '<G:2 her2>')} <G:2 her2>"
    features = features_of(marked, **SMALL)
    (pair,) = features.pairs
    assert pair.cross_window
    shown = [[word for word in ("iron", "her2") if word in readable(features.rows[w]).split()] for w in pair.windows]
    assert shown == [["iron"], ["her2"]]
    assert 0 not in pair.windows
    assert len(features.rows) - 1 not in pair.windows


def test_mention_whose_inner_tags_leave_room_for_nothing_else_is_shown_whole():
    # With its own tags and those of three others the outer mention of two tokens fills all ten.
    nested = "<C:1 <G:2 <G:3 it> <G:4 pain>>>"
    rows = rows_of(f"it it iron {nested} binds it it it", **SMALL)
    assert "[CLS] CS GS GS it /GS GS pain /GS /GS /CS [SEP]" in rows
    assert max(len(row.split()) for row in rows) == 12


# Mentions whose tags do not fit.

DENSE = {"max_mention_tokens": 6, "window_overlap_tokens": 6, "max_tokens": 18}


def deeply_nested(depth, more=()):
    """One mention of six tokens in which many others lie, a chemical behind it, and further mentions."""
    text = "it it it it it it binds iron, and pain raises the end of it and of iron."
    spans = [(3 * first, 3 * last + 2) for first in range(6) for last in range(first, 6)][: depth - 1]
    genes = [Mention(*span, text[slice(*span)], GENE, ("1",)) for span in sorted({(0, 17), *spans})]
    return Document("7", text, (*genes, Mention(24, 28, "iron", CHEMICAL, ("2",)), *more))


def test_mentions_whose_tags_fit_are_tagged():
    rows = rows_of(deeply_nested(4), **DENSE)
    assert max(len(row.split()) for row in rows) <= 18
    assert sum(row.split().count("GS") for row in rows) >= 4


def test_document_whose_tags_fill_more_than_a_window_is_read_without_tags():
    assert rows_of(deeply_nested(20), **DENSE) == [
        "[CLS] it it it it it it binds iron , and pain raises the e ##n ##d [SEP]",
        "[CLS] binds iron , and pain raises the e ##n ##d of it and of iron . [SEP]",
    ]


def test_mention_of_a_text_without_tags_is_where_its_first_token_is():
    species = Mention(34, 38, "pain", SPECIES, ("3",))
    document = deeply_nested(20, [species])
    features = features_of(document, **DENSE)
    iron = [mention for mention in features.mentions if mention.entity == ("2", CHEMICAL)]
    assert iron == [MentionMarker(("2", CHEMICAL), 0, 8), MentionMarker(("2", CHEMICAL), 1, 2)]
    genes = [mention for mention in features.mentions if mention.entity == ("1", GENE)]
    assert len(genes) == len(document.mentions) - 2
    assert {(mention.window, mention.position) for mention in genes} == {(0, place) for place in range(1, 6)}
    assert len(features.mentions) == len(iron) + len(genes), "a type that is in no pair has no mention"


def test_pairs_of_a_text_without_tags_are_those_of_the_text_with_them():
    tagged, untagged = features_of(deeply_nested(4), **DENSE), features_of(deeply_nested(20), **DENSE)
    assert [[entity.identifier for entity in (each.pair.entity1, each.pair.entity2)] for each in untagged.pairs] == [
        [entity.identifier for entity in (each.pair.entity1, each.pair.entity2)] for each in tagged.pairs
    ]
    # Without the tags there is room for both.
    assert [(each.windows, each.cross_window) for each in tagged.pairs] == [((0, 1), True)]
    assert [(each.windows, each.cross_window) for each in untagged.pairs] == [((0,), False)]
    assert [each.evidence for each in untagged.pairs] == [each.evidence for each in tagged.pairs]


# What is refused.


def test_smallest_possible_window_is_accepted():
    window_encoder(max_tokens=12, window_overlap_tokens=3, max_mention_tokens=3)


def test_window_that_its_neighbours_would_cover_is_refused():
    with pytest.raises(
        SettingError, match=r"^max_tokens is 11: windows that share window_overlap_tokens, 3, need twice"
    ):
        window_encoder(max_tokens=11, window_overlap_tokens=3, max_mention_tokens=3)


def test_overlap_that_is_shorter_than_a_mention_is_refused():
    with pytest.raises(
        SettingError, match=r"^window_overlap_tokens is 3, less than max_mention_tokens, 4: .* raise it$"
    ):
        window_encoder(max_tokens=50, window_overlap_tokens=3, max_mention_tokens=4)


@pytest.mark.parametrize("tokenizer", [word_piece_tokenizer, byte_level_tokenizer])
def test_tokenizer_without_the_tags_is_refused(tokenizer):
    with pytest.raises(CheckpointError, match=r"^the tokenizer lacks '@\w+(Src|Tgt)/?\$'; load the tokenizer that was"):
        window_encoder(tokenizer(with_tags=False))


def test_tokenizer_without_the_task_tokens_is_refused_where_there_is_a_hard_prompt():
    tokenizer = copy.deepcopy(word_piece_tokenizer(with_tags=False))
    tokenizer.add_tokens([tag for tag in TAGS if tag.startswith("@")], special_tokens=True)
    window_encoder(tokenizer)
    with pytest.raises(CheckpointError, match=r"^the tokenizer lacks '\[REL\]'; load the tokenizer"):
        PairwiseProcessor(tokenizer, encoding_settings())


# Which encoder.


@pytest.mark.parametrize(("name", "kind"), [("pairwise", PairwiseProcessor), ("document", DocumentProcessor)])
def test_configuration_names_the_encoder_of_pairs(name, kind):
    encoder = make_processor(word_piece_tokenizer(), BioDirConfig(pair_encoding=name, max_tokens=300))
    assert type(encoder) is kind
    assert encoder.settings.max_tokens == 300


def test_features_are_windows_with_pairs():
    features = features_of("<C:1 iron> <G:2 it>")
    assert isinstance(features, DocumentFeatures)
    assert [type(question.pair) for question in features.pairs] == [CandidatePair]
