"""The pipeline over a model that reads the text once: dense and long documents, batches of any size, bad documents."""

import math

import pytest

from biodir.document_biodir import Document, Mention
from biodir.labels_biodir import CHEMICAL, GENE
from biodir.pipeline_biodir import BioDirPipeline
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

ONE = marked_document("Too much <C:D4 iron> harms the <D:D5 liver>.", id="one")
NO_PAIR = marked_document("No <C:D1 drug> helped.", id="no pair")
LONG = marked_document(
    "The <C:D1 drug> came first. " + "Filler and filler. " * 60 + "The <G:3 gene> binds <G:4 it>.", id="long"
)


def dense_document() -> Document:
    """Eight words in which each run of words is a mention of two types, whose tags fill more than any window."""
    text = "gene drug disease filler aspirin gene drug disease. The labels of gene and drug."
    starts = [place for place in range(50) if place == 0 or text[place - 1] == " "]
    ends = [*(start - 1 for start in starts[1:]), 50]
    spans = [(start, end) for start in starts for end in ends if start < end]
    mentions = [
        Mention(start, end, text[start:end], kind, (f"{kind[0]}{number % 4}",))
        for number, (start, end) in enumerate(spans)
        for kind in (CHEMICAL, GENE)
    ]
    mentions += [Mention(66, 70, "gene", GENE, ("G9",)), Mention(75, 79, "drug", CHEMICAL, ("C9",))]
    return Document("dense", text, tuple(sorted(mentions, key=lambda found: (found.start_char, -found.end_char))))


@pytest.fixture(scope="module")
def extract(tmp_path_factory) -> BioDirPipeline:
    """The pipeline over a model of the document form that relates every pair."""
    return open_pipeline(save_checkpoint(tmp_path_factory.mktemp("document"), pair_encoding="document"))


def scores_of(results) -> dict[frozenset, list[float]]:
    """Entities of the pair -> the scores of all its labels."""
    return {
        frozenset((result["subject"]["id"], result["object"]["id"])): [
            score for scores in result["scores"].values() for score in scores.values()
        ]
        for result in results
    }


def assert_same_scores(found, expected) -> None:
    assert found.keys() == expected.keys()
    for pair, scores in found.items():
        assert scores == pytest.approx(expected[pair], abs=1e-5)


def test_dense_document_has_scores_for_all_its_pairs(extract):
    document = dense_document()
    ((part, _),) = [batch.parts for batch in extract.preprocess([document])]
    features = part.features
    tags = {tag for both in extract._processor.tag_ids.values() for tag in both}
    assert not tags & {token for row in features.rows for token in row}
    scores = scores_of(extract(document, return_all_scores=True))
    assert len(scores) == 10 * 9 // 2
    assert all(math.isfinite(score) for of_pair in scores.values() for score in of_pair)
    assert len({tuple(round(score, 6) for score in of_pair) for of_pair in scores.values()}) > 10


@pytest.mark.parametrize("document", [dense_document(), LONG], ids=["dense", "long"])
def test_pair_by_itself_has_the_scores_that_it_has_among_all(extract, document):
    together = scores_of(extract(document, return_all_scores=True))
    assert_same_scores(scores_of(extract(document, return_all_scores=True, batch_size=1)), together)
    first, second = sorted(next(iter(together)))
    by_itself = scores_of(extract(document, return_all_scores=True, entity_ids=[first, second]))
    assert_same_scores(by_itself, {pair: together[pair] for pair in together if pair & {first, second}})


@pytest.mark.parametrize("batch_size", [1, 2, 7, 1000, None])
def test_batch_size_changes_neither_scores_nor_order(extract, batch_size):
    documents = [ONE, dense_document(), NO_PAIR, LONG, ONE]
    expected = [scores_of(extract(document, return_all_scores=True)) for document in documents]
    found = extract(iter(documents), return_all_scores=True, batch_size=batch_size)
    for results, scores in zip(found, expected, strict=True):
        assert_same_scores(scores_of(results), scores)
