"""Gold documents and predictions from files, and predictions of a pipeline."""

import gzip
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from biodir.document_biodir import Document, Mention, Relation
from biodir.document_results_biodir import FURTHER
from biodir.errors_biodir import AnnotationError, BioDirError, ErrorPolicy, ParseError, SettingError
from biodir.evaluation.predictions import (
    predicted_documents,
    read_gold,
    read_predictions,
    with_sure_directions,
)
from biodir.inference.outputs import predicted_relations

RESULT = {
    "subject": {"id": "7", "type": "ChemicalEntity", "text": "iron"},
    "object": {"id": "5", "type": "GeneOrGeneProduct", "text": "it"},
    "relation": "Bind",
    "directed": True,
    "novelty": "Novel",
    "score": 0.06,
    "relation_score": 0.5,
    "novelty_score": 0.4,
    "direction_score": 0.3,
    "evidence": [],
}


GOLD = [Document("1", ""), Document("2", "")]


def read(file, gold=GOLD[:1]):
    return read_predictions(file, gold)


def written(tmp_path, *lines, name="predictions.jsonl"):
    file = tmp_path / name
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    return file


def test_results_of_predict_are_documents_with_relations(tmp_path):
    undirected = {**RESULT, "directed": False}
    file = written(tmp_path, {"id": "1", "relations": [RESULT]}, "", {"id": "2", "relations": [undirected]})
    relation = Relation("Bind", "7", "5", "Novel", "7", relation_score=0.5, novelty_score=0.4, direction_score=0.3)
    relations = relation, replace(relation, subject_id=None)
    assert read(file, GOLD) == [
        Document(name, "", relations=(each,)) for name, each in zip("12", relations, strict=True)
    ]


def test_one_value_over_several_lines_is_no_json_lines(tmp_path):
    file = written(tmp_path, '{"id": "1", "relations": [', json.dumps(RESULT), "]}", name="predictions.json")
    assert [each.relations[0].pair for each in read(file, GOLD)] == [frozenset("75")]


@pytest.mark.parametrize("given", ["results", "lists", "documents"])
def test_values_in_several_lines_are_read_one_after_another(given, tmp_path):
    text = {"text": "Iron"} if given == "documents" else {}
    found = [{"id": name, **text, "relations": [RESULT]} for name in "12"]
    values = [json.dumps([each] if given == "lists" else each, indent=2) for each in found]
    documents = read(written(tmp_path, *values, name="predictions.json"), GOLD)
    assert [(each.id, [relation.pair for relation in each.relations]) for each in documents] == [
        ("1", [frozenset("75")]),
        ("2", [frozenset("75")]),
    ]


def test_json_lines_with_texts_are_documents(tmp_path):
    relation = {"relation": "Bind", "entity1": "7", "entity2": "5"}
    (document,) = read(written(tmp_path, {"id": "1", "text": "Iron", "relations": [relation]}))
    assert (document.text, document.relations) == ("Iron", (Relation("Bind", "7", "5"),))


def test_directions_with_low_scores_are_left_open():
    sure, unsure = (Relation("Bind", "7", "5", "Novel", "7", 0.9, 0.9, score) for score in (0.8, 0.7))
    undirected = Relation("Bind", "7", "6", "Novel", None, 0.9, 0.9, 0.6)
    documents = [Document("1", "", relations=(sure, unsure, undirected), subject_lines=(("7", "5"),))]
    (found,) = with_sure_directions(documents, 0.8)
    assert found.relations == (sure, replace(unsure, subject_id=None, direction_score=None), undirected)
    assert found.subject_lines == ()
    assert with_sure_directions(documents, None) == documents
    with pytest.raises(SettingError, match=r"--min-direction-score is 1\.5; scores lie in 0\.\.1"):
        with_sure_directions(documents, 1.5)
    without = [Document("1", "", relations=(replace(sure, direction_score=None),))]
    with pytest.raises(AnnotationError, match="1 directed relations without a score of their direction"):
        with_sure_directions(without, 0.5)


@pytest.mark.parametrize("text", [{}, {"text": "Iron"}])
def test_first_result_of_two_identifiers_counts_as_in_pubtator(text, tmp_path):
    gene = {**RESULT, "subject": {**RESULT["subject"], "type": "GeneOrGeneProduct"}, "relation": "Association"}
    other = {**RESULT, "object": {**RESULT["object"], "id": "8"}}
    file, policy = written(tmp_path, {"id": "1", **text, "relations": [RESULT, gene, other]}), ErrorPolicy()
    (document,) = read_predictions(file, GOLD, policy)
    assert document.relations == predicted_relations([RESULT, gene, other])
    assert policy.notes == {FURTHER: 1}


@pytest.mark.parametrize("in_a_list", [False, True])
def test_results_with_entities_are_documents_with_mentions(tmp_path, in_a_list):
    entity = {"start": 0, "end": 4, "text": "Iron", "type": "ChemicalEntity", "id": ["7"]}
    values = [{"id": name, "text": "Iron", "entities": [entity], "relations": []} for name in ("1", "2")]
    values[1]["relations"] = [RESULT]
    first, second = read(written(tmp_path, *([values] if in_a_list else values)), GOLD)
    assert first.mentions == second.mentions == (Mention(0, 4, "Iron", "ChemicalEntity", ("7",)),)
    assert (first.relations, [each.subject_id for each in second.relations]) == ((), ["7"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "predictions.jsonl:2: not JSON"),
        ("5", "predictions.jsonl:2: not a result of `biodir predict`"),
        ({"id": None, "relations": []}, "predictions.jsonl:2: not a result of `biodir predict`"),
        ({"id": "7"}, "predictions.jsonl:2: the relations are missing, not a list; a result"),
        ({"id": "7", "relations": 5}, "predictions.jsonl:2: the relations are int 5, not a list"),
        ({"id": "7", "relations": [{"relation": "Bind"}]}, "relations.0.: 'entity1' is None, not a string"),
    ],
)
def test_bad_line_is_named(tmp_path, line, message):
    with pytest.raises(BioDirError, match=message):
        read(written(tmp_path, {"id": "1", "relations": []}, line))


def test_result_whose_relations_are_null_has_none(tmp_path):
    assert read(written(tmp_path, {"id": "1", "relations": None})) == [Document("1", "")]


def test_collection_with_relations_beside_its_documents_is_no_result(tmp_path):
    collection = {"documents": [{"id": "1", "passages": [{"offset": 0, "text": "Iron"}]}], "relations": []}
    assert [document.text for document in read(written(tmp_path, collection))] == ["Iron"]


# Relations without text.

LINES = """# from a system

1\tBind\t7\t5\tNovel
2\tAssociation\tD1\tc|SUB|A|5|T\tNo\t0.75
1\t7\t5\tSubject:7
2\t0\t4\tIron\tChemicalEntity\t7
1\tBind\t5\t8
"""


@pytest.mark.parametrize("opened", ["as it is", "Windows", "packed"])
def test_relation_lines_of_pubtator_are_read_without_text(tmp_path, opened):
    file, policy = tmp_path / "relations.txt", ErrorPolicy()
    content = LINES.replace("\n", "\r\n" if opened == "Windows" else "\n").encode()
    file.write_bytes(gzip.compress(content) if opened == "packed" else content)
    one, two = read_predictions(file, GOLD, policy)
    assert one == Document("1", "", relations=(Relation("Bind", "7", "5", "Novel", "7"), Relation("Bind", "5", "8")))
    assert two.relations == (Relation("Association", "D1", "c|SUB|A|5|T", "No", relation_score=0.75),)
    assert [*policy.notes.values()] == [1]


def test_bad_relation_line_is_named_or_left_out(tmp_path):
    file = written(tmp_path, "1\tBind\t7\t5", "2\tBind\t7\t5\tNovel\t1.5", name="relations.txt")
    with pytest.raises(ParseError, match=r"relations\.txt:2: score '1\.5' of a relation is not a number from 0 to 1"):
        read(file, GOLD)
    policy = ErrorPolicy("skip-mention")
    assert [len(document.relations) for document in read_predictions(file, GOLD, policy)] == [1, 0]
    assert policy.skipped_number("relation") == 1


def test_unknown_type_in_relation_lines_is_named_with_line_and_pair(tmp_path):
    file = written(tmp_path, "1\tBindx\t7\t5", name="relations.txt")
    with pytest.raises(AnnotationError, match=r"relations\.txt:1: relation of 7 and 5: the relation type 'Bindx'"):
        read(file)


def test_name_of_the_relation_map_that_never_occurs_is_noted(tmp_path):
    file, policy = written(tmp_path, "1\tBind\t7\t5", name="relations.txt"), ErrorPolicy()
    read_predictions(file, GOLD, policy, {"is by": "Bind"})
    assert policy.notes == {f"{file}: names of --relation-map that it has not (is by)": 1}


def test_gold_without_relations_gets_the_advice_of_its_command(tmp_path):
    file = written(tmp_path, {"id": "1", "text": "Iron", "entities": []})
    with pytest.raises(AnnotationError, match="1 document without any relation; give documents with annotated"):
        read_gold(file)
    with pytest.raises(AnnotationError, match="without any relation; score mentions"):
        read_gold(file, advice="score mentions")


OWN = {"relation": "Bind", "entity1": "7", "entity2": "5", "novelty": "Novel"}


def test_documents_without_ids_agree_by_their_place_in_the_file(tmp_path):
    mentions = [
        {"start": 0, "end": 4, "type": "Chemical", "id": "7"},
        {"start": 5, "end": 8, "type": "Gene", "id": "5"},
    ]
    document = {"text": "Iron JUN", "entities": mentions, "relations": [OWN]}
    gold = read_gold(written(tmp_path, document, document, name="gold.jsonl"))
    found = read(written(tmp_path, document, document), gold)
    assert [each.id for each in found] == [each.id for each in gold] == ["gold.jsonl:1", "gold.jsonl:2"]
    with pytest.raises(AnnotationError, match=r"1 only in the predictions \(predictions\.jsonl:3\)"):
        read(written(tmp_path, document, document, document), gold)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("relations", [[OWN], [{**RESULT, "directed": False}]])
def test_relations_in_a_list_of_json_are_read_without_text(tmp_path, relations, indent):
    file = tmp_path / "predictions.json"
    file.write_text(json.dumps([{"id": 1, "relations": relations}, {"id": "2", "relations": None}], indent=indent))
    one, two = read(file, GOLD)
    (relation,) = one.relations
    assert (relation.relation_type, relation.pair, relation.novelty) == ("Bind", {"5", "7"}, "Novel")
    assert two.relations == ()


def test_predictions_are_read_from_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    line = json.dumps({"id": "1", "relations": [RESULT]})
    with ThreadPoolExecutor() as pool:
        pool.submit(pipe.write_text, line)
        assert len(read(pipe)[0].relations) == 1


# What the policy leaves out.


def test_documents_that_gold_lacks_are_refused_or_left_out(tmp_path):
    file = written(tmp_path, *({"id": name, "relations": []} for name in "1231"))
    with pytest.raises(AnnotationError, match=r"predictions\.jsonl:4: document 1 occurs twice; keep one"):
        read(file)
    policy = ErrorPolicy("skip-document")
    assert [document.id for document in read_predictions(file, GOLD, policy)] == ["1", "2"]
    assert policy.summary() == [
        "left out: 2 documents (document that gold lacks: 1, document that occurs twice: 1)",
    ]


@pytest.mark.parametrize("own_entities", [False, True])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"novelty": "novel"}, "predictions: document 1 has the novelty 'novel' between 7 and 5; did you mean 'Novel'"),
        ({"relation": "Binding"}, "relation of 7 and 5: the relation type 'Binding' is unknown; did you mean 'Bind'"),
    ],
)
def test_relation_with_an_unknown_label_follows_the_policy(change, message, own_entities, tmp_path):
    good = {"id": "2", "relations": [{**OWN, "relation": "negative correlation"}]}
    file = written(tmp_path, {"id": "1", "relations": [{**OWN, **change}, OWN]}, good)
    with pytest.raises(AnnotationError, match=rf"predictions\.jsonl:1: {message}"):
        read_predictions(file, GOLD, own_entities=own_entities)
    for errors, kept in (("skip-document", {"2": 1}), ("skip-mention", {"1": 1, "2": 1})):
        found = read_predictions(file, GOLD, ErrorPolicy(errors), own_entities=own_entities)
        assert {each.id: len(each.relations) for each in found} == kept
        assert found[-1].relations[0].relation_type == "Negative_Correlation"


def test_gold_relation_of_the_label_of_unrelated_pairs_follows_the_policy(tmp_path):
    file = written(tmp_path, {"id": "1", "text": "Iron", "relations": [{**OWN, "relation": "None"}, OWN]})
    with pytest.raises(AnnotationError, match=r"predictions\.jsonl:1: gold: document 1 has the relation type 'None'"):
        read_gold(file)
    (document,) = read_gold(file, ErrorPolicy("skip-mention"))
    assert document.relations == (Relation("Bind", "7", "5", "Novel"),)


def test_gold_document_that_contradicts_itself_follows_the_policy(tmp_path):
    def relations(*novelties):
        return [{"relation": "Bind", "entity1": "7", "entity2": "5", "novelty": name} for name in novelties]

    rows = [{"id": "1", "text": "Iron", "relations": relations("No", "Novel")}]
    rows.append({"id": "2", "text": "Iron", "relations": relations("No", "No")})
    file = written(tmp_path, *rows)
    with pytest.raises(AnnotationError, match=r"predictions\.jsonl:1: gold: document 1 has Bind between 7 and 5 in "):
        read_gold(file)
    for errors, expected in (("skip-document", {"2": ["No"]}), ("skip-mention", {"1": ["No"], "2": ["No"]})):
        policy = ErrorPolicy(errors)
        found = {each.id: [relation.novelty for relation in each.relations] for each in read_gold(file, policy)}
        assert found == expected
        assert len(policy.summary()) == 2  # what was left out, and the relation that is given again


def test_predictions_of_a_pipeline_replace_the_gold_relations():
    document = Document("1", "", relations=(Relation("Bind", "7", "5"),), subject_lines=(("7", "5"),))
    (found,) = predicted_documents(lambda documents: ([RESULT] for _ in documents), [document])
    assert found.relations == (Relation("Bind", "7", "5", "Novel", "7", 0.5, 0.4, 0.3),)
    assert found.subject_lines == ()
