"""Metadata of cards, and evaluation results, against what the Hub takes."""

import pytest
import yaml

from biodir.publishing.card_check import check_card, check_eval_results, metadata_of
from biodir.publishing.errors import PublishError
from published_model import CARD

CONFIG = {"custom_pipelines": {"biomedical-relation-extraction": {}}}


def changed(**values) -> str:
    """The card with other metadata; None takes a key away."""
    metadata = {**metadata_of(CARD, "card"), **values}
    kept = {key: value for key, value in metadata.items() if value is not None}
    return f"---\n{yaml.safe_dump(kept)}---\n\n# Card\n"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"language": ["en", "deu"], "base_model": ["a/b", "c/d"]},
        {"pipeline_tag": "biomedical-relation-extraction"},
        {"base_model": "bert-base-uncased"},
        {"datasets": None},
        {"datasets": []},
    ],
)
def test_whole_metadata_pass(values):
    check_card(changed(**values), CONFIG, "card")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"language": None}, "metadata language is None; give a code"),
        ({"language": "English"}, "metadata language is 'English'"),
        ({"license": "Apache 2.0"}, "metadata license is 'Apache 2.0'; give an identifier"),
        ({"library_name": "torch"}, "metadata library_name is 'torch'; give transformers"),
        ({"base_model": "."}, r"metadata base_model is '\.'; give the id"),
        ({"base_model": "runs/../encoder"}, "metadata base_model is"),
        ({"base_model": None}, "metadata base_model is None; give the id"),
        ({"datasets": ["BioRED corpus"]}, "metadata datasets is"),
        ({"tags": "biology"}, "metadata tags is 'biology'; give a list"),
        ({"tags": ["biology"]}, "tags lack custom_code; add it"),
        ({"model-index": None}, "metadata model-index is None; give the results"),
        ({"model-index": [{"name": "x"}]}, "metadata model-index cannot be read"),
        ({"pipeline_tag": "text-classification"}, "pipeline_tag is 'text-classification', .*leave it out"),
    ],
)
def test_fault_is_named_with_its_key_and_value(values, message):
    with pytest.raises(PublishError, match=f"^card: .*{message}"):
        check_card(changed(**values), CONFIG, "card")


def test_result_that_is_no_number_is_refused():
    with pytest.raises(PublishError, match="model-index has None 'high'; give a number"):
        check_card(CARD.replace("value: 0.5", "value: high"), CONFIG, "card")


@pytest.mark.parametrize("card", ["# A card\n", "---\nlanguage: en\n", "", " ---\na: b\n---\n"])
def test_card_without_metadata_is_refused(card):
    with pytest.raises(PublishError, match="card: begins without metadata"):
        metadata_of(card, "card")


def test_metadata_that_are_no_yaml_are_refused():
    with pytest.raises(PublishError, match="card: the metadata are not YAML: "):
        metadata_of("---\na: [\n---\n", "card")
    with pytest.raises(PublishError, match="card: the metadata are 'words'; write a mapping"):
        metadata_of("---\nwords\n---\n", "card")


@pytest.mark.parametrize(
    "text",
    [
        "- dataset: {id: a/b}\n  value: 1\n",
        "- dataset: {id: a, task_id: b}\n  value: 1\n",
        "- dataset: {id: a/b, task_id: c}\n  value: high\n",
        "a: b\n",
        "3\n",
        "- [\n",
    ],
)
def test_evaluation_results_in_another_form_are_refused(tmp_path, text):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(PublishError, match=r"x\.yaml: "):
        check_eval_results(tmp_path / "x.yaml")


def test_evaluation_results_in_the_form_of_the_hub_pass(tmp_path):
    (tmp_path / "x.yaml").write_text("- dataset: {id: a/b, task_id: c}\n  value: 0.5\n  date: '2026-01-02'\n")
    check_eval_results(tmp_path / "x.yaml")
