"""A chat server on loopback with the interface of OpenAI, and on demand the faults that servers have."""

import gzip
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from helpers.loopback import served

ENTITY = re.compile(r"^(E\d+) \((\w+)\): (.*)$", re.MULTILINE)
# The order of types in which a rule takes the first of two entities for the subject.
ACTING = ("ChemicalEntity", "SequenceVariant", "GeneOrGeneProduct", "DiseaseOrPhenotypicFeature")


def entities(body: dict[str, Any]) -> dict[str, str]:
    """Key -> type of the entities of the last question that shows a text."""
    shown = next(each["content"] for each in reversed(body["messages"]) if "Text: " in each["content"])
    return {key: kind for key, kind, _ in ENTITY.findall(shown.rpartition("Text: ")[2])}


def rule(body: dict[str, Any]) -> str:
    """The right form of an answer, by a rule: the first two entities of different types, by types, are associated."""
    keys = entities(body)
    ranked = sorted((key for key in keys if keys[key] in ACTING), key=lambda key: ACTING.index(keys[key]))
    found = []
    if ranked and keys[ranked[0]] != keys[ranked[-1]]:
        found = [statement(ranked[0], ranked[-1])]
    if '"relations"' in body["messages"][0]["content"]:
        return json.dumps({"relations": found})
    if not found:
        return json.dumps({"relation": "None", "subject": None, "novelty": None})
    return json.dumps({"relation": "Association", "subject": ranked[0], "novelty": "Novel"})


def statement(subject: str, other: str, **others: Any) -> dict[str, Any]:
    """A relation of an answer."""
    labels = {"relation": "Association", "directed": True, "novelty": "Novel"}
    return {"subject": subject, "object": other, **labels, **others}


@dataclass
class Chat:
    """The state of the server.

    `answer` makes the text of an answer of a request. `faults` are those of the next requests, see `_Handler`;
    `refused` are the types of `response_format` that it answers with the status 400; `packs` is whether it packs
    answers. `bodies`, `keys` and `times` are those of the requests.
    """

    url: str = ""
    answer: Callable[[dict[str, Any]], str] = rule
    faults: deque[str] = field(default_factory=deque)
    refused: set[str] = field(default_factory=set)
    packs: bool = False
    wait_s: float = 0.0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    most_at_a_time: int = 0
    at_a_time: int = 0
    is_stopping: threading.Event = field(default_factory=threading.Event)


@contextmanager
def chat_server(*faults: str, answer: Callable[[dict[str, Any]], str] = rule) -> Iterator[Chat]:
    """Yield a server that runs during the block; the first requests have these faults."""
    chat = Chat(faults=deque(faults), answer=answer)
    with served(_Handler, chat=chat) as address:
        chat.url = f"{address}/v1"
        try:
            yield chat
        finally:
            chat.is_stopping.set()


class _Handler(BaseHTTPRequestHandler):
    chat: Chat
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Print nothing: the tests read `Chat.bodies`."""

    def do_POST(self) -> None:
        chat = self.chat
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        chat.bodies.append(body)
        chat.keys.append(self.headers.get("Authorization"))
        chat.times.append(time.monotonic())
        chat.at_a_time += 1
        chat.most_at_a_time = max(chat.most_at_a_time, chat.at_a_time)
        fault, _, detail = (chat.faults.popleft() if chat.faults else "").partition(" ")
        chat.is_stopping.wait(chat.wait_s)
        chat.at_a_time -= 1
        if self.path != "/v1/chat/completions":
            return self._send({"detail": "Not Found"}, 404)
        if body.get("response_format", {}).get("type") in chat.refused:
            return self._send({"error": {"message": "response_format is not supported"}}, 400)
        if fault.isdecimal():
            headers = {"Retry-After": detail} if detail.isdecimal() else {}
            headers |= {"Location": detail} if fault.startswith("3") else {}
            return self._send(
                {"error": {"message": f"{detail} {self.headers.get('Authorization')}"}}, int(fault), headers
            )
        if fault in ("stall", "close"):
            chat.is_stopping.wait(20 if fault == "stall" else 0)
            self.close_connection = True
            return None
        message = {"role": "assistant", "content": chat.answer(body)}
        answer = {"id": "1", "object": "chat.completion", "model": body["model"]}
        answer["choices"] = [{"index": 0, "message": message, "finish_reason": "stop"}]
        prompt = sum(len(each["content"].split()) for each in body["messages"])
        answer["usage"] = {"prompt_tokens": prompt, "completion_tokens": len(message["content"].split())}
        return self._faulty(fault, answer)

    def _faulty(self, fault: str, answer: dict[str, Any]) -> None:
        """Answer with a fault of the content, or as it is."""
        if fault == "half":
            content = json.dumps(answer).encode()
            return self._write(content[: len(content) // 2], 200, {"Content-Length": str(len(content))})
        if fault == "html":
            return self._write(b"<html>busy</html>", 200, {})
        if fault == "error":
            answer = {"error": {"code": 502, "message": "the provider is down"}}
        if fault == "uncounted":
            del answer["usage"]
        if fault == "empty":
            answer["choices"][0]["message"]["content"] = None
        if fault == "length":
            answer["choices"][0]["finish_reason"] = "length"
            answer["choices"][0]["message"]["content"] = '{"relations": [{"subject'
        if fault == "nochoices":
            answer["choices"] = []
        return self._send(answer, 200)

    def _send(self, value: Any, status: int, headers: dict[str, str] | None = None) -> None:
        self._write(json.dumps(value).encode(), status, headers or {})

    def _write(self, content: bytes, status: int, headers: dict[str, str]) -> None:
        self.close_connection = "Content-Length" in headers
        if self.chat.packs:
            content, headers = gzip.compress(content), {**headers, "Content-Encoding": "gzip"}
        with suppress(OSError):  # the client has gone
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
