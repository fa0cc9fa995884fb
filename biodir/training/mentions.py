"""What the tagger learns from: words of documents, with the labels that each may have, and its scores on dev.

A corpus teaches only the types whose mentions it annotates completely: of a word outside its mentions it says no more
than that none of these types holds. The files of `train` annotate all types of the model. Those of `mention_train` name
the types of each document in `annotated_types`, a list beside its text in JSON; else they are all types that occur in
the file, as in the files of `extra_train` and `corpora`.
"""

import random
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document
from biodir.document_sentences_biodir import sentence_spans
from biodir.errors_biodir import SettingError, plural
from biodir.evaluation.mentions import mention_statement
from biodir.evaluation.scores import Counts, set_counts
from biodir.labels_biodir import OUTSIDE
from biodir.pipeline_biodir import mention_finder
from biodir.processing_tagger_biodir import TaggerFeatures, TaggerProcessor
from biodir.processing_tokens_biodir import ProcessingSettings

# The type of a mention that is none of the model's: nothing is known of its words.
NO_TYPE = "?"


@dataclass(frozen=True)
class LabelledWords:
    """The words of a text, and (words, labels) booleans: the labels that each may have.

    `sentences` are those of the text, as texts of their own.

    >>> LabelledWords(None, np.array([[True, False, False], [False, True, False]])).targets.sum(axis=1)
    array([1, 1])
    """

    features: TaggerFeatures
    targets: np.ndarray
    sentences: tuple["LabelledWords", ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class MentionCorpus:
    """Documents whose mentions are learned from, or scored.

    Args:
        path: their file, for messages.
        documents: with the entity types of the model; mentions of others have the type `NO_TYPE`.
        annotated: for each document, the types that it annotates completely.

    >>> MentionCorpus("chemicals.jsonl", (), ()).path
    'chemicals.jsonl'
    """

    path: str
    documents: tuple[Document, ...]
    annotated: tuple[frozenset[str], ...]

    @property
    def has_any(self) -> bool:
        """Whether a document has a mention of a type that it annotates completely."""
        every = zip(self.documents, self.annotated, strict=True)
        return any(mention.entity_type in types for document, types in every for mention in document.mentions)


def labelled_words(
    document: Document, annotated: Collection[str], processor: TaggerProcessor, labels: Sequence[str]
) -> LabelledWords:
    """Return the words of a document with the labels that they may have.

    A mention of a type that is annotated, completely or not, fixes the labels of its words. Where mentions share words,
    the longest holds. A mention that begins or ends within a word cannot be found again: its words may have any label,
    as may those of mentions whose type is unknown.
    """
    features = processor.features(document)
    numbers = {label: number for number, label in enumerate(labels)}
    elsewhere = np.array([label == OUTSIDE or label[2:] not in annotated for label in labels])
    targets = np.tile(elsewhere, (len(features.words), 1))
    firsts = {start: number for number, (start, _) in enumerate(features.words)}
    lasts = {end: number for number, (_, end) in enumerate(features.words)}
    starts = np.array([start for start, _ in features.words])
    ends = np.array([end for _, end in features.words])
    taken = np.zeros(len(features.words), dtype=bool)
    for mention in sorted(document.mentions, key=lambda each: each.start_char - each.end_char):
        inside = (starts < mention.end_char) & (ends > mention.start_char)
        if not inside.any() or taken[inside].any():
            continue
        taken |= inside
        first, last = firsts.get(mention.start_char), lasts.get(mention.end_char)
        if first is None or last is None or f"B-{mention.entity_type}" not in numbers:
            targets[inside] = True
            continue
        targets[first : last + 1] = False
        targets[first, numbers[f"B-{mention.entity_type}"]] = True
        targets[first + 1 : last + 1, numbers[f"I-{mention.entity_type}"]] = True
    return LabelledWords(features, targets)


def words_to_learn(
    corpora: Sequence[MentionCorpus],
    tokenizer: Any,
    config: BioDirConfig,
    log: Callable[[str], Any] = print,
    with_sentences: bool = True,
) -> list[LabelledWords]:
    """Return the labelled words of all corpora.

    Args:
        with_sentences: also makes the sentences of each text, for steps that show some.

    Raises:
        SettingError: they have no mention of the model's types.
    """
    processor = TaggerProcessor(tokenizer, ProcessingSettings.from_config(config))
    found = []
    kinds_found: set[str] = set()
    for corpus in corpora:
        some = []
        for document, annotated in zip(corpus.documents, corpus.annotated, strict=True):
            given = (annotated, processor, config.tagger_labels)
            sentences = [labelled_words(part, *given) for part in sentences_of(document)] if with_sentences else []
            filled = tuple(part for part in sentences if part.features.words)
            some.append(replace(labelled_words(document, *given), sentences=filled))
        kinds = Counter(mention.entity_type for document in corpus.documents for mention in document.mentions)
        kinds_found.update(kinds)
        named = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common() if kind != NO_TYPE)
        log(f"{corpus.path}: mentions of {plural(len(some), 'document')}: {named}")
        found += [each for each in some if each.features.words]
    if not any(label[2:] in kinds_found for label in config.tagger_labels):
        raise SettingError("no file has a mention of the model's entity types; name files with mentions")
    return found


def sentences_of(document: Document) -> list[Document]:
    """Return each sentence as a document with its mentions; a document of one sentence has none."""
    found = []
    for start, end in sentence_spans(document):
        inside = [each for each in document.mentions if start <= each.start_char and each.end_char <= end]
        moved = [replace(each, start_char=each.start_char - start, end_char=each.end_char - start) for each in inside]
        found.append(Document(document.id, document.text[start:end], tuple(moved)))
    return found if len(found) > 1 else []


def mention_steps(
    labelled: Sequence[LabelledWords],
    processor: TaggerProcessor,
    token_budget: int,
    seed: int,
    sentence_share: float = 0.0,
) -> list[list[LabelledWords]]:
    """Return the texts of each step, under a token budget, in an order that the seed draws.

    Args:
        sentence_share: probability of each text to be shown as its sentences, one by one.
    """
    draw = random.Random(seed)
    texts: list[LabelledWords] = []
    for each in labelled:
        texts += each.sentences if each.sentences and draw.random() < sentence_share else [each]
    shuffled = draw.sample(texts, len(texts))
    groups = processor.passes([each.features for each in shuffled], token_budget)
    return [[shuffled[index] for index in group] for group in groups]


def mention_batch(labelled: Sequence[LabelledWords], processor: TaggerProcessor) -> dict[str, torch.Tensor]:
    """Return the inputs and targets of these words."""
    batch = processor.collate([each.features for each in labelled])
    batch["mention_targets"] = np.concatenate([each.targets for each in labelled])
    return {name: torch.as_tensor(value) for name, value in batch.items()}


def mention_counts(model: Any, tokenizer: Any, corpus: MentionCorpus) -> Counts:
    """Return how many mentions of the corpus the model finds with their exact span and type.

    Of each document the types count that it annotates completely; what shares words with a mention whose type is
    unknown does not count.
    """
    types = {label[2:] for label in model.config.tagger_labels if label != OUTSIDE}
    counts = Counts()
    every = mention_finder(model, tokenizer).find(corpus.documents)
    for document, annotated, found in zip(corpus.documents, corpus.annotated, every, strict=True):
        unknown = [(each.start_char, each.end_char) for each in document.mentions if each.entity_type == NO_TYPE]
        wanted = [each for each in document.mentions if each.entity_type in types & annotated]
        predicted = [
            each
            for each in found.mentions
            if each.entity_type in annotated
            and not any(start < each.end_char and each.start_char < end for start, end in unknown)
        ]
        counts += set_counts({*map(mention_statement, wanted)}, {*map(mention_statement, predicted)})
    return counts
