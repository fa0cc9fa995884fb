"""The columns of the data sets, typed for the library `datasets`; `card` describes them."""

from typing import Any

from datasets import ClassLabel, Features, List, Value

from biodir.dataset_script.rows import PASSAGE_TYPES, Labels
from biodir.labels_biodir import ENTITY_TYPES, NOVELTY_LABELS


def document_features(labels: Labels) -> Features:
    """Return the features of one row a document, with the keys of `Document.to_dict`.

    Class labels have the numbers of the models' default configuration, so "None" is the first although no relation of a
    document has this type. The pipeline takes rows as they are: `Document.from_dict` takes a passage whose type is a
    number, and no model sees that type; `formats.rows` restores its name.
    """
    return Features(
        {
            "id": Value("string"),
            "text": Value("string"),
            "passages": List(
                {"start": Value("int32"), "end": Value("int32"), "type": ClassLabel(names=list(PASSAGE_TYPES))}
            ),
            "entities": List({**_span(), "type": ClassLabel(names=list(ENTITY_TYPES)), "id": List(Value("string"))}),
            "relations": List(
                {
                    "relation": ClassLabel(names=list(labels["relation"])),
                    "entity1": Value("string"),
                    "entity2": Value("string"),
                    "novelty": ClassLabel(names=list(labels.get("novelty", NOVELTY_LABELS))),
                    "subject": Value("string"),
                }
            ),
        }
    )


def pair_features(labels: Labels) -> Features:
    """Return the features of one row a candidate pair; tasks that a corpus does not annotate have no column.

    The split is a string, not a class label: it names the origin of a row in joined tables and is no label to learn.
    """
    tasks = {task: ClassLabel(names=list(names)) for task, names in labels.items()}
    return Features(
        {
            "document_id": Value("string"),
            "split": Value("string"),
            **_entity_columns("entity1"),
            **_entity_columns("entity2"),
            "sentence_distance": Value("int32"),
            **tasks,
            "further_relations": List(dict(tasks)),
        }
    )


def _entity_columns(prefix: str) -> dict[str, Any]:
    return {
        f"{prefix}_id": Value("string"),
        f"{prefix}_type": ClassLabel(names=list(ENTITY_TYPES)),
        f"{prefix}_name": Value("string"),
        f"{prefix}_mentions": List(_span()),
    }


def _span() -> dict[str, Any]:
    return {"start": Value("int32"), "end": Value("int32"), "text": Value("string")}
