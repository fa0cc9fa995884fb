"""Time released weights as biodir computes them, and as the released code does: every row in 512 places.

    python scripts/measure_released.py IMPORTED bioredirect_test.pubtator --documents 4 --rounds 3

Both take turns on the same pairs, and must give the same logits. Prints JSON: tokens of the encoder, and seconds of the
CPU in each round.
"""

import argparse
import json
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from biodir.configuration_biodir import RELEASED
from biodir.errors_biodir import SettingError
from biodir.formats.reading import read_documents
from biodir.inference.loading import load_pipeline
from biodir.modeling_pairwise_biodir import encode_rows
from biodir.pipeline_engine_biodir import pair_logits
from biodir.processing_pairwise_biodir import PairwiseFeatures

# Pairs that the released scripts give to the model at once.
PAIRS = 8


@torch.no_grad()
def padded_logits(model: Any, features: Sequence[PairwiseFeatures]) -> Tensor:
    """Return (pairs, labels) of the relation, with all rows of each pair in as many places as a row can have."""
    found = []
    for first in range(0, len(features), PAIRS):
        some = features[first : first + PAIRS]
        rows = [row for pair in some for row in pair.rows]
        ids = torch.zeros(len(rows), model.config.max_tokens, dtype=torch.long)  # (rows, tokens)
        mask = torch.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.tensor(row)
            mask[number, : len(row)] = 1
        chunks = len(some[0].rows)
        types = torch.tensor([pair.pair.pair_type_id for pair in some]).repeat_interleave(chunks)
        places = torch.tensor([pair.task_positions for pair in some]).repeat_interleave(chunks, dim=0)
        states = encode_rows(model.encoder, model.with_prompts, ids, mask, types, places)  # (rows, tasks, hidden)
        states = states.unflatten(0, (len(some), chunks))
        found.append(model.heads["relation"](states[:, :, 0], torch.ones(len(some), chunks, dtype=torch.bool)))
    return torch.cat(found)


def measured(folder: str, file: Path, documents: int, rounds: int, pairs: int | None = None) -> dict[str, Any]:
    """Return tokens and seconds of both ways over the first documents of a file, or the first pairs of these.

    Raises:
        SettingError: the checkpoint has no released weights, or the two ways differ.
    """
    extract = load_pipeline(folder, "cpu")
    model, processor = extract.model, extract._processor
    if model.config.pair_encoding != RELEASED:
        raise SettingError(f"{folder}: pair_encoding is {model.config.pair_encoding!r}; name an imported checkpoint")
    read = islice(read_documents(file), documents)
    features = [pair for each in read for pair in processor.features(processor.tokenize(each))][:pairs]
    seconds: dict[str, list[float]] = {"biodir": [], "padded": []}
    for _ in range(rounds):
        start = time.process_time()
        own = pair_logits(extract.forward, features, processor, model.config.token_budget)
        middle = time.process_time()
        padded = padded_logits(model, features)
        seconds["biodir"].append(round(middle - start, 2))
        seconds["padded"].append(round(time.process_time() - middle, 2))
        difference = (torch.tensor([each["relation"] for each in own]) - padded).abs().max().item()
        if difference > 1e-3:
            raise SettingError(f"the logits differ by {difference}; the two ways must compute the same")
    tokens = {"biodir": sum(len(row) for pair in features for row in set(pair.rows))}
    tokens["padded"] = model.config.max_tokens * sum(len(pair.rows) for pair in features)
    return {"pairs": len(features), "tokens": tokens, "seconds": seconds}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program with command-line arguments."""
    parser = argparse.ArgumentParser(description="Time released weights with and without padding.")
    parser.add_argument("model", metavar="IMPORTED", help="folder that biodir import-released wrote")
    parser.add_argument("file", metavar="FILE", type=Path, help="documents with entities")
    parser.add_argument("--documents", type=int, default=4, help="the first of the file")
    parser.add_argument("--pairs", type=int, help="the first of these documents; by default all")
    parser.add_argument("--rounds", type=int, default=3, help="0 counts tokens only")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print(json.dumps(measured(options.model, options.file, options.documents, options.rounds, options.pairs)))


if __name__ == "__main__":
    main()
