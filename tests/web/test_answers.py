"""One request with a body: where the secret goes, and what each fault means. `tests/fetching` has those without."""

import gzip
from http.server import BaseHTTPRequestHandler

import pytest

from biodir.errors_biodir import SettingError
from biodir.web.answers import PassingFault, Patience, Refusal, answer_bytes, check_address
from helpers.chat_server import chat_server
from helpers.loopback import served

PATIENCE = Patience(stall_s=5.0)
BODY = b'{"model": "m", "messages": [{"role": "user", "content": "Text: "}]}'


def asked(chat) -> bytes:
    return answer_bytes(f"{chat.url}/chat/completions", PATIENCE, BODY, "secret")


def test_body_and_secret_are_sent():
    with chat_server() as chat:
        assert b'"choices"' in asked(chat)
    assert chat.bodies == [{"model": "m", "messages": [{"role": "user", "content": "Text: "}]}]
    assert chat.keys == ["Bearer secret"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirection_is_followed_with_a_body_so_no_other_server_gets_text_or_secret(status):
    message = f"HTTP {status} .*; the service is at 'http://127.0.0.1.*'; give that address"
    with chat_server() as other, chat_server(f"{status} {other.url}/chat/completions") as chat:
        with pytest.raises(Refusal, match=message):
            asked(chat)
        assert (len(chat.bodies), other.bodies) == (1, [])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 501])
def test_refusal_has_status_and_text(status):
    with chat_server(*[f"{status} no"] * 2) as chat:
        for chat.packs in (False, True):
            with pytest.raises(Refusal, match=f"HTTP {status}") as caught:
                asked(chat)
            assert (caught.value.status, "no Bearer" in caught.value.text) == (status, True)


def test_too_many_requests_pass_but_an_account_without_money_does_not():
    with chat_server("429 3", "429 insufficient_quota") as chat:
        with pytest.raises(PassingFault) as caught:
            asked(chat)
        assert (caught.value.retry_after_s, caught.value.may_be_of_content) == (3.0, False)
        with pytest.raises(Refusal, match="insufficient_quota"):
            asked(chat)


class PackedAnswer(BaseHTTPRequestHandler):
    """Answers with a packed body."""

    encoding, content = "gzip", b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Encoding", self.encoding)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_packed_answer_is_unpacked_with_all_its_members(encoding):
    content = gzip.compress(b"[1]\n") + gzip.compress(b"[2]\n")
    with served(PackedAnswer, encoding=encoding, content=content) as url:
        assert answer_bytes(url, PATIENCE) == b"[1]\n[2]\n"
    cut_off = pytest.raises(PassingFault, match="the answer is cut off")
    with served(PackedAnswer, encoding=encoding, content=content[:-5]) as url, cut_off:
        answer_bytes(url, PATIENCE)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://[::1", "'http://[::1' is no address of a service; write one as https://..."),
        ("http://localhost:abc", "'http://localhost:abc' is no address"),
        ("http://localhost:99999", "'http://localhost:99999' is no address"),
        ("http://a..b", "'http://a..b' is no address"),
        ("http://local host", "'http://local host' is no address"),
        ("http://localhost/a b", "'http://localhost/a b' is no address"),
        ("http://localhost/\n", r"'http://localhost/\n' is no address"),
        (
            "http://localhost/ö",
            "'http://localhost/ö': only the host may have letters beyond ASCII; write ö as %C3%B6",
        ),
    ],
)
def test_address_to_which_no_request_can_be_written_is_refused(url, message):
    with pytest.raises(SettingError) as caught:
        check_address(url)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "url", ["http://[::1]:8000/v1", "https://example.org./a%C3%B6?b=c", "http://bücher.example:80"]
)
def test_address_of_a_service_is_taken(url):
    check_address(url)
