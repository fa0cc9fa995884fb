"""Articles and results of searches that were fetched, one file each."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from biodir.fetching.identifiers import is_pmcid
from biodir.web.stored import default_folder, made_folder, read_stored, write_stored

# Seconds for which the results of a search are taken from the cache, so that a stopped run resumes with the same.
SEARCH_AGE_S = 24 * 60 * 60.0


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
        return cls(made_folder(made))

    def path(self, identifier: str, full: bool = False) -> Path:
        """Return where an article is, or would be; its two last digits name a folder, so that none is too large."""
        kind = "full" if full or is_pmcid(identifier) else "abstract"
        return self.folder / kind / identifier[-2:] / f"{identifier}.json.gz"

    def article(self, identifier: str, full: bool = False) -> Mapping[str, Any] | None:
        """Return the document of an article, or None."""
        return read_stored(self.path(identifier, full))

    def keep(self, identifier: str, document: Mapping[str, Any], full: bool = False) -> None:
        """Write the document of an article."""
        write_stored(self.path(identifier, full), document)

    def search_page(self, query: str, page: int) -> Mapping[str, Any] | None:
        """Return a page of results that is not older than `SEARCH_AGE_S`, or None."""
        path = self._search_path(query, page)
        try:
            is_old = time.time() - path.stat().st_mtime > SEARCH_AGE_S
        except FileNotFoundError:
            return None
        return None if is_old else read_stored(path)

    def keep_search_page(self, query: str, page: int, results: Mapping[str, Any]) -> None:
        """Write a page of results."""
        write_stored(self._search_path(query, page), results)

    def _search_path(self, query: str, page: int) -> Path:
        return self.folder / "search" / hashlib.sha256(query.encode()).hexdigest()[:16] / f"{page}.json.gz"
