"""`biodir llm predict` as a user runs it: files, cost, wrong answers, stops, the key."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from biodir.cli import main
from biodir.document_biodir import Relation
from biodir.formats.pubtator_writer import write_pubtator
from biodir.formats.reading import read_documents
from biodir.labels_biodir import LEVELS
from helpers.chat_server import chat_server, rule, statement
from helpers.checkout import CHECKOUT
from helpers.marked import marked_document

TEXT = "Too much <C:D4 iron> harms the <D:D5 liver>, says text {}. The <G:3 gene> does not."


@pytest.fixture(autouse=True)
def _environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIODIR_LLM_CACHE", str(tmp_path / "cache"))
    for name in ("BIODIR_LLM_KEY", "BIODIR_LLM_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def source(tmp_path) -> Path:
    """Twelve documents with a relation each."""
    gold = Relation("Association", "D4", "D5", "Novel", "D4")
    path = tmp_path / "in.pubtator"
    write_pubtator(
        [replace(marked_document(TEXT.format(n), id=str(100 + n)), relations=(gold,)) for n in range(12)], path
    )
    return path


def lines(name: str) -> list[dict]:
    return [json.loads(line) for line in Path(name).read_text(encoding="utf-8").splitlines()]


def ask(chat, source: Path, output: str, *options: str) -> int:
    return main(["llm", "predict", str(source), "-o", output, "--endpoint", chat.url, "--model", "m", *options])


@pytest.mark.parametrize("unit", ["document", "pair"])
@pytest.mark.parametrize("name", ["out.jsonl", "out.pubtator"])
def test_output_is_a_file_of_predictions_that_evaluate_reads(source, unit, name, capsys):
    dialect = ["--dialect", "bioredirect"] if name.endswith("pubtator") else []
    with chat_server() as chat:
        assert ask(chat, source, name, "--unit", unit, "--price-in", "2", "--price-out", "8", *dialect) == 0
    found = capsys.readouterr().err
    assert f"biodir: answers: {len(chat.bodies)}\n" in found
    assert "; cost: 0.0" in found
    assert main(["evaluate", str(source), name, "--resamples", "2", "--json", "scores.json"]) == 0
    report = json.loads(Path("scores.json").read_text())
    # The rule relates chemical and disease as gold does; of the pairs also those of the gene.
    assert [report[level]["recall"] for level in LEVELS] == [1.0] * len(LEVELS)
    assert report["all"]["precision"] == pytest.approx(1.0 if unit == "document" else 1 / 3)


@pytest.mark.parametrize("prompt", ["few-shot", "steps"])
def test_other_prompts(source, prompt, tmp_path):
    options = ["--examples", str(source), "--shots", "2"] if prompt == "few-shot" else []
    with chat_server() as chat:
        assert ask(chat, source, "out.jsonl", "--prompt", prompt, *options) == 0
    first = chat.bodies[0]["messages"]
    assert len(first) == (5 if prompt == "few-shot" else 1)
    schema = chat.bodies[0]["response_format"]["json_schema"]["schema"]
    assert ("reasoning" in schema["properties"]) == (prompt == "steps")


def test_documents_without_usable_answer_are_left_out_and_listed(source, capsys):
    def some(body: dict) -> str:
        return "I cannot say." if "text 3." in str(body["messages"]) else rule(body)

    with chat_server(answer=some) as chat:
        assert ask(chat, source, "out.jsonl") == 3
        assert "left out: 1 document (no usable answer)" in capsys.readouterr().err
        assert ask(chat, source, "strict.jsonl", "--strict") == 1
        assert "document 103: the model gave no usable answer" in capsys.readouterr().err
    assert [each["id"] for each in lines("out.jsonl")] == [str(100 + n) for n in range(12) if n != 3]
    (rejected,) = lines("out.jsonl.rejected.jsonl")
    assert (rejected["what"], rejected["reason"]) == ("document", "no usable answer")


def test_the_first_wrong_relation_of_each_kind_is_shown(source, capsys):
    def wrong(body: dict) -> str:
        number = next((n for n in (3, 7) if f"text {n}." in str(body["messages"])), None)
        others = [{"subject": "E1"}, statement(f"E9{number}", "E1")] if number else []
        return json.dumps({"relations": [statement("E1", "E2"), *others]})

    with chat_server(answer=wrong) as chat:
        assert ask(chat, source, "out.jsonl") == 0
    shown = capsys.readouterr().err
    assert (
        "biodir: relations left out: malformed relation: 2\n"
        "biodir:   the first: document 103: relations[1]: 'object' is a required property\n"
        "biodir: relations left out: unknown entity: 2\n"
        "biodir:   the first: document 103: relations[2].subject: 'E93' is not one of ['E1', 'E2', 'E3']\n"
    ) in shown


def test_run_that_was_killed_resumes_and_pays_for_no_answer_twice(source, capsys):
    with chat_server() as chat:
        assert ask(chat, source, "complete.jsonl", "--cache", "other") == 0
        asked = len(chat.bodies)
        chat.wait_s = 0.2
        arguments = ["llm", "predict", str(source), "-o", "out.jsonl", "--endpoint", chat.url, "--model", "m"]
        command = [sys.executable, "-m", "biodir", *arguments, "--concurrency", "1"]
        program = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(CHECKOUT)})
        while not Path("out.jsonl.parts", "part-00000000").exists():
            assert program.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        program.send_signal(signal.SIGKILL)
        program.wait()
        chat.wait_s = 0.0
        # One question may have been on the way.
        before = len(chat.bodies) - asked
        assert 4 <= before < 12
        assert not Path("out.jsonl").exists()
        capsys.readouterr()
        assert main([*arguments, "--concurrency", "2", "--price-in", "1"]) == 0
        assert len(chat.bodies) - asked in (12, 13)
    assert "resumed after 4 finished documents" in capsys.readouterr().err
    assert Path("out.jsonl").read_bytes() == Path("complete.jsonl").read_bytes()
    assert not Path("out.jsonl.parts").exists()


def test_faults_that_pass_and_text_around_answers_change_nothing_in_the_output(source, capsys):
    def chatty(body: dict) -> str:
        answer = rule(body)
        return f"<think>Hm.</think>\n```json\n{answer}\n```" if "text 1" in str(body["messages"]) else answer

    with chat_server() as chat:
        assert ask(chat, source, "quiet.jsonl", "--cache", "other") == 0
        faults = ["429 1", "close", "", "half", "html", "503", "", "error", "close", "nochoices"]
        chat.faults.extend(faults)
        chat.answer = chatty
        assert ask(chat, source, "out.jsonl") == 0
        assert len(chat.bodies) == 24 + 8
    found = capsys.readouterr().err
    assert "HTTP 429 (Too Many Requests); attempt 2 of 8 in 1.0 s" in found
    assert "answers with text around the JSON: 3" in found
    assert Path("out.jsonl").read_bytes() == Path("quiet.jsonl").read_bytes()


def test_interrupted_run_ends_at_once_though_answers_are_on_the_way(source):
    with chat_server() as chat:
        chat.wait_s = 20.0
        arguments = ["llm", "predict", str(source), "-o", "out.jsonl", "--endpoint", chat.url, "--model", "m"]
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        program = subprocess.Popen([sys.executable, "-m", "biodir", *arguments], env=environment)
        while len(chat.bodies) < 4:
            assert program.poll() is None, "it ended before it could be interrupted"
            time.sleep(0.01)
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=10) == 130


def test_torch_is_not_needed(source):
    code = "import sys\nsys.modules |= dict.fromkeys(('torch', 'transformers', 'safetensors'))\n"
    code += f"sys.path.insert(0, {str(CHECKOUT)!r})\nfrom biodir.cli import main\nsys.exit(main(sys.argv[1:]))"
    with chat_server() as chat:
        arguments = ["llm", "predict", str(source), "-o", "out.jsonl", "--endpoint", chat.url, "--model", "m"]
        subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
    assert len(lines("out.jsonl")) == 12


def test_another_prompt_does_not_resume_a_stopped_run(source, capsys):
    with chat_server(*[""] * 8, "401") as chat:
        assert ask(chat, source, "out.jsonl", "--concurrency", "1") == 1
        assert "finished documents are kept in out.jsonl.parts" in capsys.readouterr().err
        assert ask(chat, source, "out.jsonl", "--concurrency", "1", "--prompt", "steps") == 1
        assert "setting 'prompt' was 'static', now 'steps'" in capsys.readouterr().err
        assert ask(chat, source, "out.jsonl") == 0


def test_a_second_run_asks_nothing(source, capsys):
    with chat_server() as chat:
        assert ask(chat, source, "out.jsonl") == 0
        assert ask(chat, source, "again.jsonl", "--price-in", "1", "--price-out", "1") == 0
        assert len(chat.bodies) == 12
    assert "answers: 12, of these from the cache: 12" in capsys.readouterr().err


def test_the_key_is_that_of_the_variable_and_is_written_nowhere(source, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MY_KEY", "sk-0123456789")
    with chat_server("500 a", "", "401 b") as chat:
        assert ask(chat, source, "out.jsonl", "--key-variable", "MY_KEY", "--concurrency", "1") == 1
    assert set(chat.keys) == {"Bearer sk-0123456789"}
    shown = capsys.readouterr()
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert [b"0123456789" in each for each in written] == [False] * len(written)
    assert "0123456789" not in shown.out + shown.err
    assert "HTTP 401" in shown.err


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--prompt", "few-shot"], 2, "--prompt few-shot and --examples need each other"),
        (["--examples", "in.pubtator"], 2, "--prompt few-shot and --examples need each other"),
        (["--extra", "{"], 2, "is not JSON"),
        (["--extra", "[" * 100_000], 2, "is not JSON"),
        (["--extra", '{"a": [NaN]}'], 2, "a number that JSON does not know"),
        (["--extra", '{"a": {"b": 1e999}}'], 2, "a number that JSON does not know"),
        (["--extra", '{"messages": []}'], 2, "fields other than messages and response_format"),
        (["--key-variable", "MISSING"], 1, "--key-variable MISSING: the environment has no such variable"),
        (["--endpoint", "localhost:8000"], 1, "'localhost:8000' is no address of a service"),
        (["--endpoint", "http://a:b@localhost/v1"], 1, "--endpoint: the address holds a password"),
        (["--prompt", "few-shot", "--examples", "no.pubtator"], 1, "no.pubtator: there is no such file"),
        (["--pair-type", "Chemical-Food"], 1, "unknown pair type ('Chemical', 'Food')"),
    ],
)
def test_wrong_options_are_named_before_anything_is_asked(source, options, status, message, capsys):
    with chat_server() as chat:
        assert ask(chat, source, "out.jsonl", *options) == status
    assert message in " ".join(capsys.readouterr().err.replace("│", "").split())
    assert chat.bodies == []
    assert not Path("out.jsonl.parts").exists()


def test_a_key_to_another_machine_without_encryption_is_noted(source, monkeypatch, capsys):
    monkeypatch.setenv("BIODIR_LLM_KEY", "sk-0123456789")
    options = ["--endpoint", "http://192.0.2.1:9/v1", "--attempts", "1", "--timeout", "0.2"]
    assert main(["llm", "predict", str(source), "-o", "out.jsonl", "--model", "m", *options]) == 1
    assert "the key goes to 192.0.2.1 without encryption" in capsys.readouterr().err


@pytest.mark.corpus
def test_documents_of_the_corpus(data_dir, tmp_path):
    text = (data_dir / "bioredirect" / "bioredirect_dev.pubtator").read_text(encoding="utf-8")
    source = tmp_path / "dev.pubtator"
    source.write_text("\n\n".join(text.split("\n\n")[:20]) + "\n\n", encoding="utf-8")
    with chat_server() as chat:
        assert ask(chat, source, "out.jsonl") == 0
        assert ask(chat, source, "pairs.jsonl", "--unit", "pair", "--concurrency", "8") == 0
    counts = {}
    for name in ("out", "pairs"):
        assert [each["id"] for each in lines(f"{name}.jsonl")] == [each.id for each in read_documents(source)]
        assert main(["evaluate", str(source), f"{name}.jsonl", "--resamples", "2", "--json", "scores.json"]) == 0
        level = json.loads(Path("scores.json").read_text())["entity_pair"]
        counts[name] = [level[count] for count in ("tp", "fp", "fn")]
    assert counts == {"out": [9, 9, 174], "pairs": [144, 232, 39]}
