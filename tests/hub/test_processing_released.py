"""Rows of released weights, word by word, and what the clean forms do in another way."""

import pytest

from biodir.configuration_biodir import BioDirConfig
from biodir.errors_biodir import AnnotationError
from biodir.processing_biodir import make_processor
from biodir.processing_released_biodir import ReleasedProcessor, released_infix
from helpers.marked import marked_document, readable, word_piece_tokenizer

QUESTION = "what are the labels of [REL] , [DIR] , and [NOV] between"
PROMPT = f"{QUESTION} CS aspirin /CS and GT cox2 /GT ?"
PADS = " [PAD]" * 8


def released_processor(**settings):
    values = {"pair_encoding": "released", "chunk_pooling": "dot_product", **settings}
    return make_processor(word_piece_tokenizer(), BioDirConfig(**values))


def features_of(document, **settings):
    processor = released_processor(**settings)
    return list(processor.features(processor.tokenize(document)))


def rows_of(document, **settings):
    (features,) = features_of(document, **settings)
    return [readable(row) for row in features.rows]


def text_of(row: str) -> str:
    """Return the row after the second question, without the padding."""
    return row.split(" ? ")[2].removesuffix(PADS)


def test_form_of_the_configuration_decides_the_processor():
    assert type(released_processor()) is ReleasedProcessor
    assert type(make_processor(word_piece_tokenizer(), BioDirConfig())) is not ReleasedProcessor


def test_row_has_the_question_twice_no_end_and_attended_padding():
    document = marked_document("<C:1 Aspirin> inhibits <G:2 COX2>. Aspirin binds.", sentences=((0, 22), (23, 37)))
    complete = f"[CLS] {PROMPT} [SEP] {PROMPT} [SEP] CS aspirin /CS inhibits GT cox2 /GT . [SEP] aspirin binds .{PADS}"
    infix = f"[CLS] {PROMPT} [SEP] {PROMPT} [SEP] CS aspirin /CS inhibits GT cox2 /GT .{PADS}"
    assert rows_of(document) == [complete, complete, infix]
    assert rows_of(document, chunks=["infix"]) == [complete]


def test_infix_of_two_that_share_no_sentence_is_the_question():
    document = marked_document("<C:1 Aspirin> binds. <G:2 COX2> binds.", sentences=((0, 14), (15, 26)))
    (features,) = features_of(document)
    assert readable(features.rows[2]) == f"[CLS] {PROMPT} [SEP] {PROMPT}{PADS}"
    assert features.evidence == ((0, 14), (15, 26))
    assert not features.cross_window


@pytest.mark.parametrize(
    ("marked", "tagged"),
    [
        ("<C:1 aspirin> binds <G:2 her2>cox2", "CS aspirin /CS binds GT her2 /GT ##c ##o ##x ##2"),
        ("iron<C:1 aspirin> binds <G:2 her2>", "iron CS ##a ##s ##p ##i ##r ##i ##n /CS binds GT her2 /GT"),
        ("<C:1 <G:2 it>> binds", "CS GT it /GT /CS binds"),  # in the order of the document; the later is outside
        ("<C:1 <C:3 it>> binds <G:2 her2>", "CS it /CS binds GT her2 /GT"),
        ("<C:1;9 <C:1 it>> binds <G:2 her2>", "CS CS it /CS /CS binds GT her2 /GT"),
    ],
)
def test_tags_are_put_around_word_pieces_in_the_order_of_the_document(marked, tagged):
    found = [
        text_of(readable(features.rows[0]))
        for features in features_of(marked_document(marked))
        if {features.pair.entity1.identifier, features.pair.entity2.identifier} == {"1", "2"}
    ]
    assert [row.removeprefix("[SEP] ") for row in found] == [tagged]


def test_mention_after_an_unknown_word_slips_as_its_token_is_longer():
    plain = rows_of(marked_document("it it <C:1 it> <G:2 her2> it it"))[0]
    slipped = rows_of(marked_document("it \u4e00 <C:1 it> <G:2 her2> it it"))[0]
    assert text_of(plain) == "[SEP] it it CS it /CS GT her2 /GT it it"
    assert text_of(slipped) == "[SEP] it GT CS [UNK] /CS it /GT her2 it it"


def test_mention_of_both_is_one_of_the_lesser_identifier():
    document = marked_document("<G:9;10 it> binds <G:9 her2>.")
    (features,) = features_of(document)
    assert (features.pair.entity1.identifier, features.pair.entity2.identifier) == ("10", "9")
    assert text_of(readable(features.rows[0])) == "[SEP] GS it /GS binds GT her2 /GT ."


def test_source_of_one_type_is_the_first_by_sentence_then_by_the_order_of_the_document():
    mentions = marked_document("<G:2 her2> binds <G:1 cox2>.").mentions
    document = marked_document("her2 binds cox2.", mentions=mentions[::-1])
    (features,) = features_of(document)
    assert features.pair.entity1.identifier == "1"


def test_identifier_of_two_types_makes_two_entities_that_are_a_pair():
    document = marked_document("<C:1 iron> and <D:1 pain> and <D:2 it>.")
    pairs = [features.pair for features in features_of(document)]
    assert [(pair.entity1.key, pair.entity2.key) for pair in pairs] == [
        (("1", "ChemicalEntity"), ("2", "DiseaseOrPhenotypicFeature")),
        (("1", "ChemicalEntity"), ("1", "DiseaseOrPhenotypicFeature")),
    ]
    # Both mentions have the identifier of the source, each with the tag of its own type.
    first = readable(features_of(document)[0].rows[0])
    assert text_of(first) == "[SEP] CS iron /CS and DS pain /DS and DT it /DT ."


def test_text_that_looks_like_a_special_token_is_one_only_here():
    document = marked_document("<C:1 iron> [SEP] <G:2 her2>")
    assert text_of(rows_of(document)[0]) == "[SEP] CS iron /CS [SEP] GT her2 /GT"
    clean = make_processor(word_piece_tokenizer(), BioDirConfig())
    (features,) = clean.features(clean.tokenize(document))
    assert "[ s e p ]" in readable(features.rows[0]).replace("##", "")


def test_chunks_of_a_long_text_are_its_first_and_its_last_tokens():
    document = marked_document("<C:1 aspirin> binds. " + "it " * 600 + "<G:2 her2> binds.")
    (features,) = features_of(document)
    prefix, suffix, infix = (readable(row) for row in features.rows)
    assert [len(row) for row in features.rows[:2]] == [512, 512]
    assert prefix.endswith("it it" + PADS)
    assert suffix.endswith("GT her2 /GT binds ." + PADS)
    assert " ? " not in suffix.split(" [SEP] ", 1)[1]
    assert len(features.rows[2]) < 60, infix
    assert features.cross_window


def test_names_that_leave_no_room_are_refused():
    document = marked_document(f"<C:1 {'iron ' * 500}iron> binds <G:2 her2>.", id="9")
    with pytest.raises(AnnotationError, match=r"document 9: the names 'iron iron .* take 5\d\d tokens of a prompt"):
        features_of(document)


S, T = "Src", "Tgt"


@pytest.mark.parametrize(
    ("roles", "room", "spans"),
    [
        ("ST.|ST|.S|ST", 9, [(0, 3), (3, 6)]),  # the third would fill the chunk
        ("ST.|ST|.S|ST", 10, [(0, 3), (3, 6), (9, 12)]),
        ("ST|.ST.....|ST", 7, [(0, 2), (11, 14)]),  # a sentence that fits nowhere is left out
        ("ST.....|ST|ST", 8, [(0, 7)]),  # one that does not fit begins a chunk of its own
        ("S.|..|T.|.T", 20, [(0, 8)]),
        ("S.|.T|S.", 20, [(0, 5), (2, 8)]),
        ("S.|S.", 20, []),
        ("ST.....", 7, []),
    ],
)
def test_infix_takes_the_nearest_sentences_as_long_as_they_fit(roles, room, spans):
    # A bar is the [SEP] that begins a sentence.
    ids = [3 if role == "|" else 5 for role in roles]
    found = released_infix(ids, [{"S": S, "T": T}.get(role) for role in roles], sep_id=3, room=room)
    assert found == spans
