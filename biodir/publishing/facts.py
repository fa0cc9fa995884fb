"""What is known of the shipped checkpoint: measured files of `results/`, and what the checkpoint's own files say."""

import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biodir.files import file_sha256
from biodir.publishing.errors import PublishError

RESULTS = "results"
MEASURED = f"{RESULTS}/measured.json"
MEASURE = "python scripts/write_model_card.py --measure DEV TEST --dev-model RUN"
# What decides about a checkpoint's answers.
FINGERPRINTED = ("config.json", "model.safetensors", "tokenizer.json")


@dataclass(frozen=True)
class Facts:
    """Everything that the model card tells in numbers.

    Args:
        test, dev: reports that `biodir evaluate --json` wrote.
        examples: hand-written documents with the relations that the checkpoint finds, ``{"document", "relations"}``.
        training: how the checkpoint was trained; see `results/training.json`.
        measured: when, with what, and on which files the others were measured.
        config: the checkpoint's configuration.
        parameters: number of its weights.
        megabytes: size of the file with the weights.
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
    """The facts of a checkout.

    Raises:
        PublishError: a file is missing, is not JSON, or was measured with another checkpoint, dev with one that has
            learned from it.
    """
    names = ("test", "dev", "examples", "training", "measured")
    found = {name: _json(checkout / RESULTS / f"{name}.json") for name in names}
    check_fingerprint(checkout)
    check_dev_model(checkout, found["training"], found["measured"])
    weights = checkout / "model.safetensors"
    return Facts(
        **found,
        config=_json(checkout / "config.json"),
        parameters=_parameters(weights),
        megabytes=weights.stat().st_size / 1e6,
    )


def check_fingerprint(folder: Path) -> None:
    """Nothing where `results/` belongs to the checkpoint beside it.

    Raises:
        PublishError: it was measured with another one.
    """
    measured = _json(folder / MEASURED)
    for name, seen in fingerprint(folder).items():
        recorded = measured.get("sha256", {}).get(name)
        if recorded != seen:
            raise PublishError(
                f"{folder / MEASURED}: measured with a {name} of sha256 {str(recorded)[:12]}, but the one at hand has "
                f"{seen[:12]}; measure this checkpoint: {MEASURE}"
            )


def check_dev_model(folder: Path, training: dict[str, Any], measured: dict[str, Any]) -> None:
    """Nothing where dev was scored by a checkpoint that has not learned from it.

    Raises:
        PublishError: the shipped checkpoint was, though it has learned from more than the training documents.
    """
    scored = measured.get("dev", {}).get("model_sha256", {}).get("model.safetensors")
    has_learned_from_dev = training["final"]["documents"] > training["first_stage"]["bioredirect_documents"]
    if scored is None or (has_learned_from_dev and scored == fingerprint(folder)["model.safetensors"]):
        raise PublishError(
            f"{folder / MEASURED}: dev was scored by {'an unknown' if scored is None else 'the shipped'} checkpoint, "
            f"not by one that has not learned from it; measure again: {MEASURE}"
        )


def fingerprint(folder: Path) -> dict[str, str]:
    """Name of each file that decides about the answers -> its sha256.

    Raises:
        PublishError: one is missing.
    """
    for name in FINGERPRINTED:
        if not (folder / name).is_file():
            raise PublishError(f"{folder / name}: there is no such file; name the folder of a whole checkpoint")
    return {name: file_sha256(folder / name) for name in FINGERPRINTED}


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PublishError(f"{path}: there is no such file; measure the checkpoint: {MEASURE}") from error
    except ValueError as error:
        raise PublishError(f"{path}: is not JSON ({error}); write it anew") from error


def _parameters(weights: str | os.PathLike[str]) -> int:
    """The number of weights, by the header of a safetensors file: its length in 8 bytes, then JSON."""
    with open(weights, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    total = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            size = 1
            for axis in tensor["shape"]:
                size *= axis
            total += size
    return total
