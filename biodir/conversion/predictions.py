"""Predictions of any tool written as documents of gold with the predicted relations."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from biodir.conversion.converting import losses
from biodir.conversion.targets import Target
from biodir.document_biodir import Document
from biodir.errors_biodir import STRICT, ErrorPolicy, located
from biodir.evaluation.checks import shortened
from biodir.evaluation.predictions import read_gold, read_predictions


def convert_predictions(
    predicted_file: Path,
    gold_file: Path,
    output: Path,
    target: Target,
    policy: ErrorPolicy = STRICT,
    relation_map: Mapping[str, str | None] | None = None,
) -> int:
    """Write the documents of gold with the relations of predictions in place of their own, and return their number.

    Args:
        predicted_file, relation_map: as for `read_predictions`.
        gold_file: documents with the entities that the relations are between; their own relations are not used.
        output: file that appears when it is complete.
        target: the format; what it has no place for is counted in the notes of the policy.
        policy: as for `read_predictions`; a document that the format cannot hold has an error, too.

    Raises:
        BioDirError: as `read_predictions`, or the format cannot hold a document.
    """
    gold = read_gold(gold_file, policy, needs_relations=False)
    predicted = {each.id: each for each in read_predictions(predicted_file, gold, policy, relation_map)}
    lacking = [each.id for each in gold if each.id not in predicted]
    what = f"documents without predictions from {predicted_file} ({shortened(lacking)}), written without relations"
    policy.note(what, len(lacking))

    def with_predicted(document: Document) -> Document:
        relations = predicted[document.id].relations if document.id in predicted else ()
        found = replace(document, relations=relations, subject_lines=(), is_marked=True)
        with located(f"{predicted_file}: document {document.id}"):
            lost = losses(found, target.read_back(found))
        for what, count in lost.items():
            policy.note(f"{target.name} has no place for: {what}", count)
        return found

    attempts = ((f"{predicted_file}: document {each.id}", partial(with_predicted, each)) for each in gold)
    return target.write(policy.documents(attempts, str(predicted_file)), output)
