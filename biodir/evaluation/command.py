"""The commands `biodir evaluate`, `biodir calibrate` and `biodir errors`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from biodir.cli import add_model_options, check_outputs, check_readable, counted, quiet_pipeline
from biodir.errors_biodir import SettingError

# Functions import what needs torch or transformers: `biodir --help` should not wait for these.
if TYPE_CHECKING:
    from biodir.configuration_biodir import BioDirConfig
    from biodir.document_biodir import Document

FORMATS = "PubTator, BioC, JSON Lines or Parquet"


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to those of `biodir`."""
    evaluate = commands.add_parser(
        "evaluate",
        help="score predictions, or a model, against gold relations",
        description="Scores predicted relations against those of gold documents, over complete documents: a gold "
        "relation whose pair was never scored counts as missed.",
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
    errors = commands.add_parser(
        "errors",
        help="show what predictions get wrong, as a page to read",
        description="Compares predicted relations with gold ones and writes a page that shows every error with its "
        "sentences, by category. The page is one HTML file that works offline.",
    )
    errors.add_argument("gold", type=Path, metavar="GOLD", help="documents with relations")
    errors.add_argument("predicted", type=Path, metavar="PRED", help="the same documents, as `biodir predict` writes")
    errors.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="HTML file to write")
    errors.set_defaults(run=_errors)


def _evaluate(options: argparse.Namespace) -> int:
    from biodir.evaluation.intervals import Resampling
    from biodir.evaluation.plots import check_plot_path, write_plot
    from biodir.evaluation.predictions import read_gold, read_predictions
    from biodir.evaluation.report import comparison_report, evaluation_report
    from biodir.evaluation.tables import comparison_table, report_table
    from biodir.evaluation.thresholds import calibrated_documents
    from biodir.files import write_json

    inputs = [path for path in (options.gold, options.predicted, options.against) if path is not None]
    check_readable(inputs)
    if options.predicted is not None and options.model is not None:
        raise SettingError(f"{options.predicted} and --model {options.model}: give predictions or a model, not both")
    check_outputs([path for path in (options.json, options.plot) if path is not None], inputs)
    resampling = Resampling(options.resamples, options.seed)
    if options.plot:
        check_plot_path(options.plot)
    gold = read_gold(options.gold)
    other = read_predictions(options.against, gold) if options.against else None
    if options.predicted is not None:
        predicted, labels, pair_types, tuned = read_predictions(options.predicted, gold), None, None, 0
    else:
        predicted, config = _model_predictions(options, gold)
        labels, pair_types = config.labels, config.pair_types
        tuned = calibrated_documents(gold, config.calibrated_on)
    report = evaluation_report(gold, predicted, resampling, labels, pair_types)
    if tuned:
        report["notes"].append(
            f"the model's thresholds were found on {tuned} of these {len(gold)} documents; report the scores of others"
        )
    print(report_table(report))
    if other is not None:
        report["comparison"] = comparison_report(gold, predicted, other, resampling, labels)
        print("\n" + comparison_table(report["comparison"]))
    if options.json:
        write_json(options.json, report)
    if options.plot:
        write_plot(options.plot, report, gold, predicted, labels)
    return 0


def _model_predictions(options: argparse.Namespace, gold: "list[Document]") -> "tuple[list[Document], BioDirConfig]":
    """Return the predictions of the model that the options name, and its configuration."""
    from biodir.evaluation.predictions import predicted_documents

    extract: Any = quiet_pipeline(options)
    with tqdm(total=len(gold), unit=" documents", disable=None) as bar:
        predicted = predicted_documents(extract, gold, progress=lambda documents: counted(documents, bar))
    return predicted, extract.model.config


def _calibrate(options: argparse.Namespace) -> int:
    from biodir.evaluation.predictions import read_gold
    from biodir.evaluation.thresholds_report import calibration_run, config_file, store_rule, thresholds_table

    check_readable([options.gold])
    gold = read_gold(options.gold)
    extract: Any = quiet_pipeline(options)
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


def _errors(options: argparse.Namespace) -> int:
    from biodir.evaluation.checks import compared_documents, comparison_notes
    from biodir.evaluation.error_analysis import error_analysis
    from biodir.evaluation.error_page import error_page
    from biodir.evaluation.predictions import read_gold, read_predictions
    from biodir.files import write_atomic

    check_readable([options.gold, options.predicted])
    check_outputs([options.output], [options.gold, options.predicted])
    gold = read_gold(options.gold)
    predicted = read_predictions(options.predicted, gold)
    for note in comparison_notes(compared_documents(gold, predicted)):
        print(f"biodir: note: {note}", file=sys.stderr)
    analysis = error_analysis(gold, predicted)
    write_atomic(options.output, error_page(analysis, options.gold.name, options.predicted.name))
    relations = f"{len(analysis.comparisons)} relations of gold or predictions"
    print(f"{len(analysis.documents)} documents, {relations}, {len(analysis.errors)} errors\n")
    for category, count in analysis.category_counts().items():
        print(f"{count:7}  {category.title}")
    print(f"\npage: {options.output}")
    return 0
