"""Whether the file of an experiment has the form that `plan.py` describes: known keys, values of the right kind."""

import shlex
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from biodir.errors_biodir import SettingError
from biodir.training.settings import TrainingSettings

SMALL = "small"
# What an experiment at the size of a small machine may say otherwise than that of the paper.
SIZED_KEYS = ("settings", "variants", "seeds", "test", "model_options", "prepare", "combinations", "note")
KEYS = ("question", "asked_in", "report", "extends", SMALL, *SIZED_KEYS)
KINDS = {
    "question": str,
    "asked_in": str,
    "note": str,
    "extends": str,
    "test": str,
    "settings": dict,
    "variants": dict,
    "combinations": dict,
    SMALL: dict,
    "seeds": list,
    "report": list,
    "model_options": list,
    "prepare": list,
}
FIXES = {
    str: "write it as text",
    dict: "write one `name: value` a line",
    list: "write a list, such as [...] or one `- ...` a line",
}
PLAIN = (str, int, float)  # which a bool is, too


def check_content(content: Mapping[str, Any], place: str) -> None:
    """Nothing where the content of a file, or what it has for the small size, has the right form.

    Raises:
        SettingError: a key is unknown, or a value of another kind than it should be.
    """
    _check_keys(content, KEYS, place)
    sized = content.get(SMALL) or {}
    _check_keys(sized, SIZED_KEYS, f"{place}: {SMALL}")
    for values, where in ((content, place), (sized, f"{place}: {SMALL}")):
        check_options(values.get("settings") or {}, f"{where}: settings")
        for name, differing in (values.get("variants") or {}).items():
            if not isinstance(differing, dict | None):
                raise SettingError(
                    f"{where}: variant {name!r} is {differing!r}; write {{option: value}}, {{}} for none"
                )
            check_options(differing or {}, f"{where}: variant {name!r}")
        for name, variant_of in (values.get("combinations") or {}).items():
            if not isinstance(variant_of, dict) or not _are_plain(variant_of.values()):
                raise SettingError(f"{where}: combination {name!r} is {variant_of!r}; write {{task: variant}}")
        for key in ("report", "model_options"):
            if not _are_plain(values.get(key) or ()):
                raise SettingError(f"{where}: {key} is {values[key]!r}; write a list of plain values")
        for seed in values.get("seeds") or ():
            if type(seed) is not int:  # a bool would pass for one
                raise SettingError(f"{where}: seeds hold {seed!r}; write whole numbers, such as [1, 2, 3]")
        for entry in values.get("prepare") or ():
            _check_preparation(entry, where)


def check_options(options: Mapping[str, Any], place: str) -> None:
    """Nothing where these are options of train.py, with values that an option can have.

    Raises:
        SettingError: a name is unknown, or a value neither plain nor a list of plain values.
    """
    known = [each.name for each in fields(TrainingSettings)]
    for name, value in options.items():
        if name not in known:
            hint = get_close_matches(str(name), known, n=1)
            meant = f"did you mean {hint[0]}?" if hint else "`python train.py --help` lists them"
            raise SettingError(f"{place}: {name!r} is no option of train.py; {meant}")
        if not (value is None or _are_plain(value if isinstance(value, list) else [value])):
            raise SettingError(f"{place}: {name} is {value!r}; write a plain value or a list of such")


def _check_keys(content: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key, value in content.items():
        if key not in known:
            hint = get_close_matches(str(key), known, n=1) or [", ".join(known)]
            raise SettingError(f"{place}: unknown key {key!r}; did you mean {hint[0]}?")
        if not (value is None or isinstance(value, KINDS[key])):
            raise SettingError(f"{place}: {key} is {value!r}; {FIXES[KINDS[key]]}")


def _check_preparation(entry: Any, place: str) -> None:
    form = "write `makes` (a list of files) and `command` (a line of shell)"
    if not isinstance(entry, dict) or set(entry) != {"makes", "command"}:
        raise SettingError(f"{place}: prepare holds {entry!r}; {form}")
    makes, command = entry["makes"], entry["command"]
    if not (isinstance(command, str) and isinstance(makes, list) and all(isinstance(made, str) for made in makes)):
        raise SettingError(f"{place}: prepare holds {entry!r}; {form}")
    try:
        shlex.split(command)
    except ValueError as error:
        raise SettingError(f"{place}: command {command!r} is no line of shell ({error}); {form}") from error


def _are_plain(values: Any) -> bool:
    return all(isinstance(value, PLAIN) for value in values)
