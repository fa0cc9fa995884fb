"""Brings a folder to the Hub: one commit, one tag, and nothing twice."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HTTPError
from huggingface_hub.hf_api import RepoFile

from biodir.publishing.assembly import content_files
from biodir.publishing.errors import PublishError

# The Hub writes it when it makes a repository.
HUB_FILES = (".gitattributes",)
REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
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
        tag: of the version, with a `v` in front of it.
        private: whether only its owners may see the repository.
    """

    repo_id: str
    repo_type: str
    tag: str
    private: bool = False


@dataclass(frozen=True)
class Upload:
    """What an upload did: the commit that holds the content, and what of it was new."""

    commit: str
    written: tuple[str, ...]
    deleted: tuple[str, ...]
    is_tag_new: bool


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


def upload(folder: Path, destination: Destination, api: HfApi | None = None) -> Upload:
    """What was done so that the repository's main branch holds the folder, and the tag points there.

    What is there already is not done again: an upload that broke off goes on, and one that was done changes nothing.
    Files of the repository that the folder lacks are deleted.

    Raises:
        PublishError: the tag stands for other content, the repository is public and should not be, or the Hub refuses.
    """
    api = api or HfApi()
    files = dict(content_files(folder))
    repository = {"repo_id": destination.repo_id, "repo_type": destination.repo_type}
    with _naming(destination):
        if not (api.token or get_token()):
            raise PublishError(f"{destination.repo_id}: no token of the Hub; {FIXES[401]}")
        api.create_repo(**repository, private=destination.private, exist_ok=True)
        _check_privacy(api, destination)
        refs = api.list_repo_refs(**repository)
        if destination.tag in {tag.name for tag in refs.tags}:
            return _tagged(api, destination, files)
        changes = _changes(_remote_files(api, destination, MAIN), files)
        commit = api.repo_info(**repository, revision=MAIN).sha
        if changes:
            commit = _commit(api, destination, files, changes, commit)
        api.create_tag(**repository, tag=destination.tag, revision=commit, tag_message=f"biodir {destination.tag}")
    return Upload(commit, changes.written, changes.deleted, is_tag_new=True)


def _check_privacy(api: HfApi, destination: Destination) -> None:
    info = api.repo_info(repo_id=destination.repo_id, repo_type=destination.repo_type)
    if destination.private and not info.private:
        raise PublishError(
            f"{destination.repo_id} is there and public; make it private in its settings, or leave out --private"
        )


def _tagged(api: HfApi, destination: Destination, files: Mapping[str, Path]) -> Upload:
    """The upload that was done before, whose tag holds the same content; else PublishError."""
    changes = _changes(_remote_files(api, destination, destination.tag), files)
    if changes:
        named = [*changes.written, *changes.deleted]
        shown = ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")
        raise PublishError(
            f"{destination.repo_id}: the tag {destination.tag} is there with other content ({shown}); raise the "
            "version in biodir/__init__.py"
        )
    info = api.repo_info(repo_id=destination.repo_id, repo_type=destination.repo_type, revision=destination.tag)
    return Upload(info.sha, (), (), is_tag_new=False)


def _commit(
    api: HfApi, destination: Destination, files: Mapping[str, Path], changes: _Changes, parent: str | None
) -> str:
    """The hash of the one commit with all changes."""
    operations = [CommitOperationAdd(path, str(files[path])) for path in changes.written]
    deletions = [CommitOperationDelete(path) for path in changes.deleted]
    done = api.create_commit(
        repo_id=destination.repo_id,
        repo_type=destination.repo_type,
        operations=[*operations, *deletions],
        commit_message=f"biodir {destination.tag}",
        revision=MAIN,
        parent_commit=parent,
    )
    return done.oid


def _changes(remote: Mapping[str, RepoFile], files: Mapping[str, Path]) -> _Changes:
    written = tuple(path for path in files if path not in remote or not _is_same(files[path], remote[path]))
    return _Changes(written, tuple(path for path in remote if path not in files and path not in HUB_FILES))


def _remote_files(api: HfApi, destination: Destination, revision: str) -> dict[str, RepoFile]:
    listed = api.list_repo_tree(destination.repo_id, repo_type=destination.repo_type, revision=revision, recursive=True)
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
    """Errors of the Hub and of the way to it as PublishError, with what to do."""
    again = "run the command again: what is there already is not sent twice"
    try:
        yield
    except PublishError:
        raise
    except HfHubHTTPError as error:
        status = error.response.status_code
        said = error.server_message or str(error).strip().splitlines()[0]
        fix = FIXES.get(status, again)
        raise PublishError(f"{destination.repo_id}: the Hub answered {status}: {said}; {fix}") from error
    except (HTTPError, OSError, RuntimeError, ValueError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise PublishError(f"{destination.repo_id}: {' '.join(lines)}; {again}") from error
