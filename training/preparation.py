"""What the settings make of corpora and labels: the model's configuration, the pairs of an epoch, the dev documents."""

from collections.abc import Sequence
from typing import Any

from biodir.configuration_biodir import ADAPTIVE_THRESHOLD, BioDirConfig
from biodir.errors_biodir import SettingError
from biodir.evaluation.model_scores import EncodedDocuments, encoded_documents
from biodir.evaluation.thresholds import fingerprints
from biodir.inputs_biodir import with_known_types
from biodir.training.augmentation import augmented_documents
from biodir.training.corpora import TrainingCorpus, corpus_paths, first_documents
from biodir.training.data import LabelledPairs, epoch_pairs, epoch_steps, labelled_pairs
from biodir.training.labels import LabelLists
from biodir.training.optimization import balanced_weights
from biodir.training.provenance import data_fingerprints
from biodir.training.settings import TrainingSettings, named_values
from biodir.training.validation import check_level


def run_config(settings: TrainingSettings, lists: LabelLists, corpora: Sequence[TrainingCorpus]) -> BioDirConfig:
    """The configuration of the model to train."""
    relations = [each for corpus in corpora for document in corpus.documents for each in document.relations]
    return BioDirConfig(
        **lists.to_settings(settings.tasks),
        pair_encoding=settings.pair_encoding,
        chunks=settings.chunks,
        chunk_tokens=named_values(settings.chunk_tokens),
        max_tokens=settings.max_tokens,
        max_mention_tokens=settings.max_mention_tokens,
        window_overlap_tokens=settings.window_overlap_tokens,
        infix_min_tokens=settings.infix_min_tokens,
        soft_prompt_tokens=settings.soft_prompt_tokens,
        classifier_dropout=settings.dropout,
        task_weights=named_values(settings.task_weights),
        relation_loss=settings.relation_loss,
        focal_gamma=settings.focal_gamma,
        label_weights=(
            balanced_weights(relations, lists.relation_labels, settings.class_balance) if settings.class_balance else {}
        ),
        # With a threshold learned for each pair, the highest label wins, the first among them.
        relation_threshold=1.0 if settings.relation_loss == ADAPTIVE_THRESHOLD else 0.5,
    )


def pairs_to_learn(
    corpora: Sequence[TrainingCorpus], encoder: Any, config: BioDirConfig, settings: TrainingSettings
) -> list[LabelledPairs]:
    """The labelled pairs of all corpora, and of the copies of documents with rare relations.

    Raises:
        SettingError: a corpus has no candidate pair, or none of them is related.
    """
    found = []
    for corpus in corpora:
        documents = [with_known_types(document, config.entity_types, config.type_map) for document in corpus.documents]
        unasked = dict(corpus.unasked)
        if settings.rare_copies and not corpus.is_partial:
            copies = augmented_documents(
                documents, settings.rare_copies, settings.rare_below, settings.seed, corpus.unasked
            )
            documents += [copy.document for copy in copies]
            unasked |= {copy.document.id: copy.unchanged for copy in copies}
        with_swapped = settings.swap_augmentation > 0
        pairs = list(labelled_pairs(documents, encoder, config.labels, corpus.is_partial, unasked, with_swapped))
        if not pairs:
            raise SettingError(
                f"{corpus.path}: no candidate pair to learn from; pairs are of the types "
                f"{', '.join('-'.join(pair_type) for pair_type in config.pair_types)}"
            )
        found += pairs
    if not any(any(each.related) for each in found):
        raise SettingError("no candidate pair of the training data is related; is it the file with the relations?")
    return found


def dev_documents(settings: TrainingSettings, encoder: Any, config: BioDirConfig) -> EncodedDocuments | None:
    """The documents that the run is scored on, encoded once for all epochs; None without any.

    Their names are written into the configuration, for whoever would report scores on them.

    Raises:
        SettingError: they cannot be scored at the level that selects.
    """
    if settings.dev is None:
        return None
    documents = first_documents(settings.dev, settings.max_dev_documents)
    check_level(documents, settings.select_by, settings.dev)
    config.calibrated_on = fingerprints(documents)
    return encoded_documents(
        [with_known_types(document, config.entity_types, config.type_map) for document in documents], encoder
    )


def steps_of_epoch(
    labelled: Sequence[LabelledPairs], settings: TrainingSettings, encoder: Any, epoch: int
) -> list[list[LabelledPairs]]:
    """The steps of one epoch; seed and epoch decide the negatives and the order."""
    seed = settings.seed * 1000 + epoch
    chosen = epoch_pairs(labelled, settings.negatives_per_positive, seed, settings.swap_augmentation)
    return epoch_steps(chosen, encoder, settings.tokens_per_step, seed)


def data_of(settings: TrainingSettings) -> dict[str, str]:
    """The fingerprints of all files that the settings name."""
    further = [path for path in (settings.dev, settings.corpora) if path]
    return data_fingerprints([*corpus_paths(settings), *settings.exclude, *further])
