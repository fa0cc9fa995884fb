"""Every back end gives the scores of torch, as near as its numbers allow, for every pair encoding."""

import shutil
from collections.abc import Callable
from functools import cache

import pytest
import torch
from safetensors.torch import load_file

from biodir.configuration_biodir import PAIR_ENCODINGS
from biodir.document_biodir import Document
from biodir.errors_biodir import SettingError
from biodir.inference import BACKENDS, TORCH_BACKENDS
from biodir.inference.backends import use_backend
from biodir.inference.loading import load_pipeline
from biodir.inference.opening import open_pipeline
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.pipeline_extraction_biodir import RelationExtraction
from biodir.processing_tagger_biodir import TaggerProcessor
from biodir.processing_tokens_biodir import ProcessingSettings
from helpers.exported import LONG, SHORT, scores_of
from helpers.tiny_models import tiny_model

# Largest and mean difference of scores in 0..1: about two and a half times what was measured on an x86 CPU.
TOLERANCES = {
    "auto": (1e-4, 1e-4),
    "torch": (0, 0),
    "bf16": (0.01, 0.002),
    "int8": (0.04, 0.008),
    "onnx": (1e-4, 1e-4),
    "onnx-int8": (0.04, 0.008),
}


@pytest.fixture(scope="module")
def pipelines(exported) -> Callable[[str, str], RelationExtraction]:
    """The pipeline of a pair encoding on a back end; each is loaded once."""
    return cache(lambda form, backend: open_pipeline(str(exported(form)), "cpu", backend))


def tags_of(extract) -> torch.Tensor:
    """(words, tagger_labels) of the long text."""
    processor = TaggerProcessor(extract.tokenizer, ProcessingSettings.from_config(extract.config))
    inputs = processor.collate([processor.features(Document("1", LONG["text"]))])
    return torch.from_numpy(extract._finder._tag(inputs)).softmax(dim=-1)


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
    assert backend in ("auto", "torch", "onnx") or (found != expected).any(), "the back end computed nothing of its own"


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_tagger_reads_by_the_back_end_too(pipelines, form, backend):
    expected, found = (tags_of(pipelines(form, each)) for each in ("torch", backend))
    assert expected.shape == (102, 13)
    assert_near(found, expected, backend)
    assert backend in ("auto", "torch", "onnx") or (found != expected).any(), "the back end computed nothing of its own"


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
@pytest.mark.parametrize("backend", TORCH_BACKENDS)
def test_every_backend_takes_checkpoints_of_half_precision(exported, pipelines, tmp_path, dtype, backend):
    shutil.copytree(exported("document"), tmp_path / "half")
    model = BioDirForRelationExtraction.from_pretrained(exported("document"), dtype=dtype)
    model.save_pretrained(tmp_path / "half")
    assert load_file(tmp_path / "half" / "model.safetensors")["soft_prompt.vectors"].dtype == getattr(torch, dtype)
    found = scores_of(load_pipeline(str(tmp_path / "half"), "cpu", backend))
    assert_near(found, scores_of(pipelines("document", "torch")), backend if backend.endswith("int8") else "bf16")


# Devices, names.


def test_backend_for_cpus_is_refused_elsewhere():
    message = "'int8' is for CPUs, but the model is on meta; choose torch or bf16, or device cpu"
    with pytest.raises(SettingError, match=message):
        use_backend(tiny_model().to("meta"), "int8")


@pytest.mark.parametrize("backend", ["onnx", "int4"])
def test_other_backend_is_refused_with_the_names(backend):
    message = f"'{backend}'; choose one of torch, bf16, int8, or load ONNX graphs by biodir.runtime"
    with pytest.raises(SettingError, match=message):
        use_backend(tiny_model(), backend)
