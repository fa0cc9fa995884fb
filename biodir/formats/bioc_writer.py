"""Documents to BioC, the inverse of `biodir.document_bioc_biodir`."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Protocol

from biodir.document_biodir import Document, Mention, Passage, Relation
from biodir.document_parts_biodir import UNLINKED_IDENTIFIERS, split_identifiers
from biodir.document_pubtator_biodir import joined_identifiers
from biodir.errors_biodir import AnnotationError
from biodir.optional import optional_library

# What a collection of BioC has besides its documents.
COLLECTION = {"source": "biodir", "date": "", "key": "", "version": "1.0", "infons": {}}
# Roles of the nodes of a relation, which other programs read, too.
SUBJECT, OBJECT, UNDIRECTED = "subject", "object", ("entity1", "entity2")


def bioc_document(document: Document) -> dict[str, Any]:
    """Return a document of BioC JSON. Offsets count characters, and infons have the names of BioRED.

    A relation has its identifiers in `entity1` and `entity2`. Its two nodes refer to the first mention of each, with
    the roles subject and object where it is directed; the infon `subject` takes their place if one has no mention.
    Scores are in `score`, `novelty_score` and `direction_score`. Passages are kept if they hold all text and mentions;
    else the text is one passage.

    >>> iron = Mention(0, 4, "Iron", "ChemicalEntity", ("D007501",))
    >>> bioc_document(Document("7", "Iron binds.", (iron,)))["passages"][0]["annotations"][0]["locations"]
    [{'offset': 0, 'length': 4}]
    """
    passages: list[dict[str, Any]] = [
        {"infons": _passage_infons(part), "offset": part.start_char, "sentences": []}
        | {"text": document.text[part.start_char : part.end_char], "annotations": [], "relations": []}
        for part in _passages(document)
    ]
    for index, mention in enumerate(document.mentions):
        owner = next(part for part in passages if _holds(part, mention))
        owner["annotations"].append(_annotation(index, mention, document.text))
    first = {name: index for index, each in reversed(list(enumerate(document.mentions))) for name in each.identifiers}
    relations = [_relation(number, each, first) for number, each in enumerate(document.relations)]
    named = {"pmcid": document.pmcid} if document.pmcid else {}
    rest = {"infons": {}, "annotations": [], "relations": relations}
    return {"id": document.id, **named, "passages": passages, **rest}


def _passages(document: Document) -> Sequence[Passage]:
    complete = (Passage(0, len(document.text), ""),)
    between = list(document.text)
    for part in document.passages:
        between[part.start_char : part.end_char] = " " * (part.end_char - part.start_char)
    ends_at = document.passages[-1].end_char if document.passages else 0
    is_covered = ends_at == len(document.text) and set(between) <= {" "}
    are_held = all(
        any(part.start_char <= each.start_char and each.end_char <= part.end_char for part in document.passages)
        for each in document.mentions
    )
    return document.passages if is_covered and are_held and document.passages else complete


def _passage_infons(part: Passage) -> dict[str, str]:
    """Return the infons of PMC; a name that is empty has none."""
    return {key: value for key, value in (("section_type", part.section), ("type", part.kind)) if value}


def _holds(part: dict[str, Any], mention: Mention) -> bool:
    return part["offset"] <= mention.start_char and mention.end_char <= part["offset"] + len(part["text"])


def _annotation(index: int, mention: Mention, text: str) -> dict[str, Any]:
    start, end = mention.start_char, mention.end_char
    return {
        "id": str(index),
        "infons": {"identifier": _identifier(mention), "type": mention.entity_type},
        "text": text[start:end],
        "locations": [{"offset": start, "length": end - start}],
    }


def _identifier(mention: Mention) -> str | list[str]:
    """Return the identifiers joined if they read back so, else as a list."""
    if not mention.identifiers:
        return UNLINKED_IDENTIFIERS[0]
    joined = joined_identifiers(mention.identifiers)
    reads_back = split_identifiers(joined, mention.entity_type) == mention.identifiers
    # The reader takes several identifiers that are the text of their mention for its name.
    is_name = len(mention.identifiers) > 1 and joined.casefold() == mention.text.casefold()
    return joined if reads_back and not is_name else list(mention.identifiers)


def _relation(number: int, relation: Relation, first: dict[str, int]) -> dict[str, Any]:
    pair = (relation.entity1_id, relation.entity2_id)
    roles = UNDIRECTED
    if relation.subject_id is not None:
        roles = (SUBJECT, OBJECT) if relation.subject_id == relation.entity1_id else (OBJECT, SUBJECT)
    values = {
        "type": relation.relation_type,
        "entity1": relation.entity1_id,
        "entity2": relation.entity2_id,
        "novel": relation.novelty,
        "score": relation.relation_score,
        "novelty_score": relation.novelty_score,
        "direction_score": relation.direction_score,
    }
    is_held = all(each in first for each in pair)
    if not is_held:
        values["subject"] = relation.subject_id
    given = {key: value for key, value in values.items() if value is not None}
    infons = {key: value if isinstance(value, str) else repr(float(value)) for key, value in given.items()}
    nodes = [{"refid": str(first[each]), "role": role} for each, role in zip(pair, roles, strict=True) if is_held]
    return {"id": f"R{number}", "infons": infons, "nodes": nodes}


class WritesBioc(Protocol):
    """What `bioc_xml_writer` gives: `write_document` writes a document of the library bioc.

    >>> with open("out.xml", "wb") as file, bioc_xml_writer(file) as writer:
    ...     writer.write_document(bioc_object(Document("7", "Iron.")))
    """

    def write_document(self, document: Any) -> None:
        """Write a document."""


@contextmanager
def bioc_xml_writer(file: BinaryIO) -> Iterator[WritesBioc]:
    """Yield a writer of the library bioc that writes a collection to an open file.

    Raises:
        SettingError: the library is not installed.
    """
    biocxml = optional_library("bioc.biocxml", "formats", "writing BioC XML")
    biocjson = optional_library("bioc.biocjson", "formats", "writing BioC XML")
    writer = biocxml.BioCXMLDocumentWriter(file)
    writer.write_collection_info(biocjson.loads(json.dumps({**COLLECTION, "documents": []})))
    yield writer
    writer.close()


def bioc_object(document: Document) -> Any:
    """Return a document as a `bioc.BioCDocument`.

    Raises:
        AnnotationError: XML cannot hold the identifiers of a mention, which contain a separator.
    """
    written = bioc_document(document)
    for part in written["passages"]:
        for annotation in part["annotations"]:
            if not isinstance(annotation["infons"]["identifier"], str):
                raise AnnotationError(
                    f"document {document.id}, mention {annotation['id']}: identifiers "
                    f"{annotation['infons']['identifier']} would not read back from BioC XML; give each without ';', "
                    "',' and '|'"
                )
    biocjson = optional_library("bioc.biocjson", "formats", "writing BioC XML")
    return biocjson.fromJSON(written, "BioCDocument")
