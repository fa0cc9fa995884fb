"""Rows of pairs: exact small ones, mentions of all shapes, hostile text, what the encoder refuses.

A row reads `[CLS] hard prompt [SEP] chunk [SEP] soft prompt`. The laws of all rows stand in test_encoding_laws.py.
"""

from dataclasses import replace

import pytest

from biodir.configuration_biodir import HARD_PROMPT, BioDirConfig
from biodir.document_biodir import Document, Mention
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, VARIANT
from biodir.processing_pairwise_biodir import PairwiseProcessor
from biodir.processing_tokens_biodir import ProcessingSettings, special_tokens
from helpers.marked import (
    SHORT_PROMPT,
    SMALL,
    TAGS,
    byte_level_tokenizer,
    encoding_settings,
    make_processor,
    marked_document,
    pair_features,
    word_piece_tokenizer,
)

TOKENIZERS = {"word pieces": word_piece_tokenizer, "bytes": byte_level_tokenizer}
# What a reader of the rows would write for the tags of chemicals and genes.
SHORT_TAGS = {
    f"@{kind}{role}{slash}$": f"{slash}{letter}{role[0]}"
    for letter, kind in (("C", CHEMICAL), ("G", GENE), ("D", DISEASE))
    for role in ("Src", "Tgt")
    for slash in ("", "/")
}


def features_of(marked, tokenizer=None, **changes):
    """The features of every pair of a marked text."""
    encoder = make_processor(tokenizer, **changes)
    document = marked if isinstance(marked, Document) else marked_document(marked)
    return list(encoder.features(encoder.tokenize(document)))


def readable(row, tokenizer=None):
    """The row's tokens with spaces between them, tags shortened to `CS` and `/CS`: chemical, source."""
    tokens = (tokenizer or word_piece_tokenizer()).convert_ids_to_tokens(list(row))
    return " ".join(SHORT_TAGS.get(token, token) for token in tokens)


def chunk_of(features, index=0):
    """The readable chunk of a row: what stands between the brackets behind the prompt; names hold no bracket."""
    return readable(features.rows[index]).split(" [SEP] ", 1)[1].rsplit(" [SEP]", 1)[0]


def chunks_of(marked, **changes):
    """The readable first chunk of every pair."""
    return [chunk_of(features) for features in features_of(marked, **changes)]


# Exact rows.


def test_row_reads_prompt_then_chunk_then_place_of_the_soft_prompt():
    (pair,) = features_of("<C:1 Aspirin> inhibits <G:2 COX2>. <C:1 It> binds.", hard_prompt=HARD_PROMPT)
    assert [readable(row) for row in pair.rows] == [
        "[CLS] what are the labels of [REL] , [DIR] , and [NOV] between CS aspirin /CS and GT cox2 /GT ? [SEP] "
        "CS aspirin /CS inhibits GT cox2 /GT . [SEP] CS it /CS binds . [SEP] [PAD] [PAD]"
    ]


def test_row_of_a_byte_level_tokenizer_keeps_spaces_with_the_words_behind_them():
    tokenizer = byte_level_tokenizer()
    (pair,) = features_of("<C:1 a> in <G:2 it>. <C:1 In> it.", tokenizer)
    assert [readable(row, tokenizer) for row in pair.rows] == [
        "<s> [REL] Ġ , Ġ [DIR] Ġ , Ġ a n d Ġ [NOV] Ġ CS a /CS Ġ GT Ġit /GT </s> "
        "CS a /CS Ġi n GT Ġit /GT . </s> CS Ġ I n /CS Ġit . </s> <pad> <pad>"
    ]


@pytest.mark.parametrize(
    ("novelty", "direction", "prompt"),
    [
        ([], [], "[REL]"),
        (["None", "Novel"], [], "[REL] and [NOV]"),
        ([], ["None", "Left_to_Right"], "[REL] and [DIR]"),
        (["None", "Novel"], ["None", "Left_to_Right"], "[REL] , [DIR] , and [NOV]"),
    ],
)
def test_hard_prompt_names_the_tasks_that_have_labels(novelty, direction, prompt):
    (pair,) = features_of("<C:1 iron> <G:2 it>", novelty_labels=novelty, direction_labels=direction)
    assert readable(pair.rows[0]).startswith(f"[CLS] {prompt} CS iron /CS")


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize("labels", [{}, {"novelty_labels": [], "direction_labels": []}, {"direction_labels": []}])
def test_task_positions_point_at_the_task_tokens_in_the_order_of_the_heads(kind, labels):
    tokenizer = TOKENIZERS[kind]()
    (pair,) = features_of("<C:1 iron> <G:2 it>", tokenizer, hard_prompt=HARD_PROMPT, **labels)
    found = tokenizer.convert_ids_to_tokens([pair.rows[0][position] for position in pair.task_positions])
    assert found == ["[REL]", *["[NOV]"] * ("novelty_labels" not in labels), *["[DIR]"] * (not labels)]


@pytest.mark.parametrize("length", [0, 1, 8])
def test_soft_prompt_is_held_open_by_this_many_padding_ids(length):
    (pair,) = features_of("<C:1 iron> <G:2 it>", soft_prompt_tokens=length)
    assert readable(pair.rows[0]).endswith("/GT [SEP]" + " [PAD]" * length)


def test_variant_carries_gene_tags():
    assert chunks_of("<D:1 pain> <V:2 it>") == ["DS pain /DS GT it /GT"]


def test_first_mention_gives_the_name_in_the_prompt():
    (pair,) = features_of("<G:2 COX2> binds <C:1 aspirin>. <C:1 Iron> binds <G:2 it>.")
    assert "CS aspirin /CS GT cox2 /GT [SEP]" in readable(pair.rows[0])


def test_every_mention_of_both_entities_is_tagged_and_no_other():
    assert chunks_of("<C:1 iron> <C:1 iron> <G:2 it> <G:2 it> <S:3 pain>") == [
        "CS iron /CS CS iron /CS GT it /GT GT it /GT pain"
    ]


def test_swapping_the_order_of_mention_swaps_source_and_target_of_one_type():
    assert chunks_of("<C:1 iron> and <C:2 pain>") == ["CS iron /CS and CT pain /CT"]
    assert chunks_of("<C:2 iron> and <C:1 pain>") == ["CS iron /CS and CT pain /CT"]


def test_renaming_the_identifiers_changes_no_row():
    marked = "<C:1 iron> binds <G:2 it>, <C:3 aspirin> and <G:2;4 pain>."
    renamed = "<C:z iron> binds <G:a it>, <C:y aspirin> and <G:a;b pain>."
    assert [pair.rows for pair in features_of(marked)] == [pair.rows for pair in features_of(renamed)]


def test_sentences_are_set_apart_by_brackets():
    assert chunks_of("<C:1 Iron> raises <G:2 it>. <C:1 Iron> causes <D:3 pain>.")[0] == (
        "CS iron /CS raises GT it /GT . [SEP] CS iron /CS causes pain ."
    )


def test_evidence_is_the_sentences_of_the_closest_mentions():
    document = marked_document("<C:1 Iron> binds. It is. <G:2 COX2> raises <C:3 it>.")
    evidence = {
        (pair.pair.entity1.identifier, pair.pair.entity2.identifier): pair.evidence for pair in features_of(document)
    }
    assert evidence == {("1", "2"): ((0, 11), (19, 34)), ("1", "3"): ((0, 11), (19, 34)), ("3", "2"): ((19, 34),)}


# Mentions of all shapes.


def test_mention_inside_a_word_is_tagged_inside_the_word():
    assert chunks_of("<G:1 HER2>pain <C:2 iron>") == ["GT her2 /GT pain CS iron /CS"]


def test_mention_split_by_brackets_or_markup_keeps_its_tags_around_all_of_it():
    assert chunks_of("<C:1 iron (it/b)> <G:2 it>") == ["CS iron ( it / b ) /CS GT it /GT"]


def test_nested_mentions_nest_their_tags():
    assert chunks_of("<C:1 iron <G:2 it> pain>") == ["CS iron GT it /GT pain /CS"]


@pytest.mark.parametrize(
    ("marked", "chunk"),
    [
        ("<C:1 iron <G:2 it>>", "CS iron GT it /GT /CS"),
        ("<C:1 <G:2 it> iron>", "CS GT it /GT iron /CS"),
        ("<G:2 iron <C:1 it>>", "GT iron CS it /CS /GT"),
        ("<G:2 <C:1 it> iron>", "GT CS it /CS iron /GT"),
        ("<C:1 <G:2 it>>", "CS GT it /GT /CS"),
        ("<G:2 <C:1 it>>", "CS GT it /GT /CS"),
    ],
)
def test_nested_mentions_that_share_a_border_nest_their_tags(marked, chunk):
    assert chunks_of(marked) == [chunk]


def test_mentions_side_by_side_close_before_they_open():
    assert chunks_of("<C:1 iron><G:2 it>") == ["CS iron /CS GT it /GT"]


def test_mention_of_both_entities_carries_the_tags_of_both():
    assert chunks_of("<G:1;2 it> binds <G:1 her2>") == ["GS GT it /GT /GS binds GS her2 /GS"]


def test_overlapping_mentions_keep_all_their_tags():
    text = "iron it pain"
    mentions = (Mention(0, 7, "iron it", CHEMICAL, ("1",)), Mention(5, 12, "it pain", GENE, ("2",)))
    assert chunks_of(Document("7", text, mentions)) == ["CS iron GT it /CS pain /GT"]


def test_mention_that_is_annotated_twice_is_tagged_once():
    mention = Mention(0, 4, "iron", CHEMICAL, ("1",))
    document = Document("7", "iron it", (mention, mention, Mention(5, 7, "it", GENE, ("2",))))
    assert chunks_of(document) == ["CS iron /CS GT it /GT"]


def test_space_inside_the_offsets_of_a_mention_changes_nothing():
    assert chunks_of("It<C:1  iron >and <G:2  it >.") == ["it CS iron /CS and GT it /GT ."]


def test_mention_that_the_tokenizer_drops_has_tags_around_nothing():
    assert chunks_of("iron <C:1 \u200b> <G:2 it>") == ["iron CS /CS GT it /GT"]


def test_mention_that_the_tokenizer_drops_has_an_empty_name():
    (pair,) = features_of("iron <C:1 \u200b> <G:2 it>")
    assert "CS /CS GT it /GT [SEP]" in readable(pair.rows[0])


def test_dropped_mention_at_the_end_of_a_sentence_has_that_sentence_as_evidence():
    (pair,) = features_of("<G:2 It> is. It is. It: <C:1 \u200b>")
    assert pair.evidence == ((0, 6), (14, 19))


def test_tags_of_dropped_mentions_in_one_place_stand_one_pair_behind_the_other():
    assert chunks_of("it <C:1 \u200b><G:2 \u200b> it") == ["it CS /CS GT /GT it"]


def test_long_mention_is_tagged_around_its_first_tokens():
    assert chunks_of("<C:1 it it it it it> <G:2 iron>", max_mention_tokens=3) == ["CS it it it /CS it it GT iron /GT"]


def test_long_name_is_cut_in_the_prompt_only():
    (pair,) = features_of("<C:1 it iron it> <G:2 pain>", max_name_tokens=2)
    assert readable(pair.rows[0]) == (
        "[CLS] [REL] , [DIR] , and [NOV] CS it iron /CS GT pain /GT [SEP] "
        "CS it iron it /CS GT pain /GT [SEP] [PAD] [PAD]"
    )


def test_mentions_nested_by_the_dozen_do_not_make_a_row_too_long():
    text = " ".join(["it"] * 8 + ["x"] * 40 + ["iron"])
    nested = [Mention(3 * i, 3 * j + 2, text[3 * i : 3 * j + 2], GENE, ("1",)) for i in range(8) for j in range(i, 8)]
    last = Mention(len(text) - 4, len(text), "iron", CHEMICAL, ("2",))
    (pair,) = features_of(Document("7", text, (*nested, last)), **SMALL | {"max_mention_tokens": 8, "max_tokens": 45})
    assert max(map(len, pair.rows)) <= 45


# Text that is not plain English.


@pytest.mark.parametrize("word", ["[SEP]", "[PAD]", "[REL]", "@ChemicalEntitySrc$", "@ChemicalEntitySrc/$"])
def test_text_that_looks_like_a_special_token_is_text(word):
    tokenizer = word_piece_tokenizer()
    (pair,) = features_of(f"{word} <C:1 iron> <G:2 it>")
    (plain,) = features_of("<C:1 iron> <G:2 it>")
    special = set(tokenizer.all_special_ids) | set(tokenizer.convert_tokens_to_ids(TAGS))
    assert [i for i in pair.rows[0] if i in special] == [i for i in plain.rows[0] if i in special]


def test_special_token_inside_a_mention_is_text():
    assert chunks_of("<C:1 [SEP]> <G:2 it>") == ["CS [ s ##e ##p ] /CS GT it /GT"]


def test_prompt_keeps_its_special_tokens_after_a_document_was_tokenized():
    encoder = make_processor()
    encoder.tokenize(marked_document("<C:1 [REL]> <G:2 it>"))
    (pair,) = features_of("<C:1 iron> <G:2 it>")
    assert readable(pair.rows[0]).startswith("[CLS] [REL] , [DIR]")


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_tokens_of_non_ascii_text_lie_between_the_tags_of_their_mention(kind):
    tokenizer = TOKENIZERS[kind]()
    (pair,) = features_of("é→<C:1 αβ>≥é <G:2 µ> é.", tokenizer)
    row = list(pair.rows[0])
    begin, end = (row.index(tokenizer.convert_tokens_to_ids(f"@{CHEMICAL}Src{slash}$")) for slash in ("", "/"))
    assert tokenizer.decode(row[begin + 1 : end]).strip().replace(" ", "") == "αβ"


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_document_without_text_has_no_pairs(kind):
    assert features_of(Document("7", ""), TOKENIZERS[kind]()) == []


# A document is tokenized once.


class CountingTokenizer:
    """A tokenizer that counts how often it is called."""

    is_fast = True

    def __init__(self, tokenizer):
        self._tokenizer, self.calls = tokenizer, 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self._tokenizer(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(self._tokenizer, name)


@pytest.mark.parametrize("entities", [0, 2, 30])
def test_document_is_tokenized_once_however_many_pairs_it_has(entities):
    tokenizer = CountingTokenizer(word_piece_tokenizer())
    encoder = PairwiseProcessor(tokenizer, encoding_settings())
    before = tokenizer.calls
    document = marked_document("It is. " + " ".join(f"<C:{index} iron>" for index in range(entities)))
    pairs = list(encoder.features(encoder.tokenize(document)))
    assert (tokenizer.calls - before, len(pairs)) == (1, entities * (entities - 1) // 2)


# Batches.


def test_batch_of_training_holds_pairs_of_like_length_under_the_budget():
    pairs = [pair_features(length) for length in (1, 8, 2, 7, 1)]
    assert make_processor().groups(pairs, 16) == [[1, 3], [2, 0, 4]]


def test_all_pairs_go_through_the_model_at_once_which_groups_their_rows_itself():
    assert make_processor().passes([pair_features(length) for length in (1, 8, 2)], 1) == [[0, 1, 2]]
    assert make_processor().passes([], 1) == []


def test_batch_is_padded_with_the_padding_of_the_tokenizer():
    batch = make_processor().collate([pair_features(1), pair_features(2)])
    assert batch["input_ids"].tolist() == [[[1, word_piece_tokenizer().pad_token_id]], [[1, 2]]]


# What the encoder refuses.


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_tokenizer_without_the_tags_is_refused(kind):
    with pytest.raises(CheckpointError, match=r"^the tokenizer lacks '@\w+(Src|Tgt)/?\$'; load the tokenizer that was"):
        make_processor(TOKENIZERS[kind](with_tags=False))


def test_slow_tokenizer_is_refused():
    with pytest.raises(CheckpointError, match=r"^object is not a fast tokenizer; save one with tokenizer\.json$"):
        PairwiseProcessor(object(), encoding_settings())


@pytest.mark.parametrize("name", ["cls_token", "sep_token", "pad_token"])
def test_tokenizer_without_brackets_or_padding_is_refused(name):
    tokenizer = CountingTokenizer(word_piece_tokenizer())
    setattr(tokenizer, f"{name}_id", None)
    with pytest.raises(CheckpointError, match=f"^the tokenizer has no {name}; biodir needs an encoder of the BERT"):
        PairwiseProcessor(tokenizer, encoding_settings())


def test_smallest_possible_row_is_accepted():
    make_processor(**SMALL)


def test_row_without_room_for_two_mentions_is_refused():
    with pytest.raises(
        SettingError, match=r"^max_tokens is 30, but prompts, names and two mentions can take 31; raise"
    ):
        make_processor(**SMALL | {"max_tokens": SMALL["max_tokens"] - 1})


@pytest.mark.parametrize("chunks", [(), ("infix", "middle")])
def test_unknown_or_missing_chunk_is_refused(chunks):
    with pytest.raises(SettingError, match=r"^chunks \[.*\]: choose from prefix, suffix, infix$"):
        PairwiseProcessor(word_piece_tokenizer(), replace(encoding_settings(), chunks=chunks))


def test_special_tokens_are_the_tags_of_all_types_in_pairs_and_the_task_tokens():
    assert special_tokens([(GENE, VARIANT)], {VARIANT: GENE}) == [
        "@GeneOrGeneProductSrc$",
        "@GeneOrGeneProductSrc/$",
        "@GeneOrGeneProductTgt$",
        "@GeneOrGeneProductTgt/$",
        "[DIR]",
        "[NOV]",
        "[REL]",
    ]


def test_settings_are_the_fields_of_the_configuration():
    config = BioDirConfig(max_tokens=300, chunks=["infix"], hard_prompt=SHORT_PROMPT)
    settings = ProcessingSettings.from_config(config)
    assert (settings.max_tokens, settings.chunks, settings.tasks) == (300, ["infix"], config.tasks)
