"""Which files make the Hub repository of a data set, and whether it can be loaded."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from biodir.publishing.assembly import MARKER, RepositoryFile
from biodir.publishing.card_check import HUB_CARD, metadata_of
from biodir.publishing.checking import run_fresh
from biodir.publishing.errors import PublishError

NEEDED = ("language", "license", "pretty_name", "configs", "dataset_info")
# The examples of the card load the folder; on the Hub they load the repository.
LOADED = re.compile(r'load_dataset\("[^"\n]+"')
FOLDER_HINT = re.compile(r'^# ".*" is the path of this folder.*\n', re.MULTILINE)


def dataset_repository(folder: Path, repo_id: str) -> list[RepositoryFile]:
    """The files of a folder that `biodir dataset export` wrote, with a card whose examples load the repository.

    Raises:
        PublishError: the folder is not such a one, or holds more or less than its card names.
    """
    if not (folder / HUB_CARD).is_file():
        raise PublishError(f"{folder}: lacks {HUB_CARD}; name a folder that `biodir dataset export` wrote")
    card = (folder / HUB_CARD).read_text(encoding="utf-8")
    metadata = metadata_of(card, str(folder / HUB_CARD))
    missing = [key for key in NEEDED if not metadata.get(key)]
    if missing:
        raise PublishError(f"{folder / HUB_CARD}: the metadata lack {', '.join(missing)}; export the data set anew")
    named = set(_named_files(metadata["configs"], str(folder / HUB_CARD)))
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {
        HUB_CARD,
        MARKER,
    }
    for names, problem in ((named - there, "is not there"), (there - named, "is not named in its card")):
        if names:
            raise PublishError(f"{folder}: {min(names)} {problem}; export the data set anew")
    changed = FOLDER_HINT.sub("", LOADED.sub(f'load_dataset("{repo_id}"', card))
    return [
        RepositoryFile(HUB_CARD, folder / HUB_CARD, changed),
        *(RepositoryFile(name, folder / name) for name in sorted(named)),
    ]


def check_dataset(folder: Path) -> dict[str, dict[str, int]]:
    """Name of the configuration -> split -> rows, as a new process counts them without a cache, in offline mode.

    Raises:
        PublishError: it cannot load the folder, or counts otherwise than the card.
    """
    card = folder / HUB_CARD
    expected = _published_rows(metadata_of(card.read_text(encoding="utf-8"), str(card)), str(card))
    found = run_fresh("fresh_dataset.py", folder)
    for name, splits in expected.items():
        for split, rows in splits.items():
            counted = found.get(name, {}).get(split)
            if counted != rows:
                raise PublishError(
                    f"{folder}: {name}, {split}: {counted} rows, but the card says {rows}; export the data set anew"
                )
    return found


def _named_files(configs: Any, place: str) -> Iterator[str]:
    """The files that a card names; other forms that the Hub knows, such as patterns, are not what `export` writes."""
    for index, config in enumerate(_listed(configs, f"{place}: metadata configs")):
        where = f"{place}: metadata configs[{index}]"
        parts = _listed(_value(config, "data_files", where), f"{where}.data_files")
        for number, part in enumerate(parts):
            path = _value(part, "path", f"{where}.data_files[{number}]")
            if not isinstance(path, str):
                raise PublishError(
                    f"{where}.data_files[{number}].path is {path!r}, not the path of a file; export the data set anew"
                )
            yield path


def _published_rows(metadata: dict[str, Any], place: str) -> dict[str, dict[str, int]]:
    """Name of the configuration -> split -> rows, as the card says."""
    infos = metadata["dataset_info"]
    rows: dict[str, dict[str, int]] = {}
    for index, info in enumerate(infos if isinstance(infos, list) else [infos]):
        where = f"{place}: metadata dataset_info[{index}]"
        splits = _listed(_value(info, "splits", where), f"{where}.splits")
        counts = rows[info.get("config_name", "default")] = {}
        for number, split in enumerate(splits):
            name, count = (_value(split, key, f"{where}.splits[{number}]") for key in ("name", "num_examples"))
            counts[name] = count
    return rows


def _listed(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise PublishError(f"{where} is {value!r}, not a list with something in it; export the data set anew")
    return value


def _value(mapping: Any, key: str, where: str) -> Any:
    if not isinstance(mapping, dict) or key not in mapping:
        raise PublishError(f"{where} is {mapping!r}, not a mapping with {key}; export the data set anew")
    return mapping[key]
