"""The picture of an evaluation: a file of each kind, and words where there is nothing to draw."""

import re
from dataclasses import replace

from biodir.document_biodir import Relation
from biodir.evaluation.intervals import Resampling
from biodir.evaluation.plots import MIN_RELATIONS, write_plot
from biodir.evaluation.report import evaluation_report
from helpers.scored_documents import GOLD, PREDICTED, without_scores

FEW = Resampling(resamples=20)


def texts_of(path, gold, predicted, labels=None):
    """The texts of the picture, as Matplotlib names them in the comments of an SVG file."""
    write_plot(path, evaluation_report(gold, predicted, FEW, labels), gold, predicted, labels)
    return re.findall(r"<!-- (.*?) -->", path.read_text())


def test_picture_shows_levels_curves_and_reliability(tmp_path):
    relations = tuple(Relation("Bind", f"G{number}", "G0", "No", None, 0.5, 0.5, 0.5) for number in range(1, 11))
    documents = [replace(GOLD[0], relations=relations)]
    texts = texts_of(tmp_path / "picture.svg", documents, documents)
    assert {"1 document, 10 related pairs", "F1 by level", "100.0", "+ type and direction"} <= set(texts)
    assert {"all types (1.00)", "Bind (1.00)"} <= set(texts)
    assert {"relation (ECE 0.50)", "statement (ECE 0.88)"} <= set(texts)  # .125 and right


def test_curves_of_few_gold_relations_are_left_out_with_a_word(tmp_path):
    texts = texts_of(tmp_path / "picture.svg", GOLD, PREDICTED)
    assert f"fewer than {MIN_RELATIONS} gold relations" in texts
    assert "relation (ECE 0.18)" in texts
    assert "the predictions have no scores" not in texts


def test_panels_of_predictions_without_scores_hold_a_word(tmp_path):
    texts = texts_of(tmp_path / "picture.svg", GOLD, without_scores(PREDICTED))
    assert texts.count("the predictions have no scores") == 2
    assert "71.4" in texts, "F1 of the pairs"
