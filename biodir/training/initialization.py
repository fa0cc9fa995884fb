"""Start a model for training: from a pretrained encoder, or from a biodir checkpoint with other labels or settings."""

import os
import pickle
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedModel
from transformers.utils.logging import get_logger

from biodir.configuration_biodir import BioDirConfig
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.inference.loading import model_class
from biodir.modeling_biodir import BioDirForRelationExtraction, encoder_without_pooler
from biodir.modeling_heads_biodir import AddedMap, PairwiseHead
from biodir.modeling_tagger_biodir import copy_upper_layers
from biodir.processing_tags_biodir import special_tokens
from biodir.training.labels import biodir_config

logger = get_logger(__name__)

# BERT's names of encoder settings -> those of encoders without them, such as DistilBERT and ModernBERT.
OTHER_NAMES = {"attention_probs_dropout_prob": "attention_dropout"}


def model_from_encoder(
    name_or_path: str | os.PathLike[str],
    config: BioDirConfig | None = None,
    encoder_settings: Mapping[str, Any] | None = None,
    **settings: Any,
) -> tuple[BioDirForRelationExtraction, Any]:
    """Return a model and its tokenizer, ready for fine-tuning, over a pretrained encoder of the BERT family.

    The tags join the vocabulary with the mean embedding of their own sub-words; the poolers of the pairwise form start
    as the encoder's pooler, where it has one.

    Args:
        name_or_path: folder or Hub id of the encoder; or of a biodir checkpoint, whose heads and soft prompt are kept,
            too, where `config` or `settings` give them the same meaning. The others are re-initialized, with a warning.
        config: labels and sizes; its encoder configuration is replaced.
        encoder_settings: fields of the encoder's own configuration to change, such as a dropout; BERT's
            `attention_probs_dropout_prob` is `attention_dropout` where the encoder has only that.
        settings: fields of `BioDirConfig`, used where `config` is None.

    Raises:
        SettingError: both `config` and `settings` are given, or `encoder_settings` do not fit the encoder.
        CheckpointError: the weights are damaged or no tensors; or names those that the encoder lacks.
    """
    if config is not None and settings:
        raise SettingError(f"give either config or {', '.join(settings)}; set them on the config")
    trained, checkpoint = biodir_config(name_or_path), None
    if trained is None:
        encoder, pooler = _pretrained_encoder(name_or_path, encoder_settings or {})
        tokenizer = AutoTokenizer.from_pretrained(name_or_path)
    else:
        checkpoint = model_class(trained).from_pretrained(name_or_path, config=trained, dtype=torch.float32)
        encoder, pooler = _encoder_of(checkpoint, encoder_settings or {}), None
        # With the configuration at hand transformers has no need to run the code of the folder.
        tokenizer = AutoTokenizer.from_pretrained(name_or_path, config=trained)
    if os.path.isdir(name_or_path):
        encoder.config.name_or_path = ""  # a local folder means nothing to the checkpoint's users
    values = config.to_dict() if config is not None else settings
    config = BioDirConfig(**{**values, "encoder_config": encoder.config})
    _add_tags(encoder, tokenizer, special_tokens(config.pair_types, config.tag_types or {}))
    model = BioDirForRelationExtraction(config)
    weights = {name: value for name, value in encoder.state_dict().items() if not name.startswith("pooler.")}
    model.encoder.load_state_dict(weights, strict=True)
    _initialize(model, pooler)
    if model.tagger is not None:
        copy_upper_layers(model.encoder, model.tagger)
    if checkpoint is not None:
        new = _copy_matching(checkpoint, model, name_or_path)
        if new:
            logger.warning("%s: has no fitting %s; re-initialized", name_or_path, ", ".join(new))
    return model, tokenizer


@torch.no_grad()
def _initialize(model: BioDirForRelationExtraction, pooler: nn.Module | None) -> None:
    """Set the poolers to the encoder's, and the soft prompt to the spread of its word embeddings."""
    dense = getattr(pooler, "dense", None)
    for head in model.heads.values():
        if isinstance(head, PairwiseHead) and isinstance(dense, nn.Linear) and _same_shapes(dense, head.dense):
            head.dense.load_state_dict(dense.state_dict())
    if model.soft_prompt is not None:
        model.soft_prompt.vectors.normal_(std=model.get_input_embeddings().weight.std().item())


def _copy_matching(source: BioDirForRelationExtraction, model: BioDirForRelationExtraction, folder: Any) -> list[str]:
    """Copy the heads and the soft prompt that have the same meaning in both models; return the names of the others."""
    new = []
    same_form = source.config.pair_encoding == model.config.pair_encoding
    for task, head in model.heads.items():
        has_same_labels = source.config.labels[task] == model.config.labels[task]
        if same_form and has_same_labels and _takes(head, source.heads[task]):
            head.load_state_dict(source.heads[task].state_dict(), strict=False)
        else:
            new.append(f"heads.{task}")
    if model.tagger is not None:
        if not _copy_tagger(source, model):
            new.append("tagger")
    elif source.tagger is not None:
        logger.warning("%s: its tagger is left out; name mentions among the tasks to keep it", folder)
    has_same_corpora = source.config.corpus_labels == model.config.corpus_labels
    if model.corpus_vectors is not None and source.corpus_vectors is not None and has_same_corpora:
        model.corpus_vectors.load_state_dict(source.corpus_vectors.state_dict())
    if model.soft_prompt is not None:
        has_same_types = source.config.pair_types == model.config.pair_types
        if has_same_types and source.soft_prompt is not None and _same_shapes(model.soft_prompt, source.soft_prompt):
            model.soft_prompt.load_state_dict(source.soft_prompt.state_dict())
        else:
            new.append("soft_prompt")
    return new


def _copy_tagger(source: BioDirForRelationExtraction, model: BioDirForRelationExtraction) -> bool:
    """Let the model's tagger start as that of the source; return False where it cannot.

    Of own layers it may have more: those that the source's tagger shares with the relations are copied, too.
    """
    ours, theirs = model.tagger, source.tagger
    has_same_labels = source.config.tagger_labels == model.config.tagger_labels
    if theirs is None or ours is None or not has_same_labels or len(ours.layers) < len(theirs.layers):
        return False
    copy_upper_layers(theirs.reading_encoder(source.encoder), ours)
    ours.classifier.load_state_dict(theirs.classifier.state_dict())
    return True


def _takes(head: nn.Module, source: nn.Module) -> bool:
    """Return whether a head has the parameters of another, and beside them at most maps that start as zero."""
    added = {f"{name}.weight": each.weight for name, each in head.named_modules() if isinstance(each, AddedMap)}
    ours, theirs = head.state_dict(), source.state_dict()
    shapes = {name: values.shape for name, values in ours.items() if name in theirs or name not in added}
    return shapes == {name: values.shape for name, values in theirs.items()}


def _same_shapes(first: nn.Module, second: nn.Module) -> bool:
    """Return whether the parameters have the same names and shapes."""
    shapes = [{name: values.shape for name, values in module.state_dict().items()} for module in (first, second)]
    return shapes[0] == shapes[1]


def _encoder_of(model: BioDirForRelationExtraction, settings: Mapping[str, Any]) -> PreTrainedModel:
    """Return the encoder of a model with these settings.

    Raises:
        SettingError: the encoder has no such setting, or its weights do not fit it.
    """
    encoder = model.encoder
    for name, value in _fitting(encoder.config, settings).items():
        setattr(encoder.config, name, value)
    with _made_with(settings):
        changed = encoder_without_pooler(encoder.config)
    if not _same_shapes(encoder, changed):
        raise _changes_sizes(settings)
    encoder.set_attn_implementation("sdpa" if encoder._supports_sdpa else "eager")
    return encoder


def _pretrained_encoder(
    name_or_path: str | os.PathLike[str], settings: Mapping[str, Any]
) -> tuple[PreTrainedModel, nn.Module | None]:
    """Return the encoder and its pooler, None where its class or checkpoint has none."""
    fitting = _fitting(AutoConfig.from_pretrained(name_or_path) if settings else None, settings)
    if settings:
        _check_sizes(name_or_path, fitting, settings)
    kwargs = {"dtype": torch.float32, "output_loading_info": True, **fitting}
    try:
        # Without safetensors, transformers reads pytorch_model.bin as torch.load does with weights_only=True.
        encoder, info = AutoModel.from_pretrained(name_or_path, **kwargs)
    except (pickle.UnpicklingError, EOFError, RuntimeError, LookupError, UnicodeDecodeError, struct.error) as error:
        reason = str(error).split(". ", 1)[0]
        raise CheckpointError(
            f"{name_or_path}: the weights cannot be read as tensors ({' '.join(reason.split())}); get the files again, "
            "or save the encoder with safetensors"
        ) from error
    missing = sorted(info["missing_keys"])
    lacking = [name for name in missing if not name.startswith("pooler.")]
    if lacking:
        raise CheckpointError(
            f"{name_or_path}: the checkpoint lacks {len(lacking)} weights of {type(encoder).__name__} "
            f"({', '.join(lacking[:5])}); its config.json names another kind of encoder"
        )
    return encoder, None if missing else getattr(encoder, "pooler", None)


def _check_sizes(name_or_path: Any, fitting: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Check that an encoder with these settings has all its weights, in their sizes, in the one without them.

    Raises:
        SettingError: it has not, or cannot be made.
    """
    shapes = []
    for given in ({}, fitting):
        with _made_with(settings), torch.device("meta"):
            made = AutoModel.from_config(AutoConfig.from_pretrained(name_or_path, **given))
        shapes.append({name: value.shape for name, value in made.state_dict().items()})
    if not shapes[1].items() <= shapes[0].items():
        raise _changes_sizes(settings)


@contextmanager
def _made_with(settings: Mapping[str, Any]) -> Iterator[None]:
    """Name the settings where an encoder cannot be made with them."""
    try:
        yield
    except (KeyError, TypeError, ArithmeticError) as error:
        if not settings:
            raise
        reason = " ".join(str(error).split())
        raise SettingError(f"no encoder has the settings {dict(settings)!r} ({reason}); change the value") from error


def _changes_sizes(settings: Mapping[str, Any]) -> SettingError:
    return SettingError(f"encoder settings {dict(settings)!r} change the sizes of a trained encoder; leave sizes out")


def _fitting(config: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings by the names of the configuration.

    They have 0 as 0.0 where that has a float: transformers 5.4 reads no other file.

    Raises:
        SettingError: the configuration has no such field.
    """
    fitting = {}
    for given, value in settings.items():
        name = given if hasattr(config, given) else OTHER_NAMES.get(given, given)
        if not hasattr(config, name):
            raise SettingError(
                f"encoder setting {given!r}: {type(config).__name__} has no such field; name one of its config.json"
            )
        fitting[name] = float(value) if type(value) is int and isinstance(getattr(config, name), float) else value
    return fitting


@torch.no_grad()
def _add_tags(encoder: PreTrainedModel, tokenizer: Any, tokens: list[str]) -> None:
    """Add the tokens to tokenizer and embeddings, each starting as the mean of its own sub-words."""
    sub_words = {token: tokenizer(token, add_special_tokens=False)["input_ids"] for token in tokens}
    tokenizer.add_tokens(tokens, special_tokens=True)
    embeddings = encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False).weight
    for token, ids in sub_words.items():
        embeddings[tokenizer.convert_tokens_to_ids(token)] = embeddings[ids].mean(dim=0)
