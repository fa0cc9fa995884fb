"""Average the weights of checkpoints that were trained from one start, and give them the tagger of another.

    python scripts/average_checkpoints.py runs/seed1 runs/seed2 runs/seed3 --output runs/average

Runs that share their start lie in one valley of the loss, so that the mean of their weights is a model, and often a
better one than each (Wortsman et al. 2022, model soups). Configuration and tokenizer are those of the first, without
the scaling of its scores, which is that of its weights only; training.json names the checkpoints with the hashes of
their weights. Where the first has closest mentions, another without counts as one whose maps of these are zero. A mean
is written over an earlier one of the same checkpoints, but over no other run or checkpoint. Vectors of corpora, which
only serve training, are left out.
"""

import argparse
import json
import logging
from collections.abc import Sequence, Set
from pathlib import Path

import pandas as pd
import torch

from biodir.errors_biodir import BioDirError, CheckpointError
from biodir.inference.loading import load_pipeline
from biodir.pipeline_biodir import BioDirPipeline
from biodir.training.checkpoints import check_no_file, record_of, save_model, traces_in
from biodir.training.provenance import data_fingerprints, provenance

logger = logging.getLogger(__name__)

# What dev chose after the training.
CHOSEN_ON_DEV = {"none_bias", "score_scaling", "calibrated_on"}
# Where the configurations may differ: that, and how a folder was saved.
MAY_DIFFER = CHOSEN_ON_DEV | {"dtype", "transformers_version", "_name_or_path"}
# What a checkpoint with a tagger has otherwise.
OF_TAGGER = {"tagger_labels", "tagger_layers"}
# Maps that a checkpoint without it counts as zeros in a mean; the heads are none of what the donor of a tagger gives.
CLOSEST = {"closest_mentions"}
TAGGER = "tagger."  # how the names of its weights begin


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the mean as the command line says; on bad input the program ends with a line that names it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("checkpoints", nargs="+", help="folders of biodir checkpoints, trained from one start")
    parser.add_argument("--tagger-from", metavar="CHECKPOINT", help="folder of a checkpoint whose tagger the mean gets")
    parser.add_argument("--output", required=True, type=Path, help="folder for the mean")
    options = parser.parse_args(arguments)
    try:
        used = [*options.checkpoints, *filter(None, [options.tagger_from])]
        for folder in used:
            if not Path(folder).is_dir():
                raise CheckpointError(f"{folder}: there is no such folder; name the folder of a checkpoint")
            if options.output.resolve() == Path(folder).resolve():
                raise CheckpointError(f"{options.output}: the output is one of the checkpoints; name another --output")
        _check_output(options.output, options.checkpoints, options.tagger_from)
        mean = averaged(options.checkpoints)
        if options.tagger_from:
            mean = with_tagger(mean, options.checkpoints[0], options.tagger_from)
    except BioDirError as error:
        raise SystemExit(f"average_checkpoints.py: error: {error}") from error
    files = [Path(folder) / name for folder in used for name in ("model.safetensors", "training.json")]
    hashes = data_fingerprints(path for path in files if path.is_file())
    record = {"parents": options.checkpoints, "data": hashes, "none_bias": mean.model.config.none_bias}
    record |= {"tagger_from": options.tagger_from} if options.tagger_from else {}
    save_model(options.output, mean.model, mean.tokenizer, {**record, "provenance": provenance()})
    first, *others = options.checkpoints
    shown = f"the mean of {1 + len(others)} checkpoints" if others else f"the weights of {first}"
    tagger = f", with the tagger of {options.tagger_from}" if options.tagger_from else ""
    print(f"{options.output} holds {shown}{tagger}")


def _check_output(output: Path, checkpoints: Sequence[str], tagger_from: str | None) -> None:
    """Check that nothing is in the output's place but a mean of the same checkpoints, complete or not.

    Raises:
        CheckpointError: a file, another run or another checkpoint is there.
    """
    check_no_file(output, "--output")
    traces = traces_in(output)
    records = [output / "training.json", output / ".part" / "training.json"]  # the latter of a stopped `save_model`
    wanted = (list(checkpoints), tagger_from)
    if traces and all((found.get("parents"), found.get("tagger_from")) != wanted for found in map(record_of, records)):
        raise CheckpointError(
            f"{output} holds another run or checkpoint already ({', '.join(traces)}); name another --output, or remove "
            "it first"
        )


@torch.no_grad()
def averaged(folders: Sequence[str]) -> BioDirPipeline:
    """Return the first checkpoint with the mean weights of all, in float32, and without the scaling of other scores.

    One alone keeps its scaling. Other biases, and a scaling that is left out, are named in a warning.

    Raises:
        CheckpointError: a folder is no checkpoint, or two differ in configuration or tokenizer.
    """
    mean = _opened(folders[0])
    sums = mean.model.float().state_dict()
    for folder in folders[1:]:
        other = _opened(folder)
        may_differ = CLOSEST if mean.model.config.closest_mentions else frozenset()
        is_richer = other.model.config.closest_mentions and not mean.model.config.closest_mentions
        fix = f"name {folder} first" if is_richer else "average like with like"
        _check_alike(folders[0], mean, folder, other, may_differ, fix)
        kept, bias = mean.model.config.none_bias, other.model.config.none_bias
        if bias != kept:
            logger.warning("%s: its none_bias is %s; the mean keeps %s, that of %s", folder, bias, kept, folders[0])
        for name, value in other.model.float().state_dict().items():
            sums[name] += value
    for value in sums.values():
        value /= len(folders)
    if mean.model.config.score_scaling and len(folders) > 1:
        logger.warning(
            "%s: its score_scaling is of its weights, not of their mean; find one by biodir calibrate", folders[0]
        )
        mean.model.config.score_scaling = {}
    return mean


def _opened(folder: str) -> BioDirPipeline:
    """Return the checkpoint without the vectors of its corpora."""
    opened = load_pipeline(folder, device="cpu")
    opened.model.corpus_vectors = None
    opened.model.config.corpus_labels = []
    return opened


@torch.no_grad()
def with_tagger(mean: BioDirPipeline, first: str, folder: str) -> BioDirPipeline:
    """Return the checkpoint in the folder with all weights of `mean` in place of its own but those of its tagger.

    Args:
        first: the folder that `mean` has its configuration from.

    Raises:
        CheckpointError: the folder is no checkpoint with a tagger of its own layers, or of another kind than `mean`.
    """
    joined = _opened(folder)
    if not joined.model.config.tagger_layers:
        raise CheckpointError(f"{folder}: has no tagger with layers of its own; name a checkpoint that has")
    _check_alike(first, mean, folder, joined, OF_TAGGER | CLOSEST, "name one of the same encoder and labels")
    joined.model.heads = mean.model.heads
    weights = joined.model.float().state_dict()
    for name, value in mean.model.state_dict().items():
        if not name.startswith(TAGGER):
            weights[name].copy_(value)
    for name in CHOSEN_ON_DEV | CLOSEST:
        setattr(joined.model.config, name, getattr(mean.model.config, name))
    return joined


def _check_alike(
    first: str,
    wanted: BioDirPipeline,
    folder: str,
    found: BioDirPipeline,
    may_differ: Set[str],
    fix: str,
) -> None:
    """Check that the configurations, but for `MAY_DIFFER` and what is given, and the tokenizers are the same."""
    may_differ = MAY_DIFFER | may_differ
    one, other = (pd.json_normalize(opened.model.config.to_dict()).to_dict("records")[0] for opened in (wanted, found))
    differing = [
        f"{name} is {other.get(name)!r}, not {one.get(name)!r}"
        for name in sorted({*one, *other})
        if one.get(name) != other.get(name) and may_differ.isdisjoint(name.split("."))
    ]
    tokenizers = [json.loads((Path(each) / "tokenizer.json").read_text(encoding="utf-8")) for each in (first, folder)]
    if tokenizers[0] != tokenizers[1]:
        differing.append("tokenizer.json has other content")
    if differing:
        raise CheckpointError(f"{folder} is of another kind than {first}: {'; '.join(differing)}; {fix}")


if __name__ == "__main__":
    main()
