"""The report on plain texts: every figure by hand, JSON-ready; gold against itself has 100 everywhere."""

import json
from dataclasses import replace
from random import Random

import pytest

from biodir.document_biodir import Relation
from biodir.evaluation.intervals import Resampling
from biodir.evaluation.plain_text_report import plain_text_comparison, plain_text_report, with_plain_text
from biodir.evaluation.report import evaluation_report
from biodir.formats.reading import read_documents
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, LEVELS
from helpers.marked import marked_document
from helpers.scored_documents import GOLD, PREDICTED, TOTALS

FEW = Resampling(resamples=20)
CHANGED = (replace(PREDICTED[0], mentions=PREDICTED[0].mentions[1:]), *PREDICTED[1:3])


def counts(figures):
    return figures["tp"], figures["fp"], figures["fn"]


def test_figures_are_those_worked_out_by_hand():
    report = plain_text_report(GOLD, CHANGED, FEW)
    mentions = report["mentions"]
    assert counts(mentions) == (9, 0, 1)
    assert {kind: counts(found) for kind, found in mentions["by_type"].items()} == {
        CHEMICAL: (3, 0, 1), DISEASE: (2, 0, 0), GENE: (3, 0, 0), "SequenceVariant": (1, 0, 0)
    }  # fmt: skip
    assert mentions["macro"]["recall"] == pytest.approx(3.75 / 4)
    assert mentions["intervals"]["f1"][0] < mentions["f1"] < mentions["intervals"]["f1"][1]
    assert mentions["by_type"][GENE]["intervals"]["f1"] == [1, 1]
    # a and c have lost their chemical.
    assert counts(report["end_to_end"]["entity_pair"]) == (3, 4, 4)
    assert report["end_to_end"]["entities"] == {"predicted": 9, "matched": 9, "gold": 10, "found": 9}
    assert report["notes"][0].startswith("the predictions lack 1 of 4 documents (4): ")
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_share_is_that_of_the_f1_with_gold_mentions():
    report = with_plain_text(evaluation_report(GOLD, PREDICTED, FEW), plain_text_report(GOLD, CHANGED, FEW))
    assert {level: counts(report[level]) for level in LEVELS} == TOTALS
    shares = report["end_to_end"]["share_of_f1"]
    assert shares["entity_pair"] == pytest.approx((3 / 7) / (5 / 7))
    assert len(set(report["notes"])) == len(report["notes"])
    nothing = [replace(document, relations=()) for document in GOLD]
    report = with_plain_text(evaluation_report(GOLD, nothing, FEW), plain_text_report(GOLD, nothing, FEW))
    assert report["end_to_end"]["share_of_f1"] == dict.fromkeys(LEVELS)


def test_levels_that_gold_does_not_annotate_are_none():
    gold = marked_document("<C:C1 Iron> hurts <D:D1 it>.", relations=(Relation("CID", "C1", "D1"),))
    report = with_plain_text(evaluation_report([gold], [gold], FEW), plain_text_report([gold], [gold], FEW))
    found = report["end_to_end"]
    assert found["all"] is found["share_of_f1"]["all"] is found["intervals"]["all"] is None
    assert found["share_of_f1"]["relation_type"] == 1
    assert sum("gold annotates no novelty" in note for note in report["notes"]) == 1


def test_note_says_that_predictions_lack_what_gold_has():
    gold = marked_document("<C:C1 Iron> hurts <D:D1 it>.", relations=(Relation("Bind", "C1", "D1", "No", "C1"),))
    lacking = replace(gold, relations=(Relation("Bind", "C1", "D1", None, "C1"),))
    notes = plain_text_report([gold], [lacking], FEW)["notes"]
    assert notes == ["no predicted relation has a novelty: scores that need it do not describe the predictions"]
    assert "hold no relation at all" in plain_text_report([gold], [replace(gold, relations=())], FEW)["notes"][0]
    assert plain_text_report([replace(gold, relations=())], [lacking], FEW)["notes"] == [], "no relation is scored"


def test_systems_are_compared_by_mentions_and_end_to_end():
    compared = plain_text_comparison(GOLD, GOLD, CHANGED, FEW)
    assert compared["mentions"]["difference"] == pytest.approx(1 - 18 / 19)
    assert compared["entity_pair"]["difference"] == pytest.approx(6 / 7 - 3 / 7)  # g has no mention on either side
    assert plain_text_comparison(GOLD, GOLD, GOLD, FEW)["mentions"]["difference"] == 0


# Corpora.


def perturbed(document, draw):
    """Drop one mention in ten, end another one later, give an eighth of the others an identifier of their own."""
    mentions = []
    for index, mention in enumerate(document.mentions):
        chance, end = draw.random(), min(mention.end_char + 2, len(document.text))
        if chance < 0.2 and chance >= 0.1:
            mention = replace(mention, end_char=end, text=document.text[mention.start_char : end])
        if chance > 0.9:
            mention = replace(mention, identifiers=(f"own{index}",))
        mentions += [mention] * (chance >= 0.1)
    return replace(document, mentions=tuple(mentions))


@pytest.mark.corpus
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_gold_against_itself_has_all_and_less_once_perturbed(split, data_dir):
    gold = list(read_documents(data_dir / "bioredirect" / f"bioredirect_{split}.pubtator"))
    report = plain_text_report(gold, gold, FEW)
    found = [report["mentions"], *report["mentions"]["by_type"].values(), *(report["end_to_end"][x] for x in LEVELS)]
    assert [each["f1"] for each in found] == [1] * 12
    draw = Random(1)
    report = plain_text_report(gold, [perturbed(document, draw) for document in gold], FEW)
    assert 0.83 < report["mentions"]["f1"] < 0.87
    assert 0.6 < report["end_to_end"]["all"]["f1"] < 0.95
