"""A chat server with the interface of OpenAI: each question once, its answer kept in a folder."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from biodir.errors_biodir import SettingError
from biodir.llm.prompts import Message
from biodir.web.answers import PassingFault, Patience, Refusal, ServiceError, answer_bytes, check_address
from biodir.web.attempts import repeated
from biodir.web.stored import default_folder, made_folder, read_stored, write_stored

CHAT = "/chat/completions"
# How a server is asked for JSON, the strictest first; one that refuses a form is asked in the next.
JSON_SCHEMA, JSON_OBJECT, PLAIN = "json_schema", "json_object", "plain"
FORMS = (JSON_SCHEMA, JSON_OBJECT, PLAIN)
# Statuses of a request that is refused for what is in it.
OF_CONTENT = (400, 413, 415, 422, 501)
# A key that is shorter is no secret, but what servers without keys want, such as EMPTY.
_SECRET_CHARS = 8
# What is counted.
ASKED, STORED = "answers", "answers from the cache"
TOKENS_IN, TOKENS_OUT = "prompt tokens", "answer tokens"
STORED_IN, STORED_OUT = "prompt tokens of answers from the cache", "answer tokens of answers from the cache"
UNCOUNTED = "answers without numbers of tokens"
CUT = "answers cut off at --max-tokens"


@dataclass(frozen=True)
class ChatSettings:
    """What is asked, and how.

    Args:
        endpoint: the address of the server, up to and without `/chat/completions`.
        model: its name for the server.
        temperature: 0 for the likeliest answer.
        max_tokens: the longest answer.
        extra: further fields of each request; null leaves out a field that is sent otherwise.

    Raises:
        SettingError: the address is none of the web, or holds a password.

    >>> ChatSettings("http://127.0.0.1:8000/v1", "any").url
    'http://127.0.0.1:8000/v1/chat/completions'
    """

    endpoint: str
    model: str
    temperature: float = 0.0
    max_tokens: int = 4096
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.endpoint)
        except ValueError:  # its message, and the address, may hold a password
            fix = "write it as http://localhost:8000/v1"
            raise SettingError(f"--endpoint: the address has no host that can be read; {fix}") from None
        if parts.password or parts.username or parts.query or parts.fragment:
            raise SettingError(
                "--endpoint: the address holds a password, `?` or `#`; give the address only, and the key in the "
                "variable that --key-variable names"
            )
        check_address(self.endpoint)

    @property
    def url(self) -> str:
        """The address of the questions."""
        return self.endpoint.rstrip("/").removesuffix(CHAT) + CHAT

    def body(self, messages: Sequence[Message], schema: Mapping[str, Any], form: str) -> dict[str, Any]:
        """Return a request."""
        named = {"name": "answer", "strict": True, "schema": schema}
        forms = {JSON_SCHEMA: {"type": JSON_SCHEMA, "json_schema": named}, JSON_OBJECT: {"type": JSON_OBJECT}}
        body = {"model": self.model, "messages": list(messages), "temperature": self.temperature}
        body |= {"max_tokens": self.max_tokens, "response_format": forms.get(form), **self.extra}
        return {name: value for name, value in body.items() if value is not None}


class ChatServer:
    """Asks a server, unless the answer is in the cache. Threads may share it.

    Args:
        settings: what is asked.
        key: sent as a bearer token, and never written; None for a server without.
        cache: a folder; by default `llm` in the user's folder for caches.
        patience: how long and how often the server is tried.
        report: called with a line for each wait.

    Raises:
        SettingError: the folder cannot be made, or the key cannot be sent.

    >>> server = ChatServer(ChatSettings("http://127.0.0.1:9/v1", "any"), cache=Path("answers"))
    >>> body = server.settings.body([{"role": "user", "content": "?"}], {}, "plain")
    >>> server.keep(body, {"content": "{}", "usage": {"prompt_tokens": 7, "completion_tokens": 2}})
    >>> server.ask([{"role": "user", "content": "?"}], {}), server.counts["answers from the cache"]
    ('{}', 1)
    """

    def __init__(
        self,
        settings: ChatSettings,
        key: str | None = None,
        cache: Path | None = None,
        patience: Patience | None = None,
        report: Callable[[str], object] = print,
    ) -> None:
        key = (key or "").strip()
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise SettingError("the key of the server holds a space or a character that cannot be sent; set it again")
        self.settings, self.patience, self.report = settings, patience or Patience(), report
        self.counts: Counter[str] = Counter()
        self._key = key or None
        self._folder = made_folder(cache or default_folder() / "llm")
        self._lock = Lock()
        self._answered = Event()
        self._form = 0
        self._answered_forms: set[str] = set()
        self._resumes_at = 0.0
        self._reported: dict[str, float] = {}
        self._asking: dict[Path, Lock] = {}

    def ask(self, messages: Sequence[Message], schema: Mapping[str, Any], stopping: Event | None = None) -> str:
        """Return the text of the answer to a question.

        Args:
            messages: the question.
            schema: of the answer.
            stopping: once it is set, waits for the server end and no further request is made.

        Raises:
            Refusal: the server refuses the question.
            PassingFault: it has not answered at the last attempt.
            ServiceError: it stops the run.
        """
        paths = [self._path(self.settings.body(messages, schema, form)) for form in FORMS]
        with self._only_one_asks(paths[0]):
            found = (answer for answer in map(read_stored, paths) if isinstance((answer or {}).get("content"), str))
            stored = next(found, None)
            answer = self._answer(messages, schema, stopping or Event()) if stored is None else stored
        self._count(answer, is_stored=stored is not None)
        return str(answer["content"])

    @contextmanager
    def _only_one_asks(self, path: Path) -> Iterator[None]:
        """Let one thread at a time have a question; the next one finds the answer in the cache."""
        with self._lock:
            lock = self._asking.setdefault(path, Lock())
        try:
            with lock:
                yield
        finally:
            with self._lock:
                self._asking.pop(path, None)

    @property
    def has_answered(self) -> bool:
        """Whether the server has answered a question since the start."""
        return self._answered.is_set()

    def count(self, what: str, number: int = 1) -> None:
        """Count something."""
        with self._lock:
            self.counts[what] += number

    def keep(self, body: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Write the answer to a request into the cache."""
        write_stored(self._path(body), answer)

    def _path(self, body: Mapping[str, Any]) -> Path:
        """Return where the answer to a request is: a file named by the SHA-256 of address and request."""
        content = json.dumps([self.settings.url, body], sort_keys=True).encode()
        name = hashlib.sha256(content).hexdigest()
        return self._folder / name[:2] / f"{name}.json.gz"

    def _count(self, answer: Mapping[str, Any], is_stored: bool) -> None:
        usage = answer.get("usage") or {}
        sent, got = (usage.get(key) for key in ("prompt_tokens", "completion_tokens"))
        with self._lock:
            self.counts[ASKED] += 1
            self.counts[STORED] += is_stored
            self.counts[CUT] += answer.get("finish_reason") == "length"
            if not (isinstance(sent, int) and isinstance(got, int)):
                self.counts[UNCOUNTED] += 1
                return
            self.counts += Counter({TOKENS_IN: sent, TOKENS_OUT: got})
            self.counts += Counter({STORED_IN: sent, STORED_OUT: got} if is_stored else {})

    def _answer(self, messages: Sequence[Message], schema: Mapping[str, Any], stopping: Event) -> dict[str, Any]:
        """Return the answer of the server, in the strictest form that it does not refuse."""
        for form in FORMS[self._form :]:
            body = self.settings.body(messages, schema, form)
            try:
                answer = self._repeated(body, stopping)
            except Refusal as refusal:
                # A form that the server has answered is not what it refuses.
                if form in (PLAIN, *self._answered_forms) or refusal.status not in OF_CONTENT:
                    raise
                continue
            self.keep(body, answer)
            self._answered.set()
            self._take_form(form)
            return answer
        raise AssertionError("the last form is plain")

    def _take_form(self, form: str) -> None:
        with self._lock:
            self._answered_forms.add(form)
            if FORMS.index(form) <= self._form:
                return
            self._form = FORMS.index(form)
        self.report(f"the server refuses response_format {FORMS[0]}; asked with {form} from here")

    def _repeated(self, body: Mapping[str, Any], stopping: Event) -> dict[str, Any]:
        content = json.dumps(body).encode()
        url, patience = self.settings.url, self.patience
        request = lambda: self._requested(content, stopping)  # noqa: E731
        sleep = stopping.wait
        return repeated(request, url, patience, patience.attempts, self._answered.is_set, self._report_once, sleep)

    def _report_once(self, line: str) -> None:
        """Report a wait, unless that of another thread for the same fault was reported in this second."""
        fault = line.partition(";")[0]
        with self._lock:
            is_known = monotonic() - self._reported.get(fault, -math.inf) < 1.0
            self._reported[fault] = monotonic()
        if not is_known:
            self.report(line)

    def _requested(self, content: bytes, stopping: Event) -> dict[str, Any]:
        """Make a request once, after the wait that the server wants of all."""
        while (wait_s := self._resumes_at - monotonic()) > 0 and not stopping.wait(wait_s):
            pass
        if stopping.is_set():
            raise ServiceError(f"{self.settings.url}: stopped")
        try:
            answer = answer_bytes(self.settings.url, self.patience, content, self._key)
        except PassingFault as fault:
            if fault.retry_after_s is not None and fault.retry_after_s <= self.patience.longest_order_s:
                self._resumes_at = max(self._resumes_at, monotonic() + fault.retry_after_s)
            raise
        except Refusal as refusal:
            raise Refusal(self._without_key(str(refusal)), refusal.status, "") from None
        return completion(self._without_key(answer.decode("utf-8", errors="replace")), self.settings.url)

    def _without_key(self, text: str) -> str:
        """Return the text of a server with stars for the key, which some repeat."""
        return text.replace(self._key, "***") if self._key and len(self._key) >= _SECRET_CHARS else text


def completion(text: str, url: str) -> dict[str, Any]:
    """Return text, reason of the end, and tokens of an answer of a server.

    Raises:
        PassingFault: it is cut off, or not such an answer.
        Refusal: it is an error with the status 200, as some servers send them.
    """
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PassingFault(f"the answer is cut off or no JSON ({str(error)[:80]})") from error
    if isinstance(answer, Mapping) and answer.get("error"):
        _raise_error(answer["error"], url)
    try:
        (choice, *_) = answer["choices"]
        content = choice["message"].get("content")
        end = choice.get("finish_reason")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PassingFault(f"the answer has no choices but {text[:80]!r}") from error
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    usage = answer.get("usage")
    names = ("prompt_tokens", "completion_tokens")
    counted = {name: usage[name] for name in names if name in usage} if isinstance(usage, Mapping) else {}
    return {"content": content if isinstance(content, str) else "", "finish_reason": end, "usage": counted}


def _raise_error(error: Any, url: str) -> None:
    """Raise what an error in an answer means."""
    code = error.get("code") if isinstance(error, Mapping) else None
    shown = str(error.get("message") if isinstance(error, Mapping) else error)[:200]
    if isinstance(code, int) and 400 <= code < 500 and code not in (408, 425, 429):
        raise Refusal(f"{url}: error {code}: {shown}; the service refuses the request", code, shown)
    raise PassingFault(f"the answer is an error ({shown})", may_be_of_content=code != 429)
