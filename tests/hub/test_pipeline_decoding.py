"""Decoding: scores to labels by the paper's rule, labels to subject and object, and gold labels back to targets."""

import math
from dataclasses import replace

import pytest

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document, Relation
from biodir.document_candidates_biodir import CandidatePair, candidate_pairs
from biodir.document_pubtator_biodir import read_pubtator
from biodir.errors_biodir import AnnotationError
from biodir.labels_biodir import DIRECTION_LABELS, NOVELTY_LABELS, PAIR_TYPES, RELATION_LABELS
from biodir.pipeline_decoding_biodir import UNANNOTATED, DecodingRule, decode_pair, pair_targets, relations_of_pairs
from helpers.marked import entity

LABELS = {"relation": list(RELATION_LABELS), "novelty": list(NOVELTY_LABELS), "direction": list(DIRECTION_LABELS)}
PAIR = CandidatePair(entity("C1"), entity("G1", "G"), 2)


def rule(**changes):
    return DecodingRule(**{"labels": LABELS, "generic_relation": "Association", "relation_threshold": 0.5,
                           "none_bias": 0.0} | changes)  # fmt: skip


def decision(relation, novelty=None, direction=None, **changes):
    """The decision where each named label has this logit and every other one -5."""
    given = {"relation": relation, "novelty": novelty or {"Novel": 2}, "direction": direction or {"No_Direct": 2}}
    return decode_pair(PAIR, logits_of(given), rule(**changes))


def logits_of(given):
    return {task: [float(given[task].get(label, -5)) for label in LABELS[task]] for task in given}


def sigmoid(logit):
    return 1 / (1 + math.exp(-logit))


# The relation type.


def test_highest_type_above_the_threshold_wins():
    assert decision({"Bind": 0.5, "Comparison": 0.7, "Cotreatment": 0.6}).relation_type == "Comparison"


def test_type_above_the_threshold_wins_over_higher_none():
    assert decision({"None": 3, "Bind": 0.1}).relation_type == "Bind"


def test_type_above_the_threshold_wins_over_higher_generic_type():
    assert decision({"Association": 3, "Bind": 0.1}).relation_type == "Bind"


def test_type_at_the_threshold_is_not_above_it():
    assert decision({"None": 0.1, "Bind": 0}).relation_type == "None"


def test_generic_type_wins_as_the_highest_of_all():
    assert decision({"None": 0.9, "Association": 1, "Bind": -0.1}).relation_type == "Association"


def test_generic_type_above_the_threshold_does_not_win_over_higher_none():
    assert decision({"None": 1, "Association": 0.9}).relation_type == "None"


def test_generic_type_below_the_threshold_wins_where_none_is_lower():
    assert decision({"None": -2, "Association": -1}).relation_type == "Association"


def test_without_a_type_above_the_threshold_the_highest_of_all_wins():
    assert decision({"None": -2, "Association": -3, "Bind": -1}).relation_type == "Bind"


def test_generic_type_needs_the_threshold_where_none_is_named():
    assert decision({"None": 3, "Association": 1}, generic_relation=None).relation_type == "Association"


@pytest.mark.parametrize(("threshold", "expected"), [(0.6, "Bind"), (0.8, "None")])
def test_threshold_is_a_score(threshold, expected):
    assert decision({"None": 3, "Bind": 1}, relation_threshold=threshold).relation_type == expected


def test_first_label_says_that_the_pair_is_unrelated():
    assert not decision({"None": 3}).is_related


def test_any_other_label_says_that_the_pair_is_related():
    assert decision({"Association": 3}).is_related


def test_none_bias_is_added_to_the_logit_of_the_first_label():
    scores = decision({"None": 1, "Bind": -1}, none_bias=-0.75).scores["relation"]
    assert scores == pytest.approx([sigmoid(0.25), sigmoid(-5), sigmoid(-1), *[sigmoid(-5)] * 6])


@pytest.mark.parametrize(("bias", "expected"), [(0, "Association"), (1.5, "None")])
def test_none_bias_turns_an_association_into_none(bias, expected):
    assert decision({"None": 0, "Association": 1}, none_bias=bias).relation_type == expected


def test_none_bias_does_not_touch_a_type_above_the_threshold():
    assert decision({"None": 0, "Bind": 1}, none_bias=6.0).relation_type == "Bind"


# A threshold for each type, found on dev.


def thresholds(**changes):
    return {"relation_thresholds": dict.fromkeys(RELATION_LABELS[1:], 0.5) | changes}


@pytest.mark.parametrize(("threshold", "expected"), [(0.7, "Bind"), (0.75, "None")])
def test_each_type_has_its_own_threshold(threshold, expected):
    assert decision({"Bind": 1}, **thresholds(Bind=threshold)).relation_type == expected  # the score is .731


def test_type_furthest_above_its_threshold_wins_over_a_higher_score():
    found = decision({"Bind": 2, "Conversion": 1}, **thresholds(Bind=0.8, Conversion=0.6))
    assert found.relation_type == "Conversion"  # .131 above its threshold, the other .081
    assert found.relation_score == pytest.approx(sigmoid(1))


def test_score_at_its_own_threshold_is_not_above_it():
    assert decision({"Bind": 0}, **thresholds()).relation_type == "None"


def test_with_thresholds_the_generic_type_is_a_type_as_any_other():
    assert decision({"None": 3, "Association": 1}, **thresholds()).relation_type == "Association"
    assert decision({"None": -3, "Association": 1}, **thresholds(Association=0.8)).relation_type == "None"


def test_thresholds_take_the_place_of_the_rule_of_the_paper():
    paper = {"relation_threshold": 0.99, "none_bias": 50.0, "generic_relation": "Bind"}
    assert decision({"Bind": 1}, **thresholds(), **paper).relation_type == "Bind"


def test_unrelated_pair_has_the_score_of_the_first_label():
    found = decision({"None": 2, "Bind": -1}, **thresholds())
    assert not found.is_related
    assert found.relation_score == pytest.approx(sigmoid(2))


@pytest.mark.parametrize(("bias", "expected"), [(0.9, "Novel"), (1.0, "Novel"), (1.1, "No")])
def test_bias_of_a_novelty_is_added_to_its_logit(bias, expected):
    logits = {"Novel": 1, "No": 0}
    assert decision({"Bind": 1}, novelty=logits, label_biases={"No": bias}).novelty == expected


def test_bias_of_a_direction_is_added_to_its_logit():
    logits = {"Left_to_Right": 1, "No_Direct": 2}
    found = decision({"Bind": 1}, direction=logits, label_biases={"No_Direct": -1.5})
    assert (found.direction, found.direction_score) == ("Left_to_Right", pytest.approx(sigmoid(1)))


def test_bias_of_a_label_changes_its_score_alone():
    found = decision({"Bind": 1}, {"Novel": 1, "No": 0}, {"No_Direct": 1}, label_biases={"No": 2.0})
    assert found.novelty_score == pytest.approx(sigmoid(2))
    assert found.scores["novelty"] == pytest.approx([sigmoid(-5), sigmoid(1), sigmoid(2)])
    plain = decision({"Bind": 1}, {"Novel": 1, "No": 0}, {"No_Direct": 1})
    assert (found.scores["relation"], found.scores["direction"]) == (
        plain.scores["relation"],
        plain.scores["direction"],
    )


def test_label_biases_do_not_touch_the_relation():
    labels = {**LABELS, "relation": ["None", "Novel", "No"]}
    logits = {"relation": [-5.0, 1.0, 0.0], "novelty": [-5.0, 1.0, 0.0], "direction": [-5.0, 1.0, 0.0, 0.0]}
    found = decode_pair(PAIR, logits, rule(labels=labels, label_biases={"No": 3.0}))
    assert (found.relation_type, found.novelty) == ("Novel", "No")


# Novelty, direction, scores.


def test_novelty_is_the_highest_label_but_the_first():
    assert decision({"Bind": 1}, novelty={"None": 5, "Novel": -2, "No": -1}).novelty == "No"


def test_direction_is_the_highest_label_but_the_first():
    assert decision({"Bind": 1}, direction={"None": 5, "Right_to_Left": -1}).direction == "Right_to_Left"


@pytest.mark.parametrize(
    ("direction", "subject", "object_", "directed"),
    [
        ("Left_to_Right", PAIR.entity1, PAIR.entity2, True),
        ("Right_to_Left", PAIR.entity2, PAIR.entity1, True),
        ("No_Direct", PAIR.entity1, PAIR.entity2, False),
    ],
)
def test_direction_says_which_entity_is_the_subject(direction, subject, object_, directed):
    found = decision({"Bind": 1}, direction={direction: 1})
    assert (found.subject, found.object, found.directed) == (subject, object_, directed)


def test_swapping_the_direction_swaps_subject_and_object():
    forth, back = (decision({"Bind": 1}, direction={label: 1}) for label in ("Left_to_Right", "Right_to_Left"))
    assert (forth.subject, forth.object) == (back.object, back.subject)


def test_scores_are_those_of_the_chosen_labels():
    found = decision({"None": 3, "Bind": 1}, {"None": 4, "No": 2}, {"None": 4, "Left_to_Right": -1})
    scores = (found.relation_score, found.novelty_score, found.direction_score)
    assert scores == pytest.approx((sigmoid(1), sigmoid(2), sigmoid(-1)))


def test_score_of_the_statement_is_the_product_of_its_parts():
    found = decision({"Bind": 1}, {"No": 2}, {"Left_to_Right": -1})
    assert found.score == pytest.approx(sigmoid(1) * sigmoid(2) * sigmoid(-1))


@pytest.mark.parametrize("logit", [-1000.0, 1000.0])
def test_extreme_logit_gives_a_score_of_nought_or_one(logit):
    assert decision({"Bind": logit}).scores["relation"][2] == (logit > 0)


def test_model_without_novelty_and_direction_says_nothing_of_them():
    labels = {"relation": ["None", "CID"], "novelty": [], "direction": []}
    found = decode_pair(PAIR, {"relation": [-1.0, 2.0]}, rule(labels=labels))
    assert found.to_relation() == Relation("CID", "C1", "G1", relation_score=sigmoid(2.0))


def test_score_without_novelty_and_direction_is_that_of_the_relation():
    labels = {"relation": ["None", "CID"], "novelty": [], "direction": []}
    assert decode_pair(PAIR, {"relation": [-1.0, 2.0]}, rule(labels=labels)).score == sigmoid(2.0)


# Without a relation head.


def without_relation(novelty, direction=None, **changes):
    """The decision of a model whose first task is the novelty."""
    logits = logits_of({"novelty": novelty, "direction": direction or {"Left_to_Right": 2}})
    return decode_pair(PAIR, logits, rule(labels={**LABELS, "relation": []}, **changes))


def test_first_task_says_whether_a_pair_is_related():
    related, unrelated = without_relation({"None": 1, "No": 2}), without_relation({"None": 2, "No": 1})
    assert (related.is_related, related.relation_type, related.novelty) == (True, "Association", "No")
    assert (unrelated.is_related, unrelated.relation_type) == (False, "None")


def test_pair_without_relation_head_has_the_scores_of_the_others_alone():
    found = without_relation({"Novel": 2})
    assert found.relation_score is None
    assert found.score == pytest.approx(sigmoid(2) * sigmoid(2))
    assert found.to_relation().subject_id == "C1"


def test_none_bias_is_that_of_the_first_task():
    assert not without_relation({"None": 1, "No": 2}, none_bias=1.5).is_related
    assert without_relation({"No": 2}, {"None": 1, "No_Direct": 1.2}, none_bias=1.5).scores["direction"][0] == sigmoid(
        1
    )


def test_relation_of_a_directed_decision_names_the_subject_first():
    found = decision({"Bind": 1}, {"No": 2}, {"Right_to_Left": 0}).to_relation()
    assert found == Relation("Bind", "G1", "C1", "No", "G1", sigmoid(1), sigmoid(2), 0.5)


def test_relation_of_an_undirected_decision_has_no_subject():
    found = decision({"Bind": 1}, {"No": 2}, {"No_Direct": 0}).to_relation()
    assert found == Relation("Bind", "C1", "G1", "No", None, sigmoid(1), sigmoid(2), 0.5)


def test_rule_is_the_fields_of_the_configuration():
    changes = {
        "none_bias": 0.5,
        "relation_threshold": 0.4,
        "generic_relation": None,
        "relation_thresholds": dict.fromkeys(RELATION_LABELS[1:], 0.3),
        "label_biases": {"No": 0.25},
    }
    assert DecodingRule.from_config(BioDirConfig(**changes)) == rule(**changes)
    assert DecodingRule.from_config(BioDirConfig()) == rule()


# Gold labels to targets.


def held(relations, labels=LABELS):
    """The labels whose target is 1."""
    targets = pair_targets(PAIR, relations, labels)
    return {task: [labels[task][i] for i, value in enumerate(values) if value] for task, values in targets.items()}


def test_targets_of_an_unrelated_pair_are_the_first_labels():
    assert pair_targets(PAIR, [], LABELS) == {
        "relation": [1.0, 0, 0, 0, 0, 0, 0, 0, 0],
        "novelty": [1.0, 0, 0],
        "direction": [1.0, 0, 0, 0],
    }


@pytest.mark.parametrize(("subject", "label"), [("C1", "Left_to_Right"), ("G1", "Right_to_Left"), (None, "No_Direct")])
@pytest.mark.parametrize("ids", [("C1", "G1"), ("G1", "C1")])
def test_targets_of_a_related_pair_are_its_labels_in_whatever_order_the_file_names_the_entities(ids, subject, label):
    relation = Relation("Bind", *ids, "No", subject)
    assert held([relation]) == {"relation": ["Bind"], "novelty": ["No"], "direction": [label]}


def test_targets_of_a_pair_with_two_relations_hold_the_labels_of_both():
    relations = [Relation("Bind", "C1", "G1", "No", "C1"), Relation("Conversion", "C1", "G1", "Novel", "C1")]
    assert held(relations) == {
        "relation": ["Bind", "Conversion"],
        "novelty": ["Novel", "No"],
        "direction": ["Left_to_Right"],
    }


def test_task_without_labels_has_no_targets():
    labels = {"relation": ["None", "CID"], "novelty": [], "direction": []}
    assert pair_targets(PAIR, [Relation("CID", "C1", "G1")], labels) == {"relation": [0.0, 1.0]}


BIND = Relation("Bind", "C1", "G1", "No", "C1")


@pytest.mark.parametrize("relations", [[], [BIND]], ids=["unrelated", "related"])
@pytest.mark.parametrize("unannotated", [("novelty",), ("direction",), ("novelty", "direction")])
def test_targets_of_what_a_corpus_does_not_annotate_say_so_and_leave_the_others(relations, unannotated):
    usual = pair_targets(PAIR, relations, LABELS)
    expected = {task: [UNANNOTATED] * len(usual[task]) for task in unannotated}
    assert pair_targets(PAIR, relations, LABELS, unannotated) == usual | expected


def test_relation_needs_no_label_of_what_a_corpus_does_not_annotate():
    targets = pair_targets(PAIR, [replace(BIND, novelty=None)], LABELS, ["novelty"])
    assert targets == {**pair_targets(PAIR, [BIND], LABELS), "novelty": [UNANNOTATED] * 3}
    with pytest.raises(AnnotationError, match="relation 'CID' is none of"):
        pair_targets(PAIR, [replace(BIND, relation_type="CID")], LABELS, ["novelty"])


def test_task_without_labels_has_no_targets_even_where_it_is_not_annotated():
    labels = {"relation": ["None", "CID"], "novelty": [], "direction": []}
    assert pair_targets(PAIR, [], labels, ["novelty", "direction"]) == {"relation": [1.0, 0.0]}


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        (Relation("CID", "C1", "G1", "No"), "relation C1 - G1: relation 'CID' is none of None, Association, Bind, "),
        (Relation("Bind", "C1", "G1", "Old"), "relation C1 - G1: novelty 'Old' is none of None, Novel, No; map it"),
        (Relation("Bind", "C1", "G1"), "relation C1 - G1: novelty None is none of None, Novel, No; map it"),
    ],
)
def test_label_that_the_model_does_not_know_is_refused(relation, message):
    with pytest.raises(AnnotationError) as caught:
        pair_targets(PAIR, [relation], LABELS)
    assert str(caught.value).startswith(message)


def test_relations_are_found_by_their_entities_without_order():
    relations = (Relation("Bind", "a", "b"), Relation("Conversion", "b", "a"), Relation("Bind", "a", "c"))
    document = Document("7", "", relations=relations)
    assert relations_of_pairs(document) == {
        frozenset("ab"): [relations[0], relations[1]],
        frozenset("ac"): [relations[2]],
    }


def round_trip(pair, relations):
    """The decision on a pair whose logits say what its gold relations say."""
    targets = pair_targets(pair, relations, LABELS)
    return decode_pair(pair, {task: [20 * value - 10 for value in values] for task, values in targets.items()}, rule())


def statements(relations):
    return {(r.pair, r.relation_type, r.novelty, r.subject_id) for r in relations}


@pytest.mark.corpus
def test_decoding_the_targets_of_the_dev_documents_gives_their_relations(data_dir):
    not_asked = 0
    for document in read_pubtator(data_dir / "bioredirect" / "bioredirect_dev.pubtator"):
        relations, decoded = relations_of_pairs(document), []
        for pair in candidate_pairs(document.entities(), PAIR_TYPES):
            ids = pair.identifiers
            decoded.append(round_trip(pair, relations.pop(ids, ())))
        missing = statements(relation for found in relations.values() for relation in found)
        found = statements(decision.to_relation() for decision in decoded if decision.is_related)
        assert found == statements(document.relations) - missing, document.id
        not_asked += len(missing)
    assert not_asked == 1, "a gene that binds itself"


@pytest.mark.parametrize("subject", ["C1", "G1", None])
@pytest.mark.parametrize("relation_type", RELATION_LABELS[1:])
def test_decoding_targets_gives_the_relation_back(relation_type, subject):
    found = round_trip(PAIR, [Relation(relation_type, "G1", "C1", "Novel", subject)]).to_relation()
    assert (found.relation_type, found.novelty, found.subject_id) == (relation_type, "Novel", subject)
