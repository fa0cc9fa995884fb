"""Several systems in one picture: F1 with intervals at each level, and with type in each group."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from biodir.evaluation.counting import short_names
from biodir.evaluation.plots import COLOURS
from biodir.evaluation.scores import is_without_gold
from biodir.evaluation.tables import LEVEL_NAMES, scored_line
from biodir.labels_biodir import LEVELS

PANELS = {
    "by_type": "F1 with type, by relation type",
    "by_pair_type": "F1 with type, by pair type",
    "by_distance": "F1 with type, by sentence distance",
}
MARKERS = "osD^vPX*"
ROW_INCHES = 0.2  # of one system in one group

Interval = Sequence[float]
# Name of a row -> for each system F1 and its interval, or None where it or gold has none.
Rows = dict[str, list[tuple[float, Interval] | None]]


def write_systems_plot(path: Path, report: Mapping[str, Any]) -> None:
    """Write the picture of a `systems_report`; `check_plot_path` has checked the path."""
    from matplotlib.figure import Figure

    panels = {"F1 by level": _level_rows(report), **{title: _group_rows(report, key) for key, title in PANELS.items()}}
    sides = [list(panels)[:2], list(panels)[2:]]
    systems = len(report["systems"])
    heights = [[max(1, len(panels[title])) for title in side] for side in sides]
    inches = max(sum(side) for side in heights) * max(systems * ROW_INCHES, 0.34) + 2.6
    figure = Figure(figsize=(15, inches), layout="constrained")
    halves: Any = figure.subfigures(1, 2)
    left, right = halves
    for part, side, rows in zip((left, right), sides, heights, strict=True):
        for axes, title in zip(part.subplots(2, 1, height_ratios=rows), side, strict=True):
            _draw(axes, title, panels[title], list(report["systems"]))
    confidence = f"{100 * report['confidence']:g} %"
    counting = report["counting"]
    figure.suptitle(
        f"{scored_line(report)}; pair types: {counting['pair_types']}, "
        f"protocol: {counting['protocol']}; lines are {confidence} intervals",
        fontsize=11,
    )
    handles, names = left.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(4, systems), frameon=False)
    figure.savefig(path, dpi=150)


def _level_rows(report: Mapping[str, Any]) -> Rows:
    systems = list(report["systems"].values())
    known = [level for level in LEVELS if systems[0][level] is not None]
    return {
        LEVEL_NAMES[level]: [_point(each[level], each["intervals"][level]["f1"]) for each in systems] for level in known
    }


def _group_rows(report: Mapping[str, Any], key: str) -> Rows:
    rows: Rows = {}
    for group, part in report[key].items():
        found = {name: each[key].get(group) for name, each in report["systems"].items()}
        gold = next(each["tp"] + each["fn"] for each in found.values() if each is not None)
        label = short_names(group).replace("_", " ")
        rows[f"{label} ({gold})"] = [
            None if each is None else _point(each, part["intervals"][name]["relation_type"]["f1"])
            for name, each in found.items()
        ]
    return rows


def _point(figures: Mapping[str, Any], interval: Interval) -> tuple[float, Interval] | None:
    """Return F1 with its interval; None where gold has nothing to find, so that F1 has no meaning."""
    return None if is_without_gold(figures) else (figures["f1"], interval)


def _draw(axes: Any, title: str, rows: Rows, names: Sequence[str]) -> None:
    """Draw a row of points with intervals for each group, one point a system."""
    step = 0.7 / len(names)
    for index, name in enumerate(names):
        places = [place - 0.35 + (index + 0.5) * step for place in range(len(rows))]
        found = [(place, row[index]) for place, row in zip(places, rows.values(), strict=True)]
        drawn = [(place, 100 * value[0], value[1]) for place, value in found if value is not None]
        values = [value for _, value, _ in drawn]
        errors = [
            [max(value - 100 * low, 0) for _, value, (low, _) in drawn],
            [max(100 * high - value, 0) for _, value, (_, high) in drawn],
        ]
        style = {"color": COLOURS[index % len(COLOURS)], "ms": 5, "lw": 1.4, "capsize": 2}
        axes.errorbar(
            values, [place for place, *_ in drawn], xerr=errors, fmt=MARKERS[index % len(MARKERS)], label=name, **style
        )
    for place in range(1, len(rows), 2):
        axes.axhspan(place - 0.5, place + 0.5, color="#f4f4f4", zorder=0)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    has_counts = any("(" in name for name in rows)
    label = "F1, per cent; gold relations in brackets" if has_counts else "F1, per cent"
    axes.set(title=title, xlim=(-1, 100), xlabel=label)
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
