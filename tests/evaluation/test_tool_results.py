"""Files of other tools as predictions: PubTator 3, BioREx, BioREDirect, GLiNER-relex and INDRA. All written by hand."""

import json

import pytest

from biodir.document_biodir import Relation
from biodir.errors_biodir import AnnotationError, ErrorPolicy, ParseError
from biodir.evaluation.gold_names import INDRA_RELATIONS
from biodir.evaluation.indra_statements import ONE_AGENT
from biodir.evaluation.predictions import read_predictions
from helpers.marked import marked_document

GOLD = [
    marked_document("Old news. <C:D1 Iron> activates <G:1956 EGFR> in <D:D2 flu>.", id="7"),
    marked_document("<G:5 AKT> meets <G:6 BAD>.", id="8"),
]
NOTHING = {"7": (), "8": ()}


def read(tmp_path, content, name="out.json", policy=None, relation_map=None):
    file = tmp_path / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return {each.id: each.relations for each in read_predictions(file, GOLD, policy or ErrorPolicy(), relation_map)}


# PubTator 3 and BioREx.


def test_relations_of_pubtator3_are_between_the_entities_of_gold(tmp_path):
    roles = {"role1": {"identifier": "MESH:D1", "type": "Chemical"}, "role2": {"identifier": "1956", "type": "Gene"}}
    passage = {"offset": 0, "text": GOLD[0].text, "annotations": []}
    relation = {"id": "R1", "infons": {"score": "0.9992", "type": "Positive_Correlation", **roles}, "nodes": []}
    found = read(tmp_path, {"PubTator3": [{"id": "7", "passages": [passage], "relations": [relation]}]})
    assert found == {"7": (Relation("Positive_Correlation", "D1", "1956", relation_score=0.9992),)}


@pytest.mark.parametrize("text", [f"7|t|{GOLD[0].text}\n7|a|\n7\t10\t14\tIron\tChemicalEntity\tMESH:D1\n", ""])
def test_scores_of_biorex_are_not_novelties(text, tmp_path):
    found = read(tmp_path, f"{text}7\tAssociation\tMESH:D1\tD2\t0.97\n", "out.pubtator")
    assert found == {"7": (Relation("Association", "D1", "D2", relation_score=0.97),)}


def test_predictions_of_bioredirect_have_their_scores(tmp_path):
    lines = "7\tBind|0.98\tD1\t1956\tNovel|0.9\n7\tD1\t1956\tSubject:1956|0.97\n"
    assert read(tmp_path, lines, "out.pubtator") == {
        "7": (Relation("Bind", "D1", "1956", "Novel", "1956", 0.98, 0.9, 0.97),)
    }


# GLiNER-relex.


def end(text, gold=GOLD[0]):
    start = gold.text.index(text)
    return {"start": start, "end": start + len(text), "text": text, "type": "entity", "entity_idx": 0}


RELEX = {"head": end("Iron"), "tail": end("EGFR"), "relation": "stimulates", "score": 0.81}
STIMULATES = {"stimulates": "Positive_Correlation"}


@pytest.mark.parametrize("in_a_list", [False, True])
def test_result_of_gliner_relex_has_the_head_as_subject(in_a_list, tmp_path):
    values = [{"id": 8.0, "entities": [], "relations": []}, {"id": "7", "text": GOLD[0].text, "relations": [RELEX]}]
    content = values if in_a_list else "\n".join(map(json.dumps, values))
    expected = Relation("Positive_Correlation", "D1", "1956", None, "D1", 0.81)
    assert read(tmp_path, content, relation_map=STIMULATES) == {"7": (expected,), "8": ()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"relation": "likes"}, "the relation type 'likes' is unknown; known are"),
        ({"score": 3}, r"relations\[0\]: the score is 3, not a number from 0 to 1"),
        ({"head": {"text": 5}}, r"relations\[0\], head: is .* not a mapping with text, start and end"),
        ({"head": {**end("Iron"), "start": 0.5}}, r"head: start 0\.5 and end 14 are not whole numbers"),
        ({"head": {**end("Iron"), "start": 0, "end": 4}}, r"relations\[0\]: says 'Iron', but gold's text at \[0, 4\)"),
    ],
)
def test_bad_relation_of_gliner_relex_is_named(change, message, tmp_path):
    content = {"id": "7", "relations": [RELEX, {**RELEX, **change}]}
    content["relations"].reverse()
    with pytest.raises(AnnotationError, match=message):
        read(tmp_path, content, relation_map=STIMULATES)


def test_only_the_bad_relation_is_left_out(tmp_path):
    policy = ErrorPolicy("skip-mention")
    content = {"id": "7", "relations": [RELEX, {**RELEX, "score": 3}, {**RELEX, "relation": "likes"}]}
    assert len(read(tmp_path, content, policy=policy, relation_map=STIMULATES)["7"]) == 1
    assert policy.skipped_number("relation") == 2


def test_result_of_a_document_that_gold_lacks_is_named(tmp_path):
    with pytest.raises(AnnotationError, match=r"documents differ: 1 only in the predictions \(9\)"):
        read(tmp_path, {"id": "9", "relations": [RELEX]}, relation_map=STIMULATES)


def test_result_without_id_is_refused(tmp_path):
    with pytest.raises(AnnotationError, match=r"out\.json:1: names no document; give each result the 'id'"):
        read(tmp_path, {"relations": [RELEX]}, relation_map=STIMULATES)


# INDRA and indra-bert.

SENTENCE = "Iron activates EGFR in flu."


def statement(kind, agents, texts=("Iron", "EGFR"), sentence=SENTENCE, **evidence):
    coords = [[sentence.index(text), sentence.index(text) + len(text)] for text in texts]
    annotations = {"agents": {"raw_text": list(texts), "coords": coords}}
    found = {"source_api": "indra_bert", "text": sentence, "annotations": annotations, **evidence}
    return {"type": kind, **agents, "evidence": [found]}


def agent(name, **references):
    return {"name": name, "db_refs": {"TEXT": name, **references}}


ACTIVATION = statement("Activation", {"subj": agent("Iron"), "obj": agent("EGFR")}, pmid="7")
ACTIVATED = Relation("Positive_Correlation", "D1", "1956", None, "D1")


def test_statements_belong_to_the_documents_of_their_evidence(tmp_path):
    bound = statement("Complex", {"members": [agent("x", EGID="5"), agent("y", EGID="6")]}, (), text_refs={"PMID": "8"})
    found = read(tmp_path, [{**ACTIVATION, "belief": 0.9}, ACTIVATION, bound])
    assert found == {
        "7": (Relation("Positive_Correlation", "D1", "1956", None, "D1", 0.9),),
        "8": (Relation("Bind", "5", "6"),),
    }


@pytest.mark.parametrize(
    ("kind", "roles", "expected"),
    [
        ("Phosphorylation", ("enz", "sub"), Relation("Association", "D1", "1956", None, "D1")),
        ("Inhibition", ("obj", "subj"), Relation("Negative_Correlation", "1956", "D1", None, "1956")),
        ("Complex", ("members.0", "members.1"), Relation("Bind", "D1", "1956")),
    ],
)
def test_roles_of_a_statement_are_the_direction(kind, roles, expected, tmp_path):
    agents = dict(zip(roles, (agent("Iron"), agent("EGFR")), strict=True))
    assert read(tmp_path, {"id": "7", "statements": [statement(kind, agents)]}) == {"7": (expected,)}


ROLES_OF = {
    **dict.fromkeys(("Activation", "Inhibition", "IncreaseAmount", "DecreaseAmount", "Influence"), ("subj", "obj")),
    **{"Complex": ("members.0", "members.1"), "Gef": ("gef", "ras"), "Gap": ("gap", "ras")},
}


@pytest.mark.parametrize("kind", INDRA_RELATIONS)
def test_every_known_type_of_a_statement_gives_a_relation(kind, tmp_path):
    agents = dict(zip(ROLES_OF.get(kind, ("enz", "sub")), (agent("Iron"), agent("EGFR")), strict=True))
    expected = Relation(INDRA_RELATIONS[kind], "D1", "1956", None, None if kind == "Complex" else "D1")
    assert read(tmp_path, {"id": "7", "statements": [statement(kind, agents)]}) == {"7": (expected,)}


def test_structured_statements_of_indra_bert_have_their_confidence(tmp_path):
    roles = [{"role": "subj", "text": "Iron", "start": 0, "end": 4}, {"role": "obj", "text": "EGFR"}]
    predicted = {"stmt_pred": {"label": "Activation", "confidence": 0.98}, "role_pred": {"roles": roles}}
    expected = Relation("Positive_Correlation", "D1", "1956", None, "D1", 0.98)
    value = {"original_text": SENTENCE, **predicted}
    assert read(tmp_path, {"id": "7", "statements": [value]}) == {"7": (expected,)}


def test_influence_between_events_is_one_of_their_concepts(tmp_path):
    events = {role: {"type": "Event", "concept": agent(name)} for role, name in (("subj", "Iron"), ("obj", "EGFR"))}
    found = read(tmp_path, [statement("Influence", events, pmid="7")])
    assert found == {"7": (Relation("Association", "D1", "1956", None, "D1"),)}


def test_statement_of_one_agent_relates_nothing(tmp_path):
    policy = ErrorPolicy()
    single = statement("Autophosphorylation", {"enz": agent("EGFR"), "sub": None}, ("EGFR",), pmid="7")
    assert read(tmp_path, [single, ACTIVATION], policy=policy) == {"7": (ACTIVATED,)}
    assert policy.notes[ONE_AGENT] == 1


def test_statement_without_document_is_refused(tmp_path):
    nameless = statement("Activation", {"subj": agent("Iron"), "obj": agent("EGFR")})
    with pytest.raises(AnnotationError, match=r"result 2: no statement of INDRA whose evidence names its document"):
        read(tmp_path, [ACTIVATION, nameless])
    with pytest.raises(AnnotationError, match=r"the subj is 'Iron', not an agent with a name"):
        read(tmp_path, {"id": "7", "statements": [{**ACTIVATION, "subj": "Iron"}]})
    with pytest.raises(AnnotationError, match=r"statement 0: \{'a': 1\} is no statement of INDRA"):
        read(tmp_path, {"id": "7", "statements": [{"a": 1}]})


@pytest.mark.parametrize("values", [[{"id": 8, "relations": []}, {"id": "7", "relations": [RELEX]}], [ACTIVATION] * 2])
@pytest.mark.parametrize("cut", [0, 1, 2])
def test_only_the_cut_line_of_json_lines_is_an_error(cut, values, tmp_path):
    lines = [json.dumps(value) for value in values]
    lines.insert(cut, lines[-1][:-9])
    with pytest.raises(ParseError, match=rf"out\.json:{cut + 1}: not JSON \(.*\); put one result on a line"):
        read(tmp_path, "\n".join(lines), relation_map=STIMULATES)
    policy = ErrorPolicy("skip-document")
    assert len(read(tmp_path, "\n".join(lines), policy=policy, relation_map=STIMULATES)["7"]) == 1
    assert policy.summary()[0] == "left out: 1 document (not of its format)"


PLACES = (
    *(("evidence",), ("evidence", 0, "annotations"), ("evidence", 0, "annotations", "agents")),
    *(("evidence", 0, "text_refs"), ("subj",), ("subj", "db_refs"), ("belief",), ("type",)),
)


@pytest.mark.parametrize("odd", [5, "x", [1], {"a": 1}, None, True])
@pytest.mark.parametrize("path", PLACES)
def test_odd_statement_is_read_or_refused(path, odd, tmp_path):
    broken = json.loads(json.dumps(ACTIVATION))
    place = broken
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = odd
    for content in ([ACTIVATION, broken], {"id": "7", "statements": [ACTIVATION, broken]}):
        policy = ErrorPolicy("skip-document")
        assert set(read(tmp_path, content, policy=policy)) <= {"7"}


@pytest.mark.parametrize("odd", [5, "x", {"a": 1}, [5], [None]])
def test_odd_relations_of_gliner_relex_are_refused(odd, tmp_path):
    values = [{"id": "7", "relations": [RELEX]}, {"id": "8", "relations": odd}]
    with pytest.raises(AnnotationError, match=r"out\.json: result 2: document 8"):
        read(tmp_path, values, relation_map=STIMULATES)
