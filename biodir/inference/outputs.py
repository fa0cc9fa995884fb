"""The formats that `biodir predict` writes: what becomes of each document, and how parts of an output are joined."""

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from biodir.conversion.targets import Target, target_of
from biodir.document_biodir import Document, Relation
from biodir.document_mappings_biodir import relation_from_dict
from biodir.document_offsets_biodir import offset_at
from biodir.document_results_biodir import SCORE_DIGITS, SCORES, first_of_pairs
from biodir.errors_biodir import SettingError, suggestion
from biodir.files import PACKED_OUTPUT_SUFFIX, open_output
from biodir.formats.pubtator_names import Vocabulary
from biodir.formats.pubtator_writer import BIOREDIRECT, beyond_pubtator, check_dialect, format_pubtator
from biodir.formats.result_tables import COLUMNS
from biodir.inference.listing import relation_listing
from biodir.inference.network_outputs import NetworkOutput
from biodir.networks.formats import FORMATS as NETWORK_FORMATS
from biodir.networks.formats import network_format
from biodir.pipeline_results_biodir import ResultWriter

# Where documents and networks share a suffix, it is that of documents; `--format` names the network.
SUFFIXES = {
    **dict.fromkeys((".pubtator", ".txt"), "pubtator"),
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    **dict.fromkeys((".json", ".biocjson"), "biocjson"),
    **dict.fromkeys((".xml", ".bioc"), "biocxml"),
    **{".parquet": "parquet", ".csv": "csv", ".tsv": "tsv"},
}
SUFFIXES |= {each.suffix: each.name for each in NETWORK_FORMATS if each.suffix not in SUFFIXES}
FORMATS = (*dict.fromkeys([*SUFFIXES.values(), *(each.name for each in NETWORK_FORMATS)]), "listing")

Results = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class OutputFormat:
    """A format of an output.

    Args:
        name: one of `FORMATS`.
        text_of: the text of a document with its results: as it is in the output, or a line of JSON where `target` or
            `network` joins the documents.
        target: writes the documents of formats in which they are no texts one after another.
        network: merges the results of documents, in formats of networks.
        start: what the output begins with.
        beyond: how much of a result has no place in it; None where everything has.

    >>> output_format("csv").start.split(",")[:2]
    ['document', 'subject_id']
    """

    name: str
    text_of: Callable[[Document, Results], str]
    target: Target | None = None
    network: NetworkOutput | None = None
    start: str = ""
    beyond: Callable[[Relation], int] | None = None

    @property
    def is_joined(self) -> bool:
        """Whether the output is written from all documents together, so that a stream cannot have it."""
        return self.target is not None or self.network is not None

    def paths(self, output: Path) -> list[Path]:
        """Return the files that are written for an output."""
        return [output] if self.network is None else self.network.paths(output)

    def check(self, document: Document) -> None:
        """Check that a document can be written, before anything is computed.

        Raises:
            BioDirError: the format cannot hold it.
        """
        if self.target is not None:
            self.target.read_back(replace(document, relations=(), subject_lines=()))
        else:
            self.text_of(document, [])

    def number(self, results: Results) -> int:
        """Return how many of the results are written: formats of documents hold one of each two identifiers."""
        holds_one = self.target is not None or self.name == "pubtator"
        return len(predicted_relations(results) if holds_one else results)

    def left_out(self, results: Results) -> int:
        """Return how many of the results lose a part."""
        return 0 if self.beyond is None else sum(map(self.beyond, predicted_relations(results)))

    def join(self, parts: Iterable[BinaryIO], output: Path) -> list[str]:
        """Write an output, which appears when it is complete, of open files with the texts of documents.

        Returns:
            Of a network, ids that came before and what its format has no place for, as lines for the user.
        """
        lines = (line for part in parts for line in part)
        if self.network is not None:
            return self.network.write(lines, output)
        if self.target is not None:
            self.target.write((Document.from_dict(json.loads(line)) for line in lines), output)
            return []
        with open_output(output) as file:
            file.write(self.start.encode())
            for part in parts:
                shutil.copyfileobj(part, file)
        return []


def output_format(
    name: str, dialect: str = BIOREDIRECT, entity_offsets: str | None = None, vocabulary: Vocabulary | None = None
) -> OutputFormat:
    """Return the format with a name.

    Args:
        name: one of `FORMATS`.
        dialect: that of PubTator.
        entity_offsets: what the offsets of entities count in JSON Lines and in a listing, which then have these.
        vocabulary: of the relation types of a network.

    Raises:
        SettingError: there is none, a library that writes it is missing, or the network has types of its own.
    """
    check_dialect(dialect)
    if name == "pubtator":
        text_of = partial(_pubtator_block, dialect=dialect)
        return OutputFormat(name, text_of, beyond=beyond_pubtator if dialect != BIOREDIRECT else None)
    if name == "jsonl":
        return OutputFormat(name, partial(_json_line, entity_offsets=entity_offsets))
    if name == "listing":
        return OutputFormat(name, partial(relation_listing, with_entities=entity_offsets is not None))
    if name in ("csv", "tsv"):
        delimiter = "," if name == "csv" else "\t"
        return OutputFormat(name, partial(_rows, delimiter=delimiter), start=_table([COLUMNS], delimiter))
    if name not in FORMATS:
        raise SettingError(f"format is {name!r}; {suggestion(name, FORMATS)}")
    if name in (each.name for each in NETWORK_FORMATS):
        # With text and entities, nodes have all their names.
        text_of = partial(_json_line, entity_offsets="characters")
        return OutputFormat(name, text_of, network=NetworkOutput(network_format(Path(), name), vocabulary))
    return OutputFormat(name, _document_line, target_of(Path(), name))


def format_of(output: Path | TextIO) -> str:
    """Return the format of an output file by its suffix, before ``.gz``; that of a stream is the listing.

    Raises:
        SettingError: the suffix is unknown.
    """
    if not isinstance(output, Path):
        return "listing"
    name = output.name.lower()
    bare = name.removesuffix(PACKED_OUTPUT_SUFFIX)
    found = max((suffix for suffix in SUFFIXES if bare.endswith(suffix)), key=len, default=None)
    if found is None:
        known = ", ".join(SUFFIXES)
        raise SettingError(f"{output}: unknown suffix {Path(bare).suffix!r}; use one of {known}, or name a format")
    return SUFFIXES[found]


def predicted_relations(results: Results) -> tuple[Relation, ...]:
    """Return the pipeline's results as the relations of a document."""
    return first_of_pairs(relation_from_dict(result, "result") for result in results)


def _with_results(document: Document, results: Results) -> Document:
    return replace(document, relations=predicted_relations(results), subject_lines=())


def _pubtator_block(document: Document, results: Results, dialect: str) -> str:
    return format_pubtator(_with_results(document, results), dialect)


def _document_line(document: Document, results: Results) -> str:
    return json.dumps(_with_results(document, results).to_dict()) + "\n"


def _json_line(document: Document, results: Results, entity_offsets: str | None) -> str:
    line: dict[str, Any] = {"id": document.id}
    if entity_offsets is not None:
        line |= _text_parts(document, entity_offsets)
        if not document.is_plain:
            line["entities"] = ResultWriter(document, entity_offsets).entities()
    return json.dumps({**line, "relations": list(results)}, ensure_ascii=False) + "\n"


def _text_parts(document: Document, unit: str) -> dict[str, Any]:
    """Return the text, and its passages and sentences where it has these, with offsets in a unit."""
    mapping, place = document.to_dict(), offset_at(document.text, unit)
    parts: dict[str, Any] = {"text": document.text}
    if document.passages:
        parts["passages"] = [
            {**each, **{key: place(each[key]) for key in ("start", "end")}} for each in mapping["passages"]
        ]
    if document.sentences:
        parts["sentences"] = [list(map(place, span)) for span in document.sentences]
    return parts | ({"pmcid": document.pmcid} if document.pmcid else {})


def _rows(document: Document, results: Results, delimiter: str) -> str:
    """Return a row for each relation, in the columns of COLUMNS."""
    rows = []
    for result in results:
        subject, object_ = ([result[end][key] for key in ("id", "type", "text")] for end in ("subject", "object"))
        evidence = " ".join(part["text"] for part in result["evidence"])
        sections = "; ".join(dict.fromkeys(part["section"] for part in result["evidence"] if part["section"]))
        scores = [None if result[name] is None else round(result[name], SCORE_DIGITS) for name in SCORES]
        cells = (document.id, *subject, result["relation"], *object_, result["directed"], result["novelty"])
        row = (*cells, *scores, evidence, sections)
        rows.append([" ".join(cell.split()) if isinstance(cell, str) else cell for cell in row])
    return _table(rows, delimiter)


def _table(rows: Iterable[Iterable[Any]], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()
