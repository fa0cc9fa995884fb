"""Corpora of other projects as documents with biodir's types: CORPORA and `import_corpus`."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from biodir.document_biodir import Document, Mention, Relation
from biodir.errors_biodir import AnnotationError, BioDirError, SettingError

from .bc5cdr import BC5CDR
from .chemical_gene import DRUGPROT, EU_ADR
from .corpus import HEAD, TAIL, Corpus, RelationRule
from .redocred import RE_DOCRED

__all__ = ["CORPORA", "Corpus", "ImportCounts", "ImportResult", "RelationRule", "import_corpus"]

CORPORA: Mapping[str, Corpus] = {corpus.name: corpus for corpus in (BC5CDR, DRUGPROT, EU_ADR, RE_DOCRED)}

# Of two types that fall on one pair the stronger stays: these say less than any other, the weakest first.
WEAK_TYPES = ("Association", "Bind")
# Where a pair has both, it keeps neither: BioRED's type for what has no clear sign takes their place.
OPPOSITE_TYPES = frozenset(("Negative_Correlation", "Positive_Correlation"))


@dataclass
class ImportCounts:
    """What an import did. Every document and relation that was read is in one of these.

    ``documents_read == documents + len(excluded) + len(repeated)``, and of these documents
    ``sum(relation_types.values()) == relations + merged``; `dropped` holds the others.

    Args:
        documents_read: those that could be read.
        skipped: the message of each document that could not be read.
        excluded: ids of the documents that were to be excluded.
        repeated: ids of documents that stood in the files once more.
        mention_types, relation_types: type in the corpus and type that it became -> how many.
        relations: how many there are now.
        merged: relations that fell on a pair which had one.
        dropped: type in the corpus and reason -> relations that were left out.
        contradictions: the pairs that had both signs, with document and types.
    """

    documents_read: int = 0
    documents: int = 0
    skipped: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    mention_types: Counter[tuple[str, str]] = field(default_factory=Counter)
    relation_types: Counter[tuple[str, str]] = field(default_factory=Counter)
    relations: int = 0
    merged: int = 0
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    contradictions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ImportResult:
    """The documents with biodir's types, and the counts."""

    corpus: Corpus
    documents: tuple[Document, ...]
    counts: ImportCounts


def import_corpus(
    name: str,
    paths: Sequence[str | Path],
    exclude_ids: Collection[str] = (),
    errors: str = "raise",
    on_skip: Callable[[BioDirError], None] | None = None,
) -> ImportResult:
    """The documents of a corpus, with the types that CORPORA gives its own.

    Args:
        name: a key of CORPORA.
        paths: files of the corpus.
        exclude_ids: documents to leave out, such as those of a test split.
        errors: "raise", or "skip" to leave out documents that cannot be read.
        on_skip: called with the error of each document that is left out.

    Raises:
        SettingError: there is no such corpus.
        AnnotationError: a type that the corpus is not known to have.
        BioDirError: a file or document cannot be read.
    """
    if name not in CORPORA:
        raise SettingError(f"no corpus is called {name!r}; known are {', '.join(CORPORA)}")
    corpus, counts = CORPORA[name], ImportCounts()

    def skip(error: BioDirError) -> None:
        counts.skipped.append(str(error))
        if on_skip is not None:
            on_skip(error)

    kept = _kept(corpus, paths, errors, skip, frozenset(exclude_ids), counts)
    return ImportResult(corpus, tuple(kept), counts)


def _kept(
    corpus: Corpus,
    paths: Sequence[str | Path],
    errors: str,
    skip: Callable[[BioDirError], None],
    exclude_ids: Collection[str],
    counts: ImportCounts,
) -> Iterator[Document]:
    seen: set[str] = set()
    for path in paths:
        for document in corpus.read(path, errors=errors, on_skip=skip):
            counts.documents_read += 1
            if document.id in exclude_ids:
                counts.excluded.append(document.id)
            elif document.id in seen:
                counts.repeated.append(document.id)
            else:
                seen.add(document.id)
                counts.documents += 1
                yield _translated(document, corpus, counts, f"{path}: document {document.id}")


def _translated(document: Document, corpus: Corpus, counts: ImportCounts, place: str) -> Document:
    mentions = tuple(_renamed(mention, corpus, counts, place) for mention in document.mentions)
    relations = list(_ruled(document.relations, corpus, counts, place))
    if corpus.merges_pairs:
        merged = _merged(relations, counts, place)
        counts.merged += len(relations) - len(merged)
        relations = merged
    counts.relations += len(relations)
    return replace(document, mentions=mentions, relations=tuple(relations), subject_lines=())


def _renamed(mention: Mention, corpus: Corpus, counts: ImportCounts, place: str) -> Mention:
    entity_type = corpus.entity_types.get(mention.entity_type)
    if entity_type is None:
        raise AnnotationError(
            f"{place}: mention {mention.text!r} has type {mention.entity_type!r}, none of "
            f"{', '.join(corpus.entity_types)}; is this a file of {corpus.title}?"
        )
    counts.mention_types[mention.entity_type, entity_type] += 1
    return replace(mention, entity_type=entity_type)


def _ruled(relations: Sequence[Relation], corpus: Corpus, counts: ImportCounts, place: str) -> Iterator[Relation]:
    """The relations with the types and subjects that the rules of the corpus give them."""
    for relation in relations:
        rule = corpus.relation_rules.get(relation.relation_type)
        if rule is None:
            raise AnnotationError(
                f"{place}: relation type {relation.relation_type!r} is none of {', '.join(corpus.relation_rules)}; "
                f"is this a file of {corpus.title}?"
            )
        reason = rule.reason if rule.relation_type is None else None
        if relation.entity1_id == relation.entity2_id:
            reason = "both arguments are one entity"
        if reason is not None:
            counts.dropped[relation.relation_type, reason] += 1
            continue
        counts.relation_types[relation.relation_type, rule.relation_type] += 1
        yield replace(relation, relation_type=rule.relation_type, subject_id=_subject(relation, rule))


def _subject(relation: Relation, rule: RelationRule) -> str | None:
    head = relation.subject_id or relation.entity1_id
    tail = relation.entity1_id if head == relation.entity2_id else relation.entity2_id
    return {HEAD: head, TAIL: tail, None: None}[rule.subject]


def _merged(relations: Sequence[Relation], counts: ImportCounts, place: str) -> list[Relation]:
    """One relation for each pair, in the order of the first."""
    of_pairs: dict[frozenset[str], list[Relation]] = {}
    for relation in relations:
        of_pairs.setdefault(frozenset((relation.entity1_id, relation.entity2_id)), []).append(relation)
    return [_joined(found, counts, place) for found in of_pairs.values()]


def _joined(relations: Sequence[Relation], counts: ImportCounts, place: str) -> Relation:
    """The relation of a pair: the strongest type, without direction where relations of this type differ in it."""
    types = list(dict.fromkeys(relation.relation_type for relation in relations))
    if set(types) >= OPPOSITE_TYPES:
        first = relations[0]
        counts.contradictions.append(f"{place}: {first.entity1_id} - {first.entity2_id}: {', '.join(types)}")
        strongest, deciding = WEAK_TYPES[0], [each for each in relations if each.relation_type in OPPOSITE_TYPES]
    else:
        strongest = max(types, key=_strength)
        deciding = [relation for relation in relations if relation.relation_type == strongest]
    subjects = {relation.subject_id for relation in deciding}
    return replace(deciding[0], relation_type=strongest, subject_id=subjects.pop() if len(subjects) == 1 else None)


def _strength(relation_type: str) -> int:
    return WEAK_TYPES.index(relation_type) if relation_type in WEAK_TYPES else len(WEAK_TYPES)
