"""One pass of one form over documents, in this process: what the benchmark measures."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import torch

from biodir.allocator import keep_freed_memory
from biodir.configuration_biodir import CHUNK_NAMES
from biodir.document_biodir import Document
from biodir.document_pubtator_biodir import parse_document, read_pubtator
from biodir.errors_biodir import SettingError
from biodir.evaluation.scores import relation_scores
from biodir.inference.loading import load_pipeline
from biodir.inference.predict import predicted_relations
from biodir.pipeline_decoding_biodir import DecodingRule
from biodir.processing_pairwise_biodir import PairwiseFeatures, PairwiseProcessor, collate_pairs
from biodir.processing_tokens_biodir import ProcessingSettings

NAIVE = "naive"
# Rows that the naive form sends through the encoder at once: the paper's batch size.
NAIVE_ROWS = 16
PAIR_INPUTS = ("pair_type_ids", "task_positions")
F1_LEVELS = ("relation_type", "relation_type_direction")


@dataclass(frozen=True)
class Form:
    """A checkpoint on a back end, or its naive form; `name` is what the table calls it."""

    name: str
    model: str
    backend: str
    prepares_ahead: bool = False


@dataclass(frozen=True)
class Work:
    """The documents of a pass: a PubTator file or its text; `naive_pairs` are all that the naive form is given."""

    documents: str
    count: int
    naive_pairs: int
    threads: int
    device: str = "cpu"
    warms: bool = True


@dataclass
class Pass:
    """One form over all documents. Seconds are wall clock; memory is the most that the process held meanwhile."""

    documents: float
    pairs: int
    tokens: int
    seconds: float
    encoder_seconds: float
    peak_mebibytes: float


class Stopwatch:
    """Adds up the time between its starts and stops."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def start(self) -> None:
        self._started = time.perf_counter()

    def stop(self) -> None:
        self.seconds += time.perf_counter() - self._started


def run_form(form: Form, work: Work) -> Pass:
    """One pass in this process."""
    torch.set_num_threads(work.threads)
    if work.warms:
        keep_freed_memory()
    extract = load_pipeline(form.model, work.device, "torch" if form.backend == NAIVE else form.backend)
    extract._engine.overlaps = form.prepares_ahead
    read = [parse_document(work.documents)] if "\n" in work.documents else read_pubtator(work.documents)
    documents = list(islice(map(extract.check_document, read), work.count))
    in_encoder = Stopwatch()
    with torch.inference_mode():
        run = _naive_pass if form.backend == NAIVE else _engine_pass
        if work.warms:  # the allocator and the kernels
            run(extract, documents[:2], work)
        extract.model.encoder.register_forward_pre_hook(lambda *_: in_encoder.start())
        extract.model.encoder.register_forward_hook(lambda *_: in_encoder.stop())
        forget_peak()
        started = time.perf_counter()
        count, pairs, tokens = run(extract, documents, work)
        seconds = time.perf_counter() - started
    return Pass(count, pairs, tokens, seconds, in_encoder.seconds, memory_mebibytes("VmHWM"))


def run_curve(form: Form, texts: Sequence[str], threads: int, device: str = "cpu") -> list[float]:
    """Seconds of the form for each of the documents alone, in this process; each was run once before."""
    torch.set_num_threads(threads)
    keep_freed_memory()
    extract = load_pipeline(form.model, device, form.backend)
    seconds = []
    for text in texts:
        document = extract.check_document(parse_document(text))
        extract(document)
        started = time.perf_counter()
        extract(document)
        seconds.append(time.perf_counter() - started)
    return seconds


def _engine_pass(extract, documents: Sequence[Document], work: Work) -> tuple[float, int, int]:
    """Documents, pairs and tokens that went through the pipeline, decoding included."""
    counted = {"pairs": 0, "tokens": 0}
    encode = extract.preprocess

    def counting(document, **parameters):
        for features in encode(document, **parameters):
            counted["pairs"] += len(features.pairs)
            counted["tokens"] += features.tokens
            yield features

    extract.preprocess = counting
    for _ in extract(iter(documents)):
        pass
    extract.preprocess = encode
    return len(documents), counted["pairs"], counted["tokens"]


def _naive_pass(extract, documents: Sequence[Document], work: Work) -> tuple[float, int, int]:
    """As `_engine_pass`; of the last document, the share of its pairs that was asked about."""
    model = extract.model
    if model.config.chunk_pooling != "max":
        raise SettingError(f"chunk_pooling is {model.config.chunk_pooling!r}; the naive form repeats chunks under max")
    settings = replace(ProcessingSettings.from_config(model.config), chunks=CHUNK_NAMES)
    encoder = PairwiseProcessor(extract.tokenizer, settings)
    left, pairs, tokens, done = work.naive_pairs, 0, 0, 0.0
    for document in documents:
        features = list(encoder.features(encoder.tokenize(document)))
        asked = features[:left]
        if asked:
            _, found = naive_scores(model, encoder, asked)
            tokens += found
        pairs, left = pairs + len(asked), left - len(asked)
        done += len(asked) / len(features) if features else 1
        if not left:
            break
    return done, pairs, tokens


def naive_scores(model, encoder: PairwiseProcessor, features: Sequence[PairwiseFeatures]) -> tuple[torch.Tensor, int]:
    """Scores (batch, labels of all tasks) of pairs, three padded rows for each, and the tokens that this took.

    Apart from the model's own forward, but for its parts.
    """
    batch = collate_pairs([_with_all_chunks(pair) for pair in features], encoder.pad_id)
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
    return torch.cat(logits, dim=1).sigmoid(), ids.numel()


def _with_all_chunks(features: PairwiseFeatures) -> PairwiseFeatures:
    """The pair with a row for each of the three chunks; the encoder leaves out those that equal an earlier one."""
    missing = len(CHUNK_NAMES) - len(features.rows)
    if missing < 0:
        raise SettingError(f"a pair has {len(features.rows)} chunks; measure documents whose mentions share a window")
    return replace(features, rows=(*features.rows, *[features.rows[-1]] * missing))


def _padded(values: torch.Tensor, encoder: PairwiseProcessor, name: str) -> torch.Tensor:
    width = encoder.settings.max_tokens - values.shape[-1]
    fill = encoder.pad_id if name == "input_ids" else 0
    return torch.nn.functional.pad(values, (0, width), value=fill)


def f1_scores(form: Form, path: str, threads: int, device: str = "cpu") -> dict[str, float]:
    """Level -> F1 of the form on a file with relations."""
    torch.set_num_threads(threads)
    keep_freed_memory()
    extract = load_pipeline(form.model, device, form.backend)
    gold = [extract.check_document(document) for document in read_pubtator(Path(path))]
    answers = extract(iter(gold))
    found = [
        replace(document, relations=predicted_relations(relations), subject_lines=())
        for document, relations in zip(gold, answers, strict=True)
    ]
    scores = relation_scores(gold, found, DecodingRule.from_config(extract.model.config).labels)
    return {level: scores[level].f1 for level in F1_LEVELS}


def forget_peak() -> None:
    """Lets Linux measure the peak of this process anew."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def memory_mebibytes(name: str) -> float:
    """A memory figure of this process as Linux counts it; NaN elsewhere."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return float("nan")
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024
