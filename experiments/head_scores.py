"""Score each head by itself: for how many related gold pairs its highest label is the true one.

    python -m experiments.head_scores gold.pubtator --model runs/a/model --json heads.json

The label of unrelated pairs is left out, so that a model with a novelty head only can be compared with one that has
three heads. F1 cannot do that: every level above the pair needs the relation type.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import AnnotationError, BioDirError
from biodir.files import write_json
from biodir.formats.reading import read_documents
from biodir.labels_biodir import TASKS
from biodir.pipeline_decoding_biodir import relations_of_pairs

from .predictions import PredictionOfPair, add_model_options, load, predictions


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m experiments.head_scores", description=__doc__.split("\n", 1)[0])
    parser.add_argument("gold", type=Path, metavar="GOLD", help="documents with relations")
    parser.add_argument("--model", required=True, help="folder or Hub id of a checkpoint")
    parser.add_argument("--json", type=Path, required=True, metavar="OUT", help="file for the figures, in 0..1")
    add_model_options(parser)
    options = parser.parse_args(arguments)
    try:
        documents = list(read_documents(options.gold))
        scores = head_scores(documents, predictions(load(options.model, options), documents))
        if not scores:
            raise AnnotationError(f"{options.gold}: no related pair that the model scores; give gold documents")
    except BioDirError as error:
        print(f"head_scores: error: {error}", file=sys.stderr)
        return 1
    write_json(options.json, scores)
    for task, each in scores.items():
        print(f"{task}: {each['right']} of {each['pairs']} gold pairs, {100 * each['accuracy']:.2f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
