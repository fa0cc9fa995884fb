"""The commands `biodir dataset ...`."""

import argparse
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from biodir.dataset_script.import_command import add_import_command
from biodir.errors_biodir import SettingError
from biodir.publishing.command import add_publish_options, check_destination, run_publish

if TYPE_CHECKING:
    from biodir.dataset_script.files import FoundFiles

# The other modules are imported where they are used, so that `biodir --help` does not wait for datasets and torch.


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `biodir`."""
    dataset = commands.add_parser("dataset", help="export, check, import and publish corpora")
    subcommands = dataset.add_subparsers(dest="dataset_command", required=True)
    export = subcommands.add_parser(
        "export",
        help="write corpora as Parquet with a data set card",
        description="Write the corpora BioRED with directions and BC5CDR as a folder of Parquet files with a data set "
        "card, for `datasets.load_dataset`.",
    )
    export.add_argument("out", type=Path, metavar="OUT", help="folder to make")
    _add_source_options(export)
    export.set_defaults(run=_export)
    check = subcommands.add_parser(
        "check",
        help="compare the counts of corpora with the published ones",
        description="Count documents, mentions and relations and print them beside the published numbers. The exit "
        "status is 1 if any differs.",
    )
    _add_source_options(check)
    check.set_defaults(run=_check)
    add_import_command(subcommands)
    publish = subcommands.add_parser(
        "publish",
        help="bring an exported data set to the Hub",
        description="Load a folder that `biodir dataset export` wrote in a new process, count its rows, and upload it "
        "in one commit with a tag. After an error, run it again to send what is missing.",
    )
    publish.add_argument("folder", type=Path, metavar="FOLDER", help="folder that `biodir dataset export` wrote")
    add_publish_options(publish)
    publish.set_defaults(run=_publish)


def _add_source_options(command: argparse.ArgumentParser) -> None:
    source = command.add_mutually_exclusive_group()
    source.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="folder with bioredirect/ and bc5cdr/, or with datasets.zip and CDR_Data.zip, or one of these archives; "
        "default $BIODIR_DATA",
    )
    source.add_argument(
        "--download", action="store_true", help="fetch the official archives, or take them from the cache of datasets"
    )
    command.add_argument(
        "--strict", action="store_true", help="stop if a checksum is not the published one, instead of a warning"
    )


def _export(options: argparse.Namespace) -> int:
    datasets = _datasets("biodir dataset export")
    from biodir.dataset_script.export import export

    datasets.disable_progress_bars()
    for path, rows in export(_found(options), options.out, options.strict).items():
        print(f"{path}: {rows} rows", file=sys.stderr)
    print(f"{options.out / 'README.md'}: data set card", file=sys.stderr)
    return 0


def _check(options: argparse.Namespace) -> int:
    from biodir.dataset_script.check import check_counts, corpus_contents, count_table, found_counts
    from biodir.dataset_script.files import verify_checksums, warn_of_missing

    found = _found(options)
    for each in found:
        warn_of_missing(each, each.source.name)
        verify_checksums(each, options.strict)
    counts = found_counts(corpus_contents(found))
    print(count_table(counts))
    check_counts(counts, ", ".join(dict.fromkeys(str(each.location) for each in found)))
    return 0


def _publish(options: argparse.Namespace) -> int:
    from importlib.util import find_spec

    from biodir.publishing.dataset_repository import check_dataset, dataset_repository

    def check(folder: Path) -> str:
        rows = check_dataset(folder)
        counts = [f"{name} {sum(splits.values()):,}" for name, splits in rows.items()]
        return f"a new process loads it and counts the rows of the card: {', '.join(counts)}"

    if find_spec("datasets") is None:  # only the new process loads it
        raise SettingError("biodir dataset publish needs the library datasets; pip install 'biodir[data]'")
    check_destination(options)
    return run_publish(options, dataset_repository(options.folder, options.repo_id), check, "dataset")


def _found(options: argparse.Namespace) -> list["FoundFiles"]:
    """Return the files of the corpora that are there; a corpus without any is named on standard error."""
    from biodir.dataset_script.files import fetched_archive, found_files, warn_of_missing
    from biodir.dataset_script.sources import SOURCES

    if options.download:
        download = _datasets("--download").DownloadManager().download
        found = [found_files(source, fetched_archive(source, download)) for source in SOURCES]
    else:
        location = options.data_dir or os.environ.get("BIODIR_DATA")
        if not location:
            raise SettingError("no corpora: give --data-dir, set BIODIR_DATA, or --download the official archives")
        found = [found_files(source, location) for source in SOURCES]
    there = [each for each in found if each.files]
    if not there:
        warn_of_missing(found[0], found[0].source.name)
    for each in found:
        if not each.files:
            print(f"biodir: no file of {each.source.name} in {each.location}: left out", file=sys.stderr)
    return there


def _datasets(purpose: str) -> ModuleType:
    """Return the library `datasets`."""
    try:
        import datasets
    except ImportError as error:
        raise SettingError(f"{purpose} needs the library datasets; pip install 'biodir[data]'") from error
    return datasets
