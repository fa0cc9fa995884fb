"""What readers of vocabularies yield, and the form in which names are compared."""

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from biodir.document_biodir import SURROGATE
from biodir.errors_biodir import ParseError, SettingError
from biodir.files import text_lines

# How good a name of a concept is: its preferred name, another official one, a synonym, or a looser one.
PREFERRED, OFFICIAL, SYNONYM, LOOSE = range(4)
HUMAN = "9606"
# The empty strings of the tables of NCBI and OMIM.
NO_VALUES = ("", "-", "NULL")

_GREEK = {
    chr(code): unicodedata.name(chr(code)).rpartition(" ")[2].lower().replace("lamda", "lambda")
    for code in (*range(0x3B1, 0x3C2), *range(0x3C3, 0x3CA))
}
_GREEK_LETTER = re.compile(f"[{''.join(_GREEK)}]")
_PLURAL = re.compile(r"(?<=[^\W\d_]{4})(?<![sui])s$")
# Signs that make a difference in names such as CD4+ and IgG-.
_NO_NAME = re.compile(r"[\W_]+")


def normalized_name(name: str) -> str:
    """Return a name without differences of case, spacing, punctuation, Greek letters and plural.

    >>> normalized_name("HNF-6") == normalized_name("Hnf 6"), normalized_name("β-Catenins")
    (True, 'betacatenin')
    """
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name)
    name = name.casefold()
    if not name.isascii():
        name = _GREEK_LETTER.sub(lambda letter: _GREEK[letter[0]], name)
    return _NO_NAME.sub("", _PLURAL.sub("", name.strip()))


@dataclass(frozen=True)
class Name:
    """A name of a concept.

    Args:
        text: as the vocabulary writes it.
        rank: PREFERRED, OFFICIAL, SYNONYM or LOOSE.

    >>> Name("EGFR").rank == PREFERRED
    True
    """

    text: str
    rank: int = PREFERRED


@dataclass(frozen=True)
class Concept:
    """What an identifier stands for, in one entity type.

    Args:
        identifier: as BioRED writes it: ``D012345``, ``OMIM:100100``, ``1956``, ``CVCL_0030``.
        entity_type: one of BioRED's.
        names: the first one is shown.
        species: NCBI taxonomy identifier of the species that a gene or cell line comes from; else empty.

    >>> Concept("1956", "GeneOrGeneProduct", (Name("EGFR"),), species="9606").names[0].text
    'EGFR'
    """

    identifier: str
    entity_type: str
    names: tuple[Name, ...]
    species: str = ""


@dataclass(frozen=True)
class Reading:
    """What the readers of one build share.

    Args:
        species: NCBI taxonomy identifiers of the species whose genes are read.
        left_out: reason -> number of records that were left out, of the file that is read now.
        descriptor_types: MeSH descriptor -> its entity types, which supplementary records inherit.

    >>> Reading(frozenset({"9606"})).left_out.total()
    0
    """

    species: frozenset[str] = frozenset({HUMAN})
    left_out: Counter[str] = field(default_factory=Counter)
    descriptor_types: dict[str, tuple[str, ...]] = field(default_factory=dict)


def numbered_lines(file: io.BufferedReader, source: str) -> Iterator[tuple[str, str]]:
    """Yield place (``file:line``) and text, without its end, of each line.

    Raises:
        ParseError: a line is not UTF-8.
    """
    for number, line in enumerate(text_lines(file), 1):
        if not line.isascii() and SURROGATE.search(line):
            raise ParseError(f"{source}:{number}: is not UTF-8; get the file again")
        yield f"{source}:{number}", line.rstrip("\r\n")


def checked_species(species: Iterable[str]) -> frozenset[str]:
    """Return NCBI taxonomy identifiers as a set.

    Raises:
        SettingError: one is no number.
    """
    taxa = frozenset(str(each).strip() for each in species)
    for taxon in taxa:
        if not is_number(taxon):
            raise SettingError(f"species {taxon!r} is no number; give the NCBI taxonomy identifier, such as 10090")
    return taxa


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
