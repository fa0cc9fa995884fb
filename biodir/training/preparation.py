"""From corpora and labels to training: the model's configuration, the pairs of an epoch, the dev documents."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from biodir.configuration_biodir import HIGHEST_WINS, NO_THRESHOLD, RELEASED, BioDirConfig
from biodir.document_biodir import Document
from biodir.document_candidates_biodir import candidate_pairs
from biodir.errors_biodir import ErrorPolicy, SettingError, plural
from biodir.evaluation.checks import unannotated_parts
from biodir.evaluation.model_scores import ProcessedDocuments
from biodir.evaluation.thresholds import fingerprints
from biodir.labels_biodir import LEVELS, MENTIONS, TASKS, bio_labels
from biodir.processing_tagger_biodir import TaggerProcessor
from biodir.training.augmentation import augmented_documents, rare_types
from biodir.training.corpora import TrainingCorpus, corpus_paths, corpus_to_score
from biodir.training.data import (
    LabelledPairs,
    epoch_pairs,
    epoch_steps,
    joined_types,
    judged_candidates,
    labelled_pairs,
)
from biodir.training.direction_targets import with_smoothed_directions
from biodir.training.labels import LabelLists, checkpoint_config, encoder_config, kept_config, lists_of_checkpoint
from biodir.training.mention_corpora import mentions_of_corpus
from biodir.training.mentions import LabelledWords, mention_steps
from biodir.training.optimization import balanced_weights
from biodir.training.provenance import data_fingerprints
from biodir.training.reading import known_documents, reading_policy
from biodir.training.scopes import PairGroup, Scope, known_scope, pair_counts
from biodir.training.settings import LEVEL_TASKS, TrainingSettings, named_values
from biodir.training.teaching import check_teachers, teacher_files
from biodir.training.validation import DevDocuments, check_level

# Settings that are fields of `BioDirConfig` with the same name and value.
CONFIG_FIELDS = (
    *("pair_encoding", "chunks", "max_tokens", "max_mention_tokens", "window_overlap_tokens", "infix_min_tokens"),
    *("soft_prompt_tokens", "classifier_dropout", "relation_loss", "focal_gamma", "evidence_weight"),
    "sign_weight",
)
# Fields that no setting names; a run has those of the checkpoint that it starts from, if that has its form.
KEPT_FIELDS = ("chunk_pooling", "hard_prompt", "max_name_tokens", "token_budget", "initializer_range")


def with_form(settings: TrainingSettings, log: Callable[[str], Any] = print) -> TrainingSettings:
    """Return the settings with a form in place of `auto`: that of the checkpoint to start from, else the paper's.

    Raises:
        CheckpointError: there is no such encoder.
    """
    config = checkpoint_config(settings.encoder)
    form = settings.pair_encoding
    if form == "auto":
        form = "pairwise" if config is None or config.pair_encoding == RELEASED else config.pair_encoding
    if config is not None and form != config.pair_encoding:
        log(f"pair_encoding is {form}, that of the checkpoint {config.pair_encoding}: its heads are re-initialized")
    if form == "pairwise" and not torch.accelerator.is_available():
        log("pair_encoding pairwise takes long on a CPU; --pair_encoding document reads a text once for all pairs")
    return replace(settings, pair_encoding=form)


def run_config(settings: TrainingSettings, lists: LabelLists, corpora: Sequence[TrainingCorpus]) -> BioDirConfig:
    """Return the configuration of the model to train.

    The weight of a task that has no head, since it is not trained or the data does not annotate it, is left out; so is
    that of novelty or direction where it is the first task.
    """
    if settings.freeze_relations:
        config = kept_config(settings)
        layers = _tagger_layers(settings)
        if not layers:
            raise SettingError("freeze_relations leaves the tagger only a classifier; give it --tagger_layers")
        values = {**config.to_dict(), "tagger_labels": bio_labels(config.entity_types)}
        return BioDirConfig(**{**values, "tagger_layers": layers})
    values = lists.to_settings(settings.tasks)
    trained = [task for task in TASKS if values[f"{task}_labels"]]
    unweighted = {*TASKS} - {*trained} | {*trained[:1]} - {TASKS[0]}
    given_weights = named_values(settings.task_weights)
    weights = {task: weight for task, weight in given_weights.items() if task not in unweighted}
    relations = [each for corpus in corpora for document in corpus.documents for each in document.relations]
    balance = settings.class_balance
    return BioDirConfig(
        **values,
        **{name: getattr(settings, name) for name in CONFIG_FIELDS},
        **_kept_fields(settings),
        encoder_config=encoder_config(settings.encoder),  # whose positions bound max_tokens
        tagger_layers=_tagger_layers(settings),
        closest_mentions=_has_closest_mentions(settings),
        chunk_tokens=named_values(settings.chunk_tokens),
        task_weights=weights,
        corpus_labels=[corpus.name for corpus in corpora if corpus.name] if settings.corpus_vectors else [],
        label_weights=balanced_weights(relations, lists.relation_labels, balance) if balance else {},
        relation_threshold=NO_THRESHOLD if settings.relation_loss in HIGHEST_WINS else 0.5,
    )


def _kept_fields(settings: TrainingSettings) -> dict[str, Any]:
    """Return the fields that a run takes from the checkpoint to start from."""
    config = checkpoint_config(settings.encoder)
    if config is None or config.pair_encoding != settings.pair_encoding:
        return {}
    return {name: getattr(config, name) for name in KEPT_FIELDS}


def _tagger_layers(settings: TrainingSettings) -> int:
    """Return how many layers the tagger owns: as set, or as it does in the checkpoint to start from."""
    if settings.tagger_layers is not None or MENTIONS not in settings.tasks:
        return settings.tagger_layers or 0
    config = checkpoint_config(settings.encoder)
    return config.tagger_layers if config is not None else 0


def _has_closest_mentions(settings: TrainingSettings) -> bool:
    """Return whether closest mentions join pairs: as set, or as in the checkpoint to start from, if of this form."""
    config = checkpoint_config(settings.encoder)
    if settings.closest_mentions or config is None or settings.tasks == [MENTIONS]:
        return settings.closest_mentions
    return config.closest_mentions and config.pair_encoding == settings.pair_encoding


def pairs_to_learn(
    corpora: Sequence[TrainingCorpus],
    processor: Any,
    config: BioDirConfig,
    settings: TrainingSettings,
    log: Callable[[str], Any] = print,
    policy: ErrorPolicy | None = None,
) -> list[LabelledPairs]:
    """Return the labelled pairs of all corpora, and of the copies of documents with rare relations.

    Args:
        policy: whether mentions of unknown types are left out; by default that of the settings.

    Raises:
        SettingError: a corpus has no candidate pair, or none of them is related.
    """
    found: list[LabelledPairs] = []
    if all(task == MENTIONS for task in settings.tasks):
        return found
    check_teachers(settings, config)
    policy = policy or reading_policy(settings, log)
    corpora = [replace(each, scope=known_scope(each.scope, config, each.name or each.path)) for each in corpora]
    first = config.tasks[0]
    complete = [document for corpus in corpora if corpus.is_complete for document in corpus.documents]
    rare = rare_types(complete, settings.rare_below)
    for corpus in corpora:
        documents = known_documents(corpus.path, corpus.documents, config, policy, log)
        if first in unannotated_parts([relation for document in documents for relation in document.relations]):
            log(f"{corpus.path}: not learned from, as it annotates no {first}, which decides here what is related")
            continue
        reasons = relations_without_candidate(documents, config.pair_types)
        if reasons:
            named = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
            log(
                f"{corpus.path}: {reasons.total()} relations are those of no candidate pair: {named}; --labels data "
                "takes all pairs of types that relations join"
            )
        excluded = dict(corpus.excluded_pairs)
        if settings.rare_copies and corpus.is_complete:
            given = (settings.rare_copies, rare, settings.seed, corpus.excluded_pairs)
            for copy, pairs_left_out in list(augmented_documents(documents, *given)):
                documents.append(copy)
                excluded[copy.id] = pairs_left_out
        group = _group(corpus, config)
        of_corpus = labelled_pairs(
            documents, processor, config.labels, corpus.is_partial, excluded, settings.shows_swapped, corpus.scope
        )
        pairs = [replace(each, group=group) for each in of_corpus]
        if not pairs:
            types = _named(config.pair_types)
            raise SettingError(f"{corpus.path}: no candidate pair to learn from; pairs are of the types {types}")
        _log_facts(corpus, documents, pairs, config, log)
        found += pairs
    if not found:
        raise SettingError(f"no corpus annotates {first}, which decides what is related; choose other --tasks")
    if not any(any(each.related) for each in found):
        raise SettingError("no candidate pair of the training data is related; is it the file with the relations?")
    return with_smoothed_directions(found, config.labels, settings.direction_smoothing)


def _group(corpus: TrainingCorpus, config: BioDirConfig) -> PairGroup:
    """Return what an epoch draws of a corpus; its number is 0 where the model has no vector for it."""
    number = None
    if config.corpus_labels:
        numbers = {name: place for place, name in enumerate(config.corpus_labels, start=1)}
        number = numbers.get(corpus.name or "", 0)
    return PairGroup(corpus.name or corpus.path, corpus.share, corpus.negatives_per_positive, number)


def _log_facts(
    corpus: TrainingCorpus,
    documents: Sequence[Document],
    pairs: Sequence[LabelledPairs],
    config: BioDirConfig,
    log: Callable[[str], Any],
) -> None:
    """Log what is learned from a corpus of the list, and where nothing is learned from any corpus."""
    if corpus.name:
        log(f"{corpus.name}: {_facts(documents, pairs, config)}")
    if not any(any(each.related) for each in pairs):
        log(
            f"{corpus.path}: none of its pairs is related: it teaches nothing of pairs, since negatives_per_positive "
            "counts the unrelated ones for each related one of the same corpus"
        )


def _facts(documents: Sequence[Document], pairs: Sequence[LabelledPairs], config: BioDirConfig) -> str:
    """Return what is learned from a corpus, as a line for the log."""
    entities = [document.entities() for document in documents]
    candidates = sum(1 for each in entities for _ in candidate_pairs(each, config.pair_types))
    targets = [each for found in pairs for each in found.targets]
    related = sum(sum(found.related) for found in pairs)
    line = (
        f"{plural(len(documents), 'document')}, {sum(map(len, entities))} entities; "
        f"learns from {len(targets)} of {candidates} candidate pairs, {related} related"
    )
    for task, counts in pair_counts((each for each in targets if _is_related(each)), config.labels).items():
        line += f"; {task}: " + ", ".join(f"{label} {count}" for label, count in counts.most_common())
    return line


def _is_related(targets: Mapping[str, Sequence[float]]) -> bool:
    return any(value > 0.5 for value in next(iter(targets.values()))[1:])


def relations_without_candidate(documents: Iterable[Document], pair_types: Iterable[Sequence[str]]) -> Counter[str]:
    """Return how many relations join no candidate pair, for each reason: a pair of types, or a missing mention."""
    scored = {frozenset(pair) for pair in pair_types}
    reasons: Counter[str] = Counter()
    for document in documents:
        for relation, joined in joined_types(document):
            if relation.entity1_id == relation.entity2_id:
                reasons["of an entity with itself"] += 1
            elif not joined:
                reasons["of an entity without a mention"] += 1
            elif not joined & scored:
                reasons["-".join(min((min(pair), max(pair)) for pair in joined))] += 1
    return reasons


def dev_documents(
    settings: TrainingSettings,
    processor: Any,
    config: BioDirConfig,
    log: Callable[[str], Any] = print,
    policy: ErrorPolicy | None = None,
) -> DevDocuments | None:
    """Return the documents to score on, processed once for all epochs; None without any.

    Where they say which pairs they judge, and which types of mentions they annotate, only these count. Their
    fingerprints are written into the configuration, for whoever would report scores on them.

    Raises:
        SettingError: they cannot be scored at the level that selects, or no relation is that of a candidate pair.
    """
    if settings.dev is None:
        return None
    policy = policy or reading_policy(settings, log)
    only_mentions = settings.tasks == [MENTIONS]
    corpus = corpus_to_score(settings.dev, policy, log, settings.max_dev_documents, not only_mentions)
    if not only_mentions:
        level = settings.metric_for_best_model
        check_level(corpus.documents, LEVELS[0] if level == MENTIONS else level, settings.dev, config.tasks)
    known = known_documents(settings.dev, corpus.documents, config, policy, log)
    mentions = mentions_of_corpus(replace(corpus, documents=tuple(known)), config)
    if settings.metric_for_best_model == MENTIONS and not mentions.has_any:
        raise SettingError(
            f"{settings.dev}: no mention of the types that its documents annotate, so that mentions cannot choose the "
            "epoch; give --dev mentions, and where it names annotated_types, their types there"
        )
    if only_mentions:
        return DevDocuments(ProcessedDocuments((), ()), mentions)
    config.calibrated_on = fingerprints(known)
    reasons = relations_without_candidate(known, config.pair_types)
    if reasons.total() == sum(len(document.relations) for document in known):
        raise SettingError(
            f"{settings.dev}: none of its {reasons.total()} relations is that of a candidate pair "
            f"({', '.join(sorted(reasons))}); the model scores {_named(config.pair_types)}"
        )
    _check_dev_labels(settings, known, config, log)
    scope = known_scope(corpus.scope, config, settings.dev)
    return DevDocuments(_judged_pairs(known, corpus, scope, processor, log), mentions, scope)


def _judged_pairs(
    documents: Sequence[Document], corpus: TrainingCorpus, scope: Scope, processor: Any, log: Callable[[str], Any]
) -> ProcessedDocuments:
    """Return the documents with the features of the pairs that they judge; log how many these are, if not all."""
    features, scored, every = [], 0, 0
    for document in documents:
        tokenized = processor.tokenize(document)
        candidates = list(processor.candidates(tokenized))
        related = {relation.pair for relation in document.relations}
        left_out = corpus.excluded_pairs.get(document.id, ())
        judged = judged_candidates(document.id, candidates, related, scope, left_out)
        features.append((*processor.features(tokenized, judged),))
        scored, every = scored + len(judged), every + len(candidates)
    if scope.judgements:
        log(f"{corpus.path}: its documents judge {scored} of {every} candidate pairs; the others do not count")
    return ProcessedDocuments(tuple(documents), tuple(features))


def _check_dev_labels(
    settings: TrainingSettings, documents: Sequence[Document], config: BioDirConfig, log: Callable[[str], Any]
) -> None:
    """Log which labels of the dev documents the model lacks, so that these relations count as missed.

    Raises:
        SettingError: it lacks all their relation types, and the level that selects needs these.
    """
    types, lacking = config.relation_labels, lists_of_checkpoint(config).lacking(documents)
    if not lacking:
        return
    named = "; ".join(f"{kind} {names}" for kind, names in lacking.items())
    found = {relation.relation_type for document in documents for relation in document.relations}
    if types and found.isdisjoint(types) and LEVEL_TASKS.get(settings.metric_for_best_model):
        raise SettingError(
            f"{settings.dev}: the model has none of its relation types: {named}; the model knows "
            f"{', '.join(types[1:])}; give --dev the labels of --train"
        )
    log(f"{settings.dev}: {named}: the model has no such label, so these relations count as missed where it is needed")


def _named(pair_types: Iterable[Sequence[str]]) -> str:
    return ", ".join("-".join(pair_type) for pair_type in pair_types)


def steps_of_epoch(
    labelled: Sequence[LabelledPairs],
    settings: TrainingSettings,
    processor: Any,
    epoch: int,
    words: Sequence[LabelledWords] = (),
    tagger_processor: TaggerProcessor | None = None,
) -> list[Any]:
    """Return the steps of one epoch, each of pairs or of words; seed and epoch decide the negatives and the order."""
    seed = settings.seed * 1000 + epoch
    steps: list[Any] = _pair_steps(labelled, settings, processor, seed) if labelled else []
    if tagger_processor is not None and words:
        steps += mention_steps(words, tagger_processor, settings.tokens_per_step, seed, settings.sentence_share)
        if labelled:
            random.Random(seed).shuffle(steps)
    return steps


def _pair_steps(
    labelled: Sequence[LabelledPairs], settings: TrainingSettings, processor: Any, seed: int
) -> list[list[LabelledPairs]]:
    chosen = epoch_pairs(labelled, settings.negatives_per_positive, seed, settings.swap_augmentation)
    return epoch_steps(chosen, processor, settings.tokens_per_step, seed)


def data_of(settings: TrainingSettings) -> dict[str, str]:
    """Return the fingerprints of all files that the settings name, with the weights of an encoder in a folder."""
    weights = Path(settings.encoder) / "model.safetensors"
    further = [path for path in (settings.dev, settings.corpora, weights if weights.is_file() else None) if path]
    teachers = [file for folder in settings.teachers for file in teacher_files(folder)]
    given = (*settings.mention_train, *settings.unlabelled, *settings.exclude)
    return data_fingerprints([*corpus_paths(settings), *given, *further, *teachers])
