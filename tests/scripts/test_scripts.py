"""The command-line programs of scripts/, over a tiny checkpoint."""

import ast
import itertools
import json
import mmap
import os
import shutil
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from biodir.configuration_biodir import PAIR_ENCODINGS
from biodir.document_candidates_biodir import candidate_pairs
from biodir.document_pubtator_biodir import parse_document, read_pubtator
from biodir.errors_biodir import SettingError
from biodir.files import file_sha256
from biodir.inference.loading import load_pipeline
from biodir.labels_biodir import PAIR_TYPES
from biodir.processing_pairwise_biodir import PairwiseProcessor
from biodir.processing_tokens_biodir import ProcessingSettings
from biodir.training.provenance import provenance
from helpers.script_module import SCRIPTS, script
from helpers.tiny_checkpoint import save_checkpoint

DOCUMENTS = """1|t|Aspirin stops pain.
1|a|Iron raises the pulse of some. It does so often. Aspirin does not. More words stand here to fill the window up.
1\t0\t7\tAspirin\tChemicalEntity\tC1
1\t14\t18\tpain\tDiseaseOrPhenotypicFeature\tD1
1\t20\t24\tIron\tChemicalEntity\tC2

2|t|Iron helps.
2|a|
2\t0\t4\tIron\tChemicalEntity\tC2

"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("scripts"))


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


def test_naive_form_gives_the_scores_of_the_model(checkpoint, documents):
    passes = script("benchmark_passes")
    extract = load_pipeline(str(checkpoint), device="cpu")
    encoder = PairwiseProcessor(extract.tokenizer, ProcessingSettings.from_config(extract.model.config))
    features = [pair for document in read_pubtator(documents) for pair in encoder.features(encoder.tokenize(document))]
    with torch.inference_mode():
        naive, tokens = passes.naive_scores(extract.model, encoder, features)
        output = extract.model(**encoder.collate(features))
    logits = [output[f"{task}_logits"] for task in extract.model.config.tasks]
    assert tokens == 3 * 96 * len(features)
    torch.testing.assert_close(naive, torch.cat(logits, dim=1).sigmoid(), rtol=0, atol=1e-5)


def test_passes_of_the_benchmark_count_pairs_and_tokens(checkpoint, documents):
    passes = script("benchmark_passes")
    work = passes.Work(str(documents), 2, 2, 1)
    solid = passes.run_form(passes.Form("pairwise", str(checkpoint), "torch"), work)
    naive = passes.run_form(passes.Form("naive", str(checkpoint), "naive"), work)
    assert (solid.documents, solid.pairs) == (2, 3)
    assert solid.tokens < 3 * 3 * 96
    assert (naive.documents, naive.pairs, naive.tokens) == (pytest.approx(2 / 3), 2, 2 * 3 * 96)
    assert 0 < solid.encoder_seconds < solid.seconds


def test_form_that_is_prepared_ahead_overlaps_and_the_others_do_not(checkpoint, documents, monkeypatch):
    passes = script("benchmark_passes")
    pipelines = []
    load = passes.load_pipeline
    monkeypatch.setattr(
        passes, "load_pipeline", lambda *given: pipelines.append((load(*given), given)) or pipelines[-1][0]
    )
    work = passes.Work(str(documents), 2, 2, 1, device="cpu", warms=False)
    found = [passes.run_form(passes.Form("pairwise", str(checkpoint), "torch", ahead), work) for ahead in (False, True)]
    assert [extract._engine.overlaps for extract, _ in pipelines] == [False, True]
    assert [given[1] for _, given in pipelines] == ["cpu", "cpu"]
    assert (found[0].pairs, found[0].tokens) == (found[1].pairs, found[1].tokens)


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="Linux measures peaks")
def test_peak_memory_is_that_since_it_was_forgotten():
    passes = script("benchmark_passes")
    passes.forget_peak()
    before = passes.memory_mebibytes("VmHWM")
    with mmap.mmap(-1, 100 * 2**20) as block:  # given back for sure, whatever the allocator keeps
        block.write(b"x" * len(block))
    during = passes.memory_mebibytes("VmHWM")
    passes.forget_peak()
    assert during - before > 80
    assert during - passes.memory_mebibytes("VmHWM") > 80


def test_first_model_is_prepared_ahead_and_on_every_back_end(checkpoints):
    forms = script("benchmark").forms_of([checkpoints["document"], checkpoints["pairwise"]], ["bf16", "int8"])
    assert [(form.name, form.backend, form.prepares_ahead) for form in forms] == [
        ("naive", "naive", False),
        ("document", "torch", False),
        ("pairwise", "torch", False),
        ("pooled, prepared ahead", "torch", True),
        ("pooled, bf16", "bf16", False),
        ("pooled, int8", "int8", False),
    ]
    assert [form.model == checkpoints["document"] for form in forms] == [False, True, False, True, True, True]


def test_benchmark_prints_forms_curves_and_memory(checkpoints, documents, tmp_path, monkeypatch, capsys):
    benchmark = script("benchmark")
    monkeypatch.setattr(benchmark, "_in_fresh_process", lambda function, *arguments: function(*arguments))
    memory = itertools.count(100.0, 7.0)
    monkeypatch.setattr(sys.modules["benchmark_passes"], "memory_mebibytes", lambda name: next(memory))
    monkeypatch.setattr(benchmark, "CURVES", {"pairs": (3, 9), "words": (20, 9999)})
    monkeypatch.setattr(benchmark, "SOME_PAIRS", 10)
    monkeypatch.setattr(benchmark, "MANY_PAIRS", 30)
    models = [checkpoints[form] for form in ("document", "pairwise")]
    arguments = [documents, "--models", *models, "--backends", "bf16", "--repeats", "2", "--f1", documents, "--curves"]
    arguments += ["--largest", "2000", "--threads", "1", "--solid-pairs", "5"]
    arguments += ["--plot", tmp_path / "p.png", "--json", tmp_path / "r.json"]
    monkeypatch.setattr(sys, "argv", ["benchmark.py", *map(str, arguments)])
    benchmark.main()
    report = json.loads((tmp_path / "r.json").read_text())
    assert list(report["forms"]) == ["naive", "document", "pairwise", "pooled, prepared ahead", "pooled, bf16"]
    assert [name for name, found in report["forms"].items() if "f1" in found] == [
        "document",
        "pairwise",
        "pooled, bf16",
    ]
    assert report["forms"]["pooled, prepared ahead"]["pairs"] == 3
    assert report["forms"]["naive"]["times_naive"] == 1
    assert report["forms"]["pairwise"]["pairs"] == report["forms"]["document"]["pairs"] == 3
    assert set(report["forms"]["document"]["f1"]) == {"relation_type", "relation_type_direction"}
    assert report["curves"]["words"]["sizes"] == [20]
    curve = report["curves"]["pairs"]["seconds"]
    assert [value is None for value in curve["pairwise"]] == [False, True]
    assert None not in curve["document"]
    assert set(report["memory"]) == {"document", "pooled, bf16"}
    assert (tmp_path / "p.png").stat().st_size > 5000
    printed = capsys.readouterr().out
    assert "| form | documents a second |" in printed
    assert "Peak memory, pooled:" in printed


def test_benchmark_takes_the_median_of_the_ratios_of_each_turn():
    benchmark = script("benchmark")
    forms = [benchmark.Form("naive", "m", "naive"), benchmark.Form("document", "m", "torch")]
    seconds = {"naive": (1.0, 2.0, 4.0), "document": (0.5, 0.5, 0.5)}
    found = {name: [benchmark.Pass(1, 10, 100, one, 0.1, 1.0) for one in all_] for name, all_ in seconds.items()}
    table = benchmark._table(forms, found)
    assert table["document"]["times_naive"] == 4
    assert (table["document"]["pairs_a_second"], table["naive"]["pairs_a_second"]) == (20, 5)


@pytest.mark.parametrize(("curve", "size", "pairs"), [("pairs", 10, 10), ("pairs", 11, 15), ("words", 200, 66)])
def test_documents_of_the_curves_have_the_size_that_was_asked_for(documents, curve, size, pairs):
    document = parse_document(script("benchmark_curves").curve_document(curve, size, str(documents)))
    assert len(list(candidate_pairs(document.entities(), PAIR_TYPES))) == pairs
    assert len(document.text.split()) == (size if curve == "words" else 300)


def test_two_models_of_one_encoding_are_refused(checkpoints):
    with pytest.raises(SettingError, match="two have the same pair encoding"):
        script("benchmark").forms_of([checkpoints["pairwise"], checkpoints["pairwise"] + "/."], [])


@pytest.fixture
def exporting():
    return script("export_checkpoint")


def test_exported_weights_are_half_floats_that_load_as_floats(exporting, checkpoint, tmp_path):
    target = tmp_path / "exported"
    exporting.main([str(checkpoint), str(target)])
    with safe_open(target / "model.safetensors", framework="pt") as weights:
        assert {weights.get_tensor(name).dtype for name in weights.keys()} == {torch.float16}  # noqa: SIM118
    assert load_pipeline(str(target), device="cpu").model.dtype == torch.float32
    assert "_name_or_path" not in json.loads((target / "config.json").read_text())["encoder_config"]
    assert not (target / "training.json").exists()
    assert {path.name for path in target.iterdir()} == {path.name for path in checkpoint.iterdir()}


def test_exported_checkpoint_names_the_documents_that_chose_its_bias(exporting, checkpoint, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text(json.dumps({"calibrated_on": ["0a1b2c3d"]}))
    exporting.main([str(checkpoint), str(tmp_path / "out"), "--calibrated-like", str(run)])
    assert json.loads((tmp_path / "out" / "config.json").read_text())["calibrated_on"] == ["0a1b2c3d"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"none_bias": 0}, r"config\.json: names no documents \(calibrated_on\), .*; name the run whose dev documents"),
        (None, r"run: holds no config\.json; name the folder of a run with --calibrated-like"),
    ],
)
def test_export_like_a_run_without_dev_documents_is_refused(exporting, checkpoint, tmp_path, config, message):
    run = tmp_path / "run"
    run.mkdir()
    if config:
        (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(SystemExit, match=rf"export_checkpoint\.py: error: .*{message}"):
        exporting.main([str(checkpoint), str(tmp_path / "out"), "--calibrated-like", str(run)])
    assert not (tmp_path / "out").exists()


def test_export_replaces_whole_files_and_the_weights_last(exporting, checkpoint, tmp_path, monkeypatch):
    target = tmp_path / "exported"
    exporting.main([str(checkpoint), str(target)])
    code = (target / "modeling_biodir.py").stat()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (target / name).write_text("old")
    replaced = []
    replace = os.replace

    def stop_at_the_weights(source, place):
        replaced.append(Path(place).name)
        if replaced[-1] == "model.safetensors":
            raise KeyboardInterrupt
        replace(source, place)

    monkeypatch.setattr(exporting.os, "replace", stop_at_the_weights)
    with pytest.raises(KeyboardInterrupt):
        exporting.main([str(checkpoint), str(target)])
    assert replaced == ["config.json", "tokenizer.json", "model.safetensors"]
    assert (target / "model.safetensors").read_text() == "old"
    config = json.loads((target / "config.json").read_text())
    assert (config["dtype"], config["encoder_config"]["dtype"]) == ("float32", "float32")
    assert (target / "modeling_biodir.py").stat().st_ino == code.st_ino
    assert not [path for path in target.iterdir() if path.is_dir()]


def test_record_of_a_run_goes_along_with_hashes_and_without_folders(exporting, checkpoint, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(checkpoint, run)
    data = {"/a/train.pubtator": "5f", "/b/train.pubtator": "6e", "dev.pubtator": "7d"}
    settings = {"train": ["/a/train.pubtator", "/b/train.pubtator"], "encoder": "ORG/NAME", "seed": 3}
    (run / "training.json").write_text(json.dumps({"settings": settings, "data": data, "best_epoch": 2}))
    exporting.main([str(run), str(tmp_path / "out")])
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    exported = record.pop("exported")
    assert record == {
        "settings": {"train": ["train.pubtator", "train.pubtator"], "encoder": "ORG/NAME", "seed": 3},
        "data": {"train.pubtator": "5f", "train.pubtator (2)": "6e", "dev.pubtator": "7d"},
        "best_epoch": 2,
    }
    assert exported["sha256"] == {name: file_sha256(run / name) for name in ("model.safetensors", "training.json")}
    assert set(exported["provenance"]) == set(provenance())


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_every_public_function_of_a_script_has_a_docstring(path):
    tree = ast.parse(path.read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    assert [node.name for node in functions if not ast.get_docstring(node)] == []
