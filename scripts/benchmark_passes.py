"""One pass of one form over documents, in this process: what the benchmark measures."""

import os
import re
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from biodir.allocator import keep_freed_memory
from biodir.configuration_biodir import CHUNK_NAMES
from biodir.document_biodir import Document
from biodir.errors_biodir import SettingError
from biodir.evaluation.predictions import predicted_documents
from biodir.evaluation.scores import relation_scores
from biodir.formats.pubtator_reader import read_pubtator
from biodir.inference.opening import open_pipeline
from biodir.modeling_pairwise_biodir import encode_rows
from biodir.pipeline_engine_biodir import read_ahead
from biodir.processing_pairwise_biodir import PairwiseFeatures, PairwiseProcessor
from biodir.processing_tokens_biodir import ProcessingSettings

NAIVE = "naive"
# Rows that the naive form sends through the encoder at once: the paper's batch size.
NAIVE_ROWS = 16
F1_LEVELS = ("relation_type", "relation_type_direction")


@dataclass(frozen=True)
class Form:
    """A checkpoint on a back end, or its naive form; `name` is its row of the table."""

    name: str
    model: str
    backend: str
    prepares_ahead: bool = False


@dataclass(frozen=True)
class Pass:
    """Counts, wall-clock seconds, and the peak memory of the process in mebibytes.

    `rest_seconds` are those of everything but the model: preparation, decoding and results; NaN of the naive form.
    """

    documents: float
    pairs: int
    tokens: int
    rest_seconds: float
    seconds: float
    peak_mebibytes: float


def opened(form: Form, options: Namespace) -> Any:
    """Return the pipeline of the form, with the threads and on the device of the options."""
    torch.set_num_threads(options.threads)
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # which ONNX Runtime is given
    return open_pipeline(form.model, options.device, "torch" if form.backend == NAIVE else form.backend)


def export_graphs(model: str, backends: Sequence[str], folder: Path) -> None:
    """Write the graphs of a model into a folder, which is made."""
    from biodir.inference.onnx_export import export_model

    extract: Any = open_pipeline(model, "cpu", "torch")
    export_model(extract.model, extract.tokenizer, folder, backends, Path(model))


def run_form(form: Form, parts: Sequence[Sequence[Document]], options: Namespace, warms: bool = True) -> list[Pass]:
    """Run a pass over each part in this process, after one over two documents that `warms` allocator and kernels."""
    if warms:
        keep_freed_memory()
    extract = opened(form, options)
    run = _naive_pass if form.backend == NAIVE else _pipeline_pass
    passes = []
    for part in parts:
        documents = list(map(extract.check_document, part))
        with torch.inference_mode():
            if warms:
                run(extract, documents[:2], form, options)
            reset_peak()
            started = time.perf_counter()
            counts = run(extract, documents, form, options)
            passes.append(Pass(*counts, time.perf_counter() - started, peak_mebibytes()))
    return passes


def f1_scores(form: Form, options: Namespace) -> dict[str, float]:
    """Return level -> F1 of the form on the file of the options."""
    extract = opened(form, options)
    gold = list(map(extract.check_document, read_pubtator(options.f1)))
    scores = relation_scores(gold, predicted_documents(extract, gold), extract.config.labels)
    return {level: scores[level].f1 for level in F1_LEVELS}


def _pipeline_pass(
    extract: Any, documents: Sequence[Document], form: Form, options: Namespace
) -> tuple[float, int, int, float]:
    """Return documents, pairs and tokens that went through the pipeline, and the seconds without the model."""
    pairs = tokens = 0
    model_seconds = 0.0
    prepare, forward = extract.preprocess, extract.forward

    def counting(documents: Any, **parameters: Any) -> Iterator[Any]:
        nonlocal pairs, tokens
        batches = prepare(documents, **parameters)
        for batch in read_ahead(batches) if form.prepares_ahead else batches:
            parts, _ = batch
            for features in (found for _, found in parts if found is not None):
                pairs += len(features.pairs)
                tokens += features.tokens
            yield batch

    def timed(inputs: Any, **parameters: Any) -> Any:
        nonlocal model_seconds
        started = time.perf_counter()
        logits = forward(inputs, **parameters)
        model_seconds += time.perf_counter() - started
        return logits

    extract.preprocess, extract.forward = counting, timed
    started = time.perf_counter()
    for _ in extract(iter(documents)):
        pass
    rest_seconds = time.perf_counter() - started - model_seconds
    extract.preprocess, extract.forward = prepare, forward
    return len(documents), pairs, tokens, rest_seconds


def _naive_pass(
    extract: Any, documents: Sequence[Document], form: Form, options: Namespace
) -> tuple[float, int, int, float]:
    """Return the counts of a naive pass; a document whose pairs are not all scored counts in part."""
    config = extract.model.config
    if config.chunk_pooling != "max":
        raise SettingError(f"chunk_pooling is {config.chunk_pooling!r}; the naive form repeats chunks under max")
    settings = replace(ProcessingSettings.from_config(config), chunks=CHUNK_NAMES)
    processor = PairwiseProcessor(extract.tokenizer, settings)
    done, pairs, tokens = 0.0, 0, 0
    for document in documents:
        features = list(processor.features(processor.tokenize(document)))
        scored = features[: options.naive_pairs - pairs]
        if scored:
            tokens += naive_scores(extract.model, processor, scored)[1]
        pairs += len(scored)
        done += len(scored) / len(features) if features else 1
        if pairs == options.naive_pairs:
            break
    return done, pairs, tokens, float("nan")


def naive_scores(model: Any, processor: PairwiseProcessor, features: Sequence[PairwiseFeatures]) -> tuple[Tensor, int]:
    """Return scores (batch, labels of all tasks) from three padded rows for each pair, and the tokens of these rows.

    Independent of the model's forward but for its parts.
    """
    batch = processor.collate([_with_all_chunks(pair) for pair in features])
    width = processor.settings.max_tokens - batch["input_ids"].shape[-1]
    for name, fill in (("input_ids", processor.pad_id), ("attention_mask", 0)):
        batch[name] = np.pad(batch[name], ((0, 0), (0, 0), (0, width)), constant_values=fill)  # (batch, chunks, tokens)
    pairs, chunks, tokens = batch["input_ids"].shape
    rows = [torch.from_numpy(batch[name]).flatten(0, 1) for name in ("input_ids", "attention_mask")]
    rows += [torch.from_numpy(batch[name]).repeat_interleave(chunks, 0) for name in ("pair_type_ids", "task_positions")]
    states = [
        encode_rows(model.encoder, model.soft_prompt, *(part[start : start + NAIVE_ROWS] for part in rows))
        for start in range(0, pairs * chunks, NAIVE_ROWS)
    ]
    task_states = torch.cat(states).unflatten(0, (pairs, chunks))  # (batch, chunks, tasks, hidden)
    present = torch.ones(pairs, chunks, dtype=torch.bool)
    logits = [model.heads[task](task_states[:, :, index], present) for index, task in enumerate(model.config.tasks)]
    return torch.cat(logits, dim=1).sigmoid(), pairs * chunks * tokens


def _with_all_chunks(features: PairwiseFeatures) -> PairwiseFeatures:
    """Return the pair with a row for each of the three chunks; the processor leaves out those that are equal."""
    missing = len(CHUNK_NAMES) - len(features.rows)
    if missing < 0:
        raise SettingError(f"a pair has {len(features.rows)} chunks; measure documents whose mentions share a window")
    return replace(features, rows=(*features.rows, *[features.rows[-1]] * missing))


def reset_peak() -> None:
    """Reset the peak memory of this process, on Linux."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mebibytes() -> float:
    """Return the peak memory of this process since it was reset, as Linux counts it; NaN elsewhere."""
    with suppress(OSError):
        return int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1024
    return float("nan")
