"""Documents to PubTator text: the law that reading what was written gives the same document, and what is refused."""

from dataclasses import replace

import pytest

from biodir.document_biodir import Document, Mention, Passage, Relation
from biodir.document_pubtator_biodir import parse_document, parse_pubtator
from biodir.errors_biodir import AnnotationError
from biodir.formats.pubtator_reader import read_pubtator
from biodir.formats.pubtator_writer import format_pubtator, write_pubtator

BLOCK = """\
7|t|Aspirin binds COX2.
7|a|It does.
7\t0\t7\tAspirin\tChemicalEntity\tD001241
7\t14\t18\tCOX2\tGeneOrGeneProduct\t5743
7\tNegative_Correlation\tD001241\t5743\tNovel
7\t5743\tD001241\tSubject:D001241

"""
OTHER_BLOCK = "8|t|Iron.\n8|a|Rust.\n\n"
VARIANT = "tmVar:c|SUB|A|1|G;HGVS:c.1A>G;VariantGroup:0;CorrespondingGene:7157;RS#:123"
TITLE = "7|t|Ab\n7|a|c\n"


def document_with(*relations, subject_lines=()):
    return Document("7", "Ab c", relations=relations, subject_lines=subject_lines)


def mention_line(mention):
    return format_pubtator(Document("7", "Aspirin.", (mention,))).split("\n")[2]


# The law.


@pytest.mark.parametrize(
    "block",
    [
        BLOCK,
        OTHER_BLOCK,
        "7|t|\n7|a|\n\n",
        "7|t|\n7|a|Ab. Cd.\n\n",
        "7|t|Ab. Cd.\n7|a|\n\n",
        "7|t| A  \n7|a|  b \n\n",
        "7|t|A\u2028\x0c\u0085b\n7|a|\u00a0\n\n",
        "7|t|a|b|\n7|a||a|\n\n",
        TITLE + "7\t0\t2\tAb\tGene\t1,2\n7\t0\t2\tAb\tGene\t-1\n7\t0\t2\tAb\tGene\t 1\n7\t0\t2\tAb\tGene\n\n",
        TITLE + "7\tCID\tA\tB\n7\tBind\tC\tD\tNo\n7\tD\tC\tSubject:C\n\n",
        TITLE + "7\tBind\tA\tB\tNo\t0.1\t0.30000000000000004\n7\tB\tA\tSubject:A\t1e-05\n\n",
        TITLE + "7\tBind\tA\tB\tNo\t0.1\t0.2\t0.9\n\n",
    ],
)
def test_block_is_read_and_written_back_the_same(block):
    assert format_pubtator(parse_document(block)) == block


@pytest.mark.parametrize(
    "relations",
    [
        (Relation("Bind", "A", "B", "No", "B", 0.1, 1 / 3, 2 / 3),),
        (Relation("Bind", "A", "B", None, None, 0.1, None, 0.7),),
        (Relation("Bind", "A", "B", None, "B", 0.5, 0.5, 0.6), Relation("Comparison", "B", "A", None, "B", 0, 1, 0.7)),
        (Relation("Bind", "A", "A", "No", "A", None, None, 1.0),),
    ],
    ids=["directed", "undirected", "two of a pair", "of itself"],
)
def test_relations_with_scores_read_back_equal(relations):
    assert parse_document(format_pubtator(document_with(*relations))).relations == relations


def test_mapping_without_identifiers_reads_back_with_the_same_entities():
    mapping = {"id": "7", "text": "1,2-diol (a|b; c).", "entities": [{"start": 0, "end": 17, "type": "Chemical"}]}
    document = Document.from_dict(mapping)
    assert parse_document(format_pubtator(document)).entities() == document.entities()


def test_line_breaks_in_texts_become_spaces_and_offsets_are_kept():
    text = "Ab\tcd.\nEf\r\ngh."
    document = Document("7", text, (Mention(7, 13, "Ef\r\ngh", "Gene", ("1",)),))
    assert format_pubtator(document) == "7|t|Ab cd.\n7|a|Ef  gh.\n7\t7\t13\tEf  gh\tGene\t1\n\n"
    assert parse_document(format_pubtator(document)).mentions[0].start_char == 7


# Lines.


@pytest.mark.parametrize(
    ("entity_type", "identifiers", "source_identifier", "column"),
    [
        ("Chemical", ("D1", "D2"), None, "D1;D2"),
        ("Chemical", (), None, "-"),
        ("Chemical", (), "-1", "-1"),
        ("Chemical", ("D1", "D2"), "D1,D2", "D1,D2"),
        ("Chemical", ("D3",), "D1,D2", "D3"),
        ("SNP", ("p|SUB|S|1|G", "rs1"), None, "p|SUB|S|1|G;rs1"),
        ("Variant", (VARIANT,), None, VARIANT),
    ],
)
def test_identifier_column_is_that_of_the_source_if_it_still_means_the_same(
    entity_type, identifiers, source_identifier, column
):
    mention = Mention(0, 7, "Aspirin", entity_type, identifiers, source_identifier)
    assert mention_line(mention) == f"7\t0\t7\tAspirin\t{entity_type}\t{column}"


def test_direction_scores_that_differ_are_written_with_their_relations():
    relations = [Relation("Bind", "A", "B", None, "A", None, None, score) for score in (0.3, 0.4)]
    written = format_pubtator(document_with(*relations)).split("\n")[2:-2]
    assert written == ["7\tBind\tA\tB\t\t\t\t0.3", "7\tBind\tA\tB\t\t\t\t0.4", "7\tA\tB\tSubject:A"]


def test_direction_lines_follow_the_source_and_then_the_relations():
    relations = [Relation("Bind", first, "Z", "No", "Z") for first in "ABC"]
    document = document_with(*relations, subject_lines=(("Z", "C"), ("Q", "R")))
    expected = [f"7\t{pair}\tSubject:Z" for pair in ("Z\tC", "A\tZ", "B\tZ")]
    assert format_pubtator(document).split("\n")[5:8] == expected


# The title.


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
        ([(0, 9), (12, 16)], "Ab cd. Ef"),
        ([(0, 8), (8, 16)], "Ab cd."),
        ([(0, 16)], "Ab cd."),
        ([(0, 16), (16, 16)], "Ab cd."),
    ],
)
def test_title_is_the_first_of_several_passages_if_a_space_follows(spans, title):
    document = Document("7", "Ab cd. Ef gh. Ij", passages=tuple(Passage(*span, "x") for span in spans))
    assert format_pubtator(document).split("\n")[0] == f"7|t|{title}"


# What is refused.


@pytest.mark.parametrize("identifier", ["D1;D2", "D1,D2", "D1|D2", "-", ";"])
def test_identifier_that_would_read_back_as_another_is_an_error(identifier):
    with pytest.raises(AnnotationError, match=r"document 7, mention 0: identifiers .* would not read back from"):
        mention_line(Mention(0, 7, "Aspirin", "Chemical", (identifier,)))


@pytest.mark.parametrize("value", ["", " D1", "D1 ", "D\t1", "D\n1", "D\r1"])
def test_column_that_would_break_the_line_is_an_error(value):
    for document in (document_with(Relation("Bind", "A", "B", novelty=value)), Document(value, "A b.")):
        with pytest.raises(AnnotationError, match="cannot be written as PubTator"):
            format_pubtator(document)


def test_bar_in_an_id_is_an_error():
    with pytest.raises(AnnotationError, match=r"an id that holds '\|' cannot be written"):
        format_pubtator(Document("a|b", "A b."))


def test_two_subjects_for_one_pair_are_an_error():
    document = document_with(Relation("Bind", "A", "B", subject_id="A"), Relation("Conversion", "B", "A"))
    with pytest.raises(AnnotationError, match=r"the relations of A and B have different subjects, \['A', 'None'\];"):
        format_pubtator(document)


# Files.


def test_file_holds_the_blocks_and_their_number_is_returned(tmp_path):
    documents = parse_pubtator((BLOCK + OTHER_BLOCK).split("\n"))
    assert write_pubtator(documents, tmp_path / "a.pubtator") == 2
    assert (tmp_path / "a.pubtator").read_bytes() == (BLOCK + OTHER_BLOCK).encode()


def test_surrogate_is_not_written(tmp_path):
    with pytest.raises(AnnotationError, match=r"^document '7': character 2 of 'A \\ud800' is half of a surrogate"):
        write_pubtator([replace(document_with(), text="A \ud800")], tmp_path / "a.pubtator")


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name",
    [
        *(f"bioredirect/bioredirect_{split}.pubtator" for split in ("train", "dev", "test")),
        *(f"biored/{split}.PubTator" for split in ("Train", "Dev", "Test")),
        "pubtator3/22429397_abstract_240916.pubtator",
        "pubtator3/pubtator3.37026113_240614.pubtator",
    ],
)
def test_corpus_is_written_back_byte_for_byte(data_dir, tmp_path, name):
    write_pubtator(read_pubtator(data_dir / name), tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == (data_dir / name).read_bytes()
