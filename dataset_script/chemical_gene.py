"""DrugProt and EU-ADR as BioC XML: chemicals and genes that are linked to no concept, related within a sentence.

Their "identifier" is the mention's own text in lower case. It is replaced by the text identifier, so that mentions of
equal text and type are one entity.

DrugProt's relations go from a chemical (head) to a gene or protein (tail); DRUGPROT_RULES gives the reason for each
type. Of the 21 Bind between chemical and gene in BioRED's train and dev splits, 14 have the chemical as subject.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from biodir.document_bioc_biodir import all_annotations, annotations_of_passage, to_document
from biodir.document_biodir import Document, Passage, text_identifier
from biodir.errors_biodir import STRICT, ErrorPolicy, ParseError
from biodir.files import input_name, open_input
from biodir.formats.bioc_xml import parse_bioc_xml
from biodir.labels_biodir import CHEMICAL, GENE

from .corpus import HEAD, TAIL, Corpus, RelationRule

logger = logging.getLogger(__name__)

NEGATIVE, POSITIVE = "Negative_Correlation", "Positive_Correlation"
BIND, ASSOCIATION = "Bind", "Association"
# GENE-Y can be normalized to a database record, GENE-N cannot: families and domains, which BioRED counts as genes, too.
ENTITY_TYPES = {"CHEMICAL": CHEMICAL, "GENE-Y": GENE, "GENE-N": GENE, "GENE": GENE}
DRUGPROT_RULES = {
    "INHIBITOR": RelationRule(NEGATIVE, HEAD),  # the chemical lowers the activity of the protein
    "ANTAGONIST": RelationRule(NEGATIVE, HEAD),  # it keeps the receptor from being activated
    "INDIRECT-DOWNREGULATOR": RelationRule(NEGATIVE, HEAD),  # it lowers expression or activity, by whatever path
    "AGONIST-INHIBITOR": RelationRule(NEGATIVE, HEAD),  # it binds as an agonist does, and the activity is lower
    "ACTIVATOR": RelationRule(POSITIVE, HEAD),  # it raises the activity of the protein
    "AGONIST": RelationRule(POSITIVE, HEAD),  # it activates the receptor
    "AGONIST-ACTIVATOR": RelationRule(POSITIVE, HEAD),  # both
    "INDIRECT-UPREGULATOR": RelationRule(POSITIVE, HEAD),  # it raises expression or activity, by whatever path
    "DIRECT-REGULATOR": RelationRule(BIND, HEAD),  # it acts on the protein by contact; the sign is not annotated
    "SUBSTRATE": RelationRule(ASSOCIATION, TAIL),  # the enzyme or carrier acts on the chemical, without a sign
    "PRODUCT-OF": RelationRule(ASSOCIATION, TAIL),  # the enzyme makes the chemical; its amount is not annotated
    "SUBSTRATE_PRODUCT-OF": RelationRule(ASSOCIATION, TAIL),  # the enzyme does both
    "PART-OF": RelationRule(ASSOCIATION, None),  # a residue or group of the protein: structure, not influence
}
# The first line of a table, such as DrugProt's own files of abstracts, entities and relations: a PMID and a tab.
_TABLE_START = re.compile(rb"(\xef\xbb\xbf)?\d+\t")


def read_chemical_gene(path: str | Path, policy: ErrorPolicy = STRICT) -> Iterator[Document]:
    """Yield the documents of DrugProt or EU-ADR, with mentions linked by text and with passages.

    Raises:
        ParseError: the file cannot be opened or is not BioC XML.
        AnnotationError: an annotation or relation contradicts its document.
        SettingError: the library bioc is not installed.
    """
    with open_input(path) as file:
        if _TABLE_START.match(file.peek()):
            raise ParseError(
                f"{input_name(path)}: is a table (TSV), as the authors of DrugProt publish it; only BioC XML is read, "
                "so convert the corpus to it"
            )
        yield from parse_bioc_xml(file, input_name(path), policy, _linked_by_text)


def _linked_by_text(bioc_document: Any, place: str, policy: ErrorPolicy) -> Document:
    passages = bioc_document.passages
    is_divided = len(passages) == 1 and passages[0].offset == 0 and "\t" in str(passages[0].text)
    title_end = passages[0].text.index("\t") if is_divided else None  # a tab divides title and abstract
    for passage in passages:
        if isinstance(passage.text, str):
            passage.text = passage.text.replace("\t", " ")  # PubTator has no tabs in texts
    _complete_texts(bioc_document, place)
    kinds_of_text: dict[str, set[str]] = {}
    for annotation in all_annotations(bioc_document):
        kinds_of_text.setdefault(text_identifier(str(annotation.text)), set()).add(_kind(annotation))
    for annotation in all_annotations(bioc_document):
        identifier = text_identifier(str(annotation.text))
        # A name of a chemical and of a gene: relations know only identifiers, so the two entities need two.
        suffix = f" ({_kind(annotation)})" if len(kinds_of_text[identifier]) > 1 else ""
        annotation.infons = {**annotation.infons, "identifier": identifier + suffix}
    document = to_document(bioc_document, place, policy)
    if title_end is None:
        return document
    end = len(document.text)
    return replace(document, passages=(Passage(0, title_end, "title"), Passage(title_end + 1, end, "abstract")))


def _kind(annotation: Any) -> str:
    entity_type = annotation.infons.get("type")
    return ENTITY_TYPES.get(entity_type, str(entity_type))


def _complete_texts(bioc_document: Any, place: str) -> None:
    """Complete annotations whose text leaves out words inside the span, as three of EU-ADR do, and log it."""
    for passage in bioc_document.passages:
        for annotation in annotations_of_passage(passage):
            if len(annotation.locations) != 1 or not annotation.text:
                continue
            start = annotation.locations[0].offset - passage.offset
            found = str(passage.text)[max(0, start) : max(0, start) + annotation.locations[0].length]
            if found != annotation.text and _is_abridged(annotation.text, found):
                logger.warning("%s: mention %r becomes the text of its span, %r", place, annotation.text, found)
                annotation.text = found


def _is_abridged(short: str, full: str) -> bool:
    """Return whether `short` is `full` with some words in the middle left out; commas after words do not count."""
    kept, words = ([word.rstrip(",") for word in text.split()] for text in (short, full))
    rest = iter(words)
    return words[:1] == kept[:1] and words[-1:] == kept[-1:] and all(word in rest for word in kept)


DRUGPROT = Corpus(
    name="drugprot",
    title="DrugProt",
    read=read_chemical_gene,
    entity_types=ENTITY_TYPES,
    relation_rules=DRUGPROT_RULES,
    merges_pairs=True,
    ids_are_pmids=True,
    licence="CC-BY 4.0",
    address="https://zenodo.org/records/4955411",
    note="Relations are within a sentence and join chemicals with genes; other pairs are not annotated. No novelty. "
    "BioC XML is read; DrugProt's own tables (TSV) are not. "
    "The file drugprot_dev350 holds 350 documents of the official training set, not of the development set.",
)
EU_ADR = Corpus(
    name="euadr",
    title="EU-ADR (drug-target)",
    read=read_chemical_gene,
    entity_types=ENTITY_TYPES,
    relation_rules={"DRUG-TARGET": RelationRule(ASSOCIATION, HEAD)},  # a drug acts on its target, without a sign
    merges_pairs=True,
    ids_are_pmids=True,
    licence="not stated in the file; ask the authors",
    address="https://doi.org/10.1016/j.jbi.2012.04.004",
    note="Small; relations are within a sentence. No novelty.",
)
