"""Inputs of the pipeline to checked documents with the model's entity types."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

from .document_biodir import SURROGATE, Document
from .document_json_biodir import document_from_json, documents_of, is_collection
from .document_parts_biodir import without_lost
from .document_pubtator_biodir import looks_like_pubtator, parse_document
from .document_shapes_biodir import TEXT_KEYS
from .errors_biodir import STRICT, AnnotationError, ErrorPolicy, ParseError
from .labels_biodir import UNKNOWN_TYPE, known_type

# What begins as BioC XML, other XML that declares itself, and pages of HTML. "<5 % of patients" and "<i>BRCA1</i>"
# begin a text.
_BEFORE_ELEMENT = r"[\s\ufeff]*(?:<!--.*?-->\s*)*"
_XML = re.compile(_BEFORE_ELEMENT + r"<(?:\?xml\s|!DOCTYPE\s|collection[\s/>])", re.DOTALL)
_HTML = re.compile(_BEFORE_ELEMENT + r"<(?:!doctype\s+html|html|head|body)\b", re.DOTALL | re.IGNORECASE)
# What begins as an object of JSON, even if it is cut; "{Delta}9-THC" begins a text.
_JSON_OBJECT = re.compile(r'[\s\ufeff]*\{\s*"(?:[^"\\]|\\.)*"\s*:')
# The name of a file that biodir.formats.reading reads: one word with such a suffix.
_FILE_NAME = re.compile(
    r"\s*\S+\.(?:pubtator|txt|tsv|csv|jsonl?|ndjson|xml|bioc|biocjson|ann|parquet)(?:\.(?:gz|xz|bz2|zst))?\s*",
    re.IGNORECASE,
)
# What begins with a mention of PubTator, as a line of an open file does.
_FIRST_MENTION_LINE = re.compile(r"[^|\t\n]+\t\d+\t\d+\t[^\t\n]+\t[^\t\n]+(?:\t|\s*\n|$)")
_MEDLINE = re.compile(r"\s*PMID- ?[0-9]+\s*\n")
_FILE_ADVICE = "if it is the name of a file, pass what is in it, or use biodir predict or biodir.formats.reading"
# Keys of an input that the pipeline ignores: relations that are known already.
RELATION_KEYS = ("relations", "subject_lines")
TYPE_MAP_ADVICE = "; map each with type_map"  # commands that do not have it give another


def is_one_document(inputs: Any) -> bool:
    """Return whether the input is one document, not several.

    Raises:
        AnnotationError: it is a `DatasetDict`, which holds the splits of a data set.
    """
    if isinstance(inputs, Mapping) and inputs and all(hasattr(value, "column_names") for value in inputs.values()):
        raise AnnotationError(f"this is a set of splits ({', '.join(inputs)}); pass one of them")
    if isinstance(inputs, Mapping):
        return not is_collection(inputs)
    if _is_series(inputs):
        return any(key in inputs.index for key in TEXT_KEYS)
    return isinstance(inputs, str) or is_document(inputs)


def is_document(value: Any) -> bool:
    """Return whether this is a `Document`, from whichever copy of its class."""
    return hasattr(value, "mentions") and hasattr(value, "to_dict") and not _is_series(value)


def each_input(inputs: Any) -> Iterable[Any]:
    """Return one document as the only one, or those in an iterable, BioC collection, data frame or bare sequence.

    Those that are in memory are a list: of a list, collection, data frame, column of one, or array.

    Raises:
        AnnotationError: it is neither a document nor any of these.
    """
    if is_one_document(inputs):
        return [inputs]
    if is_collection(inputs):
        return list(documents_of(inputs))
    if _is_frame(inputs):
        return list(inputs.to_dict("records"))
    if isinstance(inputs, Iterable) and not isinstance(inputs, (bytes, bytearray)):
        is_held = isinstance(inputs, (list, tuple)) or hasattr(inputs, "tolist")  # columns of pandas, arrays of numpy
        return list(inputs) if is_held else inputs
    if hasattr(inputs, "__getitem__") and hasattr(inputs, "__len__") and not isinstance(inputs, (bytes, bytearray)):
        return (inputs[index] for index in range(len(inputs)))
    raise AnnotationError(
        f"{type(inputs).__name__} {repr(inputs)[:40]} is neither a document nor a sequence of documents; pass a "
        "mapping, a text, a PubTator string, or several of them"
    )


def document_from_input(
    value: Any,
    index: int,
    entity_types: Sequence[str],
    policy: ErrorPolicy = STRICT,
) -> Document:
    """Return the document of one input.

    Args:
        value: a mapping of a known shape, a PubTator string, a `Document`, or where entities will be found any text. In
            a mapping, such as a row of a data set, a type may be the number of a class label: its place in
            `entity_types`. A string is PubTator if one of its lines begins as ``PMID|t|`` or ``PMID|a|``.
        index: the number of the input, for messages and as the id of a document without one.
        entity_types: the types that the model knows.
        policy: what the offsets of the input count, and whether the entities of plain documents will be found.

    Raises:
        BioDirError: it is none of these, or contradicts itself.
    """
    place, default_id = f"document {index}", str(index)
    if _is_frame(value) and len(value) == 1:
        value = value.to_dict("records")[0]
    elif _is_series(value):
        value = value.to_dict()
    if is_collection(value):
        value = _only_document(value, place)
    if isinstance(value, str) and looks_like_pubtator(value):
        document = parse_document(value, place, policy)
    elif isinstance(value, str):
        _check_text(value, place, policy)
        document = Document(default_id, value)
    elif is_document(value):
        document = value if isinstance(value, Document) else _of_other_copy(value)
    elif isinstance(value, Mapping):
        mapping = _with_type_names(_plain(value), entity_types, place)
        document = document_from_json(mapping, default_id, replace(policy, relations=False))
    else:
        advice = f"; {_FILE_ADVICE}" if isinstance(value, PathLike) else ""
        raise AnnotationError(
            f"{place}: a document is a mapping, a PubTator string or a Document, not {type(value).__name__} "
            f"{repr(value)[:40]}{advice}"
        )
    if document.is_plain and not policy.finds_entities:
        policy.note("documents without entities, which the model has no tagger to find; mark them, or pass ner=")
    return document


def _check_text(text: str, place: str, policy: ErrorPolicy) -> None:
    """Check that a string that is not PubTator is a text whose entities will be found; else raise ParseError."""
    if _is_json(text):
        fix = "parse it with json.loads"
    elif begins_as_html(text):
        fix = "it is a page of HTML; extract its text"
    elif begins_as_xml(text):
        fix = "write it to a file and read that with biodir.formats.reading"
    elif begins_as_medline(text):
        fix = "it has the MEDLINE format of PubMed; get the article with `biodir fetch` and its PMID"
    elif _FIRST_MENTION_LINE.match(text):
        fix = "it is a mention without its title; pass documents, such as those of read_pubtator, not lines of a file"
    elif names_file(text):
        fix = f"{_FILE_ADVICE}; if it is the text, pass {{'text': ...}}"
    elif policy.finds_entities:
        return
    else:
        fix = "the model has no tagger to find the entities of plain text; mark them, or pass ner="
    raise ParseError(f"{place}: {text[:40]!r} is not PubTator text; {fix}")


def begins_as_xml(text: str) -> bool:
    """Return whether the text begins as BioC XML, or as XML that declares itself; one with inline markup does not."""
    return _XML.match(text) is not None


def names_file(text: str) -> bool:
    """Return whether the text is no more than the name of a file.

    >>> names_file("samples/sample.pubtator"), names_file("See notes.txt")
    (True, False)
    """
    return _FILE_NAME.fullmatch(text) is not None


def begins_as_html(text: str) -> bool:
    """Return whether the text begins as a page of HTML."""
    return _HTML.match(text) is not None


def begins_as_medline(text: str) -> bool:
    """Return whether the text begins as the MEDLINE format, in which PubMed saves articles."""
    return _MEDLINE.match(text) is not None


def _is_json(text: str) -> bool:
    """Return whether the text is an object or list of JSON, or begins as an object of JSON."""
    if not text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return _JSON_OBJECT.match(text) is not None
    return True


def _of_other_copy(value: Any) -> Document:
    """Return a `Document` of another copy of its class as one of ours."""
    document = Document.from_dict(value.to_dict())
    scores = [getattr(mention, "score", None) for mention in value.mentions]
    scored = (replace(each, score=score) for each, score in zip(document.mentions, scores, strict=True))
    is_marked, named_by = getattr(value, "is_marked", True), getattr(value, "named_by", {})
    return replace(document, mentions=tuple(scored), is_marked=is_marked, named_by=named_by)


def _is_frame(value: Any) -> bool:
    """Return whether the value is a data frame of pandas."""
    return hasattr(value, "to_dict") and hasattr(value, "columns") and hasattr(value, "iloc")


def _is_series(value: Any) -> bool:
    """Return whether the value is a series of pandas, such as a row of a data frame."""
    return hasattr(value, "to_dict") and hasattr(value, "iloc") and not hasattr(value, "columns")


def _only_document(collection: Any, place: str) -> Any:
    """Return the one document of a collection that is itself one of several inputs."""
    documents = list(documents_of(collection))
    if len(documents) == 1:
        return documents[0]
    raise AnnotationError(f"{place}: is a collection of {len(documents)} documents; pass these, or the collection only")


def _plain(value: Any) -> Any:
    """Return a value of numpy, torch or pandas as Python's; rows of data sets hold such, depending on their format."""
    if _is_frame(value):
        value = value.to_dict("records")
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return _plain(value.tolist()) if hasattr(value, "tolist") and not isinstance(value, str) else value


def with_known_types(
    document: Document,
    entity_types: Sequence[str],
    type_map: Mapping[str, str | None],
    policy: ErrorPolicy = STRICT,
) -> Document:
    """Return the document with the model's names of entity types, without the mentions that are mapped to None.

    A document that was named by the same map stays as it is: a map may give a name another meaning, or swap two.

    Args:
        document: with types by any name.
        entity_types: the types that the model knows.
        type_map: other names -> types or again other names, None to leave mentions out; before `TYPE_MAP`.
        policy: whether mentions of unknown types are left out; it counts those of types that are no entity here.

    Raises:
        AnnotationError: types are unknown, or a string cannot be written as UTF-8.
    """
    check_encodable(document)
    is_named = document.named_by == type_map
    kept = {kind for kind in entity_types if is_named or known_type(kind, entity_types, type_map) == kind}
    names = dict.fromkeys(mention.entity_type for mention in document.mentions)
    if kept.issuperset(names):
        return document if is_named else replace(document, named_by=type_map)
    kinds = {name: name if name in kept else known_type(name, entity_types, type_map) for name in names}
    unknown = [name for name, kind in kinds.items() if kind == UNKNOWN_TYPE]
    if unknown and policy.errors != "skip-mention":
        raise _unknown_types(document, unknown, entity_types)
    mentions = []
    for index, mention in enumerate(document.mentions):
        kind = kinds[mention.entity_type]
        if kind:
            mentions.append(replace(mention, entity_type=kind))
        elif kind is None:
            policy.note(f"mentions of the type {mention.entity_type!r}, which is no entity type here, left out")
        else:
            place = f"document {document.id}, mention {index} ({mention.text!r})"
            reason = f"unknown entity type {mention.entity_type!r}"
            policy.skip("mention", AnnotationError(f"{place}: {reason}", reason))
    named = (identifier for mention in document.mentions for identifier in mention.identifiers)
    relations = without_lost(document.relations, named, mentions, policy)
    return replace(document, mentions=tuple(mentions), relations=relations, is_marked=True, named_by=type_map)


def _unknown_types(document: Document, unknown: Sequence[str], entity_types: Sequence[str]) -> AnnotationError:
    counts = Counter(mention.entity_type for mention in document.mentions)
    named = ", ".join(f"{name!r} ({counts[name]})" for name in unknown)
    advice = f"{TYPE_MAP_ADVICE} ({unknown[0]}=TYPE), or to None ({unknown[0]}=) to leave its mentions out"
    if any(name.startswith(("B-", "I-")) for name in unknown):
        advice = (
            "; these are labels of single tokens: join the tokens to mentions, as a token-classification pipeline does "
            'with aggregation_strategy="simple"'
        )
    return AnnotationError(
        f"document {document.id}: mentions have unknown entity types: {named}; the model knows "
        f"{', '.join(entity_types)}{advice}",
        f"unknown entity type {unknown[0]!r}",
    )


def check_encodable(document: Document) -> None:
    """Check that no string holds half of a surrogate pair, as JSON can hold one; else raise AnnotationError."""
    names = [name for each in document.mentions for name in (each.entity_type, *each.identifiers)]
    for each in document.relations:
        names += [each.relation_type, each.entity1_id, each.entity2_id, each.novelty or ""]
    names += [name for part in document.passages for name in (part.kind, part.section)]
    for value in (document.id, document.pmcid or "", document.text, *names):
        bad = SURROGATE.search(value)
        if bad is not None:
            raise AnnotationError(
                f"document {document.id!a}: character {bad.start()} of {value[:40]!a} is half of a surrogate pair; "
                "decode the text with its true encoding",
                "half of a surrogate pair",
            )


def _with_type_names(value: Mapping[str, Any], entity_types: Sequence[str], place: str) -> dict[str, Any]:
    """Return the mapping without relations, and with names in place of numbers of entity types."""
    mapping = {key: part for key, part in value.items() if key not in RELATION_KEYS}
    entities = mapping.get("entities")
    if isinstance(entities, Sequence) and not isinstance(entities, (str, bytes)):
        mapping["entities"] = [
            _with_type_name(entry, entity_types, f"{place}, entities[{number}]")
            for number, entry in enumerate(entities)
        ]
    return mapping


def _with_type_name(entry: Any, entity_types: Sequence[str], place: str) -> Any:
    kind: Any = entry.get("type") if isinstance(entry, Mapping) else None
    if not hasattr(kind, "__index__") or isinstance(kind, bool):
        return entry
    number = int(kind)
    if not 0 <= number < len(entity_types):
        raise AnnotationError(
            f"{place}: 'type' is {number}, but the model numbers its entity types 0 to {len(entity_types) - 1}; "
            "give the name of the type"
        )
    return {**entry, "type": entity_types[number]}
