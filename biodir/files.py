"""Small things about files: checks, opening, atomic writes and hashes. Needs the standard library only."""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from biodir.errors_biodir import ParseError, SettingError


def open_input(path: str | os.PathLike[str]) -> BinaryIO:
    """Return the file, open for reading bytes.

    Raises:
        ParseError: it cannot be opened.
    """
    try:
        return open(path, "rb")
    except OSError as error:
        raise ParseError(f"{os.fspath(path)}: cannot be read ({error.strerror}); check the path") from error


def check_paths(inputs: Iterable[Path], outputs: Iterable[Path] = ()) -> None:
    """Check before anything is computed that the inputs can be read and the outputs written.

    Raises:
        SettingError: an input is no file; an output is also an input, or a folder, or in a folder that does not exist.
    """
    read = set()
    for path in inputs:
        if not path.is_file():
            problem = "is a folder; name the files in it" if path.is_dir() else "there is no such file; check the path"
            raise SettingError(f"{path}: {problem}")
        read.add(path.resolve())
    for path in outputs:
        if path.resolve() in read:
            raise SettingError(f"{path} is an input as well; write to another file")
        if path.is_dir() or not path.parent.is_dir():
            problem = "it is a folder" if path.is_dir() else f"{path.parent} is no folder"
            raise SettingError(f"{path}: cannot be written ({problem}); name another file")


def write_atomic(path: Path, text: str) -> None:
    """Write the text in UTF-8 atomically: a reader finds the old file, or none, but never a part of the new one."""
    content = text.encode("utf-8")  # a text that UTF-8 cannot hold fails before there is a file
    half_written = path.with_name(f"{path.name}.{os.getpid()}.part")  # named by process, in case two programs write
    try:
        half_written.write_bytes(content)
        os.replace(half_written, path)
    finally:
        half_written.unlink(missing_ok=True)


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
