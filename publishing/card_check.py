"""Whether a card and evaluation results are what the Hub reads, found without asking it."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results

from biodir.publishing.errors import PublishError

BLOCK = re.compile(r"\A---\r?\n(.*?\r?\n)---\r?\n", re.DOTALL)
HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
# Old models of the Hub have no organisation, such as bert-base-uncased.
MODEL_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
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
        entries = parse_eval_result_entries(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise PublishError(f"{path}: is no list of evaluation results ({error!r}); write it anew") from error
    for entry in entries:
        if not (_is_id(entry.dataset_id) and isinstance(entry.task_id, str) and _is_number(entry.value)):
            raise PublishError(f"{path}: {entry!r} lacks a data set id, a task id or a number as value")


def _check_model_index(index: Any, place: str) -> None:
    try:
        _, results = model_index_to_eval_results(index)
    except (AttributeError, KeyError, TypeError, IndexError, ValueError) as error:
        raise PublishError(f"{place}: metadata model-index cannot be read ({error!r}); write the card anew") from error
    for result in results:
        if not _is_number(result.metric_value):
            raise PublishError(
                f"{place}: metadata model-index has {result.metric_name} {result.metric_value!r}; give a number"
            )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value


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
    "license": (_matches(LICENCE), "an identifier of the Hub's list, such as apache-2.0"),
    "library_name": (lambda value: value == "transformers", "transformers"),
    "base_model": (_all(_matches(MODEL_ID)), "the id of the model that training began with"),
    # A model of a corpus that is not on the Hub has none.
    "datasets": (lambda value: not value or _all(_is_id)(value), "ids of data sets of the Hub, or leave it out"),
    "tags": (
        lambda value: isinstance(value, list) and _all(lambda tag: isinstance(tag, str))(value),
        "a list of words",
    ),
    "model-index": (lambda value: isinstance(value, list) and bool(value), "the results on test"),
}
