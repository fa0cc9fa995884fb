"""The settings of a training run: a documented dataclass that checks its values."""

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from biodir.configuration_biodir import (
    BINARY,
    CHUNK_NAMES,
    FOCAL,
    HIGHEST_WINS,
    PAIR_ENCODINGS,
    RELATION_LOSSES,
    SOFTMAX,
)
from biodir.errors_biodir import ERRORS, OFFSETS, SettingError
from biodir.labels_biodir import LEVELS, MENTIONS, TASKS

REQUIRED = ("train", "encoder", "output_dir")
# What a resumed run may change: none of these touches a number, but for the last two, which decide when it ends.
CHANGEABLE = (
    "resume_from_checkpoint",
    "overwrite_output_dir",
    "output_dir",
    "save_steps",
    "report_to",
    "stop_after_epoch",
    "early_stopping_patience",
)
# What concerns the corpora of the file of `corpora`.
OF_LISTED_CORPORA = (
    *("data_dir", "corpora_only", "corpora_without", "corpora_held_out", "max_corpus_documents", "corpus_vectors"),
)
# Settings that older records lack, whose runs did the same as with these.
ADDED = {
    **{"errors": "raise", "offsets": "characters", "split_relations": False},
    **{"mention_train": [], "tagger_layers": None, "freeze_relations": False},
    **{"mention_weight": 1.0, "sentence_share": 0.0, "gradient_checkpointing": False},
    **{"data_dir": None, "corpora_only": [], "corpora_without": [], "corpora_held_out": []},
    **{"max_corpus_documents": None, "corpus_vectors": False},
    **{"swap_consistency": 0.0, "direction_smoothing": 0.0, "evidence_weight": 0.0},
    **{"sign_weight": 1.0, "coreference_weight": 0.0, "closest_mentions": False},
    **{"teachers": [], "teaching_weight": 0.5, "unlabelled": [], "max_unlabelled_documents": None},
}
FOCAL_GAMMA = 2.0
# Settings of the tagger, with the values that leave them without effect.
OF_TAGGER: dict[str, Any] = {"mention_train": [], "tagger_layers": 0, "sentence_share": 0.0, "mention_weight": 1.0}
# The heads that predictions at a level need.
LEVEL_TASKS = dict(zip(LEVELS, ((), TASKS[:1], TASKS[:2], TASKS[::2], TASKS), strict=True))
# The seeds of dropout are made of this one and must fit into 64 bits.
LARGEST_SEED = 10**9
SHARE, BELOW_ONE, NOT_NEGATIVE, COUNT = "[0, 1]", "[0, 1)", "[0, inf)", "[1, inf)"


def setting(text: str, default: Any = None, allowed: str | Sequence[str] = ()) -> Any:
    """Return a field: its text in `--help`, its default, and the allowed words, or an interval such as "[0, 1)".

    A sequence as the default makes a field that takes several values.
    """
    metadata = {"help": text, "allowed": allowed}
    if isinstance(default, list | tuple):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass
class TrainingSettings:
    """Everything that decides a run. Each field is an option of the command line and a key of the YAML file.

    Names that `transformers.TrainingArguments` has mean the same here. Tokens of a step are those of all processes and
    passes together: the number of these changes nothing but losses that are means of a pass: evidence, coreference.

    >>> settings = TrainingSettings(train=["train.pubtator"], encoder="bert-base-uncased", output_dir="runs/first")
    >>> settings.num_train_epochs, settings.lr_scheduler_type
    (10, 'linear')
    """

    # Data.
    train: list[str] = setting("files with relations to learn from, of any format that biodir reads", [])
    dev: str | None = setting("file that chooses the epoch and the decoding bias; none: the last epoch is saved")
    encoder: str = setting("folder or Hub id of the pretrained encoder, or of a biodir checkpoint to start from", "")
    output_dir: str = setting("folder for the best checkpoint, the log and the states to resume a stopped run", "")
    extra_train: list[str] = setting("further files, which annotate relations of some pair types only", [])
    corpora: str | None = setting("YAML file with further corpora and what they annotate, see training/corpus_list.py")
    data_dir: str | None = setting("folder that the paths in the file of --corpora start from; none: the current one")
    corpora_only: list[str] = setting("of the corpora in that file, learn only from these", [])
    corpora_without: list[str] = setting("of the corpora in that file, do not learn from these", [])
    corpora_held_out: list[str] = setting("corpora in that file whose documents are not learned from anywhere", [])
    max_corpus_documents: int | None = setting("of each corpus in that file, the first so many documents", None, COUNT)
    mention_train: list[str] = setting("further files, whose mentions the tagger learns from", [])
    unlabelled: list[str] = setting("files of documents with mentions, whose pairs the teachers label", [])
    max_unlabelled_documents: int | None = setting("of each such file, the first so many documents", None, COUNT)
    exclude: list[str] = setting("files whose documents, like those of --dev, are not learned from", [])
    errors: str = setting(
        "stop at an error in the data; or leave out the document, or only the mention or relation, that has it",
        "raise",
        ERRORS,
    )
    offsets: str = setting("what the offsets of the data count; bytes are those of UTF-8", "characters", OFFSETS)
    split_relations: bool = setting("make a relation of three and more entities one of each pair of them", False)
    max_documents: int | None = setting("learn from so many documents only, the first of --train", None, COUNT)
    max_dev_documents: int | None = setting("score so many documents only, the first of --dev", None, COUNT)
    labels: str = setting(
        "label lists: those of BioRED, or of the data; auto: BioRED's, or the checkpoint's, where they hold the data's",
        "auto",
        ("auto", "biored", "data"),
    )

    # Model.
    pair_encoding: str = setting(
        "pairwise, the paper's; document, one pass over the text, far faster; auto: the checkpoint's, else pairwise",
        "auto",
        ("auto", *PAIR_ENCODINGS),
    )
    tasks: list[str] = setting(
        "heads to train: relation, novelty, direction, of which the first decides which pairs are related; and "
        "mentions, the tagger",
        TASKS,
    )
    tagger_layers: int | None = setting(
        "upper encoder layers that the tagger has of its own, as copies; none: those of the checkpoint, or 0",
        None,
        NOT_NEGATIVE,
    )
    freeze_relations: bool = setting(
        "with --tasks mentions: keep all that the biodir checkpoint has, and so all its scores; only the tagger learns",
        False,
    )
    chunks: list[str] = setting("pairwise: chunks that are encoded", CHUNK_NAMES)
    chunk_tokens: list[str] = setting("pairwise: CHUNK=TOKENS, the most text that a chunk shows", [])
    infix_min_tokens: int = setting("pairwise: narrower infixes are widened to this", 64)
    window_overlap_tokens: int = setting("document: what neighbouring windows of a long document share", 128)
    closest_mentions: bool = setting(
        "document: a pair's closest mentions and their text join it; a checkpoint that has this keeps it", False
    )
    max_tokens: int = setting("longest row or window; paper: 512", 512)
    max_mention_tokens: int = setting("a longer mention is tagged around its first tokens", 64)
    soft_prompt_tokens: int = setting("learned vectors of a pair type; 0 for none; paper: 8", 8)
    classifier_dropout: float = setting("dropout in front of the classifiers", 0.1, BELOW_ONE)
    encoder_settings: list[str] = setting("NAME=VALUE of the encoder's configuration, as hidden_dropout_prob=0", [])
    attn_implementation: str = setting("pairwise: attention code; eager is the fastest on CPUs in bf16", "sdpa")

    # Loss.
    task_weights: list[str] = setting("TASK=WEIGHT of the losses but that of the first; none: the paper's shares", [])
    mention_weight: float = setting("weight of the tagger's loss", 1.0, NOT_NEGATIVE)
    relation_loss: str = setting(
        "binary: the paper's; focal: easy labels count little; adaptive_threshold: a threshold learned for each pair; "
        "softmax: one of the labels holds",
        BINARY,
        RELATION_LOSSES,
    )
    focal_gamma: float = setting("focal: how fast the weight of labels that are nearly right falls", FOCAL_GAMMA)
    sign_weight: float = setting(
        "softmax: weight of the choice between Association, Negative_Correlation and Positive_Correlation",
        1.0,
        NOT_NEGATIVE,
    )
    coreference_weight: float = setting(
        "document: weight of the loss of a helper task, which mentions of a type are one entity", 0.0, NOT_NEGATIVE
    )
    evidence_weight: float = setting(
        "document: weight of the loss that draws a pair's context to the sentences of its closest mentions",
        0.0,
        NOT_NEGATIVE,
    )
    corpus_vectors: bool = setting("learn a vector for each corpus of --corpora, which inference leaves out", False)
    class_balance: float = setting("weight of rare types; at 0.9 one with 3 examples gets 3.7-fold", 0.0, BELOW_ONE)

    # Teaching.
    teachers: list[str] = setting("folders of trained checkpoints, the mean of whose scores is learned, too", [])
    teaching_weight: float = setting("what the teachers count in a target; 1 where nothing is annotated", 0.5, SHARE)

    # Regularization and augmentation.
    sentence_share: float = setting("share of the tagger's texts shown as single sentences", 0.0, SHARE)
    negatives_per_positive: float = setting("unrelated pairs for each related one, drawn each epoch", 2.0, NOT_NEGATIVE)
    swap_augmentation: float = setting("share of the pairs shown in the other order", 0.0, SHARE)
    r_drop: float = setting("weight of the divergence of two dropouts of a pair; twice the time", 0.0, NOT_NEGATIVE)
    swap_consistency: float = setting(
        "weight of the divergence of each pair from itself in the other order, which is shown, too", 0.0, NOT_NEGATIVE
    )
    direction_smoothing: float = setting(
        "share of a direction's target that is decided by how often its relation type is undirected", 0.0, SHARE
    )
    rare_copies: int = setting("copies of a rare relation's document with other entities", 0, NOT_NEGATIVE)
    rare_below: int = setting("relation types with fewer relations in all complete corpora are rare", 100)
    ema_decay: float = setting("decay of an average of the weights, which is scored and saved", 0.0, BELOW_ONE)

    # Optimization.
    num_train_epochs: int = setting("epochs of the learning rates' schedule; paper: 10", 10, COUNT)
    stop_after_epoch: int | None = setting("end after this epoch, such as the one that dev once chose", None, COUNT)
    encoder_learning_rate: float = setting("for the encoder; paper: 1e-5 at 12 layers", 1e-4, NOT_NEGATIVE)
    head_learning_rate: float = setting("for soft prompt, poolers and classifiers, which are new", 5e-4, NOT_NEGATIVE)
    layer_learning_rate_decay: float = setting("a layer's rate is this times that of the layer above", 1.0, "(0, 1]")
    weight_decay: float = setting("on matrices; biases and norms have none", 0.01, NOT_NEGATIVE)
    lr_scheduler_type: str = setting("how the rates fall", "linear", ("linear", "cosine", "constant_with_warmup"))
    warmup_ratio: float = setting("share of the steps in which the rates rise", 0.1, SHARE)
    max_grad_norm: float = setting("gradients are clipped to this norm", 1.0, "(0, inf]")
    tokens_per_step: int = setting("tokens of a step, padding included, over all processes", 4096, COUNT)
    gradient_accumulation_steps: int = setting("passes of each process through its part of a step", 1, COUNT)
    gradient_checkpointing: bool = setting("compute the encoder's layers twice, and keep less of them in memory", False)
    mixed_precision: str = setting("format of the products", "no", ("no", "bf16", "fp16"))

    # Selection.
    metric_for_best_model: str = setting(
        "level whose dev F1 selects; mentions where the tagger is all that learns", "relation_type", (*LEVELS, MENTIONS)
    )
    early_stopping_patience: int | None = setting("end after so many epochs without a better dev F1", None, COUNT)
    none_bias: float = setting("without --dev: the decoding bias that dev once chose", 0.0, "(-inf, inf)")

    # The run.
    resume_from_checkpoint: bool = setting("resume the run of output_dir; start where there was none", False)
    overwrite_output_dir: bool = setting("delete what another run left in output_dir", False)
    save_steps: int = setting("steps between two saved states; the end of an epoch has one, too", 200, COUNT)
    report_to: str = setting("where losses and scores are shown, beside the log", "none", ("none", "tensorboard"))
    seed: int = setting("of new parameters, negatives, order and dropout", 1, f"[0, {LARGEST_SEED}]")

    def __post_init__(self) -> None:
        for name in REQUIRED:
            if not getattr(self, name):
                raise SettingError(f"{name} is missing; give --{name} or the key {name!r} of the YAML file")
        _check_values(self)
        if self.tasks == [MENTIONS]:
            self.metric_for_best_model = MENTIONS
        for contradiction in _contradictions(self):
            raise SettingError(contradiction)

    @property
    def last_epoch(self) -> int:
        """The number of the epoch that ends the run."""
        return min(self.num_train_epochs, self.stop_after_epoch or self.num_train_epochs)

    @property
    def shows_swapped(self) -> bool:
        """Whether pairs are shown in the other order, too."""
        return self.swap_augmentation > 0 or self.swap_consistency > 0

    def differences(self, others: Mapping[str, Any]) -> list[str]:
        """Return sentences on what differs from the settings of a run that is to be resumed, but for what may."""
        as_recorded = json.loads(json.dumps(asdict(self)))  # where a tuple has become a list
        mine = {name: value for name, value in as_recorded.items() if name not in CHANGEABLE}
        others = {**ADDED, **others}
        differing = [name for name, value in mine.items() if others.get(name) != value]
        return [f"{name} is {mine[name]!r}, was {others.get(name)!r}" for name in differing]


def scored_levels(tasks: Collection[str]) -> list[str]:
    """Return the levels at which a model with heads for these tasks can be scored.

    >>> scored_levels(["relation", "direction"])
    ['entity_pair', 'relation_type', 'relation_type_direction']
    """
    return [level for level, needed in LEVEL_TASKS.items() if {*needed} <= {*tasks}]


def named_values(pairs: Sequence[str]) -> dict[str, Any]:
    """Return NAME=VALUE pairs as a mapping, their values read as JSON.

    Raises:
        SettingError: one is no such pair, or a name is given twice.
    """
    found: dict[str, Any] = {}
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
    """Return what a YAML file holds.

    Raises:
        SettingError: there is no such file, or it is no YAML in UTF-8.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: is no YAML ({' '.join(str(error).split())})") from error


def _check_values(settings: TrainingSettings) -> None:
    """Check numbers against their intervals, and words against the known ones."""
    for each in fields(TrainingSettings):
        value, allowed = getattr(settings, each.name), each.metadata["allowed"]
        if isinstance(allowed, str) and value is not None and not _lies_within(value, allowed):
            raise SettingError(f"{each.name} is {value}; it must lie in {allowed}")
        if isinstance(allowed, tuple) and allowed and value not in allowed:
            raise SettingError(f"{each.name} is {value!r}; choose one of {', '.join(allowed)}")
    for name, known in (("tasks", (*TASKS, MENTIONS)), ("chunks", CHUNK_NAMES)):
        values = getattr(settings, name)
        if not values or not set(values) <= set(known):
            raise SettingError(f"{name} {values!r}: choose any of {', '.join(known)}")
        if len(set(values)) < len(values):
            raise SettingError(f"{name} {values!r}: names one twice; name each once")
    for name, kinds in (("task_weights", int | float), ("chunk_tokens", int), ("encoder_settings", object)):
        for key, value in named_values(getattr(settings, name)).items():
            is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            if kinds is not object and not (is_number and isinstance(value, kinds)):
                raise SettingError(f"{name}: {key} is {value!r}; give a {'whole ' * (kinds is int)}number")


def _lies_within(value: float, interval: str) -> bool:
    """Return whether a number lies in an interval such as "[0, 1)"; NaN lies in none."""
    least, most = (float(end) for end in interval[1:-1].split(", "))
    return least <= value <= most and not (
        (interval[0] == "(" and value == least) or (interval[-1] == ")" and value == most)
    )


def _contradictions(settings: TrainingSettings) -> Iterator[str]:
    """Yield a sentence on each setting that another one excludes, or leaves without effect."""
    output, encoder = Path(settings.output_dir).resolve(), Path(settings.encoder).resolve()
    twice = ", ".join(sorted(set(settings.train) & set(settings.extra_train)))
    hidden = ", ".join(sorted(set(named_values(settings.chunk_tokens)) - set(settings.chunks)))
    metric = settings.metric_for_best_model
    idle = ", ".join(name for name in OF_LISTED_CORPORA if getattr(settings, name))
    if idle and not settings.corpora:
        yield f"{idle}: concerns the corpora of --corpora, but none is given; name the file, or leave it out"
    if settings.none_bias and settings.dev:
        yield f"none_bias is {settings.none_bias}, without effect since --dev finds the bias; leave it out"
    if (settings.stop_after_epoch or 0) > settings.num_train_epochs:
        yield f"stop_after_epoch is {settings.stop_after_epoch}, but num_train_epochs is {settings.num_train_epochs}"
    if hidden:
        yield f"chunk_tokens {hidden}: chunks are only {', '.join(settings.chunks)}; leave it out, or add the chunk"
    if settings.class_balance and settings.relation_loss in HIGHEST_WINS:
        yield f"class_balance has no part in the loss {settings.relation_loss}; leave out one of them"
    if settings.sign_weight != 1 and settings.relation_loss != SOFTMAX:
        yield f"sign_weight is a part of the loss softmax, but relation_loss is {settings.relation_loss}; leave it out"
    if settings.focal_gamma != FOCAL_GAMMA and settings.relation_loss != FOCAL:
        yield f"focal_gamma is a part of the loss focal, but relation_loss is {settings.relation_loss}; leave it out"
    if settings.class_balance and "relation" not in settings.tasks:
        yield "class_balance weighs relation types, but relation is none of the tasks; leave it out"
    if settings.swap_consistency and (settings.swap_augmentation or settings.r_drop):
        name = "swap_augmentation" if settings.swap_augmentation else "r_drop"
        yield f"swap_consistency shows each pair in both orders and compares these; leave out {name}"
    if settings.evidence_weight and settings.pair_encoding == "pairwise":
        yield "evidence_weight guides the contexts of the form document; pair_encoding is pairwise; leave it out"
    if settings.closest_mentions and (settings.pair_encoding == "pairwise" or settings.tasks == [MENTIONS]):
        yield "closest_mentions join pairs while relations are learned in the form document; leave it out"
    if settings.coreference_weight and (settings.pair_encoding == "pairwise" or settings.tasks == [MENTIONS]):
        yield "coreference_weight compares mentions while relations are learned in the form document; leave it out"
    if settings.direction_smoothing and not {"relation", "direction"} <= set(settings.tasks):
        yield f"direction_smoothing needs the tasks relation and direction, but tasks are {settings.tasks!r}"
    yield from _contradictions_of_teaching(settings)
    if twice:
        yield f"{twice}: both in --train and in --extra_train; name it in one of them"
    if output == encoder or (settings.overwrite_output_dir and encoder.is_relative_to(output)):
        yield f"output_dir {output} holds the encoder {encoder}, which would be overwritten; name another folder"
    if settings.resume_from_checkpoint and settings.overwrite_output_dir:
        yield "resume_from_checkpoint and overwrite_output_dir are both given; resume the old run, or delete it"
    yield from _contradictions_of_tagger(settings)
    if metric != MENTIONS and metric not in scored_levels(settings.tasks):
        levels = ", ".join(scored_levels(settings.tasks))
        yield f"metric_for_best_model is {metric}, but {settings.tasks} do not predict all of it; take one of {levels}"
    if settings.early_stopping_patience is not None and settings.dev is None:
        yield "early_stopping_patience needs scores of --dev; name a file, or leave early_stopping_patience out"


def _contradictions_of_tagger(settings: TrainingSettings) -> Iterator[str]:
    """Yield a sentence on each setting that does not fit to what the tagger learns, or needs it."""
    of_tagger = ", ".join(name for name, idle in OF_TAGGER.items() if getattr(settings, name) not in (None, idle))
    if MENTIONS not in settings.tasks and (of_tagger or settings.metric_for_best_model == MENTIONS):
        name = of_tagger or "metric_for_best_model"
        yield f"{name}: concerns the tagger, but mentions is none of the tasks; add it, or leave {name} out"
    if settings.freeze_relations and settings.labels != "auto":
        yield f"freeze_relations keeps the labels of the checkpoint, but labels is {settings.labels}; leave it out"
    if settings.freeze_relations and settings.tasks != [MENTIONS]:
        yield f"freeze_relations keeps all tasks but mentions from learning, but tasks are {settings.tasks!r}"
    if settings.freeze_relations and settings.tagger_layers == 0:
        yield "freeze_relations leaves the tagger only a classifier; give it layers of its own by --tagger_layers"


def _contradictions_of_teaching(settings: TrainingSettings) -> Iterator[str]:
    """Yield a sentence on each setting that does not fit to teachers, or needs them."""
    output = Path(settings.output_dir).resolve()
    if settings.unlabelled and not settings.teachers:
        yield "unlabelled: nothing says which pairs of these documents are related; name --teachers, or leave it out"
    if settings.max_unlabelled_documents and not settings.unlabelled:
        yield "max_unlabelled_documents concerns the files of --unlabelled, but none is given; leave it out"
    if settings.teaching_weight != ADDED["teaching_weight"] and not settings.teachers:
        yield f"teaching_weight is {settings.teaching_weight}, but there are no --teachers; name some, or leave it out"
    if settings.teachers and settings.tasks == [MENTIONS]:
        yield f"teachers teach relations, but tasks are {settings.tasks!r}; leave out --teachers"
    if settings.teachers and settings.relation_loss in HIGHEST_WINS:
        yield f"teachers give targets between 0 and 1, which the loss {settings.relation_loss} cannot take; choose one"
    for folder in settings.teachers:
        teacher = Path(folder).resolve()
        if output == teacher or (settings.overwrite_output_dir and teacher.is_relative_to(output)):
            yield f"output_dir {output} holds the teacher {teacher}, which would be overwritten; name another folder"
