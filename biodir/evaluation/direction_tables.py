"""The report on directions as tables for people, in per cent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def direction_tables(report: Mapping[str, Any]) -> str:
    """Return the figures of `direction_report` for a terminal; empty where there are none."""
    if not report:
        return ""
    parts = [
        annotation_table(
            report["training"] or report["annotated"], "the training documents" if report["training"] else "gold"
        ),
        accuracy_table(report["right_type"]),
        calibration_line(report["calibration"]),
        threshold_table(report["thresholds"]),
    ]
    if "rules" in report:
        order = " before ".join(report["order"])
        parts += [rule_table(report["rules"]), f"order of types found on the training documents: {order}"]
        parts += [cue_table(report[kind][name], f"{kind}, {name}") for kind in ("patterns", "words") for name in _KINDS]
    return "\n\n".join(part for part in parts if part)


_KINDS = ("one type", "two types")


def annotation_table(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    """Return how many relations of each pair type and relation type are directed, and from which type."""
    lines = [f"{f'directions in {name}':66}{'number':>8}{'directed':>10}  subject"]
    for row in rows:
        group = f"{row['pair_type']:46}{row['relation_type']:20}"
        total = sum(row["subjects"].values())
        subjects = ", ".join(f"{kind} {share(count, total)} %" for kind, count in row["subjects"].items())
        lines.append(f"{group}{row['relations']:8}{share(row['directed'], row['relations']):>10}  {subjects}".rstrip())
    return "\n".join(lines)


def accuracy_table(figures: Mapping[str, Any]) -> str:
    """Return how often the direction of predictions with the right pair and type is right, in all and by group."""
    rules = [*figures["all"]["rules"]]
    columns = ("number", "right", "reversed", "missed", "invented")
    heading = f"{'direction, given pair and type':46}" + "".join(f"{name:>10}" for name in columns)
    lines = [heading + "".join(f"  {name}" for name in rules)]
    groups = {"all": figures["all"], **figures["by_pair_type"], **figures["by_relation_type"]}
    for name, found in groups.items():
        counts = [found["relations"], share(found["right"], found["relations"]), found["reversed"]]
        counts += [found["directed_in_gold"], found["undirected_in_gold"]]
        line = f"{name:46}" + "".join(f"{cell:>10}" for cell in counts)
        cells = (f"  {share(found['rules'][rule], found['relations']):>{len(rule)}}" for rule in rules)
        lines.append(line + "".join(cells))
    return "\n".join(lines)


def calibration_line(found: Mapping[str, Any]) -> str:
    """Return the mean score of these directions beside how many are right."""
    if not found:
        return ""
    mean, right, error = (100 * found[key] for key in ("mean_score", "share_right", "expected_calibration_error"))
    return f"scores of these directions: mean {mean:.2f}, right {right:.2f}, expected calibration error {error:.2f}"


def threshold_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what leaving unsure directions open changes, for each least score."""
    if not rows:
        return ""
    lines = [f"{'--min-direction-score':24}{'directed':>10}{'right':>10}{'accuracy':>10}{'recall':>10}{'+ dir F1':>10}"]
    for row in rows:
        accuracy = "-" if row["accuracy"] is None else f"{100 * row['accuracy']:.2f}"
        cells = (row["directed"], row["right"], accuracy, f"{100 * row['recall']:.2f}", f"{100 * row['f1']:.2f}")
        lines.append(f"{row['threshold']:<24g}" + "".join(f"{cell:>10}" for cell in cells))
    return "\n".join(lines)


def rule_table(rules: Mapping[str, Mapping[str, Any]]) -> str:
    """Return which share of gold's directions each rule gets, without a model."""
    groups = [*next(iter(rules.values()))]
    lines = [f"{'share of gold that a rule gets':46}{'number':>8}" + "".join(f"  {name}" for name in rules)]
    for group in groups:
        number = next(iter(rules.values()))[group]["relations"]
        cells = (f"  {share(found[group]['right'], number):>{len(name)}}" for name, found in rules.items())
        lines.append(f"{group:46}{number:8}" + "".join(cells))
    return "\n".join(lines)


def cue_table(cues: Iterable[Mapping[str, Any]], name: str) -> str:
    """Return in how many training documents the subject, or the object, comes before a word or pattern."""
    lines = [f"{name:32}{'subject first':>15}{'object first':>15}{'log odds':>10}{'z':>7}"]
    for cue in cues:
        counts = f"{cue['subject_first']:15}{cue['object_first']:15}"
        lines.append(f"{cue['text']:32}{counts}{cue['log_odds']:10.2f}{cue['z']:7.1f}")
    return "\n".join(lines)


def share(part: int, whole: int) -> str:
    """Return a share in per cent; a dash of nothing."""
    return f"{100 * part / whole:.1f}" if whole else "-"
