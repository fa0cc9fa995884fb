"""train.py, run over a tiny encoder and a few documents."""

import json
import sys
from pathlib import Path

import pytest

import train
from biodir.errors_biodir import SettingError
from biodir.inference.loading import load_pipeline
from biodir.pubtator_biodir import read_pubtator
from tiny_checkpoint import save_encoder

# Aspirin acts on pain in every document, pain on iron in none: a model that learns anything learns this.
DOCUMENT = """{id}|t|Aspirin stops pain.
{id}|a|Iron was given.
{id}\t0\t7\tAspirin\tChemicalEntity\tC1
{id}\t14\t18\tpain\tDiseaseOrPhenotypicFeature\tD1
{id}\t20\t24\tIron\tChemicalEntity\tC2
{id}\tNegative_Correlation\tC1\tD1\tNovel
{id}\tC1\tD1\tSubject:C1

"""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """The folder of a short run over a tiny random encoder."""
    folder = tmp_path_factory.mktemp("training")
    save_encoder(folder / "encoder", positions=512)
    (folder / "gold.pubtator").write_text("".join(DOCUMENT.format(id=number) for number in range(1, 9)))
    (folder / "dev.pubtator").write_text("".join(DOCUMENT.format(id=number) for number in range(8, 17)))
    arguments = ["--train", folder / "gold.pubtator", "--dev", folder / "dev.pubtator"]
    arguments += ["--encoder", folder / "encoder", "--output", folder / "run", "--epochs", "12"]
    arguments += ["--encoder-rate", "0.01", "--new-rate", "0.01", "--chunks", "infix", "--tokens-per-step", "700"]
    arguments += ["--encoder-settings", "attention_probs_dropout_prob=0", "hidden_dropout_prob=0"]
    arguments += ["--task-weights", "novelty=1", "direction=0.5"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["train.py", *map(str, arguments)])
        train.main()
    return folder


def test_training_learns_the_relation_of_its_documents(run):
    extract = load_pipeline(str(run / "run"), device="cpu")
    found = next(extract(read_pubtator(run / "gold.pubtator")))
    best = found[0]
    assert (best["subject"]["id"], best["object"]["id"]) == ("C1", "D1")
    assert (best["relation"], best["novelty"], best["directed"]) == ("Negative_Correlation", "Novel", True)


def test_log_holds_settings_versions_and_every_epoch(run):
    log = json.loads((run / "run" / "training.json").read_text())
    assert log["settings"]["epochs"] == 12
    assert set(log["provenance"]) == {"commit", "torch", "transformers", "tokenizers", "accelerate"}
    assert [record["epoch"] for record in log["epochs"]] == list(range(1, 13))
    assert log["epochs"][-1]["loss"] < log["epochs"][0]["loss"]


def test_weights_of_the_tasks_stand_in_the_configuration(run):
    config = json.loads((run / "run" / "config.json").read_text())
    assert config["task_weights"] == {"novelty": 1, "direction": 0.5}


@pytest.mark.parametrize("pair", ["novelty", "novelty=", "novelty=much"])
def test_setting_without_a_value_is_refused(pair):
    with pytest.raises(SettingError, match=f"'{pair}': write NAME=VALUE, the value as in JSON"):
        train.named_values([pair])


def test_saved_checkpoint_is_that_of_the_best_epoch(run):
    log = json.loads((run / "run" / "training.json").read_text())
    best = max(log["epochs"], key=lambda record: record["dev"]["relation_type"]["f1"])
    config = json.loads((run / "run" / "config.json").read_text())
    assert config["none_bias"] == best["none_bias"]
    assert best["dev"]["relation_type"]["f1"] == 1.0


def test_new_parameters_and_matrices_have_groups_of_their_own(run):
    model = load_pipeline(str(run / "run"), device="cpu").model
    settings = train.TrainingSettings(train=[], dev="", encoder="", output="", encoder_rate=1.0, new_rate=2.0)
    groups = train.parameter_groups(model, settings)
    assert sorted((group["lr"], group["weight_decay"]) for group in groups) == [(1, 0), (1, 0.01), (2, 0), (2, 0.01)]
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
