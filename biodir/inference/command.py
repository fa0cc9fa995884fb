"""The command `biodir predict`."""

import argparse
import sys
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from biodir.cli import add_model_options, check_readable, counted, quiet_pipeline
from biodir.errors_biodir import ErrorPolicy, SettingError
from biodir.formats.reading import INPUT_HELP


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands `predict` and `export-onnx`."""
    predict = commands.add_parser(
        "predict",
        help="find the relations in files of documents",
        description="Find the directed relations between the marked entities of documents. Without -o they are listed "
        "on the terminal.",
    )
    predict.add_argument("inputs", nargs="+", type=Path, metavar="IN", help=INPUT_HELP)
    predict.add_argument("-o", "--output", type=Path, metavar="OUT", help="file to write: .pubtator or .jsonl")
    predict.add_argument(
        "--format", choices=("pubtator", "jsonl", "listing"), help="format of the output, if not by suffix"
    )
    add_model_options(predict)
    predict.add_argument(
        "--errors", choices=("raise", "skip"), default="raise", help="stop at a bad document (default) or leave it out"
    )
    predict.add_argument("--threshold", type=float, help="leave out relations with a lower score (0..1)")
    predict.add_argument("--relation-types", nargs="+", metavar="TYPE", help="only relations of these types")
    predict.add_argument("--entity-ids", nargs="+", metavar="ID", help="only pairs with one of these entities")
    predict.add_argument("--top-k", type=int, help="at most this many relations a document")
    predict.add_argument(
        "--batch-size",
        type=int,
        help="candidate pairs in a batch of the model; with a small number texts are read more than once",
    )
    predict.add_argument(
        "--type-map",
        nargs="+",
        default=[],
        metavar="NAME=TYPE",
        help="other names of entity types; NAME= leaves one out",
    )
    predict.set_defaults(run=_predict)
    export = commands.add_parser(
        "export-onnx",
        help="write the encoder of a checkpoint for ONNX Runtime",
        description="Write the encoder of a checkpoint as ONNX graphs, in float32 and in int8. `--backend onnx` and "
        "`--backend onnx-int8` find them in the checkpoint's own folder; without them they export it at every start.",
    )
    export.add_argument("output", nargs="?", type=Path, metavar="FOLDER", help="by default the checkpoint's folder")
    export.add_argument("--model", help="folder or Hub id; by default $BIODIR_MODEL or the checkpoint of the checkout")
    export.set_defaults(run=_export, device="cpu", backend="torch")


def _predict(options: argparse.Namespace) -> int:
    # Imported here, because `biodir --help` should not wait for torch.
    from biodir.inference.predict import count_documents, format_of, predict_files

    output_format = options.format or format_of(options.output or sys.stdout)
    output = options.output or _standard_output(output_format)
    parameters = {name: getattr(options, name) for name in ("threshold", "relation_types", "entity_ids", "top_k")}
    parameters["type_map"] = _type_map(options.type_map)
    check_readable(options.inputs)
    extract = quiet_pipeline(options)
    shows_bar = bool(options.output) and sys.stderr.isatty()
    total = count_documents(options.inputs) if shows_bar else None  # reads the files once more, only for the bar
    with tqdm(total=total, unit=" documents", disable=not shows_bar) as bar:
        report = predict_files(
            extract,
            options.inputs,
            output,
            output_format,
            ErrorPolicy(
                options.errors, on_skip=lambda error: tqdm.write(f"biodir: left out: {error}", file=sys.stderr)
            ),
            progress=lambda documents: counted(documents, bar),
            batch_size=options.batch_size,
            **parameters,
        )
    if options.output or report.skipped:
        summary = f"documents: {report.documents}, relations: {report.relations}, left out: {len(report.skipped)}"
        print(summary, file=sys.stderr)
    return 0


def _export(options: argparse.Namespace) -> int:
    from biodir.inference.loading import default_model
    from biodir.inference.onnx_encoder import ONNX_FILES, export_encoder

    folder = options.output or Path(options.model or default_model())
    if not folder.is_dir():
        raise SettingError(f"{folder}: there is no such folder; name one that exists")
    model = quiet_pipeline(options).model
    for backend in ONNX_FILES:
        path = export_encoder(model, folder, backend)
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, for --backend {backend}")
    return 0


def _standard_output(output_format: str) -> TextIO:
    """Return standard output: in UTF-8 for data, in the encoding of the terminal for the listing."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(**{"errors": "replace"} if output_format == "listing" else {"encoding": "utf-8"})
    return sys.stdout


def _type_map(pairs: list[str]) -> dict[str, str | None]:
    mapped = {}
    for pair in pairs:
        name, equals, kind = pair.partition("=")
        if not equals:
            raise SettingError(f"--type-map {pair!r}: write NAME=TYPE, or NAME= to leave the type out")
        mapped[name] = kind or None
    return mapped
