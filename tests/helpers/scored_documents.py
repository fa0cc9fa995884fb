"""Four documents with gold and predicted relations, and their counts as worked out by hand.

The relations, by the letters that the comments use; ``gold -> predicted`` where the two differ:

    document   relation   pair type   sentences    relation type                       novelty       subject
    1          a          C-D         same         Negative_Correlation                Novel         C1
    1          b          G-G         same         Bind                                No            none -> G1
    1          c          C-G         next         Association -> Positive_Correlation Novel         C1
    1          d          C-V         further      Association -> nothing
    1          e          D-G         next         nothing -> Association
    2          f          C-D         same         Association                         No -> Novel   none
    2          g          no mention  no mention   Bind -> nothing
    2          i          C-G         next         Positive_Correlation                Novel -> No   G5
    3          h          C-C         same         nothing -> Cotreatment
    4          no relation on either side, and no mention

Counts are (true positives, false positives, false negatives).
"""

from dataclasses import replace

from biodir.document_biodir import Document, Relation
from biodir.evaluation.scores import Counts
from biodir.labels_biodir import RELATION_LABELS
from biodir.pipeline_biodir import BioDirPipeline
from helpers.marked import marked_document

# 1,038 characters; the filler begins no sentence.
LONG_TEXT = "<C:C1 Iron> harms the <D:D2 liver>. The <G:G5 gene> is new" + " and old" * 125 + "."

GOLD = (
    marked_document(
        "<C:C1 Aspirin> stops <D:D1 pain>. The <G:G1 gene> binds <G:G2 it>. Then <V:V1 T790M> came.",
        id="1",
        relations=(
            Relation("Negative_Correlation", "C1", "D1", "Novel", "C1"),
            Relation("Bind", "G1", "G2", "No"),
            Relation("Association", "C1", "G1", "Novel", "C1"),
            Relation("Association", "C1", "V1", "No"),
        ),
    ),
    marked_document(
        LONG_TEXT,
        id="2",
        relations=(
            Relation("Association", "C1", "D2", "No"),
            Relation("Bind", "C1", "G9", "Novel", "C1"),
            Relation("Positive_Correlation", "C1", "G5", "Novel", "G5"),
        ),
    ),
    marked_document("<C:C3 Iron> and <C:C4 zinc> fell.", id="3"),
    marked_document("It is so.", id="4"),
)
_PREDICTED = {
    "1": (
        Relation("Negative_Correlation", "C1", "D1", "Novel", "C1", 0.9, 0.8, 0.5),
        Relation("Bind", "G2", "G1", "No", "G1", 0.7, 0.6, 0.4),
        Relation("Positive_Correlation", "C1", "G1", "Novel", "C1", 0.55, 0.9, 0.9),
        Relation("Association", "D1", "G1", "Novel", None, 0.3, 0.5, 0.5),
    ),
    "2": (
        Relation("Association", "D2", "C1", "Novel", None, 0.8, 0.7, 0.6),
        Relation("Positive_Correlation", "G5", "C1", "No", "G5", 0.6, 0.5, 0.9),
    ),
    "3": (Relation("Cotreatment", "C3", "C4", "No", None, 0.2, 0.1, 0.3),),
    "4": (),
}
PREDICTED = tuple(replace(document, relations=_PREDICTED[document.id]) for document in GOLD)

TOTALS = {
    "entity_pair": (5, 2, 2),  # right a b c f i, wrong e h, missed d g
    "relation_type": (4, 3, 3),  # c is wrong as well, and missed
    "relation_type_novelty": (2, 5, 5),  # right a b
    "relation_type_direction": (3, 4, 4),  # right a f i
    "all": (1, 6, 6),  # right a
}
RIGHT, WRONG, MISSED = (1, 0, 0), (0, 1, 0), (0, 0, 1)


def every_level(*counts: tuple[int, int, int]) -> dict[str, tuple[int, int, int]]:
    """Level -> counts, from those of all levels in order, or from the one that all levels share."""
    return dict(zip(TOTALS, counts * 5 if len(counts) == 1 else counts, strict=True))


def figures(counts: dict[str, Counts]) -> dict[str, tuple[int, int, int]]:
    """Level -> (tp, fp, fn)."""
    return {level: (found.tp, found.fp, found.fn) for level, found in counts.items()}


def without_scores(documents: tuple[Document, ...]) -> list[Document]:
    """The documents with relations as people annotate them."""
    no_scores = {"relation_score": None, "novelty_score": None, "direction_score": None}
    return [
        replace(document, relations=tuple(replace(relation, **no_scores) for relation in document.relations))
        for document in documents
    ]


def surest_gold(extract: BioDirPipeline) -> list[Document]:
    """Two documents with one text and one gold relation: the one that the model is surest of, whatever its weights."""
    document = marked_document("<C:D1 Aspirin> cures <D:D2 pain>. The <G:3 gene> causes <D:D2 pain>.")
    scores = {}
    for result in extract(document, return_all_scores=True):
        ids = result["subject"]["id"], result["object"]["id"]
        for kind in RELATION_LABELS[1:]:
            scores[Relation(kind, *ids, result["novelty"], ids[0])] = result["scores"]["relation"][kind]
    surest = max(scores, key=scores.get)
    return [replace(document, id=name, relations=(surest,)) for name in "12"]
