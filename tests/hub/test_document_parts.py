"""Identifiers and the parts of a document."""

import pytest

from biodir.document_parts_biodir import IdentifierSet, is_unlinked


@pytest.mark.parametrize(
    ("wanted", "written", "is_same"),
    [
        ("C900001", "MESH:C900001", True),
        ("MESH:C900001", "c900001", True),
        ("MESH:C900001", "OMIM:C900001", False),
        ("NCBIGene:1956", "EntrezGene:1956", True),
        ("CVCL_0031", "CVCL:0031", True),
        ("NCBITaxon:9606", "taxonomy:9606", True),
        ("C900001", "C900002", False),
    ],
)
def test_identifier_is_found_whatever_its_vocabulary_is_called(wanted, written, is_same):
    identifiers = IdentifierSet([wanted, "X9"])
    assert (written in identifiers) == is_same
    assert identifiers.missing() == (["X9"] if is_same else [wanted, "X9"])


@pytest.mark.parametrize(
    "text", ["", "-", "-1", "None", "NA", "nan", "null", "CUI-less", "MESH:-", "0", "HP:NA", "-;-"]
)
def test_identifier_that_means_none(text):
    assert is_unlinked(text)


@pytest.mark.parametrize("text", ["1956", "text:na", "text:none", "c|DEL|1314_1328|", "rs0", "MESH:D000001", "-;1956"])
def test_identifier_that_means_a_concept(text):
    assert not is_unlinked(text)
