"""A run that is stopped resumes: whatever stops it, the output is that of a run that nothing stops."""

import io
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest

from biodir import AnnotationError, Document, ErrorPolicy, SettingError, write_pubtator
from biodir.cli import main
from biodir.inference.cost import LongDocuments
from biodir.inference.predict import predict_files
from biodir.inference.progress import Progress
from biodir.lexicon.lexicon import Lexicon
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint
from helpers.vocabularies import small_lexicon

TEXTS = ("Too much <C:D4 iron> harms the <D:D5 liver>.", "<C:D1 Aspirin> cures <D:D2 pain>. The <G:3 gene> does not.")
BAD = '{"id": "bad", "text": "ab", "entities": [{"start": 0, "end": 5, "type": "Gene"}]}'
FORK = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("resuming"))


@pytest.fixture(scope="module")
def extract(checkpoint):
    return open_pipeline(checkpoint)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr("biodir.inference.predict.PART_DOCUMENTS", 4)


def documents(number: int) -> list[Document]:
    """Documents of which no two are equal."""
    return [marked_document(TEXTS[index % 2] + " Filler." * (index % 5), id=str(index)) for index in range(number)]


def json_lines(path: Path, number: int = 60) -> Path:
    """A file of documents, in which each tenth line has an error."""
    lines = [json.dumps(document.to_dict()) for document in documents(number)]
    path.write_text("\n".join(BAD if index % 10 == 7 else line for index, line in enumerate(lines)), encoding="utf-8")
    return path


def relate(extract, source: Path, output: Path, **parameters) -> ErrorPolicy:
    """Run on a file; what has an error is left out."""
    policy = ErrorPolicy("skip-document")
    predict_files(extract, [source], output, policy=policy, **parameters)
    return policy


def kill_runs(extract, source: Path, output: Path, number: int, run_s: float) -> int:
    """Start runs, and kill each as its own process at a random time; return the number that was killed at work.

    Args:
        run_s: seconds that a run takes on this machine; several are killed before the parts of all make a complete one.
    """
    killed = 0
    chance = random.Random(5)
    for _ in range(number):
        process = FORK.Process(target=relate, args=(extract, source, output))
        process.start()
        time.sleep(chance.uniform(0.05, 0.25) * run_s)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        killed += process.exitcode == -signal.SIGKILL
    return killed


@pytest.mark.parametrize("name", ["out.jsonl", "out.pubtator", "out.csv", "out.json", "out.xml", "out.jsonl.gz"])
def test_output_of_a_run_that_was_killed_is_that_of_a_run_that_nothing_stops(name, extract, tmp_path):
    source = json_lines(tmp_path / "in.jsonl")
    (tmp_path / "whole").mkdir()
    started_s = time.perf_counter()
    policy = relate(extract, source, tmp_path / "whole" / name)
    run_s = time.perf_counter() - started_s
    assert kill_runs(extract, source, tmp_path / name, 10, run_s) > 2
    again = relate(extract, source, tmp_path / name)
    assert (tmp_path / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    rejected = [(tmp_path / folder / f"{name}.rejected.jsonl").read_bytes() for folder in (".", "whole")]
    assert rejected[0] == rejected[1]
    assert again.skipped == policy.skipped
    assert {path.name for path in tmp_path.iterdir()} == {"in.jsonl", "whole", name, f"{name}.rejected.jsonl"}


def test_command_that_was_killed_resumes(checkpoint, tmp_path, capfd):
    source = json_lines(tmp_path / "in.jsonl", 900)
    arguments = ["predict", str(source), "-o", str(tmp_path / "out.jsonl"), "--model", str(checkpoint)]
    process = subprocess.Popen([sys.executable, "-m", "biodir", *arguments], stderr=subprocess.PIPE)
    while not (tmp_path / "out.jsonl.parts" / "part-00000001").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert not (tmp_path / "out.jsonl").exists()
    assert main(arguments) == 3
    assert "resumed after " in capfd.readouterr().err
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [str(index) for index in range(900) if index % 10 != 7]


def stopped(extract, source: Path, output: Path, error: BaseException, at: int = 10, **parameters) -> None:
    """Run until an error at a document."""

    class Stop(Progress):
        count = 0

        def resumed(self, documents):
            assert documents == 0

        def finished(self, document):
            self.count += 1
            if self.count == at:
                raise error

    with pytest.raises(type(error)):
        relate(extract, source, output, progress=Stop(), **parameters)


def test_finished_parts_are_not_computed_again(extract, tmp_path, monkeypatch):
    source = json_lines(tmp_path / "in.jsonl")
    stopped(extract, source, tmp_path / "out.jsonl", KeyboardInterrupt())
    seen = []
    related = type(extract).with_entities
    monkeypatch.setattr(
        type(extract),
        "with_entities",
        lambda self, each, **given: related(self, (seen.append(one.id) or one for one in each), **given),
    )
    relate(extract, source, tmp_path / "out.jsonl")
    expected = [document.id for index, document in enumerate(documents(60)) if index % 10 != 7]
    assert seen == expected[8:]


def test_engine_states_the_cost_of_what_is_not_finished_only(extract, tmp_path, monkeypatch):
    class Engine:
        def compute(self, run, unfinished, parts, progress, stops):
            for number, part in unfinished:
                parts.add(number, *run.part(part, progress.finished))

    source = json_lines(tmp_path / "in.jsonl")
    stopped(extract, source, tmp_path / "out.jsonl", KeyboardInterrupt())
    seen = []
    monkeypatch.setattr(LongDocuments, "check", lambda self, document: seen.append(document.id))
    relate(extract, source, tmp_path / "out.jsonl", engine=Engine())
    assert seen == [document.id for index, document in enumerate(documents(60)) if index % 10 != 7][8:]


def test_part_that_is_missing_among_finished_ones_keeps_its_size(extract, tmp_path):
    class Engine:
        def compute(self, run, unfinished, parts, progress, stops):
            for number, part in islice(unfinished, 3):
                if number != 1:
                    parts.add(number, *run.part(part))
            raise KeyboardInterrupt

    source, output = json_lines(tmp_path / "in.jsonl"), tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        relate(extract, source, output, engine=Engine())
    with pytest.raises(SettingError, match=r"holds 8 finished documents .*\(part_documents was 4, now 3\)"):
        relate(extract, source, output, part_documents=3)
    relate(extract, source, output)
    relate(extract, source, tmp_path / "whole.jsonl")
    assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_parts_of_another_size_follow_finished_ones(extract, tmp_path):
    source = json_lines(tmp_path / "in.jsonl")
    stopped(extract, source, tmp_path / "out.jsonl", KeyboardInterrupt())
    relate(extract, source, tmp_path / "out.jsonl", part_documents=3)
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 54


def test_lexicon_counts_what_was_finished_before(extract, tmp_path):
    source, output, path = tmp_path / "in.jsonl", tmp_path / "out.jsonl", small_lexicon(tmp_path).path
    entity = {"start": 0, "end": 9, "type": "Chemical"}
    lines = [{"id": str(number), "text": "Zorbamine helps.", "entities": [entity]} for number in range(12)]
    source.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    stopped(extract, source, output, KeyboardInterrupt(), link=Lexicon(path).link)
    lexicon = Lexicon(path)
    relate(extract, source, output, link=lexicon.link)
    assert lexicon.counts.total() == 12
    assert lexicon.summary().startswith("mentions linked by the lexicon: 12 (")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"threshold": 0.5}, r"setting 'threshold' was None, now 0\.5"),
        ({"top_k": 1}, "setting 'top_k' was None, now 1"),
    ],
)
def test_another_command_is_refused(parameters, message, extract, tmp_path):
    source = json_lines(tmp_path / "in.jsonl")
    stopped(extract, source, tmp_path / "out.jsonl", OSError(28, "No space left on device"))
    with pytest.raises(SettingError, match=rf"out\.jsonl\.parts holds 8 finished documents .*{message}.*remove the"):
        relate(extract, source, tmp_path / "out.jsonl", **parameters)
    relate(extract, source, tmp_path / "out.jsonl")


def test_changed_input_and_changed_model_are_refused(extract, checkpoint, tmp_path):
    source = json_lines(tmp_path / "in.jsonl")
    stopped(extract, source, tmp_path / "out.jsonl", KeyboardInterrupt())
    other = open_pipeline(checkpoint)
    other.model.get_input_embeddings().weight.data[0, 0] += 1
    with pytest.raises(SettingError, match="model was '"):
        relate(other, source, tmp_path / "out.jsonl")
    json_lines(source, 61)
    with pytest.raises(SettingError, match=r"input '.*in\.jsonl' was "):
        relate(extract, source, tmp_path / "out.jsonl")


def test_changed_text_of_annotations_is_refused(extract, tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.ann").write_text("T1\tChemical 0 4\tIron\nT2\tDisease 11 15\tpain\n")
        (tmp_path / f"{name}.txt").write_text("Iron cures pain.")
    stop = Progress()
    stop.finished = lambda document: 1 / (document.id != "b")
    runs = (("cures", ZeroDivisionError, "division"), ("harms", SettingError, r"input '.*a\.txt' was "))
    for text, error, message in runs:
        (tmp_path / "a.txt").write_text(f"Iron {text} pain.")
        with pytest.raises(error, match=message):
            predict_files(
                extract, sorted(tmp_path.glob("*.ann")), tmp_path / "out.jsonl", progress=stop, part_documents=1
            )


def test_two_runs_do_not_write_one_output(extract, tmp_path):
    source = json_lines(tmp_path / "in.jsonl")

    class Second(Progress):
        def resumed(self, documents):
            with pytest.raises(SettingError, match="another run writes"):
                relate(extract, source, tmp_path / "out.jsonl")

    relate(extract, source, tmp_path / "out.jsonl", progress=Second())
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 54


def test_notes_on_all_parts_are_one(extract, tmp_path, caplog):
    write_pubtator(documents(9), tmp_path / "in.pubtator")
    relate(extract, tmp_path / "in.pubtator", tmp_path / "out.jsonl", entity_ids=["D4", "D77"])
    missing = [record.getMessage() for record in caplog.records if "entity_ids" in record.getMessage()]
    assert missing == ["entity_ids that no candidate pair of the documents has: D77"]


def test_standard_input_is_read_only_once_so_it_starts_over(extract, tmp_path, monkeypatch):
    content = json_lines(tmp_path / "in.jsonl").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    stopped(extract, Path("-"), tmp_path / "out.jsonl", KeyboardInterrupt())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    relate(extract, Path("-"), tmp_path / "out.jsonl")
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 54


class _Failing:
    """A pipeline that relates no document whose number ends in 3, and counts its documents."""

    def __init__(self, extract) -> None:
        self._extract, self.counts = extract, {"asked": 0}

    def __getattr__(self, name):
        return getattr(self._extract, name)

    def __call__(self, inputs, **parameters):
        for document in inputs:
            self.counts["asked"] += 1
            is_bad = document.id.endswith("3")
            yield AnnotationError(f"document {document.id}: no", "no answer") if is_bad else []


def test_document_that_the_pipeline_cannot_relate_is_left_out_also_of_a_resumed_run(extract, tmp_path, monkeypatch):
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps(document.to_dict()) for document in documents(12)), encoding="utf-8")
    stopped = Progress()
    monkeypatch.setattr(stopped, "finished", lambda document: 1 / (int(document.id) != 6))
    with pytest.raises(ZeroDivisionError):
        predict_files(_Failing(extract), [source], output, policy=ErrorPolicy("skip-document"), progress=stopped)
    policy = ErrorPolicy("skip-document")
    failing = _Failing(extract)
    report = predict_files(failing, [source], output, policy=policy)
    assert (report.documents, report.counts, failing.counts) == (11, {"asked": 12}, {"asked": 8})
    assert [json.loads(line)["id"] for line in output.open()] == [str(n) for n in range(12) if n != 3]
    assert policy.summary()[0] == "left out: 1 document (no answer)"
    (rejected,) = map(json.loads, (tmp_path / "out.jsonl.rejected.jsonl").open())
    assert (rejected["reason"], rejected["message"]) == ("no answer", "document 3: no")
    with pytest.raises(ValueError, match="document 3: no"):
        predict_files(_Failing(extract), [source], tmp_path / "strict.jsonl")
    stream = io.StringIO()
    assert predict_files(_Failing(extract), [source], stream, "jsonl", policy=policy).documents == 11
