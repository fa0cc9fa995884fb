"""Options of continued pretraining, and what a run records of them."""

import pytest

from biodir.errors_biodir import SettingError
from helpers.script_module import script

pretraining_options = script("pretraining_options")


def options(folder, *further):
    """The options of a run over a text, which is written where it is not there."""
    text = folder / "text.txt"
    text.write_text(text.read_text() if text.exists() else "gene")
    given = ["--text", text, "--encoder", "a", "--output", folder, *further]
    return pretraining_options.pretraining_options(list(map(str, given)), "")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *((name, 0) for name in ("--rows-per-step", "--save-steps", "--eval-steps", "--eval-rows", "--grow-to")),
        *(("--max-steps", -1), ("--row-tokens", 1), ("--seed", -1), ("--learning-rate", 0), ("--learning-rate", "nan")),
        *(("--mask-share", 0), ("--mask-share", 7), ("--mask-share", "x")),
    ],
)
def test_values_that_are_not_allowed_are_named(tmp_path, capsys, option, value):
    with pytest.raises(SystemExit, match=r"^2$"):
        options(tmp_path, option, value)
    assert f"error: argument {option}: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("further", "difference"),
    [
        (["--learning-rate", "1e-3"], r"--learning-rate is 0\.001, was 0\.0005"),
        (["--grow-to", 4, "--bf16"], "--grow-to is 4, was None; --bf16 is True, was False"),
        (None, "--text has other content"),
    ],
)
def test_run_that_has_begun_keeps_its_settings(tmp_path, further, difference):
    pretraining_options.record_settings(options(tmp_path, "--seed", 2))
    pretraining_options.record_settings(options(tmp_path))  # nothing was trained yet
    (tmp_path / "checkpoint-2").mkdir()
    (tmp_path / "checkpoint-2" / "trainer_state.json").write_text("{}")
    pretraining_options.record_settings(options(tmp_path, "--save-steps", 7))
    if further is None:
        (tmp_path / "text.txt").write_text("drug")
    with pytest.raises(SettingError, match=rf"cannot resume with other settings \({difference}\); give the old ones, "):
        pretraining_options.record_settings(options(tmp_path, *further or ()))
