"""What a corpus says about pairs: which it judges, which relation types it knows, and so what is learned from it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from biodir.document_biodir import Document
from biodir.document_candidates_biodir import CandidatePair
from biodir.errors_biodir import SettingError, suggestion
from biodir.labels_biodir import ENTITY_TYPES, RELATION_LABELS, known_type
from biodir.pipeline_decoding_biodir import UNANNOTATED


@dataclass(frozen=True)
class Judgement:
    """What a document says beside its relations. Pairs are two identifiers each, or two entity types, without order.

    Args:
        entity_types: those whose mentions it annotates completely.
        complete: types of pairs that it judges completely: such a pair without a relation is unrelated.
        unrelated: further pairs that it judges to have no relation.
        unknown: pairs that it relates in a way that is not known here, or in contradictory ways.
        undirected: related pairs whose direction it does not give.

    >>> Judgement(complete=frozenset([frozenset(["ChemicalEntity", "GeneOrGeneProduct"])])).unrelated
    frozenset()
    """

    entity_types: frozenset[str] = frozenset()
    complete: frozenset[frozenset[str]] = frozenset()
    unrelated: frozenset[frozenset[str]] = frozenset()
    unknown: frozenset[frozenset[str]] = frozenset()
    undirected: frozenset[frozenset[str]] = frozenset()

    def says_anything(self, document: Document) -> bool:
        """Return whether some pair of the document is judged."""
        return bool(document.relations or self.complete or self.unrelated)

    def judges(self, pair: CandidatePair, is_related: bool) -> bool:
        """Return whether the document says of a pair that it is related, and how, or that it is not."""
        if pair.identifiers in self.unknown:
            return False
        types = frozenset((pair.entity1.entity_type, pair.entity2.entity_type))
        return is_related or types in self.complete or pair.identifiers in self.unrelated


@dataclass(frozen=True)
class Scope:
    """What a corpus annotates; the default is everything.

    Args:
        judgements: document id -> what it judges; of a document that is missing here, all pairs.
        known_types: relation types of which a pair without a relation has none; it may have any other type, and may
            then not be unrelated. None: it is unrelated.
        pair_types: types of the pairs that are learned from; None: all.
        unsure: relation type -> other types that a pair of it may have in place of it.
        undirected: document id -> related pairs whose direction it does not give; that of all others is known. None:
            the corpus says nothing of that beside its subjects. Where there are judgements, they say it.

    >>> scope = Scope(known_types=frozenset(["Bind"]))
    >>> scope.masked({"relation": [1.0, 0.0, 0.0]}, ["None", "Association", "Bind"], types=())
    {'relation': [-1.0, -1.0, 0.0]}
    """

    judgements: Mapping[str, Judgement] = field(default_factory=dict)
    known_types: frozenset[str] | None = None
    pair_types: frozenset[frozenset[str]] | None = None
    unsure: Mapping[str, Collection[str]] = field(default_factory=dict)
    undirected: Mapping[str, Collection[frozenset[str]]] | None = None

    def undirected_pairs(self, document_id: str) -> Collection[frozenset[str]]:
        """Return the related pairs of a document whose direction it does not give."""
        judgement = self.judgements.get(document_id)
        return (self.undirected or {}).get(document_id, ()) if judgement is None else judgement.undirected

    def judges(self, document_id: str, pair: CandidatePair, is_related: bool) -> bool:
        """Return whether a pair of a document is learned from."""
        types = frozenset((pair.entity1.entity_type, pair.entity2.entity_type))
        if self.pair_types is not None and types not in self.pair_types:
            return False
        judgement = self.judgements.get(document_id)
        return judgement is None or judgement.judges(pair, is_related)

    def comparable(self, document: Document, gold: Document) -> Document:
        """Return predictions as far as the corpus can judge them.

        Of pairs that it does not relate, those of the types that it knows are kept. Of the others a type that the
        corpus may call otherwise gets its name, and a direction that it does not give is left out.
        """
        undirected = self.undirected_pairs(document.id)
        gold_types = {each.pair: each.relation_type for each in gold.relations}
        kept = []
        for each in document.relations:
            gold_type = gold_types.get(each.pair)
            if gold_type is None and self.known_types is not None and each.relation_type not in self.known_types:
                continue
            if gold_type is not None and each.relation_type in self.unsure.get(gold_type, ()):
                each = replace(each, relation_type=gold_type)
            kept.append(replace(each, subject_id=None) if each.pair in undirected else each)
        return replace(document, relations=tuple(kept))

    def masked(
        self, targets: Mapping[str, list[float]], labels: Sequence[str], types: Collection[str], directed: bool = True
    ) -> dict[str, list[float]]:
        """Return the targets of a pair, with `UNANNOTATED` at each label of which the corpus says nothing.

        Args:
            targets: task -> a number for each label.
            labels: those of the relation task, the label of an unrelated pair first.
            types: of the relations of the pair; none where it is unrelated.
            directed: whether the direction of a related pair is known.
        """
        found = dict(targets)
        hidden: set[str] = set()
        if types:
            hidden = {other for name in types for other in self.unsure.get(name, ())} - set(types)
        elif self.known_types is not None:
            hidden = set(labels) - self.known_types
        if hidden and "relation" in found:
            values = zip(found["relation"], labels, strict=True)
            found["relation"] = [UNANNOTATED if label in hidden else value for value, label in values]
        is_open = not types and self.known_types is not None  # it may be related by another type
        for task, is_unknown in (("novelty", is_open), ("direction", is_open or (bool(types) and not directed))):
            if is_unknown and task in found:
                found[task] = [UNANNOTATED] * len(found[task])
        return found


def known_scope(scope: Scope, config: Any, corpus: str) -> Scope:
    """Return a scope with the entity types of a model, whatever names of these it has.

    Args:
        config: of the model.
        corpus: its name, for messages.

    Raises:
        SettingError: it names a relation type or an entity type that neither BioRED nor the model has.
    """

    @cache
    def of_model(name: str) -> str:
        return known_type(name, config.entity_types, config.type_map) or known_type(name) or name

    relation_types = list(dict.fromkeys((*RELATION_LABELS[1:], *config.relation_labels[1:])))
    others = [other for names in scope.unsure.values() for other in names]
    given = {"known_types": sorted(scope.known_types or ()), "unsure": [*scope.unsure, *others]}
    unknown = [(key, name) for key, names in given.items() for name in names if name not in relation_types]
    for key, name in unknown if config.relation_labels else ():
        raise SettingError(
            f"list of corpora, {corpus}: {key} names {name!r}, no relation type of BioRED or of this run; "
            f"{suggestion(name, relation_types)}"
        )
    entity_types = list(dict.fromkeys((*ENTITY_TYPES, *config.entity_types)))
    pair_types = None if scope.pair_types is None else {frozenset(map(of_model, pair)) for pair in scope.pair_types}
    for name in sorted(set[str]().union(*pair_types or ()) - set(entity_types)):
        raise SettingError(
            f"list of corpora, {corpus}: pair_types names {name!r}, no entity type of BioRED or of this run; "
            f"{suggestion(name, entity_types)}"
        )
    judgements = {
        name: replace(each, complete=frozenset(frozenset(map(of_model, pair)) for pair in each.complete))
        for name, each in scope.judgements.items()
    }
    return replace(scope, pair_types=None if pair_types is None else frozenset(pair_types), judgements=judgements)


@dataclass(frozen=True)
class PairGroup:
    """The corpus of labelled pairs: what an epoch draws of it, and the number that the model gets.

    Args:
        name: of the corpus.
        share: of its documents that an epoch shows, which are drawn each epoch.
        negatives_per_positive: unrelated pairs for each related one; None: as the settings have it.
        corpus_id: 0 for the corpora that the model is for, then the place in `config.corpus_labels`, from 1; None where
            the model has no such labels.

    >>> PairGroup("drugprot", share=0.5).corpus_id is None
    True
    """

    name: str = ""
    share: float = 1.0
    negatives_per_positive: float | None = None
    corpus_id: int | None = None


def pair_counts(
    targets: Iterable[Mapping[str, Sequence[float]]], labels: Mapping[str, Sequence[str]]
) -> dict[str, Counter[str]]:
    """Return task -> label -> how many pairs have it, of those whose task is annotated."""
    found: dict[str, Counter[str]] = {task: Counter() for task, names in labels.items() if names}
    for of_pair in targets:
        for task, values in of_pair.items():
            if max(values) > 0.5:
                found[task].update(label for label, value in zip(labels[task], values, strict=True) if value > 0.5)
            else:
                found[task]["not annotated"] += 1
    return found
