"""The commands `biodir dataset export`, `check` and `publish`."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from biodir.errors_biodir import SettingError
from biodir.optional import optional_library
from biodir.options import check_exclusive
from biodir.publishing import command as publishing

if TYPE_CHECKING:
    from biodir.dataset_script.files import FoundFiles

# The other modules are imported where they are used, so that `biodir --help` does not wait for datasets and torch.

DATA_HELP = "folder with bioredirect/ and bc5cdr/, or with their archives, or one archive; default $BIODIR_DATA"
DataDirOption = Annotated[Path | None, Option(metavar="DIR", help=DATA_HELP)]
DownloadOption = Annotated[bool, Option("--download", help="fetch the official archives, or take them from the cache")]
StrictOption = Annotated[bool, Option("--strict", help="stop if a checksum is not the published one")]


def export(
    out: Annotated[Path, Argument(metavar="OUT", help="folder to make")],
    data_dir: DataDirOption = None,
    download: DownloadOption = False,
    strict: StrictOption = False,
) -> None:
    """Write corpora as Parquet with a data set card.

    The corpora are BioRED with directions and BC5CDR, each with one row a document and with one row a candidate pair.
    The folder is for `datasets.load_dataset`.

        biodir dataset export biored --data-dir DATA
        biodir dataset export biored --download --strict
    """
    datasets = optional_library("datasets", "data", "biodir dataset export")
    from biodir.dataset_script.export import export

    datasets.disable_progress_bars()
    for path, rows in export(_found(data_dir, download), out, strict).items():
        print(f"{path}: {rows} rows", file=sys.stderr)
    print(f"{out / 'README.md'}: data set card", file=sys.stderr)


def check(data_dir: DataDirOption = None, download: DownloadOption = False, strict: StrictOption = False) -> None:
    """Compare the counts of corpora with the published ones.

    Count documents, mentions and relations and print them beside the published numbers. The exit status is 1 if any
    differs.

        biodir dataset check --data-dir DATA
    """
    from biodir.dataset_script.check import check_counts, corpus_contents, count_table, found_counts
    from biodir.dataset_script.files import verify_checksums, warn_of_missing

    found = _found(data_dir, download)
    for each in found:
        warn_of_missing(each, each.source.name)
        verify_checksums(each, strict)
    counts = found_counts(corpus_contents(found))
    print(count_table(counts))
    check_counts(counts, ", ".join(dict.fromkeys(str(each.location) for each in found)))


def publish(
    folder: Annotated[Path, Argument(metavar="FOLDER", help="folder that `biodir dataset export` wrote")],
    repo_id: publishing.RepoIdOption,
    private: publishing.PrivateOption = False,
    tag: publishing.TagOption = publishing.TAG,
    delete: publishing.DeleteOption = False,
    dry_run: publishing.DryRunOption = False,
    to: publishing.ToOption = None,
) -> None:
    """Bring an exported data set to the Hub.

    Load a folder that `biodir dataset export` wrote in a new process, count its rows, and upload it in one commit with
    a tag. After an error, run it again to send what is missing.

        biodir dataset publish biored --repo-id ORG/NAME
    """
    from biodir.publishing.dataset_repository import check_dataset, dataset_repository
    from biodir.publishing.upload import Destination

    def check(folder: Path) -> str:
        rows = check_dataset(folder)
        counts = [f"{name} {sum(splits.values()):,}" for name, splits in rows.items()]
        return f"a new process loads it and counts the rows of the card: {', '.join(counts)}"

    optional_library("datasets", "data", "biodir dataset publish")  # for the new process
    files = dataset_repository(folder, repo_id)
    publishing.run_publish(files, check, Destination(repo_id, "dataset", tag, private, delete), dry_run, to)


def _found(data_dir: Path | None, download: bool) -> list["FoundFiles"]:
    """Return the files of the corpora that are there; a corpus without any is named on standard error."""
    from biodir.dataset_script.files import fetched_archive, found_files, warn_of_missing
    from biodir.dataset_script.sources import SOURCES

    check_exclusive(data_dir=data_dir, download=download)
    location = data_dir or os.environ.get("BIODIR_DATA")
    if download:
        fetch = optional_library("datasets", "data", "--download").DownloadManager().download
        found = [found_files(source, fetched_archive(source, fetch)) for source in SOURCES]
    elif location:
        found = [found_files(source, location) for source in SOURCES]
    else:
        raise SettingError("no corpora: give --data-dir, set BIODIR_DATA, or --download the official archives")
    there = [each for each in found if each.files]
    if not there:
        warn_of_missing(found[0], found[0].source.name)
    for each in found:
        if not each.files:
            print(f"biodir: no file of {each.source.name} in {each.location}: left out", file=sys.stderr)
    return there
