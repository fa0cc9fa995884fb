"""The example of fine-tuning with the plain trainer of transformers."""

import json
from pathlib import Path

import pytest

from biodir.configuration_biodir import PAIR_ENCODINGS
from biodir.formats.pubtator_reader import read_pubtator
from biodir.inference.loading import load_pipeline
from helpers.script_module import script
from helpers.tiny_checkpoint import save_checkpoint
from helpers.training_runs import DOCUMENT, written

example = script("finetune_with_trainer", folder="examples")


def without_dropout(checkpoint: Path) -> Path:
    """The checkpoint, whose encoder is too small to lose a tenth of its states."""
    config = json.loads((checkpoint / "config.json").read_text())
    config["encoder_config"] |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (checkpoint / "config.json").write_text(json.dumps(config))
    return checkpoint


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_trainer_teaches_a_checkpoint_the_relation_of_its_documents(tmp_path, form):
    settings = {"classifier_dropout": 0.0, "initializer_range": 0.02, "none_bias": 0.0}
    checkpoint = without_dropout(save_checkpoint(tmp_path, pair_encoding=form, chunks=["infix"], **settings))
    gold = written(tmp_path / "train.pubtator", range(1, 9))
    options = {"model": checkpoint, "train": gold, "output_dir": tmp_path / "tuned", "num_train_epochs": 12}
    options |= {"per_device_train_batch_size": 4, "learning_rate": 0.01, "warmup_steps": 0.1, "report_to": "none"}
    example.main([f"--{name}={value}" for name, value in options.items()])
    (found, *_), *_ = load_pipeline(str(tmp_path / "tuned"), device="cpu")(list(read_pubtator(gold)))
    assert (found["subject"]["id"], found["relation"], found["object"]["id"]) == ("C1", "Negative_Correlation", "D1")
    assert (found["novelty"], found["directed"]) == ("Novel", True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "{}/none"}, "none: there is no such folder; name the folder of a checkpoint"),
        ({"model": "{}/encoder"}, "encoder: config.json is that of a model of type 'bert'"),
        ({"train": "{}/none"}, "none: cannot be read .*; check the file"),
        ({"train": "{}/food"}, "food: mentions have unknown entity types: 'Food' .*; rename the types in the file"),
        ({"train": "{}/relates"}, "relates: document 1.* 'Eats'"),
        ({"train": "{}/title"}, "title: no pair of entities to learn from; .*heads of this one: relation, "),
        ({"output_dir": "{}/model"}, r"model holds a model already \(config\.json, .*\); name another --output_dir"),
        ({"output_dir": "{}/title"}, "title is a file, not a folder; name another --output_dir"),
    ],
)
def test_bad_input_is_named_and_no_model_is_replaced(tmp_path, options, message):
    save_checkpoint(tmp_path)
    changed = {"good": ("", ""), "food": ("ChemicalEntity", "Food"), "relates": ("Negative_Correlation", "Eats")}
    for name, names in changed.items():
        written(tmp_path / name, [1], DOCUMENT.replace(*names))
    (tmp_path / "title").write_text("1|t|Iron\n")
    given = {"model": "{}/model", "train": "{}/good", "output_dir": "{}/out", "report_to": "none"} | options
    with pytest.raises(SystemExit, match=rf"^finetune_with_trainer\.py: error: .*{message}[^\n]*$"):
        example.main([f"--{name}={value.format(tmp_path)}" for name, value in given.items()])
