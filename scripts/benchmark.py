"""Measures the shared, trimmed form of the model against the naive one: same weights, same documents, one run.

    python scripts/benchmark.py DOCUMENTS.pubtator --model . --documents 10

The naive form encodes prefix, suffix and infix of every pair, all padded to the longest row that the model allows,
one document at a time. Ours encodes equal chunks once, absent ones never, and groups trimmed rows of like length
under a token budget. Each pass runs in a fresh process, naive and ours in turn, so that peak memory is that of one
form; the table gives medians.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import torch

from biodir.batching_biodir import collate_pairs
from biodir.configuration_biodir import CHUNK_NAMES
from biodir.document_biodir import Document
from biodir.encoding_biodir import EncodingSettings, PairEncoder, PairFeatures
from biodir.errors_biodir import SettingError
from biodir.inference.loading import load_pipeline
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.pipeline_biodir import PASSES_PER_BATCH
from biodir.pubtator_biodir import read_pubtator

# glibc maps and unmaps every large tensor by default, which costs several times the computation on some machines;
# both forms run with these settings, as `make run` does.
MALLOC = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "268435456",
}
# Rows that the naive form sends through the encoder at once: the paper's batch size.
NAIVE_ROWS = 16
FORMS = ("naive", "ours")
PAIR_INPUTS = ("pair_type_ids", "task_positions")


@dataclass
class Pass:
    """One form over all documents. Seconds are wall clock; memory is the growth of the process's peak."""

    form: str
    pairs: int
    encoder_tokens: int
    seconds: float
    encoder_seconds: float
    peak_mebibytes: float
    scores: list[list[float]]


class Stopwatch:
    """Adds up the time between its starts and stops."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def start(self) -> None:
        self._started = time.perf_counter()

    def stop(self) -> None:
        self.seconds += time.perf_counter() - self._started


def main() -> None:
    options = _options()
    os.environ.update(MALLOC)
    context = multiprocessing.get_context("spawn")  # fresh processes, which read the allocator's settings
    passes: dict[str, list[Pass]] = {form: [] for form in FORMS}
    for _ in range(options.repeats):
        for form in FORMS:
            with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
                passes[form].append(pool.submit(run_form, form, options).result())
            print(f"{form}: {passes[form][-1].seconds:.1f} s", file=sys.stderr)
    report = compare(passes, options)
    print(markdown(report))
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=2) + "\n")


def run_form(form: str, options: argparse.Namespace) -> Pass:
    """One pass in this process."""
    torch.set_num_threads(options.threads)
    extract = load_pipeline(options.model, device="cpu")
    model = extract.model.eval()
    if model.config.chunk_pooling != "max":
        raise SettingError(f"chunk_pooling is {model.config.chunk_pooling!r}; the naive form repeats chunks under max")
    model.config.chunks = list(CHUNK_NAMES)  # the measured form has all three, whatever the checkpoint runs with
    encoder = PairEncoder(extract.tokenizer, EncodingSettings.from_config(model.config))
    documents = list(islice(map(extract.check_document, read_pubtator(options.file)), options.documents))
    with torch.inference_mode():
        before = _memory_mebibytes("VmRSS")
        _passes_of(form)(model, encoder, documents[:1])  # warms the allocator and the kernels
        in_encoder = Stopwatch()
        model.encoder.register_forward_pre_hook(lambda *_: in_encoder.start())
        model.encoder.register_forward_hook(lambda *_: in_encoder.stop())
        started = time.perf_counter()
        scores, pairs, tokens = _passes_of(form)(model, encoder, documents)
        seconds = time.perf_counter() - started
    peak = _memory_mebibytes("VmHWM") - before
    return Pass(form, pairs, tokens, seconds, in_encoder.seconds, peak, scores)


def _passes_of(form: str):
    return {"naive": naive_scores, "ours": our_scores}[form]


def our_scores(
    model: BioDirForRelationExtraction, encoder: PairEncoder, documents: Sequence[Document]
) -> tuple[list[list[float]], int, int]:
    """Scores of all pairs in batches across documents, as large as the pipeline's; padding does not count as tokens."""
    budget = PASSES_PER_BATCH * model.config.token_budget
    scores: list[list[float]] = []
    tokens = 0
    features = _features(encoder, documents)
    while True:
        batch_features, batch_tokens = [], 0
        for pair in features:
            batch_features.append(pair)
            batch_tokens += pair.row_tokens
            if batch_tokens >= budget:
                break
        if not batch_features:
            return scores, len(scores), tokens
        scores += _scores(model(**collate_pairs(batch_features, encoder.pad_id)))
        tokens += batch_tokens


def _features(encoder: PairEncoder, documents: Sequence[Document]) -> Iterator[PairFeatures]:
    for document in documents:
        yield from encoder.encode_pairs(encoder.encode_document(document))


def naive_scores(
    model: BioDirForRelationExtraction, encoder: PairEncoder, documents: Sequence[Document]
) -> tuple[list[list[float]], int, int]:
    """Scores of all pairs, three padded rows for each, one document at a time; apart from the model's own forward."""
    scores: list[list[float]] = []
    tokens = 0
    for document in documents:
        features = [_with_all_chunks(pair) for pair in encoder.encode_pairs(encoder.encode_document(document))]
        if not features:
            continue
        batch = collate_pairs(features, encoder.pad_id)
        ids, mask = (_padded(batch[name], encoder, name) for name in ("input_ids", "attention_mask"))
        pairs, chunks, _ = ids.shape
        pair_of_row = torch.arange(pairs).repeat_interleave(chunks)
        rows = (ids.flatten(0, 1), mask.flatten(0, 1), *(batch[name][pair_of_row] for name in PAIR_INPUTS))
        states = [
            model.encode_rows(*(value[start : start + NAIVE_ROWS] for value in rows))
            for start in range(0, pairs * chunks, NAIVE_ROWS)
        ]
        task_states = torch.cat(states).unflatten(0, (pairs, chunks))  # (batch, chunks, tasks, hidden)
        present = torch.ones(pairs, chunks, dtype=torch.bool)
        logits = [model.heads[task](task_states[:, :, index], present) for index, task in enumerate(model.config.tasks)]
        scores += torch.cat(logits, dim=1).sigmoid().tolist()
        tokens += ids.numel()
    return scores, len(scores), tokens


def _with_all_chunks(features: PairFeatures) -> PairFeatures:
    """The pair with a row for each of the three chunks; the encoder leaves out those that equal an earlier one."""
    missing = len(CHUNK_NAMES) - len(features.rows)
    if missing < 0:
        raise SettingError(f"a pair has {len(features.rows)} chunks; measure documents whose mentions share a window")
    return replace(features, rows=(*features.rows, *[features.rows[-1]] * missing))


def _padded(values: torch.Tensor, encoder: PairEncoder, name: str) -> torch.Tensor:
    width = encoder.settings.max_tokens - values.shape[-1]
    fill = encoder.pad_id if name == "input_ids" else 0
    return torch.nn.functional.pad(values, (0, width), value=fill)


def _scores(output) -> list[list[float]]:
    logits = [output.relation_logits, output.novelty_logits, output.direction_logits]
    return torch.cat([values for values in logits if values is not None], dim=1).sigmoid().tolist()


def compare(passes: dict[str, list[Pass]], options: argparse.Namespace) -> dict:
    """The report: medians of each form, and how they compare."""
    forms = {form: _medians(found) for form, found in passes.items()}
    naive, ours = (torch.tensor(passes[form][0].scores) for form in FORMS)
    counted = forms["naive"]["tokens_a_pair"] / forms["ours"]["tokens_a_pair"]
    measured = forms["ours"]["pairs_a_second"] / forms["naive"]["pairs_a_second"]
    return {
        "documents": options.documents,
        "file": Path(options.file).name,
        "threads": options.threads,
        "repeats": options.repeats,
        "forms": forms,
        "factor_counted": counted,
        "factor_measured": measured,
        "share_of_counted": measured / counted,
        "largest_score_difference": (naive - ours).abs().max().item(),
    }


def _medians(passes: Sequence[Pass]) -> dict[str, float]:
    first = passes[0]
    seconds = statistics.median(found.seconds for found in passes)
    return {
        "pairs": first.pairs,
        "pairs_a_second": first.pairs / seconds,
        "tokens_a_pair": first.encoder_tokens / first.pairs,
        "peak_mebibytes": statistics.median(found.peak_mebibytes for found in passes),
        "preparing_share": statistics.median(1 - found.encoder_seconds / found.seconds for found in passes),
        "seconds": [found.seconds for found in passes],
    }


def markdown(report: dict) -> str:
    """The report as a table and a sentence."""
    lines = [
        "| form | pairs | pairs a second | encoder tokens a pair | peak memory, MiB | all but the encoder |",
        "|---|---|---|---|---|---|",
    ]
    for form, found in report["forms"].items():
        lines.append(
            f"| {form} | {found['pairs']} | {found['pairs_a_second']:.2f} | {found['tokens_a_pair']:.0f} | "
            f"{found['peak_mebibytes']:.0f} | {100 * found['preparing_share']:.2f} % |"
        )
    lines.append("")
    lines.append(
        f"{report['file']}, first {report['documents']} documents, {report['threads']} threads, medians of "
        f"{report['repeats']}: {report['factor_measured']:.2f} times the pairs a second, "
        f"{100 * report['share_of_counted']:.0f} % of the factor {report['factor_counted']:.2f} counted in tokens; "
        f"largest difference of a score {report['largest_score_difference']:.1e}."
    )
    return "\n".join(lines)


def _memory_mebibytes(name: str) -> float:
    """A memory figure of this process as Linux counts it; NaN elsewhere."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return float("nan")
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("file", help="PubTator file")
    parser.add_argument("--model", help="folder or Hub id; by default the checkpoint of the checkout")
    parser.add_argument("--documents", type=int, default=10, help="how many of the file's documents (default: 10)")
    parser.add_argument("--repeats", type=int, default=3, help="passes of each form (default: 3)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of torch (default: all cores)")
    parser.add_argument("--json", help="file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
