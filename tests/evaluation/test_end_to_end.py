"""Entities of a system are matched to gold's by their mentions, and their relations are counted with these names."""

from dataclasses import replace
from random import Random

import pytest

from biodir.document_biodir import Relation
from biodir.evaluation.end_to_end import entity_matches, matched_documents, matched_identifiers, with_gold_identifiers
from biodir.evaluation.scores import relation_scores
from helpers.marked import marked_document, random_document
from helpers.scored_documents import GOLD, PREDICTED, TOTALS, every_level, figures


@pytest.mark.parametrize(
    ("gold", "predicted", "matches"),
    [
        ("<C:1 iron> <C:1 Fe>", "<C:a iron> <C:a Fe>", {"a": "1"}),
        ("<C:1 iron> <C:1 Fe>", "<C:a iron> <C:b Fe>", {"a": "1", "b": "1"}),  # two entities for one
        ("<C:1 iron> <C:2 Fe> <C:2 it>", "<C:a iron> <C:a Fe> <C:a it>", {"a": "2"}),  # most mentions
        ("<C:1 iron> <G:2 Fe>", "<C:1 iron ><C:2 Fe>", {}),  # neither span nor type; equal identifiers mean nothing
        ("<C:1 iron> Fe it is", "<C:a iron> <C:a Fe> <C:a it> <C:a is>", {"a": "1"}),  # one of four is enough
        ("<C:- iron>", "<C:a iron>", {}),  # gold links it to nothing
        ("<C:1 iron>", "<C:- iron>", {}),
        ("<C:1 iron>", "<C:a;b iron>", {"a": "1", "b": "1"}),
        # One mention each: that of the larger share, then the one that is still free, then the first.
        ("<C:1 iron> <C:1 Fe> <C:2 it>", "<C:a iron> Fe <C:a it>", {"a": "2"}),
        ("<C:1;2 iron> <C:1 Fe>", "<C:a iron> Fe", {"a": "2"}),
        ("<C:1 iron> <C:2 Fe>", "<C:a iron> <C:a Fe>", {"a": "1"}),
        ("<C:9;2 iron>", "<C:a iron>", {"a": "9"}),
        ("<C:1;2 iron>", "<C:a;b iron>", {"a": "1", "b": "2"}),
        ("<C:1 <G:2 iron>>", "<C:a <G:a iron>>", {"a": "1"}),  # one identifier with two types is one entity
    ],
)
def test_entity_is_the_gold_one_with_which_most_mentions_agree(gold, predicted, matches):
    assert matched_identifiers(marked_document(gold), marked_document(predicted)) == matches


def test_order_of_mentions_changes_no_match():
    gold, predicted = (marked_document(text) for text in ("<C:1 iron> <C:2 Fe>", "<C:a iron> <C:a Fe> <C:b iron>"))
    mixed = [replace(document, mentions=document.mentions[::-1]) for document in (gold, predicted)]
    assert matched_identifiers(*mixed) == matched_identifiers(gold, predicted)


def test_every_document_matches_itself_under_other_names():
    draw = Random(0)
    for _ in range(300):
        gold = random_document(draw, crossing=True)
        names = {each: f"x{each}" for mention in gold.mentions for each in mention.identifiers}
        mentions = (replace(each, identifiers=tuple(map(names.get, each.identifiers))) for each in gold.mentions)
        found = matched_identifiers(gold, replace(gold, mentions=tuple(mentions)))
        assert found == {name: identifier for identifier, name in names.items()}


def end_to_end(gold, predicted):
    """Level -> (tp, fp, fn) of two documents."""
    return figures(relation_scores([gold], [with_gold_identifiers(gold, predicted)]))


def test_relations_are_scored_under_the_names_of_gold():
    # g has an entity without mention: it cannot be matched, so it is missed here and was missed there.
    found = matched_documents(GOLD, PREDICTED)
    assert figures(relation_scores(GOLD, found)) == TOTALS
    assert found[0].relations == PREDICTED[0].relations


TEXT = "<C:1 iron> hurts <D:2 it> and <C:1 Fe> hurts <D:3 them>"
GOLD_RELATION = Relation("Association", "1", "2", "Novel", "1")
RIGHT, WRONG, MISSED = (1, 0, 0), (1, 1, 0), (0, 1, 1)


@pytest.mark.parametrize(
    ("predicted", "relations", "expected"),
    [
        (TEXT, [("Association", "1", "2")], every_level(RIGHT)),
        # The chemical is two entities, both the one of gold: relations merge, and a duplicate counts once.
        (TEXT.replace("C:1 Fe", "C:b Fe"), [("Association", "1", "2"), ("Association", "b", "2")], every_level(RIGHT)),
        (
            TEXT.replace("C:1 Fe", "C:b Fe"),
            [("Association", "1", "2"), ("Bind", "b", "2")],
            every_level(RIGHT, WRONG, WRONG, WRONG, WRONG),  # two types of one pair
        ),
        # A relation within what is one entity in gold.
        (TEXT.replace("C:1 Fe", "C:b Fe"), [("Association", "1", "2"), ("Association", "1", "b")], every_level(WRONG)),
        # Neither the entity that gold lacks nor one without mentions can be right, whatever they are called.
        (TEXT.replace("<D:2 it>", "<G:2 it>"), [("Association", "1", "2")], every_level(MISSED)),
        (TEXT.replace("<D:2 it>", "it"), [("Association", "1", "2")], every_level(MISSED)),
        ("iron hurts it and Fe hurts them", [], every_level((0, 0, 1))),
    ],
)
def test_relations_of_entities_that_were_found(predicted, relations, expected):
    gold = marked_document(TEXT, relations=(GOLD_RELATION,))
    found = tuple(Relation(*relation, "Novel", relation[1]) for relation in relations)
    assert end_to_end(gold, marked_document(predicted, relations=found)) == expected


def test_relation_of_an_entity_to_itself_is_right_where_gold_has_it():
    gold = marked_document("<C:1 iron> <C:1 Fe>", relations=(Relation("Bind", "1", "1"),))
    predicted = marked_document("<C:a iron> <C:b Fe>", relations=(Relation("Bind", "b", "a"),))
    assert end_to_end(gold, predicted)["relation_type"] == (1, 0, 0)


def test_direction_follows_the_entity_and_undirected_relations_stay_so():
    gold = marked_document(TEXT, relations=(GOLD_RELATION, Relation("Association", "1", "3", "No")))
    text = TEXT.replace(":1", ":b").replace(":2", ":1").replace(":3", ":2")
    relations = (Relation("Association", "1", "b", "Novel", "b"), Relation("Association", "b", "2", "No"))
    assert end_to_end(gold, marked_document(text, relations=relations)) == every_level((2, 0, 0))


def test_matches_are_counted():
    gold = [marked_document("<C:1 iron> <C:1 Fe> <D:2 it>"), marked_document("<C:1 iron>", id="8")]
    predicted = [marked_document("<C:a iron> <C:b Fe> <G:c it>")]
    found = entity_matches(gold, predicted)
    assert (found.predicted, found.matched, found.gold, found.found) == (3, 2, 3, 1)


@pytest.mark.parametrize("composite", ["2|3", "2;3", "3,2", "3; 2"])
def test_several_identifiers_at_once_are_those_of_gold_in_any_order(composite):
    gold = marked_document("<C:1 iron> hurts <D:2;3 both>", relations=(Relation("Bind", "1", composite),))
    for names in (composite, "2|3", "3;2"):
        found = replace(gold, relations=(Relation("Bind", names, "1", subject_id=names),))
        assert end_to_end(gold, found)["relation_type"] == (1, 0, 0)


@pytest.mark.parametrize("composites", [("2|3", "3;2"), ("3;2", "2|3")])
def test_gold_that_writes_a_composite_in_two_ways_is_right_against_itself(composites):
    one, other = composites
    relations = (Relation("Bind", "1", one), Relation("Bind", "4", other))
    gold = marked_document("<C:1 iron> and <C:4 zinc> hurt <D:2;3 both>", relations=relations)
    assert end_to_end(gold, gold)["relation_type"] == (2, 0, 0)


def test_relation_of_several_identifiers_at_once_is_matched_part_by_part():
    gold = marked_document("<C:1 iron> hurts <D:2;3 both>", relations=(Relation("Bind", "1", "2|3"),))
    predicted = marked_document("<C:a iron> hurts <D:b;c both>", relations=(Relation("Bind", "b|c", "a"),))
    assert end_to_end(gold, predicted)["relation_type"] == (1, 0, 0)
    assert end_to_end(gold, replace(predicted, relations=(Relation("Bind", "b|d", "a"),)))["relation_type"] == (0, 1, 1)
