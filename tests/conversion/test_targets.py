"""The formats of documents: how they are chosen, and their files."""

import gzip
import sys

import pytest

from biodir.conversion.targets import target_of
from biodir.document_biodir import Relation
from biodir.errors_biodir import SettingError
from biodir.formats.reading import read_documents
from biodir.inference.outputs import format_of, output_format
from helpers.marked import marked_document

RELATION = Relation("Negative_Correlation", "D1", "D2", "Novel", "D1", 0.5)
ONE = marked_document("<C:D1 Aspirin> cures <D:D2 pain>.", id="1", relations=(RELATION,))
NAMES = ("a.pubtator", "a.jsonl", "a.json.gz", "a.xml", "a.parquet")


def test_equal_documents_make_equal_packed_files(tmp_path):
    for name in ("a.json.gz", "b.json.gz"):
        target_of(tmp_path / name).write([ONE], tmp_path / name)
    assert (tmp_path / "a.json.gz").read_bytes() == (tmp_path / "b.json.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.json.gz").read_bytes()).startswith(b'{"source": "biodir"')


def test_no_documents_are_an_empty_file_that_reads(tmp_path):
    for name in NAMES:
        target_of(tmp_path / name).write([], tmp_path / name)
        assert list(read_documents(tmp_path / name)) == []


def test_parquet_is_a_table_for_other_programs(tmp_path):
    pandas = pytest.importorskip("pandas")
    target_of(tmp_path / "a.parquet").write([ONE], tmp_path / "a.parquet")
    table = pandas.read_parquet(tmp_path / "a.parquet")
    assert list(table.columns) == ["id", "text", "pmcid", "passages", "sentences", "entities", "relations"]
    assert list(table["relations"][0][0].items())[:2] == [("relation", "Negative_Correlation"), ("entity1", "D1")]


@pytest.mark.parametrize(("name", "library"), [("a.parquet", "pyarrow"), ("a.xml.gz", "bioc")])
def test_missing_library_is_named_before_documents_are_read(name, library, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SettingError, match=f"needs {library}; install it with: pip install"):
        target_of(tmp_path / name)
    with pytest.raises(SettingError, match=f"needs {library}; "):
        output_format(format_of(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("a.doc", {}, r"a\.doc: unknown suffix '\.doc'; use one of \.pubtator, \.txt, .*, or name a format"),
        ("-", {}, "unknown suffix ''"),
        ("-", {"name": "bioc"}, "format is 'bioc'; did you mean 'biocxml'"),
        ("a.json", {"dialect": "pubtator3"}, "--dialect pubtator3: the output is biocjson"),
    ],
)
def test_unknown_target_is_refused(name, arguments, message, tmp_path):
    with pytest.raises(SettingError, match=message):
        target_of(tmp_path / name, **arguments)
