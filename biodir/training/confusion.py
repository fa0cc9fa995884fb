"""How far the relation types of a corpus can be trusted: counts of what a better annotation of the same texts has.

Where annotators of less care, or a language model, label a corpus, some of its documents may also be annotated in the
way that the model is to learn. The counts of both become targets: the probability of each type, given the corpus' own
and the types of the pair. Of two genes that the corpus calls positively correlated, gold may say so for half only.

A JSON file holds them, a list of pair types. Types are those after `entity_types` and `relation_types` of the entry;
"None" is a pair without a relation:

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
from biodir.pipeline_decoding_biodir import UNANNOTATED

if TYPE_CHECKING:
    from biodir.training.data import LabelledPairs

# A row of a pair type counts as if it had so many pairs more, shared out as those of all pair types are: few pairs say
# little by themselves.
PRIOR_PAIRS = 10

# Relation type of the corpus, or `UNRELATED` -> relation type, or `UNRELATED` -> probability that it holds.
Rows = Mapping[str, Mapping[str, float]]
Tables = Mapping[frozenset[str], Rows]


def read_confusion(path: str) -> dict[frozenset[str], Rows]:
    """Return the probabilities of each pair type.

    Raises:
        SettingError: there is no such file, or it holds something else; with the place.
    """
    try:
        tables = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingError(f"{path}: there is no such file; `confusion` starts from --data_dir") from error
    except (OSError, ValueError) as error:
        raise SettingError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(tables, list) or not tables:
        raise SettingError(f"{path}: holds no list of pair types; biodir/training/confusion.py shows the form")
    found: dict[frozenset[str], dict[str, Counter[str]]] = {}
    for number, table in enumerate(tables, start=1):
        try:
            pair, counts = _table(table)
            if pair in found:
                raise ValueError("the list has these two types before; give each pair of types once")
        except ValueError as error:
            raise SettingError(f"{path}, pair type {number}: {error}") from error
        found[pair] = counts
    pooled: dict[str, Counter[str]] = {}
    for counts in found.values():
        for name, row in counts.items():
            pooled.setdefault(name, Counter()).update(row)
    return {
        pair: {name: _probabilities(row, pooled[name]) for name, row in counts.items()}
        for pair, counts in found.items()
    }


def names_in(tables: Tables) -> list[str]:
    """Return all relation types in the rows, each once.

    >>> names_in({frozenset("A"): {"None": {"None": 0.9, "Bind": 0.1}}})
    ['Bind']
    """
    named = {name for rows in tables.values() for given, row in rows.items() for name in (given, *row)}
    return sorted(named - {UNRELATED})


def with_soft_relations(
    found: "LabelledPairs", tables: Tables, labels: Mapping[str, Sequence[str]]
) -> "LabelledPairs":  # fmt: skip
    """Return the pairs of a corpus, the relation targets of those of one known type as the probabilities of its row.

    A pair of several types, or whose types have no row, keeps its targets, and a label that is not annotated stays so.
    Where a pair without a relation becomes a related one, nothing is known of its novelty and direction.
    """
    names = labels.get("relation", ())
    if not tables or not names:
        return found
    pairs: Any = found.features.pairs
    targets = []
    for scored, values in zip(pairs, found.targets, strict=True):
        rows = tables.get(frozenset((scored.pair.entity1.entity_type, scored.pair.entity2.entity_type)), {})
        given = dict(zip(names, values["relation"], strict=True))
        held = [name for name, value in given.items() if value > 0.5]
        row = rows.get(held[0]) if len(held) == 1 else None
        if row is None:
            targets.append(values)
            continue
        soft = [UNANNOTATED if value < 0 else row.get(name, 0.0) for name, value in given.items()]
        if held == [names[0]] and soft[0] < 0.5:
            values = {task: [UNANNOTATED] * len(each) for task, each in values.items()}
        targets.append({**values, "relation": soft})
    swapped = None if found.swapped is None else with_soft_relations(found.swapped, tables, labels)
    return replace(found, targets=tuple(targets), swapped=swapped)


def _table(table: Any) -> tuple[frozenset[str], dict[str, Counter[str]]]:
    """Return the types of a pair, and type of the corpus -> counts of the better annotation.

    Raises:
        ValueError: the table has another form.
    """
    if not isinstance(table, dict) or set(table) != {"pair", "counts"}:
        raise ValueError(f"{table!r:.80} has not the keys pair and counts, and no others")
    pair, rows = table["pair"], table["counts"]
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(name, str) for name in pair):
        raise ValueError(f"pair is {pair!r}; write two entity types")
    if not isinstance(rows, dict) or not rows or not all(isinstance(row, dict) for row in rows.values()):
        raise ValueError(f"counts is {rows!r:.80}; write a mapping of types to counts of types")
    for name, row in rows.items():
        for other, count in row.items():
            if type(count) is not int or count < 0:
                raise ValueError(f"{name}: {other} has the count {count!r}; write a whole number from 0")
        if not any(row.values()):
            raise ValueError(f"{name} has no pair; leave it out")
    return frozenset(pair), {name: Counter(row) for name, row in rows.items()}


def _probabilities(row: Counter[str], pooled: Counter[str]) -> dict[str, float]:
    total = row.total() + PRIOR_PAIRS
    return {name: (row[name] + PRIOR_PAIRS * count / pooled.total()) / total for name, count in pooled.items()}
