"""The runner over the real programs: train.py, `biodir evaluate` and the scores of the heads, with a tiny model."""

import json
from dataclasses import fields
from itertools import chain

import pytest

from biodir.training.settings import TrainingSettings
from experiments.places import CHECKOUT
from experiments.plan import SIZES, read_experiment
from experiments.run import main
from helpers.experiment_programs import written
from helpers.tiny_checkpoint import save_encoder
from helpers.training_runs import DOCUMENT

EXPERIMENT = """
question: Does it run?
asked_in: the tests
settings:
  train: [$DATA/train.pubtator]
  dev: $RUNS/prepared/dev.pubtator
  pair_encoding: document
  epochs: 8
  encoder_learning_rate: 1e-2
  head_learning_rate: 1e-2
  tokens_per_step: 700
  encoder_settings: [attention_probs_dropout_prob=0, hidden_dropout_prob=0]
report: [entity_pair, relation_type, heads]
variants:
  novelties: {tasks: [novelty], metric_for_best_model: entity_pair}
prepare:
  - makes: [$RUNS/prepared/dev.pubtator]
    command: python -m experiments.prepare first $DATA/dev.pubtator -o $RUNS/prepared/dev.pubtator --documents 3
seeds: [1]
"""


def test_settings_of_the_project_s_experiments_are_options_of_train_py():
    known = {each.name for each in fields(TrainingSettings)}
    for path in (CHECKOUT / "experiments").glob("*.yaml"):
        for size in SIZES:
            experiment = read_experiment(path, size)
            named = set(chain(experiment.settings, *experiment.variants.values()))
            assert named - known == set(), path.name


@pytest.mark.slow
def test_experiment_of_a_tiny_model_is_prepared_trained_and_scored(tmp_path):
    save_encoder(tmp_path / "encoder", positions=512)
    written(tmp_path / "train.pubtator", "".join(DOCUMENT.format(id=number) for number in range(8)))
    written(tmp_path / "dev.pubtator", "".join(DOCUMENT.format(id=number) for number in range(8, 16)))
    path = written(tmp_path / "tiny.yaml", EXPERIMENT)
    given = [path, "--data-dir", tmp_path, "--encoder", tmp_path / "encoder"]
    given += ["--output", tmp_path / "runs", "--results", tmp_path / "results"]
    assert main([*map(str, given)]) == 0
    report = json.loads((tmp_path / "results" / "tiny.paper.json").read_text())
    (row,) = report["rows"]
    assert list(row["dev"]) == ["entity_pair", "heads novelty"]
    assert row["dev"]["entity_pair"]["f1"]["mean"] == row["dev"]["heads novelty"]["accuracy"]["mean"] == 1.0
    assert report["runs"][0]["epochs"] == 8
    assert not list((tmp_path / "runs").glob("*/model/states"))
