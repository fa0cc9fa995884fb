"""train.py, run over a tiny encoder and a few documents."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import train
from biodir.configuration_biodir import CHEMICAL, DISEASE, PAIR_ENCODINGS
from biodir.document_pubtator_biodir import read_pubtator
from biodir.errors_biodir import CheckpointError, ParseError, SettingError
from biodir.inference.loading import load_pipeline
from biodir.training import preparation
from helpers.tiny_checkpoint import save_encoder
from helpers.training_runs import DOCUMENT, NO_DROPOUT, run_training, written

WITHOUT_PAIRS = "{id}|t|Aspirin.\n{id}|a|\n{id}\t0\t7\tAspirin\tChemicalEntity\tC1\n\n"


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
    arguments = ["--train", gold, "--dev", dev, "--encoder", encoder, "--num-train-epochs", "12", "--chunks", "infix"]
    arguments += ["--encoder-learning-rate", "0.01", "--head-learning-rate", "0.01", "--tokens-per-step", "700"]
    arguments += ["--encoder-settings", *NO_DROPOUT, "--task-weights", "novelty=1", "direction=0.5"]
    for form in PAIR_ENCODINGS:
        run_training(*arguments, "--pair-encoding", form, "--output-dir", folder / form)
    return {form: folder / form for form in PAIR_ENCODINGS}


@pytest.fixture
def short_run(encoder, tmp_path):
    """Runs one epoch of the documents 1 to 4, with further or other arguments, and gives the folder of the run."""

    def run(*arguments, train=(1, 2, 3, 4), dev=(8,), document=DOCUMENT) -> Path:
        files = [tmp_path / "train.pubtator", tmp_path / "dev.pubtator"]
        written(files[0], train, document)
        written(files[1], dev)
        given = ["--train", files[0], "--dev", files[1], "--encoder", encoder, "--output-dir", tmp_path / "run"]
        given += ["--num-train-epochs", "1", "--chunks", "infix", "--tokens-per-step", "4096", "--overwrite-output-dir"]
        run_training(*given, "--encoder-settings", *NO_DROPOUT, "--classifier-dropout", "0", *arguments)
        return tmp_path / "run"

    return run


@pytest.fixture
def learned_from(monkeypatch) -> list:
    """Grows by the ids of the documents, and whether they are partial, for every corpus that is learned from."""
    seen = []
    labelled_pairs = preparation.labelled_pairs

    def recording(documents, encoder, labels, is_partial, *others):
        seen.append(([document.id for document in documents], is_partial))
        return labelled_pairs(documents, encoder, labels, is_partial, *others)

    monkeypatch.setattr(preparation, "labelled_pairs", recording)
    return seen


def best_relation(folder: Path) -> tuple:
    """The first relation that the checkpoint of the folder finds in a document."""
    extract = load_pipeline(str(folder), device="cpu")
    found = next(extract(read_pubtator(written(folder / "asked.pubtator", [1]))))[0]
    return found["subject"]["id"], found["relation"], found["object"]["id"], found["novelty"], found["directed"]


# What a run leaves.


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_training_learns_the_relation_of_its_documents(runs, form):
    assert best_relation(runs[form]) == ("C1", "Negative_Correlation", "D1", "Novel", True)


def test_log_holds_settings_versions_and_every_epoch(runs):
    log = json.loads((runs["pairwise"] / "training.json").read_text())
    assert log["settings"]["epochs"] == 12
    assert {"commit", "biodir", "torch", "transformers", "processes", "threads", "device"} <= set(log["provenance"])
    assert [Path(path).name for path in log["data"]] == ["gold.pubtator", "dev.pubtator", "model.safetensors"]
    assert log["finished"] is True
    assert [record["epoch"] for record in log["epochs"]] == list(range(1, 13))
    assert log["epochs"][-1]["loss"] < log["epochs"][0]["loss"]


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_settings_of_the_run_stand_in_the_configuration(runs, form):
    config = json.loads((runs[form] / "config.json").read_text())
    assert config["pair_encoding"] == form
    assert config["task_weights"] == {"novelty": 1, "direction": 0.5}


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_saved_checkpoint_is_that_of_the_best_epoch(runs, form):
    log = json.loads((runs[form] / "training.json").read_text())
    best = max(log["epochs"], key=lambda record: record["dev"]["relation_type"]["f1"])
    config = json.loads((runs[form] / "config.json").read_text())
    assert config["none_bias"] == best["none_bias"]
    assert best["dev"]["relation_type"]["f1"] == 1.0


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_new_parameters_and_matrices_have_groups_of_their_own(runs, form):
    model = load_pipeline(str(runs[form]), device="cpu").model
    settings = train.TrainingSettings(
        train=["a"], encoder="e", output="o", encoder_learning_rate=1.0, head_learning_rate=2.0
    )
    groups = train.parameter_groups(model, settings)
    assert sorted((group["lr"], group["weight_decay"]) for group in groups) == [(1, 0), (1, 0.01), (2, 0), (2, 0.01)]
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_run_goes_on_from_the_checkpoint_of_a_run_in_its_form(runs, short_run, form):
    again = short_run("--encoder", runs[form], "--encoder-learning-rate", "0", "--head-learning-rate", "0")
    assert json.loads((again / "training.json").read_text())["settings"]["pair_encoding"] == form
    old, new = (load_file(folder / "model.safetensors") for folder in (runs[form], again))
    assert set(old) == set(new)
    assert all(torch.equal(old[name], new[name]) for name in old)
    assert best_relation(again) == ("C1", "Negative_Correlation", "D1", "Novel", True)


def test_other_form_than_that_of_the_checkpoint_is_said(runs, short_run, capsys):
    short_run("--encoder", runs["document"], "--pair-encoding", "pairwise")
    printed = capsys.readouterr().out
    assert "pair_encoding is solid, that of the checkpoint pooled: its heads start anew" in printed
    assert "1 process on cpu" in printed


# Which documents are learned from.


def test_abstract_of_two_corpora_is_learned_from_once(short_run, tmp_path, capsys, learned_from):
    extra = written(tmp_path / "extra.pubtator", (2, 5, 4))
    short_run("--extra-train", extra)
    assert learned_from == [(["1", "2", "3", "4"], False), (["5"], True)]
    assert f"{extra}: 2 documents left out, held out for evaluation or in a corpus before" in capsys.readouterr().out


def test_documents_that_are_held_out_are_not_learned_from(short_run, tmp_path, capsys, learned_from):
    exclude = [written(tmp_path / f"{number}.pubtator", [number]) for number in (2, 5)]
    extra = written(tmp_path / "extra.pubtator", (5, 6, 8))
    short_run("--exclude", *exclude, "--extra-train", extra, dev=(3, 8))
    assert learned_from == [(["1", "4"], False), (["6"], True)]
    printed = capsys.readouterr().out
    assert f"{tmp_path / 'train.pubtator'}: 2 documents left out" in printed
    assert f"{extra}: 2 documents left out" in printed


def test_corpus_that_is_held_out_whole_is_refused(short_run, tmp_path):
    exclude = written(tmp_path / "exclude.pubtator", (1, 2))
    with pytest.raises(SettingError, match=r"train\.pubtator: no document is left to learn from; --dev, --exclude or"):
        short_run("--exclude", exclude, dev=(3, 4))


def test_corpus_without_a_candidate_pair_is_refused(short_run, tmp_path):
    extra = written(tmp_path / "extra.pubtator", (5, 6), WITHOUT_PAIRS)
    message = r"extra\.pubtator: no candidate pair to learn from; pairs are of the types ChemicalEntity-ChemicalEntity"
    with pytest.raises(SettingError, match=message):
        short_run("--extra-train", extra)


def test_corpora_without_a_related_pair_are_refused(short_run):
    unrelated = "\n".join(line for line in DOCUMENT.splitlines() if "C1\tD1" not in line) + "\n"
    with pytest.raises(SettingError, match=r"train\.pubtator: 4 documents without any relation; name the files that"):
        short_run(document=unrelated)
    unmentioned = DOCUMENT.replace("\tC1\tD1\tNovel", "\tC1\tD9\tNovel").replace("\tC1\tD1\tS", "\tC1\tD9\tS")
    with pytest.raises(SettingError, match="no candidate pair of the training data is related; is it the file with"):
        short_run("--labels", "biored", document=unmentioned)


def test_names_of_pubtator_are_understood(short_run, monkeypatch):
    types = []
    labelled_pairs = preparation.labelled_pairs

    def recording(documents, *others):
        types.extend({mention.entity_type for document in documents for mention in document.mentions})
        return labelled_pairs(documents, *others)

    monkeypatch.setattr(preparation, "labelled_pairs", recording)
    names = DOCUMENT.replace(CHEMICAL, "Chemical").replace(DISEASE, "Disease")
    expected = load_file(short_run() / "model.safetensors")
    found = load_file(short_run(document=names) / "model.safetensors")
    assert sorted(types) == sorted([CHEMICAL, DISEASE] * 2)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


# Settings.


OTHER_LABELS = (
    DOCUMENT.replace("Negative_Correlation", "STOPS")
    .replace(CHEMICAL, "Drug")
    .replace(DISEASE, "Symptom")
    .replace("\tNovel", "\tNew")
)


def config_of(folder: Path) -> dict:
    return json.loads((folder / "config.json").read_text())


def log_of(folder: Path) -> dict:
    return json.loads((folder / "training.json").read_text())


def test_labels_that_biored_lacks_are_those_of_the_data(encoder, tmp_path, capsys):
    gold = written(tmp_path / "train.pubtator", range(1, 9), OTHER_LABELS)
    dev = written(tmp_path / "dev.pubtator", range(9, 12), OTHER_LABELS)
    arguments = [
        "--train",
        gold,
        "--dev",
        dev,
        "--encoder",
        encoder,
        "--output-dir",
        tmp_path / "run",
        "--num-train-epochs",
        "12",
    ]
    arguments += [
        "--chunks",
        "infix",
        "--encoder-learning-rate",
        "0.01",
        "--head-learning-rate",
        "0.01",
        "--tokens-per-step",
        "700",
    ]
    run_training(*arguments, "--encoder-settings", *NO_DROPOUT, "--classifier-dropout", "0")
    assert "labels of the training data: 1 relation types" in capsys.readouterr().out
    config = config_of(tmp_path / "run")
    assert config["relation_labels"] == ["None", "STOPS"]
    assert config["novelty_labels"] == ["None", "New"]
    assert config["entity_types"] == ["Drug", "Symptom"]
    assert config["pair_types"] == [["Drug", "Symptom"]]
    extract = load_pipeline(str(tmp_path / "run"), device="cpu")
    (found,) = next(extract(read_pubtator(dev)))
    assert (found["subject"]["id"], found["relation"], found["object"]["id"], found["novelty"]) == (
        "C1", "STOPS", "D1", "New",
    )  # fmt: skip


@pytest.mark.parametrize("tasks", [["novelty"], ["direction"], ["novelty", "direction"], ["relation", "direction"]])
def test_tasks_are_trained_in_any_combination(short_run, tasks):
    folder = short_run(
        "--tasks",
        *tasks,
        "--metric-for-best-model",
        "entity_pair",
        "--head-learning-rate",
        "0.01",
        "--num-train-epochs",
        "8",
    )
    config = config_of(folder)
    assert [task for task in ("relation", "novelty", "direction") if config[f"{task}_labels"]] == tasks
    assert log_of(folder)["epochs"][-1]["loss"] < log_of(folder)["epochs"][0]["loss"]
    extract = load_pipeline(str(folder), device="cpu")
    result = next(extract(read_pubtator(folder.parent / "dev.pubtator"), return_all_scores=True))[0]
    assert list(result["scores"]) == tasks
    assert (result["relation_score"] is None) == ("relation" not in tasks)


def test_recipe_for_own_labels_takes_data_without_novelty(encoder, tmp_path):
    corpus = "examples/corpus/food_drug_{}.pubtator"
    arguments = ["--config", "recipes/stage2.yaml", "--train", corpus.format("train"), "--dev", corpus.format("dev")]
    run_training(
        *arguments, "--encoder", encoder, "--output-dir", tmp_path, "--num-train-epochs", "1", "--ema-decay", "0"
    )
    assert config_of(tmp_path)["task_weights"] == {"direction": 0.5}
    assert config_of(tmp_path)["novelty_labels"] == []


def test_weight_of_a_task_that_is_not_asked_for_is_refused(short_run):
    with pytest.raises(SettingError, match="task_weights"):
        short_run("--tasks", "relation", "direction", "--task-weights", "novelty=1", "direction=1")


def test_run_without_dev_keeps_its_last_epoch_and_the_bias_that_is_given(encoder, tmp_path):
    gold = written(tmp_path / "train.pubtator", range(1, 5))
    arguments = ["--train", gold, "--encoder", encoder, "--output-dir", tmp_path / "run", "--chunks", "infix"]
    run_training(*arguments, "--num-train-epochs", "3", "--stop-after-epoch", "2", "--none-bias", "1.25")
    log = log_of(tmp_path / "run")
    assert [entry["epoch"] for entry in log["epochs"]] == [1, 2]
    assert (log["best_epoch"], log["steps"], config_of(tmp_path / "run")["none_bias"]) == (2, 2, 1.25)
    best, last = (load_file(tmp_path / "run" / name / "model.safetensors") for name in ("", "last"))
    assert all(torch.equal(best[name], last[name]) for name in last)


def test_run_ends_where_dev_gains_nothing_for_as_long_as_patience(short_run):
    log = log_of(
        short_run(
            "--num-train-epochs",
            "20",
            "--early-stopping-patience",
            "3",
            "--encoder-learning-rate",
            "0",
            "--head-learning-rate",
            "0",
        )
    )
    assert (log["best_epoch"], len(log["epochs"])) == (1, 4)


@pytest.mark.parametrize(
    "lever",
    [
        ["--relation-loss", "focal"],
        ["--relation-loss", "adaptive_threshold"],
        ["--swap-augmentation", "1"],
        ["--r-drop", "1", "--classifier-dropout", "0.3"],
        ["--layer-learning-rate-decay", "0.5"],
    ],
    ids=lambda lever: lever[0].removeprefix("--") + lever[1],
)
def test_run_with_a_lever_learns_something_else(short_run, lever):
    plain = load_file(short_run("--head-learning-rate", "0.01", "--num-train-epochs", "2") / "model.safetensors")
    folder = short_run("--head-learning-rate", "0.01", "--num-train-epochs", "2", *lever)
    changed = load_file(folder / "model.safetensors")
    assert any(not torch.equal(plain[name], changed[name]) for name in plain)
    log = log_of(folder)
    assert log["epochs"][-1]["loss"] < log["epochs"][0]["loss"]


def test_gradients_are_clipped(short_run):
    # A gradient far below AdamW's epsilon, 1e-8, moves next to nothing; one of any other size moves by the rate.
    settings = [
        "--head-learning-rate",
        "0.01",
        "--encoder-learning-rate",
        "0.01",
        "--weight-decay",
        "0",
        "--warmup-ratio",
        "0",
    ]
    free = load_file(short_run(*settings) / "model.safetensors")
    clipped = load_file(short_run(*settings, "--max-grad-norm", "1e-14") / "model.safetensors")
    start = load_file(short_run("--head-learning-rate", "0", "--encoder-learning-rate", "0") / "model.safetensors")
    name = "heads.relation.classifier.weight"
    assert (free[name] - start[name]).abs().max().item() == pytest.approx(0.01, rel=0.01)
    assert (clipped[name] - start[name]).abs().max().item() < 1e-6


def test_loss_that_is_no_number_stops_the_run(short_run):
    with pytest.raises(
        SettingError,
        match=r"^step \d+: the loss is nan; encoder_learning_rate 1e\+30 and head_learning_rate 1e\+30 are too",
    ):
        short_run("--head-learning-rate", "1e30", "--encoder-learning-rate", "1e30", "--num-train-epochs", "9")


def test_mistake_in_the_input_leaves_the_old_run(short_run, tmp_path):
    before = (short_run() / "model.safetensors").read_bytes()
    with pytest.raises(ParseError, match="no/such/file"):
        short_run("--train", "no/such/file")
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == before


def test_relations_of_no_candidate_pair_are_told(short_run, capsys):
    odd = DOCUMENT.replace("{id}\tC1\tD1\tS", "{id}\tAssociation\tC1\tC9\tNovel\n{id}\tC1\tD1\tS")
    short_run(document=odd)
    printed = capsys.readouterr().out
    assert "train.pubtator: 4 relations are those of no candidate pair: 4 of an entity without a mention;" in printed


def test_dev_file_without_a_candidate_pair_that_is_related_is_refused(short_run, tmp_path):
    odd = written(tmp_path / "odd.pubtator", [9], DOCUMENT.replace(CHEMICAL, "OrganismTaxon"))
    message = (
        r"odd\.pubtator: none of its 1 relations is that of a candidate pair \(DiseaseOr.*-OrganismTaxon\); the model"
    )
    with pytest.raises(SettingError, match=message):
        short_run("--dev", odd)


def test_corpus_that_does_not_say_what_is_related_is_left_out(short_run, tmp_path, learned_from, capsys):
    without_novelty = DOCUMENT.replace("\tNovel", "")
    extra = written(tmp_path / "extra.pubtator", (5, 6), without_novelty)
    short_run("--tasks", "novelty", "direction", "--metric-for-best-model", "entity_pair", "--extra-train", extra)
    assert learned_from == [(["1", "2", "3", "4"], False)]
    assert f"{extra}: not learned from, as it annotates no novelty" in capsys.readouterr().out
    with pytest.raises(SettingError, match=r"^no corpus annotates novelty, which says what is related; choose other"):
        short_run(
            "--tasks", "novelty", "--metric-for-best-model", "entity_pair", "--labels", "biored", document=without_novelty
        )  # fmt: skip


def test_what_accelerate_was_asked_for_must_not_contradict(short_run, monkeypatch):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "fp16")
    with pytest.raises(SettingError, match=r"^accelerate was asked for fp16, mixed_precision is no; give train.py"):
        short_run()
    with pytest.raises(SettingError, match=r"^mixed_precision is fp16, which needs a GPU; take bf16, or no$"):
        short_run("--mixed-precision", "fp16")


def test_accumulation_in_the_environment_changes_no_gradient(short_run, monkeypatch):
    plain = load_file(short_run("--max-grad-norm", "0.01", "--weight-decay", "0") / "model.safetensors")
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "4")
    found = load_file(short_run("--max-grad-norm", "0.01", "--weight-decay", "0") / "model.safetensors")
    assert all(torch.equal(plain[name], found[name]) for name in plain)


def test_levers_of_the_model_stand_in_its_configuration(short_run):
    two_types = DOCUMENT + DOCUMENT.replace("{id}", "{id}0").replace("Negative_Correlation", "Bind")
    levers = ["--soft-prompt-tokens", "0", "--chunk-tokens", "infix=80", "--class-balance", "0.5"]
    levers += ["--relation-loss", "focal", "--focal-gamma", "1"]
    config = config_of(short_run(*levers, document=two_types + DOCUMENT.replace("{id}", "{id}1")))
    assert (config["soft_prompt_tokens"], config["chunk_tokens"], config["focal_gamma"]) == (0, {"infix": 80}, 1)
    # Of 4 and 8 relations; their mean over the relations is 1.
    raw = {"Bind": 0.5 / (1 - 0.5**4), "Negative_Correlation": 0.5 / (1 - 0.5**8)}
    mean = (4 * raw["Bind"] + 8 * raw["Negative_Correlation"]) / 12
    assert config["label_weights"]["Bind"] == pytest.approx(raw["Bind"] / mean)
    assert config["label_weights"]["Negative_Correlation"] == pytest.approx(raw["Negative_Correlation"] / mean)


def test_threshold_that_is_learned_leaves_the_decision_to_the_highest_label(short_run):
    assert config_of(short_run("--relation-loss", "adaptive_threshold"))["relation_threshold"] == 1.0
    assert config_of(short_run())["relation_threshold"] == 0.5


def test_rare_relations_are_told_again_of_other_entities(short_run, learned_from):
    other = DOCUMENT.replace("Aspirin", "Codeine").replace("C1", "C9")
    short_run("--rare-copies", "2", document=DOCUMENT + other.replace("{id}", "{id}0"))
    ((ids, _),) = learned_from
    assert ids == ["1", "10", "2", "20", "3", "30", "4", "40", *(f"{each}+{n}" for each in ids[:8] for n in (1, 2))]


@pytest.mark.parametrize(("below", "copies"), [(8, 0), (9, 8)])
def test_relations_of_a_type_are_counted_over_all_files(short_run, tmp_path, learned_from, below, copies):
    both = DOCUMENT + DOCUMENT.replace("Aspirin", "Codeine").replace("C1", "C9").replace("{id}", "{id}0")
    files = ["--train", tmp_path / "train.pubtator", written(tmp_path / "more.pubtator", (3, 4), both)]
    short_run(*files, "--rare-copies", "1", "--rare-below", below, train=(1, 2), document=both)
    assert sum("+" in name for ids, _ in learned_from for name in ids) == copies


def test_further_corpus_has_its_labels_mapped(short_run, tmp_path, learned_from):
    foreign = written(tmp_path / "foreign.pubtator", (5, 6), OTHER_LABELS.replace("\tNew", "\tNovel"))
    listed = tmp_path / "corpora.yaml"
    listed.write_text(
        f"- path: {foreign}\n  entity_types: {{Drug: {CHEMICAL}, Symptom: {DISEASE}}}\n"
        "  relation_types: {STOPS: Negative_Correlation}\n  partial: true\n"
    )
    folder = short_run("--corpora", listed)
    assert learned_from == [(["1", "2", "3", "4"], False), (["5", "6"], True)]
    assert "STOPS" not in config_of(folder)["relation_labels"]


def test_settings_of_a_file_are_those_of_the_run_and_the_command_line_wins(short_run, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("warmup_ratio: 0.3\nweight_decay: 0.2\ntask_weights: {novelty: 0.5, direction: 0.25}\n")
    log = log_of(short_run("--config", path, "--weight-decay", "0.3"))
    assert (log["settings"]["warmup_ratio"], log["settings"]["weight_decay"]) == (0.3, 0.3)
    assert log["settings"]["task_weights"] == ["novelty=0.5", "direction=0.25"]


def test_tracker_shows_losses_and_scores(short_run):
    folder = short_run("--report-to", "tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "training"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == list(range(1, log_of(folder)["steps"] + 1))
    assert "dev F1 relation_type" in events.Tags()["scalars"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--encoder", "no/such/encoder"], "^encoder no/such/encoder: no such folder; name one with a model, or a Hub"),
        (["--encoder", "tests"], r"^encoder tests: the folder holds no config\.json of a model; name one that does$"),
        (
            ["--encoder-settings", "hidden_act=7"],
            r"cannot be loaded: .*hidden_act.*; name a folder or Hub id, and check",
        ),
    ],
)
def test_encoder_that_cannot_be_loaded_is_named(short_run, arguments, message):
    with pytest.raises(CheckpointError, match=message):
        short_run("--labels", "biored", *arguments)


def test_progress_bar_tells_loss_epoch_and_best_score(short_run, capsys):
    short_run("--num-train-epochs", "2", "--tokens-per-step", "64")
    printed = capsys.readouterr().err
    assert "epoch 2/2, loss " in printed
    assert "best dev F1 " in printed


def test_last_checkpoint_lies_beside_the_best_with_the_record_of_the_run(short_run):
    folder = short_run()
    assert log_of(folder / "last")["settings"] == log_of(folder)["settings"]
    assert load_pipeline(str(folder / "last"), device="cpu").model.config.model_type == "biodir"


def test_file_of_both_kinds_is_refused(short_run, tmp_path):
    path = tmp_path / "train.pubtator"
    with pytest.raises(SettingError, match=r"train\.pubtator: both in --train and in --extra-train; name it in one"):
        short_run("--extra-train", path)


def weights_after(short_run, *arguments, steps) -> dict:
    folder = short_run("--head-learning-rate", "0.01", *arguments)
    assert json.loads((folder / "training.json").read_text())["steps"] == steps
    return load_file(folder / "model.safetensors")


def test_average_of_one_step_is_the_model(short_run):
    plain, averaged = (weights_after(short_run, "--ema-decay", average, steps=1) for average in ("0", "0.5"))
    assert all(torch.equal(plain[name], averaged[name]) for name in plain)


def test_average_of_several_steps_is_saved_in_place_of_the_model(short_run):
    small = "--tokens-per-step", "64"
    plain, averaged = (weights_after(short_run, "--ema-decay", each, *small, steps=12) for each in ("0", "0.5"))
    assert set(plain) == set(averaged)
    differing = {name for name in plain if not torch.equal(plain[name], averaged[name])}
    assert {"heads.relation.classifier.weight", "encoder.embeddings.word_embeddings.weight"} <= differing
