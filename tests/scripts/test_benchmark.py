"""The benchmark of both forms, over tiny checkpoints."""

import itertools
import json
import shutil
import sys
from argparse import Namespace
from pathlib import Path

import pandas as pd
import pytest
import torch

from biodir.configuration_biodir import PAIR_ENCODINGS
from biodir.document_candidates_biodir import candidate_pairs
from biodir.formats.pubtator_reader import read_pubtator
from biodir.inference.loading import load_pipeline
from biodir.labels_biodir import PAIR_TYPES
from biodir.processing_biodir import make_processor
from helpers.script_module import script
from helpers.tiny_checkpoint import save_checkpoint

DOCUMENTS = """1|t|Aspirin stops pain.
1|a|Iron raises the pulse of some. It does so often. Aspirin does not. More words are here to fill the window up.
1\t0\t7\tAspirin\tChemicalEntity\tC1
1\t14\t18\tpain\tDiseaseOrPhenotypicFeature\tD1
1\t20\t24\tIron\tChemicalEntity\tC2

2|t|Iron helps.
2|a|
2\t0\t4\tIron\tChemicalEntity\tC2

"""


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> dict[str, str]:
    """Folder of a tiny checkpoint of each pair encoding."""
    folder = tmp_path_factory.mktemp("forms")
    return {form: str(save_checkpoint(folder / form, pair_encoding=form)) for form in PAIR_ENCODINGS}


@pytest.fixture
def documents(tmp_path) -> Path:
    path = tmp_path / "documents.pubtator"
    path.write_text(DOCUMENTS)
    return path


def test_naive_form_gives_the_scores_of_the_model(checkpoints, documents):
    passes = script("benchmark_passes")
    extract = load_pipeline(checkpoints["pairwise"], device="cpu")
    processor = make_processor(extract.tokenizer, extract.model.config)
    tokenized = map(processor.tokenize, read_pubtator(documents))
    features = [pair for document in tokenized for pair in processor.features(document)]
    with torch.inference_mode():
        naive, tokens = passes.naive_scores(extract.model, processor, features)
        output = extract.model(**processor.collate(features))
    logits = [output[f"{task}_logits"] for task in extract.model.config.tasks]
    assert tokens == 3 * 96 * len(features)
    torch.testing.assert_close(naive, torch.cat(logits, dim=1).sigmoid(), rtol=0, atol=1e-5)


def test_passes_count_documents_pairs_and_tokens(checkpoints, documents):
    passes = script("benchmark_passes")
    options = Namespace(naive_pairs=2, threads=1, device="cpu")
    forms = [
        passes.Form("", checkpoints["pairwise"], backend, ahead)
        for backend, ahead in (("torch", False), ("torch", True), ("naive", False))
    ]
    part = list(read_pubtator(documents))
    plain, ahead, naive = (passes.run_form(form, [part], options)[0] for form in forms)
    assert (plain.documents, plain.pairs) == (2, 3)
    assert plain.tokens < 3 * 3 * 96
    assert (ahead.documents, ahead.pairs, ahead.tokens) == (plain.documents, plain.pairs, plain.tokens)
    assert (naive.documents, naive.pairs, naive.tokens) == (pytest.approx(2 / 3), 2, 2 * 3 * 96)
    assert 0 < plain.rest_seconds < plain.seconds


def test_benchmark_prints_forms_curves_and_memory(checkpoints, documents, tmp_path, monkeypatch, capsys):
    benchmark = script("benchmark")
    memory = itertools.count(100.0, 7.0)
    monkeypatch.setattr(benchmark, "_in_fresh_process", lambda function, *arguments: function(*arguments))
    monkeypatch.setattr(sys.modules["benchmark_passes"], "peak_mebibytes", lambda: next(memory))
    monkeypatch.setattr(benchmark, "CURVES", {"pairs": (3, 9), "words": (20, 9999)})
    monkeypatch.setattr(benchmark, "SOME_PAIRS", 10)
    monkeypatch.setattr(benchmark, "MANY_PAIRS", 30)
    models = [checkpoints[form] for form in ("document", "pairwise")]
    arguments = [documents, "--models", *models, "--backends", "bf16", "--repeats", "2", "--f1", documents, "--curves"]
    arguments += ["--largest", "2000", "--threads", "1", "--pairwise-pairs", "5"]
    arguments += ["--plot", tmp_path / "p.png", "--json", tmp_path / "r.json"]
    monkeypatch.setattr(sys, "argv", ["benchmark.py", *map(str, arguments)])
    benchmark.main()
    report = json.loads((tmp_path / "r.json").read_text())
    forms = report["forms"]
    assert list(forms) == ["naive", "document", "pairwise", "document, prepared ahead", "document, bf16"]
    assert [name for name, found in forms.items() if "f1" in found] == ["document", "pairwise", "document, bf16"]
    assert forms["naive"]["times_naive"] == 1
    assert {one["pairs"] for one in report["passes"] if one["form"] != "naive"} == {3}
    assert set(forms["document"]["f1"]) == {"relation_type", "relation_type_direction"}
    sizes = {name: {form: [*curve] for form, curve in curves.items()} for name, curves in report["curves"].items()}
    assert sizes["words"] == {"document": ["20"], "pairwise": ["20"], "document, bf16": ["20"]}
    assert sizes["pairs"] == {"document": ["3", "9"], "pairwise": ["3"], "document, bf16": ["3", "9"]}
    assert set(report["memory"]) == {"document", "document, bf16"}
    assert (tmp_path / "p.png").stat().st_size > 5000
    printed = capsys.readouterr().out
    assert "| form | documents a second | pairs a second | times naive | tokens a pair |" in printed
    assert "| pairwise | " in printed
    assert "Peak memory, document: " in printed


def test_graphs_are_exported_once_for_all_passes_and_removed(checkpoints, exported, documents, monkeypatch):
    benchmark, exports = script("benchmark"), []
    model, of_graphs = checkpoints["document"], str(exported("document"))

    def export(network, tokenizer, folder, backends, checkpoint):
        exports.append((checkpoint, list(backends)))
        shutil.copytree(Path(of_graphs, "onnx"), folder)

    monkeypatch.setattr("biodir.inference.onnx_export.export_model", export)
    monkeypatch.setattr(benchmark, "_in_fresh_process", lambda function, *arguments: function(*arguments))
    forms = [benchmark.Form(name, model, name) for name in ("torch", "onnx-int8", "onnx")]
    forms.append(benchmark.Form("its own", of_graphs, "onnx"))
    with benchmark.with_graphs(forms) as found:
        assert [each.model for each in (found[0], found[3])] == [model, of_graphs]
        assert found[1].model == found[2].model != model
        options = Namespace(threads=1, device="cpu")
        for _ in range(2):
            benchmark.run_form(found[2], [list(read_pubtator(documents))], options)
        folder = Path(found[2].model)
        assert folder.is_dir()
    assert exports == [(Path(model), ["onnx", "onnx-int8"])]
    assert not folder.exists()


def test_ratio_to_naive_is_the_median_of_those_of_each_turn():
    benchmark = script("benchmark")
    seconds = {"naive": (1.0, 2.0, 4.0), "document": (0.5, 0.5, 0.5)}
    counts = {"documents": 1, "pairs": 10, "tokens": 100, "peak_mebibytes": 1.0}
    rest = {"naive": float("nan"), "document": 0.1}
    rows = [
        {"form": form, "turn": turn, "seconds": one, "rest_seconds": rest[form], **counts}
        for form, found in seconds.items()
        for turn, one in enumerate(found)
    ]
    table = benchmark.summary(pd.DataFrame(rows))
    assert table["document"]["times_naive"] == 4
    assert (table["document"]["pairs_a_second"], table["naive"]["pairs_a_second"]) == (20, 5)
    assert table["document"]["percent_beside_model"] == pytest.approx(20)
    assert "percent_beside_model" not in table["naive"]


@pytest.mark.parametrize(("curve", "size", "pairs"), [("pairs", 10, 10), ("pairs", 11, 15), ("words", 200, 66)])
def test_documents_of_the_curves_have_the_given_size(documents, curve, size, pairs):
    document = script("benchmark").curve_document(curve, size, documents)
    assert len(list(candidate_pairs(document.entities(), PAIR_TYPES))) == pairs
    assert len(document.text.split()) == (size if curve == "words" else 300)


def test_threads_are_those_of_torch_which_reads_the_environment(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmark.py", "a.pubtator"])
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    assert script("benchmark")._options().threads == 7
