"""DrugProt and EU-ADR as BioC XML: chemicals and genes that are linked to no concept, related within a sentence.

Their "identifier" is the mention's own text in lower case. Here the text identifier takes its place, so that mentions
of equal text and type are one entity.

DrugProt's relations go from a chemical (head) to a gene or protein (tail). What becomes of its 13 types, and why:

| type | becomes | subject | why |
|---|---|---|---|
| INHIBITOR | Negative_Correlation | head | the chemical lowers the activity of the protein |
| ANTAGONIST | Negative_Correlation | head | it keeps the receptor from being activated |
| INDIRECT-DOWNREGULATOR | Negative_Correlation | head | it lowers expression or activity, by whatever path |
| AGONIST-INHIBITOR | Negative_Correlation | head | it binds as an agonist does, and the effect is a lower activity |
| ACTIVATOR | Positive_Correlation | head | it raises the activity of the protein |
| AGONIST | Positive_Correlation | head | it activates the receptor |
| AGONIST-ACTIVATOR | Positive_Correlation | head | both |
| INDIRECT-UPREGULATOR | Positive_Correlation | head | it raises expression or activity, by whatever path |
| DIRECT-REGULATOR | Bind | head | it acts on the protein by contact, with no sign said; see below |
| SUBSTRATE | Association | tail | the enzyme or carrier acts on the chemical; no sign said |
| PRODUCT-OF | Association | tail | the enzyme makes the chemical; how much of it there is, is not said |
| SUBSTRATE_PRODUCT-OF | Association | tail | the enzyme does both |
| PART-OF | Association | none | a residue or group of the protein: structure, not influence |

Of the 21 Bind between chemical and gene in BioRED's train and dev splits, 14 have the chemical as subject.

EU-ADR's one type here, DRUG-TARGET, becomes Association with the drug as subject: a drug acts on its target, but
whether it raises or lowers it is not said.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document, Passage, text_identifier
from biodir.errors_biodir import STRICT, ErrorPolicy
from biodir.formats.bioc_documents import all_annotations, annotations_of_passage, to_document
from biodir.formats.bioc_files import read_bioc
from biodir.labels_biodir import CHEMICAL, GENE

from .corpus import HEAD, TAIL, Corpus, RelationRule

logger = logging.getLogger(__name__)

NEGATIVE, POSITIVE = "Negative_Correlation", "Positive_Correlation"
BIND, ASSOCIATION = "Bind", "Association"
RELATION_LABELS = ("None", ASSOCIATION, BIND, NEGATIVE, POSITIVE)
# GENE-Y can be normalized to a database record, GENE-N cannot: families and domains, which BioRED counts as genes, too.
ENTITY_TYPES = {"CHEMICAL": CHEMICAL, "GENE-Y": GENE, "GENE-N": GENE, "GENE": GENE}
DRUGPROT_RULES = {
    "INHIBITOR": RelationRule(NEGATIVE, HEAD, "lowers activity"),
    "ANTAGONIST": RelationRule(NEGATIVE, HEAD, "blocks activation"),
    "INDIRECT-DOWNREGULATOR": RelationRule(NEGATIVE, HEAD, "lowers expression or activity"),
    "AGONIST-INHIBITOR": RelationRule(NEGATIVE, HEAD, "binds as an agonist, lowers activity"),
    "ACTIVATOR": RelationRule(POSITIVE, HEAD, "raises activity"),
    "AGONIST": RelationRule(POSITIVE, HEAD, "activates the receptor"),
    "AGONIST-ACTIVATOR": RelationRule(POSITIVE, HEAD, "activates the receptor"),
    "INDIRECT-UPREGULATOR": RelationRule(POSITIVE, HEAD, "raises expression or activity"),
    "DIRECT-REGULATOR": RelationRule(BIND, HEAD, "acts by contact, sign not said"),
    "SUBSTRATE": RelationRule(ASSOCIATION, TAIL, "the enzyme acts on the chemical"),
    "PRODUCT-OF": RelationRule(ASSOCIATION, TAIL, "the enzyme makes the chemical"),
    "SUBSTRATE_PRODUCT-OF": RelationRule(ASSOCIATION, TAIL, "the enzyme acts on and makes the chemical"),
    "PART-OF": RelationRule(ASSOCIATION, None, "structure, not influence"),
}


def read_chemical_gene(path: str | Path, policy: ErrorPolicy = STRICT) -> Iterator[Document]:
    """The documents of DrugProt or EU-ADR, their mentions linked by text, title and abstract as passages."""
    return read_bioc(path, policy, _linked_by_text)


def _linked_by_text(bioc_document: Any, place: str) -> Document:
    title_end = _title_end(bioc_document)
    for passage in bioc_document.passages:
        if isinstance(passage.text, str):
            passage.text = passage.text.replace("\t", " ")  # PubTator has no tabs in texts
    _complete_texts(bioc_document, place)
    kinds_of_text: dict[str, set[str]] = {}
    for annotation in all_annotations(bioc_document):
        kinds_of_text.setdefault(text_identifier(str(annotation.text)), set()).add(_kind(annotation))
    for annotation in all_annotations(bioc_document):
        identifier = text_identifier(str(annotation.text))
        # A name of a chemical and of a gene: relations name identifiers alone, so the two entities need two.
        suffix = f" ({_kind(annotation)})" if len(kinds_of_text[identifier]) > 1 else ""
        annotation.infons = {**annotation.infons, "identifier": identifier + suffix}
    document = to_document(bioc_document, place)
    if title_end is None:
        return document
    end = len(document.text)
    return replace(document, passages=(Passage(0, title_end, "title"), Passage(title_end + 1, end, "abstract")))


def _kind(annotation: Any) -> str:
    entity_type = annotation.infons.get("type")
    return ENTITY_TYPES.get(entity_type, str(entity_type))


def _title_end(bioc_document: Any) -> int | None:
    """Where the tab between title and abstract stands, if the text is one passage that has one."""
    passages = bioc_document.passages
    if len(passages) != 1 or passages[0].offset != 0 or "\t" not in str(passages[0].text):
        return None
    return passages[0].text.index("\t")


def _complete_texts(bioc_document: Any, place: str) -> None:
    """Mends annotations whose text leaves words inside the span out, as three of EU-ADR do, and says so."""
    for passage in bioc_document.passages:
        for annotation in annotations_of_passage(passage):
            if len(annotation.locations) != 1 or not annotation.text:
                continue
            start = annotation.locations[0].offset - passage.offset
            found = str(passage.text)[max(0, start) : max(0, start) + annotation.locations[0].length]
            if found != annotation.text and _is_abridged(annotation.text, found):
                logger.warning("%s: mention %r stands for the span %r", place, annotation.text, found)
                annotation.text = found


def _is_abridged(short: str, full: str) -> bool:
    """Whether `short` is `full` with some words in the middle left out; commas behind words do not count."""
    kept, words = ([word.rstrip(",") for word in text.split()] for text in (short, full))
    rest = iter(words)
    return words[:1] == kept[:1] and words[-1:] == kept[-1:] and all(word in rest for word in kept)


DRUGPROT = Corpus(
    name="drugprot",
    title="DrugProt",
    read=read_chemical_gene,
    entity_types=ENTITY_TYPES,
    relation_rules=DRUGPROT_RULES,
    relation_labels=RELATION_LABELS,
    merges_pairs=True,
    ids_are_pmids=True,
    licence="CC-BY 4.0",
    address="https://zenodo.org/records/4955411",
    note="Relations stand within a sentence and join chemicals with genes; other pairs are not annotated. No novelty.",
)
EU_ADR = Corpus(
    name="euadr",
    title="EU-ADR (drug-target)",
    read=read_chemical_gene,
    entity_types=ENTITY_TYPES,
    relation_rules={"DRUG-TARGET": RelationRule(ASSOCIATION, HEAD, "the drug acts on its target, sign not said")},
    relation_labels=("None", ASSOCIATION),
    merges_pairs=True,
    ids_are_pmids=True,
    licence="not stated in the file; ask the authors",
    address="https://doi.org/10.1016/j.jbi.2012.04.004",
    note="Small; relations stand within a sentence. No novelty.",
)
