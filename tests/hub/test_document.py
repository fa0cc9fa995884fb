"""Documents: what they check about themselves, how they group mentions, how they turn into dicts and back."""

import json
from dataclasses import FrozenInstanceError

import pytest

from biodir.document_biodir import (
    Document,
    Entity,
    Mention,
    Passage,
    Relation,
    check_mention,
    text_identifier,
    title_and_abstract,
)
from biodir.errors_biodir import AnnotationError

TEXT = "Aspirin harms. Aspirin and NSAIDs bind COX2."
ASPIRIN = {"start": 0, "end": 7, "type": "Chemical", "id": "D001241"}


def mapping_with(**changes):
    return {"id": "7", "text": TEXT, "entities": [ASPIRIN]} | changes


def document_with_entities(*entities):
    return Document.from_dict({"id": "7", "text": TEXT, "entities": list(entities)})


# Mentions and the text.


def test_mention_that_agrees_with_the_text_is_accepted():
    check_mention(Mention(0, 7, "Aspirin", "Chemical"), TEXT, "here")


def test_mention_that_ends_with_the_text_is_accepted():
    check_mention(Mention(39, 44, "COX2.", "Gene"), TEXT, "here")


@pytest.mark.parametrize(
    ("mention", "message"),
    [
        (Mention(1.0, 7, "spirin", "Chemical"), "here: offsets 1.0 and 7 are not whole numbers of characters"),
        (Mention(0, "7", "Aspirin", "Chemical"), "here: offsets 0 and '7' are not whole numbers of characters"),
        (Mention(False, 7, "Aspirin", "Chemical"), "here: offsets False and 7 are not whole numbers of characters"),
        (Mention(-2, 7, "Aspirin", "Chemical"), "here: starts at -2; offsets count characters from 0"),
        (Mention(7, 7, "", "Chemical"), "here: ends at 7 but starts at 7; a span is half-open and not empty"),
        (Mention(7, 0, "Aspirin", "Chemical"), "here: ends at 0 but starts at 7; a span is half-open and not empty"),
        (
            Mention(39, 45, "COX2.", "Gene"),
            "here: ends at 45 but the text has 44 characters; were newlines stripped?",
        ),
        (
            Mention(1, 8, "Aspirin", "Chemical"),
            "here: says 'Aspirin' but the text at [1, 8) is 'spirin '; offsets count Python characters, not bytes",
        ),
        (Mention(7, 8, " ", "Chemical"), "here: the text at [7, 8) is white space; a mention holds a word"),
        (Mention(0, 7, "Aspirin", ""), "here: entity type '' is not a name; give a type as string"),
        (Mention(0, 7, "Aspirin", 3), "here: entity type 3 is not a name; give a type as string"),
    ],
)
def test_message_of_a_bad_mention_says_place_value_and_fix(mention, message):
    with pytest.raises(AnnotationError) as caught:
        check_mention(mention, TEXT, "here")
    assert str(caught.value) == message


def test_offsets_count_characters_beyond_the_basic_plane_as_one():
    check_mention(Mention(2, 5, "TNF", "Gene"), "\U0001d6fc TNF", "here")


# Making a document.


def test_document_names_the_mention_that_contradicts_its_text():
    with pytest.raises(AnnotationError, match=r"^document 7, mention 1: ends at 50 but the text has 44 characters"):
        Document("7", TEXT, (Mention(0, 7, "Aspirin", "Chemical"), Mention(39, 50, "COX2.", "Gene")))


def test_document_refuses_a_text_that_is_not_a_string():
    with pytest.raises(
        AnnotationError, match=r"^document 7: the text is bytes b'x', not a string; pass the text as str$"
    ):
        Document("7", b"x")


def test_document_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Document("7", TEXT).text = "other"


def test_subject_outside_the_pair_is_an_error():
    with pytest.raises(AnnotationError, match=r"^document 7: subject 'C' is neither 'A' nor 'B'"):
        Document("7", TEXT, relations=(Relation("Bind", "A", "B", subject_id="C"),))


def test_either_entity_of_a_relation_can_be_its_subject():
    relations = (Relation("Bind", "A", "B", subject_id="A"), Relation("Bind", "A", "B", subject_id="B"))
    assert Document("7", TEXT, relations=relations).relations == relations


@pytest.mark.parametrize(
    "passages",
    [
        (Passage(0, 15, "title"), Passage(14, 44, "abstract")),
        (Passage(0, 45, "title"),),
        (Passage(5, 4, "title"),),
    ],
    ids=["overlap", "outside", "backwards"],
)
def test_passages_that_overlap_or_leave_the_text_are_an_error(passages):
    with pytest.raises(AnnotationError, match=r"overlaps its neighbour or leaves the text of 44 characters$"):
        Document("7", TEXT, passages=passages)


def test_source_identifier_does_not_make_documents_differ():
    with_column = Document("7", TEXT, (Mention(0, 7, "Aspirin", "Chemical", (), "-1"),))
    without = Document("7", TEXT, (Mention(0, 7, "Aspirin", "Chemical", ()),))
    assert with_column == without


# Entities.


def test_mentions_with_one_identifier_form_an_entity():
    first, second = Mention(0, 7, "Aspirin", "Chemical", ("A",)), Mention(15, 22, "Aspirin", "Chemical", ("A",))
    assert Document("7", TEXT, (first, second)).entities() == (Entity("A", "Chemical", (first, second)),)


def test_entities_come_in_the_order_of_their_first_mention():
    late, early = Mention(39, 43, "COX2", "Gene", ("5743",)), Mention(0, 7, "Aspirin", "Chemical", ("A",))
    assert [entity.identifier for entity in Document("7", TEXT, (late, early)).entities()] == ["A", "5743"]


def test_name_of_an_entity_is_its_first_mention_in_the_text():
    late, early = Mention(27, 33, "NSAIDs", "Chemical", ("A",)), Mention(0, 7, "Aspirin", "Chemical", ("A",))
    assert Document("7", TEXT, (late, early)).entities()[0].name == "Aspirin"


def test_mention_with_two_identifiers_belongs_to_two_entities():
    mention = Mention(27, 33, "NSAIDs", "Chemical", ("A", "B"))
    assert Document("7", TEXT, (mention,)).entities() == (
        Entity("A", "Chemical", (mention,)),
        Entity("B", "Chemical", (mention,)),
    )


def test_identifier_named_twice_counts_once():
    mention = Mention(27, 33, "NSAIDs", "Chemical", ("A", "A"))
    assert Document("7", TEXT, (mention,)).entities() == (Entity("A", "Chemical", (mention,)),)


def test_one_identifier_under_two_types_is_two_entities():
    document = document_with_entities(
        {"start": 0, "end": 7, "type": "Chemical", "id": "A"}, {"start": 15, "end": 22, "type": "Disease", "id": "A"}
    )
    assert [(entity.identifier, entity.entity_type) for entity in document.entities()] == [
        ("A", "Chemical"),
        ("A", "Disease"),
    ]


def test_unlinked_mention_belongs_to_no_entity():
    assert Document("7", TEXT, (Mention(0, 7, "Aspirin", "Chemical"),)).entities() == ()


# Identifiers in a mapping.


@pytest.mark.parametrize(
    ("value", "identifiers"),
    [
        ("D001241", ("D001241",)),
        (["D001241", "D000894"], ("D001241", "D000894")),
        (("D001241",), ("D001241",)),
        ("-", ()),
        ("-1", ()),
        (["-", "D001241"], ("D001241",)),
        ([], ()),
        (None, ("text:aspirin",)),
    ],
)
def test_id_of_a_mention_can_be(value, identifiers):
    document = document_with_entities({"start": 0, "end": 7, "type": "Chemical", "id": value})
    assert document.mentions[0].identifiers == identifiers


def test_id_in_a_mapping_is_one_identifier_whatever_it_holds():
    document = document_with_entities({"start": 0, "end": 7, "type": "Variant", "id": "c|SUB|A|1|G"})
    assert document.mentions[0].identifiers == ("c|SUB|A|1|G",)


@pytest.mark.parametrize("value", [5743, ["D001241", 5743], {"D001241"}, b"D001241"])
def test_id_of_another_kind_is_an_error(value):
    with pytest.raises(
        AnnotationError, match=r"^document 7, entities\[0\]: id .* is not a string or a list of strings$"
    ):
        document_with_entities({"start": 0, "end": 7, "type": "Chemical", "id": value})


def test_mentions_without_id_group_by_text_apart_from_case_and_spacing():
    document = Document.from_dict(
        {
            "text": "Breast cancer, breast  Cancer, lung cancer",
            "entities": [
                {"start": 0, "end": 13, "type": "Disease"},
                {"start": 15, "end": 29, "type": "Disease"},
                {"start": 31, "end": 42, "type": "Disease"},
            ],
        }
    )
    assert [(entity.identifier, len(entity.mentions)) for entity in document.entities()] == [
        ("text:breast cancer", 2),
        ("text:lung cancer", 1),
    ]


def test_mentions_without_id_of_two_types_do_not_group():
    document = document_with_entities(
        {"start": 0, "end": 7, "type": "Chemical"}, {"start": 15, "end": 22, "type": "Gene"}
    )
    assert len(document.entities()) == 2


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("TNF", "text:tnf"),
        ("  Breast \n cancer ", "text:breast cancer"),
        ("Stra\u00dfe", "text:strasse"),
        ("t(4;11)", "text:t(4 11)"),
    ],
)
def test_text_identifier_drops_case_spacing_and_semicolons(text, identifier):
    assert text_identifier(text) == identifier


# Texts in a mapping.


def test_title_and_abstract_are_joined_by_one_space():
    document = Document.from_dict({"title": "Aspirin.", "abstract": "It binds."})
    assert document.text == "Aspirin. It binds."
    assert document.passages == (Passage(0, 8, "title"), Passage(9, 18, "abstract"))


def test_title_alone_keeps_the_space_before_the_abstract():
    assert Document.from_dict({"title": "Aspirin."}).text == "Aspirin. "


def test_abstract_alone_begins_at_character_1():
    document = Document.from_dict({"abstract": "It binds."})
    assert document.text == " It binds."
    assert document.passages[1] == Passage(1, 10, "abstract")


def test_title_and_abstract_gives_text_and_spans():
    assert title_and_abstract("Ab", "c") == ("Ab c", (Passage(0, 2, "title"), Passage(3, 4, "abstract")))


def test_text_has_no_passages_unless_they_are_given():
    assert Document.from_dict({"text": TEXT}).passages == ()


def test_passages_beside_a_text_are_spans_of_it():
    spans = [{"start": 0, "end": 14, "type": "title"}, {"start": 15, "end": 44}]
    document = Document.from_dict({"text": TEXT, "passages": spans})
    assert document.passages == (Passage(0, 14, "title"), Passage(15, 44, ""))


def test_passages_with_texts_are_joined_by_one_space():
    document = Document.from_dict({"passages": [{"text": "Ab", "type": "title"}, {"text": "cd"}]})
    assert document.text == "Ab cd"
    assert document.passages == (Passage(0, 2, "title"), Passage(3, 5, ""))


def test_passage_offset_is_kept_by_filling_with_spaces():
    document = Document.from_dict({"passages": [{"text": "Ab", "offset": 0}, {"text": "cd", "offset": 5}]})
    assert document.text == "Ab   cd"
    assert document.passages[1] == Passage(5, 7, "")


def test_mention_offsets_count_over_all_passages():
    document = Document.from_dict(
        {"passages": [{"text": "Ab"}, {"text": "cd"}], "entities": [{"start": 3, "end": 5, "type": "Gene"}]}
    )
    assert document.mentions[0].text == "cd"


def test_document_without_id_takes_the_default():
    assert Document.from_dict({"text": TEXT}, default_id="document 3").id == "document 3"


def test_number_as_document_id_becomes_text():
    assert Document.from_dict({"id": 7, "text": TEXT}).id == "7"


class IntegerOfAnotherLibrary:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


def test_offsets_may_be_integers_of_another_library():
    start, end = IntegerOfAnotherLibrary(0), IntegerOfAnotherLibrary(7)
    mention = document_with_entities({"start": start, "end": end, "type": "Chemical"}).mentions[0]
    assert (type(mention.start_char), mention.start_char, mention.end_char) == (int, 0, 7)


# Bad mappings.


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (
            [1, 2],
            "document: a document is a mapping, a PubTator string or a Document, not list [1, 2]",
        ),
        ({"id": "7"}, "document 7: has none of 'text', 'title', 'abstract' or 'passages'; give the text"),
        ({"id": "7", "text": 5}, "document 7: 'text' is int 5, not a string"),
        ({"id": "7", "title": ["Ab"]}, "document 7: 'title' is list ['Ab'], not a string"),
        ({"id": "7", "title": "Ab", "abstract": 5}, "document 7: 'abstract' is int 5, not a string"),
        (
            mapping_with(passages=[{"text": TEXT}]),
            "document 7, passages[0]: the document has both 'text' and passages with texts; give one of them",
        ),
        ({"id": "7", "passages": "Ab"}, "document 7: 'passages' is str 'Ab', not a list"),
        (
            {"id": "7", "passages": [{"type": "title"}]},
            "document 7, passages[0]: 'text' is NoneType None, not a string",
        ),
        (
            {"id": "7", "passages": [{"text": "Ab"}, {"text": "cd", "offset": 1}]},
            "document 7, passages[1]: offset 1 lies before the end (2) of the passage in front of it",
        ),
        (
            {"id": "7", "passages": [{"text": "Ab", "offset": "0"}]},
            "document 7, passages[0]: offset '0' lies before the end (0) of the passage in front of it",
        ),
        (mapping_with(entities={"a": 1}), "document 7: 'entities' is dict {'a': 1}, not a list"),
        (
            mapping_with(entities=["Aspirin"]),
            "document 7, entities[0]: an entity mention is a mapping with start, end and type, not str 'Aspirin'",
        ),
        (
            mapping_with(entities=[{"start": 0, "type": "Chemical"}]),
            "document 7, entities[0]: has no 'end'; a mention needs start, end and type",
        ),
        (
            mapping_with(entities=[ASPIRIN, {"end": 7, "type": "Chemical"}]),
            "document 7, entities[1]: has no 'start'; a mention needs start, end and type",
        ),
        (
            mapping_with(entities=[{"start": 0, "end": 7, "type": None}]),
            "document 7, entities[0]: has no 'type'; a mention needs start, end and type",
        ),
        (
            mapping_with(entities=[ASPIRIN | {"start": "0"}]),
            "document 7, entities[0]: offsets '0' and 7 are not whole numbers of characters",
        ),
        (
            mapping_with(entities=[ASPIRIN | {"start": -1}]),
            "document 7, entities[0]: starts at -1; offsets count characters from 0",
        ),
        (
            mapping_with(entities=[ASPIRIN | {"end": 50}]),
            "document 7, entities[0]: ends at 50 but the text has 44 characters; were newlines stripped?",
        ),
        (
            mapping_with(entities=[ASPIRIN | {"text": "aspirin"}]),
            "document 7, entities[0]: says 'aspirin' but the text at [0, 7) is 'Aspirin'; "
            "offsets count Python characters, not bytes",
        ),
        (mapping_with(relations="Bind"), "document 7: 'relations' is str 'Bind', not a list"),
        (
            mapping_with(relations=[("Bind", "A", "B")]),
            "document 7, relations[0]: a relation is a mapping with relation, entity1 and entity2, "
            "not tuple ('Bind', 'A', 'B')",
        ),
        (
            mapping_with(relations=[{"relation": "Bind", "entity1": "A"}]),
            "document 7, relations[0]: 'entity2' is None, not a string; a relation needs it",
        ),
        (
            mapping_with(relations=[{"relation": "Bind", "entity1": 5743, "entity2": "A"}]),
            "document 7, relations[0]: 'entity1' is 5743, not a string; a relation needs it",
        ),
    ],
)
def test_message_of_a_bad_mapping_says_place_value_and_fix(mapping, message):
    with pytest.raises(AnnotationError) as caught:
        Document.from_dict(mapping)
    assert str(caught.value) == message


def test_long_values_are_cut_in_messages():
    with pytest.raises(AnnotationError) as caught:
        Document.from_dict({"id": "7", "text": ["x" * 500]})
    assert len(str(caught.value)) < 120


# To a dict and back.

FULL = Document(
    id="7",
    text=TEXT,
    mentions=(
        Mention(0, 7, "Aspirin", "Chemical", ("D001241",)),
        Mention(27, 33, "NSAIDs", "Chemical", ("D000894", "D001241")),
        Mention(39, 43, "COX2", "Gene", ()),
    ),
    relations=(Relation("Bind", "D001241", "5743", "Novel", "5743", 0.5, 0.25, 1.0), Relation("Bind", "A", "B")),
    passages=(Passage(0, 14, "title"), Passage(15, 44, "abstract")),
    subject_lines=(("5743", "D001241"),),
)


@pytest.mark.parametrize("document", [FULL, Document("7", ""), Document("7", TEXT)], ids=["full", "empty", "text"])
def test_to_dict_and_from_dict_give_the_same_document(document):
    assert Document.from_dict(document.to_dict()) == document


def test_dict_of_a_document_survives_json():
    assert Document.from_dict(json.loads(json.dumps(FULL.to_dict()))) == FULL


def test_dict_holds_these_keys_and_values():
    assert FULL.to_dict() == {
        "id": "7",
        "text": TEXT,
        "passages": [{"start": 0, "end": 14, "type": "title"}, {"start": 15, "end": 44, "type": "abstract"}],
        "entities": [
            {"start": 0, "end": 7, "type": "Chemical", "id": "D001241", "text": "Aspirin"},
            {"start": 27, "end": 33, "type": "Chemical", "id": ["D000894", "D001241"], "text": "NSAIDs"},
            {"start": 39, "end": 43, "type": "Gene", "id": "-", "text": "COX2"},
        ],
        "relations": [
            {
                "relation": "Bind",
                "entity1": "D001241",
                "entity2": "5743",
                "novelty": "Novel",
                "subject": "5743",
                "relation_score": 0.5,
                "novelty_score": 0.25,
                "direction_score": 1.0,
            },
            {"relation": "Bind", "entity1": "A", "entity2": "B"},
        ],
        "subject_lines": [["5743", "D001241"]],
    }
