"""Checks of a card's metadata and of evaluation results, as far as they are possible without the Hub."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import ModelCardData, RepoCard, parse_eval_result_entries
from huggingface_hub.utils import HFValidationError, validate_repo_id

from biodir.publishing.errors import PublishError

# Name of the card beside a model, and on the Hub.
MODEL_CARD = "model_card.md"
HUB_CARD = "README.md"
# Key that a model card needs -> what to write there. The Hub itself checks licence and language on upload.
NEEDED = {
    "language": "a code such as en, or a list of them",
    "license": "an identifier such as apache-2.0",
    "base_model": "the id of the model that training began with",
    "tags": "a list of words",
    "model-index": "the results on test",
}


def metadata_of(card: str, place: str) -> dict[str, Any]:
    """Return the metadata at the head of a card."""
    try:
        found = RepoCard(card).data.to_dict()
    except (yaml.YAMLError, ValueError) as error:
        raise PublishError(
            f"{place}: the metadata are not a mapping in YAML: {' '.join(str(error).split())}"
        ) from error
    if not found:
        raise PublishError(f"{place}: has no metadata; put YAML between two lines of --- at the beginning")
    return found


def check_card(card: str, config: Mapping[str, Any], place: str) -> None:
    """Check that the metadata of a model card are complete and in the form that the Hub takes.

    Args:
        config: content of config.json; its `custom_pipelines` decide which `pipeline_tag` works.
        place: name of the card, for messages.
    """
    found = metadata_of(card, place)
    for key, wanted in NEEDED.items():
        if not found.get(key):
            raise PublishError(f"{place}: metadata {key} is {found.get(key)!r}; give {wanted}")
    if found.get("library_name") != "transformers":
        raise PublishError(f"{place}: metadata library_name is {found.get('library_name')!r}; give transformers")
    if "custom_code" not in found["tags"]:
        raise PublishError(f"{place}: metadata tags lack custom_code; add it, so that the Hub warns that code is run")
    for key in ("base_model", "datasets"):  # a model of a corpus that is not on the Hub has no `datasets`
        named = found.get(key)
        for each in named if isinstance(named, list) else [named]:
            try:
                validate_repo_id(each)
            except HFValidationError as error:
                fix = "give the id of the Hub, such as ORG/NAME"
                raise PublishError(f"{place}: metadata {key} is {each!r}; {fix}") from error
    known = config.get("custom_pipelines") or {}
    tag = found.get("pipeline_tag")
    if tag is not None and tag not in known:
        raise PublishError(
            f"{place}: metadata pipeline_tag is {tag!r}, which the Hub's snippet passes to pipeline(); config.json "
            f"has {', '.join(known) or 'none'}; remove it"
        )
    try:
        results = ModelCardData(**found).eval_results
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise PublishError(f"{place}: metadata model-index cannot be read ({error}); write the card again") from error
    if not results:
        raise PublishError(f"{place}: metadata model-index has no results; give those on test")
    for number, result in enumerate(results):
        _check_share(result.metric_value, f"{place}: metadata model-index, metric {number}: value")


def check_eval_results(path: Path) -> None:
    """Check that a file is in the form of the Hub's evaluation results."""
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8"))
        entries = parse_eval_result_entries(listed)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise PublishError(f"{path}: is not a list of evaluation results ({error!r}); write it again") from error
    if not entries or len(entries) < len(listed):
        raise PublishError(f"{path}: has {len(entries)} results in {len(listed)} entries; write it again")
    for number, entry in enumerate(entries):
        _check_share(entry.value, f"{path}: result {number}: value")


def _check_share(value: Any, place: str) -> None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (is_number and math.isfinite(value) and 0 <= value <= 1):
        raise PublishError(f"{place} is {value!r}; give a number in 0..1")
