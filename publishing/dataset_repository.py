"""Which files make the Hub repository of a data set, and whether it can be loaded."""

import re
from pathlib import Path
from typing import Any

from biodir.publishing.assembly import MARKER, RepositoryFile
from biodir.publishing.card_check import metadata_of
from biodir.publishing.checking import run_fresh
from biodir.publishing.errors import PublishError

CARD = "README.md"
NEEDED = ("language", "license", "pretty_name", "configs", "dataset_info")
# The examples of the card load the folder; on the Hub they load the repository.
LOADED = re.compile(r'load_dataset\("[^"\n]+"')
FOLDER_HINT = re.compile(r'^# ".*" is the path of this folder.*\n', re.MULTILINE)


def dataset_repository(folder: Path, repo_id: str) -> list[RepositoryFile]:
    """The files of a folder that `biodir dataset export` wrote, with a card whose examples load the repository.

    Raises:
        PublishError: the folder is not such a one, or holds more or less than its card names.
    """
    if not (folder / CARD).is_file():
        raise PublishError(f"{folder}: lacks {CARD}; name a folder that `biodir dataset export` wrote")
    card = (folder / CARD).read_text(encoding="utf-8")
    metadata = metadata_of(card, str(folder / CARD))
    missing = [key for key in NEEDED if not metadata.get(key)]
    if missing:
        raise PublishError(f"{folder / CARD}: the metadata lack {', '.join(missing)}; export the data set anew")
    named = {part["path"] for config in metadata["configs"] for part in config["data_files"]}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {CARD, MARKER}
    for names, problem in ((named - there, "is not there"), (there - named, "is not named in its card")):
        if names:
            raise PublishError(f"{folder}: {min(names)} {problem}; export the data set anew")
    changed = FOLDER_HINT.sub("", LOADED.sub(f'load_dataset("{repo_id}"', card))
    return [
        RepositoryFile(CARD, folder / CARD, changed),
        *(RepositoryFile(name, folder / name) for name in sorted(named)),
    ]


def check_dataset(folder: Path) -> dict[str, dict[str, int]]:
    """Name of the configuration -> split -> rows, as a new process counts them without cache and network.

    Raises:
        PublishError: it cannot load the folder, or counts otherwise than the card.
    """
    found = run_fresh("fresh_dataset.py", folder)
    expected = _published_rows(metadata_of((folder / CARD).read_text(encoding="utf-8"), str(folder / CARD)))
    for name, splits in expected.items():
        for split, rows in splits.items():
            counted = found.get(name, {}).get(split)
            if counted != rows:
                raise PublishError(
                    f"{folder}: {name}, {split}: {counted} rows, but the card says {rows}; export the data set anew"
                )
    return found


def _published_rows(metadata: dict[str, Any]) -> dict[str, dict[str, int]]:
    infos = metadata["dataset_info"]
    infos = infos if isinstance(infos, list) else [infos]
    return {
        info.get("config_name", "default"): {split["name"]: split["num_examples"] for split in info["splits"]}
        for info in infos
    }
