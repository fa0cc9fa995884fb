"""Tables for people: the figures of the report, in per cent, in columns."""

from dataclasses import replace

from biodir.document_biodir import Relation
from biodir.evaluation.counting import Counting
from biodir.evaluation.evaluations import with_thresholds
from biodir.evaluation.intervals import Resampling
from biodir.evaluation.plain_text_report import plain_text_comparison, plain_text_report, with_plain_text
from biodir.evaluation.report import comparison_report, evaluation_report
from biodir.evaluation.tables import (
    GROUPS,
    comparison_table,
    counting_line,
    group_table,
    level_table,
    note_lines,
    plain_text_tables,
    report_table,
)
from helpers.scored_documents import GOLD, PREDICTED

CHEMICALS = "ChemicalEntity-ChemicalEntity"
FEW = Resampling(resamples=20)
# One document, whose intervals are points: right a b, wrong c e, missed c d.
ONE = evaluation_report(GOLD[:1], PREDICTED[:1], FEW)
REPORT = evaluation_report(GOLD, PREDICTED, FEW)


def test_table_of_levels_shows_shares_counts_and_interval():
    assert level_table(ONE).splitlines() == [
        "level                                             P      R     F1     TP     FP     FN  95 % of F1",
        "entity pair                                   75.00  75.00  75.00      3      1      1  75.00 to 75.00",
        "+ type                                        50.00  50.00  50.00      2      2      2  50.00 to 50.00",
        "+ type and novelty                            50.00  50.00  50.00      2      2      2  50.00 to 50.00",
        "+ type and direction                          25.00  25.00  25.00      1      3      3  25.00 to 25.00",
        "all                                           25.00  25.00  25.00      1      3      3  25.00 to 25.00",
    ]


def test_report_shows_all_tables_with_a_line_between_them():
    parts = report_table(REPORT).split("\n\n")
    assert parts[0] == "4 documents, 7 related pairs\ncounted: relations of all pair types in complete documents"
    assert parts[1] == level_table(REPORT)
    assert parts[2:4] == [
        "macro F1 over 5 relation types: + type 54.67, + type and novelty 33.33, "
        "+ type and direction 41.33,\nall 20.00",
        # Without g, 6 gold relations and 7 predictions: 10/13, 8/13, 4/13, 6/13, 2/13.
        "F1 over candidate pairs only, without 1 gold pair that is none: entity pair 76.92, + type 61.54, +\n"
        "type and novelty 30.77, + type and direction 46.15, all 15.38",
    ]
    assert [part.split("  ")[0] for part in parts[4:]] == [*GROUPS.values(), "scores of the head"]


def test_tables_of_plain_texts_show_types_levels_and_entities():
    lost = replace(PREDICTED[0], mentions=PREDICTED[0].mentions[1:])
    found = plain_text_report(GOLD[:1], [lost], FEW)
    tables = plain_text_tables(with_plain_text(ONE, found))
    assert [line.split()[:4] for line in tables[0].splitlines()] == [
        ["mentions", "P", "R", "F1"],
        ["all", "types", "100.00", "80.00"],
        ["ChemicalEntity", "0.00", "0.00", "0.00"],
        ["DiseaseOrPhenotypicFeature", "100.00", "100.00", "100.00"],
        ["GeneOrGeneProduct", "100.00", "100.00", "100.00"],
        ["SequenceVariant", "100.00", "100.00", "100.00"],
    ]
    # Right is b, and at the first two levels no more, since a and c have lost their chemical.
    assert tables[1].splitlines()[:3] == [
        "end to end                                        P      R     F1     TP     FP     FN  95 % of F1"
        "  of F1 with gold mentions",
        "entity pair                                   25.00  25.00  25.00      1      3      3  25.00 to 25.00"
        "                  33.3 %",
        "+ type                                        25.00  25.00  25.00      1      3      3  25.00 to 25.00"
        "                  50.0 %",
    ]
    assert tables[2] == "4 of 4 predicted entities are matched to gold's, to 4 of 5"
    assert report_table(with_plain_text(ONE, found)).split("\n\n")[4:7] == tables
    notes = note_lines(found)
    assert report_table(found).split("\n\n") == ["1 document", *plain_text_tables(found), *notes]


def test_comparison_of_plain_texts_begins_with_the_mentions():
    lines = comparison_table(plain_text_comparison(GOLD, PREDICTED, PREDICTED, FEW)).splitlines()
    assert [line[:12].strip() for line in lines[1:3]] == ["mentions", "entity pair"]


def test_counting_is_told_in_lines_of_a_hundred_characters():
    counting = {"description": "counted: " + "word " * 40, "counted_pair_types": ["x"]}
    counting["not_counted"] = {"gold": 7, "predicted": {"a.pubtator": 1, "b.pubtator": 2}}
    lines = counting_line(counting).splitlines()
    assert (len(lines), max(map(len, lines)) <= 100) == (3, True)
    assert lines[-1].endswith("left out: 7 of gold, 1 of a.pubtator, 2 of b.pubtator")


def test_rows_without_gold_relations_have_dashes():
    assert REPORT["without_gold"] == {
        "by_type": ["Cotreatment"], "by_pair_type": [CHEMICALS, "DiseaseOrPhenotypicFeature-GeneOrGeneProduct"],
        "by_distance": [], "by_length": [],
    }  # fmt: skip
    rows = [line.split() for line in group_table(REPORT, "by_type", "relation type").splitlines()]
    assert ["Cotreatment", "-", "-", "-", "0", "1", "0", "-"] in rows


def test_note_on_entities_that_gold_lacks_is_below_the_zeros():
    strange = [replace(GOLD[0], relations=(Relation("Bind", "X", "Y", "No", "X"),))]
    parts = report_table(evaluation_report(GOLD[:1], strange, FEW)).split("\n\n")
    assert parts[2].startswith("note: 1 predicted relation with entities that the gold document does not mention (1: X")
    assert all("not mention" not in part for part in parts[3:])


def test_note_on_what_predictions_lack_is_below_its_zeros():
    predicted = [
        replace(document, relations=tuple(replace(relation, novelty=None) for relation in document.relations))
        for document in PREDICTED
    ]
    report = evaluation_report(GOLD, predicted, FEW)
    assert report_table(report).split("\n\n")[2].startswith("note: no predicted relation has a novelty: ")
    assert report_table(plain_text_report(GOLD, predicted, FEW)).count("no predicted relation has a novelty") == 1


def test_choice_without_gold_relations_is_told():
    report = evaluation_report([GOLD[2]], [PREDICTED[2]], FEW, counting=Counting("five"))
    note = (
        "gold has no relation that is counted, so that there is nothing to find and all shares are 0; chosen: "
        "--pair-types five --protocol complete"
    )
    assert note in report["notes"]
    text = report_table(report)
    assert f"note: {note}" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 100, "notes and lines of figures are wrapped"
    assert "0.00" not in text.split("scores of the head")[0]
    assert level_table(report).splitlines()[1].split() == ["entity", "pair", *"---010", "none", "in", "gold"]
    assert "every gold pair" not in text
    compared = comparison_report([GOLD[2]], [PREDICTED[2]], [GOLD[2]], FEW, counting=Counting("five"))
    assert comparison_table(compared).splitlines()[1].split() == ["entity", "pair", "-", "-", "-"]


def test_least_scores_are_named_below_the_counting():
    plain = plain_text_report(GOLD[:1], PREDICTED[:1], FEW)
    for report, line in ((REPORT, 2), (plain, 1)):
        lines = report_table(with_thresholds(report, 0.45)).splitlines()
        assert lines[line] == "thresholds: directions with a score below 0.45 count as left open"
        assert report_table(with_thresholds(report, None)) == report_table(report)
