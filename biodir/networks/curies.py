"""Identifiers of BioRED and PubTator as CURIEs, whose prefixes are those of Biolink."""

import re
from functools import cache

from biodir.document_parts_biodir import TEXT_IDENTIFIER_PREFIX, bare_identifier
from biodir.formats.pubtator_names import MESH_IDENTIFIER
from biodir.labels_biodir import CELL_LINE, CHEMICAL, DISEASE, GENE, SPECIES, VARIANT, known_type

# Prefix of each vocabulary by how it is written before identifiers, in lower case without spaces and underscores.
_PREFIXES = {
    **dict.fromkeys(("ncbigene", "entrez", "entrezgene", "gene"), "NCBIGene"),
    **dict.fromkeys(("ncbitaxon", "ncbitaxonomy", "taxonomy", "taxon"), "NCBITaxon"),
    **dict.fromkeys(("cellosaurus", "cvcl"), "Cellosaurus"),
    **dict.fromkeys(("umls", "cui"), "UMLS"),
    **{"mesh": "MESH", "omim": "OMIM", "chebi": "CHEBI", "dbsnp": "DBSNP"},
}
# Entity type -> forms of identifiers without prefix, and the prefix that they get.
_CONCEPT = ((MESH_IDENTIFIER, "MESH"), (re.compile("C[0-9]{7}"), "UMLS"), (re.compile("[0-9]{6}"), "OMIM"))
_FORMS = {
    GENE: ((re.compile("[0-9]+"), "NCBIGene"),),
    DISEASE: _CONCEPT,
    CHEMICAL: _CONCEPT[:2],
    VARIANT: ((re.compile("rs[0-9]+"), "DBSNP"), (re.compile("CA[0-9]+"), "CAID")),
    SPECIES: ((re.compile("[0-9]+"), "NCBITaxon"),),
    CELL_LINE: ((re.compile("CVCL_[0-9A-Z]+"), "Cellosaurus"),),
}
_CURIE = re.compile(r"([A-Za-z][\w.]*):([^\s/:|<>()]+)")
# In the one long identifier that PubTator 3 gives a variant: its number in dbSNP.
_RS_NUMBER = re.compile(r"RS#:(?:rs)?([0-9]+)")
# A name of HGVS, with or without a reference sequence: "NM_000059.3:c.68_69del". It is an identifier or a part of it.
_HGVS_PART = re.compile(r"(?:^(?i:tmVar:)?|(?i:HGVS:))((?:(?!(?i:HGVS|tmVar|text):)[^\s:;|]+:)?[cgmnpr]\.[^;|\s@]+)")
_PLACE = r"([-*]?[0-9]+(?:[-+][0-9]+)?(?:_[-*]?[0-9]+(?:[-+][0-9]+)?)?)"
_PROTEIN_SUB = re.compile(r"p\|SUB\|([A-Z])\|([0-9]+)\|([A-Z*])")
_DNA_SUB = re.compile(rf"([cgmn])\|SUB\|([ACGT])\|{_PLACE}\|([ACGT])")
_DNA_CHANGE = re.compile(rf"([cgmn])\|(DEL|INS|DUP)\|{_PLACE}\|([ACGT]+)")
# Keys of that identifier; they are no vocabularies.
_VARIANT_KEYS = ("tmvar", "hgvs", "rs#", "ca#", "variantgroup", "correspondinggene")


@cache  # it is asked for every mention, and there are few types
def biored_type(name: str) -> str:
    """Return the entity type of BioRED that a name means; another type stays as it is.

    >>> biored_type("Gene"), biored_type("Tissue")
    ('GeneOrGeneProduct', 'Tissue')
    """
    return known_type(name) or name


def curie(identifier: str, entity_type: str) -> str | None:
    """Return the CURIE of an identifier, or None if it has none.

    None have names, which begin with ``text:``, and variants whose identifier is a form of tmVar or HGVS, also with a
    reference sequence. A prefix that biodir does not know stays as it is.

    Args:
        identifier: of an entity, with or without the name of its vocabulary.
        entity_type: of BioRED, or another name of it.

    >>> curie("1956", "GeneOrGeneProduct"), curie("MESH:D007501", "Chemical"), curie("rs334", "SequenceVariant")
    ('NCBIGene:1956', 'MESH:D007501', 'DBSNP:rs334')
    >>> curie("text:tnf", "Gene"), curie("p|SUB|V|600|E", "SequenceVariant")
    (None, None)
    """
    identifier = identifier.strip()
    if identifier.startswith(TEXT_IDENTIFIER_PREFIX):
        return None
    kind = biored_type(entity_type)
    if kind == VARIANT:
        rs_number = _RS_NUMBER.search(identifier)
        if rs_number:
            return f"DBSNP:rs{rs_number[1]}"
        if _HGVS_PART.match(identifier):
            return None  # a reference sequence is no vocabulary
    bare = bare_identifier(identifier)
    if bare != identifier:
        name = re.sub(r"[\s_:]", "", identifier.removesuffix(bare)).casefold()
        # "CVCL:0030" of PubTator 3 is "CVCL_0030" of Cellosaurus, as is "Cellosaurus:CVCL_0030".
        local = f"CVCL_{bare.upper().removeprefix('CVCL_')}" if _PREFIXES.get(name) == "Cellosaurus" else bare
        found = _CURIE.fullmatch(f"{_PREFIXES.get(name, name.upper())}:{local}")
        return found and found[0]
    for form, prefix in _FORMS.get(kind, ()):
        if form.fullmatch(identifier):
            return f"{prefix}:{identifier}"
    other = _CURIE.fullmatch(identifier)
    return identifier if other and other[1].casefold() not in _VARIANT_KEYS else None


def hgvs_forms(identifier: str, entity_type: str) -> list[str]:
    """Return what HGVS calls a variant, from an identifier in the form of tmVar or HGVS, or with a part ``HGVS:``.

    Of tmVar's forms only those are turned into HGVS that say it without doubt: substitutions, and deletions, insertions
    and duplications of DNA with place and bases.

    >>> hgvs_forms("p|SUB|V|600|E", "SequenceVariant"), hgvs_forms("c|SUB|G|12|A", "SequenceVariant")
    (['p.V600E'], ['c.12G>A'])
    >>> hgvs_forms("c|DEL||12", "SequenceVariant")
    []
    """
    if biored_type(entity_type) != VARIANT:
        return []
    named = _HGVS_PART.search(identifier.strip())
    if named:
        return [named[1]]
    form = identifier.removeprefix("tmVar:").split(";")[0]
    protein, dna, change = (pattern.fullmatch(form) for pattern in (_PROTEIN_SUB, _DNA_SUB, _DNA_CHANGE))
    if protein:
        return [f"p.{protein[1]}{protein[2]}{protein[3]}"]
    if dna:
        return [f"{dna[1]}.{dna[3]}{dna[2]}>{dna[4]}"]
    return [f"{change[1]}.{change[3]}{change[2].lower()}{change[4]}"] if change else []
