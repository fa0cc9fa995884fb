"""Articles in order from cache and service: what is requested, what is kept, and after a stop."""

import os
import signal
import subprocess
import sys
import time

import pytest

from biodir.fetching import articles as articles_module
from biodir.fetching.articles import NOT_REQUESTED, Fetcher
from biodir.web.answers import ServiceError
from helpers.checkout import CHECKOUT
from helpers.pubtator_service import article, running_service


@pytest.fixture
def fetcher(tmp_path, monkeypatch):
    """Return a fetcher of a service, whose cache is kept between calls; it does not keep to the limit of requests."""
    monkeypatch.setattr("biodir.fetching.pace.PERIOD_S", 0.0)

    def make(server, full=False, notes=None) -> Fetcher:
        def note(text, count):
            if notes is not None and count:
                notes.append((text, count))

        return Fetcher.of(server.url, tmp_path / "cache", full, lambda line: None, note)

    return make


def fetched(fetcher, *identifiers) -> list[tuple[str, str, bool]]:
    """Identifier, id of the content or the reason, and whether it is new, of each article."""
    found = fetcher.articles(map(str, identifiers))
    return [(each.identifier, each.content["id"] if each.content else each.reason, each.is_new) for each in found]


def test_articles_come_in_the_order_of_their_identifiers(fetcher):
    with running_service() as server:
        server.add(5, 12, 7)
        server.full_texts["PMC77"] = article(8, "PMC77", full=True)
        expected = [("12", "12"), ("PMC77", "77"), ("9", "not in PubTator 3"), ("5", "5"), ("7", "7")]
        assert fetched(fetcher(server), 12, "PMC77", 9, 5, 7) == [(*each, each[0] != "9") for each in expected]
        assert server.batches == [["12", "9", "5", "7"], ["PMC77"]]
        assert fetched(fetcher(server), 12, "PMC77", 9, 5, 7) == [(*each, False) for each in expected]
        assert server.batches[2:] == [["9"]], "what is missing may be there later"


def test_requests_are_for_a_hundred_abstracts_or_twenty_full_texts_that_are_not_in_the_cache(fetcher):
    with running_service() as server:
        server.add(*range(1, 351))
        assert len(fetched(fetcher(server), *range(1, 51))) == 50
        found = fetched(fetcher(server), *range(1, 351))
        assert [each[0] for each in found] == [str(number) for number in range(1, 351)]
        assert [len(batch) for batch in server.batches] == [50, 100, 100, 100]
        fetched(fetcher(server, full=True), *range(1, 51))
        assert [len(batch) for batch in server.batches[4:]] == [20, 20, 10]


def test_damaged_file_of_the_cache_is_fetched_once_more(fetcher):
    with running_service() as server:
        server.add(5, 6)
        fetching = fetcher(server)
        fetched(fetching, 5, 6)
        fetching.cache.path("5").write_bytes(b"\x1f\x8b")
        assert fetched(fetching, 5, 6) == [("5", "5", True), ("6", "6", False)]
        assert server.batches == [["5", "6"], ["5"]]


def test_documents_without_a_request_are_counted(fetcher):
    notes = []
    with running_service("others") as server:
        server.add(5)
        assert fetched(fetcher(server, notes=notes), 5) == [("5", "not in PubTator 3", False)]
    assert notes == [(NOT_REQUESTED, 2)]


def test_after_a_fault_that_stops_the_run_the_articles_before_are_not_requested_again(fetcher, monkeypatch):
    monkeypatch.setattr(articles_module, "ABSTRACTS_A_REQUEST", 2)
    with running_service("", "403") as server:
        server.add(*range(1, 6))
        with pytest.raises(ServiceError, match="HTTP 403"):
            fetched(fetcher(server), *range(1, 6))
        assert [each[1] for each in fetched(fetcher(server), *range(1, 6))] == ["1", "2", "3", "4", "5"]
    assert server.batches == [["1", "2"], ["3", "4"], ["3", "4"], ["5"]]


PROGRAM = """
import sys
from pathlib import Path
from biodir.fetching import articles
articles.ABSTRACTS_A_REQUEST = 5
fetcher = articles.Fetcher.of(sys.argv[1], Path(sys.argv[2]), report=lambda line: None)
print(sum(1 for each in fetcher.articles(map(str, range(1, 31))) if each.content))
"""


PEAK_PROGRAM = """
import resource, sys
from pathlib import Path
from biodir.fetching import articles, pace
pace.PERIOD_S = 0
fetcher = articles.Fetcher.of(sys.argv[1], Path(sys.argv[2]))
pmids = map(str, range(10000, 10000 + int(sys.argv[3])))
print(sum(1 for each in fetcher.articles(pmids) if each.content), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_program_that_is_killed_again_and_again_requests_no_article_twice_that_it_has(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", PROGRAM]
    with running_service(*["", "stall"] * 4) as server:
        server.add(*range(1, 31))
        arguments = [server.url, str(tmp_path)]
        for requests in (2, 4, 6):
            with subprocess.Popen([*command, *arguments], env=environment) as program:
                while len(server.requests) < requests:
                    assert program.poll() is None
                    time.sleep(0.02)
                program.send_signal(signal.SIGKILL)
        server.faults.clear()
        done = subprocess.run([*command, *arguments], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == "30\n"
    answered = server.batches[0:6:2] + server.batches[6:]
    assert [int(each) for batch in answered for each in batch] == list(range(1, 31))
    assert server.most_in_a_second() == 3
    assert [path for path in tmp_path.rglob("*.part") if path.stat().st_size] == []


def test_memory_does_not_grow_with_the_number_of_articles(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with running_service() as server:
        server.add(*range(10000, 12000))
        peaks_kib = []
        for number in ("200", "2000"):
            command = [sys.executable, "-c", PEAK_PROGRAM, server.url, str(tmp_path / number), number]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            assert done.stdout.split()[0] == number
            peaks_kib.append(int(done.stdout.split()[1]))
    assert peaks_kib[1] - peaks_kib[0] < 4096


# Searches.


def test_search_gives_pmids_up_to_the_limit_and_says_how_many_there_are(fetcher):
    notes = []
    with running_service() as server:
        server.found["EGFR"] = [str(number) for number in range(1, 36)]
        fetching = fetcher(server, notes=notes)
        assert list(fetching.found("EGFR", 100)) == server.found["EGFR"]
        assert list(fetching.found("EGFR", 12)) == server.found["EGFR"][:12]
        assert list(fetching.found("none", 12)) == []
    assert [given["page"] for _, given in server.requests] == ["1", "2", "3", "4", "1"], "pages are in the cache"
    assert notes == [("articles that 'EGFR' finds beyond the first 12", 23)]
