"""The files whose mentions the tagger learns from, without documents that are held out."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document, Mention, Passage
from biodir.errors_biodir import BioDirError, ErrorPolicy, ParseError, SettingError
from biodir.files import input_name, open_input, text_lines
from biodir.labels_biodir import known_type
from biodir.training.corpora import TrainingCorpus
from biodir.training.mentions import NO_TYPE, MentionCorpus
from biodir.training.reading import held_out_ids, read_corpus, reading_policy
from biodir.training.settings import TrainingSettings

# What stands before the end of a first line that says which types its document annotates.
_START_CHARS = 1 << 20


def mention_corpora(
    settings: TrainingSettings,
    corpora: Sequence[TrainingCorpus],
    config: BioDirConfig,
    log: Callable[[str], Any] = print,
    policy: ErrorPolicy | None = None,
) -> list[MentionCorpus]:
    """Return the corpora to learn mentions from: those of the relations, and the files of `mention_train`.

    Files of `train` annotate all types of the model. Documents of `dev` and `exclude` are left out, and those that a
    corpus before has.

    Raises:
        BioDirError: a file cannot be read.
        SettingError: no document is left of one.
    """
    policy = policy or reading_policy(settings, log)
    held_out = [path for path in (settings.dev, *settings.exclude) if path]
    seen = {name for path in held_out for name in held_out_ids(path, settings, log)}
    found = []
    for corpus in corpora:
        seen.update(document.id for document in corpus.documents)
        types = None if corpus.is_partial else config.entity_types
        found.append(_of_model(corpus.path, [(document, types) for document in corpus.documents], config))
    for path in settings.mention_train:
        corpus_documents = _read(path, policy, log)
        kept = [(document, types) for document, types in corpus_documents if document.id not in seen]
        left_out = len(corpus_documents) - len(kept)
        if left_out:
            log(f"{path}: {left_out} documents left out, held out for evaluation or in a corpus before")
        if not kept:
            raise SettingError(f"{path}: no document to learn mentions from is left; leave the file out")
        seen.update(document.id for document, _ in kept)
        found.append(_of_model(path, kept, config))
    return found


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
        annotated.append(None if types is None else frozenset(map(of_model, types)))
    everything = frozenset(mention.entity_type for document in known for mention in document.mentions) - {NO_TYPE}
    return MentionCorpus(path, tuple(known), tuple(everything if types is None else types for types in annotated))


def _read(path: str, policy: ErrorPolicy, log: Callable[[str], Any]) -> list[tuple[Document, Collection[str] | None]]:
    """Return the documents of a file, with the types that each annotates completely, None where it does not say."""
    if not _says_types(path):
        return [(document, None) for document in read_corpus(path, policy, log)]
    with open_input(path) as file:
        lines = ((f"{input_name(path)}:{number}", line) for number, line in enumerate(text_lines(file), start=1))
        attempts = ((place, partial(_annotated, line, place)) for place, line in lines if line.strip())
        return list(policy.documents(attempts, input_name(path)))


def _says_types(path: str) -> bool:
    with open_input(path) as file:
        line = next(text_lines(file), "")
    return line.lstrip().startswith("{") and '"annotated_types"' in line[:_START_CHARS]


def _annotated(line: str, place: str) -> tuple[Document, Collection[str]]:
    """Return the document of a line, its id the PMID where it has one, with the types that it annotates completely.

    Raises:
        ParseError: the line is no such document.
    """
    try:
        value = json.loads(line)
        mentions = tuple(
            Mention(each["start"], each["end"], value["text"][each["start"] : each["end"]], each["type"] or NO_TYPE)
            for each in value["entities"]
        )
        end = value.get("title_end")
        text = value["text"]
        passages = (Passage(0, end, "title"), Passage(end, len(text), "abstract")) if end else ()
        document = Document(value.get("pmid") or value["id"], text, mentions, passages=passages)
        return document, list(value["annotated_types"])
    except BioDirError as error:
        raise type(error)(f"{place}: {error}", error.reason) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ParseError(
            f"{place}: is no document with id, text, entities (start, end, type) and annotated_types ({error!r})"
        ) from error
