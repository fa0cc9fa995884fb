"""Signals that ask a run to stop."""

import os
import signal

import pytest
import torch

from biodir.training.stopping import SIGNALS, StopRequest


class Processes:
    """In place of an accelerator: some processes, of which others were asked to stop or not."""

    device = "cpu"

    def __init__(self, others_asked: int = 0, num_processes: int = 1) -> None:
        self.others_asked, self.num_processes = others_asked, num_processes

    def reduce(self, value: torch.Tensor, how: str) -> torch.Tensor:
        assert how == "sum"
        return value + self.others_asked


@pytest.fixture
def handled():
    """The signals that reached whoever had them before."""
    seen = []
    before = {number: signal.signal(number, lambda number, _: seen.append(number)) for number in SIGNALS}
    yield seen
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def stop(handled):
    request = StopRequest()
    yield request
    request.release()


def send(*numbers: int) -> None:
    for number in numbers:
        os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_is_noted_and_nothing_else_happens(number, stop, handled):
    assert stop.exit_status == 143
    send(number)
    assert stop.is_wanted(Processes()) is True
    assert stop.exit_status == 128 + number
    assert handled == []


@pytest.mark.parametrize("number", SIGNALS)
def test_second_signal_of_a_kind_does_what_it_ever_did(number, stop, handled):
    send(number, number)
    assert handled == [number]


def test_wish_of_one_process_is_that_of_all(stop):
    assert stop.is_wanted(Processes(others_asked=1, num_processes=4)) is True
    send(signal.SIGTERM)
    assert stop.is_wanted(Processes(others_asked=0, num_processes=4)) is True
