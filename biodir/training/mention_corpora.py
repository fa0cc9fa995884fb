"""The files whose mentions the tagger learns from, without documents that are held out."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document
from biodir.errors_biodir import ErrorPolicy, SettingError, plural
from biodir.labels_biodir import UNKNOWN_TYPE, known_type
from biodir.training.corpora import TrainingCorpus, held_out_of_run
from biodir.training.corpus_list import CorpusEntry
from biodir.training.judged_documents import (
    annotated_types,
    document_of,
    mentions_of,
    pmid_of,
    read_lines,
    says_types,
)
from biodir.training.mentions import NO_TYPE, MentionCorpus
from biodir.training.reading import logged, named_counts, read_corpus, reading_policy, unknown_types
from biodir.training.settings import TrainingSettings


@dataclass(frozen=True)
class _Annotated:
    """A document, the types that it annotates completely, None where it does not say, and the PMID or its own id."""

    document: Document
    types: Collection[str] | None
    article: str


def mention_corpora(
    settings: TrainingSettings,
    corpora: Sequence[TrainingCorpus],
    config: BioDirConfig,
    log: Callable[[str], Any] = print,
    policy: ErrorPolicy | None = None,
) -> list[MentionCorpus]:
    """Return the corpora to learn mentions from: those of the relations, and the files of `mention_train`.

    Files of `train` annotate all types of the model. Documents of `dev` and `exclude` are left out, and those that a
    corpus or file before has. Where that annotates no type of the model in a document, this is learned from a later
    file, too. Sections of an article are documents of their own.

    Raises:
        BioDirError: a file cannot be read.
        SettingError: no document is left of one.
    """
    policy = policy or reading_policy(settings, log)
    held_out = held_out_of_run(settings)
    seen: set[str] = set()
    found = []
    for corpus in corpora:
        documents = _with_types(corpus, config)
        _log_unknown_types(corpus.path, documents, config, log)
        found.append(_of_model(corpus.path, documents, config))
        seen.update(_annotated_ids(found[-1]))
    for path in settings.mention_train:
        corpus_documents = _read(path, policy, log)
        kept = [
            each
            for each in corpus_documents
            if seen.isdisjoint((each.article, each.document.id)) and not held_out.has(each.document, each.article)
        ]
        left_out = len(corpus_documents) - len(kept)
        if left_out:
            log(f"{path}: {plural(left_out, 'document')} left out, held out for evaluation or in a corpus before")
        if not kept:
            raise SettingError(f"{path}: no document to learn mentions from is left; leave the file out")
        documents = [(each.document, each.types) for each in kept]
        _log_unknown_types(path, documents, config, log)
        found.append(_of_model(path, documents, config))
        seen.update(_annotated_ids(found[-1]))
    return found


def _annotated_ids(corpus: MentionCorpus) -> set[str]:
    """Return the ids of the documents that annotate some type; others may be annotated in a later file."""
    return {document.id for document, types in zip(corpus.documents, corpus.annotated, strict=True) if types}


def mentions_of_corpus(corpus: TrainingCorpus, config: BioDirConfig) -> MentionCorpus:
    """Return the mentions of a corpus, with the types of a model that its documents annotate."""
    return _of_model(corpus.path, _with_types(corpus, config), config)


def _with_types(corpus: TrainingCorpus, config: BioDirConfig) -> list[tuple[Document, Collection[str] | None]]:
    """Return each document with all its mentions, and the types that it annotates; None where it does not say."""
    found: list[tuple[Document, Collection[str] | None]] = []
    for document in corpus.documents:
        judgement = corpus.scope.judgements.get(document.id)
        if judgement is None:
            is_complete = corpus.name is None and not corpus.is_partial  # else a corpus of the list, or extra_train
            found.append((document, config.entity_types if is_complete else None))
        else:
            mentions = (*document.mentions, *corpus.untyped.get(document.id, ()))
            found.append((replace(document, mentions=mentions), judgement.entity_types))
    return found


def _log_unknown_types(
    path: str,
    documents: Sequence[tuple[Document, Collection[str] | None]],
    config: BioDirConfig,
    log: Callable[[str], Any],
) -> None:
    """Log the types of mentions, and the types that documents annotate, which the model lacks: misspelt ones, too."""
    annotated = Counter(name for _, types in documents for name in types or ())
    strangers = {name for name in annotated if known_type(name, config.entity_types, config.type_map) == UNKNOWN_TYPE}
    of_mentions = unknown_types([document for document, _ in documents], config.entity_types, config.type_map)
    for place, counts in (
        ("mentions of", of_mentions),
        ("annotated_types of documents name", Counter({name: annotated[name] for name in strangers})),
    ):
        del counts[NO_TYPE]  # a mention without a type
        if counts:
            named = named_counts(counts, config.entity_types)
            log(f"{path}: {place} entity types that the model lacks: {named}; nothing is learned of these")


def _of_model(
    path: str, documents: Sequence[tuple[Document, Collection[str] | None]], config: BioDirConfig
) -> MentionCorpus:
    """Return the documents with the model's types; one that does not say what it annotates has all of the file's."""

    def of_model(name: str) -> str:
        return known_type(name, config.entity_types, config.type_map) or NO_TYPE

    known, annotated = [], []
    for document, types in documents:
        mentions = tuple(replace(each, entity_type=of_model(each.entity_type)) for each in document.mentions)
        known.append(replace(document, mentions=mentions))
        annotated.append(None if types is None else frozenset(map(of_model, types)) - {NO_TYPE})
    everything = frozenset(mention.entity_type for document in known for mention in document.mentions) - {NO_TYPE}
    return MentionCorpus(path, tuple(known), tuple(everything if types is None else types for types in annotated))


def _read(path: str, policy: ErrorPolicy, log: Callable[[str], Any]) -> list[_Annotated]:
    """Return the documents of a file."""
    if not says_types(path):
        return [_Annotated(document, None, document.id) for document in read_corpus(path, policy, log)]
    entry = CorpusEntry(path)

    def annotated(value: Mapping[str, Any], at: ErrorPolicy) -> _Annotated:
        document = document_of(value, mentions_of(value, entry, at)[0].values(), at)
        return _Annotated(document, annotated_types(value), pmid_of(value) or document.id)

    with logged(path, policy, log):
        return list(read_lines(path, annotated, policy))
