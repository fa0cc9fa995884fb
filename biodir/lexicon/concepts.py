"""What readers of vocabularies yield, and the form in which names are compared."""

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from biodir.document_biodir import SURROGATE
from biodir.document_names_biodir import name_key
from biodir.errors_biodir import ParseError, SettingError
from biodir.files import text_lines
from biodir.labels_biodir import CHEMICAL, DISEASE, SPECIES

# How good a name of a concept is: its preferred name, another official one, a synonym, or a looser one.
PREFERRED, OFFICIAL, SYNONYM, LOOSE = range(4)
HUMAN = "9606"
# Strains under which NCBI has the genes of a species -> the species, as texts name it.
_SPECIES_OF_STRAIN = {"559292": "4932", "511145": "562"}
# The empty strings of the tables of NCBI and OMIM.
NO_VALUES = ("", "-", "NULL")

# Rules by which names are compared: those of `biodir.document_names_biodir` that do not lose what tells two concepts of
# a vocabulary apart, as "salt" and "adjective" do. Kras is no plural, so genes and cell lines go without this rule.
_RULES = ("spelling", "head", "greek-letter", "element")
_WITH_PLURALS = (DISEASE, CHEMICAL, SPECIES)


def normalized_name(name: str, entity_type: str) -> str:
    """Return a name without differences of case, spacing, punctuation, Greek letters and words such as "gene".

    Plurals are equal to their singulars in diseases, chemicals and organisms.

    >>> normalized_name("HNF-6 protein", "GeneOrGeneProduct") == normalized_name("Hnf 6", "GeneOrGeneProduct")
    True
    """
    return name_key(name, entity_type, (*_RULES, "plural") if entity_type in _WITH_PLURALS else _RULES)


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
        line = line.removeprefix("\ufeff") if number == 1 else line
        if not line.isascii() and SURROGATE.search(line):
            raise ParseError(f"{source}:{number}: is not UTF-8; get the file again")
        yield f"{source}:{number}", line.rstrip("\r\n")


def checked_species(species: Iterable[str]) -> frozenset[str]:
    """Return NCBI taxonomy identifiers as a set; a string is one of them.

    Raises:
        SettingError: one is no number.
    """
    taxa = frozenset(str(each).strip() for each in ([species] if isinstance(species, str) else species))
    for taxon in taxa:
        if not is_number(taxon):
            raise SettingError(f"species {taxon!r} is no number; give the NCBI taxonomy identifier, such as 10090")
    return taxa


def species_of(taxon: str) -> str:
    """Return the species of a strain under which NCBI has its genes; any other taxon stays as it is.

    >>> species_of("559292"), species_of("9606")
    ('4932', '9606')
    """
    return _SPECIES_OF_STRAIN.get(taxon, taxon)


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
