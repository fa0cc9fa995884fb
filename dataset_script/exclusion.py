"""Documents that must not help to train a model, because it is scored on them: found by their ids.

Corpora of PubMed abstracts share documents with BioRED. Those of its test splits would make a score worthless, those of
its validation split would choose thresholds and checkpoints on documents that the model has seen.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from biodir.dataset_script.files import FoundFiles, found_files
from biodir.dataset_script.sources import BIORED_DIRECTION
from biodir.errors_biodir import SettingError
from biodir.formats.reading import read_documents

SCORED_SPLITS = ("validation", "test", "bc8_test")


@dataclass(frozen=True)
class Exclusion:
    """A file whose documents are left out; `name` is what reports call it."""

    name: str
    document_ids: frozenset[str]


def exclusions_of(paths: Iterable[Path]) -> tuple[Exclusion, ...]:
    """An exclusion for each file of documents, of any format.

    Raises:
        BioDirError: a file cannot be read.
    """
    return tuple(Exclusion(str(path), frozenset(document.id for document in read_documents(path))) for path in paths)


def scored_splits(location: str | os.PathLike[str] | None) -> FoundFiles:
    """BioRED's files at the location, its validation split or a test split among them.

    Raises:
        SettingError: none of these is there, or nothing says where to look; with the ways out.
        SourceError: there is nothing at the location, or an archive cannot be read.
    """
    found = found_files(BIORED_DIRECTION, location) if location else None
    if found is None or not any(file.split.name in SCORED_SPLITS for file in found.files):
        names = ", ".join(split.file for split in BIORED_DIRECTION.splits if split.name in SCORED_SPLITS)
        problem = f"{location}: holds none of" if location else "no folder with"
        raise SettingError(
            f"{problem} {names}, whose documents an import leaves out; name it with --data-dir or BIODIR_DATA, or "
            "other files with --exclude, or give --keep-overlaps for a model that is not scored on BioRED"
        )
    return found


def exclusions_in(found: FoundFiles) -> tuple[Exclusion, ...]:
    """An exclusion for each scored split that is there, under the name of its file.

    Raises:
        BioDirError: a file cannot be read.
    """
    return tuple(
        Exclusion(file.split.file, frozenset(document.id for document in file.documents()))
        for file in found.files
        if file.split.name in SCORED_SPLITS
    )


def missing_splits(found: FoundFiles) -> tuple[str, ...]:
    """The files of scored splits that are not there, so that their documents may stay."""
    return tuple(split.file for split in found.missing if split.name in SCORED_SPLITS)


def excluded_count(exclusion: Exclusion, excluded_ids: Sequence[str]) -> int:
    """How many of the documents that were left out stand in this file."""
    return sum(document_id in exclusion.document_ids for document_id in excluded_ids)
