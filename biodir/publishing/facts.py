"""Reads what is known of the shipped checkpoint: the measured files of `results/` and its own files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import parse_local_safetensors_file_metadata

from biodir.files import file_sha256
from biodir.publishing.errors import PublishError

RESULTS = "results"
MEASURED = f"{RESULTS}/measured.json"
MEASURE = "python scripts/write_model_card.py --measure DEV TEST --dev-model RUN"
# What `test.json` and `dev_mentions.json` have of a checkpoint with a tagger.
PLAIN_TEXT_PARTS = {"test": ("mentions", "end_to_end"), "dev_mentions": ("mentions",)}
# The files that decide about a checkpoint's predictions.
FINGERPRINTED = ("config.json", "model.safetensors", "tokenizer.json")


@dataclass(frozen=True)
class Facts:
    """All numbers of the model card.

    Args:
        test: the report of `biodir evaluate --json` on the checkpoint.
        dev: the same on the run that chose epoch and bias: it was not trained on dev and may have no tagger.
        dev_mentions: what `plain_text_report` has of the checkpoint's mentions on dev. Its relations were trained on
            dev, so their scores there, end to end too, would be too high.
        grouping: how well names are grouped on dev; see `scripts/measure_grouping.py`.
        negation: false positives on texts that relate nothing; see `biodir/evaluation/negation.py`.
        examples: hand-written documents with the relations that the checkpoint finds, and all that it finds in the
            plain text, ``{"document", "relations", "plain": {"entities", "relations"}}``.
        training: how the checkpoint was trained; see `results/training.json`.
        measured: when, with which versions, and on which files the others were measured.
        config: the checkpoint's configuration.
        parameters: number of its weights.
        megabytes: size of the file with the weights.

    >>> Facts({}, {}, {}, {}, {}, [], {}, {}, {}, parameters=25_000_000, megabytes=50.0).parameters
    25000000
    """

    test: dict[str, Any]
    dev: dict[str, Any]
    dev_mentions: dict[str, Any]
    grouping: dict[str, Any]
    negation: dict[str, Any]
    examples: list[dict[str, Any]]
    training: dict[str, Any]
    measured: dict[str, Any]
    config: dict[str, Any]
    parameters: int
    megabytes: float


def read_facts(checkout: Path) -> Facts:
    """Return the facts of a checkout."""
    names = ("test", "dev", "dev_mentions", "grouping", "negation", "examples", "training", "measured")
    found = {name: read_result(checkout / RESULTS / f"{name}.json") for name in names}
    check_fingerprint(checkout)
    check_dev_model(checkout, found["training"], found["measured"])
    check_plain_text(checkout, found)
    weights = checkout / "model.safetensors"
    return Facts(
        **found,
        config=read_result(checkout / "config.json"),
        parameters=sum(parse_local_safetensors_file_metadata(weights).parameter_count.values()),
        megabytes=weights.stat().st_size / 1e6,
    )


def check_fingerprint(folder: Path) -> None:
    """Check that `results/` was measured with the checkpoint beside it; raise PublishError if not."""
    measured = read_result(folder / MEASURED)
    for name, seen in fingerprint(folder).items():
        recorded = measured.get("sha256", {}).get(name)
        if recorded != seen:
            raise PublishError(
                f"{folder / MEASURED}: measured with a {name} of sha256 {str(recorded)[:12]}, but that of the folder "
                f"has {seen[:12]}; measure this checkpoint: {MEASURE}"
            )


def check_dev_model(folder: Path, training: dict[str, Any], measured: dict[str, Any]) -> None:
    """Check that dev was scored by a checkpoint that was not trained on it; raise PublishError if not."""
    scored = measured.get("dev", {}).get("model_sha256", {}).get("model.safetensors")
    is_trained_on_dev = training["final_documents"] > training["bioredirect_documents"]
    if scored is None or (is_trained_on_dev and scored == fingerprint(folder)["model.safetensors"]):
        raise PublishError(
            f"{folder / MEASURED}: dev was scored by {'an unknown' if scored is None else 'the shipped'} checkpoint, "
            f"not by one that was not trained on it; measure again: {MEASURE}"
        )


def check_plain_text(folder: Path, found: Mapping[str, Any]) -> None:
    """Check that the reports have the scores of plain texts, and the examples what was found there."""
    for name, parts in PLAIN_TEXT_PARTS.items():
        for part in parts:
            if not found[name].get(part):
                raise PublishError(
                    f"{folder / RESULTS / name}.json: has no {part}; measure a checkpoint with a tagger: {MEASURE}"
                )
    if not all("plain" in example for example in found["examples"]):
        raise PublishError(f"{folder / RESULTS}/examples.json: lacks what plain texts have; measure again: {MEASURE}")


def fingerprint(folder: Path) -> dict[str, str]:
    """Return name -> SHA-256 of each file that decides about the predictions."""
    for name in FINGERPRINTED:
        if not (folder / name).is_file():
            raise PublishError(f"{folder / name}: there is no such file; name the folder of a complete checkpoint")
    return {name: file_sha256(folder / name) for name in FINGERPRINTED}


def read_result(path: Path) -> Any:
    """Return the content of a JSON file; raise PublishError if there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PublishError(f"{path}: there is no such file; measure the checkpoint: {MEASURE}") from error
    except ValueError as error:
        raise PublishError(f"{path}: is not JSON ({error}); write it again") from error
