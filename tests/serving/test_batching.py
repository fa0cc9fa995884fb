"""Which requests go through the model together, and what a fault or a cancellation costs the others."""

import asyncio
import threading

import pytest

from biodir.serving.batching import Batcher, QueueFullError
from biodir.serving.handler import Limits, ReadRequest, RequestError, RequestHandler


class Model(RequestHandler):
    """Answers with the documents; the first batch waits for the gate, and texts of exceptions are raised."""

    def __init__(self, documents=4):
        super().__init__(None, Limits(documents=documents))
        self.batches, self.gate = [], threading.Event()

    def answers(self, requests):
        self.batches.append([list(each.documents) for each in requests])
        assert self.gate.wait(10)
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


def test_request_error_is_that_of_its_request_and_an_unforeseen_one_of_its_batch():
    model, seen = Model(), []
    requests = [request("a"), request("b"), request("bad"), request("c", top_k=1), request("fail", top_k=1)]
    answers = asyncio.run(answered(Batcher(model, observe=seen.append), model, *requests))
    assert answers[:2] == [["a"], ["b"]]
    assert [type(each) for each in answers[2:]] == [RequestError, KeyError, KeyError]
    assert [(each.requests, each.documents, each.relations) for each in seen] == [(1, 1, 1), (2, 2, 1), (2, 2, 0)]
    assert asyncio.run(Batcher(model).answer(request("d"))) == ["d"]


def test_full_queue_refuses_and_estimates_the_wait():
    model = Model()

    async def run():
        batcher = Batcher(model, most_waiting=1)
        batcher._document_s = 7.0
        tasks = [asyncio.create_task(batcher.answer(request("a")))]
        while not model.batches:
            await asyncio.sleep(0.001)
        tasks.append(asyncio.create_task(batcher.answer(request("b", "c"))))
        await asyncio.sleep(0.01)
        with pytest.raises(QueueFullError, match="1 requests wait already; send this one again after 14 s"):
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
