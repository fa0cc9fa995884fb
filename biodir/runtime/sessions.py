"""A graph in ONNX Runtime that threads share, that can be pickled, and that a forked process can use."""

import ctypes
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from biodir.errors_biodir import CheckpointError
from biodir.optional import optional_library

THREADS_VARIABLE = "OMP_NUM_THREADS"
# ONNX Runtime 1.32 adds the bias and computes GELU in one operator, which takes longer than both: 0.70 against 0.60 ms
# for 478 tokens of 1536 numbers on one core of an x86 CPU.
SLOW_FUSIONS = ("BiasGeluFusion",)

# Exceptions of ONNX Runtime for a file that is damaged, missing or of another version.
UNREADABLE = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NoSuchFile", "NotImplemented")


class Graph:
    """A graph; its file is read at the first run.

    A run of several threads at once is that of one after another. Pickled, it is its path, so the process that
    unpickles it must see the file. A forked process reads the file again and computes with one thread, since threads of
    ONNX Runtime do not survive a fork.

    Args:
        path: the file.
        threads: that compute a run.

    >>> Graph(Path("encoder.onnx"), threads=2).threads
    2
    """

    def __init__(self, path: Path, threads: int) -> None:
        self.path, self.threads = path, threads
        self._process = os.getpid()
        self._opened: tuple[int, Any] | None = None  # of which process, and the session

    def run(self, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return the outputs of the graph, in order.

        Raises:
            CheckpointError: the file cannot be read.
            RuntimeError: the graph cannot be computed with these inputs, such as for lack of memory.
        """
        session = self._session()
        try:
            found: list[np.ndarray] = session.run(None, dict(inputs))
        except _errors() as error:
            raise RuntimeError(f"{self.path.name} cannot be computed: {_reason(error)}") from error
        return found

    def open(self) -> None:
        """Read the file now.

        Raises:
            CheckpointError: it cannot be read.
        """
        self._session()

    @property
    def outputs(self) -> Sequence[str]:
        """The names of the outputs."""
        return [output.name for output in self._session().get_outputs()]

    def _session(self) -> Any:
        opened, process = self._opened, os.getpid()
        if opened is None or opened[0] != process:
            if opened is not None:
                # Its end would wait for threads that the fork left behind: it must never come.
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(opened[1]))
            # Two threads that come here at once each read the file; either session is as good.
            threads = self.threads if process == self._process else 1
            self._opened = opened = (process, _session(self.path, threads))
        return opened[1]

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "threads": self.threads}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        Graph.__init__(self, **state)


def _session(path: Path, threads: int) -> Any:
    onnxruntime = optional_library("onnxruntime", "onnx", "the run-time of ONNX graphs")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    # Threads that wait for work would take the cores from other programs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Memory of a pass is returned, not kept for the largest one that there ever was.
    options.enable_cpu_mem_arena = False
    try:
        return onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=[*SLOW_FUSIONS]
        )
    except _errors() as error:
        if type(error).__name__ not in UNREADABLE:
            raise RuntimeError(f"{path.name} cannot be opened: {_reason(error)}") from error
        fix = "write it again with biodir export-onnx"
        raise CheckpointError(f"{path} cannot be used: {_reason(error)}; {fix}") from error


def _errors() -> tuple[type[Exception], ...]:
    """Return the exceptions of ONNX Runtime: they have no class of their own in common, and are no RuntimeErrors."""
    kinds = vars(optional_library("onnxruntime", "onnx", "the run-time of ONNX graphs").capi.onnxruntime_pybind11_state)
    return tuple(kind for kind in kinds.values() if isinstance(kind, type) and issubclass(kind, Exception))


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def thread_count(threads: int | None = None) -> int:
    """Return how many threads compute: as asked, or OMP_NUM_THREADS, or one for each core that this process may use."""
    if threads is not None:
        return threads
    named = os.environ.get(THREADS_VARIABLE, "").split(",")[0]
    if named.isdecimal() and int(named) > 0:
        return int(named)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
