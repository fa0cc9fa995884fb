"""What a corpus must say of itself so that it can be imported: Corpus and RelationRule."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from biodir.document_biodir import Document

HEAD, TAIL = "head", "tail"


@dataclass(frozen=True)
class RelationRule:
    """What becomes of a relation type of a corpus.

    Args:
        relation_type: the type that it becomes; None leaves relations of this type out.
        subject: HEAD or TAIL for the argument that becomes the subject, None for a relation without direction. The head
            is the subject of the corpus's own relation, or where it has none the first argument.
        reason: why, in a few words; for people.
    """

    relation_type: str | None
    subject: str | None
    reason: str


@dataclass(frozen=True)
class Corpus:
    """A corpus that is not in biodir's own form.

    Args:
        name: what the command calls it.
        title: what people call it.
        read: ``read(path, policy)`` gives the documents of a file, with the types of the corpus.
        entity_types: entity type of the corpus -> ours.
        relation_rules: relation type of the corpus -> what becomes of it.
        relation_labels: the labels that the imported relations can have, that of an unrelated pair first.
        merges_pairs: whether a pair keeps one relation. BioRED's pairs have one; those of Re-DocRED several.
        ids_are_pmids: whether the documents are abstracts of PubMed, so that BioRED can hold them as well.
        licence: of the annotations.
        address: where the corpus or the publication of it is found.
        note: what a user should know before training on it.
    """

    name: str
    title: str
    read: Callable[..., Iterator[Document]]
    entity_types: Mapping[str, str]
    relation_rules: Mapping[str, RelationRule]
    relation_labels: tuple[str, ...]
    merges_pairs: bool
    ids_are_pmids: bool
    licence: str
    address: str
    note: str
