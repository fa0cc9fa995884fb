"""Training data: which pairs an epoch sees, and in which batches."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch

from biodir.candidates_biodir import CandidatePair
from biodir.decoding_biodir import pair_targets, relations_of_pairs
from biodir.document_biodir import Document
from biodir.encoding_biodir import PairEncoder
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.checks import unannotated_parts
from biodir.features_biodir import PairFeatures, WindowFeatures
from biodir.windows_biodir import PooledEncoder


@dataclass(frozen=True)
class LabelledPairs:
    """Features with the targets of their pairs: of each, task -> one number for each label."""

    features: PairFeatures | WindowFeatures
    targets: tuple[dict[str, list[float]], ...]

    @property
    def related(self) -> tuple[bool, ...]:
        """For each pair True where any relation label but the first holds."""
        return tuple(any(targets["relation"][1:]) for targets in self.targets)

    def with_pairs(self, indices: Sequence[int]) -> "LabelledPairs":
        """These features with the pairs of these indices alone."""
        return LabelledPairs(self.features.with_pairs(indices), tuple(self.targets[index] for index in indices))


def labelled_pairs(
    documents: Sequence[Document],
    encoder: PairEncoder | PooledEncoder,
    labels: dict[str, list[str]],
    is_partial: bool = False,
) -> Iterator[LabelledPairs]:
    """The candidate pairs of a corpus with their targets; novelty or direction that no relation has teaches nothing.

    Args:
        is_partial: leaves out pairs of types that no relation of the corpus joins: it does not annotate them, as
            BC5CDR annotates nothing but chemicals with diseases.
    """
    unannotated = unannotated_parts([relation for document in documents for relation in document.relations])
    joined = related_types(documents)
    for document in documents:
        relations = relations_of_pairs(document)
        encoded = encoder.encode_document(document)
        pairs = (pair for pair in encoder.candidates(encoded) if not is_partial or pair_types_of(pair) in joined)
        for features in encoder.encode_pairs(encoded, pairs):
            try:
                targets = [
                    pair_targets(asked.pair, relations.get(_identifiers(asked.pair), ()), labels, unannotated)
                    for asked in features.pairs
                ]
            except AnnotationError as error:
                raise AnnotationError(f"document {document.id}: {error}") from error
            yield LabelledPairs(features, tuple(targets))


def related_types(documents: Iterable[Document]) -> set[frozenset[str]]:
    """The unordered pairs of entity types that relations of the documents join."""
    joined = set()
    for document in documents:
        types: dict[str, set[str]] = {}
        for entity in document.entities():
            types.setdefault(entity.identifier, set()).add(entity.entity_type)
        for relation in document.relations:
            sides = (types.get(identifier, ()) for identifier in (relation.entity1_id, relation.entity2_id))
            joined.update(frozenset(pair) for pair in product(*sides))
    return joined


def pair_types_of(pair: CandidatePair) -> frozenset[str]:
    """The types of the pair's entities, without order."""
    return frozenset((pair.entity1.entity_type, pair.entity2.entity_type))


def epoch_pairs(labelled: Sequence[LabelledPairs], negatives_per_positive: float, seed: int) -> list[LabelledPairs]:
    """All related pairs and a share of the unrelated ones, drawn anew by the seed; empty features are left out."""
    related, unrelated = [], []
    for index, found in enumerate(labelled):
        for number, is_related in enumerate(found.related):
            (related if is_related else unrelated).append((index, number))
    wanted = min(len(unrelated), round(negatives_per_positive * len(related)))
    chosen: dict[int, list[int]] = {}
    for index, number in sorted(related + random.Random(seed).sample(unrelated, wanted)):
        chosen.setdefault(index, []).append(number)
    return [labelled[index].with_pairs(numbers) for index, numbers in chosen.items()]


def epoch_batches(
    labelled: Sequence[LabelledPairs], encoder: PairEncoder | PooledEncoder, token_budget: int, seed: int
) -> Iterator[dict[str, torch.Tensor]]:
    """Batches under a token budget, in an order that the seed draws.

    Features are shuffled before they are grouped, so that those of equal length meet different neighbours each epoch.
    """
    order = random.Random(seed)
    shuffled = order.sample(labelled, len(labelled))
    groups = encoder.groups([found.features for found in shuffled], token_budget)
    order.shuffle(groups)
    for group in groups:
        yield training_batch([shuffled[index] for index in group], encoder)


def training_batch(labelled: Sequence[LabelledPairs], encoder: PairEncoder | PooledEncoder) -> dict[str, torch.Tensor]:
    """The model's inputs and targets of these pairs."""
    batch = encoder.collate([found.features for found in labelled])
    targets = [targets for found in labelled for targets in found.targets]
    for task in targets[0]:
        batch[f"{task}_targets"] = torch.tensor([found[task] for found in targets])  # (batch, labels)
    return batch


def _identifiers(pair: CandidatePair) -> frozenset[str]:
    return frozenset((pair.entity1.identifier, pair.entity2.identifier))
