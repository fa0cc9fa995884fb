"""`Lexicon`: finds names in the SQLite file of a lexicon and links the mentions of documents."""

import logging
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from biodir.document_biodir import SURROGATE, Document
from biodir.errors_biodir import ParseError
from biodir.labels_biodir import ENTITY_TYPES
from biodir.lexicon.concepts import HUMAN, checked_species, normalized_name
from biodir.lexicon.linking import AMBIGUOUS, NOT_LINKED, Candidate, Resolution, resolve, with_identifiers
from biodir.lexicon.schema import LexiconInfo, open_lexicon

logger = logging.getLogger(__name__)

_FIND = """
SELECT concept.identifier, concept.name, name.name, name.rank, concept.species, vocabulary.vocabulary, vocabulary.key
FROM name JOIN concept ON concept.key = name.concept JOIN vocabulary ON vocabulary.key = concept.vocabulary
WHERE name.normalized = ? AND vocabulary.entity_type = ?
"""
# Candidates of an ambiguous name that a message shows.
_SHOWN = 4


class Lexicon:
    """A lexicon, opened for reading. It can be sent to other processes, which open it for themselves.

    Args:
        path: a file that `biodir lexicon build` made.
        species: NCBI taxonomy identifiers of the species that genes are from in documents that name none.
        on_ambiguous: called with a line for each ambiguous name of a document that is linked.

    Attributes:
        info: what it was made from, with counts.
        counts: how mentions were linked, or why not, with their number, over all documents so far; with those that
            `predict_files` finds finished when it resumes.

    Raises:
        ParseError: the file is no lexicon, or one of another version.

    >>> from pathlib import Path
    >>> from biodir.lexicon.building import Input, build_lexicon
    >>> _ = Path("names.dmp").write_text("10090\\t|\\tMus musculus\\t|\\t\\t|\\tscientific name\\t|\\n")
    >>> info = build_lexicon([Input(Path("names.dmp"))], Path("small.sqlite"))
    >>> [candidate.identifier for candidate in Lexicon("small.sqlite").find("mus musculus")]
    ['10090']
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        species: Iterable[str] = (HUMAN,),
        on_ambiguous: Callable[[str], object] | None = None,
    ) -> None:
        self.path = os.fspath(path)
        self.species = checked_species(species)
        self.on_ambiguous = on_ambiguous
        self.counts: Counter[str] = Counter()
        self.info: LexiconInfo
        self._database: sqlite3.Connection
        self._database, self.info = open_lexicon(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (os.path.abspath(self.path), self.species, self.on_ambiguous)

    def find(self, name: str, entity_type: str | None = None) -> tuple[Candidate, ...]:
        """Return all concepts that have the name, each once, the best first.

        Args:
            name: in any spelling; exact names go first.
            entity_type: one of BioRED's; by default concepts of all types.
        """
        if SURROGATE.search(name):
            return ()
        name = " ".join(name.split())  # an exact name may be on two lines of a text
        best: dict[tuple[str, str], Candidate] = {}
        for kind in ENTITY_TYPES if entity_type is None else (entity_type,):
            found = self._rows(name, kind)
            if not found and name.endswith("s"):  # a plural, such as "EGFRs"
                found = self._rows(name[:-1], kind)
            for candidate in found:
                other = best.get((candidate.identifier, kind))
                if other is None or _order(candidate) < _order(other):
                    best[candidate.identifier, kind] = candidate
        return tuple(sorted(best.values(), key=_order))

    def _rows(self, name: str, kind: str) -> list[Candidate]:
        try:
            rows = self._database.execute(_FIND, (normalized_name(name, kind), kind)).fetchall()
        except sqlite3.Error as error:  # such as of a file that was cut off when it was copied
            raise ParseError(f"{self.path}: is damaged ({error}); copy it or build it again") from error
        return [
            Candidate(identifier, kind, preferred, found, found == name, rank, species, vocabulary, preference)
            for identifier, preferred, found, rank, species, vocabulary, preference in rows
        ]

    def resolve(self, document: Document) -> dict[int, Resolution]:
        """Return for each mention without identifier, by its index, what was found; ambiguous ones have candidates."""
        return resolve(document, self.find, self.species)

    def link(self, document: Document) -> Document:
        """Return the document with identifiers for mentions that have none, where the choice is unique.

        Mentions whose identifier is their text (``text:...``) have none, too. The others stay as they are.
        """
        resolutions = self.resolve(document)
        self.counts.update(each.how for each in resolutions.values())
        notes = dict.fromkeys(
            f"document {document.id}: {ambiguity(each)}" for each in resolutions.values() if each.how == AMBIGUOUS
        )
        for note in notes:
            logger.info(note)
            if self.on_ambiguous is not None:
                self.on_ambiguous(note)
        return with_identifiers(document, resolutions)

    def summary(self) -> str:
        """Return how many mentions were linked and how, and how many were not, in one line."""
        linked = {how: count for how, count in self.counts.most_common() if how not in NOT_LINKED}
        details = ", ".join(f"{how}: {count}" for how, count in linked.items())
        others = ", ".join(f"{self.counts[how]} {how}" for how in NOT_LINKED if self.counts[how]) or "0"
        return (
            f"mentions linked by the lexicon: {sum(linked.values())}{f' ({details})' if details else ''}; "
            f"not linked: {others}"
        )


def lexicon_of(link: Any) -> Lexicon | None:
    """Return the lexicon whose method `link` this is; None for any other function."""
    owner = getattr(link, "__self__", None)
    return owner if isinstance(owner, Lexicon) else None


def ambiguity(resolution: Resolution) -> str:
    """Return what an ambiguous mention may be, in one line."""
    shown = ", ".join(f"{each.identifier} ({each.name})" for each in resolution.candidates[:_SHOWN])
    more = len(resolution.candidates) - _SHOWN
    mention = resolution.mention
    return f"{mention.text!r} ({mention.entity_type}) may be {shown}{f' and {more} more' if more > 0 else ''}"


def _order(candidate: Candidate) -> tuple[Any, ...]:
    """Return what candidates are sorted by, the best first."""
    return candidate.preference, not candidate.is_exact, candidate.rank, len(candidate.identifier), candidate.identifier
