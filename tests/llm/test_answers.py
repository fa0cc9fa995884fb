"""Answers: what is right is read, what is wrong is named and left out, and nothing is guessed."""

import json

import pytest

from biodir.document_candidates_biodir import candidate_pairs
from biodir.labels_biodir import PAIR_TYPES
from biodir.llm.answers import CONTRADICTION, MALFORMED, NO_CANDIDATE, TO_ITSELF, checked, json_object
from biodir.llm.questions import Question
from helpers.chat_server import statement
from helpers.marked import marked_document

# E1 is a gene, E2 a chemical, E3 a disease.
DOCUMENT = marked_document("<G:1956 EGFR> falls by <C:D1 iron> in <D:D2 pain>.")
PAIRS = list(candidate_pairs(DOCUMENT.entities(), PAIR_TYPES))
OF_DOCUMENT = Question(DOCUMENT, PAIRS)
(IRON_EGFR,) = (pair for pair in PAIRS if pair.identifiers == {"D1", "1956"})
OF_PAIR = Question(DOCUMENT, [IRON_EGFR], "pair")
GOOD = {"relations": [statement("E2", "E1", relation="Negative_Correlation")]}


def read(*relations: dict) -> tuple[list[tuple[str, str, str, str]], list[str]]:
    """What an answer with these relations states, and why others of them are left out."""
    found = checked(json.dumps({"relations": list(relations)}), OF_DOCUMENT)
    assert found.is_usable
    assert found.is_right == (not found.wrong)
    stated = [(each.subject.name, each.relation_type, each.object.name, each.novelty) for each in found.statements]
    return stated, list(found.wrong)


@pytest.mark.parametrize(
    ("text", "has_other_text"),
    [
        ("{}", False),
        (" \n{}\n", False),
        ("```json\n{}\n```", True),
        ("Sure! The answer is:\n{}\nI hope this helps {you}.", True),
        ('<think>Perhaps {"relations": []}? No.</think>\n{}', True),
        ('{"note": 1} {}', True),
        ("{} {}", True),
    ],
)
def test_the_only_object_is_found_with_any_text_around_it(text, has_other_text):
    found = checked(text.replace("{}", json.dumps(GOOD)), OF_DOCUMENT)
    assert [each.subject.name for each in found.statements] == ["iron"]
    assert (found.is_right, found.has_other_text) == (True, has_other_text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "There are none.",
        "[]",
        "null",
        '{"relations": [{"subject": "E1"',
        '{"relations": []} or rather ' + json.dumps(GOOD),
        '{"answer": {"relations": []}}',
        '{"a": ' * 100_000,
        "{" * 100_000,
    ],
)
def test_an_answer_without_exactly_one_object_is_unusable(text):
    found = checked(text, OF_DOCUMENT)
    assert (found.is_usable, found.is_right, list(found.statements)) == (False, False, [])
    assert found.faults == ("it has not exactly one JSON object with the key 'relations'",)
    assert json_object(text, "relations")[0] is None
    assert found.has_other_text is ("or rather" in text)  # without an object nothing is around it


@pytest.mark.parametrize("value", ["none", None, {}, {"E1": "E2"}, 3])
def test_relations_that_are_no_list_are_unusable(value):
    found = checked(json.dumps({"relations": value}), OF_DOCUMENT)
    assert not found.is_usable
    assert found.faults[0].startswith("relations: ")


def test_labels_are_known_in_another_spelling():
    entry = statement("e2", "E 3", relation="negative correlation", novelty="known")
    assert read(entry) == ([("iron", "Negative_Correlation", "pain", "No")], [])
    assert read(statement("E2", "E3", novelty="No")) == ([("iron", "Association", "pain", "No")], [])


def test_direction_is_that_of_the_answer_and_none_where_it_has_none():
    directions = [
        checked(json.dumps({"relations": [statement(*ends, directed=directed)]}), OF_DOCUMENT).statements[0].direction
        for ends, directed in ((("E2", "E1"), True), (("E1", "E2"), True), (("E1", "E2"), False))
    ]
    assert directions == ["Left_to_Right", "Right_to_Left", "No_Direct"]  # the chemical is the first of the pair


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (statement("E9", "E1"), "unknown entity"),
        (statement("E2", "iron"), "unknown entity"),
        (statement("E2", 1), "unknown entity"),
        (statement("E2", "E1", relation="Treats"), "unknown relation type"),
        (statement("E2", "E1", relation="None"), "unknown relation type"),
        (statement("E2", "E1", novelty="perhaps"), "unknown novelty"),
        (statement("E2", "E1", directed="yes"), "unknown direction"),
        ({"subject": "E2", "object": "E1"}, MALFORMED),
        ("E2 binds E1", MALFORMED),
        (None, MALFORMED),
        (statement("E2", "E2"), TO_ITSELF),
    ],
)
def test_a_wrong_relation_is_named_and_costs_no_other(wrong, reason):
    stated = [("EGFR", "Association", "pain", "Novel")]
    assert read(statement("E1", "E3"), wrong) == (stated, [reason])
    found = checked(json.dumps({"relations": [wrong]}), OF_DOCUMENT)
    assert all(each.startswith("relations[0]") for each in (*found.faults, *found.details))
    assert len(found.details) == len(found.wrong) == 1


def test_a_pair_that_is_no_candidate_is_wrong():
    few = Question(DOCUMENT, [pair for pair in PAIRS if pair != IRON_EGFR])
    keys = [few.keys[entity.key] for entity in (IRON_EGFR.entity1, IRON_EGFR.entity2)]
    found = checked(json.dumps({"relations": [statement(*keys)]}), few)
    assert (list(found.statements), list(found.wrong)) == ([], [NO_CANDIDATE])


def test_a_relation_given_twice_counts_once_and_a_contradiction_not_at_all():
    undirected = statement("E1", "E2", relation="Bind", directed=False)
    assert read(undirected, {**undirected, "subject": "E2", "object": "E1"}) == (
        [("iron", "Bind", "EGFR", "Novel")],
        [],
    )
    assert read(statement("E1", "E2"), statement("E2", "E1")) == ([], [CONTRADICTION] * 2)
    assert read(statement("E1", "E2"), statement("E1", "E2", relation="Bind"))[0] == []


def test_details_show_what_is_there_in_the_order_of_the_reasons():
    wrong = [statement("E2", "E2"), statement("E2", "E1", relation="Treats"), "E2 binds E1"]
    found = checked(json.dumps({"relations": wrong}), OF_DOCUMENT)
    details = dict(zip(found.wrong, found.details, strict=True))
    assert details[MALFORMED] == "relations[2]: 'E2 binds E1' is not of type 'object'"
    assert details["unknown relation type"].startswith("relations[1].relation: 'Treats' is not one of [")
    assert details[TO_ITSELF].startswith('relations[0]: {"subject": "E2", "object": "E2", "relation": "Association"')


def test_further_keys_do_no_harm():
    found = checked(json.dumps({"reasoning": "x", "relations": [statement("E2", "E1", why="it says so")]}), OF_DOCUMENT)
    assert (found.is_right, len(found.statements)) == (True, 1)


@pytest.mark.parametrize(
    ("answer", "stated"),
    [
        ({"relation": "Bind", "subject": "E1", "novelty": "Novel"}, ("EGFR", "Bind", "Right_to_Left", "Novel")),
        ({"relation": "Bind", "subject": "E2", "novelty": "Known"}, ("iron", "Bind", "Left_to_Right", "No")),
        ({"relation": "Bind", "subject": None, "novelty": "Known"}, ("iron", "Bind", "No_Direct", "No")),
        ({"relation": "bind", "subject": "none", "novelty": "known"}, ("iron", "Bind", "No_Direct", "No")),
        ({"relation": "None", "subject": None, "novelty": None}, None),
        ({"relation": "None", "subject": "E1", "novelty": "Novel"}, None),
        ({"relation": None}, None),
    ],
)
def test_answer_on_a_pair(answer, stated):
    found = checked(json.dumps(answer), OF_PAIR)
    assert found.is_right
    read_as = [(each.subject.name, each.relation_type, each.direction, each.novelty) for each in found.statements]
    assert read_as == ([stated] if stated else [])


@pytest.mark.parametrize(
    "answer",
    [
        {"relation": "Treats", "subject": "E1", "novelty": "Novel"},
        {"relation": "Bind", "subject": "EGFR", "novelty": "Novel"},
        {"relation": "Bind", "subject": "E1", "novelty": None},
        {"relation": "Bind", "novelty": "Novel"},
        {"relation": "Bind", "subject": "E1"},
        {"subject": "E1", "novelty": "Novel"},
    ],
)
def test_wrong_answer_on_a_pair_is_unusable(answer):
    found = checked(json.dumps(answer), OF_PAIR)
    assert (found.is_usable, list(found.statements), bool(found.faults)) == (False, [], True)
