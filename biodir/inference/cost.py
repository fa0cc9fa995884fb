"""What a long document costs, stated before it is read: words, mentions, candidate pairs and about how many seconds."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from biodir.document_biodir import Document
from biodir.document_sections_biodir import ALL, SectionFilter
from biodir.pipeline_engine_biodir import PairFilter, document_parts, pair_logits
from biodir.processing_biodir import make_processor
from biodir.processing_document_biodir import PAIRS_PER_PASS, PAIRS_PER_TOKEN

if TYPE_CHECKING:
    from biodir.pipeline_extraction_biodir import RelationExtraction

# What is stated: documents of so many words, or of so many candidate pairs. An abstract has about 250 and 60.
LONG_WORDS, LONG_PAIRS = 3000, 20_000
# The part of a document that is timed.
TIMED_CHARACTERS = 3000
# Of biomedical text, tags of mentions not counted.
TOKENS_PER_WORD = 1.6
# What a pair of the document form costs, in words that are read. From docs/speed.md: 0.07 and 0.35 ms.
WORDS_PER_PAIR = 0.2


class LongDocuments:
    """States the cost of long documents before they are read.

    The time is that of a part of the first of them, which is read once more for that, times the work in each.

    Args:
        extract: the pipeline.
        parameters: of its call.
        report: gets a line for each long document.

    With a `model`, its `tokenizer` and a `document`:

    >>> from biodir.pipeline_biodir import BioDirPipeline
    >>> LongDocuments(BioDirPipeline(model=model, tokenizer=tokenizer), {}, print).check(document)
    """

    def __init__(
        self, extract: "RelationExtraction", parameters: Mapping[str, Any], report: Callable[[str], object]
    ) -> None:
        self._extract, self._parameters, self._report = extract, parameters, report
        self._seconds: float | None = None  # of a unit of work

    def check(self, document: Document) -> None:
        """Report the document if it is long."""
        entities = sum(len(each.identifiers) for each in document.mentions)  # at most
        if len(document.text) < 2 * LONG_WORDS and entities**2 < 2 * LONG_PAIRS:
            return
        read, pairs = self._extract.what_is_read(document, **self._parameters)
        words = len(read.text.split())
        if words < LONG_WORDS and pairs < LONG_PAIRS:
            return
        work = self._work(words, pairs)
        if work and self._seconds is None:
            self._seconds = self._seconds_of_a_unit(read)
        seconds = self._seconds if work else 0.0
        self._report(
            f"document {document.id} is long: {words} words, {len(read.mentions)} mentions, {pairs} candidate pairs; "
            + ("time unknown" if seconds is None else f"about {duration(seconds * work)}")
        )

    def _work(self, words: int, pairs: int) -> float:
        """Return how much there is to do: pairs of the pairwise form, words of the document form.

        Without any pair nothing goes through the model.
        """
        if self._extract.config.pair_encoding != "document":
            return pairs
        reads = math.ceil(pairs / max(PAIRS_PER_PASS, PAIRS_PER_TOKEN * TOKENS_PER_WORD * words))
        return words * reads + WORDS_PER_PAIR * pairs

    def _seconds_of_a_unit(self, document: Document) -> float | None:
        """Return what a unit of work takes; None if the part that is timed has no pairs."""
        timed = timed_part(document)
        config = self._extract.config
        processor = make_processor(self._extract.tokenizer, config)
        features = [part for _, part in document_parts([timed], processor, PairFilter(), SectionFilter([ALL])) if part]
        work = self._work(len(timed.text.split()), sum(len(part.pairs) for part in features))
        start = time.monotonic()
        pair_logits(self._extract.forward, features, processor, config.token_budget)
        return (time.monotonic() - start) / work if work else None


def timed_part(document: Document, characters: int = TIMED_CHARACTERS) -> Document:
    """Return so many characters around the middle one of the mentions, with the mentions in them.

    >>> timed_part(Document("7", "Iron binds EGFR."), 8).text  # without mentions the middle of the text
    ' binds E'
    """
    places = sorted(each.start_char for each in document.mentions) or [len(document.text) // 2]
    start = max(0, min(places[len(places) // 2] - characters // 2, len(document.text) - characters))
    end = start + characters
    mentions = tuple(
        replace(each, start_char=each.start_char - start, end_char=each.end_char - start)
        for each in document.mentions
        if start <= each.start_char and each.end_char <= end
    )
    return Document(document.id, document.text[start:end], mentions, is_marked=True)


def duration(seconds: float) -> str:
    """Return a time in words, no more exact than it is known.

    >>> duration(0.2), duration(44), duration(400), duration(9000)
    ('1 second', '40 seconds', '7 minutes', '2.5 hours')
    """
    if seconds < 10:
        whole = max(1, round(seconds))
        return f"{whole} second{'s' if whole > 1 else ''}"
    if seconds < 90:
        return f"{round(seconds, -1):.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
