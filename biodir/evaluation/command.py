"""The commands `biodir evaluate`, `biodir calibrate` and `biodir errors`."""

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from biodir.cli import add_model_options, check_outputs, check_readable, counted, quiet_pipeline
from biodir.errors_biodir import SettingError
from biodir.evaluation.errors_command import add_errors_command

if TYPE_CHECKING:
    from biodir.document_biodir import Document

FORMATS = "PubTator, BioC, JSON Lines or Parquet"


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Adds the commands to those of `biodir`."""
    _add_evaluate(commands)
    _add_calibrate(commands)
    add_errors_command(commands)


def _add_evaluate(commands: argparse._SubParsersAction) -> None:
    evaluate = commands.add_parser(
        "evaluate",
        help="score predictions, or a model, against gold relations",
        description="Scores predicted relations against those of gold documents, over whole documents: a gold relation "
        "whose pair was never asked about counts as missed.",
    )
    evaluate.add_argument("gold", type=Path, metavar="GOLD", help=f"file with relations: {FORMATS}")
    evaluate.add_argument("predicted", nargs="?", type=Path, metavar="PRED", help="file with predictions, likewise")
    add_model_options(evaluate)
    evaluate.add_argument("--against", type=Path, metavar="PRED2", help="another system's predictions, to compare with")
    evaluate.add_argument("--resamples", type=int, default=1000, help="times the documents are drawn (default: 1000)")
    evaluate.add_argument("--seed", type=int, default=1, help="of the draws (default: 1)")
    evaluate.add_argument("--json", type=Path, metavar="OUT", help="file for the figures, in 0..1")
    evaluate.add_argument("--plot", type=Path, metavar="OUT", help="file for a picture: .png, .svg or .pdf")
    evaluate.set_defaults(run=_evaluate)


def _add_calibrate(commands: argparse._SubParsersAction) -> None:
    calibrate = commands.add_parser(
        "calibrate",
        help="find the threshold of each relation type on development documents",
        description="Finds the threshold of each relation type and the biases of novelty and direction that serve the "
        "development documents best. Report scores of other documents.",
    )
    calibrate.add_argument("gold", type=Path, metavar="DEV", help=f"file with relations: {FORMATS}")
    add_model_options(calibrate)
    calibrate.add_argument("--write", action="store_true", help="store them in the model's config.json (a folder)")
    calibrate.set_defaults(run=_calibrate)


def _evaluate(options: argparse.Namespace) -> int:
    from biodir.evaluation.intervals import Resampling
    from biodir.evaluation.plots import check_plot_path, write_plot
    from biodir.evaluation.report import answer_documents, comparison_report, evaluation_report, gold_documents
    from biodir.evaluation.tables import comparison_table, report_table
    from biodir.files import write_json

    inputs = [path for path in (options.gold, options.predicted, options.against) if path is not None]
    check_readable(inputs)
    check_outputs([path for path in (options.json, options.plot) if path is not None], inputs)
    resampling = Resampling(options.resamples, options.seed)
    if options.plot:
        check_plot_path(options.plot)
    gold = gold_documents(options.gold)
    other = answer_documents(options.against, gold) if options.against else None
    answers = _answers(options, gold)
    report = evaluation_report(gold, answers.documents, resampling, answers.labels, answers.pair_types)
    report["notes"] += answers.notes
    print(report_table(report))
    if other is not None:
        report["comparison"] = comparison_report(gold, answers.documents, other, resampling, answers.labels)
        print("\n" + comparison_table(report["comparison"]))
    if options.json:
        write_json(options.json, report)
    if options.plot:
        write_plot(options.plot, report, gold, answers.documents, answers.labels)
    return 0


@dataclass(frozen=True)
class _Answers:
    """Predictions, what is to be noted about them, and labels and pair types of the model, where one made them."""

    documents: "list[Document]"
    notes: list[str] = field(default_factory=list)
    labels: dict[str, list[str]] | None = None
    pair_types: list[list[str]] | None = None


def _answers(options: argparse.Namespace, gold: "list[Document]") -> _Answers:
    """The predictions of the file or of the model."""
    from biodir.evaluation.report import answer_documents, predicted_documents
    from biodir.evaluation.thresholds import calibrated_documents

    if options.predicted is not None:
        if options.model is not None:
            raise SettingError(
                f"{options.predicted} and --model {options.model}: give predictions or a model, not both"
            )
        return _Answers(answer_documents(options.predicted, gold))
    extract = quiet_pipeline(options)
    with tqdm(total=len(gold), unit=" documents", disable=None) as bar:
        predicted = predicted_documents(extract, gold, progress=lambda documents: counted(documents, bar))
    config = extract.model.config
    tuned = calibrated_documents(gold, config.calibrated_on)
    note = f"the model's thresholds were found on {tuned} of these {len(gold)} documents; report the scores of others"
    return _Answers(predicted, [note] if tuned else [], config.labels, config.pair_types)


def _calibrate(options: argparse.Namespace) -> int:
    from biodir.evaluation.report import gold_documents
    from biodir.evaluation.thresholds_report import calibration_run, config_file, store_rule, thresholds_table

    check_readable([options.gold])
    gold = gold_documents(options.gold)
    extract = quiet_pipeline(options)
    folder = Path(extract.model.config.name_or_path)
    if options.write:
        config_file(folder)
    with tqdm(unit=" batches", disable=None) as bar:
        run = calibration_run(extract, gold, progress=lambda batches: counted(batches, bar))
    print(thresholds_table(run))
    if options.write:
        store_rule(run, folder)
        print(f"\nstored in {folder / 'config.json'}")
    return 0
