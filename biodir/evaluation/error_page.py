"""An error analysis as one HTML page that needs nothing but itself."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document, Relation
from biodir.document_sentences_biodir import sentence_spans
from biodir.errors_biodir import SettingError
from biodir.evaluation.error_analysis import NO_RELATION, Confusion, ErrorAnalysis, PairCounts, direction_of
from biodir.evaluation.error_categories import CATEGORIES, WHAT, WHERE, PairComparison, PairEntity
from biodir.evaluation.tables import LEVEL_NAMES
from biodir.labels_biodir import (
    CELL_LINE,
    CHEMICAL,
    DISEASE,
    ENTITY1_IS_SUBJECT,
    ENTITY2_IS_SUBJECT,
    GENE,
    SPECIES,
    UNDIRECTED,
    VARIANT,
)

TEMPLATE = "error_page.html.j2"
SHORT_TYPES = {
    GENE: "gene",
    DISEASE: "disease",
    CHEMICAL: "chemical",
    VARIANT: "variant",
    SPECIES: "species",
    CELL_LINE: "cell line",
}
NO_MENTION = "no mention"
# From this distance on, pairs stand in one group.
FAR_SENTENCES = 4
DISTANCE_TITLES = {"0": "same sentence", "1": "1 sentence apart", "4+": "4 or more apart", NO_MENTION: NO_MENTION}
LABEL_TITLES = {
    NO_RELATION: "no relation",
    ENTITY1_IS_SUBJECT: "1 \N{RIGHTWARDS ARROW} 2",
    ENTITY2_IS_SUBJECT: "2 \N{RIGHTWARDS ARROW} 1",
    UNDIRECTED: "undirected",
}


@dataclass(frozen=True)
class FilterOption:
    """A value that a filter can ask for.

    Args:
        part_of: the value of the wider option that it is a part of, if any.
    """

    value: str
    title: str
    explanation: str = ""
    part_of: str = ""


@dataclass(frozen=True)
class Filter:
    """A group of options, one of which has to hold where any is chosen; `key` names it in the page's address."""

    key: str
    title: str
    options: tuple[FilterOption, ...]
    is_open: bool = False


@dataclass(frozen=True)
class ConfusionTable:
    """A confusion of labels with what the page says about it; the keys name the filters that a cell sets."""

    title: str
    note: str
    confusion: Confusion
    gold_key: str
    predicted_key: str


@dataclass(frozen=True)
class GroupTable:
    """How groups of pairs fared; `key` names the filter that a row sets."""

    title: str
    key: str
    groups: dict[str, PairCounts]


def write_error_page(
    analysis: ErrorAnalysis,
    path: str | os.PathLike[str],
    gold_name: str = "gold",
    predicted_name: str = "predictions",
) -> None:
    """Nothing; the page is in the file, which is made anew.

    Args:
        gold_name, predicted_name: what the page calls the two sides, such as the names of their files.

    Raises:
        SettingError: jinja2 is not installed, or the file cannot be written.
    """
    page = error_page(analysis, gold_name, predicted_name)
    try:
        # A surrogate in a label has no UTF-8 form; those in texts are escaped already.
        Path(path).write_text(page, encoding="utf-8", errors="xmlcharrefreplace", newline="\n")
    except OSError as error:
        raise SettingError(
            f"{os.fspath(path)}: cannot be written ({error.strerror}); name a file in a folder that you can write to"
        ) from error


def error_page(analysis: ErrorAnalysis, gold_name: str, predicted_name: str) -> str:
    """The HTML of the page."""
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise SettingError(
            "the error page: jinja2 is not installed; install it with: pip install 'biodir[data]'"
        ) from error
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["title_of"] = _title_of
    return environment.get_template(TEMPLATE).render(
        gold_name=gold_name,
        predicted_name=predicted_name,
        analysis=analysis,
        category_counts=analysis.category_counts(),
        categories=CATEGORIES,
        level_names=LEVEL_NAMES,
        confusions=_confusion_tables(analysis),
        group_tables=_group_tables(analysis),
        filters=_filters(analysis),
        page_data=_page_data(analysis),
    )


def _confusion_tables(analysis: ErrorAnalysis) -> tuple[ConfusionTable, ...]:
    return (
        ConfusionTable(
            "Relation types",
            "Rows are gold, columns are predicted. Last row: spurious; last column before the sums: missed.",
            analysis.type_confusion(),
            "gold",
            "predicted",
        ),
        ConfusionTable(
            "Directions",
            "An arrow points from subject to object. Entity 1 is the one whose type comes first in the alphabet; of "
            "two of one type, the one mentioned first.",
            analysis.direction_confusion(),
            "gold_direction",
            "predicted_direction",
        ),
    )


def _group_tables(analysis: ErrorAnalysis) -> tuple[GroupTable, ...]:
    return (
        GroupTable("By entity types", "pair_type", analysis.groups(_pair_type)),
        GroupTable("By distance", "distance", analysis.groups(_distance)),
    )


def _filters(analysis: ErrorAnalysis) -> tuple[Filter, ...]:
    types, directions = analysis.type_confusion().labels, analysis.direction_confusion().labels
    return (
        Filter("what", "What is wrong", _category_options(WHAT), is_open=True),
        Filter("where", "What makes it hard", _category_options(WHERE), is_open=True),
        Filter("gold", "Gold type", _options(types)),
        Filter("predicted", "Predicted type", _options(types)),
        Filter("pair_type", "Entity types", _options(sorted({_pair_type(pair) for pair in analysis.errors}))),
        Filter("distance", "Distance", _options(sorted({_distance(pair) for pair in analysis.errors}))),
        Filter("gold_direction", "Gold direction", _options(directions)),
        Filter("predicted_direction", "Predicted direction", _options(directions)),
    )


def _category_options(group: str) -> tuple[FilterOption, ...]:
    return tuple(
        FilterOption(category.name, category.title, category.explanation, category.part_of or "")
        for category in CATEGORIES
        if category.group == group
    )


def _options(values: Iterable[str]) -> tuple[FilterOption, ...]:
    return tuple(FilterOption(value, _title_of(value)) for value in values)


def _title_of(value: str) -> str:
    """A label as the page shows it."""
    if value.isdecimal() and value not in DISTANCE_TITLES:
        return f"{value} sentences apart"
    return DISTANCE_TITLES.get(value) or LABEL_TITLES.get(value) or value.replace("_", " ")


def _pair_type(pair: PairComparison) -> str:
    """The types of both entities in short, in the order of the pair, such as ``"chemical - gene"``."""
    return " - ".join(_short_type(entity) for entity in (pair.entity1, pair.entity2))


def _short_type(entity: PairEntity) -> str:
    return SHORT_TYPES.get(entity.entity_type, entity.entity_type) or NO_MENTION


def _distance(pair: PairComparison) -> str:
    if pair.sentence_distance is None:
        return NO_MENTION
    return str(pair.sentence_distance) if pair.sentence_distance < FAR_SENTENCES else f"{FAR_SENTENCES}+"


# What the page's script reads; its names are those that error_page.js.j2 uses.


def _page_data(analysis: ErrorAnalysis) -> dict[str, Any]:
    """The errors, and each document that has one."""
    errors = analysis.errors
    wanted = {error.document_id for error in errors}
    return {
        "documents": {
            document.id: _document_data(document) for document in analysis.documents if document.id in wanted
        },
        "errors": [_error_data(error) for error in errors],
    }


def _document_data(document: Document) -> dict[str, Any]:
    """Offsets count characters; the script counts the same way, not in UTF-16 units."""
    return {
        "text": document.text,
        "sentences": sentence_spans(document),
        "passages": [part.start_char for part in document.passages],
        "mentions": [[mention.start_char, mention.end_char, mention.identifiers] for mention in document.mentions],
    }


def _error_data(error: PairComparison) -> dict[str, Any]:
    names = set(error.categories)
    return {
        "document": error.document_id,
        "entities": [
            {"id": entity.identifier, "name": entity.name, "type": _short_type(entity)}
            for entity in (error.entity1, error.entity2)
        ],
        "evidence": error.evidence,
        "what": [category.name for category in CATEGORIES if category.name in names and category.group == WHAT],
        "where": [category.name for category in CATEGORIES if category.name in names and category.group == WHERE],
        "pair_type": [_pair_type(error)],
        "distance": [_distance(error)],
        "statements": [
            {
                "gold": _relation_data(error, statement.gold),
                "predicted": _relation_data(error, statement.predicted),
            }
            for statement in error.statements
        ],
    }


def _relation_data(pair: PairComparison, relation: Relation | None) -> dict[str, Any] | None:
    if relation is None:
        return None
    scores = (relation.relation_score, relation.direction_score, relation.novelty_score)
    return {
        "type": relation.relation_type,
        "direction": direction_of(pair, relation),
        "novelty": relation.novelty,
        "scores": [None if score is None else round(score, 4) for score in scores],
    }
