"""The command `biodir errors`: its page, its summary, its errors."""

import argparse
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from biodir.document_biodir import Relation
from biodir.errors_biodir import AnnotationError, SettingError
from biodir.evaluation.errors_command import add_errors_command
from biodir.formats.pubtator import write_pubtator
from helpers.checkout import CHECKOUT
from helpers.marked import marked_document

DOCUMENT = marked_document("<C:C1 Iron> binds <G:G1 one>. It ends. <D:D1 Pain> goes.", id="11")
GOLD = (Relation("Bind", "C1", "G1", "No", "C1"), Relation("Association", "C1", "D1", "Novel"))
PREDICTED = (Relation("Bind", "C1", "G1", "No", "G1"),)


def errors(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    add_errors_command(parser.add_subparsers())
    options = parser.parse_args(["errors", *map(str, arguments)])
    return options.run(options)


@pytest.fixture
def files(tmp_path) -> tuple[Path, Path]:
    """A gold and a predicted file."""
    write_pubtator([replace(DOCUMENT, relations=GOLD)], tmp_path / "gold.pubtator")
    write_pubtator([replace(DOCUMENT, relations=PREDICTED)], tmp_path / "predicted.pubtator")
    return tmp_path / "gold.pubtator", tmp_path / "predicted.pubtator"


def test_page_is_written_and_errors_are_summed_up(files, tmp_path, capsys):
    assert errors(*files, "-o", tmp_path / "page.html") == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "1 documents, 2 pairs that gold or predictions relate, 2 errors",
        "",
        "what is wrong",
        "      1  Missed relation",
        "      1  Wrong direction",
        "      1    Reversed direction",
        "",
        "what makes it hard",
        "      1  Across sentences",
        "      1  Rare type",
        "      1  Ambiguous direction",
        "      1  Chemical-gene direction",
        "",
        f"page: {tmp_path / 'page.html'}",
    ]
    assert captured.err == ""
    page = (tmp_path / "page.html").read_text()
    assert "<b>predicted.pubtator</b> against <b>gold.pubtator</b>" in page


def test_nothing_wrong_is_a_page_too(files, tmp_path, capsys):
    assert errors(files[0], files[0], "-o", tmp_path / "page.html") == 0
    assert capsys.readouterr().out.startswith(
        "1 documents, 2 pairs that gold or predictions relate, 0 errors\n\npage: "
    )


def test_what_looks_odd_is_noted(files, tmp_path, capsys):
    write_pubtator([DOCUMENT], files[1])
    assert errors(*files, "-o", tmp_path / "page.html") == 0
    assert capsys.readouterr().err.startswith("biodir: note: the predictions hold no relation at all")


def test_other_documents_are_refused_and_no_page_is_left(files, tmp_path):
    write_pubtator([replace(DOCUMENT, id="12")], files[1])
    with pytest.raises(AnnotationError, match="12"):
        errors(*files, "-o", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_missing_input_and_unwritable_output_are_named(files, tmp_path):
    with pytest.raises(SettingError, match="absent: there is no such file"):
        errors(files[0], tmp_path / "absent", "-o", tmp_path / "page.html")
    with pytest.raises(SettingError, match=r"no/page\.html: cannot be written"):
        errors(*files, "-o", tmp_path / "no" / "page.html")


def test_output_has_to_be_named(files, capsys):
    with pytest.raises(SystemExit):
        errors(*files)
    assert "-o/--output" in capsys.readouterr().err


def test_help_does_not_wait_for_heavy_libraries():
    code = (
        "import argparse, sys; from biodir.evaluation.errors_command import add_errors_command\n"
        "add_errors_command(argparse.ArgumentParser().add_subparsers())\n"
        "print(sorted({'torch', 'transformers', 'jinja2'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"
