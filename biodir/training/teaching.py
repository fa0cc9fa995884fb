"""Teaching: the mean scores of trained checkpoints are targets of pairs, beside gold labels or where there are none.

Hinton et al. 2015 (distillation). Differs from it: each label has a probability of its own, as the heads have, so that
no temperature is needed; and the logits of several teachers are averaged before they become probabilities.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from biodir.checkpoint_names import CHECKPOINT_FILES, check_checkpoint
from biodir.configuration_biodir import HIGHEST_WINS, BioDirConfig
from biodir.document_biodir import Document
from biodir.errors_biodir import ErrorPolicy, SettingError, plural
from biodir.files import file_sha256, write_atomic_bytes
from biodir.inference.loading import checked_config, load_pipeline
from biodir.pipeline_decoding_biodir import UNANNOTATED
from biodir.pipeline_engine_biodir import model_logits, pair_logits
from biodir.processing_biodir import Features, Processor, make_processor
from biodir.training.corpora import held_out_of_run, read_source
from biodir.training.corpus_list import CorpusEntry
from biodir.training.data import LabelledPairs, labelled_pairs
from biodir.training.reading import known_documents
from biodir.training.scopes import PairGroup
from biodir.training.settings import TrainingSettings

if TYPE_CHECKING:
    from accelerate import Accelerator

# What teachers must share with the model of the run: `pair_type_id` of a pair counts in `pair_types`.
SHARED = ("pair_encoding", "relation_labels", "novelty_labels", "direction_labels", "pair_types")
# Where a run keeps the soft targets, beside the states that need them to resume.
KEPT = Path("states", "teaching.safetensors")
# Documents whose features are in memory together, beside those of the run.
DOCUMENTS_AT_ONCE = 64
# Soft targets are at least this far from 0 and 1: at a weight of one half, gold labels still decide what is related.
DOUBT = 1e-6

Log = Callable[[str], Any]


def check_teachers(settings: TrainingSettings, config: BioDirConfig) -> None:
    """Check that each teacher is a checkpoint that scores the pairs of the run with its labels.

    Raises:
        CheckpointError: a folder holds no checkpoint.
        SettingError: its labels, tasks or form are others, or its logits have no meaning by themselves.
    """
    for folder in settings.teachers:
        check_checkpoint(folder, takes_hub_id=False)
        found = checked_config(folder)
        for name in SHARED:
            given, wanted = getattr(found, name), getattr(config, name)
            if given != wanted:
                raise SettingError(
                    f"teacher {folder}: its {name}: {given!r}, but the run has {wanted!r}; name a checkpoint of the "
                    "same labels, tasks and form"
                )
        if found.relation_loss in HIGHEST_WINS:
            raise SettingError(
                f"teacher {folder}: learned by {found.relation_loss}, so that labels have no probabilities "
                "of their own; name one that learned by another loss"
            )


def teacher_files(folder: str) -> list[Path]:
    """Return the files that decide the scores of a checkpoint."""
    found = Path(folder).iterdir()
    return sorted(path for path in found if path.suffix == ".safetensors" or path.name in CHECKPOINT_FILES)


def unlabelled_pairs(
    labelled: Sequence[LabelledPairs],
    processor: Processor,
    config: BioDirConfig,
    settings: TrainingSettings,
    log: Log,
    policy: ErrorPolicy,
) -> list[LabelledPairs]:
    """Return all candidate pairs of the documents of `unlabelled`, without any annotated label.

    Documents of `dev` and `exclude` are left out, and those that `labelled` or a file before has.

    Raises:
        SettingError: a file has no candidate pair.
        BioDirError: a file cannot be read.
    """
    if not settings.unlabelled:
        return []
    policy = replace(policy, relations=False)  # with the same counts
    held_out = held_out_of_run(settings)
    seen = {each.document_id for each in labelled}
    pairs: list[LabelledPairs] = []
    for path in settings.unlabelled:
        read = read_source(CorpusEntry(path), policy, log)
        fresh: dict[str, Document] = {}
        for each in read:
            document = each.document
            if document.id not in seen and not held_out.has(document, each.pmid):
                fresh.setdefault(document.id, replace(document, relations=(), subject_lines=()))
        if len(fresh) < len(read):
            log(
                f"{path}: {plural(len(read) - len(fresh), 'document')} left out, held out for evaluation or read before"
            )
        kept = [*fresh.values()][: settings.max_unlabelled_documents]
        documents = known_documents(path, kept, config, policy, log)
        seen.update(fresh)
        group = PairGroup(path, corpus_id=0 if config.corpus_labels else None)
        of_file = labelled_pairs(documents, processor, config.labels, with_swapped=settings.shows_swapped)
        found = [replace(_unannotated(pairs_of_document), group=group) for pairs_of_document in of_file]
        if not found:
            raise SettingError(
                f"{path}: no candidate pair in {plural(len(documents), 'document')}; their mentions must be given, "
                "as `biodir predict FILE --return-entities -o OUT.jsonl` writes them"
            )
        pairs += found
    return pairs


def _unannotated(found: LabelledPairs) -> LabelledPairs:
    targets = tuple({task: [UNANNOTATED] * len(values) for task, values in each.items()} for each in found.targets)
    return replace(found, targets=targets, swapped=None if found.swapped is None else _unannotated(found.swapped))


def taught(
    labelled: Sequence[LabelledPairs], settings: TrainingSettings, accelerator: "Accelerator"
) -> list[LabelledPairs]:
    """Return the pairs with targets of which the teachers decide their part; without teachers, as they are.

    A label that is not annotated gets the target of the teachers. Any other gets the mean of both, by
    `teaching_weight`.
    """
    if not settings.teachers:
        return list(labelled)
    shown = [each for found in labelled for each in (found, found.swapped) if each is not None]
    tables = soft_targets(shown, settings, accelerator)
    rows = zip(*tables.values(), strict=True)  # in the order of `shown`

    def teach(found: LabelledPairs) -> LabelledPairs:
        targets = tuple(
            {
                task: mixed(each[task], soft.tolist(), settings.teaching_weight)
                for task, soft in zip(tables, next(rows), strict=True)
            }
            for each in found.targets
        )
        return replace(found, targets=targets, swapped=None if found.swapped is None else teach(found.swapped))

    found = [teach(each) for each in labelled]
    assert next(rows, None) is None, "each pair has got its row"
    for line in _changes(labelled, found):
        accelerator.print(line)
    return found


def mixed(gold: Sequence[float], soft: Sequence[float], weight: float) -> list[float]:
    """Return the targets of the labels of a task for one pair.

    Args:
        gold: 0, 1, or negative where the label is not annotated.
        soft: of the teachers, 0..1.
        weight: of the teachers, 0..1.

    >>> mixed([1.0, 0.0, -1.0], [0.5, 0.5, 0.9], weight=0.5)
    [0.75, 0.25, 0.9]
    """
    pairs = zip(gold, soft, strict=True)
    return [other if value < 0 else (1 - weight) * value + weight * other for value, other in pairs]


def soft_targets(
    shown: Sequence[LabelledPairs], settings: TrainingSettings, accelerator: "Accelerator"
) -> dict[str, np.ndarray]:
    """Return task -> (pairs, labels), float32: sigmoid of the mean of the teachers' logits, in the order of the pairs.

    They are computed once; the folder of the run keeps them. Each process computes those of a share of the documents.

    Args:
        shown: features with their documents; those of one document are neighbours.

    Raises:
        SettingError: those that are kept are of other teachers or pairs, but the run has done steps with them.
    """
    path = Path(settings.output_dir) / KEPT
    by_document = [list(found) for _, found in groupby(shown, lambda each: id(each.document))]
    made_of = _made_of(by_document, settings)
    tasks = {task: len(values) for task, values in shown[0].targets[0].items()}
    kept = _kept(path, made_of, accelerator.print)
    if kept is not None:
        return {task: kept[task] for task in tasks}
    total: Any = 0
    for number, folder in enumerate(settings.teachers, start=1):
        started_s = time.perf_counter()
        logits = teacher_logits(folder, by_document, accelerator)  # (pairs, labels of all tasks)
        total = total + logits.astype(np.float64)
        accelerator.print(
            f"teacher {folder} ({number} of {len(settings.teachers)}): {len(logits)} pairs of {len(by_document)} "
            f"documents scored in {time.perf_counter() - started_s:.0f} s"
        )
    scores = torch.from_numpy(total / len(settings.teachers)).sigmoid().clamp(DOUBT, 1 - DOUBT)
    parts = scores.float().split([*tasks.values()], dim=1)
    tables = {task: part.contiguous().numpy() for task, part in zip(tasks, parts, strict=True)}
    if accelerator.is_main_process:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic_bytes(path, save(tables, made_of))
    accelerator.wait_for_everyone()
    return tables


def teacher_logits(
    folder: str, by_document: Sequence[Sequence[LabelledPairs]], accelerator: "Accelerator"
) -> np.ndarray:
    """Return (pairs, labels of all tasks), float32: the logits of a checkpoint, whose own processor makes the features.

    Args:
        folder: of the checkpoint.
        by_document: the features of each document, of which pairs and document are taken.
    """
    from accelerate.utils import gather_object  # which `--help` does not need

    extract = load_pipeline(folder, str(accelerator.device))
    model, processor = extract.model, make_processor(extract.tokenizer, extract.model.config)
    rank, processes = accelerator.process_index, accelerator.num_processes
    first, last = (len(by_document) * number // processes for number in (rank, rank + 1))
    tables = []
    with accelerator.autocast(), torch.inference_mode():
        for start in range(first, last, DOCUMENTS_AT_ONCE):
            some = by_document[start : min(start + DOCUMENTS_AT_ONCE, last)]
            features = [each for of_document in some for each in features_of(of_document, processor)]
            logits = pair_logits(partial(model_logits, model), features, processor, model.config.token_budget)
            rows = [[value for task in model.config.tasks for value in each[task]] for each in logits]
            tables.append(np.array(rows, dtype=np.float32))
    return np.concatenate(gather_object(tables))


def features_of(of_document: Sequence[LabelledPairs], processor: Processor) -> list[Features]:
    """Return the features that a processor makes of the pairs of one document, in the same order."""
    document = of_document[0].document
    assert document is not None, "pairs to learn have their document"
    pairs = [scored.pair for each in of_document for scored in each.features.pairs]
    features: list[Any] = list(processor.features(processor.tokenize(document), pairs))
    made = [scored.pair for found in features for scored in found.pairs]
    assert list(map(id, made)) == list(map(id, pairs)), "pairs keep their order"
    return features


def _made_of(by_document: Sequence[Sequence[LabelledPairs]], settings: TrainingSettings) -> dict[str, str]:
    """Return the fingerprints of all that decides soft targets, as "teachers" and "pairs"."""
    hashes = [[file_sha256(path) for path in teacher_files(folder)] for folder in settings.teachers]
    pairs = hashlib.sha256()
    for of_document in by_document:
        keys = [_keys(scored.pair) for each in of_document for scored in each.features.pairs]
        pairs.update(repr((of_document[0].document, keys)).encode())
    return {"teachers": json.dumps([settings.mixed_precision, hashes]), "pairs": pairs.hexdigest()}


def _keys(pair: Any) -> Any:
    return pair.entity1.key, pair.entity2.key, pair.pair_type_id


def _kept(path: Path, made_of: Mapping[str, str], log: Log) -> dict[str, np.ndarray] | None:
    """Return the soft targets that are kept, where they are made of the same; else log or raise what differs."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, "numpy") as file:
            before = file.metadata() or {}
            tables = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no mapping
    except (OSError, SafetensorError) as error:
        log(f"{path}: damaged ({error}); the soft targets are computed again")
        return None
    differing = " and ".join(f"other {name}" for name, value in made_of.items() if before.get(name) != value)
    if not differing:
        log(f"{path}: holds the soft targets of these teachers and pairs; they are not computed again")
        return tables
    if any(path.parent.glob("step-*")):
        raise SettingError(
            f"{path}: the run has learned from soft targets of {differing}; give the old teachers, data and settings, "
            "or start again with --overwrite_output_dir"
        )
    log(f"{path}: holds soft targets of {differing}; they are computed again")
    return None


def _changes(before: Sequence[LabelledPairs], after: Sequence[LabelledPairs]) -> Iterator[str]:
    """Yield a line for each corpus: how many pairs are related without and with the teachers."""
    counts: dict[str, Counter[str]] = {}
    for old, new in zip(before, after, strict=True):
        found = {"pairs": len(old.targets), "before": sum(old.related), "after": sum(new.related)}
        counts.setdefault(old.group.name, Counter()).update(found)
    for name, found in counts.items():
        related = f"{found['after']} of {found['pairs']} pairs are related"
        yield f"{name}: {related} with the teachers, {found['before']} without"
