"""Documents that must not help to train a model, because it is scored on them: found by their ids.

Corpora of PubMed abstracts share documents with BioRED. Those of its test splits would make a score worthless. Those of
its validation split would choose thresholds and checkpoints on documents that the model has seen.
"""

import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from biodir.dataset_script.files import found_files
from biodir.dataset_script.sources import BIORED_DIRECTION
from biodir.errors_biodir import SettingError
from biodir.formats.reading import read_documents

SCORED_SPLITS = ("validation", "test", "bc8_test")
Exclusions = Mapping[str, frozenset[str]]  # name of a file -> the ids of its documents

logger = logging.getLogger(__name__)


def excluded_by_files(paths: Iterable[Path]) -> Exclusions:
    """Return the ids of the documents of each file, which may have any format.

    Raises:
        SettingError: a file holds no document.
        BioDirError: a file cannot be read.
    """
    exclusions = {str(path): frozenset(document.id for document in read_documents(path)) for path in paths}
    for path, ids in exclusions.items():
        if not ids:
            raise SettingError(f"{path}: holds no documents to exclude; name the file of the split")
    return exclusions


def excluded_by_scored_splits(location: str | os.PathLike[str] | None) -> Exclusions:
    """Return the ids of the documents of BioRED's validation and test splits; missing ones are logged.

    Raises:
        SettingError: none of these splits is there, or no location is given.
        SourceError: there is nothing at the location, or a file cannot be read.
    """
    wanted = [BIORED_DIRECTION.splits[split] for split in SCORED_SPLITS]
    files = found_files(BIORED_DIRECTION, location).files if location else ()
    scored = {BIORED_DIRECTION.splits[file.split]: file for file in files if file.split in SCORED_SPLITS}
    if not scored:
        problem = f"{location}: holds none of" if location else "no folder with"
        raise SettingError(
            f"{problem} {', '.join(wanted)}, whose documents an import leaves out; name it with --data-dir or "
            "BIODIR_DATA, or other files with --exclude, or give --keep-overlaps for a model not scored on BioRED"
        )
    missing = [name for name in wanted if name not in scored]
    if missing:
        logger.warning("%s: lacks %s, whose documents are not excluded", location, ", ".join(missing))
    return {name: frozenset(document.id for document in file.documents()) for name, file in scored.items()}
