"""Brings a folder to the Hub: one commit, one tag, and nothing twice."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HTTPError, RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile

from biodir.publishing.assembly import content_files
from biodir.publishing.errors import HubError, PublishError

# The Hub writes it when it makes a repository.
HUB_FILES = (".gitattributes",)
REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
TAG = re.compile(r"[A-Za-z0-9][\w-]*(\.[\w-]+)*")
# By its title a commit of `upload` is known again.
TITLE = re.compile(rf"biodir {TAG.pattern}")
MAIN = "main"
# Status of the Hub -> what to do.
FIXES = {
    401: "log in with `hf auth login`, or set HF_TOKEN to a token that may write",
    403: "use a token that may write there",
    404: "check the name, and that the token may see it",
    409: "another change is under way; run the command again",
    412: "somebody changed the repository meanwhile; look at it, then run the command again",
}


@dataclass(frozen=True)
class Destination:
    """Where a folder goes.

    Args:
        repo_id: ORG/NAME.
        repo_type: model or dataset.
        tag: what the content is called, such as the version with a `v` in front of it.
        private: whether only its owners may see the repository.
        may_delete: whether files that biodir did not put there may be deleted and overwritten.
    """

    repo_id: str
    repo_type: str
    tag: str
    private: bool = False
    may_delete: bool = False

    @property
    def repository(self) -> dict[str, str]:
        """How calls of the Hub name the repository."""
        return {"repo_id": self.repo_id, "repo_type": self.repo_type}


@dataclass(frozen=True)
class Plan:
    """What an upload is going to do.

    Args:
        parent: the commit of main that it was made for; None where the repository is to be made.
        written, deleted: paths.
        foreign: those of them that would be overwritten or deleted though biodir did not put them there.
    """

    parent: str | None
    written: tuple[str, ...]
    deleted: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True)
class Upload:
    """What an upload did.

    Args:
        commit: the one that holds the content.
        written, deleted: paths.
        is_tag_new: False where the tag was there, with this content.
        main_differs: paths in which main differs from the content, where the tag was there.
    """

    commit: str
    written: tuple[str, ...]
    deleted: tuple[str, ...]
    is_tag_new: bool
    main_differs: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Changes:
    """How a folder differs from a revision: paths to write, paths to delete."""

    written: tuple[str, ...]
    deleted: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.written or self.deleted)


def check_repo_id(repo_id: str) -> None:
    """Nothing where this can be the name of a repository.

    Raises:
        PublishError: it cannot.
    """
    if not REPO_ID.fullmatch(repo_id):
        raise PublishError(f"--repo-id {repo_id!r}: write ORG/NAME, with letters, digits, '-', '_' and '.'")


def check_tag(tag: str) -> None:
    """Nothing where this can be a tag.

    Raises:
        PublishError: it cannot, or it is the name of the branch.
    """
    if not TAG.fullmatch(tag) or tag == MAIN:
        raise PublishError(
            f"--tag {tag!r}: write a name such as v1.2, with letters, digits, '-', '_' and '.', other than {MAIN}"
        )


def check_token(repo_id: str, token: str | bool | None = None) -> None:
    """Nothing where there is a token, this one or that of the login; else PublishError."""
    if not (token or get_token()):
        raise PublishError(f"{repo_id}: no token of the Hub; {FIXES[401]}")


def plan_upload(folder: Path, destination: Destination, api: HfApi | None = None) -> Plan | Upload:
    """What `upload` would do, or the upload that was done before; the Hub is only read.

    Raises:
        HubError: the Hub cannot be read.
        PublishError: the tag stands for other content, or the repository is public and should not be.
    """
    api = api or HfApi()
    files = dict(content_files(folder))
    with _naming(destination):
        try:
            _check_privacy(api, destination)
        except RepositoryNotFoundError:
            return Plan(None, tuple(files))
        return _plan(api, destination, files)


def upload(
    folder: Path,
    destination: Destination,
    api: HfApi | None = None,
    tell: Callable[[Plan], None] = lambda plan: None,
) -> Upload:
    """What was done so that the repository's main branch holds the folder, and the tag points there.

    What is there already is not done again: an upload that broke off goes on, and one that was done changes nothing.
    Files of the repository that the folder lacks are deleted.

    Args:
        tell: called with what is going to be done before it is.

    Raises:
        PublishError: the tag stands for other content, the repository is public and should not be, files that biodir
            did not put there would go, or the Hub refuses.
    """
    api = api or HfApi()
    files = dict(content_files(folder))
    with _naming(destination):
        check_token(destination.repo_id, api.token)
        api.create_repo(**destination.repository, private=destination.private, exist_ok=True)
        _check_privacy(api, destination)
        plan = _plan(api, destination, files)
        if isinstance(plan, Upload):
            return plan
        tell(plan)
        check_foreign(plan, destination)
        commit = plan.parent
        if plan.written or plan.deleted:
            commit = _commit(api, destination, files, plan)
        api.create_tag(
            **destination.repository, tag=destination.tag, revision=commit, tag_message=f"biodir {destination.tag}"
        )
    return Upload(commit, plan.written, plan.deleted, is_tag_new=True)


def check_foreign(plan: Plan, destination: Destination) -> None:
    """Nothing where biodir put there all that would go, or where the destination allows it.

    Raises:
        PublishError: it did not.
    """
    if plan.foreign and not destination.may_delete:
        raise PublishError(
            f"{destination.repo_id}: holds {_shown(plan.foreign)}, which biodir did not put there and would delete or "
            "overwrite; check the name, or allow it with --delete"
        )


def _plan(api: HfApi, destination: Destination, files: Mapping[str, Path]) -> Plan | Upload:
    refs = api.list_repo_refs(**destination.repository)
    if destination.tag in {tag.name for tag in refs.tags}:
        return _tagged(api, destination, files)
    # The commit first, then its files: what is pushed in between makes the commit fail, and is no part of the tag.
    parent = api.repo_info(**destination.repository, revision=MAIN).sha
    remote = _remote_files(api, destination, parent)
    changes = _changes(remote, files)
    gone = [path for path in (*changes.written, *changes.deleted) if path in remote and path not in HUB_FILES]
    foreign = _foreign(api, destination, parent, {path: remote[path] for path in gone})
    return Plan(parent, changes.written, changes.deleted, foreign)


def _foreign(api: HfApi, destination: Destination, parent: str, gone: Mapping[str, RepoFile]) -> tuple[str, ...]:
    """The paths whose content is not that of the last commit of `upload`."""
    if not gone:
        return ()
    commits = api.list_repo_commits(**destination.repository, revision=parent)
    ours = next((commit.commit_id for commit in commits if TITLE.fullmatch(commit.title)), None)
    if ours == parent:
        return ()
    put = _remote_files(api, destination, ours) if ours else {}
    return tuple(path for path, file in gone.items() if path not in put or put[path].blob_id != file.blob_id)


def _check_privacy(api: HfApi, destination: Destination) -> None:
    info = api.repo_info(**destination.repository)
    if destination.private and not info.private:
        raise PublishError(
            f"{destination.repo_id} is there and public; make it private in its settings, or leave out --private"
        )


def _tagged(api: HfApi, destination: Destination, files: Mapping[str, Path]) -> Upload:
    """The upload that was done before, whose tag holds the same content; else PublishError."""
    changes = _changes(_remote_files(api, destination, destination.tag), files)
    if changes:
        raise PublishError(
            f"{destination.repo_id}: the tag {destination.tag} is there with other content "
            f"({_shown([*changes.written, *changes.deleted])}); raise the version in biodir/__init__.py, or give "
            "another --tag"
        )
    info = api.repo_info(**destination.repository, revision=destination.tag)
    main = _changes(_remote_files(api, destination, MAIN), files)
    return Upload(info.sha, (), (), is_tag_new=False, main_differs=(*main.written, *main.deleted))


def _shown(paths: Iterable[str]) -> str:
    """The first paths, and how many more there are."""
    named = list(paths)
    return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")


def _commit(api: HfApi, destination: Destination, files: Mapping[str, Path], plan: Plan) -> str:
    """The hash of the one commit with all changes."""
    operations = [CommitOperationAdd(path, str(files[path])) for path in plan.written]
    deletions = [CommitOperationDelete(path) for path in plan.deleted]
    done = api.create_commit(
        **destination.repository,
        operations=[*operations, *deletions],
        commit_message=f"biodir {destination.tag}",
        revision=MAIN,
        parent_commit=plan.parent,
    )
    return done.oid


def _changes(remote: Mapping[str, RepoFile], files: Mapping[str, Path]) -> _Changes:
    written = tuple(path for path in files if path not in remote or not _is_same(files[path], remote[path]))
    return _Changes(written, tuple(path for path in remote if path not in files and path not in HUB_FILES))


def _remote_files(api: HfApi, destination: Destination, revision: str) -> dict[str, RepoFile]:
    listed = api.list_repo_tree(**destination.repository, revision=revision, recursive=True)
    return {each.path: each for each in listed if isinstance(each, RepoFile)}


def _is_same(path: Path, remote: RepoFile) -> bool:
    """Whether a file has the content that the Hub has, by the hash that the Hub tells of it."""
    if path.stat().st_size != remote.size:
        return False
    content = path.read_bytes()
    if remote.lfs is not None:
        return hashlib.sha256(content).hexdigest() == remote.lfs.sha256
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest() == remote.blob_id


@contextmanager
def _naming(destination: Destination) -> Iterator[None]:
    """Errors of the Hub and of the way to it as HubError, with what to do."""
    again = "run the command again: what is there already is not sent twice"
    try:
        yield
    except PublishError:
        raise
    except HfHubHTTPError as error:
        status = error.response.status_code
        said = error.server_message or str(error).strip().splitlines()[0]
        fix = FIXES.get(status, again)
        raise HubError(f"{destination.repo_id}: the Hub answered {status}: {said}; {fix}") from error
    except (HTTPError, OSError, RuntimeError, ValueError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise HubError(f"{destination.repo_id}: {' '.join(lines)}; {again}") from error
