"""Measures the shipped checkpoint: the files of `results/` that the model card is written from."""

import datetime
import json
import platform
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers

from biodir import __version__
from biodir.__main__ import main
from biodir.files import file_sha256, write_json
from biodir.formats.json_lines import read_json_lines
from biodir.inference.loading import load_pipeline
from biodir.publishing.errors import PublishError
from biodir.publishing.facts import MEASURED, RESULTS, fingerprint

EXAMPLES = "samples/examples.jsonl"
SCORES = ("score", "relation_score", "novelty_score", "direction_score")


def measure(checkout: Path, dev: Path, test: Path, dev_model: Path) -> None:
    """Writes dev.json, test.json, examples.json and measured.json into `results/`, once all of it is known.

    Args:
        checkout: folder with the checkpoint.
        dev, test: gold documents, as `biodir evaluate` takes them.
        dev_model: the checkpoint that is scored on dev; that of the checkout only if it has not learned from dev.

    Raises:
        PublishError: a command failed; it said why on standard error.
    """
    found = {"dev": _scores(dev, dev_model), "test": _scores(test, checkout), "examples": measured_examples(checkout)}
    measured = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "biodir": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "sha256": fingerprint(checkout),
        "dev": {"gold_sha256": file_sha256(dev), "model_sha256": fingerprint(dev_model)},
        "test": {"gold_sha256": file_sha256(test)},
    }
    for name, value in found.items():
        write_json(checkout / RESULTS / f"{name}.json", value)
    write_json(checkout / MEASURED, measured)


def _scores(gold: Path, model: Path) -> Any:
    """What `biodir evaluate --json` says of the model."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = ["evaluate", str(gold), "--model", str(model), "--json", str(report)]
        if main(command):
            raise PublishError(f"biodir {' '.join(command)} failed; see the message above")
        return json.loads(report.read_text(encoding="utf-8"))


def measured_examples(checkout: Path) -> list[dict[str, Any]]:
    """The hand-written documents, each with the relations that the checkpoint finds in it on a CPU."""
    extract = load_pipeline(str(checkout), device="cpu")
    documents = [_example_document(each.to_dict()) for each in read_json_lines(checkout / EXAMPLES)]
    return [
        {"document": document, "relations": [_rounded(relation) for relation in extract(document)]}
        for document in documents
    ]


def _example_document(document: dict[str, Any]) -> dict[str, Any]:
    keys = ("start", "end", "type", "id")
    entities = [{key: entity[key] for key in keys} for entity in document["entities"]]
    return {"id": document["id"], "text": document["text"], "entities": entities}


def _rounded(relation: Mapping[str, Any]) -> dict[str, Any]:
    """The relation with scores of four digits, more of which no two machines share."""
    return {**relation, **{name: round(relation[name], 4) for name in SCORES if relation[name] is not None}}
