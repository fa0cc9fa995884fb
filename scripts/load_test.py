"""Load a server on this machine: several clients, bad requests, a client that stalls and one that goes away.

python scripts/load_test.py [--model MODEL] [--backend BACKEND] [--clients 4] [--requests 250] [--seed 1]

It starts `biodir serve` on a free port. Each client sends requests of 1 to 32 short documents (a size n is chosen with
weight 1/n²), of which 5 % are bad. Every answer is compared with that to the same document by itself: a lost answer, or
one of another request, ends the program with status 1. It prints seconds, processor seconds of the server, documents a
second, latencies and the memory of the server, as JSON.
"""

import argparse
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

MOST_DOCUMENTS, BAD_PART, TOLERANCE = 32, 0.05, 1e-4
SUBJECTS = ("Aspirin", "Gefitinib", "Metformin", "Carbamazepine", "Cisplatin", "Warfarin", "Tamoxifen", "Lithium")
OBJECTS = ("EGFR", "BRCA1", "TP53", "COX2", "HER2", "VEGFA", "PTEN", "KRAS")
VERBS = ("inhibits", "activates", "reduces", "binds")
# Bad request -> the status of its answer.
BAD: tuple[tuple[bytes, int], ...] = (
    (b'{"inputs": ', 400),
    (b'{"inputs": 7}', 400),
    (b'{"inputs": "x", "parameters": {"threshold": 2}}', 422),
    (b'{"inputs": {"text": "x", "entites": []}}', 422),
    (json.dumps({"inputs": ["x"] * 33}).encode(), 413),
)


@dataclass
class Seen:
    """What the clients saw."""

    seconds: list[float] = field(default_factory=list)
    documents: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)


def corpus() -> list[dict[str, Any]]:
    """Return short documents with two marked entities each; no two have the same entities."""
    found = []
    for number, (subject, verb, target) in enumerate((s, v, o) for s in SUBJECTS for v in VERBS for o in OBJECTS):
        text = f"{subject} {verb} {target} in patients of group {number}."
        start = len(subject) + len(verb) + 2
        entities = [
            {"start": 0, "end": len(subject), "type": "ChemicalEntity", "id": f"C{number}"},
            {"start": start, "end": start + len(target), "type": "GeneOrGeneProduct", "id": f"G{number}"},
        ]
        found.append({"id": str(number), "text": text, "entities": entities})
    return found


@contextmanager
def server(arguments: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield address and process number of a server that runs during the block; raise SystemExit if it ends badly."""
    command = [sys.executable, "-m", "biodir", "serve", "--port", "0", "--body-timeout", "20", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    address = None
    for line in process.stderr:
        if address := re.search(r"http://127\.0\.0\.1:\d+", line):
            break
        print(line, end="", file=sys.stderr)
    if address is None:
        raise SystemExit(f"load_test: the server did not start, status {process.wait(60)}")
    drain = threading.Thread(target=lambda stream: [*stream], args=(process.stderr,), daemon=True)
    drain.start()
    try:
        yield address[0], process.pid
    finally:
        process.terminate()
        status = process.wait(60)
    if status:
        raise SystemExit(f"load_test: the server ended with status {status}")


def resources(pid: int) -> tuple[float, float]:
    """Return processor seconds and resident MiB of a process, from Linux's /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def same(found: Any, expected: Any) -> bool:
    """Return whether values are equal, numbers within the tolerance: neighbours in a batch change the order of sums."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return abs(found - expected) < TOLERANCE if isinstance(expected, float) else found == expected


def post(client: httpx.Client, body: bytes) -> httpx.Response:
    """Return the answer; a 429 is sent again after the seconds that it names."""
    while True:
        answer = client.post("/v1/relations", content=body, headers={"Content-Type": "application/json"})
        if answer.status_code != 429:
            return answer
        time.sleep(float(answer.headers["Retry-After"]))


def run_client(url: str, expected: Sequence[tuple[Any, Any]], requests: int, seed: int, seen: Seen) -> None:
    """Send requests one after another and compare their answers."""
    chance = random.Random(seed)
    sizes = range(1, MOST_DOCUMENTS + 1)
    with httpx.Client(base_url=url, timeout=120) as client:
        for number in range(requests):
            if chance.random() < BAD_PART:
                body, status = chance.choice(BAD)
                answer = post(client, body)
                if answer.status_code != status or not all(answer.json().values()):
                    seen.faults.append(f"client {seed}, request {number}: {answer.status_code}, not {status}")
                seen.statuses[answer.status_code] += 1
                continue
            chosen = chance.choices(expected, k=chance.choices(sizes, [1 / size**2 for size in sizes])[0])
            parameters = (
                {"return_all_scores": True} if chance.random() < 0.8 else {"top_k": 1, "return_all_scores": True}
            )
            body = json.dumps({"inputs": [document for document, _ in chosen], "parameters": parameters}).encode()
            started_s = time.monotonic()
            answer = post(client, body)
            seen.seconds.append(time.monotonic() - started_s)
            seen.statuses[answer.status_code] += 1
            seen.documents += len(chosen)
            if answer.status_code != 200 or not same(answer.json(), [result for _, result in chosen]):
                seen.faults.append(f"client {seed}, request {number}: the answer is another ({answer.status_code})")


def run_bad_clients(url: str, done: threading.Event) -> None:
    """Until the end: one client sends half a body and stalls, one goes away while its request waits."""
    host, port = url.removeprefix("http://").split(":")
    head = "POST /v1/relations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
    body = json.dumps({"inputs": [{"text": "Iron.", "entities": []}]}).encode()
    with socket.create_connection((host, int(port))) as stalled:
        stalled.sendall(f"{head}100\r\n\r\n{{".encode())
        while not done.wait(0.5):
            with socket.create_connection((host, int(port))) as gone:
                gone.sendall(f"{head}{len(body)}\r\n\r\n".encode() + body)


def main(arguments: list[str]) -> int:
    """Run the test, print its figures, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model")
    parser.add_argument("--backend")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--requests", type=int, default=250)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    options = [
        part for name in ("model", "backend") if (value := getattr(given, name)) for part in (f"--{name}", value)
    ]
    seen, done = Seen(), threading.Event()
    with server(options) as (url, pid), ThreadPoolExecutor(given.clients + 2) as pool:
        with httpx.Client(base_url=url, timeout=120) as client:
            expected = [(each, post(client, _all_scores(each)).json()) for each in corpus()]
        used_s, before_mib = resources(pid)
        started_s = time.monotonic()
        bad = pool.submit(run_bad_clients, url, done)
        watch = pool.submit(_watch_memory, pid, done, seen)
        clients = [
            pool.submit(run_client, url, expected, given.requests, given.seed + number, seen)
            for number in range(given.clients)
        ]
        for each in clients:
            each.result()
        elapsed_s = time.monotonic() - started_s
        done.set()
        for each in (bad, watch):
            each.result()
        after_s, after_mib = resources(pid)
    print(json.dumps(_figures(seen, elapsed_s, after_s - used_s, [before_mib, after_mib]), indent=2))
    return 1 if seen.faults or sum(seen.statuses.values()) != given.clients * given.requests else 0


def _all_scores(document: Any) -> bytes:
    return json.dumps({"inputs": document, "parameters": {"return_all_scores": True}}).encode()


def _watch_memory(pid: int, done: threading.Event, seen: Seen) -> None:
    while not done.wait(0.5):
        seen.memory_mib.append(resources(pid)[1])


def _figures(seen: Seen, elapsed_s: float, used_s: float, memory_mib: list[float]) -> dict[str, Any]:
    percentiles = statistics.quantiles(seen.seconds, n=100)
    quarter = max(1, len(seen.memory_mib) // 4)
    return {
        "requests": sum(seen.statuses.values()),
        "statuses": dict(sorted(seen.statuses.items())),
        "documents": seen.documents,
        "seconds": round(elapsed_s, 1),
        "processor seconds of the server": round(used_s, 1),
        "documents a second": round(seen.documents / elapsed_s, 1),
        "documents a processor second": round(seen.documents / used_s, 1),
        "latency in ms": {"p50": round(1000 * percentiles[49]), "p99": round(1000 * percentiles[98])},
        "memory of the server in MiB": {
            "before, after": [round(each) for each in memory_mib],
            "mean of each quarter": [
                round(statistics.mean(seen.memory_mib[start : start + quarter]))
                for start in range(0, 4 * quarter, quarter)
                if seen.memory_mib[start : start + quarter]
            ],
        },
        "faults": seen.faults,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
