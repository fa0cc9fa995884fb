"""Which relations are counted: of which pair types, in complete documents or as the released code of BioREDirect."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import SettingError, plural
from biodir.evaluation.breakdown import NO_MENTION, RelationGroups, scored_pair_types
from biodir.evaluation.checks import ComparedDocument
from biodir.labels_biodir import CELL_LINE, CHEMICAL, DISEASE, GENE, PAIR_TYPES, RELATION_LABELS, SPECIES, VARIANT

CountedPairs = Literal["all", "eight", "five"]
Protocol = Literal["complete", "released"]
# Those that BioREx was scored on: Lai et al. 2023.
FIVE_PAIR_TYPES = ((CHEMICAL, CHEMICAL), (CHEMICAL, DISEASE), (CHEMICAL, GENE), (DISEASE, GENE), (GENE, GENE))
PAIRS_OF: Mapping[str, tuple[tuple[str, str], ...] | None] = {
    "all": None,
    "eight": PAIR_TYPES,
    "five": FIVE_PAIR_TYPES,
}
PROTOCOLS = ("complete", "released")
GENERIC = "Association"
# For people, where the names of types would fill the line.
SHORT_TYPES = {
    CHEMICAL: "chemical",
    DISEASE: "disease",
    GENE: "gene",
    VARIANT: "variant",
    SPECIES: "species",
    CELL_LINE: "cell line",
}


@dataclass(frozen=True)
class Counting:
    """Which relations of both sides are counted.

    Args:
        pair_types: "all" counts every relation; "five" those of the pair types of BioREx, "eight" those of BioRED's
            candidate pairs.
        protocol: "complete" counts complete documents: a gold relation whose pair was never a candidate is missed.
            "released" counts what the released code of BioREDirect prints: candidate pairs only, each pair with one
            type, and no prediction of a type that gold has nowhere.

    Raises:
        SettingError: a value is not one of these.

    >>> Counting("five").description
    'counted: relations of the five pair types of BioREx (chemical-chemical, chemical-disease, chemical-gene, ...
    """

    pair_types: CountedPairs = "all"
    protocol: Protocol = "complete"

    def __post_init__(self) -> None:
        for name, value, known in (("pair_types", self.pair_types, PAIRS_OF), ("protocol", self.protocol, PROTOCOLS)):
            if value not in known:
                raise SettingError(f"{name} is {value!r}; it is one of {', '.join(map(repr, known))}")

    @property
    def is_complete(self) -> bool:
        """Whether every relation is counted."""
        return (self.pair_types, self.protocol) == ("all", "complete")

    @property
    def description(self) -> str:
        """A line for people."""
        pairs = PAIRS_OF[self.pair_types]
        if pairs is None:
            kinds = "relations of all pair types"
        else:
            whose = "BioREx" if self.pair_types == "five" else "BioRED"
            kinds = f"relations of the {self.pair_types} pair types of {whose} ({', '.join(map(_short, pairs))})"
        if self.protocol == "released":
            return f"counted: {kinds} that are candidates, as the released code of BioREDirect does"
        return f"counted: {kinds} in complete documents"

    def counted(self, pairs: Sequence[ComparedDocument]) -> list[ComparedDocument]:
        """Return the documents with only the relations that are counted."""
        if self.is_complete:
            return list(pairs)
        kinds = self._kinds(pairs)
        kept = [_of_pair_types(pair, kinds) for pair in pairs]
        if self.protocol == "complete":
            return kept
        types = {relation.relation_type for pair in kept for relation in pair.gold.relations}
        return [_released(pair, types) for pair in kept]

    def to_dict(self, before: Sequence[ComparedDocument], after: Sequence[ComparedDocument]) -> dict[str, Any]:
        """Return what is counted and how many relations are not, JSON-ready; `after` is what `counted` returned."""
        left_out = {
            side: sum(len(getattr(pair, side).relations) for pair in before)
            - sum(len(getattr(pair, side).relations) for pair in after)
            for side in ("gold", "predicted")
        }
        kinds = None if self.is_complete else ["-".join(pair) for pair in self._kinds(before)]
        settings = {"pair_types": self.pair_types, "protocol": self.protocol, "counted_pair_types": kinds}
        return {**settings, "description": self.description, "not_counted": left_out}

    def notes(self, pairs: Sequence[ComparedDocument], after: Sequence[ComparedDocument]) -> list[str]:
        """Return what the counting hides, for people; `after` is what `counted` returned of these documents."""
        if self.is_complete:
            return []
        notes = [*self._unknown_notes(pairs), *_self_notes(pairs)]
        if not any(pair.gold.relations for pair in after):
            notes.insert(
                0,
                "gold has no relation that is counted, so that there is nothing to find and all shares are 0; chosen: "
                f"--pair-types {self.pair_types} --protocol {self.protocol}",
            )
        return notes

    def _unknown_notes(self, pairs: Sequence[ComparedDocument]) -> list[str]:
        unknown = sum(
            groups.pair_type(relation) == NO_MENTION
            for pair in pairs
            for groups in [RelationGroups(pair.gold)]
            for relation in pair.predicted.relations
        )
        if not unknown:
            return []
        return [
            f"{plural(unknown, 'predicted relation')} with an entity that gold does not mention, and so no pair type: "
            "not counted; without --pair-types and --protocol they count as wrong"
        ]

    def _kinds(self, pairs: Sequence[ComparedDocument]) -> Sequence[tuple[str, str]]:
        return PAIRS_OF[self.pair_types] or scored_pair_types(pair.gold for pair in pairs)


def _self_notes(pairs: Iterable[ComparedDocument]) -> list[str]:
    """Return how many relations relate an entity to itself, which is no pair of two types."""
    sides = [(pair.gold.relations, pair.predicted.relations) for pair in pairs]
    gold, predicted = (sum(len(each.pair) == 1 for side in some for each in side) for some in zip(*sides, strict=True))
    if not gold + predicted:
        return []
    return [f"{gold} gold and {predicted} predicted relations of an entity with itself, which is no pair: not counted"]


EVERYTHING = Counting()


def _short(pair: Sequence[str]) -> str:
    return "-".join(SHORT_TYPES[kind] for kind in pair)


def short_names(name: str) -> str:
    """Return the name of a pair type, or of something else with such words, in short.

    >>> short_names("ChemicalEntity-GeneOrGeneProduct"), short_names("same sentence")
    ('chemical-gene', 'same sentence')
    """
    return "-".join(SHORT_TYPES.get(kind, kind) for kind in name.split("-"))


def _of_pair_types(pair: ComparedDocument, kinds: Sequence[tuple[str, str]]) -> ComparedDocument:
    groups = RelationGroups(pair.gold, kinds)
    gold, predicted = (
        _with_relations(document, filter(groups.is_candidate, document.relations))
        for document in (pair.gold, pair.predicted)
    )
    return replace(pair, gold=gold, predicted=predicted)


def _released(pair: ComparedDocument, types: Container[str]) -> ComparedDocument:
    """Return the document with one type for a pair, without predictions of types that gold has in no document."""
    predicted = (each for each in _of_one_type(pair.predicted) if each.relation_type in types)
    return replace(
        pair,
        gold=_with_relations(pair.gold, _of_one_type(pair.gold)),
        predicted=_with_relations(pair.predicted, predicted),
    )


def _of_one_type(document: Document) -> Iterator[Relation]:
    """Yield one relation of each pair: of several the one with the highest score, but the generic type last."""
    order = {name: place for place, name in enumerate(RELATION_LABELS)}

    def rank(relation: Relation) -> tuple[Any, ...]:
        place = order.get(relation.relation_type, len(order))
        return relation.relation_type == GENERIC, -(relation.relation_score or 0.0), place

    best: dict[frozenset[str], Relation] = {}
    for relation in document.relations:
        best[relation.pair] = min(best.get(relation.pair, relation), relation, key=rank)
    yield from best.values()


def _with_relations(document: Document, relations: Iterable[Relation]) -> Document:
    return replace(document, relations=tuple(relations))
