"""A prediction without a model, for the tests of the demo's views."""

from typing import Any

from biodir.document_biodir import Document
from biodir_demo.predictions import NumberedRelation, Prediction

TEXT = "EGFR & T790M. Gefitinib <blocks> EGFR."
ENTITIES = [
    {"start": 0, "end": 4, "type": "GeneOrGeneProduct", "id": "1956"},
    {"start": 7, "end": 12, "type": "SequenceVariant", "id": "p|SUB|T|790|M"},
    {"start": 14, "end": 23, "type": "ChemicalEntity", "id": "D000077156"},
    {"start": 33, "end": 37, "type": "GeneOrGeneProduct", "id": "1956"},
]
GENE = {"id": "1956", "type": "GeneOrGeneProduct", "text": "EGFR"}
VARIANT = {"id": "p|SUB|T|790|M", "type": "SequenceVariant", "text": "T790M"}
DRUG = {"id": "D000077156", "type": "ChemicalEntity", "text": "Gefitinib"}
FIRST, SECOND = (0, 13), (14, 38)


def result(subject: dict, object_: dict, relation: str, score: float, *spans, **others: Any) -> dict[str, Any]:
    """Return a relation as the pipeline does."""
    return {
        "subject": subject,
        "object": object_,
        "relation": relation,
        "directed": True,
        "novelty": "Novel",
        "score": score,
        "relation_score": score,
        "novelty_score": 1.0,
        "direction_score": 1.0,
        "evidence": [{"start": start, "end": end, "text": TEXT[start:end]} for start, end in spans],
        "cross_window": False,
        **others,
    }


RESULTS = (
    result(DRUG, GENE, "Negative_Correlation", 0.9, SECOND),
    result(VARIANT, DRUG, "Association", 0.5, FIRST, SECOND, directed=False, novelty="No"),
)


def prediction(*results: dict[str, Any]) -> Prediction:
    """Return the prediction with these relations, by default two."""
    document = Document.from_dict({"id": "demo 1", "text": TEXT, "entities": ENTITIES})
    relations = tuple(NumberedRelation(number, each) for number, each in enumerate(results or RESULTS, start=1))
    return Prediction(document, relations, 0.25)
