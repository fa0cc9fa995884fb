"""Identifiers of BioRED and PubTator as CURIEs."""

import pytest

from biodir.labels_biodir import CELL_LINE, CHEMICAL, DISEASE, GENE, SPECIES, VARIANT
from biodir.networks.curies import curie, hgvs_forms

PUBTATOR3 = "tmVar:p|SUB|V|600|E;HGVS:p.V600E;VariantGroup:0;CorrespondingGene:673"


@pytest.mark.parametrize(
    ("identifier", "kind", "expected"),
    [
        ("1956", GENE, "NCBIGene:1956"),
        ("Gene:1956", "Gene", "NCBIGene:1956"),
        ("D007501", CHEMICAL, "MESH:D007501"),
        ("mesh: D007501", CHEMICAL, "MESH:D007501"),
        ("C046498", DISEASE, "MESH:C046498"),
        ("C000657245", CHEMICAL, "MESH:C000657245"),
        ("D000072716", DISEASE, "MESH:D000072716"),
        ("C0004096", DISEASE, "UMLS:C0004096"),
        ("C0004096", CHEMICAL, "UMLS:C0004096"),
        ("219700", DISEASE, "OMIM:219700"),
        ("OMIM:219700", DISEASE, "OMIM:219700"),
        ("rs334", VARIANT, "DBSNP:rs334"),
        ("DBSNP:rs334", VARIANT, "DBSNP:rs334"),
        ("CA123643", VARIANT, "CAID:CA123643"),
        (f"{PUBTATOR3};RS#:113488022;CorrespondingSpecies:9606", VARIANT, "DBSNP:rs113488022"),
        ("9606", SPECIES, "NCBITaxon:9606"),
        ("taxonomy:9606", SPECIES, "NCBITaxon:9606"),
        (" CVCL_0030", CELL_LINE, "Cellosaurus:CVCL_0030"),
        ("CVCL:0030", CELL_LINE, "Cellosaurus:CVCL_0030"),
        ("Cellosaurus:CVCL_0030", CELL_LINE, "Cellosaurus:CVCL_0030"),
        ("CHEBI:18248", CHEMICAL, "CHEBI:18248"),
        ("HGNC:3236", GENE, "HGNC:3236"),
    ],
)
def test_identifier_has_the_curie(identifier, kind, expected):
    assert curie(identifier, kind) == expected
    assert curie(expected, kind) == expected


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [
        ("text:tnf", GENE),
        ("p|SUB|V|600|E", VARIANT),
        ("HGVS:p.V600E", VARIANT),
        ("p.V600E", VARIANT),
        ("BRAF:p.V600E", VARIANT),
        ("NM_000059.3:c.68_69del", VARIANT),
        ("NP_004324.2:p.V600E", VARIANT),
        ("tmVar:c", VARIANT),
        (PUBTATOR3, VARIANT),
        ("EGFR", GENE),
        ("MESH:a b", DISEASE),
        ("9606", "Tissue"),
    ],
)
def test_what_is_in_no_vocabulary_has_none(identifier, kind):
    assert curie(identifier, kind) is None


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("p|SUB|V|600|E", ["p.V600E"]),
        ("tmVar:p|SUB|R|175|X;VariantGroup:1", ["p.R175X"]),
        (PUBTATOR3, ["p.V600E"]),
        ("c.G>A@7", ["c.G>A"]),
        ("c|SUB|G|-12+1|A", ["c.-12+1G>A"]),
        ("c|DEL|12_13|AG", ["c.12_13delAG"]),
        ("g|INS|12_13|A", ["g.12_13insA"]),
        ("c|DUP|9|A", ["c.9dupA"]),
        ("p.V600E", ["p.V600E"]),
        ("BRAF:p.V600E", ["BRAF:p.V600E"]),
        ("NM_000059.3:c.68_69del", ["NM_000059.3:c.68_69del"]),
        ("hgvs:NP_004324.2:p.V600E;CorrespondingGene:673", ["NP_004324.2:p.V600E"]),
        ("text:p.v600e", []),
        ("c|SUB|P|9|T", []),
        ("c|SUB|G||A", []),
        ("p|FS|Y|9||", []),
        ("text:v600e", []),
    ],
)
def test_forms_of_tmvar_that_are_clear_have_a_form_of_hgvs(identifier, expected):
    assert hgvs_forms(identifier, "Variant") == expected
    assert hgvs_forms(identifier, "Gene") == []
