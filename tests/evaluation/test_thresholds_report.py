"""A search for thresholds with a model, the table of it, and config.json before and after."""

import json
import os
import shutil

import pytest

from biodir.errors_biodir import AnnotationError, SettingError
from biodir.evaluation.predictions import predicted_documents
from biodir.evaluation.scores import Counts, relation_scores
from biodir.evaluation.thresholds import fingerprints
from biodir.evaluation.thresholds_report import calibration_run, store_rule
from biodir.pipeline_decoding_biodir import DecodingRule
from helpers.marked import marked_document
from helpers.scored_documents import surest_gold
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("thresholds"))


@pytest.fixture(scope="module")
def documents(checkpoint):
    return [*surest_gold(open_pipeline(checkpoint)), marked_document("It is.", id="3")]


@pytest.fixture(scope="module")
def run(checkpoint, documents):
    return calibration_run(open_pipeline(checkpoint), documents)


@pytest.fixture
def folder(checkpoint, tmp_path):
    """A copy of the checkpoint to write to."""
    return shutil.copytree(checkpoint, tmp_path / "model")


def pipeline_scores(folder, documents):
    return relation_scores(documents, predicted_documents(open_pipeline(folder), documents))


def test_found_rule_lets_only_the_surest_relation_through(run):
    assert run.counts["as configured"]["entity_pair"] == Counts(tp=2, fp=4), "every pair is related"
    assert run.counts["found here"]["relation_type"] == Counts(tp=2)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([0, 0], "gold: document 1 occurs twice; keep one"),
        ([0], "1 documents cannot be split; give at least two"),
        ([2], "no thresholds can be found: the documents have no relations, or no candidate pairs"),
    ],
)
def test_documents_that_no_rule_can_be_found_on_are_refused(chosen, message, checkpoint, documents):
    with pytest.raises(AnnotationError) as caught:
        calibration_run(open_pipeline(checkpoint), [documents[index] for index in chosen])
    assert str(caught.value) == message


# config.json.


def test_stored_rule_is_the_one_of_the_pipeline_that_is_loaded_from_the_folder(run, folder, documents):
    store_rule(run, folder)
    config = open_pipeline(folder).model.config
    assert DecodingRule.from_config(config) == run.rule
    assert config.calibrated_on == fingerprints(documents)
    assert pipeline_scores(folder, documents) == run.counts["found here"]


def test_storing_changes_nothing_else(run, folder):
    before, files = json.loads((folder / "config.json").read_text()), sorted(os.listdir(folder))
    store_rule(run, folder)
    after = json.loads((folder / "config.json").read_text())
    changed = {"none_bias", "relation_thresholds", "label_biases", "calibrated_on"}
    assert {name for name in after if name not in before or after[name] != before[name]} == changed
    assert sorted(os.listdir(folder)) == files


def test_model_without_a_relation_head_is_refused(documents, tmp_path):
    checkpoint = save_checkpoint(tmp_path, relation_labels=[])
    with pytest.raises(SettingError, match=r"^the model has no relation head, so that there are no thresholds"):
        calibration_run(open_pipeline(checkpoint), documents)
