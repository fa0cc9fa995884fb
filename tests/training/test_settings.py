"""The settings of a training run, from the command line and from YAML files."""

import json
from dataclasses import asdict, fields

import pytest

from biodir.errors_biodir import SettingError
from biodir.training.settings import (
    CHANGEABLE,
    LARGEST_SEED,
    TrainingSettings,
    named_values,
    read_yaml,
    training_settings,
)

NEEDED = {"train": ["a.pubtator"], "encoder": "bert", "output": "run"}
LINE = ["--train", "a.pubtator", "--encoder", "bert", "--output-dir", "run"]


def settings(**changes) -> TrainingSettings:
    return TrainingSettings(**{**NEEDED, **changes})


@pytest.fixture
def from_yaml(tmp_path):
    """The settings of a YAML file with these lines beside the needed ones, and of further arguments."""

    def read(lines="", *arguments, needed="train: a.pubtator\nencoder: bert\noutput: run\n") -> TrainingSettings:
        path = tmp_path / "run.yaml"
        path.write_text(needed + lines + "\n", encoding="utf-8")
        return training_settings(["--config", str(path), *arguments])

    return read


# The command line.


def test_needed_settings_leave_all_others_as_they_are_born():
    assert training_settings(LINE) == settings()


@pytest.mark.parametrize("name", NEEDED)
def test_missing_setting_is_named(name):
    with pytest.raises(SettingError, match=rf"^{name} is missing; give --{name} or the key '{name}' of the YAML file$"):
        settings(**{name: [] if name == "train" else ""})


def test_dashes_and_underscores_are_alike():
    assert training_settings([*LINE, "--encoder-learning-rate", "1e-5"]) == training_settings(
        [*LINE, "--encoder_rate=1e-5"]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--num-train-epochs", "many"],
            "argument --num-train-epochs: invalid int value: 'many'; --help lists all settings",
        ),
        (["--epoch-count", "3"], r"unrecognized arguments: --epoch-count 3(; did you mean --\S+\?)?; --help"),
        (["--dropuot", "0.3"], r"unrecognized arguments: --dropuot 0\.3; did you mean --classifier-dropout\?; --help"),
        (["--epoch", "3"], r"unrecognized arguments: --epoch 3; did you mean --num-train-epochs\?; --help"),
        (["--lr-scheduler-type", "square"], "invalid choice: 'square'"),
    ],
)
def test_error_of_the_line_is_one_of_the_package(arguments, message):
    with pytest.raises(SettingError, match=message):
        training_settings([*LINE, *arguments])


def test_every_setting_says_what_it_is_for():
    assert [each.name for each in fields(TrainingSettings) if not each.metadata.get("help")] == []


# YAML files.


def test_yaml_file_gives_what_the_line_gives(from_yaml):
    lines = "tasks: [relation, direction]\nresume: yes\npatience: 3\ndropout: 1e-2\ndev: d\nselect_by: all"
    arguments = [
        "--tasks",
        "relation",
        "direction",
        "--resume-from-checkpoint",
        "--early-stopping-patience",
        "3",
        "--classifier-dropout",
        "0.01",
    ]
    assert from_yaml(lines) == training_settings([*LINE, *arguments, "--dev", "d", "--metric-for-best-model", "all"])


def test_line_wins_over_the_yaml_file(from_yaml):
    found = from_yaml("epochs: 3\nexclude: [b, c]\nseed: 5", "--num-train-epochs", "4", "--exclude", "d")
    assert (found.epochs, found.exclude, found.seed) == (4, ["d"], 5)


@pytest.mark.parametrize(
    ("lines", "name", "value"),
    [
        ("mixed_precision: no", "mixed_precision", "no"),  # which YAML reads as false
        ("tracker: none", "tracker", "none"),
        ("none_bias: -1.5", "none_bias", -1.5),
        ("none_bias: -1.0e-05", "none_bias", -1e-5),
        ("none_bias: -.5", "none_bias", -0.5),
        ("resume: false", "resume", False),
        ("overwrite: on", "overwrite", True),
        ("dev: null", "dev", None),
        ("dev: ~", "dev", None),
        ("dev:", "dev", None),
        ("epochs: null", "epochs", 10),
        ("exclude: []", "exclude", []),
        ("task_weights: {}", "task_weights", []),
        ("exclude: b.pubtator", "exclude", ["b.pubtator"]),
        ("exclude:\n- b\n- 7", "exclude", ["b", "7"]),
        ("task_weights: {novelty: 1, direction: 0.5}", "task_weights", ["novelty=1", "direction=0.5"]),
        ("encoder_settings:\n  act: gelu\n  deep: -1", "encoder_settings", ['act="gelu"', "deep=-1"]),
        ("encoder_settings: [act=true]", "encoder_settings", ["act=true"]),
    ],
)
def test_value_of_a_yaml_file(lines, name, value, from_yaml):
    assert getattr(from_yaml(lines), name) == value


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("epoch: 3", r"run\.yaml: unknown key 'epoch'; did you mean 'epochs'\?$"),
        ("encoder-rate: 3", r"run\.yaml: unknown key 'encoder-rate'; did you mean 'encoder_learning_rate'\?$"),
        ("yes: 3", r"run\.yaml: unknown key True$"),
        ("epochs: many", r"run\.yaml: argument --num-train-epochs.*: invalid int value: 'many'"),
        ("epochs: true", r"run\.yaml: argument --num-train-epochs.*: invalid int value: 'True'"),
        ("dropout: no", r"run\.yaml: argument --classifier-dropout.*: invalid float value: 'False'"),
        ("resume: perhaps", r"run\.yaml: argument --resume-from-checkpoint: .*perhaps"),
        ("labels: bioread", r"run\.yaml: argument --labels.*: invalid choice: 'bioread'"),
        ("dev: [b, c]", r"run\.yaml: dev is \['b', 'c'\]; give one value$"),
        ("dropout: {a: 1}", r"run\.yaml: dropout is \['a=1'\]; give one value$"),
        ("tasks: []", r"run\.yaml: tasks is empty; name one or more, or leave the key out$"),
        ("exclude: [b, null]", r"run\.yaml: exclude is \['b', None\]; give a list of plain values"),
        ("task_weights:\n- novelty: 1", r"run\.yaml: task_weights is \[{'novelty': 1}\]; .* mapping where pairs are"),
        ("task_weights: {novelty: heavy}", r"^task_weights: novelty is 'heavy'; give a number$"),
        ("chunk_tokens: {infix: null}", r"^chunk_tokens: infix is None; give a whole number$"),
    ],
)
def test_error_in_a_yaml_file_names_place_and_value(lines, message, from_yaml):
    with pytest.raises(SettingError, match=message):
        from_yaml(lines)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"run\.yaml: holds NoneType; write one `name: value` a line$"),
        (b"- train", r"run\.yaml: holds list; write"),
        (b"train: [a", r"run\.yaml: is no YAML \(while parsing a flow sequence"),
        (b"train: \xff", r"run\.yaml: is no YAML \('utf-8' codec"),
        (b"train: a\x00", r"run\.yaml: is no YAML"),
    ],
)
def test_file_that_is_no_settings_is_named(content, message, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_bytes(content)
    with pytest.raises(SettingError, match=message):
        training_settings(["--config", str(path), *LINE])


def test_yaml_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(
        SettingError, match=r"none\.yaml: cannot be read \(No such file or directory\); check the path$"
    ):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(SettingError, match=r": cannot be read \(Is a directory\)"):
        read_yaml(tmp_path)


def test_settings_of_a_log_are_a_yaml_file_of_the_same_run(tmp_path):
    made = settings(task_weights=["novelty=1", "direction=0.5"], none_bias=-2.5, tasks=["relation"], seed=3)
    path = tmp_path / "again.yaml"
    path.write_text(json.dumps(asdict(made)))  # JSON is YAML
    assert training_settings(["--config", str(path)]) == made


# Ranges.


@pytest.mark.parametrize(
    ("name", "least", "most", "outside"),
    [
        ("average", 0.0, 0.999, (-0.1, 1.0, float("nan"))),
        ("class_balance", 0.0, 0.999, (-0.1, 1.0)),
        ("dropout", 0.0, 0.999, (-0.1, 1.0)),
        ("swap_augmentation", 0.0, 1.0, (-0.1, 1.1, float("nan"))),
        ("warmup_ratio", 0.0, 1.0, (-0.1, 1.1)),
        ("layer_learning_rate_decay", 0.01, 1.0, (0.0, -0.5, 1.01)),
        ("seed", 0, LARGEST_SEED, (-1, LARGEST_SEED + 1)),
        ("max_grad_norm", 0.01, float("inf"), (0.0, -1.0, float("nan"))),
        ("none_bias", -50.0, 50.0, (float("inf"), float("nan"))),
        ("epochs", 1, 1000, (0, -1)),
        ("tokens_per_step", 1, 10**6, (0,)),
        ("gradient_accumulation_steps", 1, 64, (0,)),
        ("save_steps", 1, 10**6, (0,)),
        ("max_documents", None, 1, (0, -1)),
        ("max_dev_documents", None, 1, (0,)),
        ("stop_after_epoch", None, 1, (0,)),
        ("negatives_per_positive", 0.0, 1e6, (-1.0, float("inf"), float("nan"))),
        ("r_drop", 0.0, 5.0, (-0.1, float("nan"))),
        ("rare_copies", 0, 9, (-1,)),
        ("weight_decay", 0.0, 0.1, (-0.1,)),
        ("encoder_learning_rate", 0.0, 1.0, (-1e-5,)),
        ("head_learning_rate", 0.0, 1.0, (-1e-5,)),
    ],
)
def test_values_have_ranges(name, least, most, outside):
    others = {"dev": "dev.pubtator"} if name == "max_dev_documents" else {}
    for value in (least, most):
        assert getattr(settings(**{name: value}, **others), name) == value
    for value in outside:
        with pytest.raises(SettingError, match=rf"^{name} is {value}; "):
            settings(**{name: value}, **others)


def test_encoder_inside_a_folder_that_is_cleared_is_refused():
    with pytest.raises(SettingError, match=r"^output run holds the encoder run/last, which would be overwritten; name"):
        settings(encoder="run/last", overwrite=True)
    assert settings(encoder="run/last").output == "run"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": ["relation", "novel"]}, r"^tasks \['relation', 'novel'\]: choose any of relation, novelty"),
        ({"chunks": []}, r"^chunks \[\]: choose any of prefix, suffix, infix$"),
        ({"pair_encoding": "levitated"}, r"^pair_encoding is 'levitated'; choose one of auto, solid, pooled$"),
        ({"metric_for_best_model": "f1"}, r"^metric_for_best_model is 'f1'; choose one of entity_pair, relation_type"),
        ({"extra_train": ["a.pubtator"]}, r"^a\.pubtator: both in --train and in --extra-train; name it in one"),
        ({"patience": 2}, r"^patience needs scores of --dev; name a file, or leave patience out$"),
        ({"patience": 0, "dev": "d"}, r"^patience is 0; it must be at least 1, or left out$"),
        ({"encoder": "./run/"}, r"^output run holds the encoder \./run/, which would be overwritten; name another"),
        ({"none_bias": 1.5, "dev": "d"}, r"^none_bias is 1\.5, without effect since --dev finds the bias; leave it"),
        ({"max_dev_documents": 3}, r"^max_dev_documents is 3, without effect since there is no --dev; leave it out$"),
        ({"focal_gamma": 1.0}, r"^focal_gamma is 1\.0, without effect since relation_loss is binary; leave it out$"),
        ({"rare_below": 9}, r"^rare_below is 9, without effect since rare_copies is 0; leave it out$"),
        ({"epochs": 3, "stop_after_epoch": 4}, r"^stop_after_epoch is 4, without effect since epochs is 3; leave"),
        ({"chunks": ["infix"], "chunk_tokens": ["prefix=80"]}, r"^chunk_tokens prefix: chunks are infix alone;"),
        ({"class_balance": 0.9, "relation_loss": "adaptive_threshold"}, r"^class_balance has no part in the loss"),
        ({"class_balance": 0.9, "tasks": ["novelty"]}, r"^class_balance weighs relation types, but"),
        ({"task_weights": ["novelty"]}, r"^'novelty': write NAME=VALUE, the value as in JSON, such as novelty=1$"),
        ({"task_weights": ["novelty=true"]}, r"^task_weights: novelty is True; give a number$"),
        ({"task_weights": ["novelty=NaN"]}, r"^task_weights: novelty is nan; give a number$"),
        ({"chunk_tokens": ["infix=9.5"]}, r"^chunk_tokens: infix is 9\.5; give a whole number$"),
        ({"encoder_settings": ["act=gelu"]}, r"^'act=gelu': write NAME=VALUE, the value as in JSON"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(SettingError, match=message):
        settings(**changes)


def test_named_values_are_json():
    pairs = ["a=1", "b=-0.5", "c=true", 'd="x=y"', "e=[1, 2]", "f=null"]
    assert named_values(pairs) == {"a": 1, "b": -0.5, "c": True, "d": "x=y", "e": [1, 2], "f": None}


def test_name_with_two_values_is_refused():
    with pytest.raises(SettingError, match=r"^'a=2': a has the value 1 already; give it once$"):
        named_values(["a=1", "a=2"])


@pytest.mark.parametrize(("epochs", "stop", "last"), [(10, None, 10), (10, 4, 4), (4, 4, 4)])
def test_last_epoch_is_that_of_the_schedule_or_the_one_to_stop_after(epochs, stop, last):
    assert settings(epochs=epochs, stop_after_epoch=stop).last_epoch == last


# Resuming.


def kept(found: TrainingSettings) -> dict:
    """The settings as the record of a state holds them."""
    return json.loads(json.dumps(asdict(found)))


def test_settings_do_not_differ_from_their_record():
    made = settings(
        dropout=0.1 + 0.2, encoder_learning_rate=1e-5, tasks=["relation"], task_weights=["novelty=1"], patience=None
    )
    assert made.differences(kept(made)) == []
    assert settings(train=("a.pubtator",)).differences(kept(settings())) == []


def test_whole_number_is_the_fraction_of_the_same_size():
    assert settings(r_drop=1).differences(kept(settings(r_drop=1.0))) == []


def test_differences_are_named_with_both_values():
    found = settings(epochs=3, exclude=["b"]).differences(kept(settings(epochs=4)))
    assert found == ["exclude is ['b'], was []", "epochs is 3, was 4"]


def test_setting_that_the_record_lacks_differs_where_it_is_set():
    record = kept(settings())
    del record["patience"], record["r_drop"]
    assert settings().differences(record) == ["r_drop is 0.0, was None"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("resume", True),
        ("overwrite", True),
        ("output", "moved"),
        ("save_steps", 7),
        ("tracker", "tensorboard"),
        ("stop_after_epoch", 2),  # the rates fall over all epochs, however many are run
    ],
)
def test_what_touches_no_number_may_change(name, value):
    assert name in CHANGEABLE
    assert settings(**{name: value}).differences(kept(settings())) == []


def test_nothing_else_may_change():
    assert CHANGEABLE == ("resume", "overwrite", "output", "save_steps", "tracker", "stop_after_epoch", "patience")
