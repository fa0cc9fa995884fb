"""A step is the same on one process or two, in one pass or several."""

from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from biodir.configuration_biodir import PAIR_ENCODINGS
from biodir.training.checkpoints import last_folder
from helpers.tiny_checkpoint import save_encoder
from helpers.training_runs import NO_DROPOUT, log_of, options, run_training, start_training, written

# A few steps an epoch; the last has fewer pairs or documents than there are parts.
TOKENS = {"pairwise": 500, "document": 130}
LAUNCHERS = {
    "torch": "-m torch.distributed.run --standalone --nproc_per_node 2",
    "accelerate": "-m accelerate.commands.launch --multi_gpu --num_processes 2 --mixed_precision no",
}


@pytest.fixture(scope="module")
def settings_of(tmp_path_factory):
    """The settings of a run in one of the forms."""
    folder = tmp_path_factory.mktemp("processes")
    save_encoder(folder / "encoder", positions=512)
    files = {"train": written(folder / "train.pubtator", range(1, 8)), "dev": folder / "dev.pubtator"}
    written(files["dev"], range(8, 11))
    settings = {**files, "encoder": folder / "encoder", "chunks": ["prefix", "infix"], "num_train_epochs": 3}
    settings |= {"head_learning_rate": 0.01, "classifier_dropout": 0, "encoder_settings": NO_DROPOUT}
    return lambda form: {**settings, "pair_encoding": form, "tokens_per_step": TOKENS[form]}


@pytest.fixture(scope="module")
def in_one(settings_of, tmp_path_factory) -> dict[str, Path]:
    """Pair encoding -> the folder of a run in one process and one pass."""
    folders = {form: tmp_path_factory.mktemp(form) for form in PAIR_ENCODINGS}
    for form, folder in folders.items():
        assert run_training(**settings_of(form), output_dir=folder) == 0
    return folders


def run_in_two(launcher: str, **settings: Any) -> str:
    """What a run in two processes prints."""
    started = start_training(*options(**settings), launcher=LAUNCHERS[launcher].split(), ACCELERATE_USE_CPU="true")
    printed, _ = started.communicate(timeout=300)
    assert started.returncode == 0, printed
    return printed


def assert_same_curve(found: Path, expected: Path) -> None:
    curves = [log_of(folder)["epochs"] for folder in (found, expected)]
    losses, wanted = ([loss for epoch in curve for loss in epoch["step_losses"]] for curve in curves)
    assert len(wanted) >= 6
    assert wanted[0] > wanted[-1] + 0.5
    assert losses == pytest.approx(wanted, rel=2e-4)
    assert [epoch["dev"] for epoch in curves[0]] == [epoch["dev"] for epoch in curves[1]]
    weights, others = (load_file(last_folder(folder) / "model.safetensors") for folder in (found, expected))
    assert max((weights[name] - others[name]).abs().max() for name in weights) < 2e-3


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_step_in_several_passes_is_the_step_in_one(settings_of, in_one, tmp_path, form):
    run_training(**settings_of(form), gradient_accumulation_steps=3, output_dir=tmp_path)
    assert_same_curve(tmp_path, in_one[form])


@pytest.mark.slow
@pytest.mark.parametrize(("form", "launcher"), [("pairwise", "accelerate"), ("document", "torch")])
def test_two_processes_with_the_same_step_have_the_same_loss_curve(settings_of, in_one, tmp_path, form, launcher):
    printed = run_in_two(launcher, **settings_of(form), output_dir=tmp_path)
    assert printed.count("training.json") == 1  # the second process prints nothing
    assert_same_curve(tmp_path, in_one[form])


@pytest.mark.slow
def test_run_of_two_processes_is_resumed_by_one(settings_of, in_one, tmp_path):
    settings = {**settings_of("document"), "ema_decay": 0.5, "output_dir": tmp_path}
    run_in_two("torch", **settings, stop_after_epoch=1)
    run_training(**settings, resume_from_checkpoint=True)
    losses, wanted = (
        [loss for epoch in log_of(folder)["epochs"] for loss in epoch["step_losses"]]
        for folder in (tmp_path, in_one["document"])
    )
    assert losses == pytest.approx(wanted, rel=2e-4)


def test_tagger_learns_in_two_processes_as_in_one(settings_of, tmp_path):
    tasks = ["relation", "novelty", "direction", "mentions"]
    settings = {**settings_of("document"), "tasks": tasks, "tagger_layers": 1, "num_train_epochs": 2}
    assert run_training(**settings, output_dir=tmp_path / "one") == 0
    run_in_two("torch", **settings, output_dir=tmp_path / "two")
    curves = [
        [loss for epoch in log_of(tmp_path / name)["epochs"] for loss in epoch["step_losses"]]
        for name in ("one", "two")
    ]
    assert len(curves[0]) >= 6
    assert curves[1] == pytest.approx(curves[0], rel=2e-4)
