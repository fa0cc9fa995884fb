"""Types and identifiers of documents as the service PubTator 3 writes them in PubTator files."""

import re
from dataclasses import replace

from biodir.document_biodir import Document, Mention, Relation
from biodir.labels_biodir import CELL_LINE, CHEMICAL, DISEASE, GENE, SPECIES, VARIANT, known_type

_NAMES = {GENE: "Gene", DISEASE: "Disease", CHEMICAL: "Chemical", SPECIES: "Species", CELL_LINE: "CellLine"}
# Of tmVar, by the start of an identifier; in order of preference for a mention with several.
_VARIANT_NAMES = (
    ("ProteinMutation", re.compile(r"(?:tmVar:|HGVS:)?p[|.]")),
    ("DNAMutation", re.compile(r"(?:tmVar:|HGVS:)?[cgmnr][|.]")),
    ("SNP", re.compile(r"(?:tmVar:|RS#:)?rs?[0-9]+|RS#:[0-9]+", re.IGNORECASE)),
)
_OTHER_VARIANT = "Mutation"
_MESH = re.compile(r"[CD][0-9]{6,}")
_CELLOSAURUS = re.compile(r"CVCL_(?=[0-9A-Z])")


def with_names_of_pubtator3(document: Document) -> Document:
    """Return the document with types and identifiers as PubTator 3 has them.

    Types are Gene, Disease, Chemical, Species, CellLine, and for variants ProteinMutation, DNAMutation, SNP or Mutation
    by their identifiers. Identifiers of MeSH begin with ``MESH:``, those of Cellosaurus with ``CVCL:``; all others
    stay. A type that BioRED does not have stays, too.

    >>> mention = Mention(0, 4, "Iron", "ChemicalEntity", ("D007501",))
    >>> with_names_of_pubtator3(Document("7", "Iron", (mention,))).mentions[0]
    Mention(start_char=0, end_char=4, text='Iron', entity_type='Chemical', identifiers=('MESH:D007501',))
    """
    return replace(
        document,
        mentions=tuple(map(_mention, document.mentions)),
        relations=tuple(map(_relation, document.relations)),
    )


def _mention(mention: Mention) -> Mention:
    identifiers = tuple(map(_identifier, mention.identifiers))
    return replace(mention, entity_type=_type(mention), identifiers=identifiers)


def _relation(relation: Relation) -> Relation:
    return replace(
        relation,
        entity1_id=_identifier(relation.entity1_id),
        entity2_id=_identifier(relation.entity2_id),
        subject_id=relation.subject_id and _identifier(relation.subject_id),
    )


def _type(mention: Mention) -> str:
    known = known_type(mention.entity_type)
    if known != VARIANT:
        return _NAMES.get(known or "", mention.entity_type)
    for name, start in _VARIANT_NAMES:
        if any(start.match(identifier) for identifier in mention.identifiers):
            return name
    return mention.entity_type if mention.entity_type != VARIANT else _OTHER_VARIANT


def _identifier(identifier: str) -> str:
    if _MESH.fullmatch(identifier):
        return f"MESH:{identifier}"
    return _CELLOSAURUS.sub("CVCL:", identifier)
