"""Windows under a token budget: how far a window of a document can grow. Integers only.

A window ``[start, end)`` counts tokens of the document. A mention that lies completely inside a window gets its two
boundary tags there; a mention that a border of the window cuts gets neither, so no pair of tags is ever separated.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from .document_biodir import Span

# An opening and a closing boundary tag.
TAGS_PER_MENTION = 2


@dataclass(frozen=True)
class WindowRuler:
    """Measures and grows the windows of one pair under a token budget.

    Args:
        document_tokens: length of the document.
        sentences: token spans of the sentences, in order.
        spans1, spans2: token spans of the mentions of each entity, sorted.
        max_tokens: what a window may cost, tags included.

    >>> ruler = WindowRuler(10, [(0, 5), (5, 10)], [(1, 2)], [(7, 8)], max_tokens=6)
    >>> ruler.prefix(), ruler.suffix()  # four tokens and the two tags of the mention in them
    ((0, 4), (6, 10))
    """

    document_tokens: int
    sentences: Sequence[Span]
    spans1: Sequence[Span]
    spans2: Sequence[Span]
    max_tokens: int

    @cached_property
    def _tagged(self) -> list[Span]:
        return sorted([*self.spans1, *self.spans2])

    def narrowed(self, max_tokens: int | None) -> "WindowRuler":
        """Return a ruler of the same pair with at most this budget; None keeps the budget."""
        if max_tokens is None or max_tokens >= self.max_tokens:
            return self
        return replace(self, max_tokens=max_tokens)

    def cost(self, window: Span) -> int:
        """Return the tokens of the window with the tags of the mentions inside it."""
        start, end = window
        return end - start + TAGS_PER_MENTION * len(spans_inside(self._tagged, window))

    def grow(self, core: Span, limits: Span, max_tokens: int) -> Span:
        """Return the largest window around `core` within `limits` that costs at most `max_tokens`, widened evenly."""
        room_left, room_right = core[0] - limits[0], limits[1] - core[1]

        def widened(extra: int) -> Span:
            left = min(room_left, max(extra // 2, extra - room_right))
            return core[0] - left, core[1] + extra - left

        fits, too_many = 0, room_left + room_right + 1
        while too_many - fits > 1:
            middle = (fits + too_many) // 2
            if self.cost(widened(middle)) <= max_tokens:
                fits = middle
            else:
                too_many = middle
        return widened(fits)

    def prefix(self) -> Span:
        """Return the window of the first tokens that fit."""
        return self.grow((0, 0), (0, self.document_tokens), self.max_tokens)

    def suffix(self) -> Span:
        """Return the window of the last tokens that fit."""
        end = self.document_tokens
        return self.grow((end, end), (0, end), self.max_tokens)

    def shows_both(self, window: Span) -> bool:
        """Return whether the window holds a complete mention of each entity."""
        return bool(spans_inside(self.spans1, window)) and bool(spans_inside(self.spans2, window))


def spans_inside(spans: Sequence[Span], window: Span) -> list[Span]:
    """Return the spans, of a sorted list, that lie completely inside the window."""
    start, end = window
    first, last = bisect_left(spans, (start, start)), bisect_right(spans, (end, end))
    return [span for span in spans[first:last] if span[1] <= end]


def text_windows(ruler: WindowRuler, overlap_tokens: int) -> tuple[Span, ...]:
    """Return windows that cover the text from prefix to suffix, each as large as fits and sharing the overlap."""
    windows = [ruler.prefix()]
    while windows[-1][1] < ruler.document_tokens:
        last_start, last_end = windows[-1]
        start = max(last_end - overlap_tokens, last_start + 1)
        window = ruler.grow((start, start), (start, ruler.document_tokens), ruler.max_tokens)
        windows.append(ruler.suffix() if window[1] == ruler.document_tokens else window)
    return tuple(windows)
