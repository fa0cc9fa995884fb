"""The command line and the YAML file of train.py."""

import json
from dataclasses import asdict, fields

import pytest

from biodir.errors_biodir import SettingError
from biodir.training.arguments import training_settings
from biodir.training.settings import TrainingSettings

LINE = ["--train", "a.pubtator", "--encoder", "bert", "--output_dir", "run"]
REQUIRED = {"train": ["a.pubtator"], "encoder": "bert", "output_dir": "run"}


@pytest.fixture
def from_yaml(tmp_path):
    """The settings of a YAML file with these lines beside the required ones, and of further arguments."""

    def read(lines="", *arguments) -> TrainingSettings:
        path = tmp_path / "run.yaml"
        path.write_text(f"train: a.pubtator\nencoder: bert\noutput_dir: run\n{lines}\n", encoding="utf-8")
        return training_settings(["--config", str(path), *arguments])

    return read


def test_required_settings_leave_all_others_at_their_defaults():
    assert training_settings(LINE) == TrainingSettings(**REQUIRED)


def test_help_documents_every_setting(capsys):
    with pytest.raises(SystemExit) as ended:
        training_settings(["--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert [each.name for each in fields(TrainingSettings) if f"--{each.name}" not in printed] == []
    assert "share of the steps in which the rates rise; in [0, 1]" in " ".join(printed.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--num_train_epochs", "many"], "^num_train_epochs is many; give int; --help lists all settings$"),
        (
            ["--num-train-epoch", "3"],
            r"^unrecognized arguments: --num-train-epoch 3; did you mean --num_train_epo",
        ),
        (["--lr_scheduler_type", "x"], r"^lr_scheduler_type is x; give one of \['linear', 'cosine', 'constant_with"),
    ],
)
def test_error_of_the_line_names_key_value_and_fix(arguments, message):
    with pytest.raises(SettingError, match=message):
        training_settings([*LINE, *arguments])


# YAML files.


def test_yaml_file_gives_what_the_line_gives(from_yaml):
    lines = "tasks: [relation, direction]\nresume_from_checkpoint: yes\nclassifier_dropout: 1e-2\ndev: d"
    arguments = ["--tasks", "relation", "direction", "--resume_from_checkpoint", "--classifier_dropout", "0.01"]
    assert from_yaml(lines) == training_settings([*LINE, *arguments, "--dev", "d"])


def test_line_wins_over_the_yaml_file(from_yaml):
    found = from_yaml("num_train_epochs: 3\nexclude: [b, c]\nseed: 5", "--num_train_epochs", "4", "--exclude", "d")
    assert (found.num_train_epochs, found.exclude, found.seed) == (4, ["d"], 5)


@pytest.mark.parametrize(
    ("lines", "name", "value"),
    [
        ("mixed_precision: no", "mixed_precision", "no"),  # which YAML reads as false
        ("none_bias: -1.5", "none_bias", -1.5),
        ("exclude:\n- b\n- '7'", "exclude", ["b", "7"]),
        ("task_weights: {novelty: 1, direction: 0.5}", "task_weights", ["novelty=1", "direction=0.5"]),
        ("encoder_settings:\n  act: gelu\n  deep: -1", "encoder_settings", ['act="gelu"', "deep=-1"]),
    ],
)
def test_value_of_a_yaml_file(lines, name, value, from_yaml):
    assert getattr(from_yaml(lines), name) == value


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("lr_schedule_type: 3", r"run\.yaml: unknown key 'lr_schedule_type'; did you mean 'lr_scheduler_type'\?$"),
        ("num_train_epochs: many", r"run\.yaml: num_train_epochs is many; give int"),
        ("classifier_dropout: no", r"run\.yaml: classifier_dropout is False; give float"),
        ('overwrite_output_dir: "false"', r"run\.yaml: overwrite_output_dir is 'false'; give true or false$"),
        ("corpus_vectors: [true]", r"run\.yaml: corpus_vectors is \[True\]; give true or false$"),
        ("exclude: [b, null]", r"run\.yaml: exclude element 2 is None; give str"),
        ("task_weights: {novelty: heavy}", r"^task_weights: novelty is 'heavy'; give a number$"),
    ],
)
def test_error_in_a_yaml_file_names_place_and_value(lines, message, from_yaml):
    with pytest.raises(SettingError, match=message):
        from_yaml(lines)


def test_settings_of_a_log_are_a_yaml_file_of_the_same_run(tmp_path):
    made = TrainingSettings(**REQUIRED, task_weights=["novelty=1", "direction=0.5"], none_bias=-2.5, seed=3)
    path = tmp_path / "again.yaml"
    path.write_text(json.dumps(asdict(made)))  # JSON is YAML
    assert training_settings(["--config", str(path)]) == made
