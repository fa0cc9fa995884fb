"""Rows of the library `datasets` to documents: class labels, which it stores as numbers, become names."""

from collections.abc import Mapping, Sequence
from typing import Any

from biodir.document_biodir import Document
from biodir.document_json_biodir import document_from_json
from biodir.errors_biodir import STRICT, AnnotationError, ErrorPolicy


def document_from_row(
    row: Mapping[str, Any], features: Any = None, default_id: str = "document", policy: ErrorPolicy = STRICT
) -> Document:
    """Return the document of a row.

    Args:
        row: one document, as Python values.
        features: the `datasets.Features` of the row; None if its labels are names already.
        default_id: the document's id if the row has none.
        policy: what its offsets count, and whether a mention or relation with an error is left out.

    Raises:
        AnnotationError: a label is no number of its ClassLabel, or `document_from_json` raises it.
    """
    return document_from_json(row if features is None else with_label_names(row, features), default_id, policy)


def with_label_names(value: Any, feature: Any) -> Any:
    """Return the value, or row, with the name of each class label in place of its number.

    Raises:
        AnnotationError: a number names no label.
    """
    if value is None:
        return None
    if isinstance(feature, Mapping):
        return {key: with_label_names(part, feature.get(key)) for key, part in value.items()}
    if getattr(feature, "names", None) is not None:
        return _label_name(value, feature.names)
    if isinstance(value, Sequence) and getattr(feature, "feature", None) is not None:
        return [with_label_names(part, feature.feature) for part in value]
    return value


def _label_name(value: Any, names: Sequence[str]) -> Any:
    """Return the name of a label; a name stays one."""
    if isinstance(value, str):
        return value
    if not 0 <= value < len(names):
        raise AnnotationError(
            f"label {value} is none of the {len(names)} from 0: {', '.join(names)}; export the file again"
        )
    return names[value]
