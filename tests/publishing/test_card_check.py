"""Metadata of cards, and evaluation results, against what the Hub takes."""

import pytest
import yaml

from biodir.publishing.card_check import check_card, check_eval_results, metadata_of
from biodir.publishing.errors import PublishError
from helpers.published_model import CARD

CONFIG = {"custom_pipelines": {"biomedical-relation-extraction": {}}}


def changed(**values) -> str:
    """Return the card with other metadata; None removes a key."""
    metadata = {**metadata_of(CARD, "card"), **values}
    kept = {key: value for key, value in metadata.items() if value is not None}
    return f"---\n{yaml.safe_dump(kept)}---\n\n# Card\n"


def test_complete_metadata_pass():
    for values in ({}, {"base_model": ["bert-base-uncased", "c/d"]}, {"datasets": None}, {"datasets": []}):
        check_card(changed(**values, pipeline_tag="biomedical-relation-extraction"), CONFIG, "card")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"language": None}, "metadata language is None; give a code"),
        ({"library_name": "torch"}, "metadata library_name is 'torch'; give transformers"),
        ({"base_model": "."}, r"metadata base_model is '\.'; give the id"),
        ({"datasets": ["BioRED corpus"]}, "metadata datasets is 'BioRED corpus'"),
        ({"tags": ["biology"]}, "tags lack custom_code; add it"),
        ({"model-index": [{"name": "x"}]}, "metadata model-index cannot be read"),
        ({"model-index": [{"name": "x", "results": []}]}, "metadata model-index has no results"),
        ({"pipeline_tag": "text-classification"}, "pipeline_tag is 'text-classification', .*remove it"),
    ],
)
def test_fault_is_named_with_its_key_and_value(values, message):
    with pytest.raises(PublishError, match=f"^card: .*{message}"):
        check_card(changed(**values), CONFIG, "card")


@pytest.mark.parametrize("value", ["high", ".nan", "true", "45.78"])
def test_figure_outside_0_to_1_is_refused_in_card_and_results(tmp_path, value):
    with pytest.raises(
        PublishError, match=r"^card: metadata model-index, metric 0: value is .*; give a number in 0..1"
    ):
        check_card(CARD.replace("value: 0.5", f"value: {value}"), CONFIG, "card")
    (tmp_path / "x.yaml").write_text(f"- dataset: {{id: a/b, task_id: c}}\n  value: {value}\n")
    with pytest.raises(PublishError, match=r"x\.yaml: result 0: value is .*; give a number in 0..1"):
        check_eval_results(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("---\na: [\n---\n", "the metadata are not a mapping in YAML: while parsing"),
        ("---\nwords\n---\n", "the metadata are not a mapping in YAML: repo card"),
    ],
)
def test_card_without_readable_metadata_is_refused(card, message):
    with pytest.raises(PublishError, match=f"^card: {message}"):
        metadata_of(card, "card")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- dataset: {id: a/b}\n  value: 1\n", r"is not a list of evaluation results \(KeyError\('task_id'\)\)"),
        ("[]\n", "has 0 results in 0 entries"),
        ("- error: broken\n", "has 0 results in 1 entries"),
    ],
)
def test_evaluation_results_in_another_form_are_refused(tmp_path, text, message):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(PublishError, match=rf"x\.yaml: {message}"):
        check_eval_results(tmp_path / "x.yaml")
