"""A question as data: which settings are compared, and which trials answer it.

The keys of a YAML file are the fields of `Question` and two more: `extends` names a file whose values are taken over
and overridden, and `small` holds what is different at the small size. Paths begin with $DATA or $RUNS.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from jsonargparse import ArgumentError, ArgumentParser

from biodir.errors_biodir import SettingError
from biodir.labels_biodir import LEVELS
from biodir.training.settings import TrainingSettings, read_yaml

SMALL, PAPER = SIZES = ("small", "paper")
HEADS = "heads"


@dataclass(frozen=True)
class Trial:
    """A variant with a seed: one training, or the joined predictions of several.

    Args:
        settings: options of train.py, with the seed and the encoder.
        parts: for joined predictions, task -> the trial whose model predicts it.
    """

    variant: str
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, "Trial"] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Named by a hash of the settings: equal trials of several questions are one training."""
        content = {task: part.folder for task, part in self.parts.items()} or self.settings
        return f"$RUNS/{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]}"

    @property
    def model(self) -> str:
        """The checkpoint's folder. No other has its last name, by which transformers knows the code of a folder."""
        return f"{self.folder}/{self.folder.removeprefix('$RUNS/')}-model"


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
    variants: dict[str, dict[str, Any]]
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
        if unknown := [name for name in only if name not in names]:
            raise SettingError(f"there is no variant {unknown[0]!r}; choose any of {', '.join(names)}")
        wanted = {*(only or names), *(part for name in only for part in self.combinations.get(name, {}).values())}
        found: list[Trial] = []
        for seed in seeds or self.seeds:
            shared = {"seed": seed, "encoder": encoder}
            differing = {name: settings for name, settings in self.variants.items() if name in wanted}
            trained = {name: Trial(name, seed, {**self.settings, **own, **shared}) for name, own in differing.items()}
            found += trained.values()
            for name in filter(wanted.__contains__, self.combinations):
                parts = {task: trained[variant] for task, variant in self.combinations[name].items()}
                found.append(Trial(name, seed, parts=parts))
        return found


def read_question(path: Path, size: str = PAPER, changes: Mapping[str, Any] | None = None) -> Question:
    """Return the question of a file at one size; `changes` override settings of all variants.

    Raises:
        SettingError: a key or value is not allowed, or the changes override what the variants compare.
    """
    content = _content(path)
    small = content.pop(SMALL, {})
    content = _merged(_merged(content, small if size == SMALL else {}), {"settings": changes or {}})
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(Question, "file")
    try:
        question = Question(**vars(parser.parse_object({"file": content}).file))
    except ArgumentError as error:
        raise SettingError(f"{path}: {' '.join(str(error).split())}; experiments/plan.py lists the keys") from error
    compared = {name for differing in question.variants.values() for name in differing}
    for name in {*question.settings, *compared} - {each.name for each in fields(TrainingSettings)}:
        raise SettingError(f"{path}: {name!r} is not an option of train.py; `python train.py --help` lists them")
    for name in compared.intersection(changes or ()):
        raise SettingError(f"{path}: the variants differ in {name}; --set cannot change it for all of them")
    for name, variant_of in question.combinations.items():
        if "relation" not in variant_of or not question.variants.keys() >= {*variant_of.values()}:
            raise SettingError(f"{path}: combination {name!r} is {variant_of}; write task: variant, with relation")
    return question


def _content(path: Path) -> dict[str, Any]:
    """Return what the file holds, over what the files hold that it extends."""
    content: dict[str, Any] = read_yaml(path) or {}
    base = content.pop("extends", None)
    return _merged(_content(path.parent / base), content) if base else content


def _merged(base: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return both, `above` overriding; settings and `small` are merged key by key, preparations are added."""
    merged = {**base, **above}
    for name in ({"settings", SMALL} & base.keys()) & above.keys():
        merged[name] = _merged(base[name], above[name])
    if base.get("prepare") and above.get("prepare"):
        merged["prepare"] = [*base["prepare"], *above["prepare"]]
    return merged
