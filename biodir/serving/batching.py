"""Requests that wait while the model computes go through it together; a large one lets small ones pass."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from biodir.serving.handler import ReadRequest, RequestError, RequestHandler

# Seconds that a client is asked to wait at least and at most.
SHORTEST_RETRY_S, LONGEST_RETRY_S = 1, 60
# How much the newest batch counts in the mean of the seconds that a document takes.
NEWEST_WEIGHT = 0.2
# Seconds that a step of the model takes at most, as far as the last batches show and if it is not of one document.
LONGEST_STEP_S = 0.5


class QueueFullError(ValueError):
    """The server has so much to do that a request is refused.

    Args:
        reason: what there is too much of.
        retry_after_s: seconds after which those that wait will have been answered.

    >>> print(QueueFullError("64 requests wait already", 3))
    64 requests wait already; send this one again after 3 s
    """

    def __init__(self, reason: str, retry_after_s: int) -> None:
        self.reason, self.retry_after_s = reason, retry_after_s
        super().__init__(f"{reason}; {self.fix}")

    @property
    def fix(self) -> str:
        """What the client can do."""
        return f"send this one again after {self.retry_after_s} s"


@dataclass(frozen=True)
class Batch:
    """What went through the model at once.

    Args:
        requests: their number.
        documents: in all of them.
        relations: in all answers.
        waited_s: seconds that each request waited before.
        seconds: that the model computed.

    >>> Batch(requests=2, documents=5, relations=9, waited_s=[0.1, 0.0], seconds=0.5).documents
    5
    """

    requests: int
    documents: int
    relations: int
    waited_s: Sequence[float]
    seconds: float


@dataclass(eq=False)
class _Waiting:
    request: ReadRequest
    answer: "asyncio.Future[Any]"
    since_s: float = field(default_factory=time.monotonic)


@dataclass(eq=False)
class _Job:
    """Requests that go through the model together, and what is left to compute of them."""

    batch: Sequence[_Waiting]
    steps: Generator[None, None, list[Any]]
    started_s: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    @property
    def documents(self) -> int:
        return sum(len(each.request.documents) for each in self.batch)


class Batcher:
    """Answers requests on one event loop; the model runs in a thread, one step of a batch at a time.

    No request waits for others to come. Those that came while the model computed, and have the same parameters as the
    oldest, go together, up to the documents of a step, `LONGEST_STEP_S`. A request of more documents is computed in
    steps; between two of them goes a batch of those that are smaller. So a small request does not wait for a large one,
    nor a large one for all small ones that come.

    Args:
        handler: reads and answers requests.
        most_waiting: requests that wait at most; the next is refused.
        observe: called with each batch after it is answered.

    >>> class Counting(RequestHandler):  # in place of a model
    ...     def steps(self, requests, at_once):
    ...         yield
    ...         return [len(each.documents) for each in requests]
    >>> async def example():
    ...     batcher = Batcher(Counting(None, Limits()))
    ...     return await asyncio.gather(*(batcher.answer(ReadRequest(("A",) * n, (), {}, True)) for n in (1, 2)))
    >>> from biodir.serving.handler import Limits
    >>> asyncio.run(example())
    [1, 2]
    """

    def __init__(
        self, handler: RequestHandler, most_waiting: int = 64, observe: Callable[[Batch], object] | None = None
    ) -> None:
        self.handler, self.most_waiting, self._observe = handler, most_waiting, observe
        self._waiting: deque[_Waiting] = deque()
        self._model_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._work: asyncio.Task[None] | None = None
        self._document_s = 0.1  # until the first batch shows what a document takes
        self._computing = 0  # documents of the batches that are computed

    @property
    def waiting(self) -> int:
        """The number of requests that wait for the model."""
        return len(self._waiting)

    def check_room(self) -> None:
        """Check that one more request may wait.

        Raises:
            QueueFullError: there is no room.
        """
        if self.waiting >= self.most_waiting:
            raise QueueFullError(f"{self.waiting} requests wait already", self.retry_after_s)

    @property
    def retry_after_s(self) -> int:
        """Seconds after which what waits will have been answered, as far as the last batches show."""
        documents = self._computing + sum(len(each.request.documents) for each in self._waiting)
        return min(max(math.ceil(documents * self._document_s), SHORTEST_RETRY_S), LONGEST_RETRY_S)

    async def answer(self, request: ReadRequest) -> Any:
        """Return the answer to a request. If this is cancelled while the request waits, it costs no more time.

        Raises:
            QueueFullError: too many requests wait.
            RequestError: the request cannot be answered.
        """
        self.check_room()
        entry = _Waiting(request, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._compute())
        try:
            answer = await entry.answer
        finally:
            if entry in self._waiting:  # cancelled before its turn
                self._waiting.remove(entry)
        if isinstance(answer, RequestError):
            raise answer
        return answer

    async def close(self) -> None:
        """Answer what waits, then end the thread of the model."""
        if self._work is not None:
            await self._work
        self._model_thread.shutdown()

    @property
    def _at_once(self) -> int:
        """The documents of a step at most."""
        return min(max(int(LONGEST_STEP_S / self._document_s), 1), self.handler.limits.documents)

    async def _compute(self) -> None:
        """Answer batches until no request waits."""
        large: _Job | None = None
        while self._waiting or large:
            at_once = self._at_once
            if batch := self._next_batch(at_once, only_small=large is not None):
                job = self._job(batch, at_once)
                if job.documents > at_once:
                    large = job
                else:
                    while not await self._advance(job):
                        pass
            if large and await self._advance(large):
                large = None

    def _job(self, batch: Sequence[_Waiting], at_once: int) -> _Job:
        job = _Job(batch, self.handler.steps([each.request for each in batch], at_once))
        self._computing += job.documents
        return job

    async def _advance(self, job: _Job) -> bool:
        """Compute a step of a batch, answer its requests after the last, and return whether it was that."""
        if all(each.answer.done() for each in job.batch):  # cancelled
            job.steps.close()
            self._computing -= job.documents
            return True
        started_s = time.monotonic()
        work = asyncio.get_running_loop().run_in_executor(self._model_thread, _step, job.steps)
        await asyncio.wait([work])  # raises nothing: an unforeseen error is that of these requests only
        job.seconds += time.monotonic() - started_s
        error = work.exception()
        answers = [error] * len(job.batch) if error else work.result()
        if answers is None:
            return False
        self._computing -= job.documents
        for entry, answer in zip(job.batch, answers, strict=True):
            if entry.answer.done():  # cancelled
                continue
            if error:
                entry.answer.set_exception(error)
            else:
                entry.answer.set_result(answer)
        self._note(job, answers)
        return True

    def _next_batch(self, at_once: int, only_small: bool) -> list[_Waiting]:
        """Take the oldest request, and others with its parameters, from those that wait.

        Args:
            at_once: documents of the batch at most, if it is not one request of more.
            only_small: whether that is left to wait.
        """
        batch, left = list[_Waiting](), deque[_Waiting]()
        room = at_once
        for entry in self._waiting:
            size = len(entry.request.documents)
            fits = size <= room and (not batch or entry.request.parameters == batch[0].request.parameters)
            if fits or not (batch or only_small):
                batch.append(entry)
                room -= size
            else:
                left.append(entry)
        self._waiting = left
        return batch

    def _note(self, job: _Job, answers: Sequence[Any]) -> None:
        if job.documents:
            self._document_s += NEWEST_WEIGHT * (job.seconds / job.documents - self._document_s)
        if self._observe:
            pairs = zip(job.batch, answers, strict=True)
            relations = sum(_relations(each.request, answer) for each, answer in pairs)
            waited_s = [job.started_s - each.since_s for each in job.batch]
            self._observe(Batch(len(job.batch), job.documents, relations, waited_s, job.seconds))


def _step(steps: Generator[None, None, list[Any]]) -> list[Any] | None:
    """Compute a step; return the answers after the last, before it None."""
    try:
        next(steps)
    except StopIteration as end:
        found: list[Any] = end.value
        return found
    return None


def _relations(request: ReadRequest, answer: Any) -> int:
    """Return the number of relations in an answer, 0 for an error."""
    if not isinstance(answer, (list, Mapping)):
        return 0
    results = answer if request.is_list else [answer]
    return sum(len(each["relations"] if isinstance(each, Mapping) else each) for each in results)
