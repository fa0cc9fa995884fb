"""The limit of requests, kept by all processes that share a folder."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from biodir.files import write_atomic

# PubTator 3: "we ask that users post no more than three requests per second".
REQUESTS = 3
# A second, and a little for what clocks and networks differ by.
PERIOD_S = 1.05


@dataclass(frozen=True)
class Pace:
    """At most three requests in any second, by the clock of the server.

    A request starts a second after the third last one *ended*: it reached the server at some time before its end, so
    four requests reach the server within more than a second. The times are in a file, so that two programs, or a
    program that was stopped and started again, keep the limit together.

    Args:
        file: where the times are kept.

    >>> with Pace(Path("times.json")).request():
    ...     pass
    >>> len(json.loads(Path("times.json").read_text()))
    1
    """

    file: Path

    @contextmanager
    def request(self) -> Iterator[None]:
        """Wait until a request may start, and note when it ends."""
        with self._lock():  # held while it waits: others wait after it
            times = self._times()
            if len(times) == REQUESTS:
                time.sleep(max(0.0, times[0] + PERIOD_S - time.time()))
            start = time.time()
            self._write([*times, start])
        try:
            yield
        finally:
            with self._lock():
                times = self._times()
                if start in times:
                    times.remove(start)
                self._write([*times, time.time()])

    def _lock(self) -> FileLock:
        return FileLock(f"{self.file}.lock")

    def _times(self) -> list[float]:
        """Return the times of the last requests, oldest first; after a clock that ran ahead, the present."""
        try:
            times = [float(each) for each in json.loads(self.file.read_text(encoding="utf-8"))]
        except (FileNotFoundError, ValueError, TypeError):
            return []
        return sorted(min(each, time.time()) for each in times)[-REQUESTS:]

    def _write(self, times: list[float]) -> None:
        write_atomic(self.file, json.dumps(sorted(times)[-REQUESTS:]))
