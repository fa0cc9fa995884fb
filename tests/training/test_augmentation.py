"""Copies of documents with rare relations and other entities."""

from dataclasses import replace

import pytest

from biodir.document_biodir import Mention, Passage, Relation
from biodir.document_pubtator_biodir import parse_document
from biodir.formats.pubtator_writer import format_pubtator
from biodir.formats.reading import read_documents
from biodir.training.augmentation import augmented_documents, rare_types, with_other_entities
from helpers.marked import marked_document

BIND, RAISE = Relation("Bind", "C1", "G1", "No", "G1"), Relation("Association", "D1", "C1", "Novel")
DOCUMENT = marked_document(
    "<C:C1 Iron> binds <G:G1 cox2>; <C:C1 it> raises <D:D1 pain> of <S:- mice>.", relations=(BIND, RAISE)
)
# Has an entity of each type in the place of one of the first document's.
OTHER = marked_document("<C:C9 warfarin>, <G:G9 her2-neu>, <D:D9 a>.", id="8")
TITLED = parse_document(
    "9|t|Iron binds cox2.\n9|a|Iron, iron and cox2.\n"
    "9\t0\t4\tIron\tC\tC1\n9\t11\t15\tcox2\tG\tG1\n9\t17\t21\tIron\tC\tC1\n"
    "9\t23\t27\tiron\tC\tC1\n9\t32\t36\tcox2\tG\tG1\n9\tBind\tC1\tG1\tNo\n"
)


def identifiers(document) -> set[str]:
    return {identifier for mention in document.mentions for identifier in mention.identifiers}


def pairs(*names: str) -> set[frozenset[str]]:
    """Unordered pairs, each written as two identifiers with a space between them."""
    return {frozenset(name.split()) for name in names}


def copies_of(documents, copies, below, seed, excluded=None) -> list:
    """The copies, with their pairs to leave out, where types with fewer relations in these documents are rare."""
    return list(augmented_documents(documents, copies, rare_types(documents, below), seed, excluded))


# Documents with other entities.


def test_renaming_there_and_back_gives_the_document():
    there = with_other_entities(DOCUMENT, {"D1": Mention(0, 11, "a long name", "D", ("D9",))})
    assert with_other_entities(there, {"D9": Mention(0, 4, "pain", "D", ("D1",))}) == DOCUMENT


@pytest.mark.parametrize("name", ["x", "a much longer name"])
def test_passages_hold_the_words_that_they_held(name):
    found = with_other_entities(TITLED, {"C1": Mention(0, len(name), name, "C", ("C9",))})
    parts = [found.text[part.start_char : part.end_char] for part in found.passages]
    assert parts == [f"{name} binds cox2.", f"{name}, {name} and cox2."]
    assert [part.kind for part in found.passages] == ["title", "abstract"]
    assert parse_document(format_pubtator(found)) == found


# Copies.


def test_rare_types_have_fewer_relations_than_that():
    documents = [DOCUMENT, replace(DOCUMENT, relations=(BIND, BIND))]
    assert rare_types(documents, 1) == set()
    assert rare_types(documents, 2) == {"Association"}
    assert rare_types(documents, 3) == {"Association"}
    assert rare_types(documents, 4) == {"Association", "Bind"}


def test_both_entities_give_place_to_those_of_other_documents():
    ((found, left_out),) = copies_of([replace(DOCUMENT, relations=(BIND,)), OTHER], copies=1, below=2, seed=1)
    assert found == marked_document(
        "<C:C9 warfarin> binds <G:G9 her2-neu>; <C:C9 warfarin> raises <D:D1 pain> of <S:- mice>.",
        id="7+1",
        relations=(Relation("Bind", "C9", "G9", "No", "G9"),),
    )
    assert left_out == pairs("D1")


def test_pairs_that_are_not_learned_from_are_not_under_their_new_names_either():
    excluded = {"7": pairs("C1 D1", "D1 G1"), "8": pairs("C9 D9")}
    ((_, left_out),) = copies_of([replace(DOCUMENT, relations=(BIND,)), OTHER], 1, 2, 1, excluded)
    assert left_out == pairs("D1", "C9 D1", "D1 G9")


def test_every_rare_relation_has_its_copies():
    found = [copy for copy, _ in copies_of([DOCUMENT, OTHER], copies=3, below=2, seed=1)]
    assert [copy.id for copy in found] == [f"7+{number}" for number in range(1, 7)]
    assert ["C9" in identifiers(copy) for copy in found] == [True] * 6
    assert ["G9" in identifiers(copy) for copy in found] == [True] * 3 + [False] * 3
    assert ["D9" in identifiers(copy) for copy in found] == [False] * 3 + [True] * 3


@pytest.mark.parametrize(
    "marked",
    [
        "<C:C1 Iron> and <C:C1;C2 it> bind <G:G1 cox2>.",  # a mention of two entities
        "<C:C1 Iron <G:G1 cox2>> bind.",  # one inside another
        "<C:C1 Iron <C:C1 it>> binds.",  # inside one of its own
        "<C:C1 Iron> binds <D:C1 it>.",  # two types
        "<C:C1 Iron <S:- it>> binds.",  # around one that is not linked
    ],
)
def test_entity_in_a_tangle_stays(marked):
    document = marked_document(marked, relations=(Relation("Bind", "C1", "C1"),))
    assert copies_of([document, OTHER], copies=1, below=9, seed=1) == []


def test_entity_across_a_border_of_passages_stays():
    document = marked_document("It <C:C1 iron> is.", relations=(Relation("Bind", "C1", "C1"),))
    cut = replace(document, passages=(Passage(0, 5, "title"), Passage(5, 11, "abstract")))
    assert copies_of([cut, OTHER], copies=1, below=9, seed=1) == []
    in_one = replace(document, passages=(Passage(0, 7, "title"), Passage(8, 11, "abstract")))
    assert copies_of([in_one, OTHER], copies=1, below=9, seed=1)[0][0].text == "It warfarin is."


def test_two_entities_never_become_one():
    document = marked_document("<C:C1 Iron> <C:C2 it>.", relations=(Relation("Bind", "C1", "C2"),))
    ((found, _),) = copies_of([document, OTHER], copies=1, below=9, seed=1)
    assert sorted(identifiers(found)) == ["C2", "C9"]
    two = marked_document("<C:C8 gold> <C:C9 tin>.", id="8")
    for copy, _ in copies_of([document, two], copies=20, below=9, seed=1):
        assert identifiers(copy) == {"C8", "C9"}


# Real documents.


@pytest.mark.corpus
def test_words_around_the_entities_of_real_documents_stay(data_dir):
    corpus = list(read_documents(data_dir / "bioredirect" / "bioredirect_train.pubtator"))
    by_id = {document.id: document for document in corpus}
    copies = copies_of(corpus, copies=1, below=100, seed=1)
    assert len(copies) == 119
    for new, _ in copies:
        assert parse_document(format_pubtator(new)) == new
        old = by_id[new.id.split("+")[0]]
        changed = [before for before, after in zip(old.mentions, new.mentions, strict=True)
                   if before.identifiers != after.identifiers]  # fmt: skip
        words = old.text
        for mention in sorted(changed, key=lambda mention: -mention.start_char):
            words = words[: mention.start_char] + words[mention.end_char :]
        others = new.text
        for mention in sorted(new.mentions, key=lambda mention: -mention.start_char):
            if not set(mention.identifiers) <= identifiers(old):
                others = others[: mention.start_char] + others[mention.end_char :]
        assert words == others
