"""The pipeline over a model that reads the text once: long documents, and batches of any size."""

import pytest

from biodir.pipeline_biodir import BioDirPipeline
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

ONE = marked_document("Too much <C:D4 iron> harms the <D:D5 liver>.", id="one")
NO_PAIR = marked_document("No <C:D1 drug> helped.", id="no pair")
LONG = marked_document(
    "The <C:D1 drug> came first. " + "Filler and filler. " * 60 + "The <G:3 gene> binds <G:4 it>.", id="long"
)


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


def test_pair_by_itself_has_the_scores_that_it_has_among_all(extract):
    together = scores_of(extract(LONG, return_all_scores=True))
    assert_same_scores(scores_of(extract(LONG, return_all_scores=True, batch_size=1)), together)
    first, second = sorted(next(iter(together)))
    by_itself = scores_of(extract(LONG, return_all_scores=True, entity_ids=[first, second]))
    assert_same_scores(by_itself, {pair: together[pair] for pair in together if pair & {first, second}})


@pytest.mark.parametrize("batch_size", [1, 2, 7, 1000, None])
def test_batch_size_changes_neither_scores_nor_order(extract, batch_size):
    documents = [ONE, NO_PAIR, LONG, ONE]
    expected = [scores_of(extract(document, return_all_scores=True)) for document in documents]
    found = extract(iter(documents), return_all_scores=True, batch_size=batch_size)
    for results, scores in zip(found, expected, strict=True):
        assert_same_scores(scores_of(results), scores)
