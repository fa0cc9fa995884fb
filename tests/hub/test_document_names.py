"""Names of one entity have one key, and names of others have other ones."""

import pytest

from biodir.document_names_biodir import NAME_RULES, name_key
from biodir.labels_biodir import CELL_LINE, CHEMICAL, DISEASE, ENTITY_TYPES, GENE, SPECIES, VARIANT

SAME = [  # rule, type, two names
    ("spelling", GENE, "IL-6", "il 6"),
    ("spelling", GENE, "TNF-\u03b1", "TNF alpha"),
    ("spelling", GENE, "TNF\u03b1", "TNFalpha"),
    ("spelling", GENE, "NF-\u03baB", "NF-kappaB"),
    ("spelling", GENE, "TGF-\u03b21", "TGFbeta1"),
    ("spelling", GENE, "A\u03b2", "Abeta"),
    ("spelling", GENE, "GST\u03c0", "GSTpi"),
    ("spelling", DISEASE, "Parkinson's disease", "Parkinson\u2019s Disease"),
    ("spelling", DISEASE, "Parkinson's disease", "Parkinson disease"),
    ("spelling", DISEASE, "brain tumour", "brain tumor"),
    ("spelling", DISEASE, "leukaemia", "leukemia"),
    ("spelling", CHEMICAL, "heparan sulphate", "heparan sulfate"),
    ("spelling", CHEMICAL, "aluminium chloride", "aluminum chloride"),
    ("spelling", CHEMICAL, "CaCl(2)", "CaCl2"),
    ("spelling", CELL_LINE, "HeLa-S3", "HELA S3"),
    ("plural", DISEASE, "pancreatic cancers", "pancreatic cancer"),
    ("plural", DISEASE, "neuropathies", "neuropathy"),
    ("plural", DISEASE, "metastases", "metastasis"),
    ("plural", DISEASE, "diseases", "disease"),
    ("plural", SPECIES, "adenoviruses", "adenovirus"),
    ("plural", DISEASE, "foetuses", "foetus"),
    ("plural", CHEMICAL, "NSAIDs", "NSAID"),
    ("plural", GENE, "PARs", "par"),
    ("plural", SPECIES, "RATS", "rat"),
    ("adjective", DISEASE, "psoriatic", "psoriasis"),
    ("adjective", DISEASE, "inflammatory", "inflammation"),
    ("adjective", DISEASE, "hypertensive", "hypertension"),
    ("adjective", DISEASE, "diabetic", "diabetes"),
    ("adjective", DISEASE, "nephrotoxic", "nephrotoxicity"),
    ("adjective", DISEASE, "toxic", "toxicity"),
    ("adjective", DISEASE, "dyskinetic", "dyskinesia"),
    ("adjective", DISEASE, "C5-deficient", "C5 deficiency"),
    ("head", GENE, "EGFR gene", "EGFR"),
    ("head", GENE, "EGFR mRNA", "EGFR protein"),
    ("head", VARIANT, "dd32 deletion", "dd32"),
    ("greek-letter", GENE, "HNF4A", "HNF-4alpha"),
    ("greek-letter", GENE, "PRKCH", "PRKC eta"),
    ("greek-letter", GENE, "POLQ", "Pol \u03b8"),
    ("salt", CHEMICAL, "cinacalcet HCl", "cinacalcet"),
    ("salt", CHEMICAL, "atropine sulfate", "atropine"),
    ("element", CHEMICAL, "Pb", "lead"),
    ("element", CHEMICAL, "Ca2+", "calcium"),
    ("element", CHEMICAL, "Fe(3+)", "iron"),
    ("organism", SPECIES, "patients", "women"),
    ("organism", SPECIES, "PATIENTS", "women"),
    ("organism", SPECIES, "mice", "Mus musculus"),
    ("organism", SPECIES, "humans", "Homo sapiens"),
    ("variant", VARIANT, "p.T790M", "T790M"),
    ("variant", VARIANT, "p.Thr790Met", "T790M mutation"),
    ("variant", VARIANT, "p.(Thr790Met)", "Thr-790-Met"),
    ("variant", VARIANT, "p.Gln20Ter", "Q20X"),
    ("variant", VARIANT, "methionine-->valine substitution at codon 404", "M404V"),
    ("variant", VARIANT, "Val-to-Met substitution at amino acid 44", "V44M"),
    ("variant", VARIANT, "aspartic acid to histidine substitution at amino acid position 401", "D401H"),
    ("variant", VARIANT, "p.Phe508del", "F508del"),
    ("variant", VARIANT, "\u0394F508", "p.(Phe508del)"),
    ("variant", VARIANT, "p.Lys23_Val25del", "K23_V25del"),
    ("variant", VARIANT, "p.Arg97ProfsTer23", "R97Pfs*23"),
    ("variant", VARIANT, "c.73G>A", "73 G-->A"),
    ("variant", VARIANT, "c.73G>A", "G73-->A"),
    ("variant", VARIANT, "c.35delG", "35delG"),
]
OTHER = [
    (GENE, "IL-6", "IL-8"),
    (GENE, "RAS", "RA"),
    (GENE, "LATS1", "LAT1"),
    (GENE, "PKC eta", "PKC epsilon"),
    (GENE, "14-3-3 theta", "14-3-3 tau"),
    (GENE, "DNA Pol \u03b7", "DNA POLE"),
    (GENE, "GST phi", "GST pi"),
    (GENE, "Spi1", "Sp1"),
    (GENE, "PKCBeta", "PKCBh"),
    (GENE, "gene", "protein"),
    (GENE, "TNF", "TNF receptor"),
    (DISEASE, "diabetes type 1", "diabetes type 2"),
    (DISEASE, "hypertension", "hypotension"),
    (DISEASE, "sepsis", "sepses of it"),
    (CHEMICAL, "1,2-dizelvane", "12-dizelvane"),
    (CHEMICAL, "sodium acetate", "sodium"),
    (CHEMICAL, "estrone sulfate", "estrone"),
    (CHEMICAL, "ethyl acetate", "ethyl"),
    (CHEMICAL, "K", "k"),
    (SPECIES, "mice", "rats"),
    (VARIANT, "p.T790M", "p.T791M"),
    (VARIANT, "p.T790M", "p.M790T"),
    (VARIANT, "c.73G>A", "p.G73A"),  # a change of the DNA is not one of the protein
    (VARIANT, "C677T", "677C>T"),  # perhaps an amino acid
    (VARIANT, "rs12", "rs123"),
    (VARIANT, "p.Phe508del", "508del"),
    (VARIANT, "p.Arg97ProfsTer23", "p.Arg97fs"),  # of two shifts at one place each has its own end
]


@pytest.mark.parametrize(("rule", "kind", "first", "second"), SAME)
def test_names_are_the_same_by_the_rule_and_not_without_it(rule, kind, first, second):
    assert name_key(first, kind) == name_key(second, kind)
    others = [each for each in NAME_RULES if each != rule]
    assert name_key(first, kind, others) != name_key(second, kind, others)


@pytest.mark.parametrize(("first", "second"), [("Kras", "KRAS"), ("Ptgs2", "PTGS2"), ("TGFBeta2", "TGFbeta2")])
def test_case_of_a_gene_makes_no_difference(first, second):
    assert name_key(first, GENE) == name_key(second, GENE)


@pytest.mark.parametrize(("kind", "first", "second"), OTHER)
def test_names_of_others_differ(kind, first, second):
    assert name_key(first, kind) != name_key(second, kind)


@pytest.mark.parametrize("kind", [*ENTITY_TYPES, "Gadget"])
@pytest.mark.parametrize(
    "name", ["-", "+", "β", "s", "'s", "1", "(", "日本", ";", "\u00bd", "a" + " " * 100_000 + "b"], ids=range(11)
)
def test_every_name_has_a_key_that_is_not_empty(kind, name):
    assert name_key(name, kind)
