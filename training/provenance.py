"""Where a run comes from: git commit, versions of the packages, fingerprints of the data."""

import hashlib
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import biodir

PACKAGES = ("torch", "transformers", "tokenizers", "accelerate")


def provenance() -> dict[str, str]:
    """The git commit, and the versions of the packages that decide the numbers."""
    describe = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40"]
    commit = subprocess.run(describe, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    return {"commit": commit, "biodir": biodir.__version__, **{package: version(package) for package in PACKAGES}}


def data_fingerprints(paths: Iterable[str]) -> dict[str, str]:
    """File name -> SHA-256 of its content."""
    found = {}
    for path in paths:
        with open(path, "rb") as file:
            found[str(path)] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
