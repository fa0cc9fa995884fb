"""The check of the Dockerfile: how its instructions are read and where their paths go."""

import pytest

from helpers.checkout import CHECKOUT
from helpers.script_module import script

check_image = script("check_image")


def test_steps_of_the_dockerfile_are_all_known():
    steps = list(check_image.instructions((CHECKOUT / "Dockerfile").read_text("utf-8")))
    known = {"FROM", "COPY", "RUN", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in steps} <= known
    assert [rest for name, rest in steps if name == "FROM"] == ["python:3.13-slim AS build", "python:3.13-slim"]


def test_context_has_what_dockerignore_takes_back_and_no_weights_of_torch():
    ignored = (CHECKOUT / ".dockerignore").read_text("utf-8")
    assert ignored.startswith("*\n")
    names = {path.name for path in check_image.allowed(CHECKOUT, ignored)}
    assert {"setup.cfg", "handler.py", "biodir", "pipeline_biodir.py", "dataset_script"} <= names
    assert not {"model.safetensors", "tests", "results", ".git"} & names


@pytest.mark.parametrize(
    ("step", "placed"),
    [
        ("/opt/biodir/bin/pip install /source/runtime[serve]", "R/opt/biodir/bin/pip install R/source/runtime[serve]"),
        ('pip install "/source/x" /optional a/opt', 'pip install "R/source/x" /optional a/opt'),
    ],
)
def test_paths_of_the_image_are_placed_in_the_folder(tmp_path, step, placed):
    image = check_image.Image(tmp_path, tmp_path)
    assert image.placed(step).replace(str(tmp_path), "R") == placed


def test_steps_run_with_the_variables_before_them(tmp_path):
    image = check_image.Image(tmp_path, tmp_path)
    (tmp_path / "opt").mkdir()
    for step in (("ENV", "GREETING=/opt/x"), ("RUN", 'echo "$GREETING" > /opt/made'), ("CMD", '["serve", "--host"]')):
        image.step(*step)
    assert (tmp_path / "opt" / "made").read_text() == f"{tmp_path}/opt/x\n"
    assert image.command == ["serve", "--host"]


def test_step_that_fails_ends_the_check(tmp_path):
    with pytest.raises(check_image.subprocess.CalledProcessError):
        check_image.Image(tmp_path, tmp_path).step("RUN", "false")
