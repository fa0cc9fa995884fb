"""Which vocabulary a file is, by its content."""

import gzip

import pytest

from biodir.errors_biodir import ParseError
from biodir.lexicon.sources import vocabulary_of
from helpers.vocabularies import FILES, taxdump

VOCABULARIES = dict(zip(FILES, ("mesh", "mesh-supplementary", "genes", "cell-lines", "taxonomy", "omim"), strict=True))


@pytest.mark.parametrize("name", FILES)
def test_file_is_recognised_under_any_name_also_packed(tmp_path, name):
    plain, packed = tmp_path / "a.bin", tmp_path / "b.txt"
    plain.write_text(FILES[name], encoding="utf-8")
    packed.write_bytes(gzip.compress(FILES[name].encode()))
    assert vocabulary_of(plain) == vocabulary_of(packed) == VOCABULARIES[name]


def test_archive_is_one_of_the_taxonomy(tmp_path):
    (tmp_path / "taxdump.tar.gz").write_bytes(gzip.compress(taxdump()))
    assert vocabulary_of(tmp_path / "taxdump.tar.gz") == "taxonomy"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<QualifierRecordSet/>", "outermost element <QualifierRecordSet>; biodir reads desc20XX.xml"),
        ("1\t|\t1\t|\tno rank\t|\t\t|\t8\t|\n", "is no vocabulary that biodir recognises"),
        ("# Copyright OMIM\n# MIM Number\tMIM Entry Type\n", "is no vocabulary"),
        ("format-version: 1.2\n[Term]\nid: GO:1\n", "is no vocabulary"),
        ("", "is no vocabulary"),
        ("PK\x03\x04", "unpack it and name the files in it"),
    ],
)
def test_other_file_is_refused_with_what_is_read(tmp_path, content, message):
    (tmp_path / "a").write_text(content, encoding="utf-8")
    with pytest.raises(ParseError, match=message):
        vocabulary_of(tmp_path / "a")
