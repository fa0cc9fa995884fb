"""The files of a corpus: found in a folder or an archive, verified, read."""

import hashlib
import io
import logging
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from biodir.dataset_script.sources import Source, SourceError, SplitSource
from biodir.document_biodir import Document
from biodir.document_pubtator_biodir import parse_pubtator

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SplitFile:
    """The file of a split, as it lies on disk or, where `member` is not None, inside the zip archive `path`."""

    split: SplitSource
    path: Path
    member: str | None
    sha256: str

    @property
    def place(self) -> str:
        """What error messages call the file."""
        return _place(self.path, self.member)

    def documents(self) -> Iterator[Document]:
        """The documents, one held at a time.

        Raises:
            SourceError: the file cannot be read.
            ParseError, AnnotationError: a document does not follow the format, or contradicts its text.
        """
        with _opened(self.path, self.member) as file:
            lines = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="\n")
            yield from parse_pubtator(lines, self.place)


@dataclass(frozen=True)
class FoundFiles:
    """What of a corpus is at a location, in the order of its splits."""

    source: Source
    location: Path
    files: tuple[SplitFile, ...]
    missing: tuple[SplitSource, ...]

    @property
    def content_hash(self) -> str:
        """A hash that changes with the content of any file and with the splits that are there."""
        lines = "".join(f"{file.split.name} {file.sha256}\n" for file in self.files)
        return hashlib.sha256(lines.encode()).hexdigest()


def found_files(source: Source, location: str | os.PathLike[str]) -> FoundFiles:
    """The files of a corpus.

    Args:
        location: a folder that holds the files, in a subfolder with the corpus's name or without, or the archive; a
            file on disk goes before one in the archive. Or the archive itself, whatever its name.

    Raises:
        SourceError: there is nothing at the location, or an archive cannot be read.
    """
    location = Path(location)
    if not location.exists():
        raise SourceError(f"{location}: there is no such folder or archive; check the path")
    files = []
    for split in source.splits:
        path, member = _path_and_member(source, split, location)
        if path is not None:
            files.append(SplitFile(split, path, member, _sha256(path, member)))
    there = {file.split.name for file in files}
    missing = tuple(split for split in source.splits if split.name not in there)
    return FoundFiles(source, location, tuple(files), missing)


def report_missing(found: FoundFiles, name: str) -> None:
    """Logs a warning that names the splits that are not there.

    Args:
        name: what the warning calls the data set.

    Raises:
        SourceError: no split is there.
    """
    source = found.source
    if not found.files:
        raise SourceError(
            f"{found.location}: holds no file of {source.name}, such as {source.folder}/{source.splits[0].file}, and "
            f"no archive {source.archive} with one; get it from {source.address}"
        )
    if found.missing:
        missing = ", ".join(f"{split.name} ({split.file})" for split in found.missing)
        logger.warning(
            "%s: splits left out, for they are not in %s: %s; %s holds all, see %s",
            *(name, found.location, missing, source.archive, source.address),
        )


def verify_checksums(found: FoundFiles, is_strict: bool = False) -> None:
    """Logs a warning for each file that is not the published one byte for byte.

    A difference may be harmless, such as Windows line ends, so that it is an error only where that is asked for;
    `biodir dataset check` tells whether the content is the same.

    Raises:
        SourceError: a checksum differs, and `is_strict` is true.
    """
    for file in found.files:
        _verify(file.place, file.sha256, file.split.sha256, found.source.address, is_strict)


def fetched_archive(
    source: Source, download: Callable[[str], str], address: str | None = None, is_strict: bool = False
) -> Path:
    """The path of a corpus's archive, downloaded.

    Args:
        download: address -> local path, such as the method of a `datasets.DownloadManager`.
        address: where the archive is, if not at its official address.
        is_strict: as for `verify_checksums`.

    Raises:
        SourceError: it cannot be fetched, or its checksum differs although `is_strict` is true.
    """
    address = address or source.address
    try:
        path = Path(download(address))
    except (OSError, ValueError) as error:  # what fsspec and datasets raise on a bad address and a lost connection
        raise SourceError(
            f"{address}: cannot be fetched ({type(error).__name__}: {error}); fetch it by hand and name "
            "the archive or its folder, --data-dir on the command line"
        ) from error
    _verify(address, _sha256(path, None), source.archive_sha256, source.address, is_strict)
    return path


def _verify(place: str, found: str, expected: str | None, address: str, is_strict: bool) -> None:
    if expected is None or found == expected:
        return
    message = f"{place}: sha256 is {found}, not {expected} as published; if it is not your own version, get {address}"
    if is_strict:
        raise SourceError(message)
    logger.warning("%s", message)


def _path_and_member(source: Source, split: SplitSource, location: Path) -> tuple[Path | None, str | None]:
    if location.is_file():
        member = _member(source, split, location)
        return (location, member) if member is not None else (None, None)
    for path in (location / source.folder / split.file, location / split.file):
        if path.is_file():
            return path, None
    for path in (location / source.archive, location / source.folder / source.archive):
        if path.is_file():
            member = _member(source, split, path)
            if member is not None:
                return path, member
    return None, None


def _member(source: Source, split: SplitSource, archive: Path) -> str | None:
    """The name of a split's file in an archive, or None; of several, that in the corpus's folder."""
    try:
        with zipfile.ZipFile(archive) as opened:
            names = [name for name in opened.namelist() if PurePosixPath(name).name == split.file]
    except (zipfile.BadZipFile, OSError) as error:
        raise SourceError(f"{archive}: is no readable zip archive ({error}); fetch it again") from error
    names = [name for name in names if PurePosixPath(name).parent.name == source.folder] or names
    if len(names) > 1:
        raise SourceError(
            f"{archive}: holds {split.file} {len(names)} times ({', '.join(names)}); unpack the right one"
        )
    return names[0] if names else None


def _sha256(path: Path, member: str | None) -> str:
    with _opened(path, member) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _opened(path: Path, member: str | None) -> Iterator[IO[bytes]]:
    """The bytes of a file; what goes wrong while it is open is a SourceError."""
    try:
        if member is None:
            with open(path, "rb") as file:
                yield file
        else:
            with zipfile.ZipFile(path) as archive, archive.open(member) as file:
                yield file
    except (OSError, zipfile.BadZipFile) as error:
        raise SourceError(f"{_place(path, member)}: cannot be read ({error}); fetch it again") from error


def _place(path: Path, member: str | None) -> str:
    return str(path) if member is None else f"{path}/{member}"
