"""A question as data: which settings are compared, and which trials answer it.

The keys of a YAML file are the fields of `Question` and two more: `extends` names a file whose values are taken over
and overridden, and `small` holds what is different at the small size. Paths begin with $DATA or $RUNS.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from jsonargparse import ArgumentError, ArgumentParser

from biodir.errors_biodir import SettingError
from biodir.labels_biodir import LEVELS
from biodir.training.settings import TrainingSettings, read_yaml

SMALL, PAPER = SIZES = ("small", "paper")
HEADS = "heads"
SETTINGS = [each.name for each in fields(TrainingSettings)]


@dataclass(frozen=True)
class Trial:
    """A variant with a seed: one training, or the joined predictions of several.

    Args:
        folder: named by a hash of settings, seed and encoder: equal trials of several questions are one training. The
            checkpoint is in its folder `model`.
        settings: options of train.py.
        parts: for joined predictions, task -> the trial whose model predicts it.
    """

    variant: str
    seed: int
    folder: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, "Trial"] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """A question and the settings that answer it.

    Args:
        settings: options of train.py that all variants share; each variant has those in which it differs.
        test: file to score beside `dev`.
        report: levels, and ``heads`` for the accuracy of each head.
        model_options: of the programs that run a model, such as --backend.
        prepare: each a `command` that is run once, before the trainings, and the files that it `makes`.
        combinations: name -> task -> the variant whose model predicts it.
    """

    question: str
    asked_in: str
    settings: dict[str, Any]
    variants: dict[str, dict[str, Any] | None]
    seeds: list[int]
    note: str = ""
    test: str | None = None
    report: list[Literal[(*LEVELS, HEADS)]] = field(default_factory=lambda: list(LEVELS))  # type: ignore[valid-type]
    model_options: list[str] = field(default_factory=list)
    prepare: list[dict[str, Any]] = field(default_factory=list)
    combinations: dict[str, dict[str, str]] = field(default_factory=dict)

    def trials(self, encoder: str, seeds: Sequence[int] = (), only: Sequence[str] = ()) -> list[Trial]:
        """Return the trials seed by seed, those with other `seeds`, or of `only` some variants and combinations."""
        names = [*self.variants, *self.combinations]
        for name in only:
            if name not in names:
                raise SettingError(f"there is no variant {name!r}; choose any of {', '.join(names)}")
        wanted = {*(only or names), *(part for name in only for part in self.combinations.get(name, {}).values())}
        found: list[Trial] = []
        for seed in seeds or self.seeds:
            trained = {}
            for name in filter(wanted.__contains__, self.variants):
                settings = {**self.settings, **(self.variants[name] or {}), "seed": seed}
                trained[name] = Trial(name, seed, _folder({**settings, "encoder": encoder}), settings)
            found += trained.values()
            for name in filter(wanted.__contains__, self.combinations):
                parts = {task: trained[variant] for task, variant in self.combinations[name].items()}
                found.append(
                    Trial(name, seed, _folder({task: part.folder for task, part in parts.items()}), parts=parts)
                )
        return found


def read_question(path: Path, size: str = PAPER, changes: Mapping[str, Any] | None = None) -> Question:
    """Return the question of a file at one size; `changes` override settings of all variants.

    Raises:
        SettingError: a key or value is not allowed, or the changes override what the variants compare.
    """
    content = _content(path)
    small = content.pop(SMALL, None) or {}
    content = _merged(content, small) if size == SMALL else content
    content["settings"] = {**(content.get("settings") or {}), **(changes or {})}
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(Question, "file")
    try:
        question = Question(**vars(parser.parse_object({"file": content}).file))
    except ArgumentError as error:
        raise SettingError(f"{path}: {' '.join(str(error).split())}; experiments/plan.py lists the keys") from error
    variants = {name: differing or {} for name, differing in question.variants.items()}
    for name in (name for options in (question.settings, *variants.values()) for name in options):
        if name not in SETTINGS:
            meant = " or ".join(get_close_matches(str(name), SETTINGS, n=1)) or "one of `python train.py --help`"
            raise SettingError(f"{path}: {name!r} is not an option of train.py; did you mean {meant}?")
        if name in (changes or ()) and any(name in differing for differing in variants.values()):
            raise SettingError(f"{path}: the variants differ in {name}; --set cannot change it for all of them")
    for name, variant_of in question.combinations.items():
        if "relation" not in variant_of or not variants.keys() >= {*variant_of.values()}:
            raise SettingError(f"{path}: combination {name!r} is {variant_of}; write task: variant, with relation")
    return question


def _content(path: Path, extended_by: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return what the file holds, over what the files hold that it extends."""
    content = read_yaml(path)
    if path.resolve() in extended_by or not isinstance(content, dict):
        raise SettingError(f"{path}: extends itself, or holds no `key: value`; mend the file")
    base = content.pop("extends", None)
    return _merged(_content(path.parent / base, (*extended_by, path.resolve())), content) if base else content


def _merged(base: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return both, `above` overriding; settings and `small` are merged key by key, preparations are added."""
    merged = {**base, **above, "prepare": [*(base.get("prepare") or ()), *(above.get("prepare") or ())]}
    merged["settings"] = {**(base.get("settings") or {}), **(above.get("settings") or {})}
    if base.get(SMALL) and above.get(SMALL):
        merged[SMALL] = _merged(base[SMALL], above[SMALL])
    return merged


def _folder(value: Any) -> str:
    return f"$RUNS/{hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]}"
