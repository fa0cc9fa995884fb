"""Metadata of cards, and evaluation results, against what the Hub takes."""

import pytest
import yaml

from biodir.publishing.card_check import check_card, check_eval_results, metadata_of
from biodir.publishing.errors import PublishError
from helpers.published_model import CARD

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


@pytest.mark.parametrize(
    ("found", "put", "message"),
    [
        ("value: 0.5", "value: high", "metric 0: metrics.value is 'high'; give a number in 0..1"),
        ("value: 0.5", "value: .inf", "metric 0: metrics.value is inf"),
        ("value: 0.5", "value: .nan", "metric 0: metrics.value is nan"),
        ("value: 0.5", "value: true", "metric 0: metrics.value is True"),
        ("value: 0.5", "value: 45.78", "metric 0: metrics.value is 45.78; give a number in 0..1"),
        ("type: f1", "type: 1", "metric 0: metrics.type is 1; give a name"),
        ("type: biomedical-relation-extraction", "type: 5", "metric 0: task.type is 5; give the name of a task"),
        ("type: some-group/corpus", "type: not an id", "metric 0: dataset.type is 'not an id'; give an id"),
        ("name: Corpus", "name: ''", "metric 0: dataset.name is ''; give a name"),
        ("- name: tiny", "- name:", "has the name None; give that of the model"),
        ("- name: tiny\n  results:", "- results:", r"cannot be read \(KeyError\('name'\)\)"),
    ],
)
def test_fault_in_the_results_of_a_card_is_named(found, put, message):
    assert found in CARD
    with pytest.raises(PublishError, match=f"^card: metadata model-index.* {message}"):
        check_card(CARD.replace(found, put), CONFIG, "card")


@pytest.mark.parametrize(
    "results",
    [[], [{"task": {"type": "a"}, "dataset": {"type": "b/c", "name": "d"}, "metrics": []}]],
)
def test_card_without_results_is_refused(results):
    index = [*metadata_of(CARD, "card")["model-index"], {"name": "other", "results": results}]
    with pytest.raises(PublishError, match=r"^card: metadata model-index has a part without results; give them"):
        check_card(changed(**{"model-index": index}), CONFIG, "card")


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
    ("text", "message"),
    [
        ("- dataset: {id: a/b}\n  value: 1\n", r"is no list of evaluation results \(KeyError\('task_id'\)\)"),
        ("- dataset: {id: a, task_id: b}\n  value: 1\n", "result 0: dataset.id is 'a'; give the id of a data set"),
        ("- dataset: {id: a/b, task_id: 3}\n  value: 1\n", "result 0: dataset.task_id is 3; give a name"),
        ("- dataset: {id: a/b, task_id: c}\n  value: high\n", "result 0: value is 'high'; give a number in 0..1"),
        ("- dataset: {id: a/b, task_id: c}\n  value: .inf\n", "result 0: value is inf"),
        ("- dataset: {id: a/b, task_id: c}\n  value: 45.78\n", "result 0: value is 45.78"),
        ("- dataset: {id: a/b, task_id: c}\n  value: 1\n  date: nonsense\n", "result 0: date is 'nonsense'; give a"),
        ("- dataset: {id: a/b, task_id: c}\n  value: 1\n  date: 2026\n", "result 0: date is 2026; give a date"),
        ("[]\n", "holds 0 results in 0 entries"),
        ("- error: broken\n", "holds 0 results in 1 entries"),
        ("a: b\n", "is no list of evaluation results"),
        ("3\n", "is no list of evaluation results"),
        ("- [\n", "is no list of evaluation results"),
    ],
)
def test_evaluation_results_in_another_form_are_refused(tmp_path, text, message):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(PublishError, match=rf"x\.yaml: {message}"):
        check_eval_results(tmp_path / "x.yaml")


@pytest.mark.parametrize("date", ["'2026-01-02'", "2026-01-02", "'2026-01-02T03:04:05Z'", "null"])
def test_evaluation_results_in_the_form_of_the_hub_pass(tmp_path, date):
    (tmp_path / "x.yaml").write_text(f"- dataset: {{id: a/b, task_id: c}}\n  value: 0.5\n  date: {date}\n")
    check_eval_results(tmp_path / "x.yaml")
