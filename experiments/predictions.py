"""What checkpoints predict for every pair of documents: accuracies of their heads, and predictions joined from several.

    python -m experiments.predictions heads gold.pubtator --model runs/a/model --json heads.json
    python -m experiments.predictions join gold.pubtator --json joined.jsonl \\
        --models relation=runs/a/model novelty=runs/b/model direction=runs/c/model

`heads` counts for how many related gold pairs the highest label of each head is the true one. The label of unrelated
pairs is left out, so that a model with a novelty head only can be compared with one that has three heads. F1 cannot do
that: every level above the pair needs the relation type.

`join` takes relation types from one model, novelty and direction from others. The relation model decides which pairs
are related. Each of these gets the novelty and the subject that the other models score highest, whether or not they
would relate the pair: so files of predictions, which hold related pairs only, would not do.
`biodir evaluate GOLD joined.jsonl` scores the output.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import AnnotationError, BioDirError, SettingError
from biodir.files import write_atomic, write_json
from biodir.formats.reading import read_documents
from biodir.inference import BACKENDS
from biodir.labels_biodir import TASKS
from biodir.options import quiet_pipeline
from biodir.pipeline_decoding_biodir import relations_of_pairs

# A pair as (identifier, type) of its entities, without order: a concept of two types is in pairs of two types.
Pair = frozenset[tuple[str, str]]
# Pair -> the pipeline's result with the scores of all labels.
PredictionOfPair = Mapping[Pair, Mapping[str, Any]]
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


def pair_of(result: Mapping[str, Any]) -> Pair:
    """Return the pair of a result."""
    return frozenset((result[side]["id"], result[side]["type"]) for side in ("subject", "object"))


def predictions(extract: Any, documents: Iterable[Document]) -> Iterator[PredictionOfPair]:
    """Yield what a pipeline predicts for the pairs of each document, related or not."""
    for results in extract(iter(documents), return_all_scores=True):
        yield {pair_of(result): result for result in results}


def head_scores(documents: Iterable[Document], predicted: Iterable[PredictionOfPair]) -> dict[str, dict[str, float]]:
    """Return task -> accuracy, and the counts that it comes from, for the heads that the model has.

    Of a pair with several gold relations one must fit. Pairs without gold novelty do not count for novelty.
    """
    fits: dict[str, list[bool]] = {task: [] for task in TASKS}
    for document, prediction_of in zip(documents, predicted, strict=True):
        relations = relations_of_pairs(document)
        for pair, prediction in prediction_of.items():
            gold = relations.get(frozenset(identifier for identifier, _ in pair), [])
            for task in prediction["scores"] if gold else ():
                if task != "novelty" or any(relation.novelty for relation in gold):
                    fits[task].append(any(_fits(task, prediction, relation) for relation in gold))
    counts = {task: (sum(each), len(each)) for task, each in fits.items() if each}
    return {
        task: {"accuracy": right / pairs, "right": right, "pairs": pairs} for task, (right, pairs) in counts.items()
    }


def _fits(task: str, prediction: Mapping[str, Any], relation: Relation) -> bool:
    if task == "relation":
        _, *labels = prediction["scores"]["relation"].items()
        return bool(max(labels, key=lambda label: label[1])[0] == relation.relation_type)
    if task == "novelty":
        return bool(prediction["novelty"] == relation.novelty)
    return (prediction["subject"]["id"] if prediction["directed"] else None) == relation.subject_id


def joined_results(
    related: Iterable[Mapping[str, Any]], others: Mapping[str, PredictionOfPair]
) -> list[dict[str, Any]]:
    """Return the results of the relation model for one document with novelty and direction of the other models.

    The highest score comes first; `others` are novelty, direction or both -> the predictions of that task's model.
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


def _heads(options: argparse.Namespace) -> None:
    documents = list(read_documents(options.documents))
    scores = head_scores(documents, predictions(load(options.model, options), documents))
    if not scores:
        raise AnnotationError(f"{options.documents}: no related pair that the model scores; give gold documents")
    write_json(options.json, scores)
    for task, each in scores.items():
        print(f"{task}: {each['right']} of {each['pairs']} gold pairs, {100 * each['accuracy']:.2f} %")


def _join(options: argparse.Namespace) -> None:
    models = models_of(options.models)
    documents = list(read_documents(options.documents))
    pipelines = {task: load(model, options) for task, model in models.items()}
    lines = [json.dumps(line, ensure_ascii=False) for line in joined_documents(documents, pipelines)]
    write_atomic(options.json, "".join(f"{line}\n" for line in lines))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m experiments.predictions", description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(required=True)
    heads = commands.add_parser("heads", help="the accuracy of each head on related gold pairs")
    heads.add_argument("--model", required=True, help="folder or Hub id of a checkpoint")
    heads.set_defaults(run=_heads)
    join = commands.add_parser("join", help="relation types from one model, novelty and direction from others")
    join.add_argument("--models", nargs="+", required=True, metavar="TASK=DIR", help="the checkpoint of each task")
    join.set_defaults(run=_join)
    for command in (heads, join):
        command.add_argument("documents", type=Path, metavar="IN", help="documents of any format that biodir reads")
        command.add_argument("--json", type=Path, required=True, metavar="OUT", help="file to write")
        add_model_options(command)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except BioDirError as error:
        print(f"predictions: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
