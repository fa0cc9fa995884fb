"""What the programs of this folder share that run a checkpoint: their options, and what it predicts for every pair."""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from biodir.cli import quiet_pipeline
from biodir.document_biodir import Document
from biodir.inference import BACKENDS

# A pair as (identifier, type) of its entities, without order: a concept of two types is in pairs of two types.
Pair = frozenset[tuple[str, str]]
# Pair -> the pipeline's result with the scores of all labels.
PredictionOfPair = Mapping[Pair, Mapping[str, Any]]


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add --device and --backend, as `biodir evaluate` has them."""
    parser.add_argument("--device", help="such as cpu or cuda:0; by default the first accelerator, else the CPU")
    parser.add_argument("--backend", default="torch", choices=BACKENDS, help="what computes the encoder")


def load(model: str, options: argparse.Namespace) -> Any:
    """Return the pipeline of a checkpoint, on the device and back end of the options."""
    return quiet_pipeline(argparse.Namespace(model=model, device=options.device, backend=options.backend))


def pair_of(result: Mapping[str, Any]) -> Pair:
    """Return the pair of a result."""
    return frozenset((result[side]["id"], result[side]["type"]) for side in ("subject", "object"))


def predictions(extract: Any, documents: Iterable[Document]) -> Iterator[PredictionOfPair]:
    """Yield what a pipeline predicts for the pairs of each document, related or not."""
    for results in extract(iter(documents), return_all_scores=True):
        yield {pair_of(result): result for result in results}
