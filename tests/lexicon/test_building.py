"""The file that a build writes: content, counts, faults that leave nothing, and that it can be read by many."""

import gzip
import json
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from biodir import document_names_biodir
from biodir.errors_biodir import ParseError, SettingError
from biodir.lexicon.building import Input, build_lexicon
from biodir.lexicon.lexicon import Lexicon
from biodir.lexicon.schema import open_lexicon
from helpers.vocabularies import GENES, gene, small_lexicon, write_files


def test_info_counts_what_was_read_and_left_out(tmp_path):
    info = small_lexicon(tmp_path).info
    assert info.species == ("9606", "10090")
    assert info.concepts == {
        "GeneOrGeneProduct": 3,
        "CellLine": 2,
        "OrganismTaxon": 3,
        "DiseaseOrPhenotypicFeature": 4,
        "ChemicalEntity": 3,
    }
    assert info.names["GeneOrGeneProduct"] == 12
    assert [(each.file, each.vocabulary) for each in info.sources] == [
        ("gene_info", "genes"),
        ("cells.obo", "cell-lines"),
        ("names.dmp", "taxonomy"),
        ("desc.xml", "mesh"),
        ("supp.xml", "mesh-supplementary"),
        ("mimTitles.txt", "omim"),
    ]
    genes = info.sources[0]
    assert (genes.concepts, genes.names, genes.size_bytes) == (3, 12, len(GENES.encode()))
    assert genes.left_out == {"genes of other species": 1, "entries that are no genes": 2}


def test_packed_files_are_read_and_all_their_bytes_are_reported(tmp_path):
    packed = tmp_path / "gene_info.gz"
    packed.write_bytes(gzip.compress(GENES.encode()))
    steps: list[int] = []
    build_lexicon([Input(packed)], tmp_path / "l.sqlite", on_read=steps.append)
    assert sum(steps) == packed.stat().st_size
    assert [each.identifier for each in Lexicon(tmp_path / "l.sqlite").find("qux1")] == ["101"]


def test_named_vocabulary_goes_before_the_content(tmp_path):
    (tmp_path / "mine.tsv").write_text(gene("9606", "7", "MINE"), encoding="utf-8")  # without a header
    with pytest.raises(ParseError, match="no vocabulary that biodir recognises"):
        build_lexicon([Input(tmp_path / "mine.tsv")], tmp_path / "l.sqlite")
    build_lexicon([Input(tmp_path / "mine.tsv", "genes")], tmp_path / "l.sqlite")
    assert [each.identifier for each in Lexicon(tmp_path / "l.sqlite").find("mine")] == ["7"]


@pytest.mark.parametrize("content", [GENES + "9606\tcut", GENES + "9606\t5\t\udcff\t\n", "#tax_id\tGeneID\n"])
def test_failed_build_keeps_the_old_lexicon_and_leaves_no_other_file(tmp_path, content):
    (tmp_path / "gene_info").write_text(GENES, encoding="utf-8")
    build_lexicon([Input(tmp_path / "gene_info")], tmp_path / "l.sqlite")
    before = (tmp_path / "l.sqlite").read_bytes()
    (tmp_path / "gene_info").write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises((ParseError, SettingError), match="gene_info"):
        build_lexicon([Input(tmp_path / "gene_info")], tmp_path / "l.sqlite")
    assert (tmp_path / "l.sqlite").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gene_info", "l.sqlite"]


@pytest.mark.parametrize(
    ("inputs", "species", "message"),
    [
        ([], ["9606"], "needs at least one file"),
        ([("absent", None)], ["9606"], "there is no such file"),
        ([("gene_info", "gene")], ["9606"], "vocabulary 'gene' is none of genes, cell-lines"),
        ([("gene_info", None)], ["human"], "species 'human' is no number"),
        ([("gene_info", None)], ["4"], "has no concept as genes .genes of other species: 6"),
        ([("gene_info", None), ("l.sqlite", None)], ["9606"], "is an input as well"),
        ([("-", None)], ["9606"], "-: is a pipe; a lexicon is made from files"),
    ],
)
def test_wrong_settings_name_the_fix(tmp_path, inputs, species, message):
    for name in ("gene_info", "l.sqlite"):
        (tmp_path / name).write_text(GENES, encoding="utf-8")
    files = [Input(Path("-") if name == "-" else tmp_path / name, vocabulary) for name, vocabulary in inputs]
    with pytest.raises(SettingError, match=message):
        build_lexicon(files, tmp_path / "l.sqlite", species)


def other_database(path, application_id: int, version: int):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE metadata (key, value)")
        database.execute(f"PRAGMA application_id = {application_id}")
        database.execute(f"PRAGMA user_version = {version}")


@pytest.mark.parametrize(
    ("application_id", "version", "message"),
    [
        (0, 1, "is an SQLite file, but no lexicon"),
        (0x62694C78, 99, "is a lexicon of version 99, and this biodir reads version 1; build it again"),
        (0x62694C78, 1, "compares names in another way"),
    ],
)
def test_other_databases_are_refused(tmp_path, application_id, version, message):
    other_database(tmp_path / "other.sqlite", application_id, version)
    with pytest.raises(ParseError, match=message):
        open_lexicon(tmp_path / "other.sqlite")


def test_lexicon_of_an_older_way_to_write_greek_letters_is_refused(tmp_path, monkeypatch):
    with monkeypatch.context() as older:
        older.setitem(document_names_biodir._SYMBOL_LETTERS, "eta", "e")
        build_lexicon([Input(path) for path in write_files(tmp_path)], tmp_path / "l.sqlite")
    with pytest.raises(ParseError, match="compares names in another way"):
        open_lexicon(tmp_path / "l.sqlite")


@pytest.mark.parametrize("british", ["sulph", "aluminium"])
def test_lexicon_without_a_british_spelling_is_refused(tmp_path, monkeypatch, british):
    with monkeypatch.context() as older:
        older.delitem(document_names_biodir._BRITISH, british)
        build_lexicon([Input(path) for path in write_files(tmp_path)], tmp_path / "l.sqlite")
    with pytest.raises(ParseError, match="compares names in another way"):
        open_lexicon(tmp_path / "l.sqlite")


def test_files_that_are_no_database_are_refused(tmp_path):
    with pytest.raises(ParseError, match=r"no such file; make a lexicon with: biodir lexicon build"):
        open_lexicon(tmp_path / "absent.sqlite")
    (tmp_path / "text").write_text(json.dumps({"a": "b" * 2000}), encoding="utf-8")
    with pytest.raises(ParseError, match=r"is no lexicon \(file is not a database\)"):
        open_lexicon(tmp_path / "text")


def test_lexicon_that_was_cut_off_is_damaged(tmp_path):
    lexicon = small_lexicon(tmp_path)
    with open(lexicon.path, "r+b") as file:
        file.truncate(5 * 4096)
    with pytest.raises(ParseError, match=r"damaged|is no lexicon"):
        Lexicon(lexicon.path).find("QUX1")


def identifiers(lexicon: Lexicon) -> list[str]:
    return [each.identifier for each in lexicon.find("quxin 1")]


def test_several_processes_read_a_lexicon_in_a_folder_without_permission_to_write(tmp_path):
    lexicon = small_lexicon(tmp_path)
    tmp_path.chmod(0o500)
    try:
        with ProcessPoolExecutor(2, get_context("spawn")) as pool:
            assert list(pool.map(identifiers, [lexicon] * 4)) == [["101", "201"]] * 4
    finally:
        tmp_path.chmod(0o700)


def test_path_may_hold_signs_of_an_address(tmp_path):
    folder = tmp_path / "a?b#c %41"
    folder.mkdir()
    assert small_lexicon(folder).find("ZQ-3")


def test_path_may_begin_with_two_slashes(tmp_path):
    path = small_lexicon(tmp_path).path
    assert Lexicon(f"/{path}").find("ZQ-3")


def test_lexicon_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    path = small_lexicon(tmp_path).path

    def refuse(*arguments, **keywords):
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with pytest.raises(ParseError, match=r"sqlite: cannot be read \(unable to open database file\); check the file"):
        open_lexicon(path)


def test_order_of_the_files_makes_no_difference(tmp_path):
    paths = write_files(tmp_path)
    for name, order in (("a.sqlite", paths), ("b.sqlite", paths[::-1])):
        build_lexicon([Input(path) for path in order], tmp_path / name)
    dumps = []
    for name in ("a.sqlite", "b.sqlite"):
        database, _ = open_lexicon(tmp_path / name)
        dumps.append([line for line in database.iterdump() if "created" not in line])
        database.close()
    assert dumps[0] == dumps[1]
