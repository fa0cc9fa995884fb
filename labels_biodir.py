"""Labels, entity types, tasks and levels of BioREDirect. Imports no other file, so that every part can share them.

They have a file of their own since `configuration_biodir` loads transformers and torch, which processing, decoding and
evaluation do without.
"""

from collections.abc import Iterable, Mapping, Sequence

TASKS = ("relation", "novelty", "direction")
# What the tagger learns, beside the tasks of pairs; and its label of words outside mentions.
MENTIONS = "mentions"
OUTSIDE = "O"
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
# Relation types that are one kind and differ by sign only: that of an Association is not known.
SIGNED_RELATIONS = ("Association", "Negative_Correlation", "Positive_Correlation")
NOVELTY_LABELS = (UNRELATED, "Novel", "No")
DIRECTION_LABELS = (UNRELATED, ENTITY1_IS_SUBJECT, ENTITY2_IS_SUBJECT, UNDIRECTED)
PAIR_TYPES = (
    *((CHEMICAL, CHEMICAL), (CHEMICAL, DISEASE), (CHEMICAL, GENE), (CHEMICAL, VARIANT)),
    *((DISEASE, GENE), (DISEASE, VARIANT), (GENE, GENE), (VARIANT, VARIANT)),
)
# What others call the types: PubTator and PubTator 3, their taggers (GNormPlus, NLM-Gene, tmVar), BERN2, BC5CDR, the
# NCBI disease corpus and the BioNLP shared tasks. None: no entity of BioRED, left out and counted.
TYPE_MAP: dict[str, str | None] = {
    **dict.fromkeys(("Gene", "Protein", "RNA", "FamilyName", "GeneFamily", "Complex"), GENE),
    **dict.fromkeys(
        ("Disease", "Phenotype", "DiseaseClass", "SpecificDisease", "Modifier", "CompositeMention"), DISEASE
    ),
    **dict.fromkeys(("Cancer", "Disorder"), DISEASE),
    **dict.fromkeys(("Chemical", "Drug", "Compound", "Simple_chemical"), CHEMICAL),
    **dict.fromkeys(("Variant", "Mutation", "SNP", "GenomicVariant", "CopyNumberVariant", "OtherMutation"), VARIANT),
    **dict.fromkeys(("Allele", "AcidChange", "DNAMutation", "DNAAllele", "DNAAcidChange"), VARIANT),
    **dict.fromkeys(("ProteinMutation", "ProteinAllele", "ProteinAcidChange"), VARIANT),
    **dict.fromkeys(("Species", "Organism", "Strain", "Genus", "Taxon"), SPECIES),
    **dict.fromkeys(("Cell_line", "CellLineOrTissue"), CELL_LINE),
    **dict.fromkeys(("Cell", "Cell_type", "DNA", "DomainMotif", "RefSeq", "Chromosome", "GenomicRegion"), None),
}
# What `known_type` returns for a name that it does not know.
UNKNOWN_TYPE = ""


def known_type(
    name: str, entity_types: Sequence[str] = ENTITY_TYPES, type_map: Mapping[str, str | None] | None = None
) -> str | None:
    """Return the entity type that a name means.

    Args:
        name: compared without regard to case, "_", "-" and spaces.
        entity_types: the types that there are.
        type_map: other names -> types or again other names; None for mentions that are left out. It goes before
            `TYPE_MAP`.

    Returns:
        One of `entity_types`, None for mentions that are left out, or `UNKNOWN_TYPE`.

    >>> known_type("cell line"), known_type("RefSeq"), known_type("Tissue")
    ('CellLine', None, '')
    >>> known_type("Drugs", type_map={"drugs": "Chemical"})
    'ChemicalEntity'
    """
    types = {_key(kind): kind for kind in entity_types}
    given = {_key(other): kind for other, kind in (type_map or {}).items()}
    meant: str | None = given.get(_key(name), name)
    if meant is not None and _key(meant) not in types:
        meant = _TYPE_OF_KEY.get(_key(meant), meant)
    if meant is not None and meant != name and _key(name) not in given:
        meant = given.get(_key(meant), meant)  # a type that is left out under all of its names
    return None if meant is None else types.get(_key(meant), UNKNOWN_TYPE)


def _key(name: str) -> str:
    return name.casefold().translate(_SEPARATORS)


_SEPARATORS = str.maketrans("", "", "_- ")
_TYPE_OF_KEY = {_key(other): kind for other, kind in TYPE_MAP.items()}


def type_pair(types: Iterable[str]) -> tuple[str, str]:
    """Return the two entity types of a pair in alphabetical order, since a pair type has none."""
    first, second = sorted(types)
    return first, second


def bio_labels(entity_types: Iterable[str]) -> list[str]:
    """Return what a tagger tells of a word: outside, or the first or a further word of a mention of each type.

    Ramshaw and Marcus 1995 (BIO, as changed by Tjong Kim Sang and Veenstra 1999: every mention begins with a B).

    >>> bio_labels(["Gene"])
    ['O', 'B-Gene', 'I-Gene']
    """
    return [OUTSIDE, *(f"{place}-{kind}" for kind in entity_types for place in "BI")]
