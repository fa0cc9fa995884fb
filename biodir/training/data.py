"""Training data: which pairs an epoch sees, in which steps, and what each process computes of a step."""

import random
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import torch

from biodir.document_biodir import Document, Relation
from biodir.document_candidates_biodir import CandidatePair
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.checks import unannotated_parts
from biodir.modeling_pairwise_biodir import length_groups
from biodir.pipeline_decoding_biodir import pair_targets, relations_of_pairs
from biodir.processing_biodir import Features, Processor
from biodir.processing_pairwise_biodir import PairwiseFeatures, PairwiseProcessor
from biodir.training.scopes import PairGroup, Scope


@dataclass(frozen=True)
class LabelledPairs:
    """Features with the targets of their pairs: of each, task -> one number for each label.

    The first task decides which pairs are related. `swapped`, where known, holds the same pairs in the other order.
    `group` is their corpus, and what an epoch draws of it; `document_id` that of their document. A target between 0 and
    1 is the probability that the label holds; it holds where that is above 0.5.

    >>> pairs = LabelledPairs(None, ({"relation": [0.0, 1.0]}, {"relation": [1.0, 0.0]}))
    >>> pairs.related
    (True, False)
    """

    features: Features
    targets: tuple[dict[str, list[float]], ...]
    swapped: "LabelledPairs | None" = field(default=None, repr=False)
    group: PairGroup = field(default=PairGroup(), repr=False)
    document_id: str = field(default="", repr=False)
    document: Document | None = field(default=None, repr=False, compare=False)

    @property
    def related(self) -> tuple[bool, ...]:
        """For each pair True where any label but the first of the first task holds."""
        return tuple(any(value > 0.5 for value in next(iter(targets.values()))[1:]) for targets in self.targets)

    def select(self, indices: Sequence[int]) -> "LabelledPairs":
        """Return these features with only the pairs of these indices."""
        return replace(
            self,
            features=self.features.select(indices),
            targets=tuple(self.targets[index] for index in indices),
            swapped=None if self.swapped is None else self.swapped.select(indices),
        )

    def with_swapped(self, indices: Collection[int]) -> "LabelledPairs":
        """Return these pairs, those of the indices in the other order."""
        assert self.swapped is not None, "the swapped pairs were made with the others"
        if not indices:
            return replace(self, swapped=None)
        if isinstance(self.features, PairwiseFeatures):
            return replace(self.swapped, group=self.group)
        chosen = [self.swapped if index in indices else self for index in range(len(self.targets))]
        pairs: Any = tuple(found.features.pairs[index] for index, found in enumerate(chosen))
        targets = tuple(found.targets[index] for index, found in enumerate(chosen))
        features = replace(self.features, pairs=pairs)
        return LabelledPairs(features, targets, group=self.group, document_id=self.document_id)


def labelled_pairs(
    documents: Sequence[Document],
    processor: Processor,
    labels: Mapping[str, Sequence[str]],
    is_partial: bool = False,
    excluded: Mapping[str, Collection[frozenset[str]]] | None = None,
    with_swapped: bool = False,
    scope: Scope | None = None,
) -> Iterator[LabelledPairs]:
    """Yield the candidate pairs of a corpus with their targets.

    A novelty or direction that no relation of the corpus has teaches nothing.

    Args:
        labels: task -> its labels, as `BioDirConfig.labels`; tasks without labels are left out.
        is_partial: leaves out pairs of types that no relation of the corpus joins: it does not annotate them, as
            BC5CDR annotates only chemicals with diseases.
        excluded: document id -> pairs of identifiers to leave out.
        with_swapped: makes the pairs in the other order, too.
        scope: which pairs and labels the documents judge, where they do not judge all.

    Raises:
        AnnotationError: a relation has a label that is not among the labels; with the document.
    """
    scope = scope or Scope()
    unannotated = unannotated_parts([relation for document in documents for relation in document.relations])
    if scope.judgements:  # which say of each pair whether its direction is known
        unannotated = ("novelty",)
    elif scope.undirected is not None:
        unannotated = tuple(part for part in unannotated if part != "direction")
    joined = related_types(documents)
    for document in documents:
        left_out = (excluded or {}).get(document.id, ())
        tokenized = processor.tokenize(document)
        relations = relations_of_pairs(document)
        pairs = judged_candidates(document.id, processor.candidates(tokenized), relations, scope, left_out)
        if is_partial:
            pairs = [pair for pair in pairs if {pair.entity1.entity_type, pair.entity2.entity_type} in joined]
        labelling = _Labelling(document, relations, labels, unannotated, scope)
        found = _with_targets(processor.features(tokenized, pairs), labelling)
        if not with_swapped:
            yield from found
            continue
        # The direction label follows the order.
        others = processor.features(
            tokenized, [replace(each, entity1=each.entity2, entity2=each.entity1) for each in pairs]
        )
        swapped = _with_targets(others, labelling)
        for each, other in zip(found, swapped, strict=True):
            yield replace(each, swapped=other)


def judged_candidates(
    document_id: str,
    candidates: Iterable[CandidatePair],
    related: Collection[frozenset[str]],
    scope: Scope,
    left_out: Collection[frozenset[str]],
) -> list[CandidatePair]:
    """Return the candidate pairs of a document that it judges by the scope of its corpus.

    Args:
        related: pairs of identifiers that the document relates.
        left_out: pairs of identifiers that are not judged either.
    """
    found = [pair for pair in candidates if pair.identifiers not in left_out]
    return [pair for pair in found if scope.judges(document_id, pair, pair.identifiers in related)]


@dataclass(frozen=True)
class _Labelling:
    """What the targets of a document's pairs are made of."""

    document: Document
    relations: Mapping[frozenset[str], Sequence[Relation]]
    labels: Mapping[str, Sequence[str]]
    unannotated: Collection[str]
    scope: Scope

    def targets(self, pair: CandidatePair) -> dict[str, list[float]]:
        """Return task -> a number for each label of a pair."""
        related = self.relations.get(pair.identifiers, ())
        found = pair_targets(pair, related, self.labels, self.unannotated)
        is_directed = pair.identifiers not in self.scope.undirected_pairs(self.document.id)
        types = [each.relation_type for each in related]
        return self.scope.masked(found, self.labels.get("relation", ()), types, is_directed)


def _with_targets(features_of_pairs: Iterable[Features], labelling: _Labelling) -> Iterator[LabelledPairs]:
    document = labelling.document
    for features in features_of_pairs:
        try:
            targets = [labelling.targets(scored.pair) for scored in features.pairs]
        except AnnotationError as error:
            raise AnnotationError(f"document {document.id}: {error}") from error
        yield LabelledPairs(features, tuple(targets), document_id=document.id, document=document)


def related_types(documents: Iterable[Document]) -> set[frozenset[str]]:
    """Return the unordered pairs of entity types that relations of the documents join."""
    return {pair for document in documents for _, joined in joined_types(document) for pair in joined}


def joined_types(document: Document) -> Iterator[tuple[Relation, set[frozenset[str]]]]:
    """Yield each relation with the unordered pairs of entity types that it joins; none without a mention."""
    types: dict[str, set[str]] = {}
    for entity in document.entities():
        types.setdefault(entity.identifier, set()).add(entity.entity_type)
    for relation in document.relations:
        sides = (types.get(identifier, ()) for identifier in (relation.entity1_id, relation.entity2_id))
        yield relation, {frozenset(pair) for pair in product(*sides)}


def epoch_pairs(
    labelled: Sequence[LabelledPairs], negatives_per_positive: float, seed: int, swapped_share: float = 0.0
) -> list[LabelledPairs]:
    """Return all related pairs and a share of the unrelated ones, which the seed draws, without empty features.

    Args:
        negatives_per_positive: unrelated pairs for each related one of the same corpus, where its group names no other
            number.
        swapped_share: probability of each pair to be shown in the other order.
    """
    draw = random.Random(seed)
    indices_of: dict[PairGroup, list[int]] = {}
    for index, found in enumerate(labelled):
        indices_of.setdefault(found.group, []).append(index)
    drawn_pairs: list[tuple[int, int]] = []
    for group, indices in indices_of.items():
        if group.share < 1:
            documents = list(dict.fromkeys(labelled[index].document_id for index in indices))
            shown = set(draw.sample(documents, max(1, round(group.share * len(documents)))))
            indices = [index for index in indices if labelled[index].document_id in shown]
        own = group.negatives_per_positive
        drawn_pairs += _drawn_pairs(labelled, indices, negatives_per_positive if own is None else own, draw)
    chosen: dict[int, list[int]] = {}
    for index, number in sorted(drawn_pairs):
        chosen.setdefault(index, []).append(number)
    drawn = [labelled[index].select(numbers) for index, numbers in chosen.items()]
    if not swapped_share:
        return drawn
    return [
        found.with_swapped([index for index in range(len(found.targets)) if draw.random() < swapped_share])
        for found in drawn
    ]


def _drawn_pairs(
    labelled: Sequence[LabelledPairs], indices: Iterable[int], ratio: float, draw: random.Random
) -> list[tuple[int, int]]:
    """Return all related pairs of these features, and a share of the others, as index and number in the features."""
    related: list[tuple[int, int]] = []
    unrelated: list[tuple[int, int]] = []
    for index in indices:
        for number, is_related in enumerate(labelled[index].related):
            (related if is_related else unrelated).append((index, number))
    wanted = min(len(unrelated), round(ratio * len(related)))
    return related + draw.sample(unrelated, wanted)


def epoch_steps(
    labelled: Sequence[LabelledPairs], processor: Processor, token_budget: int, seed: int
) -> list[list[LabelledPairs]]:
    """Return the features of each step, of like length and under a token budget, in an order that the seed draws.

    Features are shuffled before they are grouped, so that those of equal length meet different neighbours each epoch.
    """
    order = random.Random(seed)
    shuffled = order.sample(labelled, len(labelled))
    features: list[Any] = [found.features for found in shuffled]  # of the processor's own kind
    if isinstance(processor, PairwiseProcessor):
        groups = length_groups([found.tokens for found in features], token_budget)
    else:
        groups = processor.passes(features, token_budget)
    order.shuffle(groups)
    return [[shuffled[index] for index in group] for group in groups]


def step_parts(
    step: Sequence[LabelledPairs], process: int, processes: int, passes: int = 1
) -> list[tuple[list[LabelledPairs], float]]:
    """Return the parts of a step that a process computes, one for each pass, with their shares.

    A share is what the mean loss of the part counts in the step's, times the number of processes, which average their
    gradients; 0 for a part that is there only to let all processes do the same passes. Summed over the passes and
    averaged over the processes, the parts' losses by their shares are the mean loss of the step's pairs: the number of
    processes and passes changes nothing, but for the losses of evidence and coreference, which are no means of pairs.
    """
    pairs = sum(len(found.targets) for found in step)
    parts = []
    for number in range(passes):
        some = list(step[number * processes + process :: passes * processes])
        share = sum(len(found.targets) for found in some) / pairs * processes
        parts.append((some or list(step[:1]), share))
    return parts


def training_batch(labelled: Sequence[LabelledPairs], processor: Processor) -> dict[str, torch.Tensor]:
    """Return the model's inputs and targets of these pairs."""
    features: list[Any] = [found.features for found in labelled]  # of the processor's own kind
    batch = {name: torch.as_tensor(value) for name, value in processor.collate(features).items()}
    targets = [targets for found in labelled for targets in found.targets]
    for task in targets[0]:
        batch[f"{task}_targets"] = torch.tensor([found[task] for found in targets])  # (batch, labels)
    corpora = [found.group.corpus_id for found in labelled for _ in found.targets]
    if None not in corpora:
        batch["corpus_ids"] = torch.tensor(corpora)  # (batch,)
    return batch
