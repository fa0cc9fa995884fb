"""Windows under a token budget: where the chunks of a pair lie in a document. Integers only.

A window ``[start, end)`` counts tokens of the document. A mention that lies completely inside a window gets its two
boundary tags there; a mention that a border of the window cuts gets neither, so no pair of tags is ever separated.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Span = tuple[int, int]

# An opening and a closing boundary tag.
TAGS_PER_MENTION = 2


@dataclass(frozen=True)
class PairWindows:
    """The windows of one pair, each once, and its two closest mentions.

    Args:
        windows: token spans.
        closest1, closest2: token spans of the closest mentions of entity1 and entity2.
        cross_window: True where the closest mentions are too far apart for one window; each then has its own.
    """

    windows: tuple[Span, ...]
    closest1: Span
    closest2: Span
    cross_window: bool


class WindowRuler:
    """Measures and grows the windows of one pair under a token budget.

    Args:
        document_tokens: length of the document.
        sentences: token spans of the sentences, in order.
        spans1, spans2: token spans of the mentions of each entity, sorted.
        max_tokens: what a window may cost, tags included.

    Example:
        >>> ruler = WindowRuler(10, [(0, 5), (5, 10)], [(1, 2)], [(7, 8)], max_tokens=6)
        >>> ruler.prefix(), ruler.suffix()  # four tokens and the two tags of the mention in them
        ((0, 4), (6, 10))
    """

    def __init__(
        self,
        document_tokens: int,
        sentences: Sequence[Span],
        spans1: Sequence[Span],
        spans2: Sequence[Span],
        max_tokens: int,
    ) -> None:
        self.document_tokens = document_tokens
        self.sentences = sentences
        self.spans1, self.spans2 = spans1, spans2
        self.max_tokens = max_tokens
        self._tagged = sorted([*spans1, *spans2])

    def narrowed(self, max_tokens: int | None) -> "WindowRuler":
        """Return a ruler of the same pair with at most this budget; None keeps the budget."""
        if max_tokens is None or max_tokens >= self.max_tokens:
            return self
        return WindowRuler(self.document_tokens, self.sentences, self.spans1, self.spans2, max_tokens)

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

    def infix(self, closest1: Span, closest2: Span, min_tokens: int) -> tuple[Span, ...]:
        """Return the sentences between the closest mentions, widened to `min_tokens`, or one window around each."""
        core = min(closest1[0], closest2[0]), max(closest1[1], closest2[1])
        cores = [core] if self.cost(core) <= self.max_tokens else [closest1, closest2]
        return tuple(dict.fromkeys(self._sentence_window(part, min_tokens) for part in cores))

    def shows_both(self, window: Span) -> bool:
        """Return whether the window holds a complete mention of each entity."""
        return bool(spans_inside(self.spans1, window)) and bool(spans_inside(self.spans2, window))

    def _sentence_window(self, core: Span, min_tokens: int) -> Span:
        sentences = self._sentences_around(core)
        if self.cost(core) > self.max_tokens:  # so many mentions lie inside this one that their tags fill a window
            return self.grow((core[0], core[0]), core, self.max_tokens)
        if self.cost(sentences) > self.max_tokens:
            return self.grow(core, sentences, self.max_tokens)
        if self.cost(sentences) >= min_tokens:
            return sentences
        return self.grow(sentences, (0, self.document_tokens), min(min_tokens, self.max_tokens))

    def _sentences_around(self, core: Span) -> Span:
        starts = [start for start, _ in self.sentences]
        first, last = (max(bisect_right(starts, border) - 1, 0) for border in core)
        return min(self.sentences[first][0], core[0]), max(self.sentences[last][1], core[1])


def spans_inside(spans: Sequence[Span], window: Span) -> list[Span]:
    """Return the spans, of a sorted list, that lie completely inside the window."""
    start, end = window
    first, last = bisect_left(spans, (start, start)), bisect_right(spans, (end, end))
    return [span for span in spans[first:last] if span[1] <= end]


def closest_spans(spans1: Sequence[Span], spans2: Sequence[Span]) -> tuple[Span, Span]:
    """Return the span of each list with the fewest tokens between them; of equals, the first in the text.

    One sweep over both lists in text order: the best partner of a span is, among the spans of the other list that start
    before it, the one that ends last.
    """
    merged = sorted([(span, 0) for span in spans1] + [(span, 1) for span in spans2])
    furthest: list[Span | None] = [None, None]
    best, best_gap = None, None
    for span, side in merged:
        partner = furthest[1 - side]
        if partner is not None:
            gap = max(0, span[0] - partner[1])
            if best_gap is None or gap < best_gap:
                best, best_gap = ((span, partner) if side == 0 else (partner, span)), gap
        own = furthest[side]
        if own is None or span[1] > own[1]:
            furthest[side] = span
    assert best is not None, "each entity has a mention"
    return best


def pair_windows(
    ruler: WindowRuler, chunks: Sequence[str], infix_min_tokens: int, chunk_tokens: Mapping[str, int] | None = None
) -> PairWindows:
    """Return the windows of a pair: the chosen chunks, and the infix wherever none of them shows both entities.

    Paper, section 2: prefix, suffix and infix chunks. Differs from paper: equal windows occur once, and mentions
    further apart than a window get one window each.

    Args:
        ruler: knows the pair and the budget.
        chunks: any of ``"prefix"``, ``"suffix"``, ``"infix"``.
        infix_min_tokens: width to which a narrower infix is widened.
        chunk_tokens: chunk -> what it may cost, where that is less than the budget of the ruler.
    """
    rulers = {chunk: ruler.narrowed((chunk_tokens or {}).get(chunk)) for chunk in ("prefix", "suffix", "infix")}
    closest1, closest2 = closest_spans(ruler.spans1, ruler.spans2)
    windows: list[Span] = []
    if "prefix" in chunks:
        windows.append(rulers["prefix"].prefix())
    if "suffix" in chunks:
        windows.append(rulers["suffix"].suffix())
    if "infix" in chunks or not any(ruler.shows_both(window) for window in windows):
        windows.extend(rulers["infix"].infix(closest1, closest2, infix_min_tokens))
    cross_window = not any(ruler.shows_both(window) for window in windows)
    return PairWindows(tuple(dict.fromkeys(windows)), closest1, closest2, cross_window)


def text_windows(ruler: WindowRuler, overlap_tokens: int) -> tuple[Span, ...]:
    """Return windows that cover the text from prefix to suffix, each as large as fits.

    Args:
        ruler: knows the spans that cost tags.
        overlap_tokens: what each window shares with the one before it.
    """
    windows = [ruler.prefix()]
    while windows[-1][1] < ruler.document_tokens:
        last_start, last_end = windows[-1]
        start = max(last_end - overlap_tokens, last_start + 1)
        window = ruler.grow((start, start), (start, ruler.document_tokens), ruler.max_tokens)
        windows.append(ruler.suffix() if window[1] == ruler.document_tokens else window)
    return tuple(windows)
