"""Labels, entity types, tasks and levels of BioREDirect. Imports no other file, so that every part can share them.

They have a file of their own since `configuration_biodir` loads transformers and torch, which processing, decoding and
evaluation do without.
"""

from collections.abc import Iterable

TASKS = ("relation", "novelty", "direction")
# Levels of evaluation, each with what a prediction must get right beside the pair.
LEVELS = ("entity_pair", "relation_type", "relation_type_novelty", "relation_type_direction", "all")

GENE, DISEASE, CHEMICAL = "GeneOrGeneProduct", "DiseaseOrPhenotypicFeature", "ChemicalEntity"
VARIANT, SPECIES, CELL_LINE = "SequenceVariant", "OrganismTaxon", "CellLine"
ENTITY_TYPES = (GENE, DISEASE, CHEMICAL, VARIANT, SPECIES, CELL_LINE)

# The label of an unrelated pair, in every task.
UNRELATED = "None"
# Direction labels that name a subject; every other label means that the relation has no direction.
ENTITY1_IS_SUBJECT, ENTITY2_IS_SUBJECT, UNDIRECTED = "Left_to_Right", "Right_to_Left", "No_Direct"
# Label orders, entity types and pair types of BioREDirect: paper, section 2, in the order of its released code.
RELATION_LABELS = (
    *(UNRELATED, "Association", "Bind", "Comparison", "Conversion", "Cotreatment", "Drug_Interaction"),
    *("Negative_Correlation", "Positive_Correlation"),
)
NOVELTY_LABELS = (UNRELATED, "Novel", "No")
DIRECTION_LABELS = (UNRELATED, ENTITY1_IS_SUBJECT, ENTITY2_IS_SUBJECT, UNDIRECTED)
PAIR_TYPES = (
    *((CHEMICAL, CHEMICAL), (CHEMICAL, DISEASE), (CHEMICAL, GENE), (CHEMICAL, VARIANT)),
    *((DISEASE, GENE), (DISEASE, VARIANT), (GENE, GENE), (VARIANT, VARIANT)),
)
# What PubTator, PubTator 3, BC5CDR and BioREDirect call the types.
TYPE_MAP = {
    "Gene": GENE,
    "Disease": DISEASE,
    "Chemical": CHEMICAL,
    **dict.fromkeys(("Variant", "Mutation", "SNP", "DNAMutation", "DNAAllele", "DNAAcidChange"), VARIANT),
    **dict.fromkeys(("ProteinMutation", "ProteinAllele", "ProteinAcidChange"), VARIANT),
    **dict.fromkeys(("Species", "Organism", "Strain", "Genus"), SPECIES),
    **dict.fromkeys(("Cell_line", "CellLineOrTissue"), CELL_LINE),
}


def type_pair(types: Iterable[str]) -> tuple[str, str]:
    """Return the two entity types of a pair in alphabetical order, since a pair type has none."""
    first, second = sorted(types)
    return first, second
