"""The corpora that are exported: addresses, checksums, labels, and the counts that were published of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from biodir.errors_biodir import BioDirError
from biodir.labels_biodir import DIRECTION_LABELS, NOVELTY_LABELS, RELATION_LABELS


class SourceError(BioDirError):
    """A corpus that is not there, cannot be fetched, or is not the published file.

    >>> from biodir.dataset_script.files import found_files
    >>> try:
    ...     found_files(BC5CDR, "absent")
    ... except SourceError as error:
    ...     print(error)
    absent: there is no such folder or archive; check the path
    """


# File -> SHA-256 of the published one; those of bc8_test and of BC5CDR's test split are not known.
CHECKSUMS = {
    "bioredirect_train.pubtator": "fb54b6404de683858473f414ab3911118ea1e667be11690b69047e34fc89ede0",
    "bioredirect_dev.pubtator": "eea080a73e801baf990bdc2b0800759a86408b27a5d0d1bdbf0a9342391c5b9f",
    "bioredirect_test.pubtator": "cdb51c91cce5d849d863c550f7a7e253e04aad72b5a1757f1b6979a4b7b3399c",
    "CDR_TrainingSet.PubTator.txt": "7afcec134e3d4871e74b0398d92850d3c9ac94c0bdc780003f2d60184c012bd8",
    "CDR_DevelopmentSet.PubTator.txt": "9e18d8e700168887a7919e62f67ac2ce2357e3f409a48ee992906abdd80fe3e5",
}


@dataclass(frozen=True)
class Source:
    """A corpus: its files, its official archive, its labels, and its description for the data set card.

    `folder` holds the files in a data folder and in the archive. `splits` are split -> PubTator file. `labels` are task
    -> labels, that of an unrelated pair first; a task that the corpus does not annotate is left out.

    >>> BC5CDR.archive, BC5CDR.pairs_name, BC5CDR.labels["relation"]
    ('CDR_Data.zip', 'bc5cdr_pairs', ('None', 'CID'))
    """

    name: str
    title: str
    short_title: str
    folder: str
    address: str
    splits: Mapping[str, str]
    labels: Mapping[str, Sequence[str]]
    description: str
    homepage: str
    licence: str
    citation: str

    @property
    def archive(self) -> str:
        """The file name of the archive."""
        return self.address.rpartition("/")[2]

    @property
    def pairs_name(self) -> str:
        """The name of the configuration with one row for each candidate pair."""
        return f"{self.name}_pairs"


@dataclass(frozen=True)
class PublishedCount:
    """A published number; over several splits it is their sum.

    With `shared_splits` it is the number of documents that splits of two corpora have in common.

    >>> PUBLISHED_COUNTS[0].splits, PUBLISHED_COUNTS[0].count, PUBLISHED_COUNTS[0].value
    (('train',), 'documents', 400)
    """

    source: str
    splits: tuple[str, ...]
    count: str
    value: int
    shared_source: str = ""
    shared_splits: tuple[str, ...] = ()


_PUBLIC_DOMAIN = (
    "The readme carries the public-domain notice of NCBI: a United States Government work, no restriction on use or "
    "reproduction, no warranty, and the request to cite the authors."
)

# The addresses are those of the official pages.
BIORED_DIRECTION = Source(
    name="biored_direction",
    title="BioRED with directions (BioREDirect)",
    short_title="BioRED with directions",
    folder="bioredirect",
    address="https://ftp.ncbi.nlm.nih.gov/pub/lu/BioREDirect/datasets.zip",
    splits={
        "train": "bioredirect_train.pubtator",
        "validation": "bioredirect_dev.pubtator",
        "test": "bioredirect_test.pubtator",
        "bc8_test": "bioredirect_bc8_test.pubtator",
    },
    labels={"relation": RELATION_LABELS, "novelty": NOVELTY_LABELS, "direction": DIRECTION_LABELS},
    description="PubMed abstracts with genes, diseases, chemicals, variants, species and cell lines, and the relations "
    "between them over the complete abstract: a type, whether the abstract claims it as new, and which entity acts.",
    homepage="https://github.com/ncbi-nlp/BioREDirect",
    licence=f"{_PUBLIC_DOMAIN} This is the notice of BioRED; for the layer of directions no separate text was found.",
    citation="""\
@article{lai2025bioredirect,
  title = {Enhancing biomedical relation extraction with directionality},
  author = {Lai, Po-Ting and Wei, Chih-Hsuan and Tian, Shubo and Leaman, Robert and Lu, Zhiyong},
  journal = {Bioinformatics}, volume = {41}, number = {Supplement 1}, year = {2025},
  doi = {10.1093/bioinformatics/btaf226}
}
@article{luo2022biored,
  title = {BioRED: a rich biomedical relation extraction dataset},
  author = {Luo, Ling and Lai, Po-Ting and Wei, Chih-Hsuan and Arighi, Cecilia N and Lu, Zhiyong},
  journal = {Briefings in Bioinformatics}, year = {2022}, doi = {10.1093/bib/bbac282}
}""",
)
BC5CDR = Source(
    name="bc5cdr",
    title="BioCreative V chemical-disease relations (BC5CDR)",
    short_title="BC5CDR",
    folder="bc5cdr",
    address="https://biocreative.bioinformatics.udel.edu/media/store/files/2016/CDR_Data.zip",
    splits={
        "train": "CDR_TrainingSet.PubTator.txt",
        "validation": "CDR_DevelopmentSet.PubTator.txt",
        "test": "CDR_TestSet.PubTator.txt",
    },
    labels={"relation": ("None", "CID")},
    description="PubMed abstracts with chemicals and diseases, and the pairs of which the chemical induces the disease "
    "(CID). Neither novelty nor direction is annotated: that the chemical acts is part of what CID means.",
    homepage="https://biocreative.bioinformatics.udel.edu/tasks/biocreative-v/track-3-cdr/",
    licence=_PUBLIC_DOMAIN,
    citation="""\
@article{li2016bc5cdr,
  title = {{BioCreative V CDR} task corpus: a resource for chemical disease relation extraction},
  author = {Li, Jiao and Sun, Yueping and Johnson, Robin J and Sciaky, Daniela and Wei, Chih-Hsuan and Leaman, Robert
    and Davis, Allan Peter and Mattingly, Carolyn J and Wiegers, Thomas C and Lu, Zhiyong},
  journal = {Database}, year = {2016}, doi = {10.1093/database/baw068}
}""",
)
SOURCES = (BIORED_DIRECTION, BC5CDR)


def _published(source: str, splits: str, **counts: int) -> tuple[PublishedCount, ...]:
    names = tuple(splits.split("+"))
    return tuple(PublishedCount(source, names, count.replace("_", " ", 1), value) for count, value in counts.items())


def _shared(source1: str, splits1: str, source2: str, splits2: str, value: int) -> PublishedCount:
    names1, names2 = tuple(splits1.split("+")), tuple(splits2.split("+"))
    count = f"documents that are in {source2} {' + '.join(names2)} as well"
    return PublishedCount(source1, names1, count, value, shared_source=source2, shared_splits=names2)


_BIORED, _CDR = BIORED_DIRECTION.name, BC5CDR.name
# The names of the counts are those of `check.counts_of`.
PUBLISHED_COUNTS = (
    *_published(_BIORED, "train", documents=400, mentions=13351, relations=4177, subject_lines=3703),
    *_published(_BIORED, "validation", documents=100, mentions=3533, relations=1162, subject_lines=1095),
    *_published(_BIORED, "test", documents=100, mentions=3535, relations=1163, subject_lines=1045),
    *_published(_BIORED, "test", undirected_relations=118, unlinked_mentions=12),
    *_published(_BIORED, "train+validation", relations=5339, undirected_relations=541, unlinked_mentions=51),
    *_published(
        _BIORED,
        "train+validation",
        relations_Association=2751,
        relations_Positive_Correlation=1441,
        relations_Negative_Correlation=979,
        relations_Bind=80,
        relations_Cotreatment=41,
        relations_Comparison=33,
        relations_Drug_Interaction=11,
        relations_Conversion=3,
    ),
    *_published(_BIORED, "bc8_test", documents=400, mentions=15404, relations=6036, subject_lines=5021),
    *_published(_BIORED, "bc8_test", mentions_Organism=4),
    # Mentions by type: the table of corpus statistics in the article on BC5CDR.
    *_published(_CDR, "train", documents=500, mentions_Chemical=5203, mentions_Disease=4182, relations_CID=1038),
    *_published(_CDR, "validation", documents=500, mentions_Chemical=5347, mentions_Disease=4244, relations_CID=1012),
    *_published(_CDR, "test", documents=500, mentions=9809, relations_CID=1066),
    _shared(_BIORED, "train", _BIORED, "validation", 0),
    _shared(_BIORED, "train+validation", _BIORED, "test", 0),
    _shared(_BIORED, "train+validation+test", _BIORED, "bc8_test", 0),
    _shared(_CDR, "train+validation", _BIORED, "train+validation", 101),
    _shared(_CDR, "train+validation", _BIORED, "test", 21),
)
