"""Genes, cell lines, taxa and titles of OMIM: exact concepts of small files, and their faults."""

import io

import pytest

from biodir.errors_biodir import ParseError
from biodir.labels_biodir import CELL_LINE, DISEASE, GENE, SPECIES
from biodir.lexicon.concepts import LOOSE, OFFICIAL, PREFERRED, SYNONYM, Concept, Name, Reading
from biodir.lexicon.tables import read_cell_lines, read_genes, read_omim_titles, read_taxonomy
from helpers.vocabularies import CELLS, GENES, OMIM, TAXA, taxdump


def read(read_file, content: str | bytes, reading: Reading | None = None):
    data = content.encode() if isinstance(content, str) else content
    return list(read_file(io.BufferedReader(io.BytesIO(data), 1 << 16), "a.txt", reading or Reading()))


def test_genes_of_the_wanted_species_with_symbols_names_and_designations():
    reading = Reading(frozenset({"9606", "10090"}))
    concepts = read(read_genes, GENES, reading)
    assert [(each.identifier, each.species) for each in concepts] == [
        ("101", "9606"),
        ("102", "9606"),
        ("201", "10090"),
    ]
    assert concepts[0] == Concept(
        "101",
        GENE,
        (
            Name("QUX1", PREFERRED),
            Name("quxin 1", OFFICIAL),
            Name("QX", SYNONYM),
            Name("P-QUX", SYNONYM),
            Name("protein qux", LOOSE),
            Name("quxinase", LOOSE),
        ),
        "9606",
    )
    assert reading.left_out == {"genes of other species": 1, "entries that are no genes": 2}


def test_cell_lines_with_synonyms_and_species():
    first, second = read(read_cell_lines, CELLS.replace("[Term]\n", "[Term]\n! of a person\n"))
    names = (Name("ZQ-3", PREFERRED), Name("ZQ3", SYNONYM), Name('Z "Q" 3', SYNONYM))
    assert first == Concept("CVCL_9Z01", CELL_LINE, names, "9606")
    assert (second.identifier, second.species) == ("CVCL_9Z02", "10090")


def test_hybrid_cell_line_has_no_species_and_obsolete_terms_are_left_out():
    hybrid = CELLS.replace("! Homo sapiens (Human)\n", "! Homo sapiens (Human)\nxref: NCBI_TaxID:10116 ! Rat\n")
    reading = Reading()
    (only,) = read(read_cell_lines, hybrid.replace("name:ZQ-3\nxref", "name:ZQ-3\nis_obsolete: true\nxref"), reading)
    assert (only.species, reading.left_out) == ("", {"obsolete terms": 1})


@pytest.mark.parametrize("content", [TAXA, taxdump(), f"\ufeff{TAXA}", f"{TAXA}\n"])
def test_taxa_with_names_of_their_own_also_in_the_archive(content):
    reading = Reading()
    assert read(read_taxonomy, content, reading) == [
        Concept("10090", SPECIES, (Name("Mus musculus", PREFERRED), Name("house mouse", OFFICIAL))),
        Concept("990002", SPECIES, (Name("Quibbus virus 1", PREFERRED), Name("QBV-1", SYNONYM))),
    ]
    assert reading.left_out == {"taxa without a name of their own": 1}


def test_diseases_of_omim_with_symbols_and_without_inversion():
    reading = Reading()
    first, second = read(read_omim_titles, f"\ufeff{OMIM}", reading)  # with the mark of UTF-8, as editors write it
    assert first == Concept(
        "OMIM:990001",
        DISEASE,
        (
            Name("QUUX SYNDROME, FAMILIAL", PREFERRED),
            Name("QUUXS", SYNONYM),
            Name("QUUX DISEASE", SYNONYM),
            Name("QD", SYNONYM),
            Name("FAMILIAL QUUX SYNDROME", LOOSE),
        ),
    )
    assert second.identifier == "OMIM:990002"
    assert reading.left_out == {"entries that are no diseases": 2}


@pytest.mark.parametrize(
    ("read_file", "content", "message"),
    [
        (read_genes, "9606\tone\tQUX1\n", r"a.txt:1: has 3 columns and GeneID \['one'\]"),
        (read_genes, b"#tax_id\n9606\t1\tQ\xff\n", "a.txt:2: is not UTF-8"),
        (read_taxonomy, TAXA + "10090\t|\tcut", "a.txt:7: .* is no line of names.dmp"),
        (read_taxonomy, taxdump("other.dmp"), "the archive has no names.dmp"),
        (read_taxonomy, taxdump()[:1600], "is a damaged archive"),
        (read_cell_lines, "[Term]\nid: CVCL_1\nname: A\n\n[Term]\nname: B\n", "a.txt:5: a term has the id ''"),
        (read_cell_lines, "[Term]\nid: CVCL_1\nname\n", "a.txt:3: 'name' is no line"),
        (read_omim_titles, "# x\nPercent\tMIM\tTITLE\n", "a.txt:2: .* is no line of mimTitles.txt"),
    ],
)
def test_fault_names_file_and_line(read_file, content, message):
    with pytest.raises(ParseError, match=message):
        read(read_file, content)
