"""Names of entity types."""

import pytest

from biodir.labels_biodir import CHEMICAL, GENE, UNKNOWN_TYPE, known_type


@pytest.mark.parametrize(
    ("name", "type_map", "kind"),
    [
        ("chemical", {}, CHEMICAL),
        ("Drug", {"drug": "Gene"}, GENE),
        ("x", {"X": "chemical_entity"}, CHEMICAL),
        ("Chemical", {"ChemicalEntity": None}, None),
        ("ChemicalEntity", {"ChemicalEntity": None}, None),
        ("Chemical", {"Chemical": None}, None),
        ("ChemicalEntity", {"Chemical": None}, CHEMICAL),
        ("RefSeq", {}, None),
        ("RefSeq", {"RefSeq": "Gene"}, GENE),
        ("Tissue", {"Tissue": "nothing"}, UNKNOWN_TYPE),
    ],
)
def test_map_of_the_caller_goes_before_the_table(name, type_map, kind):
    assert known_type(name, type_map=type_map) == kind


def test_own_types_go_before_the_table():
    assert known_type("gene", ("Gene", "Tissue")) == "Gene"
    assert known_type("DNA", ("Gene", "DNA")) == "DNA"
