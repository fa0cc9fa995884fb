"""BioDirConfig: everything that a checkpoint must remember."""

import math
from collections.abc import Sequence
from typing import Any, Literal, get_args

from huggingface_hub.dataclasses import strict
from transformers import AutoConfig, PreTrainedConfig
from transformers.utils.versions import require_version

from .errors_biodir import CheckpointError, SettingError
from .labels_biodir import (
    DIRECTION_LABELS,
    ENTITY_TYPES,
    GENE,
    NOVELTY_LABELS,
    PAIR_TYPES,
    RELATION_LABELS,
    SIGNED_RELATIONS,
    TASKS,
    TYPE_MAP,
    VARIANT,
    bio_labels,
    type_pair,
)

TASK = "biomedical-relation-extraction"
# The lowest versions that the code of a checkpoint runs with; `setup.cfg` names the same, and a test compares them.
REQUIREMENTS = ("torch>=2.6", "transformers>=5.4")
HARD_PROMPT = "What are the labels of {tasks} between {entity1} and {entity2} ?"
PROMPT_FIELDS = ("{tasks}", "{entity1}", "{entity2}")
# Encoders whose first token takes the position after the padding's: RoBERTa and models like it.
POSITIONS_AFTER_PADDING = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "longformer")
CHUNK_NAMES = ("prefix", "suffix", "infix")
PairEncoding = Literal["pairwise", "document", "released"]
ChunkPooling = Literal["max", "mean", "attention", "dot_product"]
RelationLoss = Literal["binary", "focal", "adaptive_threshold", "softmax"]
RELEASED, DOT_PRODUCT = "released", "dot_product"
# The forms that models are trained in; released weights are only used.
PAIR_ENCODINGS = tuple(form for form in get_args(PairEncoding) if form != RELEASED)
RELATION_LOSSES = get_args(RelationLoss)
BINARY, FOCAL, ADAPTIVE_THRESHOLD, SOFTMAX = RELATION_LOSSES
# Losses after which the highest relation label wins, the first among them: no score passes this threshold.
HIGHEST_WINS, NO_THRESHOLD = (ADAPTIVE_THRESHOLD, SOFTMAX), 1.0


def first_position(encoder_config: Any) -> int:
    """Return the position that the encoder gives to the first token of a text."""
    if encoder_config.model_type == "mpnet":
        return 2  # its code has the padding's position, 1, as a constant
    return encoder_config.pad_token_id + 1 if encoder_config.model_type in POSITIONS_AFTER_PADDING else 0


@strict
class BioDirConfig(PreTrainedConfig):
    """Configuration of `BioDirForRelationExtraction`.

    Args:
        encoder_config (`PreTrainedConfig` or `dict`, defaults to that of BERT): configuration of the encoder, any of
            the BERT family.
        pair_encoding (`str`, defaults to `"pairwise"`): the form: `"pairwise"`, one input of three chunks for every
            pair (the paper's), `"document"`, one pass over the text for all pairs, or `"released"`, for NCBI's weights:
            the pairwise form as its authors' code computes it, see `biodir import-released`.
        relation_labels (`list[str]`, defaults to those of BioREDirect): the label of an unrelated pair first, then the
            relation types.
        novelty_labels, direction_labels (`list[str]`, default to those of BioREDirect): likewise. An empty list leaves
            the task and its head out; the first task that is left decides which pairs are related.
        entity_types (`list[str]`, defaults to the six of BioRED): types that a mention may have; those outside
            `pair_types` take part in no pair.
        pair_types (`list[list[str]]`, defaults to the eight of BioREDirect): unordered pairs of entity types; only
            entities of such types form candidate pairs.
        tag_types (`dict[str, str]`, defaults to variant -> gene): entity type -> type whose boundary tags it uses.
            Paper: variants use the gene tags.
        type_map (`dict[str, str | None]`, defaults to the names of PubTator and BC5CDR): other names of entity types ->
            entity type; None leaves mentions of that name out.
        hard_prompt (`str`): pairwise only; the question, with `{tasks}`, `{entity1}` and `{entity2}` in this order.
            Defaults to `"What are the labels of {tasks} between {entity1} and {entity2} ?"`.
        soft_prompt_tokens (`int`, defaults to 8): learned vectors for each pair type; pairwise at the end of every row,
            document once in a window. Paper: 8 was best.
        chunks (`list[str]`, defaults to all three): pairwise only; which of prefix, suffix and infix are encoded.
        chunk_tokens (`dict[str, int]`, defaults to none): pairwise only; chunk -> the most tokens of the text that it
            shows, tags included; other chunks show what fits into `max_tokens`.
        max_tokens (`int`, defaults to 512): pairwise: longest row in tokens, with its prompts; document: longest window
            in tokens, with its tags.
        infix_min_tokens (`int`, defaults to 64): pairwise only; a narrower infix is widened evenly to this width.
        max_name_tokens (`int`, defaults to 24): pairwise only; an entity's name is cut to this length in the prompt.
        max_mention_tokens (`int`, defaults to 64): a longer mention is tagged around its first tokens.
        window_overlap_tokens (`int`, defaults to 128): document only; what neighbouring windows of a text share.
        chunk_pooling (`str`, defaults to `"max"`, the paper's): pairwise only; how the chunks of a pair are joined:
            `"max"`, `"mean"` or `"attention"`. Released only: `"dot_product"`, or `"max"` for weights that were trained
            with `use_single_chunk`.
        generic_relation (`str`, defaults to `"Association"`): relation type that needs no threshold but wins only as
            the highest of all labels. Without a relation head every related pair gets this type.
        relation_threshold (`float`, defaults to 0.5, the paper's): the score above which any other relation type wins.
        none_bias (`float`, defaults to 0): added to the logit of the first relation label before decoding.
        relation_thresholds (`dict[str, float]`, defaults to none): relation type -> the score above which it can be
            predicted, found on dev; of several the one furthest above its threshold wins. One for every type, in place
            of the three fields before.
        label_biases (`dict[str, float]`, defaults to none): label of novelty or direction -> added to its logit before
            decoding, found on dev.
        score_scaling (`dict[str, list[float]]`, defaults to none): task -> slope, above 0, and offset, found on dev:
            the score that is stated of a label is ``sigmoid(slope * logit(score) + offset)``, for each label of the
            task but the first. Labels are chosen before, so that it changes none. Platt 1999; Guo et al. 2017.
        calibrated_on (`list[str]`, optional): fingerprints of the documents on which thresholds, biases and scaling
            were found.
        classifier_dropout (`float`, defaults to 0.1): dropout before the classifiers.
        task_weights (`dict[str, float]`, defaults to none): task -> weight of its loss for related pairs, for all tasks
            but the first; without them the paper's shares of the total loss.
        relation_loss (`str`, defaults to `"binary"`, the paper's): `"binary"`, `"focal"`, `"adaptive_threshold"` or
            `"softmax"`, see `HeadLoss`; decoding after the last two needs a `relation_threshold` of 1, and after
            `"softmax"` the scores of a pair's relation labels add up to 1, without `score_scaling`.
        focal_gamma (`float`, defaults to 2): focal only; how fast the weight of labels that are nearly right falls.
        sign_weight (`float`, defaults to 1): softmax only; weight of the part of the loss that decides between
            Association, Negative_Correlation and Positive_Correlation.
        evidence_weight (`float`, defaults to 0): document only; weight of the loss that draws the context of a related
            pair to the sentences of its closest mentions.
        closest_mentions (`bool`, defaults to `False`): document only; whether the states of the two mentions of a pair
            that stand closest to each other, and the mean of the text from one to the other, join the pair.
        label_weights (`dict[str, float]`, defaults to none): relation label -> weight of its loss where it holds; 1 for
            labels that are not named.
        corpus_labels (`list[str]`, defaults to none): names of corpora with habits of annotation of their own. For each
            the model learns a vector that joins the pairs of its documents; predictions are made without one.
        tagger_labels (`list[str]`, defaults to none): labels of words, by which the tagger finds mentions: `"O"`
            outside, then for entity types `"B-TYPE"` for the first and `"I-TYPE"` for each further word of a mention;
            empty for a model without a tagger.
        tagger_layers (`int`, defaults to 0): how many upper layers of the encoder the tagger has as copies of its own;
            it shares the embeddings and all other layers with the relations.
        initializer_range (`float`, defaults to 0.02): standard deviation of new parameters.
        token_budget (`int`, defaults to 4096): the most tokens that go through the encoder at once, with padding and
            prompts.
        requirements (`list[str]`, defaults to `REQUIREMENTS`): packages that the checkpoint's code needs, as pip writes
            them; checked on load.

    Raises:
        SettingError: a value outside what is allowed.
        CheckpointError: an installed package does not meet `requirements`.

    >>> config = BioDirConfig(pair_encoding="document", novelty_labels=[])
    >>> config.tasks
    ('relation', 'direction')
    >>> config.labels["direction"]
    ['None', 'Left_to_Right', 'Right_to_Left', 'No_Direct']
    """

    model_type = "biodir"
    sub_configs = {"encoder_config": AutoConfig}  # noqa: RUF012

    encoder_config: dict[Any, Any] | PreTrainedConfig | None = None
    pair_encoding: PairEncoding = "pairwise"
    relation_labels: list[str] | tuple[str, ...] = RELATION_LABELS
    novelty_labels: list[str] | tuple[str, ...] = NOVELTY_LABELS
    direction_labels: list[str] | tuple[str, ...] = DIRECTION_LABELS
    entity_types: list[str] | tuple[str, ...] = ENTITY_TYPES
    pair_types: Any = PAIR_TYPES
    tag_types: dict[str, str] | None = None
    type_map: dict[str, str | None] | None = None
    hard_prompt: str = HARD_PROMPT
    soft_prompt_tokens: int = 8
    chunks: list[str] | tuple[str, ...] = CHUNK_NAMES
    chunk_tokens: dict[str, int] | None = None
    max_tokens: int = 512
    infix_min_tokens: int = 64
    max_name_tokens: int = 24
    max_mention_tokens: int = 64
    window_overlap_tokens: int = 128
    chunk_pooling: ChunkPooling = "max"
    generic_relation: str | None = "Association"
    relation_threshold: float | int = 0.5
    none_bias: float | int = 0.0
    relation_thresholds: dict[str, float | int] | None = None
    label_biases: dict[str, float | int] | None = None
    score_scaling: dict[str, list[float | int]] | None = None
    calibrated_on: list[str] | None = None
    classifier_dropout: float | int = 0.1
    task_weights: dict[str, float | int] | None = None
    relation_loss: RelationLoss = "binary"
    focal_gamma: float | int = 2.0
    sign_weight: float | int = 1.0
    evidence_weight: float | int = 0.0
    closest_mentions: bool = False
    label_weights: dict[str, float | int] | None = None
    corpus_labels: list[str] | tuple[str, ...] = ()
    tagger_labels: list[str] | tuple[str, ...] = ()
    tagger_layers: int = 0
    initializer_range: float = 0.02
    token_budget: int = 4096
    requirements: list[str] | tuple[str, ...] = REQUIREMENTS

    def __post_init__(self, **kwargs: Any) -> None:
        if not isinstance(self.encoder_config, PreTrainedConfig):
            self.encoder_config = AutoConfig.for_model(**{"model_type": "bert", **(self.encoder_config or {})})
        lists = ("relation_labels", "novelty_labels", "direction_labels", "entity_types", "chunks", "tagger_labels")
        for name in (*lists, "corpus_labels", "requirements"):
            setattr(self, name, list(getattr(self, name)))
        self.pair_types = [list(pair_type) for pair_type in self.pair_types]
        self.tag_types = {VARIANT: GENE} if self.tag_types is None else self.tag_types
        self.type_map = dict(TYPE_MAP) if self.type_map is None else self.type_map
        mappings = ("relation_thresholds", "label_biases", "score_scaling", "task_weights", "label_weights")
        for name in (*mappings, "chunk_tokens"):
            setattr(self, name, getattr(self, name) or {})
        super().__post_init__(**kwargs)
        self.custom_pipelines = {TASK: {"impl": "pipeline_biodir.BioDirPipeline", "pt": ["AutoModel"]}}
        # `strict` calls these, too, but wraps what they raise in an error that is no ValueError.
        self.validate_requirements()
        self.validate_labels()
        self.validate_tagger()
        self.validate_pair_types()
        self.validate_hard_prompt()
        self.validate_released()
        self.validate_sizes()
        self.validate_losses()
        self.validate_decoding()
        self.validate_score_scaling()

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that have a head, in the order of the heads."""
        return tuple(task for task, labels in self.labels.items() if labels)

    @property
    def labels(self) -> dict[str, Sequence[str]]:
        """Task -> its labels; an empty list where the task is left out."""
        return {task: getattr(self, f"{task}_labels") for task in TASKS}

    def validate_requirements(self) -> None:
        """Check that the installed packages are those that the checkpoint needs."""
        for requirement in self.requirements:
            try:
                require_version(requirement, f"The checkpoint needs it; run: pip install '{requirement}'")
            except ImportError as error:
                raise CheckpointError(" ".join(str(error).split())) from error

    def validate_labels(self) -> None:
        """Check that each task has no label or at least two different ones, and that related pairs get a type."""
        if len(set(self.corpus_labels)) < len(self.corpus_labels):
            raise SettingError(f"corpus_labels {self.corpus_labels!r} hold a name twice")
        for task, labels in self.labels.items():
            if len(set(labels)) < len(labels):
                raise SettingError(f"{task}_labels {labels!r} hold a label twice")
            if len(labels) == 1:
                raise SettingError(f"{task}_labels {labels!r}: give the label of an unrelated pair, then the others")
        if not self.tasks and not self.tagger_labels:
            raise SettingError(
                "relation_labels, novelty_labels, direction_labels and tagger_labels are all empty; give one of them"
            )
        if self.tasks and not self.relation_labels and not self.generic_relation:
            raise SettingError("without relation_labels a related pair needs a type; name it as generic_relation")

    def validate_tagger(self) -> None:
        """Check that the tagger has the labels of known entity types, and no more layers than the encoder."""
        types = [label[2:] for label in self.tagger_labels if label.startswith("B-")]
        if self.tagger_labels and (list(self.tagger_labels) != bio_labels(types) or not types):
            raise SettingError(
                f"tagger_labels {self.tagger_labels!r}: give 'O', then 'B-TYPE' and 'I-TYPE' for each entity type once"
            )
        unknown = [kind for kind in types if kind not in self.entity_types]
        if unknown:
            raise SettingError(
                f"tagger_labels name {', '.join(unknown)}, none of the entity types {self.entity_types!r}"
            )
        encoder_config: Any = self.encoder_config
        layers = encoder_config.num_hidden_layers
        if not 0 <= self.tagger_layers <= (layers if self.tagger_labels else 0):
            raise SettingError(
                f"tagger_layers is {self.tagger_layers}; with tagger_labels it lies in 0..{layers}, the layers of the "
                "encoder, and is 0 without"
            )

    def validate_pair_types(self) -> None:
        """Check that pair types are two known entity types each, and that none occurs twice."""
        if self.tasks and not self.pair_types:
            raise SettingError("pair_types is empty; give at least one pair of entity types")
        for pair_type in self.pair_types:
            if len(pair_type) != 2 or not set(pair_type) <= set(self.entity_types):
                raise SettingError(f"pair type {pair_type!r} is not two of the entity types {self.entity_types!r}")
        if len(set(map(type_pair, self.pair_types))) < len(self.pair_types):
            raise SettingError(f"pair_types {self.pair_types!r} hold a pair twice; pairs have no order")

    def validate_hard_prompt(self) -> None:
        """Check that the hard prompt has a place for the tasks and both entities, and that its chunks are known."""
        places = [self.hard_prompt.find(field) for field in PROMPT_FIELDS]
        once = all(self.hard_prompt.count(field) == 1 for field in PROMPT_FIELDS)
        if not once or places != sorted(places):
            fields = ", ".join(PROMPT_FIELDS)
            raise SettingError(f"hard_prompt {self.hard_prompt!r} must hold {fields} in this order, each once")
        if not self.chunks or not set(self.chunks) <= set(CHUNK_NAMES):
            raise SettingError(f"chunks {self.chunks!r}: choose any of {', '.join(CHUNK_NAMES)}")

    def validate_released(self) -> None:
        """Check that chunks are chosen and joined as the form does it."""
        poolings = (DOT_PRODUCT, "max") if self.pair_encoding == RELEASED else ("max", "mean", "attention")
        if self.chunk_pooling not in poolings:
            raise SettingError(
                f"chunk_pooling is {self.chunk_pooling!r}; with pair_encoding {self.pair_encoding!r} it is one of "
                f"{', '.join(poolings)}"
            )
        if self.pair_encoding == RELEASED and self.chunks not in (list(CHUNK_NAMES), ["infix"]):
            raise SettingError(f"chunks {self.chunks!r}: the released form has {', '.join(CHUNK_NAMES)}, or infix only")

    def validate_sizes(self) -> None:
        """Check that sizes are not too small, and that the encoder has a position for every token."""
        for name, least in (("soft_prompt_tokens", 0), ("infix_min_tokens", 0), ("max_name_tokens", 1),
                            ("max_mention_tokens", 1), ("window_overlap_tokens", 0), ("token_budget", 1)):  # fmt: skip
            if getattr(self, name) < least:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be at least {least}")
        for chunk, tokens in (self.chunk_tokens or {}).items():
            if chunk not in CHUNK_NAMES:
                raise SettingError(f"chunk_tokens name {chunk!r}: choose any of {', '.join(CHUNK_NAMES)}")
            least = self.max_mention_tokens + 2  # a mention and its tags
            if tokens < least:
                raise SettingError(
                    f"chunk_tokens[{chunk!r}] is {tokens}, but a mention of max_mention_tokens with its tags takes "
                    f"{least}; raise it or lower max_mention_tokens"
                )
        positions = getattr(self.encoder_config, "max_position_embeddings", None)
        if positions is None:
            return
        positions -= first_position(self.encoder_config)
        if self.max_tokens > positions:
            raise SettingError(f"max_tokens is {self.max_tokens} but the encoder has {positions} positions for tokens")

    def validate_losses(self) -> None:
        """Check that the weights of the loss name tasks and labels of this model and are not negative."""
        others = set(self.tasks[1:])
        if self.task_weights and set(self.task_weights) != others:
            fix = f"give one for each of {', '.join(sorted(others))}"
            if not others:
                fix = "leave it out, since the first task has none"
            raise SettingError(f"task_weights {self.task_weights!r}: {fix}")
        for name in ("task_weights", "label_weights"):
            for key, weight in getattr(self, name).items():
                if weight < 0:
                    raise SettingError(f"{name}[{key!r}] is {weight}; weights are not negative")
        for name in ("focal_gamma", "sign_weight", "evidence_weight"):
            if getattr(self, name) < 0:
                raise SettingError(f"{name} is {getattr(self, name)}; it is not negative")
        if self.sign_weight != 1 and not set(SIGNED_RELATIONS) <= set(self.relation_labels):
            raise SettingError(
                f"sign_weight is {self.sign_weight}, but relation_labels lack one of {', '.join(SIGNED_RELATIONS)}, "
                "which it tells apart; leave it out"
            )
        unknown = set(self.label_weights or {}) - set(self.relation_labels)
        if unknown:
            raise SettingError(f"label_weights name {', '.join(sorted(unknown))}, no label of relation_labels")

    def validate_decoding(self) -> None:
        """Check that thresholds are scores, and that thresholds and biases name labels of this model."""
        thresholds = {"relation_threshold": self.relation_threshold, **(self.relation_thresholds or {})}
        for name, threshold in thresholds.items():
            if not 0 <= threshold <= 1:
                place = name if name == "relation_threshold" else f"relation_thresholds[{name!r}]"
                raise SettingError(f"{place} is {threshold}; scores lie in 0..1")
        types = set(self.relation_labels[1:])
        if self.relation_thresholds and set(self.relation_thresholds) != types:
            named = ", ".join(sorted(types ^ set(self.relation_thresholds)))
            raise SettingError(f"relation_thresholds: give one for every relation type and nothing else; see {named}")
        unknown = set(self.label_biases or {}) - {*self.novelty_labels[1:], *self.direction_labels[1:]}
        if unknown:
            raise SettingError(f"label_biases name {', '.join(sorted(unknown))}, no label of novelty or direction")

    def validate_score_scaling(self) -> None:
        """Check that scores are scaled of tasks of this model, by two finite numbers that keep their order."""
        scaling: dict[str, list[float]] = self.score_scaling or {}
        unknown = sorted(scaling.keys() - set(self.tasks))
        if unknown:
            known = ", ".join(self.tasks) or "none"
            raise SettingError(f"score_scaling names {', '.join(unknown)}, no task of this model; it has {known}")
        for task, values in scaling.items():
            if len(values) != 2 or not all(map(math.isfinite, values)) or values[0] <= 0:
                raise SettingError(
                    f"score_scaling[{task!r}] is {values!r}; give slope and offset, finite, and the slope above 0"
                )


BioDirConfig.register_for_auto_class()
