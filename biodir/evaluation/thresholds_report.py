"""A search for thresholds and for the scaling of scores, from the pipeline to config.json: `biodir calibrate`."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biodir.configuration_biodir import NO_THRESHOLD
from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError, SettingError, plural, suggestion
from biodir.evaluation.checks import compared_documents
from biodir.evaluation.model_scores import ProcessedDocuments, pair_logits, processed_documents
from biodir.evaluation.scaling import MIN_OUTCOMES, MIN_SLOPE, ScoreErrors, score_errors, with_scaling
from biodir.evaluation.scores import Counts, unannotated_levels
from biodir.evaluation.tables import LEVEL_NAMES
from biodir.evaluation.thresholds import (
    FOLDS,
    check_number,
    cross_fitted,
    cross_fitted_counts,
    fingerprints,
    found_rule,
    kept_rule,
    neutral_rule,
    rule_counts,
    with_kept,
)
from biodir.files import write_atomic
from biodir.pipeline_decoding_biodir import DecodingRule
from biodir.pipeline_engine_biodir import Logits
from biodir.processing_biodir import make_processor

if TYPE_CHECKING:
    from biodir.pipeline_extraction_biodir import RelationExtraction


@dataclass(frozen=True)
class CalibrationRun:
    """The rule that was found, and how well it serves.

    Args:
        rule: with its scaling of scores.
        documents: how many it was found on.
        calibrated_on: fingerprints of all documents that anything of the rule was found on.
        counts: name of a rule -> level -> counts of the documents, without levels that these do not annotate; empty
            where decisions stay.
        errors: task, or `STATEMENT` -> how far its scores are from the share of right predictions.
        scaled_tasks: those whose scaling was found here; others keep what the model has.

    >>> rule = DecodingRule({"relation": ["None", "Bind"]}, "Bind", 0.5, 0.0, relation_thresholds={"Bind": 0.42})
    >>> run = CalibrationRun(rule, 1, ["6b86b273"], {"found here": {"all": Counts(tp=1)}})
    >>> thresholds_table(run).splitlines()[1].split()
    ['Bind', '42.0']
    """

    rule: DecodingRule
    documents: int
    calibrated_on: list[str]
    counts: dict[str, dict[str, Counts]]
    errors: dict[str, ScoreErrors] = field(default_factory=dict)
    scaled_tasks: frozenset[str] = frozenset()


def calibration_run(
    extract: "RelationExtraction",
    documents: Sequence[Document],
    progress: Callable[[Iterable[Any]], Iterable[Any]] = iter,
    scores_only: bool = False,
) -> CalibrationRun:
    """Return thresholds, biases and scaling for the pipeline's model, with scores of the documents before and after.

    Args:
        scores_only: keep thresholds, biases and so all decisions of the model; find only the scaling of its scores.

    Raises:
        AnnotationError: a document's entity or relation types are not those of the model, a document or a relation
            occurs twice, or the documents are too few.
        SettingError: thresholds are sought, and the model has no relation head.
    """
    unknown = unannotated_levels(compared_documents(documents, documents))  # bad documents are found before it runs
    check_number(documents)
    config = extract.config
    _check_types(documents, config.relation_labels, scores_only)
    processor = make_processor(extract.tokenizer, config)
    data = processed_documents([extract.check_document(document) for document in documents], processor)
    logits = pair_logits(extract.forward, data, processor, config.token_budget, progress)
    rule = DecodingRule.from_config(config)
    find = with_scaling if scores_only else _found_and_scaled
    found = find(data, logits, rule)
    kept, scaled_tasks = kept_rule(rule, found), frozenset(found.score_scaling)
    found = with_kept(found, kept)
    folds = cross_fitted(data, logits, rule, lambda *others: with_kept(find(*others), kept))
    errors = score_errors(data, logits, found, folds)
    known = set(fingerprints(data.documents))
    if scores_only or kept.label_biases or kept.score_scaling:  # what stays was found on other documents
        known |= {*(config.calibrated_on or ())}
    run = CalibrationRun(found, len(data.documents), sorted(known), {}, errors, scaled_tasks)
    if scores_only:
        return run
    counts = {
        _neutral_name(rule): rule_counts(data, logits, neutral_rule(rule)),
        "as configured": rule_counts(data, logits, rule),
        "found here": rule_counts(data, logits, found),
        "found on other documents": cross_fitted_counts(folds),
    }
    counts = {
        rule: {level: of_rule[level] for level in of_rule if level not in unknown} for rule, of_rule in counts.items()
    }
    return replace(run, counts=counts)


def _neutral_name(rule: DecodingRule) -> str:
    """Return what a rule without thresholds, bias of no relation and other biases is."""
    return "the paper's rule" if rule.relation_threshold < NO_THRESHOLD else "the highest label"


def _found_and_scaled(data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule) -> DecodingRule:
    return with_scaling(data, logits, found_rule(data, logits, rule))


def check_relation_head(relation_labels: Sequence[str], scores_only: bool) -> None:
    """Check that the model has relation types where thresholds are sought; else SettingError."""
    if not relation_labels and not scores_only:
        raise SettingError(
            "the model has no relation head, so that there are no thresholds of relation types to find; with "
            "--scores-only its scores are scaled"
        )


def _check_types(documents: Sequence[Document], relation_labels: Sequence[str], scores_only: bool) -> None:
    check_relation_head(relation_labels, scores_only)
    if not relation_labels:
        return
    for document in documents:
        for relation in document.relations:
            if relation.relation_type not in relation_labels[1:]:
                raise AnnotationError(
                    f"document {document.id} has the relation type {relation.relation_type!r}, which the model cannot "
                    f"predict; {suggestion(relation.relation_type, relation_labels[1:])}"
                )


def thresholds_table(run: CalibrationRun) -> str:
    """Return the thresholds, the biases and the scores for people, in per cent; dashes of levels without counts."""
    lines = [f"{'relation type':32}{'threshold':>10}"]
    lines += [f"{name:32}{100 * value:10.1f}" for name, value in run.rule.relation_thresholds.items()]
    lines += ["", "These replace none_bias and the threshold for all types.", ""]
    lines += [f"{'label':32}{'bias':>10}"]
    lines += [f"{name:32}{value:+10.3f}" for name, value in run.rule.label_biases.items()]
    lines += ["", f"{f'F1 of {run.documents} documents':32}" + "".join(f"{name:>21}" for name in LEVEL_NAMES.values())]
    for name, counts in run.counts.items():
        cells = (f"{100 * counts[level].f1:.2f}" if level in counts else "-" for level in LEVEL_NAMES)
        lines.append(f"{name:32}" + "".join(f"{cell:>21}" for cell in cells))
    return "\n".join(lines)


def scaling_table(run: CalibrationRun) -> str:
    """Return slope and offset of each task, and the calibration errors before and after, for people, in points."""
    scaling = run.rule.score_scaling
    lines = [
        f"{'score':12}{'predictions':>13}{'slope':>9}{'offset':>9}{'ECE unscaled':>15}{'scaled':>9}{'on others':>12}"
    ]
    for head, errors in run.errors.items():
        line = f"{head:12}{errors.predictions:13}"
        line += "".join(f"{value:+9.3f}" for value in scaling[head]) if head in scaling else f"{'-':>9}" * 2
        line += f"{100 * errors.unscaled:15.2f}{100 * errors.scaled:9.2f}"
        lines.append(line + (f"{'-':>12}" if errors.on_others is None else f"{100 * errors.on_others:12.2f}"))
    lines += ["", *_scaling_notes(run)]
    return "\n".join(lines)


def _scaling_notes(run: CalibrationRun) -> Iterator[str]:
    """Yield how to read the table, and which scores stay as they are."""
    yield "ECE is the expected calibration error, in points; a statement has the product of the scores of its parts."
    yield f"The scaled scores are those of the {run.documents} documents that the scaling was found on. On others: in"
    yield f"{plural(min(FOLDS, run.documents), 'fold')}, the scores of each document as the other folds scale them."
    for task in [task for task, labels in run.rule.labels.items() if labels]:
        judged = run.errors[task].predictions if task in run.errors else 0
        stays = "its scores stay as they are" if task not in run.rule.score_scaling else "the model's scaling stays"
        if task not in run.scaled_tasks and judged < MIN_OUTCOMES:
            yield f"{task}: {judged} predictions can be judged, fewer than {MIN_OUTCOMES}; {stays}."
        elif task not in run.scaled_tasks:
            yield f"{task}: its {judged} predictions are all right, or all wrong; {stays}."
        elif run.rule.score_scaling[task][0] == MIN_SLOPE:
            yield f"{task}: higher scores are not more often right, so that all get nearly the same score."


def config_file(folder: Path) -> Path:
    """Return the config.json of a checkpoint.

    Raises:
        SettingError: the model is not in a folder here.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise SettingError(f"{folder}: no folder with a config.json; save the model into one to store what is found")
    return path


def store_rule(run: CalibrationRun, folder: Path) -> None:
    """Write the rule into the config.json of a checkpoint, atomically."""
    path = config_file(folder)
    config = json.loads(path.read_text(encoding="utf-8"))
    names = ("none_bias", "relation_thresholds", "label_biases", "score_scaling")
    config |= {name: getattr(run.rule, name) for name in names}
    config["calibrated_on"] = run.calibrated_on
    write_atomic(path, json.dumps(config, indent=2, sort_keys=True) + "\n")
