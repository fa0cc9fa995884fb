"""Averages the weights of checkpoints that were trained from one start, into a checkpoint of the same size.

    python scripts/average_checkpoints.py runs/seed1 runs/seed2 runs/seed3 --output runs/average

Runs that share their start lie in one valley of the loss, so that the mean of their weights is a model, and often a
better one than each (Wortsman et al. 2022, model soups). Configuration and tokenizer are those of the first.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import AutoTokenizer

from biodir.errors_biodir import CheckpointError
from biodir.modeling_biodir import BioDirForRelationExtraction


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    model = averaged_model(options.checkpoints)
    model.save_pretrained(options.output)
    AutoTokenizer.from_pretrained(options.checkpoints[0], config=model.config).save_pretrained(options.output)
    print(f"{options.output} holds the mean of {len(options.checkpoints)} checkpoints")


@torch.no_grad()
def averaged_model(folders: Sequence[str]) -> BioDirForRelationExtraction:
    """A model with the mean weights, in float32.

    Raises:
        CheckpointError: two of the checkpoints have other labels, forms or sizes.
    """
    first, *others = (BioDirForRelationExtraction.from_pretrained(folder, dtype=torch.float32) for folder in folders)
    sums = first.state_dict()
    for folder, other in zip(folders[1:], others, strict=True):
        weights = other.state_dict()
        same_shapes = {name: value.shape for name, value in weights.items()} == {
            name: value.shape for name, value in sums.items()
        }
        same_meaning = all(
            getattr(first.config, name) == getattr(other.config, name)
            for name in ("labels", "pair_types", "pair_encoding", "hard_prompt")
        )
        if not (same_shapes and same_meaning):
            raise CheckpointError(f"{folder} has other labels, form or sizes than {folders[0]}; average like with like")
        for name, value in weights.items():
            sums[name] += value
    for value in sums.values():
        value /= len(folders)
    return first


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("checkpoints", nargs="+", help="folders of biodir checkpoints, trained from one start")
    parser.add_argument("--output", required=True, type=Path, help="folder for the mean")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
