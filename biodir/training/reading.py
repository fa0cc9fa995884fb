"""Documents of the files of a run, all read with one policy; the log gets what is left out or read otherwise."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from biodir.document_biodir import Document
from biodir.document_inputs_biodir import with_known_types
from biodir.errors_biodir import ErrorPolicy, SettingError, plural, suggestion
from biodir.evaluation.checks import several_types
from biodir.formats.reading import first_parts, read_documents
from biodir.labels_biodir import UNKNOWN_TYPE, known_type
from biodir.training.settings import TrainingSettings

T = TypeVar("T")
Log = Callable[[str], Any]
IN_TRAINING = "map the types with --corpora (entity_types), or leave these mentions out by --errors skip-mention"


def reading_policy(settings: TrainingSettings, log: Log = print) -> ErrorPolicy:
    """Return the policy by which all files of a run are read; the log gets the first parts that are left out."""
    return ErrorPolicy(settings.errors, settings.offsets, settings.split_relations, on_skip=first_parts(log))


def read_corpus(path: str, policy: ErrorPolicy, log: Log = print) -> list[Document]:
    """Return the documents of a file; the log gets what was left out or read otherwise.

    Raises:
        BioDirError: the file cannot be read, or a document has an error, unless the policy leaves it out.
    """
    with logged(path, policy, log):
        return list(policy.files([path], lambda each: read_documents(each, policy)))


def held_out_documents(
    path: str, settings: TrainingSettings, read: Callable[[ErrorPolicy], Iterable[T]], log: Log = print
) -> list[T]:
    """Return the documents of a file that are not learned from, as many as can be read.

    A mention with an error changes neither id nor text, so no document is left out for that, and nothing is counted.

    Args:
        path: the file, for messages.
        read: returns its documents by a policy.

    Raises:
        BioDirError: the file cannot be read, or where `errors` is "raise", a document.
    """
    errors = settings.errors if settings.errors == "raise" else "skip-mention"
    policy = ErrorPolicy(errors, settings.offsets, settings.split_relations, relations=False)
    with logged(path, policy, lambda line: None):
        found = list(read(policy))
    unread = policy.skipped_number("document")
    if unread:
        log(f"{path}: {plural(unread, 'document')} cannot be read; such text is held out only where others have it")
    return found


def known_documents(
    path: str,
    documents: Sequence[Document],
    config: Any,
    policy: ErrorPolicy,
    log: Log = print,
    remedy: str = IN_TRAINING,
) -> list[Document]:
    """Return the documents with the entity types of a model, and log which pairs have several relation types.

    Args:
        path: their file, for messages.
        config: of the model.
        policy: whether mentions of unknown types, or documents with them, are left out.
        remedy: what to do about unknown entity types, for the error.

    Raises:
        SettingError: entity types are unknown; all of them are named.
    """
    type_map = config.type_map or {}
    unknown = unknown_types(documents, config.entity_types, type_map)
    if unknown and policy.errors == "raise":
        raise SettingError(
            f"{path}: mentions have unknown entity types: {named_counts(unknown)}; the model knows "
            f"{', '.join(config.entity_types)}; {remedy}"
        )
    attempts = (
        (path, partial(with_known_types, document, config.entity_types, type_map, policy)) for document in documents
    )
    with logged(path, policy, log):
        known = list(policy.documents(attempts, path))
    several = several_types(known)
    if several:
        log(
            f"{path}: {len(several)} pairs have several relation types ({several[0]}): all are learned, but a model "
            "returns one type for a pair"
        )
    return known


def unknown_types(documents: Sequence[Document], entity_types: Sequence[str], type_map: Any) -> Counter[str]:
    """Return the entity types that a model does not know, with the number of their mentions."""
    counts = Counter(mention.entity_type for document in documents for mention in document.mentions)
    unknown = [name for name in counts if known_type(name, entity_types, type_map) == UNKNOWN_TYPE]
    return Counter({name: counts[name] for name in unknown})


def named_counts(counts: Counter[str], known: Sequence[str] = ()) -> str:
    """Return names with their numbers, the most frequent first, and those of `known` that were probably meant.

    >>> named_counts(Counter({"bind": 2, "CID": 9}), ["Bind", "Association"])
    "'CID' (9), 'bind' (2; did you mean 'Bind'?)"
    """
    parts = []
    for name, count in counts.most_common():
        hint = suggestion(name, known)
        parts.append(f"{name!r} ({count}{f'; {hint}' if hint.startswith('did you mean') else ''})")
    return ", ".join(parts)


@contextmanager
def logged(path: str, policy: ErrorPolicy, log: Log) -> Iterator[None]:
    """Log what the policy leaves out or notes inside, and keep the readers from logging it, too."""
    before = policy.skipped.copy(), policy.notes.copy()
    readers = logging.getLogger("biodir.errors_biodir")
    readers.addFilter(_is_error)
    try:
        yield
    finally:
        readers.removeFilter(_is_error)
        since = replace(policy, skipped=policy.skipped - before[0], notes=policy.notes - before[1])
        for line in since.summary():
            log(f"{path}: {line}")


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno > logging.WARNING
