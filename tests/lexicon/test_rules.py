"""What needs no vocabulary: numbers of dbSNP and everyday names of species."""

import pytest

from biodir.lexicon.rules import organism_by_rule, species_in, variant_by_rule


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("rs7903146", "rs7903146"),
        ("SNP Rs 7903146 (C/T)", "rs7903146"),
        ("rs#7903146", "rs7903146"),
        ("rs1 and rs2", None),
        ("rs1-rs1", "rs1"),
        ("rs0", None),
        ("hrs12", None),
        ("rs12b", None),
        ("a deletion", None),
    ],
)
def test_only_one_number_of_dbsnp_is_an_identifier(text, identifier):
    assert variant_by_rule(text) == identifier


@pytest.mark.parametrize(
    ("spellings", "identifier"),
    [
        (("V600E", "Val600Glu", "p.V600E", "p.(Val600Glu)", "Val-600-Glu", "V600E mutation"), "p|SUB|V|600|E"),
        (("R81X", "Arg81Ter", "p.Arg81*"), "p|SUB|R|81|X"),
        (("p.G12A", "Gly12Ala"), "p|SUB|G|12|A"),
        (("c.35G>A", "35G-->A", "35 G/A", "c.35G\N{RIGHTWARDS ARROW}A"), "c|SUB|G|35|A"),
        (("c.-110T>C",), "c|SUB|T|-110|C"),
        (("G12A", "G12A mutation", "G to C at codon 158", "G/A", "V600", "c.35delG", "600"), None),
    ],
)
def test_spellings_of_a_substitution_have_one_identifier(spellings, identifier):
    assert {variant_by_rule(spelling) for spelling in spellings} == {identifier}


@pytest.mark.parametrize(
    ("name", "taxon"),
    [
        ("Rats", "10116"),
        ("guinea-pig", "10141"),
        ("E.  coli", "562"),
        ("E.coli", "562"),
        ("WOMEN", "9606"),
        ("mus", None),
        ("s", None),
    ],
)
def test_everyday_names_are_species(name, taxon):
    assert organism_by_rule(name) == taxon


@pytest.mark.parametrize(
    ("text", "taxa"),
    [
        ("Newborn rats, adolescent mice", {"10116", "10090"}),
        ("the CAT assay of RAT1 cells", set()),
        ("Fruit flies (D. melanogaster)", {"7227"}),
        ("humane micelles, S. cerevisiae", {"4932"}),
        ("grown in E.coli", {"562"}),
        ("", set()),
    ],
)
def test_species_in_a_text_are_words_of_their_own(text, taxa):
    assert species_in(text) == taxa
