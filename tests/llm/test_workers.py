"""Threads that wait for a server."""

import threading
import time

import pytest

from biodir.llm.workers import Workers


def test_results_and_errors_come_where_they_are_wanted_and_no_more_threads_work_than_there_are():
    at_a_time, most, lock = 0, 0, threading.Lock()

    def work(number: int) -> float:
        nonlocal at_a_time, most
        with lock:
            at_a_time += 1
            most = max(most, at_a_time)
        time.sleep(0.02)
        with lock:
            at_a_time -= 1
        return 6 / number

    with Workers(3) as workers:
        futures = [workers.submit(work, number) for number in (1, 2, 0, 3, 1, 2)]
        assert [futures[index].result() for index in (0, 1, 3, 4, 5)] == [6.0, 3.0, 2.0, 6.0, 3.0]
        with pytest.raises(ZeroDivisionError):
            futures[2].result()
    assert most == 3


def test_what_waits_at_the_end_is_not_done():
    done, gate = [], threading.Event()

    def work(number: int) -> None:
        gate.wait(5)
        done.append(number)

    with Workers(1) as workers:
        first = workers.submit(work, 1)
        workers.submit(work, 2)
        time.sleep(0.05)
    gate.set()
    first.result(5)
    time.sleep(0.05)
    assert done == [1]
