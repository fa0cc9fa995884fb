"""Lines of PubTator text, and the blocks of lines that are documents."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from .document_biodir import SURROGATE
from .errors_biodir import ParseError

# "PMID|t|...", and the long form that names its passages: "PMID|title|...", "PMID|paragraph|...".
_TEXT_LINE = re.compile(r"([^|\t\n]+)\|([A-Za-z][A-Za-z_ -]{0,40})\|(.*)", re.DOTALL)
# A line of PubTator inside another one, after a line end of old Macs.
_INNER_LINE = re.compile(r"\r[^|\t\r]+(?:\|[ta]\||\t\d+\t\d)")
_KINDS = {"t": "title", "a": "abstract"}


@dataclass(frozen=True)
class Line:
    """A line without its line break; `place` is ``file:number`` for messages.

    >>> line = Line("a.pubtator:1", "7|t|EGFR binds.")
    >>> line.document_id, line.kind, line.text
    ('7', 'title', 'EGFR binds.')
    """

    place: str
    content: str

    @cached_property
    def columns(self) -> list[str]:
        """The columns, without empty ones at the end."""
        return self.content.rstrip().split("\t")

    @cached_property
    def document_id(self) -> str:
        """The identifier of the document at the start of the line."""
        return re.split(r"[|\t]", self.content, maxsplit=1)[0].strip()

    @cached_property
    def text_part(self) -> re.Match[str] | None:
        """The match of a line of text: identifier, kind such as "t" or "title", and text."""
        return _TEXT_LINE.fullmatch(self.content)

    @property
    def kind(self) -> str:
        """The kind of passage of a line of text, such as "title"; of another line ""."""
        match = self.text_part
        return _KINDS.get(match[2].lower(), match[2].lower()) if match else ""

    @property
    def text(self) -> str:
        """The text of a line of text; of another line ""."""
        match = self.text_part
        return match[3] if match else ""


def blocks(lines: Iterable[str], source: str, first_line: int = 1) -> Iterator[list[Line]]:
    """Yield the lines of each document, without blank lines and comments; `source` and numbers are their places."""
    block: list[Line] = []
    for number, raw in enumerate(lines, start=first_line):
        content = raw.removesuffix("\n").removesuffix("\r")
        line = Line(f"{source}:{number}", content.removeprefix("\ufeff") if number == 1 else content)
        if line.content.startswith("#") and "\t" not in line.content and not line.text_part:
            continue  # headers such as "##USE-MESH-VOCABULARY", and comments
        is_blank = not line.content.strip()
        if block and (is_blank or _opens_document(line, block)):
            yield block
            block = []
        if not is_blank:
            block.append(line)
    if block:
        yield block


def _opens_document(line: Line, block: list[Line]) -> bool:
    """Return whether a line begins another document although no blank line separates it from the block.

    A title line with another id does; an abstract line with another id does if the block has an abstract.
    """
    if line.text_part is None or line.document_id == block[0].document_id:
        return False
    kind = line.kind
    return kind == "title" or (kind == "abstract" and any(earlier.kind == "abstract" for earlier in block))


def check_line(line: Line, document_id: str) -> None:
    """Check that the line is one of this document; else ParseError."""
    bad = SURROGATE.search(line.content)
    if bad is not None:
        value = f"byte 0x{ord(bad[0]) - 0xDC00:02x}" if "\udc80" <= bad[0] <= "\udcff" else f"surrogate {bad[0]!r}"
        raise ParseError(f"{line.place}: {value} at character {bad.start()} is not UTF-8; save the file as UTF-8")
    if _INNER_LINE.search(line.content):
        raise ParseError(
            f"{line.place}: holds further lines, which end in \\r while others end in \\n; save the file with one "
            "kind of line ends",
            "mixed line ends",
        )
    if "\t" not in line.content and line.text_part is None:
        raise ParseError(
            f"{line.place}: {line.content[:60]!r} is neither 'PMID|t|title' nor 'PMID|a|abstract' nor columns "
            "separated by tabs; does the text hold a line break, were tabs made spaces, or is it plain text, which "
            "only `biodir predict` reads, with a model that has a tagger?"
        )
    if not document_id or line.document_id != document_id:
        raise ParseError(
            f"{line.place}: line of document {line.document_id!r} in the block of document {document_id!r}; "
            "begin each line with the id of its document, and put a blank line between documents"
        )
