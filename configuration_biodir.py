"""BioDirConfig: everything that a checkpoint must remember."""

from collections.abc import Sequence
from typing import Any

from huggingface_hub.dataclasses import strict
from transformers import AutoConfig, PreTrainedConfig
from transformers.configuration_utils import SubConfigSpec

from .errors_biodir import SettingError

TASK = "biomedical-relation-extraction"
# The code that a repository of the Hub needs beside config.json; saving a model copies it.
CODE_FILES = (
    "configuration_biodir.py",
    "document_biodir.py",
    "document_candidates_biodir.py",
    "document_inputs_biodir.py",
    "document_pubtator_biodir.py",
    "document_pubtator_rows_biodir.py",
    "document_sentences_biodir.py",
    "errors_biodir.py",
    "modeling_attention_biodir.py",
    "modeling_biodir.py",
    "modeling_document_biodir.py",
    "modeling_heads_biodir.py",
    "modeling_losses_biodir.py",
    "modeling_pooled_biodir.py",
    "pipeline_biodir.py",
    "pipeline_decoding_biodir.py",
    "pipeline_engine_biodir.py",
    "processing_batching_biodir.py",
    "processing_document_biodir.py",
    "processing_features_biodir.py",
    "processing_tokens_biodir.py",
    "processing_windows_biodir.py",
)

GENE, DISEASE, CHEMICAL = "GeneOrGeneProduct", "DiseaseOrPhenotypicFeature", "ChemicalEntity"
VARIANT, SPECIES, CELL_LINE = "SequenceVariant", "OrganismTaxon", "CellLine"

# What is predicted of a pair, in the order of the heads.
TASKS = ("relation", "novelty", "direction")
# The levels at which predicted relations are scored: each asks for more, and the last for everything.
LEVELS = ("entity_pair", "relation_type", "relation_type_novelty", "relation_type_direction", "all")
# The first label of every task: the pair is unrelated.
UNRELATED = "None"
# Label orders, entity types and pair types of BioREDirect: paper, section 2, in the order of its released code.
RELATION_LABELS = (
    UNRELATED,
    "Association",
    "Bind",
    "Comparison",
    "Conversion",
    "Cotreatment",
    "Drug_Interaction",
    "Negative_Correlation",
    "Positive_Correlation",
)
NOVELTY_LABELS = ("None", "Novel", "No")
DIRECTION_LABELS = ("None", "Left_to_Right", "Right_to_Left", "No_Direct")
ENTITY_TYPES = (GENE, DISEASE, CHEMICAL, VARIANT, SPECIES, CELL_LINE)
PAIR_TYPES = (
    (CHEMICAL, CHEMICAL),
    (CHEMICAL, DISEASE),
    (CHEMICAL, GENE),
    (CHEMICAL, VARIANT),
    (DISEASE, GENE),
    (DISEASE, VARIANT),
    (GENE, GENE),
    (VARIANT, VARIANT),
)
# What PubTator, PubTator 3, BC5CDR and BioREDirect call the types.
TYPE_MAP = {
    "Gene": GENE,
    "Disease": DISEASE,
    "Chemical": CHEMICAL,
    "Variant": VARIANT,
    "Mutation": VARIANT,
    "DNAMutation": VARIANT,
    "ProteinMutation": VARIANT,
    "DNAAllele": VARIANT,
    "ProteinAllele": VARIANT,
    "DNAAcidChange": VARIANT,
    "ProteinAcidChange": VARIANT,
    "SNP": VARIANT,
    "Species": SPECIES,
    "Organism": SPECIES,
    "Strain": SPECIES,
    "Genus": SPECIES,
    "Cell_line": CELL_LINE,
    "CellLineOrTissue": CELL_LINE,
}
HARD_PROMPT = "What are the labels of {tasks} between {entity1} and {entity2} ?"
PROMPT_FIELDS = ("{tasks}", "{entity1}", "{entity2}")
# Encoders whose first token takes the position behind the padding's: RoBERTa and its kin.
POSITIONS_AFTER_PADDING = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer")
CHUNK_NAMES = ("prefix", "suffix", "infix")
PAIR_ENCODINGS = ("pairwise", "document")
CHUNK_POOLINGS = ("max", "mean", "attention")
BINARY, FOCAL, ADAPTIVE_THRESHOLD = "binary", "focal", "adaptive_threshold"
RELATION_LOSSES = (BINARY, FOCAL, ADAPTIVE_THRESHOLD)


@strict
class BioDirConfig(PreTrainedConfig):
    """Configuration of `BioDirForRelationExtraction`.

    Args:
        encoder_config: configuration of the encoder, any of the BERT family.
        pair_encoding: pairwise, rows of its own for every pair (the paper's); pooled, one pass over the text, whose states
            make up every pair.
        relation_labels: the label of an unrelated pair first, then the relation types.
        novelty_labels, direction_labels: likewise. An empty list leaves a task and its head out; the first task that
            is left says which pairs are related.
        entity_types: types that a mention may have; those outside `pair_types` take part in no pair.
        pair_types: unordered pairs of entity types that are asked about.
        tag_types: entity type -> type whose boundary tags it uses. Paper: variants use the gene tags.
        type_map: other names of entity types -> entity type; None leaves mentions of that name out.
        hard_prompt: pairwise only; the question, with ``{tasks}``, ``{entity1}`` and ``{entity2}`` in this order.
        soft_prompt_tokens: learned vectors for each pair type; solid at the end of every row, pooled once in a window.
            Paper: 8 was best.
        chunks: pairwise only; which chunks are encoded, any of prefix, suffix and infix.
        chunk_tokens: pairwise only; chunk -> the most tokens of the text that it shows, tags included; others show what
            fits into `max_tokens`.
        max_tokens: longest row, in tokens, its prompts included; pooled: longest window, tags included.
        infix_min_tokens: pairwise only; an infix that is narrower is widened evenly to this width, tags included.
        max_name_tokens: pairwise only; an entity's name is cut to this length in the hard prompt.
        max_mention_tokens: a mention that is longer is tagged around its first tokens.
        window_overlap_tokens: document only; what neighbouring windows of a long document share.
        chunk_pooling: pairwise only; how the chunks of a pair are joined: max (the paper's), mean or attention.
        generic_relation: relation type that needs no threshold but wins only as the highest of all. Paper: Association.
            Without a relation head every related pair gets this type.
        relation_threshold: the score above which any other relation type wins. Paper: 0.5.
        none_bias: added to the logit of the first relation label before decoding; found on dev. Paper: 0.
        relation_thresholds: relation type -> the score above which it can be predicted, found on dev; of several the
            one furthest above its threshold wins. Empty, or one for every type in place of the three fields before.
        label_biases: label of novelty or direction -> what is added to its logit before decoding; found on dev.
        calibrated_on: fingerprints of the documents on which thresholds and biases were found.
        classifier_dropout: dropout before the three classifiers.
        task_weights: task but the first -> weight of its loss for related pairs; empty for the paper's shares of the
            total loss.
        relation_loss: binary (the paper's), focal or adaptive_threshold, see `HeadLoss`; decoding after the last wants
            a `relation_threshold` of 1.
        focal_gamma: focal only; how fast the weight of labels that are nearly right falls.
        label_weights: relation label -> weight of its loss where it holds; 1 for those that are not named.
        initializer_range: standard deviation of new parameters.
        token_budget: the most tokens, padding and prompts included, that go through the encoder at once.

    Raises:
        SettingError: a value outside what is allowed.
    """

    model_type = "biodir"
    sub_configs_defaults = {"encoder_config": SubConfigSpec(config_class=AutoConfig, model_type="bert")}  # noqa: RUF012

    encoder_config: dict[Any, Any] | PreTrainedConfig | None = None
    pair_encoding: str = "pairwise"
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
    chunk_pooling: str = "max"
    generic_relation: str | None = "Association"
    relation_threshold: float | int = 0.5
    none_bias: float | int = 0.0
    relation_thresholds: dict[str, float | int] | None = None
    label_biases: dict[str, float | int] | None = None
    calibrated_on: list[str] | None = None
    classifier_dropout: float | int = 0.1
    task_weights: dict[str, float | int] | None = None
    relation_loss: str = BINARY
    focal_gamma: float | int = 2.0
    label_weights: dict[str, float | int] | None = None
    initializer_range: float = 0.02
    token_budget: int = 4096

    def __post_init__(self, **kwargs: Any) -> None:
        for name in ("relation_labels", "novelty_labels", "direction_labels", "entity_types", "chunks"):
            setattr(self, name, list(getattr(self, name)))
        self.pair_types = [list(pair_type) for pair_type in self.pair_types]
        self.tag_types = {VARIANT: GENE} if self.tag_types is None else self.tag_types
        self.type_map = dict(TYPE_MAP) if self.type_map is None else self.type_map
        self.relation_thresholds = self.relation_thresholds or {}
        self.label_biases = self.label_biases or {}
        self.task_weights = self.task_weights or {}
        self.label_weights = self.label_weights or {}
        self.chunk_tokens = self.chunk_tokens or {}
        super().__post_init__(**kwargs)
        self.custom_pipelines = {TASK: {"impl": "pipeline_biodir.BioDirPipeline", "pt": ["AutoModel"]}}
        _check_labels(self)
        _check_prompt_and_chunks(self)
        _check_numbers(self)
        _check_losses(self)
        _check_decoding(self)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that have a head, in the order of the heads."""
        return tuple(task for task, labels in self.labels.items() if labels)

    @property
    def labels(self) -> dict[str, Sequence[str]]:
        """Task -> its labels; an empty list where the task is left out."""
        return {
            "relation": self.relation_labels,
            "novelty": self.novelty_labels,
            "direction": self.direction_labels,
        }


def _check_labels(config: BioDirConfig) -> None:
    for task, labels in config.labels.items():
        if len(set(labels)) < len(labels):
            raise SettingError(f"{task}_labels {labels!r} hold a label twice")
        if len(labels) == 1:
            raise SettingError(f"{task}_labels {labels!r}: give the label of an unrelated pair, then at least one more")
    if not config.tasks:
        raise SettingError("relation_labels, novelty_labels and direction_labels are all empty; give at least one list")
    if not config.relation_labels and not config.generic_relation:
        raise SettingError("without relation_labels a related pair needs a type; name it as generic_relation")
    if not config.pair_types:
        raise SettingError("pair_types is empty; give at least one pair of entity types")
    for pair_type in config.pair_types:
        if len(pair_type) != 2 or not set(pair_type) <= set(config.entity_types):
            raise SettingError(f"pair type {pair_type!r} is not two of the entity types {config.entity_types!r}")
    if len({frozenset(pair_type) for pair_type in config.pair_types}) < len(config.pair_types):
        raise SettingError(f"pair_types {config.pair_types!r} hold a pair twice; pairs have no order")


def _check_prompt_and_chunks(config: BioDirConfig) -> None:
    places = [config.hard_prompt.find(field) for field in PROMPT_FIELDS]
    once = all(config.hard_prompt.count(field) == 1 for field in PROMPT_FIELDS)
    if not once or places != sorted(places):
        raise SettingError(
            f"hard_prompt {config.hard_prompt!r} must hold {', '.join(PROMPT_FIELDS)} in this order, each once"
        )
    if not config.chunks or not set(config.chunks) <= set(CHUNK_NAMES):
        raise SettingError(f"chunks {config.chunks!r}: choose any of {', '.join(CHUNK_NAMES)}")
    if config.pair_encoding not in PAIR_ENCODINGS:
        raise SettingError(f"pair_encoding {config.pair_encoding!r}: choose one of {', '.join(PAIR_ENCODINGS)}")
    if config.chunk_pooling not in CHUNK_POOLINGS:
        raise SettingError(f"chunk_pooling {config.chunk_pooling!r}: choose one of {', '.join(CHUNK_POOLINGS)}")
    encoder_config: Any = config.encoder_config
    positions = getattr(encoder_config, "max_position_embeddings", None)
    if encoder_config.model_type in POSITIONS_AFTER_PADDING and positions is not None:
        positions -= encoder_config.pad_token_id + 1
    if positions is not None and config.max_tokens > positions:
        raise SettingError(f"max_tokens is {config.max_tokens} but the encoder has {positions} positions for tokens")


def _check_numbers(config: BioDirConfig) -> None:
    for name, least in (("soft_prompt_tokens", 0), ("infix_min_tokens", 0), ("max_name_tokens", 1),
                        ("max_mention_tokens", 1), ("window_overlap_tokens", 0), ("token_budget", 1)):  # fmt: skip
        if getattr(config, name) < least:
            raise SettingError(f"{name} is {getattr(config, name)}; it must be at least {least}")
    for chunk, tokens in (config.chunk_tokens or {}).items():
        if chunk not in CHUNK_NAMES:
            raise SettingError(f"chunk_tokens name {chunk!r}: choose any of {', '.join(CHUNK_NAMES)}")
        least = config.max_mention_tokens + 2  # a mention and its tags
        if tokens < least:
            raise SettingError(
                f"chunk_tokens[{chunk!r}] is {tokens}, but a mention of max_mention_tokens with its tags takes "
                f"{least}; raise it or lower max_mention_tokens"
            )


def _check_losses(config: BioDirConfig) -> None:
    others = set(config.tasks[1:])
    if config.task_weights and set(config.task_weights) != others:
        raise SettingError(f"task_weights {config.task_weights!r}: give one for each of {', '.join(sorted(others))}")
    for name, weights in (("task_weights", config.task_weights), ("label_weights", config.label_weights)):
        for key, weight in (weights or {}).items():
            if weight < 0:
                raise SettingError(f"{name}[{key!r}] is {weight}; weights are not negative")
    if config.relation_loss not in RELATION_LOSSES:
        raise SettingError(f"relation_loss {config.relation_loss!r}: choose one of {', '.join(RELATION_LOSSES)}")
    if config.focal_gamma < 0:
        raise SettingError(f"focal_gamma is {config.focal_gamma}; it is not negative")
    strangers = set(config.label_weights or {}) - set(config.relation_labels)
    if strangers:
        raise SettingError(f"label_weights name {', '.join(sorted(strangers))}, no label of relation_labels")


def _check_decoding(config: BioDirConfig) -> None:
    thresholds = {"relation_threshold": config.relation_threshold, **(config.relation_thresholds or {})}
    for name, threshold in thresholds.items():
        if not 0 <= threshold <= 1:
            place = name if name == "relation_threshold" else f"relation_thresholds[{name!r}]"
            raise SettingError(f"{place} is {threshold}; scores lie in 0..1")
    types = set(config.relation_labels[1:])
    if config.relation_thresholds and set(config.relation_thresholds) != types:
        named = ", ".join(sorted(types ^ set(config.relation_thresholds)))
        raise SettingError(f"relation_thresholds: give one for every relation type and nothing else; see {named}")
    unknown = set(config.label_biases or {}) - {*config.novelty_labels[1:], *config.direction_labels[1:]}
    if unknown:
        raise SettingError(f"label_biases name {', '.join(sorted(unknown))}, no label of novelty or direction")


BioDirConfig.register_for_auto_class()
