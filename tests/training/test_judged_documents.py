"""Documents of JSON Lines: entities from mentions, one relation for two entities, judged pairs."""

import json

import pytest

from biodir.document_biodir import Relation
from biodir.errors_biodir import STRICT, AnnotationError, ErrorPolicy, ParseError
from biodir.labels_biodir import CHEMICAL, GENE
from biodir.training.corpus_list import CorpusEntry
from biodir.training.judged_documents import judged_document, read_judged, says_types

TEXT = "Ferrolin (FRL) stops KIN1. FRL raises kin1 in KIN2 cells, also feline kinase."
NAMES = {"M1": "Ferrolin", "M2": "FRL", "M3": "KIN1", "M4": "kin1", "M5": "KIN2", "M6": "feline kinase"}
TYPES = {"M1": CHEMICAL, "M2": CHEMICAL}


def mention(name: str, **changes) -> dict:
    start = TEXT.index(NAMES[name])
    kind = TYPES.get(name, GENE)
    return {"start": start, "end": start + len(NAMES[name]), "type": kind, "id": None, "mention": name} | changes


def relation(
    head: str, tail: str, kind: str = "STOPS", proposed: str | None = "Bind", subject: str | None = "head", **more
):
    return {"head": head, "tail": tail, "source_type": kind, "proposed": proposed, "subject": subject} | more


def line(*relations: dict, entities=None, **changes) -> dict:
    entities = [mention(name) for name in NAMES] if entities is None else entities
    return {"id": "a:1", "pmid": "9001", "text": TEXT, "entities": entities, "relations": list(relations)} | changes


def read(*relations: dict, entry: dict | None = None, **changes):
    return judged_document(line(*relations, **changes), CorpusEntry("a", **(entry or {})))


def relations_of(*relations: dict, **more) -> tuple[Relation, ...]:
    return read(*relations, **more).document.relations


def pairs(*names: str) -> frozenset[frozenset[str]]:
    return frozenset([frozenset(names)])


# Entities.


def identifiers(**changes) -> list[str]:
    return [each.identifiers[0] for each in read(**changes).document.mentions]


def test_mentions_of_one_name_or_its_abbreviation_are_one_entity():
    names = ["text:ferrolin", "text:ferrolin", "text:kin1", "text:kin1", "text:kin2", "text:feline kinase"]
    found = identifiers()
    assert [found[0] == found[1], found[2] == found[3]] == [True, True]
    assert found[2:] == names[2:]


def test_equivalent_names_and_equal_identifiers_of_one_type_are_one_entity():
    found = identifiers(equivalent=[["M4", "M6", "M1"]])
    assert found[2] == found[3] == found[5] == "text:kin1" != found[0]
    same = [mention(name, id="7" if name in ("M3", "M5", "M1") else None) for name in NAMES]
    found = identifiers(entities=same)
    assert found[2] == found[4] != found[0]
    found = identifiers(entities=same, entry={"group_by_id": False})
    assert found[2] != found[4]


def test_mentions_without_an_identifier_are_not_one_entity_by_its_sign():
    found = identifiers(entities=[mention("M3", id="-"), mention("M5", id="-")])
    assert found[0] != found[1]


def test_two_entities_of_one_name_have_different_identifiers():
    entities = [mention("M1"), mention("M1", type=GENE, mention="M9")]
    assert identifiers(entities=entities) == ["text:ferrolin", "text:ferrolin #2"]


def test_mention_without_a_type_is_no_entity_but_kept_for_the_tagger():
    entities = [mention("M1"), mention("M3", type=None), mention("M5", source_type="Cell")]
    found = read(relation("M1", "M3"), entities=entities, entry={"entity_types": {"Cell": None}})
    assert [each.text for each in found.document.mentions] == ["Ferrolin"]
    assert [each.text for each in found.untyped] == ["KIN1", "KIN2"]
    assert found.document.relations == ()


# Relations.

BIND = Relation("Bind", "text:ferrolin", "text:kin1", subject_id="text:ferrolin")


@pytest.fixture(autouse=True)
def _names():
    assert identifiers()[:3] == ["text:ferrolin", "text:ferrolin", "text:kin1"]


def test_relation_has_the_proposed_type_and_subject():
    assert relations_of(relation("M1", "M3")) == (BIND,)
    (found,) = relations_of(relation("M1", "M3", subject="tail"))
    assert found.subject_id == "text:kin1"


@pytest.mark.parametrize(
    ("rule", "expected", "is_directed"),
    [
        ("Association", ("Association", "text:ferrolin"), True),
        ({"type": "Bind", "subject": "tail"}, ("Bind", "text:kin1"), True),
        ({"type": "Bind", "subject": "none"}, ("Bind", None), True),
        ({"type": "Bind", "subject": "unknown"}, ("Bind", None), False),
    ],
)
def test_rule_changes_type_and_subject(rule, expected, is_directed):
    found = read(relation("M1", "M3"), entry={"relation_types": {"STOPS": rule}})
    (each,) = found.document.relations
    assert (each.relation_type, each.subject_id) == expected
    assert (found.judgement.undirected == frozenset()) is is_directed


@pytest.mark.parametrize(
    ("given", "entry"),
    [
        ({"proposed": None}, {}),
        ({}, {"relation_types": {"STOPS": None}}),
        ({"note": "through Binding; cause:Activation"}, {"without_notes": ["cause"]}),
    ],
)
def test_relation_without_a_known_type_is_not_learned_from(given, entry):
    found = read(relation("M1", "M3", **given), entry=entry)
    assert found.document.relations == ()
    assert found.judgement.unknown == pairs("text:ferrolin", "text:kin1")
    # Another relation of the same pair is, unless the list of corpora maps the type to null.
    found = read(relation("M1", "M3", **given), relation("M2", "M4", "OTHER"), entry=entry)
    is_mapped = "relation_types" in entry
    assert found.document.relations == (() if is_mapped else (BIND,))
    assert found.judgement.unknown == (pairs("text:ferrolin", "text:kin1") if is_mapped else frozenset())


def of_types(*types: str):
    return read(*(relation("M1", "M3", proposed=name) for name in types))


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["Association", "Association", "Bind"], "Bind"),
        (["Bind", "Bind", "Positive_Correlation"], "Positive_Correlation"),
        (["Conversion", "Positive_Correlation", "Positive_Correlation"], "Positive_Correlation"),
    ],
)
def test_of_several_types_the_stronger_then_the_more_frequent_stays(types, expected):
    (found,) = of_types(*types).document.relations
    assert found.relation_type == expected


def test_pair_with_both_signs_is_not_learned_from():
    found = of_types("Positive_Correlation", "Negative_Correlation", "Positive_Correlation")
    assert found.document.relations == ()
    assert found.judgement.unknown == pairs("text:ferrolin", "text:kin1")


def test_direction_that_is_given_in_two_ways_is_unknown():
    found = read(relation("M1", "M3"), relation("M4", "M2"))
    assert [each.subject_id for each in found.document.relations] == [None]
    assert found.judgement.undirected == pairs("text:ferrolin", "text:kin1")
    (each,) = relations_of(relation("M1", "M3"), relation("M2", "M3", subject=None))
    assert each == BIND


def test_mentions_of_one_entity_are_not_related():
    found = read(relation("M1", "M2"), judged_pairs=[["M3", "M4"]])
    assert (found.document.relations, found.judgement.unrelated) == ((), frozenset())


# What is judged.


def test_judged_pairs_are_unrelated_unless_their_entities_are_related_elsewhere():
    found = read(
        relation("M1", "M3"),
        judged_pairs=[["M2", "M4"], ["M1", "M5"], ["M1", "M6"]],
        entities=[mention(name, type=None) if name == "M6" else mention(name) for name in NAMES],
    )
    assert found.judgement.unrelated == pairs("text:ferrolin", "text:kin2")


def test_types_that_the_entry_renames_are_renamed_in_what_is_judged():
    entry = {"entity_types": {"CHEM": CHEMICAL, "CELL": None}}
    given = {"annotated_types": ["CHEM", GENE, "CELL"], "annotated_pairs": [["CHEM", GENE], ["CELL", GENE]]}
    judgement = read(entry=entry, **given).judgement
    assert judgement.entity_types == {CHEMICAL, GENE}
    assert judgement.complete == pairs(CHEMICAL, GENE)


def test_document_names_the_types_that_it_annotates():
    found = read(annotated_types=[GENE], annotated_pairs=[[GENE, GENE], [CHEMICAL, GENE]]).judgement
    assert found.entity_types == {GENE}
    assert found.complete == {frozenset([GENE]), frozenset([CHEMICAL, GENE])}


def test_only_an_abstract_has_the_id_of_its_article():
    assert read(unit="abstract").document.id == "9001"
    found = read(unit="sentence")
    assert (found.document.id, found.pmid) == ("a:1", "9001")
    assert read(unit="abstract", pmid=None).document.id == "a:1"


def test_two_mentions_of_one_name_are_an_error():
    with pytest.raises(AnnotationError, match=r"^entities\[1\]: another mention is named 'M1', too"):
        read(entities=[mention("M1"), mention("M2", mention="M1")])


@pytest.mark.parametrize(
    ("relations", "changes", "message"),
    [
        ([{"head": "T9"}], {}, r"^relations\[0\]: head names 'T9', which is no mention of `entities`; write"),
        ([{}, {"tail": "m3"}], {}, r"^relations\[1\]: tail names 'm3', .*; did you mean 'M3'\?$"),
        ([{"subject": "Head"}], {}, r"^relations\[0\]: subject is 'Head'; it is one of head, tail, none, unknown"),
        ([], {"relations": [{"head": "M1", "tail": "M2"}]}, r"^relations\[0\] has no 'source_type'; add it$"),
        ([], {"judged_pairs": [["M1", "M3"], ["M1", "M99"]]}, r"^judged_pairs\[1\] names 'M99', which"),
        (
            [],
            {"judged_pairs": [["M1", "M3", "M5"]]},
            r"^judged_pairs\[0\] is \['M1'.*; write a list of lists of two men",
        ),
        ([], {"judged_pairs": ["M1", "M3"]}, r"^judged_pairs\[0\] is 'M1'; write"),
        ([], {"equivalent": ["M1", "M3"]}, r"^equivalent\[0\] is 'M1'; write a list of lists of mentions$"),
        ([], {"equivalent": [["M1", "M"]]}, r"^equivalent\[0\] names 'M', which"),
        ([], {"annotated_pairs": [CHEMICAL, GENE]}, r"^annotated_pairs\[0\] is 'Chem.* lists of two entity types$"),
        ([], {"annotated_types": CHEMICAL}, r"^annotated_types is 'ChemicalEntity'; write a list of entity types"),
        ([], {"entities": [mention("M1", end=900)]}, r"^entities\[0\]: ends at 900"),
        ([], {"entities": [mention("M1", text="Ferrolina")]}, r"^entities\[0\]: says 'Ferrolina' but the text at"),
        ([], {"entities": [{"start": 0, "end": 4}]}, r"^entities\[0\] has no 'type'"),
    ],
)
def test_what_a_key_cannot_hold_is_refused(relations, changes, message):
    with pytest.raises(AnnotationError, match=message):
        judged_document(line(*(relation("M1", "M3") | each for each in relations), **changes), CorpusEntry("a"))


# Files.


def test_file_is_read_by_splits_and_errors_name_their_line(tmp_path):
    path = tmp_path / "a.jsonl"
    lines = [line(split="train", annotated_types=[]), line(split="dev", id="a:2", annotated_types=[], pmid=None)]
    path.write_text("\n".join(map(json.dumps, lines)))
    assert says_types(str(path))
    found = read_judged(CorpusEntry(str(path), split=["dev"]), STRICT)
    assert [each.document.id for each in found] == ["a:2"]
    bad = line(entities=[mention("M1", end=900)], annotated_types=[])
    path.write_text("\n".join(map(json.dumps, [bad, {"id": "3", "annotated_types": []}])))
    with pytest.raises(AnnotationError, match=r"a\.jsonl:1: "):
        list(read_judged(CorpusEntry(str(path)), STRICT))
    path.write_text(json.dumps({"id": "3", "annotated_types": []}))
    with pytest.raises(ParseError, match=r"a\.jsonl:1: is no document with id, text"):
        list(read_judged(CorpusEntry(str(path)), STRICT))
    path.write_text("\ufeff\n" + json.dumps(line(relation("M1", "M3"), relation("T9", "M3"), annotated_types=None)))
    assert says_types(str(path))
    (found,) = read_judged(CorpusEntry(str(path)), policy := ErrorPolicy("skip-mention"))
    assert (len(found.document.relations), policy.skipped_number("relation")) == (1, 1)
    path.write_text(json.dumps({"id": "3", "annotated_types": []}))
    policy = ErrorPolicy("skip-document")
    assert list(read_judged(CorpusEntry(str(path)), policy)) == []
    assert policy.skipped_number("document") == 1
