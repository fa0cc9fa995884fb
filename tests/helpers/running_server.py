"""An application on uvicorn in a thread, and a pipeline that waits at a gate."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from biodir.serving.server import make_server

WAIT_S = 30.0


class GatedPipeline:
    """A pipeline whose calls wait until the gate is open; it notes the texts of each call.

    `fault` is raised by calls with documents.
    """

    def __init__(self, pipeline: Any) -> None:
        self.read_document, self.with_entities = pipeline.read_document, pipeline.with_entities
        self.pipeline, self.gate, self.fault = pipeline, threading.Event(), None
        self.calls: list[list[str]] = []

    def __call__(self, documents: list[Any], **parameters: Any) -> list[Any]:
        self.calls.append([document.text for document in documents])
        assert self.gate.wait(WAIT_S)
        if self.fault and documents:
            raise self.fault
        return self.pipeline(documents, **parameters)


@contextmanager
def running(app: Any, shutdown_s: int = 20) -> Iterator[tuple[httpx.Client, Any]]:
    """Yield a client of the running application, and the server."""
    server = make_server(app, "127.0.0.1", 0, shutdown_s)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=WAIT_S) as client:
            yield client, server
    finally:
        server.should_exit = True
        thread.join(WAIT_S)
    assert not thread.is_alive()


def wait_for(condition: Any) -> None:
    """Wait until the condition holds."""
    end_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end_s, "it never came to that"
        time.sleep(0.01)
