"""The addresses of PubTator 3: articles by identifier and searches, each asked for until it is answered."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any
from urllib.parse import urlencode

from biodir.document_json_biodir import documents_of
from biodir.fetching.answers import json_answer
from biodir.fetching.identifiers import is_pmcid
from biodir.fetching.pace import Pace
from biodir.web.answers import PassingFault, Patience, check_address
from biodir.web.attempts import down, repeated

# https://www.ncbi.nlm.nih.gov/research/pubtator3/api
PUBTATOR3 = "https://www.ncbi.nlm.nih.gov/research/pubtator3-api"
# Identifiers in one request. A hundred full texts are some hundred megabytes of JSON, and one with its Python objects
# would need gigabytes.
ABSTRACTS_A_REQUEST = 100
FULL_TEXTS_A_REQUEST = 20
# Attempts for a part of what failed as one request.
_ATTEMPTS_FOR_PARTS = 2
# Requests that fail one after another, after which the service is taken to be down. One article that it cannot answer
# makes the requests for all, for a half and for a quarter of them fail.
_FAILURES_IN_A_ROW = 5


@dataclass(frozen=True)
class Export:
    """What the service gave for some identifiers; those in neither mapping it does not know.

    Args:
        articles: identifier -> document of BioC JSON.
        failed: identifier -> the fault of a request for this article only.
        others: documents that were not requested, which are left out.

    >>> Export({"7": {"id": "7", "passages": []}}, {}, others=0).failed
    {}
    """

    articles: Mapping[str, Mapping[str, Any]]
    failed: Mapping[str, str]
    others: int = 0


@dataclass(frozen=True)
class Service:
    """PubTator 3, or a service that answers as it does.

    Args:
        pace: keeps to the limit of requests.
        url: the address before `/publications` and `/search`.
        patience: how long and how often it is tried.
        report: called with a line for each wait.

    Raises:
        SettingError: the address is none of the web.

    >>> from pathlib import Path
    >>> Service(Pace(Path("times.json")), "localhost")
    Traceback (most recent call last):
    biodir.errors_biodir.SettingError: 'localhost' is no address of a service; write one as https://...
    """

    pace: Pace
    url: str = PUBTATOR3
    patience: Patience = field(default_factory=Patience)
    report: Callable[[str], object] = print
    _answered: Event = field(default_factory=Event, init=False, repr=False, compare=False)  # set by the first answer

    def __post_init__(self) -> None:
        check_address(self.url)

    def export(self, identifiers: Sequence[str], full: bool = False) -> Export:
        """Return the annotated articles.

        If the service answers with an error, too late or not completely, even after all attempts, the identifiers are
        requested in two halves and so on: one article that it cannot give costs no other.

        Args:
            identifiers: PMIDs, or ids of PubMed Central, not both; at most `ABSTRACTS_A_REQUEST`.
            full: whether full texts are wanted; an article without one is its abstract. Those of PubMed Central
                always are full texts.

        Raises:
            ServiceError: the service cannot be reached, refuses the request, or answers nothing.
        """
        articles: dict[str, Mapping[str, Any]] = {}
        failed: dict[str, str] = {}
        others = failures = 0
        attempts = self.patience.attempts
        pending = deque([list(identifiers)])
        while pending:
            batch = pending.popleft()
            try:
                found, number = self._batch(batch, full, attempts)
            except PassingFault as fault:
                failures += 1
                if not fault.may_be_of_content or failures == _FAILURES_IN_A_ROW:
                    raise down(self.url, fault) from fault
                attempts = min(attempts, _ATTEMPTS_FOR_PARTS)
                if len(batch) == 1:
                    failed[batch[0]] = str(fault)
                else:
                    middle = len(batch) // 2
                    pending.extend([batch[:middle], batch[middle:]])
                continue
            failures = 0
            articles |= found
            others += number
        return Export(articles, failed, others)

    def _batch(self, batch: Sequence[str], full: bool, attempts: int) -> tuple[dict[str, Any], int]:
        """Return the articles of one request, and the number of documents that were not requested."""
        if is_pmcid(batch[0]):
            path, parameters = "publications/pmc_export/biocjson", {"pmcids": ",".join(batch)}
        else:
            path, parameters = "publications/export/biocjson", {"pmids": ",".join(batch)}
            parameters |= {"full": "true"} if full else {}
        wanted, found, others = set(batch), dict[str, Any](), 0
        for document in documents_of(self._asked(path, parameters, attempts, _check_export)):
            name = _name(document, is_pmcid(batch[0]))
            if name in wanted:
                found.setdefault(name, document)
            else:
                others += 1
        return found, others

    def search_page(self, query: str, page: int) -> dict[str, Any]:
        """Return a page of the results of a search.

        Args:
            query: words, entities (`@CHEMICAL_remdesivir`) or relations (`relations:ANY|@GENE_JAK1|DISEASE`).
            page: from 1.

        Returns:
            ``{"pmids": list of str, "total": number of all results, "pages": number of pages}``.

        Raises:
            ServiceError: the service cannot be reached, refuses the request, or gives no answer.
        """
        try:
            answer = self._asked("search/", {"text": query, "page": str(page)}, self.patience.attempts, _check_search)
        except PassingFault as fault:
            raise down(self.url, fault) from fault
        (found,) = answer or [{"results": []}]
        pmids = [str(each["pmid"]) for each in found["results"] if isinstance(each, Mapping) and each.get("pmid")]
        return {"pmids": pmids, "total": found.get("count", len(pmids)), "pages": found.get("total_pages", page)}

    def _asked(
        self, path: str, parameters: Mapping[str, str], attempts: int, check: Callable[[list[Any]], None]
    ) -> list[Any]:
        """Return the values of an answer that passes the check; after the last attempt raise its PassingFault."""
        url = f"{self.url.rstrip('/')}/{path}?{urlencode(parameters, safe=',')}"

        def request() -> list[Any]:
            with self.pace.request():
                values = json_answer(url, self.patience)
            check(values)
            self._answered.set()
            return values

        return repeated(request, self.url, self.patience, attempts, self._answered.is_set, self.report)


def _check_export(values: list[Any]) -> None:
    for value in values:
        is_one = isinstance(value, Mapping) and ("passages" in value or isinstance(value.get("PubTator3"), list))
        if not is_one and not isinstance(value, list):
            raise PassingFault(f"the answer has no documents but {str(value)[:80]!r}")


def _check_search(values: list[Any]) -> None:
    if len(values) > 1 or not all(
        isinstance(each, Mapping) and isinstance(each.get("results"), list) for each in values
    ):
        raise PassingFault(f"the answer has no results but {str(values)[:80]!r}")


def _name(document: Any, by_pmcid: bool) -> str:
    """Return the PMID of a document of the service, or its id in PubMed Central.

    A full text has its number there, without "PMC", as its id, and both under their own keys.
    """
    if not isinstance(document, Mapping):
        return ""
    if by_pmcid:
        return str(document.get("pmcid") or f"PMC{document.get('id')}")
    return str(document.get("pmid") or document.get("id"))
