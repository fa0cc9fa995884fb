"""A step is the same on one process or two, in one pass or several."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from biodir.configuration_biodir import PAIR_ENCODINGS
from helpers.tiny_checkpoint import save_encoder
from helpers.training_runs import NO_DROPOUT, run_training, start_training, written

# A few steps an epoch; the last has fewer pairs or documents than there are parts.
FORMS = {
    "pairwise": ["--pair-encoding", "pairwise", "--tokens-per-step", "500"],
    "document": ["--pair-encoding", "document", "--tokens-per-step", "130"],
}
TWO_PROCESSES = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")


@pytest.fixture(scope="module")
def arguments(tmp_path_factory) -> list:
    folder = tmp_path_factory.mktemp("processes")
    save_encoder(folder / "encoder", positions=512)
    files = ["--train", written(folder / "train.pubtator", range(1, 8)), "--dev"]
    files += [written(folder / "dev.pubtator", range(8, 11)), "--encoder", folder / "encoder"]
    sizes = [
        "--chunks",
        "prefix",
        "infix",
        "--num-train-epochs",
        "3",
        "--head-learning-rate",
        "0.01",
        "--classifier-dropout",
        "0",
    ]
    return [*files, *sizes, "--encoder-settings", *NO_DROPOUT]


@pytest.fixture(scope="module")
def alone(arguments, tmp_path_factory) -> dict[str, Path]:
    """Pair encoding -> the folder of a run in one process."""
    folders = {form: tmp_path_factory.mktemp(form) for form in PAIR_ENCODINGS}
    for form, folder in folders.items():
        assert run_training(*arguments, *FORMS[form], "--output-dir", folder) == 0
    return folders


def assert_same_curve(found: Path, expected: Path) -> None:
    curves = [json.loads((folder / "training.json").read_text())["epochs"] for folder in (found, expected)]
    losses, wanted = ([loss for epoch in curve for loss in epoch["step_losses"]] for curve in curves)
    assert len(wanted) >= 6
    assert wanted[0] > wanted[-1] + 0.5
    assert losses == pytest.approx(wanted, rel=2e-4)
    assert [epoch["dev"] for epoch in curves[0]] == [epoch["dev"] for epoch in curves[1]]
    weights, others = (load_file(folder / "last" / "model.safetensors") for folder in (found, expected))
    assert max((weights[name] - others[name]).abs().max() for name in weights) < 2e-3


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_step_in_several_passes_is_the_step_in_one(arguments, alone, tmp_path, form):
    run_training(*arguments, *FORMS[form], "--gradient-accumulation-steps", "3", "--output-dir", tmp_path)
    assert_same_curve(tmp_path, alone[form])


@pytest.mark.slow
@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_two_processes_with_the_same_step_have_the_same_loss_curve(arguments, alone, tmp_path, form):
    process = start_training(
        *arguments, *FORMS[form], "--output-dir", tmp_path, launcher=TWO_PROCESSES, ACCELERATE_USE_CPU="true",
        OMP_NUM_THREADS="1",
    )  # fmt: skip
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 0, printed
    assert printed.count("training.json") == 1  # the second process says nothing
    assert_same_curve(tmp_path, alone[form])


@pytest.mark.slow
def test_accelerate_launches_two_processes(arguments, alone, tmp_path):
    launcher = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--mixed_precision", "no")
    process = start_training(
        *arguments,
        *FORMS["pairwise"],
        "--output-dir",
        tmp_path,
        launcher=launcher,
        ACCELERATE_USE_CPU="true",
        OMP_NUM_THREADS="1",
    )
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 0, printed
    assert_same_curve(tmp_path, alone["pairwise"])


def test_mixed_precision_learns_in_float32_weights(arguments, alone, tmp_path):
    run_training(*arguments, *FORMS["pairwise"], "--mixed-precision", "bf16", "--output-dir", tmp_path)
    logs = [json.loads((folder / "training.json").read_text()) for folder in (tmp_path, alone["pairwise"])]
    found, wanted = (log["epochs"][0]["step_losses"][0] for log in logs)
    assert found == pytest.approx(wanted, rel=0.05)
    assert found != wanted
    assert logs[0]["epochs"][-1]["loss"] < logs[0]["epochs"][0]["loss"]
    weights = load_file(tmp_path / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}
