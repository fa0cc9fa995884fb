"""Figures of an evaluation as one picture: scores with intervals, precision against recall, reliability."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from biodir.document_biodir import Document
from biodir.errors_biodir import SettingError
from biodir.evaluation.calibration import precision_recall_curves
from biodir.evaluation.checks import ComparedDocument, compared_documents
from biodir.evaluation.counting import EVERYTHING, Counting
from biodir.evaluation.tables import LEVEL_NAMES, scored_line
from biodir.labels_biodir import LEVELS
from biodir.optional import optional_library

SUFFIXES = (".png", ".svg", ".pdf")
# Colours that stay apart for the colour-blind: Okabe and Ito 2008.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", "#666666")
MIN_RELATIONS = 10  # a curve over fewer gold relations is noise
MIN_PREDICTIONS = 5  # likewise a bin
SQUARE = {"xlim": (0, 1), "ylim": (0, 1.02)}
NO_SCORES = "the predictions have no scores"


def check_plot_path(path: Path) -> None:
    """Check that a picture can be written there."""
    if path.suffix.lower() not in SUFFIXES:
        raise SettingError(f"{path}: unknown suffix {path.suffix!r}; use one of {', '.join(SUFFIXES)}")
    optional_library("matplotlib", "data", "a plot")


def write_plot(
    path: Path,
    report: dict[str, Any],
    gold: Sequence[Document],
    predicted: Sequence[Document],
    labels: Mapping[str, Sequence[str]] | None = None,
    counting: Counting = EVERYTHING,
) -> None:
    """Write the picture of an `evaluation_report`, called with the same documents, labels and counting.

    Where predictions have no scores, the panels that need them hold a note.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 5.6), layout="constrained")
    levels, curves, bars = figure.subplots(1, 3)
    _draw_levels(levels, report)
    _draw_curves(curves, counting.counted(compared_documents(gold, predicted, labels)))
    _draw_reliability(bars, report["calibration"])
    figure.suptitle(scored_line(report), fontsize=11)
    figure.savefig(path, dpi=150)


def _draw_levels(axes: Any, report: dict[str, Any]) -> None:
    """Draw F1 of each level as a bar with its interval."""
    known = [level for level in LEVELS if report[level] is not None]
    values = [100 * report[level]["f1"] for level in known]
    bounds = [report["intervals"][level]["f1"] for level in known]
    errors = [(value - 100 * low, 100 * high - value) for value, (low, high) in zip(values, bounds, strict=True)]
    names = [LEVEL_NAMES[level] for level in known]
    axes.barh(names, values, xerr=np.clip(errors, 0, None).T, color=COLOURS[0], ecolor="#333333", capsize=3, height=0.6)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    for row, value in enumerate(values):
        axes.text(1.5, row, f"{value:.1f}", va="center", color="white" if value > 12 else "#333333", fontsize=9)
    axes.set(title="F1 by level", xlabel=f"F1, per cent, with {100 * report['intervals']['confidence']:g} % interval")
    axes.spines[["top", "right"]].set_visible(False)


def _draw_curves(axes: Any, pairs: Sequence[ComparedDocument]) -> None:
    """Draw precision against recall of all scored relations, and of each type that is not rare."""
    curves = precision_recall_curves(pairs)
    drawn = {name: curve for name, curve in curves.items() if curve.gold >= MIN_RELATIONS}
    for index, (name, curve) in enumerate(drawn.items()):
        label = f"{'all types' if name == 'all' else name} ({curve.average_precision:.2f})"
        style = {"color": COLOURS[(index - 1) % len(COLOURS)], "lw": 1.2} if index else {"color": "black", "lw": 2}
        axes.plot(curve.recall, curve.precision, label=label, **style)
    axes.set(title="Precision and recall of the predicted relations", xlabel="recall", ylabel="precision", **SQUARE)
    note = f"fewer than {MIN_RELATIONS} gold relations" if curves else NO_SCORES
    _legend_or_note(axes, len(drawn), "average precision in brackets", note)


def _draw_reliability(axes: Any, calibration: dict[str, Any]) -> None:
    """Draw the share of right predictions against the mean score of each bin, a line for each head."""
    axes.plot([0, 1], [0, 1], color="#999999", lw=1, ls="--")
    for index, (head, found) in enumerate(calibration.items()):
        filled = [each for each in found["bins"] if each["predictions"] >= MIN_PREDICTIONS]
        scores, right = ([each[field] for each in filled] for field in ("mean_score", "share_right"))
        label = f"{head} (ECE {found['expected_calibration_error']:.2f})"
        axes.plot(scores, right, marker="o", ms=4, lw=1.2, color=COLOURS[index], label=label)
    title = f"Reliability, bins of {MIN_PREDICTIONS} predictions and more"
    axes.set(title=title, xlabel="mean score", ylabel="share right", **SQUARE)
    _legend_or_note(axes, len(calibration), "expected calibration error in brackets", NO_SCORES)


def _legend_or_note(axes: Any, drawn: int, title: str, note: str) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    if drawn:
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.14), "ncols": 2}
        axes.legend(fontsize=8, title=title, title_fontsize=8, frameon=False, **place)
    else:
        axes.text(0.5, 0.5, note, ha="center", va="center", color="#666666")
