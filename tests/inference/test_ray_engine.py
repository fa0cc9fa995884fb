"""The engine on a Ray cluster of this machine: its output is that of the local engine, whatever happens to a worker."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from biodir import BioDirError, Document, ErrorPolicy, SettingError
from biodir.cli import main
from biodir.inference.parts import PartRecord, open_parts
from biodir.inference.predict import predict_files
from biodir.inference.progress import Progress
from biodir.inference.ray_engine import FAILED_PARTS, RayEngine, _Dispatch
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

# Ray lets its workers wait for other programs, which may be other tests.
NOT_NICE = ("RAY_worker_niceness", "0")
TEXTS = ("Too much <C:D4 iron> harms the <D:D5 liver>.", "<C:D1 Aspirin> cures <D:D2 pain>. The <G:3 gene> does not.")
BAD = '{"id": "bad", "text": "ab", "entities": [{"start": 0, "end": 5, "type": "Gene"}]}'


@pytest.fixture(scope="module")
def cluster():
    """A cluster with room for two workers; the files that Ray writes go with it."""
    ray = pytest.importorskip("ray", reason="needs ray; pip install 'biodir[ray]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*NOT_NICE)
        patch.setattr("torch.get_num_threads", lambda: 1)
        engine = RayEngine(concurrency=2, memory_bytes=80_000_000)
        with engine.connected(threads=1):
            yield ray


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("ray"))


def json_lines(path: Path, number: int) -> Path:
    """A file of documents, of which each tenth line has an error."""
    documents = [marked_document(TEXTS[index % 2] + " Filler." * (index % 5), id=str(index)) for index in range(number)]
    lines = [BAD if index % 10 == 7 else json.dumps(each.to_dict()) for index, each in enumerate(documents)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


# What becomes of parts, with a run that needs no model.


def computed(folder: Path, part, stops: bool = False, numbers=range(6), workers: int = 1) -> tuple[str, list[str]]:
    """Compute parts of one document each, whose text is what `part` returns of its number; return all text, and ids."""

    class Run:
        parameters: ClassVar = {}

        def part(self, documents):
            return PartRecord(1, 0), part(int(documents[0].id))

    class Seen(Progress):
        def __init__(self):
            self.ids = []

        def finished(self, document):
            self.ids.append(document.id)

    seen = Seen()
    with pytest.MonkeyPatch.context() as patch, open_parts(folder / "out", {}) as parts:
        patch.setattr("torch.get_num_threads", lambda: 1)
        unfinished = ((number, [Document(str(number), "")]) for number in numbers if number not in parts)
        RayEngine(concurrency=workers).compute(Run(), unfinished, parts, seen, stops)
        return b"".join(each.read() for each in parts.files()).decode(), seen.ids


def test_order_is_that_of_the_documents_whatever_is_finished_first(cluster, tmp_path):
    def part(number):
        time.sleep(1.5 if number == 0 else 0)
        return f"{number}\n"

    text, finished = computed(tmp_path, part, workers=2)
    assert text.split() == ["0", "1", "2", "3", "4", "5"]
    assert sorted(finished) == text.split() != finished


def test_error_in_a_worker_costs_its_part_only_and_the_next_run_computes_this(cluster, tmp_path):
    def part(number):
        if number in (1, 3):
            time.sleep(1.5 if number == 1 else 0)
            raise RuntimeError("out of memory")
        return f"{number}\n"

    with pytest.raises(BioDirError, match=r"^2 parts failed, the first .* 1 to 1 \(RuntimeError: out of memory\)"):
        computed(tmp_path, part, workers=2)  # the first part in order, which fails last
    text, finished = computed(tmp_path, lambda number: f"again {number}\n")
    assert text.splitlines() == ["0", "again 1", "2", "again 3", "4", "5"]
    assert sorted(finished) == ["1", "3"]


def test_strict_run_hands_out_no_part_after_one_that_fails(cluster, tmp_path):
    def part(number):
        time.sleep(1)
        raise SettingError("relation_types: none") if number == 99 else RuntimeError(str(number))

    with pytest.raises(BioDirError, match=r"^[1-4] parts? failed"):
        computed(tmp_path, part, stops=True)
    with pytest.raises(SettingError, match=r"^relation_types: none$"):
        computed(tmp_path, part, numbers=[99, 100, 101, 102])


def test_worker_that_is_killed_is_started_again_and_a_document_that_kills_each_is_named(cluster, tmp_path):
    def part(number):
        once = tmp_path / f"killed {number}"
        if number == 4 or (number == 2 and not once.exists()):
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return f"{number}\n"

    message = r"^1 part failed, the first with the documents 4 to 4 \(RuntimeError: its worker ended at each try\)"
    with pytest.raises(BioDirError, match=message):
        computed(tmp_path, part)
    assert (tmp_path / "killed 2").exists()
    assert computed(tmp_path, lambda number: "again\n")[0].split() == ["0", "1", "2", "3", "again", "5"]


def test_part_that_ends_its_worker_and_fails_when_it_is_tried_again_counts_once(tmp_path):
    class Ended(Exception):
        pass

    class Failed(Ended):
        cause = RuntimeError("out of memory")

    class Ray:
        exceptions = SimpleNamespace(RayError=Ended, RayTaskError=Failed)
        outcomes = iter([Ended, Failed])

        def wait(self, waiting, num_returns):
            return waiting[:1], waiting[1:]

        def get(self, done):
            if done == "write":
                raise next(self.outcomes)

    worker = SimpleNamespace(
        start=SimpleNamespace(remote=lambda *_: "start"), write=SimpleNamespace(remote=lambda *_: "write")
    )
    with (
        open_parts(tmp_path / "out", {}) as parts,
        pytest.raises(BioDirError, match=r"^1 part failed, .*out of memory"),
    ):
        _Dispatch(Ray(), None, [], parts, Progress(), FAILED_PARTS).all([worker], iter([(0, [Document("0", "")])]))


# Complete runs.


PROGRAM = """
import sys
import biodir.inference.predict
from biodir.cli import main
biodir.inference.predict.PART_DOCUMENTS = 8  # which go through the model together
sys.exit(main(sys.argv[1:]))
"""


class Killer(Progress):
    """Kills a process of a worker after the first part."""

    killed = 0

    def finished(self, document):
        if not self.killed:
            self.killed = workers()[0]
            os.kill(self.killed, signal.SIGKILL)


def workers() -> list[int]:
    """The processes of workers that this process has started through Ray."""
    shown = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in shown.splitlines()[1:]]
    parents = {pid: parent for pid, parent, _ in rows}
    found = [pid for pid, _, name in rows if name.startswith("ray::_Worker")]
    return [int(pid) for pid in found if parents.get(parents[pid]) == str(os.getpid())]


def test_output_is_that_of_the_local_engine_after_a_worker_was_killed(cluster, checkpoint, tmp_path, monkeypatch):
    # One thread for the worker, and for a process of its own: what a process sets for torch cannot be taken back.
    monkeypatch.setattr("biodir.inference.predict.PART_DOCUMENTS", 8)
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    source, local, output = json_lines(tmp_path / "in.jsonl", 150), tmp_path / "local.jsonl", tmp_path / "ray.jsonl"
    options = [source, "--model", checkpoint, "-o", local, "--entity", "D4", "D77"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", PROGRAM, "predict", *options], env=environment).returncode == 3
    killer, policy = Killer(), ErrorPolicy("skip-document")
    parameters = {"policy": policy, "progress": killer, "engine": RayEngine(), "entity_ids": ["D4", "D77"]}
    report = predict_files(open_pipeline(checkpoint), [source], output, **parameters)
    assert (report.documents, report.relations) == (135, 75)
    assert killer.killed
    assert killer.killed not in workers()
    assert output.read_bytes() == local.read_bytes()
    assert Path(f"{output}.rejected.jsonl").read_bytes() == Path(f"{local}.rejected.jsonl").read_bytes()
    assert list(policy.skipped.values()) == [15]
    assert not (tmp_path / "ray.jsonl.parts").exists()


def test_each_engine_resumes_the_other(checkpoint, tmp_path, capfd, monkeypatch):
    monkeypatch.setenv(*NOT_NICE)
    pytest.importorskip("ray", reason="needs ray; pip install 'biodir[ray]'")
    source = json_lines(tmp_path / "in.jsonl", 1000)
    arguments = ["predict", str(source), "--model", str(checkpoint), "-o"]
    assert main([*arguments, str(tmp_path / "local.jsonl")]) == 3
    ray = [*arguments, str(tmp_path / "out.jsonl"), "--engine", "ray", "--concurrency", "1"]
    process = subprocess.Popen([sys.executable, "-m", "biodir", *ray], stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "out.jsonl.parts" / "part-00000001").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert "out.jsonl.parts; give the same command again to resume" in process.communicate()[1]
    assert process.returncode == 130
    assert not list(Path("/tmp").glob(f"ray-{process.pid}-*"))
    capfd.readouterr()
    assert main([*arguments, str(tmp_path / "out.jsonl")]) == 3
    assert "resumed after 2" in capfd.readouterr().err
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--concurrency", "2"], "--concurrency is for workers of Ray; give --engine ray, too"),
        (["--engine", "ray", "--device", "cpu"], "workers of Ray have GPUs by --num-gpus"),
        (["--engine", "ray", "--num-gpus", "1", "--backend", "int8"], "--backend int8 is for CPUs"),
        (["--engine", "ray", "--num-gpus", "-1"], "num_gpus is -1.0; name 0 or more"),
        (["--engine", "ray"], "the engine ray writes to files; name one with -o"),
    ],
)
def test_options_that_do_not_fit_are_refused(arguments, message, checkpoint, tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["predict", str(json_lines(tmp_path / "a.jsonl", 1)), "--model", str(checkpoint), *arguments]) > 0
    assert message in " ".join(capfd.readouterr().err.split())


def test_address_where_nothing_listens_is_named_at_once(monkeypatch):
    ray = pytest.importorskip("ray", reason="needs ray; pip install 'biodir[ray]'")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(SettingError, match=r"no Ray cluster at '127\.0\.0\.1:9' \(.*refused.*\); check --address"):
        RayEngine("127.0.0.1:9").connected(1).__enter__()


def test_cluster_without_room_for_a_worker_is_refused(cluster, tmp_path):
    with (
        open_parts(tmp_path / "out", {}) as parts,
        pytest.raises(SettingError, match="have 2 CPUs and 0 GPUs, and a worker"),
    ):
        RayEngine(num_gpus=0.5).compute(None, iter(()), parts, Progress(), True)
