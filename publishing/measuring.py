"""Measures the shipped checkpoint: the files of `results/` that the model card is written from."""

import datetime
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers

from biodir import __version__
from biodir.__main__ import main
from biodir.formats.json_lines import read_json_lines
from biodir.inference.loading import load_pipeline
from biodir.publishing.errors import PublishError
from biodir.publishing.facts import MEASURED, RESULTS, fingerprint
from biodir.whole_files import write_json

EXAMPLES = "samples/examples.jsonl"
SCORES = ("score", "relation_score", "novelty_score", "direction_score")


def measure(checkout: Path, dev: Path, test: Path, dev_model: Path | None = None) -> None:
    """Writes dev.json, test.json, examples.json and measured.json into `results/`.

    Args:
        checkout: folder with the checkpoint.
        dev, test: gold documents, as `biodir evaluate` takes them.
        dev_model: the checkpoint that is scored on dev, where the one of the checkout has learned from dev.

    Raises:
        PublishError: a command failed; it said why on standard error.
    """
    folder = checkout / RESULTS
    for name, gold, model in (("dev", dev, dev_model or checkout), ("test", test, checkout)):
        command = ["evaluate", str(gold), "--model", str(model), "--json", str(folder / f"{name}.json")]
        if main(command):
            raise PublishError(f"biodir {' '.join(command)} failed; see the message above")
    write_json(folder / "examples.json", measured_examples(checkout))
    write_json(
        checkout / MEASURED,
        {
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "biodir": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "sha256": fingerprint(checkout),
        },
    )


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
