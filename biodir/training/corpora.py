"""The corpora of a run: read, with their labels mapped, without documents that are held out.

A YAML file lists further corpora with labels of their own, which are mapped to one list as BioREx does:

    - path: drugprot.bioc.xml
      entity_types: {CHEMICAL: ChemicalEntity, GENE: GeneOrGeneProduct}   # null leaves mentions out
      relation_types: {INHIBITOR: Negative_Correlation, PART-OF: null}    # null: such pairs are not learned from
      partial: true                                                       # pair types without relations neither

Names that are not mapped stay as they are. A type of entities may also get a name that PubTator has for it, such as
Chemical; names of entity types are compared without regard to case.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from huggingface_hub.dataclasses import strict
from huggingface_hub.errors import StrictDataclassError

from biodir.document_biodir import Document
from biodir.errors_biodir import ErrorPolicy, SettingError, suggestion
from biodir.labels_biodir import MENTIONS
from biodir.training.reading import held_out_ids, read_corpus, reading_policy
from biodir.training.settings import TrainingSettings, read_yaml


@dataclass(frozen=True)
class TrainingCorpus:
    """A corpus to learn from.

    Args:
        path: its file, for messages.
        documents: with the labels of the model.
        is_partial: it annotates relations of some pair types only.
        excluded_pairs: document id -> pairs of identifiers that are not learned from; their relation has no label here.

    >>> TrainingCorpus("train.pubtator", ()).is_partial
    False
    """

    path: str
    documents: tuple[Document, ...]
    is_partial: bool = False
    excluded_pairs: Mapping[str, frozenset[frozenset[str]]] = field(default_factory=dict)


@strict
@dataclass
class _Source:
    """A file to read, and the names that its labels get; names that map to None are left out."""

    path: str
    partial: bool = False
    entity_types: dict[str, str | None] = field(default_factory=dict)
    relation_types: dict[str, str | None] = field(default_factory=dict)


def training_corpora(
    settings: TrainingSettings, log: Callable[[str], None] = print, policy: ErrorPolicy | None = None
) -> list[TrainingCorpus]:
    """Return the corpora that the settings name; each document once, in the first corpus that has it.

    Args:
        log: gets, for each file, how many documents were left out and why, and which mapped names it lacks.
        policy: what becomes of input with an error; by default that of the settings.

    Raises:
        SettingError: nothing is left of a corpus, none has a relation, or the YAML file of corpora has a mistake.
        BioDirError: a file cannot be read.
    """
    held_out = [path for path in (settings.dev, *settings.exclude) if path]
    policy = policy or reading_policy(settings, log)
    seen = {name for path in held_out for name in held_out_ids(path, settings, log)}
    corpora = []
    room = settings.max_documents
    for source in _sources(settings):
        documents = _unseen_documents(source.path, seen, log, policy)
        if room is not None and source.path in settings.train:
            documents = documents[:room]
            room -= len(documents)
        seen.update(document.id for document in documents)
        if documents:
            _log_idle_names(source, documents, log)
            corpora.append(_corpus(source, documents, log))
    learns_pairs = any(task != MENTIONS for task in settings.tasks)
    if learns_pairs and not any(document.relations for corpus in corpora for document in corpus.documents):
        names = ", ".join(corpus.path for corpus in corpora)
        count = sum(len(corpus.documents) for corpus in corpora)
        raise SettingError(f"{names}: {count} documents without any relation; name the files that hold the relations")
    return corpora


def _unseen_documents(
    path: str, seen: Collection[str], log: Callable[[str], None], policy: ErrorPolicy
) -> list[Document]:
    """Return the documents of a file whose ids were not seen, each once.

    Raises:
        SettingError: there is none.
    """
    found: dict[str, Document] = {}
    left_out = twice = 0
    for document in read_corpus(path, policy, log):
        left_out += document.id in seen
        twice += document.id in found
        if document.id not in seen:
            found.setdefault(document.id, document)
    if left_out:
        log(f"{path}: {left_out} documents left out, held out for evaluation or in a corpus before")
    if twice:
        log(f"{path}: {twice} documents left out, whose ids the file has before")
    if not found and left_out:
        raise SettingError(
            f"{path}: no document is left to learn from; --dev, --exclude or corpora before have them all"
        )
    if not found:
        raise SettingError(f"{path}: holds no document to learn from; check the path and the format")
    return list(found.values())


def corpus_paths(settings: TrainingSettings) -> list[str]:
    """Return the files of all corpora that the settings name, with those of the YAML file of corpora."""
    return [source.path for source in _sources(settings)]


def _sources(settings: TrainingSettings) -> list[_Source]:
    return [
        *map(_Source, settings.train),
        *(_Source(path, partial=True) for path in settings.extra_train),
        *(_listed_sources(Path(settings.corpora)) if settings.corpora else ()),
    ]


def _listed_sources(path: Path) -> Iterable[_Source]:
    entries = read_yaml(path)
    if not isinstance(entries, list):
        raise SettingError(f"{path}: holds {type(entries).__name__}, not a list of corpora, each with `- path: FILE`")
    for number, entry in enumerate(entries, start=1):
        try:
            yield _Source(**{key: value for key, value in dict(entry).items() if value is not None})
        except (TypeError, ValueError, StrictDataclassError) as error:
            reason = " ".join(str(error).split())
            raise SettingError(
                f"{path}, corpus {number}, {entry}: {reason}; write `- path: FILE`, and mappings of names to names or "
                "null; put quotes around names such as 'No'"
            ) from error


def _log_idle_names(source: _Source, documents: Sequence[Document], log: Callable[[str], None]) -> None:
    """Log the mapped names that no document has: misspelt ones map nothing."""
    had = {
        "entity_types": {mention.entity_type for document in documents for mention in document.mentions},
        "relation_types": {relation.relation_type for document in documents for relation in document.relations},
    }
    folded = {name.casefold() for name in had["entity_types"]}
    for name, values in had.items():
        idle = sorted(set(getattr(source, name)) - values)
        idle = [each for each in idle if name == "relation_types" or each.casefold() not in folded]
        if idle:
            named = [f"{each} ({suggestion(each, sorted(values))})" for each in idle]
            log(f"{source.path}: {name} maps {', '.join(named)}, which none of its documents has")


def _corpus(source: _Source, documents: Sequence[Document], log: Callable[[str], None]) -> TrainingCorpus:
    mapped, excluded, left_out = [], {}, Counter[str]()
    folded = {other.casefold(): name for other, name in source.entity_types.items()}
    for document in documents:
        mentions = []
        for mention in document.mentions:
            kind = mention.entity_type
            name = source.entity_types.get(kind, folded.get(kind.casefold(), kind))
            if name is None:
                left_out[kind] += 1
            else:
                mentions.append(replace(mention, entity_type=name))
        types = source.relation_types
        labelled = [(each, types.get(each.relation_type, each.relation_type)) for each in document.relations]
        relations = tuple(replace(each, relation_type=name) for each, name in labelled if name is not None)
        dropped = frozenset(each.pair for each, name in labelled if name is None)
        if dropped:
            excluded[document.id] = dropped
        mapped.append(replace(document, mentions=tuple(mentions), relations=relations))
    if left_out:
        named = ", ".join(f"{name} ({count})" for name, count in left_out.most_common())
        log(f"{source.path}: {left_out.total()} mentions left out, whose types are mapped to null: {named}")
    if excluded:
        pairs = sum(map(len, excluded.values()))
        log(f"{source.path}: {pairs} pairs are not learned from, whose relation types are mapped to null")
    return TrainingCorpus(source.path, tuple(mapped), source.partial, excluded)
