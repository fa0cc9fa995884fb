"""Joins the answers of single-task models: who is related and how from one, novelty and direction from others.

    python -m experiments.join_answers gold.pubtator -o joined.jsonl \\
        --models relation=runs/a/model novelty=runs/b/model direction=runs/c/model

The relation model decides which pairs are related. Each of these gets the novelty that the novelty model scores
highest, and the subject that the direction model does, whether or not that model would relate the pair: it is asked
for its own label alone. Files of predictions would not do, for they hold related pairs only. The output is in the form
of `biodir predict`, so `biodir evaluate GOLD joined.jsonl` scores it like any answers.
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
from biodir.training.settings import TASKS

from .answers import PairKey, add_computing_options, all_answers, loaded, pair_key, related_answers

Answers = Mapping[PairKey, Mapping[str, Any]]
# What a result takes over from the model of each task.
FIELDS = {"novelty": ("novelty", "novelty_score"), "direction": ("subject", "object", "directed", "direction_score")}
SCORES = ("relation_score", "novelty_score", "direction_score")


def joined_results(related: Iterable[Mapping[str, Any]], others: Mapping[str, Answers]) -> list[dict[str, Any]]:
    """The results of one document, the highest score first.

    Args:
        related: results of the relation model for the pairs that it relates.
        others: novelty, direction or both -> the answers of that task's model for every candidate pair.

    Raises:
        AnnotationError: a model was not asked about a pair.
    """
    return sorted((_joined(result, others) for result in related), key=lambda result: -result["score"])


def _joined(result: Mapping[str, Any], others: Mapping[str, Answers]) -> dict[str, Any]:
    joined = dict(result)
    for task, answers in others.items():
        answer = answers.get(pair_key(result))
        if answer is None:
            names = " and ".join(result[side]["id"] for side in ("subject", "object"))
            raise AnnotationError(
                f"the {task} model has no answer on {names}; all models must ask about the same pair types"
            )
        joined |= {name: answer[name] for name in FIELDS[task]}
    joined["score"] = math.prod(joined[name] for name in SCORES if joined[name] is not None)
    return joined


def joined_documents(documents: Sequence[Document], pipelines: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """For each document a line of JSON: its id and the joined results.

    Args:
        pipelines: task -> the pipeline of the model that answers it; relation and any of the others.
    """
    others = {task: all_answers(extract, documents) for task, extract in pipelines.items() if task != "relation"}
    related = related_answers(pipelines["relation"], documents)
    for document, results in zip(documents, related, strict=True):
        answers = {task: next(found) for task, found in others.items()}
        try:
            yield {"id": document.id, "relations": joined_results(results, answers)}
        except AnnotationError as error:
            raise AnnotationError(f"document {document.id}: {error}") from error


def models_of(pairs: Sequence[str]) -> dict[str, str]:
    """Task -> folder of TASK=DIR pairs.

    Raises:
        SettingError: one is no such pair, or there is none for relation.
    """
    models = dict(pair.split("=", 1) if "=" in pair else (pair, "") for pair in pairs)
    for task, folder in models.items():
        if task not in TASKS or not folder:
            raise SettingError(f"--models {task}={folder}: write TASK=DIR, TASK one of {', '.join(TASKS)}")
    if "relation" not in models:
        raise SettingError(f"--models {' '.join(pairs)}: name a model for relation, which says what is related")
    return models


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 where the request makes no sense; then a line on stderr says why."""
    parser = argparse.ArgumentParser(prog="python -m experiments.join_answers", description=__doc__.split("\n", 1)[0])
    parser.add_argument("documents", type=Path, metavar="IN", help="documents of any format that biodir reads")
    parser.add_argument("--models", nargs="+", required=True, metavar="TASK=DIR", help="the checkpoint of each task")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help=".jsonl file to write")
    add_computing_options(parser)
    options = parser.parse_args(arguments)
    try:
        models = models_of(options.models)
        documents = list(read_documents(options.documents))
        pipelines = {task: loaded(model, options) for task, model in models.items()}
        lines = [json.dumps(line, ensure_ascii=False) for line in joined_documents(documents, pipelines)]
    except BioDirError as error:
        print(f"join_answers: error: {error}", file=sys.stderr)
        return 1
    write_atomic(options.output, "".join(f"{line}\n" for line in lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
