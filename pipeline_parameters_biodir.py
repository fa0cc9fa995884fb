"""Checks of the parameters of the pipeline: SettingErrors that name the parameter, its value and what is allowed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from numbers import Integral, Real
from types import NoneType
from typing import Any

from .document_sections_biodir import SectionFilter
from .errors_biodir import OFFSETS, SettingError, suggestion
from .labels_biodir import UNKNOWN_TYPE, known_type, type_pair

# Parameters that are True or False.
FLAGS = ("return_all_scores", "return_entities", "novel_only", "directed_only")
# Parameters that need a task of the model.
TASK_PARAMETERS = {"novel_only": "novelty", "directed_only": "direction", "min_direction_score": "direction"}
# Parameters that are compared with scores.
SCORES = ("threshold", "min_direction_score")


def as_list(name: str, value: Any) -> list[Any]:
    """Return the values of a parameter that is no string, mapping or single value."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise SettingError(f"{name} is {value!r}; pass a list")
    return list(value)


def named_pair(pair_type: Any, config: Any, names: Mapping[str, str | None]) -> tuple[str, str]:
    """Return the key of a pair type of the model that may have other names; else SettingError."""
    is_pair = isinstance(pair_type, Collection) and not isinstance(pair_type, str) and len(pair_type) == 2
    if not (is_pair and all(isinstance(kind, str) for kind in pair_type)):
        raise SettingError(f"pair type {pair_type!r} is not two entity types; pass a list of pairs of names")
    known = sorted(map(type_pair, config.pair_types))
    key = type_pair(known_type(kind, config.entity_types, names) or kind for kind in pair_type)
    if key not in known:
        raise SettingError(f"unknown pair type {tuple(pair_type)!r}; known are {', '.join(map(str, known))}")
    return key


def check_loading(batch_size: Any, num_workers: Any) -> None:
    """Check how documents are loaded and put into batches."""
    if batch_size is not None and not (_is_whole(batch_size) and batch_size >= 1):
        raise SettingError(f"batch_size is {batch_size!r}; it counts candidate pairs, at least 1")
    if num_workers not in (None, 0):
        raise SettingError(
            f"num_workers is {num_workers!r}, but no worker processes are used; leave it out, or run several pipelines"
        )


def check_numbers(parameters: Mapping[str, Any]) -> None:
    """Check that the numbers are allowed; else SettingError, with the parameter, its value and what is allowed."""
    for name in SCORES:
        value = parameters.get(name, 0)
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not (is_number and 0 <= value <= 1):
            raise SettingError(f"{name} is {value!r}; scores lie in 0..1")
    top_k = parameters.get("top_k", 1)
    if not (_is_whole(top_k) and top_k >= 1):
        raise SettingError(f"top_k is {top_k!r}; it counts relations, at least 1")
    for name in FLAGS:
        if not isinstance(parameters.get(name, False), bool):
            raise SettingError(f"{name} is {parameters[name]!r}; it is True or False")


def check_names(parameters: Mapping[str, Any], config: Any) -> None:
    """Check that the model knows the names; else SettingError, with the name and what is known."""
    for name, task in TASK_PARAMETERS.items():
        value = parameters.get(name)
        if value and task not in config.tasks:
            raise SettingError(f"{name} is {value}, but the model has no task {task!r}; leave {name} out")
    _check_known("relation type", parameters.get("relation_types", ()), config.relation_labels)
    for identifier in parameters.get("entity_ids", ()):
        if not isinstance(identifier, str):
            raise SettingError(f"entity_ids holds {identifier!r}; identifiers are strings")
    for parameter in ("sections", "skip_sections"):
        for name in parameters.get(parameter, ()):
            if not isinstance(name, str):
                raise SettingError(f"{parameter} holds {name!r}; names of sections are strings, such as 'RESULTS'")
    SectionFilter(parameters.get("sections"), parameters.get("skip_sections", ()))
    type_map = parameters.get("type_map", {})
    if not isinstance(type_map, Mapping):
        raise SettingError(f"type_map is {type_map!r}; pass a mapping of other names to entity types")
    for name, kind in type_map.items():
        if not isinstance(name, str) or not isinstance(kind, (str, NoneType)):
            raise SettingError(f"type_map has {name!r}: {kind!r}; both are names of types, the second perhaps None")
        if kind is not None and known_type(kind, config.entity_types) == UNKNOWN_TYPE:
            _check_known("entity type", [kind], config.entity_types)
    if parameters.get("offsets", "characters") not in OFFSETS:
        raise SettingError(f"offsets is {parameters['offsets']!r}; it is one of {', '.join(map(repr, OFFSETS))}")
    for name, taken in (("ner", "text"), ("link", "document")):
        if not callable(parameters.get(name, len)):
            raise SettingError(f"{name} is {parameters[name]!r}; pass a callable that takes a {taken}")


def _check_known(what: str, names: Iterable[Any], known: Sequence[Any]) -> None:
    for name in names:
        if name not in known:
            raise SettingError(f"unknown {what} {name!r}; {suggestion(name, known)}")


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
