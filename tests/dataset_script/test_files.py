"""A corpus's files are found wherever they lie, verified and read."""

import hashlib
import zipfile

import pytest

from biodir import AnnotationError
from biodir.dataset_script.files import found_files, verify_checksums
from biodir.dataset_script.sources import BC5CDR, BIORED_DIRECTION, CHECKSUMS, SourceError
from helpers.corpus_folder import write_split

TRAIN = "bioredirect_train.pubtator"
SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # NIST's test vector


def write_archive(path, **texts):
    """A zip archive; the names of its members come as keys with `__` for `/` and no suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name.replace("__", "/") + ".pubtator", text)
    return path


def ids_of(found):
    """Name of each split -> identifiers of its documents."""
    return {file.split: [document.id for document in file.documents()] for file in found.files}


def block(number):
    """A document without annotations."""
    return f"{number}|t|Iron\n{number}|a|is.\n\n"


@pytest.mark.parametrize("name", ["datasets.zip", "bioredirect/datasets.zip"])
def test_files_in_an_archive_of_the_folder(tmp_path, name):
    archive = write_archive(tmp_path / name, datasets__bioredirect__bioredirect_bc8_test=block(8))
    found = found_files(BIORED_DIRECTION, tmp_path)
    assert ids_of(found) == {"bc8_test": ["8"]}
    assert str(found.files[0].path) == f"{archive}/datasets/bioredirect/bioredirect_bc8_test.pubtator"
    assert found.files[0].sha256 == hashlib.sha256(block(8).encode()).hexdigest()


def test_archive_itself_under_any_name(tmp_path):
    archive = write_archive(tmp_path / "downloaded", bioredirect__bioredirect_test=block(5))
    assert ids_of(found_files(BIORED_DIRECTION, archive)) == {"test": ["5"]}
    assert ids_of(found_files(BC5CDR, archive)) == {}


def test_archive_completes_what_the_folder_lacks(tmp_path):
    write_split(tmp_path / "bioredirect" / TRAIN, block(1))
    write_archive(
        tmp_path / "datasets.zip", bioredirect__bioredirect_train=block(2), bioredirect__bioredirect_bc8_test=block(3)
    )
    assert ids_of(found_files(BIORED_DIRECTION, tmp_path)) == {"train": ["1"], "bc8_test": ["3"]}


def test_member_in_the_folder_of_the_corpus_goes_first(tmp_path):
    archive = write_archive(
        tmp_path / "a.zip",
        other__bioredirect_train=block(1),
        bioredirect__bioredirect_train=block(2),
        __MACOSX__bioredirect___bioredirect_train="",
    )
    assert ids_of(found_files(BIORED_DIRECTION, archive)) == {"train": ["2"]}


def test_member_that_could_be_either_is_refused(tmp_path):
    archive = write_archive(tmp_path / "a.zip", a__bioredirect_train=block(1), b__bioredirect_train=block(2))
    with pytest.raises(SourceError, match=rf"a\.zip: holds {TRAIN} 2 times \(a/{TRAIN}, b/{TRAIN}\); unpack"):
        found_files(BIORED_DIRECTION, archive)


@pytest.mark.parametrize("is_folder", [True, False])
def test_file_that_is_no_archive_is_refused(tmp_path, is_folder):
    (tmp_path / "datasets.zip").write_text("<html>not found</html>")
    with pytest.raises(SourceError, match=r"datasets\.zip: cannot be read \(File is not a zip file\); fetch"):
        found_files(BIORED_DIRECTION, tmp_path if is_folder else tmp_path / "datasets.zip")


def test_location_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SourceError, match="absent: there is no such folder or archive; check the path"):
        found_files(BIORED_DIRECTION, tmp_path / "absent")


def test_error_in_an_archive_names_member_and_line(tmp_path):
    broken = block(1) + "2|t|Iron\n2|a|is.\n2\t0\t99\tIron\tChemicalEntity\tD1\n"
    archive = write_archive(tmp_path / "a.zip", bioredirect__bioredirect_train=broken)
    (file,) = found_files(BIORED_DIRECTION, archive).files
    with pytest.raises(AnnotationError, match=rf"a\.zip/bioredirect/{TRAIN}:6: ends at 99 but"):
        list(file.documents())


def test_damaged_member_is_an_error(tmp_path):
    archive = write_archive(tmp_path / "a.zip", bioredirect__bioredirect_train=block(1))
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"Iron", b"Zinc"))  # stored without compression: the checksum is wrong now
    with pytest.raises(SourceError, match=rf"a\.zip/bioredirect/{TRAIN}: cannot be read \(Bad CRC-32"):
        found_files(BIORED_DIRECTION, archive)


# What is missing.


# Checksums.


def test_other_checksum_is_warned_of_or_an_error(tmp_path, caplog):
    write_split(tmp_path / TRAIN, block(1))
    found = found_files(BIORED_DIRECTION, tmp_path)
    verify_checksums(found)
    (record,) = caplog.records
    expected = CHECKSUMS[TRAIN]
    assert record.getMessage().startswith(
        f"{tmp_path / TRAIN}: sha256 is {found.files[0].sha256}, not {expected} as published;"
    )
    with pytest.raises(SourceError, match=f"not {expected} as published"):
        verify_checksums(found, is_strict=True)


def test_right_or_unknown_checksum_is_not_logged(tmp_path, caplog, monkeypatch):
    monkeypatch.setitem(CHECKSUMS, TRAIN, SHA256_OF_ABC)
    (tmp_path / TRAIN).write_bytes(b"abc")
    (tmp_path / "bioredirect_bc8_test.pubtator").write_bytes(b"abc")
    verify_checksums(found_files(BIORED_DIRECTION, tmp_path), is_strict=True)
    assert caplog.records == []


def test_content_hash_changes_only_with_content_and_splits(tmp_path):
    write_split(tmp_path / "one" / TRAIN, block(1))
    write_split(tmp_path / "same" / "bioredirect" / TRAIN, block(1))
    write_split(tmp_path / "other" / TRAIN, block(2))
    write_split(tmp_path / "more" / TRAIN, block(1))
    write_split(tmp_path / "more" / "bioredirect_dev.pubtator", block(1))
    hashes = {
        name: found_files(BIORED_DIRECTION, tmp_path / name).content_hash for name in ("one", "same", "other", "more")
    }
    assert hashes["one"] == hashes["same"]
    assert len(set(hashes.values())) == 3


# Downloads.
