"""Identifiers that need no vocabulary: numbers of dbSNP, substitutions, everyday names of people and species."""

import re
from collections.abc import Iterable, Mapping

from biodir.document_names_biodir import name_key
from biodir.labels_biodir import VARIANT
from biodir.lexicon.concepts import HUMAN

# Singular names -> NCBI taxonomy identifier, as BioRED links them. The taxonomy has "mouse" and "rat" as names of a
# genus, and "patient" not at all.
_SPECIES_WORDS: Mapping[str, str] = {
    **dict.fromkeys(
        "human patient inpatient outpatient woman women man men person people child children".split(), HUMAN
    ),
    **dict.fromkeys("boy girl infant newborn adolescent adult volunteer homo_sapiens".split(), HUMAN),
    **dict.fromkeys("mouse mice murine mus_musculus".split(), "10090"),
    **dict.fromkeys("rat rattus_norvegicus".split(), "10116"),
    **dict.fromkeys("rabbit oryctolagus_cuniculus".split(), "9986"),
    **dict.fromkeys("guinea_pig cavia_porcellus".split(), "10141"),
    **dict.fromkeys("pig swine porcine sus_scrofa".split(), "9823"),
    **dict.fromkeys("cow cattle bovine bos_taurus".split(), "9913"),
    **dict.fromkeys("sheep ovine ovis_aries".split(), "9940"),
    **dict.fromkeys("dog canine".split(), "9615"),
    **dict.fromkeys("cat feline felis_catus".split(), "9685"),
    **dict.fromkeys("horse equine equus_caballus".split(), "9796"),
    **dict.fromkeys("chicken chick gallus_gallus".split(), "9031"),
    **dict.fromkeys("rhesus_monkey rhesus_macaque macaca_mulatta".split(), "9544"),
    **dict.fromkeys("zebrafish danio_rerio".split(), "7955"),
    **dict.fromkeys("xenopus xenopus_laevis".split(), "8355"),
    **dict.fromkeys("drosophila fruit_fly fruit_flies drosophila_melanogaster d._melanogaster".split(), "7227"),
    **dict.fromkeys("caenorhabditis_elegans c._elegans".split(), "6239"),
    **dict.fromkeys("yeast budding_yeast saccharomyces_cerevisiae s._cerevisiae".split(), "4932"),
    **dict.fromkeys("escherichia_coli e._coli".split(), "562"),
    **dict.fromkeys("arabidopsis arabidopsis_thaliana".split(), "3702"),
}
# Words for an age of people, which are animals where the text names a species.
AGES = frozenset("infant newborn adolescent adult".split())
_TAXON_OF = {word.replace("_", " "): taxon for word, taxon in _SPECIES_WORDS.items()}


def _pattern(word: str) -> str:
    """Return the pattern of a name that may begin with a capital letter: "CAT" is a gene, and no cat."""
    rest = re.escape(word[1:]).replace(r"\.\ ", r"\.[\s-]*").replace(r"\ ", r"[\s-]+")
    return f"[{word[0].upper()}{word[0]}]{rest}"


def _in_text(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)({'|'.join(map(_pattern, sorted(words, key=len, reverse=True)))})s?(?!\w)")


_SPECIES_IN_TEXT, _AGE_IN_TEXT = _in_text(_TAXON_OF.keys() - AGES), _in_text(AGES)
_RS_NUMBER = re.compile(r"(?<![^\W_])rs[\s#-]*([1-9]\d*)(?![^\W_])", re.IGNORECASE)

# The form that `name_key` gives to substitutions, and the texts in which A, C, G and T are amino acids for sure.
_SUBSTITUTION = re.compile(r"([pc]) (\S+) (\S+) (\S+)")
_OF_PROTEIN = re.compile(r"\bp\.|[A-Za-z]{3}-?\d")


def variant_by_rule(text: str) -> str | None:
    """Return the dbSNP number that a variant names, or else the identifier of a substitution as BioRED writes it.

    Without a file of dbSNP it is not known which number a substitution has. "G12A" may be one of DNA or of a protein,
    so it has no identifier.

    >>> variant_by_rule("RS 121434568"), variant_by_rule("rs1801133 (C>T)"), variant_by_rule("G12A")
    ('rs121434568', 'rs1801133', None)
    >>> variant_by_rule("p.Val600Glu"), variant_by_rule("V600E"), variant_by_rule("c.35G>A")
    ('p|SUB|V|600|E', 'p|SUB|V|600|E', 'c|SUB|G|35|A')
    """
    numbers = set(_RS_NUMBER.findall(text))
    if numbers:
        return f"rs{numbers.pop()}" if len(numbers) == 1 else None
    found = _SUBSTITUTION.fullmatch(name_key(text, VARIANT, ("variant",)))
    if not found:
        return None
    kind, position, before, after = found.groups()
    if kind == "p" and {before, after} <= set("ACGT") and not _OF_PROTEIN.search(text):
        return None
    return f"{kind}|SUB|{before}|{position}|{'X' if after == '*' else after}"


def organism_by_rule(text: str) -> str | None:
    """Return the taxonomy identifier of an everyday name, in singular or plural.

    >>> organism_by_rule("Patients"), organism_by_rule("Guinea-pigs"), organism_by_rule("ostrich")
    ('9606', '10141', None)
    """
    word = " ".join(text.casefold().replace("-", " ").replace(".", ". ").split())
    return _TAXON_OF.get(word) or _TAXON_OF.get(word.removesuffix("s"))


def species_in(text: str) -> set[str]:
    """Return the taxonomy identifiers of the everyday names in a text. A word for an age, such as "adult", is none.

    >>> sorted(species_in("Adult mice and CAT-positive E. coli"))
    ['10090', '562']
    """
    return {taxon for found in _SPECIES_IN_TEXT.finditer(text) if (taxon := organism_by_rule(found[1]))}


def names_age(text: str) -> bool:
    """Return whether a text has a word for people of an age, which may also be animals.

    >>> names_age("TNF rose in adults."), names_age("TNF rose in children.")
    (True, False)
    """
    return _AGE_IN_TEXT.search(text) is not None
