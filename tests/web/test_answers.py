"""One request with a body: where the secret goes, and what each fault means. `tests/fetching` has those without."""

import pytest

from biodir.web.answers import PassingFault, Patience, Refusal, answer_bytes
from helpers.chat_server import chat_server

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
