"""Corpora of other projects as documents with biodir's types: CORPORA and `import_corpus`."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from biodir.document_biodir import Document, Relation
from biodir.document_parts_biodir import without_lost
from biodir.errors_biodir import STRICT, AnnotationError, ErrorPolicy, located
from biodir.formats.reading import read_documents
from biodir.labels_biodir import CHEMICAL, DISEASE
from biodir.pipeline_decoding_biodir import relations_of_pairs

from .chemical_gene import DRUGPROT, EU_ADR
from .corpus import HEAD, TAIL, Corpus, RelationRule
from .redocred import RE_DOCRED

T = TypeVar("T")

# CID becomes Positive_Correlation with the chemical as subject, as BioREDirect annotates it: 101 documents of BC5CDR
# are also in its train and dev splits. Of the 163 CID pairs that it relates there, 158 are Positive_Correlation with
# the chemical as subject, 4 Association and 1 Negative_Correlation.
BC5CDR = Corpus(
    name="bc5cdr",
    title="BC5CDR",
    read=read_documents,  # it is published as PubTator and as BioC XML
    entity_types={"Chemical": CHEMICAL, "Disease": DISEASE},
    relation_rules={"CID": RelationRule("Positive_Correlation", HEAD)},
    merges_pairs=True,
    ids_are_pmids=True,
    licence="public domain (United States Government work)",
    address="https://doi.org/10.1093/database/baw068",
    note="Only induced diseases are annotated: a chemical that treats a disease counts as unrelated. Shares documents "
    "with BioRED, also with the splits that models are scored on. No novelty.",
)
CORPORA: Mapping[str, Corpus] = {corpus.name: corpus for corpus in (BC5CDR, DRUGPROT, EU_ADR, RE_DOCRED)}

# Of two types of one pair the stronger stays: these are weaker than all others, the weakest first.
WEAK_TYPES = ("Association", "Bind")
# A pair with both keeps neither and becomes an Association, BioRED's type for relations without a clear sign.
OPPOSITE_TYPES = frozenset(("Negative_Correlation", "Positive_Correlation"))


@dataclass(frozen=True)
class ImportCounts:
    """The counts of an import: they cover every document and relation that was read.

    ``documents_read == documents + len(excluded) + len(repeated)``. The other counts are of these `documents`. What the
    policy left out, mentions and relations as well, is in its summary.

    Args:
        unread: documents that the policy left out; these are not in `documents_read`.
        excluded, repeated: ids of the documents that were left out.
        mention_types, relation_types: type in the corpus and type that it became -> how many.
        relations: how many there are after pairs were merged.
        dropped: type in the corpus -> relations that were left out, since both arguments are one entity.
        contradictions: the pairs that had both signs, with document and types.

    >>> document = Document("1", "text", relations=(Relation("CID", "D1", "D2"), Relation("CID", "D2", "D1")))
    >>> corpus = replace(BC5CDR, read=lambda path, policy: [document])
    >>> documents, counts = import_corpus(corpus, ["CDR.txt"])
    >>> counts.relation_types, counts.relations, counts.merged
    (Counter({('CID', 'Positive_Correlation'): 2}), 1, 1)
    """

    documents_read: int
    documents: int
    unread: int
    excluded: tuple[str, ...]
    repeated: tuple[str, ...]
    mention_types: Counter[tuple[str, str]]
    relation_types: Counter[tuple[str, str]]
    relations: int
    dropped: Counter[str]
    contradictions: tuple[str, ...]

    @property
    def merged(self) -> int:
        """Relations that were merged into another one of their pair."""
        return self.relation_types.total() - self.relations


def import_corpus(
    corpus: Corpus, paths: Sequence[str | Path], exclude_ids: Collection[str] = (), policy: ErrorPolicy = STRICT
) -> tuple[list[Document], ImportCounts]:
    """Read a corpus and return its documents with biodir's types, and the counts.

    Args:
        exclude_ids: documents to leave out, such as those of `import_command.excluded_by_scored_splits`.
        policy: what becomes of files, documents, mentions and relations with an error; a type that the corpus is not
            known to have is one.

    Raises:
        BioDirError: a file or document cannot be read.
    """
    excluded = frozenset(exclude_ids)
    ids: list[str] = []
    sources: dict[str, tuple[str, Document]] = {}  # by id; the first of several stays
    unread = policy.skipped_number("document")
    reading = replace(policy, prepare=partial(_with_known_types, corpus=corpus, policy=policy))

    def read(path: str | Path) -> Iterator[tuple[str, Document]]:
        return ((f"{path}: document {document.id}", document) for document in corpus.read(path, reading))

    for place, document in policy.files(paths, read):
        ids.append(document.id)
        if document.id not in excluded:
            sources.setdefault(document.id, (place, document))
    mapped = {place: _mapped(document, corpus) for place, document in sources.values()}
    merged = list(mapped.values())
    if corpus.merges_pairs:
        merged = [replace(each, relations=tuple(map(_merged, relations_of_pairs(each).values()))) for each in merged]
    counts = ImportCounts(
        documents_read=len(ids),
        documents=len(merged),
        unread=policy.skipped_number("document") - unread,
        excluded=tuple(each for each in ids if each in excluded),
        repeated=tuple((Counter(each for each in ids if each in sources) - Counter(sources.keys())).elements()),
        relations=sum(len(document.relations) for document in merged),
        contradictions=tuple(line for place, document in mapped.items() for line in _contradictions(document, place)),
        **_type_counts([document for _, document in sources.values()], corpus),
    )
    return merged, counts


def _with_known_types(document: Document, corpus: Corpus, policy: ErrorPolicy) -> Document:
    """Return the document without what has a type that the corpus does not, where the policy leaves that out."""
    mentions = [
        partial(_with_known_type, each, f"mention {each.text!r}", each.entity_type, corpus.entity_types, corpus)
        for each in document.mentions
    ]
    relations = [
        partial(_with_known_type, each, "relation", each.relation_type, corpus.relation_rules, corpus)
        for each in document.relations
    ]
    with located(f"document {document.id}"):
        kept, known = tuple(policy.parts("mention", mentions)), tuple(policy.parts("relation", relations))
    named = (identifier for mention in document.mentions for identifier in mention.identifiers)
    return replace(document, mentions=kept, relations=without_lost(known, named, kept, policy))


def _with_known_type(part: T, what: str, name: str, known: Collection[str], corpus: Corpus) -> T:
    """Return the mention or relation if its type is one of the corpus."""
    if name not in known:
        raise AnnotationError(
            f"{what} has type {name!r}, none of {', '.join(known)}; is this a file of {corpus.title}?", "unknown type"
        )
    return part


def _mapped(document: Document, corpus: Corpus) -> Document:
    """Return the document with our types, without relations of an entity with itself."""
    types, rules = corpus.entity_types, corpus.relation_rules
    mentions = [replace(each, entity_type=types[each.entity_type]) for each in document.mentions]
    relations = [_mapped_relation(each, rules[each.relation_type]) for each in document.relations if not _is_loop(each)]
    return replace(document, mentions=tuple(mentions), relations=tuple(relations), subject_lines=())


def _mapped_relation(relation: Relation, rule: RelationRule) -> Relation:
    head = relation.subject_id or relation.entity1_id
    tail = relation.entity1_id if head == relation.entity2_id else relation.entity2_id
    subject_id = {HEAD: head, TAIL: tail, None: None}[rule.subject]
    return replace(relation, relation_type=rule.relation_type, subject_id=subject_id)


def _is_loop(relation: Relation) -> bool:
    """Return whether both arguments are one entity."""
    return relation.entity1_id == relation.entity2_id


def _type_counts(sources: Sequence[Document], corpus: Corpus) -> dict[str, Any]:
    """Return the fields of ImportCounts that count by type; the documents have the types of the corpus."""
    mentions = [mention.entity_type for document in sources for mention in document.mentions]
    relations = [relation for document in sources for relation in document.relations]
    relation_types = [each.relation_type for each in relations if not _is_loop(each)]
    return {
        "mention_types": Counter((name, corpus.entity_types[name]) for name in mentions),
        "relation_types": Counter((name, corpus.relation_rules[name].relation_type) for name in relation_types),
        "dropped": Counter(each.relation_type for each in relations if _is_loop(each)),
    }


def _merged(relations: Sequence[Relation]) -> Relation:
    """Return the relation of a pair: the strongest type, without direction if relations of this type differ in it."""
    types = _types(relations)
    if set(types) >= OPPOSITE_TYPES:
        strongest, deciding = WEAK_TYPES[0], [each for each in relations if each.relation_type in OPPOSITE_TYPES]
    else:
        strongest = max(types, key=lambda name: (*WEAK_TYPES, name).index(name))
        deciding = [relation for relation in relations if relation.relation_type == strongest]
    subjects = {relation.subject_id for relation in deciding}
    return replace(deciding[0], relation_type=strongest, subject_id=subjects.pop() if len(subjects) == 1 else None)


def _contradictions(document: Document, place: str) -> list[str]:
    """Return a line for each pair with both signs."""
    opposite = [pair for pair in relations_of_pairs(document).values() if set(_types(pair)) >= OPPOSITE_TYPES]
    return [f"{place}: {pair[0].entity1_id} - {pair[0].entity2_id}: {', '.join(_types(pair))}" for pair in opposite]


def _types(relations: Sequence[Relation]) -> list[str]:
    return list(dict.fromkeys(relation.relation_type for relation in relations))
