"""The description of a corpus that can be imported: Corpus and RelationRule."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from biodir.document_biodir import Document

HEAD, TAIL = "head", "tail"


@dataclass(frozen=True)
class RelationRule:
    """The type and subject that a relation type of a corpus becomes.

    >>> RelationRule("Association", subject=TAIL)  # an enzyme acts on its substrate
    RelationRule(relation_type='Association', subject='tail')

    Args:
        subject: HEAD or TAIL for the argument that becomes the subject, None for a relation without direction. The head
            is the subject of the corpus's own relation, or the first argument if it has none.
    """

    relation_type: str
    subject: str | None


@dataclass(frozen=True)
class Corpus:
    """A corpus of another project.

    >>> from biodir.dataset_script.corpora import CORPORA
    >>> CORPORA["bc5cdr"].relation_rules["CID"]
    RelationRule(relation_type='Positive_Correlation', subject='head')

    Args:
        name: its name on the command line.
        title: its name for people.
        read: ``read(path, policy)`` gives the documents of a file, with the types of the corpus.
        entity_types: entity type of the corpus -> ours.
        relation_rules: relation type of the corpus -> its rule.
        merges_pairs: whether a pair keeps one relation. BioRED's pairs have one; those of Re-DocRED have several.
        ids_are_pmids: whether the documents are abstracts of PubMed, so that BioRED may contain them too.
        licence: of the annotations.
        address: of the corpus or its publication.
        note: what a user should know before training on it.
    """

    name: str
    title: str
    read: Callable[..., Iterator[Document]]
    entity_types: Mapping[str, str]
    relation_rules: Mapping[str, RelationRule]
    merges_pairs: bool
    ids_are_pmids: bool
    licence: str
    address: str
    note: str
