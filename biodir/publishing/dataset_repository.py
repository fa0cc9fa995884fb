"""Lists the files of the Hub repository of a data set, and checks that it can be loaded."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from biodir.publishing.assembly import MARKER
from biodir.publishing.card_check import HUB_CARD, metadata_of
from biodir.publishing.checking import run_fresh
from biodir.publishing.errors import PublishError

NEEDED = ("language", "license", "pretty_name", "configs", "dataset_info")
# The examples of the card load the folder; on the Hub they load the repository.
LOADED = re.compile(r'load_dataset\("[^"\n]+"')
FOLDER_HINT = re.compile(r'^# ".*" is the path of this folder.*\n', re.MULTILINE)


def dataset_repository(folder: Path, repo_id: str) -> dict[str, Path | str]:
    """Return the files of a folder that `biodir dataset export` wrote; the card's examples load the repository."""
    if not (folder / HUB_CARD).is_file():
        raise PublishError(f"{folder}: lacks {HUB_CARD}; name a folder that `biodir dataset export` wrote")
    card = (folder / HUB_CARD).read_text(encoding="utf-8")
    metadata = metadata_of(card, str(folder / HUB_CARD))
    missing = [key for key in NEEDED if not metadata.get(key)]
    if missing:
        raise PublishError(f"{folder / HUB_CARD}: the metadata lack {', '.join(missing)}; export the data set again")
    with _known_form(folder, "configs"):
        named = {file["path"] for config in metadata["configs"] for file in config["data_files"]}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {HUB_CARD, MARKER}
    for names, problem in ((named - found, "is not there"), (found - named, "is not named in its card")):
        if names:
            raise PublishError(f"{folder}: {min(names)} {problem}; export the data set again")
    changed = FOLDER_HINT.sub("", LOADED.sub(f'load_dataset("{repo_id}"', card))
    return {HUB_CARD: changed, **{name: folder / name for name in sorted(named)}}


def check_dataset(folder: Path) -> dict[str, dict[str, int]]:
    """Load the folder in a new process, offline and without a cache, and check its rows against the card.

    Returns:
        Name of the configuration -> split -> number of rows.
    """
    infos = metadata_of((folder / HUB_CARD).read_text(encoding="utf-8"), str(folder / HUB_CARD))["dataset_info"]
    with _known_form(folder, "dataset_info"):
        expected = {
            info.get("config_name", "default"): {split["name"]: split["num_examples"] for split in info["splits"]}
            for info in (infos if isinstance(infos, list) else [infos])
        }
    found: dict[str, dict[str, int]] = run_fresh("fresh_dataset.py", folder)
    for name, splits in expected.items():
        for split, rows in splits.items():
            counted = found.get(name, {}).get(split)
            if counted != rows:
                raise PublishError(
                    f"{folder}: {name}, {split}: {counted} rows, but the card has {rows}; export the data set again"
                )
    return found


@contextmanager
def _known_form(folder: Path, key: str) -> Iterator[None]:
    """Raise a PublishError for forms that the Hub knows and `export` does not write, such as patterns of paths."""
    try:
        yield
    except (AttributeError, KeyError, TypeError) as error:
        place = f"{folder / HUB_CARD}: metadata {key}"
        raise PublishError(f"{place} has another form ({error!r}); export the data set again") from error
