"""Inputs of the pipeline to checked documents with the model's entity types."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .document_biodir import SURROGATE, Document
from .document_pubtator_biodir import looks_like_pubtator, parse_document
from .errors_biodir import AnnotationError, ParseError

Recogniser = Callable[[str], Iterable[Mapping[str, Any]]]


def is_one_document(inputs: Any) -> bool:
    """Return whether the input is one document, not several.

    Raises:
        AnnotationError: it is a `DatasetDict`, which holds the splits of a data set.
    """
    if isinstance(inputs, Mapping) and inputs and all(hasattr(value, "column_names") for value in inputs.values()):
        raise AnnotationError(f"this is a set of splits ({', '.join(inputs)}); pass one of them")
    return isinstance(inputs, (str, Mapping)) or hasattr(inputs, "mentions")


def iterate_inputs(inputs: Any) -> Iterable[Any]:
    """Return the inputs in an iterable, or in a sequence without iterator such as a Dataset of torch.

    Raises:
        AnnotationError: it is neither.
    """
    if not isinstance(inputs, bytes):
        if isinstance(inputs, Iterable):
            return inputs
        if hasattr(inputs, "__getitem__") and hasattr(inputs, "__len__"):
            return (inputs[index] for index in range(len(inputs)))
    raise AnnotationError(
        f"{type(inputs).__name__} {repr(inputs)[:40]} is neither a document nor a sequence of documents; pass a "
        "mapping, a PubTator string, or several of them"
    )


def document_from_input(value: Any, index: int, entity_types: Sequence[str], ner: Recogniser | None = None) -> Document:
    """Return the document of one input.

    Args:
        value: a mapping, a PubTator string, a `Document`, or with `ner` any text. In a mapping, such as a row of a data
            set, a type may be the number of a class label: its place in `entity_types`.
        index: the number of the input, for messages and as the id of a document without one.
        entity_types: the types that the model knows.
        ner: finds the entities of a text without entities.

    Raises:
        BioDirError: it is none of these, or contradicts itself.
    """
    place, default_id = f"document {index}", str(index)
    if isinstance(value, str) and looks_like_pubtator(value):
        document = parse_document(value, source=place)
    elif isinstance(value, str):
        if ner is None:
            raise ParseError(f"{place}: {value[:40]!r} is not PubTator text; mark the entities, or find them by ner=")
        document = Document.from_dict({"id": default_id, "text": value})
    elif hasattr(value, "mentions"):  # a Document, from whichever copy of its class
        document = value if isinstance(value, Document) else Document.from_dict(value.to_dict())
    elif isinstance(value, Mapping):
        document = Document.from_dict(_with_type_names(value, entity_types, place), default_id=default_id)
    else:
        shown = f"{type(value).__name__} {repr(value)[:40]}"
        raise AnnotationError(f"{place}: a document is a mapping, a PubTator string or a Document, not {shown}")
    return _with_recognised(document, ner) if not document.mentions and ner is not None else document


def _with_recognised(document: Document, ner: Recogniser) -> Document:
    """Return the document with the mentions that `ner` finds in its text."""
    found = ner(document.text)
    if isinstance(found, (str, Mapping)) or not isinstance(found, Iterable):
        raise AnnotationError(f"document {document.id}: ner returned {found!r}; it returns a list of mappings")
    entries = []
    for index, result in enumerate(found):
        values = result if isinstance(result, Mapping) else {}
        kind = values.get("entity_group") or values.get("entity") or values.get("type")
        entry = {"start": values.get("start"), "end": values.get("end"), "type": kind, "id": values.get("id")}
        if entry["start"] is None or entry["end"] is None or not kind:
            raise AnnotationError(
                f"document {document.id}, ner result {index}: {result!r} lacks start, end or a type; a "
                'token-classification pipeline needs a fast tokenizer and aggregation_strategy="simple"'
            )
        entries.append(entry)
    return Document.from_dict({**document.to_dict(), "entities": entries})


def with_known_types(document: Document, entity_types: Sequence[str], type_map: Mapping[str, str | None]) -> Document:
    """Return the document with the model's names of entity types, without the mentions that are mapped to None.

    Raises:
        AnnotationError: a type is neither the model's nor mapped, or a string cannot be written as UTF-8.
    """
    _check_encodable(document)
    mentions = []
    for index, mention in enumerate(document.mentions):
        kind = mention.entity_type
        known = kind if kind in entity_types else type_map.get(kind, "")
        if known is not None and known not in entity_types:
            raise AnnotationError(
                f"document {document.id}, mention {index} ({mention.text!r}): unknown entity type {kind!r}; the model "
                f"knows {', '.join(entity_types)}; map it with type_map={{{kind!r}: ...}}, to None to leave it out"
            )
        if known is not None:
            mentions.append(replace(mention, entity_type=known))
    return replace(document, mentions=tuple(mentions))


def _check_encodable(document: Document) -> None:
    """Check that no string holds half of a surrogate pair, as JSON can hold one; else raise AnnotationError."""
    identifiers = (identifier for mention in document.mentions for identifier in mention.identifiers)
    for value in (document.id, document.text, *identifiers):
        bad = SURROGATE.search(value)
        if bad is not None:
            raise AnnotationError(
                f"document {document.id!a}: character {bad.start()} of {value[:40]!a} is half of a surrogate pair; "
                "decode the text with its true encoding"
            )


def _with_type_names(value: Mapping[str, Any], entity_types: Sequence[str], place: str) -> dict[str, Any]:
    """Return the mapping without known relations, and with names in place of numbers of entity types."""
    mapping = {key: part for key, part in value.items() if key not in ("relations", "subject_lines")}
    entities = mapping.get("entities")
    if isinstance(entities, Sequence) and not isinstance(entities, (str, bytes)):
        mapping["entities"] = entities = [*entities]
        for index, entry in enumerate(entities):
            kind: Any = entry.get("type") if isinstance(entry, Mapping) else None
            if not hasattr(kind, "__index__") or isinstance(kind, bool):
                continue
            if not 0 <= int(kind) < len(entity_types):
                raise AnnotationError(
                    f"{place}, entities[{index}]: 'type' is {int(kind)}, but the model numbers its entity types 0 to "
                    f"{len(entity_types) - 1}; give the name of the type"
                )
            entities[index] = {**entry, "type": entity_types[int(kind)]}
    return mapping
