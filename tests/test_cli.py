"""The command line as a program: help, examples, completion, usage errors, exit statuses."""

import os
import shlex
import subprocess
import sys

import pytest
import typer

from biodir.cli import app, main
from biodir.errors_biodir import SettingError
from helpers.checkout import CHECKOUT

HEAVY = ("accelerate", "datasets", "pandas", "pyarrow", "torch", "transformers")
GROUPS = ("dataset", "lexicon", "llm")
ROOT = typer.main.get_command(app)
COMMANDS = {
    name: command
    for group, prefix in ((ROOT, ""), *((ROOT.commands[name], f"{name} ") for name in GROUPS))
    for name, command in ((prefix + name, command) for name, command in group.commands.items())
    if name not in GROUPS
}


def examples(command) -> list[str]:
    """The command lines in the help of a command."""
    return [line.strip() for line in command.help.splitlines() if line.strip().startswith("biodir ")]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_in_lines_of_their_own_that_parse(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*name.split(), "--help"]) == 0
    shown = [line.strip() for line in capsys.readouterr().out.splitlines()]
    for example in examples(COMMANDS[name]):
        assert example in shown
        arguments = shlex.split(example.removeprefix(f"biodir {name}"))
        assert COMMANDS[name].make_context(name, arguments).params
    assert len(examples(COMMANDS[name])) >= 1


def test_plain_command_lists_the_commands(capsys):
    for arguments, names in (([], ROOT.commands), (["dataset"], ROOT.commands["dataset"].commands)):
        main(arguments)
        captured = capsys.readouterr()
        assert [name for name in names if f" {name} " not in captured.out + captured.err] == []


def test_help_waits_for_no_heavy_library():
    code = "import sys; from biodir.cli import main\n"
    code += "".join(f"main({[*name.split(), '--help']})\n" for name in COMMANDS)
    code += f"sys.exit(', '.join({set(HEAVY)} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("predict in.txt --backend ONNX-INT", "'onnx', 'onnx-int8'. Did you mean onnx-int8?"),
        ("predict in.txt --errors skip", "'skip-document', 'skip-mention'"),
        ("predict in.txt --top-k some", "--top-k"),
        ("predict in.txt --entity", "--entity"),
        ("dataset import bc5cd in.txt -o out.jsonl", "Did you mean bc5cdr?"),
        ("predicts in.txt", "Did you mean 'predict'?"),
        ("predict in.txt --min-scor 1", "--min-score"),
        ("dataset check --data-dir . --download", "--data-dir and --download: give one of them"),
        (
            "dataset import bc5cdr a.txt -o out.jsonl --exclude b.txt --keep-overlaps",
            "--exclude and --keep-overlaps: give one of them",
        ),
    ],
)
def test_usage_error_has_status_2_and_names_what_is_wrong(arguments, message, capsys):
    assert main(arguments.split()) == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", "").split())


def test_list_option_takes_all_values_up_to_the_next_option():
    line = "a.txt --entity D1 D4 --top-k 2 --type-map A=B C= --entity=D5 b.txt --relation Bind -- --c.txt"
    found = COMMANDS["predict"].make_context("predict", line.split()).params
    assert [str(path) for path in found["inputs"]] == ["a.txt", "b.txt", "--c.txt"]
    assert list(found["entity"]) == ["D1", "D4", "D5"]
    assert (list(found["type_map"]), list(found["relation"]), found["top_k"]) == (["A=B", "C="], ["Bind"], 2)


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (SettingError("the fix"), 1, "biodir: error: the fix\n"),
        (OSError(28, "No space left on device"), 1, "biodir: error: [Errno 28] No space left on device\n"),
        (KeyboardInterrupt(), 130, "biodir: interrupted\n"),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_end_of_a_command_is_one_line_and_a_status(error, status, message, capsys, monkeypatch):
    def fail(*_):
        raise error

    monkeypatch.setattr("biodir.dataset_script.command._found", fail)
    monkeypatch.setattr("sys.stdout", sys.stdout)  # restored after the broken pipe
    assert main(["dataset", "check"]) == status
    assert capsys.readouterr().err == message


def test_shell_completes_commands_options_and_choices(monkeypatch, capsys):
    monkeypatch.setenv("_BIODIR_COMPLETE", "complete_bash")
    for words, completed in (
        ("biodir pre", ["predict"]),
        ("biodir predict --rela", ["--relation"]),
        ("biodir evaluate --backend onnx", ["onnx", "onnx-int8"]),
    ):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
        main([])
        assert capsys.readouterr().out.split() == completed


@pytest.mark.parametrize("name", ["torch", "transformers"])
def test_library_that_the_runtime_lacks_is_one_line(monkeypatch, capfd, name):
    def without(*arguments):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("biodir.inference.opening.open_pipeline", without)
    assert main(["predict", "samples/sample.pubtator"]) == 1
    line = f"biodir: error: this needs {name}, which biodir-runtime does not install; run pip install biodir elsewhere"
    assert capfd.readouterr().err.splitlines()[-1] == line
