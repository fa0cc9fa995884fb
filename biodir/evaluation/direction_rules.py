"""Rules that name the subject of a relation without a model: what a model has to be better than."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import permutations

from biodir.evaluation.direction_cases import DirectionCase
from biodir.evaluation.direction_cues import SURE_Z, word_cues
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, VARIANT

# Returns the identifier of the subject of a relation, or None for an undirected one.
DirectionRule = Callable[[DirectionCase], str | None]
RELATED_TYPES = (CHEMICAL, GENE, DISEASE, VARIANT)
FIRST, TYPES, WORDS, SHARES = (
    "first in the text",
    "order of types",
    "order of types, words",
    "most frequent of the group",
)


def rules_of(training: Sequence[DirectionCase]) -> dict[str, DirectionRule]:
    """Return name -> rule: the first in the text is the subject; and three rules that are found on training cases.

    The order of types names the entity whose type comes first in `best_order`; of one type, the first in the text. With
    words, the words between two mentions of one type decide. The last rule takes what is most frequent for the pair
    type and relation type, undirected included.
    """
    order = best_order(training)
    return {
        FIRST: lambda case: case.first.identifier,
        TYPES: lambda case: by_types(case, order),
        WORDS: word_rule(training, order),
        SHARES: share_rule(training),
    }


def best_order(training: Iterable[DirectionCase]) -> tuple[str, ...]:
    """Return the order of chemicals, genes, diseases and variants that names most subjects; of equals, the first.

    It is empty where no two types have a directed relation.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for case in training:
        if case.is_directed and not case.is_of_one_type:
            ends = [case.first.entity_type, case.second.entity_type]
            subject, object_ = ends if case.is_subject_first else ends[::-1]
            counts[subject, object_] += 1

    def right(order: Sequence[str]) -> int:
        places = {kind: place for place, kind in enumerate(order)}
        return sum(
            count for (subject, other), count in counts.items() if _place(places, subject) < _place(places, other)
        )

    return max(permutations(RELATED_TYPES), key=right) if counts else ()


def by_types(case: DirectionCase, order: Sequence[str]) -> str:
    """Return the entity whose type comes first; of one type, the first in the text."""
    places = {kind: place for place, kind in enumerate(order)}
    first, second = (_place(places, side.entity_type) for side in (case.first, case.second))
    return (case.second if second < first else case.first).identifier


def word_rule(training: Iterable[DirectionCase], order: Sequence[str]) -> DirectionRule:
    """Return the rule that adds the log odds of the words between two mentions of one type, those that are sure.

    Where no such word is between them, and for two types, it is that of types.
    """
    cues = word_cues(case for case in training if case.is_of_one_type)
    odds = {cue.text: cue.log_odds for cue in cues if abs(cue.z) >= SURE_Z}

    def rule(case: DirectionCase) -> str:
        found = sum(odds.get(word, 0.0) for word in set(case.between or ())) if case.is_of_one_type else 0.0
        return case.second.identifier if found < 0 else by_types(case, order)

    return rule


def share_rule(training: Iterable[DirectionCase]) -> DirectionRule:
    """Return the rule of the most frequent direction of each pair type and relation type; others are undirected."""
    counts: dict[tuple[str, str], Counter[str | None]] = defaultdict(Counter)
    for case in training:
        counts[case.pair_type, case.relation_type][_side(case)] += 1
    best = {group: max(sides, key=sides.__getitem__) for group, sides in counts.items()}

    def rule(case: DirectionCase) -> str | None:
        side = best.get((case.pair_type, case.relation_type))
        if side is None:
            return None
        if case.is_of_one_type:
            return (case.first if side == "first" else case.second).identifier
        return (case.first if case.first.entity_type == side else case.second).identifier

    return rule


def _side(case: DirectionCase) -> str | None:
    """Return the type of the subject; of one type, its place in the text; None for undirected relations."""
    if not case.is_directed:
        return None
    if case.is_of_one_type:
        return "first" if case.is_subject_first else "second"
    return (case.first if case.is_subject_first else case.second).entity_type


def _place(places: dict[str, int], kind: str) -> int:
    return places.get(kind, len(places))
