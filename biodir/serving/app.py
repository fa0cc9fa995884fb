"""The server as an ASGI application."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from biodir import __version__
from biodir.serving.batching import Batcher, QueueFullError
from biodir.serving.bodies import (
    JSON,
    PLAIN,
    ClientGoneError,
    HeldBodies,
    json_value,
    media_type,
    read_body,
    text_request,
    while_connected,
)
from biodir.serving.handler import RequestError, RequestHandler
from biodir.serving.logs import log_event
from biodir.serving.metrics import Metrics
from biodir.serving.openapi import OPENAPI_VERSION, RELATIONS, TEXTS, swagger_files
from biodir.serving.service import RelationService

# The client is gone; nobody reads this status but logs and metrics. After nginx.
CLIENT_CLOSED_REQUEST = 499
# Where `RequestLog` puts the number of a request, and the header that has it.
REQUEST_NUMBER, REQUEST_HEADER = "biodir.request_number", "x-request-id"
RELATIONS_PATH, TEXT_PATH, HEALTH, METRICS = "/v1/relations", "/v1/text", "/health", "/metrics"
Parse = Callable[[bytes, str], Any]


@dataclass(frozen=True)
class ServerSettings:
    """The bounds of the server; those of documents are `Limits` of the handler.

    Args:
        most_waiting: requests that wait for the model at most.
        most_bytes: bytes of a body at most.
        body_timeout_s: seconds in which a body must arrive.
        most_held_bytes: bytes of all bodies that arrive, wait or are computed.

    >>> ServerSettings(most_waiting=2).most_bytes
    8388608
    """

    most_waiting: int = 64
    most_bytes: int = 8 * 1024 * 1024
    body_timeout_s: float = 30.0
    most_held_bytes: int = 256 * 1024 * 1024


def make_app(handler: RequestHandler, settings: ServerSettings, model_name: str = "") -> FastAPI:
    """Return the application; when it shuts down, it answers what waits.

    Args:
        handler: over the pipeline.
        settings: bounds.
        model_name: shown by /health.
    """
    metrics = Metrics()
    service = RelationService(Batcher(handler, settings.most_waiting, metrics.note_batch))
    metrics.watch(service.batcher)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await service.batcher.close()

    app = FastAPI(title="biodir", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.openapi_version = OPENAPI_VERSION
    _add_answers(app, service, settings)
    _add_states(app, service, metrics, model_name)
    _add_errors(app)
    app.add_middleware(RequestLog, metrics=metrics, paths=frozenset(_paths(app)))
    return app


def _paths(app: FastAPI) -> list[str]:
    return [path for route in app.routes if (path := getattr(route, "path", None))]


def _add_answers(app: FastAPI, service: RelationService, settings: ServerSettings) -> None:
    held = HeldBodies(max(settings.most_held_bytes, settings.most_bytes))

    async def answer(request: Request, kinds: tuple[str, ...], parse: Parse) -> Response:
        kind = media_type(request, kinds)
        with held.one() as add:
            body = await read_body(request, settings.most_bytes, settings.body_timeout_s, add)
            if body is None:
                reason = f"the server holds {held.bytes} bytes of other requests"
                raise QueueFullError(reason, service.batcher.retry_after_s)
            service.batcher.check_room()
            data = await asyncio.to_thread(parse, body, kind)
            found = await while_connected(request, service.answer(data))
            return Response(await asyncio.to_thread(_json, found), media_type=JSON)

    @app.post(RELATIONS_PATH, openapi_extra=RELATIONS, summary="Relations of documents, marked or plain")
    async def relations(request: Request) -> Response:
        return await answer(request, (JSON,), lambda body, _: json_value(body))

    @app.post(TEXT_PATH, openapi_extra=TEXTS, summary="Entities and relations of plain texts")
    async def text(request: Request) -> Response:
        return await answer(request, (JSON, PLAIN), text_request)


def _add_states(app: FastAPI, service: RelationService, metrics: Metrics, model_name: str) -> None:
    @app.get(HEALTH, summary="Whether the server answers, and how many requests wait")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "version": __version__, "model": model_name, "waiting": service.batcher.waiting}

    @app.get(METRICS, summary="Metrics in the text format of Prometheus")
    async def show_metrics() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    for path, (content, kind) in swagger_files().items():
        app.add_api_route(path, _fixed(content, kind), include_in_schema=False)


def _fixed(content: bytes, kind: str) -> Callable[[], Response]:
    def send() -> Response:
        return Response(content, media_type=kind)

    return send


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(RequestError)
    async def refused(_: Request, error: RequestError) -> Response:
        # The rest of a body that comes too late is not waited for.
        headers = {"Connection": "close"} if error.status == HTTPStatus.REQUEST_TIMEOUT else {}
        return Response(str(error), int(error.status), headers, JSON)

    @app.exception_handler(QueueFullError)
    async def full(_: Request, error: QueueFullError) -> Response:
        text = str(RequestError(HTTPStatus.TOO_MANY_REQUESTS, "server", error.reason, error.fix))
        return Response(text, 429, {"Retry-After": str(error.retry_after_s)}, JSON)

    @app.exception_handler(ClientGoneError)
    async def gone(_: Request, __: ClientGoneError) -> Response:
        return Response(status_code=CLIENT_CLOSED_REQUEST)

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> Response:
        message = f"{request.method} of this address: {error.detail}"
        text = str(RequestError(HTTPStatus(error.status_code), "address", message, "see /docs for those there are"))
        return Response(text, error.status_code, error.headers, JSON)

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> Response:
        message = f"{type(error).__name__} in the server"
        text = str(RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, "server", message, "report the request"))
        # Starlette sends this answer around `RequestLog`, and uvicorn closes the connection after such an error.
        headers = {"Connection": "close", REQUEST_HEADER: request.scope[REQUEST_NUMBER]}
        return Response(text, 500, headers, JSON)


def _json(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False).encode()


class RequestLog:
    """Logs and counts each request, and gives it a number in the header `X-Request-ID`: sizes, seconds, no content.

    Args:
        app: the application.
        metrics: count the requests.
        paths: that are named; any other is "other", since an address may hold text.

    >>> RequestLog(None, Metrics(), frozenset({"/health"})).name_of("/secret")
    'other'
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: frozenset[str]) -> None:
        self.app, self.metrics, self.paths = app, metrics, paths

    def name_of(self, path: str) -> str:
        """Return the path as logs and metrics show it."""
        return path if path in self.paths else "other"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started_s, number = time.monotonic(), uuid.uuid4().hex
        scope[REQUEST_NUMBER] = number
        seen = {"status": 500, "received": 0, "sent": 0}

        async def received() -> MutableMapping[str, Any]:
            message = await receive()
            seen["received"] += len(message.get("body", b""))
            return message

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                message = {**message, "headers": [*message["headers"], (REQUEST_HEADER.encode(), number.encode())]}
            seen["sent"] += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, received, sent)
        finally:
            seconds, path = time.monotonic() - started_s, self.name_of(scope["path"])
            self.metrics.note_request(path, seen["status"], seconds, seen["received"], seen["sent"])
            fields = {"request_id": number, "method": scope["method"], "path": path, "seconds": round(seconds, 4)}
            log_event("request", **fields, **seen)
