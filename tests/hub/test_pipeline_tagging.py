"""From the scores of words to mentions."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biodir.document_biodir import Document, Mention, Passage
from biodir.errors_biodir import CheckpointError
from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from biodir.pipeline_biodir import mention_finder
from biodir.pipeline_tagging_biodir import MentionFinder, best_path, with_one_type
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

LABELS = bio_labels(["Gene", "Drug"])


def is_valid(path, starts):
    for word, number in enumerate(path):
        label = LABELS[number]
        before = LABELS[path[word - 1]] if word and word not in starts else "O"
        if label.startswith("I-") and before[2:] != label[2:]:
            return False
    return True


@given(st.lists(st.lists(st.floats(-9, 0), min_size=5, max_size=5), min_size=1, max_size=4), st.sets(st.integers(0, 3)))
def test_the_best_path_is_the_best_of_all_valid_ones(rows, starts):
    scores = np.array(rows)

    def total(path):
        return sum(scores[word, number] for word, number in enumerate(path))

    found = best_path(scores, LABELS, sorted(starts))
    valid = [path for path in product(range(5), repeat=len(rows)) if is_valid(path, starts)]
    assert is_valid(found, starts)
    assert total(found) == pytest.approx(max(map(total, valid)))


@given(st.lists(st.tuples(st.sampled_from(["TNF", "tnf", "Fe"]), st.sampled_from(["Gene", "Drug"]), st.floats(0, 1))))
def test_mentions_with_one_name_have_one_type(found):
    mentions = [
        Mention(9 * number, 9 * number + len(name), name, kind, score=score)
        for number, (name, kind, score) in enumerate(found)
    ]
    voted = with_one_type(mentions)
    assert [(each.start_char, each.text, each.score) for each in voted] == [
        (each.start_char, each.text, each.score) for each in mentions
    ]
    for name in ("tnf", "fe"):
        kinds = {each.entity_type for each in voted if each.text.casefold() == name}
        assert len(kinds) <= 1
        assert kinds <= {each.entity_type for each in mentions if each.text.casefold() == name}
    assert with_one_type(voted) == voted


@pytest.fixture(scope="module", params=["document", "pairwise"])
def pipeline(request, tmp_path_factory):
    folder = save_checkpoint(
        tmp_path_factory.mktemp("tagger"),
        pair_encoding=request.param,
        tagger_labels=bio_labels(ENTITY_TYPES),
        tagger_layers=1,
    )
    return open_pipeline(folder)


@pytest.fixture(scope="module")
def finder(pipeline):
    return mention_finder(pipeline.model, pipeline.tokenizer)


def test_mentions_agree_with_the_text_and_do_not_overlap(finder):
    text = "Aspirin and drug 7 are of the gene. Disease and (aspirin-gene) labels."
    [found] = finder.find([Document("5", text)])
    assert found.id == "5"
    assert found.mentions
    for mention, after in zip(found.mentions, found.mentions[1:], strict=False):
        assert mention.end_char <= after.start_char
    for mention in found.mentions:
        assert mention.text == text[mention.start_char : mention.end_char]
        assert mention.entity_type in ENTITY_TYPES
        assert mention.identifiers == ()
        assert 0 < mention.score <= 1


def test_documents_come_in_order_and_the_others_change_nothing(finder):
    texts = ["aspirin gene.", "", "drug " * 200, "labels of disease and drug 9.", " "] * 5
    documents = [Document(str(number), text) for number, text in enumerate(texts)]
    together = list(finder.find(iter(documents)))
    assert [each.id for each in together] == [each.id for each in documents]
    for document, found in zip(documents, together, strict=True):
        [single] = finder.find([document])
        assert found.mentions == single.mentions


def test_mentions_do_not_reach_into_the_next_passage(finder):
    text = " ".join(["aspirin"] * 40)
    passages = tuple(Passage(start, start + 7, "part") for start in range(0, len(text), 8))
    [found] = finder.find([Document("5", text, passages=passages)])
    assert found.mentions
    assert all(mention.text == "aspirin" for mention in found.mentions)


def test_mentions_do_not_reach_into_the_next_given_sentence(pipeline):
    text = "Infection with E. coli and X2Y fell."
    sentences = ((0, 17), (18, 28), (28, 36))  # cut in "E. coli" and in the word "X2Y"
    labels = pipeline.model.config.tagger_labels

    def tag(inputs):  # every word goes on with the mention before it
        scores = [{"B-GeneOrGeneProduct": 1, "I-GeneOrGeneProduct": 5}.get(label, 0) for label in labels]
        return np.tile(np.float32(scores), (len(inputs["word_windows"]), 1))

    finder = MentionFinder(tag, pipeline.model.config, pipeline.tokenizer)
    [found] = finder.find([Document("5", text, sentences=sentences)])
    assert [mention.text for mention in found.mentions] == ["Infection with E.", "coli and X", "2Y fell."]


def test_a_mark_alone_is_no_mention(pipeline):
    labels = pipeline.model.config.tagger_labels

    def tag(inputs):  # each word is a mention
        scores = [5 if label == "B-SequenceVariant" else 0 for label in labels]
        return np.tile(np.float32(scores), (len(inputs["word_windows"]), 1))

    finder = MentionFinder(tag, pipeline.model.config, pipeline.tokenizer)
    [found] = finder.find([Document("5", "KRAS (\u2212) and \u03b2 ; * 3")])
    assert [mention.text for mention in found.mentions] == ["KRAS", "and", "\u03b2", "3"]


def test_a_gene_in_the_form_of_a_changed_amino_acid_is_a_variant(pipeline):
    labels = pipeline.model.config.tagger_labels

    def tag(inputs):  # each word is a gene, and hardly a variant
        scores = [{"B-GeneOrGeneProduct": 5, "B-SequenceVariant": 2}.get(label, -5) for label in labels]
        return np.tile(np.float32(scores), (len(inputs["word_windows"]), 1))

    finder = MentionFinder(tag, pipeline.model.config, pipeline.tokenizer)
    [found] = finder.find([Document("5", "BRAF V600E S100A F13A H19 G12C")])
    assert [mention.text for mention in found.mentions if mention.entity_type == "SequenceVariant"] == ["V600E", "G12C"]
    scores = {mention.text: mention.score for mention in found.mentions}
    assert scores["BRAF"] == pytest.approx(0.952, abs=1e-3)
    assert scores["V600E"] > 0.999  # the sum of both


def test_mentions_that_were_there_have_no_part(finder, pipeline):
    [plain] = finder.find([Document("5", "aspirin gene drug")])
    [again] = finder.find([plain])
    assert again.mentions == plain.mentions


def test_models_without_a_tagger_are_refused(tmp_path):
    pipeline = open_pipeline(save_checkpoint(tmp_path))
    with pytest.raises(CheckpointError, match="tagger_labels are empty"):
        mention_finder(pipeline.model, pipeline.tokenizer)


@pytest.mark.parametrize("form", ["document", "pairwise"])
def test_pipelines_without_relations_find_entities(tmp_path, form):
    lists = {"relation_labels": [], "novelty_labels": [], "direction_labels": [], "pair_types": []}
    settings = {**lists, "generic_relation": None, "tagger_labels": bio_labels(ENTITY_TYPES), "pair_encoding": form}
    found = open_pipeline(save_checkpoint(tmp_path, **settings))("aspirin and the gene", return_entities=True)
    assert found["entities"]
    assert found["relations"] == []
