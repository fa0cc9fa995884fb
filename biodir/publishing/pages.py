"""Writes the scores of plain text into the pages for people, between two marks."""

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from biodir.evaluation.tables import LEVEL_NAMES
from biodir.publishing.errors import PublishError

README, EVALUATION = "README.md", "docs/evaluation.md"
START, END = "<!-- scripts/write_model_card.py writes these scores -->", "<!-- end of these scores -->"
# As long as the lines of the pages are.
WIDTH = 120


def page_texts(checkout: Path, test: Mapping[str, Any]) -> dict[str, str]:
    """Return path in the checkout -> text of each page that has scores of plain text, as `test` gives them.

    Args:
        test: the report of `biodir evaluate --json` on the checkpoint.

    Raises:
        PublishError: a page lacks the marks.
    """
    parts = {README: scores_sentence(test), EVALUATION: scores_tables(test)}
    return {
        name: with_part((checkout / name).read_text(encoding="utf-8"), part, name)
        for name, part in parts.items()
        if (checkout / name).is_file()
    }


def with_part(page: str, part: str, name: str) -> str:
    """Return the page with the part between the marks."""
    found = re.compile(f"{re.escape(START)}\n.*?{re.escape(END)}", re.DOTALL)
    if len(found.findall(page)) != 1:
        raise PublishError(f"{name}: needs the line {START} once, and after it {END}; the scores go between them")
    return found.sub(lambda _: f"{START}\n{part}\n{END}", page)


def scores_sentence(test: Mapping[str, Any]) -> str:
    """Return F1 of mentions and relations in a sentence."""
    found = test["end_to_end"]
    sentence = (
        f"From the plain text of the test documents, F1 is {_percent(test['mentions']['f1'])} for mentions (exact span "
        f"and type); for relations between these, {_percent(found['entity_pair']['f1'])} for the pair, "
        f"{_percent(found['relation_type']['f1'])} with type and {_percent(found['relation_type_direction']['f1'])} "
        f"with type and direction."
    )
    return textwrap.fill(sentence, WIDTH)


def scores_tables(test: Mapping[str, Any]) -> str:
    """Return the table of mentions by type and that of relations by level."""
    mentions, found = test["mentions"], test["end_to_end"]
    levels = {name: {**found[level], "intervals": found["intervals"][level]} for level, name in LEVEL_NAMES.items()}
    by_type = {"all types": mentions, **mentions["by_type"]}
    return f"{_table('mentions', by_type)}\n\n{_table('relations from plain text', levels)}"


def _table(heading: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [f"| {heading} | P | R | F1 | 95 % of F1 |", "|---|---|---|---|---|"]
    for name, found in rows.items():
        low, high = found["intervals"]["f1"]
        cells = [name, *(_percent(found[key]) for key in ("precision", "recall", "f1"))]
        lines.append(f"| {' | '.join(cells)} | {_percent(low)} to {_percent(high)} |")
    return "\n".join(lines)


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"
