"""The model of BioREDirect: encoder, soft prompt, one head for each task, loss. Paper, section 2."""

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from shutil import copymode
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedModel
from transformers import initialization as init
from transformers.dynamic_module_utils import get_relative_imports
from transformers.models.auto.modeling_auto import MODEL_MAPPING
from transformers.utils import ModelOutput, cached_file

from .configuration_biodir import BioDirConfig
from .errors_biodir import CheckpointError, SettingError
from .modeling_attention_biodir import PACKED_CLASSES, use_packed_attention
from .modeling_document_biodir import DocumentInputs, document_states
from .modeling_heads_biodir import PAIRS_OF_HEADS, AddedMap, CorpusVectors, DocumentHead, PairwiseHead, SoftPrompt
from .modeling_losses_biodir import HeadLoss, evidence_loss, joint_loss
from .modeling_pairwise_biodir import PairwiseInputs, pairwise_states
from .modeling_tagger_biodir import Tagger, TaggerInputs, tagger_loss

if TYPE_CHECKING:  # from a folder, transformers before 5.8 copies only files that this one names
    from .labels_biodir import TASKS  # noqa: F401


@dataclass
class BioDirOutput(ModelOutput):
    """Output of BioDirForRelationExtraction: the loss and one logits tensor per task.

    Args:
        loss: scalar; None without targets.
        relation_logits: (batch, relation_types); this and the others are None where the model has no such task.
        novelty_logits: (batch, novelty_classes)
        direction_logits: (batch, directions)
        mention_logits: (words, tagger_labels), where the inputs are those of the tagger; then the others are None.

    >>> output = BioDirOutput(relation_logits=torch.zeros(2, 9))
    >>> output["relation_logits"].shape, list(output)  # fields that are None count as absent
    (torch.Size([2, 9]), ['relation_logits'])
    """

    loss: Tensor | None = None
    relation_logits: Tensor | None = None
    novelty_logits: Tensor | None = None
    direction_logits: Tensor | None = None
    mention_logits: Tensor | None = None


class BioDirPreTrainedModel(PreTrainedModel):
    """Base class: loading, saving and first values of the parameters.

    >>> model.save_pretrained("saved")  # with its code: a complete Hub repository
    >>> Path("saved", "pipeline_biodir.py").is_file()
    True
    >>> BioDirForRelationExtraction.from_pretrained("saved").config.tasks
    ('relation', 'novelty', 'direction')
    """

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
        if isinstance(module, AddedMap):
            init.zeros_(module.weight)
        elif isinstance(module, nn.Linear):
            init.normal_(module.weight, mean=0.0, std=self.config.initializer_range)
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, SoftPrompt):
            init.normal_(module.vectors, mean=0.0, std=self.config.initializer_range)
        elif isinstance(module, CorpusVectors):
            init.zeros_(module.weight)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, *args: Any, **kwargs: Any) -> Any:
        """Load a checkpoint as in transformers, but only from safetensors, and refuse weights that do not fit.

        Raises:
            CheckpointError: names the weights that do not fit the configuration, or the missing config.json.
        """
        if kwargs.get("config") is None and os.path.isdir(pretrained_model_name_or_path):
            # Without the file, transformers takes the default configuration and gives no warning.
            folder = Path(pretrained_model_name_or_path, kwargs.get("subfolder", ""))
            if not (folder / "config.json").is_file():
                raise CheckpointError(f"{folder} has no config.json; name the folder of a saved model")
        wants_info = kwargs.pop("output_loading_info", False)
        accepts_mismatches = kwargs.pop("ignore_mismatched_sizes", False)
        kwargs.setdefault("use_safetensors", True)
        model, info = super().from_pretrained(
            pretrained_model_name_or_path, *args, output_loading_info=True, ignore_mismatched_sizes=True, **kwargs
        )
        for problem, found in info.items():
            if found and not (problem == "mismatched_keys" and accepts_mismatches):
                raise CheckpointError(
                    f"{pretrained_model_name_or_path}: {len(found)} {problem.replace('_', ' ')} in model.safetensors "
                    f"({', '.join(sorted(map(str, found))[:5])}); "
                    "config.json and model.safetensors do not belong together"
                )
        return (model, info) if wants_info else model

    def save_pretrained(self, save_directory: str | os.PathLike[str], **kwargs: Any) -> None:
        """Save as in transformers, with the code of the pipeline, so that the folder is a complete Hub repository.

        Raises:
            SettingError: with `push_to_hub`, the folder is that of this code, whose README the upload would replace.
        """
        here = Path(__file__).resolve().parent
        if Path(save_directory).is_dir() and here.samefile(save_directory):
            if kwargs.get("push_to_hub"):
                raise SettingError(
                    f"{save_directory} is the folder of biodir's code, which push_to_hub=True cannot upload; save into "
                    "another folder, or call push_to_hub of the model"
                )
            # transformers fails where it copies the code onto itself: save beside it, and take over all but the code.
            with TemporaryDirectory(dir=here) as folder:
                super().save_pretrained(folder, **kwargs)
                _share_weights(folder)
                for path in Path(folder).iterdir():
                    if path.suffix != ".py":
                        path.replace(here / path.name)
            return
        super().save_pretrained(os.fspath(save_directory), **kwargs)  # 5.4 takes no Path with push_to_hub
        if kwargs.get("is_main_process", True):
            _share_weights(save_directory)
            self._add_code(Path(save_directory))

    def _add_code(self, folder: Path) -> None:
        """Write the code of the pipeline into a folder."""
        for name, source in _pipeline_code(Path(__file__).resolve().parent, self.config.name_or_path).items():
            target = folder / name
            if not (target.exists() and target.samefile(source)):
                target.write_bytes(source.read_bytes())

    def _upload_modified_files(self, working_dir: str | os.PathLike[str], *args: Any, **kwargs: Any) -> Any:
        """Upload a folder with the code of the pipeline; with `push_to_hub` transformers does it while it saves."""
        self._add_code(Path(working_dir))
        return super()._upload_modified_files(working_dir, *args, **kwargs)


class BioDirForRelationExtraction(BioDirPreTrainedModel):
    """Relation type, novelty and direction of entity pairs. Paper, section 2: the joint model.

    >>> from transformers import BertConfig
    >>> bert = BertConfig(vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    >>> model = BioDirForRelationExtraction(BioDirConfig(encoder_config=bert)).eval()
    >>> row = torch.arange(20).view(1, 1, 20)  # one pair, one chunk, the last 8 tokens are the soft prompt
    >>> positions = torch.tensor([[1, 3, 2]])  # of [REL], [NOV] and [DIR]
    >>> inputs = {"input_ids": row, "attention_mask": torch.ones_like(row), "pair_type_ids": torch.tensor([0])}
    >>> model(**inputs, task_positions=positions).relation_logits.shape
    torch.Size([1, 9])
    """

    # Forms that the class computes; those of released weights are computed by `modeling_released_biodir`.
    pair_encodings: tuple[str, ...] = ("pairwise", "document")

    def __init__(self, config: BioDirConfig) -> None:
        if config.pair_encoding not in self.pair_encodings:
            raise SettingError(
                f"{type(self).__name__} computes pair_encoding {' or '.join(self.pair_encodings)}, not "
                f"{config.pair_encoding!r}; load the checkpoint with AutoModel and trust_remote_code=True, or with "
                "biodir.inference.loading.load_pipeline"
            )
        super().__init__(config)
        self.encoder = encoder_without_pooler(config.encoder_config)
        embedding_size = self.encoder.get_input_embeddings().embedding_dim
        self.soft_prompt = (
            SoftPrompt(len(config.pair_types), config.soft_prompt_tokens, embedding_size)
            if config.soft_prompt_tokens and config.tasks
            else None
        )
        self.corpus_vectors = (
            CorpusVectors(1 + len(config.corpus_labels), self.encoder.config.hidden_size, padding_idx=0)
            if config.corpus_labels and config.tasks
            else None
        )
        self.heads = nn.ModuleDict({task: _head(config, len(config.labels[task])) for task in config.tasks})
        self.tagger = Tagger(config, self.encoder) if config.tagger_labels else None
        self.tagger_encoder: Any = None  # a back end that computes what `tagging_encoder` returns otherwise
        self.mention_tasks: Any = None  # a helper task of training: (mention states, inputs) -> loss
        if config.pair_encoding == "document":
            use_packed_attention(self.encoder)
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        return self.encoder.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.encoder.set_input_embeddings(value)

    def set_attn_implementation(self, attn_implementation: Any, *args: Any, **kwargs: Any) -> None:
        """Set the attention as in transformers; the document form keeps the packed attention that it needs.

        Encoders without sdpa (MPNet, DeBERTa) take eager attention in its place.
        """
        if attn_implementation == "sdpa" and not self.encoder._supports_sdpa:
            attn_implementation = "eager"
        super().set_attn_implementation(attn_implementation, *args, **kwargs)
        if self.config.pair_encoding == "document":
            use_packed_attention(self.encoder)

    def resize_token_embeddings(self, *args: Any, **kwargs: Any) -> nn.Embedding:
        """Resize as in transformers; the size is written into the encoder's configuration, where loading reads it."""
        embeddings = self.encoder.resize_token_embeddings(*args, **kwargs)
        self.config.encoder_config.vocab_size = embeddings.num_embeddings
        return embeddings

    def forward(
        self,
        relation_targets: Any = None,
        novelty_targets: Any = None,
        direction_targets: Any = None,
        mention_targets: Any = None,
        corpus_ids: Any = None,
        **inputs: Any,
    ) -> BioDirOutput:
        """Return logits, and the loss where targets are given: those of every head.

        Args:
            relation_targets: (batch, relation_types), ones at the labels that hold. Tensors or numpy arrays, like all
                inputs; they are moved to the model's device.
            novelty_targets: (batch, novelty_classes)
            direction_targets: (batch, directions)
            mention_targets: (words, tagger_labels), ones at the labels that a word may have.
            corpus_ids: (batch,) rows of `corpus_vectors`, in training: 0, or 1 and more for `config.corpus_labels`.
            inputs: the fields of `PairwiseInputs` or of `DocumentInputs`, by `config.pair_encoding`: what the
                processor's `collate` returns. Or those of `TaggerInputs`, which the tagger reads.

        Raises:
            SettingError: an input of the form is missing, or one is of the other form.
        """
        if inputs.get("word_windows") is not None:
            return self._tag(self._form_inputs(TaggerInputs, inputs), mention_targets)
        offsets = evidence = helping = None
        if corpus_ids is not None and self.corpus_vectors is not None:
            offsets = self.corpus_vectors(torch.as_tensor(corpus_ids, device=self.device))  # (batch, hidden)
        if self.config.pair_encoding == "document":
            prompts = self.soft_prompt.vectors if self.soft_prompt is not None else None
            read = self._form_inputs(DocumentInputs, inputs)
            with_evidence = self.config.evidence_weight > 0 and self.training
            with_mentions = self.mention_tasks is not None and self.training
            needs = with_evidence, with_mentions, self.config.closest_mentions
            pairs = document_states(self.encoder, prompts, read, self.config.token_budget, *needs)
            helping = self.mention_tasks(pairs.mentions, read) if with_mentions else None
            if offsets is not None:
                pairs = replace(pairs, contexts=pairs.contexts + offsets)
            blocks, evidence = pairs.split(PAIRS_OF_HEADS), pairs.evidence
            logits = {task: torch.cat([self.heads[task](some) for some in blocks]) for task in self.config.tasks}
        else:
            states, present = self.pair_states(self._form_inputs(PairwiseInputs, inputs))
            if offsets is not None:
                states = states + offsets[:, None, None]
            logits = {
                task: self.heads[task](states[:, :, index], present) for index, task in enumerate(self.config.tasks)
            }
        given = {"relation": relation_targets, "novelty": novelty_targets, "direction": direction_targets}
        targets = {
            task: torch.as_tensor(values, device=self.device) for task, values in given.items() if values is not None
        }
        loss = None
        if targets:
            loss = joint_loss(logits, targets, self.config.task_weights, HeadLoss.of_relations(self.config))
        if loss is not None and evidence is not None:
            loss = loss + self.config.evidence_weight * evidence_loss(evidence, targets[self.config.tasks[0]])
        if loss is not None and helping is not None:
            loss = loss + helping
        return BioDirOutput(loss, logits.get("relation"), logits.get("novelty"), logits.get("direction"))

    def pair_states(self, inputs: PairwiseInputs) -> tuple[Tensor, Tensor]:
        """Return states of the task tokens, (batch, chunks, tasks, hidden), and which chunks are present."""
        return pairwise_states(self.encoder, self.soft_prompt, inputs, self.config.token_budget)

    def tagging_encoder(self) -> Any:
        """Return the encoder as the tagger reads with it."""
        if self.tagger is None or self.tagger_encoder is not None:
            return self.tagger_encoder
        return self.tagger.reading_encoder(self.encoder)

    def _tag(self, inputs: TaggerInputs, targets: Any) -> BioDirOutput:
        if self.tagger is None:
            raise SettingError("the model has no tagger (tagger_labels is empty); give it documents with mentions")
        logits = self.tagger(self.tagging_encoder(), inputs, self.config.token_budget)
        loss = None if targets is None else tagger_loss(logits, torch.as_tensor(targets, device=self.device))
        return BioDirOutput(loss, mention_logits=logits)

    def _form_inputs(self, input_class: Any, values: Mapping[str, Any]) -> Any:
        """Return the inputs as tensors on the model's device."""
        names = [field.name for field in fields(input_class)]
        missing = [name for name in names if values.get(name) is None]
        unknown = [name for name, value in values.items() if name not in names and value is not None]
        if missing or unknown:
            found = f"{', '.join(missing)} missing" if missing else f"{', '.join(unknown)} unknown"
            raise SettingError(
                f"inputs of the {self.config.pair_encoding} form: {found}; make them with "
                "make_processor(tokenizer, config).collate(features)"
            )
        return input_class(**{name: torch.as_tensor(values[name], device=self.device) for name in names})


def _share_weights(folder: str | os.PathLike[str]) -> None:
    """Let those read the weights who may read the configuration: safetensors writes them for their owner only."""
    for path in Path(folder).glob("*.safetensors"):
        copymode(Path(folder, "config.json"), path)


def encoder_without_pooler(encoder_config: Any) -> PreTrainedModel:
    """Return the bare encoder; its own pooler, where the class can do without it, would be dead weight here.

    Its type of numbers is that of the heads, which may be another than the one that its configuration was saved with.
    """
    dtype = torch.get_default_dtype()
    encoder_class: Any = MODEL_MAPPING[type(encoder_config)]
    build: Callable[..., PreTrainedModel] = AutoModel.from_config
    if encoder_config.model_type in PACKED_CLASSES:
        build = PACKED_CLASSES[encoder_config.model_type]._from_config
    if "add_pooling_layer" in inspect.signature(encoder_class.__init__).parameters:
        return build(encoder_config, dtype=dtype, add_pooling_layer=False)
    return build(encoder_config, dtype=dtype)


def _head(config: BioDirConfig, labels: int) -> nn.Module:
    encoder_config: Any = config.encoder_config
    hidden_size, dropout = encoder_config.hidden_size, config.classifier_dropout
    if config.pair_encoding == "document":
        return DocumentHead(hidden_size, labels, config.soft_prompt_tokens > 0, dropout, config.closest_mentions)
    return PairwiseHead(hidden_size, labels, config.chunk_pooling, dropout)


def _pipeline_code(folder: Path, name_or_path: str) -> dict[str, Path]:
    """Return the files of the pipeline by name: from this folder or, where the loader left them out, the repository."""
    found: dict[str, Path] = {}
    waiting = ["pipeline_biodir.py"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = folder / name if (folder / name).exists() else Path(cached_file(name_or_path, name))
            waiting += [f"{module}.py" for module in get_relative_imports(found[name])]
    return found


BioDirForRelationExtraction.register_for_auto_class("AutoModel")
