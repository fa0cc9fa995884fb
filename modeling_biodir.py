"""The model of BioREDirect: soft prompt, chunk-aware forward, chunk pooling, three heads, loss."""

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedModel
from transformers import initialization as init
from transformers.models.auto.modeling_auto import MODEL_MAPPING
from transformers.utils import ModelOutput, cached_file
from transformers.utils.logging import get_logger

from .configuration_biodir import CODE_FILES, POSITIONS_AFTER_PADDING, BioDirConfig
from .errors_biodir import CheckpointError, SettingError
from .modeling_attention_biodir import PackedLayout, use_packed_attention
from .modeling_document_biodir import document_states
from .modeling_heads_biodir import PairwiseHead, SoftPrompt
from .modeling_losses_biodir import HeadLoss, joint_loss
from .modeling_pooled_biodir import DocumentHead
from .processing_batching_biodir import length_groups, repeated_chunks
from .processing_tokens_biodir import special_tokens

logger = get_logger(__name__)


@dataclass
class BioDirOutput(ModelOutput):
    """What the model says of a batch of pairs.

    Args:
        loss: scalar; None without targets.
        relation_logits: (batch, relation_types); this and the others are None where the task is left out.
        novelty_logits: (batch, novelty_classes)
        direction_logits: (batch, directions)
    """

    loss: Tensor | None = None
    relation_logits: Tensor | None = None
    novelty_logits: Tensor | None = None
    direction_logits: Tensor | None = None


class BioDirPreTrainedModel(PreTrainedModel):
    """Loading, saving and first values of the parameters."""

    config_class = BioDirConfig
    base_model_prefix = "biodir"
    main_input_name = "input_ids"
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_attention_backend = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            init.normal_(module.weight, mean=0.0, std=self.config.initializer_range)
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, SoftPrompt):
            init.normal_(module.vectors, mean=0.0, std=self.config.initializer_range)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, *args: Any, **kwargs: Any) -> Any:
        """As in transformers, but from safetensors alone, and weights that do not fit raise instead of staying random.

        Raises:
            CheckpointError: names the weights that do not fit the configuration, or the missing config.json.
        """
        if kwargs.get("config") is None and os.path.isdir(pretrained_model_name_or_path):
            # Without the file, transformers takes the default configuration and says nothing.
            folder = Path(pretrained_model_name_or_path, kwargs.get("subfolder", ""))
            if not (folder / "config.json").is_file():
                raise CheckpointError(f"{folder} has no config.json; name the folder of a saved model")
        wants_info = kwargs.pop("output_loading_info", False)
        misfits_start_anew = kwargs.pop("ignore_mismatched_sizes", False)
        kwargs.setdefault("use_safetensors", True)
        model, info = super().from_pretrained(
            pretrained_model_name_or_path, *args, output_loading_info=True, ignore_mismatched_sizes=True, **kwargs
        )
        for problem, found in info.items():
            if found and not (problem == "mismatched_keys" and misfits_start_anew):
                raise CheckpointError(
                    f"{pretrained_model_name_or_path}: {len(found)} {problem.replace('_', ' ')} in model.safetensors "
                    f"({', '.join(sorted(map(str, found))[:5])}); "
                    "config.json and model.safetensors do not belong together"
                )
        return (model, info) if wants_info else model

    def save_pretrained(self, save_directory: str | os.PathLike[str], **kwargs: Any) -> None:
        """As in transformers, with the code of the pipeline, so that the folder is a whole Hub repository."""
        here = Path(__file__).parent
        if Path(save_directory).is_dir() and here.samefile(save_directory):
            # transformers would stop at copying the code onto itself: save beside it, and bring over all but the code.
            with TemporaryDirectory(dir=here) as folder:
                super().save_pretrained(folder, **kwargs)
                for path in Path(folder).iterdir():
                    if path.name not in CODE_FILES:
                        path.replace(here / path.name)
            return
        super().save_pretrained(save_directory, **kwargs)
        if not kwargs.get("is_main_process", True):
            return
        for name in CODE_FILES:
            # Loaded from the Hub, this file stands alone with the modules that it imports: fetch the others anew.
            source = here / name if (here / name).exists() else cached_file(self.config.name_or_path, name)
            target = Path(save_directory) / name
            if not (target.exists() and target.samefile(source)):
                target.write_bytes(Path(source).read_bytes())


class BioDirForRelationExtraction(BioDirPreTrainedModel):
    """Relation type, novelty and direction of entity pairs. Paper, section 2: the joint model.

    Differs from paper: a chunk that stands twice counts once, and an absent chunk costs nothing; with the paper's
    maximum over chunks neither changes a score.
    """

    def __init__(self, config: BioDirConfig) -> None:
        super().__init__(config)
        self.encoder = _encoder_without_pooler(config.encoder_config)
        embedding_size = self.encoder.get_input_embeddings().embedding_dim
        self.soft_prompt = (
            SoftPrompt(len(config.pair_types), config.soft_prompt_tokens, embedding_size)
            if config.soft_prompt_tokens
            else None
        )
        self.heads = nn.ModuleDict({task: _head(config, len(config.labels[task])) for task in config.tasks})
        if config.pair_encoding == "document":
            use_packed_attention(self.encoder)
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        return self.encoder.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.encoder.set_input_embeddings(value)

    def set_attn_implementation(self, *args: Any, **kwargs: Any) -> None:
        """As in transformers; a packed row keeps the attention that it needs."""
        super().set_attn_implementation(*args, **kwargs)
        if self.config.pair_encoding == "document":
            use_packed_attention(self.encoder)

    def resize_token_embeddings(self, *args: Any, **kwargs: Any) -> nn.Embedding:
        """As in transformers; the size is kept in the encoder's configuration, where loading looks for it."""
        embeddings = self.encoder.resize_token_embeddings(*args, **kwargs)
        self.config.encoder_config.vocab_size = embeddings.num_embeddings
        return embeddings

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        pair_type_ids: Tensor,
        task_positions: Tensor | None = None,
        relation_targets: Tensor | None = None,
        novelty_targets: Tensor | None = None,
        direction_targets: Tensor | None = None,
        window_documents: Tensor | None = None,
        mention_windows: Tensor | None = None,
        mention_positions: Tensor | None = None,
        mention_entities: Tensor | None = None,
        pair_entities: Tensor | None = None,
        pair_windows: Tensor | None = None,
    ) -> BioDirOutput:
        """Logits, and the loss where targets are given: those of every head.

        The batch is that of `collate_pairs` or `collate_documents`, by `config.pair_encoding`.

        Args:
            input_ids: (batch, chunks, tokens); the last `soft_prompt_tokens` attended places of a row are overwritten.
                Pooled: (windows, tokens).
            attention_mask: of the same shape, ones first; all zeros for an absent chunk.
            pair_type_ids: (batch,) rows of `config.pair_types`.
            task_positions: pairwise only; (batch, tasks) place of each task token in every row of the pair.
            relation_targets: (batch, relation_types), ones at the labels that hold. So novelty and direction.
            window_documents, mention_windows, mention_positions, mention_entities, pair_entities, pair_windows: pooled
                only; see `collate_documents`.

        Raises:
            SettingError: an input of the pair encoding is missing.
        """
        texts = {"input_ids": input_ids, "attention_mask": attention_mask, "pair_type_ids": pair_type_ids}
        further = {
            "pairwise": {"task_positions": task_positions},
            "document": {
                "window_documents": window_documents,
                "mention_windows": mention_windows,
                "mention_positions": mention_positions,
                "mention_entities": mention_entities,
                "pair_entities": pair_entities,
                "pair_windows": pair_windows,
            },
        }[self.config.pair_encoding]
        missing = [name for name, value in further.items() if value is None]
        if missing:
            raise SettingError(
                f"{', '.join(missing)}: missing in the input of a {self.config.pair_encoding} model; make it with "
                "make_processor(tokenizer, config).collate(features)"
            )
        inputs = texts | {name: value for name, value in further.items() if value is not None}
        if self.config.pair_encoding == "document":
            prompts = self.soft_prompt.vectors if self.soft_prompt is not None else None
            pairs = document_states(self.read_packed, self.get_input_embeddings(), prompts, inputs)
            logits = {task: self.heads[task](pairs) for task in self.config.tasks}
        else:
            states, present = self._pairwise_states(**inputs)
            logits = {
                task: self.heads[task](states[:, :, index], present) for index, task in enumerate(self.config.tasks)
            }
        targets = {"relation": relation_targets, "novelty": novelty_targets, "direction": direction_targets}
        is_training = any(value is not None for value in targets.values())
        loss = None
        if is_training:
            loss = joint_loss(logits, targets, self.config.task_weights, HeadLoss.of_relations(self.config))
        return BioDirOutput(loss, logits.get("relation"), logits.get("novelty"), logits.get("direction"))

    def _pairwise_states(
        self, input_ids: Tensor, attention_mask: Tensor, pair_type_ids: Tensor, task_positions: Tensor
    ) -> tuple[Tensor, Tensor]:
        """States of the task tokens, (batch, chunks, tasks, hidden), and which chunks are present, (batch, chunks)."""
        present = attention_mask[..., 0].bool() & ~repeated_chunks(input_ids, attention_mask)  # (batch, chunks)
        row_pairs = present.nonzero()[:, 0]  # (rows,)
        states = self._encode_grouped(
            input_ids[present], attention_mask[present], pair_type_ids[row_pairs], task_positions[row_pairs]
        )  # (rows, tasks, hidden)
        task_states = states.new_zeros(*present.shape, *states.shape[1:])  # (batch, chunks, tasks, hidden)
        return task_states.masked_scatter(present[..., None, None], states), present

    def read_packed(self, embeddings: Tensor, positions: Tensor, layout: PackedLayout) -> Tensor:
        """(tokens, hidden): the encoder's last states of a packed row.

        Args:
            embeddings: (tokens, embedding_size)
            positions: (tokens,) from 0.
            layout: who attends to whom.
        """
        encoder_config = self.config.encoder_config
        if encoder_config.model_type in POSITIONS_AFTER_PADDING:
            positions = positions + encoder_config.pad_token_id + 1
        inputs = {"inputs_embeds": embeddings.unsqueeze(0), "position_ids": positions.unsqueeze(0)}
        return self.encoder(**inputs, layout=layout).last_hidden_state[0]

    def encode_rows(
        self, input_ids: Tensor, attention_mask: Tensor, pair_type_ids: Tensor, task_positions: Tensor
    ) -> Tensor:
        """(rows, tasks, hidden): the encoder's last states at the task tokens. Has no graph breaks of its own.

        Args:
            input_ids: (rows, tokens)
            attention_mask: (rows, tokens)
            pair_type_ids: (rows,)
            task_positions: (rows, tasks)
        """
        embeddings = self.encoder.get_input_embeddings()(input_ids)  # (rows, tokens, hidden)
        if self.soft_prompt is not None:
            embeddings = self.soft_prompt(embeddings, attention_mask, pair_type_ids)
        states = self.encoder(inputs_embeds=embeddings, attention_mask=attention_mask).last_hidden_state
        index = task_positions.unsqueeze(-1).expand(-1, -1, states.shape[-1])
        return states.gather(1, index)  # (rows, tasks, hidden)

    def _encode_grouped(self, input_ids: Tensor, attention_mask: Tensor, *of_rows: Tensor) -> Tensor:
        """`encode_rows` over groups of rows of like length, each trimmed to its longest row."""
        lengths = attention_mask.sum(dim=1).tolist()
        groups = length_groups(lengths, self.config.token_budget)
        parts = []
        for group in groups:
            rows = torch.tensor(group, device=input_ids.device)
            longest = lengths[group[0]]
            parts.append(
                self.encode_rows(
                    input_ids[rows, :longest], attention_mask[rows, :longest], *[value[rows] for value in of_rows]
                )
            )
        order = torch.tensor([row for group in groups for row in group], device=input_ids.device)
        return torch.cat(parts)[order.argsort()]

    @classmethod
    def from_encoder(
        cls,
        name_or_path: str,
        config: BioDirConfig | None = None,
        encoder_settings: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> tuple[Any, Any]:
        """A model and its tokenizer, ready for fine-tuning, over a pretrained encoder of the BERT family.

        The tags join the vocabulary with the mean embedding of their own sub-words; the poolers start from the
        encoder's pooler where it has one.

        Args:
            name_or_path: folder or Hub id of the encoder; or of a biodir checkpoint, whose heads and soft prompt are
                taken over, too, where `config` or `settings` give them the same meaning: a warning names the others.
            config: labels and sizes; its encoder configuration is replaced.
            encoder_settings: fields of the encoder's own configuration to change, such as a dropout.
            settings: fields of `BioDirConfig`, used where `config` is None.

        Raises:
            SettingError: both `config` and `settings` are given, or `encoder_settings` do not fit the encoder.
            CheckpointError: names the weights of the encoder that its checkpoint lacks.
        """
        if config is not None and settings:
            raise SettingError(f"give either config or {', '.join(settings)}; set them on the config")
        started = _checkpoint_of_this_kind(name_or_path, cls)
        if started is None:
            encoder, pooler = _pretrained_encoder(name_or_path, encoder_settings or {})
        else:
            encoder, pooler = _encoder_of(started, encoder_settings or {})
        # With the configuration at hand transformers has no need to ask for the code of the folder.
        known = {} if started is None else {"config": started.config}
        tokenizer = AutoTokenizer.from_pretrained(name_or_path, **known)
        values = config.to_dict() if config is not None else settings
        if os.path.isdir(name_or_path):
            encoder.config.name_or_path = ""  # a folder of this machine says nothing to the checkpoint's users
        config = BioDirConfig(**{**values, "encoder_config": encoder.config})
        _add_tags(encoder, tokenizer, special_tokens(config.pair_types, config.tag_types or {}))
        model = cls(config)
        encoder_weights = {
            name: value for name, value in encoder.state_dict().items() if not name.startswith("pooler.")
        }
        model.encoder.load_state_dict(encoder_weights, strict=True)
        model._start_from(pooler)
        if started is not None:
            anew = model._take_what_fits(started)
            if anew:
                logger.warning("%s: has no fitting %s; training starts them anew", name_or_path, ", ".join(anew))
        return model, tokenizer

    def _take_what_fits(self, other: "BioDirForRelationExtraction") -> list[str]:
        """Takes the heads and the soft prompt of another checkpoint that mean the same; names those that do not."""
        anew = []
        same_form = other.config.pair_encoding == self.config.pair_encoding
        for task, head in self.heads.items():
            has_same_labels = other.config.labels[task] == self.config.labels[task]
            if not (same_form and has_same_labels and _same_shapes(head, other.heads[task])):
                anew.append(f"heads.{task}")
                continue
            head.load_state_dict(other.heads[task].state_dict())
        if self.soft_prompt is not None:
            has_same_types = other.config.pair_types == self.config.pair_types
            if other.soft_prompt is None or not (has_same_types and _same_shapes(self.soft_prompt, other.soft_prompt)):
                anew.append("soft_prompt")
            else:
                self.soft_prompt.load_state_dict(other.soft_prompt.state_dict())
        return anew

    @torch.no_grad()
    def _start_from(self, pooler: nn.Module | None) -> None:
        """Sets the poolers to the encoder's, and the soft prompt to the spread of its word embeddings."""
        dense = getattr(pooler, "dense", None)
        for head in self.heads.values():
            if (
                isinstance(head, PairwiseHead)
                and isinstance(dense, nn.Linear)
                and dense.weight.shape == head.dense.weight.shape
            ):
                head.dense.load_state_dict(dense.state_dict())
        if self.soft_prompt is not None:
            self.soft_prompt.vectors.normal_(std=self.get_input_embeddings().weight.std().item())


def _head(config: BioDirConfig, labels: int) -> nn.Module:
    encoder_config: Any = config.encoder_config
    hidden_size, dropout = encoder_config.hidden_size, config.classifier_dropout
    if config.pair_encoding == "document":
        return DocumentHead(hidden_size, labels, config.soft_prompt_tokens > 0, dropout)
    return PairwiseHead(hidden_size, labels, config.chunk_pooling, dropout)


def _encoder_without_pooler(encoder_config: Any) -> PreTrainedModel:
    """The bare encoder; its own pooler, where the class can do without it, would be dead weight here."""
    encoder_class: Callable[..., Any] = MODEL_MAPPING[type(encoder_config)]
    if "add_pooling_layer" in inspect.signature(encoder_class.__init__).parameters:
        return AutoModel.from_config(encoder_config, add_pooling_layer=False)
    return AutoModel.from_config(encoder_config)


def _same_shapes(first: nn.Module, second: nn.Module) -> bool:
    """True where the parameters have the same names and shapes."""
    shapes = [{name: values.shape for name, values in module.state_dict().items()} for module in (first, second)]
    return shapes[0] == shapes[1]


def _checkpoint_of_this_kind(name_or_path: str, model_class: Any) -> Any:
    """The model of a biodir checkpoint; None where the checkpoint is that of a bare encoder."""
    values, _ = BioDirConfig.get_config_dict(name_or_path)
    if values.get("model_type") != BioDirConfig.model_type:
        return None
    return model_class.from_pretrained(name_or_path, config=BioDirConfig(**values))


def _encoder_of(model: BioDirForRelationExtraction, settings: Mapping[str, Any]) -> tuple[PreTrainedModel, None]:
    """The encoder of a model with these settings, and no pooler.

    Raises:
        SettingError: the encoder has no such setting, or its weights do not fit it.
    """
    encoder = model.encoder
    _check_fields(encoder.config, settings)
    for name, value in settings.items():
        setattr(encoder.config, name, value)
    if not _same_shapes(encoder, _encoder_without_pooler(encoder.config)):
        raise SettingError(
            f"encoder settings {dict(settings)!r} change the sizes of a trained encoder; leave sizes out"
        )
    encoder.set_attn_implementation("sdpa")
    return encoder, None


def _check_fields(config: Any, settings: Mapping[str, Any]) -> None:
    for name in settings:
        if not hasattr(config, name):
            raise SettingError(f"encoder setting {name!r}: {type(config).__name__} has no such field")


def _pretrained_encoder(name_or_path: str, settings: Mapping[str, Any]) -> tuple[PreTrainedModel, nn.Module | None]:
    """The encoder and its pooler, None where class or checkpoint has no such thing."""
    _check_fields(AutoConfig.from_pretrained(name_or_path) if settings else None, settings)
    encoder, info = AutoModel.from_pretrained(name_or_path, dtype=torch.float32, output_loading_info=True, **settings)
    missing = sorted(info["missing_keys"])
    lacking = [name for name in missing if not name.startswith("pooler.")]
    if lacking:
        raise CheckpointError(
            f"{name_or_path}: the checkpoint lacks {len(lacking)} weights of {type(encoder).__name__} "
            f"({', '.join(lacking[:5])}); its config.json names another kind of encoder"
        )
    return encoder, None if missing else getattr(encoder, "pooler", None)


@torch.no_grad()
def _add_tags(encoder: PreTrainedModel, tokenizer: Any, tokens: list[str]) -> None:
    """Adds the tokens to tokenizer and embeddings, each starting as the mean of its own sub-words."""
    sub_words = {token: tokenizer(token, add_special_tokens=False)["input_ids"] for token in tokens}
    tokenizer.add_tokens(tokens, special_tokens=True)
    embeddings = encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False).weight
    for token, ids in sub_words.items():
        embeddings[tokenizer.convert_tokens_to_ids(token)] = embeddings[ids].mean(dim=0)


BioDirForRelationExtraction.register_for_auto_class("AutoModel")
