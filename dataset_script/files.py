"""The files of a corpus: found in a folder or an archive, verified, read."""

import hashlib
import logging
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from biodir.dataset_script.sources import CHECKSUMS, Source, SourceError
from biodir.document_biodir import Document
from biodir.document_pubtator_biodir import parse_pubtator
from biodir.files import damaged_errors, file_sha256

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SplitFile:
    """The file of a split, on disk or inside a zip archive; error messages name it by its path.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "train.pubtator")
    ...     size = path.write_text("1|t|Iron\\n1|a|It binds.\\n")
    ...     [document.text for document in SplitFile("train", path, file_sha256(path)).documents()]
    ['Iron It binds.']
    """

    split: str
    path: Path | zipfile.Path
    sha256: str

    def documents(self) -> Iterator[Document]:
        """Yield the documents; one at a time is in memory."""
        with (
            _read_errors_of(self.path),
            self.path.open("r", encoding="utf-8", errors="surrogateescape", newline="\n") as lines,
        ):
            yield from parse_pubtator(lines, str(self.path))


@dataclass(frozen=True)
class FoundFiles:
    """The files of a corpus that are at a location, in the order of its splits.

    >>> from biodir.dataset_script.sources import BC5CDR
    >>> train = SplitFile("train", Path("data/bc5cdr/CDR_TrainingSet.PubTator.txt"), sha256="7afc")
    >>> FoundFiles(BC5CDR, Path("data"), (train,)).missing
    ('validation', 'test')
    """

    source: Source
    location: Path
    files: tuple[SplitFile, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The splits without a file."""
        return tuple(split for split in self.source.splits if split not in [file.split for file in self.files])

    @property
    def content_hash(self) -> str:
        """A hash that changes with the content of any file and with the splits that are there."""
        lines = "".join(f"{file.split} {file.sha256}\n" for file in self.files)
        return hashlib.sha256(lines.encode()).hexdigest()


def found_files(source: Source, location: str | os.PathLike[str]) -> FoundFiles:
    """Return the files of a corpus.

    Args:
        location: an archive, or a folder that holds the files or the archive, in a subfolder with the corpus's name or
            without. A file on disk is taken rather than one in the archive.

    Raises:
        SourceError: there is nothing at the location, or an archive cannot be read.
    """
    location = Path(location)
    if not location.exists():
        raise SourceError(f"{location}: there is no such folder or archive; check the path")
    files = []
    for split, name in source.splits.items():
        path = _path(source, name, location)
        if path is not None:
            with _read_errors_of(path):
                files.append(SplitFile(split, path, file_sha256(path)))
    return FoundFiles(source, location, tuple(files))


def warn_of_missing(found: FoundFiles, name: str) -> None:
    """Log a warning that names the missing splits of the data set `name`.

    Raises:
        SourceError: no split is there.
    """
    source = found.source
    if not found.files:
        raise SourceError(
            f"{found.location}: holds no file of {source.name}, such as {source.folder}/{source.splits['train']}, and "
            f"no archive {source.archive} with one; get it from {source.address}"
        )
    if found.missing:
        missing = ", ".join(f"{split} ({source.splits[split]})" for split in found.missing)
        logger.warning(
            "%s: splits without a file in %s are left out: %s; %s holds all, see %s",
            *(name, found.location, missing, source.archive, source.address),
        )


def verify_checksums(found: FoundFiles, is_strict: bool = False) -> None:
    """Log a warning for each file that differs from the published one.

    A difference may be harmless, such as Windows line ends, so it is an error only if `is_strict` is true;
    `biodir dataset check` finds out whether the content is the same.
    """
    for file in found.files:
        expected = CHECKSUMS.get(found.source.splits[file.split])
        if expected is None or file.sha256 == expected:
            continue
        message = (
            f"{file.path}: sha256 is {file.sha256}, not {expected} as published; if it is not your own version, get "
            f"{found.source.address}"
        )
        if is_strict:
            raise SourceError(message)
        logger.warning("%s", message)


def fetched_archive(source: Source, download: Callable[[str], str], address: str | None = None) -> Path:
    """Return the path of a corpus's archive after its download from the address, by default the official one.

    `download` is address -> local path, such as the method of a `datasets.DownloadManager`.
    """
    address = address or source.address
    try:
        return Path(download(address))
    except (OSError, ValueError) as error:  # what fsspec and datasets raise on a bad address and a lost connection
        raise SourceError(
            f"{address}: cannot be fetched ({type(error).__name__}: {error}); fetch it by hand and name "
            "the archive or its folder, --data-dir on the command line"
        ) from error


def _path(source: Source, name: str, location: Path) -> Path | zipfile.Path | None:
    folders = (location / source.folder, location)
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    archives = (location, *(folder / source.archive for folder in folders))
    members = (_member(source, name, archive) for archive in archives if archive.is_file())
    return next(filter(None, members), None)


def _member(source: Source, name: str, archive: Path) -> zipfile.Path | None:
    """Return a split's file in an archive, or None; of several, the one in the corpus's folder."""
    with _read_errors_of(archive), zipfile.ZipFile(archive) as opened:
        members = [member for member in opened.namelist() if PurePosixPath(member).name == name]
    members = [member for member in members if PurePosixPath(member).parent.name == source.folder] or members
    if len(members) > 1:
        raise SourceError(f"{archive}: holds {name} {len(members)} times ({', '.join(members)}); unpack the right one")
    return zipfile.Path(archive, members[0]) if members else None


@contextmanager
def _read_errors_of(path: Path | zipfile.Path) -> Iterator[None]:
    """Turn errors of the disk and of zip archives into a SourceError that names the path."""
    try:
        yield
    except _unreadable() as error:
        raise SourceError(f"{path}: cannot be read ({str(error) or type(error).__name__}); fetch it again") from error


def _unreadable() -> tuple[type[Exception], ...]:
    """Return what reading a file or a member raises. RuntimeError: a damaged header says that it is encrypted."""
    return (OSError, zipfile.BadZipFile, RuntimeError, *damaged_errors())
