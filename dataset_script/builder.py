"""The builder of the data sets for the library `datasets`.

`load_dataset` refuses scripts today, so that the class is used as it is:

    builder = BioredDirection(config_name="biored_direction", data_dir="data")
    builder.download_and_prepare()
    documents = builder.as_dataset(split="train")

Without `data_dir` the official archive is downloaded. `biodir dataset export` makes a folder that `load_dataset` takes.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import datasets

from biodir import __version__
from biodir.dataset_script.features import document_features, pair_features
from biodir.dataset_script.files import (
    FoundFiles,
    SplitFile,
    fetched_archive,
    found_files,
    report_missing,
    verify_checksums,
)
from biodir.dataset_script.rows import document_row, pair_rows
from biodir.dataset_script.sources import BIORED_DIRECTION, SOURCES, Source, SourceError
from biodir.errors_biodir import AnnotationError, BioDirError


@dataclass
class BioredDirectionConfig(datasets.BuilderConfig):
    """One of the data sets.

    Args:
        source: the corpus.
        has_pair_rows: whether a row is a candidate pair, not a document.
        address: of the archive, where it is not downloaded from its official address.
        is_strict: whether a checksum that differs is an error, not a warning.
        is_verified: whether missing splits and checksums were reported before, so that nothing is said of them.
    """

    source: Source = BIORED_DIRECTION
    has_pair_rows: bool = False
    address: str | None = None
    is_strict: bool = False
    is_verified: bool = False


def _config(source: Source, has_pair_rows: bool) -> BioredDirectionConfig:
    return BioredDirectionConfig(
        name=source.pairs_name if has_pair_rows else source.name,
        version=datasets.Version(__version__),
        description=f"{source.title}, one row a {'candidate pair' if has_pair_rows else 'document'}",
        source=source,
        has_pair_rows=has_pair_rows,
    )


class BioredDirection(datasets.GeneratorBasedBuilder):
    """Builds `biored_direction`, `bc5cdr` and, with one row a candidate pair, `biored_direction_pairs`, `bc5cdr_pairs`.

    Splits whose file is not there are left out with a warning.

    Args:
        config_name: one of these four.
        data_dir: folder with the files or the archives, or an archive; None downloads the official archive.
        keywords: those of `datasets.DatasetBuilder` and, such as `is_strict`, of `BioredDirectionConfig`.

    Raises:
        SourceError: no file of the corpus is at `data_dir`.
    """

    BUILDER_CONFIG_CLASS = BioredDirectionConfig
    BUILDER_CONFIGS = [_config(source, has_pair_rows) for source in SOURCES for has_pair_rows in (False, True)]  # noqa: RUF012
    DEFAULT_CONFIG_NAME = BIORED_DIRECTION.name

    def __init__(
        self,
        cache_dir: str | None = None,
        *,
        config_name: str | None = None,
        data_dir: str | os.PathLike[str] | None = None,
        **keywords: Any,
    ) -> None:
        data_dir = None if data_dir is None else os.fspath(data_dir)
        source = self._source_of(config_name or self.DEFAULT_CONFIG_NAME)
        self._found: FoundFiles | None = None if data_dir is None else found_files(source, data_dir)
        # The cache key of datasets knows the path of the folder, not what is in it.
        if self._found is not None:
            content_hash = self._found.content_hash
        else:
            address = keywords.get("address") or source.address
            content_hash = hashlib.sha256(address.encode()).hexdigest()
        keywords = {"dataset_name": "biodir", "hash": content_hash, **keywords}
        super().__init__(cache_dir=cache_dir, config_name=config_name, data_dir=data_dir, **keywords)

    def download_and_prepare(self, *arguments: Any, **keywords: Any) -> None:
        """Builds the data set into the cache; arguments are those of `datasets.DatasetBuilder`.

        Raises:
            SourceError: the corpus cannot be fetched or read, or a split would have no row.
            ParseError, AnnotationError: a document does not follow its format.
        """
        try:
            super().download_and_prepare(*arguments, **keywords)
        except datasets.exceptions.DatasetGenerationError as error:
            if isinstance(error.__cause__, BioDirError):
                raise error.__cause__ from None
            raise
        empty = [name for name, split in self.info.splits.items() if split.num_examples == 0]
        if empty:  # datasets would raise when it is loaded
            row_is = "candidate pair" if self.config.has_pair_rows else "document"
            raise SourceError(
                f"{self.config.name}: no {row_is} in {', '.join(empty)}; leave out the file of such a split"
            )

    def _source_of(self, config_name: str) -> Source:
        for config in self.BUILDER_CONFIGS:
            if config.name == config_name:
                return config.source
        known = ", ".join(config.name for config in self.BUILDER_CONFIGS)
        raise SourceError(f"config_name is {config_name!r}; it is one of {known}")

    def _info(self) -> datasets.DatasetInfo:
        source = self.config.source
        features = pair_features if self.config.has_pair_rows else document_features
        return datasets.DatasetInfo(
            description=f"{self.config.description}. {source.description}",
            features=features(source.labels),
            homepage=source.homepage,
            license=source.licence,
            citation=source.citation,
        )

    def _split_generators(self, dl_manager: datasets.DownloadManager) -> list[datasets.SplitGenerator]:
        found = self._found or self._downloaded(dl_manager)
        if not self.config.is_verified:
            report_missing(found, self.config.name)
            verify_checksums(found, self.config.is_strict)
        return [datasets.SplitGenerator(file.split.name, {"split_file": file}) for file in found.files]

    def _downloaded(self, dl_manager: datasets.DownloadManager) -> FoundFiles:
        if dl_manager.is_streaming:
            raise SourceError(
                f"{self.config.name}: the archive cannot be read while it is downloaded; call download_and_prepare(), "
                "or stream a folder that `biodir dataset export` wrote"
            )
        source = self.config.source
        archive = fetched_archive(source, dl_manager.download, self.config.address, self.config.is_strict)
        return found_files(source, archive)

    def _generate_examples(self, split_file: SplitFile) -> Iterator[tuple[int, dict[str, Any]]]:
        """The rows of a split, each with its number."""
        yield from enumerate(self._rows(split_file))

    def _rows(self, split_file: SplitFile) -> Iterator[dict[str, Any]]:
        labels = self.config.source.labels
        for document in split_file.documents():
            try:
                if self.config.has_pair_rows:
                    yield from pair_rows(document, labels, split_file.split.name)
                else:
                    yield document_row(document, labels)
            except AnnotationError as error:
                raise AnnotationError(f"{split_file.place}: {error}") from error
