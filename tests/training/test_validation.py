"""The bias that serves the development set best."""

from dataclasses import replace

import pytest

from biodir.document_biodir import Relation
from biodir.errors_biodir import SettingError
from biodir.evaluation.model_scores import processed_documents
from biodir.evaluation.scores import Counts
from biodir.labels_biodir import DIRECTION_LABELS, NOVELTY_LABELS, RELATION_LABELS
from biodir.pipeline_decoding_biodir import DecodingRule
from biodir.training import validation
from biodir.training.scopes import Judgement, Scope
from biodir.training.validation import NONE_BIASES, annotated_levels, best_bias, check_level
from helpers.marked import make_processor, marked_document

LABELS = {"relation": list(RELATION_LABELS), "novelty": list(NOVELTY_LABELS), "direction": list(DIRECTION_LABELS)}
RULE = DecodingRule(LABELS, generic_relation="Association", relation_threshold=0.5, none_bias=0.0)
DOCUMENT = marked_document("<C:1 Iron> binds <G:2 it>.", relations=(Relation("Association", "2", "1", "No", "2"),))


def bias_for(association_logit):
    """The bias where None has logit 1 and the right type this one."""
    logits = {"relation": [1.0, association_logit, *[-5.0] * 7], "novelty": [0.0, 1, 2], "direction": [0.0, 1, 2, 0]}
    return best_bias(processed_documents([DOCUMENT], make_processor()), [logits], RULE, "relation_type")


def test_bias_lets_the_right_type_win():
    assert bias_for(-0.6) == (-2.0, dict.fromkeys(bias_for(-0.6)[1], Counts(tp=1)))


@pytest.mark.parametrize(
    ("best", "middle"),
    [([-2.0], -2.0), ([-1.0, 0.0, 0.25, 0.5, 0.75], 0.25), (NONE_BIASES, 2.0), ([0.0, 3.0], 0.0), ([], 0.0)],
)
def test_middle_is_that_of_the_longest_row_of_best_biases(best, middle):
    assert validation._middle_of_best([float(bias in best) for bias in NONE_BIASES]) == middle


def test_direction_that_a_document_leaves_open_does_not_count():
    gold = replace(DOCUMENT, relations=(Relation("Association", "2", "1", "No"),))
    data = processed_documents([gold], make_processor())
    logits = {"relation": [0.0, 9.0, *[-5.0] * 7], "novelty": [0.0, 1, 2], "direction": [0.0, 9, 2, 0]}
    scope = Scope({"7": Judgement(undirected=frozenset([frozenset("12")]))})
    scores = [best_bias(data, [logits], RULE, "relation_type", each)[1]["all"] for each in (Scope(), scope)]
    assert scores == [Counts(fp=1, fn=1), Counts(tp=1)]


# What can be scored.

CID = marked_document("<C:1 Iron> harms <D:2 it>.", relations=(Relation("CID", "1", "2"),))


def test_levels_that_ask_for_what_is_not_annotated_are_left_out():
    assert annotated_levels([CID]) == ["entity_pair", "relation_type"]
    assert "all" in annotated_levels([DOCUMENT])


@pytest.mark.parametrize(
    ("document", "level", "message"),
    [
        (
            CID,
            "relation_type_novelty",
            "^dev: metric_for_best_model is relation_type_novelty, which the documents do not annotate",
        ),
        (marked_document("<C:1 Iron>."), "relation_type", "^dev: 1 document without any relation; --dev needs gold"),
    ],
)
def test_documents_that_cannot_be_scored_at_the_level_are_refused(document, level, message):
    check_level([DOCUMENT], level, "dev")
    with pytest.raises(SettingError, match=message):
        check_level([document], level, "dev")


def test_level_that_the_heads_of_the_model_cannot_reach_is_refused():
    message = (
        r"^dev: metric_for_best_model is all, but the training data annotates only relation, novelty; take one of "
    )
    check_level([DOCUMENT], "relation_type_novelty", "dev", ("relation", "novelty"))
    with pytest.raises(SettingError, match=message + "entity_pair, relation_type, relation_type_novelty$"):
        check_level([DOCUMENT], "all", "dev", ("relation", "novelty"))
