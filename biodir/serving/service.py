"""What the server and the tools share: a request is read in a thread, then waits for the model."""

import asyncio
from typing import Any

from biodir.serving.batching import Batcher


class RelationService:
    """Answers requests of the handler's JSON.

    Args:
        batcher: runs the model.

    >>> from biodir.serving.handler import Limits, RequestHandler
    >>> service = RelationService(Batcher(RequestHandler(None, Limits())))
    >>> asyncio.run(service.answer({}))
    Traceback (most recent call last):
    biodir.serving.handler.RequestError: {"status": 400, "field": "inputs", "message": "the body has no key ...
    """

    def __init__(self, batcher: Batcher) -> None:
        self.batcher = batcher
        self.handler = batcher.handler

    async def answer(self, data: Any) -> Any:
        """Return the answer to a request ``{"inputs", "parameters"?}``.

        Raises:
            QueueFullError: too many requests wait.
            RequestError: the request cannot be answered.
        """
        self.batcher.check_room()  # before time goes into its documents
        return await self.batcher.answer(await asyncio.to_thread(self.handler.read, data))
