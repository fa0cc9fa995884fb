"""What the readers of files share: opening a file, and keeping on behind a bad document where that is asked for."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from biodir.document_biodir import Document
from biodir.errors_biodir import BioDirError, ParseError

logger = logging.getLogger(__name__)


def opened(path: str | os.PathLike[str]) -> BinaryIO:
    """The file, open for reading.

    Raises:
        ParseError: it cannot be opened.
    """
    try:
        return open(path, "rb")
    except OSError as error:
        raise ParseError(f"{os.fspath(path)}: cannot be read ({error.strerror}); check the path") from error


def kept(
    attempts: Iterable[Callable[[], Document]],
    path: str | os.PathLike[str],
    errors: str = "raise",
    on_skip: Callable[[BioDirError], None] | None = None,
) -> Iterator[Document]:
    """The documents that the attempts give; those left out are logged, and counted at the end.

    Args:
        attempts: for each document of the file a call that gives it; what the iterable itself raises is an error of
            the file, which is never passed over.
        path: what the count names.
        errors: "raise", or "skip" to leave out documents whose attempt raises a BioDirError.
        on_skip: called with the error of each document that is left out.
    """
    skipped = 0
    for attempt in attempts:
        try:
            document = attempt()
        except BioDirError as error:
            if errors == "raise":
                raise
            skipped += 1
            logger.warning("left out a document: %s", error)
            if on_skip is not None:
                on_skip(error)
            continue
        yield document
    if skipped:
        logger.warning("%s: documents left out because of errors: %d", os.fspath(path), skipped)
