"""Documents from files of PubTator text."""

import os
from collections.abc import Iterator

from biodir.document_biodir import Document
from biodir.document_pubtator_biodir import parse_pubtator
from biodir.errors_biodir import STRICT, ErrorPolicy
from biodir.files import input_name, open_input, text_lines


def read_pubtator(path: str | os.PathLike[str], policy: ErrorPolicy = STRICT) -> Iterator[Document]:
    """Yield the documents of a UTF-8 or UTF-16 file one at a time; an empty file has none.

    Raises:
        ParseError: the file cannot be opened, or a document does not follow the format.
        AnnotationError: a mention contradicts its text.
    """
    with open_input(path) as file:
        yield from parse_pubtator(text_lines(file), input_name(path), policy)
