"""The settings of a training run: ranges, what fits together, and what a resumed run may change."""

import json
from dataclasses import asdict, fields

import pytest

from biodir.errors_biodir import SettingError
from biodir.training.settings import CHANGEABLE, LARGEST_SEED, TrainingSettings, named_values, read_yaml

REQUIRED = {"train": ["a.pubtator"], "encoder": "bert", "output_dir": "run"}


def settings(**changes) -> TrainingSettings:
    return TrainingSettings(**{**REQUIRED, **changes})


@pytest.mark.parametrize("name", REQUIRED)
def test_missing_setting_is_named(name):
    with pytest.raises(SettingError, match=rf"^{name} is missing; give --{name} or the key '{name}' of the YAML file$"):
        settings(**{name: [] if name == "train" else ""})


def test_every_setting_is_documented():
    assert [each.name for each in fields(TrainingSettings) if not each.metadata.get("help")] == []


def test_yaml_file_that_cannot_be_read_is_named(tmp_path):
    message = r"none\.yaml: cannot be read \(No such file or directory\); check the path$"
    with pytest.raises(SettingError, match=message):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(SettingError, match=r": cannot be read \(Is a directory\)"):
        read_yaml(tmp_path)


@pytest.mark.parametrize(
    ("name", "least", "most", "outside"),
    [
        ("ema_decay", 0.0, 0.999, (-0.1, 1.0, float("nan"))),
        ("class_balance", 0.0, 0.999, (-0.1, 1.0)),
        ("classifier_dropout", 0.0, 0.999, (-0.1, 1.0)),
        ("swap_augmentation", 0.0, 1.0, (-0.1, 1.1, float("nan"))),
        ("warmup_ratio", 0.0, 1.0, (-0.1, 1.1)),
        ("layer_learning_rate_decay", 0.01, 1.0, (0.0, -0.5, 1.01)),
        ("seed", 0, LARGEST_SEED, (-1, LARGEST_SEED + 1)),
        ("max_grad_norm", 0.01, float("inf"), (0.0, -1.0, float("nan"))),
        ("none_bias", -50.0, 50.0, (float("inf"), float("nan"))),
        ("num_train_epochs", 1, 1000, (0, -1)),
        ("tokens_per_step", 1, 10**6, (0,)),
        ("gradient_accumulation_steps", 1, 64, (0,)),
        ("save_steps", 1, 10**6, (0,)),
        ("max_documents", None, 1, (0, -1)),
        ("max_dev_documents", None, 1, (0,)),
        ("stop_after_epoch", None, 1, (0,)),
        ("early_stopping_patience", None, 1, (0,)),
        ("negatives_per_positive", 0.0, 1e6, (-1.0, float("inf"), float("nan"))),
        ("r_drop", 0.0, 5.0, (-0.1, float("nan"))),
        ("rare_copies", 0, 9, (-1,)),
        ("weight_decay", 0.0, 0.1, (-0.1,)),
        ("encoder_learning_rate", 0.0, 1.0, (-1e-5,)),
        ("head_learning_rate", 0.0, 1.0, (-1e-5,)),
    ],
)
def test_values_have_ranges(name, least, most, outside):
    others = {"dev": "dev.pubtator"} if name in ("max_dev_documents", "early_stopping_patience") else {}
    for value in (least, most):
        assert getattr(settings(**{name: value}, **others), name) == value
    for value in outside:
        with pytest.raises(SettingError, match=rf"^{name} is {value}; it must lie in [\[(]"):
            settings(**{name: value}, **others)


def test_encoder_inside_a_folder_that_is_cleared_is_refused():
    message = r"^output_dir run holds the encoder run/last, which would be overwritten; name another folder"
    with pytest.raises(SettingError, match=message):
        settings(encoder="run/last", overwrite_output_dir=True)
    assert settings(encoder="run/last").output_dir == "run"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": ["relation", "novel"]}, r"^tasks \['relation', 'novel'\]: choose any of relation, novelty"),
        ({"chunks": []}, r"^chunks \[\]: choose any of prefix, suffix, infix$"),
        ({"pair_encoding": "levitated"}, r"^pair_encoding is 'levitated'; choose one of auto, pairwise, document$"),
        ({"metric_for_best_model": "f1"}, r"^metric_for_best_model is 'f1'; choose one of entity_pair, relation_type"),
        ({"save_steps": 0}, r"^save_steps is 0; it must lie in \[1, inf\)$"),
        ({"resume_from_checkpoint": "x"}, r"^resume_from_checkpoint is 'x'; it must be true or false$"),
        ({"resume_from_checkpoint": True, "overwrite_output_dir": True}, r"are both given; resume the old run, or del"),
        ({"extra_train": ["a.pubtator"]}, r"^a\.pubtator: both in --train and in --extra_train; name it in one"),
        ({"early_stopping_patience": 2}, r"^early_stopping_patience needs scores of --dev; name a file, or leave ear"),
        ({"encoder": "./run/"}, r"^output_dir run holds the encoder \./run/, which would be overwritten; name another"),
        ({"none_bias": 1.5, "dev": "d"}, r"^none_bias is 1\.5, without effect since --dev finds the bias; leave it"),
        ({"max_dev_documents": 3}, r"^max_dev_documents is 3, without effect since there is no --dev; leave it out$"),
        ({"focal_gamma": 1.0}, r"^focal_gamma is 1\.0, without effect since relation_loss is binary; leave it out$"),
        ({"rare_below": 9}, r"^rare_below is 9, without effect since rare_copies is 0; leave it out$"),
        ({"num_train_epochs": 3, "stop_after_epoch": 4}, r"^stop_after_epoch is 4, without effect since num_train_ep"),
        ({"chunks": ["infix"], "chunk_tokens": ["prefix=80"]}, r"^chunk_tokens prefix: chunks are only infix;"),
        ({"class_balance": 0.9, "relation_loss": "adaptive_threshold"}, r"^class_balance has no part in the loss"),
        ({"class_balance": 0.9, "tasks": ["novelty"]}, r"^class_balance weighs relation types, but"),
        ({"tasks": ["novelty"]}, r"^metric_for_best_model is relation_type, but no head of \['novelty'\] predicts rel"),
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


def test_named_values_are_json_and_each_name_has_one():
    pairs = ["a=1", "b=-0.5", "c=true", 'd="x=y"', "e=[1, 2]", "f=null"]
    assert named_values(pairs) == {"a": 1, "b": -0.5, "c": True, "d": "x=y", "e": [1, 2], "f": None}
    with pytest.raises(SettingError, match=r"^'a=2': a has the value 1 already; give it once$"):
        named_values(["a=1", "a=2"])


@pytest.mark.parametrize(("epochs", "stop", "last"), [(10, None, 10), (10, 4, 4), (4, 4, 4)])
def test_last_epoch_is_that_of_the_schedule_or_the_one_to_stop_after(epochs, stop, last):
    assert settings(num_train_epochs=epochs, stop_after_epoch=stop).last_epoch == last


# Resuming.


def recorded(found: TrainingSettings) -> dict:
    """The settings as the record of a state holds them."""
    return json.loads(json.dumps(asdict(found)))


def test_settings_do_not_differ_from_their_record():
    made = settings(classifier_dropout=0.1 + 0.2, encoder_learning_rate=1e-5, task_weights=["novelty=1"])
    assert made.differences(recorded(made)) == []
    assert settings(train=("a.pubtator",)).differences(recorded(settings())) == []
    assert settings(r_drop=1).differences(recorded(settings(r_drop=1.0))) == []


def test_differences_are_named_with_both_values():
    record = recorded(settings(num_train_epochs=4))
    del record["r_drop"]
    found = settings(num_train_epochs=3, exclude=["b"]).differences(record)
    assert found == ["exclude is ['b'], was []", "r_drop is 0.0, was None", "num_train_epochs is 3, was 4"]


def test_only_what_touches_no_number_may_change():
    changes = {"resume_from_checkpoint": True, "output_dir": "moved", "save_steps": 7, "report_to": "tensorboard"}
    changes |= {"stop_after_epoch": 2, "dev": "d"}  # the learning rates fall over all epochs, however many are run
    found = settings(**changes, early_stopping_patience=3).differences(recorded(settings(dev="d")))
    assert found == []
    assert set(CHANGEABLE) == {*changes, "overwrite_output_dir", "early_stopping_patience"} - {"dev"}
