"""Reads the archive that the released code saves, and checks it: nothing of it is trusted."""

import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import BertConfig, BertModel

from biodir.errors_biodir import CheckpointError
from biodir.labels_biodir import PAIR_TYPES, TASKS, UNRELATED

ARCHIVE = "out_bioredirect_model.pth"
# Our task -> how the names of its weights begin.
PREFIX_OF = {"relation": "rel", "novelty": "nov", "direction": "dir"}
EXPECTED = (
    "expected what the released code saves: a dictionary with state_dict, relation_label_to_id, novelty_label_to_id, "
    "direction_label_to_id, soft_prompt_len, num_soft_prompt and hidden_size"
)
# What reading a damaged or unsafe archive raises.
_DAMAGED = (OSError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, EOFError, struct.error)
_UNSAFE = (pickle.UnpicklingError, zipfile.BadZipFile)
_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")


@dataclass(frozen=True)
class ReleasedArchive:
    """What an archive holds, checked.

    Args:
        weights: name in the released code -> tensor.
        labels: task -> its labels in the order of their numbers.
        prompt_tokens: vectors of a soft prompt.
        uses_single_chunk: whether the model was trained with `use_single_chunk`.

    >>> ReleasedArchive({}, {"relation": ["None", "CID"]}, prompt_tokens=8, uses_single_chunk=False).labels["relation"]
    ['None', 'CID']
    """

    weights: Mapping[str, Tensor]
    labels: Mapping[str, list[str]]
    prompt_tokens: int
    uses_single_chunk: bool


def read_archive(path: Path, encoder: BertConfig) -> ReleasedArchive:
    """Return what is in an archive of the released code, whose weights fit the encoder.

    Only tensors and plain values are unpickled: `torch.load` with `weights_only=True`.

    Raises:
        CheckpointError: it is damaged, holds other things, or its labels, sizes or shapes do not fit together.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # torch's on the protocol of what it then refuses
            values = torch.load(path, map_location="cpu", weights_only=True)
    except (*_DAMAGED, *_UNSAFE) as error:
        raise CheckpointError(
            f"{path}: cannot be read as tensors and plain values ({_reason(error)}); {EXPECTED}; get the file again"
        ) from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path}: holds a {type(values).__name__}; {EXPECTED}")
    labels = {task: _labels(path, values, f"{task}_label_to_id") for task in TASKS}
    sizes = {name: _size(path, values, name) for name in ("soft_prompt_len", "num_soft_prompt", "hidden_size")}
    if sizes["hidden_size"] != encoder.hidden_size:
        raise CheckpointError(
            f"{path}: hidden_size is {sizes['hidden_size']}, but config.json has {encoder.hidden_size}; take both from "
            "one folder"
        )
    if sizes["num_soft_prompt"] <= len(PAIR_TYPES):
        raise CheckpointError(
            f"{path}: num_soft_prompt is {sizes['num_soft_prompt']}; expected 20 as in the released code, and at least "
            f"{len(PAIR_TYPES) + 1}: one for each pair of entity types, and one for others"
        )
    weights = _weights(path, values, _expected_shapes(encoder, labels, sizes))
    single = values.get("use_single_chunk", False)
    if not isinstance(single, bool):
        raise CheckpointError(f"{path}: use_single_chunk is {single!r}; expected True or False")
    return ReleasedArchive(weights, labels, sizes["soft_prompt_len"], single)


def _reason(error: Exception) -> str:
    """Return what is wrong with an archive, without torch's advice on how to run the code in it."""
    text = " ".join(str(error).split())
    code = _GLOBAL.search(text)
    if code is not None:
        return f"it holds the code {code[1]}, which was not run"
    if isinstance(error, pickle.UnpicklingError):
        return "it is no archive of torch"
    return text[:160] or type(error).__name__


def _labels(path: Path, values: Mapping[str, Any], name: str) -> list[str]:
    """Return the labels of a task by their numbers."""
    numbers = values.get(name)
    given = numbers if isinstance(numbers, dict) else {}
    names = sorted((label for label in given if isinstance(label, str)), key=lambda label: str(given[label]).zfill(9))
    if not given or len(names) < len(given) or [given[label] for label in names] != list(range(len(given))):
        raise CheckpointError(
            f"{path}: {name} is {str(numbers)[:80]}; expected a dictionary of labels and their numbers from 0, such as "
            f"{{'{UNRELATED}': 0, ...}}"
        )
    if names[0] != UNRELATED:
        raise CheckpointError(f"{path}: label 0 of {name} is {names[0]!r}; expected {UNRELATED!r}, an unrelated pair's")
    return names


def _size(path: Path, values: Mapping[str, Any], name: str) -> int:
    value = values.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise CheckpointError(f"{path}: {name} is {str(value)[:80]}; expected a whole number from 1; {EXPECTED}")
    return value


def _expected_shapes(
    encoder: BertConfig, labels: Mapping[str, list[str]], sizes: Mapping[str, int]
) -> dict[str, tuple[int, ...]]:
    """Return name -> shape of all weights that an archive must have."""
    hidden = encoder.hidden_size
    with torch.device("meta"):
        bert = BertModel(encoder)
    shapes = {f"bert_model.{name}": tuple(value.shape) for name, value in bert.state_dict().items()}
    shapes["soft_prompt.weight"] = sizes["num_soft_prompt"], sizes["soft_prompt_len"] * hidden
    for task, prefix in PREFIX_OF.items():
        for part, rows in (("token_poolor.dense", hidden), ("token_classifier", len(labels[task]))):
            shapes[f"{prefix}_{part}.weight"] = rows, hidden
            shapes[f"{prefix}_{part}.bias"] = (rows,)
    return shapes


def _weights(path: Path, values: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Return the weights with these names, in float32.

    Those of thresholds, which the released code learns and never uses, are left out.
    """
    found = values.get("state_dict")
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise CheckpointError(f"{path}: state_dict is no dictionary of tensors; {EXPECTED}")
    ignored = {f"{prefix}_thresholds" for prefix in PREFIX_OF.values()} | {"bert_model.embeddings.position_ids"}
    missing, unknown = sorted(shapes.keys() - found.keys()), sorted(map(str, found.keys() - shapes.keys() - ignored))
    if missing or unknown:
        what = f"lacks {len(missing)} weights" if missing else f"has {len(unknown)} unknown weights"
        raise CheckpointError(
            f"{path}: state_dict {what} ({', '.join((missing or unknown)[:5])}); expected those of the released code "
            "over the encoder of config.json"
        )
    for name, shape in shapes.items():
        value = found[name]
        if tuple(value.shape) != shape or not value.is_floating_point():
            found_shape = f"{tuple(value.shape)} in {value.dtype}"
            of = ", a row for each label," if "token_classifier" in name else ""
            raise CheckpointError(f"{path}: {name} has the shape {found_shape}; expected {shape}{of} in floating point")
        if not bool(torch.isfinite(value).all()):
            raise CheckpointError(f"{path}: {name} has a number that is infinite or NaN; get the file again")
    return {name: found[name].float() for name in shapes}
