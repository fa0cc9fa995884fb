"""PMIDs and PMC ids from the command line and from files, each checked and each once."""

import os
import re
from collections.abc import Iterable, Iterator

from biodir.errors_biodir import SettingError
from biodir.files import input_name, open_input, text_lines

_PMID = re.compile("[1-9][0-9]{0,7}")
_PMCID = re.compile("PMC[1-9][0-9]{0,8}")
_SEPARATORS = re.compile(r"[\s,;]+")
# What people write for an identifier: `PMID: 123`, `pmc12`, `00123`, and the `123.0` of tables.
_OTHER_SPELLING = re.compile(r"(?i)(pmid|pmc|pmcid)?\W*(?:PMC)?0*([1-9][0-9]*)(?:\.0+)?")
# Faults are named up to this number, then only counted.
_NAMED_FAULTS = 10


def is_pmcid(identifier: str) -> bool:
    """Return whether a checked identifier is one of PubMed Central, such as "PMC10072964", and no PMID."""
    return identifier.startswith("PMC")


def identifiers_in(values: Iterable[str], name: str) -> Iterator[tuple[str, str]]:
    """Yield the identifiers in values of the command line, which may hold several, with their places.

    >>> list(identifiers_in(["12,13", "PMC5"], "PMID"))
    [('PMID 1', '12'), ('PMID 2', '13'), ('PMID 3', 'PMC5')]
    """
    written = (each for value in values for each in _SEPARATORS.split(value) if each)
    yield from ((f"{name} {number}", each) for number, each in enumerate(written, start=1))


def identifiers_of_file(path: str | os.PathLike[str]) -> Iterator[tuple[str, str]]:
    """Yield the identifiers of a file with their places; lines hold one or several, and comments after ``#``.

    The file may be packed; ``-`` is standard input.

    Raises:
        ParseError: it cannot be read.
    """
    with open_input(path) as file:
        for number, line in enumerate(text_lines(file), start=1):
            words = _SEPARATORS.split(line.removeprefix("\ufeff").partition("#")[0])
            yield from ((f"{input_name(path)}:{number}", word) for word in words if word)


def checked_identifiers(placed: Iterable[tuple[str, str]]) -> list[str]:
    """Return the identifiers in their order.

    Args:
        placed: place and identifier, as `identifiers_in` and `identifiers_of_file` give them.

    Raises:
        SettingError: one is neither a PMID nor a PMC id, or occurs twice, or there is none; with place and fix.

    >>> checked_identifiers([("a.txt:1", "12"), ("a.txt:2", "PMC5")])
    ['12', 'PMC5']
    >>> checked_identifiers([("a.txt:1", "12"), ("a.txt:2", "PMID:13")])
    Traceback (most recent call last):
    biodir.errors_biodir.SettingError: a.txt:2: 'PMID:13' is no PMID; write 13
    """
    places: dict[str, str] = {}
    faults = []
    for place, identifier in placed:
        if not (_PMID.fullmatch(identifier) or _PMCID.fullmatch(identifier)):
            faults.append(f"{place}: {identifier!r} is no PMID; {_fix(identifier)}")
        elif identifier in places:
            faults.append(f"{place}: {identifier} is {places[identifier]} as well; remove one of them")
        else:
            places[identifier] = place
    if len(faults) > _NAMED_FAULTS:
        faults[_NAMED_FAULTS:] = [f"and {len(faults) - _NAMED_FAULTS} more such faults"]
    if faults:
        raise SettingError("\n".join(faults))
    if not places:
        raise SettingError("there are no PMIDs to fetch; name at least one")
    return list(places)


def _fix(written: str) -> str:
    """Return what to write in place of something that is no identifier."""
    found = _OTHER_SPELLING.fullmatch(written)
    if found is not None:
        kind = "PMC" if "pmc" in written.lower() else ""
        if (_PMCID if kind else _PMID).fullmatch(kind + found[2]):
            return f"write {kind}{found[2]}"
    return "a PMID has 1 to 8 digits, an id of PubMed Central is PMC and digits"
