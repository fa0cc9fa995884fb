"""The report on directions as tables for people, in per cent, in lines of at most 100 characters."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from biodir.evaluation.counting import short_names
from biodir.evaluation.direction_rules import FIRST, SHARES, TYPES, WORDS
from biodir.evaluation.systems_tables import cut_start


def direction_tables(report: Mapping[str, Any]) -> str:
    """Return the figures of `direction_report` for a terminal; empty where there are none."""
    if not report:
        return ""
    parts = [
        annotation_table(
            report["training"] or report["annotated"], "the training documents" if report["training"] else "gold"
        ),
        accuracy_table(report["right_type"]),
        accuracy_of_rules_table(report["right_type"]),
        calibration_line(report["calibration"]),
        threshold_table(report["thresholds"]),
    ]
    if "rules" in report:
        order = " before ".join(map(short_names, report["order"])) or "none, as no two types have directions"
        parts += [rule_table(report["rules"]), f"order of types found on the training documents: {order}"]
        parts += [cue_table(report[kind][name], f"{kind}, {name}") for kind in ("patterns", "words") for name in _KINDS]
    return "\n\n".join(part for part in parts if part)


_KINDS = ("one type", "two types")


# Headings of the columns of rules, where those of all four must fit one line.
RULE_HEADINGS = {FIRST: "first in text", TYPES: "type order", WORDS: "+ words", SHARES: "most frequent"}
_NAME_CHARS = 30


def annotation_table(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    """Return how many relations of each pair type and relation type are directed, and from which type."""
    lines = [f"{f'directions in {name}':50}{'number':>7}{'directed %':>11}  subject"]
    for row in rows:
        group = f"{_name(row['pair_type'], 28)}{_name(row['relation_type'], 22)}"
        total = sum(row["subjects"].values())
        found = row["subjects"].items()
        subjects = ", ".join(f"{short_names(kind)} {100 * count / total:.0f} %" for kind, count in found)
        cells = f"{row['relations']:7}{share(row['directed'], row['relations']):>11}"
        lines.append(f"{group}{cells}  {cut_start(subjects, 30)}".rstrip())
    return "\n".join(lines)


def accuracy_table(figures: Mapping[str, Any]) -> str:
    """Return how often the direction of predictions with the right pair and type is right, in all and by group."""
    columns = ("number", "right %", "reversed", "missed", "invented")
    lines = [f"{'direction, given pair and type':{_NAME_CHARS}}" + "".join(f"{name:>10}" for name in columns)]
    for name, found in _accuracy_groups(figures).items():
        counts = [found["relations"], share(found["right"], found["relations"]), found["reversed"]]
        counts += [found["directed_in_gold"], found["undirected_in_gold"]]
        lines.append(_name(name) + "".join(f"{cell:>10}" for cell in counts))
    return "\n".join(lines)


def accuracy_of_rules_table(figures: Mapping[str, Any]) -> str:
    """Return which share of the same directions each rule gets; empty without rules."""
    rules = [*figures["all"]["rules"]]
    if not rules:
        return ""
    lines = [_rule_heading("of these, % that a rule gets", rules)]
    for name, found in _accuracy_groups(figures).items():
        shares = {rule: share(found["rules"][rule], found["relations"]) for rule in rules}
        lines.append(_rule_row(name, found["relations"], shares))
    return "\n".join(lines)


def _accuracy_groups(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {"all": figures["all"], **figures["by_pair_type"], **figures["by_relation_type"]}


def _rule_heading(name: str, rules: Iterable[str]) -> str:
    return f"{name:{_NAME_CHARS}}{'number':>10}" + "".join(f"  {RULE_HEADINGS[rule]}" for rule in rules)


def _rule_row(name: str, number: int, shares: Mapping[str, str]) -> str:
    cells = (f"  {cell:>{len(RULE_HEADINGS[rule])}}" for rule, cell in shares.items())
    return f"{_name(name)}{number:>10}" + "".join(cells)


def _name(group: str, chars: int = _NAME_CHARS) -> str:
    """Return the name of a pair type or relation type for a column of this width, with a space after it."""
    return f"{cut_start(short_names(group), chars - 1):{chars}}"


def calibration_line(found: Mapping[str, Any]) -> str:
    """Return the mean score of these directions beside how many are right."""
    if not found:
        return ""
    mean, right, error = (100 * found[key] for key in ("mean_score", "share_right", "expected_calibration_error"))
    figures = f"mean {mean:.2f} %, right {right:.2f} %, expected calibration error {error:.2f} %"
    return f"scores of these directions: {figures}"


def threshold_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what leaving unsure directions open changes, for each least score."""
    if not rows:
        return ""
    counts, shares_of = ("directed", "right"), ("accuracy %", "recall %", "+ dir F1 %")
    heading = "".join(f"{name:>10}" for name in counts) + "".join(f"{name:>12}" for name in shares_of)
    lines = [f"{'--min-direction-score':24}{heading}"]
    for row in rows:
        shares = ("-" if row[name] is None else f"{100 * row[name]:.2f}" for name in ("accuracy", "recall", "f1"))
        cells = f"{row['directed']:>10}{row['right']:>10}" + "".join(f"{cell:>12}" for cell in shares)
        lines.append(f"{row['threshold']:<24g}{cells}")
    return "\n".join(lines)


def rule_table(rules: Mapping[str, Mapping[str, Any]]) -> str:
    """Return which share of gold's directions each rule gets, without a model."""
    lines = [_rule_heading("% of gold that a rule gets", rules)]
    for group, figures in next(iter(rules.values())).items():
        number = figures["relations"]
        shares = {rule: share(found[group]["right"], number) for rule, found in rules.items()}
        lines.append(_rule_row(group, number, shares))
    return "\n".join(lines)


def cue_table(cues: Sequence[Mapping[str, Any]], name: str) -> str:
    """Return in how many training documents the subject, or the object, comes before a word; empty without words."""
    if not cues:
        return ""
    lines = [f"{name:32}{'subject first':>15}{'object first':>15}{'log odds':>10}{'z':>7}"]
    for cue in cues:
        counts = f"{cue['subject_first']:15}{cue['object_first']:15}"
        lines.append(f"{cut_start(cue['text'], 31):32}{counts}{cue['log_odds']:10.2f}{cue['z']:7.1f}")
    return "\n".join(lines)


def share(part: int, whole: int) -> str:
    """Return a share in per cent; a dash of nothing."""
    return f"{100 * part / whole:.1f}" if whole else "-"
