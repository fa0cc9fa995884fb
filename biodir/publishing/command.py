"""The command `biodir publish`, and what it shares with `biodir dataset publish`."""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from biodir import __version__

if TYPE_CHECKING:
    from biodir.publishing.assembly import RepositoryFiles
    from biodir.publishing.upload import Destination

TAG = f"v{__version__}"


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `biodir`."""
    publish = commands.add_parser(
        "publish",
        help="bring a checkpoint to the Hub",
        description="Assemble the Hub repository of a checkpoint (code, weights, tokenizer, card, evaluation results, "
        "licence, citation, sample), load it in a new process that has nothing else, upload it and tag it. After an "
        "error, run the command again: it uploads only what is missing.",
    )
    publish.add_argument(
        "--model",
        type=Path,
        metavar="FOLDER",
        help="checkpoint with its model_card.md; default: $BIODIR_MODEL or the checkpoint of the checkout",
    )
    add_publish_options(publish)
    publish.set_defaults(run=_publish)


def add_publish_options(command: argparse.ArgumentParser) -> None:
    """Add the options that both publish commands have."""
    command.add_argument("--repo-id", required=True, metavar="ORG/NAME", help="repository on the Hub")
    command.add_argument("--private", action="store_true", help="create the repository as private")
    command.add_argument(
        "--tag", default=TAG, help=f"tag of this content; other content needs another tag; default {TAG}"
    )
    command.add_argument(
        "--delete", action="store_true", help="allow to delete or overwrite files that biodir did not upload"
    )
    command.add_argument(
        "--dry-run", action="store_true", help="do everything except the upload, and print what it would change"
    )
    command.add_argument("--to", type=Path, metavar="DIR", help="write the checked repository to this folder instead")


def check_destination(options: argparse.Namespace) -> None:
    """Check the names of repository and tag and, for an upload, that there is a token; raise PublishError if not."""
    from biodir.publishing.upload import check_names, check_token

    check_names(options.repo_id, options.tag)
    if not (options.to or options.dry_run):
        check_token(options.repo_id)


def run_publish(
    options: argparse.Namespace,
    files: "RepositoryFiles",
    check: Callable[[Path], str],
    repo_type: str,
) -> int:
    """Assemble, check and upload a repository as the options ask, and print each step.

    Args:
        files: files of the repository.
        check: returns in one line what it found in the assembled folder, or raises.
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

    with tempfile.TemporaryDirectory(prefix="biodir-publish-") as place:
        folder = assemble(files, options.to or Path(place) / "repository", list_and_check)
        if options.to:
            print(f"not uploaded: the repository is in {folder} (the file {MARKER} in it is not part of it)")
        else:
            destination = Destination(options.repo_id, repo_type, options.tag, options.private, options.delete)
            _plan_and_upload(folder, destination, options.dry_run)
    return 0


def _plan_and_upload(folder: Path, destination: "Destination", is_dry_run: bool) -> None:
    from biodir.publishing.errors import HubError
    from biodir.publishing.upload import check_foreign, plan_upload, upload

    name, tag = destination.repo_id, destination.tag
    try:
        plan = plan_upload(folder, destination)
    except HubError as error:
        if not is_dry_run:
            raise
        print(f"the present content of the repository is not known: {error}")
        return
    if plan.is_tagged:
        print(f"{name}: {tag} already has this content, commit {plan.parent}; nothing to do")
        if plan.changed:
            print(f"{name}: main has other content ({', '.join(plan.changed)}); publish under a new --tag to change it")
        return
    there = "" if plan.parent else " in a new repository (none is visible with this token)"
    print(f"{name}: {len(plan.written)} files to write, {len(plan.deleted)} to delete{there}")
    for path in plan.changed:
        if path in plan.deleted or path in plan.foreign:
            print(f"{'delete' if path in plan.deleted else 'overwrite':>12}  {path}")
    check_foreign(plan, destination)
    if is_dry_run:
        print(f"not uploaded: would go to {name} ({destination.repo_type}) with the tag {tag}")
        return
    print(f"{name}: tagged {tag}, commit {upload(folder, destination, plan)}")


def _publish(options: argparse.Namespace) -> int:
    # Imported here because `biodir --help` must not wait for torch.
    from biodir.inference.loading import default_model
    from biodir.publishing.checking import check_model
    from biodir.publishing.model_repository import model_repository

    def check(folder: Path) -> str:
        relations = check_model(folder)
        return f"a new process loads it and finds {relations} relations in the sample; handler.py returns the same"

    check_destination(options)
    files = model_repository(options.model or Path(default_model()), options.repo_id)
    return run_publish(options, files, check, "model")
