"""Which requests go through the model together, and what a fault or a cancellation costs the others."""

import asyncio
import threading

import pytest

from biodir.serving.batching import LONGEST_STEP_S, Batcher, QueueFullError
from biodir.serving.handler import Limits, ReadRequest, RequestError, RequestHandler


class Model(RequestHandler):
    """Answers with the documents; the first batch waits for the gate, and texts of exceptions are raised."""

    def __init__(self, documents=4):
        super().__init__(None, Limits(documents=documents))
        self.batches, self.computed, self.gate = [], [], threading.Event()

    def steps(self, requests, at_once):
        self.batches.append([list(each.documents) for each in requests])
        documents = [document for each in requests for document in each.documents]
        for first in range(0, len(documents), at_once):
            assert self.gate.wait(10)
            self.computed.append(documents[first : first + at_once])
            yield
        for each in requests:
            if "fail" in each.documents:
                raise KeyError("x")
        return [RequestError(422, "f", "m", "x") if "bad" in each.documents else [*each.documents] for each in requests]


def request(*documents, **parameters):
    return ReadRequest(documents, tuple(documents), parameters, is_list=True)


async def answered(batcher, model, *requests):
    """The answers, or exceptions, of requests that wait while the first one is computed."""
    tasks = [asyncio.create_task(batcher.answer(requests[0]))]
    await asyncio.sleep(0)
    while not model.batches:
        await asyncio.sleep(0.001)
    tasks += [asyncio.create_task(batcher.answer(each)) for each in requests[1:]]
    await asyncio.sleep(0.01)
    model.gate.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_requests_with_the_parameters_of_the_oldest_go_together_in_bounds():
    model = Model(documents=4)
    requests = [request("a"), request("b"), request("c", top_k=1), request("d", "e"), request("f", "g"), request("h")]
    answers = asyncio.run(answered(Batcher(model), model, *requests))
    assert answers == [[*each.documents] for each in requests]
    assert model.batches == [[["a"]], [["b"], ["d", "e"], ["h"]], [["c"]], [["f", "g"]]]


def test_request_larger_than_a_batch_is_computed_by_itself():
    model = Model(documents=1)
    assert asyncio.run(answered(Batcher(model), model, request("a"), request("b", "c"), request("d"))) == [
        ["a"],
        ["b", "c"],
        ["d"],
    ]
    assert model.batches == [[["a"]], [["b", "c"]], [["d"]]]


def slow(model):
    """A batcher whose model takes two documents in a step."""
    batcher = Batcher(model)
    batcher._document_s = LONGEST_STEP_S / 2
    batcher._note = lambda job, answers: None  # so that it stays so
    return batcher


def test_small_requests_go_between_the_steps_of_a_large_one():
    model = Model(documents=9)
    requests = [request(*"abcdef"), request("g"), request(*"hijk", top_k=1), request("l", top_k=1), request("m")]
    assert asyncio.run(answered(slow(model), model, *requests)) == [[*each.documents] for each in requests]
    assert model.computed == [[*"ab"], [*"gm"], [*"cd"], ["l"], [*"ef"], [*"hi"], [*"jk"]]


def test_large_request_advances_however_many_small_ones_come():
    model = Model(documents=9)
    requests = [request(*"abcdef"), *(request(each, top_k=number) for number, each in enumerate("uvwxyz", start=1))]
    asyncio.run(answered(slow(model), model, *requests))
    assert model.computed == [[*"ab"], ["u"], [*"cd"], ["v"], [*"ef"], ["w"], ["x"], ["y"], ["z"]]


def test_large_request_whose_client_goes_is_computed_no_further():
    model = Model(documents=9)

    async def run():
        batcher = slow(model)
        gone = asyncio.create_task(batcher.answer(request(*"abcdef")))
        while not model.batches:
            await asyncio.sleep(0.001)
        gone.cancel()
        kept = asyncio.create_task(batcher.answer(request("g")))
        await asyncio.sleep(0.01)
        model.gate.set()
        return await kept, batcher.retry_after_s

    assert asyncio.run(run()) == (["g"], 1)
    assert model.computed == [[*"ab"], ["g"]]


def test_request_error_is_that_of_its_request_and_an_unforeseen_one_of_its_batch():
    model, seen = Model(), []
    requests = [request("a"), request("b"), request("bad"), request("c", top_k=1), request("fail", top_k=1)]
    answers = asyncio.run(answered(Batcher(model, observe=seen.append), model, *requests))
    assert answers[:2] == [["a"], ["b"]]
    assert [type(each) for each in answers[2:]] == [RequestError, KeyError, KeyError]
    assert [(each.requests, each.documents, each.relations) for each in seen] == [(1, 1, 1), (2, 2, 1), (2, 2, 0)]
    assert asyncio.run(Batcher(model).answer(request("d"))) == ["d"]


def test_full_queue_refuses_and_estimates_the_wait_with_what_is_computed_with_what_is_computed():
    model = Model()

    async def run():
        batcher = Batcher(model, most_waiting=1)
        batcher._document_s = 7.0
        tasks = [asyncio.create_task(batcher.answer(request("a")))]
        while not model.batches:
            await asyncio.sleep(0.001)
        tasks.append(asyncio.create_task(batcher.answer(request("b", "c"))))
        await asyncio.sleep(0.01)
        with pytest.raises(QueueFullError, match="1 requests wait already; send this one again after 21 s"):
            await batcher.answer(request("d"))
        model.gate.set()
        return await asyncio.gather(*tasks)

    assert asyncio.run(run()) == [["a"], ["b", "c"]]


def test_cancelled_request_is_not_computed_and_a_close_answers_what_waits():
    model = Model()

    async def run():
        batcher = Batcher(model)
        first = asyncio.create_task(batcher.answer(request("a")))
        while not model.batches:
            await asyncio.sleep(0.001)
        gone, kept = (asyncio.create_task(batcher.answer(request(each))) for each in "bc")
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.sleep(0.01)
        model.gate.set()
        await batcher.close()
        return first.result(), kept.result(), gone.cancelled()

    assert asyncio.run(run()) == (["a"], ["c"], True)
    assert model.batches == [[["a"]], [["c"]]]
