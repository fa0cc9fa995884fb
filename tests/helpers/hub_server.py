"""A small Hub on loopback, in memory, for the requests of huggingface_hub that upload, tag, list and download.

The tests read its requests and the commits of each repository. Files are large (LFS) if they end in .safetensors or
.parquet or have a zero byte, else regular; the real Hub has similar rules.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from helpers.loopback import served

TOKEN = "hf_token_of_the_tests"
LARGE = (".safetensors", ".parquet")


@dataclass(frozen=True)
class Commit:
    """A state of a repository: path -> content of every file, and which of them are large."""

    oid: str
    message: str
    files: dict[str, bytes]
    large: frozenset[str]


@dataclass
class Repository:
    """Commits, oldest first; the last is main."""

    private: bool
    commits: list[Commit]
    tags: dict[str, str] = field(default_factory=dict)

    def at(self, revision: str) -> Commit | None:
        """Return the commit of a branch, tag or hash; None if there is none."""
        oid = self.tags.get(revision, self.commits[-1].oid if revision == "main" else revision)
        return next((commit for commit in self.commits if commit.oid == oid), None)


@dataclass
class Hub:
    """The state of the server; a request whose method and path contain a part in `failures` gets that status."""

    url: str = ""
    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)

    def count(self, part: str) -> int:
        """Return how many requests contain this part."""
        return sum(part in f"{method} {path}" for method, path in self.requests)


@contextmanager
def running_hub() -> Iterator[Hub]:
    """Yield a Hub that runs during the block."""
    hub = Hub()
    with served(_Handler, _Server, hub=hub) as address:
        hub.url = address
        yield hub


@contextmanager
def published(monkeypatch, cache: Path, *versions: Path) -> Iterator[Hub]:
    """Yield a Hub that this process talks to, with the model some-group/tiny: folders, oldest first, tagged v0, v1."""
    with running_hub() as hub:
        address = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        for name, value in (("HF_HUB_CACHE", cache), ("ENDPOINT", hub.url), ("HUGGINGFACE_CO_URL_TEMPLATE", address)):
            monkeypatch.setattr(f"huggingface_hub.constants.{name}", str(value))
        commits = []
        for number, folder in enumerate(versions):
            paths = (path for path in folder.rglob("*") if path.is_file())
            files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
            commits.append(Commit(str(number) * 40, f"v{number}", files, frozenset()))
        tags = {commit.message: commit.oid for commit in commits}
        hub.repositories["models", "some-group/tiny"] = Repository(False, commits, tags)
        yield hub


# For programs of the tests that talk to the server, which is slow to answer on a busy machine.
PATIENCE = {"HF_HUB_ETAG_TIMEOUT": "120", "HF_HUB_DOWNLOAD_TIMEOUT": "120"}


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # clients upload and download in many threads


def git_hash(content: bytes) -> str:
    """Return the name that git gives to a content."""
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_) -> None:
        """Print nothing: the tests read `Hub.requests`."""

    def do_GET(self) -> None:
        chunked = self.headers.get("Transfer-Encoding") == "chunked"
        self.body = self._chunks() if chunked else self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append((self.command, path))
        for part, status in self.hub.failures.items():
            if part in f"{self.command} {path}":
                return self._json({"error": "made to fail"}, status)
        if self.command in ("POST", "PUT") and self._is_refused(path):
            return self._json({"error": "Invalid credentials"}, 401)
        if "/resolve/" in path:
            return self._resolve(path)
        if path.startswith("/objects/"):
            return self._put_object(path.rsplit("/", 1)[1])
        if path.endswith(".git/info/lfs/objects/batch"):
            return self._batch()
        if path == "/api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        if path == "/api/repos/create":
            return self._create()
        return self._api(path)

    do_HEAD = do_POST = do_PUT = do_GET

    def _is_refused(self, path: str) -> bool:
        """Return whether a change is requested without the token of this Hub.

        Objects go to an address that was given out and asks for none, and `paths-info` only reads.
        """
        if path.startswith("/objects/") or "/paths-info/" in path:
            return False
        return self.headers.get("Authorization") != f"Bearer {TOKEN}"

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _api(self, path: str) -> None:
        """/api/models/ORG/NAME/what/revision"""
        if path.count("/") < 4:
            return self._json({"error": f"no {path} here"}, 404)
        _, _, kind, organisation, name, *rest = path.split("/")
        repository = self.hub.repositories.get((kind, f"{organisation}/{name}"))
        if repository is None:
            return self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
        what, *where = rest or ["revision"]
        if what == "refs":
            return self._refs(repository)
        commit = repository.at(where[0] if where else "main")
        if commit is None:
            return self._json({"error": "Invalid rev id"}, 404, {"X-Error-Code": "RevisionNotFound"})
        if what == "preupload":
            return self._preupload(commit)
        if what == "commit":
            return self._commit(repository, commit)
        if what == "tag":
            return self._tag(repository, commit)
        if what == "tree":
            folder = "/".join(where[1:])
            is_recursive = parse_qs(urlsplit(self.path).query).get("recursive") in (["true"], ["True"])
            return self._json(_listing(commit, folder, is_recursive))
        if what == "commits":
            oids = [each.oid for each in repository.commits]
            until = reversed(repository.commits[: oids.index(commit.oid) + 1])
            rest = {"message": "", "date": "2026-01-02T03:04:05.000Z", "authors": []}
            return self._json([{"id": each.oid, "title": each.message, **rest} for each in until])
        if what == "paths-info":
            is_json = self.body.startswith(b"{")
            wanted = (json.loads(self.body) if is_json else parse_qs(self.body.decode()))["paths"]
            return self._json([_entry(commit, path) for path in sorted(commit.files) if path in wanted])
        if what == "revision":
            siblings = [{"rfilename": path} for path in sorted(commit.files)]
            found = {"id": f"{organisation}/{name}", "sha": commit.oid, "private": repository.private, "tags": []}
            return self._json({**found, "siblings": siblings, "gated": False, "disabled": False, "downloads": 0})
        return self._json({"error": f"no {what} here"}, 404)

    def _create(self) -> None:
        wanted = json.loads(self.body)
        name = f"{wanted['organization']}/{wanted['name']}"
        key = (f"{wanted.get('type', 'model')}s", name)
        private = bool(wanted.get("private")) or wanted.get("visibility") == "private"
        files = {".gitattributes": b"*.safetensors filter=lfs\n"}
        first = Commit(hashlib.sha1(name.encode()).hexdigest(), "initial commit", files, frozenset())
        self.hub.repositories[key] = Repository(private, [first])
        self._json({"url": f"{self.hub.url}/{name}", "name": name})

    def _refs(self, repository: Repository) -> None:
        main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repository.commits[-1].oid}
        tags = [{"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": oid} for tag, oid in repository.tags.items()]
        self._json({"branches": [main], "tags": tags, "converts": []})

    def _preupload(self, commit: Commit) -> None:
        modes = []
        for file in json.loads(self.body)["files"]:
            is_large = file["path"].endswith(LARGE) or b"\0" in base64.b64decode(file["sample"])
            mode = {"path": file["path"], "uploadMode": "lfs" if is_large else "regular", "shouldIgnore": False}
            if file["path"] in commit.files:
                mode["oid"] = _entry(commit, file["path"])["oid"]
            modes.append(mode)
        self._json({"files": modes})

    def _batch(self) -> None:
        objects = []
        for each in json.loads(self.body)["objects"]:
            if each["oid"] in self.hub.objects:
                objects.append(each)
            else:
                href = f"{self.hub.url}/objects/{each['oid']}"
                objects.append({**each, "actions": {"upload": {"href": href, "header": {}}}})
        self._json({"transfer": "basic", "objects": objects})

    def _put_object(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            return self._json({"error": "the hash differs"}, 400)
        self.hub.objects[oid] = self.body
        return self._json({})

    def _commit(self, repository: Repository, parent: Commit) -> None:
        files, large, message = dict(parent.files), set(parent.large), ""
        for line in self.body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "header":
                message = value["summary"]
                if value.get("parentCommit") not in (None, parent.oid):
                    return self._json({"error": "The parent commit is not the head"}, 412)
            elif operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                if value["oid"] not in self.hub.objects:
                    return self._json({"error": "the object was never uploaded"}, 400)
                files[value["path"]] = self.hub.objects[value["oid"]]
                large.add(value["path"])
            elif operation["key"] == "deletedFile":
                del files[value["path"]]
        oid = hashlib.sha1(parent.oid.encode() + self.body).hexdigest()
        repository.commits.append(Commit(oid, message, files, frozenset(large)))
        return self._json({"success": True, "commitOid": oid, "commitUrl": f"{self.hub.url}/x/y/commit/{oid}"})

    def _tag(self, repository: Repository, commit: Commit) -> None:
        tag = json.loads(self.body)["tag"]
        if tag in repository.tags:
            return self._json({"error": "the tag exists"}, 409)
        repository.tags[tag] = commit.oid
        return self._json({})

    def _resolve(self, path: str) -> None:
        front, _, rest = path.partition("/resolve/")
        revision, _, name = rest.partition("/")
        kind = "datasets" if front.startswith("/datasets/") else "models"
        repository = self.hub.repositories.get((kind, front.removeprefix("/datasets").removeprefix("/")))
        commit = repository.at(revision) if repository else None
        if commit is None:
            code = "RevisionNotFound" if repository else "RepoNotFound"
            return self._json({"error": code}, 404, {"X-Error-Code": code})
        head = {"X-Repo-Commit": commit.oid}
        if name not in commit.files:
            return self._json({"error": "Entry not found"}, 404, {**head, "X-Error-Code": "EntryNotFound"})
        content = commit.files[name]
        head["ETag"] = f'"{_entry(commit, name)["oid"]}"'
        start = 0
        if self.headers.get("Range"):
            first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
            start, end = int(first), int(last) + 1 if last else len(content)
            head["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
            content = content[start:end]
        self._send(content, 206 if "Content-Range" in head else 200, {**head, "Accept-Ranges": "bytes"})

    def _json(self, value, status: int = 200, headers: dict[str, str] | None = None) -> None:
        named = {"X-Error-Message": value["error"]} if isinstance(value, dict) and "error" in value else {}
        self._send(json.dumps(value).encode(), status, {"Content-Type": "application/json", **named, **(headers or {})})

    def _send(self, content: bytes, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _listing(commit: Commit, folder: str, is_recursive: bool) -> list[dict]:
    """Return the files and folders in a folder ("" for the top), or those of all levels below it."""
    start = f"{folder}/" if folder else ""
    lines = {}
    for path in sorted(commit.files):
        if not path.startswith(start):
            continue
        parts = path[len(start) :].split("/")
        for level in range(1, len(parts) if is_recursive else min(len(parts), 2)):
            name = start + "/".join(parts[:level])
            lines[name] = {"type": "directory", "path": name, "oid": git_hash(name.encode())}
        if is_recursive or len(parts) == 1:
            lines[path] = _entry(commit, path)
    return list(lines.values())


def _entry(commit: Commit, path: str) -> dict:
    """Return a line of a listing; the hash of a large file is that of its content."""
    content = commit.files[path]
    if path not in commit.large:
        return {"type": "file", "path": path, "size": len(content), "oid": git_hash(content)}
    sha256 = hashlib.sha256(content).hexdigest()
    lfs = {"oid": sha256, "size": len(content), "pointerSize": 134}
    return {"type": "file", "path": path, "size": len(content), "oid": sha256, "lfs": lfs}
