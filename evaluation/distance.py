"""How far apart in the text two entities are, counted in sentences."""

from bisect import bisect_right
from collections.abc import Iterable

from biodir.document_biodir import Document, Mention
from biodir.sentences_biodir import sentence_spans


class SentenceIndex:
    """Tells which sentence of a document a mention starts in."""

    def __init__(self, document: Document) -> None:
        self._starts = [start for start, _ in sentence_spans(document)]

    def sentence_of(self, mention: Mention) -> int:
        """The number of the mention's sentence, from 0."""
        return max(bisect_right(self._starts, mention.start_char) - 1, 0)

    def distance(self, mentions1: Iterable[Mention], mentions2: Iterable[Mention]) -> int:
        """Sentences between the closest mentions of two entities: 0 in the same one, 1 in neighbours, and so on.

        Args:
            mentions1, mentions2: all mentions of either entity; none of them empty.
        """
        sentences1 = {self.sentence_of(mention) for mention in mentions1}
        sentences2 = {self.sentence_of(mention) for mention in mentions2}
        return min(abs(first - second) for first in sentences1 for second in sentences2)
