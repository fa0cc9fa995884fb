"""Whether a card and evaluation results are what the Hub reads, found without asking it."""

import datetime
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResult, EvalResultEntry, parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results

from biodir.publishing.errors import PublishError

# Where a model has its card, and where the Hub reads that of a model or a data set.
MODEL_CARD = "model_card.md"
HUB_CARD = "README.md"
BLOCK = re.compile(r"\A---\r?\n(.*?\r?\n)---\r?\n", re.DOTALL)
HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
# Old models and data sets of the Hub have no organisation, such as bert-base-uncased.
PLAIN_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
LANGUAGE = re.compile(r"[a-z]{2,3}")
LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]*")


def metadata_of(card: str, place: str) -> dict[str, Any]:
    """The metadata at the head of a card.

    Raises:
        PublishError: there are none, or they are not YAML.
    """
    block = BLOCK.match(card)
    if block is None:
        raise PublishError(f"{place}: begins without metadata; put YAML between two lines of --- in front")
    try:
        found = yaml.safe_load(block.group(1))
    except yaml.YAMLError as error:
        raise PublishError(f"{place}: the metadata are not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict):
        raise PublishError(f"{place}: the metadata are {found!r}; write a mapping")
    return found


def check_card(card: str, config: Mapping[str, Any], place: str) -> None:
    """Nothing where the metadata of a model card are whole and in the form that the Hub takes.

    Whether the Hub knows a licence, a data set or a base model is not asked.

    Args:
        config: content of config.json, whose `custom_pipelines` decide which `pipeline_tag` works.
        place: for messages.

    Raises:
        PublishError: with the key, the value and the fix.
    """
    found = metadata_of(card, place)
    for key, (is_valid, wanted) in _KEYS.items():
        if not is_valid(found.get(key)):
            raise PublishError(f"{place}: metadata {key} is {found.get(key)!r}; give {wanted}")
    if "custom_code" not in found["tags"]:
        raise PublishError(f"{place}: metadata tags lack custom_code; add it, so that the Hub says that code is run")
    tag = found.get("pipeline_tag")
    known = config.get("custom_pipelines") or {}
    if tag is not None and tag not in known:
        raise PublishError(
            f"{place}: metadata pipeline_tag is {tag!r}, which the Hub's snippet passes to pipeline(); config.json "
            f"knows {', '.join(known) or 'none'}; leave it out"
        )
    _check_model_index(found["model-index"], place)


def check_eval_results(path: Path) -> None:
    """Nothing where the file is in the form of the Hub's evaluation results.

    Raises:
        PublishError: it is not.
    """
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8"))
        entries = parse_eval_result_entries(listed)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise PublishError(f"{path}: is no list of evaluation results ({error!r}); write it anew") from error
    if not entries or len(entries) < len(listed):
        raise PublishError(f"{path}: holds {len(entries)} results in {len(listed)} entries; write it anew")
    for number, entry in enumerate(entries):
        for key, value, is_valid, wanted in _parts_of_entry(entry):
            if not is_valid:
                raise PublishError(f"{path}: result {number}: {key} is {value!r}; give {wanted}")


def _parts_of_entry(entry: EvalResultEntry) -> list[tuple[str, Any, bool, str]]:
    """Name, value and validity of each part, and what is wanted there."""
    has_date = entry.date is None or _is_date(entry.date)
    return [
        ("dataset.id", entry.dataset_id, _is_id(entry.dataset_id), "the id of a data set of the Hub, ORG/NAME"),
        ("dataset.task_id", entry.task_id, _is_text(entry.task_id), "a name"),
        ("value", entry.value, _is_share(entry.value), "a number in 0..1"),
        ("date", entry.date, has_date, "a date such as 2026-01-31"),
    ]


def _check_model_index(index: Any, place: str) -> None:
    for model in index:
        try:
            name, results = model_index_to_eval_results([model])
        except (AttributeError, KeyError, TypeError, IndexError, ValueError) as error:
            raise PublishError(
                f"{place}: metadata model-index cannot be read ({error!r}); write the card anew"
            ) from error
        if not _is_text(name):
            raise PublishError(f"{place}: metadata model-index has the name {name!r}; give that of the model")
        if not results or not all(result["metrics"] for result in model["results"]):
            raise PublishError(f"{place}: metadata model-index has a part without results; give them or leave it out")
        for number, result in enumerate(results):
            for key, value, is_valid, wanted in _parts_of_result(result):
                if not is_valid:
                    raise PublishError(
                        f"{place}: metadata model-index, metric {number}: {key} is {value!r}; give {wanted}"
                    )


def _parts_of_result(result: EvalResult) -> list[tuple[str, Any, bool, str]]:
    """Name, value and validity of each part, and what is wanted there."""
    has_id = _matches(PLAIN_ID)(result.dataset_type)
    return [
        ("task.type", result.task_type, _is_text(result.task_type), "the name of a task"),
        ("dataset.type", result.dataset_type, has_id, "an id as the Hub's data sets have them"),
        ("dataset.name", result.dataset_name, _is_text(result.dataset_name), "a name"),
        ("metrics.type", result.metric_type, _is_text(result.metric_type), "a name such as f1"),
        ("metrics.value", result.metric_value, _is_share(result.metric_value), "a number in 0..1"),
    ]


def _is_share(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0 <= value <= 1


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_date(value: Any) -> bool:
    """Whether it is a date or a time, as YAML reads it or in the form of ISO 8601."""
    if isinstance(value, datetime.date):
        return True
    try:
        datetime.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and HUB_ID.fullmatch(value) is not None


def _all(is_valid: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether a value, or each of a list that is not empty, is valid."""
    return lambda value: bool(value) and all(is_valid(each) for each in (value if isinstance(value, list) else [value]))


def _matches(pattern: re.Pattern) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


# Key -> whether a value is valid, and what is wanted.
_KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "language": (_all(_matches(LANGUAGE)), "a code of two or three letters, or a list of them"),
    "license": (_matches(LICENCE), "an identifier in small letters, such as apache-2.0"),
    "library_name": (lambda value: value == "transformers", "transformers"),
    "base_model": (_all(_matches(PLAIN_ID)), "the id of the model that training began with"),
    # A model of a corpus that is not on the Hub has none.
    "datasets": (lambda value: not value or _all(_is_id)(value), "ids of data sets of the Hub, or leave it out"),
    "tags": (
        lambda value: isinstance(value, list) and _all(lambda tag: isinstance(tag, str))(value),
        "a list of words",
    ),
    "model-index": (lambda value: isinstance(value, list) and bool(value), "the results on test"),
}
