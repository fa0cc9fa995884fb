"""The command `biodir dataset import`."""

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from biodir.cli import check_readable
from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError, ErrorPolicy, SettingError
from biodir.formats.pubtator import write_pubtator
from biodir.formats.reading import JSON_LINES_SUFFIXES, PUBTATOR_SUFFIXES

if TYPE_CHECKING:
    from .corpora import Corpus, ImportResult
    from .exclusion import Exclusion

# The corpora are imported where they are used, for `biodir --help` should not wait for what they stand on.

OUTPUT_SUFFIXES = (*PUBTATOR_SUFFIXES, *JSON_LINES_SUFFIXES)


def add_import_command(subcommands: argparse._SubParsersAction) -> None:
    """Adds the command to those of `biodir dataset`."""
    command = subcommands.add_parser(
        "import",
        help="read another corpus with biodir's types",
        description="Reads files of another corpus (bc5cdr, drugprot, euadr or redocred), gives entities and relations "
        "the types that biodir knows, and prints what became of what. Documents of BioRED's validation and test splits "
        "are left out by their PMIDs.",
    )
    command.add_argument("name", metavar="NAME", help="bc5cdr, drugprot, euadr or redocred")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="files of the corpus as it is published")
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT", help=f"file to write: {', '.join(OUTPUT_SUFFIXES)}"
    )
    overlaps = command.add_mutually_exclusive_group()
    overlaps.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="folder with bioredirect/, or with datasets.zip, whose validation and test splits hold the documents to "
        "leave out; by default $BIODIR_DATA",
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
        "--errors", choices=("raise", "skip"), default="raise", help="stop at a bad document (default) or leave it out"
    )
    command.set_defaults(run=run_import)


def run_import(options: argparse.Namespace) -> int:
    """Imports, writes and prints the counts; the exit status."""
    from .corpora import corpus_named, import_corpus

    corpus = corpus_named(options.name)
    if options.output.suffix.lower() not in OUTPUT_SUFFIXES:
        raise SettingError(
            f"{options.output}: unknown suffix {options.output.suffix!r}; use one of {', '.join(OUTPUT_SUFFIXES)}"
        )
    check_readable([*options.files, *options.exclude])
    if options.output.resolve() in [path.resolve() for path in (*options.files, *options.exclude)]:
        raise SettingError(f"{options.output} is an input as well; write to another file")
    exclusions = _exclusions(options, corpus)
    result = import_corpus(
        corpus.name,
        options.files,
        frozenset().union(*(exclusion.document_ids for exclusion in exclusions)),
        ErrorPolicy(options.errors, on_skip=lambda error: print(f"biodir: left out: {error}", file=sys.stderr)),
    )
    if not result.documents and not result.counts.excluded:
        names = ", ".join(map(str, options.files))
        raise AnnotationError(f"{names}: no documents of {corpus.name}; are these the files as they are published?")
    write_documents(result.documents, options.output)
    print("\n".join(import_table(result, exclusions)))
    return 0


def _exclusions(options: argparse.Namespace, corpus: "Corpus") -> tuple["Exclusion", ...]:
    """What to leave out: the files that were named, or the splits that models are scored on.

    Raises:
        SettingError: these splits are not there, and nothing says that their documents may stay.
    """
    from .exclusion import exclusions_in, exclusions_of, missing_splits, scored_splits

    if options.exclude:
        found = exclusions_of(options.exclude)
        for path, exclusion in zip(options.exclude, found, strict=True):
            if not exclusion.document_ids:
                raise SettingError(f"{path}: holds no documents to exclude; name the file of the split")
        return found
    asks_for_splits = corpus.ids_are_pmids or options.data_dir is not None
    if options.keep_overlaps or not asks_for_splits:
        return ()
    found = scored_splits(options.data_dir or os.environ.get("BIODIR_DATA"))
    missing = missing_splits(found)
    if missing:
        print(f"biodir: not in {found.location}, so not excluded: {', '.join(missing)}", file=sys.stderr)
    return exclusions_in(found)


def import_table(result: "ImportResult", exclusions: Sequence["Exclusion"] = ()) -> Iterator[str]:
    """The lines that say what became of the corpus; a document that several exclusions hold counts in each."""
    from .exclusion import excluded_count

    corpus, counts = result.corpus, result.counts
    yield f"{corpus.title}  licence: {corpus.licence}  {corpus.address}"
    yield corpus.note
    yield ""
    yield from _columns(
        [
            ["documents read", str(counts.documents_read)],
            ["  could not be read", str(len(counts.skipped))],
            ["  excluded", str(len(counts.excluded))],
            *([f"    {each.name}", str(excluded_count(each, counts.excluded))] for each in exclusions),
            ["  repeated", str(len(counts.repeated))],
            ["documents", str(counts.documents)],
            ["relations in them", str(counts.relation_types.total() + counts.dropped.total())],
            ["  dropped", str(counts.dropped.total())],
            ["  merged into another of the pair", str(counts.merged)],
            ["relations", str(counts.relations)],
            ["  pairs with opposite types", str(len(counts.contradictions))],
        ]
    )
    yield from _changes("entity type", "becomes", counts.mention_types)
    yield from _changes("relation type", "becomes", counts.relation_types)
    yield from _changes("dropped relation type", "because", counts.dropped)
    for name in ("excluded", "repeated"):
        if getattr(counts, name):
            yield from ("", f"{name}: {' '.join(getattr(counts, name))}")
    if counts.contradictions:
        yield from ("", "pairs with opposite types, now Association:", *counts.contradictions)


def _changes(title: str, verb: str, changes: Counter[tuple[str, str]]) -> Iterator[str]:
    if changes:
        yield ""
        rows = [[original, became, str(count)] for (original, became), count in changes.most_common()]
        yield from _columns([[title, verb, "count"], *rows])


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows with their cells below each other, the last column to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        *first, last = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join([*first, last.strip().rjust(widths[-1])])


def write_documents(documents: Sequence[Document], output: Path) -> None:
    """Writes the file as a whole or not at all."""
    target = output.resolve()
    try:
        with tempfile.TemporaryDirectory(prefix=".biodir-import-", dir=target.parent) as folder:
            part = Path(folder) / target.name
            _write_part(documents, part)
            os.replace(part, target)
    except UnicodeEncodeError as error:
        raise AnnotationError(
            f"{output}: a text holds {error.object[error.start]!r}, which UTF-8 cannot write; decode it rightly"
        ) from error
    except AnnotationError as error:
        raise AnnotationError(
            f"{output}: {error}; or write {JSON_LINES_SUFFIXES[0]}, which holds everything"
        ) from error
    except OSError as error:
        raise SettingError(f"{output}: cannot be written ({error.strerror}); name another file") from error


def _write_part(documents: Sequence[Document], part: Path) -> None:
    if part.suffix.lower() in PUBTATOR_SUFFIXES:
        write_pubtator(documents, part)
        return
    with open(part, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(document.to_dict(), ensure_ascii=False) + "\n" for document in documents)
