"""Scores each head on its own: on the related gold pairs, how often its highest label is the true one.

    python -m experiments.head_scores gold.pubtator --model runs/a/model --json heads.json

The label of unrelated pairs is left out, so a head is asked nothing but its own question, and a model with the novelty
head alone can be compared with one that has all three. F1 cannot do that: it wants the relation type first.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import AnnotationError, BioDirError
from biodir.files import write_json
from biodir.formats.reading import read_documents
from biodir.pipeline_decoding_biodir import relations_of_pairs
from biodir.training.settings import TASKS

from .answers import PairKey, add_computing_options, all_answers, loaded


@dataclass(frozen=True)
class Accuracy:
    """How many of the pairs were labelled rightly."""

    right: int = 0
    pairs: int = 0

    @property
    def accuracy(self) -> float:
        """In 0..1; 0 where there are no pairs."""
        return self.right / self.pairs if self.pairs else 0.0

    def to_dict(self) -> dict[str, float]:
        """The figures as the file has them."""
        return {"accuracy": self.accuracy, "right": self.right, "pairs": self.pairs}


def head_scores(
    documents: Iterable[Document], answers: Iterable[Mapping[PairKey, Mapping[str, Any]]]
) -> dict[str, Accuracy]:
    """Task -> accuracy over the gold pairs that the model was asked about; heads that it lacks are left out.

    Of a pair with several gold relations one of them must fit. Novelty and direction that no gold relation of the pair
    has are not asked for.

    Args:
        answers: for each document, pair -> the pipeline's result with ``scores``.
    """
    found: dict[str, Accuracy] = {}
    for document, answer_of in zip(documents, answers, strict=True):
        relations = relations_of_pairs(document)
        for key, answer in answer_of.items():
            gold = relations.get(frozenset(identifier for identifier, _ in key), ())
            for task in TASKS if gold else ():
                if task in answer["scores"] and (task != "novelty" or any(each.novelty for each in gold)):
                    old = found.get(task, Accuracy())
                    is_right = any(_fits(task, answer, relation) for relation in gold)
                    found[task] = Accuracy(old.right + is_right, old.pairs + 1)
    return {task: found[task] for task in TASKS if task in found}


def _fits(task: str, answer: Mapping[str, Any], relation: Relation) -> bool:
    if task == "relation":
        _, *labels = answer["scores"]["relation"].items()
        return max(labels, key=lambda label: label[1])[0] == relation.relation_type
    if task == "novelty":
        return answer["novelty"] == relation.novelty
    return (answer["subject"]["id"] if answer["directed"] else None) == relation.subject_id


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 where the request makes no sense; then a line on stderr says why."""
    parser = argparse.ArgumentParser(prog="python -m experiments.head_scores", description=__doc__.split("\n", 1)[0])
    parser.add_argument("gold", type=Path, metavar="GOLD", help="documents with relations")
    parser.add_argument("--model", required=True, help="folder or Hub id of a checkpoint")
    parser.add_argument("--json", type=Path, required=True, metavar="OUT", help="file for the figures, in 0..1")
    add_computing_options(parser)
    options = parser.parse_args(arguments)
    try:
        documents = list(read_documents(options.gold))
        scores = head_scores(documents, all_answers(loaded(options.model, options), documents))
        if not scores:
            raise AnnotationError(f"{options.gold}: no related pair that the model asks about; give gold documents")
    except BioDirError as error:
        print(f"head_scores: error: {error}", file=sys.stderr)
        return 1
    content = {task: accuracy.to_dict() for task, accuracy in scores.items()}
    write_json(options.json, content)
    for task, accuracy in scores.items():
        print(f"{task}: {accuracy.right} of {accuracy.pairs} gold pairs, {100 * accuracy.accuracy:.2f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
