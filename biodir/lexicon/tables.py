"""Vocabularies in text files: NCBI genes and taxonomy, Cellosaurus, OMIM titles."""

import io
import re
import tarfile
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import IO, Any, cast

from biodir.errors_biodir import ParseError
from biodir.files import START_BYTES
from biodir.labels_biodir import CELL_LINE, DISEASE, GENE, SPECIES
from biodir.lexicon.concepts import (
    LOOSE,
    NO_VALUES,
    OFFICIAL,
    PREFERRED,
    SYNONYM,
    Concept,
    Name,
    Reading,
    is_number,
    numbered_lines,
    species_of,
)

GENE_COLUMNS = 14
# Columns of gene_info with names -> rank; "|" separates several.
_GENE_NAMES = {2: PREFERRED, 10: PREFERRED, 11: OFFICIAL, 8: OFFICIAL, 4: SYNONYM, 13: LOOSE}
# Name classes of the taxonomy -> rank; the others (authority, in-part, includes, type material, blast name) name
# something else.
_TAXON_NAMES = {
    "scientific name": PREFERRED,
    "genbank common name": OFFICIAL,
    **dict.fromkeys(("common name", "synonym", "genbank synonym", "equivalent name"), SYNONYM),
    **dict.fromkeys(("acronym", "genbank acronym", "equivalent acronym", "anamorph", "teleomorph"), SYNONYM),
}
TAXON_FIELDS = 4
NAMES_FILE = "names.dmp"
# Signs of OMIM before entries that are, or may be, diseases: described ("Number Sign"), of unknown cause ("Percent"),
# gene with disease ("Plus"), and none.
_OMIM_DISEASES = ("Number Sign", "Percent", "Plus", "NULL")
_OBO_SYNONYM = re.compile(r'"((?:[^"\\]|\\.)*)"')
_OBO_SPECIES = re.compile(r"NCBI_TaxID:(\d+)")


def read_genes(file: io.BufferedReader, source: str, reading: Reading) -> Iterator[Concept]:
    """Yield the genes of the species that are wanted, from a file ``gene_info``."""
    for place, line in numbered_lines(file, source):
        if line.startswith("#") or not line:
            continue
        taxon = line.partition("\t")[0]
        if taxon not in reading.species and species_of(taxon) not in reading.species:
            reading.left_out["genes of other species"] += 1
            continue
        columns = line.split("\t")
        if len(columns) < GENE_COLUMNS or not is_number(columns[1]):
            raise ParseError(
                f"{place}: has {len(columns)} columns and GeneID {columns[1:2]}; a line of gene_info has "
                f"{GENE_COLUMNS} or more and a number; get the file again"
            )
        if columns[2] == "NEWENTRY" or columns[9] == "biological-region":
            reading.left_out["entries that are no genes"] += 1
            continue
        names = [
            (each.strip(), rank)
            for column, rank in _GENE_NAMES.items()
            for each in (columns[column].split("|") if rank >= SYNONYM else (columns[column],))
        ]
        yield Concept(columns[1], GENE, _names(names), columns[0])


def read_taxonomy(file: io.BufferedReader, source: str, reading: Reading) -> Iterator[Concept]:
    """Yield the organisms of ``names.dmp``, or of an archive (tar) that holds it."""
    if not _is_tar(file):
        yield from _read_names(file, source, reading)
        return
    try:
        with tarfile.open(fileobj=file, mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.name.rpartition("/")[2] == NAMES_FILE else None
                if content is not None:
                    names = cast(io.BufferedReader, io.BufferedReader(_Member(content), START_BYTES))
                    yield from _read_names(names, f"{source}({NAMES_FILE})", reading)
                    return
    except tarfile.TarError as error:
        raise ParseError(f"{source}: is a damaged archive ({error}); get the file again", "unreadable") from error
    raise ParseError(f"{source}: the archive has no {NAMES_FILE}; take taxdump.tar.gz of NCBI")


class _Member(io.RawIOBase):
    """A file of an archive that is read as a stream, in which its own object cannot be wrapped."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._content.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


def _is_tar(file: io.BufferedReader) -> bool:
    return file.peek(512)[257:262] == b"ustar"


def _read_names(file: io.BufferedReader, source: str, reading: Reading) -> Iterator[Concept]:
    for taxon, rows in groupby(_taxon_rows(file, source), key=lambda row: row[0]):
        names = [(fields[1].strip(), _TAXON_NAMES[fields[3]]) for fields in rows if fields[3] in _TAXON_NAMES]
        if names:
            yield Concept(taxon, SPECIES, _names(names))
        else:
            reading.left_out["taxa without a name of their own"] += 1


def _taxon_rows(file: io.BufferedReader, source: str) -> Iterator[list[str]]:
    for place, line in numbered_lines(file, source):
        if not line.strip():
            continue
        fields = line.removesuffix("\t|").split("\t|\t")
        if len(fields) != TAXON_FIELDS or not is_number(fields[0]):
            raise ParseError(f"{place}: {line[:60]!r} is no line of {NAMES_FILE}; get the file again")
        yield fields


def read_cell_lines(file: io.BufferedReader, source: str, reading: Reading) -> Iterator[Concept]:
    """Yield the cell lines of Cellosaurus in the format OBO."""
    for place, tags in _obo_terms(file, source):
        identifier = "".join(tags.get("id", []))
        if not identifier.startswith("CVCL_") or not tags.get("name"):
            raise ParseError(
                f"{place}: a term has the id {identifier!r} and the names {tags.get('name')}; get it again"
            )
        if "true" in tags.get("is_obsolete", []):
            reading.left_out["obsolete terms"] += 1
            continue
        synonyms = (_OBO_SYNONYM.search(value) for value in tags.get("synonym", []))
        names = [(name, PREFERRED) for name in map(_unescaped, tags["name"])]
        names += [(_unescaped(found[1]), SYNONYM) for found in synonyms if found]
        species = {found[1] for value in tags.get("xref", []) if (found := _OBO_SPECIES.match(value))}
        # Hybrid cells come from several species.
        yield Concept(identifier, CELL_LINE, _names(names), species.pop() if len(species) == 1 else "")


def _obo_terms(file: io.BufferedReader, source: str) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Yield place and tags of each term."""
    start, tags = "", dict[str, list[str]]()
    for place, line in numbered_lines(file, source):
        if line.startswith("["):
            if start:
                yield start, tags
            start, tags = (place if line.strip() == "[Term]" else ""), {}
        elif start and line.strip() and not line.startswith("!"):  # which begins a comment
            tag, colon, value = line.partition(":")
            if not colon:
                raise ParseError(f"{place}: {line[:60]!r} is no line 'tag: value' of OBO; get the file again")
            tags.setdefault(tag, []).append(value.strip())
    if start:
        yield start, tags


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def read_omim_titles(file: io.BufferedReader, source: str, reading: Reading) -> Iterator[Concept]:
    """Yield the diseases of ``mimTitles.txt``."""
    for place, line in numbered_lines(file, source):
        if line.startswith("#") or not line.strip():
            continue
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) < 3 or not is_number(columns[1]):
            raise ParseError(f"{place}: {line[:60]!r} is no line of mimTitles.txt; get the file again")
        if columns[0] not in _OMIM_DISEASES or columns[2].startswith("MOVED TO"):
            reading.left_out["entries that are no diseases"] += 1
            continue
        # "TITLE; SYMBOL" and in the next column ";;" between others. What an entry includes is something else.
        preferred, *symbols = columns[2].split(";")
        names = [(preferred.strip(), PREFERRED), *((symbol.strip(), SYNONYM) for symbol in symbols)]
        others = (part for title in columns[3:4] for part in title.split(";"))
        names += [(part.strip(), SYNONYM) for part in others]
        names += [(direct, LOOSE) for text, _ in names for direct in _without_inversion(text)]
        yield Concept(f"OMIM:{columns[1]}", DISEASE, _names(names))


def _without_inversion(title: str) -> Iterator[str]:
    """Yield "FAMILIAL X" for "X, FAMILIAL"."""
    parts = title.split(", ")
    if len(parts) == 2:
        yield f"{parts[1]} {parts[0]}"


def _names(names: Iterable[tuple[str, int]]) -> tuple[Name, ...]:
    """Return the names with the best rank of each, the best first."""
    ranks: dict[str, int] = {}
    for text, rank in sorted(names, key=lambda name: name[1]):
        if text not in NO_VALUES:
            ranks.setdefault(text, rank)
    return tuple(Name(text, rank) for text, rank in ranks.items())
