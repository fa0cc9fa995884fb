"""The figures of an evaluation as tables for people, in per cent."""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import Any

from biodir.errors_biodir import plural
from biodir.evaluation.checks import STRANGERS, UNPREDICTED
from biodir.evaluation.scores import FIGURES, is_without_gold
from biodir.labels_biodir import LEVELS

LEVEL_NAMES = {
    "entity_pair": "entity pair",
    "relation_type": "+ type",
    "relation_type_novelty": "+ type and novelty",
    "relation_type_direction": "+ type and direction",
    "all": "all",
}
GROUPS = {
    "by_type": "relation type",
    "by_pair_type": "pair type",
    "by_distance": "sentence distance",
    "by_length": "document length",
}
# Length of lines, if the columns fit.
LINE_CHARS = 100
HEADINGS = ("P", "R", "F1", "TP", "FP", "FN")


def report_table(report: Mapping[str, Any]) -> str:
    """Return the main figures of `evaluation_report`, `with_plain_text` or `plain_text_report`, in per cent."""
    if "entity_pair" not in report:
        heading = f"{plural(report['documents'], 'document')}{threshold_line(report)}"
        return "\n\n".join([heading, *plain_text_tables(report), *note_lines(report)])
    types = plural(len(report["by_type"]), "relation type")
    macro = wrapped(f"macro F1 over {types}: {_listed(report['macro'])}")
    parts = [
        f"{scored_line(report)}\n{counting_line(report['counting'])}{threshold_line(report)}",
        level_table(report),
        *note_lines(report, beside=True),
        *((macro, candidate_line(report)) if report["pairs"] else ()),
        *(plain_text_tables(report) if "mentions" in report else ()),
        *(group_table(report, key, name) for key, name in GROUPS.items()),
        calibration_table(report),
        *note_lines(report),
    ]
    return "\n\n".join(part for part in parts if part)


def scored_line(report: Mapping[str, Any]) -> str:
    """Return how many documents and related pairs are scored."""
    return f"{plural(report['documents'], 'document')}, {plural(report['pairs'], 'related pair')}"


def note_lines(report: Mapping[str, Any], beside: bool = False) -> list[str]:
    """Return the notes of a report, each in lines of LINE_CHARS.

    Args:
        beside: return those that stand right below the table of levels: on a novelty or direction that no prediction
            has, and, where no pair is right, on relations of entities that gold does not mention, the likely reason.
    """
    has_levels, is_zero = "entity_pair" in report, report.get("entity_pair", {}).get("tp") == 0

    def is_beside(note: str) -> bool:
        return (has_levels and note.startswith(UNPREDICTED)) or (is_zero and STRANGERS in note)

    return [wrapped(f"note: {note}") for note in report["notes"] if is_beside(note) == beside]


def wrapped(text: str) -> str:
    """Return the text in lines of LINE_CHARS; words, such as names of files and options, are not cut."""
    return fill(text, LINE_CHARS, break_on_hyphens=False, break_long_words=False)


def counting_line(counting: Mapping[str, Any]) -> str:
    """Return which relations are counted, and how many are not, of one system or of each; in lines of LINE_CHARS."""
    gold, predicted = (counting["not_counted"][side] for side in ("gold", "predicted"))
    if counting["counted_pair_types"] is None:
        return str(counting["description"])
    each = ", ".join(f"{count} of {name}" for name, count in predicted.items()) if isinstance(predicted, dict) else ""
    line = f"{counting['description']}; left out: {gold} of gold, {each or f'{predicted} predicted'}"
    return wrapped(line)


def threshold_line(report: Mapping[str, Any]) -> str:
    """Return a line break and which least scores were applied to the predictions; empty where there were none."""
    least = report.get("thresholds", {}).get("min_direction_score")
    return "" if least is None else f"\nthresholds: directions with a score below {least:g} count as left open"


def plain_text_tables(report: Mapping[str, Any]) -> list[str]:
    """Return the table of the mentions and, where there are relations, that of the levels end to end."""
    tables, found = [mention_table(report["mentions"])], report["end_to_end"]
    if found:
        entities = found["entities"]
        tables += [
            level_table(found, "end to end"),
            f"{entities['matched']} of {entities['predicted']} predicted entities are matched to gold's, to "
            f"{entities['found']} of {entities['gold']}",
        ]
    return tables


def mention_table(figures: Mapping[str, Any]) -> str:
    """Return precision, recall and F1 of the mentions, together and of each entity type, F1 with its interval."""
    lines = [_row("mentions", HEADINGS) + _interval_heading(figures["intervals"])]
    for name, found in {"all types": figures, **figures["by_type"]}.items():
        lines.append(_figure_row(name, found, found["intervals"]))
    return "\n".join(lines)


def level_table(report: Mapping[str, Any], name: str = "level") -> str:
    """Return precision, recall and F1 of each level, F1 with its interval and, where known, its share of another F1."""
    intervals, shares = report["intervals"], report.get("share_of_f1")
    heading = _row(name, HEADINGS) + _interval_heading(intervals)
    lines = [heading + "  of F1 with gold mentions" if shares else heading]
    for level in LEVELS:
        if report[level] is None:
            lines.append(f"{LEVEL_NAMES[level]:44}  not annotated in gold")
            continue
        line = _figure_row(LEVEL_NAMES[level], report[level], intervals[level])
        if shares:
            line += f"{'-' if shares[level] is None else f'{100 * shares[level]:.1f} %':>24}"
        lines.append(line)
    return "\n".join(lines)


def _interval_heading(intervals: Mapping[str, Any]) -> str:
    return f"  {100 * intervals['confidence']:g} % of F1"


def candidate_line(report: Mapping[str, Any]) -> str:
    """Return the scores over candidate pairs only, where they differ from those over all pairs."""
    everywhere, candidates = (part["entity_pair"] for part in (report, report["candidates_only"]))
    fewer = everywhere["tp"] + everywhere["fn"] - candidates["tp"] - candidates["fn"]
    if not fewer:
        return "every gold pair is a candidate"
    none = f"{plural(fewer, 'gold pair')} that {'is' if fewer == 1 else 'are'} none"
    return wrapped(f"F1 over candidate pairs only, without {none}: {_listed(report['candidates_only'])}")


def group_table(report: Mapping[str, Any], key: str, name: str) -> str:
    """Return the figures with type of each group, with F1 with direction beside them."""
    lines = [_row(name, HEADINGS) + f"{'+ dir F1':>10}"]
    for group, figures in report[key].items():
        direction = figures["relation_type_direction"]
        cell = "-" if direction is None else share_cell(direction, "f1")
        lines.append(_figure_row(group, figures) + f"{cell:>10}")
    return "\n".join(lines)


def calibration_table(report: Mapping[str, Any]) -> str:
    """Return how well the scores of each head match how often it is right; empty where there are no scores."""
    if not report["calibration"]:
        return ""
    lines = [f"{'scores of the head':44}{'number':>8}{'mean':>8}{'right':>8}{'ECE':>8}"]
    for head, found in report["calibration"].items():
        filled = [each for each in found["bins"] if each["predictions"]]
        mean, right = (
            sum(each["predictions"] * each[field] for each in filled) / found["predictions"]
            for field in ("mean_score", "share_right")
        )
        shares = "".join(f"{100 * share:8.2f}" for share in (mean, right, found["expected_calibration_error"]))
        lines.append(f"{head:44}{found['predictions']:8}{shares}")
    return "\n".join(lines)


def comparison_table(comparison: Mapping[str, Any]) -> str:
    """Return the differences in F1 of two systems, in points."""
    lines = [f"{'F1 minus that of the other':32}{'points':>8}{'interval':>20}{'p':>9}"]
    for level, name in {"mentions": "mentions", **LEVEL_NAMES}.items():
        found = comparison.get(level)
        if found is not None:
            lines.append(f"{name:32}{difference_cells(found)}")
    return "\n".join(lines)


def difference_cells(found: Mapping[str, Any], p_values: Sequence[str] = ("p_value",)) -> str:
    """Return a difference of `compared_f1` in points, its interval and its p-values; dashes without gold."""
    if not found["gold"]:
        return f"{'-':>8}{'-':>20}" + f"{'-':>9}" * len(p_values)
    low, high = (100 * bound for bound in found["interval"])
    interval = f"{low:.2f} to {high:.2f}"
    return f"{100 * found['difference']:8.2f}{interval:>20}" + "".join(f"{found[name]:9.4f}" for name in p_values)


def _listed(levels: Mapping[str, Any]) -> str:
    """Return F1 of each level that gold annotates."""
    known = {level: figures for level, figures in levels.items() if figures is not None}
    return ", ".join(f"{LEVEL_NAMES[level]} {share_cell(figures, 'f1')}" for level, figures in known.items())


def _row(name: str, cells: Iterable[str]) -> str:
    return f"{name:44}" + "".join(f"{cell:>7}" for cell in cells)


def _figure_row(name: str, figures: Mapping[str, float], bounds: Mapping[str, Sequence[float]] | None = None) -> str:
    """Return the row of a table; with the interval of F1 if there are bounds. Without gold it has no shares."""
    shares = (share_cell(figures, share) for share in FIGURES)
    row = _row(name, (*shares, *(str(figures[count]) for count in ("tp", "fp", "fn"))))
    if is_without_gold(figures):
        return f"{row}  none in gold" if bounds else row
    low, high = bounds["f1"] if bounds else (0.0, 0.0)
    return f"{row}  {100 * low:.2f} to {100 * high:.2f}" if bounds else row


def share_cell(figures: Mapping[str, float], name: str) -> str:
    """Return a share in per cent; a dash where gold has nothing to find."""
    return "-" if is_without_gold(figures) else f"{100 * figures[name]:.2f}"
