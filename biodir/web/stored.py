"""Files of a cache: packed JSON, each complete or not there."""

import gzip
import json
import os
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from biodir.errors_biodir import SettingError
from biodir.files import write_atomic_bytes

# System -> the variable that names the user's folder for caches (macOS has none), and that folder in the home folder;
# all other systems have those of XDG.
_PLACES = {"win32": ("LOCALAPPDATA", "AppData/Local"), "darwin": ("", "Library/Caches")}


def default_folder() -> Path:
    """Return the folder `biodir` in the user's folder for caches.

    Raises:
        SettingError: no variable names that folder, and the user has no home folder.
    """
    variable, place = _PLACES.get(sys.platform, ("XDG_CACHE_HOME", ".cache"))
    if named := os.environ.get(variable):
        return Path(named) / "biodir"
    try:
        return Path.home() / place / "biodir"
    except RuntimeError as error:  # the user of a container may have none
        raise SettingError("the user has no home folder for the cache; set HOME, or name a folder as cache") from error


def made_folder(folder: Path) -> Path:
    """Return a folder of a cache, which is made if it is not there.

    Raises:
        SettingError: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_writable = os.access(folder, os.W_OK)
    except OSError as error:
        raise SettingError(f"{folder}: cannot be made ({error.strerror}); name another folder as cache") from error
    if not is_writable:
        raise SettingError(f"{folder}: cannot be written to; name another folder as cache")
    return folder


def read_stored(path: Path) -> Mapping[str, Any] | None:
    """Return the mapping in a file; None if it is not there, damaged or something else."""
    try:
        found = json.loads(gzip.decompress(path.read_bytes()))
    except (FileNotFoundError, gzip.BadGzipFile, EOFError, zlib.error, ValueError):
        return None
    return found if isinstance(found, Mapping) else None


def write_stored(path: Path, value: Mapping[str, Any]) -> None:
    """Write the mapping to a file, atomically; its folder is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()  # a half surrogate stays one
    write_atomic_bytes(path, gzip.compress(content, mtime=0))
