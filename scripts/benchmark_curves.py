"""Documents with any number of pairs and any length, and the plot of what they cost."""

import re
from collections.abc import Mapping
from pathlib import Path

from biodir.document_biodir import Document, Mention
from biodir.document_pubtator_biodir import read_pubtator
from biodir.formats.pubtator import format_pubtator
from biodir.labels_biodir import CHEMICAL, GENE

# Curve -> the sizes that are measured; words rather than tokens, since tokenizers differ.
CURVES = {"pairs": (10, 80, 200, 500, 1000, 2000), "words": (200, 400, 1000, 2000, 4000, 8000)}
# What is constant along a curve: the words of a document of many pairs, and the pairs of a long one.
WORDS, PAIRS = 300, 64


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
