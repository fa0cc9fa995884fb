"""Graceful shutdown: after a signal the loop ends when its step is done."""

import signal
from typing import Any

import torch

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    """Notes SIGTERM and SIGINT; a second one of the same kind ends the program at once, as without this.

    Of the same kind, since a launcher that Ctrl-C interrupts sends SIGTERM to processes that have had its SIGINT.

    >>> stop = StopRequest()
    >>> stop.exit_status
    143
    >>> stop.release()
    """

    def __init__(self) -> None:
        self._signal: int | None = None
        self._before: dict[int, Any] = {number: signal.signal(number, self._note) for number in SIGNALS}

    def is_wanted(self, accelerator: Any) -> bool:
        """Return whether any of the processes was asked to stop; the same in all of them."""
        if accelerator.num_processes == 1:
            return self._signal is not None
        asked = torch.tensor(float(self._signal is not None), device=accelerator.device)
        return accelerator.reduce(asked, "sum").item() > 0

    @property
    def exit_status(self) -> int:
        """The status of a program that the signal ends: 130 for SIGINT; 143 for SIGTERM or for another process."""
        return 128 + (self._signal or signal.SIGTERM)

    def release(self) -> None:
        """Restore the handlers that the signals had before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: Any) -> None:
        self._signal = number
        signal.signal(number, self._before[number])
