"""Where a run comes from: git commit, versions of the packages, fingerprints of the data."""

import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import biodir
from biodir.files import file_sha256, with_texts

PACKAGES = ("torch", "transformers", "tokenizers", "accelerate")


def provenance(processes: int = 1, device: str = "cpu") -> dict[str, str | int]:
    """Return the git commit, the versions of the packages, and what of the machine decides the numbers.

    Args:
        processes: of the run, which share each step.
        device: kind of device that they compute on.
    """
    return {
        "commit": _commit(Path(__file__)),
        "biodir": biodir.__version__,
        **{package: version(package) for package in PACKAGES},
        "processes": processes,
        "threads": torch.get_num_threads(),
        "device": device,
    }


def earlier_provenance(record: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Return where the steps of a stopped run come from, oldest first, and sentences on what has changed since.

    Args:
        record: of the stopped run.
        now: provenance of the run that resumes.
    """
    before, earlier = record["provenance"], list(record.get("earlier_provenance", []))
    changes = [f"{name} was {before.get(name)}, is {now[name]}" for name in now if before.get(name) != now[name]]
    return earlier + [before] * bool(changes), changes


def _commit(file: Path) -> str:
    """Return the git commit of a file's checkout; "unknown" without git, or for a file that the checkout ignores."""
    git = ["git", "-C", str(file.parent)]
    try:
        is_tracked = subprocess.run([*git, "ls-files", "--error-unmatch", file.name], capture_output=True, check=False)
        describe = [*git, "describe", "--always", "--dirty", "--abbrev=40"]
        described = subprocess.run(describe, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return described.stdout.strip() or "unknown" if is_tracked.returncode == 0 else "unknown"


def data_fingerprints(paths: Iterable[str | Path]) -> dict[str, str]:
    """Return path -> SHA-256 of its content, also of the text beside annotations of brat."""
    found: dict[str, str] = {}
    for path in paths:  # by the name that was given, which Path would change
        _, *texts = with_texts([Path(path)])
        found |= {str(each): file_sha256(each) for each in (path, *texts)}
    return found
