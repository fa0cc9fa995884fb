"""JSON values to documents: biodir's own mapping, BioC, PubTator 3, and the shapes of other tools."""

from collections.abc import Iterator, Mapping
from typing import Any

from .document_bioc_biodir import NAMED_BY_PMID, bioc_from_json, to_document
from .document_biodir import Document
from .document_offsets_biodir import offset_at
from .document_parts_biodir import is_given, is_integer, offset_number, whole_number
from .document_passages_biodir import check_beside_passages
from .document_shapes_biodir import SHAPES, given_id
from .errors_biodir import STRICT, ErrorPolicy, ParseError, located

# Keys under which a collection holds its documents; the second is that of the PubTator 3 service.
DOCUMENTS_KEYS = ("documents", "PubTator3")
# Keys of a passage of BioC; ours may have an offset, too.
BIOC_KEYS = ("infons", "annotations", "sentences", "relations")
# What PubTator 3's own JSON of an article has: its mentions with start, end, name, type and identifier, which it calls
# mesh whatever the database, and its relations with mesh1 and mesh2.
ARTICLE_KEYS = ("pmid", "title", "abstract", "annotations")


def is_collection(value: Any) -> bool:
    """Return whether the JSON value is a mapping with a list of documents, such as a collection of BioC."""
    return isinstance(value, Mapping) and any(isinstance(value.get(key), (list, tuple)) for key in DOCUMENTS_KEYS)


def documents_of(value: Any, place: str = "value") -> Iterator[Any]:
    """Yield the documents in a JSON value: a document, a collection, or a list of these.

    >>> [each["id"] for each in documents_of([{"id": "1", "text": "a"}, {"documents": [{"id": "2"}]}])]
    ['1', '2']
    """
    if isinstance(value, (list, tuple)):
        for index, entry in enumerate(value):
            yield from documents_of(entry, f"{place}[{index}]")
    elif is_collection(value):
        yield from next(value[key] for key in DOCUMENTS_KEYS if isinstance(value.get(key), (list, tuple)))
    else:
        yield value


def document_from_json(value: Any, default_id: str = "document", policy: ErrorPolicy = STRICT) -> Document:
    """Return the document of a JSON value.

    Args:
        value: a mapping of one of the known shapes.
        default_id: the document's id if the value has none.
        policy: what its offsets count, whether a mention or relation with an error is left out, and whether the
            entities of a document without any will be found.

    Raises:
        BioDirError: the value is of no known shape, or contradicts itself.

    >>> row = {"text": "EGFR binds.", "spans": [{"start": 0, "end": 4, "label": "Gene"}]}
    >>> document_from_json(row).mentions[0].text
    'EGFR'
    """
    if not isinstance(value, Mapping):
        raise ParseError(f"{repr(value)[:40]} is no mapping; known shapes are {SHAPES}")
    if not is_bioc(value):
        return Document.from_dict(value, default_id, policy)
    with located(f"document {default_id}"):
        bioc = bioc_of_article(value, policy.offsets) if is_article(value) else value
        converted = bioc_from_json(named(bioc, policy))
    converted.id = converted.id or default_id
    document = to_document(converted, f"document {converted.id}", policy)
    if not is_article(value):
        beside = {key: value[key] for key in ("title", "abstract") if isinstance(value.get(key), str)}
        check_beside_passages(beside, document.text, f"document {document.id}")
    return document


def is_bioc(value: Any) -> bool:
    """Return whether a JSON value is a document of BioC, or an article of PubTator 3."""
    if not isinstance(value, Mapping):
        return False
    if is_article(value):
        return True
    passages = value.get("passages")
    if not isinstance(passages, (list, tuple)) or value.get("entities"):
        return False
    return any(isinstance(part, Mapping) and not part.keys().isdisjoint(BIOC_KEYS) for part in passages)


def is_article(value: Any) -> bool:
    """Return whether the JSON value is an article in PubTator 3's own JSON."""
    return isinstance(value, Mapping) and all(key in value for key in ARTICLE_KEYS)


def named(mapping: Mapping[str, Any], policy: ErrorPolicy) -> Mapping[str, Any]:
    """Return a document of BioC with its PMID as id where it has one beside the number of an article of PMC.

    PubTator 3 gives full texts that number, which is the PMID of another paper, as their id. A document without an id
    has it under another key, as in other shapes.
    """
    document_id = _name(given_id(mapping))
    pmid, pmcid = (_name(mapping.get(key) or None) for key in ("pmid", "pmcid"))
    if pmid and pmid != document_id and pmcid:
        policy.note(NAMED_BY_PMID)
        document_id = pmid
    return {**mapping, "id": document_id, "pmcid": pmcid or None}


def _name(value: Any) -> str:
    """Return an id as a string; tables have floats for numbers, and NaN where there is none."""
    return str(whole_number(value)).strip() if is_given(value) else ""


def bioc_of_article(article: Mapping[str, Any], unit: str = "characters") -> dict[str, Any]:
    """Return an article of PubTator 3's own JSON as a document of BioC JSON.

    Args:
        article: with title and abstract, whose offsets count those of the title, a space and those of the abstract.
        unit: what its offsets count.

    Raises:
        ParseError: a key is missing or holds a value of another kind.
    """
    try:
        title, abstract = article["title"] or "", article["abstract"] or ""
        return {
            "id": _name(article["pmid"]),
            "passages": [
                {"infons": {"type": "title"}, "offset": 0, "text": title},
                {"infons": {"type": "abstract"}, "offset": offset_at(title, unit)(len(title)) + 1, "text": abstract},
            ],
            "annotations": [_annotation(*entry) for entry in enumerate(article["annotations"])],
            "relations": [_relation(*entry) for entry in enumerate(article.get("relations") or ())],
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise ParseError(
            f"article {article['pmid']}: {type(error).__name__} {error}; is it one of PubTator 3?"
        ) from error


def _annotation(index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    start, end = offset_number(entry["start"]), offset_number(entry["end"])
    length = end - start if is_integer(start) and is_integer(end) else end  # no number: `to_document` refuses it
    return {
        "id": str(index),
        "infons": {"type": entry["type"], "identifier": entry["mesh"]},
        "text": entry["name"],
        "locations": [{"offset": start, "length": length}],
    }


def _relation(index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    infons = {"type": entry["relation_type"], "entity1": entry["mesh1"], "entity2": entry["mesh2"]}
    return {"id": f"R{index}", "infons": infons}
