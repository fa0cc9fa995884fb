"""Every back end gives the scores of torch, as near as its numbers allow, for every pair encoding."""

import sys

import pytest
import torch

from biodir.__main__ import main
from biodir.configuration_biodir import PAIR_ENCODINGS
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.inference import onnx_encoder
from biodir.inference.backends import BACKENDS, use_backend
from biodir.inference.loading import load_pipeline
from tiny_checkpoint import save_checkpoint

# The first text fills several windows; in the second two documents meet in a batch.
LONG = {
    "text": "aspirin stops pain . " + "filler " * 90 + "warfarin binds the gene . aspirin again .",
    "entities": [
        {"start": 0, "end": 7, "type": "ChemicalEntity", "id": "C1"},
        {"start": 14, "end": 18, "type": "DiseaseOrPhenotypicFeature", "id": "D1"},
        {"start": 651, "end": 659, "type": "ChemicalEntity", "id": "C2"},
        {"start": 670, "end": 674, "type": "GeneOrGeneProduct", "id": "G1"},
    ],
}
SHORT = {
    "text": "iron and the drug",
    "entities": [
        {"start": 0, "end": 4, "type": "ChemicalEntity", "id": "C1"},
        {"start": 13, "end": 17, "type": "ChemicalEntity", "id": "C2"},
    ],
}
# Largest and mean difference of scores in 0..1. The weights of the tiny model are wide, so coarse numbers show.
TOLERANCES = {"torch": (0, 0), "bf16": (1, 0.03), "int8": (1, 0.12), "onnx": (1e-4, 1e-4), "onnx-int8": (1, 0.12)}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("backends")
    return {form: save_checkpoint(folder / form, pair_encoding=form) for form in PAIR_ENCODINGS}


def scores_of(extract) -> torch.Tensor:
    """(pairs, labels of all tasks), pairs in the order of their identifiers."""
    rows = {}
    for number, results in enumerate(extract([LONG, SHORT], return_all_scores=True)):
        for result in results:
            key = number, *sorted((result["subject"]["id"], result["object"]["id"]))
            rows[key] = [score for task in result["scores"].values() for score in task.values()]
    return torch.tensor([rows[key] for key in sorted(rows)])


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_scores_are_those_of_torch(checkpoints, form, backend):
    expected = scores_of(load_pipeline(str(checkpoints[form]), "cpu"))
    found = scores_of(load_pipeline(str(checkpoints[form]), "cpu", backend))
    assert found.shape == (7, 16)
    differences = (found - expected).abs()
    largest, mean = TOLERANCES[backend]
    assert differences.max() <= largest
    assert differences.mean() <= mean
    assert backend in ("torch", "onnx") or (found != expected).any(), "the back end computed nothing of its own"


def test_long_text_of_these_tests_fills_several_windows(checkpoints):
    extract = load_pipeline(str(checkpoints["pooled"]), "cpu")
    document = extract._to_document(LONG, 0, {})
    assert len(next(iter(extract.preprocess(document))).rows) > 1


def test_exported_files_are_found_and_checked(checkpoints, capsys, monkeypatch, tmp_path):
    folder = checkpoints["pooled"]
    assert main(["export-onnx", "--model", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "encoder.onnx" in printed
    assert "for --backend onnx-int8" in printed
    assert (folder / "encoder.int8.onnx").stat().st_size < (folder / "encoder.onnx").stat().st_size
    with monkeypatch.context() as patch:
        patch.setattr("biodir.inference.backends.export_encoder", None)  # must not be called
        load_pipeline(str(folder), "cpu", "onnx")
    model = load_pipeline(str(folder), "cpu").model
    with torch.no_grad():
        next(model.encoder.parameters()).add_(1)
    with pytest.raises(CheckpointError, match="of other weights; write it anew with biodir export-onnx"):
        use_backend(model, "onnx", folder)


def test_unknown_backend_is_refused(checkpoints):
    with pytest.raises(SettingError, match="backend is 'tpu'; choose one of torch, bf16, int8, onnx, onnx-int8"):
        load_pipeline(str(checkpoints["solid"]), "cpu", "tpu")


def test_backends_are_for_cpus():
    with torch.device("meta"):
        model = torch.nn.Linear(1, 1)
    model.device = torch.device("meta")
    with pytest.raises(SettingError, match="is for CPUs, but the model is on meta"):
        use_backend(model, "bf16")


def test_missing_library_is_named_with_its_installation(checkpoints, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(
        SettingError, match=r"needs the package onnxruntime; install it with: pip install 'biodir\[onnx\]'"
    ):
        onnx_encoder._libraries()


def test_folder_that_does_not_exist_is_refused(checkpoints, capsys, tmp_path):
    assert main(["export-onnx", "--model", str(checkpoints["solid"]), str(tmp_path / "nowhere")]) == 1
    assert "there is no such folder" in capsys.readouterr().err


def test_command_takes_the_backend(checkpoints, tmp_path, capsys):
    path = tmp_path / "one.pubtator"
    path.write_text(
        "1|t|iron and the drug\n1|a|\n1\t0\t4\tiron\tChemicalEntity\tC1\n1\t13\t17\tdrug\tChemicalEntity\tC2\n\n"
    )
    assert (
        main(["predict", str(path), "--model", str(checkpoints["pooled"]), "--device", "cpu", "--backend", "bf16"]) == 0
    )
    assert "iron" in capsys.readouterr().out
