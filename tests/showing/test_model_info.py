"""What is shown of a checkpoint."""

import json

import pytest

from biodir.cli import main
from biodir.errors_biodir import CheckpointError
from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from biodir.showing.model_info import model_lines
from helpers.hub_server import Commit, Repository, running_hub
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
    path.write_text(json.dumps(config | {"calibrated_on": ["a", "b"], "label_biases": {"Novel": 0.5}}))
    facts = dict(model_lines(str(folder)))
    assert facts["calibrated on"] == "2 documents"
    assert facts["biases"] == "Novel +0.5"
    assert facts["thresholds"].startswith("Association 0.25, ")
    assert "threshold" not in facts
    assert facts["tagger"] == f"finds {', '.join(ENTITY_TYPES)}; 0 layers of its own"


def test_model_of_the_hub_is_fetched_and_named_by_its_id(tmp_path, monkeypatch):
    folder = save_checkpoint(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    with running_hub() as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
        address = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", address)
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        commit = Commit("a" * 40, "first", {**files, "notes.txt": b"x"}, frozenset())
        hub.repositories["models", "some-group/tiny"] = Repository(False, [commit])
        facts = dict(model_lines("some-group/tiny"))
        local = dict(model_lines(str(folder)))
        assert facts == local | {"model": "some-group/tiny"}
        assert hub.count("notes.txt") == 0
        with pytest.raises(CheckpointError, match="some-group/other: the files of the model cannot be used"):
            list(model_lines("some-group/other"))


def test_damaged_checkpoint_names_the_file(tmp_path):
    folder = save_checkpoint(tmp_path)
    (folder / "model.safetensors").write_bytes(b"\x10")
    with pytest.raises(CheckpointError, match=r"model\.safetensors: is no file of weights"):
        list(model_lines(str(folder)))


def test_command_shows_a_table(tmp_path, capsys):
    folder = save_checkpoint(tmp_path)
    capsys.readouterr()
    assert main(["info", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "novelty labels    None, Novel, No" in out
    assert main(["info", str(tmp_path / "none")]) == 1
