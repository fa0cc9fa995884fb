"""A Space that follows demo/README.md starts by itself, and requires the versions that the package requires."""

import re
import shutil
import subprocess
import sys
import urllib.request
from configparser import ConfigParser

import pytest
import yaml

from helpers.checkout import CHECKOUT
from helpers.demo_page import serving
from helpers.tiny_checkpoint import save_checkpoint

DEMO = CHECKOUT / "demo"


def requirements(text: str) -> dict[str, str]:
    """Package -> versions, for each line that is no comment."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {re.match(r"[\w-]+", line)[0]: line for line in lines if "[" not in line}


@pytest.fixture(scope="module")
def options() -> dict[str, str]:
    setup = ConfigParser()
    setup.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"]
    asked = requirements(setup["options"]["install_requires"] + extras["formats"] + extras["demo"])
    return {**asked, "python": setup["options"]["python_requires"]}


def test_requirements_are_those_of_the_package_without_gradio(options):
    asked = requirements((DEMO / "requirements.txt").read_text(encoding="utf-8"))
    assert asked == {name: line for name, line in options.items() if name not in ("gradio", "python")}


def test_header_names_app_and_gradio(options):
    header = yaml.safe_load((DEMO / "README.md").read_text(encoding="utf-8").split("---")[1])
    assert header["sdk"] == "gradio"
    assert (DEMO / header["app_file"]).is_file()
    assert options["gradio"] == f"gradio>={header['sdk_version'].split('.')[0]},<7"
    assert options["python"] == f">={header['python_version']}"
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
    variables = {"BIODIR_MODEL": str(save_checkpoint(tmp_path))}
    with serving(space / "app.py", tmp_path, variables) as address, urllib.request.urlopen(address) as answer:
        page = answer.read().decode()
    assert "Finds relations between the genes, diseases, chemicals and variants" in page
