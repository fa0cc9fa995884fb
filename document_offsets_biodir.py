"""What offsets count: conversion to Python characters, and the likely cause where a span does not fit its text."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import accumulate

# How many places of a text are compared with a mention that is not where its offsets say.
_MOST_PLACES = 1000
# Offsets that differ by so much are off by one, not those of another passage.
_OFF_BY_ONE = (-1, 1)


@lru_cache(maxsize=4)  # the passages of a document come one after another, each for all of its annotations
def character_index(text: str, unit: str) -> Callable[[int], int | None]:
    """Return the function from an offset to the index of a character.

    Args:
        text: the text that the offsets count.
        unit: "characters", "utf-16" (code units) or "bytes" (of UTF-8).

    Returns:
        A function that gives None for an offset inside a character or after the end.

    >>> character_index("\u03b1-KG", "bytes")(3), character_index("\u03b1-KG", "characters")(3)
    (2, 3)
    """
    if unit == "characters" or text.isascii():
        return lambda offset: offset
    return _index_of(_utf16_lengths(text) if unit == "utf-16" else _utf8_lengths(text))


@lru_cache(maxsize=4)
def offset_at(text: str, unit: str) -> Callable[[int], int]:
    """Return the function from the index of a character to its offset; the inverse of `character_index`.

    >>> offset_at("\u03b1-KG", "bytes")(2), offset_at("\u03b1-KG", "utf-16")(4)
    (3, 4)
    """
    if unit == "characters" or text.isascii():
        return lambda index: index
    return [0, *accumulate(_utf16_lengths(text) if unit == "utf-16" else _utf8_lengths(text))].__getitem__


def cuts_word(text: str, start: int, end: int) -> bool:
    """Return whether a border of the span lies inside a word, or next to white space inside the span.

    Where the kind of character changes, as between "p" and "ERK" or "V" and "600", names begin and end inside words.

    >>> cuts_word("iron binds", 0, 4), cuts_word("iron binds", 1, 5), cuts_word("pERK", 1, 4)
    (False, True, False)
    """
    span = text[start:end]
    if len(span) == 1 and span.isalpha() and (text[start - 1 : start] + text[end : end + 1]).isalpha():
        return True  # one letter of a word, as where offsets count words
    return span != span.strip() or _joins(text, start) or _joins(text, end)


def is_written_as(found: str, written: str) -> bool:
    """Return whether two texts are spellings of one: PubTator writes some non-ASCII characters in ASCII.

    It does so in the mention or in the passage.

    >>> is_written_as("\u03b1\u2011KG", "a-KG"), is_written_as("a-KG", "\u03b1\u2011KG"), is_written_as("b-KG", "a-KG")
    (True, True, False)
    """
    if found == written:
        return True
    return len(found) == len(written) and all(
        here == there or here.isascii() != there.isascii() or (not here.isascii() and _normal(here) == _normal(there))
        for here, there in zip(found, written, strict=True)
    )


def likely_cause(text: str, start: int, end: int, written: str, passage_starts: Iterable[int] = ()) -> str:
    """Return why a mention that is written so is not what the text has at ``[start, end)``, and the fix.

    >>> likely_cause("about EGFR", 7, 11, "EGFR")
    'the mention is at [6, 10): its offsets are 1 too high; do they count from 1?'
    """
    found = text[start:end] if 0 <= start <= end else ""
    if end > len(text) and found == written:
        return "is it of another text, or were characters such as newlines stripped from this one?"
    if end <= len(text):
        if found.strip() == written.strip():
            return "the two differ in white space at their ends; make the span and its text agree"
        if found.casefold() == written.casefold():
            return "the two differ in upper and lower case; write the mention as the text does"
        if _normal(found) == _normal(written):
            return "the two differ in Unicode normalisation; normalise the mention as the text is"
    for name, unit, lengths in _other_units(text):
        index = _index_of(lengths)
        first, last = index(start), index(end)
        if first is not None and last is not None and _normal(text[first:last]) == _normal(written):
            fix = _fix(unit)
            return f"the offsets count {name}, not Python characters; {fix}"
    return _shift(text, start, written, set(passage_starts)) if written.strip() else "give the text of the mention"


def cause_of_cut_words(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return the unit in which the borders of these spans would lie between words, and the fix; "" if none does."""
    spans = list(spans)
    for name, unit, lengths in _other_units(text):
        index = _index_of(lengths)
        moved = [(index(start), index(end)) for start, end in spans]
        if all(a is not None and b is not None and a < b and not cuts_word(text, a, b) for a, b in moved):
            fix = _fix(unit)
            return f"they would fit if they counted {name}; {fix}"
    return ""


def _fix(unit: str) -> str:
    if unit:
        return f'read them with offsets="{unit}" (--offsets {unit})'
    return "normalise text and offsets in the same way"


def _shift(text: str, start: int, written: str, passage_starts: set[int]) -> str:
    places = list(_places(text, written))
    if not places:
        other_case = next(_places(text.lower(), written.lower()), None)
        if other_case is not None:
            return f"the text has it at {other_case}, in other case; write the mention as the text does"
        return "the text does not hold it anywhere; is it of another version of the text?"
    place = min(places, key=lambda place: abs(place - start))
    shift = start - place
    if not shift:
        return f"the text has it at [{place}, {place + len(written)}); correct its end"
    at = f"the mention is at [{place}, {place + len(written)}): its offsets are {abs(shift)} too "
    at += "high" if shift > 0 else "low"
    if shift < 0 and any(place - start == begin for begin in passage_starts if begin > 0):
        return f"{at}; they seem to count from the start of their passage"
    if shift in _OFF_BY_ONE:
        return f"{at}; do they count from {'1' if shift > 0 else 'another start'}?"
    return f"{at}; were characters such as newlines stripped from the text, or is it another text?"


def _places(text: str, written: str) -> Iterator[int]:
    place = text.find(written)
    for _ in range(_MOST_PLACES):
        if place < 0:
            return
        yield place
        place = text.find(written, place + 1)


def _joins(text: str, border: int) -> bool:
    """Return whether the characters around the border are of one kind, so that they belong to one word."""
    if not 0 < border < len(text):
        return False
    after = unicodedata.category(text[border])
    if after == "Mn":  # an accent of the letter before it
        return True
    before = unicodedata.category(text[border - 1])
    return before in ("Ll", "Mn", "Nd") and after == ("Ll" if before == "Mn" else before)


def _other_units(text: str) -> Iterator[tuple[str, str, Iterable[int]]]:
    """Yield other things that offsets count: name, value of the parameter `offsets`, and the length of each character.

    The last two have no parameter: there the text was normalised, and the offsets were not.
    """
    if text.isascii():
        return
    yield "UTF-16 code units", "utf-16", _utf16_lengths(text)
    yield "UTF-8 bytes", "bytes", _utf8_lengths(text)
    yield "the characters of the text in NFC", "", _composed_lengths(text)
    yield "the characters of the text in NFD", "", [len(unicodedata.normalize("NFD", each)) for each in text]


def _utf16_lengths(text: str) -> list[int]:
    return [2 if character > "\uffff" else 1 for character in text]


def _utf8_lengths(text: str) -> list[int]:
    return [len(character.encode(errors="surrogatepass")) for character in text]


def _composed_lengths(text: str) -> Iterator[int]:
    """Yield the length that each character adds to the text in NFC: 0 for an accent that joins its letter."""
    base = ""
    for character in text:
        joined = unicodedata.normalize("NFC", base + character)
        if base and unicodedata.combining(character) and len(joined) == len(unicodedata.normalize("NFC", base)):
            yield 0
            base += character
        else:
            yield 1
            base = character


def _index_of(lengths: Iterable[int]) -> Callable[[int], int | None]:
    """Return the function from an offset to the index of the character that begins there, given their lengths."""
    index_at: dict[int, int] = {}
    offset, number = 0, -1
    for number, length in enumerate(lengths):
        if length:
            index_at[offset] = number
        offset += length
    index_at[offset] = number + 1
    return index_at.get


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
