"""Biolink: which predicate, qualifiers and classes of its model 4.4 an edge has.

`RULES` is the table in ``docs/networks.md``.
"""

from dataclasses import dataclass

from biodir.labels_biodir import CELL_LINE, CHEMICAL, DISEASE, GENE, SPECIES, VARIANT
from biodir.networks.merging import Edge

POSITIVE, NEGATIVE = "Positive_Correlation", "Negative_Correlation"
# Entity type -> class of nodes. Others are named things.
CATEGORIES = {
    GENE: "biolink:Gene",
    DISEASE: "biolink:DiseaseOrPhenotypicFeature",
    CHEMICAL: "biolink:ChemicalEntity",
    VARIANT: "biolink:SequenceVariant",
    SPECIES: "biolink:OrganismTaxon",
    CELL_LINE: "biolink:CellLine",
}
OTHER_CATEGORY = "biolink:NamedThing"
ANY = "any"
DIRECTED, UNDIRECTED, EITHER = "→", "-", "→ or -"
# The predicates of `RULES` that Biolink calls symmetric: a pair has one such edge, in no order.
SYMMETRIC = frozenset(
    f"biolink:{name}"
    for name in (
        *("associated_with", "positively_correlated_with", "negatively_correlated_with", "related_to"),
        *("directly_physically_interacts_with", "pharmacologically_interacts_with"),
    )
)
# The qualifiers that go with a direction qualifier. Values of enumerations have no prefix, predicates have one.
QUALIFIED_PREDICATE, OBJECT_ASPECT = "biolink:causes", "activity_or_abundance"


@dataclass(frozen=True)
class Rule:
    """What edges of some entity types and relations are in Biolink.

    Args:
        first, second: entity types. With direction the first one is that of the subject; without, of either end.
        direction: `DIRECTED`, `UNDIRECTED` or `EITHER`.
        relation: a relation type, or `ANY`.
        predicate: of Biolink. If it has an order, but the edge none, the end of the first type is the subject.
        object_direction: the direction qualifier; None for edges without qualifiers.
        association: class of the edge.

    >>> Rule(GENE, GENE, UNDIRECTED, "Bind", "biolink:binds").fits((GENE, GENE), False, "Bind")
    True
    """

    first: str
    second: str
    direction: str
    relation: str
    predicate: str
    object_direction: str | None = None
    association: str = "biolink:Association"

    @property
    def joins_directions(self) -> bool:
        """Whether edges from subject to object and from object to subject are one edge of Biolink."""
        return self.predicate in SYMMETRIC or self.direction == EITHER

    def fits(self, types: tuple[str, str], directed: bool, relation: str) -> bool:
        """Return whether this is the rule for types of subject and object, direction and relation type."""
        if self.relation not in (ANY, relation) or self.direction == (UNDIRECTED if directed else DIRECTED):
            return False
        orders = [types] if self.direction == DIRECTED else [types, types[::-1]]
        return any(self.first in (ANY, first) and self.second in (ANY, second) for first, second in orders)


def _both_signs(first: str, second: str, predicate: str, association: str) -> tuple[Rule, Rule]:
    return (
        Rule(first, second, DIRECTED, POSITIVE, predicate, "increased", association),
        Rule(first, second, DIRECTED, NEGATIVE, predicate, "decreased", association),
    )


_CHEMICAL_DISEASE = "biolink:ChemicalEntityToDiseaseOrPhenotypicFeatureAssociation"
# The first rule that fits decides. BioRED's "Positive_Correlation" of a chemical and a disease is no claim of a cause,
# and "Negative_Correlation" none of a treatment in use.
RULES = (
    *_both_signs(CHEMICAL, GENE, "biolink:affects", "biolink:ChemicalAffectsGeneAssociation"),
    *_both_signs(GENE, GENE, "biolink:regulates", "biolink:GeneRegulatesGeneAssociation"),
    *_both_signs(GENE, CHEMICAL, "biolink:affects", "biolink:GeneAffectsChemicalAssociation"),
    # That class takes chemicals as subjects, too; there is no other one for them with these qualifiers.
    *_both_signs(CHEMICAL, CHEMICAL, "biolink:affects", "biolink:GeneAffectsChemicalAssociation"),
    Rule(CHEMICAL, DISEASE, DIRECTED, POSITIVE, "biolink:contributes_to", None, _CHEMICAL_DISEASE),
    Rule(CHEMICAL, DISEASE, DIRECTED, NEGATIVE, "biolink:ameliorates_condition", None, _CHEMICAL_DISEASE),
    Rule(GENE, DISEASE, DIRECTED, POSITIVE, "biolink:contributes_to"),
    Rule(VARIANT, DISEASE, DIRECTED, POSITIVE, "biolink:contributes_to"),
    Rule(VARIANT, CHEMICAL, EITHER, ANY, "biolink:associated_with_response_to"),
    Rule(ANY, ANY, UNDIRECTED, POSITIVE, "biolink:positively_correlated_with"),
    Rule(ANY, ANY, UNDIRECTED, NEGATIVE, "biolink:negatively_correlated_with"),
    Rule(ANY, ANY, DIRECTED, POSITIVE, "biolink:associated_with"),
    Rule(ANY, ANY, DIRECTED, NEGATIVE, "biolink:associated_with"),
    Rule(ANY, ANY, EITHER, "Association", "biolink:associated_with"),
    Rule(ANY, ANY, EITHER, "Bind", "biolink:directly_physically_interacts_with"),
    Rule(CHEMICAL, CHEMICAL, EITHER, "Drug_Interaction", "biolink:pharmacologically_interacts_with"),
    Rule(ANY, ANY, EITHER, ANY, "biolink:related_to"),
)


def rule_of(edge: Edge) -> Rule:
    """Return the rule of an edge; the last one fits all."""
    types = edge.subject.entity_type, edge.object.entity_type
    return next(rule for rule in RULES if rule.fits(types, edge.directed, edge.relation))


def is_turned(edge: Edge, rule: Rule) -> bool:
    """Return whether the predicate of the rule goes from the object of the edge to its subject."""
    if rule.predicate in SYMMETRIC:
        return edge.object.key < edge.subject.key
    return rule.direction != DIRECTED and rule.first not in (ANY, edge.subject.entity_type)
