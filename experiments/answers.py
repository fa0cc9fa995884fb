"""What a checkpoint says of the pairs of documents: of those that it relates, or of all, with the scores of all labels.

The options that say what computes these answers are born here, too.
"""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from biodir.cli import BACKENDS, quiet_pipeline
from biodir.document_biodir import Document

# The two entities of a pair as (identifier, type), without order.
PairKey = frozenset[tuple[str, str]]


def pair_key(result: Mapping[str, Any]) -> PairKey:
    """What names the pair of a result of the pipeline."""
    return frozenset((result[side]["id"], result[side]["type"]) for side in ("subject", "object"))


def loaded(model: str, options: argparse.Namespace) -> Any:
    """The pipeline of a checkpoint, on the device and back end of the options."""
    return quiet_pipeline(argparse.Namespace(model=model, device=options.device, backend=options.backend))


def all_answers(extract: Any, documents: Sequence[Document]) -> Iterator[dict[PairKey, Mapping[str, Any]]]:
    """For each document, pair -> the pipeline's result with ``scores``."""
    for results in extract(iter(documents), return_all_scores=True):
        yield {pair_key(result): result for result in results}


def related_answers(extract: Any, documents: Iterable[Document]) -> Iterator[list[dict[str, Any]]]:
    """For each document, the results of the pairs that the model relates."""
    yield from extract(iter(documents))


def add_computing_options(parser: argparse.ArgumentParser) -> None:
    """Adds --device and --backend, as `biodir evaluate` has them."""
    parser.add_argument("--device", help="such as cpu or cuda:0; by default the first accelerator, else the CPU")
    parser.add_argument("--backend", default="torch", choices=BACKENDS, help="what computes the encoder")
