"""Uploads a folder to the Hub and tags it; what is already there is not uploaded again."""

import glob
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HTTPError, RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile

from biodir.publishing.assembly import MARKER, content_files
from biodir.publishing.errors import HubError, PublishError

REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
TAG = re.compile(r"[A-Za-z0-9][\w-]*(\.[\w-]+)*")
# Titles of the commits of `upload`; a large folder goes in several commits.
TITLE = re.compile(rf"biodir {TAG.pattern}( \(part \d+\))?")
MAIN = "main"
# HTTP status of the Hub -> what to do.
FIXES = {
    401: "log in with `hf auth login`, or set HF_TOKEN to a token with write access",
    403: "use a token with write access to it",
    404: "check the name, and that the token has access to it",
    409: "another change is in progress; run the command again",
    412: "somebody changed the repository in the meantime; look at it, then run the command again",
}


@dataclass(frozen=True)
class Destination:
    """Repository and tag that a folder is uploaded to.

    Args:
        repo_id: ORG/NAME.
        repo_type: model or dataset.
        tag: name of the content, such as the version with a `v` in front of it.
        private: whether only its owners may see the repository.
        may_delete: whether files that biodir did not upload may be deleted and overwritten.

    >>> Destination("some-group/tiny", "model", "v1.2").repository
    {'repo_id': 'some-group/tiny', 'repo_type': 'model'}
    """

    repo_id: str
    repo_type: str
    tag: str
    private: bool = False
    may_delete: bool = False

    @property
    def repository(self) -> dict[str, str]:
        """The arguments that name the repository in calls of `HfApi`."""
        return {"repo_id": self.repo_id, "repo_type": self.repo_type}


@dataclass(frozen=True)
class Plan:
    """What an upload will change.

    Args:
        parent: commit that the plan was made for: the one with the tag, else the last of main; None where there is no
            repository.
        written, deleted: paths in which main differs from the folder.
        foreign: paths among them whose present content biodir did not upload.
        is_tagged: whether the tag exists and has this content, so that nothing is left to do.

    >>> Plan("1f2e", written=("README.md",), deleted=("old.py",)).changed
    ('README.md', 'old.py')
    """

    parent: str | None
    written: tuple[str, ...]
    deleted: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    is_tagged: bool = False

    @property
    def changed(self) -> tuple[str, ...]:
        """All paths that would be written or deleted."""
        return (*self.written, *self.deleted)


def check_names(repo_id: str, tag: str) -> None:
    """Check that these can be the names of a repository and of a tag on it; raise PublishError if not."""
    if not REPO_ID.fullmatch(repo_id):
        raise PublishError(f"--repo-id {repo_id!r}: write ORG/NAME, with letters, digits, '-', '_' and '.'")
    if not TAG.fullmatch(tag) or tag == MAIN:
        raise PublishError(
            f"--tag {tag!r}: write a name such as v1.2, with letters, digits, '-', '_' and '.', other than {MAIN}"
        )


def check_token(repo_id: str, token: str | bool | None = None) -> None:
    """Check that there is a token, this one or that of the login; raise PublishError if not."""
    if not (token or get_token()):
        raise PublishError(f"{repo_id}: there is no token for the Hub; {FIXES[401]}")


def check_foreign(plan: Plan, destination: Destination) -> None:
    """Check that the plan changes only files of biodir, unless the destination allows more."""
    if plan.foreign and not destination.may_delete:
        raise PublishError(
            f"{destination.repo_id}: biodir did not upload {_shown(plan.foreign)}, and would delete or overwrite this; "
            "check the name, or allow it with --delete"
        )


def plan_upload(folder: Path, destination: Destination, api: HfApi | None = None) -> Plan:
    """Return what `upload` would change; the Hub is only read.

    Raises:
        HubError: the Hub cannot be read.
        PublishError: the tag has other content, or the repository is public and should be private.
    """
    api = api or HfApi()
    with _hub_errors(destination):
        try:
            main = api.repo_info(**destination.repository, revision=MAIN)
        except RepositoryNotFoundError:
            return Plan(None, tuple(name for name, _ in content_files(folder)))
        if destination.private and not main.private:
            raise PublishError(
                f"{destination.repo_id} exists and is public; make it private in its settings, or omit --private"
            )
        # The files are those of this commit: where somebody commits in between, the upload fails and is not tagged.
        written, deleted = _changes(folder, destination, main.sha, api)
        if destination.tag in {tag.name for tag in api.list_repo_refs(**destination.repository).tags}:
            differing = sum(_changes(folder, destination, destination.tag, api), ())
            if differing:
                raise PublishError(
                    f"{destination.repo_id}: the tag {destination.tag} exists with other content "
                    f"({_shown(differing)}); raise the version in biodir/__init__.py, or give another --tag"
                )
            tagged = api.repo_info(**destination.repository, revision=destination.tag)
            return Plan(tagged.sha, written, deleted, is_tagged=True)
        return Plan(main.sha, written, deleted, _foreign((*written, *deleted), destination, main.sha, api))


def upload(folder: Path, destination: Destination, plan: Plan, api: HfApi | None = None) -> str:
    """Make the main branch equal to the folder, put the tag there, and return the commit.

    Args:
        plan: made by `plan_upload` for this folder and destination.

    Raises:
        HubError: the Hub refuses, or main is no longer at the commit that the plan was made for.
        PublishError: files that biodir did not upload would be deleted or overwritten, or there is no token.
    """
    api = api or HfApi()
    check_foreign(plan, destination)
    check_token(destination.repo_id, api.token)
    commit, title = plan.parent, f"biodir {destination.tag}"
    if commit is not None and plan.is_tagged:
        return commit
    with _hub_errors(destination):
        if commit is None:
            api.create_repo(**destination.repository, private=destination.private)
            commit = api.repo_info(**destination.repository).sha
        if plan.changed:
            done = api.upload_folder(
                **destination.repository,
                folder_path=folder,
                ignore_patterns=[MARKER],
                delete_patterns=[glob.escape(path) for path in plan.deleted] or None,
                commit_message=title,
                revision=MAIN,
                parent_commit=commit,
            )
            commit = done.oid
        api.create_tag(**destination.repository, tag=destination.tag, revision=commit, tag_message=title)
    return commit


def _changes(folder: Path, destination: Destination, revision: str, api: HfApi) -> tuple[tuple[str, ...], ...]:
    """Return the paths to write and the paths to delete, so that the revision equals the folder."""
    found = api.verify_repo_checksums(**destination.repository, revision=revision, local_dir=folder)
    written = {*found.extra_paths, *(each["path"] for each in found.mismatches)} - {MARKER}
    deleted = {*found.missing_paths} - {".gitattributes"}  # the Hub writes it when a repository is created
    return tuple(sorted(written)), tuple(sorted(deleted))


def _foreign(paths: Sequence[str], destination: Destination, parent: str, api: HfApi) -> tuple[str, ...]:
    """Return the paths whose content in the commit `parent` does not come from the last commit of `upload`."""

    def blobs(revision: str) -> dict[str, str]:
        found = api.get_paths_info(**destination.repository, paths=[*paths], revision=revision)
        return {each.path: each.blob_id for each in found if isinstance(each, RepoFile)}

    if not paths:
        return ()
    commits = api.list_repo_commits(**destination.repository, revision=parent)
    ours = next((commit.commit_id for commit in commits if TITLE.fullmatch(commit.title)), None)
    present, uploaded = blobs(parent), blobs(ours) if ours else {}
    return tuple(path for path in paths if path in present and present[path] != uploaded.get(path))


def _shown(paths: Sequence[str]) -> str:
    """Return the first paths, and how many more there are."""
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


@contextmanager
def _hub_errors(destination: Destination) -> Iterator[None]:
    """Raise errors of the Hub and of the connection to it as HubError, with what to do."""
    again = "run the command again: it uploads only what is missing"
    try:
        yield
    except PublishError:
        raise
    except HfHubHTTPError as error:
        status = error.response.status_code
        reason = error.server_message or str(error).strip().splitlines()[0]
        fix = FIXES.get(status, again)
        raise HubError(f"{destination.repo_id}: the Hub answered {status}: {reason}; {fix}") from error
    except (HTTPError, OSError, RuntimeError, ValueError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise HubError(f"{destination.repo_id}: {' '.join(lines)}; {again}") from error
