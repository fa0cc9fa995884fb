"""Measure the steps of a training run: processor time, tokens a second, peak memory, losses.

    python scripts/benchmark_training.py --steps 30 --config recipes/stage2.yaml --train train.pubtator --encoder .

All further options are those of train.py. The first steps of the run are done and nothing is saved. To compare two
builds, run this file with one and with the other in `PYTHONPATH`, which names the checkout whose train.py is measured,
in turns. Processor time counts, not the time of a clock.
"""

import argparse
import json
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn
from transformers import set_seed
from transformers.utils.logging import disable_progress_bar

import train
from biodir.allocator import keep_freed_memory
from biodir.errors_biodir import BioDirError, SettingError, plural
from biodir.files import check_paths
from biodir.training.arguments import training_settings
from biodir.training.machine import new_accelerator
from biodir.training.preparation import steps_of_epoch, with_form

KIBIBYTES_PER_MEBIBYTE = 1024


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure as the command line says, and print a report as JSON; bad input ends it with a line that names it."""
    options, further = _options(arguments)
    keep_freed_memory()
    disable_progress_bar()
    try:
        check_paths([], [options.json] if options.json else [])
        with TemporaryDirectory() as folder:
            run = started_run([*further, "--output_dir", str(Path(folder, "run"))], options.no_dropout)
            report = measured(run, options.steps, options.warmup_steps, options.profile)
    except BioDirError as error:
        raise SystemExit(f"benchmark_training.py: error: {error}") from error
    text = json.dumps(report)
    if options.json:
        options.json.write_text(text, "utf-8")
    print(json.dumps({name: value for name, value in report.items() if name != "losses"}))


def started_run(arguments: Sequence[str], without_dropout: bool = False) -> Any:
    """Return a `TrainingRun` of these options of train.py, at its start."""
    settings = training_settings(arguments)
    accelerator = new_accelerator(settings)
    set_seed(settings.seed)
    run = train.new_run(with_form(settings, accelerator.print), accelerator)
    if without_dropout:
        for module in run.model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
    return run


def measured(run: Any, steps: int, warmup_steps: int = 0, profile: int = 0) -> dict[str, Any]:
    """Do so many steps of the first epoch; return what they took, without those of the warm-up.

    Args:
        profile: print so many lines of the profile; 0 for no profile.

    Raises:
        SettingError: the epoch has no step after the warm-up.
    """
    planned = steps_of_epoch(run.labelled, run.settings, run.processor, 0, run.words, run.tagger_processor)
    if len(planned) <= warmup_steps:
        raise SettingError(
            f"--warmup-steps {warmup_steps}: the epoch has {plural(len(planned), 'step')}, so that none is left to "
            "measure; lower it, or give more documents"
        )
    run.model.train()
    losses: list[float] = []

    def do(chosen: Sequence[Any]) -> tuple[float, float]:
        started, started_cpu = time.perf_counter(), time.process_time()
        for step in chosen:
            losses.append(train.train_step(run, step))
            run.progress.step += 1
        return time.perf_counter() - started, time.process_time() - started_cpu

    do(planned[:warmup_steps])
    chosen = planned[warmup_steps : warmup_steps + steps]
    tokens = sum(each.features.tokens for step in chosen for each in step)
    if profile:
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
            elapsed_s, cpu_s = do(chosen)
        print(profiler.key_averages().table(sort_by="self_cpu_time_total", row_limit=profile, max_name_column_width=60))
    else:
        elapsed_s, cpu_s = do(chosen)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIBIBYTES_PER_MEBIBYTE
    return {
        "steps": len(chosen),
        "tokens": tokens,
        "cpu_s": round(cpu_s, 2),
        "elapsed_s": round(elapsed_s, 2),
        "tokens_per_cpu_s": round(tokens / cpu_s, 1),
        "peak_mebibytes": round(peak),
        "threads": torch.get_num_threads(),
        "losses": losses,
    }


def _options(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0], allow_abbrev=False)
    add = parser.add_argument
    add("--steps", type=int, default=30, help="steps that are measured (default: 30)")
    add("--warmup-steps", type=int, default=3, help="steps before these (default: 3)")
    add("--no-dropout", action="store_true", help="without dropout, so that losses of two builds can be compared")
    add("--profile", type=int, default=0, metavar="LINES", help="print the operators that took longest")
    add("--json", type=Path, metavar="FILE", help="file for the report with the loss of each step")
    options, further = parser.parse_known_args(arguments)
    for name, least in (("steps", 1), ("warmup_steps", 0), ("profile", 0)):
        if getattr(options, name) < least:
            parser.error(f"--{name.replace('_', '-')} is {getattr(options, name)}; give {least} or more")
    return options, further


if __name__ == "__main__":
    main()
