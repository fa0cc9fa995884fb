"""biodir/__init__.py names the version; the files that repeat it agree with it."""

import re
from configparser import ConfigParser

import yaml

import biodir
from biodir.configuration_biodir import REQUIREMENTS
from helpers.checkout import CHECKOUT

# Where the version may be written out; the card says with which version its numbers were measured.
NAMING_FILES = {"biodir/__init__.py", "CITATION.cff", "CHANGELOG.md", "model_card.md"}
# Tests make up versions of their own; results say which versions made them.
NOT_SEARCHED = ("build/", "dist/", "runs/", "shared/", "venv/", "tests/", "results/", "runtime/build/", "onnx/")
SEARCHED_SUFFIXES = {".cfg", ".cff", ".json", ".md", ".j2", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}


def text_of(name: str) -> str:
    """Return the content of a file of the checkout."""
    return (CHECKOUT / name).read_text(encoding="utf-8")


def files_that_write_out(version: str) -> set[str]:
    """Return the names of the files with the version in them."""
    whole = re.compile(rf"(?<![\d.]){re.escape(version)}(?![\d.]*\d)")
    found = set()
    for top in CHECKOUT.glob("[!.]*"):
        for path in top.rglob("*") if top.is_dir() else [top]:
            name = path.relative_to(CHECKOUT).as_posix()
            searched = path.is_file() and path.suffix in SEARCHED_SUFFIXES and not name.startswith(NOT_SEARCHED)
            if searched and whole.search(path.read_text(encoding="utf-8")):
                found.add(name)
    return found


def test_version_is_one_that_packages_can_have():
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", biodir.__version__)


def test_package_takes_its_version_from_the_one_place():
    setup = ConfigParser()
    setup.read_string(text_of("setup.cfg"))
    assert setup["metadata"]["version"] == "attr: biodir.__version__"
    assert not re.search(r"^version\b", text_of("pyproject.toml"), re.MULTILINE)


def test_configuration_requires_what_the_package_requires():
    setup = ConfigParser()
    setup.read_string(text_of("setup.cfg"))
    required = {line.split(",")[0] for line in setup["options"]["install_requires"].split()}
    assert set(REQUIREMENTS) <= required


def test_citation_names_version_and_date_of_the_newest_heading():
    citation = yaml.safe_load(text_of("CITATION.cff"))
    date = citation.get("date-released", "unreleased")
    assert citation["version"] == biodir.__version__
    headings = re.findall(r"^## .*$", text_of("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == f"## {biodir.__version__} ({date})"


def test_version_is_written_out_nowhere_else():
    strangers = files_that_write_out(biodir.__version__) - NAMING_FILES
    assert not strangers, f"{sorted(strangers)}: {biodir.__version__} is written out; read biodir.__version__"
