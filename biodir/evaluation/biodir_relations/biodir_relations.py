"""The metric that `evaluate.load("evaluation/biodir_relations")` finds: scores of relations at every level.

    metric = evaluate.load("evaluation/biodir_relations")
    metric.compute(predictions=[...], references=[...])

A prediction, and a reference, is a document ``{"id": "1", "relations": [...]}`` with relations
``{"relation": "Bind", "entity1": "5", "entity2": "7", "novelty": "Novel", "subject": "5"}``, the keys being those of
`Document.to_dict`. `novelty` and `subject` may be None. The figures are those of
`biodir.evaluation.report.evaluation_report` that need no text.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import datasets
import evaluate

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.breakdown import counts_by_type, macro_scores
from biodir.evaluation.checks import compared_documents, comparison_notes
from biodir.evaluation.intervals import Resampling, bootstrap_intervals
from biodir.evaluation.scores import LEVELS, document_counts, total_counts

RELATION_KEYS = ("relation", "entity1", "entity2", "novelty", "subject")

_CITATION = """@article{lai2025bioredirect,
  title={Enhancing biomedical relation extraction with directionality},
  author={Lai, Po-Ting and Wei, Chih-Hsuan and Tian, Shubo and Leaman, Robert and Lu, Zhiyong},
  journal={Bioinformatics},
  volume={41},
  number={Supplement 1},
  year={2025},
  doi={10.1093/bioinformatics/btaf226}
}"""

_INPUTS = """
Args:
    predictions, references: documents with the same ids, in any order, as mappings with id and relations.
    resamples: how often documents are drawn for the intervals; 0 leaves these out.
    seed: of the draws.
Returns:
    level -> precision, recall, f1 in 0..1 and tp, fp, fn; "macro", "by_type", "documents" and
    "notes"; "intervals" on request.
"""


class BiodirRelations(evaluate.Metric):
    """Precision, recall and F1 over whole documents, as `biodir evaluate` counts them."""

    def _info(self) -> evaluate.MetricInfo:
        relation = {key: datasets.Value("string") for key in RELATION_KEYS}
        document = {"id": datasets.Value("string"), "relations": datasets.List(relation)}
        return evaluate.MetricInfo(
            description="Scores of directed biomedical relations at every level of the paper.",
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=datasets.Features({"predictions": document, "references": document}),
        )

    def compute(self, *, predictions: list | None = None, references: list | None = None, **settings: Any):
        """The scores of documents; what a document holds beside its relations is left out.

        Raises:
            AnnotationError: a document lacks its id or relations, or the two sides cannot be compared.
        """
        given = {"predictions": predictions, "references": references}
        rows = {side: _relations_only(rows, side) for side, rows in given.items() if rows is not None}
        return super().compute(**rows, **settings)

    def _compute(self, predictions: list, references: list, resamples: int = 0, seed: int = 1) -> dict[str, Any]:
        pairs = compared_documents(map(_document, references), map(_document, predictions))
        if not any(pair.gold.relations for pair in pairs):
            raise AnnotationError(f"references: {len(pairs)} documents without any relation; they have some")
        counts = document_counts(pairs)
        by_type = counts_by_type(pairs)
        result: dict[str, Any] = {level: found.to_dict() for level, found in total_counts(counts).items()}
        result["macro"] = macro_scores(by_type)
        result["by_type"] = {name: found["relation_type"].to_dict() for name, found in by_type.items()}
        result["documents"] = len(pairs)
        result["notes"] = comparison_notes(pairs)
        if resamples:
            settings = Resampling(resamples, seed)
            result["intervals"] = {
                level: bootstrap_intervals([each[level] for each in counts], settings) for level in LEVELS
            }
        return result


def _relations_only(rows: Iterable[Mapping[str, Any]], side: str) -> list[dict[str, Any]]:
    """The documents with the columns that the metric declares: `datasets` refuses any other."""
    found = []
    for index, row in enumerate(rows):
        missing = [key for key in ("id", "relations") if key not in row]
        if missing:
            raise AnnotationError(
                f"{side}[{index}]: has no {' and no '.join(missing)}; a document has id and relations"
            )
        relations = [{key: relation.get(key) for key in RELATION_KEYS} for relation in row["relations"]]
        found.append({"id": row["id"], "relations": relations})
    return found


def _document(row: dict[str, Any]) -> Document:
    return Document.from_dict({"id": row["id"], "text": "", "relations": row["relations"]})
