"""The server on a real socket: answers, errors, a full queue, clients that stall or go, and the end."""

import io
import json
import logging
import random
import socket
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

import biodir
from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from biodir.serving.app import ServerSettings, make_app
from biodir.serving.handler import Limits, RequestHandler
from biodir.serving.logs import use_json_logs
from helpers.marked import marked_document
from helpers.running_server import GatedPipeline, running, wait_for
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

DOCUMENT = marked_document("<C:D1 Aspirin> cures <D:D2 pain>. The <G:3 gene> causes <D:D2 pain>.", id="7").to_dict()
OTHER = marked_document("<C:D3 Iron> raises <G:4 EGFR>.", id="8").to_dict()
TEXT = "Aspirin and the drug; gene, disease."
SECRET = "Zyxoprim"


@pytest.fixture(scope="module")
def pipe(tmp_path_factory):
    return open_pipeline(
        save_checkpoint(tmp_path_factory.mktemp("served"), tagger_labels=bio_labels(ENTITY_TYPES), none_bias=-1000.0)
    )


@pytest.fixture(scope="module")
def client(pipe):
    settings = ServerSettings(most_bytes=20_000, body_timeout_s=0.5)
    limits = Limits(documents=3, characters=2_000, mentions=40)
    with running(make_app(RequestHandler(pipe, limits), settings, "tiny")) as (client, _):
        yield client


@pytest.fixture
def gated(pipe):
    """A pipeline whose gate is open after the test, whatever comes."""
    gated = GatedPipeline(pipe)
    yield gated
    gated.gate.set()


@pytest.fixture
def few(gated):
    """Client and server over the gated pipeline; two requests may wait."""
    with running(make_app(RequestHandler(gated, Limits()), ServerSettings(most_waiting=2))) as pair:
        yield pair
        gated.gate.set()


@pytest.fixture
def threads():
    with ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.fixture
def logged():
    """The stream of all logs, which are as they were after the test."""
    names = ("", "biodir", "biodir.serving", "uvicorn", *logging.root.manager.loggerDict)
    kept = [(logging.getLogger(name), logging.getLogger(name).handlers[:]) for name in names]
    states = [(logger, logger.level, logger.propagate) for logger, _ in kept]
    stream = io.StringIO()
    use_json_logs(stream)
    yield stream
    logging.captureWarnings(False)
    for logger, handlers in kept:
        logger.handlers[:] = handlers
    for logger, level, propagate in states:
        logger.setLevel(level)
        logger.propagate = propagate


def same(value, other) -> bool:
    """Whether the values are equal, numbers to 1e-5: neighbours in a batch change the order of sums."""
    if isinstance(value, dict):
        return value.keys() == other.keys() and all(same(value[key], other[key]) for key in value)
    if isinstance(value, list):
        return len(value) == len(other) and all(map(same, value, other))
    return abs(value - other) < 1e-5 if isinstance(value, float) else value == other


def waiting(client) -> int:
    return client.get("/health").json()["waiting"]


@pytest.mark.parametrize(
    ("inputs", "parameters"),
    [
        (DOCUMENT, {}),
        ([DOCUMENT, OTHER, {**OTHER, "entities": []}], {"return_all_scores": True}),
        ([], {}),
        (TEXT, {"return_entities": True, "top_k": 2}),
        ("7|t|Iron\n7|a|EGFR\n7\t0\t4\tIron\tChemical\tD3\n7\t5\t9\tEGFR\tGene\t4\n", {"threshold": 0.0}),
    ],
)
def test_answers_are_those_of_the_pipeline(client, pipe, inputs, parameters):
    answer = client.post("/v1/relations", json={"inputs": inputs, "parameters": parameters})
    assert answer.status_code == 200
    assert same(answer.json(), pipe(inputs, **parameters))
    assert len(answer.headers["x-request-id"]) == 32


def test_texts_are_taken_as_they_are_and_answered_with_their_entities(client, pipe):
    expected = pipe({"text": TEXT}, return_entities=True)
    assert len(expected["entities"]) > 1
    assert same(client.post("/v1/text", json={"inputs": TEXT}).json(), expected)
    assert same(client.post("/v1/text", json={"inputs": [TEXT, TEXT]}).json(), [expected, expected])
    plain = client.post("/v1/text", content=TEXT.encode(), headers={"Content-Type": "text/plain; charset=utf-8"})
    assert same(plain.json(), expected)
    marked = client.post("/v1/text", content=b"\xef\xbb\xbf" + TEXT.encode(), headers={"Content-Type": "text/plain"})
    assert same(marked.json(), expected), "a byte order mark is no part of the text"
    only = client.post("/v1/text", json={"inputs": TEXT, "parameters": {"return_entities": False}})
    assert same(only.json(), expected["relations"])
    pubtator = "1|t|Iron\n1|a|EGFR"  # a text here, although it looks like PubTator
    found = client.post("/v1/text", json={"inputs": pubtator}).json()
    assert same(found, pipe({"text": pubtator}, return_entities=True))


def test_concurrent_requests_get_their_own_answers(client, pipe, threads):
    generator = random.Random(5)
    documents = [
        marked_document(f"<C:C{n} Iron{n}> raises <G:{n} Gene{n}> and <D:D{n} pain>.", id=str(n)).to_dict()
        for n in range(40)
    ]
    chosen = [generator.sample(documents, generator.randint(1, 3)) for _ in range(60)]
    parameters = [generator.choice([{}, {"top_k": 1}]) for _ in chosen]

    def send(inputs, given):
        return client.post("/v1/relations", json={"inputs": inputs, "parameters": given})

    answers = list(threads.map(send, chosen, parameters))
    for answer, inputs, given in zip(answers, chosen, parameters, strict=True):
        assert same(answer.json(), pipe(inputs, **given))


def test_what_waits_goes_through_the_model_together(few, gated, threads):
    client, _ = few
    running_one = threads.submit(client.post, "/v1/relations", json={"inputs": OTHER})
    wait_for(lambda: gated.calls)
    both = [threads.submit(client.post, "/v1/relations", json={"inputs": each}) for each in (DOCUMENT, OTHER)]
    wait_for(lambda: waiting(client) == 2)
    gated.gate.set()
    assert [each.result().status_code for each in (running_one, *both)] == [200, 200, 200]
    assert sorted(map(len, gated.calls)) == [1, 2]
    assert len(both[0].result().json()) == 3
    assert len(both[1].result().json()) == 1


def test_full_queue_is_a_429_that_says_when_to_come_back(few, gated, threads):
    client, _ = few
    sent = [threads.submit(client.post, "/v1/relations", json={"inputs": OTHER})]
    wait_for(lambda: gated.calls)
    sent += [threads.submit(client.post, "/v1/relations", json={"inputs": OTHER}) for _ in range(2)]
    wait_for(lambda: waiting(client) == 2)
    refused = client.post("/v1/relations", json={"inputs": OTHER})
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    error = {"status": 429, "field": "server", "message": "2 requests wait already"}
    assert refused.json() | {"fix": ""} == {**error, "fix": ""}
    gated.gate.set()
    assert [each.result().status_code for each in sent] == [200, 200, 200]
    assert client.post("/v1/relations", json={"inputs": OTHER}).status_code == 200


def address_of(client) -> tuple[str, int]:
    return client.base_url.host, client.base_url.port


def head(path: str, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def test_client_that_stalls_blocks_nobody_and_is_sent_away(client):
    with socket.create_connection(address_of(client)) as stalled:
        stalled.sendall(head("/v1/relations", 100) + b'{"inputs"')
        assert client.post("/v1/relations", json={"inputs": OTHER}).status_code == 200
        answer = b""
        while part := stalled.recv(4096):
            answer += part
    status, _, body = answer.partition(b"\r\n")[0], *answer.partition(b"\r\n\r\n")[1:]
    assert status.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["message"] == "the body did not arrive in 0.5 s; 9 bytes of it did"


def test_client_that_goes_while_its_request_waits_costs_nothing(few, gated, threads):
    client, _ = few
    first = threads.submit(client.post, "/v1/relations", json={"inputs": OTHER})
    wait_for(lambda: gated.calls)
    body = json.dumps({"inputs": {"text": SECRET, "entities": []}}).encode()
    with socket.create_connection(address_of(client)) as gone:
        gone.sendall(head("/v1/relations", len(body)) + body)
        wait_for(lambda: waiting(client) == 1)
    wait_for(lambda: waiting(client) == 0)
    gated.gate.set()
    assert first.result().status_code == 200
    assert client.post("/v1/relations", json={"inputs": DOCUMENT}).status_code == 200
    assert gated.calls == [[OTHER["text"]], [DOCUMENT["text"]]]
    assert 'biodir_requests_total{path="/v1/relations",status="499"} 1.0' in client.get("/metrics").text


@pytest.mark.parametrize(
    ("path", "body", "kind", "status", "field", "message"),
    [
        ("/v1/relations", b"{", "application/json", 400, "body", "is no JSON: Expecting property name"),
        ("/v1/relations", b'"\xff"', "application/json", 400, "body", "byte 1 is no UTF-8"),
        ("/v1/relations", b"[" * 19_000, "application/json", 400, "body", "nested too deeply"),
        ("/v1/relations", b'{"inputs": ' + b"9" * 9_000 + b"}", "application/json", 400, "body", "too long"),
        ("/v1/relations", b"[]", "application/json", 400, "inputs", "the body has no key 'inputs'"),
        ("/v1/relations", b'{"inputs": 7}', "application/json", 400, "inputs", "int 7 is no document"),
        ("/v1/relations", b'{"inputs": [], "path": "/etc/passwd"}', "application/json", 400, "path", "unknown key"),
        ("/v1/relations", b'{"inputs": "x"}', "text/plain", 415, "Content-Type", "the media type is 'text/plain'"),
        ("/v1/relations", b'{"inputs": "x"}', "", 415, "Content-Type", "there is no media type"),
        ("/v1/relations", b'{"inputs": ["a", "b", "c", "d"]}', "application/json", 413, "inputs", "4 documents"),
        ("/v1/relations", b'"' + b"x" * 20_000, "application/json", 413, "body", "more than 20000 bytes"),
        ("/v1/relations", b'{"inputs": {"entities": []}}', "application/json", 422, "inputs", "has none of 'text'"),
        (
            *("/v1/relations", b'{"inputs": "x", "parameters": {"threshold": 2}}', "application/json"),
            *(422, "parameters.threshold", "threshold is 2"),
        ),
        (
            *("/v1/relations", b'{"inputs": "x", "parameters": {"model": "/etc"}}', "application/json"),
            *(400, "parameters.model", "unknown parameter 'model'"),
        ),
        ("/v1/relations", b'{"inputs": "\\ud800"}', "application/json", 422, "inputs", "surrogate pair"),
        ("/v1/text", b'{"inputs": ["a", 3]}', "application/json", 400, "inputs[1]", "int is no text"),
        ("/v1/text", b'{"inputs": {"text": "a"}}', "application/json", 400, "inputs", "dict is no text"),
        ("/v1/text", b"\xff", "text/plain", 400, "body", "byte 0 is no UTF-8"),
        ("/v1/text", b"x" * 2_001, "text/plain", 413, "inputs", "2001 characters"),
        ("/v1/text", b'{"inputs": "x", "parameters": [1]}', "application/json", 400, "parameters", "no mapping"),
        ("/docs/../../etc/passwd", b"", "text/plain", 404, "address", "Not Found"),
        ("/health", b"", "text/plain", 405, "address", "Method Not Allowed"),
    ],
)
def test_bad_request_is_refused_with_place_value_and_fix(client, path, body, kind, status, field, message):
    answer = client.post(path, content=body, headers={"Content-Type": kind} if kind else {})
    error = answer.json()
    assert (answer.status_code, error["status"], error["field"]) == (status, status, field)
    assert message in error["message"]
    assert error["fix"]


def test_body_without_length_is_bounded(client):
    parts = (b"x" * 1_000 for _ in range(21))
    answer = client.post("/v1/text", content=parts, headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["field"]) == (413, "body")


def test_bodies_that_fill_the_memory_are_a_429_until_others_are_answered(gated, threads):
    settings = ServerSettings(most_bytes=1_000, most_held_bytes=1_500)
    big = {"inputs": {"text": "x" * 900, "entities": []}}
    with running(make_app(RequestHandler(gated, Limits()), settings)) as (client, _):
        first = threads.submit(client.post, "/v1/relations", json=big)
        wait_for(lambda: gated.calls)
        refused = client.post("/v1/relations", json=big)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert "bytes of other requests" in refused.json()["message"]
        gated.gate.set()
        assert first.result().status_code == 200
        assert client.post("/v1/relations", json=big).status_code == 200


def test_shutdown_does_not_wait_for_a_client_that_stalls(pipe):
    app = make_app(RequestHandler(pipe, Limits()), ServerSettings(body_timeout_s=60))
    with running(app, shutdown_s=1) as (client, server), socket.create_connection(address_of(client)) as stalled:
        stalled.sendall(head("/v1/relations", 100) + b"{")
        assert client.get("/health").status_code == 200
        started_s = time.monotonic()
        server.should_exit = True
        wait_for(lambda: not server.started or not server.servers[0].is_serving())
        stalled.settimeout(20)
        while stalled.recv(4096):
            pass
        assert time.monotonic() - started_s < 10


def test_shutdown_finishes_what_runs_and_what_waits(gated, threads):
    with running(make_app(RequestHandler(gated, Limits()), ServerSettings())) as (client, server):
        sent = [threads.submit(client.post, "/v1/relations", json={"inputs": OTHER})]
        wait_for(lambda: gated.calls)
        sent.append(threads.submit(client.post, "/v1/relations", json={"inputs": DOCUMENT}))
        wait_for(lambda: waiting(client) == 1)
        server.should_exit = True
        wait_for(lambda: not server.servers[0].is_serving())
        gated.gate.set()
        assert [len(each.result().json()) for each in sent] == [1, 3]


def test_logs_and_metrics_have_no_text_of_a_document(gated, logged):
    gated.gate.set()
    document = {"text": f"{SECRET} raises EGFR.", "entities": [{"start": 0, "end": 8, "type": "Drug", "id": SECRET}]}
    with running(make_app(RequestHandler(gated, Limits()), ServerSettings())) as (client, _):
        for body in (
            {"inputs": document},
            {"inputs": [document] * 33},
            {"inputs": {"text": SECRET, "entites": [SECRET]}},
            {"inputs": document, "parameters": {"entity_ids": [SECRET]}},
            {"inputs": {**document, "entities": [{"start": 5, "end": 8, "type": SECRET}]}},
            {"inputs": document, SECRET: 1},
        ):
            client.post("/v1/relations", json=body)
        client.post("/v1/text", content=SECRET.encode(), headers={"Content-Type": "text/plain"})
        client.post(f"/v1/{SECRET}?q={SECRET}", json={})
        for fault in (RuntimeError(SECRET), KeyError(SECRET)):
            gated.fault = fault
            assert client.post("/v1/relations", json={"inputs": document}).status_code == 500
        metrics = client.get("/metrics").text
    entries = [json.loads(line) for line in logged.getvalue().splitlines()]
    requests = [entry for entry in entries if entry["event"] == "request"]
    assert [each["status"] for each in requests] == [200, 413, 422, 200, 422, 400, 200, 404, 500, 500, 200]
    assert requests[7]["path"] == "other"
    (unforeseen,) = [entry for entry in entries if entry.get("error")]
    assert unforeseen["error"] == "KeyError"
    assert 'biodir_requests_total{path="other",status="404"} 1.0' in metrics
    assert "biodir_documents_total 5.0" in metrics
    assert SECRET.lower() not in (metrics + logged.getvalue()).lower()


def test_logs_and_warnings_of_libraries_are_json_without_their_text(logged, capsys, caplog):
    with caplog.at_level(logging.WARNING, logger="transformers"):  # a command of another test may have silenced it
        logging.getLogger("transformers.models").warning(SECRET)  # its own handler writes plain text
    warnings.warn(SECRET, UserWarning, stacklevel=1)
    entries = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [entry["event"] for entry in entries] == ["message of transformers.models", "message of py.warnings"]
    assert SECRET not in logged.getvalue() + capsys.readouterr().err


def test_unforeseen_fault_is_a_500_of_its_own_requests_only(few, gated, logged):
    client, _ = few
    gated.gate.set()
    gated.fault = KeyError("x")
    answer = client.post("/v1/relations", json={"inputs": OTHER})
    assert (answer.status_code, answer.json()["message"]) == (500, "KeyError in the server")
    numbers = [json.loads(line).get("request_id") for line in logged.getvalue().splitlines()]
    assert answer.headers.get_list("x-request-id") == [each for each in numbers if each]
    gated.fault = None
    assert client.post("/v1/relations", json={"inputs": OTHER}).status_code == 200


def test_examples_of_the_page_are_answered(client):
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {"/v1/relations", "/v1/text", "/health", "/metrics"}
    for path in ("/v1/relations", "/v1/text"):
        content = described["paths"][path]["post"]["requestBody"]["content"]
        for example in content["application/json"]["examples"].values():
            assert client.post(path, json=example["value"]).status_code == 200


def test_page_loads_only_what_the_server_has(client):
    page = client.get("/docs").text
    assert "://" not in page
    for path in ("/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"):
        assert path in page
        assert len(client.get(path).content) > 100_000


def test_health_names_model_and_version(client):
    assert client.get("/health").json() == {
        "status": "ok",
        "version": biodir.__version__,
        "model": "tiny",
        "waiting": 0,
    }
