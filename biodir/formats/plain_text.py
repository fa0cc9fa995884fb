"""Documents from plain text: a file, or each of its lines; their entities are found afterwards."""

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from biodir.document_biodir import SURROGATE, Document
from biodir.document_inputs_biodir import names_file
from biodir.errors_biodir import STRICT, ErrorPolicy, ParseError
from biodir.files import id_of_input, text_lines


def parse_text(
    file: io.BufferedReader,
    path: str | os.PathLike[str],
    source: str,
    policy: ErrorPolicy = STRICT,
    one_per_line: bool = False,
) -> Iterator[Document]:
    """Yield the one document of an open file, or the document of each line that is not blank.

    Spaces and line breaks at the end are left out; everything else of a text is kept, so that offsets are those of the
    file. A byte order mark is no part of the text.

    Args:
        file: in UTF-8, or in UTF-16 with its mark.
        path: its name without suffix is the id of the document; with the number of the line, ``notes.txt:3``, it is the
            id of that of a line.
        source: the file's name for messages.
        policy: what becomes of a text that is not UTF-8.
        one_per_line: whether each line is a document.
    """
    lines = ((number, line.removeprefix("\ufeff")) for number, line in enumerate(text_lines(file), start=1))
    if one_per_line:
        attempts: Iterable[tuple[str, Callable[[], Document]]] = (
            (f"{source}:{number}", partial(_document, f"{id_of_input(path)}:{number}", [(number, line)], source))
            for number, line in lines
            if line.strip()
        )
    else:
        read = list(lines)
        is_empty = not any(line.strip() for _, line in read)
        attempts = [] if is_empty else [(source, partial(_document, Path(id_of_input(path)).stem, read, source))]
    yield from policy.documents(attempts, source)


def _document(document_id: str, lines: Sequence[tuple[int, str]], source: str) -> Document:
    for number, line in lines:
        bad = SURROGATE.search(line)
        if bad is not None:
            raise ParseError(
                f"{source}:{number}: not UTF-8 at character {bad.start()}; save the file as UTF-8", "not UTF-8"
            )
    text = "".join(line for _, line in lines).rstrip()
    if names_file(text):
        place = f"{source}:{next(number for number, line in lines if line.strip())}"
        raise ParseError(f"{place}: {text.strip()[:80]!r} is the name of a file, not its text; name the file instead")
    return Document(document_id, text)
