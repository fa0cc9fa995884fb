"""How many threads compute, and graphs in other processes."""

import os

import numpy as np
import pytest

from biodir.runtime.manifest import FOLDER
from biodir.runtime.sessions import Graph, thread_count


@pytest.mark.parametrize(("variable", "expected"), [("3", 3), ("4,2", 4)])
def test_threads_are_those_of_the_variable(monkeypatch, variable, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert thread_count() == expected
    assert thread_count(2) == 2


@pytest.mark.parametrize("variable", ["", "many", "0"])
def test_threads_are_those_of_the_cores_that_the_process_may_use(monkeypatch, variable):
    monkeypatch.setenv("OMP_NUM_THREADS", variable)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 5, 6}, raising=False)
    assert thread_count() == 3


def test_forked_process_reads_the_graph_again_with_one_thread(exported, monkeypatch):
    made = []
    monkeypatch.setattr("biodir.runtime.sessions._session", lambda path, threads: made.append(threads))
    graph = Graph(exported("document") / FOLDER / "heads.onnx", threads=4)
    graph.open()
    graph.open()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    graph.open()
    assert made == [4, 1]


def test_graph_that_cannot_be_computed_is_a_runtime_error_that_names_it(exported):
    graph = Graph(exported("document") / FOLDER / "heads.onnx", threads=1)
    inputs = {each.name: np.zeros(1, bool) for each in graph._session().get_inputs()}
    with pytest.raises(RuntimeError, match=r"^heads\.onnx cannot be computed: \[ONNXRuntimeError\] : "):
        graph.run(inputs)
