"""Documents: what they check about themselves, how they group mentions, how they turn into dicts and back."""

import json
import re

import numpy as np
import pytest

from biodir.document_biodir import Document, Entity, Mention, Passage, Relation, check_mention, text_identifier
from biodir.errors_biodir import AnnotationError, ErrorPolicy

TEXT = "Aspirin harms. Aspirin and NSAIDs bind COX2."
ASPIRIN = {"start": 0, "end": 7, "type": "Chemical", "id": "D001241"}


def document_with_entities(*entities):
    return Document.from_dict({"id": "7", "text": TEXT, "entities": list(entities)})


# Mentions and the text.


@pytest.mark.parametrize(
    ("mention", "message"),
    [
        (Mention(1.0, 7, "spirin", "Chemical"), "here: offsets 1.0 and 7 are not whole numbers of characters"),
        (Mention(False, 7, "Aspirin", "Chemical"), "here: offsets False and 7 are not whole numbers of characters"),
        (Mention(-2, 7, "Aspirin", "Chemical"), "here: starts at -2; offsets count characters from 0"),
        (Mention(7, 7, "", "Chemical"), "here: ends at 7 but starts at 7; a span is half-open and not empty"),
        (Mention(39, 45, "COX2.", "Gene"), "here: ends at 45 but the text has 44 characters; is it of"),
        (
            Mention(1, 8, "Aspirin", "Chemical"),
            "here: says 'Aspirin' but the text at [1, 8) is 'spirin '; the mention is at [0, 7)",
        ),
        (Mention(7, 8, " ", "Chemical"), "here: the text at [7, 8) is white space; a mention holds a word"),
        (Mention(0, 7, "Aspirin", ""), "here: entity type '' is not a name; give a type as string"),
    ],
)
def test_message_of_a_bad_mention_names_place_value_and_fix(mention, message):
    with pytest.raises(AnnotationError, match=f"^{re.escape(message)}"):
        check_mention(mention, TEXT, "here")


# Making a document.


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"mentions": (Mention(0, 7, "Aspirin", "Chemical"), Mention(39, 50, "COX2.", "Gene"))},
            "document 7, mention 1: ends at 50 but the text has 44 characters; is it of another text, or were "
            "characters such as newlines stripped from this one?",
        ),
        ({"text": b"x"}, "document 7: the text is bytes b'x', not a string; pass the text as str"),
        ({"id": 7}, "document 7: the id is int 7, not a string; pass the id as str"),
        (
            {"relations": (Relation("Bind", "A", "B", subject_id="C"),)},
            "document 7: subject 'C' is neither 'A' nor 'B'; the subject is one of the two related entities",
        ),
        *(
            (
                {"relations": (Relation("Bind", "A", "B", novelty_score=score),)},
                f"document 7: novelty_score of A - B is {score!r}; scores lie in 0..1",
            )
            for score in (1.5, -0.1, float("nan"), "0.5", True)
        ),
        *(
            (
                {"passages": tuple(Passage(start, end, "title") for start, end in spans)},
                f"document 7, passage {len(spans) - 1}: [{spans[-1][0]}, {spans[-1][1]}) overlaps its neighbour or "
                "leaves the text of 44 characters; give half-open spans in the order of the text",
            )
            for spans in ([(0, 15), (14, 44)], [(0, 45)], [(5, 4)])
        ),
    ],
)
def test_document_that_contradicts_itself_is_refused(fields, message):
    with pytest.raises(AnnotationError) as caught:
        Document(**{"id": "7", "text": TEXT} | fields)
    assert str(caught.value) == message


def test_pair_of_a_relation_has_no_order_and_no_direction():
    relations = [Relation("Bind", "A", "B", subject_id="A"), Relation("Association", "B", "A")]
    assert {relation.pair for relation in relations} == {frozenset("AB")}
    assert Relation("Bind", "A", "A").pair == {"A"}


# Entities.

EARLY, LATE = Mention(0, 7, "Aspirin", "Chemical", ("A",)), Mention(27, 33, "NSAIDs", "Chemical", ("A",))
GENE, BOTH = Mention(39, 43, "COX2", "Gene", ("A",)), Mention(27, 33, "NSAIDs", "Chemical", ("A", "B", "A"))


@pytest.mark.parametrize(
    ("mentions", "entities"),
    [
        ((LATE, EARLY), (Entity("A", "Chemical", (EARLY, LATE)),)),
        ((GENE, EARLY), (Entity("A", "Chemical", (EARLY,)), Entity("A", "Gene", (GENE,)))),
        ((BOTH,), (Entity("A", "Chemical", (BOTH,)), Entity("B", "Chemical", (BOTH,)))),
        ((Mention(0, 7, "Aspirin", "Chemical"),), ()),
    ],
    ids=["mentions in the order of the text", "two types, by first mention", "two identifiers", "unlinked"],
)
def test_mentions_of_one_identifier_form_an_entity(mentions, entities):
    assert Document("7", TEXT, mentions).entities() == entities


# Identifiers in a mapping.


@pytest.mark.parametrize(
    ("value", "identifiers"),
    [
        ("D001241", ("D001241",)),
        ("D1; D2", ("D1", "D2")),
        ("D1 ", ("D1",)),
        ("1956,2064|2065;1956", ("1956", "2064", "2065")),
        (["c|SUB|A|1|G"], ("c|SUB|A|1|G",)),
        (["D001241", "D000894"], ("D001241", "D000894")),
        (("D001241",), ("D001241",)),
        ("-", ()),
        ("-1", ()),
        (["-", "D001241"], ("D001241",)),
        ([], ()),
        (None, ("text:aspirin",)),
        (5743, ("5743",)),
        (np.float64(5743), ("5743",)),
        (["D001241", 5743], ("D001241", "5743")),
        ({"D001241"}, ("D001241",)),
        (float("nan"), ("text:aspirin",)),
        *((none, ()) for none in ("None", "NA", "nan", "null", "CUI-less", "MESH:-", "0", 0, "Unknown")),
    ],
)
def test_id_of_a_mention_can_be(value, identifiers):
    document = document_with_entities(ASPIRIN | {"id": value})
    assert document.mentions[0].identifiers == identifiers


VARIANT = "p|SUB|L|307|R;CorrespondingGene:23417;VariantGroup:0"


@pytest.mark.parametrize(
    ("value", "kind", "identifiers"),
    [
        (VARIANT, "SequenceVariant", (VARIANT,)),
        ("c|SUB|A|1|G; rs1", "SequenceVariant", ("c|SUB|A|1|G", "rs1")),
        ("asp,irin", "Chemical", ("text:asp,irin",)),
    ],
)
def test_id_of_a_variant_keeps_its_bars_and_a_name_its_commas(value, kind, identifiers):
    entity = {"start": 0, "end": 8, "type": kind, "id": value}
    assert Document.from_dict({"text": "Asp,irin", "entities": [entity]}).mentions[0].identifiers == identifiers


def test_mentions_without_id_group_by_type_and_text_apart_from_case_and_spacing():
    spans = [(0, 13, "Disease"), (15, 29, "Disease"), (31, 42, "Disease"), (0, 13, "Gene")]
    entities = [{"start": start, "end": end, "type": kind} for start, end, kind in spans]
    document = Document.from_dict({"text": "Breast cancer, breast  Cancer, lung cancer", "entities": entities})
    assert [(entity.identifier, entity.entity_type, len(entity.mentions)) for entity in document.entities()] == [
        ("text:breast cancer", "Disease", 2),
        ("text:breast cancer", "Gene", 1),
        ("text:lung cancer", "Disease", 1),
    ]


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("  Breast \n cancer ", "text:breast cancer"),
        ("Stra\u00dfe", "text:strasse"),
        ("t(4;11)", "text:t(4 11)"),
    ],
)
def test_text_identifier_drops_case_spacing_and_semicolons(text, identifier):
    assert text_identifier(text) == identifier


# Texts in a mapping.

NO_TITLE = ({}, {"title": None}, {"title": ""})


@pytest.mark.parametrize(
    ("mapping", "text", "passages"),
    [
        ({"title": "Aspirin.", "abstract": "It binds."}, "Aspirin. It binds.", [(0, 8, "title"), (9, 18, "abstract")]),
        ({"title": "Aspirin."}, "Aspirin. ", [(0, 8, "title"), (9, 9, "abstract")]),
        *(({"abstract": "It binds.", **title}, "It binds.", [(0, 9, "abstract")]) for title in NO_TITLE),
        ({"text": "Ab cd"}, "Ab cd", []),
        (
            {"text": "Ab cd", "passages": [{"start": 0, "end": 2, "type": "title"}, {"start": 3, "end": 5}]},
            "Ab cd",
            [(0, 2, "title"), (3, 5, "")],
        ),
        ({"passages": [{"text": "Ab", "type": "title"}, {"text": "cd"}]}, "Ab cd", [(0, 2, "title"), (3, 5, "")]),
        ({"passages": [{"text": "Ab"}, {"text": "cd", "offset": 5}]}, "Ab   cd", [(0, 2, ""), (5, 7, "")]),
        *(
            ({**empty, "passages": [{"text": "Ab"}]}, "Ab", [(0, 2, "")])
            for empty in ({"text": ""}, {"title": "", "abstract": None}, {"text": None, "abstract": ""})
        ),
        ({"text": "", "passages": []}, "", []),
    ],
)
def test_text_and_passages_of_a_mapping(mapping, text, passages):
    document = Document.from_dict(mapping)
    assert document.text == text
    assert document.passages == tuple(Passage(*part) for part in passages)


def test_id_of_a_document_is_text_or_the_default():
    assert Document.from_dict({"text": TEXT}, default_id="document 3").id == "document 3"
    assert Document.from_dict({"id": 7, "text": TEXT}).id == "7"


def test_offsets_may_be_integers_of_numpy():
    mention = document_with_entities({"start": np.int64(0), "end": np.int32(7), "type": "Chemical"}).mentions[0]
    assert (type(mention.start_char), mention.start_char, mention.end_char) == (int, 0, 7)


# Bad mappings.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": None}, ": has none of 'text', 'title', 'abstract', 'passages'; give the text"),
        (
            {"text": None, "entities": None, "relations": [{"subject": {"id": "D1"}, "object": {"id": "D2"}}]},
            ": has none of 'text', 'title', 'abstract', 'passages'; it is a result of biodir predict, which keeps "
            "texts and entities with --return-entities",
        ),
        ({"text": 5}, ": 'text' is int 5, not a string"),
        ({"text": None, "title": "Ab", "abstract": 5}, ": 'abstract' is int 5, not a string"),
        ({"passages": [{"text": TEXT}]}, ", passages[0]: the document has both 'text' and passages with texts; give"),
        ({"passages": [{"start": 0}]}, ", passages[0]: dict {'start': 0} is not a mapping with whole numbers"),
        ({"text": None, "passages": "Ab"}, ": 'passages' is str 'Ab', not a list"),
        ({"text": None, "passages": [{}]}, ", passages[0]: 'text' is NoneType None, not a string"),
        (
            {"text": None, "passages": [{"text": "Ab"}, {"text": "cd", "offset": 1}]},
            ", passages[1]: offset 1 lies before the end (2) of the passage before it",
        ),
        ({"entities": {"a": 1}}, ", entities: is dict {'a': 1}, not a list"),
        ({"entities": ["Ab"]}, ", entities[0]: an entity mention is a mapping with start, end and type, not str 'Ab'"),
        ({"entities": [ASPIRIN, {"end": 7}]}, ", entities[1]: has no 'start'; a mention needs start, end and type"),
        ({"entities": [ASPIRIN | {"type": None}]}, ", entities[0]: has no 'type'; a mention needs start, end and type"),
        ({"entities": [ASPIRIN | {"start": "x"}]}, ", entities[0]: offsets 'x' and 7 are not whole numbers"),
        ({"entities": [ASPIRIN | {"text": "lead"}]}, ", entities[0]: says 'lead' but the text at [0, 7) is 'Aspirin'"),
        *(
            (
                {"entities": [ASPIRIN | {"id": value}]},
                f", entities[0]: id {type(value).__name__} {value!r} is not a string or a list of strings",
            )
            for value in (True, {"D001241": 1}, b"D001241", 1.5)
        ),
        ({"subject_lines": ["A"]}, ": 'subject_lines' ['A'] are not pairs of identifiers"),
        ({"relations": "Bind"}, ": 'relations' is str 'Bind', not a list"),
        (
            {"relations": [("A", "B")]},
            ", relations[0]: a relation is a mapping with relation, ",
        ),
        (
            {"relations": [{"relation": "Bind", "entity1": 5.5}]},
            ", relations[0]: 'entity1' is 5.5, not a string; a relation",
        ),
    ],
)
def test_message_of_a_bad_mapping_names_place_value_and_fix(changes, message):
    with pytest.raises(AnnotationError, match=f"^document 7{re.escape(message)}"):
        Document.from_dict({"id": "7", "text": TEXT, "entities": [ASPIRIN]} | changes)


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
    assert Document.from_dict(json.loads(json.dumps(document.to_dict()))) == document


def test_dict_leaves_out_what_is_not_known_and_has_lists_of_identifiers():
    mapping = FULL.to_dict()
    assert [entity["id"] for entity in mapping["entities"]] == [["D001241"], ["D000894", "D001241"], []]
    assert mapping["relations"][1] == {"relation": "Bind", "entity1": "A", "entity2": "B"}
    assert mapping["relations"][0]["subject"] == "5743"


def test_plain_document_stays_plain_and_an_empty_one_marked():
    for document in (Document("7", "Iron."), Document("7", "Iron.", is_marked=True)):
        mapping = document.to_dict()
        assert mapping["entities"] == ([] if document.is_marked else None)
        assert Document.from_dict(mapping).is_plain == document.is_plain


# Sentences of the caller.

TWO = {"id": "7", "text": TEXT, "sentences": [[0, 14], [15, 44]], "entities": [ASPIRIN]}


def test_sentences_are_kept_and_written():
    document = Document.from_dict(TWO)
    assert document.sentences == ((0, 14), (15, 44))
    assert document.to_dict()["sentences"] == [[0, 14], [15, 44]]
    assert Document.from_dict(document.to_dict()) == document
    assert "sentences" not in document_with_entities(ASPIRIN).to_dict()


def test_sentences_count_what_offsets_say():
    text = "\u03b1\U0001f9ea binds. It is new."
    mapping = {"id": "7", "text": text, "entities": []}
    expected = Document.from_dict({**mapping, "sentences": [[0, 9], [10, 20]]}).sentences
    for offsets, spans in (("utf-16", [[0, 10], [11, 21]]), ("bytes", [[0, 13], [14, 24]])):
        policy = ErrorPolicy(offsets=offsets)
        assert Document.from_dict({**mapping, "sentences": spans}, policy=policy).sentences == expected


@pytest.mark.parametrize(
    "spans", [np.array([[0, 14], [15, 44]]).tolist(), [(0, 14), (15, 44)], [["0", "14"], [15.0, 44]]]
)
def test_sentences_may_be_numbers_of_tables(spans):
    assert Document.from_dict({**TWO, "sentences": spans}).sentences == ((0, 14), (15, 44))


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([[0, 14], "Aspirin"], "document 7, sentences[1]: str 'Aspirin' is not [start, end] in whole numbers of"),
        ([[0, 14, 44]], "document 7, sentences[0]: list [0, 14, 44] is not [start, end]"),
        ([[0, None]], "document 7, sentences[0]: list [0, None] is not [start, end]"),
        ([[0, 14.5]], "document 7, sentences[0]: list [0, 14.5] is not [start, end]"),
        ([[0, 14], [15, 45]], "document 7, sentences[1]: [15, 45) is empty, starts before"),
        ([[-1, 14], [15, 44]], "document 7, sentences[0]: [-1, 14) is empty, starts before the sentence"),
        ([[0, 14], [14, 14], [15, 44]], "document 7, sentences[1]: [14, 14) is empty"),
        ([[0, 14], [14, 15], [15, 44]], "document 7, sentences[1]: [14, 15) is empty"),
        ([[0, 20], [15, 44]], "document 7, sentences[1]: [15, 44) is empty, starts before the sentence before"),
        ([[15, 44], [0, 14]], "document 7, sentences[0]: 'Aspirin harms.' at [0, 15) is in no sentence"),
        ([[0, 14]], "document 7, sentences: 'Aspirin and NSAIDs bind COX2.' at [14, 44) is in no sentence"),
        ([[0, 3], [3, 44]], "document 7, sentences[0]: ends at 3, inside the mention 'Aspirin' at [0, 7); join"),
        (5, "document 7: 'sentences' is int 5, not a list"),
    ],
)  # fmt: skip
def test_message_of_bad_sentences_names_place_value_and_fix(spans, message):
    with pytest.raises(AnnotationError, match=f"^{re.escape(message)}"):
        Document.from_dict({**TWO, "sentences": spans})


def test_sentence_that_goes_on_over_a_passage_is_refused():
    mapping = {"id": "7", "title": "Iron.", "abstract": "It binds.", "entities": [], "sentences": [[0, 15]]}
    message = r"^document 7, sentences\[0\]: \[0, 15\) holds 6, the start of a passage; cut it there"
    with pytest.raises(AnnotationError, match=message):
        Document.from_dict(mapping)
    assert Document.from_dict({**mapping, "sentences": [[0, 5], [6, 15]]}).sentences[1] == (6, 15)
