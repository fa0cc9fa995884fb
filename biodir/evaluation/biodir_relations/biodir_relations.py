"""The metric that `evaluate.load("biodir/evaluation/biodir_relations")` loads: scores of relations at every level.

    metric = evaluate.load("biodir/evaluation/biodir_relations")
    metric.compute(predictions=[...], references=[...])

A prediction, and a reference, is a document ``{"id": "1", "relations": [...]}`` with relations
``{"relation": "Bind", "entity1": "5", "entity2": "7", "novelty": "Novel", "subject": "5"}``, with the keys of
`Document.to_dict`. `novelty` and `subject` may be None, and so may the relations of a document without any. Of a pair
and type that predictions give twice, the one with the higher ``relation_score`` counts, a number in 0..1. Rows that
`biodir dataset export` wrote are taken as they are, with their labels as numbers: of a `datasets.Dataset` these are
numbers of its own class labels, elsewhere of BioRED's or of `labels`. The figures are those of
`biodir.evaluation.report.evaluation_report` that need no text.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import datasets
import evaluate

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError, located
from biodir.evaluation.checks import STRANGERS, compared_documents
from biodir.evaluation.intervals import Resampling
from biodir.evaluation.report import evaluation_report
from biodir.labels_biodir import LEVELS, NOVELTY_LABELS, RELATION_LABELS

RELATION_KEYS = ("relation", "entity1", "entity2", "novelty", "subject")
SCORE = "relation_score"
# What numbers mean in rows that are no data set.
LABELS = {"relation": RELATION_LABELS, "novelty": NOVELTY_LABELS}

_CITATION = "Lai et al. 2025, Enhancing biomedical relation extraction with directionality, Bioinformatics 41 (S1)"
_INPUTS = """
Args:
    predictions, references: documents with the same ids, in any order, as mappings with id and relations. References
        that the predictions lack count as documents without relations. A relation may have a relation_score.
    labels: the names of labels that are given as numbers, such as {"relation": [...], "novelty": [...]}.
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
        relation = {key: datasets.Value("string") for key in RELATION_KEYS} | {SCORE: datasets.Value("float64")}
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
            AnnotationError: a side is missing, a document lacks its id or relations, a number names no label, or the
                two sides cannot be compared.
        """
        labels = settings.pop("labels", None)
        rows: dict[str, list[dict[str, Any]]] = {}
        if predictions is None and references is None:  # those of `add` and `add_batch`
            if labels:
                raise AnnotationError("labels: give them to add or add_batch, together with the rows that they name")
            if self.writer is None:
                raise AnnotationError("predictions and references: None; give lists of documents, or add some before")
        else:
            rows = _both_sides(predictions, references, labels)
            compared = compared_documents(map(_document, rows["references"]), map(_document, rows["predictions"]))
            # The library `evaluate` wants as many predictions as references.
            lacking = [pair.gold.id for pair in compared if not pair.is_predicted]
            rows["predictions"] += [{"id": name, "relations": []} for name in lacking]
            settings["lacking"] = lacking
        return super().compute(**rows, **settings)

    def add_batch(
        self,
        *,
        predictions: Iterable[Any] | None = None,
        references: Iterable[Any] | None = None,
        labels: Mapping[str, Sequence[str]] | None = None,
        **others: Any,
    ) -> None:
        """Add documents for the next `compute`, as many predictions as references; `labels` are as there.

        Raises:
            AnnotationError: as of `compute`.
        """
        super().add_batch(**_both_sides(predictions, references, labels), **others)

    def add(self, *, prediction: Any = None, reference: Any = None, **others: Any) -> None:
        """Add a prediction and its reference; see `add_batch`."""
        self.add_batch(predictions=[prediction], references=[reference], **others)

    def _compute(
        self,
        predictions: list[Any],
        references: list[Any],
        resamples: int = 0,
        seed: int = 1,
        lacking: Collection[str] = (),
    ) -> dict[str, Any]:
        gold = [*map(_document, references)]
        predicted = [_document(row) for row in predictions if row["id"] not in lacking]
        report = evaluation_report(gold, predicted, Resampling(resamples or 1, seed))
        if not report["pairs"]:
            raise AnnotationError(f"references: {len(gold)} documents without any relation; they have some")
        if report["entity_pair"]["tp"]:  # only relations are read here, so that other entities say little
            report["notes"] = [note for note in report["notes"] if STRANGERS not in note]
        names = (*LEVELS, "macro", "by_type", "documents", "notes", *(("intervals",) if resamples else ()))
        return {name: report[name] for name in names}


def _both_sides(
    predictions: Iterable[Any] | None, references: Iterable[Any] | None, labels: Mapping[str, Sequence[str]] | None
) -> dict[str, list[dict[str, Any]]]:
    """Return the documents of both sides as `_relations_only` does; raise an AnnotationError where one is missing."""
    found = {}
    for side, rows in {"predictions": predictions, "references": references}.items():
        if rows is None:
            raise AnnotationError(f"{side}: None; give a list of documents with id and relations")
        found[side] = _relations_only(rows, side, {**LABELS, **(labels or {})})
    return found


def _relations_only(
    rows: Iterable[Mapping[str, Any]], side: str, labels: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Return the documents with the columns that the metric declares: `datasets` refuses any other."""
    names = {**labels, **_labels_of(rows)}
    found = []
    for index, row in enumerate(rows):
        with located(f"{side}[{index}]"):
            named = [_relation(relation, names) for relation in _relations_of(row)]
        found.append({"id": str(row["id"]), "relations": named})
    return found


def _relations_of(row: Any) -> Iterable[Any]:
    keys = row if isinstance(row, Mapping) else ()
    if missing := " and no ".join(key for key in ("id", "relations") if key not in keys):
        raise AnnotationError(f"has no {missing}; a document has id and relations")
    relations = [] if row["relations"] is None else row["relations"]
    if not isinstance(relations, Iterable) or not all(isinstance(relation, Mapping) for relation in relations):
        raise AnnotationError(f"the relations are {str(relations)[:40]!r}; give a list of mappings")
    return relations


def _relation(relation: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    score: Any = relation.get(SCORE)
    named = {key: _named(relation.get(key), names.get(key)) for key in RELATION_KEYS}
    return {**named, SCORE: float(score) if hasattr(score, "__float__") else score}


def _labels_of(rows: Any) -> dict[str, Sequence[str]]:
    """Return the names of the class labels of a data set; none for other rows."""
    features = getattr(rows, "features", None) or {}
    relation = getattr(features.get("relations"), "feature", None)
    if not isinstance(relation, Mapping):  # the type "null", where no document has a relation
        return {}
    return {key: feature.names for key, feature in relation.items() if hasattr(feature, "names")}


def _named(value: Any, names: Sequence[str] | None) -> Any:
    """Return the name of a label that may be a number; identifiers have no names, a number is one."""
    if value is None or isinstance(value, str) or not hasattr(value, "__index__"):
        return value
    if names is None:
        return str(value)
    if not 0 <= value < len(names):
        raise AnnotationError(f"label {value} is none of the {len(names)} from 0: {', '.join(names)}; give labels=")
    return names[value]


def _document(row: dict[str, Any]) -> Document:
    return Document.from_dict({"id": row["id"], "text": "", "relations": row["relations"]})
