"""The demo's answers come from the shipped checkpoint, in time."""

import pytest
from conftest import CHECKOUT

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError
from biodir.inference.loading import load_pipeline
from biodir_demo.answers import ask
from biodir_demo.opening import EXAMPLES, example, samples_folder
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return open_pipeline(save_checkpoint(tmp_path_factory.mktemp("tiny"), pair_encoding="document"))


def test_findings_are_numbered_from_the_surest(tiny):
    answer = ask(tiny, example("tnf_signalling.pubtator"))
    scores = [finding.result["score"] for finding in answer.findings]
    assert [finding.number for finding in answer.findings] == list(range(1, len(scores) + 1))
    assert scores == sorted(scores, reverse=True)


def test_evidence_spans_are_those_of_the_text(tiny):
    answer = ask(tiny, example("tnf_signalling.pubtator"))
    for finding in answer.findings:
        texts = [answer.document.text[start:end] for start, end in finding.evidence]
        assert texts == [part["text"] for part in finding.result["evidence"]]


def test_names_of_other_types_are_those_of_the_model(tiny):
    entities = [{"start": 0, "end": 4, "type": "Gene"}, {"start": 5, "end": 9, "type": "Chemical"}]
    answer = ask(tiny, Document.from_dict({"id": "1", "text": "EGFR iron", "entities": entities}))
    assert {finding.subject[1] for finding in answer.findings} <= {"GeneOrGeneProduct", "ChemicalEntity"}
    assert len(answer.findings) == 1


def test_unmarked_document_is_refused(tiny):
    with pytest.raises(AnnotationError, match="no entity is marked"):
        ask(tiny, Document.from_dict({"id": "1", "text": "EGFR iron"}))


@pytest.mark.slow
def test_shipped_checkpoint_answers_each_example_within_five_seconds():
    extract = load_pipeline(str(CHECKOUT), device="cpu")
    for name in EXAMPLES:
        answer = ask(extract, example(name))
        assert len(answer.findings) >= 5
        assert answer.elapsed_s < 5


def test_examples_lie_in_the_samples_of_the_checkout():
    assert samples_folder() == CHECKOUT / "samples"
