"""The settings of a training run: ranges, what fits together, and what a resumed run may change."""

import json
from dataclasses import asdict

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
        ("swap_augmentation", 0.0, 1.0, (-0.1, 1.1, float("nan"))),
        ("layer_learning_rate_decay", 0.01, 1.0, (0.0, -0.5, 1.01)),
        ("seed", 0, LARGEST_SEED, (-1, LARGEST_SEED + 1)),
        ("max_grad_norm", 0.01, float("inf"), (0.0, -1.0, float("nan"))),
        ("none_bias", -50.0, 50.0, (float("inf"), float("nan"))),
        ("num_train_epochs", 1, 1000, (0, -1)),
        ("early_stopping_patience", None, 1, (0,)),
        ("teaching_weight", 0.0, 1.0, (-0.1, 1.1)),
    ],
)
def test_values_have_ranges(name, least, most, outside):
    others = {"dev": "dev.pubtator"} if name in ("max_dev_documents", "early_stopping_patience") else {}
    others |= {"teachers": ["teacher"]} if name == "teaching_weight" else {}
    for value in (least, most):
        assert getattr(settings(**{name: value}, **others), name) == value
    for value in outside:
        with pytest.raises(SettingError, match=rf"^{name} is {value}; it must lie in [\[(]"):
            settings(**{name: value}, **others)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": ["relation", "novel"]}, r"^tasks \['relation', 'novel'\]: choose any of relation, novelty"),
        ({"resume_from_checkpoint": True, "overwrite_output_dir": True}, r"are both given; resume the old run, or del"),
        ({"data_dir": "data", "corpus_vectors": True}, r"^data_dir, corpus_vectors: concerns the corpora of"),
        ({"extra_train": ["a.pubtator"]}, r"^a\.pubtator: both in --train and in --extra_train; name it in one"),
        ({"early_stopping_patience": 2}, r"^early_stopping_patience needs scores of --dev; name a file, or leave ear"),
        ({"encoder": "./run/"}, r"^output_dir .*run holds the encoder .*run, which would be overwritten; name another"),
        ({"none_bias": 1.5, "dev": "d"}, r"^none_bias is 1\.5, without effect since --dev finds the bias; leave it"),
        ({"chunks": ["infix"], "chunk_tokens": ["prefix=80"]}, r"^chunk_tokens prefix: chunks are only infix;"),
        ({"tasks": ["novelty"]}, r"^metric_for_best_model is relation_type, but \['novelty'\] do not predict"),
        ({"tasks": ["relation"], "metric_for_best_model": "all"}, r"^metric_for_best_model is all, but \['relation'\]"),
        (
            {"tasks": ["relation", "novelty"], "metric_for_best_model": "relation_type_direction"},
            r"do not predict all of it; take one of entity_pair, relation_type, relation_type_novelty$",
        ),
        ({"swap_consistency": 1, "swap_augmentation": 0.5}, r"in both orders and compares these; leave out swap_augm"),
        ({"evidence_weight": 1, "pair_encoding": "pairwise"}, r"^evidence_weight guides the contexts of the form doc"),
        ({"closest_mentions": True, "pair_encoding": "pairwise"}, r"^closest_mentions join pairs while relations are"),
        ({"closest_mentions": True, "tasks": ["mentions"]}, r"^closest_mentions join pairs while relations are"),
        ({"coreference_weight": 1, "pair_encoding": "pairwise"}, r"^coreference_weight compares mentions while rel"),
        ({"coreference_weight": 1, "tasks": ["mentions"]}, r"^coreference_weight compares mentions while relations"),
        ({"sign_weight": 2}, r"^sign_weight is a part of the loss softmax, but relation_loss is binary; leave it out$"),
        ({"class_balance": 0.9, "relation_loss": "softmax"}, r"^class_balance has no part in the loss softmax; leave"),
        ({"swap_consistency": 1, "r_drop": 0.5}, r"in both orders and compares these; leave out r_drop$"),
        ({"direction_smoothing": 0.1, "tasks": ["relation"]}, r"^direction_smoothing needs the tasks relation and dir"),
        ({"unlabelled": ["u"]}, r"^unlabelled: nothing says which pairs of these documents are related; name --t"),
        ({"max_unlabelled_documents": 3}, r"^max_unlabelled_documents concerns the files of --unlabelled, but none is"),
        ({"teaching_weight": 0.7}, r"^teaching_weight is 0\.7, but there are no --teachers; name some, or leave"),
        ({"teachers": ["t"], "tasks": ["mentions"]}, r"^teachers teach relations, but tasks are \['mentions'\]; leave"),
        ({"teachers": ["t"], "relation_loss": "adaptive_threshold"}, r"^teachers give targets between 0 and 1, which"),
        ({"teachers": ["t"], "relation_loss": "softmax"}, r"^teachers give targets between 0 and 1, which"),
        ({"teachers": ["./run/"]}, r"^output_dir .*run holds the teacher .*run, which would be overwritten; name"),
        ({"teachers": ["run/t"], "overwrite_output_dir": True}, r"^output_dir .*run holds the teacher .*t, which wo"),
        ({"focal_gamma": 3}, r"^focal_gamma is a part of the loss focal, but relation_loss is binary; leave it out$"),
        ({"sentence_share": 0.5, "mention_weight": 2}, r"^sentence_share, mention_weight: concerns the tagger, but m"),
        ({"mention_weight": 0}, r"^mention_weight: concerns the tagger, but mentions is none of the tasks; add it, or"),
        ({"metric_for_best_model": "mentions"}, r"^metric_for_best_model: concerns the tagger, but mentions is none"),
        ({"tasks": ["mentions"], "freeze_relations": True, "labels": "data"}, r"^freeze_relations keeps the labels of"),
        ({"tasks": ["relation", "relation"]}, r"^tasks \['relation', 'relation'\]: names one twice; name each once$"),
        ({"chunks": ["infix", "infix"]}, r"^chunks \['infix', 'infix'\]: names one twice; name each once$"),
        ({"task_weights": ["novelty"]}, r"^'novelty': write NAME=VALUE, the value as in JSON, such as novelty=1$"),
        ({"chunk_tokens": ["infix=9.5"]}, r"^chunk_tokens: infix is 9\.5; give a whole number$"),
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


def test_runs_before_there_was_a_policy_of_errors_can_be_resumed_with_its_defaults():
    record = recorded(settings())
    for name in ("errors", "offsets", "split_relations"):
        del record[name]
    assert settings().differences(record) == []
    assert settings(errors="skip-mention").differences(record) == ["errors is 'skip-mention', was 'raise'"]


def test_only_what_touches_no_number_may_change():
    changes = {"resume_from_checkpoint": True, "output_dir": "moved", "save_steps": 7, "report_to": "tensorboard"}
    changes |= {"stop_after_epoch": 2, "dev": "d"}  # the learning rates fall over all epochs, however many are run
    found = settings(**changes, early_stopping_patience=3).differences(recorded(settings(dev="d")))
    assert found == []
    assert set(CHANGEABLE) == {*changes, "overwrite_output_dir", "early_stopping_patience"} - {"dev"}
