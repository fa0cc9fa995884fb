"""Softer targets of the direction for relation types whose relations are sometimes directed and sometimes not."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from biodir.labels_biodir import ENTITY1_IS_SUBJECT, ENTITY2_IS_SUBJECT, UNDIRECTED
from biodir.training.data import LabelledPairs

Targets = Mapping[str, list[float]]
SIDES = (ENTITY1_IS_SUBJECT, ENTITY2_IS_SUBJECT)


def with_smoothed_directions(
    labelled: Sequence[LabelledPairs], labels: Mapping[str, Sequence[str]], smoothing: float
) -> list[LabelledPairs]:
    """Return the pairs, their direction targets smoothed by `smoothed`; a smoothing of 0 changes nothing.

    Args:
        labels: task -> its labels; without relation types or the labels of BioREDirect's directions nothing changes.
        smoothing: share of a target that the relation type decides, 0..1.
    """
    names = labels.get("direction", ())
    if not smoothing or not labels.get("relation") or not {*SIDES, UNDIRECTED} <= set(names):
        return list(labelled)
    shares = undirected_shares((each for found in labelled for each in found.targets), labels)

    def soft(found: LabelledPairs) -> LabelledPairs:
        targets = tuple(smoothed(each, labels, shares, smoothing) for each in found.targets)
        return replace(found, targets=targets, swapped=None if found.swapped is None else soft(found.swapped))

    return [soft(found) for found in labelled]


def undirected_shares(targets: Iterable[Targets], labels: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Return relation type -> the share of its pairs that are undirected, of those whose direction is annotated."""
    counts: Counter[tuple[str, bool]] = Counter()
    place = labels["direction"].index(UNDIRECTED)
    for each in targets:
        kind = _only(each["relation"], labels["relation"])
        direction = _only(each["direction"], labels["direction"])
        if kind and direction:
            counts[kind, each["direction"][place] > 0] += 1
    kinds = {kind for kind, _ in counts}
    return {kind: counts[kind, True] / (counts[kind, True] + counts[kind, False]) for kind in kinds}


def smoothed(
    targets: Targets, labels: Mapping[str, Sequence[str]], shares: Mapping[str, float], smoothing: float
) -> dict[str, list[float]]:
    """Return the targets of a pair; what its type makes doubtful about the direction is shared out.

    Of a directed relation, `smoothing` times the share of undirected ones of its type goes to "undirected". Of an
    undirected one, `smoothing` times the share of directed ones goes to both sides in equal parts. So types that are
    always directed keep their targets, and the other order of a pair has the mirrored ones. Label smoothing: Szegedy et
    al. 2016, section 7. Differs from it: the type's own shares replace a uniform distribution.
    """
    kind = _only(targets["relation"], labels["relation"])
    names = labels["direction"]
    direction = _only(targets["direction"], names)
    if kind not in shares or not direction:
        return dict(targets)
    values = dict.fromkeys(names, 0.0)
    if direction == UNDIRECTED:
        doubt = smoothing * (1 - shares[kind])
        values |= dict.fromkeys(SIDES, doubt / 2)
    else:
        doubt = smoothing * shares[kind]
        values[UNDIRECTED] = doubt
    values[direction] = 1 - doubt
    return {**targets, "direction": [values[name] for name in names]}


def _only(values: Sequence[float], labels: Sequence[str]) -> str:
    """Return the one label but the first that holds; empty where none or several hold."""
    held = [label for value, label in zip(values[1:], labels[1:], strict=True) if value > 0]
    return held[0] if len(held) == 1 else ""
