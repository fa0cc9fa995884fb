"""A search for thresholds from the pipeline to config.json: what `biodir calibrate` does."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError, SettingError
from biodir.evaluation.checks import compared_documents
from biodir.evaluation.model_scores import decoded_documents, encoded_documents, pair_logits
from biodir.evaluation.scores import Counts, relation_scores
from biodir.evaluation.tables import LEVEL_NAMES
from biodir.evaluation.thresholds import cross_fitted_counts, fingerprints, found_rule, neutral_rule
from biodir.files import write_atomic
from biodir.pipeline_biodir import BioDirPipeline
from biodir.pipeline_decoding_biodir import DecodingRule
from biodir.processing_biodir import make_processor


@dataclass(frozen=True)
class CalibrationRun:
    """What was found on which documents; `counts` maps a rule's name to level -> counts."""

    rule: DecodingRule
    documents: int
    calibrated_on: list[str]
    counts: dict[str, dict[str, Counts]]


def calibration_run(
    extract: BioDirPipeline, documents: Sequence[Document], progress: Callable[[Iterable], Iterable] = iter
) -> CalibrationRun:
    """Thresholds and biases for the pipeline's model, with the scores of the documents before and after.

    Raises:
        AnnotationError: a document's entity or relation types are not those of the model, a document stands twice or
            says a relation twice, or the documents are too few.
        SettingError: the model has no relation head.
    """
    compared_documents(documents, documents)  # for what is wrong with them is better told before the model runs
    config = extract.model.config
    _check_types(documents, config.relation_labels)
    checked = [extract.check_document(document) for document in documents]
    encoder = make_processor(extract.tokenizer, config)
    data = encoded_documents(checked, encoder)
    logits = pair_logits(extract.model, data, encoder, config.token_budget, progress)
    rule = DecodingRule.from_config(config)
    found = found_rule(data, logits, rule)

    def counts_with(other: DecodingRule) -> dict[str, Counts]:
        return relation_scores(data.documents, decoded_documents(data, logits, other), rule.labels)

    counts = {
        "the paper's rule": counts_with(neutral_rule(rule)),
        "as configured": counts_with(rule),
        "found here": found.counts,
        "found on other documents": cross_fitted_counts(data, logits, rule),
    }
    return CalibrationRun(found.rule, len(data.documents), fingerprints(data.documents), counts)


def _check_types(documents: Sequence[Document], relation_labels: Sequence[str]) -> None:
    if not relation_labels:
        raise SettingError("the model has no relation head, so that there are no thresholds of relation types to find")
    for document in documents:
        for relation in document.relations:
            if relation.relation_type not in relation_labels[1:]:
                raise AnnotationError(
                    f"document {document.id} has the relation type {relation.relation_type!r}, which the model cannot "
                    f"predict; it knows {', '.join(relation_labels[1:])}"
                )


def thresholds_table(run: CalibrationRun) -> str:
    """The thresholds, the biases and the scores for people, in per cent."""
    lines = [f"{'relation type':32}{'threshold':>10}"]
    lines += [f"{name:32}{100 * value:10.1f}" for name, value in run.rule.relation_thresholds.items()]
    lines += ["", "These take the place of none_bias and of the threshold for all types.", ""]
    lines += [f"{'label':32}{'bias':>10}"]
    lines += [f"{name:32}{value:+10.3f}" for name, value in run.rule.label_biases.items()]
    lines += [
        "",
        f"{f'F1 of {run.documents} documents':32}" + "".join(f"{LEVEL_NAMES[level]:>21}" for level in LEVEL_NAMES),
    ]
    for name, counts in run.counts.items():
        lines.append(f"{name:32}" + "".join(f"{100 * found.f1:21.2f}" for found in counts.values()))
    return "\n".join(lines)


def config_file(folder: Path) -> Path:
    """The config.json of a checkpoint.

    Raises:
        SettingError: the model is not in a folder here.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise SettingError(f"{folder}: no folder with a config.json; save the model into one to store thresholds")
    return path


def store_rule(run: CalibrationRun, folder: Path) -> None:
    """Writes the rule into the config.json of a checkpoint, whole or not at all.

    Raises:
        SettingError: the model is not in a folder here.
    """
    path = config_file(folder)
    config = json.loads(path.read_text(encoding="utf-8"))
    config["none_bias"] = run.rule.none_bias
    config["relation_thresholds"] = dict(run.rule.relation_thresholds)
    config["label_biases"] = dict(run.rule.label_biases)
    config["calibrated_on"] = run.calibrated_on
    write_atomic(path, json.dumps(config, indent=2, sort_keys=True) + "\n")
