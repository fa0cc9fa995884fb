"""The commands `biodir predict` and `biodir export-onnx`."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TextIO

from tqdm import tqdm
from typer import Argument, Option

from biodir.errors_biodir import SettingError
from biodir.fetching.command import with_articles
from biodir.files import check_paths
from biodir.formats.pubtator_names import Vocabulary
from biodir.formats.reading import INPUT_HELP
from biodir.lexicon.command import lexicon_linker
from biodir.options import (
    BackendOption,
    DeviceOption,
    ErrorsOption,
    ModelOption,
    OffsetsOption,
    end_of,
    quiet_pipeline,
    reading_policy,
)

# Functions import what needs torch or transformers: `biodir --help` should not wait for these.

Format = Literal["pubtator", "jsonl", "listing"]
Dialect = Literal["pubtator", "bioredirect", "pubtator3"]
OutputOption = Annotated[Path | None, Option("-o", "--output", metavar="OUT", help="file to write: .pubtator, .jsonl")]
BATCH_HELP = "candidate pairs in a batch of the model; with a small number texts are read more than once"
DIALECT_HELP = (
    "of PubTator output: pubtator (default) has relations of four columns, which every program reads; bioredirect also "
    "has novelty, Subject lines and scores; pubtator3 has the type names and identifiers of PubTator 3"
)
ENTITIES_HELP = "also write text and entities (JSON Lines), or list the entities"
PMIDS_HELP = "also articles of PubTator 3, which are fetched as by `biodir fetch`"
LEXICON_HELP = "file of `biodir lexicon build`, which gives mentions without identifier one"
SPECIES_HELP = "species that genes are from in documents that name none; by default 9606, human"
VOCABULARY_HELP = "names of relation types: those of the model, or those of PubTator 3, such as treat and inhibit"
TYPE_MAP_HELP = "other names of entity types; NAME= leaves one out"


def predict(
    inputs: Annotated[list[Path] | None, Argument(metavar="IN", help=INPUT_HELP)] = None,
    output: OutputOption = None,
    pmids: Annotated[str | None, Option(metavar="PMID,...", help=PMIDS_HELP)] = None,
    output_format: Annotated[Format | None, Option("--format", help="format of the output, if not by suffix")] = None,
    dialect: Annotated[Dialect | None, Option(help=DIALECT_HELP)] = None,
    vocabulary: Annotated[Vocabulary | None, Option(help=VOCABULARY_HELP)] = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    backend: BackendOption = "torch",
    errors: ErrorsOption = "raise",
    offsets: OffsetsOption = "characters",
    one_per_line: Annotated[bool, Option("--one-per-line", help="each line of plain text is a document")] = False,
    return_entities: Annotated[bool, Option("--return-entities", help=ENTITIES_HELP)] = False,
    lexicon: Annotated[Path | None, Option(metavar="FILE", help=LEXICON_HELP)] = None,
    species: Annotated[list[str] | None, Option(metavar="TAXID ...", help=SPECIES_HELP)] = None,
    threshold: Annotated[float | None, Option(help="leave out relations with a lower score (0..1)")] = None,
    relation_types: Annotated[list[str] | None, Option(metavar="TYPE ...", help="only these relation types")] = None,
    entity_ids: Annotated[list[str] | None, Option(metavar="ID ...", help="only pairs with one of these")] = None,
    top_k: Annotated[int | None, Option(help="at most this many relations a document")] = None,
    batch_size: Annotated[int | None, Option(help=BATCH_HELP)] = None,
    type_map: Annotated[list[str] | None, Option(metavar="NAME=TYPE ...", help=TYPE_MAP_HELP)] = None,
) -> None:
    """Find the relations in files of documents.

    The relations are directed and hold between the entities of a document. Where nothing is marked, as in plain text,
    the model finds the entities. Without -o the relations are listed on the terminal.

        biodir predict samples/sample.pubtator
        biodir predict notes.txt more.txt -o out.pubtator
        biodir predict titles.txt --one-per-line -o out.jsonl --return-entities
        biodir predict a.pubtator b.jsonl -o out.pubtator --errors skip-mention
        biodir predict a.xml -o out.jsonl --relation-types Bind Cotreatment
        biodir predict a.txt -o out.pubtator --dialect bioredirect
        biodir predict notes.txt --lexicon lexicon.sqlite -o out.jsonl
        biodir predict --pmids 37026113,22429397 -o out.jsonl
    """
    from biodir.inference.predict import count_documents, format_of, predict_files

    written_format: str = output_format or format_of(output or sys.stdout)
    if dialect and written_format != "pubtator":
        raise SettingError(f"--dialect {dialect}: the output is {written_format}; only PubTator output has dialects")
    files = inputs or []
    check_paths(files if errors == "raise" else [], [output] if output else [])
    types = _type_map(type_map or [])
    linker = lexicon_linker(lexicon, species)  # before the model is loaded
    policy = reading_policy(errors, offsets, relations=False)
    files = with_articles(files, pmids, policy)
    extract = quiet_pipeline(model, device, backend)
    shows_bar = bool(output) and sys.stderr.isatty()
    # Reads the files once more, only for the bar.
    total = count_documents(files, extract.finds_entities, one_per_line) if shows_bar else None
    report = predict_files(
        extract,
        files,
        output or _standard_output(written_format),
        written_format,
        dialect or "pubtator",
        policy,
        progress=partial(tqdm, total=total, unit=" documents", disable=not shows_bar),
        one_per_line=one_per_line,
        return_entities=return_entities,
        vocabulary=vocabulary,
        threshold=threshold,
        relation_types=relation_types or None,
        entity_ids=entity_ids or None,
        top_k=top_k,
        batch_size=batch_size,
        type_map=types,
        **({"link": linker.link} if linker else {}),
    )
    if linker:
        print(f"biodir: {linker.summary()}", file=sys.stderr)
    end_of(policy, f"documents: {report.documents}, relations: {report.relations}" if output else "")


def export_onnx(
    output: Annotated[Path | None, Argument(metavar="FOLDER", help="by default the checkpoint's folder")] = None,
    model: ModelOption = None,
) -> None:
    """Write the encoder of a checkpoint for ONNX Runtime.

    It is written as ONNX graphs, in float32 and in int8. `--backend onnx` and `--backend onnx-int8` find them in the
    checkpoint's own folder; without them they export it at every start.

        biodir export-onnx --model runs/mine
    """
    from biodir.inference.loading import default_model
    from biodir.inference.onnx_encoder import ONNX_ENDINGS, export_encoder, graph_files

    folder = output or Path(model or default_model())
    if not folder.is_dir():
        raise SettingError(f"{folder}: there is no such folder; name one that exists")
    network = quiet_pipeline(model, "cpu", "torch").model
    for backend in ONNX_ENDINGS:
        for path, encoder in graph_files(network, folder, backend).items():
            export_encoder(encoder, path, backend)
            print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, for --backend {backend}")


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
