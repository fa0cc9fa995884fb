"""What is shown of a checkpoint."""

import ast
import json
import shutil
import subprocess
import sys

import pytest

from biodir.cli import main
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from biodir.showing.model_info import model_lines
from helpers.checkout import CHECKOUT
from helpers.hub_server import published
from helpers.tiny_checkpoint import save_checkpoint


def test_facts_of_a_model_without_a_tagger_and_without_calibration(tmp_path):
    folder = save_checkpoint(tmp_path)
    facts = dict(model_lines(str(folder)))
    config = json.loads((folder / "config.json").read_text())
    assert facts["model"] == str(folder.resolve())
    assert facts["form"] == f"{config['pair_encoding']}, {config['max_tokens']} tokens"
    assert facts["tagger"] == "none: entities must be marked"
    assert facts["relation labels"] == ", ".join(config["relation_labels"])
    assert facts["calibrated on"] == "nothing: thresholds are the defaults"
    assert "scaling" not in facts
    assert facts["encoder"].startswith(config["encoder_config"]["model_type"])
    size = (folder / "model.safetensors").stat().st_size
    assert facts["size"] == f"model.safetensors {size / 1e6:.1f} MB"
    parts = [float(part.split()[1]) for part in facts["parameters"].partition("(")[2].split(", ")]
    assert float(facts["parameters"].split()[0]) == pytest.approx(sum(parts), abs=0.02)


def test_facts_of_a_calibrated_model_with_a_tagger(tmp_path):
    folder = save_checkpoint(tmp_path, tagger_labels=bio_labels(ENTITY_TYPES))
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["relation_thresholds"] = dict.fromkeys(config["relation_labels"][1:], 0.25)
    found = {"calibrated_on": ["a", "b"], "label_biases": {"Novel": 0.5}}
    found["score_scaling"] = {"relation": [0.51234, -1.0], "novelty": [2, 0]}
    path.write_text(json.dumps(config | found))
    facts = dict(model_lines(str(folder)))
    assert facts["calibrated on"] == "2 documents"
    assert facts["biases"] == "Novel +0.5"
    assert facts["scaling"] == "relation slope 0.512 offset -1, novelty slope 2 offset +0"
    assert facts["thresholds"].startswith("Association 0.25, ")
    assert "threshold" not in facts
    assert facts["tagger"] == f"finds {', '.join(ENTITY_TYPES)}; 0 layers of its own"


def test_model_of_the_hub_is_fetched_and_named_by_its_id(tmp_path, monkeypatch):
    folder = save_checkpoint(tmp_path)
    (folder / "notes.txt").write_text("x")
    with published(monkeypatch, tmp_path / "cache", folder) as hub:
        facts = dict(model_lines("some-group/tiny"))
        local = dict(model_lines(str(folder)))
        assert facts == local | {"model": "some-group/tiny"}
        assert hub.count("notes.txt") == 0
        with pytest.raises(CheckpointError, match="some-group/other: no folder has this name, and the Hub does not"):
            list(model_lines("some-group/other"))


def test_revision_of_the_hub_is_shown(tmp_path, monkeypatch, capsys):
    folder = save_checkpoint(tmp_path)
    old = shutil.copytree(folder, tmp_path / "old")
    config = json.loads((old / "config.json").read_text())
    (old / "config.json").write_text(json.dumps(config | {"relation_threshold": 0.75}))
    with published(monkeypatch, tmp_path / "cache", old, folder):
        assert dict(model_lines("some-group/tiny"))["threshold"].startswith("0.5")
        capsys.readouterr()
        assert main(["info", "some-group/tiny", "--revision", "v0"]) == 0
        out = capsys.readouterr().out
        assert "some-group/tiny at v0" in out
        assert "0.75, bias" in out
        with pytest.raises(CheckpointError, match="the Hub does not give the model at revision v9: "):
            list(model_lines("some-group/tiny", "v9"))
    with pytest.raises(SettingError, match=f"revision v0: {folder} is a folder, and only Hub ids have revisions"):
        list(model_lines(str(folder), "v0"))


def test_torch_is_not_needed(exported, tmp_path):
    folder = exported("document")
    graphs = shutil.copytree(folder / "onnx", tmp_path / "graphs")
    code = "import sys\nsys.modules |= dict.fromkeys(('torch', 'transformers', 'safetensors'))\n"
    code += f"sys.path.insert(0, {str(CHECKOUT)!r})\nfrom biodir.showing.model_info import model_lines\n"
    code += f"print([[*model_lines(each)] for each in {[str(folder), str(graphs)]!r}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    of_checkpoint, of_graphs = (dict(facts) for facts in ast.literal_eval(done.stdout))
    assert of_checkpoint == dict(model_lines(str(folder)))
    assert of_checkpoint["graphs"].startswith("onnx, onnx-int8; ")
    assert of_graphs == dict(model_lines(str(graphs)))
    assert of_graphs["encoder"] == "not in a folder of graphs"
    lost = {"model", "encoder", "tagger", "parameters", "size", "needs"}
    assert {name: value for name, value in of_checkpoint.items() if name not in lost}.items() <= of_graphs.items()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"model_type": "bert"}', "of type 'bert', not"),
        (
            '{"model_type": "biodir", "relation_labels": [], "novelty_labels": [], "direction_labels": [], '
            '"max_tokens": 8, "encoder_config": {"dim": 4, "n_layers": 2}}',
            "lacks pair_encoding, pair_types, vocab_size; get it again",
        ),
    ],
)
def test_damaged_configuration_is_named_without_torch(content, message, tmp_path, monkeypatch):
    monkeypatch.setattr("biodir.showing.model_info.find_spec", lambda library: None)
    folder = save_checkpoint(tmp_path)
    (folder / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=f"{folder}.*{message}"):
        list(model_lines(str(folder)))


def test_names_of_distilbert_and_defaults_are_known_without_torch(tmp_path, monkeypatch):
    folder = save_checkpoint(tmp_path)
    expected = dict(model_lines(str(folder)))
    monkeypatch.setattr("biodir.showing.model_info.find_spec", lambda library: None)
    path = folder / "config.json"
    config = json.loads(path.read_text())
    for name in ("tagger_labels", "relation_threshold", "relation_thresholds", "score_scaling"):
        config.pop(name, None)
    for other, name in (("n_layers", "num_hidden_layers"), ("dim", "hidden_size")):
        config["encoder_config"][other] = config["encoder_config"].pop(name)
    path.write_text(json.dumps(config))
    assert dict(model_lines(str(folder))) == expected


def test_model_whose_relation_labels_exclude_each_other_has_no_threshold(tmp_path):
    folder = save_checkpoint(tmp_path, relation_loss="softmax", relation_threshold=1.0, none_bias=0)
    assert dict(model_lines(str(folder)))["threshold"] == "none, the highest label wins, bias of no relation 0"


def test_damaged_checkpoint_names_the_file(tmp_path):
    folder = save_checkpoint(tmp_path)
    (folder / "model.safetensors").write_bytes(b"\x10")
    with pytest.raises(CheckpointError, match=r"model\.safetensors: is no file of weights"):
        list(model_lines(str(folder)))


def test_command_shows_a_table(tmp_path, capsys):
    folder = save_checkpoint(tmp_path)
    capsys.readouterr()
    assert main(["info", "--model", str(folder)]) == 0
    named = capsys.readouterr().out
    assert main(["info", str(folder)]) == 0
    out = capsys.readouterr().out
    assert named == out
    assert main(["info", str(folder), "--model", "other"]) == 1
    assert f"two models are named, {folder} and other; name one" in capsys.readouterr().err
    assert "novelty labels    None, Novel, No" in out
    assert main(["info", str(tmp_path / "none")]) == 1
