"""The data set card: README.md of an exported folder, with metadata for `load_dataset` and a description for people."""

from collections.abc import Mapping, Sequence

from datasets import DatasetInfo
from datasets.info import DatasetInfosDict
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCardData

from biodir import __version__
from biodir.dataset_script.rows import PASSAGE_TYPES
from biodir.dataset_script.sources import BC5CDR, BIORED_DIRECTION, Source
from biodir.labels_biodir import ENTITY_TYPES, PAIR_TYPES

# A row of the table of counts: corpus, split, and a number for each further column.
SplitCounts = Mapping[str, str | int]
# Column of a configuration -> what it holds.
DOCUMENT_COLUMNS = {
    "id": "PMID",
    "text": "title, a space, abstract; all offsets count characters (code points) of it",
    "passages": "`start`, `end`, `type` (class label) of title and abstract",
    "entities": "mentions in the order of the file: `start`, `end` (exclusive), `text`, `type` (class label), `id` "
    "(list of database identifiers: several for a composite mention, none for a mention that is not linked)",
    "relations": "`relation` (class label), `entity1` and `entity2` (identifiers in the order of the file, which is no "
    "direction), `novelty` (class label, or null where the corpus has none), `subject` (the identifier of the acting "
    "entity, or null for a relation without direction)",
}
PAIR_COLUMNS = {
    "document_id": "PMID, the `id` of the document",
    "split": "name of the split, for tables that were joined",
    "entity1_id, entity2_id": "database identifiers. `entity1` is the entity whose type comes first in the alphabet, "
    "of two entities of one type the one that is mentioned first; this is no direction",
    "entity1_type, entity2_type": "class labels",
    "entity1_name, entity2_name": "text of the first mention",
    "entity1_mentions, entity2_mentions": "`start`, `end`, `text` of every mention in the text of the document",
    "sentence_distance": "sentences between the closest mentions: 0 in the same one, 1 in neighbours; the boundaries "
    "are those of biodir's rules",
    "relation": "class label; `None` for an unrelated pair",
    "novelty": "class label: `Novel`, `No`, or `None` for an unrelated pair; only where the corpus annotates it",
    "direction": "class label: `Left_to_Right` (`entity1` acts on `entity2`), `Right_to_Left` (`entity2` acts on "
    "`entity1`), `No_Direct` (related without a direction), `None` (unrelated); only where the corpus annotates it",
    "further_relations": "list of the same labels, for pairs with several gold relations: the columns hold the first "
    "in the order of the file, this list the others",
}

EXAMPLE = """\
import matplotlib.pyplot as plt
from datasets import load_dataset

pairs = load_dataset("{folder}", "{config}", split="{split}")
table = pairs.to_pandas()
for column in ("entity1_type", "entity2_type", "relation", "novelty", "direction"):
    table[column] = table[column].map(pairs.features[column].int2str)

# Types come in the order of the alphabet, so that the disease is always entity1.
related = table[table.entity1_type.str.startswith("Disease") & table.entity2_type.str.startswith("Gene")]
related = related[related.relation != "None"]
names = {{"Left_to_Right": "disease acts", "Right_to_Left": "gene acts", "No_Direct": "undirected"}}
counts = related.groupby(["relation", "direction"]).size().unstack(fill_value=0).rename(columns=names)
print(counts)

counts.plot.barh(stacked=True, xlabel="gene-disease pairs")
plt.tight_layout()
plt.savefig("directions.png")
"""

_ABOUT = """\
# BioRED with directions, and BC5CDR, for the library datasets

Corpora of biomedical relations as Parquet, written by `biodir dataset export` ({version}). The files hold all documents
and annotations of the corpora; "Conventions" lists what was renamed.

```python
from datasets import load_dataset

# "{folder}" is the path of this folder; on the Hub it is the id.
documents = load_dataset("{folder}", "{config}")
for row in load_dataset("{folder}", "{config}", split="{split}", streaming=True):
    print(row["id"], len(row["entities"]), len(row["relations"]))
    break
```

A row of `{config}` can go into biodir's pipeline as it is; `biodir.formats.parquet.read_parquet` reads its
files as documents.
"""

_CONVENTIONS = """\
## Conventions

- Spans are half-open, `[start, end)`, and count Python characters, not bytes.
- Class labels are numbers in the files; `dataset.features[column].int2str` names them. Their order is that of biodir's
  models, so `None`, the label of an unrelated pair, is 0 in every list, also where no row has it.
- Entity types have BioRED's names; BC5CDR's `Chemical` and `Disease`, and `Organism`, were renamed to them.
- A candidate pair is any two different linked entities of a document whose types form one of {pair_types}. A gold
  relation is outside the pairs if an argument has no mention, if both arguments are one entity, or if their types form
  no such pair; the documents have it, the pairs do not.
- No pair of the train, validation and test splits has several gold relations. A pair that has several keeps one row,
  see `further_relations`.
"""
_SHARED_DOCUMENTS = """\
- BC5CDR shares documents with BioRED: 101 of its train and validation documents are in BioRED's train and validation
  splits, 21 in its test split. Leave them out by PMID if you train on one corpus and test on the other.
"""


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
    first = counts[0]
    parts = [
        f"---\n{_metadata(sources, infos).to_yaml()}\n---",
        _ABOUT.format(version=__version__, folder=folder, config=first["corpus"], split=first["split"]),
        "## Corpora\n",
        *(f"**{each.title}**, `{each.name}`: {each.description} <{each.homepage}>\n" for each in sources),
        _table(
            list(first), [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row.values()] for row in counts]
        ),
        _columns(sources),
        _CONVENTIONS.format(pair_types=", ".join("-".join(pair_type) for pair_type in PAIR_TYPES)),
        *([_SHARED_DOCUMENTS] if {BIORED_DIRECTION.name, BC5CDR.name} <= set(infos) else []),
        *_example(folder, infos, counts),
        "## Licence\n",
        *(f"**{each.title}**. {each.licence}\n" for each in sources),
        "## Citation\n",
        "```bibtex\n" + "\n".join(each.citation for each in sources) + "\n```",
    ]
    return "\n".join(parts) + "\n"


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


def _columns(sources: Sequence[Source]) -> str:
    """Return the tables that describe the columns and name their class labels."""
    documents = ", ".join(f"`{source.name}`" for source in sources)
    pairs = ", ".join(f"`{source.pairs_name}`" for source in sources)
    labels = [["all", "entity type", ", ".join(ENTITY_TYPES)], ["all", "passage type", ", ".join(PASSAGE_TYPES)]]
    labels += [[source.name, task, ", ".join(names)] for source in sources for task, names in source.labels.items()]
    return "\n".join(
        [
            f"## Columns of {documents}: one row a document\n",
            _table(["column", "holds"], list(DOCUMENT_COLUMNS.items())),
            f"## Columns of {pairs}: one row a candidate pair\n",
            _table(["column", "holds"], list(PAIR_COLUMNS.items())),
            "## Class labels, from 0\n",
            _table(["corpus", "label of", "names"], labels),
        ]
    )


def _example(folder: str, infos: Mapping[str, DatasetInfo], counts: Sequence[SplitCounts]) -> list[str]:
    """Return the example on gene-disease pairs if the corpus that has them was exported."""
    if BIORED_DIRECTION.pairs_name not in infos:
        return []
    split = next(each["split"] for each in counts if each["corpus"] == BIORED_DIRECTION.name)
    code = EXAMPLE.format(folder=folder, config=BIORED_DIRECTION.pairs_name, split=split)
    return ["## Example: who acts, gene or disease?\n", f"```python\n{code}```\n"]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; columns of numbers are aligned to the right."""
    are_numbers = (all(row[column].replace(",", "").isdigit() for row in rows) for column in range(len(header)))
    rule = ["---:" if is_number else "---" for is_number in are_numbers]
    return "\n".join("| " + " | ".join(line) + " |" for line in (header, rule, *rows)) + "\n"
