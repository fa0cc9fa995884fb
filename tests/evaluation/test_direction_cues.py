"""Words and patterns between two mentions, and what they say about the direction."""

import math
from dataclasses import replace

import pytest

from biodir.document_biodir import Relation
from biodir.evaluation.direction_cases import direction_cases
from biodir.evaluation.direction_cues import MAX_WORDS, OTHER, pattern_cues, pattern_of, word_cues
from helpers.marked import marked_document

ACTIVE, PASSIVE = "<C:C1 Iron> blocks <G:G1 EGFR>", "<G:G1 EGFR> is blocked by <C:C1 iron>"


def cases(*texts, subject="C1"):
    relation = Relation("Bind", "C1", "G1", "No", subject)
    return direction_cases(
        [marked_document(text, id=str(number), relations=(relation,)) for number, text in enumerate(texts)]
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Inhibition of <G:G1 EGFR> by <C:C1 iron>", "noun of _ by _"),
        ("Loss of <G:G1 EGFR> activity by <C:C1 iron>", "noun of _ by _"),
        ("The effects of <C:C1 iron> on the <G:G1 EGFR>", "effect of _ on _"),
        (PASSIVE, "_ is ...ed by _"),
        ("<G:G1 EGFR> was driven strongly by <C:C1 iron>", "_ is ...ed by _"),
        ("<C:C1 Iron>-induced rise of <G:G1 EGFR>", "_-induced _"),
        (ACTIVE, "_ ...s _ (active verb)"),
        ("<C:C1 Iron> significantly increased <G:G1 EGFR>", "_ ...s _ (active verb)"),
        ("<C:C1 Iron> is associated with <G:G1 EGFR>", "_ is associated with _"),
        ("<G:G1 EGFR> cells were pretreated also with <C:C1 iron>", "_ treated with _"),
        ("<C:C1 Iron> correlated to <G:G1 EGFR>", "_ is associated with _"),
        ("<C:C1 Iron> and <G:G1 EGFR>", "_ and _, _ or _"),
        ("<C:C1 Iron> in <G:G1 EGFR>", "_ in _"),
        ("<C:C1 Iron> meets <G:G1 EGFR>", OTHER),
    ],
)
def test_pattern_of_a_sentence(text, name):
    (case,) = cases(text)
    assert pattern_of(case) == name


def test_log_odds_of_a_word_by_hand():
    found = {cue.text: cue for cue in word_cues(cases(ACTIVE, ACTIVE, PASSIVE, "<G:G1 EGFR> by <C:C1 iron>"), 2)}
    assert set(found) == {"blocks", "by"}
    by, blocks = found["by"], found["blocks"]
    assert (by.subject_first, by.object_first, by.share) == (0, 2, 0.0)
    # With a half added: 0.5 of 2.5 documents with the subject first, 2.5 to 0.5 with the object first.
    assert by.log_odds == pytest.approx(math.log(0.5 / 2.5) - math.log(2.5 / 0.5))
    assert by.z == pytest.approx(by.log_odds / math.sqrt(2 / 0.5 + 2 / 2.5))
    assert (blocks.subject_first, blocks.log_odds) == (2, pytest.approx(-by.log_odds))


def test_relations_of_one_document_count_once():
    (case,) = cases(PASSIVE)
    several = [case, replace(case, relation_type="Association")]
    assert [(cue.text, cue.object_first) for cue in pattern_cues(several)] == [("_ is ...ed by _", 1)]


def test_only_directed_relations_within_a_short_part_of_a_sentence_count():
    far = "<C:C1 Iron> " + "so " * (MAX_WORDS + 1) + "<G:G1 EGFR>"
    apart = "<C:C1 Iron> ends. Then <G:G1 EGFR>"
    assert word_cues(cases(far, apart), 1) == []
    assert pattern_cues(cases(ACTIVE, subject=None)) == []
