"""The command `biodir dataset import`."""

import argparse
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from biodir.cli import check_outputs, check_readable
from biodir.dataset_script.files import found_files
from biodir.dataset_script.sources import BIORED_DIRECTION
from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError, ErrorPolicy, SettingError
from biodir.files import write_atomic
from biodir.formats.pubtator_writer import format_pubtator
from biodir.formats.reading import JSON_LINES_SUFFIXES, PUBTATOR_SUFFIXES, read_documents

if TYPE_CHECKING:
    from .corpora import ImportCounts
    from .corpus import Corpus

# The corpora are imported where they are used, so that `biodir --help` does not wait for them.

CORPUS_NAMES = ("bc5cdr", "drugprot", "euadr", "redocred")
OUTPUT_SUFFIXES = (*PUBTATOR_SUFFIXES, *JSON_LINES_SUFFIXES)
# Corpora of PubMed abstracts share documents with BioRED. Those of its test splits would make a score worthless. Those
# of its validation split would choose thresholds and checkpoints on documents that the model has seen.
SCORED_SPLITS = ("validation", "test", "bc8_test")
Exclusions = Mapping[str, frozenset[str]]  # name of a file -> the ids of its documents

logger = logging.getLogger(__name__)


def add_import_command(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `biodir dataset`."""
    command = subcommands.add_parser(
        "import",
        help="read another corpus with biodir's types",
        description="Read files of another corpus, give entities and relations the types of biodir, and print the "
        "counts of what was changed. Documents of BioRED's validation and test splits are left out by their PMIDs.",
    )
    command.add_argument("name", metavar="NAME", choices=CORPUS_NAMES, help=f"one of {', '.join(CORPUS_NAMES)}")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="files of the corpus as it is published")
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT", help=f"file to write: {', '.join(OUTPUT_SUFFIXES)}"
    )
    overlaps = command.add_mutually_exclusive_group()
    overlaps.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="folder with bioredirect/ or datasets.zip, whose validation and test splits hold the documents to leave "
        "out; default $BIODIR_DATA",
    )
    overlaps.add_argument(
        "--exclude",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="files of documents to leave out by their ids, in place of these splits",
    )
    overlaps.add_argument(
        "--keep-overlaps", action="store_true", help="leave no document out: for models that BioRED does not score"
    )
    command.add_argument(
        "--errors",
        choices=("raise", "skip-document"),
        default="raise",
        help="stop at a bad document (default) or leave it out",
    )
    command.set_defaults(run=run_import)


def run_import(options: argparse.Namespace) -> int:
    """Import, write and print the counts; return the exit status."""
    from .corpora import CORPORA, import_corpus

    corpus = CORPORA[options.name]
    if options.output.suffix.lower() not in OUTPUT_SUFFIXES:
        raise SettingError(
            f"{options.output}: unknown suffix {options.output.suffix!r}; use one of {', '.join(OUTPUT_SUFFIXES)}"
        )
    check_readable([*options.files, *options.exclude])
    check_outputs([options.output], [*options.files, *options.exclude])
    exclusions = _exclusions(options, corpus)
    excluded = frozenset().union(*exclusions.values())
    documents, counts = import_corpus(corpus, options.files, excluded, ErrorPolicy(options.errors))
    if not documents and not counts.excluded:
        names = ", ".join(map(str, options.files))
        raise AnnotationError(f"{names}: no documents of {corpus.name}; are these the files as they are published?")
    write_documents(documents, options.output)
    print("\n".join(import_table(corpus, counts, exclusions)))
    return 0


def _exclusions(options: argparse.Namespace, corpus: "Corpus") -> Exclusions:
    """Return the ids to leave out: those of the named files, or of the splits that models are scored on."""
    if options.exclude:
        return excluded_by_files(options.exclude)
    if options.keep_overlaps or (options.data_dir is None and not corpus.ids_are_pmids):
        return {}
    return excluded_by_scored_splits(options.data_dir or os.environ.get("BIODIR_DATA"))


def excluded_by_files(paths: Iterable[Path]) -> Exclusions:
    """Return the ids of the documents of each file, which may have any format."""
    exclusions = {str(path): frozenset(document.id for document in read_documents(path)) for path in paths}
    for path, ids in exclusions.items():
        if not ids:
            raise SettingError(f"{path}: holds no documents to exclude; name the file of the split")
    return exclusions


def excluded_by_scored_splits(location: str | os.PathLike[str] | None) -> Exclusions:
    """Return the ids of the documents of BioRED's validation and test splits; missing ones are logged.

    Raises:
        SettingError: none of these splits is there, or no location is given.
        SourceError: there is nothing at the location, or a file cannot be read.
    """
    wanted = [BIORED_DIRECTION.splits[split] for split in SCORED_SPLITS]
    files = found_files(BIORED_DIRECTION, location).files if location else ()
    scored = {BIORED_DIRECTION.splits[file.split]: file for file in files if file.split in SCORED_SPLITS}
    if not scored:
        problem = f"{location}: holds none of" if location else "no folder with"
        raise SettingError(
            f"{problem} {', '.join(wanted)}, whose documents an import leaves out; name it with --data-dir or "
            "BIODIR_DATA, or other files with --exclude, or give --keep-overlaps for a model not scored on BioRED"
        )
    missing = [name for name in wanted if name not in scored]
    if missing:
        logger.warning("%s: lacks %s, whose documents are not excluded", location, ", ".join(missing))
    return {name: frozenset(document.id for document in file.documents()) for name, file in scored.items()}


def import_table(corpus: "Corpus", counts: "ImportCounts", exclusions: Exclusions) -> Iterator[str]:
    """Yield the lines of the report; a document that several exclusions hold counts in each."""
    from .check import aligned

    rows: list[tuple[str, int]] = [
        ("documents read", counts.documents_read),
        ("  could not be read", len(counts.skipped)),
        ("  excluded", len(counts.excluded)),
        *((f"    {name}", sum(each in ids for each in counts.excluded)) for name, ids in exclusions.items()),
        ("  repeated", len(counts.repeated)),
        ("documents", counts.documents),
        ("relations in them", counts.relation_types.total() + counts.dropped.total()),
        ("  dropped", counts.dropped.total()),
        ("  merged into another of the pair", counts.merged),
        ("relations", counts.relations),
        ("  pairs with opposite types", len(counts.contradictions)),
    ]
    dropped = {(name, "both arguments are one entity"): count for name, count in counts.dropped.most_common()}
    yield from (f"{corpus.title}  licence: {corpus.licence}  {corpus.address}", corpus.note, "")
    yield from aligned([(name, str(count)) for name, count in rows], right={1})
    for header, changes in (
        (("entity type", "becomes", "count"), dict(counts.mention_types.most_common())),
        (("relation type", "becomes", "count"), dict(counts.relation_types.most_common())),
        (("dropped relation type", "because", "count"), dropped),
    ):
        if changes:
            yield ""
            yield from aligned([header, *((*change, str(count)) for change, count in changes.items())], right={2})
    for name, ids in (("excluded", counts.excluded), ("repeated", counts.repeated)):
        if ids:
            yield from ("", f"{name}: {' '.join(ids)}")
    if counts.contradictions:
        yield from ("", "pairs with opposite types, now Association:", *counts.contradictions)


def write_documents(documents: Sequence[Document], output: Path) -> None:
    """Write the documents as PubTator or JSON Lines, by the suffix, atomically."""
    try:
        if output.suffix.lower() in PUBTATOR_SUFFIXES:
            text = "".join(map(format_pubtator, documents))
        else:
            text = "".join(json.dumps(document.to_dict(), ensure_ascii=False) + "\n" for document in documents)
        write_atomic(output.resolve(), text)
    except UnicodeEncodeError as error:
        raise AnnotationError(
            f"{output}: a text holds {error.object[error.start]!r}, which UTF-8 cannot write; decode it rightly"
        ) from error
    except AnnotationError as error:
        raise AnnotationError(
            f"{output}: {error}; or write {JSON_LINES_SUFFIXES[0]}, which holds everything"
        ) from error
