"""Count how often a checkpoint relates two entities that a text only names together, or says to be unrelated.

    python scripts/score_negation.py --model . --json results/negation.json
    python scripts/score_negation.py --model runs/mine --none-bias 0 1 2 --min-score 0.2 0.4

The texts are those of samples/negation.jsonl, by default. It prints false positives by kind and pair type with 95 %
intervals, the recall of the control of related pairs, each false positive, and a line for each setting to try.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from biodir.errors_biodir import BioDirError
from biodir.evaluation.negation import (
    CONTROL,
    MIN_SCORES,
    NONE_BIASES,
    TEXTS,
    read_tested,
    report_with_settings,
    scored_texts,
)
from biodir.files import check_paths, write_json
from biodir.inference import TORCH_BACKENDS
from biodir.inference.loading import load_pipeline
from biodir.options import quiet_readers
from biodir.pipeline_decoding_biodir import DecodingRule

CHECKOUT = Path(__file__).resolve().parent.parent


def share_cells(found: dict[str, Any]) -> str:
    """Return the counts, the share in per cent and its interval."""
    if found["share"] is None:
        return f"{found['found']:3} of {found['of']:2}"
    low, high = (100 * bound for bound in found["interval"])
    return f"{found['found']:3} of {found['of']:2} {100 * found['share']:6.1f} % {low:6.1f} to {high:.1f}"


def lines_of(report: dict[str, Any]) -> Iterator[str]:
    """Yield the lines to print."""
    yield f"{'false positives':56}{share_cells(report['false_positives'])}"
    for name, found in {**report["by_kind"], **report["by_pair_type"]}.items():
        yield f"  {name:54}{share_cells(found)}"
    yield f"{'related pairs that are found (control)':56}{share_cells(report['control'])}"
    yield f"{'  with their relation type':56}{share_cells(report['control_type'])}"
    yield f"{'  and not in their unrelated counterparts':56}{share_cells(report['separated'])}"
    if report["left_out"]:
        yield f"pairs of types that the model does not know: {len(report['left_out'])}"
    for each in report["errors"]:
        arrow = "->" if each["directed"] else "--"
        yield f"{each['id']}: {each['subject']} {arrow} {each['object']} {each['relation']} {each['score']:.2f}"
        yield f"    {each['text']}"
    if report["missed"]:
        yield f"missed: {', '.join(report['missed'])}"
    if report["tried"]:
        yield "none_bias  min_score  false positives  " + "  ".join(
            f"{name:15}" for name in (*report["by_kind"], CONTROL)
        )
    for each in report["tried"]:
        shares = [each["false_positives"], *each["by_kind"].values(), each["control"]]
        counts = "  ".join(f"{found['found']:2} of {found['of']:2}".ljust(15) for found in shares).rstrip()
        yield f"{each['none_bias']:9.2f} {each['min_score']:10.2f}  {counts}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the report; input with an error ends the program with a line that names the reason."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("file", nargs="?", type=Path, default=CHECKOUT / TEXTS, help="texts of one pair each")
    parser.add_argument("--model", default=".", help="checkpoint (default: the one here)")
    parser.add_argument("--backend", default="torch", choices=TORCH_BACKENDS)
    parser.add_argument("--json", type=Path, help="write the report to this file, too")
    for name, values in (("none-bias", NONE_BIASES), ("min-score", MIN_SCORES)):
        given = {"type": float, "nargs": "*", "default": list(values)}
        parser.add_argument(f"--{name}", **given, help=f"values to try, too (default: {' '.join(map(str, values))})")
    options = parser.parse_args(arguments)
    try:
        quiet_readers()
        check_paths([options.file], [options.json] if options.json else [])
        extract = load_pipeline(options.model, "cpu", options.backend)
        scored = scored_texts(extract, read_tested(options.file))
    except BioDirError as error:
        sys.exit(f"score_negation.py: error: {error}")
    rule = DecodingRule.from_config(extract.model.config)
    report = report_with_settings(scored, rule, options.none_bias, options.min_score)
    print("\n".join(lines_of(report)))
    if options.json:
        write_json(options.json, report)


if __name__ == "__main__":
    main()
