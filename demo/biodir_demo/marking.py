"""Entities in a pasted text: those that were found, and what a reader marks, retypes or removes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import takewhile

from biodir.document_biodir import SURROGATE, Document, Span
from biodir.errors_biodir import AnnotationError

from .documents import PASTED, check_count

NOTHING_SELECTED = "Nothing is selected. Select a name in the text first, then press its type."


@dataclass(frozen=True)
class Mark:
    """A marked span; without an identifier, marks of one type with the same text are one entity.

    A type of None says that there is no entity. What was found has a score; what the reader marked has None.
    """

    start_char: int
    end_char: int
    entity_type: str | None
    identifier: str | None = None
    score: float | None = None

    @property
    def is_set(self) -> bool:
        """Whether the reader set the mark."""
        return self.score is None

    @property
    def span(self) -> Span:
        """The marked characters."""
        return self.start_char, self.end_char


@dataclass(frozen=True)
class MarkedText:
    """A text with marks that do not overlap, in the order of the text.

    `searched` is the text in which entities were found last; None for one in which none were looked for.
    """

    text: str = ""
    marks: tuple[Mark, ...] = ()
    searched: str | None = None

    @property
    def entity_marks(self) -> tuple[Mark, ...]:
        """The marks that name an entity."""
        return tuple(mark for mark in self.marks if mark.entity_type is not None)

    @property
    def lacks_entities(self) -> bool:
        """Whether entities should be found: there are none, or what was found is that of an older text."""
        is_older = self.searched != self.text and not all(mark.is_set for mark in self.marks)
        return is_older or not self.entity_marks

    def with_found(self, found: Iterable[Mark]) -> "MarkedText":
        """Return the text with the marks that were found in place of older ones; what the reader set stays."""
        kept = [mark for mark in self.marks if mark.is_set]
        is_set = {index for mark in kept for index in range(*mark.span)}
        marks = [*kept, *(mark for mark in found if is_set.isdisjoint(range(*mark.span)))]
        check_count(PASTED, "mentions", len(marks))
        return MarkedText(self.text, _ordered(marks), self.text)

    def with_text(self, text: str) -> "MarkedText":
        """Return the edited text: marks after the edit move with it, marks that it touches are removed."""
        before = _common_length(self.text, text)
        after = _common_length(self.text[before:][::-1], text[before:][::-1])
        growth = len(text) - len(self.text)
        moved = (
            replace(mark, start_char=mark.start_char + growth, end_char=mark.end_char + growth)
            for mark in self.marks
            if mark.start_char >= len(self.text) - after
        )
        marks = (*(mark for mark in self.marks if mark.end_char <= before), *moved)
        return MarkedText(text, marks, self.searched)

    def with_mark(self, mark: Mark, everywhere: bool = False) -> "MarkedText":
        """Return the text with one more mark, which replaces those that it overlaps.

        Args:
            mark: its span is trimmed of white space.
            everywhere: mark the same word everywhere, except inside other marks that the reader set; the case of its
                first letter may differ.
        """
        mark = self._trimmed(mark)
        marks = [mark, *(each for each in self.marks if not _overlap(each, *mark.span))]
        if everywhere:
            words = _same_words(self.text, mark)
            replaced = {each.span for each in marks if not each.is_set or each.entity_type is None}.intersection(words)
            marks = [each for each in marks if each.span not in replaced]
            is_marked = {index for each in marks for index in range(*each.span)}
            free = [span for span in words if is_marked.isdisjoint(range(*span))]
            marks += [replace(mark, start_char=start, end_char=end) for start, end in free]
        check_count(PASTED, "mentions", len(marks))
        return MarkedText(self.text, _ordered(marks), self.searched)

    def without_marks(self, start_char: int, end_char: int, everywhere: bool = False) -> "MarkedText":
        """Return the text without the marks that overlap the span or, if it is empty, hold the cursor.

        They are not found again.

        Args:
            start_char, end_char: the span.
            everywhere: remove all marks with the text and type of one of them.
        """
        removed = [mark for mark in self.entity_marks if _overlap(mark, start_char, end_char)]
        if everywhere:
            names = {self._name(mark) for mark in removed}
            removed = [mark for mark in self.entity_marks if self._name(mark) in names]
        kept = [mark for mark in self.marks if mark not in removed]
        if self.searched is not None:
            kept += [Mark(*mark.span, None) for mark in removed]
        return MarkedText(self.text, _ordered(kept), self.searched)

    def document(self) -> Document:
        """Return the text as a document."""
        if not self.text.strip():
            raise AnnotationError("The text is empty. Paste an abstract first.")
        if not self.entity_marks:
            what = "is marked" if self.searched is None else "was found"
            raise AnnotationError(
                f"No entity {what}. Select the name of a gene, disease, chemical or variant in the text and press its "
                "type. Mark at least two entities."
            )
        entities = [
            {
                "start": mark.start_char,
                "end": mark.end_char,
                "text": self.text[mark.start_char : mark.end_char],
                "type": mark.entity_type,
                "id": mark.identifier,
            }
            for mark in self.entity_marks
        ]
        document = Document.from_dict({"id": PASTED, "text": self.text, "entities": entities})
        scored = zip(document.mentions, self.entity_marks, strict=True)
        return replace(document, mentions=tuple(replace(mention, score=mark.score) for mention, mark in scored))

    def _name(self, mark: Mark) -> tuple[str, str | None]:
        return self.text[mark.start_char : mark.end_char].casefold(), mark.entity_type

    def _trimmed(self, mark: Mark) -> Mark:
        selected = self.text[mark.start_char : mark.end_char]
        if not selected.strip():
            raise AnnotationError(NOTHING_SELECTED)
        start = mark.start_char + len(selected) - len(selected.lstrip())
        identifier = (mark.identifier or "").strip() or None
        return replace(mark, start_char=start, end_char=start + len(selected.strip()), identifier=identifier)


def found_marks(document: Document) -> tuple[Mark, ...]:
    """Return the mentions that were found in a document as marks."""
    return tuple(
        Mark(mention.start_char, mention.end_char, mention.entity_type, score=mention.score or 0.0)
        for mention in document.mentions
    )


def selected_span(text: str, selection: str) -> tuple[int, int]:
    """Return the span ``[start, end)`` in characters of a selection ``"start,end"`` as a browser counts it.

    Browsers count UTF-16 units; characters beyond U+FFFF, such as emoji, have two. A border inside such a character
    widens the span to hold it.
    """
    match = re.fullmatch(r"(\d{1,9}),(\d{1,9})", selection or "")
    if match is None:
        raise AnnotationError(NOTHING_SELECTED)
    first, last = int(match[1]), int(match[2])
    encoded = text.encode("utf-16-le")  # two bytes a unit
    if not first <= last <= len(encoded) // 2:
        raise AnnotationError(f"The selection {first} to {last} is not in the text; select again.")
    start = len(encoded[: 2 * first].decode("utf-16-le", "ignore"))  # half a character at the end does not count
    return start, len(encoded[: 2 * last].decode("utf-16-le", "replace"))  # here it counts


def clean_text(text: str) -> str:
    """Return the text with one kind of line end, and without halves of surrogate pairs, which UTF-8 cannot write."""
    return SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))


def _ordered(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    return tuple(sorted(marks, key=lambda mark: mark.start_char))


def _overlap(mark: Mark, start_char: int, end_char: int) -> bool:
    """Return whether a mark overlaps a span or, if it is empty, holds the cursor."""
    return mark.start_char < max(end_char, start_char + 1) and start_char < mark.end_char


def _common_length(old: str, new: str) -> int:
    """Return how many characters at the beginning of two texts are equal."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _same_words(text: str, mark: Mark) -> list[tuple[int, int]]:
    """Return the spans of all complete words with the text of the mark."""
    name = text[mark.start_char : mark.end_char]
    left = r"(?<!\w)" if re.match(r"\w", name[0]) else ""
    right = r"(?!\w)" if re.match(r"\w", name[-1]) else ""
    pattern = f"{left}(?i:{re.escape(name[0])}){re.escape(name[1:])}{right}"
    return [found.span() for found in re.finditer(pattern, text)]
