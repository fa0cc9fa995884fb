"""`biodir serve` as a process: its log names the address, and a signal ends it with status 0."""

import json
import os
import re
import signal
import subprocess
import sys

import httpx
import pytest

from biodir.cli import main
from helpers.checkout import CHECKOUT
from helpers.tiny_checkpoint import save_checkpoint


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
