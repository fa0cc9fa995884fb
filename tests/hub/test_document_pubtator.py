"""PubTator text to documents: blocks, lines, bad input, files. Writing is tested in tests/formats/test_pubtator.py."""

import pytest

from biodir.document_biodir import Document, Mention, Passage, Relation
from biodir.document_parts_biodir import split_identifiers
from biodir.document_pubtator_biodir import (
    looks_like_pubtator,
    parse_document,
    parse_pubtator,
)
from biodir.errors_biodir import AnnotationError, ErrorPolicy, ParseError
from biodir.formats.pubtator_reader import read_pubtator

BLOCK = """\
7|t|Aspirin binds COX2.
7|a|It does.
7\t0\t7\tAspirin\tChemicalEntity\tD001241
7\t14\t18\tCOX2\tGeneOrGeneProduct\t5743
7\tNegative_Correlation\tD001241\t5743\tNovel
7\t5743\tD001241\tSubject:D001241

"""
DOCUMENT = Document(
    id="7",
    text="Aspirin binds COX2. It does.",
    mentions=(
        Mention(0, 7, "Aspirin", "ChemicalEntity", ("D001241",)),
        Mention(14, 18, "COX2", "GeneOrGeneProduct", ("5743",)),
    ),
    relations=(Relation("Negative_Correlation", "D001241", "5743", "Novel", "D001241"),),
    passages=(Passage(0, 19, "title"), Passage(20, 28, "abstract")),
    subject_lines=(("5743", "D001241"),),
)
OTHER_BLOCK = "8|t|Iron.\n8|a|Rust.\n\n"
BAD_BLOCK = "9|t|A b.\n9|a|c\n9\t0\t50\tA\tGene\t1\n9\tBind\tA\tB\n\n"
OTHER = Document("8", "Iron. Rust.", passages=(Passage(0, 5, "title"), Passage(6, 11, "abstract")))
PUBTATOR3_VARIANT = "tmVar:c|SUB|A|1|G;HGVS:c.1A>G;VariantGroup:0;CorrespondingGene:7157;RS#:123"
PAIR = "7|t|A b.\n7|a|\n"


def parsed(text, policy=None):
    return list(parse_pubtator(text.split("\n"), "f", policy or ErrorPolicy()))


def row(*columns):
    """A document with one annotation line, its third."""
    return "7|t|Aspirin binds COX2.\n7|a|\n" + "\t".join(("7", *columns))


def mention_of(*columns):
    (mention,) = parsed(row("14", "18", "COX2", *columns))[0].mentions
    return mention


def relations_of(*lines):
    return parsed(PAIR + "\n".join(f"7\t{line}" for line in lines))[0].relations


# Blocks.


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        (BLOCK, [DOCUMENT]),
        (BLOCK.replace("\n", "\r\n"), [DOCUMENT]),
        (BLOCK.rstrip("\n"), [DOCUMENT]),
        ("\ufeff" + BLOCK, [DOCUMENT]),
        (BLOCK + BLOCK, [DOCUMENT, DOCUMENT]),
        ("\n\n" + BLOCK + "\n \t\n" + OTHER_BLOCK + "\n\n", [DOCUMENT, OTHER]),
        (BLOCK.rstrip("\n") + "\n" + OTHER_BLOCK, [DOCUMENT, OTHER]),
        ("7|a|Ab.\n8|a|Cd.\n", [*parsed("7|a|Ab."), *parsed("8|a|Cd.")]),
        ("", []),
    ],
    ids=[
        *("plain", "windows", "no last line", "byte order mark", "same id", "blank lines", "no blank line"),
        *("abstract after abstract", "nothing"),
    ],
)
def test_text_gives_these_documents_whole_and_in_lines(text, documents):
    assert parsed(text) == list(parse_pubtator(text)) == documents


@pytest.mark.parametrize("order", [[2, 3, 4, 5, 0, 1], [0, 2, 3, 4, 5, 1], [1, 5, 0, 4, 2, 3]])
def test_text_lines_may_be_anywhere_in_their_block(order):
    lines = BLOCK.rstrip("\n").split("\n")
    assert parsed("\n".join(lines[index] for index in order)) == [DOCUMENT]


def test_document_is_yielded_before_the_next_one_is_read():
    def lines():
        yield from (BLOCK + "8|t|Iron.").split("\n")
        raise AssertionError("read too far")

    assert next(parse_pubtator(lines())) == DOCUMENT


# Texts.


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("7|t|Aspirin.\n7\t0\t7\tAspirin\tGene\t1", "Aspirin. "),
        ("7|a|Aspirin.\n7\t1\t8\tAspirin\tGene\t1", " Aspirin."),
        ("7|t|A|a|b|t|c\n7|a|d|e", "A|a|b|t|c d|e"),
        ("7|t| A \n7|a| b ", " A   b "),
    ],
    ids=["no abstract", "no title", "bars", "spaces"],
)
def test_text_is_title_space_abstract(lines, text):
    assert parsed(lines)[0].text == text


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\u0085", "\x0c", "\x0b", "\x1c", "\r", "\u00a0", "\ufeff"])
def test_character_inside_a_text_does_not_break_the_line(character, tmp_path):
    block = f"7|t|A{character}b.\n7|a|Cd.\n7\t5\t7\tCd\tGene\t1"
    (tmp_path / "a.pubtator").write_bytes(block.encode())
    for document in (*parsed(block), *read_pubtator(tmp_path / "a.pubtator")):
        assert document.text == f"A{character}b. Cd."
        assert document.mentions == (Mention(5, 7, "Cd", "Gene", ("1",)),)


# Identifiers.


@pytest.mark.parametrize(
    ("column", "entity_type", "identifiers"),
    [
        ("D1; D2 ,D3|D4;;D1;", "Disease", ("D1", "D2", "D3", "D4")),
        ("-1|D1", "Disease", ("D1",)),
        ("", "Disease", ()),
        ("text:1,2-a|b;D1,D2", "Chemical", ("text:1,2-a|b", "D1", "D2")),
        ("c|INS|1,2|A", "SequenceVariant", ("c|INS|1,2|A",)),
        ("p|SUB|S|138|G;rs6232", "SequenceVariant", ("p|SUB|S|138|G", "rs6232")),
        ("-", "SequenceVariant", ()),
        (PUBTATOR3_VARIANT, "Variant", (PUBTATOR3_VARIANT,)),
        ("rs6232;CorrespondingGene:5122", "Variant", ("rs6232;CorrespondingGene:5122",)),
        *(("p|SUB|S|1|G", kind, ("p|SUB|S|1|G",)) for kind in ("Mutation", "DNAMutation", "snp", "DNAAcidChange")),
    ],
)
def test_identifier_column_splits_into(column, entity_type, identifiers):
    assert split_identifiers(column, entity_type) == identifiers


@pytest.mark.parametrize(
    ("columns", "identifiers", "source_identifier"),
    [
        (("Gene", "5743"), ("5743",), None),
        (("Gene", "-1"), (), "-1"),
        (("Gene", "5743,5742"), ("5743", "5742"), "5743,5742"),
        (("Gene", " 5743"), ("5743",), " 5743"),
        (("Gene", "5743 ", "", " "), ("5743",), None),
        (("Gene", "5743|5742", "COX|2"), ("5743", "5742"), "5743|5742"),
        (("Gene",), ("text:cox2",), ""),
    ],
)
def test_mention_keeps_its_column_only_if_biodir_writes_another(columns, identifiers, source_identifier):
    mention = mention_of(*columns)
    assert mention == Mention(14, 18, "COX2", "Gene", identifiers)
    assert mention.source_identifier == source_identifier


# Kinds of lines, relations and directions.


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        (("0", "9", "Subject:x", "Gene", "12"), "says 'Subject:x' but the text at"),
        (("0", "9", "Subject:x", "Gene"), "says 'Subject:x' but the text at"),
        (("-1", "7", "Aspirin", "Chemical"), "starts at -1"),
        (("0.5", "7", "Aspirin", "Chemical", "D1"), "offsets '0.5' and '7' are not whole numbers of characters"),
        (("5743", "5742", "Subject:5743"), "'Subject:5743' but no relation of 5743 and 5742"),
        (("5743", "5742", "Subject:5742", "0.5"), "'Subject:5742' but no relation of 5743 and 5742"),
        (("D1", "D2", "Subject:D1", "0.5", "0.5"), "direction line with 6 columns"),
        (("zero", "7", "Aspirin", "Chemical", "D1"), "'D1' of a relation is not a number .* if the line is a mention"),
    ],
)
def test_kind_of_a_line_follows_from_its_columns(columns, error):
    with pytest.raises((ParseError, AnnotationError), match=f"^f:3: .*{error}"):
        parsed(row(*columns))


@pytest.mark.parametrize(
    ("line", "relation"),
    [
        ("CID\tD1\tD2", Relation("CID", "D1", "D2")),
        ("Bind\t5743\t5742\tNovel", Relation("Bind", "5743", "5742", "Novel")),
        ("Bind\tA\tB\t\t0.5", Relation("Bind", "A", "B", None, relation_score=0.5)),
        ("Bind\tA\tB\tNo\t1\t0.25\t1e-3", Relation("Bind", "A", "B", "No", None, 1.0, 0.25, 0.001)),
        ("Bind\tp|SUB|S|1|G\tD1,D2", Relation("Bind", "p|SUB|S|1|G", "D1,D2")),
    ],
)
def test_relation_line_gives(line, relation):
    assert relations_of(line) == (relation,)


@pytest.mark.parametrize(
    ("lines", "subject"),
    [
        (["Bind\tA\tB", "A\tB\tSubject:B"], "B"),
        (["Bind\tA\tB", "B\tA\tSubject:B"], "B"),
        (["A\tB\tSubject:B", "Bind\tA\tB"], "B"),
        (["Bind\t5743\t5742\tNo", "5743\t5742\tSubject:5742"], "5742"),
        (["Bind\tA\tA", "A\tA\tSubject:A"], "A"),
        (["Bind\tA\tB", "A\tB\tSubject:A", "B\tA\tSubject:A"], "A"),
        (["Bind\tD1\tc|DUP||15", "D1\tc|DUP||15\tSubject:c|DUP||15"], "c|DUP||15"),
    ],
)
def test_direction_line_gives_the_subject_of_its_pair(lines, subject):
    assert [relation.subject_id for relation in relations_of(*lines)] == [subject]


def test_direction_line_holds_for_every_relation_of_its_pair():
    found = relations_of("Bind\tA\tB\tNo", "Conversion\tB\tA\tNo", "A\tB\tSubject:A\t0.5")
    assert [(relation.subject_id, relation.direction_score) for relation in found] == [("A", 0.5)] * 2


# Bad input.


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (row("14", "18", "COX2"), "f:3: mention line with 4 columns; it has 6: PMID, start, end, text, type and"),
        (row("14", "end", "COX2", "Gene"), "f:3: offsets '14' and 'end' are not whole numbers of characters"),
        (row("Bind", "A"), "f:3: relation line with 3 columns, or with an empty one among the first four; it has"),
        *(
            (row("Bind", "A", "B", "No", score), f"f:3: score '{score}' of a relation is not a number from 0 to 1")
            for score in ("1.5", "-0.1", "nan", "inf", "high")
        ),
        (row("A", "B", "Subject:C"), "f:3: subject 'C' is neither 'A' nor 'B'; name one of the pair"),
        (
            PAIR + "7\tBind\tA\tB\n7\tA\tB\tSubject:B\n7\tB\tA\tSubject:A",
            "f:5: 'Subject:A' of B and A contradicts an earlier line, 'Subject:B'; keep one direction line for a pair",
        ),
        (
            "7|t|A b.\n7|a|c\nand so on.",
            "f:3: 'and so on.' is neither 'PMID|t|title' nor 'PMID|a|abstract' nor columns separated by tabs; "
            "does the text hold a line break, were tabs made spaces, or is it plain text, which only",
        ),
        *((content, "f:1: ") for content in ("\tx", "7\t", "7", "|t|A b.")),
        ("7|t|A b.\n7|a|c\n8\t0\t1\tA\tGene\t1", "f:3: line of document '8' in the block of document '7'; begin each"),
        ("7|t|A b.\n8|a|c", "f:2: line of document '8' in the block of document '7'; "),
        (BLOCK + "7\t0\t7\tAspirin\tX\tD1", "f:8: document 7 has neither a '|t|' nor an '|a|' line; blank lines"),
        ("7|t|A b.\n7|t|A b.", "f:2: second title line of document 7; give one of each"),
        (
            row("14", "40", "COX2", "Gene"),
            "f:3: ends at 40 but the text has 20 characters; the text has it at",
        ),
        (row("14", "18", "COX2", "", "5743"), "f:3: entity type '' is not a name; give a type as string"),
    ],
)
def test_message_of_a_bad_line_names_place_value_and_fix(text, message):
    with pytest.raises((ParseError, AnnotationError)) as caught:
        parsed(text)
    assert str(caught.value).startswith(message)


def test_policy_skips_the_bad_document_and_reads_on(caplog):
    policy = ErrorPolicy("skip-document")
    assert parsed(BLOCK + BAD_BLOCK + OTHER_BLOCK + "garbage\n", policy) == [DOCUMENT, OTHER]
    assert policy.skipped == {("document", "span outside the text"): 1, ("document", "not of its format"): 1}
    assert caplog.messages == ["f: left out: 2 documents (span outside the text: 1, not of its format: 1)"]


# One document.


def test_parse_document_takes_exactly_one():
    assert parse_document(BLOCK) == DOCUMENT
    with pytest.raises(ParseError, match=r"^<string>: holds no document; give the lines 'PMID\|t\|title'"):
        parse_document("\n")
    with pytest.raises(ParseError, match=r"^f: holds 2 documents, not one; use parse_pubtator for several$"):
        parse_document(BLOCK + OTHER_BLOCK, "f")


def test_pubtator_is_recognised_among_other_texts():
    assert all(map(looks_like_pubtator, [BLOCK, "\ufeff7|t|A", "\r\n\n7|a|A", "7\t0\t1\tA\tGene\n7|t|A", "PMC7|t|"]))
    assert not any(map(looks_like_pubtator, ["", "Aspirin binds COX2.", "7\t0\t1\tA\tGene\t1", "|t|A", "7|x|A"]))


# Files.


def test_file_gives_its_documents(tmp_path):
    path = tmp_path / "a.pubtator"
    path.write_bytes(b"\xef\xbb\xbf" + (BLOCK + OTHER_BLOCK).replace("\n", "\r\n").encode())
    assert list(read_pubtator(path)) == [DOCUMENT, OTHER]
    path.write_bytes(b"")
    assert list(read_pubtator(path)) == []


@pytest.mark.parametrize("errors", ["raise", "skip-document"])
def test_file_that_cannot_be_opened_is_an_error_under_every_policy(tmp_path, errors):
    path = tmp_path / "a.pubtator"
    with pytest.raises(ParseError) as caught:
        list(read_pubtator(path, ErrorPolicy(errors)))
    assert str(caught.value) == f"{path}: cannot be read (No such file or directory); check the file"
    with pytest.raises(ParseError, match="cannot be read"):
        list(read_pubtator(tmp_path, ErrorPolicy(errors)))


def test_bytes_that_are_not_utf8_spoil_only_their_document(tmp_path):
    path = tmp_path / "a.pubtator"
    path.write_bytes(BLOCK.encode() + b"9|t|A\n9|a|caf\xe9\n\n" + OTHER_BLOCK.encode())
    with pytest.raises(ParseError) as caught:
        list(read_pubtator(path))
    assert str(caught.value) == f"{path}:9: byte 0xe9 at character 7 is not UTF-8; save the file as UTF-8"
    assert list(read_pubtator(path, ErrorPolicy("skip-document"))) == [DOCUMENT, OTHER]


# Corpora.


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "documents", "mentions", "relations", "directed"),
    [
        ("bioredirect/bioredirect_train.pubtator", 400, 13351, 4177, 3703),
        ("bioredirect/bioredirect_dev.pubtator", 100, 3533, 1162, 1095),
        ("bioredirect/bioredirect_test.pubtator", 100, 3535, 1163, 1045),
        ("biored/Train.PubTator", 400, 13351, 4178, 0),
        ("bc5cdr/CDR_TrainingSet.PubTator.txt", 500, 9385, 1038, 0),
        ("bc5cdr/CDR_DevelopmentSet.PubTator.txt", 500, 9591, 1012, 0),
        ("pubtator3/22429397_abstract_240916.pubtator", 1, 37, 10, 0),
    ],
)
def test_corpus_has_as_many_records(data_dir, name, documents, mentions, relations, directed):
    read = list(read_pubtator(data_dir / name))
    assert len(read) == documents
    assert sum(len(document.mentions) for document in read) == mentions
    assert sum(len(document.relations) for document in read) == relations
    assert sum(len(document.subject_lines) for document in read) == directed
    assert sum(relation.subject_id is not None for document in read for relation in document.relations) == directed
