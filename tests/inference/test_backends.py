"""Every back end gives the scores of torch, as near as its numbers allow, for every pair encoding."""

import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from biodir.cli import main
from biodir.configuration_biodir import PAIR_ENCODINGS
from biodir.document_biodir import Document
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.inference import BACKENDS
from biodir.inference.backends import use_backend
from biodir.inference.loading import load_pipeline
from biodir.inference.onnx_encoder import ONNX_ENDINGS, export_encoder
from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.pipeline_biodir import BioDirPipeline
from biodir.processing_tagger_biodir import TaggerProcessor
from biodir.processing_tokens_biodir import ProcessingSettings
from helpers.tiny_checkpoint import save_checkpoint
from helpers.tiny_models import tiny_model

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
# Largest and mean difference of scores in 0..1: about two and a half times what was measured on an x86 CPU.
TOLERANCES = {
    "torch": (0, 0),
    "bf16": (0.01, 0.002),
    "int8": (0.04, 0.008),
    "onnx": (1e-4, 1e-4),
    "onnx-int8": (0.04, 0.008),
}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> dict[str, Path]:
    """Folder of a tiny checkpoint of each pair encoding, with weights as wide as those of trained encoders."""
    folder = tmp_path_factory.mktemp("backends")
    settings = {"initializer_range": 0.1, "tagger_labels": bio_labels(ENTITY_TYPES), "tagger_layers": 1}
    found = {form: save_checkpoint(folder / form, pair_encoding=form, **settings) for form in PAIR_ENCODINGS}
    for path in found.values():
        weights = load_file(path / "model.safetensors")
        layers = [name for name in weights if name.startswith(("encoder.encoder.", "tagger.layers."))]
        inner = [name for name in layers if weights[name].ndim > 1]
        save_file(weights | {name: 0.3 * weights[name] for name in inner}, path / "model.safetensors", {"format": "pt"})
    return found


@pytest.fixture(scope="module")
def pipelines(checkpoints) -> Callable[[str, str], BioDirPipeline]:
    """The pipeline of a pair encoding on a back end; each is loaded once."""
    return cache(lambda form, backend: load_pipeline(str(checkpoints[form]), "cpu", backend))


@pytest.fixture(scope="module")
def exported(checkpoints, tmp_path_factory) -> Path:
    """The checkpoint of the document form with the files of `biodir export-onnx`."""
    folder = tmp_path_factory.mktemp("exported") / "model"
    shutil.copytree(checkpoints["document"], folder)
    assert main(["export-onnx", "--model", str(folder)]) == 0
    return folder


def scores_of(extract, *documents) -> torch.Tensor:
    """(pairs, labels of all tasks), pairs in the order of their identifiers."""
    rows = {}
    for number, results in enumerate(extract(documents or [LONG, SHORT], return_all_scores=True)):
        for result in results:
            key = number, *sorted((result["subject"]["id"], result["object"]["id"]))
            rows[key] = [score for task in result["scores"].values() for score in task.values()]
    return torch.tensor([rows[key] for key in sorted(rows)])


def tags_of(extract) -> torch.Tensor:
    """(words, tagger_labels) of the long text."""
    processor = TaggerProcessor(extract.tokenizer, ProcessingSettings.from_config(extract.model.config))
    inputs = processor.collate([processor.features(Document("1", LONG["text"]))])
    with torch.no_grad():
        return extract.model(**inputs).mention_logits.softmax(dim=-1)


def assert_near(found: torch.Tensor, expected: torch.Tensor, backend: str) -> None:
    assert found.shape == expected.shape
    differences = (found - expected).abs()
    largest, mean = TOLERANCES[backend]
    assert differences.max() <= largest
    assert differences.mean() <= mean


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_scores_are_those_of_torch(pipelines, form, backend):
    expected, found = (scores_of(pipelines(form, each)) for each in ("torch", backend))
    assert expected.shape == (7, 16)
    assert_near(found, expected, backend)
    assert backend in ("torch", "onnx") or (found != expected).any(), "the back end computed nothing of its own"


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_tagger_reads_by_the_back_end_too(pipelines, form, backend):
    expected, found = (tags_of(pipelines(form, each)) for each in ("torch", backend))
    assert expected.shape == (102, 13)
    assert_near(found, expected, backend)
    assert backend in ("torch", "onnx") or (found != expected).any(), "the back end computed nothing of its own"


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_document_has_the_same_scores_by_itself_and_among_others(pipelines, form, backend):
    extract = pipelines(form, backend)
    together = scores_of(extract, LONG, SHORT, LONG)
    singly = torch.cat([scores_of(extract, each) for each in (LONG, SHORT, LONG)])
    # Rows of a document among others are padded to another length, which bfloat16 products may round otherwise.
    limit = TOLERANCES["bf16"][0] if (form, backend) == ("pairwise", "bf16") else 1e-6
    assert (together - singly).abs().max() <= limit


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_takes_checkpoints_of_half_precision(checkpoints, pipelines, tmp_path, dtype, backend):
    shutil.copytree(checkpoints["document"], tmp_path / "half")
    model = BioDirForRelationExtraction.from_pretrained(checkpoints["document"], dtype=dtype)
    model.save_pretrained(tmp_path / "half")
    assert load_file(tmp_path / "half" / "model.safetensors")["soft_prompt.vectors"].dtype == getattr(torch, dtype)
    found = scores_of(load_pipeline(str(tmp_path / "half"), "cpu", backend))
    assert_near(found, scores_of(pipelines("document", "torch")), backend if backend.endswith("int8") else "bf16")


# Exported files.


def test_exported_file_needs_neither_export_nor_the_libraries_of_it(exported, monkeypatch):
    expected = scores_of(load_pipeline(str(exported), "cpu"))
    monkeypatch.setattr("biodir.inference.backends.export_encoder", None)  # must not be called
    for name in ("onnx", "onnxscript"):
        monkeypatch.setitem(sys.modules, name, None)
    for backend in ONNX_ENDINGS:
        assert_near(scores_of(load_pipeline(str(exported), "cpu", backend)), expected, backend)


def test_exported_file_of_other_weights_is_refused(exported):
    model = load_pipeline(str(exported), "cpu").model
    with torch.no_grad():
        next(model.encoder.parameters()).add_(1)
    with pytest.raises(CheckpointError, match="of other weights; write it again with biodir export-onnx"):
        use_backend(model, "onnx", exported)


def test_graph_in_the_working_directory_is_not_taken(tmp_path, monkeypatch):
    for name in ("encoder", "tagger"):
        (tmp_path / f"{name}{ONNX_ENDINGS['onnx']}").write_bytes(b"of another model")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("biodir.inference.backends._exported", lambda encoder, name, backend: encoder)
    model = tiny_model()
    encoder = model.encoder
    use_backend(model, "onnx")
    assert model.encoder is encoder


@pytest.mark.parametrize("name", ["onnx", "onnxscript", "onnxruntime"])
def test_library_that_the_export_lacks_is_named_with_its_installation(monkeypatch, tmp_path, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SettingError, match=rf"needs {name}; install it with: pip install 'biodir\[onnx\]'"):
        export_encoder(tiny_model().encoder, tmp_path / "encoder.onnx", "onnx")
    assert list(tmp_path.iterdir()) == []


# Devices, names.


@pytest.mark.parametrize("backend", ["int8", "onnx", "onnx-int8"])
def test_backend_for_cpus_is_refused_elsewhere(backend):
    message = f"'{backend}' is for CPUs, but the model is on meta; choose torch or bf16, or device cpu"
    with pytest.raises(SettingError, match=message):
        use_backend(tiny_model().to("meta"), backend)
