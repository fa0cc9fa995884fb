"""How far the relation types of a corpus can be trusted: counts of what a better annotation of the same texts has.

Where annotators of less care, or a language model, label a corpus, some of its documents are also annotated in the way
that the model is to learn. The counts of both become targets: the probability of each type, given the corpus' own and
the types of the pair. Of two genes that the corpus calls positively correlated, gold may say so for half only.

A JSON file holds them, a list of pair types; "None" is a pair without a relation:

    [{"pair": ["GeneOrGeneProduct", "GeneOrGeneProduct"],
      "counts": {"Positive_Correlation": {"Positive_Correlation": 102, "Association": 62, "None": 19}}}]
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biodir.errors_biodir import SettingError
from biodir.labels_biodir import UNRELATED

if TYPE_CHECKING:
    from biodir.training.data import LabelledPairs

# A row of a pair type counts as if it had so many pairs more, shared out as those of all pair types are: few pairs say
# little by themselves.
PRIOR_PAIRS = 10

# Relation type of the corpus, or `UNRELATED` -> relation type, or `UNRELATED` -> probability that it holds.
Rows = Mapping[str, Mapping[str, float]]


def read_confusion(path: str) -> dict[frozenset[str], Rows]:
    """Return the probabilities of each pair type.

    Raises:
        SettingError: there is no such file, or it does not hold such counts.
    """
    try:
        tables = json.loads(Path(path).read_text(encoding="utf-8"))
        found = {frozenset(_pair(table["pair"])): _counts(table["counts"]) for table in tables}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise SettingError(
            f"{path}: holds no counts of relation types ({error!r}); biodir/training/confusion.py shows the form"
        ) from error
    pooled: dict[str, Counter[str]] = {}
    for counts in found.values():
        for name, row in counts.items():
            pooled.setdefault(name, Counter()).update(row)
    return {
        pair: {name: _probabilities(row, pooled[name]) for name, row in counts.items()}
        for pair, counts in found.items()
    }


def names_in(tables: Mapping[frozenset[str], Rows]) -> list[str]:
    """Return all relation types in the rows, each once.

    >>> names_in({frozenset("A"): {"None": {"None": 0.9, "Bind": 0.1}}})
    ['Bind']
    """
    named = {name for rows in tables.values() for given, row in rows.items() for name in (given, *row)}
    return sorted(named - {UNRELATED})


def with_soft_relations(
    found: "LabelledPairs", tables: Mapping[frozenset[str], Rows], labels: Mapping[str, Sequence[str]]
) -> "LabelledPairs":
    """Return the pairs of a corpus, the relation targets of those of one known type as the probabilities of its row.

    A pair whose types or relation type have no row keeps its targets.
    """
    names = labels.get("relation", ())
    if not tables or not names:
        return found
    pairs: Any = found.features.pairs
    targets = []
    for scored, values in zip(pairs, found.targets, strict=True):
        rows = tables.get(frozenset((scored.pair.entity1.entity_type, scored.pair.entity2.entity_type)), {})
        held = [name for name, value in zip(names, values["relation"], strict=True) if value > 0.5]
        row = rows.get(held[0]) if len(held) == 1 else None
        targets.append(values if row is None else {**values, "relation": [row.get(name, 0.0) for name in names]})
    swapped = None if found.swapped is None else with_soft_relations(found.swapped, tables, labels)
    return replace(found, targets=tuple(targets), swapped=swapped)


def _pair(names: Any) -> list[str]:
    if not isinstance(names, list) or len(names) != 2 or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{names} are not two entity types")
    return names


def _counts(rows: Mapping[str, Mapping[str, int]]) -> dict[str, Counter[str]]:
    for name, row in rows.items():
        for other, count in row.items():
            if not isinstance(count, int) or isinstance(count, bool) or count < 0:
                raise ValueError(f"{count!r} pairs of {name} are {other}")
        if not any(row.values()):
            raise ValueError(f"{name} has no pair")
    return {name: Counter(row) for name, row in rows.items()}


def _probabilities(row: Counter[str], pooled: Counter[str]) -> dict[str, float]:
    total = row.total() + PRIOR_PAIRS
    return {name: (row[name] + PRIOR_PAIRS * count / pooled.total()) / total for name, count in pooled.items()}
