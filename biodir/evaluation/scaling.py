"""The scaling of scores by which they agree with how often predictions are right: Platt scaling, one for each task.

Found on a development set. Source: Platt 1999; Guo et al. 2017, section 4, for neural networks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biodir.evaluation.calibration import Outcomes, expected_calibration_error, head_outcomes, reliability
from biodir.evaluation.checks import ComparedDocument, compared_documents
from biodir.evaluation.model_scores import ProcessedDocuments, decoded_documents
from biodir.evaluation.thresholds import Fold
from biodir.labels_biodir import TASKS
from biodir.pipeline_decoding_biodir import DecodingRule, score_logits
from biodir.pipeline_engine_biodir import Logits

# A task with fewer predictions keeps its scores: a line through them would fit chance.
MIN_OUTCOMES = 20
# The least slope. Where higher scores are not more often right, all get nearly one score, in the order that they have.
MIN_SLOPE = 0.01
MAX_STEPS = 100
# What the gradient, a sum over the predictions, may be at the end.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class ScoreErrors:
    """How far the scores of a head are from the share of right predictions, as expected calibration error in 0..1.

    Args:
        predictions: how many could be judged.
        unscaled: of the scores without scaling.
        scaled: with that of the rule, on the documents that it was found on.
        on_others: of documents whose scaling was found on others.

    >>> ScoreErrors(predictions=1005, unscaled=0.188, scaled=0.012, on_others=0.031).predictions
    1005
    """

    predictions: int
    unscaled: float
    scaled: float
    on_others: float | None


def score_errors(
    data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule, folds: Iterable[Fold]
) -> dict[str, ScoreErrors]:
    """Return task, or `STATEMENT` -> the errors of its scores; heads without predictions to judge are left out.

    Args:
        rule: with the scaling that was found on the documents.
        folds: the same documents, with rules that were found on others.
    """
    plain = head_outcomes(_compared(data, logits, replace(rule, score_scaling={})))
    scaled = head_outcomes(_compared(data, logits, rule))
    others = head_outcomes([pair for fold in folds for pair in _compared(fold.data, fold.logits, fold.rule)])
    return {
        head: ScoreErrors(
            len(found), _error(found), _error(scaled[head]), _error(others[head]) if head in others else None
        )
        for head, found in plain.items()
    }


def _error(outcomes: Outcomes) -> float:
    return expected_calibration_error(reliability(outcomes))


def _compared(data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule) -> list[ComparedDocument]:
    """Return the documents with the relations that the rule decodes."""
    return compared_documents(data.documents, decoded_documents(data, logits, rule), rule.labels)


def with_scaling(data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule) -> DecodingRule:
    """Return the rule with the scaling that fits the outcomes of its unscaled scores; labels stay as they are.

    A task whose outcomes are fewer than `MIN_OUTCOMES`, or all right, or all wrong, is left out.
    """
    unscaled = replace(rule, score_scaling={})
    outcomes = head_outcomes(_compared(data, logits, unscaled))
    known = {task: outcomes[task] for task in TASKS if task in outcomes and _is_enough(outcomes[task])}
    return replace(rule, score_scaling={task: fitted_scaling(found) for task, found in known.items()})


def _is_enough(outcomes: Outcomes) -> bool:
    return len(outcomes) >= MIN_OUTCOMES and 0 < outcomes[:, 1].sum() < len(outcomes)


def fitted_scaling(outcomes: Outcomes) -> list[float]:
    """Return slope and offset of the logistic regression of what is right on the logits of the scores.

    The targets are Platt's, a little inside 0 and 1; they keep the numbers finite where a score parts right from wrong.
    The slope is at least `MIN_SLOPE`.

    >>> outcomes = np.repeat([(0.1, 1), (0.1, 0), (0.9, 1), (0.9, 0)], [300, 700, 700, 300], axis=0)
    >>> [round(abs(value), 2) for value in fitted_scaling(outcomes)]  # of scores of .1 and .9, .3 and .7 are right
    [0.38, 0.0]
    """
    logits = score_logits(outcomes[:, 0])  # (predictions,)
    right = outcomes[:, 1].sum()
    wrong = len(outcomes) - right
    targets = np.where(outcomes[:, 1] > 0, (right + 1) / (right + 2), 1 / (wrong + 2))
    ones = np.ones_like(logits)
    slope, offset = _regression(np.stack([logits, ones], axis=1), targets, 0 * logits)
    if slope < MIN_SLOPE:
        slope = MIN_SLOPE
        [offset] = _regression(ones[:, None], targets, slope * logits)
    return [float(slope), float(offset)]


def _regression(features: NDArray[Any], targets: NDArray[Any], base: NDArray[Any]) -> NDArray[Any]:
    """Return (features,): weights with the least log loss of ``sigmoid(features @ weights + base)``, by Newton's steps.

    A step that does not lower the loss is halved until it does (Lin, Lin, Weng 2007).

    Args:
        features: (predictions, features).
        targets, base: (predictions,).
    """

    def loss(weights: NDArray[Any]) -> float:
        values = features @ weights + base
        return float(np.sum(np.logaddexp(0, values) - targets * values))

    weights = np.zeros(features.shape[1])
    for _ in range(MAX_STEPS):
        shares = 1 / (1 + np.exp(-np.clip(features @ weights + base, -700, 700)))  # (predictions,)
        gradient = features.T @ (shares - targets)
        if np.abs(gradient).max() < TOLERANCE:
            break
        curvature = features.T @ (features * (shares * (1 - shares))[:, None])
        # Scores that are all equal leave a direction without curvature, in which no step is taken.
        step = np.linalg.lstsq(curvature, gradient, rcond=1e-12)[0]
        before, part = loss(weights), 1.0
        while part > TOLERANCE and loss(weights - part * step) > before:
            part /= 2
        if part <= TOLERANCE:
            break
        weights = weights - part * step
    return weights
