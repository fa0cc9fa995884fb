"""The figures of several systems as tables for people, in per cent."""

from collections.abc import Mapping, Sequence
from typing import Any

from biodir.evaluation.counting import short_names
from biodir.evaluation.scores import FIGURES, is_without_gold
from biodir.evaluation.tables import (
    GROUPS,
    HEADINGS,
    LEVEL_NAMES,
    LINE_CHARS,
    counting_line,
    difference_cells,
    note_lines,
    scored_line,
    share_cell,
    threshold_line,
)
from biodir.labels_biodir import LEVELS

# Differences with a smaller corrected p-value are marked.
SIGNIFICANT = 0.05
_NAME_CHARS = 44


def systems_table(report: Mapping[str, Any]) -> str:
    """Return the main figures of `systems_report`: levels with intervals, tests of every two, F1 of each group."""
    names = list(report["systems"])
    heading = f"{scored_line(report)}, {len(names)} systems"
    parts = [
        f"{heading}\n{counting_line(report['counting'])}{threshold_line(report)}",
        levels_table(report),
        comparisons_table(report),
        *(groups_table(report, key, name) for key, name in GROUPS.items()),
        f"* F1 differs from that of {names[0]}, p < {SIGNIFICANT:g} (Holm's correction over the table)",
        *note_lines(report),
    ]
    return "\n\n".join(parts)


def levels_table(report: Mapping[str, Any]) -> str:
    """Return precision, recall and F1 of each system at each level, F1 with its interval."""
    heading = "".join(f"{cell:>7}" for cell in HEADINGS)
    lines = [f"{'level':{_NAME_CHARS}}{heading}  {100 * report['confidence']:g} % of F1"]
    for level in LEVELS:
        lines.append(LEVEL_NAMES[level])
        for name, of_system in report["systems"].items():
            figures = of_system[level]
            if figures is None:
                lines.append(f"  {cut_start(name):{_NAME_CHARS - 2}}  not annotated in gold")
                continue
            shares = "".join(f"{share_cell(figures, share):>7}" for share in FIGURES)
            counts = "".join(f"{figures[count]:7}" for count in ("tp", "fp", "fn"))
            low, high = (100 * bound for bound in of_system["intervals"][level]["f1"])
            interval = "none in gold" if is_without_gold(figures) else f"{low:.2f} to {high:.2f}"
            lines.append(f"  {cut_start(name):{_NAME_CHARS - 2}}{shares}{counts}  {interval}")
    return "\n".join(lines)


def comparisons_table(report: Mapping[str, Any]) -> str:
    """Return the difference in F1 of every two systems at each level, in points."""
    lines = [f"{'F1 of the first minus the second':60}{'points':>8}{'interval':>20}{'p':>9}{'p, Holm':>9}"]
    for level in LEVELS:
        tests = [(each, each[level]) for each in report["comparisons"] if each[level] is not None]
        lines += [LEVEL_NAMES[level]] if tests else []
        for each, found in tests:
            names = f"{cut_start(each['first'], 28)} - {cut_start(each['second'], 27)}"
            lines.append(f"  {names:58}{difference_cells(found, ('p_value', 'p_corrected'))}")
    return "\n".join(lines)


def groups_table(report: Mapping[str, Any], key: str, name: str) -> str:
    """Return F1 with type, and with type and direction, of each system in each group, and the number of gold."""
    names = list(report["systems"])
    labels = {group: short_names(group) for group in report[key]}
    chars = max(map(len, [name, *labels.values()]))
    room = (LINE_CHARS - chars - 6) // len(names)
    width = max(18, min(30, room, max(map(len, names)) + 2))
    lines = [
        f"{name:{chars}}{'gold':>6}" + "".join(f"{cut_start(each, width - 2):>{width}}" for each in names),
        f"{'':{chars}}{'':>6}" + f"{'F1':>{width - 8}}{'+ dir':>8}" * len(names),
    ]
    for group, part in report[key].items():
        found = [report["systems"][each][key].get(group) for each in names]
        gold = next(each["tp"] + each["fn"] for each in found if each is not None)
        marks = _marks(part["comparisons"], names)
        cells = "".join(
            f"{_f1(each) + mark:>{width - 8}}{_f1(each and each['relation_type_direction']):>8}"
            for each, mark in zip(found, marks, strict=True)
        )
        lines.append(f"{labels[group]:{chars}}{gold:6}{cells}")
    return "\n".join(lines)


def _marks(comparisons: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """Return a star for each system that differs from the first one, else a space."""
    differing = {
        each["second"]
        for each in comparisons
        if each["first"] == names[0] and each["relation_type"]["p_corrected"] < SIGNIFICANT
    }
    return ["*" if name in differing else " " for name in names]


def _f1(figures: Mapping[str, Any] | None) -> str:
    return "-" if figures is None else share_cell(figures, "f1")


def cut_start(name: str, chars: int = _NAME_CHARS - 2) -> str:
    """Return the end of a name that is too long for its column, with dots before it."""
    return name if len(name) <= chars else f"...{name[3 - chars :]}"
