"""How sure a score is: bootstrap intervals over documents, and a paired test between two systems.

Documents, not relations, are drawn: the relations of one document are right or wrong together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biodir.errors_biodir import AnnotationError, SettingError
from biodir.evaluation.scores import FIGURES, Counts

Array = NDArray[Any]


@dataclass(frozen=True)
class Resampling:
    """How often documents are drawn again, from which seed, and which share of the results an interval holds.

    >>> bootstrap_intervals([Counts(tp=1, fp=1)] * 3, Resampling(resamples=10))["precision"]
    [0.5, 0.5]
    """

    resamples: int = 1000
    seed: int = 1
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if self.resamples < 1:
            raise SettingError(f"resamples is {self.resamples}; draw the documents at least once")
        if self.seed < 0:
            raise SettingError(f"seed is {self.seed}; it must be at least 0")
        if not 0 < self.confidence < 1:
            raise SettingError(f"confidence is {self.confidence}; give a share between 0 and 1, such as 0.95")


def bootstrap_intervals(counts: Sequence[Counts], settings: Resampling) -> dict[str, list[float]]:
    """Return figure -> the bounds of its percentile interval, from the counts of each document at one level."""
    table = _table(counts)  # (documents, 3)
    figures = _figures(_drawn_weights(len(table), settings) @ table)
    return {name: _percentiles(values, settings.confidence) for name, values in figures.items()}


def compared_f1(first: Sequence[Counts], second: Sequence[Counts], settings: Resampling) -> dict[str, Any]:
    """Return the difference in F1 of two systems, the first minus the second, with an interval and a p-value.

    The p-value is the share of random exchanges of the two systems' predictions for a document that give a difference
    at least as large: approximate randomisation (Noreen 1989; Yeh 2000), two-sided. The bootstrap is paired. ``gold``
    is the number of gold statements; without any the other figures have no meaning.

    Args:
        first, second: the counts of the same documents in the same order, at one level.

    >>> compared_f1([Counts(tp=1)], [Counts(fn=1)], Resampling())["difference"]
    1.0
    """
    table1, table2 = _table(first), _table(second)
    if len(table1) != len(table2):
        raise AnnotationError(f"{len(table1)} documents against {len(table2)}; compare systems on the same documents")
    weights = _drawn_weights(len(table1), settings)
    drawn = _f1(weights @ table1) - _f1(weights @ table2)  # (resamples,)
    difference = float((_f1(table1.sum(0, keepdims=True)) - _f1(table2.sum(0, keepdims=True)))[0])
    exchanged = _exchanges(len(table1), settings)
    sum1 = exchanged @ table2 + (1 - exchanged) @ table1  # (resamples, 3)
    sum2 = exchanged @ table1 + (1 - exchanged) @ table2
    as_large = np.abs(_f1(sum1) - _f1(sum2)) >= abs(difference) - 1e-12
    p_value = (int(as_large.sum()) + 1) / (settings.resamples + 1)
    interval = _percentiles(drawn, settings.confidence)
    gold = int(table1[:, [0, 2]].sum())  # tp and fn
    return {"difference": difference, "interval": interval, "p_value": p_value, "gold": gold}


def share_interval(found: int, total: int, confidence: float = 0.95) -> list[float]:
    """Return the bounds of a share, in 0..1, of cases that are independent of each other (Wilson 1927).

    >>> [round(bound, 3) for bound in share_interval(0, 30)]
    [0.0, 0.114]
    """
    if not 0 <= found <= total or not total:
        raise AnnotationError(f"{found} of {total} cases; count at least one case, and no more than all")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle, width = found + z**2 / 2, z * (found * (total - found) / total + z**2 / 4) ** 0.5
    return [max(0.0, (middle - width) / (total + z**2)), min(1.0, (middle + width) / (total + z**2))]


def corrected_p_values(p_values: Sequence[float]) -> list[float]:
    """Return the p-values of several tests as Holm's correction has them (Holm 1979).

    >>> corrected_p_values([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected


def _table(counts: Sequence[Counts]) -> Array:
    """Return the counts as (documents, 3): tp, fp, fn."""
    if not counts:
        raise AnnotationError("no documents to draw from; give at least one")
    return np.array([(each.tp, each.fp, each.fn) for each in counts], dtype=np.int64)


@lru_cache(maxsize=1)
def _drawn_weights(documents: int, settings: Resampling) -> Array:
    """Return how often each resample holds each document: (resamples, documents)."""
    generator = np.random.default_rng(settings.seed)
    return generator.multinomial(documents, np.full(documents, 1 / documents), size=settings.resamples)


@lru_cache(maxsize=1)
def _exchanges(documents: int, settings: Resampling) -> Array:
    """Return in which documents each trial exchanges the two systems: (resamples, documents)."""
    return np.random.default_rng(settings.seed).integers(0, 2, (settings.resamples, documents))


def _figures(sums: Array) -> dict[str, Array]:
    """Return precision, recall and F1, each (rows,), of counts (rows, 3)."""
    tp, fp, fn = sums.T
    totals = tp + fp, tp + fn, tp + (fp + fn) / 2
    shares = (np.divide(tp, total, out=np.zeros(len(tp)), where=total > 0) for total in totals)
    return dict(zip(FIGURES, shares, strict=True))


def _f1(sums: Array) -> Array:
    return _figures(sums)["f1"]


def _percentiles(values: Array, confidence: float) -> list[float]:
    tail = (1 - confidence) / 2
    return [float(bound) for bound in np.quantile(values, [tail, 1 - tail])]
