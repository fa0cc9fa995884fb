"""Tables for people: the figures of the report, in per cent, in columns."""

from biodir.evaluation.intervals import Resampling
from biodir.evaluation.report import evaluation_report
from biodir.evaluation.tables import GROUPS, level_table, report_table
from helpers.scored_documents import GOLD, PREDICTED

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
    assert parts[0] == "4 documents, 7 related pairs"
    assert parts[1] == level_table(REPORT)
    assert parts[2:4] == [
        "macro F1 over 5 relation types: + type 54.67, + type and novelty 33.33, + type and direction 41.33, all 20.00",
        # Without g, 6 gold relations and 7 predictions: 10/13, 8/13, 4/13, 6/13, 2/13.
        "F1 over candidate pairs only, without 1 gold pairs that are none: entity pair 76.92, + type 61.54, "
        "+ type and novelty 30.77, + type and direction 46.15, all 15.38",
    ]
    assert [part.split("  ")[0] for part in parts[4:]] == [*GROUPS.values(), "scores of the head"]
