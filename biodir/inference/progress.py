"""What a run reports while it works: a progress bar with documents and pairs a second."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from biodir.document_biodir import Document
from biodir.document_candidates_biodir import candidate_pairs


class Progress:
    """What a run reports while it works; this one shows nothing.

    >>> Progress().resumed(3)
    """

    def resumed(self, documents: int) -> None:
        """Take the number of documents that an earlier run has finished."""

    def noted(self, line: str) -> None:
        """Take a line for the user."""

    def finished(self, document: Document) -> None:
        """Take a document of which the relations are found."""


class Bar(Progress):
    """A progress bar with documents and candidate pairs a second.

    Args:
        bar: of tqdm, counts documents.
        pair_types: of the model; empty for a bar without pairs.

    >>> with progress_bar(2, False, []) as bar:
    ...     bar.resumed(0)
    """

    def __init__(self, bar: Any, pair_types: Sequence[Sequence[str]]) -> None:
        self._bar, self._pair_types = bar, pair_types
        self._pairs = 0

    def resumed(self, documents: int) -> None:
        """Begin after the documents of an earlier run, which do not count for the speed."""
        if documents:
            tqdm.write(f"biodir: resumed after {documents} finished documents", file=sys.stderr)
        self._bar.initial = self._bar.n = documents
        self._bar.refresh()

    def noted(self, line: str) -> None:
        """Print a line above the bar."""
        tqdm.write(f"biodir: {line}", file=sys.stderr)

    def finished(self, document: Document) -> None:
        """Count a document and its pairs."""
        if self._pair_types:
            self._pairs += sum(1 for _ in candidate_pairs(document.entities(), self._pair_types))
            elapsed = self._bar.format_dict["elapsed"]
            self._bar.set_postfix_str(f"{self._pairs / elapsed:.0f} pairs/s" if elapsed else "", refresh=False)
        self._bar.update()


@contextmanager
def progress_bar(total: int | None, is_shown: bool, pair_types: Sequence[Sequence[str]]) -> Iterator[Bar]:
    """Open a bar on standard error; `total` is the number of documents, None if it is not known."""
    with tqdm(total=total, unit=" documents", disable=not is_shown) as bar:
        yield Bar(bar, pair_types)
