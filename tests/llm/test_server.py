"""The server under every fault; the cache; the forms of answers; the key, which is written nowhere."""

import gzip
import json
import threading
import time

import pytest

from biodir.errors_biodir import SettingError
from biodir.llm.server import ChatServer, ChatSettings, completion
from biodir.web.answers import PassingFault, Patience, Refusal, ServiceError
from helpers.chat_server import chat_server

HASTE = Patience(attempts=3, first_wait_s=0.01, stall_s=5.0)
QUESTION = [{"role": "user", "content": 'Answer {"relations": []}\n\nText: Iron.'}]
SCHEMA = {"type": "object"}
KEY = "sk-secret-0123456789"


@pytest.fixture
def asking(tmp_path):
    """Return a client of a server, with the lines that it reports."""

    def make(chat, key: str | None = None, patience: Patience = HASTE, **settings) -> tuple[ChatServer, list[str]]:
        lines: list[str] = []
        asked = ChatSettings(chat.url, "m", **settings)
        return ChatServer(asked, key, tmp_path / "cache", patience, lines.append), lines

    return make


def test_a_request_has_model_messages_settings_and_schema(asking):
    with chat_server() as chat:
        server, _ = asking(chat, extra={"max_tokens": None, "seed": 3})
        assert server.ask(QUESTION, SCHEMA) == '{"relations": []}'
    answer_form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}
    body = {"model": "m", "messages": QUESTION, "temperature": 0.0, "seed": 3, "response_format": answer_form}
    assert (chat.bodies, chat.keys) == ([body], [None])
    assert server.counts == {"answers": 1, "prompt tokens": 5, "answer tokens": 2}


def test_an_answer_is_asked_for_once_even_by_another_program(asking):
    with chat_server() as chat:
        for _ in range(2):
            server, _ = asking(chat)
            first = server.ask(QUESTION, SCHEMA)
            assert server.ask(QUESTION, SCHEMA) == first
        assert len(chat.bodies) == 1
        assert (server.counts["answers"], server.counts["answers from the cache"]) == (2, 2)
        assert server.counts["prompt tokens of answers from the cache"] == server.counts["prompt tokens"] == 10
        for other in ({"temperature": 0.5}, {"max_tokens": 7}, {"extra": {"seed": 1}}):
            asking(chat, **other)[0].ask(QUESTION, SCHEMA)
        assert len(chat.bodies) == 4, "another request has another answer"


def test_threads_with_the_same_question_ask_it_once(asking):
    with chat_server() as chat:
        chat.wait_s = 0.1
        server, _ = asking(chat)
        asked = [threading.Thread(target=server.ask, args=(QUESTION, SCHEMA)) for _ in range(4)]
        for thread in asked:
            thread.start()
        for thread in asked:
            thread.join()
    assert (len(chat.bodies), server.counts["answers"], server.counts["answers from the cache"]) == (1, 4, 3)


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("500", "HTTP 500"),
        ("503", "HTTP 503"),
        ("408", "HTTP 408"),
        ("429", "HTTP 429"),
        ("close", "the answer is cut off (RemoteDisconnected)"),
        ("half", "the answer is cut off (IncompleteRead)"),
        ("html", "the answer is cut off or no JSON"),
        ("error", "the answer is an error (the provider is down)"),
        ("nochoices", "the answer has no choices but"),
        ("stall", "the answer takes too long"),
    ],
)
def test_passing_fault_is_reported_and_the_next_attempt_succeeds(asking, fault, line):
    patience = Patience(attempts=3, first_wait_s=0.01, stall_s=0.4 if fault == "stall" else 5.0)
    with chat_server(fault) as chat:
        server, lines = asking(chat, patience=patience)
        assert server.ask(QUESTION, SCHEMA) == '{"relations": []}'
    assert (len(chat.bodies), len(lines), lines[0].startswith(line)) == (2, 1, True)
    assert server.counts["answers"] == 1


def test_the_last_attempt_raises_and_nothing_is_kept(asking):
    with chat_server(*["503"] * 3) as chat:
        server, _ = asking(chat)
        with pytest.raises(PassingFault, match="HTTP 503"):
            server.ask(QUESTION, SCHEMA)
        assert server.ask(QUESTION, SCHEMA) == '{"relations": []}'
    assert len(chat.bodies) == 4


def test_all_threads_wait_as_long_as_the_server_wants(asking):
    with chat_server("429 1") as chat:
        server, _ = asking(chat)
        with pytest.raises(PassingFault):
            ChatServer(server.settings, None, server._folder, Patience(attempts=1)).ask(QUESTION, SCHEMA)
        chat.faults.append("429 1")
        asked = [
            threading.Thread(target=server.ask, args=([{**QUESTION[0], "content": f"Text: {n}"}], SCHEMA))
            for n in range(3)
        ]
        asked[0].start()
        while len(chat.bodies) < 2:
            time.sleep(0.01)
        time.sleep(0.1)
        for thread in asked[1:]:
            thread.start()
        for thread in asked:
            thread.join()
    assert len(chat.times) == 5
    assert min(chat.times[2:]) - chat.times[1] >= 0.9


@pytest.mark.parametrize(
    ("refused", "forms"),
    [
        ({"json_schema"}, ["json_schema", "json_object", "json_object"]),
        ({"json_schema", "json_object"}, ["json_schema", "json_object", None, None]),
    ],
)
def test_a_server_that_refuses_a_form_is_asked_in_the_next_from_then_on(asking, refused, forms):
    with chat_server() as chat:
        chat.refused = refused
        server, lines = asking(chat)
        for text in ("Text: 1", "Text: 2"):
            server.ask([{"role": "user", "content": text}], SCHEMA)
        assert [body.get("response_format", {}).get("type") for body in chat.bodies] == forms
        assert len(lines) == 1
        assert lines[0].startswith("the server refuses response_format json_schema; asked with ")
        again, _ = asking(chat)
        again.ask([{"role": "user", "content": "Text: 2"}], SCHEMA)
        assert len(chat.bodies) == len(forms), "the cache has the answer, whatever the form"


def test_a_question_that_is_refused_after_another_was_answered_is_not_asked_in_another_form(asking):
    with chat_server("", "400 too long") as chat:
        server, _ = asking(chat)
        server.ask(QUESTION, SCHEMA)
        with pytest.raises(Refusal, match="too long"):
            server.ask([{"role": "user", "content": "Text: 2"}], SCHEMA)
    assert len(chat.bodies) == 2


def test_a_wrong_key_stops_at_once(asking):
    with chat_server("401 wrong key") as chat:
        server, lines = asking(chat, KEY)
        with pytest.raises(Refusal, match=r"HTTP 401 .*wrong key Bearer \*\*\*"):
            server.ask(QUESTION, SCHEMA)
    assert (len(chat.bodies), lines) == (1, [])


def test_the_key_goes_to_the_server_and_nowhere_else(asking, tmp_path):
    def careless(body: dict) -> str:
        return json.dumps({"relations": [], "key": KEY})

    with chat_server("500", "400 no", answer=careless) as chat:
        server, lines = asking(chat, f" {KEY}\n")
        text = server.ask(QUESTION, SCHEMA)
        server.ask([{"role": "user", "content": "Text: 2"}], SCHEMA)
    assert set(chat.keys) == {f"Bearer {KEY}"}
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    contents = [gzip.decompress(path.read_bytes()).decode() for path in files]
    assert len(files) == 2
    assert [KEY in each for each in (*contents, *lines, text, repr(server.settings))] == [False] * (len(lines) + 4)
    assert "***" in text


@pytest.mark.parametrize("key", ["a b", "k\u00e9y", "line\nbreak"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(tmp_path, key):
    with pytest.raises(SettingError, match="the key of the server holds a space or a character") as caught:
        ChatServer(ChatSettings("http://127.0.0.1:9/v1", "m"), key, tmp_path)
    assert key not in str(caught.value)


@pytest.mark.parametrize("url", ["http://me:pass@a/v1", "https://a/v1?key=pass", "http://a/v1#pass"])
def test_an_address_with_a_password_is_refused_without_being_shown(url):
    with pytest.raises(SettingError, match="--endpoint: the address holds a password") as caught:
        ChatSettings(url, "m")
    assert "pass@" not in str(caught.value)
    assert "key=" not in str(caught.value)


def test_the_address_is_taken_with_and_without_its_end():
    for url in ("http://a/v1", "http://a/v1/", "http://a/v1/chat/completions", "http://a/v1/chat/completions/"):
        assert ChatSettings(url, "m").url == "http://a/v1/chat/completions"
    with pytest.raises(SettingError, match="'a/v1' is no address of a service"):
        ChatSettings("a/v1", "m")
    for url in ("http://[::1/v1", "http://me:pass@a\u2100/v1"):
        with pytest.raises(SettingError, match=r"^--endpoint: the address has no host that can be read; write it as"):
            ChatSettings(url, "m")


def test_answers_in_parts_without_text_and_without_tokens_are_read():
    def answer(content, **others) -> dict:
        return completion(json.dumps({"choices": [{"message": {"content": content}, **others}]}), "http://a")

    assert answer([{"type": "text", "text": "{"}, {"type": "text", "text": "}"}])["content"] == "{}"
    assert answer(None, finish_reason="length") == {"content": "", "finish_reason": "length", "usage": {}}
    error = {"error": {"code": 400, "message": "too long"}}
    with pytest.raises(Refusal, match="error 400: too long"):
        completion(json.dumps(error), "http://a")


def test_answers_without_tokens_and_cut_answers_are_counted(asking):
    with chat_server("uncounted", "length", "empty") as chat:
        server, _ = asking(chat)
        texts = [server.ask([{"role": "user", "content": f"Text: {n}"}], SCHEMA) for n in range(3)]
    assert texts[1:] == ['{"relations": [{"subject', ""]
    assert server.counts["answers without numbers of tokens"] == 1
    assert server.counts["answers cut off at --max-tokens"] == 1


def test_a_stopped_question_waits_and_is_asked_no_more(asking):
    ended, stopping = [], threading.Event()

    def ask(server: ChatServer) -> None:
        with pytest.raises(ServiceError, match="stopped"):
            server.ask(QUESTION, SCHEMA, stopping)
        ended.append(True)

    with chat_server("503") as chat:
        server, _ = asking(chat, patience=Patience(attempts=3, first_wait_s=60.0))
        waiting = threading.Thread(target=ask, args=(server,))
        waiting.start()
        while not chat.bodies:
            time.sleep(0.01)
        stopping.set()
        waiting.join(5)
        assert ended == [True]
    assert len(chat.bodies) == 1
