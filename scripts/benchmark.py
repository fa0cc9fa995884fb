"""Measures speed, memory and F1 of pair encodings and back ends on a CPU, against the naive form of the paper's.

    python scripts/benchmark.py bioredirect_test.pubtator --models . runs/solid --backends bf16 onnx \\
        --f1 bioredirect_dev.pubtator --curves --plot speed.png --json speed.json

The naive form encodes prefix, suffix and infix of every pair, all padded to the longest row that the model allows; it
runs on the weights of the first model with pairwise form. Every pass runs in a fresh process, all forms in turn, so
that peak memory is that of one form and a slow minute of the machine meets all of them; the table gives medians.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from benchmark_curves import CURVES, curve_document, curve_plot
from benchmark_passes import NAIVE, Form, Pass, Work, f1_scores, run_curve, run_form
from biodir.configuration_biodir import BioDirConfig
from biodir.errors_biodir import SettingError
from biodir.inference import BACKENDS

# Pairs of the largest and of the ordinary document whose peak memory is compared.
MANY_PAIRS, SOME_PAIRS = 20_000, 500


def main() -> None:
    """Measures what the command line asks for, and prints the tables; the JSON file is kept behind every step."""
    options = _options()
    forms = forms_of(options.models, options.backends)
    report = {
        "file": Path(options.file).name,
        "documents": options.documents,
        "naive_pairs": options.naive_pairs,
        "threads": options.threads,
        "repeats": options.repeats,
    }
    work = Work(str(options.file), options.documents, options.naive_pairs, options.threads, options.device)
    report["forms"] = _table(forms, measured(forms, work, options.repeats))
    _keep(report, options)
    if options.f1:
        for form in forms:
            if form.backend != NAIVE and not form.prepares_ahead:
                found = _in_fresh_process(f1_scores, form, options.f1, options.threads, options.device)
                report["forms"][form.name]["f1"] = found
                print(f"{form.name}: F1 known", file=sys.stderr)
                _keep(report, options)
    if options.curves:
        drawn = [form for form in forms if form.backend in ("torch", *options.backends[:1]) and not form.prepares_ahead]
        report["memory"] = _memory(drawn, options)
        report["curves"] = {}
        for name in CURVES:
            report["curves"][name] = _curve(name, drawn, options)
            _keep(report, options)
    print(markdown(report))


def _keep(report: dict, options: argparse.Namespace) -> None:
    """Writes what is known so far: a run of many minutes may be stopped."""
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=2) + "\n")
    if options.plot and report.get("curves"):
        curve_plot(report["curves"], Path(options.plot))


def forms_of(models: Sequence[str], backends: Sequence[str]) -> list[Form]:
    """The naive form where a model is solid, each model on torch, the first model prepared ahead and on back ends."""
    encodings = {model: BioDirConfig.from_pretrained(model).pair_encoding for model in models}
    if len(set(encodings.values())) < len(encodings):
        raise SettingError(f"--models {' '.join(models)}: two have the same pair encoding; give one of each")
    forms = [Form(NAIVE, model, NAIVE) for model, encoding in encodings.items() if encoding == "pairwise"]
    forms += [Form(encoding, model, "torch") for model, encoding in encodings.items()]
    forms.append(Form(f"{encodings[models[0]]}, prepared ahead", models[0], "torch", prepares_ahead=True))
    return forms + [Form(f"{encodings[models[0]]}, {backend}", models[0], backend) for backend in backends]


def measured(forms: Sequence[Form], work: Work, repeats: int) -> dict[str, list[Pass]]:
    """Name of the form -> its passes; the forms take turns."""
    passes: dict[str, list[Pass]] = {form.name: [] for form in forms}
    for _ in range(repeats):
        for form in forms:
            passes[form.name].append(_in_fresh_process(run_form, form, work))
            print(f"{form.name}: {passes[form.name][-1].seconds:.2f} s", file=sys.stderr)
    return passes


def _in_fresh_process(function, *arguments):
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _table(forms: Sequence[Form], passes: dict[str, list[Pass]]) -> dict[str, dict]:
    """For each form the medians, and the median of its ratios to the naive form in the same turn."""
    table = {}
    for form in forms:
        found = passes[form.name]
        rates = [one.pairs / one.seconds for one in found]
        table[form.name] = {
            "pairs": found[0].pairs,
            "pairs_a_second": statistics.median(rates),
            "documents_a_second": statistics.median(one.documents / one.seconds for one in found),
            "tokens_a_pair": found[0].tokens / found[0].pairs,
            "peak_mebibytes": statistics.median(one.peak_mebibytes for one in found),
            "encoder_share": statistics.median(one.encoder_seconds / one.seconds for one in found),
            "passes": [asdict(one) for one in found],
        }
        if NAIVE in passes:
            naive = [one.pairs / one.seconds for one in passes[NAIVE]]
            table[form.name]["times_naive"] = statistics.median(
                rate / slow for rate, slow in zip(rates, naive, strict=True)
            )
    return table


def _curve(name: str, forms: Sequence[Form], options: argparse.Namespace) -> dict:
    """Median seconds of each form for one document, over the number of its pairs or the length of its text.

    None where a solid form would have more pairs to read than `--solid-pairs`.
    """
    sizes = [size for size in CURVES[name] if size <= options.largest]
    documents = [curve_document(name, size, str(options.file)) for size in sizes]
    found: dict[str, list[list[float]]] = {form.name: [] for form in forms}
    for _ in range(options.repeats):
        for form in forms:
            most = options.solid_pairs if _is_solid(form) and name == "pairs" else sizes[-1]
            asked = [text for size, text in zip(sizes, documents, strict=True) if size <= most]
            found[form.name].append(_in_fresh_process(run_curve, form, asked, options.threads, options.device))
            print(f"{form.name}, by {name}: {sum(found[form.name][-1]):.2f} s", file=sys.stderr)
    medians = {form: [statistics.median(times) for times in zip(*turns, strict=True)] for form, turns in found.items()}
    return {"sizes": sizes, "seconds": {form: [*of, *[None] * (len(sizes) - len(of))] for form, of in medians.items()}}


def _is_solid(form: Form) -> bool:
    return form.name.partition(",")[0] == "pairwise"


def _memory(forms: Sequence[Form], options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Peak memory of each form for a document with many and with some pairs over the same text."""
    found = {}
    for form in forms:
        if _is_solid(form):  # hours of computation
            continue
        peaks = {}
        for pairs in (SOME_PAIRS, MANY_PAIRS):
            document = curve_document("pairs", pairs, str(options.file))
            peaks[str(pairs)] = _in_fresh_process(
                run_form, form, Work(document, 1, 0, options.threads, options.device, warms=False)
            ).peak_mebibytes
        found[form.name] = peaks | {"ratio": peaks[str(MANY_PAIRS)] / peaks[str(SOME_PAIRS)]}
    return found


def markdown(report: dict) -> str:
    """The report as tables and a sentence."""
    lines = [
        "| form | documents a second | pairs a second | times naive | tokens a pair | encoder | peak memory, MiB | "
        "dev F1 type / + direction |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in report["forms"].items():
        times = f"{found['times_naive']:.1f}" if "times_naive" in found else ""
        f1 = " / ".join(f"{100 * value:.2f}" for value in found["f1"].values()) if "f1" in found else ""
        lines.append(
            f"| {name} | {found['documents_a_second']:.2f} | {found['pairs_a_second']:.1f} | {times} | "
            f"{found['tokens_a_pair']:.1f} | {100 * found['encoder_share']:.0f} % | {found['peak_mebibytes']:.0f} | "
            f"{f1} |"
        )
    lines += [
        "",
        f"{report['file']}, first {report['documents']} documents"
        + (
            f" (naive: first {report['naive_pairs']} pairs)"
            if NAIVE in report["forms"]
            else "; naive needs a solid model"
        )
        + f", {report['threads']} threads, medians, passes of each in turn: {report['repeats']}.",
    ]
    for name, curve in report.get("curves", {}).items():
        lines += [
            "",
            f"Seconds for one document, by its {name}:",
            "",
            "| form | " + " | ".join(map(str, curve["sizes"])),
        ]
        lines[-1] += " |"
        lines.append("|---" * (1 + len(curve["sizes"])) + "|")
        for form, seconds in curve["seconds"].items():
            lines.append(
                f"| {form} | " + " | ".join("" if value is None else f"{value:.3f}" for value in seconds) + " |"
            )
    for form, peaks in report.get("memory", {}).items():
        lines += ["", f"Peak memory, {form}: {peaks[str(SOME_PAIRS)]:.0f} MiB for {SOME_PAIRS} pairs, "
                  f"{peaks[str(MANY_PAIRS)]:.0f} for {MANY_PAIRS}: {peaks['ratio']:.2f} times."]  # fmt: skip
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("file", help="PubTator file")
    parser.add_argument(
        "--models", nargs="+", default=["."], help="checkpoints, one of each encoding; shipped one first"
    )
    parser.add_argument(
        "--backends", nargs="*", default=[], choices=BACKENDS[1:], help="further ones of the first model"
    )
    parser.add_argument("--documents", type=int, default=20, help="how many of the file's documents (default: 20)")
    parser.add_argument("--naive-pairs", type=int, default=32, help="pairs of the naive form (default: 32)")
    parser.add_argument("--repeats", type=int, default=3, help="passes of each form (default: 3)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of torch (default: all cores)")
    parser.add_argument("--device", default="cpu", help="such as cuda:0 (default: cpu)")
    parser.add_argument("--f1", metavar="FILE", help="PubTator file with relations on which F1 is measured")
    parser.add_argument("--curves", action="store_true", help="measure over numbers of pairs and lengths of text, too")
    parser.add_argument("--largest", type=int, default=8000, help="end of the curves (default: 8000)")
    parser.add_argument("--solid-pairs", type=int, default=500, help="end of the solid form's curve (default: 500)")
    parser.add_argument("--plot", metavar="FILE", help="picture of the curves; needs matplotlib")
    parser.add_argument("--json", metavar="FILE", help="file for the figures")
    options = parser.parse_args()
    if options.plot and not options.curves:
        parser.error("--plot needs --curves")
    return options


if __name__ == "__main__":
    main()
