"""Runs experiments and writes their tables.

    python -m experiments.run experiments/soft_prompt.yaml --data-dir DATA --encoder FOLDER_OR_HUB_ID

Runs that are finished are not run again, unfinished ones go on where they were, runs that several experiments ask for
are made once. One that fails is reported, and the others go on.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from biodir.errors_biodir import BioDirError, SettingError
from biodir.files import write_atomic

from .places import EncoderIdentity, Places, encoder_identity
from .plan import PAPER, SIZES, Experiment, changed_settings, read_experiment, shown_command
from .results import experiment_report, read_reports, report_path, write_report
from .running import FINISHED, CommandError, Failure, Programs, Workshop, run_all
from .tables import ALL_RESULTS, all_results_page, experiment_page


def main(arguments: Sequence[str] | None = None, programs: Programs | None = None) -> int:
    """The exit status: 0, or 1 where a run failed or the request makes no sense.

    Args:
        programs: other programs than those of the project; for tests.
    """
    options = _parser().parse_args(arguments)
    if options.train_program:
        programs = Programs(train=(str(options.train_program.resolve()),))
    try:
        if not options.data_dir.is_dir():
            raise SettingError(f"--data-dir {options.data_dir}: no such folder; name the one that holds bioredirect/")
        identity = encoder_identity(options.encoder, options.encoder_name)
        experiments = [read_experiment(path, options.size, changed_settings(options.set)) for path in options.files]
        for experiment in experiments:
            experiment.runs(identity.fingerprint, options.seeds, options.only)  # refuses what it does not know
        return max(_run(experiment, identity, options, programs or Programs()) for experiment in experiments)
    except BioDirError as error:
        print(f"experiments: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("experiments: interrupted; the same command goes on", file=sys.stderr)
        return 130


def _run(experiment: Experiment, identity: EncoderIdentity, options: argparse.Namespace, programs: Programs) -> int:
    places = Places(options.data_dir, options.encoder, options.output)
    workshop = Workshop(experiment, places, programs, say=lambda text: print(text, flush=True))
    wanted = experiment.runs(identity.fingerprint, options.seeds, options.only)
    print(f"{experiment.name}, {experiment.size} size: {experiment.question}")
    if options.dry_run:
        _show(workshop, wanted)
        return 0
    places.runs.mkdir(parents=True, exist_ok=True)
    failures: list[Failure] = []
    try:
        workshop.prepare()
        failures = run_all(workshop, wanted)
    except CommandError as error:
        failures = [Failure("preparation", error.problem, places.hidden(error.tail))]
        print(f"  FAILED: {error}\n{error.tail}")
    finally:  # a runner that is interrupted leaves the table of what it finished
        _write(workshop, identity, options, failures)
    return 1 if failures else 0


def _write(
    workshop: Workshop, identity: EncoderIdentity, options: argparse.Namespace, failures: Sequence[Failure]
) -> None:
    """Writes the tables: all variants and seeds of the experiment, whichever of them were run just now."""
    experiment = workshop.experiment
    seeds = sorted({*experiment.seeds, *(options.seeds or ())})
    report = experiment_report(workshop, experiment.runs(identity.fingerprint, seeds), identity, failures)
    folder = options.results or options.output / "results"
    if not report["runs"] and report_path(report, folder).exists():
        print(f"{report_path(report, folder)} stays as it is: nothing is finished")
        return
    path = write_report(report, folder)
    write_atomic(path.with_suffix(".md"), experiment_page(report))
    write_atomic(folder / ALL_RESULTS, all_results_page(read_reports(folder)))
    print(f"results: {path.with_suffix('.md')}")


def _show(workshop: Workshop, runs: Sequence) -> None:
    """Prints what would be done."""
    for preparation in workshop.experiment.preparations:
        print(shown_command(shlex.split(preparation.command)))
    for run in runs:
        print(f"# {run.name}: {workshop.state(run)}")
        if workshop.state(run) != FINISHED:
            print(shown_command(workshop.train_command(run)))
            for step in workshop.score_steps(run):
                print(shown_command(step.command))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments.run", description=__doc__.split("\n", 1)[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="YAML files of experiments")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder of the corpora, with bioredirect/ in it")
    parser.add_argument("--encoder", required=True, help="folder or Hub id of the pretrained encoder")
    parser.add_argument("--encoder-name", help="what the tables call it; by default the Hub id or the folder's name")
    parser.add_argument("--output", type=Path, default=Path("runs/experiments"), help="folder for checkpoints and logs")
    parser.add_argument("--results", type=Path, help="folder for the tables; by default results/ in the output")
    parser.add_argument("--size", choices=SIZES, default=PAPER, help="paper: as published; small: for two CPU cores")
    parser.add_argument("--seeds", type=int, nargs="+", help="in place of those of the file")
    parser.add_argument("--only", nargs="+", default=[], metavar="VARIANT", help="run these variants alone")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE", help="settings of all variants, such as epochs=2"
    )
    parser.add_argument("--dry-run", action="store_true", help="print what would be run, and run nothing")
    parser.add_argument(
        "--train-program", type=Path, help="in place of train.py; with the same options and training.json"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
