"""The settings of a run from a YAML file and the command line, which one parser checks."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import MISSING, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args

from jsonargparse import ArgumentError, ArgumentParser

from biodir.errors_biodir import SettingError
from biodir.training.settings import TrainingSettings, read_yaml


def training_settings(arguments: Sequence[str] | None = None) -> TrainingSettings:
    """Return the settings of the command line and, where it names one with ``--config``, of a YAML file; the line wins.

    Raises:
        SettingError: a key is unknown, or a value is not allowed.
    """
    parser = _parser()
    on_line = sys.argv[1:] if arguments is None else list(arguments)
    place = ""
    try:
        given = parser.parse_args(on_line)
        if given.config:
            place = f"{given.config}: "
            in_file = parser.parse_object(_values_of_file(Path(given.config)))
            place = ""
            given = parser.parse_args(on_line, namespace=in_file)
    except ArgumentError as error:
        raise SettingError(f"{place}{_one_line(str(error))}; --help lists all settings") from error
    values = given.as_dict()
    return TrainingSettings(**{each.name: values[each.name] for each in fields(TrainingSettings)})


def _parser() -> ArgumentParser:
    """Return a parser with an option for each field, spelled with dashes or underscores."""
    parser = ArgumentParser(
        prog="train.py",
        description="Trains a biodir model.",
        usage="train.py [--config FILE] --train FILE ... [--dev FILE] --encoder NAME --output_dir FOLDER [settings]",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("--config", help="YAML file whose keys are these options, without dashes in front")
    for each in fields(TrainingSettings):
        names = dict.fromkeys([f"--{each.name}", f"--{each.name.replace('_', '-')}"])
        text, allowed = each.metadata["help"], each.metadata["allowed"]
        if each.type is bool:
            parser.add_argument(*names, action="store_true", help=text)
        elif each.default_factory is not MISSING:
            parser.add_argument(*names, type=str, nargs="+", default=each.default_factory(), help=text)
        elif isinstance(allowed, tuple) and allowed:
            parser.add_argument(*names, type=Literal[allowed], default=each.default, help=text)
        else:  # an optional one by its type: null leaves it out
            kind = get_args(each.type)[0] if get_args(each.type) else each.type
            interval = f"; in {allowed}" if allowed else ""
            parser.add_argument(*names, type=kind, default=each.default, help=text + interval)
    return parser


def _values_of_file(path: Path) -> dict[str, Any]:
    """Return the values of a YAML file, a single value in place of a list as a list, a mapping as NAME=VALUE.

    Raises:
        SettingError: the file holds no mapping, or an unknown key, or what is no boolean where one is needed.
    """
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise SettingError(f"{path}: holds {type(values).__name__}; write one `name: value` a line")
    known = {each.name: each for each in fields(TrainingSettings)}
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            hint = get_close_matches(str(name), known, n=1)
            raise SettingError(f"{path}: unknown key {name!r}" + (f"; did you mean {hint[0]!r}?" if hint else ""))
        takes_several = known[name].default_factory is not MISSING
        if takes_several and isinstance(value, dict):
            value = [f"{key}={json.dumps(part, default=str)}" for key, part in value.items()]
        elif takes_several and value is not None and not isinstance(value, list):
            value = [value]
        elif value is False and "no" in known[name].metadata["allowed"]:
            value = "no"  # which YAML reads as false
        elif known[name].type is bool and value is not None and not isinstance(value, bool):
            raise SettingError(f"{path}: {name} is {value!r}; give true or false")  # else any text counts as true
        if value is not None:  # null leaves the default
            found[name] = value
    return found


def _one_line(message: str) -> str:
    """Return an error of jsonargparse as one plain line, with the options that were probably meant."""
    text = " ".join(message.split())
    text = re.sub(r'^Parser key "(\w+)"(.*?): Expected an? (.+)\. Got value: (.*)$', r"\1\2 is \4; give \3", text)
    text = re.sub(r"<class '(\w+)'>", r"\1", text).replace("typing.Literal[", "one of [")
    strangers = re.findall(r"--([\w-]+)", text) if text.lower().startswith("unrecognized arguments") else []
    known = [each.name for each in fields(TrainingSettings)]
    hints = [f"--{hint}" for name in strangers for hint in get_close_matches(name.replace("-", "_"), known, n=1)]
    return text + (f"; did you mean {' '.join(hints)}?" if hints else "")
