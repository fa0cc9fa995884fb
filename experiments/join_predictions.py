"""Join the predictions of single-task models: relation types from one, novelty and direction from others.

    python -m experiments.join_predictions gold.pubtator --json joined.jsonl \\
        --models relation=runs/a/model novelty=runs/b/model direction=runs/c/model

The relation model decides which pairs are related. Each of these gets the novelty and the subject that the other models
score highest, whether or not they would relate the pair: so files of predictions, which hold related pairs only, would
not do. `biodir evaluate GOLD joined.jsonl` scores the output.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError, BioDirError, SettingError
from biodir.files import write_atomic
from biodir.formats.reading import read_documents
from biodir.labels_biodir import TASKS

from .predictions import PredictionOfPair, add_model_options, load, pair_of, predictions

# What a result takes over from the model of each task.
FIELDS = {"novelty": ("novelty", "novelty_score"), "direction": ("subject", "object", "directed", "direction_score")}
SCORES = ("relation_score", "novelty_score", "direction_score")


def joined_results(
    related: Iterable[Mapping[str, Any]], others: Mapping[str, PredictionOfPair]
) -> list[dict[str, Any]]:
    """Return the results of one document, the highest score first.

    Args:
        related: results of the relation model for the pairs that it relates.
        others: novelty, direction or both -> the predictions of that task's model.

    Raises:
        AnnotationError: a model has no prediction for a pair.
    """
    joined = []
    for result in related:
        for task, prediction_of in others.items():
            if (prediction := prediction_of.get(pair_of(result))) is None:
                names = " and ".join(result[side]["id"] for side in ("subject", "object"))
                raise AnnotationError(f"the {task} model does not score {names}; give models with equal pair types")
            result = {**result, **{name: prediction[name] for name in FIELDS[task]}}
        joined.append({**result, "score": math.prod(result[name] for name in SCORES if result[name] is not None)})
    return sorted(joined, key=lambda result: -result["score"])


def joined_documents(documents: Sequence[Document], pipelines: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the id and the joined results of each document; `pipelines` are task -> pipeline, with relation."""
    others = {task: predictions(extract, documents) for task, extract in pipelines.items() if task != "relation"}
    for document, related in zip(documents, pipelines["relation"](iter(documents)), strict=True):
        try:
            found = joined_results(related, {task: next(each) for task, each in others.items()})
        except AnnotationError as error:
            raise AnnotationError(f"document {document.id}: {error}") from error
        yield {"id": document.id, "relations": found}


def models_of(pairs: Sequence[str]) -> dict[str, str]:
    """Return task -> folder of TASK=DIR pairs."""
    models = {task: folder for task, _, folder in (pair.partition("=") for pair in pairs)}
    if "relation" not in models or not models.keys() <= {*TASKS} or not all(models.values()):
        raise SettingError(f"--models {' '.join(pairs)}: write relation=DIR and any of novelty=DIR, direction=DIR")
    return models


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.join_predictions", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("documents", type=Path, metavar="IN", help="documents of any format that biodir reads")
    parser.add_argument("--models", nargs="+", required=True, metavar="TASK=DIR", help="the checkpoint of each task")
    parser.add_argument("--json", type=Path, required=True, metavar="OUT", help=".jsonl file to write")
    add_model_options(parser)
    options = parser.parse_args(arguments)
    try:
        models = models_of(options.models)
        documents = list(read_documents(options.documents))
        pipelines = {task: load(model, options) for task, model in models.items()}
        lines = [json.dumps(line, ensure_ascii=False) for line in joined_documents(documents, pipelines)]
    except BioDirError as error:
        print(f"join_predictions: error: {error}", file=sys.stderr)
        return 1
    write_atomic(options.json, "".join(f"{line}\n" for line in lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
