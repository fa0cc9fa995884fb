"""Decoding: scores to labels by the paper's rule, labels to subject and object, and gold labels back to targets."""

import math
from dataclasses import replace

import numpy as np
import pytest

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document, Relation
from biodir.document_candidates_biodir import CandidatePair, candidate_pairs
from biodir.errors_biodir import AnnotationError
from biodir.formats.pubtator_reader import read_pubtator
from biodir.labels_biodir import DIRECTION_LABELS, NOVELTY_LABELS, PAIR_TYPES, RELATION_LABELS
from biodir.pipeline_decoding_biodir import (
    UNANNOTATED,
    DecodingRule,
    decode_pair,
    decode_pairs,
    pair_targets,
    relations_of_pairs,
    scaled_scores,
    score_logits,
)
from helpers.marked import entity

LABELS = {"relation": list(RELATION_LABELS), "novelty": list(NOVELTY_LABELS), "direction": list(DIRECTION_LABELS)}
ONE_TASK = {"relation": ["None", "CID"], "novelty": [], "direction": []}
PAIR = CandidatePair(entity("C1"), entity("G1", "G"), 2)


def rule(**changes):
    values = {"labels": LABELS, "generic_relation": "Association", "relation_threshold": 0.5, "none_bias": 0.0}
    return DecodingRule(**values | changes)


def decision(relation, novelty=None, direction=None, **changes):
    """Return the decision where each named label has this logit and every other one -5."""
    given = {"relation": relation, "novelty": novelty or {"Novel": 2}, "direction": direction or {"No_Direct": 2}}
    return decode_pair(PAIR, logits_of(given), rule(**changes))


def logits_of(given):
    return {task: [float(given[task].get(label, -5)) for label in LABELS[task]] for task in given}


def sigmoid(logit):
    return 1 / (1 + math.exp(-logit))


@pytest.mark.parametrize(
    ("logits", "changes", "expected"),
    [
        # Above the threshold the highest type wins, over a higher None or generic type.
        ({"Bind": 0.5, "Comparison": 0.7, "Cotreatment": 0.6}, {}, "Comparison"),
        ({"None": 3, "Bind": 0.1}, {}, "Bind"),
        ({"Association": 3, "Bind": 0.1}, {}, "Bind"),
        ({"None": 0.1, "Bind": 0}, {}, "None"),  # at the threshold
        # Else the highest of all labels, among them the generic type.
        ({"None": 0.9, "Association": 1, "Bind": -0.1}, {}, "Association"),
        ({"None": 1, "Association": 0.9}, {}, "None"),
        ({"None": -2, "Association": -3, "Bind": -1}, {}, "Bind"),
        ({"None": 3, "Association": 1}, {"generic_relation": None}, "Association"),
        # The threshold is a score; a logit of 1 has .731.
        ({"None": 3, "Bind": 1}, {"relation_threshold": 0.6}, "Bind"),
        ({"None": 3, "Bind": 1}, {"relation_threshold": 0.8}, "None"),
        # The bias moves None, and no type above the threshold.
        ({"None": 0, "Association": 1}, {"none_bias": 1.5}, "None"),
        ({"None": 0, "Bind": 1}, {"none_bias": 6.0}, "Bind"),
    ],
)
def test_relation_type_by_the_rule_of_the_paper(logits, changes, expected):
    found = decision(logits, **changes)
    assert found.relation_type == expected
    assert found.is_related == (expected != "None")


def test_unsure_direction_is_left_open():
    found = decision({"Bind": 2}, direction={"Right_to_Left": 1})  # a score of .731
    assert (found.directed, found.abstaining(0.73)) == (True, found)
    open_ = found.abstaining(0.74)
    assert (open_.direction, open_.direction_score, open_.scores) == ("No_Direct", None, found.scores)
    assert open_.to_relation() == Relation("Bind", "C1", "G1", "Novel", None, sigmoid(2), sigmoid(2), None)
    assert open_.score == pytest.approx(found.score / sigmoid(1)), "no direction is stated, so none can be wrong"
    undirected = decision({"Bind": 2}, direction={"No_Direct": 0.1})
    assert undirected.abstaining(1.0) == undirected


def thresholds(**changes):
    return {"relation_thresholds": dict.fromkeys(RELATION_LABELS[1:], 0.5) | changes}


@pytest.mark.parametrize(
    ("logits", "changes", "expected", "score"),
    [
        ({"Bind": 1}, thresholds(Bind=0.7), "Bind", sigmoid(1)),
        ({"Bind": 1, "None": 2}, thresholds(Bind=0.75), "None", sigmoid(2)),
        # .131 above its threshold, the other .081.
        ({"Bind": 2, "Conversion": 1}, thresholds(Bind=0.8, Conversion=0.6), "Conversion", sigmoid(1)),
        ({"Bind": 0}, thresholds(), "None", sigmoid(-5)),  # at its threshold
        # The generic type is a type as any other.
        ({"None": 3, "Association": 1}, thresholds(), "Association", sigmoid(1)),
        ({"None": -3, "Association": 1}, thresholds(Association=0.8), "None", sigmoid(-3)),
        # They replace the paper's rule.
        ({"Bind": 1}, {**thresholds(), "relation_threshold": 0.99, "none_bias": 50.0}, "Bind", sigmoid(1)),
    ],
)
def test_relation_type_by_a_threshold_for_each_type(logits, changes, expected, score):
    found = decision(logits, **changes)
    assert (found.relation_type, found.is_related) == (expected, expected != "None")
    assert found.relation_score == pytest.approx(score)


def test_scores_of_relation_labels_that_exclude_each_other_add_up_to_one():
    softmax = {"relation_loss": "softmax", "relation_threshold": 1.0}
    found = decision({"None": 2, "Association": 1, "Bind": 2.5}, **softmax)
    scores = np.array(found.scores["relation"])
    assert scores.sum() == pytest.approx(1)
    assert scores[2] / scores[1] == pytest.approx(math.exp(1.5))
    assert (found.relation_type, found.relation_score) == ("Bind", scores[2])
    assert decision({"None": 2, "Bind": 2.5}, **softmax, none_bias=1.0).relation_type == "None"
    assert found.scores["novelty"] == decision({"Bind": 1}).scores["novelty"]
    assert decision({"Bind": 1000}, **softmax).relation_score == 1


@pytest.mark.parametrize(("bias", "expected"), [(0.9, "Novel"), (1.0, "Novel"), (1.1, "No")])
def test_bias_of_a_label_is_added_to_its_logit_and_changes_no_other_score(bias, expected):
    plain, found = (decision({"Bind": 1}, {"Novel": 1, "No": 0}, label_biases=biases) for biases in ({}, {"No": bias}))
    assert found.novelty == expected
    assert found.scores["novelty"] == pytest.approx([sigmoid(-5), sigmoid(1), sigmoid(bias)])
    assert found.novelty_score == max(found.scores["novelty"])
    assert found.scores | {"novelty": 0} == plain.scores | {"novelty": 0}


@pytest.mark.parametrize(
    ("direction", "subject", "object_", "subject_id"),
    [
        ("Left_to_Right", PAIR.entity1, PAIR.entity2, "C1"),
        ("Right_to_Left", PAIR.entity2, PAIR.entity1, "G1"),
        ("No_Direct", PAIR.entity1, PAIR.entity2, None),
    ],
)
def test_direction_decides_which_entity_is_the_subject(direction, subject, object_, subject_id):
    found = decision({"None": 3, "Bind": 1}, {"None": 4, "No": 2}, {"None": 4, direction: -1})
    assert (found.subject, found.object, found.directed) == (subject, object_, subject_id is not None)
    scores = sigmoid(1), sigmoid(2), sigmoid(-1)
    ids = subject.identifier, object_.identifier
    assert found.to_relation() == Relation("Bind", *ids, "No", subject_id, *scores)
    assert found.score == pytest.approx(math.prod(scores))


def test_model_without_novelty_and_direction_gives_neither():
    found = decode_pair(PAIR, {"relation": [-1.0, 2.0]}, rule(labels=ONE_TASK))
    assert found.to_relation() == Relation("CID", "C1", "G1", relation_score=sigmoid(2.0))
    assert found.score == sigmoid(2.0)


# Scaling of the scores that are stated.

SCALING = {"relation": [0.5, -1.0], "novelty": [0.25, 0.5], "direction": [2.0, 0.0]}


def random_logits(pairs=200):
    return {task: np.random.default_rng(1).normal(-2, 3, (pairs, len(labels))) for task, labels in LABELS.items()}


def decided(logits, related_only=False, **changes):
    pairs = [PAIR] * len(next(iter(logits.values())))
    return dict(decode_pairs(pairs, logits, rule(**changes), related_only))


def test_scaled_score_is_the_sigmoid_of_its_logit_with_slope_and_offset():
    plain = {"None": 1, "Bind": 2}, {"None": 1, "No": -1}, {"No_Direct": 3}
    found = decision(*plain, score_scaling=SCALING)
    assert (found.relation_score, found.novelty_score) == pytest.approx((sigmoid(0), sigmoid(0.25)))
    assert found.direction_score == pytest.approx(sigmoid(6))
    assert found.score == pytest.approx(sigmoid(0) * sigmoid(0.25) * sigmoid(6))
    assert found.scores["relation"][:3] == pytest.approx([sigmoid(1), sigmoid(-3.5), sigmoid(0)]), "but the first"
    assert found.scores["novelty"] == pytest.approx([sigmoid(1), sigmoid(-0.75), sigmoid(0.25)])
    one = decision(*plain, score_scaling={"novelty": [0.25, 0.5]})
    assert one.scores["relation"] == decision(*plain).scores["relation"]
    unrelated = decision({"None": 2}, score_scaling=SCALING)
    assert (unrelated.relation_type, unrelated.relation_score) == ("None", pytest.approx(sigmoid(2)))


@pytest.mark.parametrize("related_only", [False, True])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"none_bias": 2.0},
        {"relation_thresholds": dict.fromkeys(RELATION_LABELS[1:], 0.7), "label_biases": {"No": 1.0}},
        {"relation_loss": "softmax", "relation_threshold": 1.0},
    ],
)
def test_scaling_changes_no_label_and_no_order_within_a_task(changes, related_only):
    logits = random_logits()
    plain, found = (decided(logits, related_only, **changes, score_scaling=each) for each in ({}, SCALING))
    names = ("relation_type", "novelty", "direction", "is_related", "subject", "object")
    assert list(plain) == list(found)
    for number, each in plain.items():
        assert [getattr(each, name) for name in names] == [getattr(found[number], name) for name in names]
    for task in LABELS:
        scores = [[getattr(each, f"{task}_score") for each in of.values() if each.is_related] for of in (plain, found)]
        assert np.argsort(scores[0], kind="stable").tolist() == np.argsort(scores[1], kind="stable").tolist()
        assert scores[0] != scores[1]


def test_model_without_scaling_states_the_scores_as_they_are():
    logits = {"relation": [1.25, -0.75, *[-5.0] * 7], "novelty": [0.5, 0.1, -3.0], "direction": [0.0, 1.0, 2.0, 3.0]}
    exact = {task: (1 / (1 + np.exp(-np.array(values)))).tolist() for task, values in logits.items()}
    assert decode_pair(PAIR, logits, rule()).scores == exact
    identity = decode_pair(PAIR, logits, rule(score_scaling={task: [1.0, 0.0] for task in LABELS}))
    assert all(identity.scores[task] == pytest.approx(values) for task, values in exact.items())


def test_scores_of_zero_and_one_are_scaled_to_scores():
    extreme = np.array([0.0, 1e-300, 0.5, 1 - 1e-12, 1.0])
    for scaling in ((0.01, 0.0), (100.0, 5.0)):
        found = scaled_scores(extreme, *scaling)
        assert ((found >= 0) & (found <= 1)).all()
        assert (np.diff(found) >= 0).all()
    assert np.isfinite(score_logits(extreme)).all()
    assert score_logits(np.array([[sigmoid(-3)], [sigmoid(8)]])) == pytest.approx(np.array([[-3], [8]]))


def without_relation(novelty, direction=None, **changes):
    """Return the decision of a model whose first task is the novelty."""
    logits = logits_of({"novelty": novelty, "direction": direction or {"Left_to_Right": 2}})
    return decode_pair(PAIR, logits, rule(labels={**LABELS, "relation": []}, **changes))


def test_without_relation_head_the_first_task_decides_whether_a_pair_is_related():
    related, unrelated = without_relation({"None": 1, "No": 2}), without_relation({"None": 2, "No": 1})
    assert (related.is_related, related.relation_type, related.novelty) == (True, "Association", "No")
    assert (unrelated.is_related, unrelated.relation_type) == (False, "None")
    assert related.relation_score is None
    assert related.score == pytest.approx(sigmoid(2) * sigmoid(2))
    assert related.to_relation().subject_id == "C1"


def test_rule_is_the_fields_of_the_configuration():
    changes = {"none_bias": 0.5, "relation_threshold": 0.4, "generic_relation": None, "label_biases": {"No": 0.25}}
    changes |= {"relation_loss": "softmax", "score_scaling": {"novelty": [0.5, -1.0]}}
    changes |= thresholds()
    assert DecodingRule.from_config(BioDirConfig(**changes)) == rule(**changes)
    assert DecodingRule.from_config(BioDirConfig()) == rule()


def test_relations_are_found_by_their_entities_without_order():
    relations = (Relation("Bind", "a", "b"), Relation("Conversion", "b", "a"), Relation("Bind", "a", "c"))
    found = relations_of_pairs(Document("7", "", relations=relations))
    assert found == {frozenset("ab"): [relations[0], relations[1]], frozenset("ac"): [relations[2]]}


# Gold labels to targets.

BIND = Relation("Bind", "C1", "G1", "No", "C1")


def test_targets_are_one_at_the_labels_of_all_relations_of_the_pair():
    unrelated = {task: [1.0] + [0.0] * (len(labels) - 1) for task, labels in LABELS.items()}
    assert pair_targets(PAIR, [], LABELS) == unrelated
    held = {"Bind", "Conversion", "Novel", "No", "Left_to_Right"}
    expected = {task: [float(label in held) for label in labels] for task, labels in LABELS.items()}
    assert pair_targets(PAIR, [BIND, replace(BIND, relation_type="Conversion", novelty="Novel")], LABELS) == expected


@pytest.mark.parametrize("unannotated", [(), ("novelty", "direction")])
def test_task_without_labels_has_no_targets(unannotated):
    assert pair_targets(PAIR, [Relation("CID", "C1", "G1")], ONE_TASK, unannotated) == {"relation": [0.0, 1.0]}


@pytest.mark.parametrize("relations", [[], [BIND]], ids=["unrelated", "related"])
@pytest.mark.parametrize("unannotated", [("novelty",), ("direction",), ("novelty", "direction")])
def test_targets_of_what_a_corpus_does_not_annotate_are_marked_and_leave_the_others(relations, unannotated):
    usual = pair_targets(PAIR, relations, LABELS)
    expected = usual | {task: [UNANNOTATED] * len(usual[task]) for task in unannotated}
    assert pair_targets(PAIR, relations, LABELS, unannotated) == expected
    if "novelty" in unannotated:  # relations need no label of what is not annotated
        assert pair_targets(PAIR, [replace(each, novelty=None) for each in relations], LABELS, unannotated) == expected


@pytest.mark.parametrize("unannotated", [(), ("direction",)])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"relation_type": "CID"}, "relation C1 - G1: relation 'CID' is none of None, Association, Bind, "),
        ({"novelty": "Old"}, "relation C1 - G1: novelty 'Old' is none of None, Novel, No; map it"),
        ({"novelty": None}, "relation C1 - G1: novelty None is none of None, Novel, No; map it"),
    ],
)
def test_label_that_the_model_does_not_know_is_refused(changes, message, unannotated):
    with pytest.raises(AnnotationError, match=f"^{message}"):
        pair_targets(PAIR, [replace(BIND, **changes)], LABELS, unannotated)


def test_pairs_together_are_decided_as_each_is_and_unrelated_ones_can_be_left_out():
    logits = {task: np.random.default_rng(1).normal(-5, 3, (50, len(labels))) for task, labels in LABELS.items()}
    expected = [decode_pair(PAIR, {task: row[number] for task, row in logits.items()}, rule()) for number in range(50)]
    assert list(decode_pairs([PAIR] * 50, logits, rule())) == list(enumerate(expected))
    related = dict(decode_pairs([PAIR] * 50, logits, rule(), related_only=True))
    assert list(related) == [number for number, decision in enumerate(expected) if decision.is_related]
    assert 0 < len(related) < 50
    assert all(decision == replace(expected[number], scores={}) for number, decision in related.items())


def round_trip(pair, relations):
    """Return the decision on a pair whose logits are high where its gold relations have a label."""
    targets = pair_targets(pair, relations, LABELS)
    return decode_pair(pair, {task: [20 * value - 10 for value in values] for task, values in targets.items()}, rule())


def statements(relations):
    return {(relation.pair, relation.relation_type, relation.novelty, relation.subject_id) for relation in relations}


@pytest.mark.parametrize("ids", [("C1", "G1"), ("G1", "C1")])
@pytest.mark.parametrize("subject", ["C1", "G1", None])
@pytest.mark.parametrize("relation_type", RELATION_LABELS[1:])
def test_decoding_targets_gives_the_relation_back_in_whatever_order_it_names_the_entities(relation_type, subject, ids):
    found = round_trip(PAIR, [Relation(relation_type, *ids, "Novel", subject)]).to_relation()
    assert (found.relation_type, found.novelty, found.subject_id) == (relation_type, "Novel", subject)
    assert found.pair == frozenset(ids)


@pytest.mark.corpus
def test_decoding_the_targets_of_the_dev_documents_gives_their_relations(data_dir):
    without_pair = 0
    for document in read_pubtator(data_dir / "bioredirect" / "bioredirect_dev.pubtator"):
        relations, decoded = relations_of_pairs(document), []
        for pair in candidate_pairs(document.entities(), PAIR_TYPES):
            ids = frozenset((pair.entity1.identifier, pair.entity2.identifier))
            decoded.append(round_trip(pair, relations.pop(ids, ())))
        missing = statements(relation for found in relations.values() for relation in found)
        found = statements(decision.to_relation() for decision in decoded if decision.is_related)
        assert found == statements(document.relations) - missing, document.id
        without_pair += len(missing)
    assert without_pair == 1, "a gene that binds itself"
