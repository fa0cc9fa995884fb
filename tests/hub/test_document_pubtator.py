"""PubTator text to documents and back: blocks, bad input, the law that writing and reading give the same document."""

from dataclasses import replace

import pytest

from biodir.document_biodir import Document, Mention, Passage, Relation
from biodir.document_pubtator_biodir import looks_like_pubtator, parse_document, parse_pubtator, read_pubtator
from biodir.errors_biodir import AnnotationError, ParseError, SettingError
from biodir.formats.pubtator import format_pubtator, write_pubtator

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


def parsed(text, **settings):
    return list(parse_pubtator(text.split("\n"), **settings))


def message_of(text, error=ParseError):
    with pytest.raises(error) as caught:
        parsed(text, source="f")
    return str(caught.value)


# Blocks.


def test_block_gives_this_document():
    assert parsed(BLOCK) == [DOCUMENT]


def test_lines_may_keep_their_breaks():
    assert list(parse_pubtator(BLOCK.splitlines(keepends=True))) == [DOCUMENT]


def test_windows_line_ends_change_nothing():
    assert parsed(BLOCK.replace("\n", "\r\n")) == [DOCUMENT]


def test_last_blank_line_may_be_missing():
    assert parsed(BLOCK.rstrip("\n")) == [DOCUMENT]


def test_several_blank_lines_count_as_one():
    assert parsed("\n\n" + BLOCK + "\n \t\n" + OTHER_BLOCK + "\n\n") == [DOCUMENT, *parsed(OTHER_BLOCK)]


def test_next_title_begins_a_document_without_a_blank_line():
    assert parsed(BLOCK.rstrip("\n") + "\n" + OTHER_BLOCK) == [DOCUMENT, *parsed(OTHER_BLOCK)]


def test_next_abstract_begins_a_document_where_the_block_has_one():
    assert [document.text for document in parsed("7|a|Ab.\n8|a|Cd.\n")] == [" Ab.", " Cd."]


@pytest.mark.parametrize("order", [[2, 3, 4, 5, 0, 1], [0, 2, 3, 4, 5, 1], [1, 5, 0, 4, 2, 3]])
def test_text_lines_may_stand_anywhere_in_their_block(order):
    lines = BLOCK.rstrip("\n").split("\n")
    assert parsed("\n".join(lines[index] for index in order)) == [DOCUMENT]


def test_byte_order_mark_is_ignored():
    assert parsed("\ufeff" + BLOCK) == [DOCUMENT]


def test_nothing_gives_no_documents():
    assert parsed("") == []


def test_document_is_given_before_the_next_one_is_read():
    def lines():
        yield from (BLOCK + "8|t|Iron.").split("\n")
        raise AssertionError("read too far")

    assert next(parse_pubtator(lines())) == DOCUMENT


def test_one_title_may_follow_the_same_id_after_a_blank_line():
    assert parsed(BLOCK + BLOCK) == [DOCUMENT, DOCUMENT]


# Texts.


def test_missing_abstract_is_empty():
    assert parsed("7|t|Aspirin.\n7\t0\t7\tAspirin\tGene\t1")[0].text == "Aspirin. "


def test_missing_title_is_empty_and_the_abstract_begins_at_1():
    document = parsed("7|a|Aspirin.\n7\t1\t8\tAspirin\tGene\t1")[0]
    assert document.text == " Aspirin."
    assert document.passages == (Passage(0, 0, "title"), Passage(1, 9, "abstract"))


def test_bar_belongs_to_the_title():
    assert parsed("7|t|A|a|b|t|c\n7|a|d|e")[0].text == "A|a|b|t|c d|e"


def test_spaces_around_title_and_abstract_are_kept():
    assert parsed("7|t| A \n7|a| b ")[0].text == " A   b "


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\u0085", "\x0c", "\x0b", "\x1c", "\r", "\u00a0", "\ufeff"])
def test_character_inside_a_text_does_not_break_the_line(character):
    block = f"7|t|A{character}b.\n7|a|Cd.\n7\t5\t7\tCd\tGene\t1"
    document = parsed(block)[0]
    assert document.text == f"A{character}b. Cd."
    assert document.mentions == (Mention(5, 7, "Cd", "Gene", ("1",)),)


def test_offsets_count_characters_not_bytes():
    mention = parsed("7|t|\u03b1-\U0001d6fd TNF\n7|a|\n7\t4\t7\tTNF\tGene\t7124")[0].mentions[0]
    assert mention.text == "TNF"


# Relations and directions.

PAIR = "7|t|A b.\n7|a|\n"


def test_relation_without_direction_line_has_no_subject():
    assert parsed(PAIR + "7\tBind\tA\tB\tNo")[0].relations == (Relation("Bind", "A", "B", "No", None),)


@pytest.mark.parametrize("pair", ["A\tB", "B\tA"])
def test_direction_line_names_its_pair_in_either_order(pair):
    assert parsed(PAIR + f"7\tBind\tA\tB\tNo\n7\t{pair}\tSubject:B")[0].relations[0].subject_id == "B"


def test_direction_line_may_come_before_its_relation():
    assert parsed(PAIR + "7\tA\tB\tSubject:B\n7\tBind\tA\tB\tNo")[0].relations[0].subject_id == "B"


def test_direction_line_of_two_genes_is_no_mention():
    document = parsed(PAIR + "7\tBind\t5743\t5742\tNo\n7\t5743\t5742\tSubject:5742")[0]
    assert document.mentions == ()
    assert document.relations[0].subject_id == "5742"


def test_relation_of_an_entity_with_itself_has_that_subject():
    assert parsed(PAIR + "7\tBind\tA\tA\tNo\n7\tA\tA\tSubject:A")[0].relations[0].subject_id == "A"


def test_direction_line_holds_for_every_relation_of_its_pair():
    document = parsed(PAIR + "7\tBind\tA\tB\tNo\n7\tConversion\tB\tA\tNo\n7\tA\tB\tSubject:A\t0.5")[0]
    assert [(relation.subject_id, relation.direction_score) for relation in document.relations] == [("A", 0.5)] * 2


def test_order_and_spelling_of_direction_lines_is_kept():
    lines = "7\tBind\tA\tB\n7\tBind\tC\tD\n7\tD\tC\tSubject:C\n7\tA\tB\tSubject:A"
    assert parsed(PAIR + lines)[0].subject_lines == (("D", "C"), ("A", "B"))


def test_repeated_direction_line_is_accepted():
    lines = "7\tBind\tA\tB\n7\tA\tB\tSubject:A\n7\tB\tA\tSubject:A"
    assert parsed(PAIR + lines)[0].relations[0].subject_id == "A"


def test_relation_of_an_identifier_without_mention_is_accepted():
    assert parsed(PAIR + "7\tBind\tD9\tD8\tNo")[0].relations[0].entity1_id == "D9"


# Bad input.


def test_direction_line_without_relation_is_an_error():
    assert message_of(PAIR + "7\tBind\tA\tC\n7\tA\tB\tSubject:B") == (
        "f:4: 'Subject:B' but no relation of A and B; add the line of the relation"
    )


def test_contradictory_direction_lines_are_an_error():
    assert message_of(PAIR + "7\tBind\tA\tB\n7\tA\tB\tSubject:B\n7\tB\tA\tSubject:A") == (
        "f:5: 'Subject:A' of B and A contradicts an earlier line, 'Subject:B'; keep one direction line for a pair"
    )


def test_line_that_is_nothing_is_an_error():
    assert message_of("7|t|A b.\n7|a|c\nand so on.") == (
        "f:3: 'and so on.' is neither 'PMID|t|title' nor 'PMID|a|abstract' nor columns separated by tabs; "
        "does the text hold a line break, or were tabs made spaces?"
    )


@pytest.mark.parametrize("content", ["\tx", "7\t", "7", "|t|A b.", "7|x|A b."])
def test_fragment_of_a_line_is_an_error(content):
    assert message_of(content).startswith("f:1: ")


def test_line_of_another_document_is_an_error():
    assert message_of("7|t|A b.\n7|a|c\n8\t0\t1\tA\tGene\t1") == (
        "f:3: line of document '8' in the block of document '7'; begin each line with the id of its document, "
        "and put a blank line between documents"
    )


def test_abstract_of_another_document_is_an_error_where_the_block_has_none():
    assert message_of("7|t|A b.\n8|a|c").startswith("f:2: line of document '8' in the block of document '7'; ")


def test_block_without_text_is_an_error():
    assert message_of(BLOCK + "7\t0\t7\tAspirin\tChemicalEntity\tD001241") == (
        "f:8: document 7 has neither a '|t|' nor an '|a|' line; blank lines stand between documents, not inside them"
    )


def test_second_title_is_an_error():
    assert message_of("7|t|A b.\n7|t|A b.") == "f:2: second '|t|' line of document 7; give one of each"


def test_mention_outside_the_text_is_an_error_that_names_the_line():
    assert message_of(BLOCK.replace("14\t18", "44\t48"), AnnotationError) == (
        "f:4: ends at 48 but the text has 28 characters; were newlines stripped?"
    )


def test_non_integer_offset_is_an_error_that_names_the_line():
    assert message_of(BLOCK.replace("14\t18", "12.5\t18")) == (
        "f:4: offsets '12.5' and '18' are not whole numbers of characters"
    )


@pytest.mark.parametrize("errors", ["ignore", "", None])
def test_another_errors_setting_is_an_error_at_once(errors):
    with pytest.raises(SettingError, match=r"^errors is .*; it is 'raise' or 'skip'$"):
        parse_pubtator([], errors=errors)


# Leaving out bad documents.

BAD_BLOCK = "9|t|A b.\n9|a|c\n9\t0\t50\tA\tGene\t1\n9\tBind\tA\tB\n\n"


def test_skip_leaves_out_the_whole_bad_document_and_goes_on():
    assert parsed(BLOCK + BAD_BLOCK + OTHER_BLOCK, errors="skip") == [DOCUMENT, *parsed(OTHER_BLOCK)]


def test_skip_hands_each_error_to_the_caller():
    seen = []
    parsed(BAD_BLOCK + BLOCK + "garbage\n", source="f", errors="skip", on_skip=seen.append)
    assert [type(error) for error in seen] == [AnnotationError, ParseError]
    assert str(seen[0]).startswith("f:3: ends at 50")


def test_skip_logs_place_and_count(caplog):
    parsed(BAD_BLOCK + BLOCK, source="f", errors="skip")
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert caplog.messages == [
        "left out a document: f:3: ends at 50 but the text has 6 characters; were newlines stripped?",
        "f: documents left out because of errors: 1",
    ]


def test_nothing_is_logged_where_nothing_is_left_out(caplog):
    parsed(BLOCK, errors="skip")
    assert caplog.messages == []


def test_raise_gives_the_documents_before_the_bad_one():
    documents = parse_pubtator((BLOCK + BAD_BLOCK).split("\n"))
    assert next(documents) == DOCUMENT
    with pytest.raises(AnnotationError):
        next(documents)


# One document.


def test_parse_document_gives_the_document():
    assert parse_document(BLOCK) == DOCUMENT


def test_parse_document_of_nothing_is_an_error():
    with pytest.raises(ParseError, match=r"^<string>: holds no document; give the lines 'PMID\|t\|title'"):
        parse_document("\n")


def test_parse_document_of_two_is_an_error():
    with pytest.raises(ParseError, match=r"^f: holds 2 documents, not one; use parse_pubtator for several$"):
        parse_document(BLOCK + OTHER_BLOCK, "f")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (BLOCK, True),
        ("\ufeff7|t|A", True),
        ("\r\n\n7|a|A", True),
        ("7\t0\t1\tA\tGene\t1\n7|t|A", True),
        ("PMC7|t|", True),
        ("", False),
        ("Aspirin binds COX2.", False),
        ("7\t0\t1\tA\tGene\t1", False),
        ("|t|A", False),
        ("7|x|A", False),
    ],
)
def test_pubtator_is_told_from_plain_text(text, answer):
    assert looks_like_pubtator(text) is answer


# Files.


def test_file_gives_its_documents(tmp_path):
    path = tmp_path / "a.pubtator"
    path.write_bytes(b"\xef\xbb\xbf" + (BLOCK + OTHER_BLOCK).replace("\n", "\r\n").encode())
    assert list(read_pubtator(path)) == [DOCUMENT, *parsed(OTHER_BLOCK)]


def test_empty_file_has_no_documents(tmp_path):
    path = tmp_path / "a.pubtator"
    path.touch()
    assert list(read_pubtator(path)) == []


@pytest.mark.parametrize("character", ["\u2028", "\u0085", "\x0c", "\r"])
def test_character_inside_a_text_does_not_break_the_line_of_a_file(tmp_path, character):
    path = tmp_path / "a.pubtator"
    path.write_bytes(f"7|t|A{character}b.\n7|a|\n".encode())
    assert next(read_pubtator(path)).text == f"A{character}b. "


def test_file_error_names_file_and_line(tmp_path):
    path = tmp_path / "a.pubtator"
    path.write_text(BLOCK + BAD_BLOCK, encoding="utf-8")
    with pytest.raises(AnnotationError) as caught:
        list(read_pubtator(path))
    assert str(caught.value).startswith(f"{path}:10: ends at 50")


def test_missing_file_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "a.pubtator"
    with pytest.raises(ParseError) as caught:
        list(read_pubtator(path))
    assert str(caught.value) == f"{path}: cannot be read (No such file or directory); check the path"


def test_folder_in_place_of_a_file_is_an_error(tmp_path):
    with pytest.raises(ParseError, match="cannot be read"):
        list(read_pubtator(tmp_path))


def test_missing_file_is_an_error_also_where_documents_may_be_left_out(tmp_path):
    with pytest.raises(ParseError):
        list(read_pubtator(tmp_path / "a.pubtator", errors="skip"))


def test_bytes_that_are_not_utf8_are_an_error_that_names_the_line(tmp_path):
    path = tmp_path / "a.pubtator"
    path.write_bytes(b"7|t|A b.\n7|a|caf\xe9\n")
    with pytest.raises(ParseError) as caught:
        list(read_pubtator(path))
    assert str(caught.value) == f"{path}:2: byte 0xe9 at character 7 is not UTF-8; save the file as UTF-8"


def test_skip_leaves_out_only_the_document_with_bad_bytes(tmp_path):
    path = tmp_path / "a.pubtator"
    path.write_bytes(BLOCK.encode() + b"9|t|caf\xe9\n\n" + OTHER_BLOCK.encode())
    assert [document.id for document in read_pubtator(path, errors="skip")] == ["7", "8"]


def test_written_file_holds_the_blocks_and_says_how_many(tmp_path):
    path = tmp_path / "a.pubtator"
    assert write_pubtator([DOCUMENT, *parsed(OTHER_BLOCK)], path) == 2
    assert path.read_bytes() == (BLOCK + OTHER_BLOCK).encode()


def test_surrogate_is_not_written(tmp_path):
    with pytest.raises(AnnotationError, match=r"^document 7: holds the surrogate '\\ud800', which UTF-8 cannot write"):
        write_pubtator([Document("7", "A \ud800")], tmp_path / "a.pubtator")


# Writing.


def test_document_is_written_as_its_block():
    assert format_pubtator(DOCUMENT) == BLOCK


@pytest.mark.parametrize(
    "block",
    [
        BLOCK,
        OTHER_BLOCK,
        "7|t|\n7|a|\n\n",
        "7|t|\n7|a|Ab. Cd.\n\n",
        "7|t|Ab. Cd.\n7|a|\n\n",
        "7|t| A  \n7|a|  b \n\n",
        "7|t|Ab\n7|a|c\n7\t0\t2\tAb\tGene\t1,2\n7\t0\t2\tAb\tGene\t-1\n7\t0\t2\tAb\tGene\t 1\n7\t0\t2\tAb\tGene\n\n",
        "7|t|Ab\n7|a|c\n7\tCID\tA\tB\n7\tBind\tC\tD\tNo\n7\tD\tC\tSubject:C\n\n",
        "7|t|Ab\n7|a|c\n7\tBind\tA\tB\tNo\t0.1\t0.30000000000000004\n7\tB\tA\tSubject:A\t1e-05\n\n",
        "7|t|Ab\n7|a|c\n7\tBind\tA\tB\tNo\t0.1\t0.2\t0.9\n\n",
    ],
)
def test_block_is_read_and_written_back_the_same(block):
    assert format_pubtator(parse_document(block)) == block


@pytest.mark.parametrize(
    "block", ["7|t|Ab.\n", "7|a|Cd.\n", "7|t|A\u2028\x0c\u0085b\n7|a|\u00a0\n", "7|t|a|b|\n7|a||a|\n"]
)
def test_reading_what_was_written_gives_the_same_document(block):
    document = parse_document(block)
    assert parse_document(format_pubtator(document)) == document


def predicted(*relations):
    return replace(DOCUMENT, relations=relations, subject_lines=())


@pytest.mark.parametrize(
    "relations",
    [
        (Relation("Bind", "D001241", "5743", "No", "5743", 0.1, 1 / 3, 2 / 3),),
        (Relation("Bind", "D001241", "5743", None, None, 0.1, None, 0.7),),
        (Relation("Bind", "A", "B", None, "B", 0.5, 0.5, 0.6), Relation("Comparison", "B", "A", None, "B", 0, 1, 0.7)),
        (Relation("Bind", "A", "A", "No", "A", None, None, 1.0),),
    ],
    ids=["directed", "undirected", "two of a pair", "of itself"],
)
def test_relations_with_scores_read_back_equal(relations):
    document = predicted(*relations)
    assert parse_document(format_pubtator(document)).relations == document.relations


def test_direction_lines_follow_the_source_and_then_the_relations():
    relations = tuple(Relation("Bind", first, "Z", "No", "Z") for first in "ABC")
    document = replace(DOCUMENT, mentions=(), relations=relations, subject_lines=(("Z", "C"), ("Q", "R")))
    assert format_pubtator(document).split("\n")[5:8] == [
        "7\tZ\tC\tSubject:Z",
        "7\tA\tZ\tSubject:Z",
        "7\tB\tZ\tSubject:Z",
    ]


def test_two_subjects_for_one_pair_are_not_written():
    document = predicted(Relation("Bind", "A", "B", subject_id="A"), Relation("Conversion", "B", "A"))
    with pytest.raises(AnnotationError) as caught:
        format_pubtator(document)
    assert str(caught.value) == (
        "document 7: the relations of A and B have different subjects, ['A', 'None']; "
        "PubTator holds one for a pair, so keep one relation"
    )


@pytest.mark.parametrize("document_id", ["", " 7", "a|b", "a\tb"])
def test_id_that_would_break_the_block_is_not_written(document_id):
    with pytest.raises(AnnotationError, match="cannot be written as PubTator"):
        format_pubtator(Document(document_id, "A b."))


@pytest.mark.parametrize(
    ("text", "title", "abstract"),
    [
        ("Ab cd. Ef gh. Ij.", "Ab cd.", "Ef gh. Ij."),
        ("Ab cd?\nEf gh.", "Ab cd?", "Ef gh."),
        ("Ab cd ef", "Ab", "cd ef"),
        ("Abcd", "Abcd", ""),
        ("", "", ""),
        (" Abcd", "", "Abcd"),
        ("Ab\u00a0cd", "Ab\u00a0cd", ""),
    ],
)
def test_text_without_passages_is_split_at_a_space(text, title, abstract):
    assert format_pubtator(Document("7", text)) == f"7|t|{title}\n7|a|{abstract}\n\n"


@pytest.mark.parametrize(
    ("spans", "title"),
    [
        ([(0, 9), (10, 16)], "Ab cd. Ef"),
        ([(0, 6), (7, 16)], "Ab cd."),
        ([(0, 9), (12, 16)], "Ab cd. Ef"),
        ([(0, 8), (8, 16)], "Ab cd."),
        ([(0, 16)], "Ab cd."),
        ([(0, 16), (16, 16)], "Ab cd."),
    ],
)
def test_title_is_the_first_of_several_passages_where_a_space_follows(spans, title):
    document = Document("7", "Ab cd. Ef gh. Ij", passages=tuple(Passage(*span, "x") for span in spans))
    assert format_pubtator(document).split("\n")[0] == f"7|t|{title}"


def test_line_breaks_in_texts_become_spaces_and_offsets_hold():
    text = "Ab\tcd.\nEf\r\ngh."
    document = Document("7", text, (Mention(7, 13, "Ef\r\ngh", "Gene", ("1",)),))
    assert format_pubtator(document) == "7|t|Ab cd.\n7|a|Ef  gh.\n7\t7\t13\tEf  gh\tGene\t1\n\n"
    assert parse_document(format_pubtator(document)).mentions[0].start_char == 7


def test_mention_across_the_end_of_the_title_reads_back():
    document = Document("7", "Ab. Cd.", (Mention(1, 6, "b. Cd", "Gene", ("1",)),))
    assert parse_document(format_pubtator(document)).mentions == document.mentions


def test_mapping_without_identifiers_reads_back_with_the_same_entities():
    mapping = {"id": "7", "text": "1,2-diol (a|b; c).", "entities": [{"start": 0, "end": 17, "type": "Chemical"}]}
    document = Document.from_dict(mapping)
    assert parse_document(format_pubtator(document)).entities() == document.entities()


# Corpora.


def corpus(data_dir, name):
    path = data_dir / name
    if not path.is_file():
        pytest.skip(f"no {name} among the corpora")
    return path


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name",
    [
        "bioredirect/bioredirect_train.pubtator",
        "bioredirect/bioredirect_dev.pubtator",
        "bioredirect/bioredirect_test.pubtator",
        "biored/Train.PubTator",
        "biored/Dev.PubTator",
        "biored/Test.PubTator",
        "pubtator3/22429397_abstract_240916.pubtator",
        "pubtator3/pubtator3.37026113_240614.pubtator",
    ],
)
def test_corpus_is_written_back_byte_for_byte(data_dir, tmp_path, name):
    path = corpus(data_dir, name)
    write_pubtator(read_pubtator(path), tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == path.read_bytes()


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["bc5cdr/CDR_TrainingSet.PubTator.txt", "bc5cdr/CDR_DevelopmentSet.PubTator.txt"])
def test_bc5cdr_is_written_back_but_for_the_names_of_the_parts(data_dir, tmp_path, name):
    path = corpus(data_dir, name)
    write_pubtator(read_pubtator(path), tmp_path / "back")
    lines = path.read_text(encoding="utf-8").split("\n")
    expected = ["\t".join(line.split("\t")[:6]) for line in lines]
    assert (tmp_path / "back").read_text(encoding="utf-8").split("\n") == expected


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "documents", "mentions", "relations", "directed"),
    [
        ("bioredirect/bioredirect_train.pubtator", 400, 13351, 4177, 3703),
        ("bioredirect/bioredirect_dev.pubtator", 100, 3533, 1162, 1095),
        ("bioredirect/bioredirect_test.pubtator", 100, 3535, 1163, 1045),
        ("biored/Train.PubTator", 400, 13351, 4178, 0),
        ("biored/Dev.PubTator", 100, 3533, 1162, 0),
        ("biored/Test.PubTator", 100, 3535, 1163, 0),
        ("bc5cdr/CDR_TrainingSet.PubTator.txt", 500, 9385, 1038, 0),
        ("bc5cdr/CDR_DevelopmentSet.PubTator.txt", 500, 9591, 1012, 0),
        ("pubtator3/22429397_abstract_240916.pubtator", 1, 37, 10, 0),
        ("pubtator3/pubtator3.37026113_240614.pubtator", 1, 33, 1, 0),
    ],
)
def test_corpus_has_as_many_records(data_dir, name, documents, mentions, relations, directed):
    read = list(read_pubtator(corpus(data_dir, name)))
    assert len(read) == documents
    assert sum(len(document.mentions) for document in read) == mentions
    assert sum(len(document.relations) for document in read) == relations
    assert sum(len(document.subject_lines) for document in read) == directed
    assert sum(relation.subject_id is not None for document in read for relation in document.relations) == directed


@pytest.mark.corpus
@pytest.mark.parametrize(("names", "unlinked"), [(("train", "dev"), 51), (("test",), 12)])
def test_bioredirect_has_as_many_unlinked_mentions(data_dir, names, unlinked):
    read = [
        document
        for name in names
        for document in read_pubtator(corpus(data_dir, f"bioredirect/bioredirect_{name}.pubtator"))
    ]
    assert sum(not mention.identifiers for document in read for mention in document.mentions) == unlinked
