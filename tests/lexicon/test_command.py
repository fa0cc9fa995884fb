"""The commands `biodir lexicon build`, `info` and `find`."""

import pytest

from biodir.cli import main
from helpers.vocabularies import GENES, write_files


@pytest.fixture
def lexicon(tmp_path, capsys):
    files = [str(path) for path in write_files(tmp_path)]
    arguments = [*files, "-o", str(tmp_path / "l.sqlite"), "--species", "9606", "10090"]
    assert main(["lexicon", "build", *arguments]) == 0
    assert "genes of species 9606, 10090" in capsys.readouterr().err
    return str(tmp_path / "l.sqlite")


def test_info_shows_sources_and_counts(lexicon, capsys):
    assert main(["lexicon", "info", lexicon]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("gene_info (genes, 0.0 MB, of 20")
    left_out = "left out: 2 entries that are no genes; left out: 1 genes of other species"
    assert lines[1].endswith(f": 3 concepts, 12 names; {left_out}")
    assert "OrganismTaxon: 3 concepts, 5 names" in lines


def test_find_lists_candidates_of_a_type(lexicon, capsys):
    assert main(["lexicon", "find", lexicon, "qux1", "--type", "gene"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "101\tGeneOrGeneProduct\tQUX1\tQUX1\tother spelling\t9606",
        "201\tGeneOrGeneProduct\tQux1\tQux1\tother spelling\t10090",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent"], "has no name 'absent'; try another name"),
        (["qux1", "--type", "gnee"], "--type gnee: is no entity type; known are"),
    ],
)
def test_find_says_what_it_misses(lexicon, arguments, message, capsys):
    assert main(["lexicon", "find", lexicon, *arguments]) == 1
    assert message in capsys.readouterr().err


def test_option_names_the_vocabulary(tmp_path, capsys):
    (tmp_path / "mine").write_text(GENES.partition("\n")[2], encoding="utf-8")
    arguments = ["-o", str(tmp_path / "l.sqlite")]
    assert main(["lexicon", "build", str(tmp_path / "mine"), *arguments]) == 1
    assert "no vocabulary that biodir recognises" in capsys.readouterr().err
    assert main(["lexicon", "build", "--genes", str(tmp_path / "mine"), *arguments]) == 0
