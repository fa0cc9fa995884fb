"""The model's prediction for a document of the page, and the relations that pass the filters."""

import pytest

from biodir.document_biodir import Document
from biodir.inference.loading import load_pipeline
from biodir_demo.documents import EXAMPLES, example, samples_folder
from biodir_demo.predictions import ANY_NOVELTY, passes, predict
from helpers.checkout import CHECKOUT
from helpers.demo_predictions import prediction
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return open_pipeline(save_checkpoint(tmp_path_factory.mktemp("tiny"), pair_encoding="document"))


def test_relations_are_numbered_by_score_and_their_evidence_is_in_the_text(tiny):
    found = predict(tiny, example("tnf_signalling.pubtator"))
    scores = [relation.result["score"] for relation in found.relations]
    assert [relation.number for relation in found.relations] == list(range(1, len(scores) + 1))
    assert scores == sorted(scores, reverse=True)
    for relation in found.relations:
        texts = [found.document.text[start:end] for start, end in relation.evidence]
        assert texts == [part["text"] for part in relation.result["evidence"]]


def test_entity_types_have_the_names_of_the_model(tiny):
    entities = [{"start": 0, "end": 4, "type": "Gene"}, {"start": 5, "end": 9, "type": "Chemical"}]
    found = predict(tiny, Document.from_dict({"id": "1", "text": "EGFR iron", "entities": entities}))
    assert {found.relations[0].subject[1], found.relations[0].object[1]} == {"GeneOrGeneProduct", "ChemicalEntity"}


@pytest.mark.slow
def test_shipped_checkpoint_reads_each_example_within_five_seconds():
    assert samples_folder() == CHECKOUT / "samples"
    extract = load_pipeline(str(CHECKOUT), device="cpu")
    for name in EXAMPLES:
        found = predict(extract, example(name))
        assert len(found.relations) >= 5
        assert found.elapsed_s < 5


RELATIONS = prediction().relations


OPEN = {"words": "", "relation_types": [], "novelty": ANY_NOVELTY, "min_score": 0, "directed_only": False}
EMPTIED = dict.fromkeys(OPEN, None) | {"novelty": ANY_NOVELTY}


@pytest.mark.parametrize(
    ("settings", "numbers"),
    [
        (OPEN, [1, 2]),
        (EMPTIED, [1, 2]),
        ({"relation_types": ["Association"]}, [2]),
        ({"novelty": "No"}, [2]),
        ({"directed_only": True}, [1]),
        ({"min_score": 0.5}, [1, 2]),
        ({"min_score": 0.51}, [1]),
        ({"words": "GEFITINIB assoc"}, [2]),
        ({"words": "known"}, [2]),
        ({"words": "negative correlation"}, [1]),
        ({"words": "p|sub"}, [2]),
        ({"words": "gefitinib", "novelty": "No", "directed_only": True}, []),
    ],
)
def test_filter_keeps(settings, numbers):
    kept = [relation.number for relation in RELATIONS if passes(relation.result, **(OPEN | settings))]
    assert kept == numbers
