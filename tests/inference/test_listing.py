"""The listing for people fits the terminal and shows each sentence of evidence once."""

import pytest

from biodir import Document, Passage
from biodir.inference.listing import MAX_EVIDENCE, MAX_NAME, relation_listing
from helpers.marked import marked_document

TEXT = "Iron harms the liver. Zinc does not."
DOCUMENT = Document("7", TEXT, passages=(Passage(0, 21, "title"), Passage(22, len(TEXT), "abstract")))


def relation(**changes):
    """A relation of iron and liver, whose evidence is the first sentence."""
    return {
        "subject": {"id": "D4", "type": "ChemicalEntity", "text": "Iron"},
        "object": {"id": "D5", "type": "DiseaseOrPhenotypicFeature", "text": "liver"},
        "relation": "Association",
        "directed": True,
        "novelty": "Novel",
        "score": 0.4567,
        "evidence": [{"start": 0, "end": 21, "text": "Iron harms the liver."}],
        **changes,
    }


def test_listing_has_title_table_and_evidence():
    undirected = relation(relation="Bind", directed=False, novelty=None, score=0.1)
    both = [{"start": 22, "end": 36, "text": "Zinc does not."}, *relation()["evidence"]]
    listing = relation_listing(DOCUMENT, [relation(), undirected, relation(evidence=both)], 80)
    assert listing == (
        "7  Iron harms the liver.\n"
        "  score  relation     novelty  subject --> object  <evidence>\n"
        "  0.46   Association  Novel    Iron [D4] --> liver [D5]  <1>\n"
        "  0.10   Bind                  Iron [D4] --- liver [D5]  <1>\n"
        "  0.46   Association  Novel    Iron [D4] --> liver [D5]  <2, 1>\n"
        "  <1> Iron harms the liver.\n"
        "  <2> Zinc does not.\n"
        "\n"
    )


def test_listing_without_relations():
    assert relation_listing(DOCUMENT, [], 80) == "7  Iron harms the liver.\n  no relations found\n\n"
    assert relation_listing(Document("7", ""), [], 80) == "7\n  no relations found\n\n"


@pytest.mark.parametrize("width", [72, 80, 120])
def test_no_line_is_wider_than_the_terminal(width):
    long_name = {"id": "D" * 100, "type": "ChemicalEntity", "text": "a very long name of a chemical " * 5}
    sentence = {"start": 0, "end": 9, "text": "many words of evidence " * 100}
    document = marked_document("a title that goes on " * 20, id="x" * 300)
    listing = relation_listing(document, [relation(subject=long_name, object=long_name, evidence=[sentence])], width)
    lines = listing.splitlines()
    assert max(map(len, lines[1:])) <= width, "only the document's id is never broken"
    assert listing.count("many words") < 100
    assert not any(line.endswith(" ") for line in lines)


def test_long_names_and_sentences_are_cut_at_a_word():
    name = {**relation()["subject"], "text": "iron " * 50}
    sentence = {"start": 0, "end": 9, "text": "word " * 1000}
    listing = relation_listing(DOCUMENT, [relation(subject=name, evidence=[sentence])], 10_000)
    assert f"  Novel    {'iron ' * ((MAX_NAME - 4) // 5)}... [D4]" in listing
    assert listing.count("word") == (MAX_EVIDENCE - 4) // 5
    unbroken = {**relation()["subject"], "text": "x" * 100}
    assert f" {'x' * (MAX_NAME - 4)} ... [D4]" in relation_listing(DOCUMENT, [relation(subject=unbroken)], 10_000)


def test_control_characters_are_not_printed():
    sentence = {"start": 0, "end": 9, "text": "red \x1b[31m and\ttab and\nline\x07 end"}
    listing = relation_listing(DOCUMENT, [relation(evidence=[sentence])], 80)
    assert "  <1> red [31m and tab and line end\n" in listing
    assert all(character.isprintable() for character in listing.replace("\n", ""))


def test_control_characters_of_an_id_are_not_printed():
    assert relation_listing(Document("7\x1b[31m\nb", "Iron."), [], 80) == "7 [31m b  Iron.\n  no relations found\n\n"
