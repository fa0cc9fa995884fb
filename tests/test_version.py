"""biodir/__init__.py names the version; the files that repeat it agree, and CITATION.cff can be read by its readers."""

import datetime
import re
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

import biodir
from helpers.checkout import CHECKOUT

# Where the version may be written out; the card says with which version its numbers were measured.
NAMING_FILES = {"biodir/__init__.py", "CITATION.cff", "CHANGELOG.md", "model_card.md"}
# Tests make up versions of their own; results say which versions made them.
NOT_SEARCHED = ("build/", "dist/", "runs/", "shared/", "venv/", "tests/", "results/", "experiments/results/")
SEARCHED_SUFFIXES = {".cfg", ".cff", ".json", ".md", ".j2", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}
# Citation File Format 1.2.0: the fields that it asks for, and all that it knows.
CITATION_REQUIRED = {"cff-version", "message", "title", "authors"}
CITATION_FIELDS = CITATION_REQUIRED | set(
    "abstract commit contact date-released doi identifiers keywords license license-url preferred-citation references "
    "repository repository-artifact repository-code type url version".split()
)
PERSON_FIELDS = set(
    "address affiliation alias city country email family-names fax given-names name-particle name-suffix orcid "
    "post-code region tel website".split()
)
ENTITY_FIELDS = (PERSON_FIELDS - {"affiliation", "family-names", "given-names", "name-particle", "name-suffix"}) | set(
    "date-end date-start location name".split()
)


def newest_heading(changelog: str) -> tuple[str, str | None]:
    """Version and date of the first heading of a changelog, ``## 1.2.3 (2026-01-31)``; no date where unreleased."""
    found = re.search(r"^## (\S+) \((unreleased|\d{4}-\d\d-\d\d)\)$", changelog, re.MULTILINE)
    assert found, "CHANGELOG.md: no heading '## VERSION (unreleased)' or '## VERSION (YYYY-MM-DD)'"
    return found[1], None if found[2] == "unreleased" else found[2]


def version_faults(version: str, citation: dict[str, Any], changelog: str) -> list[str]:
    """Where citation and changelog contradict the version or each other, one sentence each."""
    named, date = newest_heading(changelog)
    faults = []
    for file, found in (("CITATION.cff", citation.get("version")), ("CHANGELOG.md, newest heading", named)):
        if found != version:
            faults.append(f"{file}: version {found!r}, but biodir/__init__.py has {version!r}; make them the same")
    released = citation.get("date-released")
    if str(released or "") != (date or ""):
        faults.append(
            f"CITATION.cff: date-released {released and str(released)!r}, but CHANGELOG.md dates {named} {date!r}; "
            "give both the date, or neither before the release"
        )
    return faults


def citation_faults(citation: dict[str, Any]) -> list[str]:
    """What Citation File Format 1.2.0 does not allow, one sentence each."""
    faults = [f"{name}: is missing" for name in sorted(CITATION_REQUIRED - set(citation))]
    faults += [f"{name}: no field of the format" for name in sorted(set(citation) - CITATION_FIELDS)]
    faults += [f"{name}: not a text" for name in ("message", "title") if not _is_text(citation.get(name))]
    if citation.get("cff-version") != "1.2.0":
        faults.append(f"cff-version: {citation.get('cff-version')!r}, not '1.2.0'")
    if citation.get("type", "software") not in ("software", "dataset"):
        faults.append(f"type: {citation['type']!r} is neither software nor dataset")
    released = citation.get("date-released")
    if released is not None and not isinstance(released, datetime.date):
        faults.append(f"date-released: {released!r} is no date; write YYYY-MM-DD without quotes")
    faults += _author_faults("authors", citation.get("authors"))
    for number, reference in enumerate(citation.get("references", [])):
        place = f"references[{number}]"
        faults += [f"{place}.{name}: not a text" for name in ("type", "title") if not _is_text(reference.get(name))]
        faults += _author_faults(f"{place}.authors", reference.get("authors"))
    return faults


def _author_faults(place: str, authors: Any) -> list[str]:
    if not isinstance(authors, list) or not authors:
        return [f"{place}: not a list of at least one"]
    faults = []
    for number, author in enumerate(authors):
        known = ENTITY_FIELDS if "name" in author else PERSON_FIELDS
        faults += [f"{place}[{number}].{name}: no field of an author" for name in author if name not in known]
        faults += [f"{place}[{number}].{name}: not a text" for name, value in author.items() if not _is_text(value)]
    return faults


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def searched_files() -> Iterator[tuple[str, Path]]:
    """Name and place of the texts that may name the version by mistake."""
    for top in CHECKOUT.glob("[!.]*"):
        for path in top.rglob("*") if top.is_dir() else [top]:
            name = path.relative_to(CHECKOUT).as_posix()
            if path.is_file() and path.suffix in SEARCHED_SUFFIXES and not name.startswith(NOT_SEARCHED):
                yield name, path


def citation_of_checkout() -> dict[str, Any]:
    return yaml.safe_load((CHECKOUT / "CITATION.cff").read_text(encoding="utf-8"))


def test_version_is_one_that_packages_can_have():
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", biodir.__version__)


def test_package_takes_its_version_from_the_one_place():
    setup = ConfigParser()
    setup.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    assert setup["metadata"]["version"] == "attr: biodir.__version__"
    pyproject = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    assert not re.search(r"^version\b", pyproject, re.MULTILINE), "pyproject.toml: a second version; setup.cfg has it"


def test_citation_and_changelog_name_the_version():
    changelog = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    faults = version_faults(biodir.__version__, citation_of_checkout(), changelog)
    assert not faults, "\n".join(faults)


def test_version_is_written_out_nowhere_else():
    whole = re.compile(rf"(?<![\d.]){re.escape(biodir.__version__)}(?![\d.]*\d)")
    found = {name for name, path in searched_files() if whole.search(path.read_text(encoding="utf-8"))}
    strangers = ", ".join(sorted(found - NAMING_FILES))
    assert not strangers, f"{strangers}: {biodir.__version__} is written out; read biodir.__version__ instead"


def test_citation_follows_its_format():
    faults = citation_faults(citation_of_checkout())
    assert not faults, "CITATION.cff\n" + "\n".join(faults)


CHANGELOG = "# Changelog\n\n## 1.1.0 (2026-02-01)\n\n- New.\n\n## 1.0.0 (2026-01-01)\n"
RELEASED = {"version": "1.1.0", "date-released": datetime.date(2026, 2, 1)}


@pytest.mark.parametrize(
    ("version", "citation", "changelog", "wrong"),
    [
        ("1.1.0", RELEASED, CHANGELOG, []),
        ("1.1.0", {"version": "1.1.0"}, "## 1.1.0 (unreleased)\n", []),
        ("1.2.0", RELEASED, CHANGELOG, ["CITATION.cff: version '1.1.0'", "CHANGELOG.md, newest heading: v"]),
        ("1.1.0", {**RELEASED, "version": 1.1}, CHANGELOG, ["CITATION.cff: version 1.1"]),
        ("1.1.0", {"version": "1.1.0"}, CHANGELOG, ["CITATION.cff: date-released None, but CHANGELOG.md dates 1.1.0"]),
        ("1.1.0", RELEASED, "## 1.1.0 (unreleased)\n", ["CITATION.cff: date-released '2026-02-01', but"]),
    ],
)  # fmt: skip
def test_what_contradicts_the_version_is_named(version, citation, changelog, wrong):
    faults = version_faults(version, citation, changelog)
    assert len(faults) == len(wrong)
    assert [fault for fault, start in zip(faults, wrong, strict=True) if not fault.startswith(start)] == []


def test_changelog_without_a_heading_is_named():
    with pytest.raises(AssertionError, match=r"no heading '## VERSION \(unreleased\)'"):
        newest_heading("# Changelog\n\n## Soon\n")


SOUND = {
    "cff-version": "1.2.0",
    "message": "Cite it.",
    "title": "A program",
    "authors": [{"name": "A group"}, {"family-names": "Doe", "given-names": "Jo"}],
}


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({}, []),
        ({"date-released": datetime.date(2026, 1, 31), "type": "dataset"}, []),
        ({"title": None}, ["title: not a text"]),
        ({"cff-version": 1.2}, ["cff-version: 1.2, not '1.2.0'"]),
        ({"licence": "MIT"}, ["licence: no field of the format"]),
        ({"type": "article"}, ["type: 'article' is neither software nor dataset"]),
        ({"date-released": "soon"}, ["date-released: 'soon' is no date; write YYYY-MM-DD without quotes"]),
        ({"authors": []}, ["authors: not a list of at least one"]),
        ({"authors": [{"name": "A", "orcid": 1}]}, ["authors[0].orcid: not a text"]),
        ({"authors": [{"surname": "Doe"}]}, ["authors[0].surname: no field of an author"]),
        ({"references": [{"type": "article", "authors": [{"name": "A"}]}]}, ["references[0].title: not a text"]),
    ],
)
def test_what_the_citation_format_forbids_is_named(changes, faults):
    assert citation_faults({**SOUND, **changes}) == faults


@pytest.mark.parametrize("name", sorted(CITATION_REQUIRED))
def test_citation_without_a_required_field_is_refused(name):
    faults = citation_faults({key: value for key, value in SOUND.items() if key != name})
    assert f"{name}: is missing" in faults
