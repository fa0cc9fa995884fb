"""A server on loopback for the time of a block."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def served(
    handler: type[BaseHTTPRequestHandler], server_type: type[ThreadingHTTPServer] = ThreadingHTTPServer, **known: Any
) -> Iterator[str]:
    """Yield the address of a server whose requests a handler with these attributes answers."""
    server = server_type(("127.0.0.1", 0), type("BoundHandler", (handler,), known))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
