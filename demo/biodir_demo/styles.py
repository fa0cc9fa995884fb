"""Names and colours of entity types and relation types, the same in text, network, table and legend."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """The name of a type on the page, the class of its colours in page.css, and the sign on edges (empty for none)."""

    name: str
    css_class: str
    sign: str = ""


ENTITY_STYLES: Mapping[str, Style] = {
    "GeneOrGeneProduct": Style("Gene", "gene"),
    "SequenceVariant": Style("Variant", "variant"),
    "DiseaseOrPhenotypicFeature": Style("Disease", "disease"),
    "ChemicalEntity": Style("Chemical", "chemical"),
    "OrganismTaxon": Style("Organism", "organism"),
    "CellLine": Style("Cell line", "cell-line"),
}
RELATION_STYLES: Mapping[str, Style] = {
    "Association": Style("Association", "association"),
    "Positive_Correlation": Style("Positive correlation", "positive", "+"),
    "Negative_Correlation": Style("Negative correlation", "negative", "\N{MINUS SIGN}"),
    "Bind": Style("Bind", "special", "Bi"),
    "Comparison": Style("Comparison", "special", "Cm"),
    "Conversion": Style("Conversion", "special", "Cv"),
    "Cotreatment": Style("Cotreatment", "special", "Ct"),
    "Drug_Interaction": Style("Drug interaction", "special", "DI"),
}
# Novelty labels of the model -> names on the page.
NOVELTY_NAMES: Mapping[str, str] = {"Novel": "Novel", "No": "Known"}


def entity_style(entity_type: str) -> Style:
    """Return the style of a type; a type of another model keeps its own name and is grey."""
    return ENTITY_STYLES.get(entity_type) or Style(entity_type.replace("_", " "), "other")


def relation_style(relation_type: str) -> Style:
    """Return the style of a type; a type of another model keeps its own name and has its first letters as the sign."""
    known = RELATION_STYLES.get(relation_type)
    return known or Style(relation_type.replace("_", " "), "special", relation_type[:2])


def novelty_name(novelty: str | None) -> str:
    """Return the name of a novelty label; empty where the model gives none."""
    return NOVELTY_NAMES.get(novelty, novelty) if novelty else ""
