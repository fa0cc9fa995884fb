"""Fetched articles to a file: BioC JSON as the service gave it, a document a line, or PubTator."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document
from biodir.document_json_biodir import document_from_json
from biodir.errors_biodir import STRICT, ErrorPolicy, SettingError, located
from biodir.fetching.articles import Article
from biodir.files import PACKED_OUTPUT_SUFFIX, STANDARD_OUTPUT, open_text_output
from biodir.formats.pubtator_writer import beyond_pubtator, format_pubtator
from biodir.formats.reading import JSON_LINES_SUFFIXES, JSON_SUFFIX, PUBTATOR_SUFFIXES

PUBTATOR, JSON, JSON_LINES = "pubtator", "json", "jsonl"
_FORMATS = {
    **dict.fromkeys(PUBTATOR_SUFFIXES, PUBTATOR),
    **dict.fromkeys((JSON_SUFFIX, ".biocjson"), JSON),
    **dict.fromkeys(JSON_LINES_SUFFIXES, JSON_LINES),
}
_SCORES_LOST = "relations of PubTator 3 written without their score, which BioC JSON keeps"


@dataclass
class Counts:
    """The articles of a run.

    >>> counts = Counts(written=2, new=1, missing={"7": "not in PubTator 3"})
    >>> counts.summary()
    'articles: 2, of these from the cache: 1, missing: 1'
    """

    written: int = 0
    new: int = 0
    missing: dict[str, str] = field(default_factory=dict)
    _read: Article | None = field(default=None, repr=False)  # the last one of `present`

    def summary(self) -> str:
        """Return the counts in a line."""
        missing = f", missing: {len(self.missing)}" if self.missing else ""
        return f"articles: {self.written}, of these from the cache: {self.written - self.new}{missing}"

    def present(self, articles: Iterable[Article]) -> Iterator[Article]:
        """Yield the articles that have content; count the others."""
        for article in articles:
            if article.content is None:
                self.missing[article.identifier] = article.reason
            else:
                self._read = article
                yield article

    def add_written(self) -> None:
        """Count the last article of `present` as written."""
        self.written += 1
        self.new += self._read is not None and self._read.is_new


def format_of(output: Path) -> str:
    """Return the format of a file by its suffix, before `.gz`; that of standard output is PubTator.

    Raises:
        SettingError: the suffix is unknown.

    >>> format_of(Path("a.json.gz"))
    'json'
    """
    if str(output) == STANDARD_OUTPUT:
        return PUBTATOR
    name = output.name.lower().removesuffix(PACKED_OUTPUT_SUFFIX)
    suffix = Path(name).suffix
    if suffix not in _FORMATS:
        known = ", ".join(_FORMATS)
        raise SettingError(f"{output}: unknown suffix {suffix!r}; use one of {known}, also with .gz, or name a format")
    return _FORMATS[suffix]


def write_articles(
    articles: Iterable[Article], output: Path, output_format: str, policy: ErrorPolicy = STRICT
) -> Counts:
    """Write the articles that have content, in their order, and return the counts.

    A file appears when it is complete. PubTator has the names of entity types and identifiers that the service gives.

    Args:
        articles: of a `Fetcher`.
        output: a file, packed if its suffix is `.gz`; ``-`` is standard output.
        output_format: "pubtator", "json" or "jsonl".
        policy: what becomes of articles that contradict themselves; only PubTator output finds out. It counts what
            PubTator has no place for.

    Raises:
        BioDirError: a fault of the service or of an article.
        OSError: the file cannot be written.
    """
    counts = Counts()
    present = counts.present(articles)
    with open_text_output(output) as file:
        if output_format == PUBTATOR:
            for document in policy.documents(_attempts(present, policy), "PubTator 3"):
                file.write(format_pubtator(document, "pubtator"))
                policy.note(_SCORES_LOST, sum(map(beyond_pubtator, document.relations)))
                counts.add_written()
        else:
            is_collection = output_format == JSON
            for article in present:
                start = ("," if counts.written else '{"PubTator3": [') + "\n" if is_collection else ""
                file.write(start + json.dumps(article.content) + ("" if is_collection else "\n"))
                counts.add_written()
            if is_collection:
                file.write("\n]}\n" if counts.written else '{"PubTator3": []}\n')
    return counts


def _attempts(articles: Iterable[Article], policy: ErrorPolicy) -> Iterator[tuple[str, Any]]:
    for article in articles:
        place = f"article {article.identifier}"
        yield place, partial(_document, article, place, policy)


def _document(article: Article, place: str, policy: ErrorPolicy) -> Document:
    with located(place):
        document = document_from_json(article.content, article.identifier, policy.at(place))
        format_pubtator(document, "pubtator")  # what cannot be written is left out as the policy says
    return replace(document, subject_lines=())


def missing_file(output: Path) -> Path:
    """Return the file beside an output that lists what is missing."""
    return output.with_name(f"{output.name}.missing.txt")


def write_missing(output: Path, missing: dict[str, str]) -> None:
    """Write one missing identifier a line, and the reason as a comment; remove the file of an earlier run if none is.

    `biodir fetch --pmids-file` reads the file.
    """
    path = missing_file(output)
    if not missing:
        path.unlink(missing_ok=True)
        return
    path.write_text("".join(f"{name}\t# {reason}\n" for name, reason in missing.items()), encoding="utf-8")
