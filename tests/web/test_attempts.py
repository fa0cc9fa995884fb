"""Repeated requests: the waits between them, and when there is no further one."""

import pytest

from biodir.web.answers import PassingFault, Patience, ServiceError
from biodir.web.attempts import down, repeated, waits

URL = "http://127.0.0.1:9"


def tried(*faults: PassingFault, attempts: int = 5, has_answered: bool = False, **patience) -> tuple[list, list, list]:
    """The waits, lines and result of a request that has these faults and then succeeds."""
    left, slept, lines = list(faults), [], []

    def request() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    found = repeated(request, URL, Patience(**patience), attempts, lambda: has_answered, lines.append, slept.append)
    return slept, lines, [found]


def test_waits_double_up_to_a_longest_and_differ_by_chance():
    patience = Patience(first_wait_s=1, longest_wait_s=8)
    runs = [list(waits(patience, 6)) for _ in range(50)]
    for number, longest in enumerate([1, 2, 4, 8, 8, 8]):
        times = [run[number] for run in runs]
        assert longest / 2 <= min(times) < max(times) <= longest
    assert len({run[0] for run in runs}) == 50


def test_the_wait_that_the_service_wants_goes_before_ours():
    slept, lines, found = tried(PassingFault("HTTP 429", retry_after_s=7.5), PassingFault("cut"), longest_wait_s=0)
    assert (slept, found) == ([7.5, 0.0], ["answer"])
    assert lines == ["HTTP 429; attempt 2 of 5 in 7.5 s", "cut; attempt 3 of 5 in 0.0 s"]


def test_the_last_attempt_raises_its_fault_and_a_wait_that_is_too_long_stops():
    with pytest.raises(PassingFault, match="second"):
        tried(PassingFault("first"), PassingFault("second"), attempts=2, longest_wait_s=0)
    with pytest.raises(ServiceError, match="HTTP 429; it wants a wait of 601 s, run the same command after that"):
        tried(PassingFault("HTTP 429", retry_after_s=601))


def test_an_address_that_never_answered_is_tried_four_times_and_one_that_did_more_often():
    faults = [PassingFault("no server", was_reached=False) for _ in range(4)]
    with pytest.raises(PassingFault, match="no server"):
        tried(*faults, longest_wait_s=0)
    assert tried(*faults, has_answered=True, longest_wait_s=0)[2] == ["answer"]
    with pytest.raises(PassingFault, match="no server"):
        tried(*[PassingFault("HTTP 503")] * 4, *faults, attempts=8, longest_wait_s=0)
    assert str(down(URL, faults[0])) == f"{URL}: no server, at all attempts; run the same command later, it resumes"
