"""Corpora as a folder of Parquet files with a data set card, which `load_dataset` takes and the Hub shows."""

import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from datasets import Dataset, DatasetDict

from biodir.dataset_script.builder import BioredDirection
from biodir.dataset_script.card import card_text, split_path
from biodir.dataset_script.check import counts_of
from biodir.dataset_script.files import FoundFiles, SplitFile, verify_checksums, warn_of_missing
from biodir.dataset_script.rows import relations_outside_pairs
from biodir.dataset_script.sources import Source
from biodir.errors_biodir import SettingError
from biodir.evaluation.checks import several_types

logger = logging.getLogger(__name__)


def export(found: Sequence[FoundFiles], out: str | os.PathLike[str], is_strict: bool = False) -> dict[Path, int]:
    """Write each corpus with one row a document and with one row a candidate pair, and the card; return path -> rows.

    Nothing is written before all corpora are read.

    Args:
        out: folder to make; it may exist if it is empty.
        is_strict: whether a checksum that differs is an error, not a warning.

    Raises:
        SettingError: the folder is not empty.
        BioDirError: a corpus is not there, or does not follow its format.
    """
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingError(f"{out}: is not an empty folder; name a new one, so that no old file stays among new ones")
    for each in found:
        warn_of_missing(each, each.source.name)
        verify_checksums(each, is_strict)
    with tempfile.TemporaryDirectory(prefix="biodir-export-") as cache:
        built = {
            name: _built(each, name, cache) for each in found for name in (each.source.name, each.source.pairs_name)
        }
        counts = [
            _counts(each.source, file, built[each.source.pairs_name][file.split])
            for each in found
            for file in each.files
        ]
        written, infos = {}, {}
        for name, splits in built.items():
            (out / name).mkdir(parents=True)
            for split, rows in splits.items():
                path = out / split_path(name, split)
                rows.to_parquet(path)
                written[path] = len(rows)
            infos[name] = next(iter(splits.values())).info.copy()
            # of the files written, not of the corpus
            infos[name].download_size = sum(path.stat().st_size for path in (out / name).iterdir())
    card = card_text(out.resolve().name, [each.source for each in found], infos, counts)
    (out / "README.md").write_text(card, encoding="utf-8")
    return written


def _built(found: FoundFiles, name: str, cache: str) -> DatasetDict:
    builder = BioredDirection(config_name=name, data_dir=str(found.location), cache_dir=cache, is_verified=True)
    builder.download_and_prepare()
    return builder.as_dataset()


def _counts(source: Source, file: SplitFile, pairs: Dataset) -> dict[str, str | int]:
    """Return a row of the card's table of counts, by the names of its columns."""
    documents = list(file.documents())
    counts = counts_of(documents)
    several = several_types(documents)
    if several:
        logger.warning(
            "%s: %d pairs have several relation types (%s): the column relation of %s has the first of each, "
            "further_relations the others",
            *(file.path, len(several), several[0], source.pairs_name),
        )
    return {
        "corpus": source.name,
        "split": file.split,
        "documents": counts["documents"],
        "mentions": counts["mentions"],
        "not linked": counts["unlinked mentions"],
        "relations": counts["relations"],
        "with a direction": counts["relations"] - counts["undirected relations"],
        "candidate pairs": len(pairs),
        "related": sum(label > 0 for label in pairs["relation"]),  # 0 is the label of an unrelated pair
        "with several relations": sum(bool(further) for further in pairs["further_relations"]),
        "relations outside the pairs": sum(len(relations_outside_pairs(document)) for document in documents),
    }
