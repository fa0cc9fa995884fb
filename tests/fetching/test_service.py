"""The service under every fault: what is asked for again, what is left out, what stops the run."""

import time
from pathlib import Path

import pytest

from biodir.errors_biodir import SettingError
from biodir.fetching.pace import Pace
from biodir.fetching.service import Service
from biodir.web.answers import Patience, ServiceError
from helpers.pubtator_service import article, running_service

HASTE = Patience(attempts=3, first_wait_s=0.01)
IMPATIENCE = Patience(attempts=3, first_wait_s=0.01, stall_s=0.5, answer_s=0.7)


@pytest.fixture
def client(tmp_path, monkeypatch):
    """Return a client of a service; it does not keep to the limit of requests."""
    monkeypatch.setattr("biodir.fetching.pace.PERIOD_S", 0.0)
    lines = []

    def make(server, patience: Patience = HASTE) -> Service:
        client = Service(Pace(tmp_path / "requests.json"), server.url, patience, lines.append)
        client.__dict__["lines"] = lines
        return client

    return make


def given(export) -> list[str]:
    assert all(document["passages"] for document in export.articles.values())
    return list(export.articles)


@pytest.mark.parametrize("packs", [False, True])
def test_articles_come_by_their_identifiers(client, packs):
    with running_service() as server:
        server.add(5, 12)
        server.packs = packs
        server.full_texts["PMC77"] = article(5, "PMC77", full=True)
        export = client(server).export(["12", "5", "9"])
        assert (given(export), dict(export.failed), export.others) == (["12", "5"], {}, 0)
        assert len(export.articles["5"]["passages"]) == 2
        full = client(server).export(["12", "5"], full=True)
        assert [len(full.articles[each]["passages"]) for each in ("5", "12")] == [3, 2]
        assert given(client(server).export(["PMC77", "PMC78"])) == ["PMC77"]
    assert [path for path, _ in server.requests] == [
        *["publications/export/biocjson"] * 2,
        "publications/pmc_export/biocjson",
    ]
    assert [given for _, given in server.requests] == [
        {"pmids": "12,5,9"},
        {"pmids": "12,5", "full": "true"},
        {"pmcids": "PMC77,PMC78"},
    ]


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("500", "HTTP 500 (Internal Server Error)"),
        ("502", "HTTP 502 (Bad Gateway)"),
        ("503", "HTTP 503 (Service Unavailable)"),
        ("429", "HTTP 429 (Too Many Requests)"),
        ("408", "HTTP 408 (Request Timeout)"),
        ("stall", "the answer takes too long"),
        ("drip", "the answer takes too long"),
        ("close", "the answer is cut off (RemoteDisconnected)"),
        ("latin", "the answer is not UTF-8"),
        ("cut", "the answer is cut off (IncompleteRead)"),
        ("chunks", "the answer is cut off (IncompleteRead)"),
        ("half", "the answer is cut off or no JSON"),
        ("badzip", "the answer is cut off (error)"),
        ("html", "the answer is a page of HTML or XML, not JSON"),
        ("empty", "the answer is empty"),
        ("detail", "the answer has no documents but \"{'detail': 'Internal error'}\""),
    ],
)
def test_passing_fault_is_reported_and_the_next_attempt_succeeds(client, fault, line):
    with running_service(fault, fault) as server:
        server.add(5)
        asking = client(server, IMPATIENCE if fault in ("stall", "drip") else HASTE)
        assert given(asking.export(["5"])) == ["5"]
    assert server.batches == [["5"]] * 3
    assert [each.startswith(line) for each in asking.lines] == [True, True]
    assert [f"; attempt {number} of 3 in 0.0 s" in each for number, each in enumerate(asking.lines, 2)] == [True, True]


def test_one_value_a_line_is_read(client):
    with running_service("lines") as server:
        server.add(5, 6)
        assert given(client(server).export(["6", "5"])) == ["5", "6"]


def test_identifiers_that_the_service_does_not_know_are_missing_not_failed(client):
    with running_service("", "nothing", "others") as server:
        for _ in range(3):
            export = client(server).export(["5", "6"])
            assert (given(export), dict(export.failed)) == ([], {})
        assert export.others == 2
    assert len(server.requests) == 3, "nothing is asked for again"


def test_article_that_the_service_cannot_give_costs_no_other(client):
    with running_service() as server:
        server.add(*range(1, 21))
        server.bad = {"13"}
        export = client(server).export([str(number) for number in range(1, 21)])
        assert sorted(map(int, given(export))) == [number for number in range(1, 21) if number != 13]
        assert dict(export.failed) == {"13": "HTTP 502 (Bad Gateway)"}
    sizes = [len(batch) for batch in server.batches]
    assert sizes[:3] == [20] * 3
    assert sizes[3:] == [10, 10, 10, 5, 5, 5, 2, 3, 3, 1, 1, 2], "two attempts for each part"


def test_service_that_is_down_stops_the_run_after_some_requests(client):
    with running_service(*["503"] * 100) as server:
        with pytest.raises(ServiceError, match=r"HTTP 503 .*at all attempts; run the same command later, it resumes"):
            client(server).export([str(number) for number in range(1, 101)])
        assert len(server.requests) == 3 + 4 * 2


def test_service_that_is_never_content_stops_the_run_without_halves(client):
    with running_service(*["429"] * 9) as server:
        with pytest.raises(ServiceError, match="HTTP 429"):
            client(server).export(["5", "6"])
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "fix"),
    [("403", "HTTP 403 (Forbidden): {}; the service refuses the request"), ("404", "check the address of the service")],
)
def test_refusal_stops_the_run_at_once(client, status, fix):
    with running_service(status) as server:
        with pytest.raises(ServiceError) as raised:
            client(server).export(["5"])
        assert fix in str(raised.value)
        assert len(server.requests) == 1


def test_address_without_a_service_is_named(client):
    with running_service() as server:
        pass
    asking = client(server)
    with pytest.raises(ServiceError, match="the service cannot be reached"):
        asking.export(["5", "6"])
    assert len(asking.lines) == 2
    patient = client(server, Patience(attempts=8, first_wait_s=0.01))
    with pytest.raises(ServiceError, match="the service cannot be reached"):
        patient.export(["5"])
    assert [line.split("; ")[1].split(" in ")[0] for line in patient.lines[2:]] == [
        f"attempt {n} of 4" for n in (2, 3, 4)
    ]
    with pytest.raises(SettingError, match="'ftp://x' is no address of a service"):
        Service(Pace(Path("x")), "ftp://x")


@pytest.mark.parametrize("fault", ["429 1", "503 0.5", "date", "date +", "clock +"])
def test_service_says_in_seconds_or_as_a_date_when_it_wants_the_next_attempt(client, fault):
    with running_service(fault) as server:
        server.add(5)
        assert given(client(server, Patience(attempts=2, first_wait_s=60)).export(["5"])) == ["5"]
    waited_s = server.times[1] - server.times[0]
    assert (0.4 if "0.5" in fault else 0.9) < waited_s < 20


@pytest.mark.parametrize("fault", ["503 soon", "503 nan", "503 -5", "503 Sun, 99 Foo"])
def test_senseless_retry_after_changes_nothing(client, fault):
    with running_service(fault) as server:
        server.add(5)
        assert given(client(server).export(["5"])) == ["5"]
    assert server.times[1] - server.times[0] < 5


def test_very_long_wait_stops_the_run(client):
    message = "it wants a wait of 7200 s, run the same command after that"
    with running_service("429 7200") as server, pytest.raises(ServiceError, match=message):
        client(server).export(["5"])


def test_search_gives_pages_and_counts(client):
    with running_service("html", "detail") as server:
        server.found["@GENE_BRCA1 & x"] = [str(number) for number in range(1, 24)]
        asking = client(server)
        assert asking.search_page("@GENE_BRCA1 & x", 3) == {"pmids": ["21", "22", "23"], "total": 23, "pages": 3}
        assert asking.search_page("nothing", 1) == {"pmids": [], "total": 0, "pages": 0}
        server.faults.extend(["html"] * 3)
        with pytest.raises(ServiceError, match="a page of HTML or XML, not JSON, at all attempts"):
            asking.search_page("x", 1)


# The limit of requests.


def test_never_more_than_three_requests_in_a_second_by_the_clock_of_the_server(tmp_path):
    with running_service() as server:
        server.add(5)
        start = time.monotonic()
        for _ in range(3):  # as programs that are stopped and started again
            asking = Service(Pace(tmp_path / "requests.json"), server.url)
            for _ in range(3):
                asking.export(["5"])
        elapsed_s = time.monotonic() - start
    assert len(server.times) == 9
    assert server.most_in_a_second() == 3
    assert elapsed_s < 8, "and not much slower than that"


def test_repeated_attempts_keep_to_the_limit(tmp_path):
    with running_service(*["503"] * 6) as server:
        server.add(5)
        patience = Patience(first_wait_s=0)
        Service(Pace(tmp_path / "requests.json"), server.url, patience, lambda line: None).export(["5"])
    assert len(server.times) == 7
    assert server.most_in_a_second() == 3
