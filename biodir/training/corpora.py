"""The corpora of a run: read, with their labels mapped, without documents that are held out.

`corpus_list.py` explains the YAML file that lists corpora with labels of their own, which are mapped to one list as
BioREx does.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any

from biodir.document_biodir import Document, Mention, Relation
from biodir.errors_biodir import ErrorPolicy, SettingError, plural, suggestion
from biodir.evaluation.checks import unannotated_parts
from biodir.evaluation.predictions import gold_check
from biodir.formats.reading import read_documents
from biodir.labels_biodir import ENTITY_TYPES, MENTIONS, RELATION_LABELS, TYPE_MAP, UNKNOWN_TYPE, known_type
from biodir.training.corpus_list import (
    HEAD,
    TAIL,
    UNKNOWN_SUBJECT,
    CorpusEntry,
    LabelRule,
    held_out_entries,
    learned_entries,
)
from biodir.training.held_out import HeldOut
from biodir.training.judged_documents import JudgedDocument, read_judged, says_types
from biodir.training.reading import held_out_documents, logged, reading_policy
from biodir.training.scopes import Scope
from biodir.training.settings import TrainingSettings


@dataclass(frozen=True)
class TrainingCorpus:
    """A corpus to learn from.

    Args:
        path: its file, for messages.
        documents: with the labels of the model.
        is_partial: it annotates relations of some pair types only.
        excluded_pairs: document id -> pairs of identifiers that are not learned from; their relation has no label here.
        name: that of its entry in the list of corpora; None for the files of `train` and `extra_train`.
        scope: what it annotates beside that.
        untyped: document id -> mentions that are no entity here, of whose words nothing is known.
        share: of its documents that an epoch shows.
        negatives_per_positive: in place of that of the settings; None: that one.

    >>> TrainingCorpus("train.pubtator", ()).is_partial
    False
    """

    path: str
    documents: tuple[Document, ...]
    is_partial: bool = False
    excluded_pairs: Mapping[str, frozenset[frozenset[str]]] = field(default_factory=dict)
    name: str | None = None
    scope: Scope = field(default_factory=Scope)
    untyped: Mapping[str, tuple[Mention, ...]] = field(default_factory=dict)
    share: float = 1.0
    negatives_per_positive: float | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it annotates all pairs, with all that there is to say of them."""
        return not self.is_partial and replace(self.scope, undirected=self.scope.undirected or None) == Scope()


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
    policy = policy or reading_policy(settings, log)
    held_out = held_out_of_run(settings, log)
    seen: set[str] = set()
    learns_pairs = any(task != MENTIONS for task in settings.tasks)
    corpora = []
    room = settings.max_documents
    for source in _sources(settings):
        found = read_source(source, policy, log)
        if MENTIONS not in settings.tasks:
            found = _judging(source, found, log)
        found = _unseen_documents(source, found, seen, held_out, log)[: source.max_documents]
        if room is not None and source.path in settings.train:
            found = found[:room]
            room -= len(found)
        seen.update(each.document.id for each in found)
        if found:
            _log_idle_names(source, found, log)
            _log_probable_slips(source, log)
            corpora.append(_corpus(source, found, log))
    if learns_pairs and not any(document.relations for corpus in corpora for document in corpus.documents):
        names = ", ".join(corpus.path for corpus in corpora)
        count = sum(len(corpus.documents) for corpus in corpora)
        raise SettingError(
            f"{names}: {plural(count, 'document')} without any relation; name the files that hold the relations"
        )
    return corpora


def held_out_of_run(settings: TrainingSettings, log: Callable[[str], object] | None = None) -> HeldOut:
    """Return what nothing learns from: the documents of `dev`, `exclude` and the corpora that are held out.

    Args:
        log: gets how many documents cannot be read; None where it has got that before.
    """
    found = HeldOut()
    named = [CorpusEntry(path) for path in (settings.dev, *settings.exclude) if path]
    for source in (*named, *held_out_entries(settings)):
        read = partial(documents_of, source)
        for each in held_out_documents(source.path, settings, read, log or (lambda line: None)):
            found.add(each.document, each.pmid)
    return found


def listed_corpus(entry: CorpusEntry, policy: ErrorPolicy, log: Callable[[str], None] = print) -> TrainingCorpus:
    """Return the corpus of an entry with all its documents that judge some pair, as it is for scores."""
    return _corpus(entry, _judging(entry, read_source(entry, policy, log), log)[: entry.max_documents], log)


def corpus_to_score(
    path: str,
    policy: ErrorPolicy,
    log: Callable[[str], None] = print,
    most: int | None = None,
    scores_relations: bool = True,
) -> TrainingCorpus:
    """Return the documents of a file, the first `most` of them, with what they judge, and each relation once.

    Raises:
        BioDirError: the file cannot be read, or a document has an error, unless the policy leaves it out. Where
            relations are scored, a document that occurs twice is one, or relations that contradict each other.
    """
    source, check = CorpusEntry(path), gold_check(policy)

    def prepare(found: Any) -> Any:
        return replace(found, document=check(found.document)) if isinstance(found, JudgedDocument) else check(found)

    policy = replace(policy, prepare=prepare) if scores_relations else policy
    return _corpus(source, read_source(source, policy, log, most), lambda line: None)


def read_source(
    source: CorpusEntry, policy: ErrorPolicy, log: Callable[[str], Any], most: int | None = None
) -> list[JudgedDocument]:
    """Return the documents of a file, the first `most` of them, and log what is left out."""
    with logged(source.path, policy, log):
        return list(islice(policy.files([source], lambda each: documents_of(each, policy)), most))


def documents_of(source: CorpusEntry, policy: ErrorPolicy) -> Iterator[JudgedDocument]:
    """Yield the documents of a file; only those of JSON Lines say which pairs they judge.

    Raises:
        SettingError: the entry has a key that only such documents can follow, and the file has others.
    """
    if says_types(source.path):
        yield from read_judged(source, policy)
        return
    idle = [name for name, value in (("split", source.split), ("without_notes", source.without_notes)) if value]
    idle += ["group_by_id"] * (not source.group_by_id)
    if idle:
        raise SettingError(
            f"{source.path}: {', '.join(idle)} in the list of corpora needs JSON Lines whose first document has "
            "annotated_types; leave it out, or give that key"
        )
    yield from (JudgedDocument(each, pmid=each.id) for each in read_documents(source.path, policy))


def _judging(
    source: CorpusEntry, documents: Sequence[JudgedDocument], log: Callable[[str], None]
) -> list[JudgedDocument]:
    """Return the documents that say of some pair whether it is related."""
    found = [each for each in documents if each.judgement is None or each.judgement.says_anything(each.document)]
    if len(found) < len(documents):
        log(f"{source.path}: {plural(len(documents) - len(found), 'document')} left out, which judge no pair")
    return found


def _unseen_documents(
    source: CorpusEntry,
    documents: Sequence[JudgedDocument],
    seen: Collection[str],
    held_out: HeldOut,
    log: Callable[[str], None],
) -> list[JudgedDocument]:
    """Return the documents whose ids were not seen, and of which nothing is held out, each once.

    Raises:
        SettingError: there is none.
    """
    path = source.path
    found: dict[str, JudgedDocument] = {}
    left_out = twice = 0
    for each in documents:
        name = each.document.id
        is_seen = name in seen or held_out.has(each.document, each.pmid)
        left_out += is_seen
        twice += name in found
        if not is_seen:
            found.setdefault(name, each)
    if left_out:
        log(f"{path}: {plural(left_out, 'document')} left out, held out for evaluation or in a corpus before")
    if twice:
        log(f"{path}: {plural(twice, 'document')} left out, whose ids the file has before")
    if not found and left_out:
        raise SettingError(
            f"{path}: no document is left to learn from; --dev, --exclude or corpora before have them all"
        )
    if not found:
        raise SettingError(f"{path}: holds no document to learn from; check the path and the format")
    return list(found.values())


def corpus_paths(settings: TrainingSettings) -> list[str]:
    """Return the files of all corpora that the settings name, with those of the YAML file that are read."""
    found = [source.path for source in (*_sources(settings), *held_out_entries(settings))]
    return list(dict.fromkeys(found))


def _sources(settings: TrainingSettings) -> list[CorpusEntry]:
    return [
        *map(CorpusEntry, settings.train),
        *(CorpusEntry(path, partial=True) for path in settings.extra_train),
        *learned_entries(settings),
    ]


def _log_idle_names(source: CorpusEntry, found: Sequence[JudgedDocument], log: Callable[[str], None]) -> None:
    """Log the mapped names that no document has: misspelt ones map nothing."""
    documents = [each.document for each in found]
    had = {
        "entity_types": {mention.entity_type for document in documents for mention in document.mentions},
        "relation_types": {relation.relation_type for document in documents for relation in document.relations},
    }
    of_source = {name for each in found for name in each.source_types}
    folded = {name.casefold() for name in (*had["entity_types"], *of_source)}
    for name, values in had.items():
        idle = sorted(set(getattr(source, name)) - values - of_source)
        idle = [each for each in idle if name == "relation_types" or each.casefold() not in folded]
        if idle:
            named = [f"{each} ({suggestion(each, sorted(values))})" for each in idle]
            log(f"{source.path}: {name} maps {', '.join(named)}, which none of its documents has")


def _log_probable_slips(source: CorpusEntry, log: Callable[[str], None]) -> None:
    """Log names that others are mapped to and that are nearly, but not quite, types of BioRED."""
    relation_types = {name: rule.relation_type for name in source.relation_types if (rule := source.rule(name))}
    unknown = {name: kind for name, kind in source.entity_types.items() if kind and known_type(kind) == UNKNOWN_TYPE}
    for key, mapped, names in (
        ("relation_types", relation_types, RELATION_LABELS[1:]),
        ("entity_types", unknown, (*ENTITY_TYPES, *TYPE_MAP)),
    ):
        for name, kind in mapped.items():
            hint = "" if kind is None or kind in names else suggestion(kind, names)
            if hint.startswith("did you mean"):
                log(f"{source.path}: {key} maps {name} to {kind!r}, which is no type of BioRED; {hint}")


def _corpus(source: CorpusEntry, found: Sequence[JudgedDocument], log: Callable[[str], None]) -> TrainingCorpus:
    judgements = {each.document.id: each.judgement for each in found if each.judgement is not None}
    if judgements:
        unknown = {name: each.unknown for name, each in judgements.items() if each.unknown}
        documents = tuple(each.document for each in found)
    else:
        documents, unknown = _mapped(source, [each.document for each in found], log)
    if unknown:
        pairs = sum(map(len, unknown.values()))
        reason = "are unknown, mapped to null or contradictory" if judgements else "are mapped to null"
        log(f"{source.path}: {pairs} pairs are not learned from, whose relation types {reason}")
    return TrainingCorpus(
        source.path,
        documents,
        source.partial,
        unknown,
        source.name,
        Scope(
            judgements,
            None if source.known_types is None else frozenset(source.known_types),
            None if source.pair_types is None else frozenset(map(frozenset, source.pair_types)),
            source.unsure,
            None if judgements else _undirected(source, [each.document for each in found]),
        ),
        {each.document.id: each.untyped for each in found if each.untyped},
        source.share,
        source.negatives_per_positive,
    )


def _mapped(
    source: CorpusEntry, documents: Sequence[Document], log: Callable[[str], None]
) -> tuple[tuple[Document, ...], dict[str, frozenset[frozenset[str]]]]:
    """Return the documents with the names of the model, and the pairs of each whose relation has no label here."""
    mapped, excluded, left_out = [], {}, Counter[str]()
    for document in documents:
        mentions = []
        for mention in document.mentions:
            name = source.entity_type(mention.entity_type)
            if name is None:
                left_out[mention.entity_type] += 1
            else:
                mentions.append(replace(mention, entity_type=name))
        labelled = [(each, source.rule(each.relation_type)) for each in document.relations]
        relations = tuple(
            each if rule is None else _relation(each, rule)
            for each, rule in labelled
            if rule is None or rule.relation_type is not None
        )
        dropped = {each.pair for each, rule in labelled if rule is not None and rule.relation_type is None}
        if dropped:
            excluded[document.id] = frozenset(dropped)
        mapped.append(replace(document, mentions=tuple(mentions), relations=relations))
    if left_out:
        named = ", ".join(f"{name} ({count})" for name, count in left_out.most_common())
        log(f"{source.path}: {left_out.total()} mentions left out, whose types are mapped to null: {named}")
    return tuple(mapped), excluded


def _relation(relation: Relation, rule: LabelRule) -> Relation:
    """Return a relation with the type and the subject of a rule."""
    assert rule.relation_type is not None, "others are left out"
    sides = {HEAD: relation.entity1_id, TAIL: relation.entity2_id}
    subject = sides.get(rule.subject) if rule.subject else relation.subject_id
    return replace(relation, relation_type=rule.relation_type, subject_id=subject)


def _undirected(source: CorpusEntry, documents: Sequence[Document]) -> dict[str, frozenset[frozenset[str]]] | None:
    """Return the pairs of each document whose direction is not known; None where no rule says anything of it.

    A relation whose rule names no subject is as the corpus has it: of unknown direction if the corpus has no subjects.
    """
    rules = {each.relation_type: source.rule(each.relation_type) for found in documents for each in found.relations}
    subjects = {name: rule.subject for name, rule in rules.items() if rule is not None and rule.subject}
    if not subjects:
        return None
    is_lacking = "direction" in unannotated_parts([each for found in documents for each in found.relations])
    default = UNKNOWN_SUBJECT if is_lacking else None
    undirected = {
        found.id: frozenset(
            each.pair for each in found.relations if subjects.get(each.relation_type, default) == UNKNOWN_SUBJECT
        )
        for found in documents
    }
    return {name: pairs for name, pairs in undirected.items() if pairs}
