"""The command `biodir publish`, and what it shares with `biodir dataset publish`."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from biodir import __version__

if TYPE_CHECKING:
    from biodir.publishing.assembly import RepositoryFiles
    from biodir.publishing.upload import Destination

MODEL_HELP = "checkpoint with its model_card.md; by default $BIODIR_MODEL or the checkpoint of the checkout"
TAG = f"v{__version__}"
RepoIdOption = Annotated[str, Option(metavar="ORG/NAME", help="repository on the Hub")]
PrivateOption = Annotated[bool, Option("--private", help="create the repository as private")]
TagOption = Annotated[str, Option(help="tag of this content; other content needs another tag")]
DeleteOption = Annotated[bool, Option("--delete", help="allow to delete or overwrite files that biodir did not upload")]
DryRunOption = Annotated[
    bool, Option("--dry-run", help="do everything except the upload, and print what it would change")
]
ToOption = Annotated[Path | None, Option(metavar="DIR", help="write the checked repository to this folder instead")]


def publish(
    repo_id: RepoIdOption,
    model: Annotated[Path | None, Option(metavar="FOLDER", help=MODEL_HELP)] = None,
    private: PrivateOption = False,
    tag: TagOption = TAG,
    delete: DeleteOption = False,
    dry_run: DryRunOption = False,
    to: ToOption = None,
) -> None:
    """Bring a checkpoint to the Hub.

    Assemble the Hub repository of a checkpoint (code, weights, tokenizer, card, evaluation results, licence, citation,
    sample), load it in a new process that has nothing else, upload it and tag it. After an error, run the command
    again: it uploads only what is missing. Graphs of `biodir export-onnx` go with it: those of int8, compared with
    torch.

        biodir publish --repo-id ORG/NAME --dry-run
        biodir publish --repo-id ORG/NAME --model runs/mine --private
    """
    from biodir.checkpoint_names import default_model
    from biodir.publishing.checking import check_model
    from biodir.publishing.graphs import check_graphs
    from biodir.publishing.model_repository import model_repository
    from biodir.publishing.upload import Destination

    def check(folder: Path) -> str:
        relations = check_model(folder)
        found = f"a new process loads it and finds {relations} relations in the sample; handler.py returns the same"
        return "\nchecked: ".join([found, *check_graphs(folder)])

    files = model_repository(model or Path(default_model()), repo_id)
    run_publish(files, check, Destination(repo_id, "model", tag, private, delete), dry_run, to)


def run_publish(
    files: "RepositoryFiles",
    check: Callable[[Path], str],
    destination: "Destination",
    is_dry_run: bool = False,
    to: Path | None = None,
) -> None:
    """Assemble, check and upload a repository, and print each step.

    Args:
        files: files of the repository.
        check: returns in one line what it found in the assembled folder, or raises.
        is_dry_run: whether to print what an upload would change in its place.
        to: folder to write the repository to in place of an upload.
    """
    from biodir.publishing.assembly import MARKER, assemble, content_files
    from biodir.publishing.upload import check_names, check_token

    check_names(destination.repo_id, destination.tag)
    if not (to or is_dry_run):
        check_token(destination.repo_id)

    def list_and_check(folder: Path) -> None:
        listed = list(content_files(folder))
        for name, path in listed:
            print(f"{path.stat().st_size:>12,}  {name}")
        print(f"{sum(path.stat().st_size for _, path in listed):>12,}  bytes in {len(listed)} files")
        print(f"checked: {check(folder)}")

    with tempfile.TemporaryDirectory(prefix="biodir-publish-") as place:
        folder = assemble(files, to or Path(place) / "repository", list_and_check)
        if to:
            print(f"not uploaded: the repository is in {folder} (the file {MARKER} in it is not part of it)")
        else:
            _plan_and_upload(folder, destination, is_dry_run)


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
