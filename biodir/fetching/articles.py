"""The articles of many identifiers in order, from the cache and from the service."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biodir.fetching.cache import Cache
from biodir.fetching.identifiers import is_pmcid
from biodir.fetching.pace import Pace
from biodir.fetching.service import (
    ABSTRACTS_A_REQUEST,
    FULL_TEXTS_A_REQUEST,
    PUBTATOR3,
    Service,
)
from biodir.web.answers import check_address

UNKNOWN = "not in PubTator 3"
NOT_REQUESTED = "documents that the service gave without a request"


@dataclass(frozen=True)
class Article:
    """A requested article.

    Args:
        identifier: PMID or id of PubMed Central, as requested.
        content: its document of BioC JSON; None if the service does not give it.
        reason: why there is no content.
        is_new: whether it came from the service, and not from the cache.

    >>> Article("7", None, "not in PubTator 3").is_new
    False
    """

    identifier: str
    content: Mapping[str, Any] | None
    reason: str = ""
    is_new: bool = False


@dataclass(frozen=True)
class Fetcher:
    """Fetches articles that are not in the cache.

    Args:
        service: where they come from.
        cache: where they are kept.
        full: whether full texts are wanted.
        note: called with what the service did otherwise than requested, and how often.

    >>> fetcher = Fetcher.of(url="http://127.0.0.1:9", cache_folder=Path("caches"))
    >>> fetcher.cache.keep("7", {"id": "7", "passages": []})
    >>> [article.content["id"] for article in fetcher.articles(["7"])]
    ['7']
    """

    service: Service
    cache: Cache
    full: bool = False
    note: Callable[[str, int], object] = print

    @classmethod
    def of(
        cls,
        url: str = PUBTATOR3,
        cache_folder: Path | None = None,
        full: bool = False,
        report: Callable[[str], object] = print,
        note: Callable[[str, int], object] = print,
    ) -> "Fetcher":
        """Return the fetcher of a service; see `Service` and `Cache.of_service`."""
        check_address(url)  # before a folder is named after it
        cache = Cache.of_service(url, cache_folder)
        return cls(Service(Pace(cache.folder / "requests.json"), url, report=report), cache, full, note)

    def articles(self, identifiers: Iterable[str]) -> Iterator[Article]:
        """Yield an article for each identifier, in their order; the content of few is in memory at a time.

        Raises:
            ServiceError: the service cannot be reached, refuses a request, or answers nothing; the articles before are
                in the cache.
        """
        window: list[str] = []
        lacking: dict[bool, list[str]] = {False: [], True: []}
        for identifier in identifiers:
            window.append(identifier)
            if not self.cache.path(identifier, self.full).exists():
                by_pmcid = is_pmcid(identifier)
                lacking[by_pmcid].append(identifier)
                if len(lacking[by_pmcid]) == self._batch_size(by_pmcid):
                    yield from self._window(window, lacking)
                    window, lacking = [], {False: [], True: []}
        yield from self._window(window, lacking)

    def _batch_size(self, by_pmcid: bool) -> int:
        return FULL_TEXTS_A_REQUEST if by_pmcid or self.full else ABSTRACTS_A_REQUEST

    def _window(self, window: Sequence[str], lacking: Mapping[bool, Sequence[str]]) -> Iterator[Article]:
        """Yield the articles of a window, after those that lack were fetched."""
        reasons: dict[str, str] = {}
        for batch in lacking.values():
            reasons |= self._fetched(batch)
        for identifier in window:
            content = None
            is_new = identifier in lacking[is_pmcid(identifier)]
            if identifier not in reasons:
                content = self.cache.article(identifier, self.full)
                if content is None:  # its file is damaged
                    reasons |= self._fetched([identifier])
                    content = self.cache.article(identifier, self.full)
                    is_new = True
            yield Article(identifier, content, reasons.get(identifier, ""), is_new and content is not None)

    def _fetched(self, batch: Sequence[str]) -> dict[str, str]:
        """Put the articles of a batch into the cache; return the reasons why some are not there."""
        if not batch:
            return {}
        export = self.service.export(batch, self.full)
        for identifier, document in export.articles.items():
            self.cache.keep(identifier, document, self.full)
        if export.others:
            self.note(NOT_REQUESTED, export.others)
        absent = [identifier for identifier in batch if identifier not in export.articles]
        return {identifier: export.failed.get(identifier, UNKNOWN) for identifier in absent}

    def found(self, query: str, limit: int) -> Iterator[str]:
        """Yield the PMIDs that a search finds, the best first, each once and at most so many.

        Raises:
            ServiceError: as in `articles`.
        """
        seen: set[str] = set()
        page = 1
        while True:
            results = self.cache.search_page(query, page)
            if results is None:
                results = self.service.search_page(query, page)
                self.cache.keep_search_page(query, page, results)
            for pmid in results["pmids"]:
                if pmid not in seen:
                    seen.add(pmid)
                    yield pmid
                if len(seen) == limit:
                    self.note(
                        f"articles that {query!r} finds beyond the first {limit:,}", max(0, results["total"] - limit)
                    )
                    return
            if page >= results["pages"] or not results["pmids"]:
                return
            page += 1
