"""Abbreviations that a text defines itself, such as "tumor necrosis factor (TNF)".

The method is that of Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical
text", Pacific Symposium on Biocomputing 2003.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .document_parts_biodir import Span

# Limits of a short form in the paper, there for English abstracts.
MAX_SHORT_CHARS, MAX_SHORT_WORDS = 10, 2
# Looks ahead, so that a parenthesis inside another one is found, too; one inside a short form is short: "(OR(adj))".
_PARENTHESIS = re.compile(r"(?=[(\[]((?:[^()\[\]\n]|\([^()\[\]\n]{0,20}\)|\[[^()\[\]\n]{0,20}\]){1,300})[)\]])")
_WORD = re.compile(r"\S+")
_SENTENCE_END = re.compile(r"[.!?]\s+(?=[A-Z])|\n\s*\n")
_SHORT_BEFORE = re.compile(r"[^\s(),;:\[\]]+(?=\s*\Z)")
_PART_END = re.compile(r"[;:,]\s")
_ARTICLE = re.compile(r"(?:an?|the)\s", re.IGNORECASE)
_QUOTES = "\"'`\u2018\u2019\u201c\u201d«»"
# Greek letter -> how its name begins: the last letter of TNF-β is the b of beta in the long form.
_LATIN = str.maketrans("αβγδεζηθικλμνξοπρστυφχψωµ", "abgdezetiklmnxoprstupcpom")


@dataclass(frozen=True)
class Abbreviation:
    """A short and a long form that a text joins, with their spans.

    >>> found = abbreviations("Tumor necrosis factor (TNF) rises.")[0]
    >>> found.short, found.long, found.short_span, found.long_span
    ('TNF', 'Tumor necrosis factor', (23, 26), (0, 21))
    """

    short: str
    long: str
    short_span: Span
    long_span: Span


def abbreviations(text: str) -> list[Abbreviation]:
    """Return the abbreviations that a text defines, in the order of their definitions.

    The short form stands in parentheses after the long form, or the long form in parentheses after the short form. Each
    letter and digit of the short form occurs in the long form in the same order, the first one at the start of a word.
    Differs from paper: a Greek letter may be the start of its name, the plural "s" of a short form need not occur, and
    a short form before the parenthesis has a capital letter.

    Returns:
        Definitions with spans in characters; a short form that is defined twice is there twice.
    """
    return sorted(_found(text), key=lambda each: (each.short_span, each.long_span))


def _found(text: str) -> Iterator[Abbreviation]:
    for parenthesis in _PARENTHESIS.finditer(text):
        start, end = _part(text, *parenthesis.span(1))
        before = parenthesis.start()
        if _is_short_form(text[start:end]):
            found = _definition(text, (start, end), _words_before(text, before, end - start))
        else:
            short = _SHORT_BEFORE.search(text, max(0, before - 4 * MAX_SHORT_CHARS), before)
            if short is None:
                continue
            start_short, end_short = _trimmed(text, *short.span())
            if not _is_short_form(text[start_short:end_short]) or text[start_short:end_short].islower():
                continue
            article = _ARTICLE.match(text, start, end)
            start = article.end() if article else start
            found = _definition(text, (start_short, end_short), (start, end))
            found = found if found is not None and found.long_span[0] == start else None
        if found is not None:
            yield found


def _part(text: str, start: int, end: int) -> Span:
    """Return the span of the first part of a parenthesis, which a comma, a colon or a semicolon ends."""
    cut = _PART_END.search(text, start, end)
    return _trimmed(text, start, cut.start() if cut else end)


def _trimmed(text: str, start: int, end: int, ends: str = _QUOTES) -> Span:
    """Return the span without white space and quotation marks around it, and without other characters at its end."""
    while start < end and (text[start].isspace() or text[start] in _QUOTES):
        start += 1
    while start < end and (text[end - 1].isspace() or text[end - 1] in ends):
        end -= 1
    return start, end


def _is_short_form(text: str) -> bool:
    return (
        2 <= len(text) <= MAX_SHORT_CHARS
        and len(text.split()) <= MAX_SHORT_WORDS
        and any(map(str.isalpha, text))
        and text[0].isalnum()
    )


def _words_before(text: str, end: int, short_chars: int) -> Span:
    """Return the span of the words before a parenthesis in its sentence, of which the long form is the last part."""
    start = max(0, end - 30 * (short_chars + 5))
    for border in _SENTENCE_END.finditer(text, start, end):
        start = border.end()
    words = [word.start() for word in _WORD.finditer(text, start, end)]
    most = min(short_chars + 5, 2 * short_chars)
    return (words[-most:] or [end])[0], end


def _definition(text: str, short_span: Span, long_span: Span) -> Abbreviation | None:
    """Return the abbreviation whose long form ends where a span ends; None if the letters do not fit."""
    start, end = _trimmed(text, *long_span, _QUOTES + ",;:-")
    short = text[slice(*short_span)]
    begin = _long_start(short, text[start:end])
    if begin is None and re.search("[A-Z0-9]s$", short):
        begin = _long_start(short[:-1], text[start:end])
    if begin is None:
        return None
    begin += start
    long = text[begin:end]
    letters = sum(map(str.isalnum, short))
    is_inside = re.sub(r"\W", "", _folded(short)) in re.split(r"[\s-]+", _folded(long))
    too_long = len(long.split()) > min(letters + 5, 2 * letters)
    if len(long) <= len(short) or is_inside or too_long or not _is_balanced(long):
        return None
    return Abbreviation(short, long, short_span, (begin, end))


def _is_balanced(text: str) -> bool:
    """Return whether every bracket is opened before it is closed, and closed."""
    depth = 0
    for char in text:
        depth += (char in "([") - (char in ")]")
        if depth < 0:
            return False
    return depth == 0


def _folded(text: str) -> str:
    """Return the text in lower case with as many characters, Greek letters as Latin ones."""
    return "".join(lower if len(lower := char.lower()) == 1 else char for char in text).translate(_LATIN)


def _long_start(short: str, words: str) -> int | None:
    """Return where the long form starts in the words before a parenthesis: letters are looked for from the right."""
    short, words = _folded(short), _folded(words)
    place = len(words)
    for number in range(len(short) - 1, -1, -1):
        if not short[number].isalnum():
            continue
        place -= 1
        is_first = number == 0
        while place >= 0 and (words[place] != short[number] or (is_first and place and words[place - 1].isalnum())):
            place -= 1
        if place < 0:
            return None
    return place if place < len(words) else None
