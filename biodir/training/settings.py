"""The settings of a training run: a documented dataclass, set by a YAML file and the command line."""

import argparse
import json
import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args

import yaml
from transformers import HfArgumentParser

from biodir.configuration_biodir import (
    ADAPTIVE_THRESHOLD,
    BINARY,
    CHUNK_NAMES,
    FOCAL,
    PAIR_ENCODINGS,
    RELATION_LOSSES,
)
from biodir.errors_biodir import SettingError
from biodir.evaluation.scores import LEVELS

TASKS = ("relation", "novelty", "direction")
NEEDED = ("train", "encoder", "output")
# What a resumed run may change: none of these touches a number, but for the last two, which say when it ends.
CHANGEABLE = ("resume", "overwrite", "output", "save_steps", "tracker", "stop_after_epoch", "patience")
# The seeds of dropout, made of this one, then fit into 64 bits.
LARGEST_SEED = 10**9
FOCAL_GAMMA, RARE_BELOW = 2.0, 100


def setting(text: str, default: Any = None, of: Sequence[Any] | None = None) -> Any:
    """A field of the settings, with what `--help` says of it."""
    metadata = {"help": text}
    if of is not None:
        return field(default_factory=lambda: list(of), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass
class TrainingSettings:
    """Everything that decides a run. Each field is an option of the command line and a key of the YAML file.

    Tokens of a step are those of all processes and passes together: neither the number of processes nor
    `gradient_accumulation_steps` changes what is learned.
    """

    # Data.
    train: list[str] = setting("files with relations to learn from, of any format that biodir reads", of=[])
    dev: str | None = setting("file that chooses the epoch and the decoding bias; none: the last epoch is kept")
    encoder: str = setting("folder or Hub id of the pretrained encoder, or of a biodir checkpoint to go on from", "")
    output: str = setting("folder for the best checkpoint, the log and what a stopped run goes on from", "")
    extra_train: list[str] = setting("further files, which annotate relations of some pair types alone", of=[])
    corpora: str | None = setting("YAML file with further corpora whose own labels are mapped, see training/corpora.py")
    exclude: list[str] = setting("files whose documents, like those of --dev, are not learned from", of=[])
    max_documents: int | None = setting("learn from the first documents of all --train files alone, so many")
    max_dev_documents: int | None = setting("score the first documents of --dev alone, so many")
    labels: Literal["auto", "biored", "data"] = setting(
        "label lists: those of BioRED, or of the data; auto: BioRED's, or the checkpoint's, where they hold the data's",
        "auto",
    )

    # Model.
    pair_encoding: Literal[("auto", *PAIR_ENCODINGS)] = setting(
        "solid, the paper's; pooled, one pass over the text, far faster; auto: the checkpoint's, else solid",
        "auto",
    )
    tasks: list[str] = setting(
        "heads that are trained; the first of these three says which pairs are related", of=TASKS
    )
    chunks: list[str] = setting("pairwise: chunks that are encoded", of=CHUNK_NAMES)
    chunk_tokens: list[str] = setting("pairwise: CHUNK=TOKENS, the most text that a chunk shows", of=[])
    infix_min_tokens: int = setting("pairwise: narrower infixes are widened to this", 64)
    window_overlap_tokens: int = setting("document: what neighbouring windows of a long document share", 128)
    max_tokens: int = setting("longest row or window; paper: 512", 512)
    max_mention_tokens: int = setting("a longer mention is tagged around its first tokens", 64)
    soft_prompt_tokens: int = setting("learned vectors of a pair type; 0 for none; paper: 8", 8)
    dropout: float = setting("in front of the classifiers", 0.1)
    encoder_settings: list[str] = setting(
        "NAME=VALUE of the encoder's configuration, such as attention_probs_dropout_prob=0", of=[]
    )
    attention: str = setting("pairwise: attention code; eager is the fastest on CPUs in bf16", "sdpa")

    # Loss.
    task_weights: list[str] = setting(
        "TASK=WEIGHT of the losses of the tasks but the first; none: the paper's shares, which favour wrong answers",
        of=[],
    )
    relation_loss: Literal[RELATION_LOSSES] = setting(
        "binary: the paper's; focal: easy labels count little; adaptive_threshold: a threshold learned for each pair",
        BINARY,
    )
    focal_gamma: float = setting("focal: how fast the weight of labels that are nearly right falls", FOCAL_GAMMA)
    class_balance: float = setting(
        "0 to below 1: rare relation types weigh more; at 0.9 one with 3 examples weighs 3.7 times one with many", 0.0
    )

    # Regularization and augmentation.
    negatives_per_positive: float = setting("unrelated pairs for each related one, drawn anew each epoch", 2.0)
    swap_augmentation: float = setting("share of the pairs shown in the other order: place is not direction", 0.0)
    r_drop: float = setting(
        "weight of the divergence of two dropouts of a pair; steadier, but twice the time and memory", 0.0
    )
    rare_copies: int = setting("copies of every rare relation's document with entities of other documents", 0)
    rare_below: int = setting("relation types with fewer relations in all complete corpora are rare", RARE_BELOW)
    average: float = setting("decay of a running average of the weights, which is then scored and saved", 0.0)

    # Optimization.
    epochs: int = setting("paper: 10", 10)
    stop_after_epoch: int | None = setting("end after this epoch of the schedule, such as the one that dev once chose")
    encoder_learning_rate: float = setting("AdamW's rate for the encoder; paper: 1e-5 at 12 layers", 1e-4)
    head_learning_rate: float = setting("rate for soft prompt, poolers and classifiers, which start from nothing", 5e-4)
    layer_learning_rate_decay: float = setting(
        "a layer's rate is this times that of the layer above: low layers change less", 1.0
    )
    weight_decay: float = setting("on matrices; biases and norms have none", 0.01)
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = setting("how the rates fall", "linear")
    warmup_ratio: float = setting("share of the steps in which the rates rise", 0.1)
    max_grad_norm: float = setting("gradients are clipped to this norm", 1.0)
    tokens_per_step: int = setting("tokens of a step, padding included, over all processes", 4096)
    gradient_accumulation_steps: int = setting("passes in which each process goes through its part of a step", 1)
    mixed_precision: Literal["no", "bf16", "fp16"] = setting("format of the products", "no")

    # Selection.
    metric_for_best_model: Literal[tuple(LEVELS)] = setting(
        "level of the dev F1 that chooses the epoch and the bias", "relation_type"
    )
    patience: int | None = setting("stop after so many epochs without a better dev score; none: never")
    none_bias: float = setting("without --dev: the decoding bias, such as the one that dev once chose", 0.0)

    # The run.
    resume: bool = setting("go on where a stopped run of this output was; start where there was none", False)
    overwrite: bool = setting("delete what another run left in the output", False)
    save_steps: int = setting("steps between two states to go on from; an epoch's end has one, too", 200)
    tracker: Literal["none", "tensorboard"] = setting("shows losses and scores, beside the log", "none")
    seed: int = setting("of new parameters, negatives, order and dropout", 1)

    def __post_init__(self) -> None:
        for name in NEEDED:
            if not getattr(self, name):
                raise SettingError(f"{name} is missing; give --{name} or the key {name!r} of the YAML file")
        _check_ranges(self)
        _check_names(self)
        _check_losses(self)
        _check_parts(self)
        twice = set(self.train) & set(self.extra_train)
        if twice:
            named = ", ".join(sorted(twice))
            raise SettingError(f"{named}: both in --train and in --extra-train; name it in one of them")
        output, encoder = Path(self.output).resolve(), Path(self.encoder).resolve()
        if output == encoder or (self.overwrite and encoder.is_relative_to(output)):
            raise SettingError(
                f"output {self.output} holds the encoder {self.encoder}, which would be overwritten; name another "
                "folder"
            )
        if self.resume and self.overwrite:
            raise SettingError("resume and overwrite are both given; go on with the old run, or delete it")
        if "relation" not in self.tasks and self.metric_for_best_model.startswith("relation"):
            raise SettingError(
                f"metric_for_best_model is {self.metric_for_best_model}, but no head of {self.tasks} tells relation types; take entity_pair"
            )
        if self.patience is not None and self.dev is None:
            raise SettingError("patience needs scores of --dev; name a file, or leave patience out")

    @property
    def last_epoch(self) -> int:
        """The number of the epoch that ends the run."""
        return min(self.epochs, self.stop_after_epoch or self.epochs)

    def differences(self, others: Mapping[str, Any]) -> list[str]:
        """Sentences on what differs from the settings of a run that is to be resumed, but for what may."""
        as_kept = json.loads(json.dumps(asdict(self)))  # where a tuple has become a list
        mine = {name: value for name, value in as_kept.items() if name not in CHANGEABLE}
        differing = [name for name, value in mine.items() if others.get(name) != value]
        return [f"{name} is {mine[name]!r}, was {others.get(name)!r}" for name in differing]


def training_settings(arguments: Sequence[str] | None = None) -> TrainingSettings:
    """The settings of the command line and, where it names one with ``--config``, of a YAML file; the line wins.

    Raises:
        SettingError: a key is unknown, or a value outside what is allowed.
    """
    parser = _Parser(
        TrainingSettings,
        description="Trains a biodir model.",
        prog="train.py",
        usage="train.py [--config FILE] --train FILE ... [--dev FILE] --encoder NAME --output FOLDER [settings]",
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--config", help="YAML file whose keys are these options, without dashes in front")
    on_line = sys.argv[1:] if arguments is None else arguments
    given = parser.parse_args(on_line)
    if given.config:
        in_file = _as_arguments(Path(given.config))
        try:
            parser.parse_args(in_file)
        except SettingError as error:
            raise SettingError(f"{given.config}: {error}") from error
        given = parser.parse_args([*in_file, *on_line])
    values = {each.name: getattr(given, each.name) for each in fields(TrainingSettings)}
    return TrainingSettings(**values)


def named_values(pairs: Sequence[str]) -> dict[str, Any]:
    """NAME=VALUE pairs, their values read as JSON.

    Raises:
        SettingError: one is no such pair, or a name stands twice.
    """
    found = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if name in found:
            raise SettingError(f"{pair!r}: {name} has the value {found[name]!r} already; give it once")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError as error:
            raise SettingError(f"{pair!r}: write NAME=VALUE, the value as in JSON, such as novelty=1") from error
    return found


def read_yaml(path: Path) -> Any:
    """What a YAML file holds.

    Raises:
        SettingError: there is no such file, or it is no YAML in UTF-8.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: is no YAML ({' '.join(str(error).split())})") from error


class _Parser(HfArgumentParser):
    """A parser whose errors are those of the package, without two pages of usage in front."""

    def error(self, message: str) -> NoReturn:
        _, _, strangers = message.partition("unrecognized arguments: ")
        known = [name for name in self._option_string_actions if name.startswith("--")]
        names = [word.partition("=")[0] for word in strangers.split() if word.startswith("--")]
        hints = [hint for name in names for hint in get_close_matches(name, known, n=1)]
        meant = f"; did you mean {' '.join(hints)}?" if hints else ""
        raise SettingError(f"{message}{meant}; --help lists all settings")


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Help with one name for each setting, though `--new_rate` is taken for `--head-learning-rate`."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=min(120, shutil.get_terminal_size().columns))

    def _format_action_invocation(self, action: argparse.Action) -> str:
        *_, name = action.option_strings
        if action.nargs == 0 or action.metavar == "":
            return name
        values = "|".join(action.choices) if action.choices else name.strip("-").rpartition("-")[2].upper()
        return f"{name} {values}" + " ..." * (action.nargs == "+")


def _as_arguments(path: Path) -> list[str]:
    """The keys of the YAML file as arguments, so that one parser checks both."""
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise SettingError(f"{path}: holds {type(values).__name__}; write one `name: value` a line")
    known = {each.name: each for each in fields(TrainingSettings)}
    arguments = []
    for name, value in values.items():
        if name not in known:
            hint = get_close_matches(str(name), known, n=1)
            raise SettingError(f"{path}: unknown key {name!r}" + (f"; did you mean {hint[0]!r}?" if hint else ""))
        arguments += _as_argument(known[name], value, f"{path}: {name}")
    return arguments


def _as_argument(known: Field, value: Any, place: str) -> list[str]:
    """A value of a YAML file as arguments; none for null, which leaves the default."""
    takes_several = known.default_factory is not MISSING
    if value is None:
        return []
    if isinstance(value, dict):
        value = [f"{key}={json.dumps(part, default=str)}" for key, part in value.items()]
    if not isinstance(value, list):
        # YAML reads a bare no as false. One argument, since a value may begin with a dash.
        value = "no" if value is False and "no" in get_args(known.type) else value
        return [f"--{known.name}={value}"]
    if not takes_several:
        raise SettingError(f"{place} is {value!r}; give one value")
    if any(part is None or isinstance(part, list | dict) for part in value):
        raise SettingError(f"{place} is {value!r}; give a list of plain values, or a mapping where pairs are wanted")
    if not value and known.default_factory():
        raise SettingError(f"{place} is empty; name one or more, or leave the key out")
    return [f"--{known.name}", *map(str, value)] if value else []


def _check_ranges(settings: TrainingSettings) -> None:
    for name in ("average", "class_balance", "dropout"):
        value = getattr(settings, name)
        if not 0 <= value < 1:
            raise SettingError(f"{name} is {value}; it must be at least 0, and below 1")
    for name in ("swap_augmentation", "warmup_ratio"):
        value = getattr(settings, name)
        if not 0 <= value <= 1:
            raise SettingError(f"{name} is {value}; a share must lie in 0..1")
    if not 0 < settings.layer_learning_rate_decay <= 1:
        raise SettingError(
            f"layer_learning_rate_decay is {settings.layer_learning_rate_decay}; it must lie above 0, and 1 leaves all layers alike"
        )
    if not 0 <= settings.seed <= LARGEST_SEED:
        raise SettingError(f"seed is {settings.seed}; it must lie in 0..{LARGEST_SEED}")
    if not settings.max_grad_norm > 0:
        raise SettingError(f"max_grad_norm is {settings.max_grad_norm}; it must lie above 0")
    if not math.isfinite(settings.none_bias):
        raise SettingError(f"none_bias is {settings.none_bias}; it must be a finite number")
    _check_sizes(settings)


def _check_sizes(settings: TrainingSettings) -> None:
    for name in ("epochs", "tokens_per_step", "gradient_accumulation_steps", "save_steps"):
        if getattr(settings, name) < 1:
            raise SettingError(f"{name} is {getattr(settings, name)}; it must be at least 1")
    for name in ("max_documents", "max_dev_documents", "patience", "stop_after_epoch"):
        value = getattr(settings, name)
        if value is not None and value < 1:
            raise SettingError(f"{name} is {value}; it must be at least 1, or left out")
    for name in (
        "negatives_per_positive",
        "r_drop",
        "rare_copies",
        "weight_decay",
        "encoder_learning_rate",
        "head_learning_rate",
    ):
        if not 0 <= getattr(settings, name) < math.inf:
            raise SettingError(f"{name} is {getattr(settings, name)}; it must be finite and not negative")


def _check_names(settings: TrainingSettings) -> None:
    for name, known in (("tasks", TASKS), ("chunks", CHUNK_NAMES)):
        values = getattr(settings, name)
        strangers = [value for value in values if value not in known]
        if strangers or not values:
            raise SettingError(f"{name} {values!r}: choose any of {', '.join(known)}")
    for each in fields(TrainingSettings):
        choices = get_args(each.type) if "Literal" in str(each.type) else ()
        if choices and getattr(settings, each.name) not in choices:
            raise SettingError(f"{each.name} is {getattr(settings, each.name)!r}; choose one of {', '.join(choices)}")


def _check_parts(settings: TrainingSettings) -> None:
    """Refuses settings that another one leaves without any effect."""
    idle = {}
    if settings.none_bias and settings.dev:
        idle["none_bias"] = "--dev finds the bias"
    if settings.max_dev_documents and not settings.dev:
        idle["max_dev_documents"] = "there is no --dev"
    if settings.focal_gamma != FOCAL_GAMMA and settings.relation_loss != FOCAL:
        idle["focal_gamma"] = f"relation_loss is {settings.relation_loss}"
    if settings.rare_below != RARE_BELOW and not settings.rare_copies:
        idle["rare_below"] = "rare_copies is 0"
    if (settings.stop_after_epoch or 0) > settings.epochs:
        idle["stop_after_epoch"] = f"epochs is {settings.epochs}"
    for name, reason in idle.items():
        raise SettingError(f"{name} is {getattr(settings, name)}, without effect since {reason}; leave it out")
    hidden = set(named_values(settings.chunk_tokens)) - set(settings.chunks)
    if hidden:
        raise SettingError(
            f"chunk_tokens {', '.join(sorted(hidden))}: chunks are {', '.join(settings.chunks)} alone; leave it out, "
            "or add the chunk"
        )


def _check_losses(settings: TrainingSettings) -> None:
    if settings.class_balance and settings.relation_loss == ADAPTIVE_THRESHOLD:
        raise SettingError("class_balance has no part in the loss adaptive_threshold; leave out one of them")
    if settings.class_balance and "relation" not in settings.tasks:
        raise SettingError("class_balance weighs relation types, but relation is none of the tasks; leave it out")
    for name, kinds in (("task_weights", int | float), ("chunk_tokens", int)):
        for key, value in named_values(getattr(settings, name)).items():
            if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value):
                raise SettingError(f"{name}: {key} is {value!r}; give a {'whole ' * (kinds is int)}number")
    named_values(settings.encoder_settings)
