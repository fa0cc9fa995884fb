"""A Space put together as demo/README.md says starts by itself, and asks for the versions that the package asks for."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from conftest import CHECKOUT
from tiny_checkpoint import save_checkpoint

DEMO = CHECKOUT / "demo"
WAIT_S = 90


def requirements(text: str) -> dict[str, str]:
    """Package -> versions, for each line that is no comment."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {re.match(r"[\w-]+", line)[0]: line for line in lines if "[" not in line}


@pytest.fixture(scope="module")
def options() -> dict[str, str]:
    setup = ConfigParser()
    setup.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"]
    return requirements(setup["options"]["install_requires"] + extras["formats"] + extras["demo"])


def test_requirements_are_those_of_the_package_without_gradio(options):
    asked = requirements((DEMO / "requirements.txt").read_text(encoding="utf-8"))
    assert asked == {name: line for name, line in options.items() if name != "gradio"}


def test_header_names_app_and_gradio(options):
    header = yaml.safe_load((DEMO / "README.md").read_text(encoding="utf-8").split("---")[1])
    assert header["sdk"] == "gradio"
    assert (DEMO / header["app_file"]).is_file()
    assert options["gradio"] == f"gradio>={header['sdk_version'].split('.')[0]},<7"
    assert len(header["short_description"]) <= 60


@pytest.mark.slow
def test_space_starts_without_the_checkout(tmp_path):
    pytest.importorskip("gradio")
    tree, space = tmp_path / "tree", tmp_path / "space"
    ignored = shutil.ignore_patterns(".*", "build", "dist", "runs", "*.egg-info", "__pycache__", "*.safetensors")
    shutil.copytree(CHECKOUT, tree, ignore=ignored)
    shutil.copytree(tree / "demo", space)
    shutil.copytree(tree / "samples", space / "samples")
    command = ["-m", "pip", "install", "--no-deps", "--no-index", "--no-build-isolation", "--target", space, tree]
    subprocess.run([sys.executable, *map(str, command)], check=True, capture_output=True)
    shutil.rmtree(tree)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"BIODIR_MODEL": str(save_checkpoint(tmp_path)), "PORT": str(port)}
    log = tmp_path / "log"
    with open(log, "w", encoding="utf-8") as file:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=space, env=environment, stdout=file, stderr=file)
    try:
        page = served(f"http://127.0.0.1:{port}/", process, log)
    finally:
        process.terminate()
        process.wait(timeout=WAIT_S)
    assert "Which genes, diseases, chemicals and variants" in page


def served(url: str, process: subprocess.Popen, log: Path) -> str:
    """The page, as soon as there is one."""
    for _ in range(10 * WAIT_S):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"no page after {WAIT_S} s:\n{log.read_text(encoding='utf-8')}")
