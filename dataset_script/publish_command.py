"""The command `biodir dataset publish`."""

import argparse
from pathlib import Path

from biodir.errors_biodir import SettingError
from biodir.publishing.command import add_publish_options, check_destination, run_publish


def add_publish_command(subcommands: argparse._SubParsersAction) -> None:
    """Adds the command to those of `biodir dataset`."""
    publish = subcommands.add_parser(
        "publish",
        help="bring an exported data set to the Hub",
        description="Takes a folder that `biodir dataset export` wrote, loads it in a new process and counts its rows, "
        "and uploads it in one commit with a tag. Run again after an error, it sends what is "
        "missing.",
    )
    publish.add_argument("folder", type=Path, metavar="FOLDER", help="folder that `biodir dataset export` wrote")
    add_publish_options(publish)
    publish.set_defaults(run=_publish)


def _publish(options: argparse.Namespace) -> int:
    from importlib.util import find_spec

    from biodir.publishing.dataset_repository import check_dataset, dataset_repository

    def check(folder: Path) -> str:
        rows = check_dataset(folder)
        counts = [f"{name} {sum(splits.values()):,}" for name, splits in rows.items()]
        return f"a new process loads it and counts the rows of the card: {', '.join(counts)}"

    if find_spec("datasets") is None:
        raise SettingError("biodir dataset publish needs the library datasets; pip install 'biodir[data]'")
    check_destination(options)
    return run_publish(options, dataset_repository(options.folder, options.repo_id), check, "dataset")
