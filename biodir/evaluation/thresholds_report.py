"""A search for thresholds, from the pipeline to config.json: what `biodir calibrate` does."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError, SettingError, suggestion
from biodir.evaluation.checks import compared_documents
from biodir.evaluation.model_scores import pair_logits, processed_documents
from biodir.evaluation.scores import Counts
from biodir.evaluation.tables import LEVEL_NAMES
from biodir.evaluation.thresholds import cross_fitted_counts, fingerprints, found_rule, neutral_rule, rule_counts
from biodir.files import write_atomic
from biodir.pipeline_decoding_biodir import DecodingRule
from biodir.processing_biodir import make_processor

if TYPE_CHECKING:
    from biodir.pipeline_extraction_biodir import RelationExtraction


@dataclass(frozen=True)
class CalibrationRun:
    """The rule that was found, and the documents it was found on; `counts` maps a rule's name to level -> counts.

    >>> rule = DecodingRule({"relation": ["None", "Bind"]}, "Bind", 0.5, 0.0, relation_thresholds={"Bind": 0.42})
    >>> run = CalibrationRun(rule, 1, ["6b86b273"], {"found here": {"all": Counts(tp=1)}})
    >>> thresholds_table(run).splitlines()[1].split()
    ['Bind', '42.0']
    """

    rule: DecodingRule
    documents: int
    calibrated_on: list[str]
    counts: dict[str, dict[str, Counts]]


def calibration_run(
    extract: "RelationExtraction",
    documents: Sequence[Document],
    progress: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> CalibrationRun:
    """Return thresholds and biases for the pipeline's model, with the scores of the documents before and after.

    Raises:
        AnnotationError: a document's entity or relation types are not those of the model, a document or a relation
            occurs twice, or the documents are too few.
        SettingError: the model has no relation head.
    """
    compared_documents(documents, documents)  # bad documents are found before the model runs
    config = extract.config
    _check_types(documents, config.relation_labels)
    processor = make_processor(extract.tokenizer, config)
    data = processed_documents([extract.check_document(document) for document in documents], processor)
    logits = pair_logits(extract.forward, data, processor, config.token_budget, progress)
    rule = DecodingRule.from_config(config)
    found = found_rule(data, logits, rule)
    counts = {
        "the paper's rule": rule_counts(data, logits, neutral_rule(rule)),
        "as configured": rule_counts(data, logits, rule),
        "found here": rule_counts(data, logits, found),
        "found on other documents": cross_fitted_counts(data, logits, rule),
    }
    return CalibrationRun(found, len(data.documents), fingerprints(data.documents), counts)


def _check_types(documents: Sequence[Document], relation_labels: Sequence[str]) -> None:
    if not relation_labels:
        raise SettingError("the model has no relation head, so that there are no thresholds of relation types to find")
    for document in documents:
        for relation in document.relations:
            if relation.relation_type not in relation_labels[1:]:
                raise AnnotationError(
                    f"document {document.id} has the relation type {relation.relation_type!r}, which the model cannot "
                    f"predict; {suggestion(relation.relation_type, relation_labels[1:])}"
                )


def thresholds_table(run: CalibrationRun) -> str:
    """Return the thresholds, the biases and the scores for people, in per cent."""
    lines = [f"{'relation type':32}{'threshold':>10}"]
    lines += [f"{name:32}{100 * value:10.1f}" for name, value in run.rule.relation_thresholds.items()]
    lines += ["", "These replace none_bias and the threshold for all types.", ""]
    lines += [f"{'label':32}{'bias':>10}"]
    lines += [f"{name:32}{value:+10.3f}" for name, value in run.rule.label_biases.items()]
    lines += ["", f"{f'F1 of {run.documents} documents':32}" + "".join(f"{name:>21}" for name in LEVEL_NAMES.values())]
    for name, counts in run.counts.items():
        lines.append(f"{name:32}" + "".join(f"{100 * found.f1:21.2f}" for found in counts.values()))
    return "\n".join(lines)


def config_file(folder: Path) -> Path:
    """Return the config.json of a checkpoint.

    Raises:
        SettingError: the model is not in a folder here.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise SettingError(f"{folder}: no folder with a config.json; save the model into one to store thresholds")
    return path


def store_rule(run: CalibrationRun, folder: Path) -> None:
    """Write the rule into the config.json of a checkpoint, atomically."""
    path = config_file(folder)
    config = json.loads(path.read_text(encoding="utf-8"))
    config |= {name: getattr(run.rule, name) for name in ("none_bias", "relation_thresholds", "label_biases")}
    config["calibrated_on"] = run.calibrated_on
    write_atomic(path, json.dumps(config, indent=2, sort_keys=True) + "\n")
