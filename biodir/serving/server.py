"""Run an application on uvicorn until a signal ends it."""

import signal
from typing import Any

from biodir.optional import optional_library

# Connections that are open at once at most; the next is answered with 503. A client that stalls holds one of them.
MOST_CONNECTIONS = 512
# Seconds for which a connection without a request stays open.
KEEP_ALIVE_S = 15


def make_server(app: Any, host: str, port: int, shutdown_s: int) -> Any:
    """Return the server of uvicorn; its logs are those of `use_json_logs`.

    Args:
        app: an ASGI application.
        host: address to listen at.
        port: 0 for any that is free.
        shutdown_s: seconds that running requests have to end after a signal.
    """
    uvicorn = optional_library("uvicorn", "serve", "a server")
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=shutdown_s,
        limit_concurrency=MOST_CONNECTIONS,
    )
    return uvicorn.Server(config)


def run(app: Any, host: str, port: int, shutdown_s: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests that run; a second SIGINT ends at once."""
    server = make_server(app, host, port, shutdown_s)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again after its end, which would make a clean end a failure; and one that comes
        # before uvicorn handles it must end the server, too.
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    server.run()
