"""Measure speed, memory and F1 of both forms and of the back ends, against a naive version of the paper's form.

    python scripts/benchmark.py bioredirect_test.pubtator --models . runs/pairwise --backends bf16 onnx \\
        --f1 bioredirect_dev.pubtator --curves --plot speed.png --json speed.json

The naive version encodes prefix, suffix and infix of every pair, padded to the longest row that the model allows, with
the weights of the pairwise model. Every pass runs in a fresh process, so that peak memory is that of one form. The
forms take turns, so that a slow minute of the machine affects all of them. The tables have medians.
"""

import argparse
import json
import math
import multiprocessing
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import torch

from benchmark_passes import NAIVE, Form, export_graphs, f1_scores, run_form
from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document, Mention
from biodir.errors_biodir import SettingError
from biodir.formats.pubtator_reader import read_pubtator
from biodir.inference import BACKENDS
from biodir.labels_biodir import CHEMICAL, GENE
from biodir.runtime.loading import has_graphs
from biodir.runtime.manifest import ENDINGS

# Curve -> the sizes that are measured; words rather than tokens, since tokenizers differ.
CURVES = {"pairs": (10, 80, 200, 500, 1000, 2000), "words": (200, 400, 1000, 2000, 4000, 8000)}
# What is constant along a curve: the words of a document of many pairs, and the pairs of a long one.
WORDS, PAIRS = 300, 64
# Pairs of the two documents whose peak memory is compared.
SOME_PAIRS, MANY_PAIRS = 500, 20_000


def main() -> None:
    """Run the program; the JSON file is written after every step."""
    options = _options()
    with with_graphs(forms_of(options.models, options.backends)) as forms:
        report = _measured(forms, options)
    print(markdown(report))


@contextmanager
def with_graphs(forms: Sequence[Form]) -> Iterator[list[Form]]:
    """Yield the forms; graphs that a model lacks are exported once for all passes, to a folder that goes at the end."""
    with TemporaryDirectory() as folder:
        graphs: dict[str, str] = {}
        for model in dict.fromkeys(form.model for form in forms):
            backends = [name for name in ENDINGS if any((each.model, each.backend) == (model, name) for each in forms)]
            if backends and not has_graphs(Path(model)):
                graphs[model] = str(Path(folder, str(len(graphs))))
                _in_fresh_process(export_graphs, model, backends, Path(graphs[model]))
        yield [
            replace(each, model=graphs[each.model]) if each.backend in ENDINGS and each.model in graphs else each
            for each in forms
        ]


def _measured(forms: Sequence[Form], options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of all steps."""
    documents = list(islice(read_pubtator(options.file), options.documents))
    report = {name: getattr(options, name) for name in ("documents", "naive_pairs", "threads", "repeats")}
    report["file"] = options.file.name
    passes = _in_turns(forms, options, lambda form: {"all": documents})
    report |= {"forms": summary(passes), "passes": passes.to_dict("records")}
    _save(report, options)
    plain = [form for form in forms if form.backend != NAIVE and not form.prepares_ahead]
    for form in plain if options.f1 else ():
        report["forms"][form.name]["f1"] = _in_fresh_process(f1_scores, form, options)
        _save(report, options)
    if options.curves:
        drawn = [form for form in plain if form.backend in ("torch", *options.backends[:1])]
        report["memory"] = {form.name: _peaks(form, options) for form in drawn if not _is_pairwise(form)}
        report["curves"] = {}
        for name in CURVES:
            report["curves"][name] = _curve(name, drawn, options)
            _save(report, options)
    return report


def _save(report: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    if options.plot and report.get("curves"):
        curve_plot(report["curves"], options.plot)


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


def _in_turns(
    forms: Sequence[Form], options: argparse.Namespace, parts_of: Callable[[Form], dict[Any, list[Document]]]
) -> pd.DataFrame:
    """Return a row for each form, turn and part of the documents."""
    rows = []
    for turn in range(options.repeats):
        for form in forms:
            parts = parts_of(form)
            passes = _in_fresh_process(run_form, form, list(parts.values()), options)
            for part, one in zip(parts, passes, strict=True):
                rows.append({"form": form.name, "turn": turn, "part": part, **asdict(one)})
            print(f"{form.name}: {sum(one.seconds for one in passes):.2f} s", file=sys.stderr)
    return pd.DataFrame(rows)


def _in_fresh_process(function: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def summary(passes: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return the medians of each form, and the median of its ratios to the naive form in the same turn."""
    table = passes[["form", "turn"]].assign(
        documents_a_second=passes.documents / passes.seconds, pairs_a_second=passes.pairs / passes.seconds
    )
    naive = table[table.form == NAIVE].set_index("turn").pairs_a_second
    table["times_naive"] = table.pairs_a_second / table.turn.map(naive)
    table = table.assign(
        tokens_a_pair=passes.tokens / passes.pairs,
        percent_beside_model=100 * passes.rest_seconds / passes.seconds,
        peak_mebibytes=passes.peak_mebibytes,
    )
    medians = table.drop(columns="turn").groupby("form", sort=False).median()
    return {form: row.dropna().to_dict() for form, row in medians.iterrows()}


def curve_document(curve: str, size: int, path: Path) -> Document:
    """Return a document over the words of a file, with `size` pairs, or a few more, or words.

    Every mention is an entity of its own; half of them are chemicals, half genes, spread evenly over the text.
    """
    pairs, words = (size, WORDS) if curve == "pairs" else (PAIRS, size)
    entities = math.ceil((1 + math.sqrt(1 + 8 * pairs)) / 2)  # which have entities * (entities - 1) / 2 pairs
    known = [word for document in read_pubtator(path) for word in document.text.split()]
    text = " ".join(islice(cycle(known), max(words, 2 * entities)))
    places = [match.span() for match in re.finditer(r"\S+", text)]
    chosen = [places[round(number * (len(places) - 1) / (entities - 1))] for number in range(entities)]
    mentions = tuple(
        Mention(start, end, text[start:end], (CHEMICAL, GENE)[number % 2], (f"E{number}",))
        for number, (start, end) in enumerate(chosen)
    )
    return Document(id="1", text=text, mentions=mentions)


def curve_plot(curves: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Draw seconds over sizes, one panel for each curve, both axes logarithmic."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    size = {"figsize": (5.2 * len(curves), 4), "sharey": True, "layout": "constrained", "squeeze": False}
    figure, panels = pyplot.subplots(1, len(curves), **size)
    for panel, (name, curve) in zip(panels[0], curves.items(), strict=True):
        table = pd.DataFrame(curve)
        table.plot(ax=panel, loglog=True, marker="o", grid=True, xlabel=f"{name} of a document", ylabel="seconds")
        panel.set_xticks(table.index, map(str, table.index))
        panel.minorticks_off()
    figure.savefig(path, dpi=150)


def _curve(name: str, forms: Sequence[Form], options: argparse.Namespace) -> dict[str, dict[int, float]]:
    """Return form -> pairs or words of a document -> median seconds; the pairwise form has `--pairwise-pairs`."""
    documents = {size: curve_document(name, size, options.file) for size in CURVES[name] if size <= options.largest}

    def sizes_of(form: Form) -> list[int]:
        is_limited = _is_pairwise(form) and name == "pairs"
        return [size for size in documents if not is_limited or size <= options.pairwise_pairs]

    passes = _in_turns(forms, options, lambda form: {size: [documents[size]] for size in sizes_of(form)})
    medians = passes.groupby(["form", "part"]).seconds.median()
    return {form.name: medians[form.name].to_dict() for form in forms}


def _peaks(form: Form, options: argparse.Namespace) -> dict[str, float]:
    """Return the peak memory for a document with some and with many pairs over the same text."""
    peaks = {}
    for pairs in (SOME_PAIRS, MANY_PAIRS):
        document = curve_document("pairs", pairs, options.file)
        peaks[str(pairs)] = _in_fresh_process(run_form, form, [[document]], options, False)[0].peak_mebibytes
    return peaks | {"ratio": peaks[str(MANY_PAIRS)] / peaks[str(SOME_PAIRS)]}


def markdown(report: dict[str, Any]) -> str:
    """Return the report as tables and sentences."""
    forms = {
        name: {key.replace("_", " "): value for key, value in found.items() if key != "f1"}
        | {f"dev F1 {level}": 100 * value for level, value in found.get("f1", {}).items()}
        for name, found in report["forms"].items()
    }
    naive = f"naive: first {report['naive_pairs']} pairs" if NAIVE in forms else "naive needs pairwise"
    parts = [
        _table(pd.DataFrame(forms)),
        f"{report['file']}, first {report['documents']} documents ({naive}), {report['threads']} threads, medians of "
        f"{report['repeats']} passes that took turns.",
    ]
    for name, curve in report.get("curves", {}).items():
        parts += [f"Seconds for one document, by its {name}:", _table(pd.DataFrame(curve))]
    for form, peaks in report.get("memory", {}).items():
        some, many = (f"{peaks[str(pairs)]:.0f} MiB for {pairs} pairs" for pairs in (SOME_PAIRS, MANY_PAIRS))
        parts.append(f"Peak memory, {form}: {some}, {many}: {peaks['ratio']:.2f} times.")
    return "\n\n".join(parts)


def _table(columns: pd.DataFrame) -> str:
    """Return the table in Markdown, a line for each column, four digits of each number."""
    texts = columns.T.map(lambda value: "" if pd.isna(value) else f"{value:.4g}").reset_index(names="form")
    lines = [list(texts), ["---"] * len(texts.columns), *texts.to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add = parser.add_argument
    add("file", type=Path, help="PubTator file")
    add("--models", nargs="+", default=["."], help="checkpoints, one of each pair encoding; the shipped one first")
    add("--backends", nargs="*", default=[], choices=BACKENDS[2:], help="other back ends of the first model")
    add("--documents", type=int, default=20, help="how many of the file's documents (default: 20)")
    add("--naive-pairs", type=int, default=32, help="pairs of the naive form (default: 32)")
    add("--repeats", type=int, default=3, help="passes of each form (default: 3)")
    text = "threads of torch (default: OMP_NUM_THREADS, else all cores)"
    add("--threads", type=int, default=torch.get_num_threads(), help=text)
    add("--device", default="cpu", help="such as cuda:0 (default: cpu)")
    add("--f1", type=Path, metavar="FILE", help="PubTator file with relations on which F1 is measured")
    add("--curves", action="store_true", help="measure over numbers of pairs and lengths of text, too")
    add("--largest", type=int, default=8000, help="end of the curves (default: 8000)")
    add("--pairwise-pairs", type=int, default=500, help="end of the pairwise form's curve (default: 500)")
    add("--plot", type=Path, metavar="FILE", help="picture of the curves; needs matplotlib")
    add("--json", type=Path, metavar="FILE", help="file for the figures")
    options = parser.parse_args()
    if options.plot and not options.curves:
        parser.error("--plot needs --curves")
    return options


if __name__ == "__main__":
    main()
