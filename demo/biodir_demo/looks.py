"""What entity types and relation types look like and are called, the same in text, network, table and legend."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class EntityLook:
    """The name of an entity type for people, and the class of its colours in page.css."""

    name: str
    css_class: str


@dataclass(frozen=True)
class RelationLook:
    """The name of a relation type for people, the glyph on its edges (empty for none), and the class of its colour."""

    name: str
    glyph: str
    css_class: str


ENTITY_LOOKS: Mapping[str, EntityLook] = {
    "GeneOrGeneProduct": EntityLook("Gene", "gene"),
    "SequenceVariant": EntityLook("Variant", "variant"),
    "DiseaseOrPhenotypicFeature": EntityLook("Disease", "disease"),
    "ChemicalEntity": EntityLook("Chemical", "chemical"),
    "OrganismTaxon": EntityLook("Organism", "organism"),
    "CellLine": EntityLook("Cell line", "cell-line"),
}

RELATION_LOOKS: Mapping[str, RelationLook] = {
    "Association": RelationLook("Association", "", "association"),
    "Positive_Correlation": RelationLook("Positive correlation", "+", "positive"),
    "Negative_Correlation": RelationLook("Negative correlation", "\N{MINUS SIGN}", "negative"),
    "Bind": RelationLook("Bind", "Bi", "special"),
    "Comparison": RelationLook("Comparison", "Cm", "special"),
    "Conversion": RelationLook("Conversion", "Cv", "special"),
    "Cotreatment": RelationLook("Cotreatment", "Ct", "special"),
    "Drug_Interaction": RelationLook("Drug interaction", "DI", "special"),
}

# Novelty labels as the model writes them -> as people read them.
NOVELTY_NAMES: Mapping[str, str] = {"Novel": "Novel", "No": "Known"}


def entity_look(entity_type: str) -> EntityLook:
    """The look of a type; one of another model keeps its own name and is drawn in grey."""
    return ENTITY_LOOKS.get(entity_type) or EntityLook(_spaced(entity_type), "other")


def relation_look(relation_type: str) -> RelationLook:
    """The look of a type; one of another model keeps its own name and shows the first two letters of it."""
    return RELATION_LOOKS.get(relation_type) or RelationLook(_spaced(relation_type), relation_type[:2], "special")


def novelty_name(novelty: str | None) -> str:
    """The word for a novelty label; empty where the model gives none."""
    return NOVELTY_NAMES.get(novelty, novelty) if novelty else ""


def _spaced(name: str) -> str:
    return name.replace("_", " ")
