"""Which format a network is written in."""

import sys
from pathlib import Path

import pytest

from biodir.errors_biodir import SettingError
from biodir.networks.formats import FORMATS, network_format
from biodir.networks.settings import NetworkSettings
from helpers.checkout import CHECKOUT
from helpers.networks import NETWORK


def test_suffix_names_the_format_in_either_case():
    assert [network_format(Path(name)).name for name in ("a.tsv", "a.JSONL", "a.indra.json")] == [
        "kgx-tsv",
        "kgx-jsonl",
        "indra",
    ]


def test_name_goes_before_the_suffix():
    assert network_format(Path("a.csv"), "kgx-tsv").name == "kgx-tsv"


@pytest.mark.parametrize(("name", "start"), [("a.TSV", "a"), ("a", "a"), ("run.v1", "run.v1"), ("a.txt", "a.txt")])
def test_files_of_a_format_lose_only_its_own_suffix(name, start, tmp_path):
    written = network_format(tmp_path / name, "kgx-tsv")
    assert written.paths(Path(name)) == [Path(f"{start}_nodes.tsv"), Path(f"{start}_edges.tsv")]
    for each in FORMATS[:3]:
        each.write(NETWORK, tmp_path / name, NetworkSettings())
        assert all(path.is_file() for path in each.paths(tmp_path / name))


@pytest.mark.parametrize(
    ("output", "name", "message"),
    [
        ("a.doc", None, r"a\.doc: unknown suffix '\.doc'; use one of \.tsv \(kgx-tsv\)"),
        ("a.json", None, r"a\.json: unknown suffix '\.json'; use one of .*, \.indra\.json \(indra\)"),
        ("a.tsv", "kgx-tvs", "format is 'kgx-tvs'; did you mean 'kgx-tsv'?"),
    ],
)
def test_unknown_format_is_an_error_that_names_the_known_ones(output, name, message):
    with pytest.raises(SettingError, match=message):
        network_format(Path(output), name)


def test_missing_library_is_found_before_documents_are_read(monkeypatch):
    monkeypatch.setitem(sys.modules, "lxml", None)
    with pytest.raises(SettingError, match=r"graphml needs lxml; install it with: pip install 'biodir\[formats\]'"):
        network_format(Path("a.graphml")).check(None)


def test_suffixes_and_names_are_distinct():
    for key in ("name", "suffix"):
        values = [getattr(each, key) for each in FORMATS]
        assert len(set(values)) == len(values)


def test_documentation_lists_all_formats():
    page = (CHECKOUT / "docs" / "networks.md").read_text("utf-8")
    for each in FORMATS:
        assert f"| `{each.name}` | `{each.suffix}` |" in page


@pytest.mark.parametrize("name", ["biodir", "infores:My Source", "infores:", "INFORES:biodir"])
def test_knowledge_source_is_an_information_resource(name):
    with pytest.raises(SettingError, match=f"knowledge_source is '{name}'; it is like 'infores:biodir'"):
        NetworkSettings(name)
