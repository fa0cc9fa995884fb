"""Joined predictions, accuracies of heads, parts of corpora."""

import json

import pytest

from biodir.document_biodir import Relation
from biodir.errors_biodir import AnnotationError, SettingError
from biodir.formats.pubtator_writer import write_pubtator
from biodir.formats.reading import read_documents
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE
from experiments import prepare
from experiments.predictions import head_scores, joined_documents, joined_results, main, models_of, pair_of
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

ENTITIES = {"C1": CHEMICAL, "D1": DISEASE, "G1": GENE}


def result(subject: str, other: str, relation: str = "Association", **values) -> dict:
    """A result of the pipeline; the scores of its parts are 0.5 by default."""
    found = {"relation": relation, "directed": True, "novelty": "No", "score": 0.125, "evidence": []}
    found |= {"relation_score": 0.5, "novelty_score": 0.5, "direction_score": 0.5}
    for side, name in (("subject", subject), ("object", other)):
        found[side] = {"id": name, "type": ENTITIES[name], "text": name}
    return {**found, **values}


def by_pair(*results: dict) -> dict:
    return {pair_of(each): each for each in results}


# Joining.


def test_type_comes_from_the_relation_model_and_the_rest_from_the_others():
    related = [result("C1", "D1", "Bind", relation_score=0.8)]
    novelties = by_pair(result("C1", "D1", "None", novelty="Novel", novelty_score=0.5))
    directions = by_pair(result("D1", "C1", "None", direction_score=0.25))
    (joined,) = joined_results(related, {"novelty": novelties, "direction": directions})
    assert (joined["relation"], joined["novelty"], joined["directed"]) == ("Bind", "Novel", True)
    assert (joined["subject"]["id"], joined["object"]["id"]) == ("D1", "C1")
    assert (joined["relation_score"], joined["novelty_score"], joined["direction_score"]) == (0.8, 0.5, 0.25)
    assert joined["score"] == pytest.approx(0.1)


def test_joined_are_the_pairs_that_the_relation_model_relates_with_the_highest_score_first():
    related = [result("C1", "D1"), result("C1", "G1", relation_score=0.9, direction_score=None)]
    novelties = by_pair(*related, result("D1", "G1", novelty="Novel", novelty_score=1.0))
    joined = joined_results(related, {"novelty": novelties})
    assert [(each["object"]["id"], each["score"]) for each in joined] == [("G1", 0.45), ("D1", 0.125)]


def test_pair_that_a_model_does_not_score_is_an_error_with_the_document():
    document = marked_document("<C:C1 Iron> harms the <D:D1 liver>.", id="9")

    def extract(documents, return_all_scores=False):
        return ([] if return_all_scores else [result("C1", "D1")] for _ in documents)

    with pytest.raises(AnnotationError, match="document 9: the novelty model does not score C1 and D1"):
        list(joined_documents([document], {"relation": extract, "novelty": extract}))


def test_models_are_named_by_task():
    assert models_of(["relation=a", "novelty=b=c"]) == {"relation": "a", "novelty": "b=c"}
    for pairs in (["relation"], ["relation=a", "type=a"], ["novelty=a"]):
        with pytest.raises(SettingError, match="--models"):
            models_of(pairs)


DOCUMENTS = (
    marked_document("<C:C1 Aspirin> cures <D:D2 disease>. The <G:3 gene> and <D:D2 disease>.", id="1"),
    marked_document("The <G:3 gene> of <D:D2 disease>.", id="2"),
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """The folder of a tiny random checkpoint that relates every pair."""
    return save_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture
def documents(tmp_path):
    path = tmp_path / "documents.pubtator"
    write_pubtator(DOCUMENTS, path)
    return path


def test_model_joined_with_itself_predicts_what_it_does_by_itself(checkpoint, documents, tmp_path):
    models = [f"{task}={checkpoint}" for task in ("relation", "novelty", "direction")]
    output = tmp_path / "joined.jsonl"
    given = [str(documents), "--json", str(output), "--device", "cpu", "--models", *models]
    assert main(["join", *given]) == 0
    single = list(open_pipeline(checkpoint)(read_documents(documents)))
    joined = [json.loads(line) for line in output.read_text().splitlines()]
    assert [line["id"] for line in joined] == ["1", "2"]
    for line, results in zip(joined, single, strict=True):
        assert [{**each, "score": 0} for each in line["relations"]] == [{**each, "score": 0} for each in results]
        assert [each["score"] for each in line["relations"]] == pytest.approx([each["score"] for each in results])


# Accuracies of heads.

GOLD = marked_document(
    "<C:C1 Iron> harms the <D:D1 liver>. The <G:G1 gene> too.",
    relations=(
        Relation("Negative_Correlation", "C1", "D1", "Novel", "C1"),
        Relation("Association", "D1", "G1", "No"),
        Relation("Bind", "C1", "X9", "Novel"),
    ),
)


def with_scores(answer: dict, *tasks: str, **relation: float) -> dict:
    """The answer with the scores of these tasks; relation labels are 0 unless named."""
    labels = {"None": 0.9, "Association": 0.0, "Negative_Correlation": 0.0, **relation}
    return {**answer, "scores": {task: labels if task == "relation" else {} for task in tasks}}


def test_heads_are_scored_on_gold_pairs_without_the_label_of_unrelated_pairs():
    tasks = ("relation", "novelty", "direction")
    answers = by_pair(
        with_scores(result("C1", "D1", "None", novelty="Novel"), *tasks, Negative_Correlation=0.2),
        with_scores(result("D1", "G1", "None", novelty="Novel"), *tasks, Negative_Correlation=0.1),
        with_scores(result("C1", "G1", "Association"), *tasks, Association=1.0),
    )
    found = head_scores([GOLD], [answers])
    assert found == {task: {"accuracy": 0.5, "right": 1, "pairs": 2} for task in tasks}


def test_undirected_gold_needs_an_undirected_prediction_and_a_missing_head_has_no_score():
    answers = by_pair(with_scores(result("D1", "G1", directed=False), "direction"))
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
        assert prepare.main(["split", source, "--held-out", "3", "--parts", *map(str, parts)]) == 0
        assert [ids_of(part)[::order] for part in parts] == [[*"0123567"], [*"489"]]
    assert prepare.main(["first", source, "-o", str(first), "--documents", "4"]) == 0
    assert ids_of(first) == [*"9876"]
