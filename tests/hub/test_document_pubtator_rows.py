"""Annotation lines of PubTator: columns to mentions, relations and directions, and back."""

import pytest

from biodir.document_biodir import Mention, Relation
from biodir.document_pubtator_rows_biodir import (
    Direction,
    Line,
    checked_column,
    format_direction,
    format_mention,
    format_relation,
    is_direction,
    is_mention,
    parse_direction,
    parse_mention,
    parse_relation,
    split_identifiers,
    without_breaks,
)
from biodir.errors_biodir import AnnotationError, ParseError

TEXT = "Aspirin binds COX2."
PUBTATOR3_VARIANT = "tmVar:c|SUB|A|1|G;HGVS:c.1A>G;VariantGroup:0;CorrespondingGene:7157;RS#:123"


def line(*columns):
    return Line("f:3", "\t".join(columns))


def mention_of(*columns):
    return parse_mention(line("7", *columns), TEXT)


# Identifier columns.


@pytest.mark.parametrize(
    ("column", "entity_type", "identifiers"),
    [
        ("D001241", "ChemicalEntity", ("D001241",)),
        ("153;154;155", "GeneOrGeneProduct", ("153", "154", "155")),
        ("153,154", "GeneOrGeneProduct", ("153", "154")),
        ("D006470|D003556", "Disease", ("D006470", "D003556")),
        ("D1;D2,D3|D4", "Disease", ("D1", "D2", "D3", "D4")),
        (" D1 ; D2 ", "Disease", ("D1", "D2")),
        ("D1;D1,D1", "Disease", ("D1",)),
        ("D1;;D2;", "Disease", ("D1", "D2")),
        ("-", "Disease", ()),
        ("-1", "Disease", ()),
        ("-1|D1", "Disease", ("D1",)),
        ("", "Disease", ()),
        ("MESH:D001943", "Disease", ("MESH:D001943",)),
    ],
)
def test_identifier_column_splits_into(column, entity_type, identifiers):
    assert split_identifiers(column, entity_type) == identifiers


@pytest.mark.parametrize(
    ("column", "identifiers"),
    [
        ("p|SUB|S|138|G", ("p|SUB|S|138|G",)),
        ("c|INS|1,2|A", ("c|INS|1,2|A",)),
        ("p|FS|Y|329||", ("p|FS|Y|329||",)),
        ("p|SUB|S|138|G;rs6232", ("p|SUB|S|138|G", "rs6232")),
        ("-", ()),
        ("-1", ()),
    ],
)
def test_identifiers_of_variants_split_at_semicolons_only(column, identifiers):
    assert split_identifiers(column, "SequenceVariant") == identifiers


@pytest.mark.parametrize(
    "entity_type",
    ["SequenceVariant", "Variant", "Mutation", "DNAMutation", "ProteinMutation", "SNP", "DNAAcidChange", "snp"],
)
def test_every_variant_type_keeps_bars(entity_type):
    assert split_identifiers("p|SUB|S|138|G", entity_type) == ("p|SUB|S|138|G",)


@pytest.mark.parametrize(
    "column", [PUBTATOR3_VARIANT, "tmVar:rs6232;VariantGroup:2;RS#:6232", "rs6232;CorrespondingGene:5122"]
)
def test_long_variant_identifier_of_pubtator3_stays_whole(column):
    assert split_identifiers(column, "Variant") == (column,)


def test_identifier_made_from_a_text_keeps_its_commas_and_bars():
    assert split_identifiers("text:1,2-a|b;D1,D2", "Chemical") == ("text:1,2-a|b", "D1", "D2")


# Which line it is.


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        (["7", "0", "7", "Aspirin", "Chemical", "D1"], "mention"),
        (["7", "0", "7", "Aspirin", "Chemical"], "mention"),
        (["7", "-1", "7", "Aspirin", "Chemical"], "mention"),
        (["7", "0.5", "7", "Aspirin", "Chemical", "D1"], "mention"),
        (["7", "0", "9", "Subject:x", "Gene", "12"], "mention"),
        (["7", "0", "9", "Subject:x", "Gene"], "mention"),
        (["7", "Bind", "5743", "5742"], "relation"),
        (["7", "Bind", "5743", "5742", "Novel", "0.5"], "relation"),
        (["7", "CID", "D1", "D2"], "relation"),
        (["7"], "relation"),
        (["7", "D1", "D2", "Subject:D2"], "direction"),
        (["7", "D1", "D2", "Subject:D3"], "direction"),
        (["7", "5743", "5742", "Subject:5743"], "direction"),
        (["7", "5743", "5742", "Subject:5742", "0.5"], "direction"),
        (["7", "D1", "D2", "Subject:D1", "0.5", "0.5"], "direction"),
    ],
)
def test_line_is_told_by_its_columns(columns, kind):
    seen = "direction" if is_direction(columns) else "mention" if is_mention(columns) else "relation"
    assert seen == kind


# Reading mentions.


def test_mention_line_gives_span_type_and_identifier():
    assert mention_of("14", "18", "COX2", "Gene", "5743") == Mention(14, 18, "COX2", "Gene", ("5743",))


@pytest.mark.parametrize(
    "columns", [("14", "18", "COX2", "Gene"), ("14", "18", "COX2", "Gene", ""), ("14", "18", "COX2", "Gene", " ")]
)
def test_mention_without_identifier_gets_one_from_its_text(columns):
    assert mention_of(*columns).identifiers == ("text:cox2",)


def test_unlinked_mention_gets_no_identifier():
    assert mention_of("14", "18", "COX2", "Gene", "-").identifiers == ()


def test_names_of_the_parts_in_a_seventh_column_are_ignored():
    mention = mention_of("14", "18", "COX2", "Gene", "5743|5742", "COX|2")
    assert mention.identifiers == ("5743", "5742")


@pytest.mark.parametrize("column", ["5743", "5743;5742", "-"])
def test_column_as_biodir_writes_it_is_not_kept(column):
    assert mention_of("14", "18", "COX2", "Gene", column).source_identifier is None


@pytest.mark.parametrize("column", ["5743,5742", "5743|5742", "-1", " 5743", "5743;5743"])
def test_column_written_otherwise_is_kept(column):
    assert mention_of("14", "18", "COX2", "Gene", column).source_identifier == column


def test_spaces_and_tabs_at_the_end_of_a_line_are_ignored():
    assert mention_of("14", "18", "COX2", "Gene", "5743 ", "", " ") == Mention(14, 18, "COX2", "Gene", ("5743",))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            ("14", "18", "COX2"),
            "f:3: mention line with 4 columns; "
            "it has 6: PMID, start, end, text, type and identifier, separated by tabs",
        ),
        (
            ("14", "18", "COX2", "Gene", "5743", "a", "b"),
            "f:3: mention line with 8 columns; "
            "it has 6: PMID, start, end, text, type and identifier, separated by tabs",
        ),
        (
            ("12.5", "18", "COX2", "Gene", "5743"),
            "f:3: offsets '12.5' and '18' are not whole numbers of characters",
        ),
        (("14", "end", "COX2", "Gene", "5743"), "f:3: offsets '14' and 'end' are not whole numbers of characters"),
    ],
)
def test_message_of_a_malformed_mention_says_place_value_and_fix(columns, message):
    with pytest.raises(ParseError) as caught:
        mention_of(*columns)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            ("14", "40", "COX2", "Gene", "5743"),
            "f:3: ends at 40 but the text has 19 characters; were newlines stripped?",
        ),
        (
            ("18", "14", "COX2", "Gene", "5743"),
            "f:3: ends at 14 but starts at 18; a span is half-open and not empty",
        ),
        (("-4", "14", "COX2", "Gene", "5743"), "f:3: starts at -4; offsets count characters from 0"),
        (
            ("15", "19", "COX2", "Gene", "5743"),
            "f:3: says 'COX2' but the text at [15, 19) is 'OX2.'; offsets count Python characters, not bytes",
        ),
        (("14", "18", "COX2", "", "5743"), "f:3: entity type '' is not a name; give a type as string"),
    ],
)
def test_message_of_a_mention_that_contradicts_the_text_names_the_line(columns, message):
    with pytest.raises(AnnotationError) as caught:
        mention_of(*columns)
    assert str(caught.value) == message


# Reading relations and directions.


@pytest.mark.parametrize(
    ("columns", "relation"),
    [
        (("CID", "D1", "D2"), Relation("CID", "D1", "D2")),
        (("Bind", "5743", "5742", "Novel"), Relation("Bind", "5743", "5742", "Novel")),
        (("Bind", "A", "B", "No", "0.5"), Relation("Bind", "A", "B", "No", relation_score=0.5)),
        (("Bind", "A", "B", "", "0.5"), Relation("Bind", "A", "B", None, relation_score=0.5)),
        (
            ("Bind", "A", "B", "No", "1", "0.25", "1e-3"),
            Relation("Bind", "A", "B", "No", relation_score=1.0, novelty_score=0.25, direction_score=0.001),
        ),
        (("Bind", "A", "B", "", "", ""), Relation("Bind", "A", "B")),
        (("Bind", "p|SUB|S|1|G", "D1,D2"), Relation("Bind", "p|SUB|S|1|G", "D1,D2")),
    ],
)
def test_relation_line_gives(columns, relation):
    assert parse_relation(line("7", *columns)) == relation


@pytest.mark.parametrize("columns", [("Bind", "A"), ("Bind", "", "B"), tuple("Bind A B No 1 1 1 1".split())])
def test_relation_line_with_other_columns_is_an_error(columns):
    message = (
        f"f:3: relation line with {len(columns) + 1} columns, or with an empty one among the first four; "
        "it has PMID, type, id1, id2 and, where known, novelty and scores, separated by tabs"
    )
    with pytest.raises(ParseError) as caught:
        parse_relation(line("7", *columns))
    assert str(caught.value) == message


@pytest.mark.parametrize("score", ["1.5", "-0.1", "nan", "inf", "high"])
def test_score_that_is_not_from_0_to_1_is_an_error(score):
    with pytest.raises(ParseError, match=rf"^f:3: score '{score}' of a relation is not a number from 0 to 1"):
        parse_relation(line("7", "Bind", "A", "B", "No", score))


def test_message_of_a_bad_score_thinks_of_a_mention_with_a_bad_offset():
    with pytest.raises(ParseError, match=r"if the line is a mention, its offsets are not whole numbers$"):
        parse_relation(line("7", "zero", "7", "Aspirin", "Chemical", "D001241"))


@pytest.mark.parametrize(
    ("columns", "direction"),
    [
        (("A", "B", "Subject:B"), Direction("A", "B", "B", None)),
        (("5743", "5742", "Subject:5743", "0.5"), Direction("5743", "5742", "5743", 0.5)),
        (("D1", "c|DUP||15", "Subject:c|DUP||15"), Direction("D1", "c|DUP||15", "c|DUP||15", None)),
    ],
)
def test_direction_line_gives(columns, direction):
    assert parse_direction(line("7", *columns)) == direction


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (("A", "B", "Subject:C"), "f:3: subject 'C' is neither 'A' nor 'B'; name one of the pair"),
        (("A", "B", "Subject:"), "f:3: subject '' is neither 'A' nor 'B'; name one of the pair"),
        (
            ("A", "B", "Subject:A", "0.5", "0.5"),
            "f:3: direction line with 6 columns; it has PMID, id1, id2, 'Subject:id' and at most a score, "
            "separated by tabs",
        ),
    ],
)
def test_message_of_a_malformed_direction_says_place_value_and_fix(columns, message):
    with pytest.raises(ParseError) as caught:
        parse_direction(line("7", *columns))
    assert str(caught.value) == message


# Writing.


@pytest.mark.parametrize(
    ("mention", "written"),
    [
        (Mention(0, 7, "Aspirin", "Chemical", ("D1",)), "7\t0\t7\tAspirin\tChemical\tD1"),
        (Mention(0, 7, "Aspirin", "Chemical", ("D1", "D2")), "7\t0\t7\tAspirin\tChemical\tD1;D2"),
        (Mention(0, 7, "Aspirin", "Chemical", ("D1", "D1")), "7\t0\t7\tAspirin\tChemical\tD1"),
        (Mention(0, 7, "Aspirin", "Chemical", ()), "7\t0\t7\tAspirin\tChemical\t-"),
        (Mention(0, 7, "Aspirin", "Chemical", (), "-1"), "7\t0\t7\tAspirin\tChemical\t-1"),
        (Mention(0, 7, "Aspirin", "Chemical", ("D1", "D2"), "D1,D2"), "7\t0\t7\tAspirin\tChemical\tD1,D2"),
        (Mention(0, 7, "Aspirin", "Chemical", ("text:aspirin",), ""), "7\t0\t7\tAspirin\tChemical"),
        (Mention(0, 7, "Aspirin", "Chemical", ("text:aspirin",)), "7\t0\t7\tAspirin\tChemical\ttext:aspirin"),
        (Mention(0, 3, "c\n1", "SNP", ("p|SUB|S|1|G", "rs1")), "7\t0\t3\tc 1\tSNP\tp|SUB|S|1|G;rs1"),
        (Mention(0, 3, "c.1", "Variant", (PUBTATOR3_VARIANT,)), f"7\t0\t3\tc.1\tVariant\t{PUBTATOR3_VARIANT}"),
    ],
)
def test_mention_is_written_as(mention, written):
    assert format_mention("7", mention, "here") == written


def test_kept_column_that_no_longer_holds_the_identifiers_is_not_written():
    mention = Mention(0, 7, "Aspirin", "Chemical", ("D3",), "D1,D2")
    assert format_mention("7", mention, "here") == "7\t0\t7\tAspirin\tChemical\tD3"


@pytest.mark.parametrize("identifier", ["D1;D2", "D1,D2", "D1|D2", "-", ";"])
def test_identifier_that_would_read_back_otherwise_is_an_error(identifier):
    with pytest.raises(AnnotationError) as caught:
        format_mention("7", Mention(0, 7, "Aspirin", "Chemical", (identifier,)), "here")
    assert str(caught.value) == (
        f"here: identifiers ({identifier!r},) would not read back from {identifier!r}; "
        "give several identifiers as several, and none with a separator in it"
    )


@pytest.mark.parametrize("value", ["", " D1", "D1 ", "D\t1", "D\n1", "D\r1"])
def test_column_that_would_break_the_line_is_an_error(value):
    with pytest.raises(AnnotationError) as caught:
        checked_column(value, "novelty", "here")
    assert str(caught.value) == (
        f"here: novelty {value!r} cannot be written as PubTator; "
        "give a text without tabs, line breaks and spaces around it"
    )


@pytest.mark.parametrize(
    ("relation", "direction", "written"),
    [
        (Relation("CID", "A", "B"), None, "7\tCID\tA\tB"),
        (Relation("Bind", "A", "B", "Novel"), None, "7\tBind\tA\tB\tNovel"),
        (Relation("Bind", "A", "B", None, relation_score=0.5), None, "7\tBind\tA\tB\t\t0.5"),
        (Relation("Bind", "A", "B", "No", None, 0.1, 0.2, 0.3), None, "7\tBind\tA\tB\tNo\t0.1\t0.2\t0.3"),
        (
            Relation("Bind", "A", "B", "No", "A", 0.1, 0.2, 0.3),
            Direction("A", "B", "A", 0.3),
            "7\tBind\tA\tB\tNo\t0.1\t0.2",
        ),
        (
            Relation("Bind", "A", "B", "No", "A", 0.1, 0.2, 0.3),
            Direction("A", "B", "A", None),
            "7\tBind\tA\tB\tNo\t0.1\t0.2\t0.3",
        ),
    ],
)
def test_relation_is_written_as(relation, direction, written):
    assert format_relation("7", relation, direction, "here") == written


@pytest.mark.parametrize(
    ("direction", "written"),
    [(Direction("A", "B", "B", None), "7\tA\tB\tSubject:B"), (Direction("A", "B", "A", 1), "7\tA\tB\tSubject:A\t1.0")],
)
def test_direction_is_written_as(direction, written):
    assert format_direction("7", direction, "here") == written


@pytest.mark.parametrize("score", [1.0000001, -0.5, float("nan")])
def test_score_outside_0_to_1_is_not_written(score):
    with pytest.raises(AnnotationError, match=r"^here: score .* of a relation is not a number from 0 to 1$"):
        format_relation("7", Relation("Bind", "A", "B", relation_score=score), None, "here")


def test_breaks_become_as_many_spaces():
    assert without_breaks("a\tb\r\nc\u2028") == "a b  c\u2028"
