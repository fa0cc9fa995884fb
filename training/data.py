"""Training pairs: which pairs an epoch sees, and in which batches."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch

from biodir.batching_biodir import collate_pairs, length_groups
from biodir.decoding_biodir import pair_targets, relations_of_pairs
from biodir.document_biodir import Document
from biodir.encoding_biodir import PairEncoder, PairFeatures
from biodir.errors_biodir import AnnotationError


@dataclass(frozen=True)
class TrainingPair:
    """The rows of a pair with its targets, task -> one number for each label."""

    features: PairFeatures
    targets: dict[str, list[float]]

    @property
    def is_related(self) -> bool:
        """True where any relation label but the first holds."""
        return any(self.targets["relation"][1:])


def training_pairs(documents: Iterable[Document], encoder: PairEncoder, labels: dict[str, list[str]]):
    """Every candidate pair of the documents with its targets, as an iterator."""
    for document in documents:
        relations = relations_of_pairs(document)
        for features in encoder.encode_pairs(encoder.encode_document(document)):
            ids = frozenset((features.pair.entity1.identifier, features.pair.entity2.identifier))
            try:
                targets = pair_targets(features.pair, relations.get(ids, ()), labels)
            except AnnotationError as error:
                raise AnnotationError(f"document {document.id}: {error}") from error
            yield TrainingPair(features, targets)


def epoch_pairs(pairs: Sequence[TrainingPair], negatives_per_positive: float, seed: int) -> list[TrainingPair]:
    """All related pairs, and a share of the unrelated ones that the seed draws anew."""
    related = [pair for pair in pairs if pair.is_related]
    unrelated = [pair for pair in pairs if not pair.is_related]
    wanted = min(len(unrelated), round(negatives_per_positive * len(related)))
    return related + random.Random(seed).sample(unrelated, wanted)


def epoch_batches(
    pairs: Sequence[TrainingPair], token_budget: int, pad_id: int, seed: int
) -> Iterator[dict[str, torch.Tensor]]:
    """Batches of pairs of like length under a token budget, in an order that the seed draws.

    Pairs are shuffled before they are grouped, so that pairs of equal length meet different neighbours each epoch.
    """
    order = random.Random(seed)
    shuffled = order.sample(pairs, len(pairs))
    groups = length_groups([pair.features.row_tokens for pair in shuffled], token_budget)
    order.shuffle(groups)
    for group in groups:
        yield training_batch([shuffled[index] for index in group], pad_id)


def training_batch(pairs: Sequence[TrainingPair], pad_id: int) -> dict[str, torch.Tensor]:
    """The model's inputs and targets of these pairs."""
    batch = collate_pairs([pair.features for pair in pairs], pad_id)
    for task in pairs[0].targets:
        batch[f"{task}_targets"] = torch.tensor([pair.targets[task] for pair in pairs])  # (batch, labels)
    return batch
