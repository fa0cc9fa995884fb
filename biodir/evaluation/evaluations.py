"""An evaluation from file or model to report: what `biodir evaluate` does between its options and its output."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import ErrorPolicy, SettingError, located
from biodir.evaluation.checks import compared_documents, prediction_notes, unpredicted_notes
from biodir.evaluation.counting import EVERYTHING, Counting
from biodir.evaluation.intervals import Resampling
from biodir.evaluation.mentions import check_mentions, with_shared_types
from biodir.evaluation.plain_text_report import plain_text_comparison, plain_text_report, with_plain_text
from biodir.evaluation.predictions import (
    MENTIONS_ADVICE,
    check_relations,
    checked_gold,
    found_documents,
    predicted_documents,
    with_sure_directions,
)
from biodir.evaluation.report import comparison_report, evaluation_report
from biodir.evaluation.thresholds import calibrated_documents
from biodir.labels_biodir import LEVELS

TUNED_NOTE = "the model was calibrated on {} of these {} documents; report the scores of others"


@dataclass(frozen=True)
class Evaluation:
    """A report, and the documents that it is about.

    Args:
        report: what `evaluation_report`, `with_plain_text` or `plain_text_report` returns.
        gold, predicted: the documents that were compared.
        resampling: how the intervals were drawn.
        labels: task -> labels of the model that predicted, if it was one.
        counting: which relations were counted.

    >>> Evaluation({}, [], [], Resampling()).has_relations
    False
    """

    report: dict[str, Any]
    gold: list[Document]
    predicted: list[Document]
    resampling: Resampling
    labels: Mapping[str, Sequence[str]] | None = None
    counting: Counting = EVERYTHING

    @property
    def has_relations(self) -> bool:
        """Whether relations between gold's entities were scored."""
        return "entity_pair" in self.report


def evaluate_predictions(
    name: Path,
    predicted: Sequence[Document],
    gold: Sequence[Document],
    resampling: Resampling,
    plain_text: bool = False,
    counting: Counting = EVERYTHING,
) -> Evaluation:
    """Return the evaluation of the predictions of a file.

    Args:
        name: of the file, for messages.
        predicted: as `read_predictions` returns them.
        gold: the documents to compare with.
        resampling: how the intervals are drawn.
        plain_text: whether the mentions of the file were found in plain texts, and its identifiers are not gold's.
        counting: which relations are counted; of plain texts all.

    Raises:
        BioDirError: as `check_mentions` does.
    """
    _check_counting(counting, plain_text)
    if not plain_text:
        report = evaluation_report(gold, predicted, resampling, counting=counting)
        return Evaluation(report, list(gold), list(predicted), resampling, counting=counting)
    with located(str(name)):
        check_mentions(gold, predicted)
    gold, predicted = with_shared_types(gold, predicted)
    return Evaluation(plain_text_report(gold, predicted, resampling), gold, predicted, resampling)


def evaluate_model(
    extract: Any,
    gold: Sequence[Document],
    policy: ErrorPolicy,
    resampling: Resampling,
    plain_text: bool | None = None,
    progress: Callable[[Iterable[Document]], Iterable[Document]] = iter,
    counting: Counting = EVERYTHING,
    min_direction_score: float | None = None,
    place: str = "gold",
) -> Evaluation:
    """Return the evaluation of a model: with gold's mentions, and on the plain texts.

    Args:
        extract: the pipeline of the model.
        gold, policy: as for `checked_gold`.
        resampling: how the intervals are drawn.
        plain_text: whether the mentions are found in the plain texts, too; None for whether the model has a tagger.
        progress: wraps the documents of each pass, such as a progress bar.
        counting: which relations are counted; if not all, plain texts are not scored.
        min_direction_score: see `with_sure_directions`.
        place: the file of gold, for messages.

    Raises:
        BioDirError: the model cannot do what is asked, or does not take a document.
    """
    config = extract.config
    types = [label.removeprefix("B-") for label in config.tagger_labels if label.startswith("B-")]
    _check_counting(counting, bool(plain_text))
    plain_text = bool(types) and counting.is_complete if plain_text is None else plain_text
    _check_abilities(config, plain_text)
    gold = checked_gold(extract.check_document, gold, policy, place)
    if not plain_text:
        check_relations(gold, place, MENTIONS_ADVICE)
    relates = bool(config.tasks) and any(document.relations for document in gold)
    evaluation = Evaluation({}, gold, [], resampling, config.labels, counting)
    if relates:
        predicted = with_sure_directions(predicted_documents(extract, gold, progress), min_direction_score)
        report = evaluation_report(gold, predicted, resampling, config.labels, config.pair_types, counting)
        if tuned := calibrated_documents(gold, config.calibrated_on):
            report["notes"].append(TUNED_NOTE.format(tuned, len(gold)))
        evaluation = replace(evaluation, report=report, predicted=predicted)
    if not plain_text:
        return evaluation
    found = with_sure_directions(found_documents(extract, gold, progress), min_direction_score)
    plain = plain_text_report(gold, found, resampling, config.labels, types, relates)
    if relates:
        return replace(evaluation, report=with_plain_text(evaluation.report, plain))
    return replace(evaluation, report=plain, predicted=found)


def _check_counting(counting: Counting, plain_text: bool) -> None:
    if plain_text and not counting.is_complete:
        raise SettingError(
            "--pair-types and --protocol choose among relations of gold's entities, not of those found in plain texts; "
            "leave out --plain-text"
        )


def _check_abilities(config: Any, plain_text: bool) -> None:
    if plain_text and not config.tagger_labels:
        raise SettingError(
            f"{config.name_or_path}: the model has no tagger, so it finds no mentions in plain texts; train one with "
            "`train.py --tasks mentions`, or leave out --plain-text"
        )
    if not (plain_text or config.tasks):
        raise SettingError(
            f"{config.name_or_path}: the model is a tagger without relations, so only its mentions can be scored; "
            "leave out --no-plain-text"
        )


def with_thresholds(report: Mapping[str, Any], min_direction_score: float | None) -> dict[str, Any]:
    """Return a report of any kind with ``thresholds``: the least scores that were applied to the predictions."""
    return {**report, "thresholds": {"min_direction_score": min_direction_score}}


def with_comparison(evaluation: Evaluation, other: Sequence[Document], name: Path) -> Evaluation:
    """Return the evaluation with the comparison with another system's predictions in its report, and notes on them."""
    names = {document.id for document in evaluation.gold}  # a model may have left out documents
    other = [document for document in other if document.id in names]
    gold, report, labels = evaluation.gold, evaluation.report, evaluation.labels
    pairs = compared_documents(gold, other, labels)
    relates = evaluation.has_relations or report["end_to_end"]
    notes = [f"{name}: {note}" for note in [*prediction_notes(pairs), *(unpredicted_notes(pairs) if relates else ())]]
    if evaluation.has_relations:
        settings = evaluation.resampling, labels, evaluation.counting
        comparison = comparison_report(gold, evaluation.predicted, other, *settings)
    else:
        with located(str(name)):
            check_mentions(gold, other)
        levels = LEVELS if relates else ()
        comparison = plain_text_comparison(gold, evaluation.predicted, other, evaluation.resampling, labels, levels)
    return replace(evaluation, report={**report, "notes": [*report["notes"], *notes], "comparison": comparison})
