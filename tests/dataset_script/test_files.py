"""A corpus's files are found wherever they lie, verified and read."""

import hashlib
import zipfile

import pytest

from biodir import AnnotationError
from biodir.dataset_script.files import found_files, verify_checksums
from biodir.dataset_script.sources import BC5CDR, BIORED_DIRECTION, CHECKSUMS, SourceError
from helpers.corpus_folder import write_split

TRAIN = "bioredirect_train.pubtator"
# Places in an archive with this one member; those of its directory count from the end.
LENGTH_OF_EXTRA, DATA_START = 28, 30 + len(f"bioredirect/{TRAIN}")
DIRECTORY_START = -22 - 46 - len(f"bioredirect/{TRAIN}")


def write_archive(path, method=zipfile.ZIP_STORED, **texts):
    """A zip archive; the names of its members come as keys with `__` for `/` and no suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, text in texts.items():
            archive.writestr(name.replace("__", "/") + ".pubtator", text)
    return path


def ids_of(found):
    """Name of each split -> identifiers of its documents."""
    return {file.split: [document.id for document in file.documents()] for file in found.files}


def block(number):
    """A document without annotations."""
    return f"{number}|t|Iron\n{number}|a|is.\n\n"


@pytest.mark.parametrize("name", ["datasets.zip", "bioredirect/datasets.zip", "downloaded"])
def test_files_in_an_archive(tmp_path, name):
    archive = write_archive(tmp_path / name, datasets__bioredirect__bioredirect_bc8_test=block(8))
    location = archive if name == "downloaded" else tmp_path
    found = found_files(BIORED_DIRECTION, location)
    assert ids_of(found) == {"bc8_test": ["8"]}
    assert str(found.files[0].path) == f"{archive}/datasets/bioredirect/bioredirect_bc8_test.pubtator"
    assert found.files[0].sha256 == hashlib.sha256(block(8).encode()).hexdigest()
    assert ids_of(found_files(BC5CDR, location)) == {}


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


@pytest.mark.parametrize(
    ("method", "place", "message"),
    [
        (zipfile.ZIP_DEFLATED, DATA_START, "Error -3 while decompressing data: invalid block type"),
        (zipfile.ZIP_LZMA, DATA_START + 4, "Invalid or unsupported options"),  # after the header of its settings
        (zipfile.ZIP_STORED, LENGTH_OF_EXTRA, "EOFError"),
        (zipfile.ZIP_STORED, DIRECTORY_START + 8, r"compressed patched data \(flag bit 5\)"),
    ],
)
def test_damaged_packed_member_is_an_error(tmp_path, method, place, message):
    archive = write_archive(tmp_path / "a.zip", method, bioredirect__bioredirect_train=block(1))
    content = bytearray(archive.read_bytes())
    content[place if place >= 0 else place + len(content)] = 0xFF
    archive.write_bytes(content)
    with pytest.raises(SourceError, match=rf"a\.zip\S*: cannot be read \({message}\); fetch it again"):
        found_files(BIORED_DIRECTION, archive)


def test_other_checksum_is_warned_of_or_an_error(tmp_path, caplog, monkeypatch):
    write_split(tmp_path / TRAIN, block(1))
    found = found_files(BIORED_DIRECTION, tmp_path)
    verify_checksums(found)
    (message,) = caplog.messages
    assert message.startswith(
        f"{tmp_path / TRAIN}: sha256 is {found.files[0].sha256}, not {CHECKSUMS[TRAIN]} as published"
    )
    with pytest.raises(SourceError, match="as published"):
        verify_checksums(found, is_strict=True)
    monkeypatch.setitem(CHECKSUMS, TRAIN, found.files[0].sha256)
    verify_checksums(found, is_strict=True)


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
