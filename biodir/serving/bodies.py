"""Bodies of requests: bounded in bytes and seconds, and turned into the handler's JSON."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from biodir.serving.handler import RequestError

T = TypeVar("T")
JSON, PLAIN = "application/json", "text/plain"
SCHEMA_HINT = "see /docs"


class ClientGoneError(ConnectionError):
    """The client closed the connection before it had its answer.

    >>> issubclass(ClientGoneError, ConnectionError)
    True
    """


class HeldBodies:
    """Counts the bytes of all bodies that the server holds, from their arrival to their answer.

    Args:
        most_bytes: of all bodies together.

    >>> held = HeldBodies(most_bytes=5)
    >>> with held.one() as add:
    ...     [add(3), held.bytes, add(3)]
    [True, 3, False]
    >>> held.bytes
    0
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.bytes = most_bytes, 0

    @contextmanager
    def one(self) -> Iterator[Callable[[int], bool]]:
        """Yield a function that adds bytes of one body, and returns False, without adding them, if there is no room."""
        of_body = 0

        def add(count: int) -> bool:
            nonlocal of_body
            if self.bytes + count > self.most_bytes:
                return False
            self.bytes += count
            of_body += count
            return True

        try:
            yield add
        finally:
            self.bytes -= of_body


async def read_body(request: Request, most_bytes: int, timeout_s: float, add: Callable[[int], bool]) -> bytes | None:
    """Return the body of a request, or None if `add` refuses a part of it.

    Args:
        add: called with the number of bytes of each part, see `HeldBodies`.

    Raises:
        RequestError: it is too long, or takes too long to arrive.
        ClientGoneError: the connection is closed before its end.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal():
        _check_length(int(length[:20]), most_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            async for part in request.stream():
                _check_length(len(body) + len(part), most_bytes)
                if not add(len(part)):
                    return None
                body += part
    except TimeoutError:
        message = f"the body did not arrive in {timeout_s:g} s; {len(body)} bytes of it did"
        raise RequestError(HTTPStatus.REQUEST_TIMEOUT, "body", message, "send it faster, or in parts") from None
    except ClientDisconnect:
        raise ClientGoneError from None
    return bytes(body)


def _check_length(found: int, most: int) -> None:
    if found > most:
        message = f"the body has more than {most} bytes"
        raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body", message, "send fewer documents at once")


def media_type(request: Request, known: tuple[str, ...]) -> str:
    """Return the media type of a body, one of those known.

    Raises:
        RequestError: it is another, or none. So no page of another site can send a request without asking first.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in known:
        fix = f"set the header Content-Type to {' or '.join(known)}"
        message = f"the media type is {given[:60]!r}" if given else "there is no media type"
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Content-Type", message, fix)
    return given


def json_value(body: bytes) -> Any:
    """Return the value of a body of JSON.

    Raises:
        RequestError: it is none, or nested too deeply.
    """
    try:
        return json.loads(body)
    except UnicodeDecodeError as error:
        raise _malformed(f"byte {error.start} is no UTF-8", "write the body as UTF-8") from error
    except json.JSONDecodeError as error:
        place = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise _malformed(f"is no JSON: {place}", "mend the JSON there") from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits; lists in lists in lists ...
        raise _malformed("has numbers that are too long or is nested too deeply", SCHEMA_HINT) from error


def text_request(body: bytes, kind: str) -> Any:
    """Return the request of the handler for plain texts; by default its answer has the entities that are found.

    Args:
        body: a text if `kind` is "text/plain", else ``{"inputs": text or list of texts, "parameters"?}``.
        kind: the media type.

    Raises:
        RequestError: a document is no text.
    """
    if kind == PLAIN:
        try:
            return {"inputs": {"text": body.decode().removeprefix("\ufeff")}, "parameters": {"return_entities": True}}
        except UnicodeDecodeError as error:
            raise _malformed(f"byte {error.start} is no UTF-8", "write the text as UTF-8") from error
    data = json_value(body)
    if not isinstance(data, Mapping) or "inputs" not in data:
        return data  # the handler names the fault
    inputs = data["inputs"]
    texts = inputs if isinstance(inputs, list) else [inputs]
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            field = f"inputs[{index}]" if texts is inputs else "inputs"
            message = f"{type(text).__name__} is no text"
            raise RequestError(HTTPStatus.BAD_REQUEST, field, message, "send a string here, documents to /v1/relations")
    parameters = data.get("parameters")
    if parameters is None or isinstance(parameters, Mapping):
        parameters = {"return_entities": True, **(parameters or {})}
    documents = [{"text": text} for text in texts]
    return {**data, "inputs": documents if texts is inputs else documents[0], "parameters": parameters}


def _malformed(message: str, fix: str) -> RequestError:
    return RequestError(HTTPStatus.BAD_REQUEST, "body", message, fix)


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of the work; cancel it if the client closes the connection.

    Args:
        request: its body has been read.

    Raises:
        ClientGoneError: the connection was closed.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnect(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGoneError
        return task.result()
    finally:
        for each in (task, gone):
            if not each.done():
                each.cancel()
                with suppress(asyncio.CancelledError):
                    await each


async def _disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
