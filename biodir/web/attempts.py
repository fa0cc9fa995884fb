"""Requests that are repeated until they are answered, with waits between the attempts."""

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from biodir.web.answers import PassingFault, Patience, ServiceError

T = TypeVar("T")
# Attempts to reach a service that has not answered since the start: its address is rather wrong than down.
ATTEMPTS_TO_REACH = 4


def repeated(
    request: Callable[[], T],
    url: str,
    patience: Patience,
    attempts: int,
    has_answered: Callable[[], bool],
    report: Callable[[str], object],
    sleep: Callable[[float], object] = time.sleep,
) -> T:
    """Return what a request returns; after a passing fault it is made again.

    Args:
        request: makes it once.
        url: of the service, for messages.
        patience: how long the waits are.
        attempts: at most, at least 1.
        has_answered: whether the service has answered any request since the start.
        report: called with a line for each wait.
        sleep: waits.

    Raises:
        PassingFault: that of the last attempt.
        ServiceError: the service wants a wait that is too long.
    """
    for attempt, wait_s in enumerate(waits(patience, attempts), start=1):
        try:
            return request()
        except PassingFault as fault:
            last = attempts if fault.was_reached or has_answered() else min(attempts, ATTEMPTS_TO_REACH)
            if attempt >= last:  # of a server that was lost on the way, some are over
                raise
            wait_s = wait_s if fault.retry_after_s is None else fault.retry_after_s
            if wait_s > patience.longest_order_s:
                raise ServiceError(
                    f"{url}: {fault}; it wants a wait of {wait_s:.0f} s, run the same command after that"
                ) from fault
            report(f"{fault}; attempt {attempt + 1} of {last} in {wait_s:.1f} s")
            sleep(wait_s)
    raise AssertionError("attempts is at least 1")


def waits(patience: Patience, attempts: int) -> Iterator[float]:
    """Yield the seconds after each attempt: doubled each time, and each by chance up to a half shorter.

    So programs that failed together do not come back together.
    """
    for number in range(attempts):
        longest = min(patience.longest_wait_s, patience.first_wait_s * 2**number)
        yield longest * random.uniform(0.5, 1.0)


def down(url: str, fault: PassingFault) -> ServiceError:
    """Return the error of a service that has the fault at all attempts."""
    return ServiceError(f"{url}: {fault}, at all attempts; run the same command later, it resumes")
