"""Small things about files: checks, opening, atomic writes and hashes. Needs the standard library only."""

import bz2
import glob
import gzip
import hashlib
import io
import json
import lzma
import os
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from biodir.errors_biodir import ParseError, SettingError
from biodir.optional import optional_library

STANDARD_INPUT = "-"
STANDARD_OUTPUT = "-"
PACKED_OUTPUT_SUFFIX = ".gz"
# The suffixes of compressed files, which are no part of the name of what they hold.
PACKED_SUFFIXES = (".gz", ".xz", ".bz2", ".zst")
# What standard input is called in messages, and in the ids of its documents.
STANDARD_INPUT_NAME, STANDARD_INPUT_ID = "standard input", "stdin"
_GLOB = re.compile(r"[*?\[]")


def _open_zstandard(raw: io.BufferedReader) -> BinaryIO:
    # The library zstandard reads a file that is cut off as if it were complete; this one raises EOFError, as others do.
    if sys.version_info >= (3, 14):
        return cast(BinaryIO, import_module("compression.zstd").open(raw))
    return cast(BinaryIO, optional_library("backports.zstd", "formats", "reading files packed as .zst").open(raw))


# First bytes of compressed files -> what opens them.
_COMPRESSIONS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"BZh": bz2.open,
    b"\x28\xb5\x2f\xfd": _open_zstandard,
}
# What reading damaged or cut compressed files raises, besides OSError; see `damaged_errors`.
_DAMAGED = (EOFError, zlib.error, lzma.LZMAError)
# Bytes at the start of a file by which its format is recognised.
START_BYTES = 1 << 16


@contextmanager
def open_input(
    path: str | os.PathLike[str], on_read: Callable[[int], object] | None = None
) -> Iterator[io.BufferedReader]:
    """Open a file for reading bytes, unpacked if it is packed (.gz, .xz, .bz2, .zst); ``-`` is standard input.

    The content is read once, so that pipes can be read, and `peek` shows its start.

    Args:
        path: the file.
        on_read: called with the number of bytes that were read from the file, still packed.

    Raises:
        ParseError: it cannot be opened or read, or is damaged.
    """
    name = input_name(path)
    try:
        with _opened(path, on_read) as file:
            yield file
    except OSError as error:
        raise ParseError(f"{name}: cannot be read ({error.strerror or error}); check the file", "unreadable") from error
    except damaged_errors() as error:
        raise ParseError(f"{name}: is damaged or cut off ({error}); get the file again", "unreadable") from error


def damaged_errors() -> tuple[type[Exception], ...]:
    """Return what reading damaged or cut compressed content raises, besides OSError."""
    zstandard = sys.modules.get("compression.zstd") or sys.modules.get("backports.zstd")
    return (*_DAMAGED, zstandard.ZstdError) if zstandard else _DAMAGED


def input_name(path: str | os.PathLike[str]) -> str:
    """Return the name of an input for messages."""
    return STANDARD_INPUT_NAME if os.fspath(path) == STANDARD_INPUT else os.fspath(path)


def id_of_input(path: str | os.PathLike[str]) -> str:
    """Return what the ids of documents begin with that have none but their place in a file: its name without folders.

    Args:
        path: the file, or its name for messages.

    >>> id_of_input("data/pool.txt.gz"), id_of_input("-"), id_of_input("standard input")
    ('pool.txt', 'stdin', 'stdin')
    """
    if os.fspath(path) in (STANDARD_INPUT, STANDARD_INPUT_NAME):
        return STANDARD_INPUT_ID
    path = Path(path)
    return path.stem if path.suffix.lower() in PACKED_SUFFIXES else path.name


def _opened(path: str | os.PathLike[str], on_read: Callable[[int], object] | None) -> io.BufferedReader:
    is_standard_input = os.fspath(path) == STANDARD_INPUT
    opened: Any = sys.stdin.buffer if is_standard_input else open(path, "rb", buffering=0)  # noqa: SIM115
    opened = _Counted(opened, on_read) if on_read else opened
    raw = cast(io.BufferedReader, io.BufferedReader(cast(io.RawIOBase, opened), START_BYTES))
    for start, opener in _COMPRESSIONS.items():
        if raw.peek(len(start)).startswith(start):
            return io.BufferedReader(_Prefetched(opener(raw)), START_BYTES)
    return raw if raw.seekable() else io.BufferedReader(_Prefetched(raw), START_BYTES)


class _Counted(io.RawIOBase):
    """A stream that reports how many bytes are read from it."""

    def __init__(self, stream: Any, on_read: Callable[[int], object]) -> None:
        self._stream, self._on_read = stream, on_read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        number = self._stream.readinto(buffer)
        self._on_read(number)
        return number

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Prefetched(io.RawIOBase):
    """A stream whose first read gives the first START_BYTES, however few bytes a pipe gives at a time."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._start = stream, b""
        self._is_begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._is_begun:
            self._start, self._is_begun = self._stream.read(START_BYTES), True
        content = self._start[: len(buffer)] or self._stream.read1(len(buffer))
        self._start = self._start[len(content) :]
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._stream.close()
        super().close()


def text_lines(file: io.BufferedReader) -> Iterator[str]:
    """Yield the lines of a text in UTF-8, or in UTF-16 if it begins with the mark of that.

    Lines end at ``\\n``; in a file without any, such as of old Macs, at ``\\r``. Bytes that are not of the encoding
    become surrogates, so that only the document that holds them is bad.
    """
    start = file.peek(START_BYTES)[:START_BYTES]
    is_utf16 = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding, errors = ("utf-16", "replace") if is_utf16 else ("utf-8", "surrogateescape")
    newline = "\r" if b"\r" in start and b"\n" not in start else "\n"
    yield from io.TextIOWrapper(file, encoding=encoding, errors=errors, newline=newline)


def expand_inputs(inputs: Iterable[Path], left_out: Collection[Path] = ()) -> list[Path]:
    """Return the files that inputs name: files as they are, those of a folder and of a pattern sorted by name.

    A folder has all files in it and its folders, but hidden ones and the texts of brat, whose annotations are read.

    Args:
        inputs: files, pipes, folders and patterns such as ``abstracts/*.xml``, ``**`` for folders of any depth.
        left_out: files and folders, such as outputs, that folders and patterns do not name.

    Raises:
        SettingError: there is no such file; a folder or pattern has no file.
    """
    files = []
    hidden = {path.resolve() for path in left_out}
    for path in inputs:
        is_pattern = not path.exists() and _GLOB.search(os.fspath(path))
        if not is_pattern and not path.is_dir():
            files.append(path)
            continue
        pattern = os.fspath(path) if is_pattern else os.path.join(glob.escape(os.fspath(path)), "**")
        found = [each for each in map(Path, sorted(glob.glob(pattern, recursive=True))) if each.is_file()]
        annotated = {each.with_suffix(".txt") for each in found if each.suffix.lower() == ".ann"}
        named = [each for each in found if each not in annotated and hidden.isdisjoint(_with_parents(each))]
        if not named:
            raise SettingError(f"{path}: names no file; check the {'pattern' if is_pattern else 'folder'}")
        files += named
    return files


def with_texts(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files of documents, after annotations of brat also the file beside them that has the text."""
    for path in paths:
        yield path
        text = path.with_suffix(".txt")
        if path.suffix.lower() == ".ann" and text.is_file():
            yield text


def _with_parents(path: Path) -> list[Path]:
    resolved = path.resolve()
    return [resolved, *resolved.parents]


def check_paths(inputs: Iterable[Path], outputs: Iterable[Path] = (), must_exist: bool = True) -> None:
    """Check before anything is computed that the inputs can be read and the outputs written.

    Args:
        inputs: files that are read.
        outputs: files that are written.
        must_exist: whether an input that is no file is an error; else it is left out later, and counted there.

    Raises:
        SettingError: an input is no file, or standard input is given twice; an output is also an input or another
            output, or a folder, or in a folder that does not exist.
    """
    read: set[Path] = set()
    written: set[Path] = set()
    for path in inputs:
        if os.fspath(path) == STANDARD_INPUT:
            if path in read:
                raise SettingError(f"{path}: standard input is given twice, and can be read once; name a file")
            read.add(path)
            continue
        if must_exist and (not path.exists() or path.is_dir()):  # a pipe is no file, but can be read
            problem = "is a folder; name the files in it" if path.is_dir() else "there is no such file; check the path"
            raise SettingError(f"{path}: {problem}")
        read.update(each.resolve() for each in with_texts([path]))
    for path in outputs:
        if path.resolve() in read:
            raise SettingError(f"{path} is an input as well; write to another file")
        if path.resolve() in written:
            raise SettingError(f"{path} is given for two outputs; name another file for one of them")
        written.add(path.resolve())
        if path.is_dir() or not path.parent.is_dir():
            problem = "it is a folder" if path.is_dir() else f"{path.parent} is no folder"
            raise SettingError(f"{path}: cannot be written ({problem}); name another file")


def name_without(path: Path, suffix: str) -> str:
    """Return the name of a file without a suffix, in either case; a name that ends otherwise stays.

    >>> name_without(Path("run.TSV"), ".tsv"), name_without(Path("run.v1"), ".tsv")
    ('run', 'run.v1')
    """
    return path.name[: -len(suffix)] if path.name.lower().endswith(suffix) else path.name


def write_atomic(path: Path, text: str) -> None:
    """Write the text in UTF-8 atomically: a reader finds the old file, or none, but never a part of the new one."""
    with open_atomic(path) as file:
        file.write(text)


@contextmanager
def open_atomic(path: Path) -> Iterator[TextIO]:
    """Open a new file in UTF-8 that replaces the one at the path at the end; after an error it is removed."""
    with _half_written(path, f".{os.getpid()}.part") as part, part.open("w", encoding="utf-8", newline="\n") as file:
        yield file


def write_atomic_bytes(path: Path, content: bytes) -> None:
    """Write the bytes atomically, as `write_atomic` does a text."""
    with _half_written(path, f".{os.getpid()}.part") as part:
        part.write_bytes(content)


@contextmanager
def _half_written(path: Path, ending: str) -> Iterator[Path]:
    """Yield the path of a file that replaces the one at `path` at the end; after an error it is removed.

    Args:
        path: of the complete file.
        ending: of the other's name; with the number of the process where two programs may write.
    """
    part = path.with_name(f"{path.name}{ending}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write the value as indented JSON, atomically.

    Raises:
        TypeError: something in it is no JSON value.
        ValueError: a number is infinite or NaN, which JSON does not know.
    """
    write_atomic(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def file_sha256(path: str | os.PathLike[str] | zipfile.Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal digits; a `zipfile.Path` is a member of an archive."""
    with path.open("rb") if isinstance(path, zipfile.Path) else open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # typeshed lacks readinto


@contextmanager
def open_output(path: Path) -> Iterator[BinaryIO]:
    """Open an output for bytes: a file that appears when it is complete, packed if its suffix is .gz, or ``-``.

    Equal contents make equal files: what is packed has neither time nor name in it. After an error the file that was
    there before stays.
    """
    if os.fspath(path) == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with _half_written(path, ".part") as part, part.open("wb") as raw:
        if path.name.lower().endswith(PACKED_OUTPUT_SUFFIX):
            with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
                yield cast(BinaryIO, packed)
        else:
            yield raw


@contextmanager
def open_text_output(path: Path) -> Iterator[TextIO]:
    """Open an output for text in UTF-8, see `open_output`."""
    with open_output(path) as file:
        text = io.TextIOWrapper(cast(Any, file), encoding="utf-8", newline="\n")
        yield text
        text.detach()  # writes what is left, and leaves the file open
