"""Entities that a reader marks in a pasted text: the browser's selections become mentions of a document."""

import re
from dataclasses import dataclass, replace
from itertools import takewhile

from biodir.document_biodir import SURROGATE, Document
from biodir.errors_biodir import AnnotationError

from .documents import PASTED, check_count

NOTHING_SELECTED = "Nothing is selected. Select a name in the text first, then press its type."


@dataclass(frozen=True)
class Mark:
    """A marked span; without an identifier, marks of one type with the same text are one entity."""

    start_char: int
    end_char: int
    entity_type: str
    identifier: str | None = None


@dataclass(frozen=True)
class MarkedText:
    """A text with marks that do not overlap, in the order of the text."""

    text: str = ""
    marks: tuple[Mark, ...] = ()

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
        return MarkedText(text, (*(mark for mark in self.marks if mark.end_char <= before), *moved))

    def with_mark(self, mark: Mark, everywhere: bool = False) -> "MarkedText":
        """Return the text with one more mark, which replaces those that it overlaps.

        Args:
            mark: its span is trimmed of white space.
            everywhere: mark the same word everywhere, except inside other marks; the case of its first letter may
                differ.
        """
        mark = self._trimmed(mark)
        marks = [mark, *self.without_marks(mark.start_char, mark.end_char).marks]
        if everywhere:
            is_marked = {index for each in marks for index in range(each.start_char, each.end_char)}
            free = [span for span in _same_words(self.text, mark) if is_marked.isdisjoint(range(*span))]
            marks += [replace(mark, start_char=start, end_char=end) for start, end in free]
        check_count(PASTED, "mentions", len(marks))
        return MarkedText(self.text, tuple(sorted(marks, key=lambda mark: mark.start_char)))

    def without_marks(self, start_char: int, end_char: int) -> "MarkedText":
        """Return the text without the marks that overlap the span or, if it is empty, hold the cursor."""
        reach = max(end_char, start_char + 1)
        kept = [mark for mark in self.marks if mark.end_char <= start_char or reach <= mark.start_char]
        return MarkedText(self.text, tuple(kept))

    def document(self) -> Document:
        """Return the text as a document."""
        if not self.text.strip():
            raise AnnotationError("The text is empty. Paste an abstract, then mark its entities.")
        if not self.marks:
            raise AnnotationError(
                "No entity is marked. Select the name of a gene, disease, chemical or variant in the text and press "
                "its type. Mark at least two entities."
            )
        entities = [
            {
                "start": mark.start_char,
                "end": mark.end_char,
                "text": self.text[mark.start_char : mark.end_char],
                "type": mark.entity_type,
                "id": mark.identifier,
            }
            for mark in self.marks
        ]
        return Document.from_dict({"id": PASTED, "text": self.text, "entities": entities})

    def _trimmed(self, mark: Mark) -> Mark:
        selected = self.text[mark.start_char : mark.end_char]
        if not selected.strip():
            raise AnnotationError(NOTHING_SELECTED)
        start = mark.start_char + len(selected) - len(selected.lstrip())
        identifier = (mark.identifier or "").strip() or None
        return replace(mark, start_char=start, end_char=start + len(selected.strip()), identifier=identifier)


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
