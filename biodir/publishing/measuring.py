"""Measures the shipped checkpoint: writes the files of `results/` that the model card is made from."""

import datetime
import json
import platform
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import transformers

from biodir import __version__
from biodir.evaluation.command import evaluate
from biodir.evaluation.negation import TEXTS, read_tested, report_with_settings, scored_texts
from biodir.evaluation.plain_text_report import plain_text_report
from biodir.evaluation.predictions import read_gold
from biodir.files import file_sha256, write_json
from biodir.formats.json_files import read_json
from biodir.inference.loading import load_pipeline
from biodir.labels_biodir import LEVELS
from biodir.pipeline_decoding_biodir import DecodingRule
from biodir.publishing.errors import PublishError
from biodir.publishing.facts import MEASURED, RESULTS, fingerprint, read_result

EXAMPLES = "samples/examples.jsonl"


def measure(checkout: Path, dev: Path, test: Path, dev_model: Path | None = None, keep_dev: bool = False) -> None:
    """Write the measured files of `results/`, when all of them are complete.

    Args:
        checkout: folder with the checkpoint.
        dev, test: gold documents, as `biodir evaluate` takes them.
        dev_model: the checkpoint to score on dev; that of the checkout only if its relations were not trained on dev.
            None if the relations are those that were measured before, as when a tagger was added: `dev.json` stays.
        keep_dev: `dev.json` stays though the relations are other ones; for relations that learned from dev further.

    Raises:
        PublishError: the relations are other ones, and there is neither `dev_model` nor `keep_dev`; or there are both.
    """
    if dev_model and keep_dev:
        raise PublishError(f"{dev_model}: --dev-model scores a run on dev, --keep-dev keeps the scores there; give one")
    found = {"test": _scores(test, checkout)}
    if dev_model is None:
        known = read_result(checkout / MEASURED)["dev"] if keep_dev else _known_dev(checkout, found["test"])
    else:
        found["dev"] = _scores(dev, dev_model)
        known = {"gold_sha256": file_sha256(dev), "model_sha256": fingerprint(dev_model)}
    found |= {"dev_mentions": mention_scores(checkout, dev), "examples": measured_examples(checkout)}
    found["negation"] = negation_scores(checkout)
    measured = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "biodir": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "sha256": fingerprint(checkout),
        "dev": known,
        "dev_mentions": {"gold_sha256": file_sha256(dev)},
        "test": {"gold_sha256": file_sha256(test)},
    }
    for name, value in found.items():
        write_json(checkout / RESULTS / f"{name}.json", value)
    write_json(checkout / MEASURED, measured)


def _known_dev(checkout: Path, test: Mapping[str, Any]) -> Any:
    """Return which checkpoint was scored on dev before; raise PublishError if its relations are not those of now."""
    before, measured = (read_result(checkout / RESULTS / f"{name}.json") for name in ("test", "measured"))
    moved = [level for level in LEVELS if before[level] != test[level]]
    if moved:
        raise PublishError(
            f"{checkout}: on test {moved[0]} has {test[moved[0]]}, not {before[moved[0]]} as in {RESULTS}/test.json; "
            "the relations are other ones, so score the run that dev chose, too: --dev-model RUN; or, if they "
            "learned from dev and no new run was chosen there, --keep-dev"
        )
    return measured["dev"]


def mention_scores(model: Path, gold_file: Path) -> dict[str, Any]:
    """Return how many documents there are, and what `plain_text_report` has of the mentions that the model finds."""
    extract = load_pipeline(str(model))
    gold = [extract.check_document(document) for document in read_gold(gold_file)]
    found = extract.find_entities(replace(each, mentions=(), relations=(), subject_lines=()) for each in gold)
    types = [label.removeprefix("B-") for label in extract.model.config.tagger_labels if label.startswith("B-")]
    report = plain_text_report(gold, list(found), found_types=types, with_relations=False)
    return {name: report[name] for name in ("documents", "mentions", "notes")}


def negation_scores(checkout: Path) -> dict[str, Any]:
    """Return what the checkpoint relates, on a CPU, in the texts that relate nothing, and in their control."""
    extract = load_pipeline(str(checkout), device="cpu")
    scored = scored_texts(extract, read_tested(checkout / TEXTS))
    return report_with_settings(scored, DecodingRule.from_config(extract.model.config))


def measured_examples(checkout: Path) -> list[dict[str, Any]]:
    """Return the hand-written documents, with what the checkpoint finds in each on a CPU: see `Facts`."""
    extract = load_pipeline(str(checkout), device="cpu")
    found = []
    for each in read_json(checkout / EXAMPLES):
        content = each.to_dict()
        entities = [_shown_entity(entity) for entity in content["entities"] or ()]
        document = {"id": content["id"], "text": content["text"], "entities": entities}
        plain = extract(content["text"], return_entities=True)
        found.append(
            {
                "document": document,
                "relations": _rounded(extract(document)),
                "plain": {name: _rounded(plain[name]) for name in ("entities", "relations")},
            }
        )
    return found


def _rounded(values: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return entities or relations with scores of four digits; machines differ in the others."""
    return [
        {key: round(value, 4) if isinstance(value, float) else value for key, value in each.items()} for each in values
    ]


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
