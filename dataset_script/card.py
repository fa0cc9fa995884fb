"""The data set card: README.md of an exported folder, with metadata for `load_dataset` and a description for people."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from datasets import DatasetInfo
from datasets.info import DatasetInfosDict
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCardData
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from biodir import __version__
from biodir.dataset_script.rows import PASSAGE_TYPES
from biodir.dataset_script.sources import Source
from biodir.labels_biodir import ENTITY_TYPES, PAIR_TYPES

TEMPLATE = "card.md.j2"
# A row of the table of counts: corpus, split, and a number for each further column.
SplitCounts = Mapping[str, str | int]


def split_path(config: str, split: str) -> str:
    """Return the path of a split's only file in the folder."""
    return f"{config}/{split}-00000-of-00001.parquet"


def card_text(
    folder: str, sources: Sequence[Source], infos: Mapping[str, DatasetInfo], counts: Sequence[SplitCounts]
) -> str:
    """Return the text of the card, metadata first.

    Args:
        folder: what the examples load.
        infos: name of each configuration -> its features and splits.
        counts: of each split, in order.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown; every value is our own
    )
    environment.filters["thousands"] = lambda cell: f"{cell:,}" if isinstance(cell, int) else cell
    body = environment.get_template(TEMPLATE).render(
        version=__version__,
        folder=folder,
        sources=sources,
        counts=counts,
        entity_types=ENTITY_TYPES,
        passage_types=PASSAGE_TYPES,
        pair_types=PAIR_TYPES,
    )
    return f"---\n{_metadata(sources, infos).to_yaml()}\n---\n{body}"


def _metadata(sources: Sequence[Source], infos: Mapping[str, DatasetInfo]) -> DatasetCardData:
    metadata = DatasetCardData(
        language="en",
        license="other",  # the Hub's list has no entry for a notice of the United States Government
        license_name="us-government-public-domain-notice",
        pretty_name=" and ".join(source.title for source in sources),
        task_categories=["text-classification", "token-classification"],
        tags=["biology", "medical", "relation-extraction"],
    )
    DatasetInfosDict(infos).to_dataset_card_data(metadata)
    files = {
        name: {"data_files": [{"split": split, "path": split_path(name, split)} for split in info.splits]}
        for name, info in infos.items()
    }
    MetadataConfigs(files).to_dataset_card_data(metadata)
    return metadata
