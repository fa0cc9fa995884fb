"""Corpora as a folder of Parquet files with a data set card, which `load_dataset` takes and the Hub shows."""

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets import Dataset, DatasetDict, DatasetInfo

from biodir.dataset_script.builder import BioredDirection
from biodir.dataset_script.card import DatasetCounts, card_text, split_path
from biodir.dataset_script.check import counts_of
from biodir.dataset_script.files import FoundFiles, SplitFile, report_missing, verify_checksums
from biodir.dataset_script.rows import relations_outside_pairs
from biodir.dataset_script.sources import Source
from biodir.errors_biodir import SettingError


@dataclass(frozen=True)
class ExportedSplit:
    """A file that was written."""

    config: str
    split: str
    path: Path
    rows: int


def export(found: Sequence[FoundFiles], out: str | os.PathLike[str], is_strict: bool = False) -> list[ExportedSplit]:
    """The files written: for each corpus one row a document, and one row a candidate pair, then the card.

    Nothing is written before all corpora are read.

    Args:
        found: the files of each corpus.
        out: folder to make; it may exist if it is empty.
        is_strict: whether a checksum that differs is an error, not a warning.

    Raises:
        SettingError: the folder holds something.
        BioDirError: a corpus is not there, or does not follow its format.
    """
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingError(f"{out}: is not an empty folder; name a new one, so that no old file stays among new ones")
    for each in found:
        report_missing(each, each.source.name)
        verify_checksums(each, is_strict)
    with tempfile.TemporaryDirectory(prefix="biodir-export-") as cache:
        built = {name: _built(each, name, cache) for each in found for name in _configs(each)}
        counts = [
            _counts(each.source, file, built[each.source.pairs_name][file.split.name])
            for each in found
            for file in each.files
        ]
        written = [part for name, splits in built.items() for part in _written(name, splits, out)]
        infos = {name: _info(splits, name, written) for name, splits in built.items()}
    card = card_text(out.resolve().name, [each.source for each in found], infos, counts)
    (out / "README.md").write_text(card, encoding="utf-8")
    return written


def _configs(found: FoundFiles) -> tuple[str, str]:
    return found.source.name, found.source.pairs_name


def _built(found: FoundFiles, name: str, cache: str) -> DatasetDict:
    """A configuration; what is missing from its corpus was reported before, once for both of them."""
    builder = BioredDirection(config_name=name, data_dir=str(found.location), cache_dir=cache, is_verified=True)
    builder.download_and_prepare()
    return builder.as_dataset()


def _written(name: str, splits: DatasetDict, out: Path) -> list[ExportedSplit]:
    (out / name).mkdir(parents=True)
    written = []
    for split, rows in splits.items():
        path = out / split_path(name, split)
        rows.to_parquet(path)
        written.append(ExportedSplit(name, split, path, len(rows)))
    return written


def _info(splits: DatasetDict, name: str, written: Sequence[ExportedSplit]) -> DatasetInfo:
    """The info of a configuration; its download size is that of the files written, not of the corpus."""
    info = next(iter(splits.values())).info.copy()
    info.download_size = sum(part.path.stat().st_size for part in written if part.config == name)
    return info


def _counts(source: Source, file: SplitFile, pairs: Dataset) -> DatasetCounts:
    documents = list(file.documents())
    counts = Counter(counts_of(documents).counts)
    return DatasetCounts(
        source=source.name,
        split=file.split.name,
        documents=counts["documents"],
        mentions=counts["mentions"],
        unlinked_mentions=counts["unlinked mentions"],
        relations=counts["relations"],
        directed_relations=counts["relations"] - counts["undirected relations"],
        pairs=len(pairs),
        related_pairs=sum(label > 0 for label in pairs["relation"]),  # 0 is the label of an unrelated pair
        pairs_with_several=sum(bool(further) for further in pairs["further_relations"]),
        relations_outside_pairs=sum(len(relations_outside_pairs(document)) for document in documents),
    )
