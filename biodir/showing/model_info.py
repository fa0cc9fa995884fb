"""What a checkpoint is: form, encoder, tagger, labels, sizes, calibration; without loading its weights."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huggingface_hub import parse_local_safetensors_file_metadata, snapshot_download
from huggingface_hub.errors import SafetensorsParsingError

from biodir.checkpoint_names import is_path
from biodir.errors_biodir import CheckpointError
from biodir.inference.loading import CHECKPOINT_FILES, check_checkpoint, checked_config, naming

if TYPE_CHECKING:
    from biodir.configuration_biodir import BioDirConfig


def model_lines(model: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of each fact of a checkpoint.

    Args:
        model: its folder, or its id on the Hub, from where its files are fetched once.

    Raises:
        CheckpointError: there is no such model, or a file is missing or damaged.
    """
    folder = _folder(model)
    check_checkpoint(str(folder))
    config = checked_config(str(folder))
    yield "model", str(folder.resolve()) if is_path(model) else model
    yield "form", f"{config.pair_encoding}, {config.max_tokens} tokens"
    yield "encoder", _encoder(config)
    yield "tagger", _tagger(config)
    for task, labels in config.labels.items():
        yield f"{task} labels", ", ".join(labels) or "none: this model has no such head"
    yield "pair types", ", ".join("-".join(pair) for pair in config.pair_types)
    yield from _decoding(config)
    calibrated = len(config.calibrated_on or ())
    yield "calibrated on", f"{calibrated} documents" if calibrated else "nothing: thresholds are the defaults"
    parameters = _parameters(folder)
    by_part = ", ".join(f"{part} {count / 1e6:.2f} M" for part, count in parameters.most_common())
    yield "parameters", f"{sum(parameters.values()) / 1e6:.2f} M ({by_part})"
    yield "size", ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in _weights(folder))
    yield "needs", ", ".join(config.requirements)


def _folder(model: str) -> Path:
    if is_path(model):
        return Path(model)
    with naming(model, "the files of the model"):
        return Path(snapshot_download(model, allow_patterns=[*CHECKPOINT_FILES, "model*.safetensors*"]))


def _encoder(config: "BioDirConfig") -> str:
    encoder: Any = config.encoder_config
    name = getattr(encoder, "_name_or_path", "") or ""
    sizes = (
        f"{encoder.num_hidden_layers} layers, {encoder.hidden_size} wide, vocabulary of {encoder.vocab_size:,} tokens"
    )
    return f"{encoder.model_type}{f' ({name})' if name else ''}, {sizes}"


def _tagger(config: "BioDirConfig") -> str:
    if not config.tagger_labels:
        return "none: entities must be marked"
    types = ", ".join(label.removeprefix("B-") for label in config.tagger_labels if label.startswith("B-"))
    return f"finds {types}; {config.tagger_layers} layers of its own"


def _decoding(config: "BioDirConfig") -> Iterator[tuple[str, str]]:
    thresholds: Mapping[str, float] = config.relation_thresholds or {}
    if thresholds:
        yield "thresholds", ", ".join(f"{name} {value:.3g}" for name, value in thresholds.items())
    else:
        yield "threshold", f"{config.relation_threshold:g}, bias of no relation {config.none_bias:g}"
    if config.label_biases:
        yield "biases", ", ".join(f"{name} {value:+.3g}" for name, value in config.label_biases.items())


def _weights(folder: Path) -> list[Path]:
    return sorted(folder.glob("model*.safetensors"))


def _parameters(folder: Path) -> Counter[str]:
    """Return the number of parameters of each part of the model."""
    counts: Counter[str] = Counter()
    for path in _weights(folder):
        try:
            tensors = parse_local_safetensors_file_metadata(path).tensors
        except (OSError, ValueError, SafetensorsParsingError) as error:
            raise CheckpointError(f"{path}: is no file of weights ({error}); get it again") from error
        for name, tensor in tensors.items():
            counts[name.split(".")[0]] += math.prod(tensor.shape)
    return counts
