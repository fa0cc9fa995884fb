"""The builder of the data sets for the library `datasets`; `load_dataset` takes no scripts, so it is used directly."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import datasets

from biodir import __version__
from biodir.dataset_script.features import document_features, pair_features
from biodir.dataset_script.files import SplitFile, fetched_archive, found_files, verify_checksums, warn_of_missing
from biodir.dataset_script.rows import document_row, pair_rows
from biodir.dataset_script.sources import BIORED_DIRECTION, SOURCES, Source, SourceError
from biodir.errors_biodir import BioDirError, located


@dataclass
class BioredDirectionConfig(datasets.BuilderConfig):
    """One of the data sets.

    >>> bc5cdr = [config for config in BioredDirection.BUILDER_CONFIGS if config.source.name == "bc5cdr"]
    >>> {config.name: config.row_is for config in bc5cdr}
    {'bc5cdr': 'document', 'bc5cdr_pairs': 'candidate pair'}

    Args:
        source: the corpus.
        row_is: "document" or "candidate pair".
        address: of the archive; by default its official address.
        is_strict: whether a checksum that differs is an error, not a warning.
        is_verified: whether missing splits and checksums were reported before.
    """

    source: Source = BIORED_DIRECTION
    row_is: str = "document"
    address: str | None = None
    is_strict: bool = False
    is_verified: bool = False


class BioredDirection(datasets.GeneratorBasedBuilder):
    """Builds `biored_direction`, `bc5cdr` and, with one row a candidate pair, `biored_direction_pairs`, `bc5cdr_pairs`.

    Splits without a file are left out with a warning. `biodir dataset export` makes a folder for `load_dataset`.

    >>> builder = BioredDirection(config_name="bc5cdr_pairs", data_dir="data")  # doctest: +SKIP
    >>> builder.download_and_prepare()  # doctest: +SKIP
    >>> pairs = builder.as_dataset(split="train")  # doctest: +SKIP
    >>> [config.name for config in BioredDirection.BUILDER_CONFIGS]
    ['biored_direction', 'biored_direction_pairs', 'bc5cdr', 'bc5cdr_pairs']

    Args:
        config_name: one of these four; default "biored_direction".
        data_dir: folder with the files or the archives, or an archive; None downloads the official archive.
        keywords: those of `datasets.DatasetBuilder` and, such as `is_strict`, of `BioredDirectionConfig`.

    Raises:
        SourceError: no file of the corpus is at `data_dir`.
    """

    BUILDER_CONFIG_CLASS = BioredDirectionConfig
    BUILDER_CONFIGS = [  # noqa: RUF012
        BioredDirectionConfig(
            name=name,
            version=datasets.Version(__version__),
            description=f"{source.title}, one row a {row_is}",
            source=source,
            row_is=row_is,
        )
        for source in SOURCES
        for name, row_is in ((source.name, "document"), (source.pairs_name, "candidate pair"))
    ]
    DEFAULT_CONFIG_NAME = BIORED_DIRECTION.name

    def __init__(
        self,
        cache_dir: str | None = None,
        *,
        config_name: str | None = None,
        data_dir: str | os.PathLike[str] | None = None,
        **keywords: Any,
    ) -> None:
        sources = {config.name: config.source for config in self.BUILDER_CONFIGS}
        source = sources.get(config_name or self.DEFAULT_CONFIG_NAME)
        if source is None:
            raise SourceError(f"config_name is {config_name!r}; it is one of {', '.join(sources)}")
        self._found = None if data_dir is None else found_files(source, data_dir)
        # The cache key of datasets knows the path of the folder but not its content.
        address = keywords.get("address") or source.address
        content_hash = self._found.content_hash if self._found else hashlib.sha256(address.encode()).hexdigest()
        keywords = {"dataset_name": "biodir", "hash": content_hash, **keywords}
        folder = None if data_dir is None else os.fspath(data_dir)
        super().__init__(cache_dir=cache_dir, config_name=config_name, data_dir=folder, **keywords)

    def download_and_prepare(self, *arguments: Any, **keywords: Any) -> None:
        """Build the data set in the cache; the arguments are those of `datasets.DatasetBuilder`.

        Raises:
            SourceError: the corpus cannot be fetched or read, or a split has no row.
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
            raise SourceError(
                f"{self.config.name}: no {self.config.row_is} in {', '.join(empty)}; leave out the file of such a split"
            )

    def _info(self) -> datasets.DatasetInfo:
        source = self.config.source
        features = document_features if self.config.row_is == "document" else pair_features
        return datasets.DatasetInfo(
            description=f"{self.config.description}. {source.description}",
            features=features(source.labels),
            homepage=source.homepage,
            license=source.licence,
            citation=source.citation,
        )

    def _split_generators(self, dl_manager: datasets.DownloadManager) -> list[datasets.SplitGenerator]:
        found = self._found
        if found is None:
            if dl_manager.is_streaming:
                raise SourceError(
                    f"{self.config.name}: the archive cannot be read while it is downloaded; call "
                    "download_and_prepare(), or stream a folder that `biodir dataset export` wrote"
                )
            source = self.config.source
            found = found_files(source, fetched_archive(source, dl_manager.download, self.config.address))
        if not self.config.is_verified:
            warn_of_missing(found, self.config.name)
            verify_checksums(found, self.config.is_strict)
        return [datasets.SplitGenerator(file.split, {"split_file": file}) for file in found.files]

    def _generate_examples(self, split_file: SplitFile) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the rows of a split, each with its number."""
        labels, numbers = self.config.source.labels, count()
        for document in split_file.documents():
            with located(str(split_file.path)):
                if self.config.row_is == "document":
                    yield next(numbers), document_row(document, labels)
                else:
                    for row in pair_rows(document, labels, split_file.split):
                        yield next(numbers), row
