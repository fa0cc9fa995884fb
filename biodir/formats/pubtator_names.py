"""Types, identifiers and relation types as PubTator 3 has them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from biodir.document_biodir import Document, Mention, Relation
from biodir.labels_biodir import CELL_LINE, CHEMICAL, DISEASE, GENE, SPECIES, VARIANT, known_type, type_pair

_NAMES = {GENE: "Gene", DISEASE: "Disease", CHEMICAL: "Chemical", SPECIES: "Species", CELL_LINE: "CellLine"}
# Of tmVar, by the start of an identifier; in order of preference for a mention with several.
_VARIANT_NAMES = (
    ("ProteinMutation", re.compile(r"(?:tmVar:|HGVS:)?p[|.]")),
    ("DNAMutation", re.compile(r"(?:tmVar:|HGVS:)?[cgmnr][|.]")),
    ("SNP", re.compile(r"(?:tmVar:|RS#:)?rs?[0-9]+|RS#:[0-9]+", re.IGNORECASE)),
)
_OTHER_VARIANT = "Mutation"
# Descriptors and supplementary records. "C" with seven digits is a concept of UMLS.
MESH_IDENTIFIER = re.compile(r"[CD](?:[0-9]{6}|[0-9]{9})")
_CELLOSAURUS = re.compile(r"CVCL_(?=[0-9A-Z])")
Vocabulary = Literal["pubtator3"]
POSITIVE, NEGATIVE = "Positive_Correlation", "Negative_Correlation"
# Relation type of BioRED -> that of PubTator 3, where the types of the entities make no difference.
_RELATION_NAMES = {
    "Association": "associate",
    "Bind": "interact",
    "Comparison": "compare",
    "Conversion": "convert",
    "Cotreatment": "cotreat",
    "Drug_Interaction": "drug_interact",
    POSITIVE: "positive_correlate",
    NEGATIVE: "negative_correlate",
}
# Where they do: by pair type, the names of a positive and of a negative correlation.
_CORRELATIONS = {
    type_pair((CHEMICAL, DISEASE)): {POSITIVE: "cause", NEGATIVE: "treat"},
    type_pair((DISEASE, GENE)): {POSITIVE: "stimulate", NEGATIVE: "inhibit"},
    type_pair((DISEASE, VARIANT)): {POSITIVE: "cause", NEGATIVE: "prevent"},
}
_BIORED_RELATIONS = {
    name: relation for names in (_RELATION_NAMES, *_CORRELATIONS.values()) for relation, name in names.items()
}


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


def pubtator3_relation(relation: str, types: Iterable[str]) -> str:
    """Return the name that PubTator 3 has for a relation type; one that BioRED does not have stays as it is.

    Args:
        relation: of BioRED.
        types: of the two entities, in any order.

    >>> pubtator3_relation("Negative_Correlation", ("ChemicalEntity", "DiseaseOrPhenotypicFeature"))
    'treat'
    """
    pair = type_pair(known_type(kind) or kind for kind in types)
    return _CORRELATIONS.get(pair, {}).get(relation) or _RELATION_NAMES.get(relation, relation)


def biored_relation(relation: str) -> str:
    """Return the relation type of BioRED for a name of PubTator 3; others stay as they are.

    >>> biored_relation("treat"), biored_relation("Bind")
    ('Negative_Correlation', 'Bind')
    """
    return _BIORED_RELATIONS.get(relation, relation)


def relation_sign(relation: str) -> str:
    """Return "+" for a relation type of BioRED or PubTator 3 that raises, "-" for one that lowers, "" for another.

    >>> [relation_sign(name) for name in ("Positive_Correlation", "treat", "Bind")]
    ['+', '-', '']
    """
    return {POSITIVE: "+", NEGATIVE: "-"}.get(biored_relation(relation), "")


def results_with_vocabulary(
    results: Sequence[Mapping[str, Any]], vocabulary: Vocabulary | None
) -> list[Mapping[str, Any]]:
    """Return results of the pipeline with the relation types of a vocabulary; None for those that they have."""
    if vocabulary is None:
        return list(results)
    return [
        {**each, "relation": pubtator3_relation(each["relation"], (each["subject"]["type"], each["object"]["type"]))}
        for each in results
    ]


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
    if MESH_IDENTIFIER.fullmatch(identifier):
        return f"MESH:{identifier}"
    return _CELLOSAURUS.sub("CVCL:", identifier)
