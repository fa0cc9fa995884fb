"""One request to the service: its answer, or the fault that it has.

The standard library makes the requests: huggingface_hub brings an HTTP library, but in its versions 1 and 2 not the
same one.
"""

import http.client
import json
import math
import ssl
import time
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from biodir import __version__
from biodir.errors_biodir import BioDirError

_CHUNK_BYTES = 1 << 16
# What a server answers that has too much to do; with others of 500 and above it may answer the next time.
_PASSING_STATUSES = (408, 425, 429)
# What the service answers, with the status 400, if it knows none of the identifiers.
NOTHING_KNOWN = "Could not retrieve publications"
_SHOWN_CHARS = 200


class ServiceError(BioDirError):
    """A fault of the service that stops the run; the articles that came before are in the cache.

    >>> raise ServiceError("http://127.0.0.1: HTTP 403 (Forbidden); check --service")
    Traceback (most recent call last):
    biodir.fetching.answers.ServiceError: http://127.0.0.1: HTTP 403 (Forbidden); check --service
    """

    default_reason = "service"


class PassingFault(ServiceError):
    """A fault that may be gone at the next attempt.

    Args:
        message: the fault.
        retry_after_s: seconds after which the service wants the next attempt; None if it does not say.
        may_be_of_articles: whether the service may have it only with some of the articles, such as those that take it
            too long.
        was_reached: whether there is a server at the address.

    >>> PassingFault("HTTP 503 (Service Unavailable)", retry_after_s=2).retry_after_s
    2
    """

    def __init__(
        self,
        message: str,
        retry_after_s: float | None = None,
        may_be_of_articles: bool = True,
        was_reached: bool = True,
    ) -> None:
        super().__init__(message)
        self.was_reached = was_reached
        self.retry_after_s = retry_after_s
        self.may_be_of_articles = may_be_of_articles


@dataclass(frozen=True)
class Patience:
    """How long and how often the service is tried.

    Args:
        attempts: requests for the same articles, at least 1.
        first_wait_s: seconds before the second attempt; they double with each one.
        longest_wait_s: the longest of these waits.
        longest_order_s: the longest wait that the service may ask for; after a longer one the run stops.
        stall_s: seconds without a byte after which a request is given up.
        answer_s: seconds that a complete answer may take.

    >>> Patience(attempts=2).longest_wait_s
    60.0
    """

    attempts: int = 8
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    longest_order_s: float = 600.0
    stall_s: float = 60.0
    answer_s: float = 600.0


def json_answer(url: str, patience: Patience) -> Any:
    """Return the JSON values of the answer of a server as a list, empty if it says that it knows nothing of these.

    PubTator 3 gives one value; its predecessor and mirrors of it give one for each article, one after another.

    Raises:
        PassingFault: there is no complete answer; the next attempt may have one.
        ServiceError: the server refuses the request.
    """
    content = _content(url, patience)
    if content is None:
        return []
    try:
        text = content.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise PassingFault("the answer is not UTF-8") from error
    if not text:
        raise PassingFault("the answer is empty")
    if text.startswith("<"):
        raise PassingFault("the answer is a page of HTML or XML, not JSON")
    decoder, values, place = json.JSONDecoder(), [], 0
    while place < len(text):
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise PassingFault(f"the answer is cut off or no JSON ({error})") from error
        values.append(value)
        while place < len(text) and text[place].isspace():
            place += 1
    return values


def _content(url: str, patience: Patience) -> bytes | None:
    """Return the bytes of an answer, unpacked; None if the service says that it knows none of the identifiers."""
    headers = {"User-Agent": f"biodir/{__version__}", "Accept": "application/json", "Accept-Encoding": "gzip"}
    deadline = time.monotonic() + patience.answer_s
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=patience.stall_s) as response:
            content = _body(response, deadline)
            if response.headers.get("Content-Encoding") == "gzip":
                content = _unpacked(content)
            return content
    except urllib.error.HTTPError as error:
        with error:
            _raise_refusal(error)
        return None
    except TimeoutError as error:
        raise PassingFault("the answer takes too long") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise ServiceError(
                f"{url}: the certificate cannot be verified ({error.reason.verify_message}); name a file of "
                "certificates in SSL_CERT_FILE"
            ) from error
        raise PassingFault(
            f"the service cannot be reached ({error.reason})", may_be_of_articles=False, was_reached=False
        ) from error
    except (http.client.HTTPException, zlib.error, OSError) as error:
        raise PassingFault(f"the answer is cut off ({type(error).__name__})") from error


def _body(response: Any, deadline: float) -> bytes:
    parts = []
    while part := response.read1(_CHUNK_BYTES):  # what came, without waiting for more
        parts.append(part)
        if time.monotonic() > deadline:
            raise TimeoutError
    if response.length:  # what the header promised and did not come
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(parts)


def _unpacked(content: bytes) -> bytes:
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    unpacked = unpacking.decompress(content)
    if not unpacking.eof:
        raise zlib.error("cut off")
    return unpacked


def _raise_refusal(error: urllib.error.HTTPError) -> None:
    """Raise what an answer with the status of an error means; return if it is that nothing is known."""
    name = f"HTTP {error.code} ({error.reason})"
    if error.code in _PASSING_STATUSES or error.code >= 500:
        raise PassingFault(name, _retry_after_s(error.headers), may_be_of_articles=error.code != 429) from error
    try:
        text = error.read(_CHUNK_BYTES).decode("utf-8", errors="replace")
    except (http.client.HTTPException, OSError):
        text = ""
    if error.code == 400 and NOTHING_KNOWN in text:
        return
    _stop(error, name, text)


def _stop(error: urllib.error.HTTPError, name: str, text: str) -> NoReturn:
    shown = "" if "<" in text else " ".join(text.split())[:_SHOWN_CHARS]
    fix = "check the address of the service" if error.code in (404, 410) else "the service refuses the request"
    raise ServiceError(f"{error.url}: {name}{shown and f': {shown}'}; {fix}") from error


def _retry_after_s(headers: Message) -> float | None:
    """Return the seconds of the header Retry-After, which holds seconds or a date; None if it holds neither."""
    value = (headers.get("Retry-After") or "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            now = parsedate_to_datetime(headers.get("Date") or "")  # by the clock that the date is of
        except ValueError:
            now = datetime.now(UTC)
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (ValueError, TypeError):  # TypeError: one of the dates names no time zone
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
