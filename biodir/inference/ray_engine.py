"""Parts of an output that are computed on a cluster of Ray: actors with the model, each in a process of its own.

The documents are read in order by the process that calls. It hands out parts, which are numbered; a worker computes a
part and writes it where the local engine would. So the order in which parts are finished does not matter, and either
engine resumes what the other has left.
"""

import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import BioDirError, SettingError
from biodir.inference.parts import MANIFEST, PartRecord, Parts, write_part
from biodir.inference.progress import Progress
from biodir.lexicon.lexicon import lexicon_of
from biodir.optional import optional_library

# Parts that a worker has at a time: the next one is there when one is finished.
PARTS_PER_WORKER = 2
# How often a part is tried again when the process of its worker ends; a document may be what ends it.
TRIES_AGAIN = 3
# Parts that may fail before a run hands out no more.
FAILED_PARTS = 10
# Seconds in which a cluster must be reached.
REACH_S = 10
# Ray's files: the names of its sockets must be short, so those of other folders for temporary files are not used.
TEMPORARY = "/tmp"

Numbered = tuple[int, Sequence[Document]]


@dataclass(frozen=True)
class RayEngine:
    """Computes parts in workers of a Ray cluster.

    A worker has the model in memory, and as many threads as this process: so its results equal those of this process,
    byte for byte on equal processors. A worker that ends is started again, and its parts are computed again.

    Args:
        address: of a cluster, such as "auto"; by default that of $RAY_ADDRESS, else a cluster on this machine for the
            time of the run. If the program is connected to one, that is used.
        num_gpus: GPUs of a worker, 0.5 for half of one; with 0 it computes on the CPU.
        concurrency: number of workers; by default as many as the cluster has room for.
        memory_bytes: of the objects that Ray shares, in a cluster for the time of the run; by default Ray's choice.

    Raises:
        SettingError: a number is negative, or there would be no worker.

    >>> RayEngine(concurrency=0)
    Traceback (most recent call last):
    biodir.errors_biodir.SettingError: concurrency is 0; name at least 1 worker
    """

    address: str | None = None
    num_gpus: float = 0.0
    concurrency: int | None = None
    memory_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.concurrency is not None and self.concurrency < 1:
            raise SettingError(f"concurrency is {self.concurrency}; name at least 1 worker")
        if self.num_gpus < 0:
            raise SettingError(f"num_gpus is {self.num_gpus}; name 0 or more")

    def compute(self, run: Any, unfinished: Iterator[Numbered], parts: Parts, progress: Progress, stops: bool) -> None:
        """Compute parts, each written by a worker.

        Args:
            run: its `part` computes one of documents.
            unfinished: numbers of parts, with their documents.
            parts: get what is written.
            progress: is told of finished documents.
            stops: whether the first part that fails stops the run; else the others are computed before it ends.

        Raises:
            SettingError: there is no room for a worker, a setting is wrong, or a machine does not share the folder.
            BioDirError: parts failed; all others are finished.
        """
        import torch  # here, because `biodir --help` should not wait for it

        threads = torch.get_num_threads()
        with self.connected(threads) as ray, ExitStack() as stack:
            number = self._workers(ray, threads)
            # In a list, so that a worker gets it only once. As an argument of its start Ray would warn of it.
            shared = [ray.put(_pickled(ray, run))]
            options = {"num_cpus": threads, "num_gpus": self.num_gpus, "max_restarts": -1}
            start = ray.remote(**options, max_task_retries=TRIES_AGAIN)(_Worker).remote
            manifest = (parts.folder / MANIFEST).read_text(encoding="utf-8")
            arguments = (parts.folder.absolute(), manifest, threads, self.num_gpus > 0)
            workers = [start(*arguments) for _ in range(number)]
            stack.callback(lambda: [ray.kill(worker) for worker in workers])
            _Dispatch(ray, run, shared, parts, progress, 1 if stops else FAILED_PARTS).all(workers, unfinished)

    @contextmanager
    def connected(self, threads: int) -> Iterator[Any]:
        """Yield the library, connected to a cluster.

        Args:
            threads: of each worker.
        """
        # A run sends nothing to anyone, unless its user wants to.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray: Any = optional_library("ray", "ray", "the engine ray")
        if ray.is_initialized():
            yield ray
            return
        address = self.address or os.environ.get("RAY_ADDRESS") or "local"
        options: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": "ERROR"}
        with ExitStack() as stack:
            if address == "local":
                folder = TEMPORARY if Path(TEMPORARY).is_dir() else None
                temporary = TemporaryDirectory(prefix=f"ray-{os.getpid()}-", dir=folder, ignore_cleanup_errors=True)
                options["_temp_dir"] = stack.enter_context(temporary)
                cpus = self.concurrency * threads if self.concurrency else max(threads, usable_cpus())
                options |= {"num_cpus": cpus, "include_dashboard": False, "object_store_memory": self.memory_bytes}
            else:
                _check_address(address)
            stack.callback(ray.shutdown)
            try:
                ray.init(**options)
            except Exception as error:  # Ray raises this class itself where a node is not up in 30 seconds
                reason = " ".join(str(error).split())
                raise SettingError(
                    f"Ray did not start, or has no cluster at {address!r} ({reason}); give the command again, or check "
                    "--address"
                ) from error
            with _terminable():
                yield ray

    def _workers(self, ray: Any, threads: int) -> int:
        found = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        machines = [(int(each.get("CPU", 0)), each.get("GPU", 0.0)) for each in found]
        # A worker is on one machine.
        room = sum(
            min(cpus // threads, int(gpus / self.num_gpus) if self.num_gpus else cpus) for cpus, gpus in machines
        )
        if not room:
            named = ", ".join(f"{cpus} CPUs and {gpus:g} GPUs" for cpus, gpus in machines)
            raise SettingError(
                f"the machines of the Ray cluster have {named}, and a worker needs {threads} and {self.num_gpus:g}; "
                "set OMP_NUM_THREADS or --num-gpus lower, or name another cluster"
            )
        return self.concurrency or room


class _Worker:
    """Computes and writes parts, in a process of its own.

    Args:
        folder: of the parts.
        manifest: the text of theirs.
        threads: that torch uses.
        has_gpu: whether Ray has given the process a GPU.
    """

    def __init__(self, folder: Path, manifest: str, threads: int, has_gpu: bool) -> None:
        import torch

        from biodir.allocator import keep_freed_memory

        keep_freed_memory()
        torch.set_num_threads(threads)
        self._folder, self._manifest, self._has_gpu = folder, manifest, has_gpu
        self._run: Any = None
        self._not_linked: list[str] = []

    def start(self, shared: Sequence[Any]) -> None:
        """Load the model, unless it is there.

        Args:
            shared: an object of Ray: the pickled run, whose `part` computes one of documents.
        """
        if self._run is not None:
            return
        import ray
        import torch

        run = ray.cloudpickle.loads(ray.get(shared[0]))
        if self._has_gpu:
            run.extract.device = torch.device("cuda:0")  # the first of those that Ray shows to this process
            run.extract.model.to(run.extract.device)
        lexicon = lexicon_of(run.parameters.get("link"))
        if lexicon is not None:
            lexicon.on_ambiguous = self._not_linked.append
        self._run = run

    def write(self, shared: Sequence[Any], number: int, documents: Sequence[Document]) -> "_Written":
        """Compute a part and write it, also in a process that was started again."""
        self.start(shared)
        self._not_linked.clear()  # of a part that failed
        record, text = self._run.part(documents)
        # A process that is still at work after its run was killed must not write to another run.
        if (self._folder / MANIFEST).read_text(encoding="utf-8") != self._manifest:
            raise SettingError(f"{self._folder}: is now of another run")
        write_part(self._folder, number, record, text)
        return _Written(record, [*self._not_linked])


@dataclass(frozen=True)
class _Written:
    """What a worker returns of a part: its record, and what its lexicon could not decide."""

    record: PartRecord
    not_linked: Sequence[str]


@dataclass
class _Dispatch:
    """Hands out parts to workers and takes in what they have written."""

    ray: Any
    run: Any
    shared: Sequence[Any]
    parts: Parts
    progress: Progress
    failures: int
    _busy: dict[Any, tuple[Any, Numbered]] = field(default_factory=dict)
    _failed: list[tuple[Numbered, Exception]] = field(default_factory=list)
    # Parts whose worker ended; another part that it had may be what ended it.
    _ended: list[Numbered] = field(default_factory=list)
    _bad_input: BioDirError | None = None

    def all(self, workers: Sequence[Any], unfinished: Iterator[Numbered]) -> None:
        """Compute all parts; raise a BioDirError at the end if any failed."""
        starting = {worker.start.remote(self.shared): worker for worker in workers}
        free: deque[Any] = deque()
        part = self._next(unfinished)
        while self._busy or (part is not None and len(self._failed) < self.failures):
            while free and part is not None and len(self._failed) < self.failures:
                self._hand_out(free.popleft(), part)
                part = self._next(unfinished)
            (done,), _ = self.ray.wait([*starting, *self._busy], num_returns=1)
            if done in starting:
                self._started(done)
                free.extend([starting.pop(done)] * PARTS_PER_WORKER)
            else:
                free.append(self._take(done))
        for part in self._ended.copy() if len(self._failed) < self.failures else ():
            self._ended.remove(part)
            self._hand_out(free[0], part)
            self._take(*self._busy)
        self._failed += [(part, RuntimeError("its worker ended at each try")) for part in self._ended]
        if self._failed:
            # Parts that end close together are taken in any order.
            ((_, documents), error), number = min(self._failed, key=lambda each: each[0][0]), len(self._failed)
            raise BioDirError(
                f"{number} part{'s' * (number > 1)} failed, the first with the documents {documents[0].id} to "
                f"{documents[-1].id} ({type(error).__name__}: {error}); all others that were begun are finished"
            ) from error
        if self._bad_input is not None:
            raise self._bad_input

    def _next(self, unfinished: Iterator[Numbered]) -> Numbered | None:
        """Return the next part; after input that stops the run there is none, and the parts before it are finished."""
        try:
            return next(unfinished, None)
        except BioDirError as error:
            self._bad_input = error
            return None

    def _started(self, done: Any) -> None:
        try:
            self._get(done)
        except self.ray.exceptions.RayError as error:  # such as a machine without biodir or with another version
            reason = " ".join(str(getattr(error, "cause", error)).split())
            raise BioDirError(f"a worker of Ray did not start: {reason}") from error

    def _get(self, done: Any) -> Any:
        """Return the result of a worker; a wrong setting stops the run, since it is wrong for all parts."""
        try:
            return self.ray.get(done)
        except self.ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, SettingError):
                raise error.cause from error
            raise

    def _hand_out(self, worker: Any, part: Numbered) -> None:
        self._busy[worker.write.remote(self.shared, *part)] = (worker, part)

    def _take(self, done: Any) -> Any:
        """Take in what became of a part; return the worker that had it."""
        worker, part = self._busy.pop(done)
        try:
            written = self._get(done)
        except self.ray.exceptions.RayTaskError as error:
            self._failed.append((part, error.cause))
            return worker
        except self.ray.exceptions.RayError:  # its process ended, and did so again at each further try
            self._ended.append(part)
            return worker
        number, documents = part
        self.parts.add_written(number, written.record)
        lexicon = lexicon_of(self.run.parameters.get("link"))
        if lexicon is not None:
            lexicon.counts.update(written.record.linked)
            if lexicon.on_ambiguous is not None:
                for line in written.not_linked:
                    lexicon.on_ambiguous(line)
        for document in documents:
            self.progress.finished(document)
        return worker


def _check_address(address: str) -> None:
    """Check that something listens at an address; Ray would try for minutes.

    Raises:
        SettingError: nothing does.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return  # such as "auto"
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_S).close()
    except (OSError, OverflowError) as error:
        raise SettingError(f"no Ray cluster at {address!r} ({error}); check --address") from error


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM stop the run as Ctrl-C does; Ray would abort the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _pickled(ray: Any, run: Any) -> bytes:
    try:
        return ray.cloudpickle.dumps(run)
    except TypeError as error:
        raise SettingError(
            f"the pipeline cannot be sent to workers of Ray ({error}); give it a ner and a link that can be pickled"
        ) from error


def usable_cpus() -> int:
    """Return the number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
