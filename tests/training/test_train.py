"""train.py, run over a tiny encoder and a few documents."""

import doctest
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import train
from biodir.configuration_biodir import PAIR_ENCODINGS
from biodir.errors_biodir import AnnotationError, CheckpointError, SettingError
from biodir.formats.pubtator_reader import read_pubtator
from biodir.inference.loading import load_pipeline
from biodir.labels_biodir import CHEMICAL, DISEASE
from biodir.training.checkpoints import last_folder
from helpers.checkout import CHECKOUT
from helpers.document_models import OTHER_KINDS
from helpers.tiny_checkpoint import save_encoder
from helpers.tiny_models import save_encoder as save_tiny_encoder
from helpers.training_runs import DOCUMENT, NO_DROPOUT, log_of, run_training, written

FAST = {"encoder_learning_rate": 0.01, "head_learning_rate": 0.01}
STILL = {"encoder_learning_rate": 0, "head_learning_rate": 0}
OTHER_LABELS = (
    DOCUMENT.replace("Negative_Correlation", "STOPS")
    .replace(CHEMICAL, "Drug")
    .replace(DISEASE, "Symptom")
    .replace("\tNovel", "\tNew")
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    """The folder of a tiny random encoder."""
    folder = tmp_path_factory.mktemp("encoder")
    save_encoder(folder, positions=512)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory, encoder) -> dict[str, Path]:
    """Pair encoding -> the folder of a short run."""
    folder = tmp_path_factory.mktemp("training")
    gold, dev = written(folder / "gold.pubtator", range(1, 9)), written(folder / "dev.pubtator", range(8, 17))
    settings = {"train": gold, "dev": dev, "encoder": encoder, "num_train_epochs": 12, "chunks": "infix", **FAST}
    settings |= {"tokens_per_step": 700, "encoder_settings": NO_DROPOUT}
    settings["task_weights"] = ["novelty=1", "direction=0.5"]
    for form in PAIR_ENCODINGS:
        run_training(**settings, pair_encoding=form, output_dir=folder / form)
    return {form: folder / form for form in PAIR_ENCODINGS}


@pytest.fixture
def short_run(encoder, tmp_path):
    """Runs one epoch of the documents 1 to 4, with further or other settings, and gives the folder of the run."""

    def run(numbers=(1, 2, 3, 4), dev_numbers=(8,), document=DOCUMENT, **changes) -> Path:
        files = {"train": written(tmp_path / "train.pubtator", numbers, document)}
        files["dev"] = written(tmp_path / "dev.pubtator", dev_numbers)
        settings = {**files, "encoder": encoder, "output_dir": tmp_path / "run", "num_train_epochs": 1}
        settings |= {"chunks": "infix", "tokens_per_step": 4096, "overwrite_output_dir": True}
        settings |= {"encoder_settings": NO_DROPOUT, "classifier_dropout": 0}
        run_training(**{**settings, **changes})
        return tmp_path / "run"

    return run


def best_relation(folder: Path) -> tuple:
    """The first relation that the checkpoint of the folder finds in a document."""
    extract = load_pipeline(str(folder), device="cpu")
    found = next(extract(read_pubtator(written(folder / "asked.pubtator", [1]))))[0]
    return found["subject"]["id"], found["relation"], found["object"]["id"], found["novelty"], found["directed"]


def config_of(folder: Path) -> dict:
    return json.loads((folder / "config.json").read_text())


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def are_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("option", ["swap_consistency", "direction_smoothing", "evidence_weight", "coreference_weight"])
def test_options_of_direction_change_what_is_learned(short_run, option):
    undirected = DOCUMENT.replace("{id}\tC1\tD1\tSubject:C1\n", "")  # a type with both, so that smoothing has an effect
    mixed = {"document": DOCUMENT + undirected.replace("{id}", "{id}0"), "pair_encoding": "document"}
    plain, changed = (weights_of(short_run(**mixed, **{option: weight})) for weight in (0, 0.5))
    assert not are_equal(plain, changed)
    assert set(plain) == set(changed)


def test_run_keeps_the_closest_mentions_of_the_checkpoint_that_it_starts_from(short_run, tmp_path):
    settings = {"pair_encoding": "document", "tokens_per_step": 100}
    first = tmp_path / "first"
    short_run(closest_mentions=True, output_dir=first, **settings)
    learned = [name for name, value in weights_of(first).items() if ".mention." in name and value.any()]
    assert len(learned) == 6  # two sides of three heads
    second = short_run(encoder=str(first), **STILL, **settings)
    assert config_of(second)["closest_mentions"]
    assert are_equal(weights_of(second), weights_of(first))
    for others in ({"encoder": short_run(**settings)}, {"pair_encoding": "pairwise"}, {"tasks": "mentions"}):
        short_run(**{"encoder": str(first), **settings, **others, "output_dir": tmp_path / "again"})
        assert not config_of(tmp_path / "again")["closest_mentions"]


def test_run_with_softmax_predicts_by_its_highest_label(short_run):
    settings = {"pair_encoding": "document", "relation_loss": "softmax", "sign_weight": 2.0, "tokens_per_step": 100}
    folder = short_run(num_train_epochs=12, **FAST, **settings)
    config = config_of(folder)
    assert (config["relation_loss"], config["sign_weight"], config["relation_threshold"]) == ("softmax", 2.0, 1.0)
    assert best_relation(folder)[:3] == ("C1", "Negative_Correlation", "D1")


# What a run leaves.


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_best_checkpoint_predicts_the_relation_of_its_documents(runs, form):
    assert best_relation(runs[form]) == ("C1", "Negative_Correlation", "D1", "Novel", True)
    best = max(log_of(runs[form])["epochs"], key=lambda entry: entry["dev"]["relation_type"]["f1"])
    assert best["dev"]["relation_type"]["f1"] == 1.0
    config = config_of(runs[form])
    assert (config["none_bias"], config["pair_encoding"]) == (best["none_bias"], form)
    assert config["task_weights"] == {"novelty": 1, "direction": 0.5}


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_run_starts_from_the_checkpoint_of_a_run_in_its_form(runs, short_run, form):
    again = short_run(encoder=runs[form], **STILL)
    assert log_of(again)["settings"]["pair_encoding"] == form
    assert are_equal(weights_of(again), weights_of(runs[form]))


@pytest.mark.parametrize("family", OTHER_KINDS)
def test_other_kinds_of_encoders_learn_and_are_started_from(tmp_path, short_run, family):
    encoder = save_tiny_encoder(tmp_path / family, family, max_position_embeddings=600)
    settings = {"pair_encoding": "document", "tasks": ["relation", "mentions"], "tagger_layers": 1, "max_tokens": 520}
    settings |= {"encoder_settings": ["initializer_range=0.02"]}
    run = short_run(encoder=encoder, **settings)
    expected, losses = weights_of(run), log_of(run)["epochs"][0]["step_losses"]
    again = short_run(encoder=encoder, gradient_checkpointing=True, **settings)
    assert log_of(again)["epochs"][0]["step_losses"] == pytest.approx(losses, rel=1e-4)
    short_run(encoder=again, output_dir=tmp_path / "still", **settings, **STILL)
    assert are_equal(weights_of(tmp_path / "still"), weights_of(again))
    assert set(expected) == set(weights_of(again))
    found = list(load_pipeline(str(tmp_path / "still"), device="cpu")([{"text": "Aspirin stops pain."}]))
    assert len(found) == 1


def test_run_without_dev_keeps_its_last_epoch_and_the_bias_that_is_given(encoder, tmp_path):
    gold, run = written(tmp_path / "train.pubtator", range(1, 5)), tmp_path / "run"
    settings = {"num_train_epochs": 3, "stop_after_epoch": 2, "none_bias": 1.25, "chunks": "infix"}
    run_training(train=gold, encoder=encoder, output_dir=run, **settings)
    log = log_of(run)
    assert [entry["epoch"] for entry in log["epochs"]] == [1, 2]
    assert (log["best_epoch"], log["steps"], config_of(run)["none_bias"]) == (2, 2, 1.25)
    assert are_equal(weights_of(run), weights_of(last_folder(run)))


def test_log_has_what_was_left_out_of_the_data(short_run, tmp_path, capsys):
    train = written(tmp_path / "own.pubtator", range(1, 5))
    train.write_text(train.read_text() + DOCUMENT.format(id=5).replace("20\t24\tIron", "20\t25\tIron"))
    with pytest.raises(AnnotationError, match=r"own\.pubtator:\d+: says 'Iron' but the text at \[20, 25\) is 'Iron '"):
        short_run(train=train)
    for errors, what in (("skip-document", "document"), ("skip-mention", "mention")):
        log = log_of(short_run(train=train, errors=errors))
        assert log["left_out"] == [f"left out: 1 {what} (mention differs from the text)"]
        assert f"own.pubtator: left out: 1 {what} (mention differs from the text)" in capsys.readouterr().out


# Labels and tasks.


def test_labels_that_biored_lacks_are_those_of_the_data(short_run, tmp_path, capsys):
    dev = written(tmp_path / "own.pubtator", range(9, 12), OTHER_LABELS)
    folder = short_run(numbers=range(1, 9), document=OTHER_LABELS, dev=dev, num_train_epochs=12, **FAST)
    assert "labels of the training data: 1 relation types" in capsys.readouterr().out
    config = config_of(folder)
    assert (config["relation_labels"], config["novelty_labels"]) == (["None", "STOPS"], ["None", "New"])
    assert (config["entity_types"], config["pair_types"]) == (["Drug", "Symptom"], [["Drug", "Symptom"]])
    (found,) = next(load_pipeline(str(folder), device="cpu")(read_pubtator(dev)))
    assert (found["relation"], found["novelty"], found["subject"]["id"]) == ("STOPS", "New", "C1")


@pytest.mark.parametrize("tasks", [["novelty"], ["direction"], ["novelty", "direction"], ["relation", "direction"]])
def test_tasks_are_trained_in_any_combination(short_run, tasks):
    settings = {"metric_for_best_model": "entity_pair", "head_learning_rate": 0.01, "num_train_epochs": 8}
    folder = short_run(tasks=tasks, **settings)
    assert [task for task in ("relation", "novelty", "direction") if config_of(folder)[f"{task}_labels"]] == tasks
    assert log_of(folder)["epochs"][-1]["loss"] < log_of(folder)["epochs"][0]["loss"]
    extract = load_pipeline(str(folder), device="cpu")
    result = next(extract(read_pubtator(folder.parent / "dev.pubtator"), return_all_scores=True))[0]
    assert list(result["scores"]) == tasks
    assert (result["relation_score"] is None) == ("relation" not in tasks)


def test_recipe_for_own_labels_takes_data_without_novelty(encoder, tmp_path):
    files = {name: f"examples/corpus/food_drug_{name}.pubtator" for name in ("train", "dev")}
    run_training(config="recipes/stage2.yaml", **files, encoder=encoder, output_dir=tmp_path, num_train_epochs=1)
    assert config_of(tmp_path)["task_weights"] == {"direction": 0.5}
    assert config_of(tmp_path)["novelty_labels"] == []


# Settings.


def test_run_ends_where_dev_gains_nothing_for_as_long_as_patience(short_run):
    log = log_of(short_run(num_train_epochs=20, early_stopping_patience=3, **STILL))
    assert (log["best_epoch"], len(log["epochs"])) == (1, 4)


def test_average_of_several_steps_is_saved_in_place_of_the_model(short_run):
    folders = {}
    plain, averaged = (
        weights_of(folders.setdefault(decay, short_run(head_learning_rate=0.01, ema_decay=decay, tokens_per_step=64)))
        for decay in (0, 0.5)
    )
    assert log_of(folders[0.5])["steps"] == 12
    differing = {name for name in plain if not torch.equal(plain[name], averaged[name])}
    assert {"heads.relation.classifier.weight", "encoder.embeddings.word_embeddings.weight"} <= differing


def test_loss_that_is_no_number_stops_the_run(short_run):
    message = r"^step \d+: the loss is nan; encoder_learning_rate 1e\+30 and head_learning_rate 1e\+30 are too high"
    with pytest.raises(SettingError, match=message):
        short_run(head_learning_rate=1e30, encoder_learning_rate=1e30, num_train_epochs=9)


def test_configuration_of_accelerate_must_not_contradict(short_run, monkeypatch):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "fp16")
    with pytest.raises(SettingError, match=r"^accelerate was asked for fp16, mixed_precision is no; give train.py"):
        short_run()
    with pytest.raises(SettingError, match=r"^mixed_precision is fp16, which needs a GPU; take bf16, or no$"):
        short_run(mixed_precision="fp16")


def test_accumulation_in_the_environment_changes_no_gradient(short_run, monkeypatch):
    plain = weights_of(short_run(max_grad_norm=0.01, weight_decay=0))
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "4")
    assert are_equal(plain, weights_of(short_run(max_grad_norm=0.01, weight_decay=0)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoder": "no/such/encoder"}, "^encoder no/such/encoder: neither a folder with a model nor a repository"),
        ({"encoder": "tests"}, "^encoder 'tests' cannot be loaded: "),
        ({"encoder_settings": "hidden_act=7"}, r"cannot be loaded: .*hidden_act.*; name a folder or Hub id, and check"),
    ],
)
def test_encoder_that_cannot_be_loaded_is_named(short_run, settings, message):
    with pytest.raises(CheckpointError, match=message):
        short_run(labels="biored", **settings)


def test_unknown_attention_code_is_named(short_run):
    with pytest.raises(SettingError, match=r"^attn_implementation 'foo': .*; take sdpa$"):
        short_run(labels="biored", pair_encoding="pairwise", attn_implementation="foo")


def test_examples_give_what_they_show():
    assert doctest.testmod(train)[:] == (0, 5)


def test_help_needs_no_accelerate_and_a_run_names_what_is_missing():
    start = "import runpy, sys; sys.modules['accelerate'] = None; runpy.run_path('train.py', run_name='__main__')"
    for options, output in (
        (["--help"], "--num_train_epochs"),
        (["--train", "a", "--encoder", "b", "--output_dir", "build/none"], 'accelerate is missing; `pip install ".[tr'),
    ):
        called = [sys.executable, "-c", start, *options]
        found = subprocess.run(called, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        assert output in found.stdout + found.stderr


SENTENCE = {"id": "s1", "text": "Iron eases pain.", "annotated_types": [], "judged_pairs": [], "unit": "sentence"}
SENTENCE |= {
    "entities": [
        {"start": 0, "end": 4, "type": CHEMICAL, "mention": "M1"},
        {"start": 11, "end": 15, "type": DISEASE, "mention": "M2"},
    ],
    "relations": [{"head": "M1", "tail": "M2", "source_type": "eases", "proposed": "Negative_Correlation"}],
}


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_corpus_of_a_list_has_a_vector_that_learns_and_that_the_next_run_drops(short_run, tmp_path, form, capsys):
    (tmp_path / "s.jsonl").write_text(json.dumps(SENTENCE))
    (tmp_path / "list.yaml").write_text("- {path: s.jsonl, known_types: [Bind]}")
    listed = {"corpora": tmp_path / "list.yaml", "data_dir": tmp_path, "corpus_vectors": True}
    folder = short_run(pair_encoding=form, **listed, **FAST)
    assert "s: 1 document, 2 entities; learns from 1 of 1 candidate pairs, 1 related; " in capsys.readouterr().out
    vectors = load_file(folder / "model.safetensors")["corpus_vectors.weight"]
    assert [row.abs().sum().item() > 0 for row in vectors] == [False, True]
    assert config_of(folder)["corpus_labels"] == ["s"]
    assert best_relation(folder)[0] in ("C1", "C2", "D1")  # it loads and predicts
    folder.rename(tmp_path / "first")
    folder = short_run(encoder=tmp_path / "first", pair_encoding=form)
    assert "corpus_vectors.weight" not in load_file(folder / "model.safetensors")
    assert config_of(folder)["corpus_labels"] == []


def test_dev_file_that_judges_some_pairs_is_scored_on_these(short_run, tmp_path, capsys):
    entities = [*SENTENCE["entities"], {"start": 0, "end": 16, "type": DISEASE, "mention": "M3"}]
    (tmp_path / "s.jsonl").write_text(json.dumps({**SENTENCE, "entities": entities}))
    folder = short_run(dev=tmp_path / "s.jsonl", pair_encoding="document")
    assert "s.jsonl: its documents judge 1 of 2 candidate pairs; the others do not count" in capsys.readouterr().out
    scores = log_of(folder)["epochs"][0]["dev"]
    assert list(scores) == ["entity_pair", "relation_type"]
    assert scores["entity_pair"]["tp"] + scores["entity_pair"]["fn"] == 1
    assert scores["entity_pair"]["fp"] == 0
