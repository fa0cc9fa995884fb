"""Where a run comes from: git commit, versions of the packages, fingerprints of the data."""

import hashlib
import os
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import biodir

PACKAGES = ("torch", "transformers", "tokenizers", "accelerate")


def provenance() -> dict[str, str]:
    """The git commit, and the versions of the packages that decide the numbers."""
    return {
        "commit": _commit(Path(__file__)),
        "biodir": biodir.__version__,
        **{package: version(package) for package in PACKAGES},
    }


def _commit(file: Path) -> str:
    """The git commit of a file's checkout; "unknown" without git, or in a package that is installed in another one."""
    git = ["git", "-C", str(file.parent)]
    try:
        is_tracked = subprocess.run([*git, "ls-files", "--error-unmatch", file.name], capture_output=True, check=False)
        describe = [*git, "describe", "--always", "--dirty", "--abbrev=40"]
        described = subprocess.run(describe, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return described.stdout.strip() or "unknown" if is_tracked.returncode == 0 else "unknown"


def data_fingerprints(paths: Iterable[str]) -> dict[str, str]:
    """File name -> SHA-256 of its content."""
    return {str(path): file_sha256(path) for path in paths}


def file_sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
