"""Spans of other tools are the entities of gold that they agree with."""

from dataclasses import replace

import pytest

from biodir.document_biodir import Relation
from biodir.errors_biodir import AnnotationError, ErrorPolicy
from biodir.evaluation.linking import UNLINKED, SpanEnd, SpanRelation, linked_document
from helpers.marked import marked_document

TEXT = "<C:C1 Iron> and <C:C2 iron oxide> harm <G:G1;G2 EGFR>, <C:C1 iron>."
GOLD = marked_document(TEXT, id="7")
EGFR = SpanEnd("EGFR")


def relations(first, second=EGFR, policy=None, **settings):
    relation = SpanRelation("Bind", first, second, **{"directed": True, **settings})
    return linked_document(GOLD, [relation], policy or ErrorPolicy()).relations


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (SpanEnd("Iron", 0, 4), "C1"),
        (SpanEnd("iron oxide", 9, 19), "C2"),
        (SpanEnd("oxide", 14, 19), "C2"),
        (SpanEnd("Iron and", 0, 8), "C1"),
        (SpanEnd("and iron", 5, 13), "C2"),
        (SpanEnd("harm", 20, 24), "text:harm"),
        (SpanEnd("IRON"), "C1"),
        (SpanEnd("zinc", identifiers=("MESH:C2",)), "C2"),
        (SpanEnd("Iron", 0, 4, ("MESH:C9",)), "C1"),
    ],
)
def test_end_is_the_entity_of_gold_that_agrees_best(end, expected):
    (found, *_) = relations(end)
    assert (found.entity1_id, found.subject_id) == (expected, expected)


def test_end_that_agrees_with_no_entity_is_counted():
    policy = ErrorPolicy()
    relations(SpanEnd("harm", 20, 24), policy=policy)
    assert policy.notes == {UNLINKED: 1}


def test_mention_with_several_identifiers_gives_a_relation_for_each():
    found = relations(SpanEnd("Iron", 0, 4), SpanEnd("EGFR", 25, 29), directed=False, score=0.5)
    assert found == tuple(Relation("Bind", "C1", name, None, None, 0.5) for name in ("G1", "G2"))


def test_relation_of_several_places_counts_once_with_the_highest_score():
    places = {0.4: SpanEnd("Iron", 0, 4), 0.7: SpanEnd("iron", 31, 35)}
    spans = [SpanRelation("Bind", end, SpanEnd("iron oxide"), True, score) for score, end in places.items()]
    assert linked_document(GOLD, [*spans, replace(spans[0], directed=False)], ErrorPolicy()).relations == (
        Relation("Bind", "C1", "C2", None, "C1", 0.7),
        Relation("Bind", "C1", "C2", None, None, 0.4),
    )


def test_span_of_another_text_is_refused_or_left_out():
    with pytest.raises(AnnotationError, match=r"says 'iron', but gold's text at \[1, 5\) is 'ron '; give the tool the"):
        relations(SpanEnd("iron", 1, 5))
    policy = ErrorPolicy("skip-mention")
    assert relations(SpanEnd("iron", 1, 5), policy=policy) == ()
    assert policy.skipped_number("relation") == 1
