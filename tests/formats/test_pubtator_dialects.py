"""The dialects of PubTator output: each is read by the program that it is named for, and what it drops is known."""

import io
import random
import re
from dataclasses import replace

import pytest

from biodir.document_biodir import Document, Mention, Passage, Relation
from biodir.document_pubtator_biodir import parse_document
from biodir.errors_biodir import SettingError
from biodir.formats.pubtator_reader import read_pubtator
from biodir.formats.pubtator_writer import DIALECTS, beyond_pubtator, format_pubtator, write_pubtator
from helpers.netmedex_rules import netmedex_articles

TITLE, ABSTRACT = "Iron harms EGFR V600E in HeLa.", "Mouse pain, rs5 and c.1A>G."
TEXT = f"{TITLE} {ABSTRACT}"
# Text, type and identifiers of the mentions, and the type and identifiers that PubTator 3 gives them.
MENTIONS = (
    ("Iron", "ChemicalEntity", ("D007501",), "Chemical", "MESH:D007501"),
    ("EGFR", "GeneOrGeneProduct", ("1956", "13649"), "Gene", "1956;13649"),
    ("V600E", "SequenceVariant", ("p|SUB|V|600|E",), "ProteinMutation", "p|SUB|V|600|E"),
    ("HeLa", "CellLine", ("CVCL_0030",), "CellLine", "CVCL:0030"),
    ("Mouse", "OrganismTaxon", ("10090",), "Species", "10090"),
    ("pain", "DiseaseOrPhenotypicFeature", ("OMIM:1", "C535516"), "Disease", "OMIM:1;MESH:C535516"),
    ("rs5", "SequenceVariant", ("rs5",), "SNP", "rs5"),
    ("c.1A>G", "SequenceVariant", ("c|SUB|A|1|G",), "DNAMutation", "c|SUB|A|1|G"),
    ("harms", "SequenceVariant", (), "Mutation", "-"),
)
RELATIONS = (
    Relation("Negative_Correlation", "D007501", "1956", "Novel", "D007501", 0.9, 0.8, 0.7),
    Relation("Association", "C535516", "p|SUB|V|600|E", "No", None, 0.6, 0.5, 0.4),
)
NO_PLACE = {"novelty": None, "subject_id": None, "relation_score": None, "novelty_score": None, "direction_score": None}


def mention(text, kind, identifiers, source=None):
    start = TEXT.index(text)
    return Mention(start, start + len(text), text, kind, identifiers, source)


DOCUMENT = Document(
    "7",
    TEXT,
    tuple(mention(*each[:3]) for each in MENTIONS),
    RELATIONS,
    (Passage(0, len(TITLE), "title"), Passage(len(TITLE) + 1, len(TEXT), "abstract")),
)
# What makes other programs lose mentions or offsets: no identifier column, title that ends in a space, line breaks.
ODD = Document(
    "8",
    "A\u2028b\xa0 \tcd ef",
    (Mention(0, 3, "A\u2028b", "Gene", ("text:a b",), ""), Mention(6, 8, "cd", "Gene", (), "None")),
    passages=(Passage(0, 5, "title"), Passage(6, 11, "abstract")),
)


def bare(relations):
    """The relations as a dialect without novelty, direction and scores has them."""
    return tuple(replace(relation, **NO_PLACE) for relation in relations)


@pytest.mark.parametrize("dialect", ["pubtator", "pubtator3"])
def test_relation_lines_have_four_columns_and_mentions_six(dialect):
    for document in (DOCUMENT, ODD):
        columns = [line.split("\t") for line in format_pubtator(document, dialect).split("\n")[2:-2]]
        sizes = [6] * len(document.mentions) + [4] * len(document.relations)
        assert [len(each) for each in columns] == sizes
        assert all(all(each) for each in columns), "no column is empty"


def test_strict_pubtator_reads_back_without_what_it_has_no_place_for():
    found = parse_document(format_pubtator(DOCUMENT, "pubtator"))
    assert found == replace(DOCUMENT, relations=bare(RELATIONS))


def test_default_of_the_library_writes_everything_back():
    assert parse_document(format_pubtator(DOCUMENT)) == DOCUMENT
    assert format_pubtator(DOCUMENT) == format_pubtator(DOCUMENT, "bioredirect")


def test_pubtator_3_has_its_types_and_identifiers():
    rows = [line.split("\t")[4:] for line in format_pubtator(DOCUMENT, "pubtator3").split("\n")[2:11]]
    assert rows == [[kind, column] for *_, kind, column in MENTIONS]
    assert format_pubtator(DOCUMENT, "pubtator3").split("\n")[11:13] == [
        "7\tNegative_Correlation\tMESH:D007501\t1956",
        "7\tAssociation\tMESH:C535516\tp|SUB|V|600|E",
    ]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Chemical", "Chemical"),
        ("gene", "Gene"),
        ("DNAAllele", "DNAAllele"),
        ("RefSeq", "RefSeq"),
        ("Tissue", "Tissue"),
    ],
)
def test_other_names_of_types_become_those_of_pubtator_3_or_stay(kind, name):
    document = Document("7", "Ab c", (Mention(0, 2, "Ab", kind, ("x",)),))
    assert format_pubtator(document, "pubtator3").split("\n")[2] == f"7\t0\t2\tAb\t{name}\tx"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_unlinked_mention_whose_text_is_the_sign_of_unlinked_ones_stays_unlinked(dialect):
    document = Document("7", "Ab -", (Mention(3, 4, "-", "Gene", ()),))
    assert parse_document(format_pubtator(document, dialect)).mentions[0].identifiers == ()


def test_two_subjects_for_one_pair_matter_only_where_there_are_subjects():
    relations = (Relation("Bind", "A", "B", subject_id="A"), Relation("Conversion", "B", "A"))
    written = format_pubtator(Document("7", "Ab c", relations=relations), "pubtator")
    assert written.split("\n")[2:-2] == ["7\tBind\tA\tB", "7\tConversion\tB\tA"]


@pytest.mark.parametrize(
    ("values", "is_beyond"),
    [({}, False), ({"novelty": "No"}, True), ({"subject_id": "A"}, True), ({"direction_score": 0.0}, True)],
)
def test_relation_with_more_than_four_columns_is_known(values, is_beyond):
    assert beyond_pubtator(Relation("Bind", "A", "B", **values)) is is_beyond


def test_unknown_dialect_is_refused(tmp_path):
    with pytest.raises(SettingError, match=r"^dialect is 'brat'; it is one of 'pubtator', 'bioredirect', 'pubtator3'$"):
        format_pubtator(DOCUMENT, "brat")
    with pytest.raises(SettingError, match="dialect is 'brat'"):
        write_pubtator([], tmp_path / "a.pubtator", "brat")
    assert not (tmp_path / "a.pubtator").exists()


# The readers.


@pytest.mark.parametrize("dialect", ["pubtator", "pubtator3"])
def test_library_bioc_reads_it(dialect, tmp_path, capsys):
    pubtator = pytest.importorskip("bioc.pubtator")
    write_pubtator([DOCUMENT, ODD], tmp_path / "a.pubtator", dialect)
    with open(tmp_path / "a.pubtator", encoding="utf-8") as file:
        found = pubtator.load(file)
    assert [document.pmid for document in found] == ["7", "8"]
    for document, source in zip(found, read_pubtator(tmp_path / "a.pubtator"), strict=True):
        assert [(each.start, each.end, each.type, tuple(each.id.split(";"))) for each in document.annotations] == [
            (each.start_char, each.end_char, each.entity_type, each.identifiers or ("-",)) for each in source.mentions
        ]
        assert all(document.text[each.start : each.end] == each.text for each in document.annotations)
        assert [(each.type, each.id1, each.id2, each.neg) for each in document.relations] == [
            (each.relation_type, each.entity1_id, each.entity2_id, None) for each in source.relations
        ]
    assert capsys.readouterr().out == "", "bioc prints the lines that it cannot read"


def test_library_bioc_takes_what_only_bioredirect_has_for_something_else():
    """Why the command does not write this dialect by default."""
    pubtator = pytest.importorskip("bioc.pubtator")
    with pytest.raises(ValueError, match=r"invalid literal for int|Cannot parse"):
        pubtator.load(io.StringIO(format_pubtator(DOCUMENT, "bioredirect")))


@pytest.mark.parametrize("dialect", ["pubtator", "pubtator3"])
def test_rules_of_netmedex_keep_every_mention_and_relation(dialect):
    text = "".join(format_pubtator(document, dialect) for document in (DOCUMENT, ODD))
    first, second = netmedex_articles(text)
    read = parse_document(format_pubtator(DOCUMENT, dialect))
    assert (first.pmid, first.title, first.abstract, second.pmid) == ("7", TITLE, ABSTRACT, "8")
    assert first.annotations == [
        (each.start_char, each.end_char, each.text, each.entity_type, ";".join(each.identifiers) or "-")
        for each in read.mentions
    ]
    assert first.relations == [(each.relation_type, each.entity1_id, each.entity2_id) for each in read.relations]
    assert len(second.annotations) == 2
    assert first.left_out == second.left_out == []


def test_rules_of_netmedex_leave_out_relations_of_bioredirect():
    (article,) = netmedex_articles(format_pubtator(DOCUMENT, "bioredirect"))
    assert article.relations == []


def test_relations_of_netmedex_name_nodes():
    """Its nodes are identifier columns, which it divides at semicolons for genes only."""
    (article,) = netmedex_articles(format_pubtator(DOCUMENT, "pubtator3"))
    nodes = {
        part for *_, kind, column in article.annotations for part in (column.split(";") if kind == "Gene" else [column])
    }
    assert {"MESH:D007501", "1956", "p|SUB|V|600|E"} <= nodes


# Characters of the kinds that separate columns, lines, identifiers and words.
CHARACTERS = "aB1 \t\n\r\u2028\x85\x0c\x1c\xa0\u3000|;,-.\u03b1'#"


def random_documents(number):
    draw = random.Random(7)
    for _ in range(number):
        text = "".join(draw.choice(CHARACTERS) for _ in range(draw.randint(1, 40)))
        starts = [draw.randrange(len(text)) for _ in range(draw.randint(0, 4))]
        spans = [(start, draw.randint(start + 1, len(text))) for start in starts]
        mentions = [
            Mention(start, end, text[start:end], kind, identifiers)
            for start, end in spans
            for _, kind, identifiers, *_ in [draw.choice(MENTIONS)]
            if not text[start:end].isspace()
        ]
        cut = draw.randrange(len(text))
        passages = (Passage(0, cut, "title"), Passage(cut + 1, len(text), "abstract"))
        yield Document("7", text, tuple(mentions), RELATIONS, passages if draw.random() < 0.5 else ())


@pytest.mark.parametrize("dialect", ["pubtator", "pubtator3"])
def test_any_text_is_the_same_for_all_readers(dialect):
    pubtator = pytest.importorskip("bioc.pubtator")
    for document in random_documents(500):
        spans = [(each.start_char, each.end_char) for each in document.mentions]
        written = format_pubtator(document, dialect)
        ours, (theirs,) = parse_document(written), netmedex_articles(written)
        assert [(each.start_char, each.end_char) for each in ours.mentions] == spans
        assert [each[:2] for each in theirs.annotations] == spans
        assert len(theirs.relations) == len(ours.relations) == len(RELATIONS)
        if "|a|" not in document.text and document.text.strip():  # bioc finds that, and a text, anywhere in a line
            (found,) = pubtator.loads(written)
            assert [(each.start, each.end) for each in found.annotations] == spans
            text = found.text.replace("\n", " ")
            assert all(text[each.start : each.end].rstrip() == each.text.rstrip() for each in found.annotations)
            assert len(found.relations) == len(RELATIONS)


# Real exports.


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["22429397_abstract_240916.pubtator", "pubtator3.37026113_240614.pubtator"])
def test_export_of_pubtator_3_is_written_back_byte_for_byte(name, data_dir, tmp_path):
    source = data_dir / "pubtator3" / name
    write_pubtator(read_pubtator(source), tmp_path / "back", "pubtator3")
    assert (tmp_path / "back").read_bytes() == source.read_bytes()


@pytest.mark.corpus
@pytest.mark.parametrize("dialect", DIALECTS)
def test_biored_in_each_dialect_has_the_same_mentions_and_pairs(dialect, data_dir, tmp_path):
    documents = list(read_pubtator(data_dir / "bioredirect" / "bioredirect_dev.pubtator"))
    write_pubtator(documents, tmp_path / "a.pubtator", dialect)
    plain = re.compile("MESH:")
    for document, found in zip(documents, read_pubtator(tmp_path / "a.pubtator"), strict=True):
        assert found.text == document.text
        assert [each.text for each in found.mentions] == [each.text for each in document.mentions]
        pairs = [(plain.sub("", each.entity1_id), plain.sub("", each.entity2_id)) for each in found.relations]
        assert pairs == [(each.entity1_id, each.entity2_id) for each in document.relations]
