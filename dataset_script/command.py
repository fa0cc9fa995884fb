"""The commands `biodir dataset ...`."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from biodir.dataset_script.import_command import add_import_command
from biodir.dataset_script.publish_command import add_publish_command
from biodir.errors_biodir import SettingError

if TYPE_CHECKING:
    from biodir.dataset_script.files import FoundFiles

# The other modules are imported where they are used, for `biodir --help` should not wait for datasets and torch.


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Adds the command to those of `biodir`."""
    dataset = commands.add_parser("dataset", help="export, check, import and publish corpora")
    subcommands = dataset.add_subparsers(dest="dataset_command", required=True)
    _add_export_command(subcommands)
    _add_check_command(subcommands)
    add_import_command(subcommands)
    add_publish_command(subcommands)


def _add_export_command(subcommands: argparse._SubParsersAction) -> None:
    export = subcommands.add_parser(
        "export",
        help="write corpora as Parquet with a data set card",
        description="Writes the corpora BioRED with directions and BC5CDR as a folder of Parquet files with a data set "
        "card, which `datasets.load_dataset` takes.",
    )
    export.add_argument("out", type=Path, metavar="OUT", help="folder to make")
    _add_source_options(export)
    export.set_defaults(run=_export)


def _add_check_command(subcommands: argparse._SubParsersAction) -> None:
    check = subcommands.add_parser(
        "check",
        help="compare what corpora hold with what was published of them",
        description="Counts documents, mentions and relations and prints them beside the published numbers. The exit "
        "status is 1 where any differs.",
    )
    _add_source_options(check)
    check.set_defaults(run=_check)


def _add_source_options(command: argparse.ArgumentParser) -> None:
    source = command.add_mutually_exclusive_group()
    source.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="folder with bioredirect/ and bc5cdr/, or with datasets.zip and CDR_Data.zip, or one of these archives; "
        "by default $BIODIR_DATA",
    )
    source.add_argument(
        "--download", action="store_true", help="fetch the official archives, or take them from the cache of datasets"
    )
    command.add_argument(
        "--strict", action="store_true", help="stop where a checksum is not the published one, rather than warn"
    )


def _export(options: argparse.Namespace) -> int:
    datasets = _datasets("biodir dataset export")
    from biodir.dataset_script.export import export

    datasets.disable_progress_bars()
    for part in export(_found(options), options.out, options.strict):
        print(f"{part.path}: {part.rows} rows", file=sys.stderr)
    print(f"{options.out / 'README.md'}: data set card", file=sys.stderr)
    return 0


def _check(options: argparse.Namespace) -> int:
    from biodir.dataset_script.check import check_counts, corpus_contents, count_rows, count_table
    from biodir.dataset_script.files import report_missing, verify_checksums

    found = _found(options)
    for each in found:
        report_missing(each, each.source.name)
        verify_checksums(each, options.strict)
    rows = count_rows(corpus_contents(found))
    print(count_table(rows))
    check_counts(rows, ", ".join(dict.fromkeys(str(each.location) for each in found)))
    return 0


def _found(options: argparse.Namespace) -> list["FoundFiles"]:
    """The files of the corpora that are there; a corpus without any is named on standard error.

    Raises:
        SourceError: there is none.
        SettingError: nothing says where to look.
    """
    from biodir.dataset_script.files import fetched_archive, found_files, report_missing
    from biodir.dataset_script.sources import SOURCES

    if options.download:
        download = _datasets("--download").DownloadManager().download
        found = [found_files(source, fetched_archive(source, download, is_strict=options.strict)) for source in SOURCES]
    else:
        location = options.data_dir or os.environ.get("BIODIR_DATA")
        if not location:
            raise SettingError("no corpora: give --data-dir, set BIODIR_DATA, or --download the official archives")
        found = [found_files(source, location) for source in SOURCES]
    there = [each for each in found if each.files]
    for each in found:
        if not there:
            report_missing(each, each.source.name)
        elif not each.files:
            print(f"biodir: no file of {each.source.name} in {each.location}: left out", file=sys.stderr)
    return there


def _datasets(what: str):
    """The library `datasets`, which `what` needs."""
    try:
        import datasets
    except ImportError as error:
        raise SettingError(f"{what} needs the library datasets; pip install 'biodir[data]'") from error
    return datasets
