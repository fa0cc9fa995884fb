"""PMIDs of the command line and of files: what is read, and what is refused with place and fix."""

import gzip

import pytest

from biodir.errors_biodir import SettingError
from biodir.fetching.identifiers import checked_identifiers, identifiers_in, identifiers_of_file


def test_lines_of_a_file_hold_one_or_several_and_comments(tmp_path):
    path = tmp_path / "pmids.txt"
    path.write_bytes(b"\xef\xbb\xbf12\r\n# a comment\r\n13, 14;15\tPMC16\r\n\r\n17 # why\r\n")
    places = [f"{path}:{line}" for line in (1, 3, 3, 3, 3, 5)]
    expected = list(zip(places, ["12", "13", "14", "15", "PMC16", "17"], strict=True))
    assert list(identifiers_of_file(path)) == expected
    packed = tmp_path / "pmids.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert checked_identifiers(identifiers_of_file(packed)) == ["12", "13", "14", "15", "PMC16", "17"]


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("PMID:12", "write 12"),
        ("pmid12", "write 12"),
        ("0012", "write 12"),
        ("12.0", "write 12"),
        ("pmc12", "write PMC12"),
        ("PMCID:PMC12", "write PMC12"),
        ("123456789", "a PMID has 1 to 8 digits, an id of PubMed Central is PMC and digits"),
        ("0", "a PMID has 1 to 8 digits, an id of PubMed Central is PMC and digits"),
        ("pmid", "a PMID has 1 to 8 digits, an id of PubMed Central is PMC and digits"),
        ("-12", "write 12"),
        ("\uff11\uff12", "a PMID has 1 to 8 digits, an id of PubMed Central is PMC and digits"),
    ],
)
def test_what_is_no_pmid_is_refused_with_place_and_fix(written, fix):
    with pytest.raises(SettingError) as raised:
        checked_identifiers([("a.txt:1", "7"), ("a.txt:2", written)])
    assert str(raised.value) == f"a.txt:2: {written!r} is no PMID; {fix}"


def test_all_faults_are_named_up_to_ten():
    with pytest.raises(SettingError) as raised:
        checked_identifiers(identifiers_in(["7", "7,x", *["y"] * 10], "PMID"))
    lines = str(raised.value).splitlines()
    assert lines[0] == "PMID 2: 7 is PMID 1 as well; remove one of them"
    assert lines[1].startswith("PMID 3: 'x' is no PMID")
    assert (len(lines), lines[-1]) == (11, "and 2 more such faults")


def test_nothing_to_fetch_is_refused():
    with pytest.raises(SettingError, match="there are no PMIDs"):
        checked_identifiers([])
