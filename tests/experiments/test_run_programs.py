"""The runner with the real programs: train.py, `biodir evaluate` and the scores of the heads, on a tiny model."""

import pytest

from experiments.results import read_table
from experiments.run import main
from helpers.experiment_programs import written
from helpers.tiny_checkpoint import save_encoder
from helpers.training_runs import DOCUMENT

QUESTION = """
question: Does it run?
asked_in: the tests
settings:
  train: [$DATA/train.pubtator]
  dev: $RUNS/prepared/dev.pubtator
  pair_encoding: document
  num_train_epochs: 8
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


@pytest.mark.slow
def test_question_is_prepared_trained_and_scored(tmp_path, monkeypatch):
    for name in ("DATA", "RUNS"):
        monkeypatch.setenv(name, "")  # so that what the program sets is removed again
    save_encoder(tmp_path / "encoder", positions=512)
    written(tmp_path / "train.pubtator", "".join(DOCUMENT.format(id=number) for number in range(8)))
    written(tmp_path / "dev.pubtator", "".join(DOCUMENT.format(id=number) for number in range(8, 16)))
    given = [written(tmp_path / "tiny.yaml", QUESTION), "--data-dir", tmp_path, "--encoder", tmp_path / "encoder"]
    assert main([*map(str, given), "--output", str(tmp_path / "runs")]) == 0
    table = read_table(tmp_path / "runs" / "results.csv").set_index("measure")
    assert list(table.index) == ["entity_pair", "novelty of gold pairs"]
    assert table.f1["entity_pair"] == table["share"]["novelty of gold pairs"] == 1.0
    assert (table.steps > 0).all()
    assert not list((tmp_path / "runs").glob("*/*-model/states"))
