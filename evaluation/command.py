"""The command `biodir evaluate`."""

import argparse
import json
from pathlib import Path

from tqdm import tqdm

from biodir.terminal import add_model_options, counted, quiet_pipeline


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Adds the command to those of `biodir`."""
    evaluate = commands.add_parser(
        "evaluate",
        help="score predictions, or a model, against gold relations",
        description="Scores predicted relations against those of gold documents, over whole documents: a gold relation "
        "whose pair was never asked about counts as missed.",
    )
    evaluate.add_argument("gold", type=Path, metavar="GOLD", help="PubTator file with relations")
    evaluate.add_argument("predicted", nargs="?", type=Path, metavar="PRED", help="PubTator file of `biodir predict`")
    add_model_options(evaluate)
    evaluate.add_argument("--json", type=Path, metavar="OUT", help="file for the figures, in 0..1")
    evaluate.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from biodir.evaluation.report import evaluation_report, gold_documents, predicted_documents, report_table
    from biodir.pubtator_biodir import read_pubtator

    gold = gold_documents(options.gold)
    if options.predicted is not None:
        predicted = list(read_pubtator(options.predicted))
    else:
        extract = quiet_pipeline(options.model, options.device)
        with tqdm(total=len(gold), unit=" documents", disable=None) as bar:
            predicted = predicted_documents(extract, gold, progress=lambda documents: counted(documents, bar))
    report = evaluation_report(gold, predicted)
    print(report_table(report))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0
