"""One request to a server: its answer, or the fault that it has.

The standard library makes the requests: huggingface_hub brings an HTTP library, but in its versions 1 and 2 not the
same one.
"""

import gzip
import http.client
import math
import re
import ssl
import time
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from biodir import __version__
from biodir.errors_biodir import BioDirError, SettingError

_CHUNK_BYTES = 1 << 16
# What a server answers that has too much to do; with others of 500 and above, but "not implemented", it may answer the
# next time.
_PASSING_STATUSES = (408, 425, 429)
_NOT_IMPLEMENTED = 501
# OpenAI's word, with the status 429, for an account without money, which no wait fills.
_NO_MONEY = "insufficient_quota"
_SHOWN_CHARS = 200
# What http.client refuses in an address, but only when it sends the request.
_BLANK = re.compile(r"[\x00-\x20\x7f]")


class ServiceError(BioDirError):
    """A fault of a server that stops the run; what came before is in the cache.

    >>> raise ServiceError("http://127.0.0.1: HTTP 403 (Forbidden); check --service")
    Traceback (most recent call last):
    biodir.web.answers.ServiceError: http://127.0.0.1: HTTP 403 (Forbidden); check --service
    """

    default_reason = "service"


class Refusal(ServiceError):
    """A request that the server refuses.

    Args:
        message: the fault.
        status: of HTTP.
        text: of the answer.

    >>> Refusal("http://127.0.0.1: HTTP 400 (Bad Request); ...", 400, "too long").status
    400
    """

    def __init__(self, message: str, status: int, text: str) -> None:
        super().__init__(message)
        self.status, self.text = status, text


class PassingFault(ServiceError):
    """A fault that may be gone at the next attempt.

    Args:
        message: the fault.
        retry_after_s: seconds after which the server wants the next attempt; None if it does not say.
        may_be_of_content: whether the server may have it only with some requests, such as those that take it too long.
        was_reached: whether there is a server at the address.

    >>> PassingFault("HTTP 503 (Service Unavailable)", retry_after_s=2).retry_after_s
    2
    """

    def __init__(
        self,
        message: str,
        retry_after_s: float | None = None,
        may_be_of_content: bool = True,
        was_reached: bool = True,
    ) -> None:
        super().__init__(message)
        self.was_reached = was_reached
        self.retry_after_s = retry_after_s
        self.may_be_of_content = may_be_of_content


@dataclass(frozen=True)
class Patience:
    """How long and how often a server is tried.

    Args:
        attempts: at one request, at least 1.
        first_wait_s: seconds before the second attempt; they double with each one.
        longest_wait_s: the longest of these waits.
        longest_order_s: the longest wait that the server may ask for; after a longer one the run stops.
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


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: a question must not go to another server than the one that is named."""

    def redirect_request(self, *_: Any) -> None:
        return None


def answer_bytes(url: str, patience: Patience, body: bytes | None = None, secret: str | None = None) -> bytes:
    """Return the bytes of an answer, unpacked.

    Args:
        url: the address.
        patience: how long the server is waited for; the attempts are those of `repeated`.
        body: JSON to send; None for a request without.
        secret: of the header Authorization, which no other server gets.

    Raises:
        PassingFault: there is no complete answer; the next attempt may have one.
        ServiceError: the certificate cannot be verified.
        Refusal: the server refuses the request.
    """
    deadline = time.monotonic() + patience.answer_s
    opener = urllib.request.build_opener(*([_NoRedirect] if body is not None else []))
    try:
        with opener.open(_request(url, body, secret), timeout=patience.stall_s) as response:
            return _unpacked(_body(response, deadline), response.headers)
    except urllib.error.HTTPError as error:
        with error:
            raise _fault(error) from error
    except TimeoutError as error:
        raise PassingFault("the answer takes too long") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise ServiceError(
                f"{url}: the certificate cannot be verified ({error.reason.verify_message}); name a file of "
                "certificates in SSL_CERT_FILE"
            ) from error
        raise PassingFault(
            f"the service cannot be reached ({error.reason})", may_be_of_content=False, was_reached=False
        ) from error
    except (http.client.HTTPException, zlib.error, OSError) as error:
        raise PassingFault(f"the answer is cut off ({type(error).__name__})") from error


def check_address(url: str) -> None:
    """Check that a server may have the address, and that a request to it can be written."""
    unusable = SettingError(f"{url!r} is no address of a service; write one as https://...")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna"), parts.port
    except ValueError as error:  # a bracket or a label of the host, or the port
        raise unusable from error
    if parts.scheme not in ("http", "https") or not host or port == 0 or _BLANK.search(url):
        raise unusable
    if not f"{parts.path}{parts.query}".isascii():
        raise SettingError(f"{url!r}: only the host may have letters beyond ASCII; write ö as %C3%B6")


def _request(url: str, body: bytes | None, secret: str | None) -> urllib.request.Request:
    headers = {"User-Agent": f"biodir/{__version__}", "Accept": "application/json", "Accept-Encoding": "gzip"}
    headers |= {"Content-Type": "application/json"} if body is not None else {}
    request = urllib.request.Request(url, body, headers)
    if secret:
        request.add_unredirected_header("Authorization", f"Bearer {secret}")
    return request


def _body(response: Any, deadline: float) -> bytes:
    parts = []
    while part := response.read1(_CHUNK_BYTES):  # what came, without waiting for more
        parts.append(part)
        if time.monotonic() > deadline:
            raise TimeoutError
    if response.length:  # what the header promised and did not come
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(parts)


def _unpacked(content: bytes, headers: Message) -> bytes:
    if (headers.get("Content-Encoding") or "").strip().lower() not in ("gzip", "x-gzip"):
        return content
    try:
        return gzip.decompress(content)  # of several members all
    except EOFError as error:
        raise zlib.error("cut off") from error


def _fault(error: urllib.error.HTTPError) -> ServiceError:
    """Return what an answer with the status of an error means."""
    name = f"HTTP {error.code} ({error.reason})"
    try:
        text = _unpacked(error.read(_CHUNK_BYTES), error.headers).decode("utf-8", errors="replace")
    except (http.client.HTTPException, zlib.error, OSError):
        text = ""
    is_passing = error.code in _PASSING_STATUSES or error.code >= 500
    if is_passing and error.code != _NOT_IMPLEMENTED and _NO_MONEY not in text:
        return PassingFault(name, retry_after_s(error.headers), may_be_of_content=error.code != 429)
    shown = "" if "<" in text else " ".join(text.split())[:_SHOWN_CHARS]
    fix = "check the address of the service" if error.code in (404, 410) else "the service refuses the request"
    if 300 <= error.code < 400:
        fix = f"the service is at {error.headers.get('Location')!r}; give that address"
    return Refusal(f"{error.url}: {name}{shown and f': {shown}'}; {fix}", error.code, text)


def retry_after_s(headers: Message) -> float | None:
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
