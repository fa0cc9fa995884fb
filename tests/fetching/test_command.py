"""The command `biodir fetch` and `biodir predict --pmids`: files, messages, exit statuses."""

import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from biodir.cli import main
from biodir.fetching.service import Service
from biodir.files import write_atomic_bytes
from biodir.formats.reading import read_documents
from biodir.web.answers import Patience
from helpers.checkout import CHECKOUT
from helpers.pubtator_service import article, published_articles, running_service
from helpers.tiny_checkpoint import save_checkpoint


@pytest.fixture
def fetch(tmp_path, monkeypatch, capfd):
    """Run the command on these arguments; return exit status and what it printed on standard error.

    It does not keep to the limit of requests, and waits little.
    """
    monkeypatch.setattr("biodir.fetching.pace.PERIOD_S", 0.0)
    monkeypatch.setattr("biodir.fetching.articles.Service", partial(Service, patience=Patience(2, first_wait_s=0.01)))
    monkeypatch.setenv("BIODIR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def run(server, *arguments) -> tuple[int, list[str]]:
        status = main(["fetch", "--service", server.url, *map(str, arguments)])
        return status, capfd.readouterr().err.splitlines()

    return run


def test_articles_are_written_and_come_from_the_cache_the_next_time(fetch, tmp_path):
    with running_service() as server:
        server.add(5, 6)
        assert fetch(server, "6", "5", "-o", "a.pubtator") == (0, ["biodir: articles: 2, of these from the cache: 0"])
        assert fetch(server, "6,5", "-o", "a.json.gz") == (0, ["biodir: articles: 2, of these from the cache: 2"])
        assert len(server.requests) == 1
    assert [each.id for each in read_documents("a.pubtator")] == ["6", "5"]
    collection = json.loads(gzip.decompress((tmp_path / "a.json.gz").read_bytes()))
    assert collection == {"PubTator3": [article(6), article(5)]}


def test_missing_articles_are_named_listed_and_change_the_exit_status(fetch, tmp_path):
    with running_service() as server:
        server.add(5)
        server.bad = {"8"}
        status, lines = fetch(server, "5", "7", "8", "-o", "a.jsonl")
        assert status == 3
        shown = [line for line in lines if "attempt" not in line]
        assert shown == [
            "biodir: not in PubTator 3: 7",
            "biodir: HTTP 502 (Bad Gateway): 8",
            "biodir: the missing articles are listed in a.jsonl.missing.txt",
            "biodir: articles: 1, of these from the cache: 0, missing: 2",
        ]
        assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 1
        server.bad = set()
        server.add(7, 8)
        status, lines = fetch(server, "--pmids-file", "a.jsonl.missing.txt", "-o", "b.jsonl")
        assert (status, lines) == (0, ["biodir: articles: 2, of these from the cache: 0"])


def test_a_list_of_missing_articles_cannot_replace_the_output_that_it_is_of(fetch, tmp_path):
    with running_service() as server:
        server.add(5)
        fetch(server, "5", "7", "-o", "a.jsonl")
        before = {path: path.read_bytes() for path in tmp_path.glob("a.*")}
        status, lines = fetch(server, "--pmids-file", "a.jsonl.missing.txt", "-o", "a.jsonl")
    assert (status, lines) == (1, ["biodir: error: a.jsonl.missing.txt is an input as well; write to another file"])
    assert {path: path.read_bytes() for path in tmp_path.glob("a.*")} == before


def test_standard_output_has_the_documents_and_nothing_else(fetch, capfd, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"5\n9\n")))
    with running_service() as server:
        server.add(5)
        assert main(["fetch", "--service", server.url, "--pmids-file", "-", "-o", "-"]) == 3
        captured = capfd.readouterr()
        assert captured.out.startswith("5|t|Aspirin 5.\n5|a|It helps.\n5\t0\t7\tAspirin\tChemical\tMESH:D001241\n")
        assert main(["fetch", "--service", server.url, "5", "-o", "-", "--format", "jsonl"]) == 0
        assert json.loads(capfd.readouterr().out) == article(5)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"], "no list of what is missing"


def test_searches_of_a_file_give_each_article_once(fetch, tmp_path):
    (tmp_path / "queries.txt").write_text("# mine\nEGFR\n\n@GENE_BRCA1 AND cancer\n")
    with running_service() as server:
        server.add(*range(1, 40))
        server.found = {
            "EGFR": [str(number) for number in range(1, 16)],
            "@GENE_BRCA1 AND cancer": [str(number) for number in range(10, 40)],
        }
        status, lines = fetch(server, "--query-file", "queries.txt", "--limit", "12", "-o", "a.json")
    assert status == 0
    assert lines == [
        "biodir: queries.txt:2: 'EGFR' finds 12 more articles",
        "biodir: queries.txt:4: '@GENE_BRCA1 AND cancer' finds 9 more articles",
        "biodir: articles: 21, of these from the cache: 0",
        "biodir: articles that 'EGFR' finds beyond the first 12: 3",
        "biodir: articles that '@GENE_BRCA1 AND cancer' finds beyond the first 12: 18",
    ]
    assert [each.id for each in read_documents("a.json")] == [str(number) for number in range(1, 22)]


def test_full_texts_and_those_of_pubmed_central(fetch):
    with running_service() as server:
        server.add(5, 6)
        server.full_texts["PMC77"] = article(5, "PMC77", full=True)
        assert fetch(server, "5", "6", "PMC77", "--full", "-o", "a.pubtator")[0] == 0
    found = [(each.id, "Methods." in each.text) for each in read_documents("a.pubtator")]
    assert found == [("5", True), ("6", False), ("5", True)]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["-o", "a.json"], 2, "name PMIDs, or give --pmids-file or --query-file"),
        (["5", "--query-file", "q.txt", "-o", "a.json"], 2, "--PMID and --query-file: give one of them"),
        (["5", "x", "5", "-o", "a.json"], 1, "biodir: error: PMID 2: 'x' is no PMID; a PMID has 1 to 8 digits"),
        (["5", "5", "-o", "a.json"], 1, "biodir: error: PMID 2: 5 is PMID 1 as well; remove one of them"),
        (["5", "-o", "a.xml"], 1, "biodir: error: a.xml: unknown suffix '.xml'"),
        (["5", "-o", "none/a.json"], 1, "none/a.json: cannot be written (none is no folder)"),
        (["--pmids-file", "none.txt", "-o", "a.json"], 1, "none.txt: there is no such file"),
        (["--query-file", "empty.txt", "-o", "a.json"], 1, "empty.txt: holds no search; write one a line"),
        (["--pmids-file", "empty.txt", "-o", "a.json"], 1, "there are no PMIDs to fetch"),
        (["5", "-o", "a.json", "--service", "localhost"], 1, "'localhost' is no address of a service"),
        (["5", "-o", "a.json", "--cache", "empty.txt"], 1, "cannot be made"),
        (["5", "-o", "a.json", "--limit", "0"], 2, "--limit"),
    ],
)
def test_wrong_arguments_are_refused_before_any_request(fetch, arguments, status, message, tmp_path):
    (tmp_path / "empty.txt").write_text("# nothing\n\n")
    (tmp_path / "q.txt").write_text("EGFR\n")
    with running_service() as server:
        found, lines = fetch(server, *arguments)
    assert found == status
    assert message in " ".join(" ".join(lines).replace("\u2502", "").split())
    assert server.requests == []


def test_service_that_refuses_leaves_no_output_and_status_1(fetch, tmp_path):
    with running_service("403") as server:
        status, lines = fetch(server, "5", "-o", "a.json")
    assert (status, len(lines)) == (1, 1)
    assert re.fullmatch(r"biodir: error: http://\S+: HTTP 403 \(Forbidden\): \{\}; the service refuses .*", lines[0])
    assert not list(tmp_path.glob("a.json*"))


def test_full_disk_ends_in_a_message_and_the_next_run_has_what_was_kept(fetch, tmp_path, monkeypatch):
    writes = []

    def write(path, content):
        writes.append(path)
        if len(writes) == 3:
            raise OSError(28, "No space left on device")
        write_atomic_bytes(path, content)

    with running_service() as server:
        server.add(5, 6, 7)
        with monkeypatch.context() as full_disk:
            full_disk.setattr("biodir.web.stored.write_atomic_bytes", write)
            status, lines = fetch(server, "5", "6", "7", "-o", "a.json")
        assert (status, lines) == (1, ["biodir: error: [Errno 28] No space left on device"])
        assert fetch(server, "5", "6", "7", "-o", "a.json")[0] == 0
    assert server.batches == [["5", "6", "7"], ["7"]]


def test_progress_bar_shows_articles_and_time_left(fetch, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", Terminal())
    with running_service() as server:
        server.add(*range(1, 251))
        main(["fetch", "--service", server.url, *map(str, range(1, 251)), "-o", "a.jsonl"])
        shown = sys.stderr.getvalue()
    assert re.search(r"100%\|[█#]+\| 250/250 \[\d\d:\d\d<\d\d:\d\d, +[\d.]+ articles/s\]", shown)


def test_command_that_is_killed_resumes_to_the_same_file(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "BIODIR_CACHE": str(tmp_path / "cache")}
    (tmp_path / "pmids.txt").write_text("\n".join(map(str, range(1000, 1350))))
    with running_service("", "", "stall") as server:
        server.add(*range(1000, 1350))
        command = [sys.executable, "-m", "biodir", "fetch", "--service", server.url, "--pmids-file", "pmids.txt"]
        killed = subprocess.Popen([*command, "-o", "a.jsonl.gz"], env=environment, cwd=tmp_path)
        while len(server.requests) < 3:
            assert killed.poll() is None
            time.sleep(0.02)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert not (tmp_path / "a.jsonl.gz").exists()
        done = subprocess.run([*command, "-o", "a.jsonl.gz"], env=environment, cwd=tmp_path, capture_output=True)
        assert done.stderr.decode() == "biodir: articles: 350, of these from the cache: 200\n"
        assert [len(batch) for batch in server.batches] == [100, 100, 100, 100, 50]
        subprocess.run([*command, "-o", "b.jsonl.gz", "--cache", "other"], env=environment, cwd=tmp_path, check=True)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert sorted(each.name for each in tmp_path.glob("*.gz*")) == ["a.jsonl.gz", "b.jsonl.gz"]


# `biodir predict --pmids`.


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return str(save_checkpoint(tmp_path_factory.mktemp("command")))


def predicted(text: str) -> list[tuple[str, int]]:
    return [(each["id"], len(each["relations"])) for each in map(json.loads, text.splitlines())]


def test_predict_fetches_articles_and_predicts_them_after_the_files(fetch, checkpoint, tmp_path, monkeypatch, capfd):
    (tmp_path / "in.pubtator").write_text("1|t|Iron binds EGFR.\n1|a|x\n1\t0\t4\tIron\tChemical\tD1\n")
    options = ["--model", checkpoint, "--device", "cpu"]
    with running_service() as server:
        monkeypatch.setenv("BIODIR_SERVICE", server.url)
        server.add(5, 6)
        assert main(["predict", "in.pubtator", "--pmids", "6,5", "-o", "a.jsonl", *options]) == 0
        assert [each for each, _ in predicted((tmp_path / "a.jsonl").read_text())] == ["1", "6", "5"]
        capfd.readouterr()
        assert main(["predict", "--pmids", "6,7", "--format", "jsonl", *options]) == 3
        captured = capfd.readouterr()
        assert [each for each, _ in predicted(captured.out)] == ["6"]
        lines = captured.err.splitlines()
        assert lines[0] == "biodir: left out a document: article 7: not in PubTator 3"
        assert "biodir: left out: 1 document (not in PubTator 3)" in lines
        assert main(["predict", "--pmids", "6,7", "-o", "b.jsonl", *options]) == 3
        (rejected,) = map(json.loads, (tmp_path / "b.jsonl.rejected.jsonl").read_text().splitlines())
        assert (rejected["what"], rejected["message"]) == ("document", "article 7: not in PubTator 3")
        assert main(["predict", "--pmids", "6,7", "-o", "c.jsonl", "--strict", *options]) == 1
        assert "biodir: error: article 7: not in PubTator 3" in capfd.readouterr().err
        assert not (tmp_path / "c.jsonl").exists()
        assert main(["predict", "--pmids", "6;x", *options]) == 1
        assert "biodir: error: --pmids 2: 'x' is no PMID" in capfd.readouterr().err
        assert main(["predict", *options]) == 2
    assert server.batches == [["6", "5"], ["7"], ["7"], ["7"]]


@pytest.mark.corpus
def test_predict_of_fetched_articles_is_that_of_their_files(fetch, checkpoint, data_dir, tmp_path, monkeypatch):
    options = ["--model", checkpoint, "--device", "cpu", "--errors", "skip-mention"]
    with running_service() as server:
        monkeypatch.setenv("BIODIR_SERVICE", server.url)
        server.articles = {each["id"]: each for each in published_articles(data_dir / "pubtator3")}
        assert main(["predict", "--pmids", ",".join(server.articles), "-o", "a.jsonl", *options]) == 0
    files = ["pubtator3.37026113_240614.json", "22439397_abstract_240916.json"]
    assert main(["predict", *(str(data_dir / "pubtator3" / name) for name in files), "-o", "b.jsonl", *options]) == 0
    assert (tmp_path / "a.jsonl").read_text() == (tmp_path / "b.jsonl").read_text()
    assert all(count > 0 for _, count in predicted((tmp_path / "a.jsonl").read_text()))
