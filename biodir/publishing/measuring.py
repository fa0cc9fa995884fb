"""Measures the shipped checkpoint: writes the files of `results/` that the model card is made from."""

import datetime
import json
import platform
import tempfile
from pathlib import Path
from typing import Any

import torch
import transformers

from biodir import __version__
from biodir.evaluation.command import evaluate
from biodir.files import file_sha256, write_json
from biodir.formats.json_files import read_json
from biodir.inference.loading import load_pipeline
from biodir.publishing.facts import MEASURED, RESULTS, fingerprint

EXAMPLES = "samples/examples.jsonl"


def measure(checkout: Path, dev: Path, test: Path, dev_model: Path) -> None:
    """Write dev.json, test.json, examples.json and measured.json into `results/`, when all of them are complete.

    Args:
        checkout: folder with the checkpoint.
        dev, test: gold documents, as `biodir evaluate` takes them.
        dev_model: the checkpoint to score on dev; that of the checkout only if it was not trained on dev.
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


def measured_examples(checkout: Path) -> list[dict[str, Any]]:
    """Return the hand-written documents, each with the relations that the checkpoint finds in it on a CPU."""
    extract = load_pipeline(str(checkout), device="cpu")
    found = []
    for each in read_json(checkout / EXAMPLES):
        content = each.to_dict()
        entities = [_shown_entity(entity) for entity in content["entities"]]
        document = {"id": content["id"], "text": content["text"], "entities": entities}
        # Scores have four digits; machines differ in the others.
        rounded = [
            {key: round(value, 4) if isinstance(value, float) else value for key, value in relation.items()}
            for relation in extract(document)
        ]
        found.append({"document": document, "relations": rounded})
    return found


def _shown_entity(entity: dict[str, Any]) -> dict[str, Any]:
    """Return the entity as people write it: with one identifier as a string, and without its text."""
    shown = {key: entity[key] for key in ("start", "end", "type", "id")}
    return {**shown, "id": shown["id"][0]} if len(shown["id"]) == 1 else shown


def _scores(gold: Path, model: Path) -> Any:
    """Return the report that `biodir evaluate --json` writes about the model."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        evaluate(gold, model=str(model), json=report)
        return json.loads(report.read_text(encoding="utf-8"))
