"""`biodir serve` as a process: its log names the address, and a signal ends it with status 0."""

import json
import os
import re
import signal
import subprocess
import sys

import httpx
import pytest
import typer

from biodir.cli import app, main
from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from biodir.serving import server
from biodir.serving.command import _shown_name, warm_up
from helpers.checkout import CHECKOUT
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_server_answers_until_a_signal_and_ends_with_status_0(tmp_path, number):
    folder = save_checkpoint(tmp_path)
    command = [sys.executable, "-m", "biodir", "serve", "--model", str(folder), "--device", "cpu", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "BIODIR_MAX_DOCUMENTS": "1"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    lines = []
    for line in process.stderr:
        lines.append(json.loads(line))
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            break
    with httpx.Client(base_url=found[0], timeout=30) as client:
        assert client.get("/health").json()["model"] == folder.name
        assert client.post("/v1/relations", json={"inputs": [{"text": "x", "entities": []}]}).json() == [[]]
        assert client.post("/v1/relations", json={"inputs": ["x", "y"]}).status_code == 413
    process.send_signal(number)
    lines += [json.loads(line) for line in process.stderr]
    assert process.wait(30) == 0
    assert [each["status"] for each in lines if each["event"] == "request"] == [200, 200, 413]


def test_signal_before_the_server_runs_ends_it(monkeypatch):
    class Starting:
        should_exit = False

        def run(self):
            signal.raise_signal(signal.SIGTERM)

    starting = Starting()
    monkeypatch.setattr(server, "make_server", lambda *_: starting)
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        server.run(None, "127.0.0.1", 0, 1)
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGINT), handlers, strict=True):
            signal.signal(number, handler)
    assert starting.should_exit


@pytest.mark.parametrize("labels", [bio_labels(ENTITY_TYPES), []])
def test_model_computes_before_the_server_listens(tmp_path, monkeypatch, labels):
    extract = open_pipeline(save_checkpoint(tmp_path, tagger_labels=labels))
    seen, forward = [], extract.model.forward
    monkeypatch.setattr(extract.model, "forward", lambda **inputs: [seen.append(set(inputs)), forward(**inputs)][1])
    warm_up(extract)
    relates = ["pair_type_ids" in each for each in seen]
    assert relates[:2] == [True, False][: 1 + bool(labels)]


def test_name_of_the_model_is_that_of_its_folder_or_the_hub_id(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIODIR_MODEL", "org/name")
    assert [_shown_name(each) for each in (".", str(tmp_path), None)] == [tmp_path.name, tmp_path.name, "org/name"]
    assert _shown_name("org/name", "v1") == "org/name at v1"


def test_options_in_the_documentation_are_those_of_the_commands():
    commands = typer.main.get_command(app).commands
    known = {name for each in ("serve", "mcp") for option in commands[each].params for name in option.opts}
    text = (CHECKOUT / "docs" / "serving.md").read_text(encoding="utf-8").partition("## A load test")[0]
    named = set(re.findall(r"`(--[a-z-]+)", text)) | set(re.findall(r"^biodir .*?(--[a-z-]+)", text, re.MULTILINE))
    assert {"--max-waiting", "--shutdown"} <= named
    assert named - {"--model"} <= known


@pytest.mark.parametrize("command", ["serve", "mcp"])
def test_limit_that_is_no_number_is_an_error(command, monkeypatch, capsys):
    monkeypatch.setenv("BIODIR_MAX_PAIRS", "many")
    assert main([command]) == 1
    assert "biodir: error: BIODIR_MAX_PAIRS is 'many'; set a whole number of at least 1" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "library"), [("serve", "fastapi"), ("serve", "prometheus_client"), ("mcp", "mcp")])
def test_missing_library_is_an_error_that_names_the_extra(command, library, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, library, None)
    assert main([command]) == 1
    message = f"biodir: error: biodir {command} needs {library}; install it with: pip install 'biodir[serve]'\n"
    assert capsys.readouterr().err == message


def test_server_and_tools_import_neither_torch_nor_transformers():
    code = "import sys, biodir.serving.app, biodir.serving.tools, biodir.serving.server, biodir.serving.command\n"
    code += "print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
