"""An experiment as data: what is asked, which settings are compared, which runs that takes.

A file of an experiment holds

    question, asked_in, note    for people
    extends                     another such file, beside which this one stands; what stands here wins
    settings                    options of train.py that all variants share
    variants                    name -> the options in which it differs
    seeds, test, report         numbers; a file to score beside `dev`; levels, and `heads` for the heads one by one
    model_options               of the programs that score a model: --backend, --device
    prepare                     commands that make files, each with what it `makes`; run once
    combinations                name -> task -> the variant whose model answers that task
    small                       any of these once more, for a machine without a GPU: with `--size small` they win

Paths begin with $DATA, $ENCODER or $RUNS, so that the commands of a table hold on every machine.
"""

import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from biodir.errors_biodir import SettingError
from biodir.evaluation.scores import LEVELS
from biodir.training.settings import TASKS, read_yaml

from .file_forms import SMALL, check_content, check_options
from .places import PLACEHOLDER

PAPER = "paper"
SIZES = (SMALL, PAPER)
HEADS = "heads"
# The tasks without which a level says nothing of a model.
TASKS_OF_LEVEL = {
    "entity_pair": (),
    "relation_type": ("relation",),
    "relation_type_novelty": ("relation", "novelty"),
    "relation_type_direction": ("relation", "direction"),
    "all": TASKS,
}
KEY_DIGITS = 12

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Preparation:
    """A command that makes files which the corpora lack, such as a part of one."""

    makes: tuple[str, ...]
    command: str


@dataclass(frozen=True)
class ScoredRun:
    """What the scores of a row and a seed are of: one model, or several that are joined.

    `key` names the folder in which it has everything.
    """

    variant: str
    seed: int
    key: str

    @property
    def name(self) -> str:
        """What the runner and the tables call it."""
        return f"{self.variant}, seed {self.seed}"

    @property
    def folder(self) -> str:
        """Where everything of it lies, with a placeholder."""
        return f"$RUNS/{self.key}"


@dataclass(frozen=True)
class Run(ScoredRun):
    """One training: a variant with a seed. Runs with equal settings are one, whichever experiment asks for them.

    `key` is a hash of settings, seed and encoder.
    """

    settings: Settings

    @property
    def model(self) -> str:
        """Where train.py leaves the checkpoint and its log."""
        return f"{self.folder}/model"

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks whose heads are trained."""
        return tuple(self.settings.get("tasks") or TASKS)


@dataclass(frozen=True)
class CombinedRun(ScoredRun):
    """The answers of one model for each task, joined: ``parts`` is task -> run."""

    parts: Mapping[str, Run]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that a model answers."""
        return tuple(self.parts)


@dataclass(frozen=True)
class Experiment:
    """A question with everything that is needed to answer it, at one size.

    Args:
        settings: options of train.py that all variants share, `changes` among them.
        variants: name -> options in which it differs.
        changes: options that the command line of the runner changed; for the table.
        levels: of the scores that the table shows.
        scores_heads: whether each head is scored on its own, too.
        combinations: name -> task -> variant.
    """

    name: str
    size: str
    question: str
    asked_in: str
    settings: Settings
    variants: Mapping[str, Settings]
    seeds: tuple[int, ...]
    test: str | None = None
    note: str = ""
    changes: Settings = field(default_factory=dict)
    levels: tuple[str, ...] = tuple(LEVELS)
    scores_heads: bool = False
    model_options: tuple[str, ...] = ()
    preparations: tuple[Preparation, ...] = ()
    combinations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def gold_files(self) -> dict[str, str]:
        """What the scores are called -> the file with the truth."""
        return {"dev": self.settings["dev"], **({"test": self.test} if self.test else {})}

    def runs(self, encoder: str, seeds: Sequence[int] = (), only: Sequence[str] = ()) -> list[Run]:
        """The runs, seed by seed, so that a runner that is stopped leaves a table of whole rows.

        Args:
            encoder: what tells the encoder from others, such as a Hub id or a fingerprint.
            seeds: in place of those of the experiment.
            only: variants, or combinations, whose runs are wanted; none for all.

        Raises:
            SettingError: there is no such variant.
        """
        wanted = [*only]
        for name in only:
            if name not in (*self.variants, *self.combinations):
                known = ", ".join((*self.variants, *self.combinations))
                raise SettingError(f"{self.name}: there is no variant {name!r}; choose any of {known}")
            wanted += self.combinations.get(name, {}).values()
        return [
            self._run(variant, seed, encoder)
            for seed in seeds or self.seeds
            for variant in self.variants
            if not only or variant in wanted
        ]

    def combined_runs(self, runs: Sequence[Run]) -> list[CombinedRun]:
        """The combinations whose models are all among the runs."""
        run_of = {(run.variant, run.seed): run for run in runs}
        found = []
        for name, variant_of in self.combinations.items():
            for seed in dict.fromkeys(run.seed for run in runs):
                parts = {task: run_of.get((variant, seed)) for task, variant in variant_of.items()}
                if None not in parts.values():
                    key = _hash({task: run.key for task, run in parts.items()})
                    found.append(CombinedRun(name, seed, key, parts))
        return found

    def _run(self, variant: str, seed: int, encoder: str) -> Run:
        settings = {**self.settings, **self.variants[variant], "seed": seed}
        return Run(variant, seed, _hash({**settings, "encoder": encoder}), settings)


def read_experiment(path: Path, size: str = PAPER, changes: Settings | None = None) -> Experiment:
    """The experiment of a file at one size.

    Args:
        changes: settings of all variants that are to be other ones than those of the file.

    Raises:
        SettingError: the file is not as this module describes it, or the changes undo what the variants compare.
    """
    content = _content(path)
    changes = dict(changes or {})
    if size == SMALL:
        content = _merged(content, content.get(SMALL) or {})
    for key in ("question", "asked_in", "settings", "variants", "seeds"):
        if not content.get(key):
            raise SettingError(f"{path}: has no {key!r}; add it, or extend a file that has it")
    experiment = Experiment(
        name=path.stem,
        size=size,
        question=_one_line(content["question"]),
        asked_in=_one_line(content["asked_in"]),
        settings={**content["settings"], **changes},
        variants={str(name): dict(differing or {}) for name, differing in content["variants"].items()},
        seeds=tuple(content["seeds"]),
        test=content.get("test"),
        note=_one_line(content.get("note") or ""),
        changes=changes,
        levels=tuple(level for level in content.get("report") or LEVELS if level != HEADS),
        scores_heads=HEADS in (content.get("report") or ()),
        model_options=tuple(map(str, content.get("model_options") or ())),
        preparations=tuple(
            Preparation(tuple(entry["makes"]), _one_line(entry["command"])) for entry in content.get("prepare") or ()
        ),
        combinations=content.get("combinations") or {},
    )
    _check(experiment, path)
    return experiment


def training_options(run: Run) -> list[str]:
    """The options of train.py that make this run, with placeholders in the paths."""
    options = []
    for name, value in {**run.settings, "encoder": "$ENCODER", "output_dir": run.model}.items():
        if value is None or value is False or value == []:
            continue
        values = [] if value is True else value if isinstance(value, list) else [value]
        options += [f"--{name.replace('_', '-')}", *map(str, values)]
    return options


def changed_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """Settings of NAME=VALUE pairs, their values read as YAML.

    Raises:
        SettingError: one is no such pair, or its value none that an option can have.
    """
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise SettingError(f"--set {pair!r}: write NAME=VALUE, such as epochs=2 or chunks=[prefix]")
        try:
            found[name.replace("-", "_")] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            problem = " ".join(str(error).split())
            raise SettingError(
                f"--set {pair!r}: the value is no YAML ({problem}); close brackets and quotes"
            ) from error
    check_options(found, "--set")
    return found


def shown_command(arguments: Sequence[str]) -> str:
    """The command as a line of shell in which the placeholders of paths are variables."""
    return " ".join(map(_quoted, arguments))


def _quoted(argument: str) -> str:
    if not PLACEHOLDER.search(argument):
        return shlex.quote(argument)
    # Between double quotes bash reads these marks, and the dollar of the placeholders alone is meant for it.
    return '"' + re.sub(rf'[\\"`]|(?!{PLACEHOLDER.pattern})\$', r"\\\g<0>", argument) + '"'


def _content(path: Path, extended_by: Sequence[Path] = ()) -> dict[str, Any]:
    """What the file holds, over what the files that it extends hold."""
    chain = (*extended_by, path.resolve())
    if path.resolve() in extended_by:
        names = " extends ".join(file.name for file in chain[chain.index(path.resolve()) :])
        raise SettingError(f"{path}: {names}; extend a file that does not lead back")
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise SettingError(f"{path}: holds {type(content).__name__}; write keys such as question, settings, variants")
    check_content(content, str(path))
    base = content.pop("extends", None)
    return _merged(_content(path.parent / base, chain), content) if base else content


def _merged(base: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, `above` winning; settings and what is for the small size are merged key by key, preparations add up."""
    merged = {**base, **above}
    merged["prepare"] = [*(base.get("prepare") or ()), *(above.get("prepare") or ())]
    if base.get("settings") and above.get("settings"):
        merged["settings"] = {**base["settings"], **above["settings"]}
    if base.get(SMALL) and above.get(SMALL):
        merged[SMALL] = _merged(base[SMALL], above[SMALL])
    return merged


def _check(experiment: Experiment, path: Path) -> None:
    for name in ("train", "dev"):
        if not experiment.settings.get(name):
            raise SettingError(f"{path}: settings have no {name!r}; name the files, such as $DATA/{name}.pubtator")
    for level in experiment.levels:
        if level not in LEVELS:
            raise SettingError(f"{path}: report names {level!r}; choose any of {', '.join((*LEVELS, HEADS))}")
    for name in experiment.changes:
        if any(name in differing for differing in experiment.variants.values()):
            raise SettingError(f"{path}: {name} is what the variants differ in; --set cannot change it for all of them")
    for name, variant_of in experiment.combinations.items():
        strangers = [*(set(variant_of) - set(TASKS)), *(set(variant_of.values()) - set(experiment.variants))]
        if strangers or "relation" not in variant_of:
            raise SettingError(
                f"{path}: combination {name!r} is {variant_of!r}; name a variant for `relation` and for any of "
                f"{', '.join(TASKS[1:])}"
            )


def _one_line(text: str) -> str:
    return " ".join(str(text).split())


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:KEY_DIGITS]
