"""The command `biodir publish`, and what `biodir dataset publish` shares with it."""

import argparse
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from biodir import __version__

if TYPE_CHECKING:
    from biodir.publishing.assembly import RepositoryFile
    from biodir.publishing.upload import Destination, Plan

TAG = f"v{__version__}"


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Adds the command to those of `biodir`."""
    publish = commands.add_parser(
        "publish",
        help="bring a checkpoint to the Hub",
        description="Assembles the Hub repository of a checkpoint (code, weights, tokenizer, card, evaluation results, "
        "licence, citation, sample), loads it in a new process that has nothing else, and uploads it in one commit "
        "with a tag. Run again after an error, it sends what is missing.",
    )
    publish.add_argument(
        "--model",
        type=Path,
        metavar="FOLDER",
        help="checkpoint with its model_card.md; by default $BIODIR_MODEL or the checkpoint of the checkout",
    )
    add_publish_options(publish)
    publish.set_defaults(run=_publish)


def add_publish_options(command: argparse.ArgumentParser) -> None:
    """Adds the options of `publish` to a command."""
    command.add_argument("--repo-id", required=True, metavar="ORG/NAME", help="repository of the Hub")
    command.add_argument(
        "--private", action="store_true", help="a repository that is made can be seen by its owners alone"
    )
    command.add_argument(
        "--tag", default=TAG, help=f"name of this content, for each upload of other content a new one; default {TAG}"
    )
    command.add_argument(
        "--delete",
        action="store_true",
        help="allow that files of the repository are deleted or overwritten that biodir did not put there",
    )
    command.add_argument(
        "--dry-run",
        action="store_true",
        help="do all but the upload, and say what would be written and deleted there",
    )
    command.add_argument(
        "--to", type=Path, metavar="DIR", help="leave the checked repository in this folder, no upload"
    )


def check_destination(options: argparse.Namespace) -> None:
    """Nothing where repository and tag can have these names and, for an upload, there is a token; else PublishError."""
    from biodir.publishing.upload import check_repo_id, check_tag, check_token

    check_repo_id(options.repo_id)
    check_tag(options.tag)
    if not (options.to or options.dry_run):
        check_token(options.repo_id)


def run_publish(
    options: argparse.Namespace,
    files: Iterable["RepositoryFile"],
    check: Callable[[Path], str],
    repo_type: str,
) -> int:
    """Assembles, checks and uploads, as the options say, and prints each step.

    Args:
        files: of the repository.
        check: says in a line what it found in the assembled folder, or raises.
        repo_type: model or dataset.
    """
    from biodir.publishing.assembly import MARKER, assemble, content_files
    from biodir.publishing.upload import Destination

    def list_and_check(folder: Path) -> None:
        listed = list(content_files(folder))
        for name, path in listed:
            print(f"{path.stat().st_size:>12,}  {name}")
        print(f"{sum(path.stat().st_size for _, path in listed):>12,}  bytes in {len(listed)} files")
        print(f"checked: {check(folder)}")

    destination = Destination(options.repo_id, repo_type, options.tag, options.private, options.delete)
    with tempfile.TemporaryDirectory(prefix="biodir-publish-") as place:
        folder = assemble(files, options.to or Path(place) / "repository", list_and_check)
        if options.to:
            print(f"not uploaded: the repository is in {folder} (with {MARKER}, which is no part of it)")
        elif options.dry_run:
            _plan(folder, destination)
            print(f"not uploaded: would go to {options.repo_id} ({repo_type}) in one commit, tag {options.tag}")
        else:
            _upload(folder, destination)
    return 0


def _plan(folder: Path, destination: "Destination") -> None:
    from biodir.publishing.errors import HubError
    from biodir.publishing.upload import Upload, check_foreign, plan_upload

    try:
        plan = plan_upload(folder, destination)
    except HubError as error:
        print(f"what is there now, and would be deleted, is not known: {error}")
        return
    if isinstance(plan, Upload):
        print(f"{destination.repo_id}: {destination.tag} is there with this content; nothing would be done")
    elif plan.parent is None:
        print(f"{destination.repo_id}: is not there, or cannot be seen with this token; would be made")
    else:
        _tell(plan, destination)
        check_foreign(plan, destination)


def _tell(plan: "Plan", destination: "Destination") -> None:
    """Prints what an upload is going to do to the files that are there."""
    print(f"{destination.repo_id}: {len(plan.written)} files to write, {len(plan.deleted)} to delete")
    for path in plan.deleted:
        print(f"      delete  {path}")
    for path in plan.foreign:
        if path not in plan.deleted:
            print(f"   overwrite  {path}")


def _upload(folder: Path, destination: "Destination") -> None:
    from biodir.publishing.upload import upload

    done = upload(folder, destination, tell=lambda plan: _tell(plan, destination))
    name, tag = destination.repo_id, destination.tag
    if not done.is_tag_new:
        print(f"{name}: {tag} is there with this content, commit {done.commit}; nothing was done")
        if done.main_differs:
            print(f"{name}: main holds other content ({', '.join(done.main_differs)}); a new --tag brings this there")
        return
    if done.written or done.deleted:
        removed = f", {len(done.deleted)} deleted" if done.deleted else ""
        print(f"{name}: {len(done.written)} files written{removed} in commit {done.commit}")
    else:
        print(f"{name}: the content was there, commit {done.commit}")
    print(f"{name}: tagged {tag}")


def _publish(options: argparse.Namespace) -> int:
    # Imported here, for `biodir --help` should not wait for torch.
    from biodir.inference.loading import default_model
    from biodir.publishing.checking import check_model
    from biodir.publishing.model_repository import model_repository

    def check(folder: Path) -> str:
        found = check_model(folder)
        return (
            f"a new process loads it and finds {found.relations} relations in the sample; handler.py answers the same"
        )

    check_destination(options)
    files = model_repository(options.model or Path(default_model()), options.repo_id)
    return run_publish(options, files, check, "model")
