"""The metric that `evaluate.load("biodir/evaluation/biodir_relations")` loads: scores of relations at every level.

    metric = evaluate.load("biodir/evaluation/biodir_relations")
    metric.compute(predictions=[...], references=[...])

A prediction, and a reference, is a document ``{"id": "1", "relations": [...]}`` with relations
``{"relation": "Bind", "entity1": "5", "entity2": "7", "novelty": "Novel", "subject": "5"}``, with the keys of
`Document.to_dict`. `novelty` and `subject` may be None. The figures are those of
`biodir.evaluation.report.evaluation_report` that need no text.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import datasets
import evaluate

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.intervals import Resampling
from biodir.evaluation.report import evaluation_report
from biodir.labels_biodir import LEVELS

RELATION_KEYS = ("relation", "entity1", "entity2", "novelty", "subject")

_CITATION = "Lai et al. 2025, Enhancing biomedical relation extraction with directionality, Bioinformatics 41 (S1)"
_INPUTS = """
Args:
    predictions, references: documents with the same ids, in any order, as mappings with id and relations.
    resamples, seed: how often documents are drawn for the intervals (0 leaves these out), and the seed of the draws.
Returns:
    level -> precision, recall, f1 in 0..1 and tp, fp, fn; "macro", "by_type", "documents", "notes", "intervals".
"""


class BiodirRelations(evaluate.Metric):
    """Precision, recall and F1 over complete documents, as `biodir evaluate` counts them.

    >>> metric = BiodirRelations(keep_in_memory=True)
    >>> relation = {"relation": "Bind", "entity1": "5", "entity2": "7", "novelty": "Novel", "subject": "5"}
    >>> gold, found = ({"id": "1", "relations": [relation | {"subject": name}]} for name in ("5", "7"))
    >>> scores = metric.compute(predictions=[found], references=[gold])
    >>> scores["relation_type"]["f1"], scores["relation_type_direction"]["f1"]
    (1.0, 0.0)
    """

    def _info(self) -> evaluate.MetricInfo:
        relation = {key: datasets.Value("string") for key in RELATION_KEYS}
        document = {"id": datasets.Value("string"), "relations": datasets.List(relation)}
        return evaluate.MetricInfo(
            description="Scores of directed biomedical relations at every level of the paper.",
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=datasets.Features({"predictions": document, "references": document}),
        )

    def compute(
        self, *, predictions: list[Any] | None = None, references: list[Any] | None = None, **settings: Any
    ) -> dict[str, Any] | None:
        """Return the scores of documents; only their relations are read.

        Raises:
            AnnotationError: a document lacks its id or relations, or the two sides cannot be compared.
        """
        given = {"predictions": predictions, "references": references}
        rows = {side: _relations_only(rows, side) for side, rows in given.items() if rows is not None}
        return super().compute(**rows, **settings)

    def _compute(
        self, predictions: list[Any], references: list[Any], resamples: int = 0, seed: int = 1
    ) -> dict[str, Any]:
        gold, predicted = ([*map(_document, rows)] for rows in (references, predictions))
        report = evaluation_report(gold, predicted, Resampling(max(resamples, 1), seed))
        if not report["pairs"]:
            raise AnnotationError(f"references: {len(gold)} documents without any relation; they have some")
        names = (*LEVELS, "macro", "by_type", "documents", "notes", *(("intervals",) if resamples else ()))
        return {name: report[name] for name in names}


def _relations_only(rows: Iterable[Mapping[str, Any]], side: str) -> list[dict[str, Any]]:
    """Return the documents with the columns that the metric declares: `datasets` refuses any other."""
    found = []
    for index, row in enumerate(rows):
        missing = " and no ".join(key for key in ("id", "relations") if key not in row)
        if missing:
            raise AnnotationError(f"{side}[{index}]: has no {missing}; a document has id and relations")
        relations = [{key: relation.get(key) for key in RELATION_KEYS} for relation in row["relations"]]
        found.append({"id": row["id"], "relations": relations})
    return found


def _document(row: dict[str, Any]) -> Document:
    return Document.from_dict({"id": row["id"], "text": "", "relations": row["relations"]})
