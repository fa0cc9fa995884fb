"""Loading graphs: which folder and back end, stale and damaged files, and that nothing imports torch."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from biodir.configuration_biodir import BioDirConfig
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.inference import BACKENDS
from biodir.inference.opening import open_pipeline
from biodir.pipeline_decoding_biodir import scaled_scores
from biodir.runtime import load
from biodir.runtime.manifest import FOLDER, MANIFEST, Manifest, RuntimeSettings
from helpers.checkout import CHECKOUT
from helpers.exported import SHORT
from helpers.hub_server import published


@pytest.fixture
def copied(exported, tmp_path) -> Path:
    """A copy of the document form's checkpoint with its graphs."""
    return Path(shutil.copytree(exported("document"), tmp_path / "copied"))


def changed_manifest(folder: Path, **values) -> Path:
    """Change entries of the manifest of a checkpoint's graphs, and return the checkpoint."""
    path = folder / FOLDER / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return folder


def test_float32_is_taken_where_it_is_else_int8(copied):
    assert load(copied).backend == "onnx"
    manifest = Manifest.read(copied / FOLDER)
    left = {name: entry for name, entry in manifest.files.items() if name != "tagger.onnx"}
    assert load(changed_manifest(copied, files=left)).backend == "onnx-int8"


def test_folder_of_graphs_is_enough(exported, tmp_path):
    shutil.copytree(exported("document") / FOLDER, tmp_path / "graphs")
    assert load(tmp_path / "graphs")(SHORT) == load(exported("document"))(SHORT)


def test_scores_are_scaled_as_the_manifest_says_and_not_without(copied):
    settings = json.loads((copied / FOLDER / MANIFEST).read_text())["settings"]
    assert settings.pop("score_scaling") == {}
    plain = load(changed_manifest(copied, settings=settings))(SHORT)  # as a manifest of before
    settings["score_scaling"] = {"relation": [0.5, -1.0]}
    found = load(changed_manifest(copied, settings=settings))(SHORT)
    for before, after in zip(plain, found, strict=True):
        score = float(scaled_scores(np.array(before["relation_score"]), 0.5, -1.0))
        product = score * before["novelty_score"] * before["direction_score"]
        assert (after.pop("relation_score"), after.pop("score")) == pytest.approx((score, product))
        assert after.items() <= before.items()


def test_scaling_of_a_configuration_comes_back_from_the_manifest(copied):
    scaling = {"relation": [0.5, -1.0], "direction": [2, 0.25]}
    settings = RuntimeSettings.from_config(BioDirConfig(pair_encoding="document", score_scaling=scaling))
    replace(Manifest.read(copied / FOLDER), settings=settings).write(copied)
    assert Manifest.read(copied).settings.score_scaling == scaling


def test_manifest_names_every_file_with_size_and_hash(exported):
    folder = exported("document") / FOLDER
    manifest = Manifest.read(folder)
    assert set(manifest.files) == {path.name for path in folder.iterdir()} - {MANIFEST}
    assert set(manifest.sources) == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert all(len(digest) == 64 for digest in (manifest.weights, *manifest.sources.values()))
    assert {"biodir", "onnx", "torch", "transformers"} == set(manifest.versions)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_graphs_of_another_checkpoint_are_refused(copied, name):
    with (copied / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(CheckpointError, match=f"graphs are of another {name} than the one in .*biodir export-onnx"):
        load(copied)


def test_folder_is_found_after_the_working_directory_changes(copied, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    extract = load("copied")
    expected = load(copied)(SHORT)
    monkeypatch.chdir(os.sep)
    assert extract(SHORT) == expected
    assert pickle.loads(pickle.dumps(extract))(SHORT) == expected


def test_folder_of_graphs_may_lie_beside_the_files_of_another_checkpoint(exported, tmp_path, monkeypatch):
    expected = load(exported("document"))(SHORT)
    shutil.copytree(exported("document") / FOLDER, tmp_path / "graphs")
    (tmp_path / "config.json").write_text("{}")
    assert load(tmp_path / "graphs")(SHORT) == expected
    monkeypatch.chdir(tmp_path)
    assert load("graphs")(SHORT) == expected


def test_graphs_of_another_checkpoint_are_refused_from_inside_their_folder(copied, monkeypatch):
    (copied / "config.json").write_text("{}")
    monkeypatch.chdir(copied / FOLDER)
    with pytest.raises(CheckpointError, match=r"graphs are of another config\.json"):
        load(".")


@pytest.mark.parametrize("threads", [0, -1, True, "2", 1.0])
def test_threads_that_are_no_number_of_threads_are_refused(copied, threads):
    with pytest.raises(SettingError, match=rf"threads is {threads!r}; it counts threads, at least 1"):
        load(copied, threads=threads)


@pytest.mark.parametrize("name", ["nowhere", "copied/config.json"])
def test_folder_that_is_not_there_is_named(copied, name):
    with pytest.raises(CheckpointError, match=f"{name}: there is no such folder"):
        load(copied.parent / name)


def test_folder_without_graphs_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"onnx has no manifest.json; write it with biodir export-onnx"):
        load(tmp_path)


@pytest.mark.parametrize(("content", "message"), [("{", "is damaged"), ('{"format": 2}', "damaged"), ("[]", "damaged")])
def test_damaged_manifest_is_named(copied, content, message):
    (copied / FOLDER / MANIFEST).write_text(content)
    with pytest.raises(CheckpointError, match=f"manifest.json .*{message}.*write it again"):
        load(copied)


def test_loss_of_the_manifest_decides_how_relations_are_scored(copied):
    def sums(settings) -> list[float]:
        extract = load(changed_manifest(copied, settings=settings))
        return [sum(found["scores"]["relation"].values()) for found in extract(SHORT, return_all_scores=True)]

    settings = json.loads((copied / FOLDER / MANIFEST).read_text())["settings"]
    assert settings["relation_loss"] == "binary"
    assert sums({**settings, "relation_loss": "softmax"}) == pytest.approx([1.0])
    before = sums(settings)
    assert before != pytest.approx([1.0])
    del settings["relation_loss"]  # as in manifests of before
    assert sums(settings) == before


def test_form_that_the_graphs_of_no_scorer_compute_is_refused(copied):
    settings = json.loads((copied / FOLDER / MANIFEST).read_text())["settings"]
    with pytest.raises(
        CheckpointError, match=r"manifest\.json: the form 'released' is unknown .* 'document' and 'pair"
    ):
        load(changed_manifest(copied, settings={**settings, "pair_encoding": "released"}))


def test_manifest_of_another_format_is_refused(copied):
    with pytest.raises(CheckpointError, match=r"has format 99, but this biodir reads 2; write it again"):
        load(changed_manifest(copied, format=99))


def test_file_that_is_missing_or_cut_off_is_named(copied):
    path = copied / FOLDER / "heads.onnx"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CheckpointError, match=rf"heads.onnx has 100 bytes, but manifest.json says {size}"):
        load(copied)
    path.unlink()
    with pytest.raises(CheckpointError, match=r"heads.onnx is missing"):
        load(copied)


def test_graph_that_cannot_be_read_is_named(copied):
    path = copied / FOLDER / "heads.onnx"
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(CheckpointError, match=r"heads.onnx cannot be used: "):
        load(copied)(SHORT)


def test_unknown_back_end_and_one_without_graphs_are_refused(copied):
    with pytest.raises(SettingError, match="backend is 'bf16'; choose one of auto, onnx, onnx-int8"):
        load(copied, "bf16")
    manifest = Manifest.read(copied / FOLDER)
    left = {name: entry for name, entry in manifest.files.items() if "int8" not in name}
    with pytest.raises(CheckpointError, match="has no graphs for onnx-int8; write them with biodir export-onnx"):
        load(changed_manifest(copied, files=left), "onnx-int8")


def test_tables_of_half_precision_are_kept_so(exported):
    table = np.load(exported("document") / FOLDER / "embeddings.npy")
    assert table.dtype == np.float32, "random weights of float32, which float16 cannot hold"


def test_revision_of_the_hub_is_that_of_the_graphs(exported, copied, tmp_path, monkeypatch):
    changed_manifest(copied, versions={"biodir": "0"})
    with published(monkeypatch, tmp_path / "cache", copied, exported("document")) as hub:
        found = load("some-group/tiny", revision="v0")
        assert Manifest.read(found.folder).versions == {"biodir": "0"}
        assert open_pipeline("some-group/tiny", "cpu", "onnx", revision="v0").folder == found.folder
        assert Manifest.read(load("some-group/tiny").folder).versions.keys() > {"biodir"}
        assert found(SHORT) == load(copied)(SHORT)
        assert hub.count("model.safetensors") == 0
        with pytest.raises(CheckpointError, match="the Hub does not give the model at revision v9: "):
            load("some-group/tiny", revision="v9")


@pytest.mark.parametrize("backend", BACKENDS)
def test_revision_of_a_folder_is_refused(copied, backend):
    for opened in (load, partial(open_pipeline, device="cpu", backend=backend)):
        with pytest.raises(SettingError, match=f"revision v0: {copied} is a folder, and only Hub ids have revisions"):
            opened(str(copied), revision="v0")


@pytest.mark.parametrize("backend", ["onnx", "onnx-int8"])
def test_prediction_imports_neither_torch_nor_transformers(exported, backend):
    code = (
        "import json, sys\n"
        "from biodir.runtime import load\n"
        "extract = load(sys.argv[1], sys.argv[2])\n"
        "assert extract('aspirin stops pain', return_entities=True).keys() == {'entities', 'relations'}\n"
        "assert extract(json.loads(sys.argv[3]))\n"
        "print(sorted({'torch', 'transformers', 'huggingface_hub', 'onnx'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(exported("document")), backend, json.dumps(SHORT)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_command_takes_the_graphs_and_imports_no_torch(exported):
    code = (
        "import sys\n"
        "from biodir.cli import main\n"
        "assert main(['predict', 'samples/sample.pubtator', '--model', sys.argv[1]]) == 0\n"
        "print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(exported("document"))]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith("[]"), done.stderr
    assert "37026113" in done.stdout or "sample" in done.stdout.splitlines()[0], done.stdout
