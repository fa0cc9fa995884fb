"""Corpora of other projects as documents with biodir's types: CORPORA and `import_corpus`."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from biodir.document_biodir import Document, Mention, Relation
from biodir.errors_biodir import STRICT, AnnotationError, ErrorPolicy, SettingError

from .bc5cdr import BC5CDR
from .chemical_gene import DRUGPROT, EU_ADR
from .corpus import HEAD, TAIL, Corpus, RelationRule
from .redocred import RE_DOCRED

__all__ = ["CORPORA", "Corpus", "ImportCounts", "ImportResult", "RelationRule", "corpus_named", "import_corpus"]

CORPORA: Mapping[str, Corpus] = {corpus.name: corpus for corpus in (BC5CDR, DRUGPROT, EU_ADR, RE_DOCRED)}

# Of two types that fall on one pair the stronger stays: these say less than any other, the weakest first.
WEAK_TYPES = ("Association", "Bind")
# Where a pair has both, it keeps neither: BioRED's type for what has no clear sign takes their place.
OPPOSITE_TYPES = frozenset(("Negative_Correlation", "Positive_Correlation"))


@dataclass(frozen=True)
class ImportCounts:
    """What an import did. Every document and relation that was read is in one of these.

    ``documents_read == documents + len(excluded) + len(repeated)``, and of these documents
    ``relation_types.total() == relations + merged``; `dropped` holds the others.

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

    documents_read: int
    documents: int
    skipped: tuple[str, ...]
    excluded: tuple[str, ...]
    repeated: tuple[str, ...]
    mention_types: Counter[tuple[str, str]]
    relation_types: Counter[tuple[str, str]]
    relations: int
    merged: int
    dropped: Counter[tuple[str, str]]
    contradictions: tuple[str, ...]


@dataclass(frozen=True)
class ImportResult:
    """The documents with biodir's types, and the counts."""

    corpus: Corpus
    documents: tuple[Document, ...]
    counts: ImportCounts


def corpus_named(name: str) -> Corpus:
    """The corpus of CORPORA with this name.

    Raises:
        SettingError: there is none.
    """
    if name not in CORPORA:
        raise SettingError(f"no corpus is called {name!r}; known are {', '.join(CORPORA)}")
    return CORPORA[name]


def import_corpus(
    name: str,
    paths: Sequence[str | Path],
    exclude_ids: Collection[str] = (),
    policy: ErrorPolicy = STRICT,
) -> ImportResult:
    """The documents of a corpus, with the types that CORPORA gives its own.

    Args:
        name: a key of CORPORA.
        paths: files of the corpus.
        exclude_ids: documents to leave out, such as those of `exclusion.exclusions_in`.
        policy: whether a document that cannot be read is an error or is left out.

    Raises:
        SettingError: there is no such corpus.
        AnnotationError: a type that the corpus is not known to have.
        BioDirError: a file or document cannot be read.
    """
    corpus = corpus_named(name)
    read = [(path, document) for path in paths for document in corpus.read(path, policy)]
    excluded = frozenset(exclude_ids)
    first: dict[str, tuple[str | Path, Document]] = {}
    for path, document in read:
        if document.id not in excluded:
            first.setdefault(document.id, (path, document))
    translated = [_translated(document, corpus, f"{path}: document {document.id}") for path, document in first.values()]
    counts = _counts([document.id for _, document in read], excluded, translated, list(map(str, policy.skipped)))
    return ImportResult(corpus, tuple(each.document for each in translated), counts)


@dataclass(frozen=True)
class TranslatedDocument:
    """A document with biodir's types, and what became of its own; the counts are those of ImportCounts."""

    document: Document
    mention_types: Counter[tuple[str, str]]
    relation_types: Counter[tuple[str, str]]
    merged: int
    dropped: Counter[tuple[str, str]]
    contradictions: tuple[str, ...]


def _translated(document: Document, corpus: Corpus, place: str) -> TranslatedDocument:
    mentions = tuple(_renamed(mention, corpus, place) for mention in document.mentions)
    rules = [(relation, _rule(relation, corpus, place)) for relation in document.relations]
    dropped = Counter((relation.relation_type, _drop_reason(relation, rule)) for relation, rule in rules)
    ruled = [(relation, rule) for relation, rule in rules if _drop_reason(relation, rule) is None]
    relations = [_ruled(relation, rule) for relation, rule in ruled]
    groups = _pairs(relations) if corpus.merges_pairs else [[relation] for relation in relations]
    merged = tuple(_joined(group) for group in groups)
    return TranslatedDocument(
        document=replace(document, mentions=mentions, relations=merged, subject_lines=()),
        mention_types=Counter(
            (old.entity_type, new.entity_type) for old, new in zip(document.mentions, mentions, strict=True)
        ),
        relation_types=Counter((relation.relation_type, rule.relation_type) for relation, rule in ruled),
        merged=len(relations) - len(merged),
        dropped=Counter({key: count for key, count in dropped.items() if key[1] is not None}),
        contradictions=tuple(f"{place}: {_shown(group)}" for group in groups if set(_types(group)) >= OPPOSITE_TYPES),
    )


def _counts(
    ids: Sequence[str],
    excluded: Collection[str],
    translated: Sequence[TranslatedDocument],
    skipped: Sequence[str],
) -> ImportCounts:
    admitted = [document_id for document_id in ids if document_id not in excluded]
    return ImportCounts(
        documents_read=len(ids),
        documents=len(translated),
        skipped=tuple(skipped),
        excluded=tuple(document_id for document_id in ids if document_id in excluded),
        repeated=tuple((Counter(admitted) - Counter(set(admitted))).elements()),
        mention_types=_total(each.mention_types for each in translated),
        relation_types=_total(each.relation_types for each in translated),
        relations=sum(len(each.document.relations) for each in translated),
        merged=sum(each.merged for each in translated),
        dropped=_total(each.dropped for each in translated),
        contradictions=tuple(pair for each in translated for pair in each.contradictions),
    )


def _total(counters: Iterable[Counter[tuple[str, str]]]) -> Counter[tuple[str, str]]:
    total: Counter[tuple[str, str]] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _renamed(mention: Mention, corpus: Corpus, place: str) -> Mention:
    entity_type = corpus.entity_types.get(mention.entity_type)
    if entity_type is None:
        raise AnnotationError(
            f"{place}: mention {mention.text!r} has type {mention.entity_type!r}, none of "
            f"{', '.join(corpus.entity_types)}; is this a file of {corpus.title}?"
        )
    return replace(mention, entity_type=entity_type)


def _rule(relation: Relation, corpus: Corpus, place: str) -> RelationRule:
    rule = corpus.relation_rules.get(relation.relation_type)
    if rule is None:
        raise AnnotationError(
            f"{place}: relation type {relation.relation_type!r} is none of {', '.join(corpus.relation_rules)}; "
            f"is this a file of {corpus.title}?"
        )
    return rule


def _drop_reason(relation: Relation, rule: RelationRule) -> str | None:
    """Why the relation is left out, or None where it stays."""
    if relation.entity1_id == relation.entity2_id:
        return "both arguments are one entity"
    return rule.reason if rule.relation_type is None else None


def _ruled(relation: Relation, rule: RelationRule) -> Relation:
    """The relation with the type and subject that the rule gives it."""
    head = relation.subject_id or relation.entity1_id
    tail = relation.entity1_id if head == relation.entity2_id else relation.entity2_id
    subject_id = {HEAD: head, TAIL: tail, None: None}[rule.subject]
    return replace(relation, relation_type=rule.relation_type, subject_id=subject_id)


def _pairs(relations: Sequence[Relation]) -> list[list[Relation]]:
    """The relations of each pair, in the order of the first."""
    of_pairs: dict[frozenset[str], list[Relation]] = {}
    for relation in relations:
        of_pairs.setdefault(relation.pair, []).append(relation)
    return list(of_pairs.values())


def _joined(relations: Sequence[Relation]) -> Relation:
    """The relation of a pair: the strongest type, without direction where relations of this type differ in it."""
    types = _types(relations)
    if set(types) >= OPPOSITE_TYPES:
        strongest, deciding = WEAK_TYPES[0], [each for each in relations if each.relation_type in OPPOSITE_TYPES]
    else:
        strongest = max(types, key=_strength)
        deciding = [relation for relation in relations if relation.relation_type == strongest]
    subjects = {relation.subject_id for relation in deciding}
    return replace(deciding[0], relation_type=strongest, subject_id=subjects.pop() if len(subjects) == 1 else None)


def _types(relations: Sequence[Relation]) -> list[str]:
    return list(dict.fromkeys(relation.relation_type for relation in relations))


def _shown(relations: Sequence[Relation]) -> str:
    """The pair and its types, for people."""
    return f"{relations[0].entity1_id} - {relations[0].entity2_id}: {', '.join(_types(relations))}"


def _strength(relation_type: str) -> int:
    return WEAK_TYPES.index(relation_type) if relation_type in WEAK_TYPES else len(WEAK_TYPES)
