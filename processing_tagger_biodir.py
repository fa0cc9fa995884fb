"""The tagger of mentions: words of a plain text, and the windows of tokens in which they are read.

A text is read as the document form reads it, in windows with a `[SEP]` between sentences, but without boundary tags. A
word is a run of letters and digits with their combining marks, or a single other character; its first sub-word
represents it (Devlin et al. 2019). A border of sentences inside a word cuts it, since no mention lies in two sentences.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

import numpy as np

from .document_biodir import Document, Span
from .document_sentences_biodir import sentence_spans
from .processing_tokens_biodir import BaseProcessor, neighbour_groups, padded
from .processing_windows_biodir import WindowRuler, text_windows

_WORD = re.compile(r"(?:[^\W_][\u0300-\u036f]*)+|[^\w\s]|_")


@dataclass(frozen=True)
class TaggerFeatures:
    """The windows of one text, and where each of its words is read.

    Args:
        rows: token ids of each window, without padding.
        words: character span of each word, in order.
        places: (window, token of its row) of each word's first sub-word, in the window that shows most around it.
        starts: numbers of the words that begin a passage or a given sentence; no mention reaches over such a border.

    >>> features = TaggerFeatures(rows=((2, 7, 8, 3),), words=((0, 4), (5, 9)), places=((0, 1), (0, 2)), starts=(0,))
    >>> features.tokens
    4
    """

    rows: tuple[tuple[int, ...], ...]
    words: tuple[Span, ...]
    places: tuple[Span, ...]
    starts: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """Tokens that go through the encoder."""
        return sum(map(len, self.rows))


class TaggerProcessor(BaseProcessor):
    """Makes the inputs of the tagger.

    With a `document`, "Iron binds EGFR.", a `model` and its `tokenizer`:

    >>> from biodir.processing_tokens_biodir import ProcessingSettings
    >>> processor = TaggerProcessor(tokenizer, ProcessingSettings.from_config(model.config))
    >>> features = processor.features(document)
    >>> [document.text[start:end] for start, end in features.words]
    ['Iron', 'binds', 'EGFR', '.']
    """

    def features(self, document: Document) -> TaggerFeatures:
        """Return the words of the text and the windows that show them; mentions have no part in it."""
        # Mentions would keep a sentence from being cut inside them: the tagger is not to know them.
        sentences = sentence_spans(replace(document, mentions=(), relations=(), subject_lines=()))
        token_ids, spans = self._tokens(document.text, sentences)
        windows = self._windows(len(token_ids))
        ends = [end for _, end in spans]
        window_starts, window_ends = zip(*windows, strict=True)
        words: list[Span] = []
        places: list[Span] = []
        for match in chain.from_iterable(_WORD.finditer(document.text, *span) for span in sentences):
            token = bisect_right(ends, match.start())  # the first that ends in the word or after it
            if token < len(spans) and spans[token][0] < match.end():
                around = range(bisect_right(window_ends, token), bisect_right(window_starts, token))
                window = max(around, key=lambda number: _margin(windows[number], token))
                words.append(match.span())
                places.append((window, 1 + token - windows[window][0]))
        rows = tuple((self.cls_id, *token_ids[start:end], self.sep_id) for start, end in windows)
        return TaggerFeatures(rows, tuple(words), tuple(places), _first_words(document, words))

    def collate(self, features: Sequence[TaggerFeatures]) -> dict[str, np.ndarray]:
        """Return the model's inputs, int64: the fields of `TaggerInputs`; windows are numbered through the batch."""
        input_ids, attention_mask = padded([row for each in features for row in each.rows], self.pad_id)
        first_windows = np.cumsum([0, *(len(each.rows) for each in features)])
        places = [
            (first + window, position)
            for each, first in zip(features, first_windows, strict=False)
            for window, position in each.places
        ]
        columns = np.array(places, dtype=np.int64).reshape(-1, 2).T
        return {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "word_windows": columns[0],
            "word_positions": columns[1],
        }

    def passes(self, features: Sequence[TaggerFeatures], token_budget: int) -> list[list[int]]:
        """Return indices of features that go through the model together."""
        return neighbour_groups(features, token_budget)

    def _tokens(self, text: str, sentences: Sequence[Span]) -> tuple[list[int], list[Span]]:
        """Return the token ids of the text and the characters of each token; a `[SEP]` between sentences has none."""
        self._tokenizer.encode_special_tokens = True  # text that looks like a special token is text
        # A piece begins with the white space before it: byte-level tokenizers write it as part of the word after it.
        borders = [0, *(end for _, end in sentences[:-1]), len(text)]
        pieces = [text[start:end] for start, end in pairwise(borders)]
        token_ids: list[int] = []
        spans: list[Span] = []
        encodings = self._tokenizer.encode_batch(pieces, add_special_tokens=False)
        for start, encoding in zip(borders, encodings, strict=False):
            if token_ids:
                token_ids.append(self.sep_id)
                spans.append((start, start))
            token_ids += encoding.ids
            spans += [(start + first, start + last) for first, last in encoding.offsets]
        return token_ids, spans

    def _windows(self, tokens: int) -> Sequence[Span]:
        room = self.settings.max_tokens - 2  # [CLS] and [SEP]
        overlap = min(self.settings.window_overlap_tokens, room // 4)
        return text_windows(WindowRuler(tokens, (), (), (), room), overlap)


def _margin(window: Span, token: int) -> int:
    """Return how many tokens of the window lie on the poorer side of a token in it."""
    return min(token - window[0], window[1] - 1 - token)


def _first_words(document: Document, words: Sequence[Span]) -> tuple[int, ...]:
    """Return the numbers of the words that begin a passage, or a sentence that the document has."""
    first_chars = [start for start, _ in words]
    borders = [*(passage.start_char for passage in document.passages), *(start for start, _ in document.sentences)]
    found = {bisect_left(first_chars, border) for border in borders}
    return tuple(sorted({0, *found} - {len(words)}))
