"""What a checkpoint is: form, encoder, tagger, labels, sizes, calibration; without its weights, torch, transformers."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from huggingface_hub import parse_local_safetensors_file_metadata
from huggingface_hub.errors import SafetensorsParsingError

from biodir.checkpoint_names import (
    CHECKPOINT_FILES,
    check_checkpoint,
    check_folder,
    check_revision,
    fetched_files,
    is_path,
)
from biodir.errors_biodir import CheckpointError
from biodir.labels_biodir import TASKS
from biodir.runtime.loading import graph_folder, has_graphs
from biodir.runtime.manifest import FOLDER, MANIFEST, Manifest

CONFIG = "config.json"
FETCHED = (*CHECKPOINT_FILES, "model*.safetensors*", f"{FOLDER}/{MANIFEST}")
NO_WEIGHTS = "not in a folder of graphs"
# What `BioDirConfig` has where the file of a checkpoint lacks it; and names of DistilBERT for what all others call so.
DEFAULTS: Mapping[str, Any] = {
    **{"relation_threshold": 0.5, "none_bias": 0.0, "relation_thresholds": {}, "label_biases": {}},
    **{"score_scaling": {}, "tagger_labels": (), "tagger_layers": 0, "calibrated_on": None, "requirements": ()},
}
OTHER_NAMES = {"n_layers": "num_hidden_layers", "dim": "hidden_size"}


def model_lines(model: str, revision: str | None = None) -> Iterator[tuple[str, str]]:
    """Yield name and value of each fact of a checkpoint, or of a folder of graphs, which has fewer of them.

    Args:
        model: its folder, or its id on the Hub, from where its files are fetched once.
        revision: branch, tag or commit of a Hub id; None for main.

    Raises:
        CheckpointError: there is no such model, or a file is missing or damaged.
        SettingError: a folder has a revision.
    """
    check_revision(model, revision)
    folder = Path(model) if is_path(model) else fetched_files(model, FETCHED, revision)
    check_folder(str(folder))
    manifest = Manifest.read(graph_folder(folder)) if has_graphs(folder) else None
    only_graphs = manifest is not None and not (folder / CONFIG).is_file()
    config: Any = manifest.settings if manifest is not None and only_graphs else _config(folder)
    yield "model", str(folder.resolve()) if is_path(model) else f"{model}{f' at {revision}' if revision else ''}"
    yield "form", f"{config.pair_encoding}, {config.max_tokens} tokens"
    yield "encoder", NO_WEIGHTS if only_graphs else _encoder(config.encoder_config)
    yield "tagger", _tagger(config)
    for task, labels in config.labels.items():
        yield f"{task} labels", ", ".join(labels) or "none: this model has no such head"
    yield "pair types", ", ".join("-".join(pair) for pair in config.pair_types)
    yield from _decoding(config)
    calibrated = len(config.calibrated_on or ())
    yield "calibrated on", f"{calibrated} documents" if calibrated else "nothing: thresholds are the defaults"
    if not only_graphs:
        yield from _sizes(folder)
        yield "needs", ", ".join(config.requirements)
    if manifest is not None:
        size = sum(each["bytes"] for each in manifest.files.values()) / 1e6
        yield "graphs", f"{', '.join(manifest.backends)}; {size:.1f} MB"


def _config(folder: Path) -> Any:
    """Return the configuration of a checkpoint; where transformers is not installed, what its file has."""
    check_checkpoint(str(folder))
    if find_spec("transformers") and find_spec("torch"):
        from biodir.inference.loading import checked_config

        return checked_config(str(folder))
    path = folder / CONFIG
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["model_type"] != "biodir":
            raise CheckpointError(
                f"{folder}: {CONFIG} is that of a model of type {values['model_type']!r}, not 'biodir'"
            )
        labels = {task: values[f"{task}_labels"] for task in TASKS}
        encoder = {OTHER_NAMES.get(name, name): value for name, value in values["encoder_config"].items()}
        found = {**DEFAULTS, **values, "labels": labels, "encoder_config": SimpleNamespace(**encoder)}
        missing = [name for name in ("pair_encoding", "max_tokens", "pair_types") if name not in found]
        missing += [name for name in ("num_hidden_layers", "hidden_size", "vocab_size") if name not in encoder]
        if missing:
            raise CheckpointError(f"{path}: lacks {', '.join(missing)}; get it again")
        return SimpleNamespace(**found)
    except CheckpointError:
        raise
    except (AttributeError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"{path} is damaged ({error!r}); get it again") from error


def _sizes(folder: Path) -> Iterator[tuple[str, str]]:
    parameters = _parameters(folder)
    by_part = ", ".join(f"{part} {count / 1e6:.2f} M" for part, count in parameters.most_common())
    yield "parameters", f"{sum(parameters.values()) / 1e6:.2f} M ({by_part})"
    yield "size", ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in _weights(folder))


def _encoder(encoder: Any) -> str:
    name = getattr(encoder, "_name_or_path", "") or ""
    sizes = (
        f"{encoder.num_hidden_layers} layers, {encoder.hidden_size} wide, vocabulary of {encoder.vocab_size:,} tokens"
    )
    return f"{encoder.model_type}{f' ({name})' if name else ''}, {sizes}"


def _tagger(config: Any) -> str:
    if not config.tagger_labels:
        return "none: entities must be marked"
    types = ", ".join(label.removeprefix("B-") for label in config.tagger_labels if label.startswith("B-"))
    layers = getattr(config, "tagger_layers", None)
    return f"finds {types}" if layers is None else f"finds {types}; {layers} layers of its own"


def _decoding(config: Any) -> Iterator[tuple[str, str]]:
    thresholds: Mapping[str, float] = config.relation_thresholds or {}
    if thresholds:
        yield "thresholds", ", ".join(f"{name} {value:.3g}" for name, value in thresholds.items())
    else:
        # No score passes 1, which models have that learned by a loss of `HIGHEST_WINS`.
        threshold = (
            f"{config.relation_threshold:g}" if config.relation_threshold < 1 else "none, the highest label wins"
        )
        yield "threshold", f"{threshold}, bias of no relation {config.none_bias:g}"
    if config.label_biases:
        yield "biases", ", ".join(f"{name} {value:+.3g}" for name, value in config.label_biases.items())
    if config.score_scaling:
        scaling = ((task, *values) for task, values in config.score_scaling.items())
        yield "scaling", ", ".join(f"{task} slope {slope:.3g} offset {offset:+.3g}" for task, slope, offset in scaling)


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
