"""Reads what is known of the shipped checkpoint: the measured files of `results/` and its own files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import parse_local_safetensors_file_metadata

from biodir.files import file_sha256
from biodir.publishing.errors import PublishError

RESULTS = "results"
MEASURED = f"{RESULTS}/measured.json"
MEASURE = "python scripts/write_model_card.py --measure DEV TEST --dev-model RUN"
# The files that decide about a checkpoint's predictions.
FINGERPRINTED = ("config.json", "model.safetensors", "tokenizer.json")


@dataclass(frozen=True)
class Facts:
    """All numbers of the model card.

    Args:
        test, dev: reports that `biodir evaluate --json` wrote.
        examples: hand-written documents with the relations that the checkpoint finds, ``{"document", "relations"}``.
        training: how the checkpoint was trained; see `results/training.json`.
        measured: when, with which versions, and on which files the others were measured.
        config: the checkpoint's configuration.
        parameters: number of its weights.
        megabytes: size of the file with the weights.

    >>> Facts({}, {}, [], {}, {}, {}, parameters=25_000_000, megabytes=50.0).parameters
    25000000
    """

    test: dict[str, Any]
    dev: dict[str, Any]
    examples: list[dict[str, Any]]
    training: dict[str, Any]
    measured: dict[str, Any]
    config: dict[str, Any]
    parameters: int
    megabytes: float


def read_facts(checkout: Path) -> Facts:
    """Return the facts of a checkout."""
    names = ("test", "dev", "examples", "training", "measured")
    found = {name: _json(checkout / RESULTS / f"{name}.json") for name in names}
    check_fingerprint(checkout)
    check_dev_model(checkout, found["training"], found["measured"])
    weights = checkout / "model.safetensors"
    return Facts(
        **found,
        config=_json(checkout / "config.json"),
        parameters=sum(parse_local_safetensors_file_metadata(weights).parameter_count.values()),
        megabytes=weights.stat().st_size / 1e6,
    )


def check_fingerprint(folder: Path) -> None:
    """Check that `results/` was measured with the checkpoint beside it; raise PublishError if not."""
    measured = _json(folder / MEASURED)
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
    is_trained_on_dev = training["final"]["documents"] > training["first_stage"]["bioredirect_documents"]
    if scored is None or (is_trained_on_dev and scored == fingerprint(folder)["model.safetensors"]):
        raise PublishError(
            f"{folder / MEASURED}: dev was scored by {'an unknown' if scored is None else 'the shipped'} checkpoint, "
            f"not by one that was not trained on it; measure again: {MEASURE}"
        )


def fingerprint(folder: Path) -> dict[str, str]:
    """Return name -> SHA-256 of each file that decides about the predictions."""
    for name in FINGERPRINTED:
        if not (folder / name).is_file():
            raise PublishError(f"{folder / name}: there is no such file; name the folder of a complete checkpoint")
    return {name: file_sha256(folder / name) for name in FINGERPRINTED}


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PublishError(f"{path}: there is no such file; measure the checkpoint: {MEASURE}") from error
    except ValueError as error:
        raise PublishError(f"{path}: is not JSON ({error}); write it again") from error
