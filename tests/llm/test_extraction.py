"""The pipeline over a chat server: results, second questions, wrong answers, and what stops a run."""

import json
import threading
from itertools import islice

import pytest

from biodir.errors_biodir import SettingError
from biodir.llm.extraction import AnswerError, LlmExtraction, _Call
from biodir.llm.server import ChatServer, ChatSettings
from biodir.web.answers import Patience, Refusal, ServiceError
from helpers.chat_server import chat_server, statement
from helpers.marked import marked_document

HASTE = Patience(attempts=2, first_wait_s=0.01, stall_s=5.0)
IRON = "It is known. <C:D1 Iron> harms. <C:D1 Fe> lowers <G:1956 EGFR> in <D:D2 pain>."


def documents(number: int) -> list:
    return [marked_document(f"{IRON} Text {index}.", id=str(index)) for index in range(number)]


@pytest.fixture
def asking(tmp_path):
    """Return a pipeline over a server."""

    def make(chat, **parameters) -> LlmExtraction:
        server = ChatServer(ChatSettings(chat.url, "m"), None, tmp_path / "cache", HASTE, lambda line: None)
        return LlmExtraction(server, **parameters)

    return make


def texts(*answers):
    """Answer with these, one after another; mappings as JSON."""
    left = list(answers)

    def answer(_: dict) -> str:
        given = left.pop(0)
        return given if isinstance(given, str) else json.dumps(given)

    return answer


def counted(extract: LlmExtraction) -> dict[str, int]:
    return {name: count for name, count in extract.counts.items() if "token" not in name and count}


def test_result_is_that_of_other_pipelines_without_scores(asking):
    entry = statement("E2", "E1", relation="Negative_Correlation", novelty="Known")
    with chat_server(answer=texts({"relations": [entry]})) as chat:
        ((found,),) = asking(chat)(documents(1))
    assert found == {
        "subject": {"id": "1956", "type": "GeneOrGeneProduct", "text": "EGFR"},
        "object": {"id": "D1", "type": "ChemicalEntity", "text": "Iron"},
        **{"relation": "Negative_Correlation", "directed": True, "novelty": "No", "cross_window": False},
        **dict.fromkeys(("score", "relation_score", "novelty_score", "direction_score")),
        "evidence": [{"start": 25, "end": 48, "text": "Fe lowers EGFR in pain.", "section": None}],
    }


def test_documents_keep_their_order_and_few_questions_are_on_the_way_at_a_time(asking):
    def slow_first(body: dict) -> str:
        is_first = "Text 0." in body["messages"][-1]["content"]
        chat.is_stopping.wait(0.3 if is_first else 0.0)
        return json.dumps({"relations": [statement("E1", "E2")] if is_first else []})

    with chat_server(answer=slow_first) as chat:
        chat.wait_s = 0.02
        found = list(asking(chat, concurrency=3)(iter(documents(9))))
    assert [len(each) for each in found] == [1, *[0] * 8]
    assert 2 <= chat.most_at_a_time <= 3


def test_pairs_are_asked_one_by_one_and_filters_hold(asking):
    answer = json.dumps({"relation": "Bind", "subject": "E1", "novelty": "Novel"})
    with chat_server(answer=lambda _: answer) as chat:
        assert [len(each) for each in asking(chat, unit="pair")(documents(2))] == [3, 3]
        assert len(chat.bodies) == 6
        few = asking(chat, unit="pair", pair_types=[["Chemical", "Gene"]])(documents(3))
        assert [len(each) for each in few] == [1, 1, 1]
        assert len(chat.bodies) == 7, "the first two are in the cache"
        assert asking(chat, unit="pair", relation_types=["Association"])(documents(1)) == [[]]


def test_text_without_pairs_is_not_asked(asking):
    with chat_server() as chat:
        assert asking(chat)([marked_document("<C:D1 Iron> only."), {"text": "Iron.", "entities": []}]) == [[], []]
    assert chat.bodies == []


def test_wrong_answer_is_repaired_by_one_second_question(asking):
    answers = ({"relations": [statement("E9", "E1")]}, {"relations": [statement("E2", "E1")]})
    with chat_server(answer=texts(*answers)) as chat:
        extract = asking(chat)
        (found,) = extract(documents(1))
    assert [each["subject"]["text"] for each in found] == ["EGFR"]
    assert [turn["role"] for turn in chat.bodies[1]["messages"]] == ["user", "assistant", "user"]
    assert "relations[0].subject: 'E9' is not one of" in chat.bodies[1]["messages"][2]["content"]
    assert counted(extract) == {
        "answers": 2,
        "answers that a second question was needed for": 1,
        "answers repaired by the second question": 1,
    }


def test_what_is_still_wrong_is_counted_and_left_out(asking):
    wrong = {"relations": [statement("E9", "E1"), statement("E2", "E1"), statement("E3", "E1", relation="Treats")]}
    with chat_server(answer=texts(f"Here: {json.dumps(wrong)}", wrong)) as chat:
        extract = asking(chat)
        (found,) = extract(documents(1))
    assert [each["subject"]["text"] for each in found] == ["EGFR"]
    assert counted(extract) == {
        "answers": 2,
        "answers with text around the JSON": 1,
        "answers that a second question was needed for": 1,
        "relations left out: unknown entity": 1,
        "relations left out: unknown relation type": 1,
    }


def test_the_first_answer_counts_where_the_second_has_no_form(asking):
    first = {"relations": [statement("E9", "E1"), statement("E2", "E1")]}
    with chat_server(answer=texts(first, "Sorry.")) as chat:
        extract = asking(chat)
        assert len(extract(documents(1))[0]) == 1
    assert counted(extract)["relations left out: unknown entity"] == 1


def test_document_without_usable_answer_is_an_error_and_costs_no_other(asking):
    with chat_server(answer=texts("no", "no", {"relations": []})) as chat:
        bad, good = asking(chat, concurrency=1)(documents(2))
    assert good == []
    assert isinstance(bad, AnswerError)
    assert bad.reason == "no usable answer"
    assert str(bad) == (
        "document 0: the model gave no usable answer, also when asked again: it has not exactly one JSON object with "
        "the key 'relations'"
    )


def test_pair_without_usable_answer_is_counted_and_costs_no_other(asking):
    good = {"relation": "Bind", "subject": None, "novelty": "Novel"}
    with chat_server(answer=texts("no", "no", good, good, *["no"] * 6)) as chat:
        extract = asking(chat, unit="pair", concurrency=1)
        first, second = extract(documents(2))
    assert len(first) == 2
    assert isinstance(second, AnswerError), "none of its pairs has an answer"
    assert counted(extract)["pairs without a usable answer"] == 1 + 3


def test_refused_and_unanswered_questions_cost_no_other_but_many_in_a_row_stop(asking):
    with chat_server("", "400 too long", "", "500", "500", "") as chat:
        found = asking(chat, concurrency=1)(documents(5))
    refused, unanswered = found[1].reason, found[3].reason
    assert (refused, unanswered) == ("question that the server refuses", "question that the server does not answer")
    assert [isinstance(each, list) for each in found] == [True, False, True, False, True]
    with chat_server("", *["400 no"] * 5) as chat:
        with pytest.raises(Refusal, match="400"):
            asking(chat, concurrency=1)(documents(9))
        assert len(chat.bodies) == 6
    with chat_server(*["500"] * 6) as chat:
        with pytest.raises(ServiceError, match=r"HTTP 500 .*, at all attempts; run the same command later, it resumes"):
            asking(chat, concurrency=1)(documents(9))
        assert len(chat.bodies) == 6, "a server that has answered nothing gets three questions"


def test_a_wrong_key_and_too_many_requests_stop_the_run(asking):
    for faults, error, message in ((["401"], Refusal, "401"), (["429", "429"], ServiceError, "429")):
        with chat_server(*faults) as chat:
            with pytest.raises(error, match=message):
                asking(chat, concurrency=1)(documents(9))
            assert len(chat.bodies) == len(faults)


def test_no_thread_asks_after_what_stops_the_run(asking, monkeypatch):
    """The caller hears of it late: the first document has no answer yet."""
    is_stopped = threading.Event()

    def answer(body: dict) -> str:
        is_stopped.wait(5)
        return "a wrong answer, to which a second question would follow"

    with chat_server("", "401", answer=answer) as chat:
        extract = asking(chat, concurrency=2)
        stop = _Call.stop
        monkeypatch.setattr(_Call, "stop", lambda call, error: (stop(call, error), is_stopped.set())[0])
        with pytest.raises(Refusal, match="401"):
            extract(documents(9))
        assert len(chat.bodies) == 2


def test_a_call_that_is_not_read_to_its_end_stops_no_later_one(asking):
    with chat_server() as chat:
        extract = asking(chat, concurrency=1)
        assert len(list(islice(extract(iter(documents(9))), 2))) == 2
        assert len(extract(marked_document(f"{IRON} Another text."))) == 1


def test_what_was_answered_before_the_run_stopped_is_answered_again(asking):
    with chat_server("", "401") as chat:
        extract = asking(chat, concurrency=1)
        with pytest.raises(Refusal):
            extract(documents(2))
        assert len(extract(documents(1))) == 1


@pytest.mark.parametrize(
    "parameters", [{"threshold": 0.5}, {"min_direction_score": 0.5}, {"top_k": 1}, {"return_all_scores": True}]
)
def test_parameters_that_need_scores_are_refused(asking, parameters):
    with chat_server() as chat, pytest.raises(SettingError, match="answers of a server have no scores; leave it out"):
        asking(chat, **parameters)
