"""Measure speed, memory and F1 of both forms and of the back ends, against a naive version of the paper's form.

    python scripts/benchmark.py bioredirect_test.pubtator --models . runs/pairwise --backends bf16 onnx \\
        --f1 bioredirect_dev.pubtator --curves --plot speed.png --json speed.json

The naive version encodes prefix, suffix and infix of every pair, padded to the longest row that the model allows, with
the weights of the pairwise model. Every pass runs in a fresh process, so that peak memory is that of one form. The
forms take turns, so that a slow minute of the machine affects all of them. The tables have medians.
"""

import argparse
import json
import multiprocessing
import os
import re
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark_passes import NAIVE, Form, Pass, Work, f1_scores, run_curve, run_form
from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document, Mention
from biodir.errors_biodir import SettingError
from biodir.formats.pubtator_reader import read_pubtator
from biodir.formats.pubtator_writer import format_pubtator
from biodir.inference import BACKENDS
from biodir.labels_biodir import CHEMICAL, GENE

# Curve -> the sizes that are measured; words rather than tokens, since tokenizers differ.
CURVES = {"pairs": (10, 80, 200, 500, 1000, 2000), "words": (200, 400, 1000, 2000, 4000, 8000)}
# What is constant along a curve: the words of a document of many pairs, and the pairs of a long one.
WORDS, PAIRS = 300, 64
# Pairs of the two documents whose peak memory is compared.
SOME_PAIRS, MANY_PAIRS = 500, 20_000


def main() -> None:
    """Run the program; the JSON file is written after every step."""
    options = _options()
    forms = forms_of(options.models, options.backends)
    report: dict[str, Any] = {
        name: getattr(options, name) for name in ("documents", "naive_pairs", "threads", "repeats")
    }
    report["file"] = Path(options.file).name
    work = Work(str(options.file), options.documents, options.naive_pairs, options.threads, options.device)
    report["forms"] = summary(forms, measured(forms, work, options.repeats))
    _save(report, options)
    plain = [form for form in forms if form.backend != NAIVE and not form.prepares_ahead]
    for form in plain if options.f1 else ():
        found = _in_fresh_process(f1_scores, form, options.f1, options.threads, options.device)
        report["forms"][form.name]["f1"] = found
        _save(report, options)
    if options.curves:
        drawn = [form for form in plain if form.backend in ("torch", *options.backends[:1])]
        report["memory"] = {form.name: _peaks(form, options) for form in drawn if not _is_pairwise(form)}
        report["curves"] = {}
        for name in CURVES:
            report["curves"][name] = _curve(name, drawn, options)
            _save(report, options)
    print(markdown(report))


def _save(report: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=2) + "\n")
    if options.plot and report.get("curves"):
        curve_plot(report["curves"], Path(options.plot))


def forms_of(models: Sequence[str], backends: Sequence[str]) -> list[Form]:
    """Return the forms to measure: naive if a model is pairwise, each model, and the first one in other ways."""
    encodings = {model: BioDirConfig.from_pretrained(model).pair_encoding for model in models}
    if len(set(encodings.values())) < len(encodings):
        raise SettingError(f"--models {' '.join(models)}: two have the same pair encoding; give one of each")
    forms = [Form(NAIVE, model, NAIVE) for model, encoding in encodings.items() if encoding == "pairwise"]
    forms += [Form(encoding, model, "torch") for model, encoding in encodings.items()]
    first = encodings[models[0]]
    forms.append(Form(f"{first}, prepared ahead", models[0], "torch", prepares_ahead=True))
    return forms + [Form(f"{first}, {backend}", models[0], backend) for backend in backends]


def _is_pairwise(form: Form) -> bool:
    return form.name.startswith("pairwise")


def measured(forms: Sequence[Form], work: Work, repeats: int) -> dict[str, list[Pass]]:
    """Return name of the form -> its passes; the forms take turns."""
    passes: dict[str, list[Pass]] = {form.name: [] for form in forms}
    for _ in range(repeats):
        for form in forms:
            passes[form.name].append(_in_fresh_process(run_form, form, work))
            print(f"{form.name}: {passes[form.name][-1].seconds:.2f} s", file=sys.stderr)
    return passes


def _in_fresh_process(function: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def summary(forms: Sequence[Form], passes: dict[str, list[Pass]]) -> dict[str, dict[str, Any]]:
    """Return the medians of each form, and the median of its ratios to the naive form in the same turn."""
    rates = {name: [one.pairs / one.seconds for one in found] for name, found in passes.items()}
    table: dict[str, dict[str, Any]] = {}
    for form in forms:
        found = passes[form.name]
        table[form.name] = {
            "pairs": found[0].pairs,
            "pairs_a_second": statistics.median(rates[form.name]),
            "documents_a_second": statistics.median(one.documents / one.seconds for one in found),
            "tokens_a_pair": found[0].tokens / found[0].pairs,
            "peak_mebibytes": statistics.median(one.peak_mebibytes for one in found),
            "passes": [asdict(one) for one in found],
        }
        if NAIVE in rates:
            ratios = (rate / naive for rate, naive in zip(rates[form.name], rates[NAIVE], strict=True))
            table[form.name]["times_naive"] = statistics.median(ratios)
    return table


def curve_document(curve: str, size: int, path: str) -> str:
    """Return the PubTator text of a document over the words of a file, with `size` pairs, or a few more, or words.

    Every mention is an entity of its own; half of them are chemicals, half genes, spread evenly over the text.
    """
    pairs, words = (size, WORDS) if curve == "pairs" else (PAIRS, size)
    entities = 2
    while entities * (entities - 1) // 2 < pairs:
        entities += 1
    text = " ".join(_words(path, max(words, 2 * entities)))
    places = [match.span() for match in re.finditer(r"\S+", text)]
    chosen = [places[round(number * (len(places) - 1) / (entities - 1))] for number in range(entities)]
    mentions = tuple(
        Mention(start, end, text[start:end], (CHEMICAL, GENE)[number % 2], (f"E{number}",))
        for number, (start, end) in enumerate(chosen)
    )
    return format_pubtator(Document(id="1", text=text, mentions=mentions))


def _words(path: str, count: int) -> list[str]:
    """Return the first words of the file's texts, repeated as needed."""
    words: list[str] = []
    while len(words) < count:
        for document in read_pubtator(path):
            words += document.text.replace("|", " ").split()
            if len(words) >= count:
                break
    return words[:count]


def curve_plot(curves: Mapping[str, Mapping], path: Path) -> None:
    """Draw seconds over sizes, one panel for each curve, both axes logarithmic."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(
        1, len(curves), figsize=(5.2 * len(curves), 4), sharey=True, layout="constrained", squeeze=False
    )
    panels = panels[0]
    for panel, (name, curve) in zip(panels, curves.items(), strict=True):
        for marker, (form, seconds) in zip("osD^vPX*", curve["seconds"].items(), strict=False):
            values = [float("nan") if value is None else value for value in seconds]
            panel.loglog(curve["sizes"], values, marker=marker, markersize=4, linewidth=1.4, label=form)
        panel.set_xlabel(f"{name} of a document")
        panel.set_xticks(curve["sizes"], [str(size) for size in curve["sizes"]])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("seconds")
    panels[0].legend(frameon=False)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _curve(name: str, forms: Sequence[Form], options: argparse.Namespace) -> dict[str, Any]:
    """Return the median seconds of each form for one document, over its pairs or words.

    None for pairwise documents with more pairs than `--pairwise-pairs`.
    """
    sizes = [size for size in CURVES[name] if size <= options.largest]
    documents = [curve_document(name, size, str(options.file)) for size in sizes]
    turns: dict[str, list[list[float]]] = {form.name: [] for form in forms}
    for _ in range(options.repeats):
        for form in forms:
            most = options.pairwise_pairs if _is_pairwise(form) and name == "pairs" else sizes[-1]
            texts = [text for size, text in zip(sizes, documents, strict=True) if size <= most]
            turns[form.name].append(_in_fresh_process(run_curve, form, texts, options.threads, options.device))
            print(f"{form.name}, by {name}: {sum(turns[form.name][-1]):.2f} s", file=sys.stderr)
    medians = {form: [statistics.median(times) for times in zip(*found, strict=True)] for form, found in turns.items()}
    return {"sizes": sizes, "seconds": {form: [*of, *[None] * (len(sizes) - len(of))] for form, of in medians.items()}}


def _peaks(form: Form, options: argparse.Namespace) -> dict[str, float]:
    """Return the peak memory for a document with some and with many pairs over the same text."""
    peaks = {}
    for pairs in (SOME_PAIRS, MANY_PAIRS):
        document = curve_document("pairs", pairs, str(options.file))
        work = Work(document, 1, 0, options.threads, options.device, warms=False)
        peaks[str(pairs)] = _in_fresh_process(run_form, form, work).peak_mebibytes
    return peaks | {"ratio": peaks[str(MANY_PAIRS)] / peaks[str(SOME_PAIRS)]}


def markdown(report: dict[str, Any]) -> str:
    """Return the report as tables and sentences."""
    header = ["form", "documents a second", "pairs a second", "times naive", "tokens a pair", "peak memory, MiB"]
    rows = []
    for name, found in report["forms"].items():
        times = f"{found['times_naive']:.1f}" if "times_naive" in found else ""
        speed = [f"{found['documents_a_second']:.2f}", f"{found['pairs_a_second']:.1f}", times]
        f1 = " / ".join(f"{100 * value:.2f}" for value in found.get("f1", {}).values())
        rows.append([name, *speed, f"{found['tokens_a_pair']:.1f}", f"{found['peak_mebibytes']:.0f}", f1])
    naive = f"naive: first {report['naive_pairs']} pairs" if NAIVE in report["forms"] else "naive needs pairwise"
    lines = [
        *_table([*header, "dev F1 type / + direction"], rows),
        f"{report['file']}, first {report['documents']} documents ({naive}), {report['threads']} threads, medians of "
        f"{report['repeats']} passes that took turns.",
    ]
    for name, curve in report.get("curves", {}).items():
        seconds = {form: ["" if s is None else f"{s:.3f}" for s in found] for form, found in curve["seconds"].items()}
        lines += ["", f"Seconds for one document, by its {name}:", ""]
        lines += _table(["form", *curve["sizes"]], [[form, *found] for form, found in seconds.items()])
    for form, peaks in report.get("memory", {}).items():
        some, many = (f"{peaks[str(pairs)]:.0f} MiB for {pairs} pairs" for pairs in (SOME_PAIRS, MANY_PAIRS))
        lines.append(f"Peak memory, {form}: {some}, {many}: {peaks['ratio']:.2f} times.")
    return "\n".join(lines)


def _table(header: Sequence[Any], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [*(f"| {' | '.join(map(str, line))} |" for line in lines), ""]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add = parser.add_argument
    add("file", help="PubTator file")
    add("--models", nargs="+", default=["."], help="checkpoints, one of each pair encoding; the shipped one first")
    add("--backends", nargs="*", default=[], choices=BACKENDS[1:], help="other back ends of the first model")
    add("--documents", type=int, default=20, help="how many of the file's documents (default: 20)")
    add("--naive-pairs", type=int, default=32, help="pairs of the naive form (default: 32)")
    add("--repeats", type=int, default=3, help="passes of each form (default: 3)")
    add("--threads", type=int, default=os.cpu_count(), help="threads of torch (default: all cores)")
    add("--device", default="cpu", help="such as cuda:0 (default: cpu)")
    add("--f1", metavar="FILE", help="PubTator file with relations on which F1 is measured")
    add("--curves", action="store_true", help="measure over numbers of pairs and lengths of text, too")
    add("--largest", type=int, default=8000, help="end of the curves (default: 8000)")
    add("--pairwise-pairs", type=int, default=500, help="end of the pairwise form's curve (default: 500)")
    add("--plot", metavar="FILE", help="picture of the curves; needs matplotlib")
    add("--json", metavar="FILE", help="file for the figures")
    options = parser.parse_args()
    if options.plot and not options.curves:
        parser.error("--plot needs --curves")
    return options


if __name__ == "__main__":
    main()
