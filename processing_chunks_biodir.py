"""Chunks of a pair: where prefix, suffix and infix lie, by the closest mentions of the pair. Paper, section 2.

Integers only: spans of tokens of the document.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .document_biodir import Entity, Span
from .processing_windows_biodir import WindowRuler


@dataclass(frozen=True)
class PairWindows:
    """The windows of one pair, each once, and its two closest mentions.

    Args:
        windows: token spans.
        closest1, closest2: token spans of the closest mentions of entity1 and entity2.
        cross_window: True where the closest mentions are too far apart for one window; each then has its own.

    >>> sentences = [(0, 10), (10, 20), (20, 30)]
    >>> ruler = WindowRuler(30, sentences, spans1=[(1, 2)], spans2=[(28, 29)], max_tokens=12)
    >>> found = pair_windows(ruler, ["infix"], infix_min_tokens=5)
    >>> found.windows, found.cross_window
    (((0, 10), (20, 30)), True)
    """

    windows: tuple[Span, ...]
    closest1: Span
    closest2: Span
    cross_window: bool


def closest_spans(spans1: Sequence[Span], spans2: Sequence[Span]) -> tuple[Span, Span]:
    """Return the span of each list with the fewest tokens between them; of equals, the first in the text.

    One sweep over both lists in text order: the best partner of a span is, among the spans of the other list that start
    before it, the one that ends last.
    """
    if len(spans1) == len(spans2) == 1:
        return spans1[0], spans2[0]
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


def closest_sentences(entity1: Entity, entity2: Entity, sentences: Sequence[Span]) -> tuple[Span, ...]:
    """Return the sentences in which the two closest mentions of two entities begin, all as spans of characters."""
    spans1, spans2 = (
        [(mention.start_char, mention.end_char) for mention in entity.mentions] for entity in (entity1, entity2)
    )
    starts = [start for start, _ in closest_spans(spans1, spans2)]
    return tuple((start, end) for start, end in sentences if any(start <= each < end for each in starts))


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
        windows.extend(infix_windows(rulers["infix"], closest1, closest2, infix_min_tokens))
    cross_window = not any(ruler.shows_both(window) for window in windows)
    return PairWindows(tuple(dict.fromkeys(windows)), closest1, closest2, cross_window)


def infix_windows(ruler: WindowRuler, closest1: Span, closest2: Span, min_tokens: int) -> tuple[Span, ...]:
    """Return the sentences between the closest mentions, widened to `min_tokens`, or one window around each."""
    core = min(closest1[0], closest2[0]), max(closest1[1], closest2[1])
    cores = [core] if ruler.cost(core) <= ruler.max_tokens else [closest1, closest2]
    return tuple(dict.fromkeys(_sentence_window(ruler, part, min_tokens) for part in cores))


def _sentence_window(ruler: WindowRuler, core: Span, min_tokens: int) -> Span:
    """Return the window of the sentences around `core`, as far as the budget allows."""
    sentences = _sentences_around(ruler.sentences, core)
    if ruler.cost(core) > ruler.max_tokens:  # so many mentions lie inside this one that their tags fill a window
        return ruler.grow((core[0], core[0]), core, ruler.max_tokens)
    if ruler.cost(sentences) > ruler.max_tokens:
        return ruler.grow(core, sentences, ruler.max_tokens)
    if ruler.cost(sentences) >= min_tokens:
        return sentences
    return ruler.grow(sentences, (0, ruler.document_tokens), min(min_tokens, ruler.max_tokens))


def _sentences_around(sentences: Sequence[Span], core: Span) -> Span:
    starts = [start for start, _ in sentences]
    first, last = (max(bisect_right(starts, border) - 1, 0) for border in core)
    return min(sentences[first][0], core[0]), max(sentences[last][1], core[1])
