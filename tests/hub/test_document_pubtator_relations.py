"""Relation lines of PubTator: scores inside the fields, as BioREDirect writes them, and in the place of BioREx."""

import pytest

from biodir.document_biodir import Relation
from biodir.document_pubtator_biodir import parse_document
from biodir.errors_biodir import ErrorPolicy, ParseError
from biodir.formats.pubtator_writer import format_pubtator

TEXT = (
    "7|t|Iron harms EGFR.\n7|a|\n7\t0\t4\tIron\tChemicalEntity\tC1\n7\t11\t15\tEGFR\tGeneOrGeneProduct\tc|SUB|T|34|C\n"
)


def relations(*lines, policy=None):
    rows = "".join(f"7 {line}\n".replace(" ", "\t") for line in lines)
    return parse_document(TEXT + rows, "a", policy or ErrorPolicy()).relations


def test_scores_inside_the_fields_are_read():
    found = relations("Bind|0.98 C1 c|SUB|T|34|C Novel|0.9", "C1 c|SUB|T|34|C Subject:c|SUB|T|34|C|0.97")
    assert found == (Relation("Bind", "C1", "c|SUB|T|34|C", "Novel", "c|SUB|T|34|C", 0.98, 0.9, 0.97),)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("c|SUB|T|34|C", ("c|SUB|T|34|C", None)),
        ("c|SUB|T|34|C|1e-05", ("c|SUB|T|34|C", 1e-05)),
        ("C1|1.0", ("C1", 1.0)),
        ("c|SUB|T|34", None),
        ("C1|1.5", None),
        ("C1|nan", None),
    ],
)
def test_bars_of_an_identifier_are_its_own(subject, expected):
    lines = "Bind C1 c|SUB|T|34|C", f"C1 c|SUB|T|34|C Subject:{subject}"
    if expected is None:
        with pytest.raises(ParseError, match=r"a:6: (?:subject|score) '.*(?:name one of the pair|from 0 to 1)"):
            relations(*lines)
    else:
        (found,) = relations(*lines)
        assert (found.subject_id, found.direction_score) == expected


def test_variant_whose_identifier_ends_in_a_number_has_no_score():
    (found,) = relations("Bind C1 c|DEL|0.5", "C1 c|DEL|0.5 Subject:c|DEL|0.5")
    assert (found.subject_id, found.direction_score) == ("c|DEL|0.5", None)


def test_each_of_two_relations_of_a_pair_has_the_direction_after_it():
    pair = "C1 c|SUB|T|34|C"
    first = f"Bind|0.6 {pair} No|0.8", f"{pair} Subject:C1|0.7"
    undirected = f"Association|0.9 {pair} No|0.8"
    last = f"Comparison|0.5 {pair} No|1.0", f"{pair} Subject:c|SUB|T|34|C|0.4"
    found = relations(*first, undirected, *last)
    assert [(each.relation_type, each.subject_id, each.direction_score) for each in found] == [
        ("Bind", "C1", 0.7),
        ("Association", None, None),
        ("Comparison", "c|SUB|T|34|C", 0.4),
    ]


def test_direction_lines_without_scores_are_those_of_the_pair():
    pair = "C1 c|SUB|T|34|C"
    found = relations(f"Bind {pair} No", f"{pair} Subject:C1", f"Association {pair} No")
    assert [each.subject_id for each in found] == ["C1", "C1"]
    with pytest.raises(ParseError, match="contradicts an earlier line"):
        relations(f"Bind {pair} No", f"{pair} Subject:C1", f"{pair} Subject:c|SUB|T|34|C")


def test_direction_of_another_pair_after_a_relation_is_that_of_its_own_pair():
    found = relations("Bind|0.6 C1 G1 No|0.8", "Bind|0.5 C1 G2 No|0.8", "C1 G1 Subject:C1|0.7")
    assert [each.subject_id for each in found] == ["C1", None]


def test_number_in_place_of_the_novelty_is_the_score_of_biorex():
    (found,) = relations("Association C1 c|SUB|T|34|C 0.9976")
    assert found == Relation("Association", "C1", "c|SUB|T|34|C", relation_score=0.9976)
    with pytest.raises(ParseError, match=r"a:5: score '1\.7' of a relation is not a number from 0 to 1"):
        relations("Association C1 c|SUB|T|34|C 1.7")
    (number,) = relations("Association C1 c|SUB|T|34|C 1")
    assert (number.novelty, number.relation_score) == ("1", None), "no score of BioREx, which have a point"


def test_bad_score_in_a_field_leaves_out_the_relation():
    policy = ErrorPolicy("skip-mention")
    (found,) = relations("Bind|1.7 C1 G1 No|0.8", "Bind|0.7 C1 G2 No|0.8", policy=policy)
    assert (found.entity2_id, policy.skipped_number("relation")) == ("G2", 1)
    with pytest.raises(ParseError, match=r"a:5: score '1\.7' of a relation"):
        relations("Bind|1.7 C1 G1 No|0.8")


def test_what_was_read_is_written_with_scores_in_columns():
    content = TEXT + "7\tBind|0.98\tC1\tc|SUB|T|34|C\tNovel|0.9\n7\tC1\tc|SUB|T|34|C\tSubject:C1|0.97\n"
    document = parse_document(content)
    rows = format_pubtator(document).splitlines()[4:6]
    assert rows == ["7\tBind\tC1\tc|SUB|T|34|C\tNovel\t0.98\t0.9", "7\tC1\tc|SUB|T|34|C\tSubject:C1\t0.97"]
    assert parse_document("\n".join(format_pubtator(document).splitlines())) == document
