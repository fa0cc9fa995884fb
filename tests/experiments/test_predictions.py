"""Joined predictions, accuracies of heads, parts of corpora."""

import json

import pytest

from biodir.__main__ import main as biodir
from biodir.document_biodir import Relation
from biodir.errors_biodir import AnnotationError, SettingError
from biodir.formats.pubtator_writer import write_pubtator
from biodir.formats.reading import read_documents
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, LEVELS, TASKS
from experiments import prepare
from experiments.predictions import head_scores, joined_results, main, models_of
from helpers.marked import marked_document
from helpers.tiny_checkpoint import save_checkpoint

ENTITIES = {"C1": CHEMICAL, "D1": DISEASE, "G1": GENE}


def result(subject: str, other: str, relation: str = "Association", **values) -> dict:
    """A result of the pipeline; the scores of its parts are 0.5 by default."""
    found = {"relation": relation, "directed": True, "novelty": "No", "score": 0.125, "evidence": []}
    found |= {"relation_score": 0.5, "novelty_score": 0.5, "direction_score": 0.5}
    for side, name in (("subject", subject), ("object", other)):
        found[side] = {"id": name, "type": ENTITIES[name], "text": name}
    return {**found, **values}


def with_scores(result: dict, *tasks: str, **relation: float) -> dict:
    """The result with the scores of these tasks; relation labels are 0 unless named."""
    labels = {"None": 0.9, "Association": 0.0, "Negative_Correlation": 0.0, **relation}
    return {**result, "scores": {task: labels if task == "relation" else {"None": 0} for task in tasks}}


# Joining.


def test_type_comes_from_the_relation_model_and_the_rest_from_the_others():
    related = with_scores(result("C1", "D1", "Bind", relation_score=0.8), "relation")
    novelty = result("C1", "D1", "None", novelty="Novel", novelty_score=0.5)
    direction = result("D1", "C1", "None", direction_score=0.25)
    (joined,) = joined_results("1", {"relation": [related], "novelty": [novelty], "direction": [direction]})
    assert (joined["relation"], joined["novelty"], joined["directed"]) == ("Bind", "Novel", True)
    assert (joined["subject"]["id"], joined["object"]["id"]) == ("D1", "C1")
    assert (joined["relation_score"], joined["novelty_score"], joined["direction_score"]) == (0.8, 0.5, 0.25)
    assert joined["score"] == pytest.approx(0.1)


def test_joined_are_the_pairs_that_the_relation_model_relates_with_the_highest_score_first():
    found = [result("C1", "D1"), result("C1", "G1", relation_score=0.9, direction_score=None)]
    found = [with_scores(each, "relation") for each in [*found, result("D1", "G1", "None")]]
    joined = joined_results("1", {"relation": found, "novelty": found})
    assert [(each["object"]["id"], each["score"]) for each in joined] == [("G1", 0.45), ("D1", 0.125)]


def test_pair_that_a_model_does_not_score_is_an_error_with_the_document():
    with pytest.raises(AnnotationError, match="document 9: the novelty model does not score C1 and D1"):
        joined_results("9", {"relation": [with_scores(result("C1", "D1"), "relation")], "novelty": []})


def test_models_are_named_by_task_or_there_is_one():
    assert models_of(["relation=a", "novelty=b=c"]) == {"relation": "a", "novelty": "b=c"}
    assert models_of(["a"]) == {"relation": "a"}
    for given in (["a", "b"], ["relation=a", "type=a"], ["novelty=a"]):
        with pytest.raises(SettingError, match="--models"):
            models_of(given)


GOLD = marked_document(
    "<C:C1 Iron> harms the <D:D1 liver>. The <G:G1 gene> too.",
    relations=(
        Relation("Negative_Correlation", "C1", "D1", "Novel", "C1"),
        Relation("Association", "D1", "G1", "No"),
        Relation("Bind", "C1", "X9", "Novel"),
    ),
)


@pytest.mark.parametrize("tasks", [[*TASKS], ["novelty", "direction"]])
def test_model_has_the_scores_of_evaluate_and_joined_with_itself_the_same(tmp_path, tasks):
    absent = {f"{task}_labels": [] for task in TASKS if task not in tasks}
    model, gold = save_checkpoint(tmp_path / "model", **absent), tmp_path / "gold.pubtator"
    write_pubtator([GOLD], gold)
    outputs = {name: tmp_path / f"{name}.json" for name in ("evaluated", "scored", "joined")}
    assert (
        biodir([*map(str, ["evaluate", gold, "--model", model, "--json", outputs["evaluated"]]), "--device", "cpu"])
        == 0
    )
    for name, models in (
        ("scored", [model]),
        ("joined", [f"{task}={model}" for task in dict.fromkeys(("relation", *tasks))]),
    ):
        main([*map(str, [gold, "--models", *models, "--json", outputs[name]]), "--device", "cpu"])
    evaluated, scored, joined = (json.loads(path.read_text()) for path in outputs.values())
    assert set(scored.pop("heads")) == set(tasks)
    assert scored == evaluated
    assert {level: joined[level] for level in LEVELS} == {level: scored[level] for level in LEVELS}


# Accuracies of heads.


def test_heads_are_scored_on_gold_pairs_without_the_label_of_unrelated_pairs():
    tasks = ("relation", "novelty", "direction")
    answers = [
        with_scores(result("C1", "D1", "None", novelty="Novel"), *tasks, Negative_Correlation=0.2),
        with_scores(result("D1", "G1", "None", novelty="Novel"), *tasks, Negative_Correlation=0.1),
        with_scores(result("C1", "G1", "Association"), *tasks, Association=1.0),
    ]
    found = head_scores([GOLD], [answers])
    assert found == {task: {"accuracy": 0.5, "right": 1, "pairs": 2} for task in tasks}


def test_undirected_gold_needs_an_undirected_prediction_and_a_missing_head_has_no_score():
    answers = [with_scores(result("D1", "G1", directed=False), "direction")]
    assert head_scores([GOLD], [answers]) == {"direction": {"accuracy": 1, "right": 1, "pairs": 1}}


# Parts of corpora.

NUMBERED = [marked_document("<C:C1 Iron> harms.", id=str(number)) for number in range(10)]


def ids_of(path) -> list[str]:
    return [document.id for document in read_documents(path)]


def test_parts_of_a_file_have_their_number_of_documents_whatever_the_order(tmp_path):
    first, *parts = (tmp_path / name for name in ("first.jsonl", "train.pubtator", "dev.jsonl"))
    source = str(tmp_path / "all.pubtator")
    for order in (1, -1):
        write_pubtator(NUMBERED[::order], source)
        prepare.main(["split", source, "--held-out", "3", "--parts", *map(str, parts)])
        assert [ids_of(part)[::order] for part in parts] == [[*"0123567"], [*"489"]]
    prepare.main(["first", source, "-o", str(first), "--documents", "4"])
    assert ids_of(first) == [*"9876"]
