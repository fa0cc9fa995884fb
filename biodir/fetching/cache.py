"""Articles and results of searches that were fetched, one file each."""

import gzip
import hashlib
import json
import os
import sys
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from biodir.errors_biodir import SettingError
from biodir.fetching.identifiers import is_pmcid
from biodir.files import write_atomic_bytes

# Seconds for which the results of a search are taken from the cache, so that a stopped run resumes with the same.
SEARCH_AGE_S = 24 * 60 * 60.0


def default_folder() -> Path:
    """Return the folder `biodir` in the user's folder for caches."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local") / "biodir"
    if sys.platform == "darwin":
        return home / "Library/Caches/biodir"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "biodir"


@dataclass(frozen=True)
class Cache:
    """A folder of a service in which each article is a packed file of BioC JSON.

    A file appears complete or not at all, whenever a program is stopped. A damaged file counts as none.

    Args:
        folder: of this service only, since another one may annotate otherwise.

    >>> cache = Cache.of_service("https://example.org/api", Path("caches"))
    >>> cache.keep("12345", {"id": "12345", "passages": []})
    >>> cache.article("12345")
    {'id': '12345', 'passages': []}
    >>> cache.path("12345").relative_to(cache.folder).as_posix()
    'abstract/45/12345.json.gz'
    """

    folder: Path

    @classmethod
    def of_service(cls, url: str, folder: Path | None = None) -> "Cache":
        """Return the cache of a service, and make its folder.

        Raises:
            SettingError: the folder cannot be made or written to.
        """
        folder = folder or default_folder()
        url = url.rstrip("/")
        made = folder / f"{urlsplit(url).hostname}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
        try:
            made.mkdir(parents=True, exist_ok=True)
            is_writable = os.access(made, os.W_OK)
        except OSError as error:
            raise SettingError(f"{made}: cannot be made ({error.strerror}); name another folder as cache") from error
        if not is_writable:
            raise SettingError(f"{made}: cannot be written to; name another folder as cache")
        return cls(made)

    def path(self, identifier: str, full: bool = False) -> Path:
        """Return where an article is, or would be; its two last digits name a folder, so that none is too large."""
        kind = "full" if full or is_pmcid(identifier) else "abstract"
        return self.folder / kind / identifier[-2:] / f"{identifier}.json.gz"

    def article(self, identifier: str, full: bool = False) -> Mapping[str, Any] | None:
        """Return the document of an article, or None."""
        found = _read(self.path(identifier, full))
        return found if isinstance(found, Mapping) else None

    def keep(self, identifier: str, document: Mapping[str, Any], full: bool = False) -> None:
        """Write the document of an article."""
        _write(self.path(identifier, full), document)

    def search_page(self, query: str, page: int) -> Mapping[str, Any] | None:
        """Return a page of results that is not older than `SEARCH_AGE_S`, or None."""
        path = self._search_path(query, page)
        try:
            is_old = time.time() - path.stat().st_mtime > SEARCH_AGE_S
        except FileNotFoundError:
            return None
        found = None if is_old else _read(path)
        return found if isinstance(found, Mapping) else None

    def keep_search_page(self, query: str, page: int, results: Mapping[str, Any]) -> None:
        """Write a page of results."""
        _write(self._search_path(query, page), results)

    def _search_path(self, query: str, page: int) -> Path:
        return self.folder / "search" / hashlib.sha256(query.encode()).hexdigest()[:16] / f"{page}.json.gz"


def _read(path: Path) -> Any:
    try:
        return json.loads(gzip.decompress(path.read_bytes()))
    except (FileNotFoundError, gzip.BadGzipFile, EOFError, zlib.error, ValueError):
        return None


def _write(path: Path, value: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()  # a half surrogate stays one
    write_atomic_bytes(path, gzip.compress(content, mtime=0))
