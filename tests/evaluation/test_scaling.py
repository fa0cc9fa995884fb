"""Scaling of scores: fits to drawn outcomes whose truth is known, against scikit-learn, and what is left out."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from biodir.document_biodir import Relation
from biodir.evaluation.calibration import expected_calibration_error, reliability
from biodir.evaluation.model_scores import ProcessedDocuments, decoded_documents, processed_documents
from biodir.evaluation.scaling import MIN_OUTCOMES, MIN_SLOPE, fitted_scaling, score_errors, with_scaling
from biodir.evaluation.thresholds import cross_fitted
from biodir.labels_biodir import DIRECTION_LABELS, NOVELTY_LABELS, RELATION_LABELS
from biodir.pipeline_decoding_biodir import DecodingRule, scaled_scores, score_logits
from helpers.marked import make_processor, marked_document

LABELS = {"relation": list(RELATION_LABELS), "novelty": list(NOVELTY_LABELS), "direction": list(DIRECTION_LABELS)}
RULE = DecodingRule(LABELS, generic_relation="Association", relation_threshold=0.5, none_bias=0.0)
DOCUMENT = marked_document("<C:1 Iron> binds <G:2 it>.")
FEATURES = processed_documents([DOCUMENT], make_processor()).features  # of the one pair that all documents here have


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def drawn(slope, offset, count, seed):
    """Outcomes whose scores have logits around 2, where a score is right as often as the scaling says."""
    random = np.random.default_rng(seed)
    logits = random.normal(2, 2, count)
    return np.stack([sigmoid(logits), random.random(count) < sigmoid(slope * logits + offset)], axis=1)


def error(outcomes, scaling=None):
    scores = outcomes[:, 0] if scaling is None else scaled_scores(outcomes[:, 0], *scaling)
    return expected_calibration_error(reliability(np.stack([scores, outcomes[:, 1]], axis=1)))


@pytest.mark.parametrize("truth", [(0.4, -0.8), (0.6, 0.0), (1.0, -1.0), (1.7, 0.5)])
def test_scaling_of_drawn_outcomes_is_found_and_calibrates_others(truth):
    scaling = fitted_scaling(drawn(*truth, 20_000, seed=1))
    others = drawn(*truth, 20_000, seed=2)
    assert scaling == pytest.approx(truth, abs=0.1)
    assert error(others, scaling) < 0.02 < error(others)


def test_fit_is_the_logistic_regression_of_scikit_learn():
    outcomes = drawn(0.5, -1.0, 300, seed=3)
    logits, right = score_logits(outcomes[:, :1]), outcomes[:, 1]
    # A target between 0 and 1 is both labels, with its shares as weights.
    high, low = (right.sum() + 1) / (right.sum() + 2), 1 / (len(right) - right.sum() + 2)
    targets = np.where(right > 0, high, low)
    both = np.repeat([1, 0], len(right))
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    model.fit(np.vstack([logits, logits]), both, sample_weight=np.concatenate([targets, 1 - targets]))
    assert fitted_scaling(outcomes) == pytest.approx([*model.coef_[0], *model.intercept_], abs=1e-4)


@pytest.mark.parametrize("slope", [-1.0, 0.0])
def test_scores_that_say_nothing_become_nearly_one_and_keep_their_order(slope):
    outcomes = drawn(slope, 1.0, 5000, seed=4)
    found = fitted_scaling(outcomes)
    assert MIN_SLOPE <= found[0] < 0.05
    scores = scaled_scores(outcomes[:, 0], *found)
    assert scores.mean() == pytest.approx(outcomes[:, 1].mean(), abs=0.01)
    assert np.argsort(scores, kind="stable").tolist() == np.argsort(outcomes[:, 0], kind="stable").tolist()
    assert fitted_scaling(drawn(-1.0, 1.0, 5000, seed=4))[0] == MIN_SLOPE


@pytest.mark.parametrize(
    "outcomes",
    [
        [(0.2, 0)] * 20 + [(0.8, 1)] * 20,  # the scores part right from wrong
        [(0.8, 1)] * 15 + [(0.8, 0)] * 5,  # all scores are equal
        [(1.0, 1)] * 15 + [(1.0, 0)] * 5 + [(0.0, 0)] * 5,
        [(0.5, 1)] + [(1e-300, 0)] * 40,
    ],
)
def test_fit_to_outcomes_of_a_kind_is_finite_and_right_on_the_whole(outcomes):
    outcomes = np.array(outcomes)
    slope, offset = fitted_scaling(outcomes)
    assert slope >= MIN_SLOPE
    assert np.isfinite([slope, offset]).all()
    assert scaled_scores(outcomes[:, 0], slope, offset).mean() == pytest.approx(outcomes[:, 1].mean(), abs=0.05)


# From documents.


def document(logit, right, number, novelty=2.0):
    """A document with a gold relation, and the logits of its pair, with the type that gold has or another."""
    gold = Relation("Bind" if right else "Comparison", "1", "2", "Novel", "1")
    logits = {task: [-5.0] * len(labels) for task, labels in LABELS.items()}
    logits["relation"][RELATION_LABELS.index("Bind")] = logit
    logits["novelty"][1], logits["direction"][1] = novelty, 3.0
    return replace(DOCUMENT, id=str(number), relations=(gold,)), logits


def data_of(pairs):
    documents, logits = zip(*pairs, strict=True)
    return ProcessedDocuments(tuple(documents), FEATURES * len(documents)), list(logits)


def over_confident(count, seed=5):
    """Documents with relations that are right less often than their scores say."""
    random = np.random.default_rng(seed)
    logits = random.normal(3, 1, count).clip(0.1)
    right = random.random(count) < sigmoid(0.7 * logits - 1)
    novelties = random.normal(2, 1, count)
    numbers = zip(logits.tolist(), right, range(count), novelties.tolist(), strict=True)
    return data_of([document(*each) for each in numbers])


def without_scores(documents):
    empty = dict.fromkeys(("relation_score", "novelty_score", "direction_score"))
    return [[replace(relation, **empty) for relation in each.relations] for each in documents]


def test_scaling_makes_scores_of_documents_agree_with_what_is_right_and_keeps_relations():
    data, logits = over_confident(800)
    found = with_scaling(data, logits, RULE)
    scaling = found.score_scaling["relation"]
    assert found == replace(RULE, score_scaling={"relation": scaling}), "novelties and directions are all right"
    relations = [without_scores(decoded_documents(data, logits, rule)) for rule in (found, RULE)]
    assert relations[0] == relations[1]
    errors = score_errors(data, logits, found, cross_fitted(data, logits, RULE, with_scaling))
    assert set(errors) == {"relation", "novelty", "direction", "statement"}
    assert errors["relation"].predictions == 800
    assert errors["relation"].unscaled > 0.15
    assert errors["relation"].scaled < 0.05
    assert errors["relation"].on_others < 0.05
    assert errors["novelty"].unscaled == errors["novelty"].scaled


def test_scaling_of_before_does_not_matter():
    data, logits = over_confident(100)
    before = replace(RULE, score_scaling={"relation": [3.0, 2.0], "novelty": [2.0, 1.0]})
    assert with_scaling(data, logits, before) == with_scaling(data, logits, RULE)
    errors = [score_errors(data, logits, rule, []) for rule in (before, RULE)]
    assert errors[0]["relation"].unscaled == errors[1]["relation"].unscaled == errors[1]["relation"].scaled
    assert errors[0]["relation"].on_others is None


@pytest.mark.parametrize(("count", "is_scaled"), [(MIN_OUTCOMES - 1, False), (MIN_OUTCOMES, True)])
def test_task_with_few_predictions_keeps_its_scores(count, is_scaled):
    found = with_scaling(*data_of([document(2.0, number % 2, number) for number in range(count)]), RULE)
    assert ("relation" in found.score_scaling) == is_scaled


@pytest.mark.parametrize("right", [True, False])
def test_task_whose_predictions_are_all_right_or_all_wrong_keeps_its_scores(right):
    pairs = [document(2.0, right, number) for number in range(2 * MIN_OUTCOMES)]
    assert with_scaling(*data_of(pairs), RULE).score_scaling == {}
