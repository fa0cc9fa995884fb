"""The label lists of a run: those of BioRED, of a checkpoint to start from, or of the training data."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, cast

from huggingface_hub.errors import StrictDataclassError
from transformers import AutoConfig, PreTrainedConfig

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.labels_biodir import (
    DIRECTION_LABELS,
    ENTITY_TYPES,
    MENTIONS,
    NOVELTY_LABELS,
    PAIR_TYPES,
    RELATION_LABELS,
    TASKS,
    UNRELATED,
    bio_labels,
)
from biodir.training.corpora import TrainingCorpus
from biodir.training.data import related_types
from biodir.training.reading import named_counts, unknown_types
from biodir.training.settings import TrainingSettings

GENERIC_RELATION = "Association"


@dataclass(frozen=True)
class LabelLists:
    """What a model can predict. The fields are those of `BioDirConfig` with the same names; `source` is for messages.

    >>> LabelLists("BioRED").novelty_labels
    ('None', 'Novel', 'No')
    """

    source: str
    relation_labels: Sequence[str] = RELATION_LABELS
    novelty_labels: Sequence[str] = NOVELTY_LABELS
    direction_labels: Sequence[str] = DIRECTION_LABELS
    entity_types: Sequence[str] = ENTITY_TYPES
    pair_types: Sequence[Sequence[str]] = PAIR_TYPES
    type_map: dict[str, str | None] | None = None
    tag_types: dict[str, str] | None = None
    generic_relation: str | None = GENERIC_RELATION

    def to_settings(self, tasks: Iterable[str]) -> dict[str, Any]:
        """Return fields of `BioDirConfig`; the lists of other tasks than these are empty.

        Raises:
            SettingError: so are the lists of these.
        """
        values = {name: value for name, value in vars(self).items() if name != "source"}
        values |= {f"{task}_labels": [] for task in TASKS if task not in tasks}
        if MENTIONS in tasks:
            values["tagger_labels"] = bio_labels(self.entity_types)
        if list(tasks) == [MENTIONS]:
            return values | {"pair_types": [], "generic_relation": None}
        if not any(values[f"{task}_labels"] for task in TASKS):
            raise SettingError(f"{self.source} annotates no {' and no '.join(tasks)}; choose other --tasks")
        if not values["relation_labels"]:
            values["generic_relation"] = self.generic_relation or GENERIC_RELATION
        return values

    def lacking(self, documents: Sequence[Document]) -> dict[str, str]:
        """Return what these lists do not hold of the documents: "relation type", "novelty", "entity type" -> names.

        The names have their numbers, and the names that were probably meant. A list without any label is that of a task
        that is left out; it lacks nothing.
        """
        relations = [relation for document in documents for relation in document.relations]
        types = Counter(each.relation_type for each in relations if self.relation_labels)
        novelties = Counter(each.novelty for each in relations if self.novelty_labels and each.novelty is not None)
        known = {"relation type": self.relation_labels[1:], "novelty": self.novelty_labels[1:]}
        found = {
            "relation type": Counter({name: types[name] for name in types if name not in known["relation type"]}),
            "novelty": Counter({name: novelties[name] for name in novelties if name not in known["novelty"]}),
            "entity type": unknown_types(documents, self.entity_types, self.type_map),
        }
        return {
            kind: named_counts(counts, known.get(kind, self.entity_types)) for kind, counts in found.items() if counts
        }


def lists_of_run(
    settings: TrainingSettings, corpora: Sequence[TrainingCorpus], log: Callable[[str], Any] = print
) -> LabelLists:
    """Return the label lists of the run; those of the checkpoint where its relations are kept.

    Raises:
        SettingError: the lists do not hold what the data has.
    """
    documents = [document for corpus in corpora for document in corpus.documents]
    if not settings.freeze_relations:
        return label_lists(documents, settings.labels, settings.encoder, settings.tasks, log, settings.errors)
    lists = lists_of_checkpoint(kept_config(settings))
    lacking = lists.lacking(documents).get("entity type")
    if lacking and settings.errors == "raise":
        raise SettingError(
            f"{', '.join(corpus.path for corpus in corpora)}: freeze_relations keeps the entity types of "
            f"{settings.encoder}, which lacks {lacking}; map the types with --corpora (entity_types), leave these "
            "mentions out by --errors skip-mention, or train without --freeze_relations"
        )
    return lists


def kept_config(settings: TrainingSettings) -> BioDirConfig:
    """Return the configuration of the checkpoint whose relations are kept.

    Raises:
        SettingError: the encoder is none.
    """
    config = checkpoint_config(settings.encoder)
    if config is None:
        raise SettingError(f"freeze_relations: {settings.encoder} is no biodir checkpoint; it has nothing to keep")
    return config


def label_lists(
    documents: Sequence[Document],
    wanted: str,
    encoder: str,
    tasks: Iterable[str] = TASKS,
    log: Callable[[str], Any] = print,
    errors: str = "raise",
) -> LabelLists:
    """Return the lists for these training documents.

    Args:
        wanted: see `TrainingSettings.labels`.
        encoder: folder or Hub id that training starts from. Where it is a checkpoint without a head for one of the
            tasks, that list is the one that a bare encoder would have.
        tasks: those that are trained.
        log: gets what the lists lack where those of the data are taken in their place.
        errors: see `TrainingSettings.errors`; where it is not "raise", mentions of types that BioRED lacks are left out
            later.

    Raises:
        SettingError: BioRED's lists are wanted but do not hold the labels of the documents, or these have no relation.
        CheckpointError: there is no such encoder.
    """
    if wanted == "data" and list(tasks) == [MENTIONS]:
        return LabelLists("the training data", entity_types=entity_types_of(documents), type_map={}, tag_types={})
    if wanted == "data":
        return labels_of(documents)
    known = LabelLists("BioRED")
    if wanted == "auto":
        config = checkpoint_config(encoder)
        if config is not None:
            known = lists_of_checkpoint(config)
        known = _with_all_tasks(known, documents, tasks)
    lacking = known.lacking(documents)
    if list(tasks) == [MENTIONS]:
        lacking = {kind: names for kind, names in lacking.items() if kind == "entity type"}
    if wanted == "biored" and errors != "raise":
        lacking.pop("entity type", None)
    if not lacking:
        return known
    named = "; ".join(f"{kind} {names}" for kind, names in lacking.items())
    if wanted == "biored":
        raise SettingError(
            f"the training data has {named}, which BioRED's label lists do not hold; map the corpus with --corpora, or "
            "take --labels data"
        )
    log(f"label lists are those of the data, since {known.source} lacks {named}")
    return label_lists(documents, "data", encoder, tasks)


def lists_of_checkpoint(config: BioDirConfig) -> LabelLists:
    """Return the lists of a checkpoint by its configuration."""
    names = [each.name for each in fields(LabelLists) if each.name != "source"]
    return LabelLists("the checkpoint", **{name: getattr(config, name) for name in names})


def _with_all_tasks(lists: LabelLists, documents: Sequence[Document], tasks: Iterable[str]) -> LabelLists:
    """Return the lists, empty ones of these tasks filled: from BioRED where it holds the data, else from the data."""
    wanted = [task for task in TASKS if task in tasks]
    names = [f"{task}_labels" for task in wanted if not getattr(lists, f"{task}_labels")]
    names += ["pair_types"] * (bool(wanted) and not lists.pair_types)  # as those of a tagger are
    if not names or not any(document.relations for document in documents):
        return lists
    others, biored = labels_of(documents), LabelLists("BioRED")
    filled: dict[str, Any] = {}
    for name in names:
        labels, known = getattr(others, name), getattr(biored, name)
        holds = {kind for pair in PAIR_TYPES for kind in pair} <= {*lists.entity_types}
        if name != "pair_types":
            holds = bool(labels) and {*labels} <= {*known}
        filled[name] = known if holds else labels
    if "relation_labels" in filled:
        filled["generic_relation"] = GENERIC_RELATION if GENERIC_RELATION in filled["relation_labels"] else None
    return replace(lists, **filled)


def labels_of(documents: Sequence[Document]) -> LabelLists:
    """Return lists of the labels that the documents have; a task that none of their relations annotates has no labels.

    The pairs to score are those of types that some relation joins.

    Raises:
        SettingError: the documents have no relation between mentioned entities, or a label that means "unrelated".
    """
    relations = [relation for document in documents for relation in document.relations]
    if not relations:
        raise SettingError(f"the {len(documents)} training documents have no relation to learn from")
    types = sorted({relation.relation_type for relation in relations})
    novelties = sorted({relation.novelty for relation in relations if relation.novelty is not None})
    if UNRELATED in (*types, *novelties):
        raise SettingError(f"the training data has the label {UNRELATED!r}, which means an unrelated pair; rename it")
    has_directions = any(relation.subject_id is not None for relation in relations)
    pair_types = {(min(pair), max(pair)) for pair in related_types(documents)}
    if not pair_types:
        raise SettingError(f"none of the {len(relations)} relations to learn from joins two entities with mentions")
    return LabelLists(
        source="the training data",
        relation_labels=(UNRELATED, *types),
        novelty_labels=(UNRELATED, *novelties) if novelties else (),
        direction_labels=DIRECTION_LABELS if has_directions else (),
        entity_types=entity_types_of(documents),
        pair_types=tuple(sorted(pair_types)),
        type_map={},
        tag_types={},
        generic_relation=GENERIC_RELATION if GENERIC_RELATION in types else None,
    )


def entity_types_of(documents: Iterable[Document]) -> tuple[str, ...]:
    """Return the entity types that the mentions of the documents have, sorted."""
    return tuple(sorted({mention.entity_type for document in documents for mention in document.mentions}))


def checkpoint_config(name_or_path: str) -> BioDirConfig | None:
    """Return the configuration as `biodir_config` does, for a name that a user gave.

    Raises:
        CheckpointError: there is no such folder or repository.
    """
    try:
        return biodir_config(name_or_path)
    except OSError as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"encoder {name_or_path}: neither a folder with a model nor a repository within reach ({reason}); check "
            "the name"
        ) from error


def encoder_config(name_or_path: str) -> PreTrainedConfig | None:
    """Return the configuration of the encoder, or of that of a biodir checkpoint; None where it cannot be read.

    Loading the encoder then says why.
    """
    try:
        config = biodir_config(name_or_path)
        return AutoConfig.from_pretrained(name_or_path) if config is None else cast(Any, config.encoder_config)
    except (OSError, ValueError, StrictDataclassError):
        return None


def biodir_config(name_or_path: str | os.PathLike[str]) -> BioDirConfig | None:
    """Return the configuration of a biodir checkpoint; None where this is a bare encoder."""
    values, _ = BioDirConfig.get_config_dict(name_or_path)
    return BioDirConfig(**values) if values.get("model_type") == BioDirConfig.model_type else None
