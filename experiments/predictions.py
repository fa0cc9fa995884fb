"""Score checkpoints on gold documents: F1 of each level and accuracy of each head, or F1 of several models, joined.

    python -m experiments.predictions gold.pubtator --models runs/a --json scores.json
    python -m experiments.predictions gold.pubtator --json scores.json \\
        --models relation=runs/a novelty=runs/b direction=runs/c

The file has what `biodir evaluate` writes. For one model it has ``heads``, too: for how many related gold pairs the
highest label of each head is the true one. The label of unrelated pairs is left out, so that a model with a novelty
head only can be compared with one that has three heads. F1 cannot do that: every level above the pair needs the type.

Several models are joined: the relation model decides which pairs are related and how. Each of these gets the novelty
and the subject that the other models score highest, whether or not they would relate the pair.
"""

import argparse
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import AnnotationError, BioDirError, SettingError
from biodir.evaluation.evaluations import with_thresholds
from biodir.evaluation.predictions import read_gold
from biodir.evaluation.report import evaluation_report
from biodir.evaluation.tables import report_table
from biodir.files import write_json
from biodir.inference import BACKENDS
from biodir.inference.outputs import predicted_relations
from biodir.labels_biodir import TASKS
from biodir.options import quiet_pipeline
from biodir.pipeline_decoding_biodir import relations_of_pairs

Result = Mapping[str, Any]  # of a candidate pair, related or not, with the scores of all labels
# What a joined result takes over from the model of each task.
FIELDS = {"novelty": ("novelty", "novelty_score"), "direction": ("subject", "object", "directed", "direction_score")}
SCORES = ("relation_score", "novelty_score", "direction_score")


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add --device and --backend, as `biodir evaluate` has them."""
    parser.add_argument("--device", help="such as cpu or cuda:0; by default the first accelerator, else the CPU")
    parser.add_argument("--backend", default="torch", choices=BACKENDS, help="what computes the encoder")


def load(model: str, options: argparse.Namespace) -> Any:
    """Return the pipeline of a checkpoint, on the device and back end of the options."""
    return quiet_pipeline(model, options.device, options.backend)


def is_related(result: Result) -> bool:
    """Return whether the first head of the model, which decides that, relates the pair."""
    unrelated, *_ = next(iter(result["scores"].values()))
    return bool(result["relation"] != unrelated)


def head_scores(documents: Iterable[Document], predicted: Iterable[Iterable[Result]]) -> dict[str, dict[str, float]]:
    """Return task -> accuracy, and the counts that it comes from, for the heads that the model has.

    Of a pair with several gold relations one must fit. Pairs without gold novelty do not count for novelty.
    """
    fits: dict[str, list[bool]] = {task: [] for task in TASKS}
    for document, results in zip(documents, predicted, strict=True):
        relations = relations_of_pairs(document)
        for result in results:
            gold = relations.get(frozenset(identifier for identifier, _ in _pair_of(result)), [])
            for task in result["scores"] if gold else ():
                if task != "novelty" or any(relation.novelty for relation in gold):
                    fits[task].append(any(_fits(task, result, relation) for relation in gold))
    return {
        task: {"accuracy": sum(each) / len(each), "right": sum(each), "pairs": len(each)}
        for task, each in fits.items()
        if each
    }


def _fits(task: str, result: Result, relation: Relation) -> bool:
    if task == "relation":
        _, *labels = result["scores"]["relation"].items()
        return bool(max(labels, key=lambda label: label[1])[0] == relation.relation_type)
    if task == "novelty":
        return bool(result["novelty"] == relation.novelty)
    return (result["subject"]["id"] if result["directed"] else None) == relation.subject_id


def joined_results(name: str, results: Mapping[str, Iterable[Result]]) -> list[Result]:
    """Return the related pairs of a document, the highest score first; `results` are task -> those of its model."""
    others = {task: {_pair_of(each): each for each in found} for task, found in results.items() if task != "relation"}
    related = list(filter(is_related, results["relation"]))
    if not others:
        return related
    joined = []
    for result in related:
        for task, result_of in others.items():
            if (other := result_of.get(_pair_of(result))) is None:
                names = " and ".join(result[side]["id"] for side in ("subject", "object"))
                raise AnnotationError(
                    f"document {name}: the {task} model does not score {names}; give models with equal pair types"
                )
            result = {**result, **{field: other[field] for field in FIELDS[task]}}
        joined.append({**result, "score": math.prod(result[field] for field in SCORES if result[field] is not None)})
    return sorted(joined, key=lambda result: -result["score"])


def _pair_of(result: Result) -> frozenset[tuple[str, str]]:
    """Return identifiers and types: a concept of two types is in pairs of two types."""
    return frozenset((result[side]["id"], result[side]["type"]) for side in ("subject", "object"))


def models_of(given: Sequence[str]) -> dict[str, str]:
    """Return task -> folder, of TASK=DIR pairs or of the folder of one model."""
    models = dict(each.split("=", 1) if "=" in each else ("relation", each) for each in given)
    if len(models) < len(given) or not {"relation"} <= models.keys() <= {*TASKS} or not all(models.values()):
        names = "relation=DIR and any of novelty=DIR, direction=DIR"
        raise SettingError(f"--models {' '.join(given)}: write DIR, or {names}")
    return models


def score(options: argparse.Namespace) -> dict[str, Any]:
    """Return the report on the model or models of the options."""
    models, gold = models_of(options.models), read_gold(options.gold)
    pipelines = {task: load(model, options) for task, model in models.items()}
    marked = [replace(document, is_marked=True) for document in gold]  # those without a mention, too
    predicted = {task: list(extract(iter(marked), return_all_scores=True)) for task, extract in pipelines.items()}
    found = []
    for document, *results in zip(gold, *predicted.values(), strict=True):
        related = joined_results(document.id, dict(zip(predicted, results, strict=True)))
        found.append(replace(document, relations=predicted_relations(related), subject_lines=()))
    config = pipelines["relation"].model.config
    labels = {**config.labels, **{task: each.model.config.labels[task] for task, each in pipelines.items()}}
    report = with_thresholds(evaluation_report(gold, found, labels=labels, pair_types=config.pair_types), None)
    return report if len(predicted) > 1 else {**report, "heads": head_scores(gold, predicted["relation"])}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program; on bad input it ends with a line that names it."""
    parser = argparse.ArgumentParser(prog="python -m experiments.predictions", description=__doc__.split("\n", 1)[0])
    parser.add_argument("gold", type=Path, metavar="GOLD", help="documents with relations")
    parser.add_argument("--models", nargs="+", required=True, metavar="[TASK=]DIR", help="one, or one for each task")
    parser.add_argument("--json", type=Path, required=True, metavar="OUT", help="file to write")
    add_model_options(parser)
    options = parser.parse_args(arguments)
    try:
        report = score(options)
    except BioDirError as error:
        raise SystemExit(f"predictions: error: {error}") from error
    write_json(options.json, report)
    print(report_table(report))


if __name__ == "__main__":
    main()
