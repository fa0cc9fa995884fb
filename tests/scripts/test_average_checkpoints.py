"""The mean of checkpoints."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from biodir.files import file_sha256
from biodir.inference.loading import load_pipeline
from biodir.training.provenance import provenance
from helpers.script_module import script
from helpers.tiny_checkpoint import save_checkpoint

average = script("average_checkpoints")
TAGGER_LABELS = ("O", "B-CellLine", "I-CellLine")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("average"))


def copy_of(checkpoint: Path, folder: Path, **settings) -> Path:
    """The checkpoint with other values in its configuration."""
    shutil.copytree(checkpoint, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **settings}))
    return folder


def filled(folder: Path, number: float) -> dict[str, torch.Tensor]:
    """Write the number into all weights of a checkpoint, and return them."""
    path = folder / "model.safetensors"
    weights = {name: torch.full_like(value, number) for name, value in load_file(path).items()}
    save_file(weights, path, metadata={"format": "pt"})
    return weights


def test_mean_of_checkpoints_is_a_checkpoint_with_the_mean_of_each_weight(checkpoint, tmp_path):
    folders = [copy_of(checkpoint, tmp_path / name) for name in ("one", "two", "three")]
    for number, folder in enumerate(folders):
        weights = filled(folder, number)
    average.main([*map(str, folders), "--output", str(tmp_path / "mean")])
    found = load_file(tmp_path / "mean" / "model.safetensors")
    assert set(found) == set(weights)
    assert all(torch.equal(value, torch.ones_like(value)) for value in found.values())
    assert load_pipeline(str(tmp_path / "mean"), device="cpu").model.config.model_type == "biodir"


def test_mean_has_no_vectors_of_corpora(tmp_path, checkpoint):
    with_corpora = save_checkpoint(tmp_path, corpus_labels=["drugprot"])
    output = tmp_path / "mean"
    average.main([str(with_corpora), str(checkpoint), "--output", str(output)])
    assert load_pipeline(str(output), device="cpu").model.config.corpus_labels == []
    assert load_file(output / "model.safetensors").keys() == load_file(checkpoint / "model.safetensors").keys()


def test_record_of_a_mean_names_its_parents_with_the_hashes_of_their_weights(checkpoint, tmp_path):
    folders = [copy_of(checkpoint, tmp_path / name) for name in ("one", "two")]
    (folders[1] / "training.json").write_text("{}")
    average.main([*map(str, folders), "--output", str(tmp_path / "mean")])
    record = json.loads((tmp_path / "mean" / "training.json").read_text())
    files = [folder / "model.safetensors" for folder in folders] + [folders[1] / "training.json"]
    assert record["parents"] == [str(folder) for folder in folders]
    assert record["data"] == {str(path): file_sha256(path) for path in files}
    assert record["none_bias"] == -1000.0
    assert set(record["provenance"]) == set(provenance())


def test_mean_has_no_scaling_of_scores_and_a_warning_says_so(checkpoint, tmp_path, caplog):
    scaled = copy_of(checkpoint, tmp_path / "one", score_scaling={"relation": [0.5, -1.0]})
    other = copy_of(checkpoint, tmp_path / "two", score_scaling={"relation": [0.25, -1.0], "novelty": [2, 0]})
    average.main([str(scaled), str(other), "--output", str(tmp_path / "mean")])
    assert load_pipeline(str(tmp_path / "mean"), device="cpu").model.config.score_scaling == {}
    assert (
        f"{scaled}: its score_scaling is of its weights, not of their mean; find one by biodir calibrate" in caplog.text
    )


@pytest.mark.parametrize(
    ("settings", "difference"),
    [
        ({"hard_prompt": "{tasks} {entity1} {entity2}"}, "hard_prompt is '{tasks} {entity1} {entity2}', not "),
        ({"chunk_tokens": {"infix": 40}}, "chunk_tokens.infix is 40, not None"),
    ],
)
def test_checkpoints_of_other_kinds_have_no_mean(checkpoint, tmp_path, settings, difference):
    folders = [checkpoint, copy_of(checkpoint, tmp_path / "two", **settings)]
    message = re.escape(f"{folders[1]} is of another kind than {folders[0]}: ") + ".*" + re.escape(difference)
    with pytest.raises(SystemExit, match=rf"error: {message}.*; average like with like"):
        average.main([*map(str, folders), "--output", str(tmp_path / "mean")])
    assert not (tmp_path / "mean").exists()


@pytest.mark.parametrize(
    ("output", "second", "message"),
    [
        ("model/../model", "model", r"the output is one of the checkpoints; name another --output"),
        ("mean", "nowhere", r"nowhere: there is no such folder; name the folder of a checkpoint"),
    ],
)
def test_what_would_be_overwritten_or_is_not_there_is_named(checkpoint, tmp_path, output, second, message):
    folder = copy_of(checkpoint, tmp_path / "model")
    before = file_sha256(folder / "model.safetensors")
    with pytest.raises(SystemExit, match=rf"average_checkpoints\.py: error: .*{message}"):
        average.main([str(folder), str(tmp_path / second), "--output", str(tmp_path / output)])
    assert file_sha256(folder / "model.safetensors") == before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("out/training.json", '{"epochs": []}', r"out holds another run or checkpoint .*\(training\.json\); name "),
        ("out/training.json", '{"parents": ["other"]}', r"out holds another run or checkpoint "),
        ("out/config.json", "{}", r"out holds another run or checkpoint .*\(config\.json\); name another --output"),
        ("out", "notes", r"out is a file, not a folder; name another --output"),
    ],
)
def test_mean_replaces_nothing_but_itself(checkpoint, tmp_path, name, content, message):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    with pytest.raises(SystemExit, match=rf"average_checkpoints\.py: error: .*{message}"):
        average.main([str(checkpoint), "--output", str(tmp_path / "out")])
    assert (tmp_path / name).read_text() == content


def test_mean_of_the_same_checkpoints_is_written_again_and_after_a_stop(checkpoint, tmp_path):
    arguments = [str(checkpoint), "--output", str(tmp_path / "mean")]
    average.main(arguments)
    average.main(arguments)
    (tmp_path / "mean" / ".part").mkdir()
    (tmp_path / "mean" / "training.json").rename(tmp_path / "mean" / ".part" / "training.json")
    average.main(arguments)
    assert json.loads((tmp_path / "mean" / "training.json").read_text())["parents"] == [str(checkpoint)]


def test_mean_gets_the_tagger_of_another_checkpoint(checkpoint, tmp_path, capsys):
    chosen = {"score_scaling": {"relation": [0.5, -1.0]}, "calibrated_on": ["a"]}
    of_donor = {"none_bias": 2.0, "score_scaling": {"relation": [0.25, 3.0]}, "calibrated_on": ["b"]}
    own = copy_of(checkpoint, tmp_path / "own", **chosen)
    donor = save_checkpoint(tmp_path, tagger_labels=TAGGER_LABELS, tagger_layers=1)
    donor = copy_of(donor, tmp_path / "donor", **of_donor)
    weights = filled(donor, 7.0)
    average.main([str(own), "--tagger-from", str(donor), "--output", str(tmp_path / "joined")])
    assert f"holds the weights of {own}, with the tagger of {donor}" in capsys.readouterr().out
    found, kept = load_file(tmp_path / "joined" / "model.safetensors"), load_file(own / "model.safetensors")
    assert set(found) == set(weights) > set(kept)
    assert all(torch.equal(found[name], value) for name, value in kept.items())
    assert all((found[name] == 7.0).all() for name in set(found) - set(kept))
    config = load_pipeline(str(tmp_path / "joined"), device="cpu").model.config
    assert (tuple(config.tagger_labels), config.none_bias) == (TAGGER_LABELS, -1000.0)
    assert {name: getattr(config, name) for name in chosen} == chosen
    record = json.loads((tmp_path / "joined" / "training.json").read_text())
    assert (record["parents"], record["tagger_from"]) == ([str(own)], str(donor))
    assert str(donor / "model.safetensors") in record["data"]


def test_tagger_of_a_checkpoint_with_vectors_of_corpora_is_taken_without_these(checkpoint, tmp_path):
    donor = save_checkpoint(tmp_path, tagger_labels=TAGGER_LABELS, tagger_layers=1, corpus_labels=["drugprot"])
    average.main([str(checkpoint), "--tagger-from", str(donor), "--output", str(tmp_path / "joined")])
    found = load_pipeline(str(tmp_path / "joined"), device="cpu").model
    assert (tuple(found.config.tagger_labels), found.config.corpus_labels) == (TAGGER_LABELS, [])
    assert "corpus_vectors.weight" not in load_file(tmp_path / "joined" / "model.safetensors")


def test_tagger_of_another_takes_the_place_of_the_own(tmp_path):
    first, second = (
        save_checkpoint(tmp_path / name, tagger_labels=TAGGER_LABELS, tagger_layers=1) for name in ("first", "second")
    )
    filled(second, 7.0)
    average.main([str(first), "--tagger-from", str(second), "--output", str(tmp_path / "joined")])
    found, kept = load_file(tmp_path / "joined" / "model.safetensors"), load_file(first / "model.safetensors")
    assert {name for name in found if torch.equal(found[name], kept[name])} == {
        name for name in kept if not name.startswith("tagger.")
    }


def test_checkpoint_without_closest_mentions_counts_as_one_with_maps_of_zero(tmp_path):
    document = {"pair_encoding": "document"}
    own = save_checkpoint(tmp_path / "own", closest_mentions=True, **document)
    donor = save_checkpoint(tmp_path / "donor", tagger_labels=TAGGER_LABELS, tagger_layers=1, **document)
    other, maps = save_checkpoint(tmp_path / "other", **document), filled(own, 4.0)
    filled(other, 2.0)
    average.main([str(own), str(other), "--tagger-from", str(donor), "--output", str(tmp_path / "mean")])
    found = load_file(tmp_path / "mean" / "model.safetensors")
    assert {name for name in maps if (found[name] == 3.0).all()} == set(load_file(other / "model.safetensors"))
    of_maps = {name for name in maps if ".mention." in name or ".between." in name}
    assert {name for name in maps if (found[name] == 2.0).all()} == of_maps != set()
    assert load_pipeline(str(tmp_path / "mean"), device="cpu").model.config.closest_mentions
    with pytest.raises(SystemExit, match=rf"closest_mentions is True, not False; name {re.escape(str(own))} first"):
        average.main([str(other), str(own), "--output", str(tmp_path / "turned")])
    with_tagger = save_checkpoint(
        tmp_path / "both", tagger_labels=TAGGER_LABELS, tagger_layers=1, closest_mentions=True, **document
    )
    average.main([str(other), "--tagger-from", str(with_tagger), "--output", str(tmp_path / "joined")])
    assert not {name for name in load_file(tmp_path / "joined" / "model.safetensors") if name in of_maps}
    assert not load_pipeline(str(tmp_path / "joined"), device="cpu").model.config.closest_mentions


def test_joined_checkpoint_is_not_written_over_by_one_with_another_tagger(checkpoint, tmp_path):
    donor = save_checkpoint(tmp_path, tagger_labels=TAGGER_LABELS, tagger_layers=1)
    plain, joined = [str(checkpoint)], [str(checkpoint), "--tagger-from", str(donor)]
    for number, (before, after) in enumerate([(plain, joined), (joined, plain)]):
        output = ["--output", str(tmp_path / f"out{number}")]
        average.main([*before, *output])
        average.main([*before, *output])
        with pytest.raises(SystemExit, match="holds another run or checkpoint already"):
            average.main([*after, *output])


def test_tagger_of_another_kind_or_none_is_named(checkpoint, tmp_path):
    shared = save_checkpoint(tmp_path / "shared", tagger_labels=TAGGER_LABELS)
    other = save_checkpoint(tmp_path / "other", tagger_labels=TAGGER_LABELS, tagger_layers=1, max_tokens=64)
    for donor, message in (
        (checkpoint, "has no tagger with layers of its own; name a checkpoint that has"),
        (shared, "has no tagger with layers of its own"),
        (other, "is of another kind than .*max_tokens is 64.*; name one of the same encoder and labels"),
        (tmp_path / "nowhere", "there is no such folder"),
    ):
        with pytest.raises(SystemExit, match=rf"error: {re.escape(str(donor))}:? {message}"):
            average.main([str(checkpoint), "--tagger-from", str(donor), "--output", str(tmp_path / "joined")])
        assert not (tmp_path / "joined").exists()
