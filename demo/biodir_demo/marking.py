"""Entities that a reader marks in a pasted text: selections of the browser in, a document out."""

import re
from dataclasses import dataclass, replace

from biodir.document_biodir import SURROGATE, Document
from biodir.errors_biodir import AnnotationError

DOCUMENT_ID = "pasted text"


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
            AnnotationError: the span holds no word.
        """
        mark = self._trimmed(mark)
        marks = [mark, *self.without_marks(mark.start_char, mark.end_char).marks]
        for start, end in _same_words(self.text, mark) if everywhere else ():
            if not any(start < other.end_char and other.start_char < end for other in marks):
                marks.append(replace(mark, start_char=start, end_char=end))
        return MarkedText(self.text, tuple(sorted(marks, key=lambda each: each.start_char)))

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
        return Document.from_dict({"id": DOCUMENT_ID, "text": self.text, "entities": entities})

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


def _same_words(text: str, mark: Mark) -> list[tuple[int, int]]:
    """The spans of all whole words that read as the marked one."""
    name = text[mark.start_char : mark.end_char]
    first = f"(?i:{re.escape(name[0])})"
    left = r"(?<!\w)" if re.match(r"\w", name[0]) else ""
    right = r"(?!\w)" if re.match(r"\w", name[-1]) else ""
    return [found.span() for found in re.finditer(left + first + re.escape(name[1:]) + right, text)]
