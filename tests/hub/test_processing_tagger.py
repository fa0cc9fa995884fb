"""Words of a plain text, and the windows in which they are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biodir.document_biodir import Document, Mention, Passage
from biodir.processing_tagger_biodir import TaggerProcessor
from biodir.processing_tokens_biodir import ProcessingSettings
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    return open_pipeline(save_checkpoint(tmp_path_factory.mktemp("tagger")))


@pytest.fixture(scope="module")
def processor(pipeline):
    return TaggerProcessor(pipeline.tokenizer, ProcessingSettings.from_config(pipeline.model.config))


def words_of(processor, text, **fields):
    features = processor.features(Document("1", text, **fields))
    return [text[start:end] for start, end in features.words]


def test_words_are_runs_of_letters_and_digits_and_single_marks(processor):
    assert words_of(processor, "p.T790M (EGFR-mutant)  x_y") == [
        *("p", ".", "T790M", "(", "EGFR", "-", "mutant", ")", "x", "_", "y")
    ]


def test_combining_marks_belong_to_their_word(processor):
    assert words_of(processor, "Sjo\u0308gren's") == ["Sjo\u0308gren", "'", "s"]


def test_each_word_is_represented_by_its_first_sub_word(processor, pipeline):
    features = processor.features(Document("1", "Aspirin t7. Drug filler."))
    rows = [pipeline.tokenizer.convert_ids_to_tokens(list(row)) for row in features.rows]
    found = [rows[window][position] for window, position in features.places]
    assert found == ["aspirin", "t", ".", "drug", "filler", "."]
    assert rows == [["[CLS]", "aspirin", "t", "##7", ".", "[SEP]", "drug", "filler", ".", "[SEP]"]]


def test_text_that_looks_like_a_special_token_is_text(processor, pipeline):
    [row] = processor.features(Document("1", "drug [SEP] drug")).rows
    assert pipeline.tokenizer.convert_ids_to_tokens(list(row)).count("[SEP]") == 1


def test_long_texts_are_read_in_windows_that_show_each_word_away_from_their_border(processor, pipeline):
    text = " ".join(["drug"] * 300)
    features = processor.features(Document("1", text))
    settings = pipeline.model.config
    assert len(features.words) == 300
    assert len(features.rows) > 2
    assert all(len(row) <= settings.max_tokens for row in features.rows)
    last = len(features.rows) - 1
    for window, position in features.places:
        before, after = position, len(features.rows[window]) - 1 - position
        assert before >= settings.window_overlap_tokens // 2 or window == 0
        assert after >= settings.window_overlap_tokens // 2 or window == last


def test_words_that_begin_a_passage_are_known(processor):
    passages = (Passage(0, 5, "title"), Passage(6, 10, "abstract"))
    features = processor.features(Document("1", "gene. drug", passages=passages))
    assert features.starts == (0, 2)


def test_texts_without_a_word_have_no_places(processor):
    for text in ("", " \n"):
        features = processor.features(Document("1", text))
        assert (features.words, features.places) == ((), ())


@given(st.text(alphabet="aB1 .-_é\u0301\u00a0\u4e2d[]", max_size=120))
def test_words_lie_in_order_and_have_a_place_each(processor, text):
    features = processor.features(Document("1", text))
    assert len(features.words) == len(features.places)
    assert all(end <= start for (_, end), (start, _) in zip(features.words, features.words[1:], strict=False))
    assert all(0 < position < len(features.rows[window]) - 1 for window, position in features.places)


def test_collated_windows_are_numbered_through_the_batch(processor):
    texts = ["drug gene.", " ".join(["drug"] * 100), "gene."]
    features = [processor.features(Document("1", text)) for text in texts]
    batch = processor.collate(features)
    found = [
        int(batch["input_ids"][window, position])
        for window, position in zip(batch["word_windows"], batch["word_positions"], strict=True)
    ]
    assert found == [each.rows[window][position] for each in features for window, position in each.places]


def test_mentions_of_a_document_change_nothing(processor):
    text = "The p. Asp9Asn change."
    start = text.index("p.")
    marked = Document("1", text, (Mention(start, start + 10, text[start : start + 10], "SequenceVariant"),))
    assert processor.features(marked) == processor.features(Document("1", text))
    unbroken = processor.features(Document("1", text.replace("p. A", "p, A")))
    assert len(processor.features(marked).rows[0]) == len(unbroken.rows[0]) + 1  # the [SEP] of a cut
