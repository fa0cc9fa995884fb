"""The service PubTator 3 on loopback: articles and searches, and on demand the faults that services have."""

import gzip
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from helpers.bioc_json import annotation, passage
from helpers.loopback import served

# What the real service answers, with the status 400, if it knows none of the identifiers.
NOTHING_KNOWN = {"detail": "Could not retrieve publications"}
HTML = b"<!DOCTYPE html><html><body>The service is down for maintenance.</body></html>"
PAGE_SIZE = 10


def article(pmid: int | str, pmcid: str | None = None, full: bool = False) -> dict:
    """A hand-written article as the service gives it; a full text has another passage and another id."""
    title, abstract = f"Aspirin {pmid}.", "It helps."
    parts = [
        passage(title, 0, [annotation(identifier="MESH:D001241")], infons={"type": "title"}),
        passage(abstract, len(title) + 1, infons={"type": "abstract"}),
    ]
    if full:
        parts.append(passage("Methods.", len(title) + len(abstract) + 2, infons={"type": "paragraph"}))
    name = pmcid.removeprefix("PMC") if full and pmcid else str(pmid)
    keys = {"pmid": int(pmid), "pmcid": pmcid, "date": "2024-01-02T00:00:00Z", "journal": "J", "authors": ["A B"]}
    return {"_id": f"{name}|{pmcid}", "id": name, "infons": {}, "passages": parts, "relations": [], **keys}


def published_articles(folder: Path) -> list[dict]:
    """The articles of real exports of the service."""
    names = ("pubtator3.37026113_240614.json", "22439397_abstract_240916.json")
    return [each for name in names for each in json.loads((folder / name).read_text("utf-8"))["PubTator3"]]


@dataclass
class Service:
    """The state of the server.

    `articles` are the abstracts by PMID and `full_texts` the full texts by PMC id. `faults` are those of the next
    requests, see `_Handler`; `bad` are identifiers for which every request fails. `times` are those of the requests by
    the clock of the server, and `requests` their path and parameters.
    """

    url: str = ""
    articles: dict[str, dict] = field(default_factory=dict)
    full_texts: dict[str, dict] = field(default_factory=dict)
    found: dict[str, list[str]] = field(default_factory=dict)
    faults: deque[str] = field(default_factory=deque)
    bad: set[str] = field(default_factory=set)
    packs: bool = False
    times: list[float] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    is_stopping: threading.Event = field(default_factory=threading.Event)

    def add(self, *pmids: int | str) -> None:
        """Add hand-written articles."""
        self.articles |= {str(pmid): article(pmid) for pmid in pmids}

    @property
    def batches(self) -> list[list[str]]:
        """The identifiers of each request for articles."""
        asked = (parameters.get("pmids") or parameters.get("pmcids") for _, parameters in self.requests)
        return [each.split(",") for each in asked if each]

    def most_in_a_second(self) -> int:
        """The largest number of requests that came within any second."""
        return max(sum(start <= each < start + 1 for each in self.times) for start in self.times)


@contextmanager
def running_service(*faults: str) -> Iterator[Service]:
    """Yield a service that runs during the block; the first requests have these faults."""
    service = Service(faults=deque(faults))
    with served(_Handler, service=service) as address:
        service.url = f"{address}/api"
        try:
            yield service
        finally:
            service.is_stopping.set()


class _Handler(BaseHTTPRequestHandler):
    service: Service
    protocol_version = "HTTP/1.1"

    def log_message(self, *_) -> None:
        """Print nothing: the tests read `Service.requests`."""

    def do_GET(self) -> None:
        self.service.times.append(time.monotonic())
        parts = urlsplit(self.path)
        parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
        path = parts.path.removeprefix("/api/")
        self.service.requests.append((path, parameters))
        fault, _, detail = (self.service.faults.popleft() if self.service.faults else "").partition(" ")
        if self.service.bad & set(parameters.get("pmids", "").split(",")):
            fault = "502"
        if fault.isdecimal():
            return self._send(b"{}", int(fault), {"Retry-After": detail} if detail else {})
        if fault in ("date", "clock"):  # a date is in two seconds, by the clock of the server, which may be wrong
            now = time.time() - (86400 if fault == "clock" else 0)
            retry = {"Retry-After": formatdate(now + 2, usegmt=True)}
            return self._send(b"{}", 503, {**retry, **({"Date": formatdate(now, usegmt=True)} if detail else {})})
        if fault in ("stall", "close"):
            self.service.is_stopping.wait(20 if fault == "stall" else 0)
            self.close_connection = True
            return None
        status, value = self._search(parameters) if path == "search/" else self._export(path, parameters)
        return self._faulty(fault, json.dumps(value).encode(), status)

    def _faulty(self, fault: str, content: bytes, status: int) -> None:
        """Answer with a fault of the content, or as it is."""
        wrong = {
            "html": HTML,
            "empty": b"",
            "nothing": b'{"PubTator3": []}',
            "detail": b'{"detail": "Internal error"}',
            "others": json.dumps({"PubTator3": [article(99999999), "text"]}).encode(),
            "lines": b"\n".join(json.dumps(each).encode() for each in json.loads(content).get("PubTator3", ())),
            "half": content[: len(content) // 2],
            "latin": content.replace(b"Aspirin", b"Aspirin \xe9"),
        }
        if fault in wrong:
            return self._send(wrong[fault], 200)
        if fault in ("cut", "chunks"):
            return self._cut(content, fault == "chunks")
        if fault == "drip":
            return self._drip(content)
        if fault == "badzip":
            return self._send(gzip.compress(content)[:-12], 200, {"Content-Encoding": "gzip"})
        if self.service.packs:
            assert "gzip" in self.headers["Accept-Encoding"]
            return self._send(gzip.compress(content), status, {"Content-Encoding": "gzip"})
        return self._send(content, status)

    def _export(self, path: str, parameters: dict[str, str]) -> tuple[int, dict]:
        if path == "publications/pmc_export/biocjson":
            given = self.service.full_texts
            found = [given[each] for each in parameters["pmcids"].split(",") if each in given]
        elif path == "publications/export/biocjson":
            given = self.service.articles
            if parameters.get("full") == "true":
                given = given | {str(each["pmid"]): each for each in self.service.full_texts.values()}
            # The service keeps no order.
            found = [given[each] for each in sorted(parameters["pmids"].split(",")) if each in given]
        else:
            return 404, {"detail": "Not Found"}
        return (200, {"PubTator3": found}) if found else (400, NOTHING_KNOWN)

    def _search(self, parameters: dict[str, str]) -> tuple[int, dict]:
        pmids = self.service.found.get(parameters["text"], [])
        page = int(parameters["page"])
        shown = pmids[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        results = [{"_id": each, "pmid": int(each), "title": "T", "score": 1.0} for each in shown]
        pages = -(-len(pmids) // PAGE_SIZE)
        counts = {"page_size": PAGE_SIZE, "current": page, "count": len(pmids), "total_pages": pages}
        return 200, {"results": results, "facets": {}, **counts}

    def _cut(self, content: bytes, in_chunks: bool) -> None:
        self.send_response(200)
        half = content[: len(content) // 2]
        if in_chunks:
            self.send_header("Transfer-Encoding", "chunked")
            half = b"%x\r\n%b\r\n" % (len(half), half)
        else:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(half)
        self.close_connection = True

    def _drip(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            for byte in content:
                self.wfile.write(bytes([byte]))
                if self.service.is_stopping.wait(0.05):
                    return
        except OSError:
            self.close_connection = True

    def _send(self, content: bytes, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
