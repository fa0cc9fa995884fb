"""The options of `pretrain_encoder.py`, and the record of those that decide the weights of a run."""

import argparse
import json
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from biodir.errors_biodir import SettingError
from biodir.files import write_json
from biodir.training.provenance import data_fingerprints

RECORD = "pretraining.json"
CHANGEABLE = ("output", "save_steps", "eval_steps")  # between the starts of a run


def pretraining_options(arguments: Sequence[str] | None, description: str) -> argparse.Namespace:
    """Return the options of the command line; a value that is not allowed ends the program with status 2."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--text", type=Path, nargs="+", required=True, help="text or .jsonl files; .xz is unpacked")
    parser.add_argument("--exclude", type=Path, nargs="*", default=[], help="files of documents to leave out")
    parser.add_argument("--encoder", required=True, help="folder or Hub id of the pretrained encoder")
    parser.add_argument("--vocabulary", help="folder or Hub id of another tokenizer")
    parser.add_argument("--grow-to", type=_whole_number(1), help="layers, up to twice as many; the function is kept")
    parser.add_argument("--output", type=Path, required=True, help="folder of checkpoints and, at the end, encoder/")
    parser.add_argument("--max-steps", type=_whole_number(1), help="default: one pass over the text")
    parser.add_argument("--rows-per-step", type=_whole_number(1), default=32)
    parser.add_argument("--row-tokens", type=_whole_number(3), default=256)
    parser.add_argument("--mask-share", type=_number(1), default=0.2, help="share of the tokens that are masked")
    parser.add_argument("--learning-rate", type=_number(math.inf), default=5e-4, help="highest learning rate of AdamW")
    parser.add_argument("--attention", help="attention code; eager is the fastest on CPUs in bf16")
    parser.add_argument("--bf16", action="store_true", help="matrix products in bfloat16")
    parser.add_argument("--save-steps", type=_whole_number(1), default=500)
    parser.add_argument("--eval-steps", type=_whole_number(1), default=500)
    parser.add_argument("--eval-rows", type=_whole_number(1), default=1000, help="rows held out for evaluation")
    parser.add_argument("--seed", type=_whole_number(0), default=1)
    return parser.parse_args(arguments)


def _whole_number(least: int) -> Callable[[str], int]:
    """Return a reader of whole numbers that are not less."""

    def integer(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return int(text)

    return integer


def _number(below: float) -> Callable[[str], float]:
    """Return a reader of numbers between 0 and this one."""

    def number(text: str) -> float:
        if not 0 < float(text) < below:
            raise argparse.ArgumentTypeError(f"{text} is not above 0 and below {below}")
        return float(text)

    return number


def record_settings(options: argparse.Namespace) -> None:
    """Write the settings beside the checkpoints; where there are some, check that they are of the same settings.

    Those of a folder without a record, which earlier versions left, are taken to be the same.

    Raises:
        SettingError: settings differ, or the content of the files.
    """
    file, settings = options.output / RECORD, _settings(options)
    has_begun = last_checkpoint(options.output) or (options.output / "encoder").exists()
    before = json.loads(file.read_text(encoding="utf-8")) if has_begun and file.is_file() else {}
    differing = [name for name, value in settings.items() if before.get(name, value) != value]
    if differing:
        sentences = [
            f"--{name} has other content"
            if name in ("text", "exclude")
            else f"--{name.replace('_', '-')} is {settings[name]}, was {before[name]}"
            for name in differing
        ]
        raise SettingError(
            f"{options.output}: cannot resume with other settings ({'; '.join(sentences)}); give the old ones, or name "
            "another --output"
        )
    write_json(file, settings)


def last_checkpoint(folder: Path) -> str | None:
    """Return the newest complete checkpoint of a run; one that was being written as the run was killed is none."""
    steps = {}
    for path in folder.glob("checkpoint-*/trainer_state.json"):  # which the Trainer writes last
        with suppress(ValueError):  # cut off, or another name
            json.loads(path.read_text(encoding="utf-8"))
            steps[int(path.parent.name.removeprefix("checkpoint-"))] = path.parent
    return str(steps[max(steps)]) if steps else None


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that decide the weights, with the hashes of files in place of their paths."""
    settings = {name: value for name, value in vars(options).items() if name not in CHANGEABLE}
    hashes = {name: list(data_fingerprints(settings[name]).values()) for name in ("text", "exclude")}
    return {**settings, **hashes}
