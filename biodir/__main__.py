"""The command `biodir`."""

import argparse
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from biodir import __version__
from biodir.errors_biodir import BioDirError, SettingError


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0, or 1 after an error, whose message goes to standard error."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except BioDirError as error:
        print(f"biodir: error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        sys.stdout = None
        return 0
    except OSError as error:  # such as a full disk
        print(f"biodir: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("biodir: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="biodir", description="Directed biomedical relation extraction.")
    parser.add_argument("--version", action="version", version=f"biodir {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_predict(commands)
    _add_evaluate(commands)
    return parser


def _add_predict(commands: argparse._SubParsersAction) -> None:
    predict = commands.add_parser(
        "predict",
        help="find the relations in files of documents",
        description="Finds the directed relations between the marked entities of documents. Without -o they are listed "
        "on the terminal.",
    )
    predict.add_argument("inputs", nargs="+", type=Path, metavar="IN", help="PubTator files, or JSON Lines (.jsonl)")
    predict.add_argument("-o", "--output", type=Path, metavar="OUT", help="file to write: .pubtator or .jsonl")
    predict.add_argument(
        "--format", choices=("pubtator", "jsonl", "listing"), help="format of the output, if not by suffix"
    )
    predict.add_argument("--model", help="folder or Hub id; by default $BIODIR_MODEL or the checkpoint of the checkout")
    predict.add_argument("--device", help="such as cpu or cuda:0; by default the first accelerator, else the CPU")
    predict.add_argument(
        "--errors", choices=("raise", "skip"), default="raise", help="stop at a bad document (default) or leave it out"
    )
    predict.add_argument("--threshold", type=float, help="leave out relations with a lower score (0..1)")
    predict.add_argument("--relation-types", nargs="+", metavar="TYPE", help="only relations of these types")
    predict.add_argument("--entity-ids", nargs="+", metavar="ID", help="only pairs with one of these entities")
    predict.add_argument("--top-k", type=int, help="at most this many relations a document")
    predict.add_argument("--batch-size", type=int, help="candidate pairs that go to the model together")
    predict.add_argument(
        "--type-map",
        nargs="+",
        default=[],
        metavar="NAME=TYPE",
        help="other names of entity types; NAME= leaves one out",
    )
    predict.set_defaults(run=_predict)


def _add_evaluate(commands: argparse._SubParsersAction) -> None:
    evaluate = commands.add_parser(
        "evaluate",
        help="score predictions, or a model, against gold relations",
        description="Scores predicted relations against those of gold documents, over whole documents: a gold relation "
        "whose pair was never asked about counts as missed.",
    )
    evaluate.add_argument("gold", type=Path, metavar="GOLD", help="PubTator file with relations")
    evaluate.add_argument("predicted", nargs="?", type=Path, metavar="PRED", help="PubTator file of `biodir predict`")
    evaluate.add_argument("--model", help="without PRED: folder or Hub id; by default as for predict")
    evaluate.add_argument("--device", help="such as cpu or cuda:0")
    evaluate.add_argument("--json", type=Path, metavar="OUT", help="file for the figures, in 0..1")
    evaluate.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from biodir.evaluation.report import evaluation_report, gold_documents, predicted_documents, report_table
    from biodir.pubtator_biodir import read_pubtator

    gold = gold_documents(options.gold)
    if options.predicted is not None:
        predicted = list(read_pubtator(options.predicted))
    else:
        extract = _pipeline(options)
        with tqdm(total=len(gold), unit=" documents", disable=None) as bar:
            predicted = predicted_documents(extract, gold, progress=lambda documents: _counted(documents, bar))
    report = evaluation_report(gold, predicted)
    print(report_table(report))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


def _predict(options: argparse.Namespace) -> int:
    # Imported here, for `biodir --help` should not wait for torch.
    from biodir.inference.predict import count_documents, format_of, predict_files

    output_format = options.format or format_of(options.output or sys.stdout)
    output = options.output or _standard_output(output_format)
    parameters = {name: getattr(options, name) for name in ("threshold", "relation_types", "entity_ids", "top_k")}
    parameters["type_map"] = _type_map(options.type_map)
    _check_readable(options.inputs)
    extract = _pipeline(options)
    shows_bar = bool(options.output) and sys.stderr.isatty()
    total = count_documents(options.inputs) if shows_bar else None  # one more reading of the files, for the bar alone
    with tqdm(total=total, unit=" documents", disable=not shows_bar) as bar:
        report = predict_files(
            extract,
            options.inputs,
            output,
            output_format,
            options.errors,
            on_skip=lambda error: tqdm.write(f"biodir: left out: {error}", file=sys.stderr),
            progress=lambda documents: _counted(documents, bar),
            batch_size=options.batch_size,
            **parameters,
        )
    if options.output or report.skipped:
        summary = f"documents: {report.documents}, relations: {report.relations}, left out: {len(report.skipped)}"
        print(summary, file=sys.stderr)
    return 0


def _pipeline(options: argparse.Namespace) -> Callable:
    """The pipeline over the checkpoint that the options name; transformers loads it without a word."""
    from transformers.utils import logging as transformers_logging

    from biodir.inference.loading import load_pipeline

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    logging.getLogger("biodir").addHandler(logging.NullHandler())  # what is left out, the command reports itself
    return load_pipeline(options.model, options.device)


def _standard_output(output_format: str) -> TextIO:
    """Standard output: UTF-8 for data; for people what the terminal can show."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(**{"errors": "replace"} if output_format == "listing" else {"encoding": "utf-8"})
    return sys.stdout


def _counted(documents, bar: tqdm):
    for document in documents:
        yield document
        bar.update()


def _check_readable(paths: list[Path]) -> None:
    for path in paths:
        if not path.is_file():
            problem = "is a folder; name the files in it" if path.is_dir() else "there is no such file; check the path"
            raise SettingError(f"{path}: {problem}")


def _type_map(pairs: list[str]) -> dict[str, str | None]:
    mapped = {}
    for pair in pairs:
        name, equals, kind = pair.partition("=")
        if not equals:
            raise SettingError(f"--type-map {pair!r}: write NAME=TYPE, or NAME= to leave the type out")
        mapped[name] = kind or None
    return mapped


if __name__ == "__main__":
    sys.exit(main())
