"""Sections of an article: how its passages are named, and a document of which only some are read.

The names are those of PMC's BioC: TITLE, ABSTRACT, INTRO, METHODS, RESULTS, DISCUSS, CONCL, REF, TABLE, FIG and so on.
They are compared without regard to case. A passage whose source names no section is one by its kind, such as "title".
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from .document_biodir import Document, Passage
from .errors_biodir import AnnotationError, SettingError

# Of PMC: https://www.ncbi.nlm.nih.gov/research/bionlp/APIs/BioC-PMC/ and, from CASE on, what its files have.
SECTIONS = (
    *("TITLE", "ABSTRACT", "INTRO", "METHODS", "RESULTS", "DISCUSS", "CONCL", "REF", "TABLE", "FIG", "SUPPL"),
    *("CASE", "ABBR", "ACK_FUND", "APPENDIX", "AUTH_CONT", "COMP_INT", "KEYWORD", "REVIEW_INFO"),
)
# Other names, in upper case.
_SAME_SECTION = {
    **{"FRONT": "TITLE", "INTRODUCTION": "INTRO", "METHOD": "METHODS", "RESULT": "RESULTS", "SUPPLEMENT": "SUPPL"},
    **dict.fromkeys(("MATERIALS AND METHODS", "MATERIAL AND METHODS"), "METHODS"),
    **dict.fromkeys(("DISCUSSION", "DISCUSSIONS"), "DISCUSS"),
    **dict.fromkeys(("CONCLUSION", "CONCLUSIONS"), "CONCL"),
    **dict.fromkeys(("REFERENCE", "REFERENCES", "BIBLIOGRAPHY"), "REF"),
    **dict.fromkeys(("TABLES", "TABLE_CAPTION"), "TABLE"),
    **dict.fromkeys(("FIGURE", "FIGURES", "FIG_CAPTION"), "FIG"),
}
# What `sections` may hold for all of a document, references included.
ALL = "ALL"
# The titles of cited papers state what these papers found.
REFERENCES = "REF"


def section_name(name: str) -> str:
    """Return the name of a section in upper case, and as PMC has it where it is one of PMC's.

    >>> section_name("Discussion"), section_name("Our approach")
    ('DISCUSS', 'OUR APPROACH')
    """
    upper = " ".join(name.upper().split())
    return _SAME_SECTION.get(upper, upper)


def section_of(passage: Passage) -> str:
    """Return the name of the section that a passage is in; of a passage without one its kind; empty without both."""
    return section_name(passage.section or passage.kind)


class Sections:
    """The sections of a document by place.

    >>> sections = Sections([Passage(0, 6, "title"), Passage(7, 20, "paragraph", "Results")])
    >>> sections.at(3), sections.at(12), sections.at(25)
    ('TITLE', 'RESULTS', None)
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._starts = [part.start_char for part in passages]

    def at(self, character: int) -> str | None:
        """Return the name of the section at a character; None where there is none."""
        number = self.number_at(character)
        return None if number is None else section_of(self._passages[number]) or None

    def number_at(self, character: int) -> int | None:
        """Return the number of the passage at a character; None where there is none."""
        number = bisect_right(self._starts, character) - 1
        return number if number >= 0 and character < self._passages[number].end_char else None


@dataclass(frozen=True)
class SectionFilter:
    """Which sections of documents are read.

    Args:
        wanted: names of sections; None for all but references, "all" among them for all.
        unwanted: names of sections that are left out in any case.
        found: the names of the sections of all documents so far.
        left_out: name of a section -> mentions in it that were left out.

    Raises:
        SettingError: a name is that of no section, but like one of PMC's.

    >>> document = Document("7", "Iron. Zinc.", passages=(Passage(0, 5, "title"), Passage(6, 11, "ref")))
    >>> SectionFilter().read(document).text
    'Iron.      '
    """

    wanted: Collection[str] | None = None
    unwanted: Collection[str] = ()
    found: set[str] = field(default_factory=set, compare=False)
    left_out: Counter[str] = field(default_factory=Counter, compare=False)

    def __post_init__(self) -> None:
        known = (*SECTIONS, *_SAME_SECTION, ALL)
        for name in (*(self.wanted or ()), *self.unwanted):
            likely = get_close_matches(name.upper(), known, n=1, cutoff=0.8)
            if likely and section_name(name) not in known:
                raise SettingError(
                    f"unknown section {name!r}; did you mean {section_name(likely[0])!r}? Names are those of PMC "
                    f"({', '.join(SECTIONS)}) and what documents have"
                )

    def check(self, document: Document) -> None:
        """Check that the document has a wanted section, or that all names are such as other articles have.

        Raises:
            AnnotationError: it has none of the wanted sections, and one of the names is not PMC's.
        """
        names = {section_of(part): None for part in document.passages}
        unknown = [name for name in self.wanted or () if section_name(name) not in (*SECTIONS, ALL)]
        if unknown and not any(map(self.is_read, names)):
            had = ", ".join(filter(None, names))
            sections = f"its sections are {had}" if had else "it names no sections"
            raise AnnotationError(
                f"document {document.id}: has no section {unknown[0]!r}; {sections}; other names are those of PMC: "
                f"{', '.join(SECTIONS)}",
                f"no section {unknown[0]!r}",
            )

    def is_read(self, name: str) -> bool:
        """Return whether a section with this name is read; that of a text in no section has the name ""."""
        if name in map(section_name, self.unwanted):
            return False
        if self.wanted is None:
            return name != REFERENCES
        wanted = set(map(section_name, self.wanted))
        return ALL in wanted or name in wanted

    def read(self, document: Document) -> Document:
        """Return the document as the model reads it: with spaces for the other sections, without mentions in them.

        So all offsets are those of the complete text. Text in no passage is that of a section without name.
        """
        self.found.update(map(section_of, document.passages))
        text = document.text
        unread = [
            part
            for part in with_gaps(document)
            if not self.is_read(section_of(part)) and text[part.start_char : part.end_char].strip()
        ]
        if not unread:
            return document
        ends = [part.end_char for part in unread]
        mentions = []
        for mention in document.mentions:
            number = bisect_right(ends, mention.start_char)  # of the first part that ends in the mention or after it
            if number < len(unread) and unread[number].start_char < mention.end_char:
                self.left_out[section_of(unread[number]) or "without name"] += 1
            else:
                mentions.append(mention)
        text = "".join(_pieces(text, unread))
        sentences = tuple((start, end) for start, end in document.sentences if text[start:end].strip())
        left = replace(document, mentions=(), relations=(), subject_lines=(), sentences=(), is_marked=True)
        return replace(left, text=text, mentions=tuple(mentions), sentences=sentences)

    def notes(self) -> Iterator[str]:
        """Yield lines on what was not read, and on sections that were named and that no document had."""
        for name, count in self.left_out.items():
            yield f"mentions in the section {name}, which is not read: {count}"
        missing = [name for name in self.wanted or () if section_name(name) not in self.found | {ALL}]
        missing += [name for name in self.unwanted if section_name(name) not in self.found and name not in missing]
        if missing:
            yield f"sections that no document has: {', '.join(missing)}"


def with_gaps(document: Document) -> Iterator[Passage]:
    """Yield the passages, and the text before, between and after them as passages without kind and section."""
    last = 0
    for part in document.passages:
        yield Passage(last, part.start_char, "")
        yield part
        last = part.end_char
    yield Passage(last, len(document.text), "")


def _pieces(text: str, unread: Sequence[Passage]) -> Iterator[str]:
    """Yield the text with spaces for the unread passages."""
    last = 0
    for part in unread:
        yield text[last : part.start_char]
        yield " " * (part.end_char - part.start_char)
        last = part.end_char
    yield text[last:]
