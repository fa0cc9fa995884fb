"""The checkpoint at the top level, with its real weights."""

import json
from itertools import islice

import pytest
import torch
from safetensors import safe_open

from biodir.evaluation.predictions import predicted_documents
from biodir.evaluation.report import evaluation_report
from biodir.formats.pubtator_reader import read_pubtator
from biodir.inference.loading import load_pipeline
from helpers.checkout import CHECKOUT


@pytest.fixture(scope="module")
def extract():
    return load_pipeline(str(CHECKOUT), device="cpu")


def test_weights_are_half_floats_of_at_most_80_megabytes():
    assert (CHECKOUT / "model.safetensors").stat().st_size <= 80_000_000
    with safe_open(CHECKOUT / "model.safetensors", framework="pt") as weights:
        assert {weights.get_tensor(name).dtype for name in weights.keys()} == {torch.float16}  # noqa: SIM118


def test_configuration_names_no_folder_of_a_machine():
    config = (CHECKOUT / "config.json").read_text()
    assert "_name_or_path" not in config
    assert json.loads(config)["dtype"] == "float32"


def test_sample_has_directed_relations_with_their_evidence(extract):
    (document,) = read_pubtator(CHECKOUT / "samples" / "sample.pubtator")
    relations = extract(document)
    assert any(relation["directed"] for relation in relations)
    for relation in relations:
        assert 0 < relation["score"] < 1
        assert all(document.text[part["start"] : part["end"]] == part["text"] for part in relation["evidence"])


@pytest.mark.corpus
def test_relation_type_f1_on_20_development_documents_is_at_least_25(extract, data_dir):
    gold = list(islice(read_pubtator(data_dir / "bioredirect" / "bioredirect_dev.pubtator"), 20))
    report = evaluation_report(gold, predicted_documents(extract, gold))
    assert report["relation_type"]["f1"] >= 0.25
