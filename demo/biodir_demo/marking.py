"""Entities that a reader marks in a pasted text: selections of the browser in, a document out."""

import re
from bisect import bisect_right
from dataclasses import dataclass, replace

from biodir.document_biodir import SURROGATE, Document
from biodir.errors_biodir import AnnotationError

from .opening import PASTED, check_mentions


@dataclass(frozen=True)
class Mark:
    """A marked span; without an identifier it is one entity with all marks of its type that read the same."""

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
        """The marks on an edited text: those behind the edit move with it, those that it touches are gone."""
        before, behind = _common_ends(self.text, text)
        growth = len(text) - len(self.text)
        moved = []
        for mark in self.marks:
            if mark.end_char <= before:
                moved.append(mark)
            elif mark.start_char >= len(self.text) - behind:
                start, end = mark.start_char + growth, mark.end_char + growth
                moved.append(replace(mark, start_char=start, end_char=end))
        return MarkedText(text, tuple(moved))

    def with_mark(self, mark: Mark, everywhere: bool = False) -> "MarkedText":
        """With one more mark, in place of those that it overlaps.

        Args:
            mark: its span is trimmed of white space.
            everywhere: all words that read the same are marked, too; the case of the first letter may differ. Those
                inside other marks are left alone.

        Raises:
            AnnotationError: the span holds no word, or there would be more marks than the page answers.
        """
        mark = self._trimmed(mark)
        marks = _in_order([mark, *self.without_marks(mark.start_char, mark.end_char).marks])
        if everywhere:
            free = _free_spans(_same_words(self.text, mark), marks)
            marks = _in_order([*marks, *(replace(mark, start_char=start, end_char=end) for start, end in free)])
        check_mentions(len(marks), PASTED)
        return MarkedText(self.text, tuple(marks))

    def without_marks(self, start_char: int, end_char: int) -> "MarkedText":
        """Without the marks that the span overlaps, or that the cursor stands in where the span is empty."""
        reach = max(end_char, start_char + 1)
        kept = [mark for mark in self.marks if mark.end_char <= start_char or reach <= mark.start_char]
        return MarkedText(self.text, tuple(kept))

    def document(self) -> Document:
        """The text as a document, checked.

        Raises:
            AnnotationError: the text is empty, or nothing is marked in it.
        """
        if not self.text.strip():
            raise AnnotationError("The text is empty. Paste an abstract, then mark its entities.")
        if not self.marks:
            raise AnnotationError(
                "No entity is marked. Select the name of a gene, disease, chemical or variant in the text and press "
                "its type; two entities are the least."
            )
        entities = [
            {"start": mark.start_char, "end": mark.end_char, "type": mark.entity_type, "id": mark.identifier}
            for mark in self.marks
        ]
        return Document.from_dict({"id": PASTED, "text": self.text, "entities": entities})

    def _trimmed(self, mark: Mark) -> Mark:
        selected = self.text[mark.start_char : mark.end_char]
        if not selected.strip():
            raise AnnotationError("Nothing is selected. Select a name in the text first, then press its type.")
        start = mark.start_char + len(selected) - len(selected.lstrip())
        identifier = (mark.identifier or "").strip() or None
        return replace(mark, start_char=start, end_char=start + len(selected.strip()), identifier=identifier)


def selected_span(text: str, selection: str) -> tuple[int, int]:
    """The span ``[start, end)`` in characters of a selection ``"start,end"`` as a browser counts it.

    Browsers count UTF-16 units, of which characters beyond U+FFFF, such as emoji, have two. A border inside of such a
    character widens the span to hold it.

    Raises:
        AnnotationError: these are not two numbers inside the text.
    """
    match = re.fullmatch(r"(\d{1,9}),(\d{1,9})", selection or "")
    if match is None:
        raise AnnotationError("Nothing is selected. Select a name in the text first, then press its type.")
    first, last = int(match[1]), int(match[2])
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if not first <= last <= units:
        raise AnnotationError(f"The selection {first} to {last} leaves the text of {units} units; select once more.")
    return _character_index(text, first, False), _character_index(text, last, True)


def _character_index(text: str, units: int, rounds_up: bool) -> int:
    """The index of the character that begins after so many UTF-16 units; in its midst, its own or the next one's."""
    seen = 0
    for index, character in enumerate(text):
        if seen >= units:
            return index
        seen += 2 if character > "\uffff" else 1
        if seen > units:
            return index + rounds_up
    return len(text)


def clean_text(text: str) -> str:
    """The text with the line ends of browsers, and without halves of surrogate pairs, which UTF-8 cannot write."""
    return SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))


def _common_ends(old: str, new: str) -> tuple[int, int]:
    """How many characters two texts have in common before and behind the place where they differ."""
    shortest = min(len(old), len(new))
    before = next((index for index in range(shortest) if old[index] != new[index]), shortest)
    limit = shortest - before
    behind = next((count for count in range(limit) if old[-1 - count] != new[-1 - count]), limit)
    return before, behind


def _in_order(marks: list[Mark]) -> list[Mark]:
    return sorted(marks, key=lambda mark: mark.start_char)


def _free_spans(spans: list[tuple[int, int]], marks: list[Mark]) -> list[tuple[int, int]]:
    """The spans that overlap none of the marks, which stand in order and overlap no other."""
    starts = [mark.start_char for mark in marks]
    free = []
    for start, end in spans:
        behind = bisect_right(starts, start)
        overlaps_left = behind > 0 and marks[behind - 1].end_char > start
        overlaps_right = behind < len(marks) and starts[behind] < end
        if not (overlaps_left or overlaps_right):
            free.append((start, end))
    return free


def _same_words(text: str, mark: Mark) -> list[tuple[int, int]]:
    """The spans of all whole words that read as the marked one."""
    name = text[mark.start_char : mark.end_char]
    first = f"(?i:{re.escape(name[0])})"
    left = r"(?<!\w)" if re.match(r"\w", name[0]) else ""
    right = r"(?!\w)" if re.match(r"\w", name[-1]) else ""
    return [found.span() for found in re.finditer(left + first + re.escape(name[1:]) + right, text)]
