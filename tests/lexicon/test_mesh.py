"""MeSH: types by tree numbers, classes and headings; names; faults of the XML."""

import io
import tracemalloc

import pytest

from biodir.errors_biodir import ParseError
from biodir.labels_biodir import CHEMICAL, DISEASE, SPECIES
from biodir.lexicon.concepts import OFFICIAL, PREFERRED, SYNONYM, Name, Reading
from biodir.lexicon.mesh import read_mesh_descriptors, read_mesh_supplementary
from helpers.vocabularies import DESCRIPTORS, SUPPLEMENT, descriptor, descriptors, supplement, supplementary


def read(read_file, text: str, reading: Reading | None = None):
    file = io.BufferedReader(io.BytesIO(text.encode()))
    return list(read_file(file, "a.xml", reading or Reading()))


def test_descriptors_get_types_by_tree_and_organisms_their_taxon():
    reading = Reading()
    concepts = read(read_mesh_descriptors, DESCRIPTORS, reading)
    assert [(each.identifier, each.entity_type) for each in concepts] == [
        ("D900001", DISEASE),
        ("D900002", CHEMICAL),
        ("990001", SPECIES),
    ]
    assert concepts[0].names == (
        Name("Xylonitis, Acute", PREFERRED),
        Name("Acute Xylonitis", OFFICIAL),
        Name("Xylonic Fever", SYNONYM),
    )
    assert reading.left_out == {"organisms without taxonomy identifier": 1, "descriptors of no entity type": 1}


def test_descriptor_of_two_trees_has_two_types():
    concepts = read(read_mesh_descriptors, descriptors(descriptor("D900009", "D20.1 C25.1 F02.1", ["Venoms"])))
    assert [each.entity_type for each in concepts] == [DISEASE, CHEMICAL]


def test_supplementary_records_get_types_by_class_or_by_the_heading_they_map_to():
    reading = Reading()
    read(read_mesh_descriptors, DESCRIPTORS, reading)
    concepts = read(read_mesh_supplementary, SUPPLEMENT, reading)
    assert [(each.identifier, each.entity_type) for each in concepts] == [
        ("C900001", CHEMICAL),
        ("C900002", DISEASE),
        ("C900003", CHEMICAL),
    ]
    organism = supplement(supplementary("C900005", "4", "D900003", "Quibb Virus", registry="txid990007"))
    assert [each.identifier for each in read(read_mesh_supplementary, organism)] == ["990007"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (DESCRIPTORS[:-60], "a.xml:28: not well-formed XML"),
        (DESCRIPTORS.replace("<DescriptorUI>D900002</DescriptorUI>", ""), "a.xml:13: record without identifier has no"),
        (
            DESCRIPTORS.replace("<String>Zorbamine</String>", "<String> </String>"),
            "record D900002 has no DescriptorName",
        ),
        (
            DESCRIPTORS.replace('.dtd">', '.dtd" [<!ENTITY a "aa">]>'),
            "a.xml:2: holds the entity a; biodir resolves none",
        ),
        (DESCRIPTORS.replace("&amp;", "&rugs;"), "holds the entity rugs"),
    ],
)
def test_fault_names_file_and_line(content, message):
    with pytest.raises(ParseError) as caught:
        read(read_mesh_descriptors, content)
    assert message in str(caught.value)


def test_expanding_entities_are_refused_at_their_declaration():
    levels = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    bomb = f'<!DOCTYPE DescriptorRecordSet [<!ENTITY e0 "x">{levels}]><DescriptorRecordSet>&e9;</DescriptorRecordSet>'
    with pytest.raises(ParseError, match="holds the entity e0"):
        read(read_mesh_descriptors, bomb)


def test_memory_does_not_grow_with_the_number_of_records():
    record = descriptor("D900001", "C01.1", ["Xylonitis"] + [f"Name {n}" for n in range(20)])

    def peak_bytes(records: int) -> int:
        file = io.BufferedReader(io.BytesIO(descriptors(record * records).encode()))
        tracemalloc.start()
        assert sum(1 for _ in read_mesh_descriptors(file, "a.xml", Reading())) == records
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak_bytes(2000) < 1.2 * peak_bytes(200)
