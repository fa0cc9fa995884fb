"""The command-line programs of scripts/, over a tiny checkpoint."""

import argparse
import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from biodir.inference.loading import load_pipeline
from script_module import script
from tiny_checkpoint import save_checkpoint

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


def test_both_forms_of_the_benchmark_give_the_same_scores(checkpoint, tmp_path):
    benchmark = script("benchmark")
    file = tmp_path / "documents.pubtator"
    file.write_text(DOCUMENTS)
    options = argparse.Namespace(file=str(file), model=str(checkpoint), documents=2, repeats=1, threads=1, json=None)
    passes = {form: [benchmark.run_form(form, options)] for form in benchmark.FORMS}
    report = benchmark.compare(passes, options)
    assert report["forms"]["naive"]["tokens_a_pair"] == 3 * 96
    assert report["forms"]["ours"]["tokens_a_pair"] < 3 * 96
    assert report["forms"]["ours"]["pairs"] == 3
    assert report["largest_score_difference"] < 1e-5


def test_benchmark_sees_a_difference_of_scores():
    benchmark = script("benchmark")
    options = argparse.Namespace(file="f", documents=1, repeats=1, threads=1)
    passes = {"naive": [benchmark.Pass("naive", 2, 200, 4.0, 0.1, 1.0, [[0.5], [0.2]])]}
    passes["ours"] = [benchmark.Pass("ours", 2, 100, 1.0, 0.1, 1.0, [[0.5], [0.3]])]
    report = benchmark.compare(passes, options)
    assert report["largest_score_difference"] == pytest.approx(0.1)
    assert (report["factor_counted"], report["factor_measured"], report["share_of_counted"]) == (2.0, 4.0, 2.0)
    assert "4.00 times the pairs a second, 200 % of the factor 2.00" in benchmark.markdown(report)


def test_exported_weights_are_half_floats_that_load_as_floats(checkpoint, tmp_path, monkeypatch):
    target = tmp_path / "exported"
    monkeypatch.setattr(sys, "argv", ["export_checkpoint.py", str(checkpoint), str(target)])
    script("export_checkpoint").main()
    with safe_open(target / "model.safetensors", framework="pt") as weights:
        assert {weights.get_tensor(name).dtype for name in weights.keys()} == {torch.float16}  # noqa: SIM118
    assert load_pipeline(str(target), device="cpu").model.dtype == torch.float32
    assert "_name_or_path" not in json.loads((target / "config.json").read_text())["encoder_config"]
