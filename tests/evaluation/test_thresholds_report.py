"""A search for thresholds with a model, the table of it, and config.json before and after."""

import json
import os
import shutil
from dataclasses import replace

import pytest

from biodir.errors_biodir import AnnotationError, SettingError
from biodir.evaluation.calibration import expected_calibration_error, head_outcomes, reliability
from biodir.evaluation.checks import compared_documents
from biodir.evaluation.predictions import predicted_documents
from biodir.evaluation.scaling import MIN_SLOPE, ScoreErrors
from biodir.evaluation.scores import Counts, relation_scores
from biodir.evaluation.thresholds import fingerprints
from biodir.evaluation.thresholds_report import (
    CalibrationRun,
    calibration_run,
    scaling_table,
    store_rule,
    thresholds_table,
)
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


def test_rule_without_thresholds_is_named_as_what_it_is(run, documents, tmp_path):
    assert next(iter(run.counts)) == "the paper's rule"
    highest_wins = save_checkpoint(tmp_path, relation_loss="softmax", relation_threshold=1.0)
    found = calibration_run(open_pipeline(highest_wins), documents)
    assert next(iter(found.counts)) == "the highest label"


def test_levels_that_the_documents_do_not_annotate_have_dashes(checkpoint, documents):
    plain = [
        replace(document, relations=tuple(replace(each, novelty=None) for each in document.relations))
        for document in documents
    ]
    found = calibration_run(open_pipeline(checkpoint), plain)
    assert set(found.counts["found here"]) == {"entity_pair", "relation_type", "relation_type_direction"}
    assert thresholds_table(found).splitlines()[-2].split()[-5:] == ["100.00", "100.00", "-", "100.00", "-"]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([0, 0], "gold: document 1 occurs twice; keep one"),
        ([0], "1 document cannot be split; give at least two"),
    ],
)
def test_documents_that_no_rule_can_be_found_on_are_refused(chosen, message, checkpoint, documents):
    with pytest.raises(AnnotationError) as caught:
        calibration_run(open_pipeline(checkpoint), [documents[index] for index in chosen])
    assert str(caught.value) == message


# The scaling of scores.


@pytest.fixture(scope="module")
def many(documents):
    """Ten documents, with three pairs each, one of which has the gold relation."""
    return [replace(documents[0], id=str(number)) for number in range(10)]


@pytest.fixture(scope="module")
def scores_run(checkpoint, many):
    return calibration_run(open_pipeline(checkpoint), many, scores_only=True)


def statements(document):
    """What the relations of a document state -> their score."""
    return {
        (each.pair, each.relation_type, each.novelty, each.subject_id): each.relation_score
        for each in document.relations
    }


def test_only_scores_are_scaled_and_all_decisions_stay(scores_run, checkpoint, folder, many):
    before = open_pipeline(checkpoint)
    assert scores_run.counts == {}
    store_rule(scores_run, folder)
    after = open_pipeline(folder)
    scaling = after.model.config.score_scaling
    assert scaling["relation"] == scores_run.rule.score_scaling["relation"]
    assert replace(DecodingRule.from_config(after.model.config), score_scaling={}) == DecodingRule.from_config(
        before.model.config
    )
    plain, scaled = ([statements(found) for found in predicted_documents(extract, many)] for extract in (before, after))
    assert [each.keys() for each in plain] == [each.keys() for each in scaled]
    assert plain != scaled


def test_errors_of_the_run_are_those_of_the_predictions(scores_run, checkpoint, folder, many):
    store_rule(scores_run, folder)
    for model, name in ((checkpoint, "unscaled"), (folder, "scaled")):
        outcomes = head_outcomes(compared_documents(many, predicted_documents(open_pipeline(model), many)))
        found = {head: expected_calibration_error(reliability(each)) for head, each in outcomes.items()}
        assert {head: getattr(each, name) for head, each in scores_run.errors.items()} == pytest.approx(found, abs=1e-4)
    relation = scores_run.errors["relation"]
    assert relation.predictions == 30
    assert relation.scaled < relation.unscaled


def test_scaling_adds_its_documents_to_those_of_the_thresholds_that_stay(folder, many):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"calibrated_on": ["ffffffff"]}))
    run = calibration_run(open_pipeline(folder), many, scores_only=True)
    assert run.calibrated_on == [*fingerprints(many), "ffffffff"]
    assert calibration_run(open_pipeline(folder), many).calibrated_on == fingerprints(many)


@pytest.mark.parametrize("scores_only", [True, False])
def test_scaling_that_cannot_be_found_again_stays_with_its_documents(scores_only, folder, documents):
    path, stored = folder / "config.json", {"score_scaling": {"novelty": [0.5, 1.0]}, "calibrated_on": ["ffffffff"]}
    path.write_text(json.dumps(json.loads(path.read_text()) | stored))
    store_rule(calibration_run(open_pipeline(folder), documents, scores_only=scores_only), folder)
    after = json.loads(path.read_text())
    assert after["score_scaling"] == stored["score_scaling"]
    assert after["calibrated_on"] == [*fingerprints(documents), "ffffffff"]


def test_table_has_the_scaling_the_errors_and_what_is_left_out():
    rule = DecodingRule({task: ["None", "x", "y"] for task in ("relation", "novelty", "direction")}, None, 0.5, 0.0)
    rule = replace(rule, score_scaling={"relation": [0.5, -1.25]})
    errors = {"relation": ScoreErrors(40, 0.25, 0.0125, 0.03), "direction": ScoreErrors(30, 0.1, 0.1, None)}
    lines = scaling_table(CalibrationRun(rule, 7, [], {}, errors, frozenset({"relation"}))).splitlines()
    assert lines[1].split() == ["relation", "40", "+0.500", "-1.250", "25.00", "1.25", "3.00"]
    assert lines[2].split() == ["direction", "30", "-", "-", "10.00", "10.00", "-"]
    assert "those of the 7 documents that the scaling was found on" in lines[5]
    assert lines[-2:] == [
        "novelty: 0 predictions can be judged, fewer than 20; its scores stay as they are.",
        "direction: its 30 predictions are all right, or all wrong; its scores stay as they are.",
    ]
    found = CalibrationRun(rule, 3, [], {}, errors, frozenset({"relation"}))
    least = replace(rule, score_scaling={"relation": [MIN_SLOPE, 1.0]})
    assert "relation: higher scores are not more often right" in scaling_table(replace(found, rule=least))
    kept = scaling_table(replace(found, rule=replace(rule, score_scaling={**rule.score_scaling, "novelty": [0.5, 1]})))
    assert "novelty: 0 predictions can be judged, fewer than 20; the model's scaling stays." in kept
    assert "3 folds, the scores of each document as the other folds scale them." in kept


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
    assert after["score_scaling"] == before["score_scaling"] == {}, "two predictions are too few"
    assert {name for name in after if name not in before or after[name] != before[name]} == changed
    assert sorted(os.listdir(folder)) == files


def test_model_without_a_relation_head_is_refused(documents, tmp_path):
    checkpoint = save_checkpoint(tmp_path, relation_labels=[])
    scaled = calibration_run(open_pipeline(checkpoint), documents, scores_only=True)
    assert scaled.rule == DecodingRule.from_config(open_pipeline(checkpoint).model.config)
    with pytest.raises(SettingError, match=r"^the model has no relation head, so that there are no thresholds"):
        calibration_run(open_pipeline(checkpoint), documents)
